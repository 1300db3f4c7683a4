# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests of the lake, in a directory or in S3: sourced after tests/services/lib.sh. Those of S3 define
# files_of_lake anew, which the rest goes by.
# shellcheck disable=SC2034,SC2154 # tests use what is set here

# prepare RECORDS PARTITIONS: ./in into a fresh topic, $topic
prepare() {
	topic=$(fresh_id)
	create_topic "$topic" "$2"
	awk -v count="$1" 'BEGIN {
		for (i = 0; i < count; i++)
			printf "{\"id\":%d,\"p\":%d,\"pad\":\"%060d\"}\n", i, i * 7919 % 5, i
	}' >in
	s3-to-kafka -q -t "$topic" --key '{id}' in
}

# every record, none twice
expect_all_once() {
	lines_of_lake | LC_ALL=C sort >got
	LC_ALL=C sort in >want
	expect_same want got
}

is_committed() {
	[ "$(services group offsets "g-$topic" | awk '{ sum += $3 } END { print sum + 0 }')" = "$1" ]
}

expect_committed() {
	is_committed "$1" || {
		services group offsets "g-$topic"
		fail "not $1 records are committed"
	}
}

# add COUNT: as many more records, also to ./in
add() {
	local from
	from=$(wc -l <in)
	awk -v from="$from" -v count="$1" 'BEGIN {
		for (i = from; i < from + count; i++)
			printf "{\"id\":%d,\"p\":%d,\"pad\":\"%060d\"}\n", i, i * 7919 % 5, i
	}' >more.json
	s3-to-kafka -q -t "$topic" --key '{id}' more.json
	cat more.json >>in
}

begin_campaign() {
	kills=${SLUICE_KILLS:-12}
	RANDOM=${SLUICE_SEED:-7}
	echo "SLUICE_KILLS=$kills SLUICE_SEED=${SLUICE_SEED:-7}"
}
