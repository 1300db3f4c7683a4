#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/labs without services, and sluice-labs(7).
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/labs/page.sh
. "$top_srcdir/tests/labs/page.sh"

labs() {
	bash "$top_srcdir/scripts/labs" "$@"
}

# the page is what a user types, the script is what runs
test_commands_of_the_page() {
	local name
	for name in $(page_names lab); do
		page_display lab "$name" >page
		labs --commands "$name" >script
		[ -s script ] || fail "lab $name has no commands"
		expect_same page script
	done
	# and each lab is in the page
	labs --list | cut -d' ' -f1 | sort >listed
	page_names lab | grep -vx input | sort >shown
	expect_same listed shown
}

# What a reader sees is what is compared: a display has no escapes but those that page_display knows.
test_displays_as_they_are_read() {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	local kind name line
	mandoc -T ascii "$labs_page" | sed 's/^ *//' >seen
	for kind in lab rows table; do
		for name in $(page_names $kind); do
			page_display $kind "$name" | sed 's/^ *//' >display
			[ -s display ] || fail "$kind $name is empty"
			while read -r line; do
				grep -qxF -e "$line" seen || fail "$kind $name: $line"
			done <display
		done
	done
}

# functions of scripts/labs itself
judge_and_table() {
	sed -nE '/^(judge|table)\(\) \{/,/^\}/p' "$top_srcdir/scripts/labs" >functions.sh
	# shellcheck source=/dev/null
	. ./functions.sh
}

test_sample_table() {
	judge_and_table
	page_display table 5 >display
	page_display rows 5 | head -n $(($(wc -l <display) - 1)) | awk -F '  +' -v OFS='\t' '{ print $1, $2, $2 }' >rows
	judge <rows | table | sed '1d; s/^  //; s/ *$//' >printed
	expect_same display printed
}

test_commands_are_bash() {
	local name
	for name in $(page_names lab); do
		labs --commands "$name" | bash -n || fail "lab $name"
	done
}

test_list() {
	expect_status 0 labs --list
	[ "$(wc -l <out)" = 8 ] || fail "$(cat out)"
	expect_line '^4 aggregate +Rides are cleaned' out
}

test_numbers_and_names() {
	labs --commands etl >a
	labs --commands 7 >b
	expect_same a b
}

test_usage() {
	expect_status 2 labs 9
	expect_line 'there is no lab 9 \(--list\)' err
	expect_status 2 labs --what
	expect_status 2 labs --commands
	expect_status 2 labs --commands nothing
	expect_status 2 labs '*'
	expect_status 0 labs --help
	expect_line '^ +--keep ' out
}

# Tools of which the first that Lab 2 runs leaves a process and then does what ./first says; topics are made at once
stub_tools() {
	mkdir tools tmp
	printf '#!/bin/sh\n' >tools/kafka-topic
	cat >tools/gen-to-kafka <<'END'
#!/bin/sh
sleep 1000 >/dev/null 2>&1 &
echo $! >"$BUILD/../pid"
. "$BUILD/../first"
END
	chmod +x tools/gen-to-kafka tools/kafka-topic
	export BUILD=$PWD/tools TMPDIR=$PWD/tmp
	# nobody is there, and nobody is asked
	export BOOTSTRAP_SERVERS=127.0.0.1:1 AWS_ENDPOINT_URL_S3=http://127.0.0.1:1
}

is_gone() {
	! kill -0 "$(cat pid)" 2>/dev/null
}

expect_nothing_left() {
	wait_for 20 is_gone
	[ -z "$(ls tmp)" ] || fail "left: $(ls tmp)"
}

test_a_command_that_fails() {
	stub_tools
	echo 'exit 74' >first
	expect_status 1 labs --environment 2
	expect_line '^ +exit status of the lab +0 +74 +FAILED$' out
	expect_line '^0 passed, 1 failed$' out
	expect_nothing_left
}

# stub TEXT TOOL...: shell scripts for stub_tools
stub() {
	local text=$1 tool
	shift
	for tool in "$@"; do
		printf '#!/bin/sh\n%s\n' "$text" >"tools/$tool"
		chmod +x "tools/$tool"
	done
}

test_a_lab_that_compares_nothing() {
	stub_tools
	stub : kafka-topic gen-to-kafka kcat jq python3
	expect_status 1 labs --environment 1
	expect_line '^ +outcome +compared +nothing +FAILED$' out
	expect_line '^0 passed, 1 failed$' out
}

test_what_is_left_out_counts_as_skipped() {
	stub_tools
	stub : kafka-topic gen-to-kafka kafka-to-s3 kcat jq
	stub 'exit 1' duckdb
	stub 'printf "rides\t1\t1\n"' python3
	expect_status 0 labs --environment 3
	expect_line '^skipped: SQL over the lake: ' out
	expect_line '^[1-9][0-9]* passed, 0 failed, 1 skipped$' out
}

test_a_signal() {
	local pid signal status
	stub_tools
	echo 'sleep 1000' >first
	for signal in TERM INT HUP; do
		rm -f pid
		setsid env --default-signal=INT,HUP bash "$top_srcdir/scripts/labs" --environment 2 >out 2>err &
		pid=$!
		wait_for 20 test -s pid
		kill -$signal $pid
		status=0
		wait $pid || status=$?
		[ $status = $((128 + $(kill -l $signal))) ] || fail "$signal: status $status"
		expect_nothing_left
	done
}

# as from a terminal, to all of its group: a caller that waits ends too, for it died of the signal
test_the_caller_sees_the_signal() {
	local pid
	stub_tools
	echo 'sleep 1000' >first
	# shellcheck disable=SC2016 # for the other shell
	setsid env --default-signal=INT bash -c 'bash "$0" --environment 2 >out 2>err; : >went-on' "$top_srcdir/scripts/labs" &
	pid=$!
	wait_for 20 test -s pid
	kill -INT -- -$pid
	wait $pid || :
	expect_nothing_left
	[ ! -e went-on ] || fail "the caller took it for an exit"
}

# one who is impatient must not leave half of it behind
test_a_second_signal() {
	local pid
	stub_tools
	cat >first <<'END'
ending() {
	: >"$BUILD/../ending"
	until [ -e "$BUILD/../go" ]; do sleep 0.1; done
	exit
}
trap ending TERM
while :; do sleep 0.1; done
END
	setsid env --default-signal=INT bash "$top_srcdir/scripts/labs" --environment 2 >out 2>err &
	pid=$!
	wait_for 20 test -s pid
	kill -INT -- -$pid
	wait_for 20 test -e ending
	kill -INT -- -$pid
	: >go
	wait $pid || :
	expect_nothing_left
}

# of a terminal that stops whoever writes in the background
test_a_terminal_of_tostop() {
	stub_tools
	echo 'echo here >&2; exit 74' >first
	timeout 60 python3 - bash "$top_srcdir/scripts/labs" --environment 2 >out <<'END' || fail "$(cat out)"
import os
import pty
import sys
import termios
pid, terminal = pty.fork()
if pid == 0:
    mode = termios.tcgetattr(0)
    mode[3] |= termios.TOSTOP
    termios.tcsetattr(0, termios.TCSANOW, mode)
    os.execvp(sys.argv[1], sys.argv[1:])
try:
    while text := os.read(terminal, 4096):
        print(text.decode(), end="")
except OSError:
    pass # the last one has closed it
END
	expect_line '^here' out
	expect_line '^0 passed, 1 failed' out
	expect_nothing_left
}

test_order_and_repetition() {
	stub_tools
	unset BOOTSTRAP_SERVERS AWS_ENDPOINT_URL_S3
	expect_status 69 labs --environment 4 generate aggregate 1
	grep '^== ' out >order
	expect_text order '== 1 generate
== 4 aggregate'
}

test_what_others_need_has_failed() {
	stub_tools
	export AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:1
	echo 'exit 74' >first
	expect_status 1 labs --environment 5 1
	expect_line '^skipped: the rides could not be made$' out
	[ "$(tail -n 1 out)" = '0 passed, 1 failed, 1 skipped' ] || fail "$(cat out)"
	expect_line '^  topic taxi-rides-[a-z0-9]{6}$' out
	expect_nothing_left
}

test_files_of_the_environment_are_kept() {
	local line
	stub_tools
	echo 'exit 74' >first
	expect_status 1 labs --environment --keep 1
	[ -n "$(ls tmp)" ] || fail "there is nothing"
	line=$(grep '^  rm -rf ' out)
	eval "$line"
	expect_nothing_left
}

test_data_of_the_user() {
	mkdir data
	: >data/taxi-trips.csv
	expect_status 2 labs --data data 2
	expect_line '^labs: --data: cannot read data/trips.json.lz4$' err
}

test_build_without_tools() {
	expect_status 2 env BUILD="$PWD" bash "$top_srcdir/scripts/labs" 1
	expect_line "^build-tools: no tools are built in BUILD=$PWD\$" err
}

test_cells_are_text() {
	judge_and_table
	printf 'a\t2.50\t2.5\nb\t1000\t1e3\nc\tx\tx\n' | judge | cut -f 4 >verdicts
	expect_text verdicts 'FAILED
FAILED
ok'
}

test_without_a_service() {
	stub_tools
	unset AWS_ENDPOINT_URL_S3
	expect_status 69 labs --environment 2
	expect_line '^skipped: without versitygw$' out
	expect_line '^0 passed, 0 failed, 1 skipped$' out
	[ -z "$(ls tmp)" ] || fail "left: $(ls tmp)"
}

run_tests
