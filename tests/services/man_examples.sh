#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The manual's examples that need a broker.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/pages.sh
. "$top_srcdir/tests/pages.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

# topic_end NAME: for checks, records in a topic of the example
topic_end() {
	end_offsets "$id-$1"
}

# Makes the example's topics under names of their own and puts these and the broker into its text.
use_broker() {
	local topic name
	id=$(fresh_id)
	for topic in $(example_note "$1" "$2" topics); do
		name=${topic%%=*}
		create_topic "$id-$name" 2
		[ "$name" = "$topic" ] || s3-to-kafka -q -t "$id-$name" --key '{vendor_id}' "${topic#*=}"
	done
	sed -i -E -e "s/localhost:9092/$BOOTSTRAP_SERVERS/g" \
		-e "s/(-t|--output-topic|-G|--resume-id) ([a-z])/\1 $id-\2/g" \
		-e "s/(--late|--dead-letter) ([a-z]+)( |$)/\1 $id-\2\3/g" script
}

test_sluice() {
	run_examples "$pages/sluice.7" broker use_broker
}

test_s3_to_kafka() {
	run_examples "$pages/s3-to-kafka.1" broker use_broker
}

test_gen_to_kafka() {
	run_examples "$pages/gen-to-kafka.1" broker use_broker
}

test_kafka_window() {
	run_examples "$pages/kafka-window.1" broker use_broker
}

test_kafka_to_s3() {
	run_examples "$pages/kafka-to-s3.1" broker use_broker
}

test_kafka_to_lambda() {
	run_examples "$pages/kafka-to-lambda.1" broker use_broker
}

test_kafka_to_pipe() {
	run_examples "$pages/kafka-to-pipe.1" broker use_broker
}

# its topics and groups are arguments
use_broker_by_name() {
	use_broker "$@"
	sed -i -E "s/(kafka-topic [a-z-]+ -b [^ ]+) ([a-z])/\1 $id-\2/" script
}

test_kafka_topic() {
	run_examples "$pages/kafka-topic.1" broker use_broker_by_name
}

run_tests
