# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by scripts/bench: how fast a service takes what a tool sends it, against the same bodies sent by
# curl over as many connections; and how much memory the tool takes for it.
# shellcheck disable=SC2154 # dir, rounds and data are the bench's

connections=8 # as the tools have it without --connections
answering=    # the process id of answer_all while it runs

# answer_all_start [DIRECTORY]: a server that says yes to everything; sets at, its address.
answer_all_start() {
	: >"$dir/answer-port"
	answer_all "$@" >"$dir/answer-port" &
	answering=$!
	until [ -s "$dir/answer-port" ]; do
		kill -0 "$answering"
		sleep 0.05
	done
	at=http://127.0.0.1:$(<"$dir/answer-port")
}

answer_all_stop() {
	[ -n "$answering" ] || return 0
	kill "$answering" 2>/dev/null || true
	wait "$answering" 2>/dev/null || true
	answering=
}

# measured COMMAND (a shell line; $AT is the service's address): seconds, seconds of processor, peak KiB
measured() {
	AT=$at /usr/bin/time -o "$dir/time" -f '%e %U %S %M' bash -c "$1" >"$dir/out" 2>"$dir/err" || {
		cat "$dir/err" >&2
		say "failed: $1"
		return 1
	}
	tail -n 1 "$dir/time" | awk '{ print $1, $2 + $3, $4 }'
}

# posted: what curl says of each request is status 200, and as many connections as ours had, or fewer
posted() {
	awk -v most="$connections" '$1 != 200 { bad++ } { made += $2 } END {
		if (bad || made > most) { printf "curl: %d of %d not 200, %d connections\n", bad, NR, made; exit 1 } }' "$dir/out" >&2
}

# against_curl WHAT COUNT NAME OURS: prints the ratio. WHAT_fresh makes the service as if nothing had been
# there, `WHAT_has COUNT` checks that all is there; neither is timed. What is: for ours, joining a group and
# reading from the broker, which is on the same processors; for curl, reading all bodies before the first goes.
against_curl() {
	local what=$1 count=$2 ours=$4 theirs service=$at i turn
	printf '\n%s\n' "$3"
	rm -rf "$dir/bodies"
	mkdir -p "$dir/bodies"
	answer_all_start "$dir/bodies"
	measured "$ours" >/dev/null
	answer_all_stop
	at=$service
	sed "s|^url = \"|&$at|" "$dir/bodies/requests" >"$dir/requests.curl"
	theirs="curl --parallel --parallel-immediate --parallel-max $connections --config $dir/requests.curl"
	printf '  ours:   %s\n  theirs: %s (the same %s bodies)\n' "${ours//\$AT/$at}" "$theirs" \
		"$(grep -c '^url' "$dir/requests.curl")"
	: >"$dir/ours"
	: >"$dir/theirs"
	for i in $(seq 0 "$rounds"); do
		turn='ours theirs'
		[ $((i % 2)) = 0 ] || turn='theirs ours'
		for turn in $turn; do
			"${what}_fresh"
			measured "${!turn}" >"$dir/figures"
			[ $turn = ours ] || posted
			"${what}_has" "$count"
			# the first pair warms everything
			[ "$i" = 0 ] || cat "$dir/figures" >>"$dir/$turn"
		done
	done
	paste "$dir/ours" "$dir/theirs" | awk '{ print $4 / $1 }' >"$dir/ratios"
	awk -v n="$count" -v o="$(median <"$dir/ours")" -v t="$(median <"$dir/theirs")" -v r="$(median <"$dir/ratios")" \
		-v cpu="$(cut -d ' ' -f 2 "$dir/ours" | median)" -v kb="$(cut -d ' ' -f 3 "$dir/ours" | median)" 'BEGIN {
		printf "  ours %.2f s (%d a second), theirs %.2f s (%d a second): ratio %.2fx (goal 0.9x)\n", o, n / o, t, n / t, r
		printf "  ours took %.2f s of processor time and %.1f MiB\n", cpu, kb / 1024 }'
}

# ---- OpenSearch ----

# Its fields are told, so that no two requests try to add them at once; nothing searches it meanwhile.
opensearch_fresh() {
	curl -sS -o "$dir/fresh" -X DELETE "$OPENSEARCH_URL/trips?ignore_unavailable=true"
	curl -sS --fail -o "$dir/fresh" -X PUT -H 'Content-Type: application/json' "$OPENSEARCH_URL/trips" -d '{
		"settings": { "number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "30s" },
		"mappings": { "properties": {
			"pickup_datetime": { "type": "date" }, "dropoff_datetime": { "type": "date" },
			"vendor_id": { "type": "long" }, "passenger_count": { "type": "long" },
			"ratecode_id": { "type": "long" }, "trip_id": { "type": "long" },
			"pickup_location_id": { "type": "long" }, "dropoff_location_id": { "type": "long" },
			"payment_type": { "type": "long" }, "store_and_fwd_flag": { "type": "keyword" },
			"type": { "type": "keyword" }, "trip_distance": { "type": "float" },
			"fare_amount": { "type": "float" }, "extra": { "type": "float" },
			"mta_tax": { "type": "float" }, "tip_amount": { "type": "float" },
			"tolls_amount": { "type": "float" }, "improvement_surcharge": { "type": "float" },
			"total_amount": { "type": "float" } } } }'
}

opensearch_has() {
	local found
	found=$(scripts/services opensearch count trips)
	[ "$found" = "$1" ] || { say "OpenSearch has $found documents of $1"; return 1; }
}

# ---- DynamoDB ----

dynamo_fresh() {
	scripts/services dynamodb call DeleteTable '{"TableName":"trips"}' >/dev/null 2>&1 || true
	scripts/services dynamodb call CreateTable '{ "TableName": "trips", "BillingMode": "PAY_PER_REQUEST",
		"KeySchema": [ { "AttributeName": "trip_id", "KeyType": "HASH" },
			{ "AttributeName": "pickup_datetime", "KeyType": "RANGE" } ],
		"AttributeDefinitions": [ { "AttributeName": "trip_id", "AttributeType": "N" },
			{ "AttributeName": "pickup_datetime", "AttributeType": "S" } ] }' >/dev/null
}

dynamo_has() {
	local found
	found=$(scripts/services dynamodb call DescribeTable '{"TableName":"trips"}' | jq .Table.ItemCount)
	[ "$found" = "$1" ] || { say "DynamoDB has $found items of $1"; return 1; }
}

# ---- sections ----

# a topic of so many trips, and the same in a file: "$dir/some.json"
some_trips() {
	scripts/services topic delete some >/dev/null 2>&1 || true
	scripts/services topic create some 4 >/dev/null
	head -n "$1" "$data/all.json" >"$dir/some.json"
	kcat -P -b "$BOOTSTRAP_SERVERS" -t some -z lz4 -X linger.ms=20 <"$dir/some.json"
}

# read a topic whole; a group of its own each time: $RANDOM is expanded by the inner shell
whole_topic() { printf '%s' "-b $BOOTSTRAP_SERVERS -t $1 -G bench-\$RANDOM\$RANDOM -o beginning -e"; }

bench_opensearch() {
	SLUICE_SEARCH_HEAP=1g scripts/services start opensearch >&2
	eval "$(scripts/services env opensearch)"
	some_trips "$1"
	at=$OPENSEARCH_URL
	against_curl opensearch "$1" "kafka-to-opensearch from a topic" \
		"kafka-to-opensearch -q $(whole_topic some) --index trips \$AT"
	against_curl opensearch "$1" "kafka-to-opensearch from a pipe" \
		"cat $dir/some.json | kafka-to-opensearch -q --index trips --id '{trip_id}-{pickup_datetime}' \$AT"
	scripts/services stop opensearch >&2
}

bench_dynamo() {
	scripts/services start dynamodb >&2
	eval "$(scripts/services env dynamodb)"
	some_trips "$1"
	at=$AWS_ENDPOINT_URL_DYNAMODB
	against_curl dynamo "$1" "kafka-to-dynamo from a topic into DynamoDB Local" \
		"kafka-to-dynamo -q $(whole_topic some) --endpoint-url \$AT trips"
	against_curl dynamo "$1" "kafka-to-dynamo from a pipe into DynamoDB Local" \
		"cat $dir/some.json | kafka-to-dynamo -q --endpoint-url \$AT trips"
	scripts/services stop dynamodb >&2
}

# memory_row NAME COUNT COMMAND (a shell line)
memory_row() {
	measured "$3" | awk -v name="$1" -v n="$2" '{
		printf "  %-40s %5.1f MiB, %d records, %.1f s of processor time\n", name, $3 / 1024, n, $2 }'
}

# Records are made as long as the pump's: 460 bytes. Those that take longer get a quarter of them.
bench_pump_memory() {
	local few=$(($1 / 4)) wide="$dir/wide.json" source
	export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-dummy} AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-dummy}
	export AWS_REGION=${AWS_REGION:-us-east-1}
	printf '\npeak memory of the pump, records of 460 bytes, services that answer at once (goal 64 MiB)\n'
	sed 's/}$/,"note":"padding to the length of a record of 460 b"}/' "$data/all.json" | head -n "$1" >"$wide"
	scripts/services topic create wide 4 >&2
	kcat -P -b "$BOOTSTRAP_SERVERS" -t wide -z lz4 -X linger.ms=20 <"$wide"
	answer_all_start
	for source in topic pipe; do
		from="$(whole_topic wide) -c COUNT"
		[ $source = topic ] || from="-c COUNT <$wide"
		memory_row "kafka-to-opensearch from a $source" "$1" \
			"kafka-to-opensearch -q --index trips --id '{trip_id}-{pickup_datetime}' \$AT ${from//COUNT/$1}"
		memory_row "kafka-to-dynamo from a $source" "$few" \
			"kafka-to-dynamo -q --endpoint-url \$AT trips ${from//COUNT/$few}"
		memory_row "kafka-to-lambda from a $source" "$1" \
			"kafka-to-lambda -q --endpoint-url \$AT bench ${from//COUNT/$1}"
		memory_row "kafka-to-lambda -- COMMAND from a $source" "$few" \
			"kafka-to-lambda -q ${from//COUNT/$few} -- wc -c"
	done
	answer_all_stop
	rm -f "$wide"
}
