# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: Files in S3, CSV and compressed JSON, are replayed into topics.
# needs: kafka versitygw

needs_input
topic taxi-trip 3
topic trip-events 1
step <<'END'
s3-to-kafka -t taxi-trip@@ --key '{"id":"{id}"}' \
    --columns id:string,vendor_id:int,pickup_datetime:string,\
dropoff_datetime:string,passenger_count:int,pickup_longitude:string,\
pickup_latitude:string,dropoff_longitude:string,dropoff_latitude:string,\
store_and_fwd_flag:string,gc_distance:double,trip_duration:int,\
google_distance:string,google_duration:string s3://taxi-data@@/csv/
s3-to-kafka -t trip-events@@ --time dropoff_datetime --kafka-time event \
    --speedup 1000000 s3://taxi-data@@/json/
kcat -C -b $BOOTSTRAP_SERVERS -t taxi-trip@@ -e -q -J >taxi-trip.kcat
kcat -C -b $BOOTSTRAP_SERVERS -t trip-events@@ -e -q -J >trip-events.kcat
head -n 1 taxi-trip.kcat | jq .
END
compare replay taxi-trips.csv taxi-trip.kcat trips.json trip-events.kcat
