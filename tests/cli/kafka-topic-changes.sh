#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What kafka-topic changes, with brokers that refuse some of it, leave some of it out of their answers, or do not
# tell what would be lost.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/kafka/lib.sh
. "$top_srcdir/tests/kafka/lib.sh"

unset BOOTSTRAP_SERVERS XDG_CONFIG_HOME

topics='"topics": {"a": [{"end": 10}, {"end": 10}], "b": [{}], "c": [{}]}'
missing='the answer says nothing of it: it may have been carried out'

# sent: the last change that was asked for
sent() {
	sed -n 's/^sent //p' asked | tail -n 1
}

# librdkafka from 2.2 on changes one property alone, by another request
need_alter_configs() {
	! pkg-config --atleast-version=2.2 rdkafka || skip 'this librdkafka changes one property alone'
}

# ---- answers with holes ----

test_create_of_which_nothing_is_said() {
	local name
	for name in a b c; do
		fake "{$topics, \"left_out\": [\"$name\"]}"
		expect_status 69 kafka-topic create a b c --partitions 1 --replication 1
		expect_line "^kafka-topic: topic $name: $missing\$" err
		[ "$(grep -c ' created$' err)" = 2 ] || fail "$(cat err)"
		[ "$(sent)" = '{"a": [1, 1, {}], "b": [1, 1, {}], "c": [1, 1, {}]}' ] || fail "$(sent)"
	done
	fake "{$topics, \"left_out\": [\"a\", \"b\", \"c\"]}"
	expect_status 69 kafka-topic create a b c --partitions 1 --replication 1
	for name in a b c; do
		echo "kafka-topic: topic $name: $missing"
	done >want
	echo 'kafka-topic: 3 of 3 topics: see above' >>want
	expect_same want err
}

test_delete_of_which_nothing_is_said() {
	local name
	for name in a b c; do
		fake "{$topics, \"left_out\": [\"$name\"]}"
		expect_status 69 kafka-topic delete a b c --yes
		expect_line "^kafka-topic: topic $name: $missing\$" err
		[ "$(grep -c ' deleted$' err)" = 2 ] || fail "$(cat err)"
	done
}

test_alter_of_which_nothing_is_said() {
	need_alter_configs
	fake "{$topics, \"left_out\": [\"b\"]}"
	expect_status 69 kafka-topic alter b c --partitions 5
	expect_line "^kafka-topic: topic b: $missing\$" err
	expect_no_line '^kafka-topic: topic [bc]: partitions added' err
	[ "$(sent)" = '{"b": 5}' ] || fail "$(sent)"
	expect_status 69 kafka-topic alter b --set segment.ms=5
	expect_text err 'kafka-topic: properties of topic b: the answer says nothing of them: they may have been changed'
	expect_status 0 kafka-topic alter c --partitions 5 --set segment.ms=5
}

# ---- refusals ----

# each is said; the first one's status counts
test_several_refusals() {
	fake "{$topics, \"refusals\": {\"b\": 29, \"c\": 36}}"
	expect_status 77 kafka-topic create a b c --partitions 1 --replication 1
	expect_line '^kafka-topic: topic a created$' err
	expect_line '^kafka-topic: topic b: Broker: Topic authorization failed$' err
	expect_line '^kafka-topic: topic c: Broker: Topic already exists$' err
	[ "$(tail -n 1 err)" = 'kafka-topic: 2 of 3 topics: see above' ]
	expect_status 73 kafka-topic create c --partitions 1 --replication 1
	expect_text err 'kafka-topic: topic c: Broker: Topic already exists'
	# not finished in the time that the broker was given
	fake "{$topics, \"refusals\": {\"b\": 7}}"
	expect_status 69 kafka-topic delete --yes a b
	expect_line '^kafka-topic: topic a deleted$' err
	expect_line '^kafka-topic: topic b: Broker: Request timed out$' err
}

# what the brokers cannot do is no reason to try again
test_requests_that_are_not_known() {
	fake "{$topics, \"unknown\": [\"CreateTopics\", \"CreatePartitions\"]}"
	expect_status 2 kafka-topic create d --partitions 1 --replication 1
	expect_line '^kafka-topic: creating topics: .*not supported by broker' err
	expect_status 2 kafka-topic alter b --partitions 2
	expect_status 0 kafka-topic delete --yes b
}

test_reset_that_is_refused_in_part() {
	local group='"groups": {"g": {"offsets": {"a": [5, 5], "b": [0], "c": [0]}}}'
	fake "{$topics, $group}"
	expect_status 0 kafka-topic reset g -o end --yes
	[ "$(sent)" = '{"a": {"0": 10, "1": 10}, "b": {"0": 0}, "c": {"0": 0}}' ] || fail "$(sent)"
	fake "{$topics, $group, \"refusals\": {\"a[1]\": 25, \"b[0]\": 25, \"c[0]\": 25}}"
	expect_status 69 kafka-topic reset g -o end --yes
	[ "$(tail -n 1 err)" = 'kafka-topic: group g: a[1] and 2 more partitions: the group has members now' ]
	fake "{$topics, $group, \"refusals\": {\"a[1]\": 29, \"b[0]\": 25, \"c[0]\": 29}}"
	expect_status 77 kafka-topic reset g -o end --yes
	printf 'kafka-topic: group g: %s\n' 'a[1] and 1 more partition: Broker: Topic authorization failed' \
		'b[0]: the group has members now' 'not all of it was reset: see above' >want
	expect_same want err
	fake "{$topics, $group}"
	expect_status 2 kafka-topic reset g -o 1500 --yes
	[ "$(asked OffsetCommit)" = 0 ]
}

# ---- what would be lost ----

# librdkafka before 2.2 replaces all properties: those that are the topic's own go along, and no defaults
test_properties_that_stay() {
	need_alter_configs
	fake "{$topics, \"configs\": {\"b\": {\"retention.ms\": \"7\", \"segment.ms\": \"8\"}}}"
	expect_status 0 kafka-topic alter b --set retention.ms=9
	case $(sent) in
	'{"b": {"retention.ms": "9", "segment.ms": "8"}}') ;;
	*) fail "$(sent)" ;;
	esac
	expect_line '^kafka-topic: topic b: its 1 property is set again with what is changed' err
	fake "{$topics, \"configs\": {\"b\": {\"retention.ms\": \"7\", \"segment.ms\": \"8\"}}, \"source\": 5}"
	expect_status 0 kafka-topic alter b --set retention.ms=9
	[ "$(sent)" = '{"b": {"retention.ms": "9"}}' ] || fail "$(sent)"
	expect_text err 'kafka-topic: topic b: property changed'
}

test_properties_that_would_be_lost() {
	need_alter_configs
	fake "{$topics, \"configs\": {\"b\": {\"retention.ms\": \"7\", \"segment.ms\": \"8\"}}, \"source\": 0}"
	expect_status 69 kafka-topic alter b --set retention.ms=9
	expect_line '^kafka-topic: the broker does not tell whether property (retention|segment).ms is set on the topic' err
	[ "$(asked AlterConfigs)" = 0 ]
	fake "{$topics, \"configs\": {\"b\": {\"secret\": null}}}"
	expect_status 73 kafka-topic alter b --set retention.ms=9
	expect_line 'property secret is set, but its value is not told, and would be lost' err
	[ "$(asked AlterConfigs)" = 0 ]
	fake "{$topics, \"failures\": {\"DescribeConfigs\": [29]}}"
	expect_status 77 kafka-topic alter b --set retention.ms=9
	[ "$(asked AlterConfigs)" = 0 ]
}

# ---- groups that cannot be described ----

# Dead to DescribeGroups, but listed: of the protocol of KIP-848. The broker knows whether it has members.
test_delete_group_of_the_new_protocol() {
	fake '{"groups": {"g": {"state": null}, "h": {"state": null}}, "refusals": {"h": 68}}'
	expect_status 0 kafka-topic delete-group --yes g
	expect_text err 'kafka-topic: group g deleted'
	expect_status 69 kafka-topic delete-group --yes h
	expect_line '^kafka-topic: group h: Broker: .*not empty' err
	expect_status 66 kafka-topic delete-group --yes i
	[ "$(sent)" = '["h"]' ] || fail "$(sent)"
}

run_tests
