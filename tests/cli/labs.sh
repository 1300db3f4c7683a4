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

# Tools of which the first that Lab 2 runs leaves a process and then does what ./first says
stub_tools() {
	mkdir tools tmp
	cat >tools/gen-to-kafka <<'END'
#!/bin/sh
sleep 1000 >/dev/null 2>&1 &
echo $! >"$BUILD/../pid"
. "$BUILD/../first"
END
	chmod +x tools/gen-to-kafka
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
	expect_status 1 labs --environment --generated 2
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
		setsid env --default-signal=INT,HUP bash "$top_srcdir/scripts/labs" --environment --generated 2 >out 2>err &
		pid=$!
		wait_for 20 test -s pid
		kill -$signal $pid
		status=0
		wait $pid || status=$?
		[ $status = $((128 + $(kill -l $signal))) ] || fail "$signal: status $status"
		expect_nothing_left
	done
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
