#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/labs/compare.py, which says what a lab should have made: it agrees with what is right, and each thing that can be
# wrong shows in its table.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

labs=$top_srcdir/tests/labs

compare() {
	python3 -B "$labs/compare.py" "$@" >table
}

# all rows are good, and there are some
is_good() {
	awk -F'\t' '$2 "" != $3 "" { bad = 1 } END { exit bad || !NR }' table
}

agrees() {
	compare "$@" || fail "it ended"
	is_good || fail "$(cat table)"
}

# differs WHAT WORD...: what is wrong is in a row
differs() {
	local what=$1
	shift
	compare "$@" || fail "$what: it ended"
	! is_good || fail "$what: $(cat table)"
}

# as_kcat KEY [FIELD]: what kcat -J says of these values in a topic of one partition; KEY and FIELD are jq's
as_kcat() {
	jq -c "{topic: \"rides\", partition: 0, offset: (input_line_number - 1), ts: ${2:-1700000000000}, key: $1, payload: tojson}"
}

# as_search ID: what OpenSearch says of an index of these documents
as_search() {
	jq -cs "{hits: {total: {value: length}, hits: map({_id: $1, _source: .})}}"
}

# as_sums LIST BY MEMBER NAME: and of the sums of a member of them
as_sums() {
	jq -cs "{aggregations: {$1: {buckets: group_by($2) | map({key: (.[0] | $2), $4: {value: map($3) | add}})}}}"
}

# swapped PATH: of the first two of some JSON values
swapped() {
	jq -cs "(.[0] | $1) as \$first | (.[0] | $1) = (.[1] | $1) | (.[1] | $1) = \$first | .[]"
}

ride_key='("{\"id\": \"" + .id + "\"}")'

make_rides() {
	gen-to-kafka -q --model taxi-ride --seed 1 --start 2023-12-31T23:55:00Z --time-step "${1:-200ms}" -c 300 |
		as_kcat "$ride_key" >rides
}

test_nothing_to_compare_with() {
	local lab
	: >empty
	for lab in 'rides 0 1 empty' 'replay empty empty empty empty' 'objects empty empty' 'lake empty empty empty' \
		'clean empty empty' 'aggregate empty empty empty' 'items empty empty' 'function empty empty empty 100' \
		'lag empty 4 empty' 'etl empty empty empty empty . empty empty' 'late empty empty empty' 'clicks 0 1 empty' \
		'clickstream empty empty empty empty empty empty'; do
		# shellcheck disable=SC2086 # words
		expect_status 1 compare $lab
		expect_line '^compare.py: empty is empty$' err
	done
	expect_status 1 compare faulty empty empty empty
	expect_line '^compare.py: empty has 0 good ids and 0 broken records$' err
}

test_rides() {
	make_rides
	agrees rides 300 1 rides
	agrees records 300 rides
	sed 1d rides >bad
	differs "one less" rides 300 1 bad
	differs "one less" records 300 bad
	{ sed 1d rides; sed -n 2p rides; } >bad
	differs "one twice" rides 300 1 bad
	sed '1s/passenger_count\\":./passenger_count\\":0/' rides >bad
	differs "no passengers" rides 300 1 bad
	differs "all in one of five partitions" rides 300 5 rides
	sed '1s/{\\"id\\": /{\\"id\\":/' rides >bad
	differs "another key" rides 300 1 bad
}

test_replay() {
	gen-to-kafka -q --model taxi-ride --seed 2 -c 50 | jq -c '{id, vendor_id, pickup_datetime: .pickup_date,
		dropoff_datetime: .dropoff_date, passenger_count, pickup_longitude, pickup_latitude, dropoff_longitude,
		dropoff_latitude, store_and_fwd_flag, gc_distance: (.gc_distance / 7), trip_duration,
		google_distance: "\(.google_distance)", google_duration: "\(.google_duration)"}' >rows
	jq -r 'map(tostring) | join(",")' <(jq -c '[.[]]' rows) >csv
	as_kcat '("{\"id\":\"" + .id + "\"}")' <rows >rows.kcat
	gen-to-kafka -q --model trip-event --seed 3 -c 50 --start 2019-01-01T00:00:00Z --time-step 18s >trips
	as_kcat null '(.dropoff_datetime | .[:19] + "Z" | fromdate * 1000)' <trips >trips.kcat
	agrees replay csv rows.kcat trips trips.kcat
	sed 7d rows.kcat >bad
	differs "a row less" replay csv bad trips trips.kcat
	swapped .key <rows.kcat >bad
	differs "keys of each other" replay csv bad trips trips.kcat
	sed '3s/trip_duration\\":/&1/' rows.kcat >bad
	differs "a member" replay csv bad trips trips.kcat
	swapped . <trips.kcat >bad
	differs "another order" replay csv rows.kcat trips bad
	sed '5s/"ts":/&1/' trips.kcat >bad
	differs "a timestamp" replay csv rows.kcat trips bad
	sed '$d' trips.kcat >bad
	differs "a line less" replay csv rows.kcat trips bad
}

lake_options=(--format parquet --add source=NYCTAXI --time pickup_date
	--path 'year={@year}/month={@month}/date={@day}/hour={@hour}')

test_objects_of_the_lake() {
	local old=rides/year=2023/month=12/date=31/hour=23 new=rides/year=2024/month=01/date=01/hour=00
	make_rides 2s
	printf '9\t%s\n' $old/a.parquet $old/b.parquet $old/_SUCCESS $new/a.parquet >listing
	agrees objects rides listing
	sed 's/hour=00/hour=05/' listing >bad
	differs "another hour" objects rides bad
	sed '1s/parquet/json/' listing >bad
	differs "another format" objects rides bad
	sed '/_SUCCESS/d' listing >bad
	differs "an hour that is not marked" objects rides bad
	{ cat listing; printf '0\t%s\n' $new/_SUCCESS; } >bad
	differs "one that is not over" objects rides bad
	sed 4d listing >bad
	differs "an hour less" objects rides bad
}

test_table_of_the_lake() {
	make_rides
	jq -r .payload rides | kafka-to-s3 -q --print-schema >schema.json
	kafka-to-s3 -q "${lake_options[@]}" --schema schema.json --print-ddl athena s3://taxi-lake/rides </dev/null >sql
	agrees table sql
	sed '/vendor_id/d' sql >bad
	differs "a column less" table bad
	sed '/pickup_date/s/timestamp/string/' sql >bad
	differs "another type" table bad
}

test_sql_over_the_lake() {
	make_rides 2s
	jq -c '.payload | fromjson' rides >rows
	jq -cs 'group_by(.pickup_date[:13])[] | (.[0].pickup_date | split("T")) as [$date, $time] | ($date | split("-")) as
		[$year, $month, $day] | {$year, $month, date: $day, hour: $time[:2], rides: length,
			passengers: map(.passenger_count) | add}' rows >hours
	agrees lake rides hours rows
	sed '1s/passengers":/&1/' hours >bad
	differs "passengers" lake rides bad rows
	sed 1d hours >bad
	differs "an hour less" lake rides bad rows
	sed '4s/gc_distance":/&1/' rows >bad
	differs "a member" lake rides hours bad
	sed 4d rows >bad
	differs "a ride less" lake rides hours bad
}

# clean: as the lab does it
make_clean() {
	make_rides
	gen-to-kafka -q --show taxi-ride | sed 's/{string:l..:[a-z]*}/{choice:0:40.7:-73.9}/' >odd.template
	gen-to-kafka -q --template odd.template --seed 6 -c 100 --start 2023-12-31T23:50:00Z --time-step 1s |
		as_kcat null >odd
	jq -c 'select(.payload | fromjson | .passenger_count <= 6 and .trip_duration >= 60 and ([.pickup_latitude,
		.pickup_longitude, .dropoff_latitude, .dropoff_longitude] | map(tonumber) | all(. != 0)))' odd rides >clean
}

test_cleaning() {
	make_clean
	agrees clean clean rides odd
	awk -F'\t' '$2 == 0 { exit 1 } NR == 3 { exit }' table || fail "none to be left out: $(cat table)"
	sed 1d clean >bad
	differs "a good one left out" clean bad rides odd
	{ cat clean; jq -cn 'first(inputs | select(.payload | fromjson | .passenger_count > 6))' rides; } >bad
	differs "too many passengers" clean bad rides odd
	{ cat clean; jq -cn 'first(inputs | select(.payload | fromjson | .pickup_longitude == "0"))' odd; } >bad
	differs "without a coordinate" clean bad rides odd
	{ cat clean; jq -cn 'first(inputs | select(.payload | fromjson | .trip_duration < 60))' odd rides; } >bad
	differs "too short" clean bad rides odd
	sed '3s/"ts":/&1/' clean >bad
	differs "at another time" clean bad rides odd
}

test_aggregate() {
	make_clean
	jq -r .payload clean | kafka-window -q --tumble 5s --time pickup_date --by vendor_id -a trip_count=count \
		-a passenger_count=sum:passenger_count -a trip_duration=sum:trip_duration >windows
	as_search '"\(.vendor_id)-\(.window_start)"' <windows >found
	as_sums vendors .vendor_id .trip_count trips <windows >sums
	agrees aggregate found sums rides odd
	jq -c '.hits.hits[3]._source.trip_duration += 1' found >bad
	differs "a sum" aggregate bad sums rides odd
	swapped . <windows | as_search '"\(.vendor_id)-\(.window_start)"' >swapped
	agrees aggregate swapped sums rides odd
	jq -c '.hits.hits[0]._id as $id | .hits.hits[0]._id = .hits.hits[1]._id | .hits.hits[1]._id = $id' found >bad
	differs "ids of each other" aggregate bad sums rides odd
	jq -c '.hits.total.value += 1' found >bad
	differs "one that was not given" aggregate bad sums rides odd
	jq -c '.hits.hits += [.hits.hits[0]]' found >bad
	differs "one twice" aggregate bad sums rides odd
	jq -c '.aggregations.vendors.buckets[0].trips.value += 1' sums >bad
	differs "OpenSearch's sum" aggregate found bad rides odd
}

to_item='def attribute: if type == "number" then {N: tostring} elif type == "array" then {L: map(attribute)} else {S: .} end;
	.id |= (if type == "string" then . else tojson end) | map_values(attribute)'

test_items() {
	make_rides
	jq -c ".payload | fromjson | $to_item" rides >items
	agrees items rides items
	sed '7s/"N":"/&1/' items >bad
	differs "a number" items rides bad
	sed 7d items >bad
	differs "one less" items rides bad
}

test_items_of_broken_records() {
	local is_bad='def is_bad: contains("\ufffd") or ([fromjson?] | length == 0);'
	gen-to-kafka -q --model taxi-ride --seed 4 --broken 20 -c 1000 >topic
	jq -cR "$is_bad select(is_bad | not) | fromjson | $to_item" topic >all
	jq -cs 'group_by(.id.S)[] | last' all >items
	jq -cR "$is_bad select(is_bad) | {offset: (input_line_number - 1)}" topic >rejected
	agrees faulty topic items rejected
	jq -cs 'group_by(.id.S)[] | first' all >bad
	differs "the first of an id" faulty topic bad rejected
	sed '5s/"N":"/&1/' items >bad
	differs "a number" faulty topic bad rejected
	sed 5d items >bad
	differs "an item less" faulty topic bad rejected
	sed 2d rejected >bad
	differs "a rejected one less" faulty topic items bad
	sed '2s/"offset":/&1/' rejected >bad
	differs "another one" faulty topic items bad
}

test_log_of_the_function() {
	make_rides
	jq -c '{topic, partition, offset, timestamp: "2023-11-14T22:13:20.000+00:00", key: (.key | fromjson),
		value: (.payload | fromjson)}' rides >log
	printf '{"records": %d}\n' 100 100 99 1 >calls
	agrees function rides log calls 100
	{ sed -n 2p log; sed 2d log; } >bad
	differs "out of order" function rides bad calls 100
	sed '5s/"Y"/"N"/; 5t; 5s/"N"/"Y"/' log >bad
	differs "a member" function rides bad calls 100
	differs "a call that is too large" function rides log calls 99
	sed '$d' calls >bad
	differs "a call less" function rides log bad 100
}

test_lag() {
	seq 1000 >trips
	for group in lake index-1a; do
		for partition in 0 1 2 3; do
			echo '{"group": "'$group'", "partition": '$partition', "current_offset": 250, "lag": 0}'
		done
	done >lag
	agrees lag trips 4 lag
	sed '1s/"lag": 0/"lag": 1/' lag >bad
	differs "behind" lag trips 4 bad
	sed '8s/250/null/' lag >bad
	differs "nothing committed" lag trips 4 bad
	sed '/index/d' lag >bad
	differs "one sink" lag trips 4 bad
	sed '2s/250/249/' lag >bad
	differs "a record less" lag trips 4 bad
}

list_lake() {
	(cd lake && find trips -name '*.gz' -printf '%s\t%p\n')
}

# to_lake FILE: as the lab's sink does it
to_lake() {
	kafka-to-s3 -q --run-id "$1" -z gzip --time pickup_datetime \
		--path 'pickup_location={pickup_location_id:03d}/year={@year}/month={@month}' lake/trips <"$1"
}

test_etl() {
	local files object
	gen-to-kafka -q --model trip-event --seed 3 -c 400 --start 2018-12-31T23:00:00Z --time-step 18s >trips
	jq -c 'select(.dropoff_datetime >= "2019")' trips >new
	jq -c 'select(.dropoff_datetime < "2019")' trips >old
	to_lake new
	list_lake >before
	echo "{\"count\": $(wc -l <new)}" >count
	to_lake old
	list_lake >after
	as_search '"\(.trip_id)"' <trips >found
	jq -cs '{aggregations: {tips: {value: map(.tip_amount) | add}}}' trips >tips
	files=(before count after lake/trips found tips)
	agrees etl trips "${files[@]}"

	: >bad
	differs "no sink at work" etl trips bad "${files[@]:1}"
	sed 1d before >bad
	differs "an object that came later" etl trips bad "${files[@]:1}"
	echo '{"count": 1}' >bad
	differs "an index that was behind" etl trips before bad "${files[@]:2}"
	sed '1s/^/1/' before >bad
	differs "an object that has changed" etl trips bad "${files[@]:1}"
	jq -c '.hits.hits[0]._id += "x"' found >bad
	differs "an id" etl trips "${files[@]:0:4}" bad tips
	jq -c '.hits.hits[9]._source.tip_amount += 1' found >bad
	differs "a document" etl trips "${files[@]:0:4}" bad tips
	jq -c '.hits.total.value += 1' found >bad
	differs "a document more" etl trips "${files[@]:0:4}" bad tips
	jq -c '.aggregations.tips.value += 1' tips >bad
	differs "a sum" etl trips "${files[@]:0:5}" bad
	object=lake/$(awk -F'\t' 'NR == 1 { print $2 }' before)
	cp "$object" kept
	zcat kept | sed '1s/"N"/"Y"/; 1t; 1s/"Y"/"N"/' | gzip >"$object"
	differs "a line" etl trips "${files[@]}"
	mkdir lake/trips/pickup_location=999
	mv "$object" lake/trips/pickup_location=999
	sed "s|${object#lake/}|trips/pickup_location=999/${object##*/}|" before >before.bad
	sed "s|${object#lake/}|trips/pickup_location=999/${object##*/}|" after >after.bad
	cp kept "lake/trips/pickup_location=999/${object##*/}"
	differs "another place" etl trips before.bad count after.bad "${files[@]:3}"
}

# windows TRIPS: of an hour and a vendor, as kafka-window has them with the options of the lab
windows() {
	kafka-window -q --tumble 1h --time pickup_datetime --out-of-order 30m --by vendor_id -a trips=count \
		-a revenue=sum:total_amount --late ./late.json <"$1" >windows.json
}

test_late_trips() {
	gen-to-kafka -q --model trip-event --seed 3 -c 500 --start 2018-12-31T12:00:00Z --time-step 18s >trips
	windows trips
	agrees late trips windows.json late.json
	[ -s late.json ] || fail "none is late, which shows nothing"
	sed 1d late.json >bad
	differs "one late trip less" late trips windows.json bad
	sed '2s/"trips":/&1/' windows.json >bad
	differs "a window counts more" late trips bad late.json
}

test_mappings() {
	jq -c '{"trip-1a": {mappings: {properties: (.mappings.properties + {type: {type: "text"}})}}}' "$labs/trip.json" >found
	agrees mapping found "$labs/trip.json"
	sed '1s/"double"/"long"/' found >bad
	differs "a type" mapping bad "$labs/trip.json"
	differs "no such index" mapping found "$labs/index-mapping-departments_count.json"
}

# ours say what the tutorial's say
test_mappings_of_the_tutorial() {
	local file
	for file in "$labs"/index-mapping-*.json; do
		need_shared "${file##*/}"
		jq -S . "$file" >ours
		jq -S . "$shared_data/${file##*/}" >theirs
		expect_same theirs ours
	done
}

make_clicks() {
	gen-to-kafka -q --model clickstream --seed 5 -c 2000 --time-step 40ms --disorder 20:2s >clicks
	as_kcat '"\(.userid)"' <clicks >clicks.kcat
}

# with JQ: a change of the values, of which one is changed at least
with() {
	jq -c ".payload |= (fromjson | $1 | tojson)" clicks.kcat >bad
	! cmp -s bad clicks.kcat || fail "nothing changed: $1"
}

test_clicks() {
	make_clicks
	agrees clicks 2000 1 clicks.kcat
	sed 1000d clicks.kcat >bad
	differs "one less" clicks 2000 1 bad
	differs "another partition" clicks 2000 3 clicks.kcat
	sed '8s/"key":"/&1/' clicks.kcat >bad
	differs "a key" clicks 2000 1 bad
	with 'if .globalseq == 500 then .globalseq = "500" else . end'
	! compare clicks 2000 1 bad 2>err || differs "a type" clicks 2000 1 bad
	with 'if .globalseq == 500 then .globalseq = 501 else . end'
	differs "a number twice" clicks 2000 1 bad
	with 'if .event_type == "order" and .globalseq < 1000 then .event_type = "home_page" else . end'
	differs "a way that there is not" clicks 2000 1 bad
	with 'if .event_type == "order_checkout" then .product_type = "N/A" else . end'
	differs "a product that is lost" clicks 2000 1 bad
	with 'if .event_type == "home_page" and .globalseq > 1000 then .product_type = "laptops" else . end'
	differs "a product too early" clicks 2000 1 bad
	with 'if .event_type == "product_catalog" then .devicetype = "watch" else . end'
	differs "another device" clicks 2000 1 bad
}

test_clickstream() {
	local files
	make_clicks
	python3 "$top_srcdir/tests/clickstream.py" clicks
	as_search '"\(.userId)-\(.windowBeginTime)"' <user_session_details >details
	as_search '"\(.windowBeginTime)"' <user_session_counts >counts
	as_search '"\(.departmentName)-\(.windowBeginTime)"' <departments_count >departments
	as_sums windows .windowEndTime .userSessionCount sessions <user_session_counts >histogram
	as_sums departments .departmentName .departmentCount sessions <departments_count >sums
	files=(details counts departments histogram sums)
	agrees clickstream clicks.kcat "${files[@]}"
	for i in 0 1 2; do
		jq -c '.hits.hits[0]._source.windowEndTime += 1' "${files[i]}" >bad
		differs "a document of ${files[i]}" clickstream clicks.kcat "${files[@]:0:i}" bad "${files[@]:i+1}"
		jq -c '.hits.hits[0]._id += "1"' "${files[i]}" >bad
		differs "an id of ${files[i]}" clickstream clicks.kcat "${files[@]:0:i}" bad "${files[@]:i+1}"
		jq -c '.hits.total.value += 1' "${files[i]}" >bad
		differs "a document more in ${files[i]}" clickstream clicks.kcat "${files[@]:0:i}" bad "${files[@]:i+1}"
	done
	jq -c 'del(.aggregations.windows.buckets[1])' histogram >bad
	differs "a window less" clickstream clicks.kcat "${files[@]:0:3}" bad sums
	jq -c '.aggregations.windows.buckets[1].sessions.value += 1' histogram >bad
	differs "a session more" clickstream clicks.kcat "${files[@]:0:3}" bad sums
	# as with a mapping that has no such field
	jq -c '.aggregations.departments.buckets = []' sums >bad
	differs "no departments" clickstream clicks.kcat "${files[@]:0:4}" bad
	jq -c '.aggregations.departments.buckets[0].sessions.value += 1' sums >bad
	differs "a department more" clickstream clicks.kcat "${files[@]:0:4}" bad
}

run_tests
