# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What is in a file of --stats-file; sourced after tests/lib.sh.

# number FILE NAME: the sum over its lines, nothing where there are none
number() {
	awk -v name="$2" '{ at = index($0, "{") } substr($0, 1, at - 1) == name { sum += $NF; is_there = 1 }
		END { if (is_there) print sum }' "$1"
}

expect_number() {
	[ "$(number "$1" "$2")" = "$3" ] || fail "$2 is $(number "$1" "$2"), expected $3: $(cat "$1")"
}

# expect_exposition FILE: as "Exposition formats" and the textfile collector want it: each metric with its help
# and type before it and once, no line twice, no timestamp, an end of line at the end
expect_exposition() {
	[ "$(tail -c 1 "$1" | od -An -tx1)" = ' 0a' ] || fail "$1 has no end of line at its end"
	awk '
	function complain(text) { print FILENAME ":" FNR ": " text ": " $0; bad = 1 }
	/^# HELP / { if ($3 in help) complain("again"); help[$3]; next }
	/^# TYPE / {
		if (!($3 in help)) complain("no help")
		if (NF != 4 || $4 != "counter" && $4 != "gauge") complain("no type")
		if (($4 == "counter") != ($3 ~ /_total$/)) complain("its name")
		type[$3] = $4
		next
	}
	/^[a-z_]+\{([a-z_]+="([^"\\]|\\[\\"n])*",?)*\} [0-9]+$/ {
		at = index($0, "{")
		name = substr($0, 1, at - 1)
		if (!(name in type)) complain("no type")
		series = substr($0, 1, length($0) - length($NF))
		if (series in seen) complain("twice")
		seen[series]
		next
	}
	{ complain("no line of the format") }
	END { exit bad || NR == 0 }' "$1" || fail "$1 is no exposition"
}
