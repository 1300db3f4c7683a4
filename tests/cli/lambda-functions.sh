#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-lambda from pipes, against a server that plays Lambda's Invoke, with faults between.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/envelopes.sh
. "$top_srcdir/tests/envelopes.sh"

# ---- Lambda ----

# start_lambda: a server that plays it; ./log has its invocations
start_lambda() {
	local port
	: >log
	mkfifo stay
	python3 "$top_srcdir/tests/aws/fake_lambda.py" log <stay >port &
	exec 4>stay
	wait_for 10 test -s port
	port=$(cat port)
	export AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:$port AWS_ACCESS_KEY_ID=key \
		AWS_SECRET_ACCESS_KEY=secret AWS_REGION=eu-south-9
}

# invocations FUNCTION FILTER: of the log, a line each
invocations() {
	jq -c --arg f "$1" "select(.function == \$f) | $2" log
}

test_invoke() {
	local arn=arn:aws:lambda:eu-south-9:123456789012:function:ok:live
	start_lambda
	envelopes 10 2 >in
	expect_status 0 kafka-to-lambda -J=in --connections 1 --batch-size 6 ok <in
	expect_line '10 delivered, 0 rejected; 2 invocations' err
	invocations ok '[.type, .signed, .offsets]' >got
	printf '%s\n' '["RequestResponse",true,{"trips-0":[0,2,4],"trips-1":[1,3,5]}]' \
		'["RequestResponse",true,{"trips-0":[6,8],"trips-1":[7,9]}]' >want
	expect_same want got
	# an ARN tells the region, and has colons in the path that is signed
	AWS_REGION=us-west-1 expect_status 0 kafka-to-lambda -J=in "$arn" <in
	invocations "$arn" .signed | sort -u >got
	expect_text got true
	expect_status 0 kafka-to-lambda -J=in --connections 1 --async ok:1 <in
	invocations ok:1 '[.type, .status]' >got
	expect_text got '["Event",202]'
}

# all of these pass in the end, and are not counted as retries
test_faults_that_pass() {
	local fault
	start_lambda
	envelopes 4 >in
	for fault in throttle error state reset half; do
		expect_status 0 kafka-to-lambda -J=in --retries 0 $fault-2 <in
		expect_line '4 delivered, 0 rejected; 3 invocations' err
		[ "$(invocations $fault-2 .offsets | sort -u)" = '{"trips-0":[0,1,2,3]}' ] || fail "$fault"
	done
	expect_status 0 kafka-to-lambda -J=in --retries 2 fail-2 <in
	expect_line '4 delivered, 0 rejected; 3 invocations' err
}

# a function that does not end in time has failed: that counts
test_time_limit_of_functions() {
	start_lambda
	envelopes 4 >in
	expect_status 65 kafka-to-lambda -J=in --timeout 200ms --retries 1 stall <in
	expect_line '^kafka-to-lambda: stdin:1: tried 2 times: not done after 200 ms$' err
	[ "$(invocations stall .offsets | wc -l)" = 2 ] || fail "$(cat log)"
	expect_status 0 kafka-to-lambda -J=in --timeout 200ms --retries 1 stall-1 <in
	expect_line '4 delivered, 0 rejected; 2 invocations, 4 records sent again' err
	expect_status 0 kafka-to-lambda -J=in --timeout 100ms --bisect --retries 0 --on-failure ./failed stall <in
	expect_line '4 records read: 0 delivered, 4 rejected; 6 invocations' err
	jq -c '[.requestContext.condition, .requestContext.approximateInvokeCount, .responseContext]' failed |
		sort -u >got
	expect_text got '["RetryAttemptsExhausted",1,{"statusCode":200,"functionError":"Unhandled"}]'
	# nobody has taken it: that does not count
	AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:1 expect_status 69 kafka-to-lambda -J=in --retries 0 --patience 1s \
		--on-failure ./failed ok <in
	# why, though the end came while an answer was waited for
	expect_line '^kafka-to-lambda: .*127.0.0.1 port 1.* \(nothing was taken for longer than --patience 1s\)$' err
}

test_faults_that_stay() {
	start_lambda
	envelopes 4 >in
	expect_status 77 kafka-to-lambda -J=in denied <in
	expect_line '^kafka-to-lambda: denied: AccessDeniedException: It is so.$' err
	expect_status 66 kafka-to-lambda -J=in missing <in
	expect_line '^kafka-to-lambda: missing: ResourceNotFoundException: Function not found: it$' err
	[ "$(wc -l <log)" = 2 ] || fail "tried again: $(cat log)"
	expect_status 65 kafka-to-lambda -J=in --retries 1 fail <in
	expect_line '^kafka-to-lambda: stdin:1: tried 2 times: Unhandled: Boom: no$' err
	expect_no_line secret err
	expect_status 69 kafka-to-lambda -J=in --patience 500ms error <in
	expect_line '^kafka-to-lambda: (error: ServiceException.*|no answer) \(nothing was taken for longer than --patience 500ms\)$' err
	AWS_SECRET_ACCESS_KEY=other expect_status 0 kafka-to-lambda -J=in ok:2 <in
	expect_text <(invocations ok:2 .signed) false
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	AWS_EC2_METADATA_DISABLED=true expect_status 77 kafka-to-lambda -J=in ok <in
	expect_line 'no credentials found' err
}

test_poison() {
	start_lambda
	envelopes 8 | sed '6s/"n":5/"n":"poison"/' >in
	expect_status 0 kafka-to-lambda -J=in --bisect --retries 0 --on-failure ./failed poison <in
	expect_line '8 records read: 7 delivered, 1 rejected; ' err
	jq -c '[.KafkaBatchInfo.recordInfo.offset, .responseContext, .requestContext.functionArn,
		(.requestContext.requestId | test("^id-"))]' failed >got
	expect_text got '["5",{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"poison",true]'
	rm failed
	expect_status 0 kafka-to-lambda -J=in --retries 1 --on-failure ./failed name <in
	expect_line '8 records read: 7 delivered, 1 rejected; 2 invocations, 1 records sent again' err
	invocations name .offsets >got
	printf '%s\n' '{"trips-0":[0,1,2,3,4,5,6,7]}' '{"trips-0":[5]}' >want
	expect_same want got
	# a function that names what it was not given has failed as a whole
	rm failed
	expect_status 0 kafka-to-lambda -J=in --retries 1 --on-failure ./failed stray <in
	expect_line '8 records read: 0 delivered, 8 rejected; 2 invocations' err
	expect_line 'its answer: it names other-0 offset 0, which the event has not' err
}

test_too_large_for_lambda() {
	start_lambda
	envelopes 8 >in
	expect_status 0 kafka-to-lambda -J=in large-3 <in
	expect_line '8 delivered' err
	invocations large-3 'select(.status == 200) | .offsets' >got
	printf '{"trips-0":[%s]}\n' 0,1 2,3 4,5 6,7 >want
	expect_same want got
	expect_status 0 kafka-to-lambda -J=in --on-failure ./failed large-0 <in
	jq -c '.requestContext.condition' failed | sort | uniq -c | tr -s ' ' >got
	expect_text got ' 8 "MaximumPayloadSizeExceeded"'
}

# ---- faults on the way ----

# between FAULT...: the tool speaks to Lambda through a proxy that has these faults (tests/faults)
between() {
	: "${lambda_port:=${AWS_ENDPOINT_URL_LAMBDA##*:}}"
	rm -f faults.port faults.stay
	mkfifo faults.stay
	python3 "$top_srcdir/tests/faults/http_faults.py" "$lambda_port" "$@" <faults.stay >faults.port 2>faults.err &
	exec 5>faults.stay
	wait_for 10 test -s faults.port
	AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:$(<faults.port)
	: >log
}

# nobody knows of the function: that is not counted, whether it ran or not
test_faults_on_the_way() {
	local fault faults='429 429=1 500 502 503 refuse reset half long garbage foreign'
	start_lambda
	envelopes 4 >in
	# shellcheck disable=SC2046,SC2086 # words
	between $(printf '%s pass ' $faults)
	for fault in $faults; do
		: >log
		expect_status 0 kafka-to-lambda -J=in --retries 0 ok <in
		expect_line '4 records read: 4 delivered, 0 rejected; 2 invocations' err
		case $fault in
		[45]* | refuse) [ "$(wc -l <log)" = 1 ] || fail "$fault: $(wc -l <log) got there" ;;
		*) [ "$(wc -l <log)" = 2 ] || fail "$fault: $(wc -l <log) got there" ;;
		esac
		[ "$(invocations ok .offsets | sort -u)" = '{"trips-0":[0,1,2,3]}' ] || fail "$fault"
		[ "$(invocations ok .signed | sort -u)" = true ] || fail "$fault: signature"
	done
	between 429 pass 503 pass reset pass foreign
	for fault in 429 503 reset foreign; do
		expect_status 0 kafka-to-lambda -J=in --retries 0 --async ok <in
		expect_line '4 records read: 4 delivered, 0 rejected; 2 invocations' err
	done
	between 503*1000
	expect_status 69 kafka-to-lambda -J=in --patience 500ms ok <in
	expect_line '^kafka-to-lambda: (ok: .*|no answer) .*--patience' err
	[ ! -s log ]
}

# no answer in time, and half of a report: that is counted
test_failures_on_the_way() {
	local fault
	start_lambda
	envelopes 4 | sed '2s/"n":1/"n":"poison"/' >in
	for fault in stall stop; do
		between $fault
		expect_status 0 kafka-to-lambda -J=in --timeout 300ms --retries 1 ok <in
		expect_line '4 delivered, 0 rejected; 2 invocations, 4 records sent again' err
		between $fault
		expect_status 65 kafka-to-lambda -J=in --timeout 300ms --retries 0 ok <in
		expect_line '^kafka-to-lambda: stdin:1: not done after 300 ms$' err
	done
	between short
	rm -f failed
	expect_status 0 kafka-to-lambda -J=in --retries 1 --on-failure ./failed name <in
	# bytes that were left over may spoil the answer behind it too: that is not counted
	expect_line '4 records read: 3 delivered, 1 rejected; [23] invocations, ' err
	jq -c '[.KafkaBatchInfo.recordInfo.offset, .requestContext.approximateInvokeCount]' failed >got
	expect_text got '["1",2]'
	between short
	expect_status 65 kafka-to-lambda -J=in --retries 0 name <in
	expect_line '^kafka-to-lambda: stdin:1: its answer: it is no JSON: ' err
}

# whatever happens on the way: each record is taken, none before those before it in its partition
test_order_with_faults() {
	local seed
	start_lambda
	envelopes 300 5 >in
	for seed in 1 2 3; do
		between --random $seed:40 429 503 refuse reset half short long garbage foreign
		expect_status 0 kafka-to-lambda -J=in --batch-size 9 --connections 3 --retries 0 ok <in
		expect_line '300 records read: 300 delivered, 0 rejected; ' err
		expect_line ' invocations, [1-9][0-9]* records sent again' err
		invocations ok '.offsets | to_entries[] | .key as $p | .value[] | [$p, .]' | awk '!seen[$0]++' |
			sort -s -t, -k1,1 >got
		seq 0 299 | awk '{ print "[\"trips-" $1 % 5 "\"," $1 "]" }' | sort -s -t, -k1,1 >want
		expect_same want got
	done
}

run_tests
