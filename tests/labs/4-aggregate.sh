# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: Rides are cleaned with jq, counted and summed by vendor in windows of five seconds, and indexed.
# needs: kafka opensearch

needs_rides
topic odd-rides 5
step <<'END'
gen-to-kafka --show taxi-ride |
    sed 's/{string:l..:[a-z]*}/{choice:0:40.7:-73.9}/' >odd-ride.json
gen-to-kafka --template odd-ride.json --seed 6 -c 300 \
    --start 2023-12-31T23:50:00Z --time-step 1s -t odd-rides@@
END
topic clean-rides 5
step <<'END'
for topic in odd-rides@@ taxi-rides@@; do kafka-to-pipe -t $topic -e -J; done |
    jq -c 'select(.payload | fromjson | .passenger_count <= 6 and
        .trip_duration >= 60 and ([.pickup_latitude, .pickup_longitude,
        .dropoff_latitude, .dropoff_longitude] | map(tonumber) | all(. != 0)))' |
    s3-to-kafka -J -p @same -t clean-rides@@
kcat -C -b $BOOTSTRAP_SERVERS -t odd-rides@@ -e -q -J >odd.kcat
kcat -C -b $BOOTSTRAP_SERVERS -t clean-rides@@ -e -q -J >clean.kcat
END
compare clean clean.kcat rides.kcat odd.kcat
step <<'END'
kafka-window -t clean-rides@@ -e --tumble 5s --time pickup_date --by vendor_id \
    -a trip_count=count -a passenger_count=sum:passenger_count \
    -a trip_duration=sum:trip_duration |
    kafka-to-opensearch --index trip_stats@@ --refresh wait_for \
        --id '{vendor_id}-{window_start}' $OPENSEARCH_URL
curl -s "$OPENSEARCH_URL/trip_stats@@/_search?size=10000" >trip_stats.json
curl -s "$OPENSEARCH_URL/trip_stats@@/_search?size=0" \
    -H 'Content-Type: application/json' -d '{"aggs":
    {"vendors": {"terms": {"field": "vendor_id"}, "aggs":
    {"trips": {"sum": {"field": "trip_count"}}}}}}' >vendors.json
jq -c '.hits.hits[0]' trip_stats.json
END
compare aggregate trip_stats.json vendors.json rides.kcat odd.kcat
