#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gen-to-kafka into a pipe: models, templates, seeds, times, records that are wrong on purpose.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# expect_usage REGEX ARGUMENT...
expect_usage() {
	local regex=$1
	shift
	expect_status 2 gen-to-kafka "$@"
	[ ! -s out ] || fail "$*: something on standard output"
	[ "$(wc -l <err)" = 1 ] || fail "$*: not one line: $(cat err)"
	expect_line "^gen-to-kafka: .*$regex.*\(gen-to-kafka --help lists the options\)$" err
}

need_jq() {
	command -v jq >/dev/null || skip "jq is not installed"
}

# "! cmp" would not end a test
expect_different() {
	if cmp -s "$1" "$2"; then fail "$1 and $2 are the same"; fi
}

# all_are FILTER FILE: true for each line
all_are() {
	jq -c "select(($1) | not)" "$2" >not
	[ ! -s not ] || fail "not so: $1: $(head -n 3 not)"
}

make() {
	expect_status 0 gen-to-kafka "$@"
}

# ---- models ----

# LABS: the producer of Lab 1
test_taxi_rides_are_those_of_lab_1() {
	need_jq
	make --model taxi-ride --seed 5 -c 3000
	[ "$(wc -l <out)" = 3000 ]
	jq -r 'to_entries | map("\(.key) \(.value | type)") | join(",")' out | sort -u >members
	expect_text members 'id string,vendor_id number,pickup_date string,dropoff_date string,passenger_count number,pickup_longitude string,pickup_latitude string,dropoff_longitude string,dropoff_latitude string,store_and_fwd_flag string,gc_distance number,trip_duration number,google_distance number,google_duration number'
	all_are '.id | test("^id[0-9]+$")' out
	all_are '[.pickup_date, .dropoff_date] | all(test("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}$"))' out
	all_are '([.pickup_date, .dropoff_date] | map(.[0:19] + "Z" | fromdate) | .[1] - .[0]) as $s |
		$s % 60 == 0 and $s >= 1800 and $s <= 6000 and .pickup_date[20:] == .dropoff_date[20:]' out
	all_are '[.gc_distance, .trip_duration] == [.google_distance, .google_duration]' out
	for range in 'vendor_id 1 5' 'passenger_count 1 9' 'gc_distance 1 7'; do
		read -r name min max <<<"$range"
		jq ".$name" out | sort -n | uniq >values
		seq "$min" "$max" | cmp - values
	done
	all_are '.trip_duration >= 8 and .trip_duration <= 10000' out
	jq -r .store_and_fwd_flag out | sort -u | tr -d '\n' | grep -qx NY
	# 54 places, and a longitude has its own latitude
	jq -r '"\(.pickup_longitude) \(.pickup_latitude)\n\(.dropoff_longitude) \(.dropoff_latitude)"' out | sort -u >places
	[ "$(wc -l <places)" = 54 ]
	[ "$(grep -cE '^-7[34]\.[0-9]{8} 40\.[0-9]{8}$' places)" = 54 ]
}

test_trip_events_are_those_of_the_replayer() {
	need_jq
	make --model trip-event --seed 5 -c 3000
	jq -r 'to_entries | map("\(.key) \(.value | type)") | join(",")' out | sort -u >members
	expect_text members 'vendor_id number,pickup_datetime string,dropoff_datetime string,passenger_count number,trip_distance number,ratecode_id number,store_and_fwd_flag string,pickup_location_id number,dropoff_location_id number,payment_type number,fare_amount number,extra number,mta_tax number,tip_amount number,tolls_amount number,improvement_surcharge number,total_amount number,trip_id number,type string'
	all_are '[.fare_amount, .extra, .mta_tax, .tip_amount, .tolls_amount, .improvement_surcharge] as $parts |
		([$parts[] * 100 | round] | add) == (.total_amount * 100 | round)' out
	all_are '.pickup_datetime < .dropoff_datetime and .type == "trip"' out
	jq .trip_id out | cmp - <(seq 0 2999)
	# in order of the event time
	jq -r .dropoff_datetime out | sort -c
}

test_trip_events_have_the_members_of_real_ones() {
	need_jq
	need_shared tripevents-2019-01.json.lz4
	make --model trip-event -q -c 1
	jq -c keys_unsorted out >members
	lz4 -dc "$shared_data/tripevents-2019-01.json.lz4" | jq -c keys_unsorted | sort -u | cmp - members
}

# each session of the tutorial's state machine, sessions of several users interleaved
test_clicks_are_sessions() {
	need_jq
	make --model clickstream --users 4 --seed 5 -c 5000
	jq -r 'to_entries | map("\(.key) \(.value | type)") | join(",")' out | sort -u >members
	expect_text members 'ip string,eventtimestamp number,devicetype string,event_type string,product_type string,userid number,globalseq number,prevglobalseq number'
	jq .globalseq out | cmp - <(seq 1 5000)
	all_are '.ip | test("^66\\.249\\.1\\.([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-4])$")' out
	# sessions: the clicks of one user
	jq -rs 'group_by(.userid)[] | map(.event_type) | join(",")' out >sessions
	cat >legal <<-END
		home_page,product_catalog
		product_catalog,home_page
		product_catalog,product_detail
		product_detail,product_catalog
		product_detail,add_to_cart
		add_to_cart,product_catalog
		add_to_cart,remove_from_cart
		add_to_cart,order
		order,order_checkout
		order,remove_from_cart
		order,product_catalog
		remove_from_cart,
		remove_from_cart,product_detail
		remove_from_cart,product_catalog
		order_checkout,
	END
	awk -F, '{ for (i = 1; i < NF; i++) print $i "," $(i + 1) }' sessions | sort -u | cmp - <(sort legal)
	[ "$(grep -c '^home_page' sessions)" = "$(wc -l <sessions)" ]
	# those that are at their end have an empty one, the others are the four that still run
	[ "$(grep -cv ',$' sessions)" -le 4 ]
	[ "$(wc -l <sessions)" -gt 50 ]
	all_are 'if .event_type == "" then .product_type == "" elif .event_type == "home_page" or
		.event_type == "product_catalog" then .product_type == "N/A" else .product_type | length > 3 end' out
	[ "$(jq -r 'select(.event_type == "product_detail").product_type' out | sort -u | wc -l)" = 8 ]
	[ "$(jq -rs 'group_by(.userid)[] | map(.devicetype + .ip) | unique | length' out | sort -u)" = 1 ]
	# the click before in the same place, of whichever user
	jq -r '"\(.globalseq) \(.prevglobalseq)"' out | awk '$2 && $2 >= $1 || $2 && seen[$2]++ { exit 1 } !$2 { first++ } END { exit first != 4 }'
}

test_ids_are_unique() {
	local count=1000000
	is_sanitized && count=100000
	make -q --model taxi-ride --targets 7 -c $count
	[ "$(cut -d'"' -f4 out | sort -u --parallel=1 | wc -l)" = $count ]
	# other runs have others
	make -q --model taxi-ride --seed 1 -c 1000
	mv out one
	make -q --model taxi-ride --seed 2 -c 1000
	[ "$(cat one out | cut -d'"' -f4 | sort -u | wc -l)" = 2000 ]
	# Lab 1's come again: 10,000 of 7,223,303 have some 7 pairs
	make -q --model taxi-ride --ids random --seed 1 -c 10000
	cut -d'"' -f4 out | sort >ids
	[ "$(uniq ids | wc -l)" = 9995 ]
	sed s/id// ids | awk '$1 < 1665586 || $1 > 8888888 { exit 1 }'
}

test_models_are_templates() {
	make --list
	expect_line '^taxi-ride  ' out
	cut -d' ' -f1 out >models
	[ "$(wc -l <models)" = 3 ]
	while read -r model; do
		make --show "$model"
		mv out "$model.json"
		make -q --model "$model" --seed 3 -c 500
		mv out want
		make -q --template "$model.json" --seed 3 -c 500
		expect_same want out
	done <models
}

test_what_is_printed_that_cannot_be() {
	for option in --list '--show taxi-ride'; do
		status=0
		# shellcheck disable=SC2086
		gen-to-kafka $option >/dev/full 2>err || status=$?
		[ $status = 74 ]
		expect_line 'stdout: No space left' err
	done
}

# ---- seeds and time ----

test_the_same_seed_makes_the_same_bytes() {
	for model in taxi-ride trip-event clickstream; do
		make -q --model $model --seed 9 -c 2000 --disorder 5 --duplicates 5 --broken 5 --targets 3
		mv out one
		make -q --model $model --seed 9 -c 2000 --disorder 5 --duplicates 5 --broken 5 --targets 3
		expect_same one out
		make -q --model $model --seed 10 -c 2000 --disorder 5 --duplicates 5 --broken 5 --targets 3
		expect_different one out
	done
	# the pace is not part of it
	make -q --model taxi-ride --seed 9 -c 20 --time-step 1s
	mv out one
	make -q --model taxi-ride --seed 9 -c 20 --time-step 1s --rate 1000
	expect_same one out
}

# They must not change from one version to the next, nor from one machine to the other.
test_bytes_of_a_seed() {
	for case in 'taxi-ride 1edaec4e0452ec3c' 'trip-event b24e562cff3cc705' 'clickstream ba126c16ef5c5bcc'; do
		read -r model hash <<<"$case"
		make -q --model "$model" --seed 42 -c 1000 --targets 2 --disorder 3 --duplicates 2 --broken 1
		[ "$(sha256sum <out | cut -c1-16)" = "$hash" ] || fail "$model: $(sha256sum <out | cut -c1-16)"
	done
}

test_a_seed_of_the_system_is_said() {
	echo '{"id":"{unique}","n":"{int:1:1000000}","u":"{uuid}"}' >t.json
	make --template t.json -c 5
	mv out one
	seed=$(sed -nE 's/^gen-to-kafka: seed ([0-9]+): --seed ([0-9]+) makes .*/\2/p' err)
	[ -n "$seed" ]
	make --template t.json -c 5
	expect_different one out
	make --template t.json -c 5 --seed "$seed"
	expect_no_line 'seed' err
	expect_same one out
	# the times are the clock's, unless they were given
	make --model trip-event -c 1
	expect_line 'again, but for the times$' err
	make --model trip-event -c 2 --start 2024-01-01
	mv out one
	seed=$(sed -nE 's/^gen-to-kafka: seed ([0-9]+): --seed ([0-9]+) makes these records again$/\2/p' err)
	make --model trip-event -c 2 --start 2024-01-01 --seed "$seed"
	expect_same one out
}

test_event_time() {
	echo '["{time}"]' >t.json
	make -q --template t.json --seed 1 -c 3
	expect_text out '["2024-01-01T00:00:00.000Z"]
["2024-01-01T00:00:00.001Z"]
["2024-01-01T00:00:00.002Z"]'
	# by the rate, without adding up what is cut off
	make -q --template t.json --seed 1 -c 4 --rate 300
	expect_text out '["2024-01-01T00:00:00.000Z"]
["2024-01-01T00:00:00.003Z"]
["2024-01-01T00:00:00.006Z"]
["2024-01-01T00:00:00.010Z"]'
	make -q --template t.json --start 2024-02-28T23:00:00Z --time-step 30m -c 3
	expect_text out '["2024-02-28T23:00:00.000Z"]
["2024-02-28T23:30:00.000Z"]
["2024-02-29T00:00:00.000Z"]'
	make -q --template t.json --start 1000 -c 1
	expect_text out '["1970-01-01T00:00:01.000Z"]'
	# years have four digits
	make -q --template t.json --start 9999-12-31T23:59:59Z --time-step 1d -c 2
	expect_text out '["9999-12-31T23:59:59.000Z"]
["9999-12-31T23:59:59.999Z"]'
	# without a seed it is now
	before=$(date -u +%FT%T)
	make -q --template t.json -c 1
	after=$(date -u +%FT%T.999)
	now=$(cut -d'"' -f2 out)
	[[ ! "$now" < "$before" && ! "$now" > "$after" ]] || fail "$before $now $after"
}

test_targets_are_independent() {
	need_jq
	echo '{"s":"{sequence}","u":"{unique}","n":"{int:0:1000000}","w":"{walk:0:1:-50:50}"}' >t.json
	make -q --template t.json --seed 1 --targets 3 -c 3000
	jq .s out | cmp - <(seq 0 2999)
	[ "$(jq .u out | sort -u | wc -l)" = 3000 ]
	# no target has the random numbers of another
	for k in 0 1 2; do awk "NR % 3 == $k" out | jq .n >n.$k; done
	expect_different n.0 n.1
	expect_different n.1 n.2
	expect_different n.0 n.2
	[ "$(sort -u n.0 n.1 n.2 | wc -l)" -gt 2900 ]
	# a walk is a target's own: steps of at most 1 from its own last
	for k in 0 1 2; do
		awk "NR % 3 == $k" out | jq .w | awk '{ d = $1 - last; if (NR > 1 && (d > 1 || d < -1)) exit 1; last = $1 }'
	done
}

test_a_rate_and_a_duration_are_a_count() {
	echo '["{sequence}"]' >t.json
	make --template t.json --rate 200 --duration 250ms
	[ "$(wc -l <out)" = 50 ]
	make --template t.json --rate 200 --duration 1h -c 20
	[ "$(wc -l <out)" = 20 ]
	# one at least
	make --template t.json --rate 0.001 --duration 1s
	[ "$(wc -l <out)" = 1 ]
	# without a rate, the clock
	make --template t.json --duration 50ms
	[ -s out ]
}

# ---- wrong on purpose ----

test_records_out_of_order() {
	need_jq
	echo '["{time:ms}","{sequence}"]' >t.json
	make --template t.json --seed 3 --start 0 --time-step 1s -c 10000 --disorder 10:30s
	# 10% of 10,000, and the same ones every time
	expect_line '^gen-to-kafka: among them 964 out of order, 0 duplicates, 0 broken$' err
	jq -r '.[1] * 1000 - .[0]' out >behind
	[ "$(grep -cvx 0 behind)" = 964 ]
	awk '$1 < 0 || $1 > 30000 { exit 1 } $1 > 20000 { far = 1 } END { exit !far }' behind
	make --template t.json --seed 3 -c 1000 --disorder 100
	expect_line 'among them 1000 out of order' err
}

test_duplicates() {
	echo '["{sequence}"]' >t.json
	make --template t.json --seed 3 -c 10000 --duplicates 2.5
	[ "$(wc -l <out)" = 10000 ]
	expect_line '^gen-to-kafka: among them 0 out of order, 219 duplicates, 0 broken$' err
	[ "$(uniq -d out | wc -l)" -gt 200 ]
	[ "$((10000 - $(uniq out | wc -l)))" = 219 ]
	[ "$(sort -u out | wc -l)" = "$(uniq out | wc -l)" ]
	make -q --template t.json -c 100 --duplicates 100
	[ "$(sort -u out | wc -l)" = 1 ]
}

test_broken_records() {
	need_jq
	make --model taxi-ride --seed 3 -c 10000 --broken 3
	expect_line '^gen-to-kafka: among them 0 out of order, 0 duplicates, 267 broken$' err
	[ "$(wc -l <out)" = 10000 ]
	# wrong types are JSON; the rest is none, by jq and by the suite's own scanner
	mv out rides
	grep -c '\[\]' rides >typed
	expect_status 0 s3-to-kafka -q --time pickup_date --dead-letter ./letters rides
	jq -r .error.reason letters | grep -vc 'pickup_date' >rejected
	[ "$(($(cat typed) + $(cat rejected)))" = 267 ]
	[ "$(cat typed)" -gt 60 ] && [ "$(cat rejected)" -gt 120 ]
	LC_ALL=C grep -c $'\xff' rides >bytes
	[ "$(cat bytes)" -gt 60 ] && [ "$(cat bytes)" -lt 140 ]
	# cut short, but a line each
	[ "$(grep -vc '}$' rides)" -gt 60 ]
}

# ---- templates ----

test_errors_of_a_template_have_a_place() {
	expect_status 66 gen-to-kafka --template nowhere.json
	expect_line '^gen-to-kafka: nowhere.json: No such file' err
	printf '{\n  "a":"{int:1:5}",\n  "b":"x{flot:1:2}"\n}\n' >t.json
	expect_usage 't\.json:3:9: \{flot:1:2\}: there is no generator "flot"' --template t.json
	printf '{"a":1,}\n' >t.json
	expect_usage 't\.json:1:8: ' --template t.json
	: >t.json
	expect_usage 't\.json:1:1: ' --template t.json
	# found before anything is made, and with --dry-run
	printf '["{int:2:1}"]' >t.json
	expect_usage 't\.json:1:3: ' --template t.json --dry-run
}

# ---- the command line ----

test_usage() {
	expect_usage 'nothing to make'
	expect_usage 'exclude each other' --model taxi-ride --template t.json
	expect_usage '--model: there is no model "taxi"' --model taxi
	expect_usage '--show: there is no model "taxi"' --show taxi
	expect_usage 'takes no arguments' --model taxi-ride file
	for value in 0 -1 x 1.2345 1e99 ''; do
		expect_usage '--rate' --model taxi-ride --rate "$value"
	done
	for option in --duplicates --broken --disorder; do
		for value in -1 100.1 x 1.23456; do
			expect_usage "$option: .*percentage" --model taxi-ride $option "$value"
		done
	done
	expect_usage '--targets times --users' --model clickstream --targets 11 --users 1000000
	expect_usage '--disorder' --model taxi-ride --disorder 1:5
	expect_usage '--disorder.*above 0' --model taxi-ride --disorder 1:0
	expect_usage '--seed.*negative' --model taxi-ride --seed -1
	expect_usage '--seed' --model taxi-ride --seed x
	expect_usage '--targets.*at least' --model taxi-ride --targets 0
	expect_usage '--users.*at least' --model taxi-ride --users 0
	expect_usage '--start' --model taxi-ride --start yesterday
	expect_usage '--ids.*neither unique nor random' --model taxi-ride --ids some
	expect_usage '--kafka-time.*neither now nor event' --model taxi-ride --kafka-time later
	expect_usage '--time-step goes with --seed or --start' --model taxi-ride --time-step 1s
	expect_usage '--key.*no \{field\}' --model taxi-ride --key id
	expect_usage '--kafka-time is given, but no topic' --model taxi-ride --kafka-time event
	expect_usage '--record-header is given, but no topic' --model taxi-ride -H a=b
	expect_usage '--record-header: .*NAME=VALUE' --model taxi-ride -H a
	expect_usage '--record-header: .*NAME=VALUE' --model taxi-ride -H =a
	expect_usage '--compress is for a topic' --model taxi-ride -z lz4
	expect_usage '--partition is given, but no topic' --model taxi-ride -p 0
	expect_usage '--brokers is given, but no topic' --model taxi-ride -b localhost:1
}

# a key that no record has is found in a pipe, too
test_a_key_that_is_not_there() {
	expect_status 65 gen-to-kafka -q --model taxi-ride -c 1 --key '{nope}'
	expect_line 'generated record:1: field nope: missing' err
	make -q --model taxi-ride -c 1 --key none
}

test_dry_run() {
	make --model taxi-ride -c 5 --dry-run
	[ ! -s out ]
	expect_line 'would make 5 records of taxi-ride for standard output' err
	make --model taxi-ride -b localhost:1 -t rides --dry-run
	expect_line 'would make records of taxi-ride for topic rides' err
}

test_counts_and_progress() {
	make --model taxi-ride -c 7
	expect_line '^gen-to-kafka: 7 records made: 7 delivered, 0 not acknowledged$' err
	make -q --model taxi-ride -c 7
	[ ! -s err ]
	make --model taxi-ride --rate 20 --duration 500ms --progress=100ms
	expect_line '^gen-to-kafka: [0-9]+ records?, .*, [0-9.]+ s behind' err
}

# ---- the end ----

test_endless_ends_by_signal_in_peace() {
	gen-to-kafka --model taxi-ride --rate 500 >out 2>err &
	pid=$!
	wait_for 20 test -s out
	kill -TERM $pid
	wait $pid
	[ "$(tail -c 1 out)" = "" ]
	made=$(sed -nE 's/^gen-to-kafka: ([0-9]+) records made: \1 delivered, 0 not acknowledged$/\1/p' err)
	[ "$(wc -l <out)" = "$made" ]
}

test_bounded_and_stopped_is_75() {
	for bound in '-c 100000' '--duration 1h'; do
		# shellcheck disable=SC2086
		gen-to-kafka --model taxi-ride --rate 500 $bound >out 2>err &
		pid=$!
		wait_for 20 test -s out
		kill -TERM $pid
		status=0
		wait $pid || status=$?
		[ $status = 75 ] || fail "status $status"
		expect_line 'stopped before the end' err
		rm out
	done
}

test_a_reader_that_leaves() {
	set +o pipefail
	{
		rc=0
		gen-to-kafka -q --model taxi-ride 2>err || rc=$?
		echo $rc >status
	} | head -n 1 >out
	expect_text status 141
	[ ! -s err ]
	[ "$(wc -l <out)" = 1 ]
}

test_a_full_disk() {
	status=0
	gen-to-kafka -q --model taxi-ride -c 10 >/dev/full 2>err || status=$?
	[ $status = 74 ]
	expect_line 'stdout: No space left on device' err
}

run_tests
