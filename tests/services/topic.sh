#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-topic with a real broker; what it says and does is compared with what Kafka's own client sees.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
command -v jq >/dev/null || {
	echo "1..0 # SKIP jq is not installed"
	exit 0
}

answer=$top_srcdir/tests/answer.py

# fill TOPIC COUNT [PARTITION]: records of one field
fill() {
	seq "$2" | sed 's/.*/{"n":&}/' | s3-to-kafka -q -t "$1" ${3:+-p "$3"} --key '{n}'
}

# read_on TOPIC GROUP: what the group has not read yet, to its end
read_on() {
	kafka-to-pipe -q -t "$1" -G "$2" -e
}

# start_member TOPIC GROUP: a process in the background that stays in the group; its number in $member
start_member() {
	kafka-to-pipe -q -t "$1" -G "$2" >member.out &
	member=$!
	wait_for 60 is_member "$2"
}

is_member() {
	[ "$(kafka-topic groups --json "$1" 2>/dev/null | jq -c '[.state, (.members[0].partitions | length > 0)]')" = \
		'["Stable",true]' ]
}

# stop_member: and until the broker knows
stop_member() {
	kill -TERM "$member"
	wait "$member"
}

# ---- topics ----

test_create() {
	id=$(fresh_id)
	expect_status 0 kafka-topic create $id --partitions 3 --set retention.ms=3600000 --set cleanup.policy=compact
	[ ! -s out ]
	expect_text err "kafka-topic: topic $id created"
	[ "$(services topic offsets $id | wc -l)" = 3 ]
	kafka-topic describe --json $id >out
	jq -e --arg t $id '.topic == $t and .partition_count == 3 and .replication_factor == 1 and
		.configs == {"cleanup.policy":"compact","retention.ms":"3600000"}' out >/dev/null || fail "$(cat out)"
	# what is not said is the broker's default
	expect_status 0 kafka-topic -q create $id-2 $id-3
	[ ! -s err ]
	[ "$(kafka-topic describe $id-2 $id-3 --json | jq -s 'map(.partition_count) | unique | length')" = 1 ]
}

# it can be used at once
test_created_means_there() {
	local number
	id=$(fresh_id)
	for number in 1 2 3 4 5; do
		kafka-topic -q create $id-$number --partitions 5
		kafka-topic describe --json $id-$number >out
		jq -e '.partitions | length == 5 and all(.leader != null)' out >/dev/null || fail "$(cat out)"
		kafka-topic -q delete --yes $id-$number
		expect_status 66 kafka-topic describe $id-$number
	done
}

test_create_what_is_there() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 2
	expect_status 73 kafka-topic create $id
	expect_line "^kafka-topic: topic $id: .*already exists" err
	# of several each that could not be is named, and the others are made
	expect_status 73 kafka-topic create $id $id-new
	expect_line "^kafka-topic: topic $id-new created" err
	expect_status 0 kafka-topic create $id --partitions 2 --if-not-exists
	expect_text err "kafka-topic: topic $id exists already"
	expect_status 0 kafka-topic create $id --partitions 3 --if-not-exists
	expect_text err "kafka-topic: topic $id exists already, with 2 partitions, not 3"
}

# each on a line of its own, and how many in the last; the first one's status
test_create_where_several_fail() {
	local names=() number
	id=$(fresh_id)
	for number in $(seq 40); do
		names+=("$id-$number")
	done
	kafka-topic -q create "${names[@]:0:30}" --partitions 1
	expect_status 73 kafka-topic create "${names[@]}" "$id/slash" --partitions 1
	[ "$(grep -c "^kafka-topic: topic $id-[0-9]*: .*already exists" err)" = 30 ] || fail "$(cat err)"
	[ "$(grep -c "^kafka-topic: topic $id-[0-9]* created\$" err)" = 10 ] || fail "$(cat err)"
	expect_line "^kafka-topic: topic $id/slash: Topic name is invalid" err
	[ "$(tail -n 1 err)" = 'kafka-topic: 31 of 41 topics: see above' ] || fail "$(tail -n 1 err)"
	# no number of names is too many
	expect_status 0 kafka-topic delete --dry-run "${names[@]}"
	printf '%s\n' "${names[@]}" >want
	expect_same want out
	expect_text err 'kafka-topic: would delete 40 topics'
	expect_status 0 kafka-topic delete --dry-run --json -q "${names[@]:0:2}"
	printf '{"topic":"%s","partition_count":1}\n' "${names[@]:0:2}" >want
	expect_same want out
	[ ! -s err ]
	expect_status 1 timeout 60 "$answer" n -- kafka-topic delete "${names[@]}"
	expect_line "^$id-40 \(1 partition\)\$" err
	expect_line '^delete these 40 topics, with all records\? \[y/N\]' err
	expect_status 0 kafka-topic -q delete --yes "${names[@]}"
	kafka-topic list >out
	expect_no_line "$id" out
}

test_create_what_cannot_be() {
	id=$(fresh_id)
	expect_status 2 kafka-topic create $id --replication 2
	expect_line "topic $id: Unable to replicate" err
	expect_status 2 kafka-topic create $id --set no.such.property=1
	expect_line "topic $id: Unknown topic config name: no.such.property" err
	expect_status 2 kafka-topic create $id --set retention.ms=soon
	expect_line "topic $id: .*retention.ms" err
	expect_status 2 kafka-topic create "$id/slash"
	expect_line "topic $id/slash: Topic name is invalid" err
	expect_status 66 kafka-topic describe $id
}

test_create_dry_run() {
	id=$(fresh_id)
	expect_status 0 kafka-topic create $id --dry-run
	expect_text err "kafka-topic: topic $id would be created"
	expect_status 66 kafka-topic describe $id
	expect_status 2 kafka-topic create $id --dry-run --replication 2
	kafka-topic -q create $id
	expect_status 73 kafka-topic create $id --dry-run
}

test_list() {
	id=$(fresh_id)
	kafka-topic -q create $id-b --partitions 2
	kafka-topic -q create $id-a __$id --partitions 1
	# sorted, names alone where nobody looks, without those that are not the user's
	kafka-topic list | grep $id >names
	printf '%s\n' $id-a $id-b >want
	expect_same want names
	kafka-topic list --all | grep $id >names
	printf '%s\n' __$id $id-a $id-b >want
	expect_same want names
	kafka-topic list --json | jq -c "select(.topic == \"$id-b\")" >out
	expect_text out "{\"topic\":\"$id-b\",\"partition_count\":2,\"replication_factor\":1}"
	kafka-topic list --table >out
	head -n 1 out | grep -Eq '^TOPIC +PARTITIONS  REPLICATION$' || fail "$(head -n 1 out)"
	expect_line "^$id-b +2 +1\$" out
	# a terminal gets the table
	script -qec "kafka-topic list" /dev/null </dev/null | tr -d '\r' >terminal
	expect_same out terminal
	script -qec "kafka-topic list --names" /dev/null </dev/null | tr -d '\r' >terminal
	expect_line "^$id-b\$" terminal
}

test_describe() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 12 --set segment.ms=1000000
	expect_status 0 kafka-topic describe $id
	[ "$(grep -cE "^$id +[0-9]+ +1  1         1\$" out)" = 12 ] || fail "$(cat out)"
	# in the order of their numbers
	[ "$(awk -v t=$id '$1 == t && NF == 5 { print $2 }' out | sort -nc && echo sorted)" = sorted ]
	expect_line "^$id  segment.ms  1000000\$" out
	expect_no_line retention out
	expect_status 0 kafka-topic describe -a $id
	expect_line "^$id +segment.ms +1000000 +DYNAMIC_TOPIC_CONFIG\$" out
	expect_line "^$id +cleanup.policy +delete +DEFAULT_CONFIG\$" out
	kafka-topic describe -a --json $id | jq -e '.configs | .["cleanup.policy"] == "delete" and
		.["segment.ms"] == "1000000"' >/dev/null
	expect_status 66 kafka-topic describe $id $id-nothing
	expect_text err "kafka-topic: topic $id-nothing does not exist"
	[ ! -s out ]
	# without a name all of them
	kafka-topic describe --json | jq -r .topic >out
	expect_line "^$id\$" out
}

test_alter() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 2 --set retention.ms=1000000 --set segment.ms=7000
	expect_status 0 kafka-topic alter $id --set cleanup.policy=compact --unset retention.ms
	expect_line "topic $id: properties changed" err
	configs() {
		kafka-topic describe --json $id | jq -c .configs
	}
	# the others stay as they are
	[ "$(configs)" = '{"cleanup.policy":"compact","segment.ms":"7000"}' ] || fail "$(configs)"
	expect_status 0 kafka-topic alter $id --unset not.set --unset cleanup.policy
	[ "$(configs)" = '{"segment.ms":"7000"}' ] || fail "$(configs)"
	expect_status 2 kafka-topic alter $id --set no.such.property=1
	expect_line "topic $id: Unknown topic config name: no.such.property" err
	expect_status 0 kafka-topic alter $id --dry-run --set retention.ms=5 --partitions 3
	expect_line "topic $id: property would be changed" err
	expect_line "topic $id: would be 3 partitions, not 2" err
	[ "$(configs)" = '{"segment.ms":"7000"}' ] || fail "$(configs)"
	[ "$(services topic offsets $id | wc -l)" = 2 ]
	expect_status 66 kafka-topic alter $id-nothing --set retention.ms=5
	expect_text err "kafka-topic: topic $id-nothing does not exist"
}

# all are looked up, and what cannot be is found, before any is changed
test_alter_several() {
	id=$(fresh_id)
	kafka-topic -q create $id-a $id-b --partitions 2
	kafka-topic -q alter $id-b --partitions 4
	expect_status 66 kafka-topic alter $id-a $id-nothing --set segment.ms=5000
	expect_text err "kafka-topic: topic $id-nothing does not exist"
	expect_status 2 kafka-topic alter $id-a $id-b --set segment.ms=5000 --partitions 3
	expect_line "^kafka-topic: topic $id-b has 4 partitions: there can be more, not fewer" err
	[ "$(wc -l <err)" = 1 ] || fail "$(cat err)"
	kafka-topic describe --json $id-a $id-b | jq -c '[.configs, .partition_count]' >got
	printf '%s\n' '[{},2]' '[{},4]' >want
	expect_same want got
	# the warning comes first
	expect_status 0 kafka-topic alter $id-a $id-b --set segment.ms=5000 --partitions 4
	printf 'kafka-topic: topic %s\n' \
		"$id-a: 4 partitions, not 2: records of a key may go to another one from now on" \
		"$id-a: property changed" "$id-a: partitions added" \
		"$id-b: property changed" "$id-b has 4 partitions already" >want
	expect_same want err
	kafka-topic describe --json $id-a $id-b | jq -c '[.configs, .partition_count]' >got
	printf '%s\n' '[{"segment.ms":"5000"},4]' '[{"segment.ms":"5000"},4]' >want
	expect_same want got
}

test_topics_that_are_not_the_users() {
	id=$(fresh_id)
	kafka-topic -q create __$id --partitions 1
	expect_status 2 kafka-topic delete --yes __$id
	expect_status 2 kafka-topic alter __$id --set segment.ms=5000
	kafka-topic describe --json __$id | jq -e '.configs == {}' >/dev/null
	expect_status 0 kafka-topic alter --internal __$id --set segment.ms=5000
	expect_status 0 kafka-topic delete --internal --yes __$id
	expect_status 66 kafka-topic describe __$id
}

test_more_partitions() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 2
	expect_status 0 kafka-topic alter $id --partitions 5
	expect_line "topic $id: 5 partitions, not 2: records of a key" err
	[ "$(services topic offsets $id | wc -l)" = 5 ]
	expect_status 0 kafka-topic alter $id --partitions 5
	expect_text err "kafka-topic: topic $id has 5 partitions already"
	expect_status 2 kafka-topic alter $id --partitions 4
	expect_line "topic $id has 5 partitions: there can be more, not fewer" err
	[ "$(services topic offsets $id | wc -l)" = 5 ]
}

test_delete() {
	id=$(fresh_id)
	kafka-topic -q create $id $id-2 --partitions 1
	# one that is not there: nothing is deleted
	expect_status 66 kafka-topic delete --yes $id $id-nothing
	expect_text err "kafka-topic: topic $id-nothing does not exist"
	kafka-topic describe $id >/dev/null
	expect_status 0 kafka-topic delete --dry-run $id
	expect_text out "$id"
	expect_text err 'kafka-topic: would delete 1 topic'
	expect_status 0 kafka-topic delete --dry-run --table $id
	expect_line "^$id +1\$" out
	kafka-topic describe $id >/dev/null
	expect_status 0 kafka-topic delete --yes --if-exists $id $id-nothing $id-2
	expect_line "^kafka-topic: topic $id deleted" err
	expect_line "^kafka-topic: topic $id-2 deleted" err
	expect_line "^kafka-topic: topic $id-nothing does not exist" err
	services topic list >out
	expect_no_line "$id" out
	expect_status 0 kafka-topic delete --yes --if-exists $id
	expect_status 66 kafka-topic delete --yes $id
}

test_delete_asks() {
	local word
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 2
	for word in n '' no yess ^C ^D; do
		status=0
		timeout 60 "$answer" "$word" -- kafka-topic delete $id >out 2>err || status=$?
		case "$word" in
		^C) [ $status = 130 ] || fail "status $status after $word: $(cat err)" ;;
		*) [ $status = 1 ] || fail "status $status after \"$word\": $(cat err)" ;;
		esac
		expect_line "^delete $id \(2 partitions\), with all records\? \[y/N\]" err
		[ "$word" = ^C ] || expect_line '^kafka-topic: nothing was done' err
		kafka-topic describe $id >/dev/null
	done
	# what was typed before the question answers something else
	status=0
	timeout 60 "$answer" --typed y n -- kafka-topic delete $id >out 2>err || status=$?
	[ $status = 1 ] || fail "status $status: $(cat err)"
	kafka-topic describe $id >/dev/null
	expect_status 0 timeout 60 "$answer" y -- kafka-topic delete $id
	expect_line "^kafka-topic: topic $id deleted" err
	expect_status 66 kafka-topic describe $id
	kafka-topic -q create $id
	expect_status 0 timeout 60 "$answer" YES -- kafka-topic delete $id
	expect_status 66 kafka-topic describe $id
}

# ---- offsets ----

test_offsets() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 3
	fill $id 10 0
	fill $id 4 2
	services topic delete-records $id 0 3 >/dev/null
	expect_status 0 kafka-topic offsets $id
	head -n 1 out | grep -Eq '^TOPIC +PARTITION  EARLIEST  LATEST$' || fail "$(cat out)"
	awk 'NR > 1 { print $2 "\t" $3 "\t" $4 }' out >got
	services topic offsets $id >want
	expect_same want got
	expect_status 0 kafka-topic offsets $id --json -p 2,0 -o -2
	jq -c '[.partition, .earliest, .latest, .offset]' out >got
	printf '%s\n' '[0,3,10,8]' '[2,0,4,2]' >want
	expect_same want got
	expect_status 66 kafka-topic offsets $id -p 3
	expect_text err "kafka-topic: topic $id has no partition 3: it has 0 to 2"
	expect_status 66 kafka-topic offsets $id-nothing
	expect_text err "kafka-topic: topic $id-nothing does not exist"
}

# two batches with their own times, and what lies before, between and behind
test_offsets_by_time() {
	local want
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 1
	printf '%s\n' '{"t":"2026-01-01T00:00:00Z"}' '{"t":"2026-01-02T00:00:00Z"}' '{"t":"2026-01-03T00:00:00Z"}' |
		s3-to-kafka -q -t $id --time t --kafka-time event
	for want in 2020-01-01=0 2026-01-01=0 2026-01-01T00:00:01Z=1 1767312000000=1 2026-01-03=2 2030-01-01=3; do
		kafka-topic offsets $id --json -o "s@${want%=*}" | jq .offset >out
		[ "$(cat out)" = "${want#*=}" ] || fail "${want%=*}: $(cat out)"
	done
}

test_many_partitions() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 200
	fill $id 1000
	kafka-topic offsets $id --json >out
	[ "$(jq -s 'length' out)" = 200 ]
	[ "$(jq -s 'map(.latest) | add' out)" = 1000 ]
	[ "$(jq -sc 'map(.partition) == [range(200)]' out)" = true ]
	read_on $id $id >/dev/null
	kafka-topic lag $id --max 0 >/dev/null
}

# ---- groups ----

test_lag() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 3
	fill $id 5 0
	fill $id 5 1
	read_on $id $id | wc -l >count
	[ "$(cat count)" = 10 ]
	fill $id 7 0
	fill $id 20 1
	expect_status 0 kafka-topic lag $id
	awk 'NR > 1 { print $3, $4, $5, $6 }' out >got
	head -n 1 out | grep -Eq '^GROUP +TOPIC +PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG$' || fail "$(cat out)"
	printf '%s\n' '0 5 12 7' '1 5 25 20' '2 0 0 0' >want
	expect_same want got
	kafka-topic lag --json $id | jq -c '[.partition, .current_offset, .log_end_offset, .lag]' >got
	printf '%s\n' '[0,5,12,7]' '[1,5,25,20]' '[2,0,0,0]' >want
	expect_same want got
	expect_status 0 kafka-topic lag $id --max 27
	expect_status 1 kafka-topic lag $id --max 26
	expect_text err "kafka-topic: group $id is 27 records behind, more than 26"
	[ "$(wc -l <out)" = 4 ]
	# among all groups, too
	expect_status 1 kafka-topic lag -t $id --max 26
	expect_line "^$id +$id +1 +5 +25 +20\$" out
	[ "$(wc -l <out)" = 4 ]
	expect_status 66 kafka-topic lag $id-nothing
	expect_text err "kafka-topic: group $id-nothing does not exist"
	expect_status 66 kafka-topic lag $id -t $id-nothing
	expect_text err "kafka-topic: topic $id-nothing does not exist"
}

# partitions that are added are unread, and counted
test_lag_of_what_was_never_committed() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 1
	fill $id 5
	read_on $id $id >/dev/null
	kafka-topic -q alter $id --partitions 2
	fill $id 8 1
	kafka-topic lag --json $id | jq -c '[.partition, .current_offset, .log_end_offset, .lag]' >got
	printf '%s\n' '[0,5,5,0]' '[1,null,8,null]' >want
	expect_same want got
	kafka-topic lag $id >out
	expect_line "^$id +$id +1 +- +8 +-\$" out
	expect_status 0 kafka-topic lag $id --max 8
	expect_status 1 kafka-topic lag $id --max 7
	expect_line 'is 8 records behind' err
}

# age_day: the day on which the first record that is not read was written, of each partition
age_day() {
	kafka-topic lag --age --json "$1" | jq -r 'if .age_ms == null then "none" else
		(now - .age_ms / 1000 | strftime("%F")) end'
}

test_age() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 3
	printf '%s\n' '{"t":"2020-01-01T12:00:00Z"}' '{"t":"2020-01-02T12:00:00Z"}' '{"t":"2020-01-03T12:00:00Z"}' |
		s3-to-kafka -q -t $id -p 0 --time t --kafka-time event
	printf '%s\n' '{"t":"2021-01-01T12:00:00Z"}' | s3-to-kafka -q -t $id -p 2 --time t --kafka-time event
	read_on $id $id >/dev/null
	[ "$(age_day $id | tr '\n' ' ')" = 'none none none ' ]
	expect_status 0 kafka-topic lag $id --max-age 0
	kafka-topic -q reset $id -t $id --yes -p 0 -o 1
	[ "$(age_day $id | tr '\n' ' ')" = '2020-01-02 none none ' ]
	kafka-topic -q reset $id -t $id --yes -p 2 -o 0
	[ "$(age_day $id | tr '\n' ' ')" = '2020-01-02 none 2021-01-01 ' ]
	expect_status 0 kafka-topic lag $id --age
	expect_line "^GROUP +TOPIC +PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  AGE\$" out
	expect_line "^$id +$id +0 +1 +3 +2  [0-9]+d[0-9]{2}h\$" out
	expect_line "^$id +$id +1 +0 +0 +0  -\$" out
	expect_status 1 kafka-topic lag $id --max-age 1000d
	expect_line "^kafka-topic: group $id has not read a record that is [0-9]+d[0-9]+h old, more than 1000d00h\$" err
	expect_status 0 kafka-topic lag $id --max-age 36500d
	# where the log starts later than what is committed, its first record is the one
	services topic delete-records $id 0 2 >/dev/null
	[ "$(age_day $id | head -n 1)" = 2020-01-03 ]
}

# behind the last record of a transaction its mark takes an offset
test_age_where_no_record_is_left() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 1
	printf '%s\n' '{"n":1}' '{"n":2}' >in
	s3-to-kafka -q -t $id --resume-id $id --resume-topic $id-state in
	kafka-topic -q reset $id -t $id --yes -o 2
	kafka-topic lag --age --json $id | jq -c '[.current_offset, .log_end_offset, .lag, .age_ms]' >out
	expect_text out '[2,3,1,null]'
}

test_groups() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 2
	fill $id 5
	read_on $id $id-idle >/dev/null
	start_member $id $id-busy
	kafka-topic groups | grep $id >names
	printf '%s\n' $id-busy $id-idle >want
	expect_same want names
	kafka-topic groups --json | grep $id | jq -c '[.group, .state]' >got
	printf '%s\n' "[\"$id-busy\",\"Stable\"]" "[\"$id-idle\",\"Empty\"]" >want
	expect_same want got
	expect_status 0 kafka-topic groups $id-busy $id-idle
	expect_line "^$id-busy +Stable +range +1 +1\$" out
	expect_line "^$id-idle +Empty +- +1 +0\$" out
	expect_line "^$id-busy +sluice-[^ ]+ +/127.0.0.1 +sluice +$id\[0\],$id\[1\]\$" out
	kafka-topic groups --json $id-busy | jq -c '[.member_count, .members[0].partitions]' >out
	expect_text out "[1,[{\"topic\":\"$id\",\"partition\":0},{\"topic\":\"$id\",\"partition\":1}]]"
	expect_status 66 kafka-topic groups $id-idle $id-nothing
	expect_text err "kafka-topic: group $id-nothing does not exist"
	stop_member
}

test_delete_group() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 1
	fill $id 5
	read_on $id $id >/dev/null
	expect_status 66 kafka-topic delete-group --yes $id $id-nothing
	expect_status 0 kafka-topic delete-group --dry-run $id
	expect_text out "$id"
	expect_text err 'kafka-topic: would delete 1 group'
	expect_status 0 kafka-topic delete-group --dry-run --json $id
	expect_text out "{\"group\":\"$id\",\"state\":\"Empty\"}"
	start_member $id $id
	# nobody is asked what cannot be
	expect_status 69 timeout 60 "$answer" y -- kafka-topic delete-group $id
	expect_text err "kafka-topic: group $id has 1 member: it can be deleted only while it has none"
	expect_status 69 kafka-topic delete-group --yes $id
	expect_status 0 kafka-topic delete-group --dry-run $id
	expect_line "^kafka-topic: group $id has 1 member: it could not be deleted now" err
	stop_member
	expect_status 1 timeout 60 "$answer" n -- kafka-topic delete-group $id
	expect_line "^delete $id, with what was committed\? \[y/N\]" err
	[ "$(services group offsets $id | wc -l)" = 1 ]
	expect_status 0 timeout 60 "$answer" y -- kafka-topic delete-group $id
	expect_status 66 kafka-topic groups $id
	expect_status 0 kafka-topic delete-group --yes --if-exists $id
	expect_text err "kafka-topic: group $id does not exist"
}

# ---- reset ----

# expect_offsets GROUP NUMBER...: what Kafka's client sees committed, by partition
expect_offsets() {
	local group=$1
	shift
	services group offsets "$group" | sort -n -k 2 | cut -f 3 >got
	printf '%s\n' "$@" >want
	expect_same want got
}

test_reset() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 2
	fill $id 10 0
	fill $id 20 1
	read_on $id $id >/dev/null
	expect_offsets $id 10 20
	expect_status 0 kafka-topic reset $id -o beginning --dry-run
	expect_line "^$id +$id +0 +10 +0 +0 +10\$" out
	expect_line "^$id +$id +1 +20 +0 +0 +20\$" out
	expect_text err "kafka-topic: would reset group $id in 2 partitions"
	expect_offsets $id 10 20
	expect_status 0 kafka-topic reset $id -o beginning --yes
	expect_text err "kafka-topic: group $id reset in 2 partitions"
	expect_offsets $id 0 0
	# it is read again from there
	[ "$(read_on $id $id | wc -l)" = 30 ]
	expect_status 0 kafka-topic reset $id --shift -3 --yes -q
	[ ! -s err ]
	expect_offsets $id 7 17
	expect_status 0 kafka-topic reset $id --shift +1 --yes -p 1
	expect_offsets $id 7 18
	[ "$(read_on $id $id | jq -sc 'map(.n) | sort')" = '[8,9,10,19,20]' ]
	expect_status 0 kafka-topic reset $id -o -2 --yes --json
	jq -c '[.partition, .current_offset, .new_offset, .log_start_offset, .log_end_offset]' out >got
	printf '%s\n' '[0,10,8,0,10]' '[1,20,18,0,20]' >want
	expect_same want got
	expect_offsets $id 8 18
	expect_status 0 kafka-topic reset $id -o end --yes -t $id
	expect_offsets $id 10 20
}

test_reset_is_held_within_the_log() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 1
	fill $id 10
	read_on $id $id >/dev/null
	services topic delete-records $id 0 4 >/dev/null
	expect_status 0 kafka-topic reset $id -t $id -o 2 --yes
	expect_line "^kafka-topic: $id\[0\]: the log starts later: held at its start" err
	expect_offsets $id 4
	expect_status 0 kafka-topic reset $id -t $id -o 11 --yes
	expect_line "^kafka-topic: $id\[0\]: the log ends before: held at its end" err
	expect_offsets $id 10
	[ -z "$(read_on $id $id)" ]
}

test_reset_to_a_time() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 1
	printf '%s\n' '{"t":"2026-01-01T00:00:00Z"}' '{"t":"2026-01-02T00:00:00Z"}' '{"t":"2026-01-03T00:00:00Z"}' |
		s3-to-kafka -q -t $id --time t --kafka-time event
	read_on $id $id >/dev/null
	expect_status 0 kafka-topic reset $id -o s@2026-01-02 --yes
	[ "$(read_on $id $id)" = "$(printf '%s\n' '{"t":"2026-01-02T00:00:00Z"}' '{"t":"2026-01-03T00:00:00Z"}')" ]
	expect_status 0 kafka-topic reset $id -o s@2030-01-01 --yes
	expect_offsets $id 3
}

test_reset_only_without_members() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 1
	fill $id 10
	start_member $id $id
	expect_status 69 kafka-topic reset $id -t $id -o beginning --yes
	expect_text err "kafka-topic: group $id has 1 member: it can be reset only while it has none"
	expect_status 0 kafka-topic reset $id -t $id -o beginning --dry-run
	expect_line 'has 1 member: it could not be reset now' err
	stop_member
	expect_offsets $id 10
	expect_status 0 kafka-topic reset $id -t $id -o beginning --yes
	expect_offsets $id 0
}

test_reset_of_a_member_that_comes_while_it_asks() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 3
	fill $id 10 0
	read_on $id $id >/dev/null
	cat >./join <<-END
		kafka-to-pipe -q -t $id -G $id >/dev/null & echo \$! >member
		until kafka-topic groups --json $id | jq -e '.state == "Stable"'; do sleep 0.1; done
	END
	expect_status 69 timeout 120 "$answer" y 'bash ./join' -- kafka-topic reset $id -o beginning
	# refused for one reason, said once
	expect_line "^kafka-topic: group $id: $id\[0\] and 2 more partitions: the group has members now" err
	[ "$(grep -c 'has members now' err)" = 1 ]
	kill -TERM "$(cat member)"
	wait_for 30 expect_committed
}

# the plan that was shown is what is carried out, or nothing
test_reset_of_offsets_that_change_while_it_asks() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 2
	fill $id 10 0
	fill $id 5 1
	read_on $id $id >/dev/null
	expect_status 69 timeout 120 "$answer" y "kafka-topic -q reset $id -t $id -p 1 -o 3 --yes" -- \
		kafka-topic reset $id --shift -2
	expect_line "^kafka-topic: group $id: its offsets have changed meanwhile: nothing was done" err
	expect_offsets $id 10 3
	# those of other partitions may
	expect_status 0 timeout 120 "$answer" y "kafka-topic -q reset $id -t $id -p 1 -o 4 --yes" -- \
		kafka-topic reset $id -p 0 --shift -2
	expect_offsets $id 8 4
}

expect_committed() {
	[ "$(kafka-topic groups --json $id | jq -r .state)" = Empty ] && expect_offsets $id 10 0 0
}

test_reset_asks() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 1
	fill $id 10
	read_on $id $id >/dev/null
	expect_status 1 timeout 60 "$answer" n -- kafka-topic reset $id -o beginning
	expect_line "^$id +$id +0 +10 +0 +0 +10\$" out
	expect_line "^reset group $id in 1 partition\? \[y/N\]" err
	expect_offsets $id 10
	expect_status 0 timeout 60 "$answer" y -- kafka-topic reset $id -o beginning
	expect_offsets $id 0
}

test_reset_of_a_new_group() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 2
	fill $id 10 0
	expect_status 66 kafka-topic reset $id -o end --yes
	expect_text err "kafka-topic: group $id does not exist"
	expect_status 66 kafka-topic reset $id -t $id-nothing -o end --yes
	expect_text err "kafka-topic: topic $id-nothing does not exist"
	expect_status 0 kafka-topic reset $id -t $id --shift 1 --yes
	expect_line "$id\[1\]: nothing is committed that could be shifted" err
	expect_line 'nothing to reset' err
	expect_status 0 kafka-topic reset $id -t $id -o end --yes
	expect_line "^kafka-topic: group $id is a new one" err
	expect_offsets $id 10 0
	[ -z "$(read_on $id $id)" ]
}

# of several topics each has its partitions
test_reset_of_some_partitions() {
	id=$(fresh_id)
	kafka-topic -q create $id-a --partitions 1
	kafka-topic -q create $id-b --partitions 3
	fill $id-a 4
	fill $id-b 6 0
	expect_status 0 kafka-topic -q reset $id -t $id-a -t $id-b -p 0 -o end --yes
	expect_text err "kafka-topic: group $id is a new one: nothing has been committed by that name"
	expect_offsets $id 4 6
	# nothing is committed of it, but of its topic
	expect_status 0 kafka-topic reset $id -p 2 -o end --yes
	services group offsets $id | cut -f 1-3 | sort >got
	printf '%s\t%s\t%s\n' $id-a 0 4 $id-b 0 6 $id-b 2 0 >want
	expect_same want got
	expect_status 0 kafka-topic reset $id -p 0,2 -o beginning --dry-run
	expect_text err "kafka-topic: would reset group $id in 3 partitions"
	expect_status 66 kafka-topic reset $id -p 2,3 -o end --yes
	expect_text err "kafka-topic: no topic that group $id has read has a partition 3"
	expect_status 66 kafka-topic reset $id -t $id-a -t $id-b -p 2 -o end --yes
	expect_text err "kafka-topic: topic $id-a has no partition 2: it has 0 to 0"
}

# ---- deadlines ----

# asked while the broker still answered, carried out when it does no more
test_a_broker_that_falls_silent() {
	id=$(fresh_id)
	kafka-topic -q create $id --partitions 1
	status=0
	timeout 60 "$answer" y "$top_srcdir/scripts/services pause kafka" -- \
		kafka-topic --timeout 2s delete $id >out 2>err || status=$?
	services resume kafka >/dev/null
	[ $status = 69 ] || fail "status $status: $(cat err)"
	expect_line '^kafka-topic: deleting topics: .*(imed out|no answer)' err
}

run_tests
