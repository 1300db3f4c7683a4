#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/labs with services that it starts itself: nothing is left of them, unless they are to be kept. One lab, with
# Kafka alone, beside whatever else runs here.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# exec_labs [OPTION...] LAB...: in the place of this shell; each of these variables would lead it elsewhere, or nowhere
exec_labs() {
	exec env BUILD="$top_builddir" TMPDIR="$PWD" BOOTSTRAP_SERVERS=127.0.0.1:1 AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 \
		OPENSEARCH_URL=http://127.0.0.1:1 OPENSEARCH_USERNAME=somebody AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true \
		AWS_MSK_IAM=true SLUICE_SERVICES_DIR=/nonexistent http_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 \
		setsid env --default-signal=INT "$top_srcdir/scripts/labs" "$@" >out 2>err
}

# run_labs [OPTION...] LAB...
run_labs() {
	local status=0
	(exec_labs "$@") || status=$?
	if grep -q '^skipped: ' out; then
		skip "$(sed -n 's/^skipped: //p' out)"
	fi
	[ $status = 0 ] || {
		cat out err
		fail "exit status $status"
	}
}

# processes: ids of those that run in a directory of the labs, or were given its name
processes() {
	local dir
	for dir in /proc/[0-9]*; do
		case $(readlink "$dir/cwd" 2>/dev/null) in
		"$PWD"/sluice-labs.*) echo "${dir##*/}" ;;
		*)
			{ tr '\0' ' ' <"$dir/cmdline"; } 2>/dev/null | grep -qF "$PWD/sluice-labs." && echo "${dir##*/}"
			;;
		esac
	done
	:
}

expect_nothing_left() {
	[ -z "$(find . -maxdepth 1 -name 'sluice-labs.*')" ] || fail "left: $(find . -path './sluice-labs.*')"
	[ -z "$(processes)" ] || fail "left: $(processes | xargs ps -o pid,args -p)"
}

# lines_below TEXT: of ./out, the indented ones behind the line that begins with it
lines_below() {
	awk -v head="$1" '
	index($0, head) == 1 { is_below = 1; next }
	/^[^ ]/ { is_below = 0 }
	is_below && /^  / { print }' out
}

test_nothing_is_left() {
	run_labs 1
	expect_line '^[1-9][0-9]* passed, 0 failed$' out
	expect_no_line '127\.0\.0\.1:1$' out
	expect_nothing_left
}

test_what_is_kept_and_how_it_is_removed() {
	run_labs --keep 1
	[ -n "$(processes)" ] || fail "no service is up"
	lines_below 'To look at ' >look
	expect_line 'kafka-to-pipe .* -t taxi-rides$' look
	bash -eu look >seen 2>err || fail "$(cat seen err)"
	[ "$(grep -c '"pickup_date"' seen)" = 3 ] || fail "$(cat seen err)"
	expect_line '^kafka.running' seen
	SLUICE_SERVICES_DIR=$(echo "$PWD"/sluice-labs.*/services) NO_PROXY=a.example,b.example all_proxy=http://127.0.0.1:1 \
		"$top_srcdir/scripts/services" env >exports
	(no_proxy='' NO_PROXY='' && eval "$(grep no_proxy= exports)" && printf '%s\n' "$no_proxy" "$NO_PROXY") >lists
	expect_text lists 'a.example,b.example,127.0.0.1
a.example,b.example,127.0.0.1'
	lines_below 'To remove ' >remove
	bash -eu remove >removed 2>&1 || fail "$(cat removed)"
	expect_nothing_left
}

is_starting() {
	test -s "$(echo sluice-labs.*/services/kafka/process)"
}

test_interrupted_while_a_service_starts() {
	local pid status=0
	exec_labs 1 &
	pid=$!
	until is_starting; do
		# where no Kafka can be had it ends by itself
		kill -0 $pid 2>/dev/null || skip "$(sed -n 's/^skipped: //p' out) (exit status $(wait $pid && echo 0 || echo $?))"
		sleep 0.05
	done
	kill -INT -- "-$pid"
	wait $pid || status=$?
	[ $status = 130 ] || fail "exit status $status: $(cat out err)"
	expect_nothing_left
}

# those that a test has failed to stop
end_of_tests() {
	local dir
	for dir in "${scratch:?}"/*/*/sluice-labs.*/services; do
		[ ! -d "$dir" ] || SLUICE_SERVICES_DIR=$dir "$top_srcdir/scripts/services" stop all >/dev/null 2>&1
	done
}

run_tests
