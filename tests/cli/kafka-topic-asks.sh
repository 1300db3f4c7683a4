#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-topic with brokers that answer what a test wants: errors that pass and errors that stay, answers that
# leave something out, names of all kinds.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/kafka/lib.sh
. "$top_srcdir/tests/kafka/lib.sh"

command -v jq >/dev/null || {
	echo "1..0 # SKIP jq is not installed"
	exit 0
}
unset BOOTSTRAP_SERVERS XDG_CONFIG_HOME

topic_t='"t": [{"begin": 0, "end": 10}, {"begin": 2, "end": 20}]'

# ---- errors that pass ----

# librdkafka 2.0.2 crashes on this one without a group of its own, and asks the same broker again for minutes
test_a_coordinator_that_moves() {
	fake "{\"brokers\": 2, \"topics\": {$topic_t}, \"failures\": {\"OffsetFetch\": [16, 15]},
		\"groups\": {\"g\": {\"offsets\": {\"t\": [5, 19]}, \"coordinator\": 1}}}"
	expect_status 0 kafka-topic lag g --json
	jq -c '[.partition, .lag]' out >got
	printf '%s\n' '[0,5]' '[1,1]' >want
	expect_same want got
	[ "$(asked OffsetFetch)" = 3 ]
	[ "$(asked FindCoordinator)" -ge 2 ]
	expect_status 0 kafka-topic reset g -o end --dry-run --json
	[ "$(jq -sc 'map(.new_offset)' out)" = '[10,20]' ]
}

test_a_coordinator_that_is_loading() {
	fake "{\"topics\": {$topic_t}, \"groups\": {\"g\": {\"offsets\": {\"t\": [5, 19]}, \"protocol\": \"range\"}},
		\"failures\": {\"OffsetFetch\": [14, 14], \"DescribeGroups\": [14], \"ListGroups\": [14, 14],
		\"DescribeConfigs\": [7]}}"
	expect_status 0 kafka-topic lag --max 6
	[ "$(wc -l <out)" = 3 ]
	expect_status 0 kafka-topic groups g
	expect_line '^g +Empty +range +0 +0$' out
	expect_status 0 kafka-topic describe t
	[ ! -s err ]
}

test_what_does_not_pass_ends_by_the_timeout() {
	fake "{\"topics\": {$topic_t}, \"groups\": {\"g\": {\"offsets\": {\"t\": [5, 19]}}},
		\"failures\": {\"OffsetFetch\": [-14], \"DescribeGroups\": [-15], \"ListGroups\": [-14]}}"
	expect_status 69 kafka-topic lag g --timeout 1s
	expect_line '^kafka-topic: group g: reading its offsets: Broker: Coordinator load in progress$' err
	expect_status 69 kafka-topic groups g --timeout 1s
	expect_line '^kafka-topic: group g: .*[Cc]oordinator not available' err
	expect_status 69 kafka-topic groups --timeout 1s
	expect_line '^kafka-topic: listing groups, of which some may be missing: .*[Ll]oad in progress' err
	[ "$(asked OffsetFetch)" -gt 1 ]
	[ "$(asked ListGroups)" -gt 1 ]
}

test_a_signal_ends_the_questions() {
	local status=0
	fake '{"groups": {"g": {}}, "failures": {"OffsetFetch": [-14]}}'
	setsid env --default-signal=INT,HUP kafka-topic lag g --timeout 10m 2>err &
	local tool=$!
	wait_for 20 grep -q OffsetFetch asked
	kill -TERM $tool
	wait $tool || status=$?
	[ $status = 75 ] || fail "status $status: $(cat err)"
}

# ---- what cannot be seen is said, and the rest is shown ----

test_a_group_that_may_not_be_described() {
	fake "{\"topics\": {$topic_t}, \"failures\": {\"OffsetFetch=b\": [-30]},
		\"groups\": {\"a\": {\"offsets\": {\"t\": [10, 20]}}, \"b\": {}, \"c\": {\"offsets\": {\"t\": [9, 20]}}}}"
	expect_status 77 kafka-topic lag --json --max 10
	jq -c '[.group, .partition, .lag]' out >got
	printf '%s\n' '["a",0,0]' '["a",1,0]' '["c",0,1]' '["c",1,0]' >want
	expect_same want got
	expect_text err 'kafka-topic: group b: reading its offsets: Broker: Group authorization failed'
	# that another is too far behind is so all the same
	expect_status 1 kafka-topic lag --max 0
	expect_line '^kafka-topic: group c is 1 records behind' err
	expect_line '^kafka-topic: group b: .*Group authorization failed' err
	expect_status 77 kafka-topic lag b a
	[ "$(wc -l <out)" = 3 ]
	# nor may its coordinator be known
	fake "{\"topics\": {$topic_t}, \"groups\": {\"b\": {}}, \"failures\": {\"FindCoordinator=b\": [-30]}}"
	expect_status 77 kafka-topic lag b
	expect_text err 'kafka-topic: group b: reading its offsets: Broker: Group authorization failed'
	expect_status 77 kafka-topic groups b
}

test_a_broker_that_cannot_list_its_groups() {
	fake "{\"brokers\": 2, \"topics\": {$topic_t}, \"failures\": {\"ListGroups@1\": [-41]},
		\"groups\": {\"a\": {\"offsets\": {\"t\": [10, 20]}}, \"b\": {\"coordinator\": 1}}}"
	expect_status 69 kafka-topic lag --max 1000
	expect_line '^a +t +0 +10 +10 +0$' out
	expect_line '^kafka-topic: listing groups, of which some may be missing: ' err
	expect_status 69 kafka-topic groups
	expect_text out a
}

test_a_partition_without_a_leader() {
	fake '{"topics": {"t": [{"end": 10}, {"leader": -1}, {"begin": 2, "end": 20}]},
		"groups": {"g": {"offsets": {"t": [5, 5, 5]}}}}'
	expect_status 69 kafka-topic offsets t --json --timeout 1s -o -1
	jq -c '[.partition, .earliest, .latest, .offset]' out >got
	printf '%s\n' '[0,0,10,9]' '[1,null,null,null]' '[2,2,20,19]' >want
	expect_same want got
	expect_text err 'kafka-topic: t[1]: Broker: Leader not available'
	expect_status 69 kafka-topic lag --json --timeout 1s --max 1000
	jq -c '[.partition, .current_offset, .log_end_offset, .lag]' out >got
	printf '%s\n' '[0,5,10,5]' '[1,5,null,null]' '[2,5,20,15]' >want
	expect_same want got
	expect_text err 'kafka-topic: t[1]: Broker: Leader not available'
	expect_status 1 kafka-topic lag g --timeout 1s --max 19
	# of the others nobody need know
	expect_status 0 kafka-topic offsets t -p 0,2
	expect_status 69 kafka-topic reset g -o end --yes --timeout 1s
	expect_text err 'kafka-topic: t[1]: Broker: Leader not available'
	[ ! -s out ]
}

# an error of one partition, and a leader that says nothing
test_a_partition_that_is_not_told() {
	local code
	for code in 3 29 56; do
		fake "{\"topics\": {\"t\": [{\"end\": 1}, {\"end\": 2, \"error\": $code}, {\"end\": 3}, {\"end\": 4}]}}"
		status=69
		[ $code != 29 ] || status=77
		expect_status $status kafka-topic offsets t --json --timeout 1s
		[ "$(jq -sc 'map(.latest)' out)" = '[1,null,3,4]' ] || fail "code $code: $(cat out)"
		expect_line '^kafka-topic: t\[1\]: Broker: ' err
	done
	fake '{"topics": {"t": [{"end": 1}, {"end": 2, "untold": true}, {"end": 3}]}}'
	expect_status 69 kafka-topic offsets t --json --timeout 1s
	[ "$(jq -sc 'map(.latest)' out)" = '[1,null,3]' ]
	expect_line '^kafka-topic: t\[1\]: Local: ' err
	fake '{"brokers": 2, "silent": {"ListOffsets": [1]},
		"topics": {"t": [{"end": 1}, {"end": 2, "leader": 1}, {"end": 3}]}}'
	expect_status 69 kafka-topic offsets t --json --timeout 2s
	[ "$(jq -sc 'map(.latest)' out)" = '[1,null,3]' ]
	expect_line '^kafka-topic: t\[1\]: Local: ' err
}

test_an_error_of_a_commit() {
	fake "{\"topics\": {$topic_t}, \"groups\": {\"g\": {\"offsets\": {\"t\": [5, 6]}, \"errors\": {\"t\": [0, 29]}}}}"
	expect_status 77 kafka-topic lag g --json --max 1000
	[ "$(jq -sc 'map(.lag)' out)" = '[5,null]' ]
	expect_text err 'kafka-topic: group g: t[1]: Broker: Topic authorization failed'
	expect_status 77 kafka-topic reset g -o end --dry-run
}

# an age that cannot be had is no age of 0
test_what_is_unread_cannot_be_read() {
	local groups='"groups": {"g": {"offsets": {"t": [5, 19]}}}'
	fake "{\"topics\": {$topic_t}, $groups, \"failures\": {\"Fetch=t\": [-29]}}"
	expect_status 77 kafka-topic lag g --json --max-age 1h
	[ "$(jq -sc 'map([.lag, .age_ms])' out)" = '[[5,null],[1,null]]' ]
	expect_line '^kafka-topic: t\[[01]\]: reading what is unread: .*[Aa]uthoriz' err
	# that it is too far behind is known all the same
	expect_status 1 kafka-topic lag --max-age 1h --max 5
	fake "{\"topics\": {$topic_t}, $groups, \"failures\": {\"Fetch=t\": [-1]}}"
	expect_status 69 kafka-topic lag --max-age 1h
	expect_line '^kafka-topic: t\[[01]\]: reading what is unread: ' err
	fake "{\"topics\": {$topic_t}, $groups, \"silent\": {\"Fetch\": [0]}}"
	expect_status 69 kafka-topic lag --max-age 1h --timeout 1s
	expect_text err 'kafka-topic: t[0]: reading what is unread: no answer within 1 s'
	[ "$(wc -l <out)" = 3 ]
}

test_more_is_committed_than_there_is() {
	fake '{"topics": {"t": [{"begin": 2, "end": 10}, {"end": 10}]}, "groups": {"g": {"offsets": {"t": [500, 10]}}}}'
	expect_status 0 kafka-topic lag g --json --max 8
	jq -c '[.partition, .current_offset, .log_end_offset, .lag]' out >got
	printf '%s\n' '[0,500,10,null]' '[1,10,10,0]' >want
	expect_same want got
	expect_line '^kafka-topic: group g: t\[0\]: offset 500 is committed, but the log ends at 10: all of it' err
	expect_status 1 kafka-topic lag --max 7
	expect_line 'group g is 8 records behind' err
}

test_a_group_that_has_committed_nothing() {
	fake "{\"topics\": {$topic_t}, \"groups\": {\"g\": {}}}"
	expect_status 66 kafka-topic lag g --max 100
	expect_text err 'kafka-topic: group g has committed nothing: name the topic, -t'
	expect_status 66 kafka-topic lag g --max-age 1h
	expect_status 0 kafka-topic lag g
	expect_text err 'kafka-topic: group g has committed nothing'
	[ ! -s out ]
	expect_status 1 kafka-topic lag g -t t --max 27
	expect_status 0 kafka-topic lag g -t t --max 28
	# another that is named with it is judged all the same
	fake "{\"topics\": {$topic_t}, \"groups\": {\"g\": {}, \"h\": {\"offsets\": {\"t\": [5, 19]}}}}"
	expect_status 1 kafka-topic lag g h --max 5
	expect_line '^kafka-topic: group h is 6 records behind' err
	expect_line '^kafka-topic: group g has committed nothing: name the topic' err
	expect_status 66 kafka-topic lag g h --max 6
	[ "$(wc -l <out)" = 3 ] || fail "$(cat out)"
}

# for a wrong name of a topic, or for want of permissions
test_an_alarm_that_has_looked_at_nothing() {
	fake "{\"topics\": {$topic_t, \"u\": [{\"end\": 3}]}, \"groups\": {\"g\": {\"offsets\": {\"t\": [5, 19]}}}}"
	expect_status 66 kafka-topic lag -t u --max 10
	expect_text err 'kafka-topic: no group has committed anything of these topics that may be seen'
	expect_status 0 kafka-topic lag -t u
	fake "{\"topics\": {$topic_t}, \"groups\": {}}"
	expect_status 66 kafka-topic lag --max-age 1h
	expect_text err 'kafka-topic: no group has committed anything that may be seen'
	expect_status 0 kafka-topic lag
}

# ---- groups that the request does not describe (KIP-848) ----

test_a_group_of_the_new_protocol() {
	fake "{\"topics\": {$topic_t}, \"groups\": {\"g\": {\"state\": null, \"offsets\": {\"t\": [5, 6]}},
		\"h\": {\"state\": null}}}"
	expect_status 0 kafka-topic groups g --json
	expect_text out '{"group":"g","state":"Unknown","assignment_strategy":null,"coordinator":null,"member_count":null,"members":null}'
	expect_line '^kafka-topic: group g is one of the protocol of KIP-848.*its members are not known$' err
	expect_status 0 kafka-topic lag g
	expect_status 0 kafka-topic reset g -o end --dry-run
	expect_no_line 'is a new one' err
	expect_status 0 kafka-topic delete-group --dry-run g h
	expect_status 66 kafka-topic groups nothing
	expect_text err 'kafka-topic: group nothing does not exist'
	expect_status 66 kafka-topic delete-group --dry-run nothing
}

test_what_is_not_known_is_null() {
	fake '{"groups": {"g": {"protocol": ""}}}'
	expect_status 0 kafka-topic groups g --json
	expect_text out '{"group":"g","state":"Empty","assignment_strategy":null,"coordinator":0,"member_count":0,"members":[]}'
}

# ---- names of all kinds ----

test_names_with_control_characters() {
	fake '{"groups": {"good": {}, "x\nproduction": {}, "e\u001b[2Js": {}, "c\u009b2J": {}, "gr\u00fc\u00df": {}}}'
	expect_status 0 kafka-topic groups
	printf '%s\n' good 'grüß' >want
	expect_same want out
	expect_text err 'kafka-topic: 3 names with control characters left out: --json shows them'
	expect_status 0 kafka-topic groups --table
	printf '%s\n' 'c?2J' 'e?[2Js' good 'grüß' 'x?production' >want
	awk 'NR > 1 { print $1 }' out >got
	expect_same want got
	expect_status 0 kafka-topic groups --json
	expect_line '^\{"group":"c\\u009b2J",' out
	[ "$(LC_ALL=C grep -c "$(printf '\302\233')" out || :)" = 0 ]
	# what others have named reaches the terminal in no message either
	expect_status 66 kafka-topic groups "$(printf 'c\302\2333J')"
	expect_text err 'kafka-topic: group c?3J does not exist'
}

# ---- describe ----

test_a_topic_that_goes_while_all_are_described() {
	fake '{"topics": {"a": [{}], "gone": [{}], "z": [{}]}, "hidden": ["gone"]}'
	expect_status 0 kafka-topic describe --json
	[ "$(jq -r .topic out | tr '\n' ' ')" = 'a z ' ]
	expect_text err 'kafka-topic: topic gone does not exist any more'
	expect_status 66 kafka-topic describe a gone
	[ ! -s out ]
}

test_properties_that_may_not_be_seen() {
	fake '{"topics": {"a": [{}], "b": [{}]}, "failures": {"DescribeConfigs=a": [-29]},
		"configs": {"b": {"retention.ms": "5", "x": "gr\u00fc\u00df \udcff"}}}'
	expect_status 0 kafka-topic describe --json
	jq -c .configs out >got
	printf '%s\n' null '{"retention.ms":"5","x":"grüß ?"}' >want
	expect_same want got
	expect_line '^kafka-topic: properties of topic a: .*[Aa]uthoriz' err
}

test_one_that_never_can() {
	fake '{"topics": {"a": [{}]}, "failures": {"DescribeConfigs": [-35]}}'
	expect_status 2 kafka-topic describe a
}

# ---- how much is asked ----

# what logs have is asked for once, however many groups read them
test_round_trips() {
	groups=$(seq 40 | jq -sc 'map({key: "g\(.)", value: {offsets: {t: [5, 6], u: [1]}}}) | from_entries')
	fake "{\"topics\": {$topic_t, \"u\": [{\"end\": 7}]}, \"groups\": $groups}"
	expect_status 0 kafka-topic lag --json
	[ "$(wc -l <out)" = 120 ]
	[ "$(jq -s 'map(.lag) | add' out)" = $((40 * (5 + 14 + 6))) ]
	[ "$(asked OffsetFetch)" = 40 ]
	[ "$(asked ListOffsets)" = 2 ]
	[ "$(asked Metadata)" -lt 20 ]
	fake "{\"topics\": $(seq 700 | jq -sc 'map({key: "t\(.)", value: [{}]}) | from_entries')}"
	expect_status 0 kafka-topic describe --json
	[ "$(wc -l <out)" = 700 ]
	[ "$(asked DescribeConfigs)" = 2 ]
}

run_tests
