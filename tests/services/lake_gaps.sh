#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 where records expire before they are read: --accept-gap.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
# shellcheck source=tests/services/lake_lib.sh
. "$top_srcdir/tests/services/lake_lib.sh"

files_of_lake() {
	find -H lake -type f -not -path 'lake/_sluice/*' -not -path '*/.*' "$@" 2>/dev/null
}

# add COUNT: so many more records to the topic, also to ./in; an id is its offset where there is one partition
add() {
	local from
	from=$(wc -l <in)
	awk -v from="$from" -v count="$1" 'BEGIN {
		for (i = from; i < from + count; i++)
			printf "{\"id\":%d,\"p\":%d,\"pad\":\"%060d\"}\n", i, i * 7919 % 5, i
	}' >more.json
	s3-to-kafka -q -t "$topic" more.json
	cat more.json >>in
}

# prepare RECORDS: into a fresh topic of one partition, $topic
prepare() {
	topic=$(fresh_id)
	create_topic "$topic" 1
	: >in
	add "$1"
}

land() {
	kafka-to-s3 -t "$topic" -G "g-$topic" --path 'p={p}' "$@" "$target"
}

# start_land OPTION...: in the background, its process in $tool
start_land() {
	kafka-to-s3 -q -t "$topic" -G "g-$topic" --path 'p={p}' -X group.instance.id=one "$@" "$target" &
	tool=$!
}

committed() {
	services group offsets "g-$topic" | awk '{ print $3 }'
}

expire() {
	services topic delete-records "$topic" 0 "$1" >/dev/null
}

# expect_ids CONDITION-OF-AWK ON ID: those, once each
expect_ids() {
	lines_of_lake | jq .id | sort -n >got
	awk "{ id = NR - 1; p = id * 7919 % 5 } $1 { print id }" in >want
	expect_same want got
}

test_a_gap_stops_unless_it_is_accepted() {
	prepare 100
	expect_status 0 land -c 10
	expire 40
	expect_status 65 land -e
	expect_line "$topic\[0\]@10: offset has expired: the log now starts at 40 \(30 records are gone\)" err
	[ "$(committed)" = 10 ]
	expect_status 0 land -e --accept-gap
	expect_line "$topic\[0\]: offsets 10 to 39 have expired: 30 records are gone; reading goes on at 40" err
	expect_line ' 60 records read: 60 delivered' err
	expect_ids 'id < 10 || id >= 40'
	[ "$(committed)" = 100 ]
	[ "$(jq .until "lake/_sluice/$topic-00000")" = 100 ]
	expect_status 0 land -e
}

# nor is it met again where nothing came behind it
test_a_gap_up_to_the_end() {
	prepare 100
	expect_status 0 land -c 10
	expire -1
	expect_status 65 land -e
	expect_status 0 land -e --accept-gap
	expect_line 'offsets 10 to 99 have expired: 90 records are gone' err
	[ "$(committed)" = 100 ]
	expect_status 0 land -e
	expect_no_line expired err
	add 5
	expect_status 0 land -e
	expect_ids 'id < 10 || id >= 100'
}

test_an_offset_behind_the_end_is_no_gap() {
	prepare 10
	services group set-offset "g-$topic" "$topic" 0 20
	expect_status 65 land -e --accept-gap
	expect_line "$topic\[0\]@20: offset is beyond the end, 10" err
	expect_status 65 land --accept-gap
	expect_line "$topic\[0\]@20: offset is .*10: was the topic made anew" err
}

test_without_a_group() {
	prepare 100
	expire 40
	expect_status 65 kafka-to-s3 -t "$topic" -p 0 -o 10 -e lake
	expect_status 0 kafka-to-s3 -t "$topic" -p 0 -o 10 -e --accept-gap lake
	expect_line 'offsets 10 to 39 have expired' err
	expect_ids 'id >= 40'
}

# leave_unfinished OPTION...: all is published as one epoch that is not settled
leave_unfinished() {
	local fingerprint end
	end=$(wc -l <in)
	expect_status 0 land -e "$@"
	rm -r lake/_sluice
	services group set-offset "g-$topic" "$topic" 0 0 "until=$end fp=0000000000000000"
	expect_status 65 land -e "$@"
	fingerprint=$(sed -n 's/.*these are \([0-9a-f]*\)).*/\1/p' err)
	services group set-offset "g-$topic" "$topic" 0 0 "until=$end fp=$fingerprint"
}

test_an_unfinished_epoch_is_finished_from_what_is_left() {
	prepare 1000
	leave_unfinished
	rm -r lake/p=1
	expire 100
	expect_status 65 land -e
	[ ! -e lake/p=1 ]
	expect_status 0 land -e --accept-gap
	expect_line 'offsets 0 to 99 have expired' err
	expect_line 'published offsets up to 999 in part: what is missing is made of those from 100 on' err
	expect_line ' 720 of the records that are left belong to files that were there' err
	expect_ids 'p != 1 || id >= 100'
	[ "$(committed)" = 1000 ]
	expect_status 0 land -e
}

# files of a path shift behind the gap: nothing twice, and what is lost is said
test_an_unfinished_epoch_with_rolled_files() {
	prepare 1000
	leave_unfinished --roll-records 50
	# of 200 records of a path in 4 files two, three or none are there
	rm lake/p=1/* lake/p=2/*_0002.json lake/p=2/*_0003.json lake/p=3/*_0003.json
	expire 100
	expect_status 0 land -e --accept-gap --roll-records 50
	expect_line 'of paths with several .* some may be missing' err
	lines_of_lake | jq .id | sort -n >got
	[ -z "$(uniq -d got)" ] || fail "a record is there twice"
	# 180 records are left of each path: the third file of p=2 begins at its 121st record, the fourth of p=3 at its 171st
	awk '{ id = NR - 1; p = id * 7919 % 5; n = seen[p]++ }
		p == 1 && id < 100 || p == 2 && n >= 100 && n < 120 || p == 3 && n >= 150 && n < 170 { next }
		{ print id }' in >want
	expect_same want got
	[ "$(committed)" = 1000 ]
}

# expect_prefixes: of the files of each path, from the first on, none is missing before the last
expect_prefixes() {
	local path
	for path in lake/p=*; do
		find "$path" -type f | LC_ALL=C sort >names
		# the first has no number
		sed -n 's/.*_\([0-9]*\)\.json$/\1/p' names | sed 's/^0*//' >numbers
		seq $(($(wc -l <names) - 1)) >want
		expect_same want numbers
	done
}

test_killed_while_rolled_files_go_to_s3() {
	local tool count=0
	in_s3
	prepare 10000
	mkdir "$(readlink lake)/p=0"
	for _ in 1 2 3 4 5 6; do
		start_land --roll-records 7 --max-records 6000 2>err
		has_more() { [ "$(find lake/p=[0-4] -type f | wc -l)" -gt "$count" ]; }
		wait_for 60 has_more
		kill -KILL "$tool"
		wait "$tool" 2>/dev/null || true
		expect_prefixes
		count=$(find lake/p=[0-4] -type f | wc -l)
	done
	echo "$count files"
	[ "$(committed)" = 0 ]
	expire 200
	expect_status 0 land -e --accept-gap --roll-records 7 -X group.instance.id=one
	lines_of_lake | jq .id | sort -n >got
	[ -z "$(uniq -d got)" ] || fail "a record is there twice"
	# those that moved into the place of files that were there are lost, in one path at most: it was under way
	awk '{ id = NR - 1; if (id >= 200) print id }' in | sort >want
	LC_ALL=C sort got | LC_ALL=C comm -13 - want >lost
	[ "$(wc -l <lost)" -le 40 ] || fail "$(wc -l <lost) records are lost"
}

test_nothing_is_left_of_an_unfinished_epoch() {
	prepare 1000
	leave_unfinished
	rm -r lake/p=1
	add 100
	expire 1050
	expect_status 0 land -e --accept-gap
	expect_line 'published offsets up to 999 in part: what is missing of them is gone' err
	expect_ids 'id < 1000 && p != 1 || id >= 1050'
	[ "$(committed)" = 1100 ]
	expect_status 0 land -e
}

# stand_still OPTION...: a reader that is held up while the log goes on; what it has fetched is less than what expires
stand_still() {
	local tool status=0
	mkfifo full
	# a full pipe holds it up where it says what it has published
	kafka-to-s3 -t "$topic" --path 'p={p}' -v --max-records 100 --max-age 1s --memory 1M --accept-gap "$@" lake 2>full &
	tool=$!
	exec 9<full
	wait_for 30 test -d lake/p=1
	kill -STOP "$tool"
	expire 99000
	kill -CONT "$tool"
	cat <&9 >err &
	has_last() { grep -rq '"id":99999,' lake; }
	wait_for 60 has_last
	kill -TERM "$tool"
	wait "$tool" || status=$?
	[ "$status" = 0 ] || fail "exit status $status: $(grep -v published err)"
	exec 9<&-
	wait
	grep -E "offsets [0-9]+ to 98999 have expired" err >said
	[ "$(wc -l <said)" = 1 ]
	from=$(sed 's/.*offsets \([0-9]*\) to.*/\1/' said)
	expect_ids "id < $from || id >= 99000"
}

test_records_expire_before_a_member_reads_them() {
	prepare 100000
	stand_still -G "g-$topic"
	[ "$(committed)" = 100000 ]
}

test_records_expire_before_they_are_read_without_a_group() {
	prepare 100000
	stand_still -p 0
}

# without rolled files: each record is there once but for those in the gaps that were said
test_killed_and_expired_at_any_moment() {
	local round tool kills=${SLUICE_KILLS:-8} front=0 now
	RANDOM=${SLUICE_SEED:-11}
	echo "SLUICE_KILLS=$kills SLUICE_SEED=${SLUICE_SEED:-11}"
	mkdir lake
	prepare 2000
	: >said
	for round in $(seq "$kills"); do
		start_land --accept-gap --max-records $((20 + RANDOM % 300)) 2>>said
		sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
		add 500
		kill -KILL "$tool"
		wait "$tool" 2>/dev/null || true
		now=$(committed)
		[ "${now:-0}" -gt "$front" ] && front=$now
		front=$((front + RANDOM % 200))
		now=$(wc -l <in)
		[ "$front" -lt "$now" ] || front=$now
		expire "$front"
		echo "round $round: $(lines_of_lake | wc -l) of $(wc -l <in) records, the log starts at $front"
	done
	expect_status 0 land -e --accept-gap -X group.instance.id=one
	cat err >>said
	sed -n 's/.*offsets \([0-9]*\) to \([0-9]*\) have expired.*/\1 \2/p' said |
		while read -r from to; do seq "$from" "$to"; done | sort -nu >gone
	[ -s gone ] || fail "nothing was met"
	lines_of_lake | jq .id | sort -n >got
	[ -z "$(uniq -d got)" ] || fail "a record is there twice"
	# what is in a gap may have been published before
	sort -nu got gone >there
	seq 0 $(($(wc -l <in) - 1)) >want
	expect_same want there
}

run_tests
