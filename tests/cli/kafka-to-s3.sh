#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 from pipes and files into directories.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/numbers.sh
. "$top_srcdir/tests/numbers.sh"

# trips COUNT: three places, three days
trips() {
	awk -v count="$1" 'BEGIN {
		for (i = 0; i < count; i++)
			printf "{\"id\":%d,\"place\":%d,\"at\":\"2019-01-0%dT10:00:00Z\"}\n", i, i % 3, 1 + i * 3 / count
	}'
}

# the lake's lines in the order of its paths
lines_of() {
	find "$1" -type f | LC_ALL=C sort | xargs cat
}

files_of() {
	(cd "$1" && find . -type f | sed 's,^\./,,' | LC_ALL=C sort)
}

test_bytes_as_they_came_below_their_paths() {
	printf '%s\n' '{"b":"x", "n": 1.50}' '{"b":"y/z"}' '  {"b":null}' '{"b":"x"}' >in
	expect_status 0 kafka-to-s3 --path 'b={b}' lake <in
	files_of lake >files
	expect_text files "b=__DEFAULT_PARTITION__/part-000000000001.json
b=x/part-000000000001.json
b=y%2Fz/part-000000000001.json"
	expect_text lake/b=x/part-000000000001.json '{"b":"x", "n": 1.50}
{"b":"x"}'
	expect_text lake/b=__DEFAULT_PARTITION__/part-000000000001.json '  {"b":null}'
	expect_line '^kafka-to-s3: 4 records read: 4 delivered, 0 rejected; 3 files, 56 bytes$' err
}

# readers pass over them, so nobody would miss what is there
test_no_directory_is_hidden() {
	printf '%s\n' '{"c":"a"}' '{"c":null}' '{"c":""}' '{"c":"_y"}' '{"c":".z"}' '{"c":"__DEFAULT_PARTITION__"}' >in
	expect_status 0 kafka-to-s3 --path 'x/{c}' --dead-letter ./dead lake <in
	expect_line '6 records read: 1 delivered, 5 rejected' err
	[ "$(find lake -type f)" = lake/x/a/part-000000000001.json ]
	jq -r .error.reason dead | sort | uniq -c | sed 's/^ *//' >reasons
	expect_text reasons "3 field c: begins with '_' or '.', and so would a directory: readers pass over it
1 field c: empty, and a directory's name begins with it
1 field c: missing, and a directory's name begins with it"
	expect_status 0 kafka-to-s3 --path 'c={c}' keyed <in
	[ "$(find keyed -type f | wc -l)" = 4 ]
}

test_without_a_path() {
	trips 10 >in
	expect_status 0 kafka-to-s3 -q new/lake/ <in
	[ ! -s err ]
	expect_same in new/lake/part-000000000001.json
}

test_event_time_is_utc() {
	trips 9 | expect_status 0 kafka-to-s3 --time at --path 'y={@year}/{@month}-{@day}T{@hour}' lake
	files_of lake >files
	expect_text files "y=2019/01-01T10/part-000000000001.json
y=2019/01-02T10/part-000000000001.json
y=2019/01-03T10/part-000000000001.json"
}

test_compressed_files_are_one_frame_and_the_same_again() {
	local codec tool
	trips 1000 >in
	for codec in lz4 gzip zstd; do
		expect_status 0 kafka-to-s3 -z $codec --path '{place}' lake-$codec <in
		expect_status 0 kafka-to-s3 -z $codec --path '{place}' again-$codec <in
		diff -r lake-$codec again-$codec
		tool=$codec
		command -v $tool >/dev/null || continue
		find lake-$codec -type f | LC_ALL=C sort | while read -r file; do
			$tool -dc <"$file"
		done >out
		expect_status 0 kafka-to-s3 --path '{place}' --overwrite plain <in
		lines_of plain >want
		find lake-$codec -type f | LC_ALL=C sort | while read -r file; do
			$tool -dc <"$file"
		done >got
		expect_same want got
	done
	files_of lake-lz4 | expect_names lz4
	files_of lake-gzip | expect_names gz
	files_of lake-zstd | expect_names zst
}

# A directory in memory where there is one, for cases that make a thousand files: each costs two
# fsyncs, and the disk is not what they test. Gone with the case's shell.
make_fast_directory() {
	fast=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || pwd)")
	trap 'rm -rf "$fast"' EXIT
}

expect_names() {
	grep -vE "^[012]/part-00000000000[123]\.json\.$1$" && fail "names"
	return 0
}

test_what_exists_is_not_touched() {
	trips 5 >in
	expect_status 0 kafka-to-s3 lake <in
	echo '{"other":1}' | expect_status 73 kafka-to-s3 lake
	expect_line 'lake/part-000000000001.json exists already' err
	expect_same in lake/part-000000000001.json
	echo '{"other":1}' | expect_status 0 kafka-to-s3 --run-id 2019-01-02 lake
	expect_text lake/part-2019-01-02-000000000001.json '{"other":1}'
	echo '{"other":1}' | expect_status 0 kafka-to-s3 --overwrite lake
	expect_text lake/part-000000000001.json '{"other":1}'
}

test_files_roll() {
	trips 10 >in
	expect_status 0 kafka-to-s3 --max-records 4 lake <in
	[ "$(files_of lake | tr '\n' ' ')" = \
		"part-000000000001.json part-000000000005.json part-000000000009.json " ]
	lines_of lake >got
	expect_same in got
	expect_status 0 kafka-to-s3 --roll-bytes 100 small <in
	[ "$(find small -type f | wc -l)" -gt 3 ]
	[ "$(find small -type f -size +100c | wc -l)" = 0 ]
	lines_of small >got
	expect_same in got
	expect_status 0 kafka-to-s3 --roll-records 3 --max-records 8 rolled <in
	[ "$(files_of rolled | tr '\n' ' ')" = "part-000000000001.json part-000000000001_0001.json \
part-000000000001_0002.json part-000000000009.json " ]
	lines_of rolled >got
	expect_same in got
}

test_more_paths_than_may_be_open() {
	make_fast_directory
	awk 'BEGIN { for (i = 0; i < 600; i++) printf "{\"i\":%d,\"p\":%d}\n", i, i % 60 }' >in
	expect_status 0 kafka-to-s3 --max-open 20 --path '{p}' "$fast/lake" <in
	expect_line 'more than 20 paths at a time' err
	find "$fast/lake" -type f -exec cat {} + | sort >got
	sort in >want
	expect_same want got
}

test_paths_that_come_in_order_are_no_storm() {
	make_fast_directory
	awk 'BEGIN { for (i = 0; i < 600; i++) printf "{\"p\":%d}\n", i / 10 }' >in
	expect_status 0 kafka-to-s3 --max-open 20 --path '{p}' "$fast/lake" <in
	expect_no_line 'at a time' err
	# one in twenty is cut in two
	[ "$(find "$fast/lake" -type f | wc -l)" = 62 ]
}

test_age_needs_no_more_input() {
	mkfifo pipe
	kafka-to-s3 --max-age 200ms lake <pipe 2>err &
	local tool=$! status=0
	exec 3>pipe
	echo '{"a":1}' >&3
	wait_for 20 test -e lake/part-000000000001.json
	expect_text lake/part-000000000001.json '{"a":1}'
	echo '{"a":2}' >&3
	exec 3>&-
	wait $tool || status=$?
	[ $status = 0 ]
	expect_text lake/part-000000000002.json '{"a":2}'
}

test_a_signal_drains() {
	mkfifo pipe
	kafka-to-s3 lake <pipe 2>err &
	local tool=$! status=0
	exec 3>pipe
	trips 100 >&3
	wait_for 30 pipe_is_empty <&3
	sleep 0.3
	[ -z "$(files_of lake)" ]
	kill -TERM $tool
	wait $tool || status=$?
	exec 3>&-
	[ $status = 75 ]
	trips 100 >want
	expect_same want lake/part-000000000001.json
	expect_line 'stopped before the end of its input' err
}

test_killed_it_leaves_nothing() {
	mkfifo pipe
	kafka-to-s3 --path '{place}' lake <pipe 2>err &
	local tool=$!
	exec 3>pipe
	trips 1000 >&3
	wait_for 30 pipe_is_empty <&3
	kill -KILL $tool
	wait $tool || true
	exec 3>&-
	[ -z "$(files_of lake)" ]
}

test_bad_values_are_named() {
	local bad
	for bad in '{"a":1' '{"a":01}' '{"a":"'$'\xff''"}' 'x' '{"a":1}}'; do
		rm -rf lake
		printf '{"a":1}\n%s\n{"a":2}\n' "$bad" >in
		expect_status 65 kafka-to-s3 lake <in
		expect_line 'stdin:2: byte [0-9]+: ' err
		# what precedes it is not lost
		expect_text lake/part-000000000001.json '{"a":1}'
	done
	printf '{"a":"\0"}\n' >in
	expect_status 65 kafka-to-s3 nul <in
	expect_line 'stdin:1: byte 6: ' err
}

test_dead_letters() {
	printf '%s\n' '{"p":1}' 'broken' '{"p":{}}' '{"p":2}' >in
	expect_status 0 kafka-to-s3 --path '{p}' --dead-letter ./dead lake <in
	[ "$(wc -l <dead)" = 2 ]
	expect_line '4 records read: 2 delivered, 2 rejected' err
	rm -rf lake
	expect_status 65 kafka-to-s3 --path '{p}' --dead-letter ./dead --dead-letter-max 1 lake <in
}

test_a_line_that_is_too_long() {
	{
		echo '{"a":1}'
		head -c 100000000 /dev/zero | tr '\0' 'x'
		echo
		echo '{"a":2}'
	} >in
	expect_status 0 kafka-to-s3 --dead-letter ./dead lake <in
	expect_line '3 records read: 2 delivered, 1 rejected' err
	expect_line 'stdin:2: .*--line-max' err
	expect_text lake/part-000000000001.json '{"a":1}
{"a":2}'
}

test_empty_input() {
	expect_status 0 kafka-to-s3 lake </dev/null
	[ -z "$(files_of lake)" ]
	printf '\n \n\n' | expect_status 0 kafka-to-s3 lake
	[ -z "$(files_of lake)" ]
	expect_line '^kafka-to-s3: 0 records read' err
}

test_windows_line_ends() {
	printf '{"a":1}\r\n{"a":2}\r\n' | expect_status 0 kafka-to-s3 lake
	expect_text lake/part-000000000001.json '{"a":1}
{"a":2}'
}

# A write that fails, as on a full disk: nothing partial appears.
test_a_failing_write() {
	trips 20000 >in
	(
		trap '' XFSZ
		ulimit -f 100
		expect_status 74 kafka-to-s3 big <in
	)
	expect_line 'File too large' err
	[ -z "$(files_of big)" ]
}

test_a_full_disk() {
	[ "$(id -u)" = 0 ] || skip "mounting needs root"
	mkdir small
	mount -t tmpfs -o size=256k tmpfs small 2>/dev/null || skip "cannot mount"
	trips 20000 >in
	local status=0
	kafka-to-s3 --max-bytes 64K small/lake <in 2>err || status=$?
	find small -type f -exec tail -qc1 {} + | tr -d '\n' >ends
	cat small/lake/* >got
	umount small
	[ $status = 74 ]
	expect_line 'No space left on device' err
	[ ! -s ends ]
	head -n "$(wc -l <got)" in | cmp - got
	[ -s got ]
}

test_usage() {
	expect_status 2 kafka-to-s3 </dev/null
	expect_status 2 kafka-to-s3 a b </dev/null
	expect_status 2 kafka-to-s3 '' </dev/null
	expect_status 2 kafka-to-s3 s3:/// </dev/null
	expect_line 'no bucket is named' err
	expect_status 2 kafka-to-s3 "s3://bucket/$(printf '%01024d' 0)" </dev/null
	expect_status 2 kafka-to-s3 --sse md5 s3://bucket </dev/null
	expect_line '"md5" is none of AES256, aws:kms, aws:kms:dsse' err
	expect_status 2 kafka-to-s3 --sse AES256 --sse-kms-key-id k s3://bucket </dev/null
	expect_status 2 kafka-to-s3 --tag a s3://bucket </dev/null
	expect_status 2 kafka-to-s3 --tag =a s3://bucket </dev/null
	expect_status 2 kafka-to-s3 --part-size 4M s3://bucket </dev/null
	expect_status 2 kafka-to-s3 --path '_sluice/{a}' lake </dev/null
	expect_line "byte 0: readers pass over directories that begin with '_' or '.'" err
	expect_status 2 kafka-to-s3 --path 'a/.k={a}' lake </dev/null
	expect_status 2 kafka-to-s3 --accept-gap lake </dev/null
	expect_line '--accept-gap is for topics' err
	for option in --sse=AES256 --acl=private --tag=a=b --storage-class=GLACIER --request-payer --no-checksum; do
		expect_status 2 kafka-to-s3 "$option" lake </dev/null
		expect_line "${option%%=*} is for targets in S3, and lake is none" err
	done
	# which a file may have for other targets
	printf '%s\n' 'sse = AES256' 'accept-gap = true' >conf
	expect_status 0 kafka-to-s3 -F conf out-of-the-way </dev/null
	expect_status 2 kafka-to-s3 --path '{@year}' lake </dev/null
	expect_line 'give --time' err
	expect_status 2 kafka-to-s3 --path '/abs/{x}' lake </dev/null
	expect_status 2 kafka-to-s3 --path 'a/../{x}' lake </dev/null
	expect_status 2 kafka-to-s3 --format parquet lake </dev/null
	expect_status 2 kafka-to-s3 -z snappy lake </dev/null
	expect_status 2 kafka-to-s3 --run-id a/b lake </dev/null
	expect_status 2 kafka-to-s3 -b localhost:1 lake </dev/null
	expect_status 2 kafka-to-s3 -t '' lake </dev/null
	expect_status 2 kafka-to-s3 -b localhost:1 -t t --run-id x lake </dev/null
	expect_status 2 kafka-to-s3 -J --format csv --select a lake </dev/null
	expect_status 2 kafka-to-s3 --max-age 5 lake </dev/null
	expect_status 2 kafka-to-s3 --max-bytes 0 lake </dev/null
	expect_status 2 kafka-to-s3 -j 2 lake </dev/null
	expect_line '-j: members of a group share a topic' err
	expect_status 2 kafka-to-s3 -b localhost:1 -t t -p 0 -j 2 lake
	expect_line '-j and -p' err
	expect_status 2 kafka-to-s3 -b localhost:1 -t t -c 5 -j 2 lake
	expect_line '-j and -c' err
	expect_status 2 kafka-to-s3 "s3://bucket/$(printf '%0756d' 0)" </dev/null
	expect_line 'a prefix of 756 bytes \(at most 755, keys have 1,024\)' err
	expect_status 2 kafka-to-s3 s3://bucket/$'\xff' </dev/null
	expect_line 'a prefix that is not UTF-8' err
	# said once, not by each member
	expect_status 2 kafka-to-s3 -b localhost:1 -t t -j 2 --path '/abs/{x}' lake
	[ "$(wc -l <err)" = 1 ] || fail "$(cat err)"
	[ ! -e lake ]
}

test_numbers_of_the_whole_run() {
	trips 10 | sed '5s/.*/{"id":/' >in
	expect_status 0 kafka-to-s3 --path '{place}' --dead-letter ./dead --stats-file a.prom lake <in
	expect_exposition a.prom
	expect_number a.prom sluice_records_read_total 10
	expect_number a.prom sluice_records_delivered_total 9
	expect_number a.prom sluice_records_rejected_total 1
	expect_number a.prom sluice_files_total 3
	expect_number a.prom sluice_file_bytes_total "$(files_of lake | sed 's,^,lake/,' | xargs cat | wc -c)"
	expect_number a.prom sluice_records_open 0
	expect_number a.prom sluice_files_open 0
	expect_number a.prom sluice_buffered_bytes 0
	expect_number a.prom sluice_processes 0
	expect_line '^sluice_files_total\{tool="kafka-to-s3"\} 3$' a.prom
	expect_no_line sluice_lag a.prom
	expect_no_line sluice_requests a.prom
}

# a number of the text: this moment's, so that the file is not seen before it is whole
has_number() {
	[ -e "$1" ] && [ "$(number "$1" "$2")" = "$3" ]
}

test_numbers_while_it_collects() {
	mkfifo pipe
	kafka-to-s3 -q --path '{place}' --stats-file a.prom --stats-interval 100ms lake <pipe &
	local tool=$!
	exec 3>pipe
	trips 10 | tee in >&3
	wait_for 30 has_number a.prom sluice_records_open 10
	expect_exposition a.prom
	expect_number a.prom sluice_records_read_total 10
	expect_number a.prom sluice_records_delivered_total 0
	expect_number a.prom sluice_files_total 0
	expect_number a.prom sluice_files_open 3
	expect_number a.prom sluice_buffered_bytes "$(wc -c <in)"
	expect_number a.prom sluice_processes 1
	exec 3>&-
	wait $tool
	expect_number a.prom sluice_records_delivered_total 10
	expect_number a.prom sluice_files_open 0
}

test_numbers_that_cannot_be_kept() {
	trips 1 | expect_status 73 kafka-to-s3 --stats-file not/there.prom lake
	expect_line '^kafka-to-s3: not/there.prom: ' err
	[ ! -e lake ]
}

test_dry_run_changes_nothing() {
	expect_status 0 kafka-to-s3 --dry-run -z lz4 --path 'p={p}' lake </dev/null
	expect_line 'lake/p=\{p\}/part-000000000001.json.lz4' err
	[ ! -e lake ]
}

# what ps shows is what was given, though ./lake// is lake
test_the_command_line_stays() {
	local target tool
	export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=secret AWS_REGION=eu-west-1
	for target in ./lake// s3://bucket//lake/; do
		rm -f pipe a.prom
		mkfifo pipe
		kafka-to-s3 -q --stats-file a.prom --stats-interval 100ms "$target" <pipe &
		tool=$!
		exec 3>pipe
		wait_for 30 test -e a.prom
		tr '\0' '\n' <"/proc/$tool/cmdline" | tail -n 1 >got
		expect_text got "$target"
		exec 3>&-
		wait $tool
	done
}

test_targets_that_cannot_be() {
	: >file
	echo 1 | expect_status 73 kafka-to-s3 file
	expect_line 'cannot create file' err
	mkdir lake
	: >lake/1
	echo '{"p":1}' | expect_status 73 kafka-to-s3 --path '{p}' lake
	expect_line 'lake/1' err
}

test_no_broker() {
	expect_status 69 kafka-to-s3 -b 127.0.0.1:1 -t t --wait 500ms lake
	expect_line '127.0.0.1:1' err
	[ ! -e lake ]
}

test_memory_is_bounded_with_a_thousand_paths() {
	if is_sanitized; then skip "memory is not ours under the sanitizers"; fi
	[ -x /usr/bin/time ] || skip "GNU time is not installed"
	make_fast_directory
	awk 'BEGIN {
		for (i = 0; i < 300000; i++)
			printf "{\"i\":%d,\"p\":%d,\"pad\":\"%0200d\"}\n", i, i * 7919 % 1000, 0
	}' >in
	expect_status 0 /usr/bin/time -f '%M' -o rss kafka-to-s3 --path 'p={p}' -z lz4 "$fast/lake" <in
	[ "$(find "$fast/lake" -type f | wc -l)" = 1000 ]
	[ "$(cat rss)" -lt 65536 ] || fail "$(cat rss) KiB"
}

run_tests
