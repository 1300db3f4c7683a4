# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: Clicks become sessions, and these three indices: sessions with an order, counts of sessions, and departments.
# needs: kafka opensearch

topic clickstream 3
topic user-sessions 1
step <<'END'
gen-to-kafka --model clickstream --seed 5 --rate 10000 -c 20000 \
    --time-step 40ms --disorder 20:2s -t clickstream@@
kcat -C -b $BOOTSTRAP_SERVERS -t clickstream@@ -e -q -J >clicks.kcat
END
compare clicks 20000 3 clicks.kcat
step <<'END'
kafka-window -t clickstream@@ -e --session 1s --time eventtimestamp \
    --out-of-order 20s --by userId=userid --window-format ms \
    -a 'eventCount=count where=product_type > N/A' \
    -a 'deptList=set:product_type where=product_type > N/A' \
    -a events=list:10000:event_type -a products=list:10000:product_type |
    jq -c '(.events | rindex("order_checkout")) as $at | {userId, eventCount,
        orderCheckoutEventCount: (if $at then .products[:$at + 1] |
            map(select(. > "N/A")) | length else 0 end),
        deptList, eventKey: 1, windowBeginTime: .window_start,
        windowEndTime: .window_end, window_time}' |
    s3-to-kafka -t user-sessions@@ --key '{userId}'
END
step <<'END'
cp "$SLUICE"/tests/labs/index-mapping-*.json .
kafka-to-pipe -t user-sessions@@ -e |
    jq -c 'select(.orderCheckoutEventCount != 0) | del(.window_time)' |
    kafka-to-opensearch --index user_session_details@@ \
        --id '{userId}-{windowBeginTime}' \
        --template index-mapping-user_session_details.json $OPENSEARCH_URL
kafka-to-pipe -t user-sessions@@ -e |
    kafka-window --tumble 10s --time window_time --window-format ms \
        -a userSessionCount=count \
        -a 'userSessionCountWithOrderCheckout=count
            where=orderCheckoutEventCount > 0' |
    jq -c '{userSessionCount, userSessionCountWithOrderCheckout,
        percentSessionswithBuy: (.userSessionCountWithOrderCheckout * 100 /
            .userSessionCount | floor),
        windowBeginTime: .window_start, windowEndTime: .window_end}' |
    kafka-to-opensearch --index user_session_counts@@ --id '{windowBeginTime}' \
        --template index-mapping-user_session_counts.json $OPENSEARCH_URL
kafka-to-pipe -t user-sessions@@ -e |
    jq -c '.window_time as $time | .deptList[] |
        {departmentName: ., window_time: $time}' |
    kafka-window --tumble 10s --time window_time --window-format ms \
        --by departmentName -a departmentCount=count |
    jq -c '{departmentName, departmentCount,
        windowBeginTime: .window_start, windowEndTime: .window_end}' |
    kafka-to-opensearch --index departments_count@@ \
        --id '{departmentName}-{windowBeginTime}' \
        --template index-mapping-departments_count.json $OPENSEARCH_URL
END
step <<'END'
curl -s "$OPENSEARCH_URL/_refresh" >/dev/null
curl -s "$OPENSEARCH_URL/user_session_details@@/_search?size=10000" \
    >details.found
curl -s "$OPENSEARCH_URL/user_session_counts@@/_search?size=10000" \
    >counts.found
curl -s "$OPENSEARCH_URL/departments_count@@/_search?size=10000" \
    >departments.found
curl -s "$OPENSEARCH_URL/user_session_counts@@/_search?size=0" \
    -H 'Content-Type: application/json' -d '{"aggs": {"windows": {
    "date_histogram": {"field": "windowEndTime", "fixed_interval": "10s",
    "min_doc_count": 1}, "aggs": {"sessions": {"sum":
    {"field": "userSessionCount"}}}}}}' >histogram.found
curl -s "$OPENSEARCH_URL/departments_count@@/_search?size=0" \
    -H 'Content-Type: application/json' -d '{"aggs": {"departments": {
    "terms": {"field": "departmentName.keyword"}, "aggs": {"sessions": {"sum":
    {"field": "departmentCount"}}}}}}' >departments.sums
curl -s "$OPENSEARCH_URL/user_session_*@@,departments_count@@/_mapping" \
    >mappings.found
jq -c '.hits.hits[0]._source' details.found counts.found departments.found
END
compare clickstream clicks.kcat details.found counts.found departments.found histogram.found departments.sums
compare mapping mappings.found index-mapping-*.json
