#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The house stays as it was laid out: which room may use which, where descriptors are, what is never
# called.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# from the lowest to the highest; a room includes itself and lower ones
rooms="base codec flow io aws source sink run"

sources() {
	(cd "$top_srcdir" && find "$@" -name '*.[ch]')
}

test_includes_go_one_way() {
	local file room target bad=0 lower
	for file in $(sources common); do
		room=$(cut -d/ -f2 <<<"$file")
		lower=${rooms%% "$room"*}" $room"
		[ "$room" = base ] && lower=base
		while read -r target; do
			case " $lower " in
			*" $target "*) ;;
			*)
				echo "$file includes $target/"
				bad=1
				;;
			esac
			# source and sink never use each other
			case $room$target in
			sourcesink | sinksource)
				echo "$file includes $target/"
				bad=1
				;;
			esac
		done < <(sed -n 's,^#include "\([a-z0-9-]*\)/.*,\1,p' "$top_srcdir/$file" | sort -u)
	done
	[ $bad = 0 ]
}

test_tools_do_not_use_each_other() {
	local file tool bad=0
	for file in $(sources tools); do
		tool=$(cut -d/ -f2 <<<"$file")
		if sed -n 's,^#include "\([a-z0-9-]*\)/.*,\1,p' "$top_srcdir/$file" |
			grep -E -- '-to-|kafka-' | grep -vx -- "$tool"; then
			echo "in $file"
			bad=1
		fi
	done
	[ $bad = 0 ]
}

test_pure_rooms_do_no_io() {
	local file bad=0
	for file in $(sources common/codec common/flow); do
		# comments may speak of printf(3)
		if sed 's,^ \* .*,,; s,/\*.*\*/,,' "$top_srcdir/$file" |
			grep -nE '(^|[^a-zA-Z0-9_>.])(open|read|write|close|poll|fopen|printf|fprintf|clock_gettime|gettimeofday|time|_?exit)\('; then
			echo "in $file"
			bad=1
		fi
	done
	[ $bad = 0 ]
}

# a tool that needs a zone or a locale would change what every other line means
test_process_state_is_left_alone() {
	local found
	found=$(cd "$top_srcdir" && grep -rnE '\b(tzset|setlocale|setenv|putenv|chdir|strtok|gets|strcpy|strcat|sprintf)\(' \
		common tools --include='*.[ch]' || true)
	[ -z "$found" ] || fail "$found"
}

# but for a process of its own: a forked member of a group ends where its work ends, as a thread would, and
# one that could not become another program ends too
test_library_code_does_not_exit() {
	local found
	found=$(cd "$top_srcdir" && grep -rnE '\b_?exit\(' common --include='*.c' |
		grep -vE '^common/(base/stop|io/child_call|run/workers)\.c' || true)
	[ -z "$found" ] || fail "$found"
}

test_files_say_their_licence() {
	local file bad=0
	for file in $(cd "$top_srcdir" && find common tools tests scripts man m4 -type f \
		\( -name '*.[ch]' -o -name '*.sh' -o -name '*.mk' -o -name '*.m4' -o -name '*.[17]' \)); do
		head -n 3 "$top_srcdir/$file" | grep -q 'SPDX-License-Identifier: MIT' || {
			echo "$file has no SPDX line"
			bad=1
		}
	done
	[ $bad = 0 ]
}

test_shell_scripts_are_clean() {
	command -v shellcheck >/dev/null || skip "shellcheck is not installed"
	cd "$top_srcdir"
	shellcheck -S warning -x scripts/check scripts/services scripts/install-deps scripts/demo scripts/bench \
		scripts/fidelity scripts/labs scripts/build-tools tests/labs/bin/duckdb tests/lib.sh tests/*/*.sh tests/services/flink/*.sh
}

run_tests
