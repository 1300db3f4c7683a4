#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-lambda from pipes, with local commands.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/envelopes.sh
. "$top_srcdir/tests/envelopes.sh"

# make_handler: ./handler keeps each event in ./events (one line), says nothing
make_handler() {
	cat >handler <<'END'
#!/bin/sh
exec tee -a events >/dev/null
END
	chmod +x handler
}

# given: the values of all events so far, a line each
given() {
	jq -r '.records[][].value | @base64d' events
}

# expect_given COUNT: each of the values once, in the order of each partition
expect_given() {
	given >values
	seq 0 $(($1 - 1)) | sed 's/.*/{"n":&}/' | sort >want
	sort values >got
	expect_same want got
}

# ---- events ----

test_event() {
	make_handler
	cat >in <<'END'
{"topic":"trips","partition":3,"offset":15,"tstype":"create","ts":1545084650987,"headers":["source","NYC","n",null],"key":"id7","payload":"{\"id\":7}"}
{"topic":"trips","partition":0,"offset":4,"tstype":"logappend","ts":5,"payload":null}
{"partition":3,"offset":17,"payload_base64":"/wA="}
END
	expect_status 0 kafka-to-lambda -J=in --workers 1 -- ./handler <in
	[ ! -s out ] || fail "something on standard output"
	jq -cS . events | tr -d '\n' >got
	jq -cSn '{eventSource: "SelfManagedKafka", records: {
		"trips-3": [{topic: "trips", partition: 3, offset: 15, timestamp: 1545084650987,
			timestampType: "CREATE_TIME", key: "aWQ3", value: "eyJpZCI6N30=",
			headers: [{source: [78, 89, 67]}, {n: null}]}],
		"trips-0": [{topic: "trips", partition: 0, offset: 4, timestamp: 5,
			timestampType: "LOG_APPEND_TIME", headers: []}],
		"stdin-3": [{topic: "stdin", partition: 3, offset: 17, timestamp: -1,
			timestampType: "NO_TIMESTAMP_TYPE", value: "/wA=", headers: []}]}}' |
		tr -d '\n' >want
	expect_same want got
	expect_line '3 records read: 3 delivered, 0 rejected; 1 invocations' err

	rm events
	expect_status 0 kafka-to-lambda --event-source-arn arn:aws:kafka:x -b a:1,b:2 -J=in \
		--on-failure ./failed -- ./handler <in
	jq -e '.eventSource == "aws:kafka" and .eventSourceArn == "arn:aws:kafka:x" and
		.bootstrapServers == "a:1,b:2"' events >/dev/null || fail "$(cat events)"
}

test_plain_lines() {
	make_handler
	printf '{"a":1}\nnot JSON\n' | expect_status 0 kafka-to-lambda -- ./handler
	given >values
	printf '{"a":1}\nnot JSON\n' >want
	expect_same want values
	jq -e '[.records["stdin-0"][].offset] == [0, 1]' events >/dev/null || fail "$(cat events)"
}

test_batches() {
	make_handler
	envelopes 10 >in
	expect_status 0 kafka-to-lambda -J=in --batch-size 3 --workers 2 -- ./handler <in
	jq -c '.records["trips-0"] | length' events | tr '\n' ' ' >sizes
	echo >>sizes
	expect_text sizes '3 3 3 1 '
	expect_given 10
}

# no more than 6 MB of events, and a record that is larger alone is rejected
test_payload_limit() {
	make_handler
	for i in 1 2 3 4; do
		head -c 2000000 /dev/zero | tr '\0' "$i"
		echo
	done >in
	expect_status 0 kafka-to-lambda --memory 256M --workers 1 -- ./handler <in
	jq -c '.records["stdin-0"] | length' events | tr '\n' ' ' >sizes
	echo >>sizes
	expect_text sizes '2 2 '
	head -c 5000000 /dev/zero | tr '\0' x >large
	expect_status 65 kafka-to-lambda -- ./handler <large
	expect_line '^kafka-to-lambda: stdin:1: its event may be [0-9]* bytes long, the limit is 6291455$' err
	expect_status 0 kafka-to-lambda --on-failure ./failed -- ./handler <large
	jq -e '.requestContext.condition == "MaximumPayloadSizeExceeded" and
		.requestContext.approximateInvokeCount == 0 and .responseContext == null' failed \
		>/dev/null || fail "$(head -c 500 failed)"
}

test_dry_run() {
	expect_status 0 kafka-to-lambda --dry-run -- /nonexistent </dev/null
	expect_line 'would run /nonexistent for batches of standard input, and retry for ever$' err
	expect_status 0 kafka-to-lambda --dry-run -b localhost:1 -t trips --retries 3 fn
	expect_line 'would invoke fn for batches of topic trips, and retry 3 times$' err
	# with a place for what failed
	expect_status 0 kafka-to-lambda --dry-run --on-failure ./failed -- cat </dev/null
	expect_line 'retry 10 times$' err
	expect_status 0 kafka-to-lambda --dry-run --dead-letter ./letters --retries -1 -- cat </dev/null
	expect_line 'retry for ever$' err
}

# ---- commands ----

# words as they are, and the tool's standard error is the command's
test_no_shell() {
	cat >handler <<'END'
#!/bin/sh
printf '%s\n' "$@" >words
cat >/dev/null
echo to standard error >&2
END
	chmod +x handler
	echo '{}' | expect_status 0 kafka-to-lambda -q -- ./handler '$HOME; exit 3' '*' --retries -x ''"a  b"
	printf '%s\n' '$HOME; exit 3' '*' --retries -x 'a  b' >want
	expect_same want words
	expect_text err 'to standard error'
}

# which a shell's read does not take for half of one
test_the_event_is_a_line() {
	envelopes 6 >in
	expect_status 0 kafka-to-lambda -J=in --batch-size 2 --retries 0 -- \
		bash -c 'read -r event && printf "%s\n" "$event" >>events && ! read -r more' <in
	[ "$(wc -l <events)" = 3 ] || fail "$(wc -l <events) lines"
	expect_given 6
}

test_command_that_reads_nothing() {
	envelopes 5000 >in
	expect_status 0 kafka-to-lambda -J=in --batch-size 2500 -- true <in
	expect_line '5000 delivered' err
}

# what it prints is its own affair where it is no report of failures
test_command_that_prints() {
	envelopes 3 >in
	expect_status 0 kafka-to-lambda -J=in --retries 0 -- jq -c '.records[][] | {offset}' <in
	expect_line '3 delivered, 0 rejected' err
	expect_status 0 kafka-to-lambda -J=in --retries 0 -- printf '{ no JSON' <in
	expect_line '3 delivered, 0 rejected' err
	expect_status 65 kafka-to-lambda -J=in --retries 0 -- printf '{"batchItemFailures":' <in
	expect_line 'stdin:1: its answer: it is no JSON: ' err
}

test_command_that_is_not_there() {
	echo '{}' | expect_status 66 kafka-to-lambda -- ./nothing --like this
	expect_line '^kafka-to-lambda: cannot run ./nothing: No such file or directory$' err
	: >plain
	echo '{}' | expect_status 66 kafka-to-lambda -- ./plain
	expect_line 'Permission denied' err
}

test_failure_without_a_place() {
	cat >handler <<'END'
#!/bin/sh
cat >/dev/null
echo x >>tries
echo "no such customer: 7"
echo more
exit 3
END
	chmod +x handler
	echo '{}' | expect_status 65 kafka-to-lambda --retries 2 -- ./handler
	expect_line '^kafka-to-lambda: stdin:1: tried 3 times: exit status 3: no such customer: 7$' err
	[ "$(wc -l <tries)" = 3 ] || fail "$(wc -l <tries) tries"
	echo '{}' | expect_status 65 kafka-to-lambda --retries 0 -- sh -c 'kill -9 $$'
	expect_line 'stdin:1: killed by signal 9$' err
	echo '{}' | expect_status 65 kafka-to-lambda --retries 0 -- sh -c 'head -c 7000000 /dev/zero'
	expect_line 'stdin:1: its output: longer than 6291455 bytes$' err
}

# in the order of its partition, nothing is given behind what failed for good
test_nothing_behind_a_failure() {
	cat >handler <<'END'
#!/bin/sh
jq -c '[.records[][].offset]' >batch
cat batch >>given
! grep -qw 5 batch
END
	chmod +x handler
	envelopes 20 >in
	expect_status 65 kafka-to-lambda -J=in --workers 1 --batch-size 1 --retries 1 -- ./handler <in
	tr -d '[]\n' <given >got
	echo >>got
	expect_text got '0123455'
	expect_line '20 records read: 5 delivered, 0 rejected, 15 not delivered' err
	rm given
	expect_status 65 kafka-to-lambda -J=in --workers 3 --batch-size 4 --retries 1 -- ./handler <in
	tr '\n' ' ' <given >got
	echo >>got
	expect_text got '[0,1,2,3] [4,5,6,7] [4,5,6,7] '
}

test_time_limit() {
	echo '{}' | expect_status 65 kafka-to-lambda --retries 0 --timeout 100ms -- \
		sh -c 'sleep 1000 & echo $$ $! >pids.new; mv pids.new pids; wait'
	expect_line 'stdin:1: not done after 100 ms$' err
	expect_gone pids
}

# expect_gone FILE: the processes it names are gone; zombies are init's business
expect_gone() {
	local pid
	for pid in $(cat "$1"); do
		wait_for 10 is_gone "$pid"
	done
}

is_gone() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# forever: standard input for a tool that is stopped
start_hanging() {
	cat >handler <<'END'
#!/bin/sh
sleep 1000 &
echo $$ $! >"pids.$$.new"
mv "pids.$$.new" "pids.$$"
wait
END
	chmod +x handler
	mkfifo pipe
	kafka-to-lambda -J=in --batch-size 1 --batch-window 0 --workers 3 "$@" -- ./handler <pipe 2>err &
	tool=$!
	exec 3>pipe
	envelopes 3 3 >&3
	wait_for 20 eval '[ "$(ls pids.*[0-9] 2>/dev/null | wc -l)" = 3 ]'
	cat pids.*[0-9] >pids
}

test_stop() {
	local status=0
	start_hanging --drain 100ms
	kill -TERM $tool
	wait $tool || status=$?
	[ $status = 75 ] || fail "status $status: $(cat err)"
	expect_line 'stopped with 3 records not delivered' err
	expect_gone pids
}

test_kill() {
	local status=0
	start_hanging
	kill -KILL $tool
	wait $tool || status=$?
	[ $status = 137 ] || fail "status $status"
	# the commands themselves; what they have started is theirs
	cut -d' ' -f1 pids >leaders
	expect_gone leaders
	cut -d' ' -f2 pids | xargs kill 2>/dev/null || true
}

# a second signal ends at once
test_two_signals() {
	local status=0
	start_hanging --drain 1000s
	kill -TERM $tool
	sleep 0.2
	kill -TERM $tool
	wait $tool || status=$?
	[ $status = 143 ] || fail "status $status: $(cat err)"
	cut -d' ' -f1 pids >leaders
	expect_gone leaders
	cut -d' ' -f2 pids | xargs kill 2>/dev/null || true
}

# each waits for all the others: they can only end if all of them run at once
test_workers() {
	mkdir at
	cat >handler <<'END'
#!/bin/sh
cat >/dev/null
: >at/$$
until [ "$(ls at | wc -l)" = 4 ]; do sleep 0.01; done
END
	chmod +x handler
	envelopes 4 4 >in
	expect_status 0 timeout 60 kafka-to-lambda -J=in --batch-size 1 --workers 4 -- ./handler <in
	# and not more than that: of two at a time each sees at most itself and another
	cat >handler <<'END'
#!/bin/sh
cat >/dev/null
: >at/$$
sleep 0.05
ls at | wc -l >>seen
rm at/$$
END
	rm at/*
	envelopes 16 16 >in
	expect_status 0 kafka-to-lambda -J=in --batch-size 1 --workers 2 -- ./handler <in
	[ "$(wc -l <seen)" = 16 ] || fail "$(wc -l <seen) of 16"
	[ "$(sort -n seen | tail -n 1)" -le 2 ] || fail "$(cat seen)"
}

# more of them than there are descriptors for: they wait, and do not end the tool
test_too_many_at_once() {
	mkdir at
	cat >handler <<'END'
#!/bin/sh
cat >/dev/null
: >at/$$
until [ "$(ls at | wc -l)" -ge 3 ]; do sleep 0.01; done
END
	chmod +x handler
	envelopes 32 32 >in
	(
		ulimit -n 24
		expect_status 0 timeout 60 kafka-to-lambda -v -J=in --batch-size 1 --workers 32 -- ./handler <in
	)
	expect_line '32 records read: 32 delivered, 0 rejected; ' err
	expect_line 'pipe: Too many open files; once more' err
	[ "$(ls at | wc -l)" = 32 ] || fail "$(ls at | wc -l) of 32"
}

# ---- failures ----

# fails now and then, by a seed and its own count; what it took is in ./taken
make_flaky() {
	cat >handler <<'END'
#!/usr/bin/env python3
import base64, fcntl, json, random, sys
event = json.load(sys.stdin)
with open("state", "a+") as state:
    fcntl.flock(state, fcntl.LOCK_EX)
    state.seek(0)
    count = len(state.read())
    state.write(".")
    state.flush()
    chance = random.Random(int(sys.argv[1]) * 1000003 + count)
    fate = chance.random()
    if fate < 0.2:
        sys.exit(1)
    failed = []
    with open("taken", "a") as taken:
        for name, records in event["records"].items():
            for i, record in enumerate(records):
                # what fails takes all behind it in its partition along, so that order shows
                if fate < 0.5 and chance.random() < 0.1:
                    failed += [{"itemIdentifier": {"partition": name, "offset": r["offset"]}}
                               for r in records[i:]]
                    break
                taken.write("%s %d\n" % (name, record["offset"]))
    print(json.dumps({"batchItemFailures": failed}))
END
	chmod +x handler
}

test_order_within_a_partition() {
	local seed
	make_flaky
	envelopes 200 5 >in
	for seed in 1 2; do
		rm -f state taken
		expect_status 0 kafka-to-lambda -J=in --batch-size 9 --workers 3 -- ./handler $seed <in
		expect_line '200 records read: 200 delivered, 0 rejected; ' err
		expect_line ' invocations, [1-9][0-9]* records sent again' err
		seq 0 199 | awk '{ print "trips-" $1 % 5, $1 }' | sort -k1,1 -k2,2n >want
		sort -s -k1,1 taken >got
		expect_same want got
	done
}

test_on_failure() {
	cat >handler <<'END'
#!/usr/bin/env python3
import base64, json, sys
event = json.load(sys.stdin)
print(json.dumps({"batchItemFailures": [
    {"itemIdentifier": {"partition": name, "offset": record["offset"]}}
    for name, records in event["records"].items() for record in records
    if json.loads(base64.b64decode(record["value"]))["n"] % 10 == 3]}))
END
	chmod +x handler
	envelopes 25 2 >in
	expect_status 0 kafka-to-lambda -J=in --retries 1 --workers 1 -b h:9092 --event-source-arn arn:c \
		--on-failure ./failed -- ./handler <in
	expect_line 'stdin:4: tried 2 times: the function names it in batchItemFailures' err
	expect_line '25 records read: 22 delivered, 3 rejected; 2 invocations, 3 records sent again' err
	jq -c '[.KafkaBatchInfo.recordInfo.offset, .requestContext.condition,
		.requestContext.approximateInvokeCount, .requestContext.functionArn,
		.responseContext.statusCode, .responseContext.functionError, .version,
		.KafkaBatchInfo.batchSize, .KafkaBatchInfo.eventSourceArn,
		.KafkaBatchInfo.bootstrapServers,
		(.payload.records["trips-1"][0].value | @base64d),
		(.payload | tojson | length) == .KafkaBatchInfo.payloadSize,
		(.timestamp | test("^20..-..-..T..:..:..[.]...Z$"))]' failed >got
	for n in 3 13 23; do
		echo "[\"$n\",\"RetryAttemptsExhausted\",2,\"./handler\",200,null,\"1.0\",1,\"arn:c\",\"h:9092\",\"{\\\"n\\\":$n}\",true,true]"
	done >want
	expect_same want got
}

# the same records in the envelope that all tools have
test_dead_letter() {
	envelopes 3 >in
	expect_status 0 kafka-to-lambda -J=in --retries 0 --dead-letter ./letters -- sh -c 'exit 1' <in
	jq -c '[.offset, .error.tool, .error.reason]' letters >got
	for n in 0 1 2; do echo "[$n,\"kafka-to-lambda\",\"exit status 1\"]"; done >want
	expect_same want got
	expect_status 65 kafka-to-lambda -J=in --retries 0 --dead-letter ./letters --dead-letter-max 2 -- false <in
	expect_line 'more than --dead-letter-max 2' err
}

test_bisect() {
	cat >handler <<'END'
#!/bin/sh
tee -a events | jq -e '[.records[][].value | @base64d | fromjson.n] | any(. == 5 or . == 12) | not' >/dev/null
END
	chmod +x handler
	envelopes 16 >in
	expect_status 0 kafka-to-lambda -J=in --bisect --retries 1 --workers 1 --on-failure ./failed -- \
		./handler <in
	expect_line '16 records read: 14 delivered, 2 rejected; ' err
	jq -c '[.KafkaBatchInfo.recordInfo.offset, .requestContext.approximateInvokeCount]' failed >got
	printf '%s\n' '["5",2]' '["12",2]' >want
	expect_same want got
	# the batch was halved, not tried one by one from the beginning
	jq -c '.records["trips-0"] | length' events | head -n 3 | tr '\n' ' ' >sizes
	echo >>sizes
	expect_text sizes '16 8 4 '
}

test_max_record_age() {
	make_handler
	printf '%s\n' '{"offset":0,"ts":1000,"payload":"old"}' '{"offset":1,"payload":"of no age"}' >in
	jq -cn '{offset: 2, ts: (now * 1000 | floor), payload: "new"}' >>in
	expect_status 65 kafka-to-lambda -J=in --max-record-age 1h -- ./handler <in
	expect_line '^kafka-to-lambda: stdin:1: older than --max-record-age$' err
	rm -f events
	expect_status 0 kafka-to-lambda -J=in --max-record-age 1h --on-failure ./failed -- ./handler <in
	given >values
	printf 'of no age\nnew\n' >want
	expect_same want values
	jq -e '.requestContext.condition == "RecordAgeExceeded" and
		.KafkaBatchInfo.recordInfo.timestamp == "1970-01-01T00:00:01.000Z"' failed >/dev/null ||
		fail "$(cat failed)"
}

# nobody answers: what was young when it was read is not waited for either
test_age_while_nobody_answers() {
	envelopes 3 >in
	expect_status 0 timeout 60 kafka-to-lambda -J=in --max-record-age 2s --on-failure ./failed \
		--region eu-west-1 --no-sign-request --endpoint-url http://127.0.0.1:1 fn <in
	[ "$(jq -c '.requestContext.condition' failed | sort | uniq -c | tr -d ' ')" = '3"RecordAgeExceeded"' ] ||
		fail "$(cat failed)"
	envelopes 3 >in
	expect_status 65 timeout 60 kafka-to-lambda -J=in --max-record-age 1s \
		--region eu-west-1 --no-sign-request --endpoint-url http://127.0.0.1:1 fn <in
	expect_line '^kafka-to-lambda: stdin:1: older than --max-record-age$' err
}

# what cannot be read goes there too
test_unreadable_envelope() {
	make_handler
	printf '%s\n' '{"offset":0,"payload":"a"}' 'no envelope' '{"offset":2,"payload":"b"}' >in
	expect_status 0 kafka-to-lambda -J=in --on-failure ./failed -- ./handler <in
	given >values
	printf 'a\nb\n' >want
	expect_same want values
	jq -e '.requestContext.condition == "RecordRejected" and
		(.payload.records["stdin-0"][0].value | @base64d) == "no envelope"' failed >/dev/null ||
		fail "$(cat failed)"
}

# one key's records wait for each other and no longer than they must
test_order_of_keys() {
	make_handler
	envelopes 70 >in
	expect_status 0 kafka-to-lambda -J=in --order key --batch-size 4 --workers 3 -- ./handler <in
	expect_given 70
	jq -r '.records[][] | [(.key | @base64d), .offset] | @tsv' events | sort -s -k1,1 >got
	sort -k1,1 -k2,2n got >want
	expect_same want got
	rm events
	expect_status 0 kafka-to-lambda -J=in --order none --batch-size 4 --workers 3 -- ./handler <in
	expect_given 70
}

# ---- usage ----

# expect_usage REGEX ARGUMENT...
expect_usage() {
	local regex=$1
	shift
	expect_status 2 kafka-to-lambda "$@" </dev/null
	expect_line "^kafka-to-lambda: .*$regex.*--help lists the options" err
}

test_usage() {
	expect_usage 'argument is missing'
	expect_usage 'argument is missing' --
	expect_usage 'one argument too many: cat' fn cat
	expect_usage 'fn is a function, and cat a command' fn -- cat
	expect_usage '--workers is for commands' --workers 2 fn
	expect_usage '--async is for functions' --async -- cat
	expect_usage '--connections is for functions' --connections 2 -- cat
	expect_usage '--endpoint-url is for functions' --endpoint-url http://x -- cat
	expect_usage 'give one of them' --on-failure a/b --dead-letter a/b -- cat
	expect_usage 'the topic that is read' -b x:1 -t trips --on-failure trips -- cat
	expect_usage 'needs brokers' --on-failure topic -- cat
	expect_usage '--retries: must be at least -1' --retries -2 -- cat
	expect_usage '--retries: must be at most 10000' --retries 10001 -- cat
	expect_usage '--batch-size: must be at most 10000' --batch-size 10001 -- cat
	expect_usage './handler: not the name of a function; a command stands behind --' ./handler
	expect_usage 'python handler.py: not the name of a function' 'python handler.py'
	expect_usage 'neither partition, key nor none' --order offset -- cat
	expect_usage 'in which region' fn
	expect_usage '-J=in reads envelopes' -J -- cat
	expect_usage 'one argument too many' -b h:1 -t t fn -e x
	# else requests would go to the host that is left
	expect_usage "the endpoint's URL is too long" --region eu-west-1 \
		--endpoint-url "http://$(printf 'a%.0s' $(seq 260)).example" fn
}

run_tests
