# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: Trips are replayed from S3, fast, while two sinks are at work: a lake by place and month, and an index; then come late ones.
# needs: kafka versitygw opensearch

needs_input
topic trips 4
step <<'END'
lab-s3 make trip-lake@@
place='pickup_location={pickup_location_id:03d}/year={@year}/month={@month}'
kafka-to-s3 -t trips@@ -G lake@@ -z gzip --time pickup_datetime --path "$place" \
    --max-age 2s s3://trip-lake@@/trips & lake=$!
cp "$SLUICE"/tests/labs/trip.json .
kafka-to-opensearch -t trips@@ -G index@@ --index trip@@ --id '{trip_id}' \
    --template trip.json $OPENSEARCH_URL & index=$!
s3-to-kafka -t trips@@ --key '{trip_id}' --time dropoff_datetime \
    --seek 2019-01-01T00:00:00Z --speedup 30000 s3://taxi-data@@/json/
END
# until both sinks have delivered all of that
step <<'END'
timeout 1m sh -c 'until kafka-topic lag lake@@ index@@ --max 0 >/dev/null 2>&1
    do sleep 1; done'
lab-s3 list trip-lake@@/trips/pickup >objects.before
curl -s "$OPENSEARCH_URL/trip@@/_refresh" >/dev/null
curl -s "$OPENSEARCH_URL/trip@@/_count" >count.before
kill $lake $index; wait $lake; wait $index
END
# what is older comes now, late by hours or months; the sinks go on where they were
step <<'END'
s3-to-kafka -t trips@@ --key '{trip_id}' --time dropoff_datetime \
    --until 2019-01-01T00:00:00Z s3://taxi-data@@/json/
kafka-to-s3 -t trips@@ -e -G lake@@ -z gzip --time pickup_datetime \
    --path "$place" s3://trip-lake@@/trips
kafka-to-opensearch -t trips@@ -e -G index@@ --index trip@@ --id '{trip_id}' \
    $OPENSEARCH_URL
kafka-topic lag lake@@ index@@ --json >lag.json
END
# who counts by the hour of pickup waits for trips of half an hour, and puts aside what took longer
step <<'END'
s3-to-kafka s3://taxi-data@@/json/ |
    kafka-window --tumble 1h --time pickup_datetime --out-of-order 30m \
        --by vendor_id -a trips=count -a revenue=sum:total_amount \
        --late ./late.json >windows.json
END
step <<'END'
lab-s3 list trip-lake@@/trips/pickup >objects.after
lab-s3 get trip-lake@@/trips/pickup ./trip-lake
curl -s "$OPENSEARCH_URL/trip@@/_refresh" >/dev/null
curl -s "$OPENSEARCH_URL/trip@@/_search?size=10000" >trips.found
head -n 3 objects.after
tail -n 1 windows.json
curl -s "$OPENSEARCH_URL/trip@@/_search?size=0" \
    -H 'Content-Type: application/json' \
    -d '{"aggs": {"tips": {"sum": {"field": "tip_amount"}}}}' >tips.found
curl -s "$OPENSEARCH_URL/trip@@/_mapping" >mapping.found
END
compare lag trips.json 4 lag.json
compare etl trips.json objects.before count.before objects.after trip-lake/trips trips.found tips.found
compare mapping mapping.found trip.json
compare late trips.json windows.json late.json
