# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: Rides are cleaned with jq, counted and summed by vendor in windows of five seconds, and indexed.
# needs: kafka opensearch

needs_rides
topic clean-rides 5
step <<'END'
kafka-to-pipe -t taxi-rides@@ -e -J |
    jq -c 'select(.payload | fromjson | .passenger_count <= 6 and
        .trip_duration >= 60 and ([.pickup_latitude, .pickup_longitude,
        .dropoff_latitude, .dropoff_longitude] | map(tonumber) | all(. != 0)))' |
    s3-to-kafka -J -p @same -t clean-rides@@
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
compare aggregate rides.kcat trip_stats.json vendors.json
