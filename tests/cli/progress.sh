#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Progress: a line that is drawn again on a terminal and leaves nothing behind, and one line for each SIGUSR1 anywhere.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

terminal=$top_srcdir/tests/io/terminal.py
make='gen-to-kafka --model taxi-ride --seed 1 --rate 500'

# on_terminal STATUS STEP... COMMAND
on_terminal() {
	local want=$1 got=0
	shift
	TERM=xterm python3 "$terminal" "$@" || got=$?
	[ "$got" = "$want" ] && return 0
	cat -v sent | tail -c 3000
	fail "exit status $got, expected $want: $*"
}

test_drawn_again_and_wiped() {
	on_terminal 130 --size 75 --wait 'gen-to-kafka: ([0-9]+) records' --wait '[0-9]+ records' --type ^C \
		"$make >out"
	# what is drawn begins where the line does, and ends without a line feed
	expect_line $'\rgen-to-kafka: [0-9]+ records, .*/s.* behind.*\x1b\\[K' sent
	# no half line left: the echo of Control-C neither
	expect_no_line '[0-9]/s' shown
	expect_line '^gen-to-kafka: [0-9]+ records made: [0-9]+ delivered, 0 not acknowledged$' shown
	[ "$(wc -l <shown)" = 1 ] || fail "$(cat shown)"
}

# the second one ends it at once, and the line goes all the same
test_wiped_when_it_is_killed() {
	seq 100 | sed 's,.*,{},' >in
	on_terminal 130 --size 75 --wait 'kafka-to-lambda: 100 records' --type ^C --wait '100 records' --type ^C \
		"kafka-to-lambda --progress=100ms --drain 1h --no-sign-request --endpoint-url http://127.0.0.1:1 f <in"
	expect_no_line 'records' shown
}

# what is drawn is never as long as the terminal is wide
longest_drawn() {
	tr '\r' '\n' <sent | sed -n $'s/\x1b\\[K$//p' | awk '{ if (length > max) max = length } END { print max + 0 }'
}

test_fits_the_terminal() {
	on_terminal 130 --size 30 --wait '[0-9]+ records' --wait '[0-9]+ records' --type ^C "$make >out"
	[ "$(longest_drawn)" -gt 10 ] && [ "$(longest_drawn)" -lt 30 ] || fail "$(longest_drawn)"
	# from 100 to 25 while it works
	on_terminal 130 --size 100 --wait '[0-9]+ records.* elapsed' --size 25 --wait $'\r[0-9]+ records, [0-9.]+/s\x1b' \
		--type ^C "$make >out"
	# too narrow for any of it
	on_terminal 130 --size 4 --wait $'\r\x1b' --type ^C "$make --progress=100ms >out"
}

test_lines_do_not_mix() {
	# broken ones are reported one by one, in the middle of the drawing
	on_terminal 0 --size 100 "gen-to-kafka -q --model taxi-ride --seed 1 --rate 40 -c 60 --broken 20 |
		kafka-window --progress=100ms --processing-time --tumble 1h --by vendor_id -a n=count --dead-letter ./letters >out"
	[ "$(grep -c $'\r.*records, ' sent)" -gt 3 ]
	expect_line '^kafka-window: stdin:[0-9]+: byte' shown
	expect_line '^kafka-window: 60 records read: ' shown
	expect_no_line '/s' shown
	# each line of text begins with what wipes the line
	tr '\r' '\n' <sent | grep -F 'kafka-window: stdin' | grep -v $'^\x1b\\[Kkafka-window: ' && fail "mixed"
	:
}

test_not_where_it_is_not_wanted() {
	local no
	for no in '-q' '--no-progress' '--progress=never' '--log-format json' '-q --progress'; do
		on_terminal 0 --size 100 "$make --duration 1500ms $no >out"
		expect_no_line '[0-9]/s' sent
	done
	# a terminal that has no cursor to move
	TERM=dumb python3 "$terminal" "$make --duration 1500ms >out"
	expect_no_line '[0-9]/s' sent
	# records to the same terminal
	on_terminal 0 --size 100 "$make --duration 1500ms"
	expect_no_line '[0-9]/s' sent
	expect_line '^\{"ride_id"|^\{' shown
	# not in the background
	on_terminal 0 --size 100 "set -m; $make --duration 1500ms >out & wait"
	expect_no_line '[0-9]/s' sent
	# where the line that it says something on is the shell's
	expect_line '^gen-to-kafka: 750 records made' shown
	expect_no_line $'\x1b\\[K' sent
}

# a command writes to the terminal by itself, and knows nothing of a line that is drawn
test_commands_have_the_terminal() {
	local command="kafka-to-lambda --batch-window 0 --batch-size 1 --workers 1"
	seq 4 | sed 's,.*,{},' >in
	on_terminal 0 --size 100 "$command -- sh -c 'echo begun >&2; sleep 0.6; echo over >&2' <in"
	expect_no_line '[0-9]/s' sent
	[ "$(grep -cx 'begun\|over' shown)" = 8 ] || fail "$(cat shown)"
	# in lines of their own
	on_terminal 0 --size 100 "$command --progress=100ms -- sh -c 'echo begun >&2; sleep 0.6; echo over >&2' <in"
	expect_line '^kafka-to-lambda: 4 records, .*/s.* elapsed$' shown
	[ "$(grep -cx 'begun\|over' shown)" = 8 ] || fail "$(cat shown)"
}

test_the_last_of_a_pipeline_draws() {
	on_terminal 0 --size 100 "$make --duration 1500ms | kafka-window --processing-time --tumble 1h -a n=count >out"
	expect_line '^gen-to-kafka: 750 records made' shown
	expect_line $'\rkafka-window: [0-9]+ records, ' sent
	expect_no_line $'\rgen-to-kafka: [0-9]+ records, ' sent
	# another, if it is asked to
	on_terminal 0 --size 100 "$make --duration 1500ms --progress | cat >out"
	expect_line $'\rgen-to-kafka: [0-9]+ records, ' sent
}

test_percent_and_time_left() {
	on_terminal 0 --size 100 --wait '[0-9]%, [0-9]s left' "$make --duration 3s >out"
	gen-to-kafka -q --model taxi-ride --seed 1 -c 2000 >in
	# half of a file
	on_terminal 130 --size 100 --wait ' [4-6][0-9]%' --type ^C "s3-to-kafka --rate 250 -c 2000 in >out"
	# how far a file on standard input has been read
	on_terminal 0 --size 100 --wait ' [0-9]+%' "kafka-to-lambda --progress=100ms --batch-size 100 --batch-window 0 --workers 1 \
		-- sh -c 'sleep 0.1; cat' <in >out"
}

# what has been sent of a small file, not what was read of it at once
test_percent_of_a_small_compressed_file() {
	gen-to-kafka -q --model trip-event --seed 1 -c 1200 | gzip >small.json.gz
	[ "$(stat -c %s small.json.gz)" -lt 131072 ] || fail "it is not small"
	on_terminal 130 --size 100 --wait ' [4-6][0-9]%, [0-9]s left' --type ^C "s3-to-kafka --rate 250 small.json.gz >out"
	# nor what waits for its turn
	on_terminal 130 --size 100 --wait ' [4-6][0-9]%, [0-9]s left' --type ^C \
		"s3-to-kafka --rate 250 --time dropoff_datetime --reorder 1000 small.json.gz >out"
	expect_no_line '(100|[7-9][0-9])%' sent
}

# ---- asked for ----

# SIGUSR1 is blocked: who is asked before that is ended by it, as any program
can_be_asked() {
	local blocked
	blocked=$(sed -n 's/^SigBlk:\t//p' /proc/$tool/status)
	[ $((0x$blocked & 1 << 9)) != 0 ]
}

start_endless() {
	mkfifo in
	"$@" <in >out 2>err &
	tool=$!
	exec 3>in
	wait_for 30 can_be_asked
}

# a request may come before the numbers do: until it has them
ask_until() {
	kill -USR1 $tool || fail "it has ended"
	grep -Eq -- "$1" err
}

test_asked_for() {
	start_endless kafka-window --processing-time --tumble 1h -a n=count
	# blocked at the beginning too: it waits
	seq 7 | sed 's/.*/{"n":&}/' >&3
	wait_for 30 ask_until '^kafka-window: 7 records, 49 B, '
	expect_no_line $'\r|\x1b' err
	seq 3 | sed 's/.*/{"n":&}/' >&3
	wait_for 30 ask_until '^kafka-window: 10 records, 70 B, [0-9./]+s, .*elapsed$'
	exec 3>&-
	wait $tool
	expect_line '10 records read: 10 in windows' err
}

test_asked_for_of_all_tools() {
	local tool
	start_endless kafka-to-lambda -q --batch-window 0 -- cat
	echo '{}' >&3
	wait_for 30 ask_until '^kafka-to-lambda: 1 record, 2 B, '
	exec 3>&-
	wait $tool
	rm in
	start_endless kafka-to-s3 -q --max-age 0 lake
	echo '{}' >&3
	wait_for 30 ask_until '^kafka-to-s3: 1 record, 2 B, .*, 1 open, '
	exec 3>&-
	wait $tool
	rm in
	start_endless s3-to-kafka -q -
	echo '{}' >&3
	wait_for 30 ask_until '^s3-to-kafka: 1 record, 2 B, '
	exec 3>&-
	wait $tool
	gen-to-kafka -q --model taxi-ride --rate 100 >out 2>err &
	tool=$!
	wait_for 30 can_be_asked
	wait_for 30 ask_until '^gen-to-kafka: [1-9][0-9]* records, '
	kill -TERM $tool
	wait $tool
	# nobody who could be asked, and asking does no harm
	kafka-to-pipe -b 127.0.0.1:1 -t none --wait 1m >out 2>err &
	tool=$!
	wait_for 30 can_be_asked
	wait_for 30 ask_until '^kafka-to-pipe: 0 records, '
	kill -TERM $tool
	wait $tool || [ $? = 75 ]
}

# while it cannot write: the reader of the pipe does not read
test_asked_for_while_it_is_blocked() {
	mkfifo pipe
	exec 4<>pipe
	gen-to-kafka -q --model taxi-ride --seed 1 --rate 300 >pipe 2>err &
	tool=$!
	wait_for 30 can_be_asked
	wait_for 30 pipe_is_full <&4
	wait_for 30 ask_until '^gen-to-kafka: [1-9][0-9]* records, '
	kill -KILL $tool
	wait $tool || :
	exec 4>&-
}

test_asked_for_as_json() {
	start_endless kafka-window --log-format json --processing-time --tumble 1h -a n=count
	seq 7 | sed 's/.*/{"n":&}/' >&3
	wait_for 30 ask_until '"records":7,'
	exec 3>&-
	wait $tool
	grep '"records":7' err | tail -n 1 >line
	python3 - line <<-'END'
		import json, sys
		line = json.load(open(sys.argv[1]))
		assert line["tool"] == "kafka-window" and line["level"] == "info"
		assert line["message"].startswith("7 records, 49 B")
		assert line["bytes"] == 49 and line["seconds"] >= 0 and line["rejected"] == 0
	END
}

# in lines of their own, where there is no terminal
test_lines() {
	expect_status 0 gen-to-kafka --model taxi-ride --rate 100 --duration 1500ms --progress=100ms
	[ "$(grep -cE '^gen-to-kafka: [0-9]+ records, .*elapsed$' err)" -ge 3 ] || fail "$(cat err)"
	expect_no_line $'\r|\x1b' err
	expect_status 2 gen-to-kafka --model taxi-ride -c 1 --progress=often
	expect_line '^gen-to-kafka: --progress: "often" is none of auto, always, never, and no duration' err
}

# what was read of the file before is not this run's
test_percent_of_the_rest_of_a_file() {
	local before
	gen-to-kafka -q --model taxi-ride --seed 1 -c 10000 >in
	before=$(head -n 5000 in | wc -c)
	{
		head -c "$before" >skipped
		kafka-to-lambda --progress=100ms --batch-size 100 --batch-window 0 --ahead 200 --workers 1 \
			-- sh -c 'sleep 0.05; cat' >out
	} <in 2>err
	[ "$(wc -c <skipped)" = "$before" ]
	expect_line '5000 records read: 5000 delivered' err
	expect_line ' [1-3]?[0-9]%,' err
}

# children are not asked, and may use the signal as they like
test_children_have_their_own_signals() {
	start_endless kafka-to-lambda --batch-window 0 --workers 1 -- \
		sh -c 'trap "echo asked >asked" USR1; kill -USR1 $$; cat'
	echo '{}' >&3
	wait_for 30 test -s asked
	exec 3>&-
	wait $tool
	expect_line '1 records read: 1 delivered' err
}

run_tests
