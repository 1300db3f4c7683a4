#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The three outputs of the Amazon MSK clickstream tutorial as pipelines of tools, against tests/clickstream.py: the
# details of sessions with an order, counts of sessions, and sessions by department. The tutorial's
# orderCheckoutEventCount hangs on the order in which events arrive; here it is the count as it stood, by event time
# and then by offset, at the last order_checkout.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# Departments are in lower case, so that they come behind "" and "N/A", which are none.
is_department='where=product_type > N/A'

jq_ms='def ms: (.[:19] + "Z" | fromdateiso8601) * 1000 + (.[20:23] | tonumber);'

# sessions: as the job of the tutorial has them between its operators
sessions() {
	kafka-window --session 1s --time eventtimestamp --by userid --out-of-order 20s \
		-a "eventCount=count $is_department" -a "deptList=set:product_type $is_department" \
		-a events=list:event_type -a products=list:product_type |
		jq -c "$jq_ms"' (.events | rindex("order_checkout")) as $at | {
			userId: .userid, eventCount,
			orderCheckoutEventCount: (if $at then .products[:$at + 1] | map(select(. > "N/A")) | length else 0 end),
			deptList, eventKey: 1, windowBeginTime: (.window_start | ms), windowEndTime: (.window_end | ms), window_time}'
}

user_session_details() {
	jq -c 'select(.orderCheckoutEventCount != 0) | del(.window_time)'
}

user_session_counts() {
	kafka-window --tumble 10s --time window_time -a userSessionCount=count \
		-a 'userSessionCountWithOrderCheckout=count where=orderCheckoutEventCount > 0' |
		jq -c "$jq_ms"' {userSessionCount, userSessionCountWithOrderCheckout,
			percentSessionswithBuy: (.userSessionCountWithOrderCheckout * 100 / .userSessionCount | floor),
			windowBeginTime: (.window_start | ms), windowEndTime: (.window_end | ms)}'
}

departments_count() {
	jq -c '.window_time as $time | .deptList[] | {departmentName: ., window_time: $time}' |
		kafka-window --tumble 10s --time window_time --by departmentName -a departmentCount=count |
		jq -c "$jq_ms"' {departmentName, departmentCount, windowBeginTime: (.window_start | ms), windowEndTime: (.window_end | ms)}'
}

# expect_output NAME COMMAND: from ./sessions, in any order
expect_output() {
	"$2" <sessions 2>err | LC_ALL=C sort >"$1.got"
	expect_no_line '[1-9][0-9]* (late|rejected)' err
	LC_ALL=C sort "$1" >"$1.want"
	[ -s "$1.want" ] || fail "$1 should be empty, which shows nothing"
	expect_same "$1.want" "$1.got"
}

test_the_three_outputs() {
	gen-to-kafka -q --model clickstream --seed 5 -c 20000 --time-step 40ms --disorder 20:2s >clicks
	python3 "$top_srcdir/tests/clickstream.py" clicks
	sessions <clicks >sessions 2>err
	expect_line '20000 records read: 20000 in windows, 0 late, 0 rejected' err
	expect_output user_session_details user_session_details
	expect_output user_session_counts user_session_counts
	expect_output departments_count departments_count
}

run_tests
