# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: Each ride becomes an item of a table of DynamoDB.
# needs: kafka dynamodb

needs_rides
step <<'END'
kafka-to-dynamo -t taxi-rides@@ -e --create-table id:S taxi_rides@@
python3 $SLUICE/tests/services/rows.py scan $AWS_ENDPOINT_URL_DYNAMODB \
    taxi_rides@@ >items.json
head -n 1 items.json | jq -c .
END
compare items rides.kcat items.json
