#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 from a real broker into a real S3 server: restarts, members that come and go, S3 that is away.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/pages.sh
. "$top_srcdir/tests/pages.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
# shellcheck source=tests/services/lake_lib.sh
. "$top_srcdir/tests/services/lake_lib.sh"

need_s3
part=$((5 * 1024 * 1024))

# begin RECORDS PARTITIONS: a topic that is filled, and a bucket
begin() {
	prepare "$1" "$2"
	new_bucket
	mkdir spool
	export TMPDIR=$PWD/spool
}

# the server's own folder
files_of_lake() {
	[ ! -d "$folder/lake" ] || find "$folder/lake" -type f -not -path '*/_sluice/*' "$@"
}

lines_of_lake() {
	files_of_lake -exec gzip -dcf {} +
}

mark_of() {
	cat "$folder/lake/_sluice/$topic-$(printf '%05d' "$1")"
}

land() {
	kafka-to-s3 -t "$topic" -G "g-$topic" --path 'p={p}' "$@" "s3://$bucket/lake"
}

# start_land OPTION...: in the background, its process in $tool
start_land() {
	kafka-to-s3 -q -t "$topic" -G "g-$topic" --path 'p={p}' "$@" "s3://$bucket/lake" &
	tool=$!
}

# end_land SIGNAL STATUS
end_land() {
	local status=0
	kill "-$1" "$tool"
	wait "$tool" || status=$?
	[ $status = "$2" ] || fail "exit status $status: $(cat err)"
}

# uploads in parts that were begun and not ended
count_uploads() {
	find "$folder/.sgwtmp/multipart" -mindepth 2 -maxdepth 2 -type d 2>/dev/null | wc -l || true
}

has_uploads() {
	[ "$(count_uploads)" = "$1" ]
}

expect_uploads() {
	has_uploads "$1" || fail "$(count_uploads) uploads, expected $1"
}

# start_faults ARGUMENT...: puts a proxy before the server, its process in $proxy
start_faults() {
	real=${real:-$AWS_ENDPOINT_URL_S3}
	rm -f faults.in faults.port
	mkfifo faults.in
	# keeps it open, and so the proxy alive, as long as this test runs
	exec {keep}<>faults.in
	python3 "$top_srcdir/tests/faults/http_faults.py" "${real##*:}" --log faults.log "$@" \
		<faults.in >faults.port 2>faults.err &
	proxy=$!
	wait_for 20 test -s faults.port
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(<faults.port)
	export AWS_ENDPOINT_URL_S3
}

# start_reader, end_reader: somebody reads the lake all the time
start_reader() {
	mkfifo reader.in
	exec {reading}<>reader.in
	AWS_ENDPOINT_URL_S3=${real:-$AWS_ENDPOINT_URL_S3} \
		python3 "$top_srcdir/tests/services/lake_reader.py" "$bucket" lake/ <reader.in >reader.out 2>&1 &
	reader=$!
}

end_reader() {
	echo >&"$reading"
	wait "$reader" || fail "$(cat reader.out)"
	exec {reading}>&-
	cat reader.out
	[ "$(sed -n 's/.* rounds, \([0-9]*\) objects.*/\1/p' reader.out)" = "$(files_of_lake | wc -l)" ]
}

# ---- what is there already ----

test_to_the_end_and_not_again() {
	begin 20000 3
	expect_status 0 land -e
	expect_line '20000 records read: 20000 delivered, 0 rejected; 15 files' err
	expect_all_once
	expect_committed 20000
	[ "$(mark_of 0 | jq -r .group)" = "g-$topic" ]
	[ "$(for p in 0 1 2; do mark_of $p; done | jq .until | paste -sd+ | bc)" = 20000 ]
	expect_status 0 land -e
	expect_line ' 0 records read' err
	expect_all_once
	files_of_lake -printf '%P\n' | LC_ALL=C sort >names
	for p in 0 1 2 3 4; do
		printf "p=$p/$topic-%05d-%020d.json\n" 0 0 1 0 2 0
	done >want
	expect_same want names
	[ -z "$(ls spool)" ]
}

test_what_was_published_before_is_recognised() {
	begin 1000 1
	local run=(kafka-to-s3 -t "$topic" -p 0 -e -z zstd --path '{p}' --max-records 50 "s3://$bucket/lake/")
	expect_status 0 "${run[@]}"
	expect_status 0 "${run[@]}"
	expect_line '; 100 files, [0-9]+ bytes, 100 of them there already$' err
	[ "$(files_of_lake | wc -l)" = 100 ]
	# other records under a name that is taken
	echo other >other
	services s3-put "$bucket/lake/0/$topic-00000-00000000000000000000.json.zst" other
	expect_status 73 "${run[@]}"
	expect_line 'another object of that name: it has 6 bytes' err
	expect_status 0 "${run[@]}" --overwrite
	expect_status 0 "${run[@]}"
	expect_line ' 100 of them there already$' err
}

# what the group no longer knows is there already
test_offsets_that_are_gone() {
	begin 100 1
	expect_status 0 land -e
	[ "$(mark_of 0)" = "{\"group\":\"g-$topic\",\"until\":100}" ]
	services group delete "g-$topic"
	expect_status 65 land -e
	expect_line "$topic\[0\]: no offset is committed, and reading would begin at 0, but the data before offset 100" err
	add 10
	for start in end 50; do
		expect_status 65 land -e -o $start
		expect_line "$topic\[0\]: no offset is committed, and reading would begin at " err
	done
	services group set-offset "g-$topic" "$topic" 0 40
	expect_status 65 land -e
	expect_line "$topic\[0\]: offset 40 is committed, but the data before offset 100 is there already" err
	services group set-offset "g-$topic" "$topic" 0 100
	expect_status 0 land -e
	services group delete "g-$topic"
	expect_status 65 kafka-to-s3 -t "$topic" -G other -e --path 'p={p}' "s3://$bucket/lake"
	expect_line "s3://$bucket/lake/_sluice/$topic-00000: group g-$topic has put this partition there" err
	expect_all_once
}

# a topic that was made anew under its name
test_a_topic_made_anew() {
	begin 100 1
	expect_status 0 land -e
	services topic delete "$topic"
	services group delete "g-$topic" || true
	create_topic "$topic" 1
	s3-to-kafka -q -t "$topic" --key '{id}' in
	expect_status 65 land -e
	expect_line "but the data before offset 100 is there already" err
	expect_all_once
}

test_other_options_in_the_middle_of_an_epoch() {
	begin 20000 1
	local fingerprint
	expect_status 0 land -e --max-records 20000
	services s3-delete "$bucket/lake/_sluice/$topic-00000"
	services s3-delete "$bucket/lake/p=2/$topic-00000-00000000000000000000.json"
	services group set-offset "g-$topic" "$topic" 0 0 "until=20000 fp=0000000000000000"
	expect_status 65 land -e
	expect_line "$topic\[0\]: offsets 0 to 19999 are partly published with other options" err
	fingerprint=$(sed -n 's/.*these are \([0-9a-f]*\)).*/\1/p' err)
	add 10
	services group set-offset "g-$topic" "$topic" 0 0 "until=20000 fp=$fingerprint"
	expect_status 0 land -e --max-records 7 --storage-class STANDARD --part-size 6M
	expect_line ' 20010 records read: 20010 delivered, .* 4 of them there already' err
	expect_all_once
	expect_committed 20010
}

# a name that is taken when the epoch is published first does not become delivered by trying again
test_somebody_elses_object() {
	begin 1000 1
	local name="$topic-00000-00000000000000000000.json.gz"
	start_faults
	expect_status 0 land -e -z gzip --max-records 1000
	services s3-delete "$bucket/lake/_sluice/$topic-00000"
	services group delete "g-$topic"
	# as many bytes, as another compressor might have made them
	head -c "$(wc -c <"$folder/lake/p=3/$name")" /dev/zero >other
	services s3-put "$bucket/lake/p=3/$name" other
	: >faults.log
	for _ in 1 2 3; do
		expect_status 73 land -e -z gzip --max-records 1000
		expect_line "p=3/$name: there is another object of that name: its CRC" err
		expect_committed 0
	done
	expect_line 'an earlier run began to publish these records' err
	# where it was begun before, nothing is sent that may be there
	[ "$(grep -c '^pass PUT .*/lake/p=' faults.log)" -le 5 ] || fail "$(cat faults.log)"
	expect_status 0 land -e -z gzip --max-records 1000 --overwrite
	expect_all_once
	expect_committed 1000
}

test_pipes() {
	begin 10 1
	expect_status 0 kafka-to-s3 --path 'p={p}' "s3://$bucket/lake" <in
	expect_all_once
	# the very same lines are others
	expect_status 73 kafka-to-s3 --path 'p={p}' "s3://$bucket/lake" <in
	expect_line 'part-000000000001.json: exists already \(--overwrite replaces it, --run-id gives' err
	expect_status 0 kafka-to-s3 --path 'p={p}' --overwrite "s3://$bucket/lake" <in
	expect_all_once
	expect_status 0 kafka-to-s3 --path 'p={p}' --run-id two "s3://$bucket/lake" <in
	cp in more
	cat more >>in
	expect_all_once
}

test_refusals() {
	begin 10 1
	expect_status 73 kafka-to-s3 -t "$topic" -G "g-$topic" -e "s3://$bucket-not/lake"
	expect_line "s3://$bucket-not/lake: .*NoSuchBucket" err
	expect_status 73 kafka-to-s3 "s3://$bucket-not" <in
	AWS_SECRET_ACCESS_KEY=wrong expect_status 77 land -e
	expect_line 'SignatureDoesNotMatch' err
	AWS_SECRET_ACCESS_KEY=wrong expect_status 77 kafka-to-s3 "s3://$bucket/lake" <in
	expect_line "^kafka-to-s3: s3://$bucket/lake/part-000000000001.json: SignatureDoesNotMatch: " err
	expect_status 73 land -e --tag 'a=b|c'
	expect_line 'InvalidTag' err
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=2 expect_status 69 land -e --patience 0s
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=2 expect_status 69 \
		kafka-to-s3 --patience 1s "s3://$bucket/lake" <in
	expect_status 73 land -e --spool-dir in/not
	[ -z "$(files_of_lake)" ]
	expect_status 0 land -e
	expect_all_once
}

# a path that cannot be a key rejects its record
test_keys() {
	begin 0 1
	local long
	long=lake/$(printf '%0250d' 0)
	printf '{"p":"%s"}\n' "$(printf '%0250d' 0)" 'Ü/a b+c%' >in
	expect_status 0 kafka-to-s3 --dead-letter ./dead --path '{p}/{p}/{p}' "s3://$bucket/$long" <in
	expect_line ' 2 records read: 1 delivered, 1 rejected' err
	expect_line 'a path of 752 bytes \(at most 722\)' dead
	[ -f "$folder/$long/Ü%2Fa b+c%25/Ü%2Fa b+c%25/Ü%2Fa b+c%25/part-000000000001.json" ]
	# a path has room for all of its files or for none: there are names with 16 bytes more than the first one's
	long=lake/$(printf '%0245d/%0250d/%0253d' 0 0 0)
	printf '{"p":"%s"}\n' "$(printf '%0222d' 0)" "$(printf '%0223d' 0)" >both
	cat both both both >in
	expect_status 0 kafka-to-s3 --dead-letter ./dead.2 --roll-records 1 --path '{p}' "s3://$bucket/$long" <in
	expect_line ' 6 records read: 3 delivered, 3 rejected' err
	expect_line 'a path of 223 bytes \(at most 222\)' dead.2
	[ "$(find "$folder/$long" -type f | wc -l)" = 3 ]
	# nothing above the lake
	expect_status 0 kafka-to-s3 --path '{p}' "s3://$bucket" <<<'{"p":1}'
	[ -f "$folder/1/part-000000000001.json" ]
}

test_examples_of_the_manual() {
	use_services() {
		local name
		begin 0 1
		create_topic "$topic-trips" 2
		s3-to-kafka -q -t "$topic-trips" --key '{vendor_id}' trips.json
		sed -i -e "s/localhost:9092/$BOOTSTRAP_SERVERS/g" -e "s,s3://bucket,s3://$bucket," \
			-e "s/-t trips/-t $topic-trips/" script
	}
	run_examples "$pages/kafka-to-s3.1" s3 use_services
}

# ---- large objects ----

# add_large COUNT: records of 20 kB that compress little
add_large() {
	head -c "${1}0000" /dev/urandom | od -An -v -tx1 -w10000 | tr -d ' ' | awk -v first="$(wc -l <in)" '
		{ printf "{\"id\":%d,\"p\":1,\"pad\":\"%s\"}\n", first + NR, $0 }' >more.json
	s3-to-kafka -q -t "$topic" --key '{id}' more.json
	cat more.json >>in
}

test_parts() {
	local codec
	begin 0 1
	add_large 1100
	start_faults
	for codec in none lz4 gzip; do
		expect_status 0 kafka-to-s3 -t "$topic" -p 0 -e -z $codec --part-size 5M "s3://$bucket/lake"
		case $codec in
		none) cmp -s in "$(files_of_lake -name '*.json')" ;;
		lz4) lz4 -dc "$(files_of_lake -name '*.lz4')" | cmp - in ;;
		gzip) gzip -dc "$(files_of_lake -name '*.gz')" | cmp - in ;;
		esac || fail "another content with $codec"
	done
	expect_line '^pass POST .*uploads=' faults.log
	expect_line '^pass PUT .*partNumber=2' faults.log
	# memory does not grow with them
	is_sanitized && return
	/usr/bin/time -o kb -f %M kafka-to-s3 -q --memory 8M --part-size 5M "s3://$bucket/more" <in
	[ "$(tail -n 1 kb)" -lt $((40 * 1024)) ] || fail "took $(tail -n 1 kb) KB"
	cmp in "$folder/more/part-000000000001.json"
}

# hang_upload KEY: begins one in parts, and dies
hang_upload() {
	local pid before
	before=$(count_uploads)
	"$top_builddir/tests/tools/s3_put" --part-bytes $part --hang-after $((part + 1)) put "$bucket" "$1" large &
	pid=$!
	wait_for 30 has_uploads $((before + 1))
	kill -KILL $pid
	wait $pid 2>/dev/null || true
}

# start_static NAME: a member that keeps its partitions while it is away for a moment
start_static() {
	kafka-to-s3 -v -t "$topic" -G "g-$topic" --path 'p={p}' --max-age 100ms -X group.instance.id="$1" \
		"s3://$bucket/lake" 2>>"err.$1" &
	tool=$!
}

# each of the two has one partition
are_settled() {
	: >err.one
	: >err.two
	add 20
	sleep 0.5
	[ "$(grep -ho "published .*$topic-0000[01]" err.one err.two | grep -o '.$' | sort | uniq -c | wc -l)" = 2 ] &&
		[ "$(grep -o "published .*$topic-0000[01]" err.one | grep -o '.$' | sort -u | wc -l)" = 1 ] &&
		[ "$(grep -o "published .*$topic-0000[01]" err.two | grep -o '.$' | sort -u | wc -l)" = 1 ]
}

# what a crash left is aborted by the owner of the partition, and nothing else is
test_uploads_that_were_left() {
	local name=00000000000000000042.json tool
	begin 10 2
	head -c $((2 * part)) /dev/zero >large
	# of nobody here: paths that --path does not make, another topic, a partition that is not there, another prefix, a pipe's, no name of ours
	hang_upload "lake/$topic-00000-$name"
	hang_upload "lake/p=1/x/$topic-00000-$name"
	hang_upload "lake/daily/p=1/$topic-00000-$name"
	hang_upload "lake/p=1/other-00000-$name"
	hang_upload "lake/p=1/x$topic-00000-$name"
	hang_upload "lake/p=1/$topic-x-00000-$name"
	hang_upload "lake/p=1/$topic-00007-$name"
	hang_upload "lake2/p=1/$topic-00000-$name"
	hang_upload "lake/p=1/part-000000000001.json"
	hang_upload "lake/$topic-00000-$name/other"
	hang_upload "lake/p=1/$topic-00000-42.json"
	expect_uploads 11
	expect_status 0 land -e
	expect_no_line aborted err
	expect_uploads 11
	# one listing, two partitions, any epoch, format and path
	hang_upload "lake/p=1/$topic-00000-$name"
	hang_upload "lake/p=x y/$topic-00001-00000000000000000007_0003.parquet"
	expect_uploads 13
	# without a group nobody owns anything
	expect_status 0 kafka-to-s3 -t "$topic" -p 0 -e "s3://$bucket/lake"
	expect_uploads 13
	start_faults
	expect_status 0 land -e
	expect_line 'aborted 2 uploads that an earlier run had left' err
	expect_uploads 11
	[ "$(grep -c 'GET .*uploads=' faults.log)" = 1 ]
	# a name that does not say of which topic it is
	expect_status 0 kafka-to-s3 -t "$topic" -G "g2-$topic" -e --name 'part-{@partition}-{@offset}' "s3://$bucket/all"
	hang_upload "all/part-0-7.json"
	expect_status 0 kafka-to-s3 -t "$topic" -G "g2-$topic" -e --name 'part-{@partition}-{@offset}' "s3://$bucket/all"
	expect_no_line aborted err
	expect_uploads 12
}

test_uploads_of_a_partition_that_another_member_owns() {
	local one two name=00000000000000000042.json
	begin 100 2
	head -c $((2 * part)) /dev/zero >large
	start_static one
	one=$tool
	start_static two
	two=$tool
	wait_for 60 are_settled
	hang_upload "lake/p=1/$topic-00000-$name"
	hang_upload "lake/p=1/$topic-00001-$name"
	kill -KILL "$two"
	wait "$two" 2>/dev/null || true
	: >err.two
	start_static two
	wait_for 60 grep -q 'aborted 1 upload that' err.two
	expect_uploads 1
	add 20
	kill -TERM "$tool" "$one"
	wait "$tool"
	wait "$one"
	expect_status 0 land -e
	expect_uploads 0
	expect_all_once
}

# ---- crashes ----

# static membership: the next takes the place of the dead one without waiting for its session's end
test_killed_at_any_moment_each_record_is_there_once() {
	local round kills
	begin_campaign
	begin 2000 3
	start_reader
	for round in $(seq "$kills"); do
		start_land -z gzip --max-records $((20 + RANDOM % 200)) --roll-records 7 -X group.instance.id=one 2>err
		sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
		add 500
		sleep "0.$((RANDOM % 5))"
		kill -KILL "$tool"
		wait "$tool" 2>/dev/null || true
		expect_none_twice
		echo "round $round: $(lines_of_lake | wc -l) of $(wc -l <in) records"
	done
	expect_status 0 land -e -z gzip --roll-records 7 -X group.instance.id=one
	end_reader
	expect_all_once
	expect_committed "$(wc -l <in)"
	[ -z "$(ls -A spool)" ]
}

expect_none_twice() {
	[ -z "$(lines_of_lake | LC_ALL=C sort | uniq -d)" ] || fail "a record is there twice"
}

# in the middle of uploads in parts, too
test_killed_while_parts_are_sent() {
	local round kills
	begin_campaign
	begin 0 2
	for round in $(seq $(((kills + 3) / 4))); do
		add_large 1200
		start_land --part-size 5M --max-bytes 15M -X group.instance.id=one 2>err
		sleep "$((RANDOM % 3)).$((RANDOM % 10))"
		kill -KILL "$tool"
		wait "$tool" 2>/dev/null || true
		expect_none_twice
		echo "round $round: $(lines_of_lake | wc -l) of $(wc -l <in) records, $(count_uploads) uploads left"
	done
	expect_status 0 land -e --part-size 5M -X group.instance.id=one
	expect_all_once
	expect_committed "$(wc -l <in)"
	expect_uploads 0
}

# members that are killed, and others that take their partitions over in the middle of an epoch
test_members_are_killed_and_replaced() {
	local kills
	begin_campaign
	begin 2000 4
	start_reader
	kill_members expect_none_twice -z gzip
	expect_status 0 land -e -z gzip
	end_reader
	expect_all_once
	expect_committed "$(wc -l <in)"
}

test_members_come_and_go() {
	local first second third
	begin 50000 4
	start_land --max-records 700 2>err.1
	first=$tool
	sleep 0.5
	start_land --max-records 700 2>err.2
	second=$tool
	sleep 2
	start_land --max-records 700 2>err.3
	third=$tool
	tool=$first
	add 1000
	end_land TERM 0
	expect_status 0 land -q -e
	tool=$second
	end_land TERM 0
	tool=$third
	end_land TERM 0
	expect_status 0 land -q -e
	expect_all_once
	expect_committed 51000
}

# ---- S3 that is away ----

test_faults() {
	local seed
	begin 5000 2
	for seed in 1 2 3; do
		add 2000
		start_faults --random "$seed:20" 503 503=1 429 refuse half reset long garbage
		expect_status 0 land -e --max-records 300 --patience 2m
		grep -Eq '^(503|429|refuse|half|reset|long|garbage) ' faults.log
		exec {keep}>&-
		expect_all_once
	done
	expect_committed 11000
}

# throttled for longer than one request is tried, the member stays in its group
test_throttled() {
	begin 1000 2
	start_faults --path 'PUT .*/lake/p' '503*24'
	expect_status 0 land -e --max-records 100 --patience 2m -X session.timeout.ms=6000
	[ "$(grep -c ^503 faults.log)" = 24 ]
	expect_all_once
	expect_committed 1000
}

lake_has() {
	[ "$(lines_of_lake | wc -l)" = "$1" ]
}

# the proxy stands still: requests are neither refused nor answered
test_cut_off() {
	begin 1000 2
	start_faults
	start_land --max-age 100ms --patience 5m -X session.timeout.ms=6000 2>err
	wait_for 60 lake_has 1000
	kill -STOP "$proxy"
	add 1000
	sleep 8
	[ "$(lines_of_lake | wc -l)" = 1000 ]
	kill -CONT "$proxy"
	wait_for 120 lake_has 2000
	wait_for 60 is_committed 2000
	end_land TERM 0
	expect_all_once
}

# what cannot be published in time is the next run's
test_a_signal_while_it_is_away() {
	begin 1000 2
	start_faults
	start_land --max-age 100ms --patience 5m --drain 1s 2>err
	wait_for 60 lake_has 1000
	kill -STOP "$proxy"
	add 1000
	sleep 1
	end_land TERM 75
	expect_line 'not published within --drain' err
	kill -CONT "$proxy"
	export AWS_ENDPOINT_URL_S3=$real
	expect_status 0 land -e
	expect_all_once
	expect_committed 2000
	# and where patience ends before
	add 10
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=2 expect_status 69 land -e --patience 1s
	expect_status 0 land -e
	expect_all_once
}

run_tests
