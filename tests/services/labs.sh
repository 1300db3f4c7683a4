#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The labs of scripts/labs, each with the services that run here, and the numbers that sluice-labs(7) gives.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
# shellcheck source=tests/labs/page.sh
. "$top_srcdir/tests/labs/page.sh"

# what a caller has configured would be taken into account
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_SESSION_TOKEN

# real_input: real files, as --data wants them, in ./data
real_input() {
	need_shared workshop-taxi-trips.csv
	need_shared tripevents-2019-01.two-frames.json.lz4
	mkdir data
	ln -s "$shared_data/workshop-taxi-trips.csv" data/taxi-trips.csv
	ln -s "$shared_data/tripevents-2019-01.two-frames.json.lz4" data/trips.json.lz4
}

# run_labs [OPTION...] LAB...
run_labs() {
	local status=0
	BUILD=$top_builddir TMPDIR=$PWD "$top_srcdir/scripts/labs" --environment "$@" >out 2>err || status=$?
	[ $status != 69 ] || skip_what_is_missing
	[ $status = 0 ] || {
		cat out err
		fail "exit status $status"
	}
	expect_line '^[1-9][0-9]* passed, 0 failed(, [1-9][0-9]* skipped)?$' out
	[ -z "$(find . -maxdepth 1 -name 'sluice-labs.*')" ] || fail "something is left"
}

# skip_what_is_missing: last, when all else has been looked at
skip_what_is_missing() {
	! grep -q '^skipped: ' out || skip "$(sed -n 's/^skipped: //p' out | paste -sd';')"
}

# expect_rows LAB: those of the page are in a table
expect_rows() {
	local what value
	page_display rows "$1" | sed -E 's/ {2,}/\t/' >rows
	[ -s rows ] || fail "the page has no rows of lab $1"
	! grep -q '^skipped: SQL' out || sed -i '/^SQL/d' rows
	while IFS=$'\t' read -r what value; do
		sed -nE 's/^ *//; s/ {2,}/\t/gp' out | grep -qxF "$what"$'\t'"$value"$'\t'"$value"$'\t'ok ||
			fail "no row: $what $value"
	done <rows
}

test_what_asks_s3() {
	local name=lab$$-$RANDOM lab_s3=$top_srcdir/tests/labs/bin/lab-s3
	[ -n "${AWS_ENDPOINT_URL_S3:-}" ] || skip "without versitygw"
	printf 'a b\n' >file
	AWS_ENDPOINT_URL_S3=$AWS_ENDPOINT_URL_S3/ "$lab_s3" make $name
	"$lab_s3" put "$name/x/a b+ü" file
	"$lab_s3" list $name/x >out
	expect_text out $'4\tx/a b+ü'
	"$lab_s3" get $name/x copy
	expect_same file "copy/x/a b+ü"
	# versitygw has no sessions, and says so
	expect_status 1 env AWS_SESSION_TOKEN=token "$lab_s3" list $name
	expect_line InvalidToken err
	expect_status 1 env -u AWS_SECRET_ACCESS_KEY "$lab_s3" list $name
	expect_text err 'lab-s3: AWS_SECRET_ACCESS_KEY is not set'
}

test_lab_1() { run_labs 1; expect_rows 1; }
test_lab_3() { run_labs 3; expect_rows 3; skip_what_is_missing; }
test_lab_4() { run_labs 4; expect_rows 4; }
test_lab_5() { run_labs 5; expect_rows 5; }
test_lab_6() { run_labs 6; expect_rows 6; }

test_real_input() {
	real_input
	run_labs --data data replay etl
	expect_line '^  bucket taxi-data-[a-z0-9]{6}$' out
	expect_line '^  index trip-[a-z0-9]{6}$' out
}

test_clickstream_and_input_that_is_made() {
	run_labs replay etl clickstream
	expect_rows 2
	expect_rows 7
	expect_rows 8
	skip_what_is_missing
}

run_tests
