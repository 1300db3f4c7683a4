# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the tests read out of the manual pages: their options and their examples. Sourced after
# lib.sh and trips.sh.
#
# An example is a display (.Bd to .Ed) with comments before it that readers do not see:
#
#   .\" example: pipe | broker | broker endless | s3
#   .\" topics: NAME NAME=FILE ...   made before, the latter filled from FILE
#   .\" table: NAME                  dynamodb: made before
#   .\" change: SED                  applied to the text (a shorter time)
#   .\" check: SHELL                 true afterwards; endless: until then, then SIGTERM and exit status 0
#
# It runs in a directory with the files of make_input, its standard output in ./out.

# shellcheck disable=SC2034,SC2154 # lib.sh sets the one, tests use the others
pages=$top_srcdir/man
# shellcheck disable=SC2034
tools="s3-to-kafka gen-to-kafka kafka-window kafka-to-s3 kafka-to-pipe"
tools+=" kafka-to-opensearch kafka-to-dynamo kafka-to-lambda kafka-topic"

# page_options PAGE: one option a line, as --help writes it: "-b, --brokers LIST"
page_options() {
	awk '
	$1 == ".It" && $2 == "Fl" {
		text = ""
		is_tight = 1
		for (i = 2; i <= NF; i++) {
			if ($i == "Fl") { text = text (is_tight ? "" : " ") "-"; is_tight = 1; continue }
			if ($i == "Ar" || $i == "Cm") continue
			if ($i == "Ns") { is_tight = 1; continue }
			if ($i == "Op") { text = text "["; is_open = 1; is_tight = 1; continue }
			if ($i == ",") { text = text ","; continue }
			text = text (is_tight ? "" : " ") $i
			is_tight = 0
		}
		print text (is_open ? "]" : "")
		is_open = 0
	}' "$1"
}

# help_rows TOOL: --help without its examples
help_rows() {
	"$1" --help | sed '/^Examples:/,/^$/d'
}

# help_options TOOL: the same as page_options, from --help
help_options() {
	help_rows "$1" | sed -nE 's/^ {2,6}((-., )?--[a-z][a-z-]*(\[[^]]*\]| [^ ]+)?)(  .*)?$/\1/p'
}

# example_count PAGE
example_count() {
	grep -c '^\.\\" example: ' "$1" || true
}

# example_note PAGE NUMBER NAME: the comment NAME of the example, empty where there is none
example_note() {
	awk -v number="$2" -v name="$3:" '
	$1 == ".\\\"" && $2 == "example:" { count++ }
	$1 == ".Bd" && count == number { exit }
	$1 == ".\\\"" && $2 == name && count == number { sub(/^\.\\" [a-z]*: */, ""); print }' "$1"
}

# page_displays PAGE KIND: the numbers of its displays of that kind
page_displays() {
	local number words
	for number in $(seq 1 "$(example_count "$1")"); do
		words=$(example_note "$1" "$number" example)
		[ "${words%% *}" != "$2" ] || echo "$number"
	done
}

# example_text PAGE NUMBER: the display, without roff
example_text() {
	awk -v number="$2" '
	$1 == ".\\\"" && $2 == "example:" { count++; is_next = count == number }
	$1 == ".Ed" { is_shown = 0 }
	is_shown { print }
	$1 == ".Bd" && is_next { is_shown = 1; is_next = 0 }' "$1" | without_escapes
}

# those that displays have; tests/cli/labs.sh holds that against what mandoc prints
without_escapes() {
	sed -e "s/\\\\(aq/'/g" -e 's/\\&//g' -e 's/\\e/\\/g'
}

# Two days of trips and what the examples call by name.
make_input() {
	make_trips 2000 >trips.json
	lz4 -q trips.json trips.json.lz4
	printf 'a1,1,7.50\na2,2,12.00\n' >fares.csv
	printf '%s\n' '{"payload":{"a":1},"error":{}}' '{"payload":"{\"a\":2}","key":"k"}' >letters.json
	# a lake in which two trips came in the wrong order and one is broken
	mkdir -p past/day=2019-01-01
	{ sed -n 2p trips.json; sed -n 1p trips.json; echo '{"trip_id":'; sed 1,2d trips.json; } \
		>past/day=2019-01-01/part.json
}

# in_example COMMAND...: as the reader's shell would, and a failure anywhere in a pipeline counts
in_example() {
	bash -o pipefail "$@" >out 2>err </dev/null
}

show_example() {
	echo "${1##*/}, example $2:"
	cat script
	echo "-- stderr:"
	head -n 20 err
	echo "-- stdout:"
	head -n 5 out
}

# run_ending_example PAGE NUMBER, with ./script
run_ending_example() {
	local status=0
	in_example script || status=$?
	[ $status = 0 ] || {
		show_example "$@"
		fail "exit status $status"
	}
	eval "$(example_note "$1" "$2" check)" >/dev/null || {
		show_example "$@"
		fail "not so: $(example_note "$1" "$2" check)"
	}
}

# An example is one command or a pipeline; its last process gets the signal, the others end by it.
run_endless_example() {
	local status=0 check end=$((SECONDS + 60))
	check=$(example_note "$1" "$2" check)
	sed -i '1s/^/exec /' script
	bash script >out 2>err </dev/null &
	local pid=$!
	until eval "$check" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ] || ! kill -0 $pid 2>/dev/null; then
			kill $pid 2>/dev/null || true
			show_example "$@"
			fail "not so: $check"
		fi
		sleep 0.2
	done
	kill -TERM $pid
	wait $pid || status=$?
	[ $status = 0 ] || {
		show_example "$@"
		fail "exit status $status after SIGTERM"
	}
}

# run_examples PAGE KIND [PREPARE]: those of that kind, each in a directory of its own. PREPARE is
# called there with PAGE NUMBER before ./script runs.
run_examples() {
	local page=$1 kind=$2 prepare=${3:-true} number words ran=0
	for number in $(seq 1 "$(example_count "$page")"); do
		words=$(example_note "$page" "$number" example)
		[ "${words%% *}" = "$kind" ] || continue
		mkdir "$number"
		cd "$number" || fail "no directory"
		make_input
		example_text "$page" "$number" | sed -E "$(example_note "$page" "$number" change)" >script
		[ -s script ] || fail "$page: example $number is empty"
		$prepare "$page" "$number"
		case $words in
		*endless) run_endless_example "$page" "$number" ;;
		*) run_ending_example "$page" "$number" ;;
		esac
		cd ..
		ran=$((ran + 1))
	done
	[ $ran -gt 0 ] || fail "$page has no example of kind $kind"
}
