# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The harness of the shell tests, sourced by each of them. A test file defines functions
# test_SOMETHING and ends with `run_tests`: each function runs in a shell of its own (errexit,
# nounset, pipefail) in an empty scratch directory and passes if it returns 0. `skip WHY` skips it.
# Output is TAP. TEST_ONLY=REGEX runs only the functions whose names match.

top_srcdir=$(cd "${srcdir:-.}" && pwd)
top_builddir=$(cd "${top_builddir:-.}" && pwd)
shared_data=${SLUICE_SHARED:-$top_srcdir/../shared}/data
PATH=$top_builddir:$PATH
# nothing of the caller's configuration may leak in
export SLUICE_CONFIG=/dev/null LC_ALL=C TZ=America/New_York

fail() {
	echo "FAILED: $*"
	exit 1
}

skip() {
	echo "SKIP: $*"
	exit 77
}

# expect_status N COMMAND...: stdout in ./out, stderr in ./err
expect_status() {
	local want=$1 got=0
	shift
	"$@" >out 2>err || got=$?
	[ "$got" = "$want" ] && return 0
	echo "\$ $*"
	echo "exit status $got, expected $want; stderr:"
	head -n 20 err
	exit 1
}

# expect_same FILE FILE
expect_same() {
	cmp -s "$1" "$2" && return 0
	diff -u "$1" "$2" | head -n 30
	fail "$1 and $2 differ"
}

# expect_text FILE TEXT: the file's whole content (a line feed at its end added)
expect_text() {
	printf '%s\n' "$2" | cmp -s - "$1" && return 0
	printf '%s\n' "$2" | diff -u - "$1" | head -n 30
	fail "$1 is not as expected"
}

# expect_line REGEX FILE: at least one line matches
expect_line() {
	grep -Eq -- "$1" "$2" && return 0
	echo "no line of $2 matches: $1; it holds:"
	head -n 20 "$2"
	exit 1
}

expect_no_line() {
	grep -Eq -- "$1" "$2" || return 0
	grep -E -- "$1" "$2" | head -n 5
	fail "a line of $2 matches: $1"
}

# wait_for SECONDS COMMAND...: until it succeeds; fails after that time
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || fail "not within time: $*"
		sleep 0.05
	done
}

# pipe_is_empty <PIPE, pipe_is_full <PIPE: of what was written and not read yet
pipe_bytes() {
	python3 -c 'import fcntl, struct, termios
print(struct.unpack("i", fcntl.ioctl(0, termios.FIONREAD, bytes(4)))[0])'
}

pipe_is_empty() {
	[ "$(pipe_bytes)" = 0 ]
}

# No page of it is free: of what is written in pieces that do not fill one, it may hold much less than 64 KiB.
pipe_is_full() {
	python3 -c 'import os, select, sys
fd = os.open("/proc/self/fd/0", os.O_WRONLY | os.O_NONBLOCK)
poll = select.poll()
poll.register(fd, select.POLLOUT)
sys.exit(bool(poll.poll(0)))'
}

# the sanitizers take memory of their own
is_sanitized() {
	grep -q 'define SLUICE_SANITIZED 1' "$top_builddir/config.h"
}

need_shared() {
	[ -r "$shared_data/$1" ] || skip "$1 is not in $shared_data"
}

# Not to be called where bash ignores errexit (behind ||, in an if): it would be ignored in the test too.
# The mark at the end is for a test that an exec replaced.
run_one() {
	(
		set -euo pipefail
		# a test that fails half-way leaves no tool behind
		trap 'jobs -p | xargs -r kill -KILL 2>/dev/null || :' EXIT
		cd "$1"
		"$2"
		: >"$1.done"
	) >"$1.log" 2>&1 </dev/null
}

run_tests() {
	local names name number=0 failed=0 status
	set +e
	# in the order of the file
	names=$(grep -oE '^test_[a-zA-Z0-9_]+ *\(\)' "$0" | tr -d ' ()')
	[ -z "${TEST_ONLY:-}" ] || names=$(grep -E "$TEST_ONLY" <<<"$names")
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/sluice-test.XXXXXX")
	trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
	trap 'exit 143' TERM HUP
	trap 'exit 130' INT
	# a directory with blanks finds missing quotes
	mkdir "$scratch/a b"
	echo "1..$(wc -w <<<"$names")"
	for name in $names; do
		number=$((number + 1))
		mkdir "$scratch/a b/$name"
		run_one "$scratch/a b/$name" "$name"
		status=$?
		if [ $status = 0 ] && [ ! -e "$scratch/a b/$name.done" ]; then
			echo "ended before its last line" >>"$scratch/a b/$name.log"
			status=1
		fi
		case $status in
		0) echo "ok $number - $name" ;;
		77) echo "ok $number - $name # SKIP $(sed -n 's/^SKIP: //p' "$scratch/a b/$name.log")" ;;
		*)
			echo "not ok $number - $name"
			sed 's/^/# /' "$scratch/a b/$name.log"
			failed=1
			;;
		esac
	done
	if declare -F end_of_tests >/dev/null; then end_of_tests; fi
	# under make the driver counts the lines
	[ -n "${UNDER_MAKE:-}" ] || exit $failed
}
