#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 from a real broker: names, positions, restarts, members that come and go.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
# shellcheck source=tests/numbers.sh
. "$top_srcdir/tests/numbers.sh"
# shellcheck source=tests/services/lake_lib.sh
. "$top_srcdir/tests/services/lake_lib.sh"

land() {
	kafka-to-s3 -t "$topic" -G "g-$topic" --path 'p={p}' "$@" lake
}

# start_land OPTION...: in the background, its process in $tool
start_land() {
	kafka-to-s3 -q -t "$topic" -G "g-$topic" --path 'p={p}' "$@" lake &
	tool=$!
}

test_to_the_end_and_not_again() {
	prepare 20000 3
	expect_status 0 land -e
	expect_line '20000 records read: 20000 delivered, 0 rejected; 15 files' err
	expect_all_once
	expect_committed 20000
	expect_status 0 land -e
	expect_line ' 0 records read' err
	expect_all_once
	# one epoch of each partition, from its beginning
	files_of_lake | LC_ALL=C sort >names
	for p in 0 1 2 3 4; do
		printf "lake/p=$p/$topic-%05d-%020d.json\n" 0 0 1 0 2 0
	done >want
	expect_same want names
}

# without a group nothing is known of an earlier run
test_what_was_published_before_is_recognised() {
	prepare 1000 1
	expect_status 0 kafka-to-s3 -t "$topic" -p 0 -e -z zstd --path '{p}' --max-records 50 lake
	expect_status 0 kafka-to-s3 -t "$topic" -p 0 -e -z zstd --path '{p}' --max-records 50 lake
	expect_line '; 100 files, [0-9]+ bytes, 100 of them there already$' err
	files_of_lake >files
	[ "$(wc -l <files)" = 100 ]
	# other records under a name that is taken
	cp "$(tail -n 1 files)" "$(head -n 1 files)"
	expect_status 73 kafka-to-s3 -t "$topic" -p 0 -e -z zstd --path '{p}' --max-records 50 lake
	expect_line 'exists and holds something else' err
}

test_a_signal_drains_and_the_next_goes_on() {
	prepare 20000 3
	local round tool status
	for round in 1 2 3; do
		start_land 2>err
		sleep 1
		[ $round = 3 ] && sleep 2
		kill -TERM $tool
		status=0
		wait $tool || status=$?
		[ $status = 0 ] || fail "exit status $status: $(cat err)"
	done
	expect_all_once
	expect_committed 20000
}

# nothing half, nothing hidden, nothing twice, whatever the moment
expect_whole() {
	[ -z "$(find lake -name '.*' -type f)" ]
	lines_of_lake | jq . >/dev/null
	[ -z "$(lines_of_lake | LC_ALL=C sort | uniq -d)" ] || fail "a record is there twice"
}

# static membership: the next takes the place of the dead one without waiting for its session's end
test_killed_at_any_moment_each_record_is_there_once() {
	local round tool kills
	begin_campaign
	mkdir lake
	prepare 2000 3
	for round in $(seq "$kills"); do
		start_land --max-records $((20 + RANDOM % 200)) --roll-records 7 -X group.instance.id=one 2>err
		sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
		add 500
		kill -KILL "$tool"
		wait "$tool" 2>/dev/null || true
		expect_whole
		echo "round $round: $(lines_of_lake | wc -l) of $(wc -l <in) records"
	done
	expect_status 0 land -e --roll-records 7 -X group.instance.id=one
	expect_all_once
	expect_committed "$(wc -l <in)"
}

# members that are killed, and others that take their partitions over in the middle of an epoch
test_members_are_killed_and_replaced() {
	local kills
	begin_campaign
	mkdir lake
	prepare 2000 4
	kill_members expect_whole
	expect_status 0 land -e
	expect_all_once
	expect_committed "$(wc -l <in)"
}

# what the group no longer knows is there already
test_offsets_that_are_gone() {
	prepare 100 1
	expect_status 0 land -e
	[ "$(cat "lake/_sluice/$topic-00000")" = "{\"group\":\"g-$topic\",\"until\":100}" ]
	services group delete "g-$topic"
	expect_status 65 land -e
	expect_line "$topic\[0\]: no offset is committed, and reading would begin at 0, but the data before offset 100" err
	# nor is anything left out, and it is so again at the next start
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
	expect_status 65 kafka-to-s3 -t "$topic" -G other -e --path 'p={p}' lake
	expect_line "lake/_sluice/$topic-00000: group g-$topic has put this partition there" err
	expect_all_once
	rm -r lake
	expect_status 0 land -e
	expect_all_once
}

# an epoch that was prepared and not settled is finished by the options that began it
test_other_options_in_the_middle_of_an_epoch() {
	prepare 20000 1
	local fingerprint
	expect_status 0 land -e --max-records 20000
	rm -r lake/_sluice "$(files_of_lake | head -n 1)"
	services group set-offset "g-$topic" "$topic" 0 0 "until=20000 fp=0000000000000000"
	expect_status 65 land -e
	expect_line "$topic\[0\]: offsets 0 to 19999 are partly published with other options" err
	fingerprint=$(sed -n 's/.*these are \([0-9a-f]*\)).*/\1/p' err)
	add 10
	services group set-offset "g-$topic" "$topic" 0 0 "until=20000 fp=$fingerprint"
	expect_status 0 land -e --max-records 7
	expect_line ' 20010 records read: 20010 delivered, .* 4 of them there already' err
	expect_all_once
	expect_committed 20010
}

# the last offset of an epoch may be a transaction's marker, behind which nothing comes
test_an_unfinished_epoch_ends_with_a_marker() {
	command -v kcat >/dev/null || skip "kcat is not installed"
	local tool fingerprint status=0
	prepare 16 1
	topic=$(fresh_id)
	create_topic "$topic" 1
	kcat -P -b "$BOOTSTRAP_SERVERS" -t "$topic" -X transactional.id="$topic" <in
	services group set-offset "g-$topic" "$topic" 0 0 "until=17 fp=0000000000000000"
	expect_status 65 land -e
	fingerprint=$(sed -n 's/.*these are \([0-9a-f]*\)).*/\1/p' err)
	services group set-offset "g-$topic" "$topic" 0 0 "until=17 fp=$fingerprint"
	start_land 2>err
	wait_for 30 is_committed 17
	kill -TERM "$tool"
	wait "$tool" || status=$?
	[ $status = 0 ]
	expect_all_once
}

# The same with -e, and more comes after the ends were looked at and before it is read: a member that stands still
# holds the group up meanwhile.
test_an_unfinished_epoch_ends_with_a_marker_and_more_comes() {
	command -v kcat >/dev/null || skip "kcat is not installed"
	local tool holder other fingerprint status=0
	prepare 16 1
	topic=$(fresh_id)
	create_topic "$topic" 1
	other=$(fresh_id)
	create_topic "$other" 1
	kcat -P -b "$BOOTSTRAP_SERVERS" -t "$topic" -X transactional.id="$topic" <in
	services group set-offset "g-$topic" "$topic" 0 0 "until=17 fp=0000000000000000"
	expect_status 65 land -e
	fingerprint=$(sed -n 's/.*these are \([0-9a-f]*\)).*/\1/p' err)
	services group set-offset "g-$topic" "$topic" 0 0 "until=17 fp=$fingerprint"
	kafka-to-pipe -v -t "$other" -G "g-$topic" -X session.timeout.ms=6000 2>err.holder &
	holder=$!
	wait_for 30 grep -q '1 of 1 partitions' err.holder
	kill -STOP "$holder"
	kafka-to-s3 -v -t "$topic" -G "g-$topic" --path 'p={p}' -e -X debug=cgrp lake 2>err &
	tool=$!
	wait_for 30 grep -q JoinGroup err
	echo '{"id":-1,"p":9}' | s3-to-kafka -q -t "$topic"
	kill -KILL "$holder"
	wait "$holder" || true
	wait "$tool" || status=$?
	[ $status = 0 ] || fail "exit status $status: $(tail -n 3 err)"
	expect_all_once
	expect_committed 17
}

test_members_come_and_go() {
	prepare 50000 4
	local tool first second status=0
	start_land --max-records 700 2>err.1
	first=$tool
	sleep 0.5
	start_land --max-records 700 2>err.2
	second=$tool
	sleep 3
	kill -TERM $first
	wait $first || status=$?
	[ $status = 0 ] || fail "exit status $status: $(cat err.1)"
	expect_status 0 land -q -e
	kill -TERM $second
	wait $second || status=$?
	[ $status = 0 ] || fail "exit status $status: $(cat err.2)"
	expect_status 0 land -q -e
	# partitions were handed over whole: no record twice
	expect_all_once
	expect_committed 50000
}

# what all members of -j did is said once, and is the sum
test_members_of_one_command() {
	prepare 20000 6
	expect_status 0 land -j 3 -e --stats-file a.prom
	expect_line ' records read: 20000 delivered, 0 rejected' err
	[ "$(grep -c 'records read' err)" = 1 ] || fail "$(cat err)"
	expect_all_once
	expect_committed 20000
	expect_exposition a.prom
	expect_number a.prom sluice_records_delivered_total 20000
	# what one had begun of a partition that went to another
	[ $(($(number a.prom sluice_records_read_total) - $(number a.prom sluice_records_left_total))) = 20000 ] ||
		fail "they do not add up: $(cat a.prom)"
	expect_number a.prom sluice_records_open 0
	# a partition that changes hands at the start may have published already
	[ "$(number a.prom sluice_files_total)" = "$(files_of_lake | wc -l)" ]
	expect_number a.prom sluice_file_bytes_total "$(lines_of_lake | wc -c)"
	expect_number a.prom sluice_processes 0
	expect_line "^sluice_files_total\{tool=\"kafka-to-s3\",topic=\"$topic\",group=\"g-$topic\"\} " a.prom
	# all of it is committed
	expect_status 0 land -j 2 -e
	expect_line ' 0 records read: 0 delivered, 0 rejected; 0 files' err
}

test_numbers_of_members() {
	prepare 3000 6
	local tool status=0
	start_land -j 3 --max-records 100 --max-age 300ms --stats-file a.prom --stats-interval 200ms 2>err
	wait_for 60 has_number a.prom sluice_records_delivered_total 3000
	wait_for 60 has_number a.prom sluice_lag_records 0
	wait_for 30 has_number a.prom sluice_processes 3
	expect_exposition a.prom
	kill -TERM "$tool"
	wait "$tool" || status=$?
	[ $status = 0 ] || fail "exit status $status: $(cat err)"
	expect_no_line sluice_lag a.prom
	expect_number a.prom sluice_processes 0
	expect_all_once
}

has_number() {
	[ -e "$1" ] && [ "$(number "$1" "$2")" = "$3" ]
}

# a member that is killed ends the run; the others publish and commit what they have
test_members_of_one_command_are_killed() {
	local round tool kills status members
	begin_campaign
	prepare 2000 6
	for round in $(seq "$kills"); do
		rm -f a.prom
		start_land -j 3 --max-records $((20 + RANDOM % 100)) --roll-records 7 -X group.instance.id=m \
			--stats-file a.prom --stats-interval 100ms 2>err
		wait_for 60 test -e a.prom
		add 500
		sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
		mapfile -t members < <(pgrep -P "$tool")
		kill -KILL "${members[RANDOM % ${#members[@]}]}"
		status=0
		wait "$tool" || status=$?
		[ $status = 70 ] || fail "exit status $status: $(cat err)"
		expect_line 'member [123] was ended by signal 9' err
		expect_line '1 of 3 members failed' err
		expect_exposition a.prom
		expect_number a.prom sluice_processes 0
		expect_whole
		echo "round $round: $(lines_of_lake | wc -l) of $(wc -l <in) records"
	done
	expect_status 0 land -j 3 -e --roll-records 7 -X group.instance.id=m
	expect_all_once
	expect_committed "$(wc -l <in)"
}

test_age_publishes_and_commits() {
	prepare 100 1
	local tool status=0
	start_land --max-age 300ms 2>err
	wait_for 20 test -d lake/p=4
	wait_for 20 lake_has 100
	expect_all_once
	wait_for 20 is_committed 100
	kill -TERM $tool
	wait $tool || status=$?
	[ $status = 0 ]
}

lake_has() {
	[ "$(lines_of_lake | wc -l)" = "$1" ]
}

test_a_bad_record_is_where_the_commit_ends() {
	prepare 10 1
	echo '{"id":1,' | s3-to-kafka -q -t "$topic"
	printf '%s\n' '{"id":11,"p":1}' | tee -a in | s3-to-kafka -q -t "$topic"
	expect_status 65 land -e
	expect_line "$topic\[0\]@10: byte 8: " err
	expect_committed 10
	[ "$(lines_of_lake | wc -l)" = 10 ]
	expect_status 0 land -e --dead-letter ./dead
	expect_line ' 2 records read: 1 delivered, 1 rejected' err
	[ "$(jq -r .offset dead)" = 10 ]
	[ "$(jq -r .payload dead)" = '{"id":1,' ]
	expect_committed 12
	expect_all_once
}

test_tombstones() {
	command -v kcat >/dev/null || skip "kcat is not installed"
	prepare 10 1
	printf 'key:\n' | kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -K: -Z
	expect_status 65 land -e
	expect_line "$topic\[0\]@10: .*tombstone" err
	expect_status 0 land -e --skip-tombstones
	expect_line ' 1 records read: 0 delivered, 0 rejected, 1 filtered' err
	expect_committed 11
}

test_the_timestamp_of_a_record() {
	prepare 10 1
	expect_status 0 kafka-to-s3 -t "$topic" -e --path '{@topic}/{@partition}/{@year}' lake
	[ "$(files_of_lake | wc -l)" = 1 ]
	[ -d "lake/$topic/0/$(date -u +%Y)" ] || [ -d "lake/$topic/0/$(date -u -d yesterday +%Y)" ]
}

test_after_a_failing_write_the_next_goes_on() {
	prepare 20000 1
	printf '{"id":-1,"p":0,"pad":"%0200000d"}\n' 0 | tee -a in | s3-to-kafka -q -t "$topic"
	(
		trap '' XFSZ
		ulimit -f 100
		expect_status 74 kafka-to-s3 -t "$topic" -G "g-$topic" -e --max-records 500 lake
	)
	local committed
	committed=$(services group offsets "g-$topic" | awk '{ print $3 }')
	# the last epoch before it may be under way
	[ "$committed" -ge 19500 ]
	[ "$(lines_of_lake | wc -l)" -ge "$committed" ]
	expect_status 0 kafka-to-s3 -t "$topic" -G "g-$topic" -e lake
	expect_all_once
}

run_tests
