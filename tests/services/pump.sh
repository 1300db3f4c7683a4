#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The pump in its group: members that come, go, freeze and are killed, a service that is slow or gone, dead
# letters in a topic. The service is a local command that writes down what it was given. Moments are chosen by
# SEED.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
# shellcheck source=tests/numbers.sh
. "$top_srcdir/tests/numbers.sh"

RANDOM=${SEED:=1}

# the least that a broker allows by itself (group.min.session.timeout.ms)
quick=(-X session.timeout.ms=6000 -X heartbeat.interval.ms=500)

# make_records COUNT PARTITIONS: a fresh topic $id; each record is its number
make_records() {
	id=$(fresh_id)
	create_topic "$id" "$2"
	seq "$1" | jq -cR --argjson n "$2" '{partition: (input_line_number % $n), payload: .}' |
		s3-to-kafka -q -J=in -t "$id" -p @same
}

# make_handler [LINE...]: ./handler appends "partition offset value" of its batch to ./taken as one write, after
# the lines of shell given
make_handler() {
	{
		echo '#!/bin/sh'
		echo 'cat >event.$$'
		[ $# = 0 ] || printf '%s\n' "$@"
		echo 'jq -r ".records[][] | \"\(.partition) \(.offset) \(.value | @base64d)\"" event.$$ >batch.$$'
		# shellcheck disable=SC2016
		echo 'cat batch.$$ >>taken; rm event.$$ batch.$$'
	} >handler
	chmod +x handler
	: >taken
}

count_taken() {
	wc -l <taken
}

has_taken() {
	[ "$(count_taken)" -ge "$1" ]
}

committed() {
	services group offsets "$id" | awk '{ sum += $3 } END { print sum + 0 }'
}

has_committed() {
	[ "$(committed)" -ge "$1" ]
}

# each of COUNT records was taken, and none before one that precedes it in its partition had been
expect_all_in_order() {
	[ "$(cut -d' ' -f1,2 taken | sort -u | wc -l)" = "$1" ] ||
		fail "$(cut -d' ' -f1,2 taken | sort -u | wc -l) of $1 were taken"
	awk '{ if ($2 > next_of[$1] + 0) { print "before its turn: " $0; bad = 1 }
		if ($2 == next_of[$1] + 0) next_of[$1]++ }
		END { exit bad }' taken || fail "out of order"
}

# start NAME OPTION...: a member of group $id in the background; its words in NAME.err
start() {
	local name=$1
	shift
	kafka-to-lambda -t "$id" -G "$id" "${quick[@]}" "$@" -- ./handler 2>"$name.err" &
}

# ---- numbers ----

test_numbers_of_members() {
	local tool victim
	make_records 400 4
	make_handler
	start tool -j 2 --batch-size 20 --workers 1 --stats-file a.prom --stats-interval 200ms
	tool=$!
	wait_for 60 has_number a.prom sluice_records_delivered_total 400
	wait_for 30 has_number a.prom sluice_lag_records 0
	wait_for 30 has_committed 400
	expect_exposition a.prom
	expect_number a.prom sluice_processes 2
	expect_line "^sluice_lag_records\{tool=\"kafka-to-lambda\",topic=\"$id\",group=\"$id\"\} 0$" a.prom
	# one is killed: what it has done stays in the sum
	victim=$(pgrep -P $tool | head -n 1)
	kill -KILL "$victim"
	expect_end $tool 70
	expect_exposition a.prom
	expect_number a.prom sluice_records_delivered_total 400
	# what went from one to the other was read twice
	[ $(($(number a.prom sluice_records_read_total) - $(number a.prom sluice_records_left_total))) = 400 ] ||
		fail "they do not add up: $(cat a.prom)"
	expect_number a.prom sluice_processes 0
	expect_no_line sluice_lag a.prom
	[ "$(committed)" = 400 ] || fail "committed: $(committed)"
}

has_number() {
	[ -e "$1" ] && [ "$(number "$1" "$2")" = "$3" ]
}

# expect_end PID STATUS
expect_end() {
	local status=0
	wait "$1" || status=$?
	[ $status = "$2" ] || fail "status $status, expected $2: $(cat ./*.err)"
}

# ---- members ----

# two static members of one id would fence each other
test_static_members() {
	make_records 100 4
	make_handler
	expect_status 0 timeout 120 kafka-to-lambda -t "$id" -G "$id" "${quick[@]}" -X group.instance.id=m -j 2 -e \
		--batch-size 10 -- ./handler
	# what one had read of partitions that went to the other is read again
	expect_line ' 100 delivered, 0 rejected' err
	expect_all_in_order 100
}

# frozen for longer than its session lasts, with a request under way: another reads on, and what the frozen one
# commits when it wakes changes nothing
test_frozen() {
	local frozen
	make_records 60 1
	# the first batch is held until another member has taken all
	make_handler 'if mkdir held 2>/dev/null; then echo >is-held; while [ ! -e go ]; do sleep 0.1; done; fi'
	start frozen --batch-size 10 --workers 1
	frozen=$!
	wait_for 60 test -e is-held
	kill -STOP $frozen
	start other -e --batch-size 10 --workers 1
	expect_end $! 0
	[ "$(committed)" = 60 ] || fail "committed: $(committed)"
	: >go
	kill -CONT $frozen
	# it is a member again, and reads what comes
	echo '{"payload":"last"}' | s3-to-kafka -q -J=in -t "$id"
	wait_for 60 grep -q 'last$' taken
	wait_for 30 has_committed 61
	kill -TERM $frozen
	expect_end $frozen 0
	expect_line 'went on without this member|what was not committed will be read again|left to another member' frozen.err
	[ "$(committed)" = 61 ] || fail "committed: $(committed)"
	expect_all_in_order 61
}

# members join, leave and are killed at any moment
test_coming_and_going() {
	local -a tools=()
	local round tool count
	make_records 1500 6
	make_handler 'sleep 0.0$(($$ % 10))'
	start m0 -j 2 --batch-size 7 --workers 2
	tools+=($!)
	for round in 1 2 3 4 5 6; do
		count=$(count_taken)
		wait_for 60 has_taken $((count + 1 + RANDOM % 60))
		start m$round -j $((1 + RANDOM % 3)) --batch-size 7 --workers 2
		tools+=($!)
		wait_for 60 test -s m$round.err # it takes signals
		[ ${#tools[@]} -gt 2 ] || continue
		tool=$((RANDOM % ${#tools[@]}))
		if [ $((RANDOM % 3)) = 0 ]; then
			kill -KILL "${tools[$tool]}"
			wait "${tools[$tool]}" || true
		else
			kill -TERM "${tools[$tool]}"
			expect_end "${tools[$tool]}" 0
		fi
		tools=("${tools[@]:0:$tool}" "${tools[@]:$((tool + 1))}")
	done
	wait_for 120 has_committed 1500
	for tool in "${tools[@]}"; do
		kill -TERM "$tool"
		expect_end "$tool" 0
	done
	[ "$(committed)" = 1500 ] || fail "committed: $(committed)"
	expect_all_in_order 1500
}

# ---- a service that is slow, or gone ----

# slower than the group would wait for a poll: the member stays one, and takes each record once
test_slower_than_the_poll_interval() {
	make_records 6 1
	make_handler '[ -e slept ] || { : >slept; sleep 9; }'
	expect_status 0 timeout 120 kafka-to-lambda -v -t "$id" -G "$id" "${quick[@]}" -X max.poll.interval.ms=6000 -e \
		--batch-size 2 --workers 1 -- ./handler
	expect_no_line 'went on without this member|read again|partitions of .* lost' err
	expect_line '6 records read: 6 delivered' err
	[ "$(count_taken)" = 6 ] || fail "$(count_taken) taken"
	expect_all_in_order 6
}

# there is nothing to read for longer than that
test_idle_for_longer_than_the_poll_interval() {
	local tool
	make_records 6 1
	make_handler
	start tool -v -X max.poll.interval.ms=6000 --batch-size 2 --workers 1
	tool=$!
	wait_for 60 has_committed 6
	sleep 8 # what is held happens after 6 s
	echo '{"payload":"7"}' | s3-to-kafka -q -J=in -t "$id"
	wait_for 60 has_committed 7
	kill -TERM $tool
	expect_end $tool 0
	expect_no_line 'went on without this member|partitions of .* lost' tool.err
	expect_all_in_order 7
}

# the same while another joins: partitions are given back within the poll interval, whatever --drain is
test_slow_and_another_joins() {
	local slow other
	make_records 8 2
	make_handler 'if mkdir held 2>/dev/null; then : >is-held; while [ ! -e go ]; do sleep 0.1; done; fi'
	start slow -v -X max.poll.interval.ms=6000 --drain 1h --batch-size 2 --workers 2
	slow=$!
	wait_for 60 test -e is-held
	start other -v -X max.poll.interval.ms=6000 --batch-size 2 --workers 2
	other=$!
	wait_for 60 grep -q 'group .*: 1 of 2 partitions' other.err
	wait_for 60 grep -q 'group .*: 1 of 2 partitions' slow.err
	: >go
	wait_for 60 has_committed 8
	kill -TERM $slow $other
	expect_end $slow 0
	expect_end $other 0
	expect_no_line 'went on without this member|partitions of .* lost' slow.err
	expect_all_in_order 8
}

# nothing is taken for --patience: the end, and the next run takes all
test_patience() {
	make_records 20 2
	make_handler '[ -e open ] || exit 1'
	expect_status 69 timeout 60 kafka-to-lambda -t "$id" -G "$id" --patience 2s -- ./handler
	expect_line 'nothing was taken for longer than --patience 2s' err
	[ "$(count_taken)" = 0 ]
	[ "$(committed)" = 0 ] || fail "committed: $(committed)"
	: >open
	expect_status 0 timeout 60 kafka-to-lambda -t "$id" -G "$id" -e -- ./handler
	expect_all_in_order 20
}

# one that takes requests and never answers is no better
test_patience_with_silence() {
	make_records 20 2
	make_handler '[ -e open ] || sleep 1000'
	expect_status 69 timeout 60 kafka-to-lambda -t "$id" -G "$id" --patience 2s --drain 0 -- ./handler
	expect_line 'nothing was taken for longer than --patience 2s' err
	[ "$(committed)" = 0 ] || fail "committed: $(committed)"
	: >open
	expect_status 0 timeout 60 kafka-to-lambda -t "$id" -G "$id" -e -- ./handler
	expect_all_in_order 20
}

test_drain_has_an_end() {
	local tool
	make_records 20 2
	make_handler 'if mkdir held 2>/dev/null; then : >is-held; sleep 1000; fi'
	start tool --drain 1s --batch-size 5 --workers 1
	tool=$!
	wait_for 60 test -e is-held
	kill -TERM $tool
	expect_end $tool 75
	expect_line 'stopped with [0-9]+ records not delivered within --drain' tool.err
	expect_status 0 timeout 60 kafka-to-lambda -t "$id" -G "$id" -e -- ./handler
	expect_all_in_order 20
}

# ---- dead letters ----

# A record that is refused is in the topic of the dead letters before its offset is committed: killed at any
# moment, each is there, or taken, or read again.
test_letters_in_a_topic() {
	local tool round
	make_records 600 3
	create_topic "dead-$id" 2
	make_handler
	# every seventh is refused, alone
	cat >handler <<'END'
#!/bin/sh
cat >event.$$
jq -r '.records[][] | (.value | @base64d) as $n | select($n | tonumber % 7 > 0) | "\(.partition) \(.offset) \($n)"' \
	event.$$ >batch.$$
cat batch.$$ >>taken
jq -c '{batchItemFailures: [.records[][] | select(.value | @base64d | tonumber % 7 == 0) |
	{itemIdentifier: {partition: "\(.topic)-\(.partition)", offset}}]}' event.$$
rm event.$$ batch.$$
END
	for round in 1 2 3 4 5 6 7 8; do
		start m$round --retries 0 --dead-letter "dead-$id" --batch-size 9 --workers 2
		tool=$!
		wait_for 60 has_taken $(($(count_taken) + 1 + RANDOM % 50))
		kill -KILL $tool
		wait $tool || true
		check_no_letter_is_missing
	done
	expect_status 0 timeout 120 kafka-to-lambda -q -t "$id" -G "$id" -e --retries 0 --dead-letter "dead-$id" --batch-size 50 -- ./handler
	[ "$(committed)" = 600 ] || fail "committed: $(committed)"
	check_no_letter_is_missing
	[ "$(letters | wc -l)" = 85 ] || fail "$(letters | wc -l) letters"
	[ "$(cut -d' ' -f1,2 taken | sort -u | wc -l)" = 515 ] || fail "not all were taken"
}

# partition and offset of each that is there
letters() {
	kafka-to-pipe -q -t "dead-$id" -e | jq -r '"\(.partition) \(.offset)"' | sort -u
}

# what is committed is taken or a letter
check_no_letter_is_missing() {
	{
		letters
		cut -d' ' -f1,2 taken
	} | sort -u >settled
	services group offsets "$id" >offsets
	awk 'NR == FNR { is_settled[$1 " " $2]; next }
		{ for (at = 0; at < $3; at++) if (!(($2 " " at) in is_settled)) { print "committed: " $2 " " at; bad = 1 } }
		END { exit bad }' settled offsets || fail "committed before it was durable"
}

run_tests
