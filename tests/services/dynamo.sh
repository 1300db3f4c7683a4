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

# the workshop's own trips by way of Lab 2's topic, in both of its files' spellings
test_trips_of_the_workshop() {
	local id columns
	need_shared workshop-taxi-trips.csv
	need_shared workshop-kpl-taxi-trips.csv
	id=$(fresh_id)
	create_topic "$id" 3
	columns=id,vendor_id:int,pickup_datetime,dropoff_datetime,passenger_count:int,pickup_longitude,pickup_latitude
	columns+=,dropoff_longitude,dropoff_latitude,store_and_fwd_flag,gc_distance:double,trip_duration:int
	columns+=,google_distance,google_duration
	s3-to-kafka -q -t "$id" --key '{id}' --columns $columns "$shared_data/workshop-taxi-trips.csv" \
		"$shared_data/workshop-kpl-taxi-trips.csv"
	expect_status 0 kafka-to-dynamo --create-table id:S -t "$id" -e --ttl expires=dropoff_datetime+30d \
		--time-format '%m/%d/%y %H:%M' --dead-letter ./letters "$id"
	expect_line '391 records read: 342 delivered, 49 rejected' err
	# 1/8/2016 has another pattern than 1/8/16
	expect_status 0 kafka-to-dynamo -J=in "$id" <letters
	kafka-to-pipe -q -t "$id" -e >rides
	services dynamodb scan "$id" >scan
	jq -c 'del(.expires)' scan | items held >held
	items wanted id <rides >wanted
	expect_same wanted held
	expect_line '"gc_distance": \{"N": "0.634928219"\}.*"id": \{"S": "id1178274"\}.*"vendor_id": \{"N": "1"\}' held
	# 2016-01-08 20:54 and 30 days
	expect_line '"expires":\{"N":"1454878440"\}.*"id":\{"S":"id1178274"\}' scan
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

# ---- faults between ----

# serve_faults ARGUMENT...: puts the proxy before DynamoDB, for writes alone. Sets $faults.
serve_faults() {
	local keep
	rm -f faults.in faults.port
	mkfifo faults.in
	# shellcheck disable=SC2034 # held open until the test ends, and the server with it
	exec {keep}<>faults.in
	python3 "$top_srcdir/tests/faults/http_faults.py" "${AWS_ENDPOINT_URL_DYNAMODB##*:}" --log faults.log \
		--path '(BatchWrite|Put|Update|Delete)Item' "$@" <faults.in >faults.port 2>faults.err &
	wait_for 20 test -s faults.port
	faults=http://127.0.0.1:$(<faults.port)
}

# Whatever happens to the requests: all of it is there, the last of each key, and counted once.
test_faults_between() {
	local id fault op options script
	id=$(fresh_id)
	create_topic "$id" 2
	awk 'BEGIN { for (n = 0; n < 3000; n++) printf "{\"id\":\"i%d\",\"n\":%d}\n", n * 7919 % 1000, n }' >in
	s3-to-kafka -q -t "$id" --key '{id}' in
	set -- aws=ProvisionedThroughputExceededException aws=ThrottlingException aws=InternalServerError 429 503=1 500 \
		refuse half reset short long garbage foreign
	for op in batch update condition; do
		script=("$@" "$@")
		case $op in
		batch)
			options=(--op put)
			# what takes the time of a silence, 30 s, once
			script+=(items=0 items=0 items=0 stall stop)
			;;
		update) options=(--op update) ;;
		condition) options=(--condition-offset seen) ;;
		esac
		serve_faults "${script[@]}"
		expect_status 0 kafka-to-dynamo --create-table id:S --endpoint-url "$faults" "${options[@]}" \
			-t "$id" -G "$id-$op" -e "$id-$op"
		expect_line '3000 records read: 3000 delivered, 0 rejected' err
		expect_line 'records sent again' err
		curl -sS "$faults/__faults/counts" >counts
		for fault in "${script[@]}"; do
			jq -e --arg fault "$fault" '.[$fault] >= 1' counts >/dev/null || fail "$op: never $fault: $(<counts)"
		done
		services dynamodb scan "$id-$op" | without_offsets | items held >held
		items wanted id <in >wanted
		expect_same wanted held
	done
}

# the attribute of --condition-offset is in no record
without_offsets() {
	jq -c 'del(.seen)'
}

# A request of a member that was killed lands after its successor has written what is newer.
test_a_request_that_lands_late() {
	local id pid
	id=$(fresh_id)
	create_topic "$id" 1
	printf '%s\n' '{"id":"a","n":1}' '{"id":"b","n":1}' | s3-to-kafka -q -t "$id" --key '{id}'
	kafka-to-dynamo -q --create-table id:S "$id" </dev/null
	serve_faults hold
	kafka-to-dynamo -q --endpoint-url "$faults" --condition-offset seen --connections 1 -t "$id" "$id" 2>err &
	pid=$!
	wait_for 60 grep -q '^hold' faults.log
	kill -KILL $pid
	wait $pid || true
	printf '%s\n' '{"id":"a","n":2}' | s3-to-kafka -q -t "$id" --key '{id}'
	expect_status 0 kafka-to-dynamo --condition-offset seen -t "$id" -e "$id"
	expect_line '3 records read: 3 delivered, 0 rejected; 3 requests$' err
	curl -sS "$faults/__faults/release" >/dev/null
	wait_for 60 late_has_landed
	services dynamodb scan "$id" | items held >held
	expect_text held '{"id": {"S": "a"}, "n": {"N": "2"}, "seen": {"N": "2"}}
{"id": {"S": "b"}, "n": {"N": "1"}, "seen": {"N": "1"}}'
}

late_has_landed() {
	[ "$(curl -sS "$faults/__faults/counts" | jq '.landed // 0')" -ge 1 ]
}

# ---- crashes ----

# SLUICE_KILLS=N: how many times each campaign kills (6); SLUICE_SEED=N: of the moments (7)
kills=${SLUICE_KILLS:-6}

# campaign RECORDS OPTION...: for each kill so many records; kills it again and again while it writes, with faults between; each time at a seeded
# moment after its first request. What ended by itself begins anew, as another group. Calls after_kill.
campaign() {
	local count=$((kills * $1)) seed=${SLUICE_SEED:-7} run killed=0 round=0 pid status seen
	shift
	create_topic "$id" 4
	awk -v n="$count" 'BEGIN { for (i = 0; i < n; i++)
		printf "{\"id\":\"i%d\",\"n\":%d}\n", i * 7919 % int(n / 3), i }' >in
	s3-to-kafka -q -t "$id" --key '{id}' in
	kafka-to-dynamo -q --create-table id:S "$id" </dev/null
	serve_faults --random "$seed:4" 503 half reset items=0 aws=ThrottlingException
	for run in $(seq $((kills * 3))); do
		[ "$killed" -lt "$kills" ] || break
		seen=$(wc -l <faults.log)
		# a static member comes back at once
		kafka-to-dynamo -q -X group.instance.id=one --endpoint-url "$faults" "$@" -t "$id" -G "$id-$round" -e "$id" \
			2>"err.$run" &
		pid=$!
		wait_for 120 wrote_or_ended "$seen" $pid
		seed=$((seed * 16807 % 2147483647))
		sleep "0.$(printf '%03d' $((seed % 700)))"
		kill -KILL $pid 2>/dev/null || true
		status=0
		wait $pid || status=$?
		case $status in
		137) killed=$((killed + 1)) ;;
		0) round=$((round + 1)) ;;
		*) fail "run $run: status $status: $(cat "err.$run")" ;;
		esac
		after_kill "$run"
	done
	[ "$killed" = "$kills" ] || fail "killed $killed times only"
	expect_status 0 kafka-to-dynamo -X group.instance.id=one "$@" -t "$id" -G "$id-$round" -e "$id"
}

# wrote_or_ended LINES PID
wrote_or_ended() {
	[ "$(wc -l <faults.log)" -gt "$1" ] || ! kill -0 "$2" 2>/dev/null
}

test_killed_again_and_again() {
	local id
	id=$(fresh_id)
	after_kill() { :; }
	campaign 1500
	expect_table "$id" in id
}

# and in no item an older record ever comes on top of a newer one
test_killed_again_and_again_with_conditions() {
	local id
	id=$(fresh_id)
	: >before
	after_kill() {
		# a table is much to read
		[ $(($1 % 10)) = 0 ] || return 0
		offsets_of "$id" >after
		join before after | awk '$2 > $3 { print "item " $1 ": offset " $3 " after " $2; bad = 1 } END { exit bad }'
		mv after before
	}
	# a request each
	campaign 500 --condition-offset seen
	services dynamodb scan "$id" >scan
	without_offsets <scan | items held >held
	items wanted id <in >wanted
	expect_same wanted held
	# the offset that each came with
	kafka-to-pipe -q -t "$id" -e -J |
		jq -r '[.payload | if type == "string" then fromjson else . end | .id, .n] + [.offset] | @tsv' |
		sort -k1,1 -k2,2n | awk '{ last[$1] = $3 } END { for (id in last) print id, last[id] }' | sort >want
	offsets_of "$id" >got
	expect_same want got
}

offsets_of() {
	services dynamodb scan "$1" | jq -r '[.id.S, .seen.N] | join(" ")' | sort
}

run_tests
