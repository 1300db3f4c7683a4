#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-dynamo from a real broker into Amazon's DynamoDB Local: each attribute of each item is compared
# with the JSON it came from (items.py has a mapping of its own).
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/pages.sh
. "$top_srcdir/tests/pages.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

[ -n "${AWS_ENDPOINT_URL_DYNAMODB:-}" ] || {
	echo "1..0 # SKIP AWS_ENDPOINT_URL_DYNAMODB is not set: scripts/services start dynamodb"
	exit 0
}
# nothing of the caller's may be found
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL

items() {
	python3 "$top_srcdir/tests/services/items.py" "$@"
}

# expect_table TABLE FILE KEY...: it holds the records of the file, the last of each key
expect_table() {
	services dynamodb scan "$1" | items held >held
	items wanted "${@:3}" <"$2" >wanted
	[ -s wanted ] || fail "nothing was wanted"
	expect_same wanted held
}

# ---- Lab 5 ----

test_rides_of_a_topic() {
	local id
	id=$(fresh_id)
	create_topic "$id" 3
	gen-to-kafka -q --model taxi-ride --seed 5 --ids random -c 3000 >rides
	# and ids that come again: the last one counts
	sed -n 1,500p rides | sed 's/"passenger_count":[ ]*[0-9]*/"passenger_count":9/' >>rides
	s3-to-kafka -q -t "$id" --key '{id}' rides
	expect_status 0 kafka-to-dynamo --create-table id:S -t "$id" -e "$id"
	expect_line '3500 records read: 3500 delivered, 0 rejected' err
	expect_table "$id" rides id
	grep -q '"passenger_count": {"N": "9"}' held || fail "the later records are not there"
	# all of it is committed
	expect_status 0 kafka-to-dynamo -t "$id" -e "$id"
	expect_line '^kafka-to-dynamo: 0 records read' err
	# the same into the same
	expect_status 0 kafka-to-dynamo -q -t "$id" -G "$id-again" -e "$id"
	expect_table "$id" rides id
}

test_trips_with_a_number_for_a_key() {
	local id
	need_shared tripevents-2019-01.json.lz4
	id=$(fresh_id)
	lz4 -dc "$shared_data/tripevents-2019-01.json.lz4" | head -n 5000 >trips
	expect_status 0 kafka-to-dynamo --create-table trip_id:N "$id" <trips
	expect_table "$id" trips trip_id
}

# ---- types and limits, as the real one has them ----

test_values() {
	local id deep
	id=$(fresh_id)
	deep=$(printf '[%.0s' $(seq 31))$(printf ']%.0s' $(seq 31))
	cat >in <<-END
		{"id":"numbers","a":847.43,"b":-0.0,"c":1E5,"d":9223372036854775808,"e":12345678901234567890123456789012345678,"f":9.9999999999999999999999999999999999999E+125,"g":1e-130,"h":-1E-130,"i":1.50,"j":0e0}
		{"id":"strings","a":"","b":"ä€😀","c":"\u00e4\n\"\\\\/","d":"\ud83d\ude00","e":"\u0000"}
		{"id":"words","a":true,"b":false,"c":null}
		{"id":"nested","a":[],"b":{},"c":[1,"x",null,[true,{"k":[1.10]}]],"d":{"x":{"y":[{}]}},"deep":$deep}
		{"id":"reserved","size":1,"name":"x","a.b":2,"#c":3,":d":4," ":5,"ä":6}
		{"id":"twice","a":1,"b":2,"a":3}
	END
	expect_status 0 kafka-to-dynamo --create-table id:S "$id" <in
	expect_table "$id" in id
	# the same by updates
	expect_status 0 kafka-to-dynamo --create-table id:S --op update "$id-update" <in
	expect_table "$id-update" in id
}

test_sets_and_binary() {
	local id
	id=$(fresh_id)
	echo '{"id":"a","ss":["x","y","x"],"ns":[1,1.0,"2"],"b":"AAEC","none":[],"n":"7.0"}' >in
	expect_status 0 kafka-to-dynamo --create-table id:S --types ss=SS --types ns=NS --types b=B --types none=SS \
		--types n=N "$id" <in
	services dynamodb scan "$id" | items held >held
	expect_text held '{"b": {"B": "AAEC"}, "id": {"S": "a"}, "n": {"N": "7"}, "ns": {"NS": ["1", "2"]}, "ss": {"SS": ["x", "y"]}}'
	# an empty set takes the old one away
	echo '{"id":"a","ss":[]}' | expect_status 0 kafka-to-dynamo --op update --types ss=SS "$id"
	services dynamodb scan "$id" | items held >held
	expect_no_line '"ss"' held
	expect_line '"ns"' held
}

# items of the largest size are taken, those above are refused here and not there
test_items_of_the_largest_size() {
	local id
	id=$(fresh_id)
	python3 - >in <<-'END'
		print('{"id":"a","v":"%s"}' % ("x" * (409600 - 4)))
		print('{"id":"%s","v":"x"}' % ("k" * 2048))
		print('{"id":"c","v":[%s]}' % ",".join(["1"] * 100000))
		print('{"id":"d","v":"%s"}' % ("x" * (409600 - 3)))
	END
	expect_status 0 kafka-to-dynamo --create-table id:S --dead-letter ./letters "$id" <in
	expect_line '4 records read: 3 delivered, 1 rejected' err
	expect_line 'an item of 409601 bytes' letters
	head -n 3 in >taken
	expect_table "$id" taken id
}

# what only DynamoDB can know: an index wants a string
test_what_it_refuses_is_found() {
	local id
	id=$(fresh_id)
	services dynamodb call CreateTable "{\"TableName\":\"$id\",\"BillingMode\":\"PAY_PER_REQUEST\",
		\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],
		\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"},
		{\"AttributeName\":\"who\",\"AttributeType\":\"S\"}],
		\"GlobalSecondaryIndexes\":[{\"IndexName\":\"by-who\",\"Projection\":{\"ProjectionType\":\"ALL\"},
		\"KeySchema\":[{\"AttributeName\":\"who\",\"KeyType\":\"HASH\"}]}]}" >/dev/null
	seq 100 | sed 's/.*/{"id":"i&","who":"w&"}/' >good
	sed '50s/"w50"/50/;77s/"w77"/null/' good >in
	expect_status 0 kafka-to-dynamo --dead-letter ./letters "$id" <in
	expect_line '100 records read: 98 delivered, 2 rejected' err
	[ "$(grep -c ValidationException letters)" = 2 ] || fail "$(cat letters)"
	sed '50d;77d' in >taken
	expect_table "$id" taken id
}

# ---- order, tombstones, conditions ----

test_composite_keys_updates_and_tombstones() {
	local id
	id=$(fresh_id)
	create_topic "$id" 2
	printf '%s\n' '{"key":"{\"a\":\"x\",\"b\":1}","payload":{"a":"x","b":1,"v":1}}' \
		'{"key":"{\"a\":\"x\",\"b\":1.0}","payload":{"a":"x","b":1.0,"w":2}}' \
		'{"key":"{\"a\":\"x1\",\"b\":2}","payload":{"a":"x1","b":2}}' \
		'{"key":"{\"a\":\"y\",\"b\":3}","payload":{"a":"y","b":3}}' \
		'{"key":"{\"a\":\"y\",\"b\":3}","payload":null}' >in
	# one partition: the two spellings of a key are two keys to Kafka
	s3-to-kafka -q -J=in -t "$id" -p 0 in
	expect_status 0 kafka-to-dynamo --create-table a:S,b:N --op update -t "$id" -e "$id"
	services dynamodb scan "$id" | items held >held
	expect_text held '{"a": {"S": "x"}, "b": {"N": "1"}, "v": {"N": "1"}, "w": {"N": "2"}}
{"a": {"S": "x1"}, "b": {"N": "2"}}'
	# with batches the later record replaces the item
	expect_status 0 kafka-to-dynamo -t "$id" -G "$id-put" -e "$id"
	services dynamodb scan "$id" | items held >held
	expect_text held '{"a": {"S": "x"}, "b": {"N": "1"}, "w": {"N": "2"}}
{"a": {"S": "x1"}, "b": {"N": "2"}}'
}

test_condition_offset() {
	local id
	id=$(fresh_id)
	create_topic "$id" 2
	for n in 1 2 3 4 5; do seq 20 | sed "s/.*/{\"id\":\"i&\",\"n\":$n}/"; done >in
	s3-to-kafka -q -t "$id" --key '{id}' in
	expect_status 0 kafka-to-dynamo --create-table id:S --condition-offset seen -t "$id" -e "$id"
	services dynamodb scan "$id" >first
	[ "$(grep -c '"n":{"N":"5"}' first)" = 20 ] || fail "$(cat first)"
	# all of it again, as late requests would come: nothing changes, and it counts as delivered
	expect_status 0 kafka-to-dynamo --condition-offset seen -t "$id" -G "$id-again" -e "$id"
	expect_line '100 records read: 100 delivered, 0 rejected' err
	services dynamodb scan "$id" >again
	expect_same first again
	# an attribute that is no number is no offset
	echo '{"id":"i1","seen":"x"}' | expect_status 0 kafka-to-dynamo --op update "$id"
	expect_status 0 kafka-to-dynamo --condition-offset seen -t "$id" -G "$id-third" -e "$id"
	services dynamodb scan "$id" >third
	expect_same first third
}

test_several_members() {
	local id
	id=$(fresh_id)
	create_topic "$id" 4
	for n in 1 2 3 4; do seq 1000 | sed "s/.*/{\"id\":\"i&\",\"n\":$n}/"; done >in
	s3-to-kafka -q -t "$id" --key '{id}' in
	expect_status 0 kafka-to-dynamo -j 3 --create-table id:S -t "$id" -e "$id"
	expect_line '4000 records read: 4000 delivered, 0 rejected' err
	expect_table "$id" in id
}

# ---- the manual ----

# items_of TABLE: for checks, how many items a table of the example has
items_of() {
	services dynamodb scan "$id-$1" | wc -l
}

# Makes the example's topics and table under names of their own, and puts these and the services into its
# text.
use_dynamodb() {
	local topic
	id=$(fresh_id)
	for topic in $(example_note "$1" "$2" topics); do
		create_topic "$id-${topic%%=*}" 2
		s3-to-kafka -q -t "$id-${topic%%=*}" --key '{vendor_id}' "${topic#*=}"
	done
	for table in $(example_note "$1" "$2" table); do
		kafka-to-dynamo -q --create-table trip_id:N "$id-$table" </dev/null
	done
	sed -i -E -e "s/localhost:9092/$BOOTSTRAP_SERVERS/g" -e "s,http://localhost:8000,$AWS_ENDPOINT_URL_DYNAMODB," \
		-e "s/-t ([a-z])/-t $id-\1/" -e "s/ (rides|trips|customers)( <|$)/ $id-\1\2/" script
}

test_examples() {
	run_examples "$pages/kafka-to-dynamo.1" dynamodb use_dynamodb
}

# ---- crashes ----

# Killed again and again while it writes: nothing is missing in the end, and the last of each key is there.
test_killed_again_and_again() {
	local id run pid status
	id=$(fresh_id)
	create_topic "$id" 4
	awk 'BEGIN { for (n = 0; n < 20000; n++) printf "{\"id\":\"i%d\",\"n\":%d}\n", n * 7919 % 5000, n }' >in
	s3-to-kafka -q -t "$id" --key '{id}' in
	kafka-to-dynamo -q --create-table id:S "$id" </dev/null
	for run in 1 2 3 4 5 6 7 8; do
		# a static member comes back at once
		kafka-to-dynamo -q -X group.instance.id=one -t "$id" -e "$id" 2>>errors &
		pid=$!
		# nothing depends on how far it gets: whatever was written until then is what a crash may leave
		sleep "$(awk -v run="$run" 'BEGIN { print 0.4 + run * 7 % 8 * 0.3 }')"
		kill -KILL $pid 2>/dev/null || true
		status=0
		wait $pid || status=$?
		[ $status = 137 ] || [ $status = 0 ] || fail "run $run: status $status: $(cat errors)"
	done
	expect_status 0 kafka-to-dynamo -X group.instance.id=one -t "$id" -e "$id"
	expect_table "$id" in id
}

run_tests
