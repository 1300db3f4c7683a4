# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests of the lake, in a directory or in S3: sourced after tests/services/lib.sh. Those of S3 define
# files_of_lake anew, which the rest goes by.
# shellcheck disable=SC2034,SC2154 # tests use what is set here

target=lake

# in_s3: the lake is a bucket, whose folder is ./lake
in_s3() {
	[ -n "${AWS_ENDPOINT_URL_S3:-}" ] || skip "AWS_ENDPOINT_URL_S3 is not set: scripts/services start versitygw"
	unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL
	local bucket folder
	new_bucket
	ln -s "$folder" lake
	target=s3://$bucket
}

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

# kill_members CHECK OPTION...: two to four members at a time, others for those that are killed, one a round; behind
# each the CHECK
kill_members() {
	local check=$1 round tool members=() victim
	shift
	for round in $(seq "$kills"); do
		while [ ${#members[@]} -lt $((2 + RANDOM % 3)) ]; do
			start_land "$@" --max-records $((20 + RANDOM % 200)) -X session.timeout.ms=6000 2>>err
			members+=("$tool")
		done
		add 500
		sleep "$((RANDOM % 3)).$((RANDOM % 10))"
		victim=$((RANDOM % ${#members[@]}))
		kill -KILL "${members[victim]}"
		wait "${members[victim]}" 2>/dev/null || true
		unset "members[$victim]"
		members=("${members[@]}")
		$check
		echo "round $round: $(lines_of_lake | wc -l) of $(wc -l <in) records"
	done
	for tool in "${members[@]}"; do
		kill -TERM "$tool"
		wait "$tool" || true
	done
}
