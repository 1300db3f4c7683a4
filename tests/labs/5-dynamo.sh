# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: Each ride becomes an item of a table of DynamoDB, and what can be none goes to a file.
# needs: kafka dynamodb

needs_rides
step <<'END'
kafka-to-dynamo -t taxi-rides@@ -e --create-table id:S taxi_rides@@
python3 "$SLUICE"/tests/services/rows.py scan $AWS_ENDPOINT_URL_DYNAMODB \
    taxi_rides@@ >items.json
head -n 1 items.json | jq -c .
END
compare items rides.kcat items.json
# a record that can be no item ends none of this
topic faulty-rides 1
step <<'END'
gen-to-kafka --model taxi-ride --seed 4 -c 500 --broken 10 -t faulty-rides@@
kafka-to-dynamo -t faulty-rides@@ -e --create-table id:S faulty_rides@@ \
    --dead-letter ./rejected.json
jq -c '[.partition, .offset, .error.reason]' rejected.json | head -n 3
kcat -C -b $BOOTSTRAP_SERVERS -t faulty-rides@@ -e -q >faulty
python3 "$SLUICE"/tests/services/rows.py scan $AWS_ENDPOINT_URL_DYNAMODB \
    faulty_rides@@ >faulty.items
END
compare faulty faulty faulty.items rejected.json
