#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# s3-to-kafka from a real S3 server, which has uploaded objects, verifies signatures and, behind a proxy, has
# faults.
# SLUICE_LARGE_MB is the size of the large object: 1024 is what is promised, less is quicker.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/pages.sh
. "$top_srcdir/tests/pages.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

need_s3
large_mb=${SLUICE_LARGE_MB:-64}

# The proxy, and its address as S3's. It ends with the test (run_one).
start_faults() {
	python3 "$top_srcdir/tests/services/faults.py" "${AWS_ENDPOINT_URL_S3##*:}" --log requests "$@" \
		>faults.port &
	wait_for 10 test -s faults.port
	export AWS_ENDPOINT_URL_S3
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(<faults.port)
}

# split_trips COUNT LINES: trips, and the directory parts with so many lines a file
split_trips() {
	make_trips "$1" >trips
	mkdir parts
	split -a 5 -d -l "$2" --additional-suffix .json trips parts/
}

# make_large: of large_mb, in lines that differ
make_large() {
	local block
	make_trips 20000 >block
	block=$(($(stat -c %s block) / 1024 + 1))
	for _ in $(seq 0 $((large_mb * 1024 / block))); do cat block; done | awk '{ print NR, $0 }' \
		>large
}

# ---- what is read ----

test_ten_thousand_small_objects_come_in_order() {
	local id
	id=$(fresh_id)
	new_bucket
	split_trips 20000 2
	services s3-upload "$bucket/trips/" parts
	create_topic "$id" 1
	expect_status 0 s3-to-kafka -t "$id" "s3://$bucket/trips/"
	expect_line '20000 records read: 20000 delivered' err
	kafka-to-pipe -q -t "$id" -e >got
	expect_same trips got
}

test_large_object_within_its_memory() {
	local kb limit_kb=$((72 * 1024))
	new_bucket
	make_large
	services s3-put "$bucket/large" large
	/usr/bin/time -o kb -f %M s3-to-kafka -q --memory 32M "s3://$bucket/large" | cmp - large
	is_sanitized && return
	kb=$(tail -n 1 kb)
	[ "$kb" -lt "$limit_kb" ] || fail "took $kb KB"
}

test_addresses() {
	new_bucket
	mkdir -p parts
	echo 1 >"parts/ä b+&?=%.json"
	echo 2 >parts/b.json
	echo 3 >parts/c.csv
	services s3-upload "$bucket/day=1/" parts
	echo 4 >four
	services s3-put "$bucket/day=2" four
	services s3-put "$bucket/day=2-more" four
	services s3-put "$bucket/day=1/_tmp/x" four
	services s3-put "$bucket/day=1/README.md" four
	expect_status 0 s3-to-kafka -q --format json "s3://$bucket/day=1/"
	expect_text out $'2\n3\n1'
	# that very object, though another begins so
	expect_status 0 s3-to-kafka -q "s3://$bucket/day=2"
	expect_text out 4
	expect_status 0 s3-to-kafka -q "s3://$bucket/day=1/ä b+&?=%.json"
	expect_text out 1
	expect_status 0 s3-to-kafka -q "s3://$bucket/d*/[a-b].json" "s3://$bucket/day=2"
	expect_text out $'2\n4'
	expect_status 0 s3-to-kafka -q --match '*.json' --request-payer "s3://$bucket/"
	expect_text out $'2\n1'
	expect_status 0 s3-to-kafka --dry-run --all --match '*' "s3://$bucket/day=1/"
	expect_line 'would replay 5 objects \(10 bytes\)' err
}

test_formats_are_told_by_content() {
	new_bucket
	make_trips 2000 >trips
	{ head -n 700 trips | lz4 -qz; tail -n +701 trips | lz4 -qz; } >two-frames
	gzip <trips >gzip
	zstd -q <trips >zstd
	for format in two-frames gzip zstd; do
		services s3-put "$bucket/$format" $format
		expect_status 0 s3-to-kafka -q "s3://$bucket/$format"
		expect_same trips out
	done
	printf 'a,b\n1,"x\ny"\n' | services s3-put "$bucket/rows.csv"
	expect_status 0 s3-to-kafka -q "s3://$bucket/rows.csv"
	expect_text out '{"a":"1","b":"x\ny"}'
}

test_merge_orders_a_lake() {
	new_bucket
	make_trips 5000 >trips
	mkdir parts
	# as a lake of three partitions
	for p in 0 1 2; do awk -v p=$p 'NR % 3 == p' trips | lz4 -qz >parts/$p.json.lz4; done
	services s3-upload "$bucket/lake/" parts
	expect_status 0 s3-to-kafka -q --merge --time dropoff_datetime "s3://$bucket/lake/"
	expect_same trips out
}

# More objects than connections, each larger than its window.
test_merge_of_many_reads_by_windows() {
	new_bucket
	make_trips 120000 >trips
	mkdir parts
	split -a 3 -d -n r/100 trips parts/
	services s3-upload "$bucket/lake/" parts
	start_faults
	expect_status 0 s3-to-kafka -q --merge --time dropoff_datetime --memory 26M "s3://$bucket/lake/"
	expect_same trips out
	[ "$(grep -c '^206' requests)" -ge 200 ]
	expect_status 2 s3-to-kafka -q --merge --time dropoff_datetime --memory 8M "s3://$bucket/lake/"
	expect_line '/lake/: to merge its 100 objects takes at least 26 MiB, more than --memory allows \(8 MiB\)' err
}

# Uploads a lake and puts its bucket into the example's text.
use_bucket() {
	new_bucket
	mkdir parts
	split -a 1 -d -n r/3 trips.json parts/
	services s3-upload "$bucket/trips/day=2019-01-01/" parts
	sed -i "s,s3://lake,s3://$bucket," script
}

test_examples_of_the_manual() {
	run_examples "$pages/s3-to-kafka.1" s3 use_bucket
}

# ---- what is refused ----

test_wrong_credentials_end_it_at_once() {
	new_bucket
	echo 1 | services s3-put "$bucket/x"
	start_faults
	AWS_SECRET_ACCESS_KEY=wrong expect_status 77 s3-to-kafka "s3://$bucket/x"
	expect_line 'SignatureDoesNotMatch' err
	# nothing was tried twice
	[ "$(grep -c '^403' requests)" = 1 ]
	expect_no_line '^[^4]' requests
	expect_no_line "$AWS_SECRET_ACCESS_KEY" err
	(
		unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
		expect_status 77 s3-to-kafka "s3://$bucket/x"
		expect_line 'no credentials found' err
	)
}

test_what_is_not_there() {
	new_bucket
	expect_status 66 s3-to-kafka "s3://no-$bucket/x"
	expect_line 'NoSuchBucket' err
	expect_status 66 s3-to-kafka "s3://$bucket/x"
	expect_line "s3://$bucket/x: no such object" err
	echo 1 | services s3-put "$bucket/y"
	expect_status 66 s3-to-kafka "s3://$bucket/y" "s3://$bucket/x"
	[ ! -s out ]
	expect_status 2 s3-to-kafka s3://
}

# ---- faults ----

test_a_connection_cut_again_and_again() {
	new_bucket
	make_large
	services s3-put "$bucket/large" large
	start_faults --cut 3000000
	s3-to-kafka -q "s3://$bucket/large" | cmp - large
	[ "$(grep -c 'GET .*large bytes=' requests)" -ge $((large_mb / 4)) ]
}

test_slow_down_for_a_while() {
	new_bucket
	split_trips 400 10
	services s3-upload "$bucket/trips/" parts
	start_faults --slow-down 2
	expect_status 0 s3-to-kafka -q "s3://$bucket/trips/"
	expect_same trips out
	[ "$(grep -c '^503' requests)" = 80 ]
}

test_an_object_that_changes_while_it_is_read() {
	local status
	new_bucket
	make_large
	services s3-put "$bucket/large" large
	sed 's/trip/TRIP/' large >other
	start_faults --cut 3000000
	# the reader takes a little, and no more before the object is another
	status=$({ s3-to-kafka -q --memory 8M "s3://$bucket/large" 2>err; echo $? >status; } | {
		head -c 1000000 >got
		services s3-put "$bucket/large" other
		cat >>got
		cat status
	})
	[ "$status" = 65 ] || fail "exit status $status"
	expect_line "s3://$bucket/large: .*changed while it was read" err
	# nothing of the other
	cmp -n "$(stat -c %s got)" got large
}

test_credentials_that_expire_are_renewed() {
	new_bucket
	split_trips 2000 10
	services s3-upload "$bucket/trips/" parts
	start_faults --expire-after 60
	(
		unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
		export AWS_CONTAINER_CREDENTIALS_FULL_URI=$AWS_ENDPOINT_URL_S3/credentials
		expect_status 0 s3-to-kafka -q "s3://$bucket/trips/"
	)
	expect_same trips out
	[ "$(grep -c '/credentials' requests)" = 2 ]
	expect_line '^400 GET' requests
}

# ---- exactly once ----

# committed_lines TOPIC: what a read_committed reader sees
committed_lines() {
	kafka-to-pipe -q -t "$1" -e
}

has_lines() {
	[ "$(end_offsets "$1")" -gt 0 ]
}

test_a_change_leaves_nothing_half_delivered() {
	local id status=0
	id=$(fresh_id)
	new_bucket
	make_trips 100000 >trips
	sed 's/vendor_id/VENDOR_ID/' trips >other
	services s3-put "$bucket/trips" trips
	create_topic "$id" 1
	start_faults --cut 3000000
	# ten seconds, unless it sees the change at the next cut
	s3-to-kafka -q -t "$id" --resume-id "$id" --rate 10000 --memory 2M "s3://$bucket/trips" 2>err &
	wait_for 60 has_lines "$id"
	services s3-put "$bucket/trips" other
	wait $! || status=$?
	[ "$status" = 65 ] || fail "exit status $status: $(cat err)"
	expect_line "s3://$bucket/trips: .*changed while it was read" err
	committed_lines "$id" >got
	[ -s got ]
	expect_same <(head -n "$(wc -l <got)" trips) got
	# what was begun is not gone on with from another object
	expect_status 65 s3-to-kafka -q -t "$id" --resume-id "$id" "s3://$bucket/trips"
	committed_lines "$id" >again
	expect_same got again
}

test_killed_and_started_again_each_line_is_there_once() {
	local id
	id=$(fresh_id)
	new_bucket
	split_trips 40000 200
	services s3-upload "$bucket/trips/" parts
	create_topic "$id" 1
	# five runs of 1.3 s are not half of the way
	for _ in 1 2 3 4 5; do
		s3-to-kafka -q -t "$id" --resume-id "$id" --rate 3000 "s3://$bucket/trips/" 2>>err &
		sleep 1.3
		kill -KILL $!
		wait $! || :
	done
	expect_status 0 s3-to-kafka -t "$id" --resume-id "$id" "s3://$bucket/trips/"
	# Kafka's own consumer
	services topic read "$id" | cut -f 6- >got
	expect_same trips got
}

run_tests
