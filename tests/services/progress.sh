#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Progress and numbers of topics that are read: lag, time left, what all members have come to.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
# shellcheck source=tests/numbers.sh
. "$top_srcdir/tests/numbers.sh"

make_topic() {
	id=$(fresh_id)
	create_topic "$id" "$1"
}

# fill COUNT PARTITIONS: a topic, its records of 8 bytes
fill() {
	make_topic "$2"
	produce "$@"
}

produce() {
	for part in $(seq 0 $(($2 - 1))); do
		seq 1000001 $((1000000 + $1 / $2)) | sed 's/^/"/; s/.$/"/' | kcat -P -b "$BOOTSTRAP_SERVERS" -t "$id" -p "$part" 2>kcat.err ||
			fail "$(cat kcat.err)"
	done
}

can_be_asked() {
	local blocked
	blocked=$(sed -n 's/^SigBlk:\t//p' /proc/$tool/status)
	[ $((0x$blocked & 1 << 9)) != 0 ]
}

# of the tool, or of all processes of its group
ask_until() {
	kill -USR1 "${2:-$tool}" || fail "it has ended"
	grep -Eq -- "$1" err
}

# ask_until with the whole group, as `kill %1` does
ask_all_until() {
	ask_until "$1" -- -"$tool"
}

# all members have their share: nothing goes from one to another any more
have_shares() {
	[ "$(grep -oE 'member [0-9]+: .*: [12] of 4 partitions' err | grep -oE '^member [0-9]+' | sort -u | wc -l)" = 3 ]
}

test_of_members() {
	make_topic 4
	# what is read waits in files until it is asked to end
	setsid env --default-signal=INT,HUP kafka-to-s3 -v -j 3 --max-age 0 -t "$id" -G "$id" --stats-file a.prom lake 2>err &
	tool=$!
	wait_for 30 can_be_asked
	wait_for 60 have_shares
	produce 4000 4
	wait_for 60 ask_until '^kafka-to-s3: 4000 records, 31.2 KiB, .*, lag 4000, 4000 open, .*elapsed$'
	wait_for 60 has_number a.prom sluice_lag_records 4000
	expect_number a.prom sluice_processes 3
	expect_number a.prom sluice_read_bytes_total 32000
	# members are not harmed, and say nothing
	: >err
	kill -USR1 -- -$tool
	wait_for 30 grep -q '4000 records' err
	expect_no_line 'member [0-9]+: [0-9]+ records, |User defined' err
	kill -TERM $tool
	wait $tool
	expect_line '4000 records read: 4000 delivered' err
	expect_number a.prom sluice_processes 0
}

has_number() {
	[ -e "$1" ] && [ "$(number "$1" "$2")" = "$3" ]
}

test_of_members_on_a_terminal() {
	fill 4000 4
	TERM=xterm python3 "$top_srcdir/tests/io/terminal.py" --size 100 \
		--wait 'kafka-to-s3: [4-9][0-9]{3} records, .*, lag [0-9]+' --type ^C \
		"kafka-to-s3 -j 3 --max-age 0 --progress=100ms -t '$id' -G '$id' lake" || [ $? = 130 ]
	expect_line '^kafka-to-s3: [0-9]+ records read: 4000 delivered' shown
	expect_line '^kafka-to-s3: member 1: ' shown
	expect_no_line ', lag' shown
}

test_lag_falls() {
	fill 2000 2
	# two invocations a batch of 100 each tenth of a second: some seconds for all
	kafka-to-lambda --workers 1 --batch-size 100 -t "$id" -G "$id" -- sh -c 'sleep 0.3; cat' >out 2>err &
	tool=$!
	wait_for 30 can_be_asked
	wait_for 60 ask_until ', lag [1-9][0-9]*, '
	wait_for 60 ask_until '^kafka-to-lambda: 2000 records, .*, lag 0, '
	# records that come later are lag again
	echo 1 | kcat -P -b "$BOOTSTRAP_SERVERS" -t "$id"
	wait_for 60 ask_until '^kafka-to-lambda: 2001 records, .*, lag 0, '
	kill -TERM $tool
	wait $tool
}

# the end is known: percent
test_a_bounded_topic() {
	fill 2000 2
	kafka-to-lambda --workers 1 --batch-size 100 --batch-bytes 100K --ahead 200 -e -t "$id" -G "$id" \
		-- sh -c 'sleep 0.1; cat' >out 2>err &
	tool=$!
	wait_for 30 can_be_asked
	wait_for 60 ask_until ', [1-9][0-9]?%, [0-9]+s left'
	expect_no_line ', lag ' err
	wait $tool
}

# abort_transaction COUNT: about so many records of a transaction that is not committed, and one of one that is
abort_transaction() {
	mkfifo held
	kcat -P -b "$BOOTSTRAP_SERVERS" -X transactional.id="$id" -t "$id" -p 0 <held 2>kcat.err &
	local writer=$!
	exec 5>held
	seq "$1" >&5
	# some of them stay in its buffer
	wait_for 60 has_end $(($1 * 3 / 4))
	kill -KILL $writer
	exec 5>&-
	# the next one of that name aborts what was left open
	echo 1 | kcat -P -b "$BOOTSTRAP_SERVERS" -X transactional.id="$id" -t "$id" -p 0 2>kcat.err || fail "$(cat kcat.err)"
}

has_end() {
	[ "$(end_offsets "$id")" -ge "$1" ]
}

# offsets that hold no record for anybody: half of them are half of it
test_offsets_without_records() {
	make_topic 1
	abort_transaction 4000
	produce 2000 1
	kafka-to-lambda --workers 1 --batch-size 100 --batch-bytes 100K --ahead 200 -e -t "$id" -G "$id" \
		--progress=100ms -- sh -c 'sleep 0.1; cat' >out 2>err
	expect_line '^kafka-to-lambda: 2001 records read: 2001 delivered' err
	# two thirds are behind the first that is read
	expect_line ', [67][0-9]%,' err
	expect_no_line '^kafka-to-lambda: [1-9][0-9]* records, .*, [1-5]?[0-9]%,' err
}

# where it ends is not known before that time has come
test_a_time_to_come() {
	fill 2000 2
	kafka-to-pipe -o "e@$(date -u -d '+1 hour' +%FT%TZ)" -t "$id" -G "$id" >out 2>err &
	tool=$!
	wait_for 30 can_be_asked
	wait_for 60 ask_until '^kafka-to-pipe: 2000 records, .*, lag 0, '
	expect_no_line '%' err
	kill -TERM $tool
	wait $tool || [ $? = 75 ]
}

test_a_copy_to_a_pipe() {
	fill 2000 2
	kafka-to-pipe -t "$id" -G "$id" --stats-file a.prom >out 2>err &
	tool=$!
	wait_for 30 can_be_asked
	wait_for 60 ask_until '^kafka-to-pipe: 2000 records, 15.6 KiB, .*, lag 0, .*elapsed$'
	wait_for 60 has_number a.prom sluice_lag_records 0
	wait_for 60 has_number a.prom sluice_records_delivered_total 2000
	expect_exposition a.prom
	expect_line "^sluice_records_read_total\{tool=\"kafka-to-pipe\",topic=\"$id\",group=\"$id\"\} 2000\$" a.prom
	expect_number a.prom sluice_records_open 0
	expect_number a.prom sluice_processes 1
	kill -TERM $tool
	wait $tool
	expect_number a.prom sluice_processes 0
	expect_no_line sluice_lag a.prom
	# nothing that was asked for is written between the records
	[ "$(wc -l <out)" = 2000 ]
}

test_windows_of_a_topic() {
	fill 2000 2
	kafka-window -t "$id" --tumble 1h -a n=count --stats-file a.prom --stats-interval 100ms >out 2>err &
	tool=$!
	wait_for 60 has_number a.prom sluice_records_aggregated_total 2000
	wait_for 60 has_number a.prom sluice_lag_records 0
	expect_exposition a.prom
	expect_number a.prom sluice_windows_open 1
	[ "$(number a.prom sluice_event_time_seconds)" -gt $(($(date +%s) - 600)) ]
	expect_line "^sluice_records_read_total\{tool=\"kafka-window\",topic=\"$id\",group=\"sluice\.kafka-window\.$id\.stdout-[0-9a-f]{8}\"\} 2000" a.prom
	kill -TERM $tool
	wait $tool
}

run_tests
