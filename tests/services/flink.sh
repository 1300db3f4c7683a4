#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-window against Flink SQL: the short run of scripts/fidelity. Without a broker the cases of a topic are left out.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

fidelity() {
	local status=0
	BUILD=$top_builddir TRIPS=$shared_data/tripevents-2019-01.json.lz4 \
		"$top_srcdir/scripts/fidelity" --short --keep ./kept "$@" >out 2>err || status=$?
	[ $status != 69 ] || skip "$(tail -n 1 err)"
	return $status
}

test_the_same_windows_as_flink() {
	fidelity || fail "$(cat out err)"
	grep -Eq '^[1-9][0-9]* cases, ' out || fail "no cases: $(cat out)"
	[ -z "${BOOTSTRAP_SERVERS:-}" ] || ! grep 'skipped: no broker' out || fail "the broker was not used"
}

# the comparison can fail
test_other_windows_are_seen_to_be_others() {
	local status=0
	fidelity --spoil '^tumble 10s by k' || status=$?
	[ $status = 1 ] || fail "status $status: $(cat out err)"
	expect_line '^1 cases, 0 equal' out
}

run_tests
