#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-opensearch into the real services that are there (OPENSEARCH_URL, OPENSEARCH3_URL, ELASTICSEARCH7_URL,
# ELASTICSEARCH8_URL): the workshops' indices, faults between, kills.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/pages.sh
. "$top_srcdir/tests/pages.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

unset OPENSEARCH_USERNAME OPENSEARCH_PASSWORD OPENSEARCH_API_KEY AWS_PROFILE

# the first that is there
need_service() {
	url=${OPENSEARCH_URL:-${OPENSEARCH3_URL:-${ELASTICSEARCH7_URL:-${ELASTICSEARCH8_URL:-}}}}
	[ -n "$url" ] || skip "no OPENSEARCH_URL: scripts/services start opensearch"
	id=$(fresh_id)
}

# for_each_service COMMAND...: in a directory of its own, with $url
for_each_service() {
	local name ran=0
	for name in OPENSEARCH OPENSEARCH3 ELASTICSEARCH7 ELASTICSEARCH8; do
		local variable=${name}_URL
		url=${!variable:-}
		[ -n "$url" ] || continue
		mkdir "$name"
		cd "$name"
		id=$(fresh_id)
		"$@"
		cd ..
		ran=$((ran + 1))
	done
	[ $ran -gt 0 ] || skip "no OPENSEARCH_URL: scripts/services start opensearch"
}

ask() {
	curl -sS -H 'Content-Type: application/json' "$url$1" "${@:2}"
}

# count INDEX
count() {
	ask "/$1/_refresh" -X POST >/dev/null
	ask "/$1/_count" | jq .count
}

# documents INDEX: id, version and source, sorted by id
documents() {
	ask "/$1/_refresh" -X POST >/dev/null
	ask "/$1/_search?version=true&size=10000" | jq -c '.hits.hits[] | [._id, ._version, ._source]' | LC_ALL=C sort
}

# serve_faults ARGUMENT...: puts the proxy before the service. Sets $faults.
serve_faults() {
	local keep
	rm -f faults.in faults.port
	mkfifo faults.in
	# shellcheck disable=SC2034 # held open until the test ends, and the server with it
	exec {keep}<>faults.in
	python3 "$top_srcdir/tests/faults/http_faults.py" "${url##*:}" --path _bulk --log faults.log "$@" \
		<faults.in >faults.port 2>faults.err &
	wait_for 20 test -s faults.port
	faults=http://127.0.0.1:$(<faults.port)
}

# ---- every service ----

operations() {
	local product=OpenSearch
	[[ $name != ELASTICSEARCH* ]] || product=Elasticsearch
	printf '%s\n' '{"topic":"t","partition":0,"offset":0,"key":"a","payload":{"n":1,"at":"2019-01-01T00:00:00Z"}}' \
		'{"topic":"t","partition":0,"offset":5,"key":"a","payload":{"n":2}}' \
		'{"topic":"t","partition":0,"offset":6,"key":"b","payload":{"n":3}}' \
		'{"topic":"t","partition":0,"offset":7,"key":"b","payload":null}' \
		'{"topic":"t","partition":0,"offset":8,"key":"gone","payload":null}' >in
	expect_status 0 kafka-to-opensearch -J=in --index "$id" --id '{@key}' "$url" <in
	expect_line "writing to $product $(ask / | jq -r .version.number) " err
	expect_line '5 records read: 5 delivered, 0 rejected;' err
	documents "$id" >got
	expect_text got '["a",5,{"n":2}]'
	# what is older, or this very record, is delivered
	expect_status 0 kafka-to-opensearch -J=in --index "$id" --id '{@key}' "$url" < <(head -n 2 in)
	expect_line '2 delivered, 0 rejected' err
	documents "$id" >got
	expect_text got '["a",5,{"n":2}]'
	expect_status 0 kafka-to-opensearch -q --op create --index "$id" --id '{n}' "$url" <<<'{"n":7}'
	expect_status 0 kafka-to-opensearch -q --op create --index "$id" --id '{n}' "$url" <<<'{"n":7,"x":1}'
	expect_status 0 kafka-to-opensearch -q --op update --index "$id" --id '{n}' "$url" <<<'{"n":7,"y":1}'
	expect_status 0 kafka-to-opensearch -q --op update --index "$id" --id '{n}' --routing '{n}' "$url" <<<'{"n":8}'
	documents "$id" >got
	expect_text got '["7",2,{"n":7,"y":1}]
["8",1,{"n":8}]
["a",5,{"n":2}]'
	expect_status 0 kafka-to-opensearch -q --op delete --index "$id" --id '{n}' "$url" <<<'{"n":7}'
	[ "$(count "$id")" = 2 ]
}

test_operations() {
	for_each_service operations
}

rejections() {
	echo '{"mappings":{"properties":{"n":{"type":"integer"}}}}' >mapping.json
	printf '%s\n' '{"i":1,"n":1}' '{"i":2,"n":"words"}' '{"i":3,"n":3}' '{"i":"'"$id"'/X","n":3}' >in
	expect_status 0 kafka-to-opensearch --index "$id-{i}" --id '{i}' --dead-letter ./letters --template mapping.json \
		--template-name "$id" "$url" <in
	expect_line '4 records read: 2 delivered, 2 rejected' err
	expect_line '"line":2,.*"reason":"(mapper|document)_parsing_exception: .*failed to parse field \[n\]' letters
	expect_line '"line":4,.*"reason":"invalid_index_name_exception' letters
	expect_status 65 kafka-to-opensearch --index "$id-1" --id '{i}' "$url" <<<'{"i":1,"n":{}}'
	expect_line '^kafka-to-opensearch: stdin:1: .*parsing_exception' err
	# a pipeline that is not there is no reason to lose a record
	expect_status 73 kafka-to-opensearch --index "$id-1" --id '{i}' --pipeline gone --dead-letter ./dead \
		"$url" <<<'{"i":1}'
	expect_line 'pipeline with id \[gone\] does not exist' err
}

test_rejections() {
	for_each_service rejections
}

missing_indices() {
	# these may not be made
	ask /_cluster/settings -X PUT -d "{\"transient\":{\"action.auto_create_index\":\"-$id-no*,+*\"}}" >put
	expect_line acknowledged put
	printf '%s\n' '{"i":"no"}' '{"i":"yes"}' >in
	expect_status 73 kafka-to-opensearch --index "$id-no" --id '{i}' --dead-letter ./letters "$url" <in
	expect_line "^kafka-to-opensearch: status 404: index_not_found_exception: no such index \\[$id-no\\] and \\[action.auto" err
	[ ! -s letters ]
	expect_status 73 kafka-to-opensearch --op update --index "$id-no" --id '{i}' "$url" <in
	expect_status 0 kafka-to-opensearch --index "$id-{i}" --id '{i}' --dead-letter ./letters "$url" <in
	expect_line '2 records read: 1 delivered, 1 rejected' err
	expect_line "no such index \\[$id-no\\]" letters
	# deletions: with versions the service would make it
	expect_status 73 kafka-to-opensearch --op delete --index "$id-gone" --id '{i}' "$url" <in
	expect_status 73 kafka-to-opensearch -J=in --op delete --index "$id-gone" --id '{@key}' "$url" \
		<<<'{"topic":"t","partition":0,"offset":1,"key":"a","payload":{}}'
	expect_line "there is no index $id-gone to delete from" err
	expect_status 65 kafka-to-opensearch --op delete --index "$id-gone-{i}" --id '{i}' "$url" <<<'{"i":"no"}'
	expect_line "index_not_found_exception: no such index \\[$id-gone-no\\]" err
	expect_status 0 kafka-to-opensearch --op delete --index "$id-yes" --id '{i}' "$url" <in
	expect_line '2 delivered, 0 rejected' err
	# a tombstone before the first document
	printf '%s\n' '{"topic":"t","partition":0,"offset":0,"key":"a","payload":null}' \
		'{"topic":"t","partition":0,"offset":1,"key":"b","payload":{"n":1}}' >in
	expect_status 0 kafka-to-opensearch -J=in --index "$id-new" --id '{@key}' --version-from none --batch-size 1 \
		--connections 1 "$url" <in
	[ "$(count "$id-new")" = 1 ]
	ask /_cluster/settings -X PUT -d '{"transient":{"action.auto_create_index":null}}' >put
}

test_missing_indices() {
	for_each_service missing_indices
}

pipelines() {
	# this build of the service has no processors
	ask "/_ingest/pipeline/$id" -X PUT -d '{"processors":[]}' >put
	expect_line acknowledged put
	expect_status 0 kafka-to-opensearch -q --index "$id" --id '{i}' --pipeline "$id" --refresh true "$url" <<<'{"i":1}'
	ask "/$id/_search" | jq -c '.hits.hits[]._source' >got
	expect_text got '{"i":1}'
}

test_pipelines_and_refresh() {
	for_each_service pipelines
}

too_large() {
	# http.max_content_length is 100 MB; the proxy says so earlier
	serve_faults 413 413
	make_trips 2000 >in
	expect_status 0 kafka-to-opensearch -q --index "$id" --id '{trip_id}' --connections 1 "$faults" <in
	[ "$(count "$id")" = 2000 ]
}

test_too_large() {
	for_each_service too_large
}

# ---- the workshops' data ----

# Lab 4: window fields are dates, and a window a document however often it is sent
test_trip_statistics() {
	local i
	need_service
	need_shared tripevents-2019-01.json.lz4
	create_topic "$id" 3
	create_topic "$id-stats" 2
	s3-to-kafka -q -t "$id" --key '{trip_id}' "$shared_data/tripevents-2019-01.json.lz4"
	kafka-window -q -t "$id" -e --tumble 1h --time pickup_datetime --by vendor_id --late ./late \
		-a trip_count=count -a passenger_count=sum:passenger_count -a fare=sum:fare_amount \
		--output-topic "$id-stats"
	rows=$(end_offsets "$id-stats")
	cat >mapping.json <<-'EOF'
		{"mappings": {"properties": {
			"window_start": {"type": "date"}, "window_end": {"type": "date"}, "window_time": {"type": "date"},
			"vendor_id": {"type": "keyword"}}}}
	EOF
	for i in 1 2; do
		expect_status 0 kafka-to-opensearch -t "$id-stats" -G "g$i-$id" -e --index "trip_stats-$id" \
			--id '{vendor_id}-{window_start}' --template mapping.json --template-name "$id" "$url"
		expect_line "$rows records read: $rows delivered, 0 rejected" err
		[ "$(count "trip_stats-$id")" = "$rows" ]
	done
	[ "$(ask "/trip_stats-$id/_mapping" | jq -r '.[].mappings.properties.window_start.type')" = date ]
	# a histogram over them adds up
	ask "/trip_stats-$id/_search?size=0" -d '{"aggs":{"days":{"date_histogram":{"field":"window_start","calendar_interval":"day"},
		"aggs":{"trips":{"sum":{"field":"trip_count"}}}}}}' | jq '[.aggregations.days.buckets[].trips.value] | add' >got
	kafka-to-pipe -q -t "$id-stats" -e | jq -s 'map(.trip_count) | add' >want
	expect_same <(jq round got) want
}

# the clickstream tutorial's three indices, with its own mappings
test_clickstream_indices() {
	local name
	need_service
	need_shared index-mapping-departments_count.json
	seq 0 99 | jq -c '{departmentName: ("d" + (. % 5 | tostring)), departmentCount: .,
		windowBeginTime: (1687246330000 + . * 10000), windowEndTime: (1687246340000 + . * 10000)}' >departments_count
	seq 0 99 | jq -c '{userSessionCount: ., userSessionCountWithOrderCheckout: 4, percentSessionswithBuy: 33.0,
		windowBeginTime: (1687246330000 + . * 10000), windowEndTime: (1687246340000 + . * 10000)}' >user_session_counts
	seq 0 99 | jq -c '{userId: ., eventCount: 6, orderCheckoutEventCount: 6, deptList: ["laptops", "cameras"], eventKey: 1,
		windowBeginTime: (1687246335123 + .), windowEndTime: (1687246336841 + .)}' >user_session_details
	for name in departments_count user_session_counts user_session_details; do
		create_topic "$id-$name" 1
		s3-to-kafka -q -t "$id-$name" "$name"
		expect_status 0 kafka-to-opensearch -t "$id-$name" -e --index "$name-$id" --template-name "$name-$id" \
			--template "$shared_data/index-mapping-$name.json" "$url"
		expect_line '100 records read: 100 delivered, 0 rejected' err
		[ "$(count "$name-$id")" = 100 ]
		[ "$(ask "/$name-$id/_mapping" | jq -r '.[].mappings.properties.windowEndTime.type')" = date ]
	done
	ask "/departments_count-$id/_search?size=0" -d '{"query":{"range":{"windowEndTime":{"gte":"2023-06-20T07:40:00Z"}}}}' |
		jq -e '.hits.total.value > 0' >/dev/null
}

# trips as they come, into indices by month
test_trips_by_month() {
	need_service
	need_shared opensearch-nyc_5000.ndjson
	grep -v '^{"create"' "$shared_data/opensearch-nyc_5000.ndjson" >in
	expect_status 0 kafka-to-opensearch --auto-id --index "$id-{@year}.{@month}" --time tpep_pickup_datetime "$url" <in
	expect_line '5000 records read: 5000 delivered, 0 rejected' err
	[ "$(count "$id-*")" = 5000 ]
	[ "$(count "$id-2019.01")" -gt 4900 ]
}

# ---- delivery ----

# envelopes COUNT: of 50 ids in turn, by offset
envelopes() {
	awk -v count="$1" 'BEGIN {
		for (n = 0; n < count; n++)
			printf "{\"topic\":\"t\",\"partition\":0,\"offset\":%d,\"key\":\"k%d\",\"payload\":{\"n\":%d}}\n", n, n % 50, n
	}'
}

# expect_newest COUNT: of those what came last, with its offset
expect_newest() {
	documents "$id" >got
	envelopes "$1" | tail -n 50 | jq -c '[.key, .offset, .payload]' | LC_ALL=C sort >want
	expect_same want got
}

# each fault of its kind, twice, then all is well
test_faults_between() {
	local fault
	need_service
	envelopes 500 >in
	for fault in 429=1 503 half reset refuse short long garbage foreign items=429 items=503; do
		id=$(fresh_id)
		serve_faults "$fault*2"
		expect_status 0 kafka-to-opensearch -J=in --index "$id" --id '{@key}' --batch-size 20 --connections 4 "$faults" <in
		expect_line '500 records read: 500 delivered, 0 rejected;' err
		[ "$(grep -c "^$fault POST" faults.log)" = 2 ] || fail "$fault did not happen: $(cat faults.log)"
		expect_newest 500
	done
}

# An answer that never comes, and one that stops: two minutes without a byte, then the requests go again. Part of
# the campaign, for it waits for them.
test_stalls() {
	[ -n "${SLUICE_KILLS:-}" ] || skip "SLUICE_KILLS is not set"
	need_service
	envelopes 500 >in
	serve_faults stall stop
	expect_status 0 kafka-to-opensearch -J=in --index "$id" --id '{@key}' --batch-size 20 "$faults" <in
	expect_line '500 delivered, 0 rejected; [0-9]+ requests, [0-9]+ records sent again' err
	expect_newest 500
}

# Killed at seeded moments, again and again, with faults between: each id has its last record, and the offset that
# it came with. Static membership: nobody waits for the one that was killed.
test_kills_and_faults() {
	local kills=${SLUICE_KILLS:-12} seed=${SLUICE_SEED:-7} run pid asked
	need_service
	echo "$kills kills, seed $seed"
	create_topic "$id" 3
	# more than the runs can take: each ends while requests are under way
	awk -v count=$((2000 * kills)) 'BEGIN {
		for (n = 0; n < count; n++)
			printf "{\"id\":\"i%d\",\"n\":%d}\n", n * 7919 % 5000, n
	}' >in
	s3-to-kafka -q -t "$id" --key '{id}' in
	serve_faults --random "$seed:20" 429 503 half reset refuse short long garbage items=429 items=503
	for run in $(seq "$kills"); do
		seed=$((seed * 16807 % 2147483647))
		asked=$(wc -l <faults.log)
		kafka-to-opensearch -q -t "$id" -G "g-$id" -X group.instance.id=one --index "$id" --id '{@key}' \
			--batch-size 20 --batch-window 50ms "$faults" 2>>err.killed &
		pid=$!
		wait_for 60 has_asked $((asked + 1 + seed % 20))
		sleep "0.$(printf %03d $((seed / 20 % 100)))"
		kill -KILL $pid || fail "run $run is gone: $(tail -n 3 err.killed)"
		wait $pid || true
	done
	expect_status 0 kafka-to-opensearch -t "$id" -G "g-$id" -X group.instance.id=one -e --index "$id" \
		--id '{@key}' "$faults"
	kafka-to-pipe -q -t "$id" -e -J | newest >want
	[ "$(count "$id")" = 5000 ]
	scroll_all "$id" | LC_ALL=C sort >got
	expect_same want got
}

has_asked() {
	[ "$(wc -l <faults.log)" -ge "$1" ]
}

# of envelopes the last of each key, with its offset, as scroll_all has it
newest() {
	python3 -c '
import json, sys
last = {}
for line in sys.stdin:
    e = json.loads(line)
    last[e["key"]] = max(last.get(e["key"], (-1,)), (e["offset"], json.loads(e["payload"])))
for key, (offset, payload) in last.items():
    print(json.dumps([key, offset, payload], separators=(",", ":")))' | LC_ALL=C sort
}

# scroll_all INDEX: documents, however many
scroll_all() {
	local answer scroll
	answer=$(ask "/$1/_search?version=true&size=5000&scroll=1m")
	while [ "$(jq '.hits.hits | length' <<<"$answer")" -gt 0 ]; do
		jq -c '.hits.hits[] | [._id, ._version, ._source]' <<<"$answer"
		scroll=$(jq -r ._scroll_id <<<"$answer")
		answer=$(ask /_search/scroll -d "{\"scroll\":\"1m\",\"scroll_id\":\"$scroll\"}")
	done
}

# A request of a member that was killed lands after its successor has written what is newer: that stays, where
# documents have versions. Without them it does not, or this test would show nothing.
test_a_request_that_lands_late() {
	need_service
	lands_late offset
	expect_text got '["a",2,{"k":"a","n":2}]
["b",1,{"k":"b","n":1}]'
	id=$(fresh_id)
	lands_late none
	expect_line '^\["a",3,\{"k":"a","n":1\}\]$' got
}

# lands_late VERSION-FROM: ./got is what is there in the end
lands_late() {
	local pid
	create_topic "$id" 1
	printf '%s\n' '{"k":"a","n":1}' '{"k":"b","n":1}' | s3-to-kafka -q -t "$id" --key '{k}'
	serve_faults hold
	set -- -q -t "$id" -G "g-$id" -X group.instance.id=one --index "$id" --id '{@key}' --version-from "$1"
	kafka-to-opensearch "$@" --connections 1 --batch-window 1ms "$faults" 2>err &
	pid=$!
	wait_for 30 grep -q '^hold' faults.log
	kill -KILL $pid
	wait $pid || true
	printf '%s\n' '{"k":"a","n":2}' | s3-to-kafka -q -t "$id" --key '{k}'
	expect_status 0 kafka-to-opensearch "$@" -e "$url"
	curl -sS "$faults/__faults/release" >/dev/null
	wait_for 30 late_has_landed
	documents "$id" >got
}

late_has_landed() {
	[ "$(curl -sS "$faults/__faults/counts" | jq '.landed // 0')" -ge 1 ]
}

# An owner that was stopped for longer than its session, with a request under way: another one writes what is newer,
# and then it wakes up. What it has in its hands goes nowhere, and it takes part again.
test_an_owner_that_was_replaced() {
	local pid status=0
	need_service
	create_topic "$id" 1
	printf '%s\n' '{"k":"a","n":1}' '{"k":"b","n":1}' | s3-to-kafka -q -t "$id" --key '{k}'
	serve_faults hold
	set -- -t "$id" -G "g-$id" -X session.timeout.ms=3000 --index "$id" --id '{@key}'
	kafka-to-opensearch "$@" --connections 1 --batch-window 1ms "$faults" 2>err.owner &
	pid=$!
	wait_for 30 grep -q '^hold' faults.log
	kill -STOP $pid
	printf '%s\n' '{"k":"a","n":2}' | s3-to-kafka -q -t "$id" --key '{k}'
	expect_status 0 kafka-to-opensearch -q "$@" -e "$url"
	curl -sS "$faults/__faults/release" >/dev/null
	wait_for 30 late_has_landed
	kill -CONT $pid
	printf '%s\n' '{"k":"a","n":3}' | s3-to-kafka -q -t "$id" --key '{k}'
	wait_for 60 has_version 3
	kill -TERM $pid
	wait $pid || status=$?
	[ $status = 0 ] || fail "status $status: $(cat err.owner)"
	documents "$id" >got
	expect_text got '["a",3,{"k":"a","n":3}]
["b",1,{"k":"b","n":1}]'
}

has_version() {
	[ "$(ask "/$id/_doc/a" | jq ._version)" = "$1" ]
}

# two members of one group in one command
test_members() {
	need_service
	create_topic "$id" 4
	make_trips 20000 >trips.json
	s3-to-kafka -q -t "$id" --key '{trip_id}' trips.json
	expect_status 0 kafka-to-opensearch -t "$id" -j 2 -e --index "$id" --id '{trip_id}' "$url"
	# what one of them reads before the other is there it may leave to that
	expect_line '[0-9]+ records read: 2[0-9]{4} delivered, 0 rejected' err
	[ "$(count "$id")" = 20000 ]
}

# ---- the manual ----

# search INDEX: for checks, how many documents an index of the example has
search() {
	count "$id-$1"
}

# Makes the example's topics under names of their own, and puts these and the services into its text.
use_services() {
	local topic name
	id=$(fresh_id)
	for topic in $(example_note "$1" "$2" topics); do
		name=${topic%%=*}
		create_topic "$id-$name" 2
		s3-to-kafka -q -t "$id-$name" --key '{vendor_id}' "${topic#*=}"
	done
	sed -i -E -e "s/localhost:9092/$BOOTSTRAP_SERVERS/g" -e "s,http://localhost:9200,$url,g" \
		-e "s/(-t|-G) ([a-z])/\1 $id-\2/g" -e "s/(--index '?)([a-z])/\1$id-\2/g" script
}

test_examples_of_the_manual() {
	need_service
	run_examples "$pages/kafka-to-opensearch.1" opensearch use_services
}

run_tests
