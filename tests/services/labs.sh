#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The labs of scripts/labs, each with the services that run here.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

# run_labs [OPTION...] LAB...
run_labs() {
	local status=0
	BUILD=$top_builddir TMPDIR=$PWD "$top_srcdir/scripts/labs" --environment "$@" >out 2>err || status=$?
	if grep -q '^skipped: ' out; then
		skip "$(sed -n 's/^skipped: //p' out)"
	fi
	[ $status = 0 ] || {
		cat out err
		fail "exit status $status"
	}
	expect_line '^[1-9][0-9]* passed, 0 failed$' out
	[ -z "$(find . -maxdepth 1 -name 'sluice-labs.*')" ] || fail "something is left"
}

test_lab_1() { run_labs 1; }
test_lab_2() { run_labs 2; }
test_lab_3() { run_labs 3; }
test_lab_4() { run_labs 4; }
test_lab_5() { run_labs 5; }
test_lab_6() { run_labs 6; }
test_etl() { run_labs etl; }
test_clickstream() { run_labs clickstream; }
test_input_that_is_made() { run_labs --generated replay etl clickstream; }

run_tests
