#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-dynamo from pipes into a DynamoDB whose faults a script chooses (tests/aws/fake_dynamo.py).
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

unset BOOTSTRAP_SERVERS XDG_CONFIG_HOME ${!AWS_*}
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
# the machine's own credentials are never asked for
export AWS_EC2_METADATA_DISABLED=true
export AWS_ACCESS_KEY_ID=AKIATEST AWS_SECRET_ACCESS_KEY=hunter2 AWS_REGION=eu-central-1

# start [LINE...]: the server, with these lines as its script; what it got is in ./log
start() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	: >log
	: >script
	[ $# = 0 ] || printf '%s\n' "$@" >script
	coproc server { exec python3 "$top_srcdir/tests/aws/fake_dynamo.py" log script; } 2>/dev/null
	read -r port <&"${server[0]}" || skip "the server does not start"
	# kept open when another coprocess takes the name
	# shellcheck disable=SC2034 # it is enough that it is open
	exec {hold}>&"${server[1]}"
	export AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:$port
}

# expect_items TEXT: all items of the table, one a line
expect_items() {
	python3 -c 'import sys, urllib.request as u
sys.stdout.write(u.urlopen(sys.argv[1]).read().decode())' "$AWS_ENDPOINT_URL_DYNAMODB/rides" >items
	expect_text items "$1"
}

# expect_log TEXT: what was asked, but for the table
expect_log() {
	grep -v Table log >asked || true
	expect_text asked "$1"
}

to_rides() {
	kafka-to-dynamo --create-table id:S --connections 1 "$@" rides
}

test_lines_become_items() {
	start
	printf '%s\n' '{"id":"a","n":1.50,"s":"x","l":[1,null],"m":{"t":true}}' '{"id":"b"}' >in
	expect_status 0 to_rides <in
	expect_items '{"id": {"S": "a"}, "l": {"L": [{"N": "1"}, {"NULL": true}]}, "m": {"M": {"t": {"BOOL": true}}}, "n": {"N": "1.50"}, "s": {"S": "x"}}
{"id": {"S": "b"}}'
	expect_log 'BatchWriteItem 2 ok'
	expect_line '^kafka-to-dynamo: 2 records read: 2 delivered, 0 rejected; 1 requests$' err
	[ ! -s out ]
	# nothing is written before the table is ready: CREATING, ACTIVE
	expect_text log 'DescribeTable 1 ResourceNotFoundException
CreateTable 1 ok
DescribeTable 1 ok
DescribeTable 1 ok
BatchWriteItem 2 ok'
	# there already, and with other keys
	expect_status 0 to_rides <in
	expect_status 2 kafka-to-dynamo --create-table id:N rides <in
	expect_line 'table rides exists with other keys than --create-table says' err
	expect_line '^CreateTable 1 ok$' log
	[ "$(grep -c CreateTable log)" = 1 ] || fail "made twice"
}

test_batches_of_25_and_the_last_of_a_key_wins() {
	start
	seq 0 99 | sed 's/.*/{"id":"i&","n":&}/' >in
	expect_status 0 to_rides <in
	expect_log "$(yes 'BatchWriteItem 25 ok' | head -n 4)"
	# one item a hundred times: each request has one of it
	start
	seq 0 99 | sed 's/.*/{"id":"i","n":&}/' >in
	expect_status 0 to_rides <in
	expect_items '{"id": {"S": "i"}, "n": {"N": "99"}}'
	expect_log "$(yes 'BatchWriteItem 1 ok' | head -n 4)"
	expect_line '100 records read: 100 delivered' err
}

test_unprocessed_items_alone_are_sent_again() {
	start 'BatchWriteItem unprocessed 3' 'BatchWriteItem unprocessed 0' 'BatchWriteItem unprocessed 1'
	seq 0 9 | sed 's/.*/{"id":"i&"}/' >in
	expect_status 0 to_rides <in
	seq 0 9 | sed 's/.*/{"id": {"S": "i&"}}/' >want
	expect_items "$(cat want)"
	head -n 3 log >first
	grep -v Table log >asked
	expect_line '^BatchWriteItem 10 unprocessed 3$' asked
	# throttling makes batches smaller, but sends no item that was done: seven and more, then seven of them
	[ "$(awk 'NR > 1 && $3 == "ok" { n += $2 } END { print n }' asked)" -le 7 ] || fail "$(cat asked)"
	expect_line '10 delivered, 0 rejected' err
	expect_line 'records sent again' err
}

test_throttling_and_no_answers_are_waited_for() {
	local fault
	for fault in '400 ProvisionedThroughputExceededException' '400 ThrottlingException' '500 InternalServerError' \
		'503 ServiceUnavailable' '429 Whatever' '500 ValidationError' lost half short empty crc; do
		start "BatchWriteItem $fault" "BatchWriteItem $fault"
		printf '%s\n' '{"id":"a","n":1}' '{"id":"a","n":2}' >in
		expect_status 0 to_rides <in
		expect_items '{"id": {"S": "a"}, "n": {"N": "2"}}'
		[ "$(grep -c "^BatchWriteItem . $fault" log)" = 2 ] || fail "$fault: $(cat log)"
		expect_line '2 delivered, 0 rejected' err
	done
}

# Items of 300 KB whose JSON is six times as long: no request is above 16 MB, though 25 items of them would be.
test_requests_of_16_mb() {
	start
	python3 -c 'for i in range(20): print("{\"id\":\"i%d\",\"v\":\"%s\"}" % (i, "\\u0001" * 300000))' >in
	expect_status 0 to_rides --memory 128M <in
	expect_line '20 records read: 20 delivered, 0 rejected; [0-9]* requests$' err
	grep -c BatchWriteItem log >count
	[ "$(<count)" -ge 3 ] || fail "$(cat log)"
	expect_line '^BatchWriteItem [89] ok$' log
	expect_no_line RequestEntityTooLarge log
}

# say_times N LINE
say_times() {
	seq "$1" | sed "s/.*/$2/"
}

# Eight requests are in flight when all are throttled. Then no more than half of them are, and with less in
# them; and in the end eight and 25 again.
test_throttling_slows_down_and_recovers() {
	local script=() most
	mapfile -t script < <(
		say_times 8 'BatchWriteItem together 8 400 ProvisionedThroughputExceededException'
		say_times 8 'BatchWriteItem quiet'
		say_times 40 'BatchWriteItem ok'
		say_times 8 'BatchWriteItem together 8'
	)
	start "${script[@]}"
	seq 10000 | sed 's/.*/{"id":"i&"}/' >in
	expect_status 0 kafka-to-dynamo --create-table id:S rides <in
	expect_line '10000 records read: 10000 delivered, 0 rejected' err
	[ "$(grep -c 'Exception [1-8]$' log)" = 8 ] || fail "$(head -n 20 log)"
	# four, and a fifth after four that went well
	most=$(awk '$3 == "quiet" { print $4 }' log | sort -n | tail -n 1)
	[ "$most" -le 5 ] || fail "$most in flight after throttling"
	expect_line '^BatchWriteItem 1[0-9] quiet' log
	[ "$(grep -cE '^BatchWriteItem 25 together 8 [1-8]$' log)" -ge 1 ] || fail "never again as many: $(tail -n 20 log)"
	expect_no_line alone log
	# a limit of the account, and one of the table, of single calls
	start 'UpdateItem 400 RequestLimitExceeded' 'UpdateItem 400 ThrottlingException'
	echo '{"id":"a","n":1}' | expect_status 0 to_rides --op update
	expect_items '{"id": {"S": "a"}, "n": {"N": "1"}}'
}

test_the_item_at_fault_is_found() {
	start
	{
		seq 0 9 | sed 's/.*/{"id":"i&"}/'
		echo '{"id":"bad","poison":1}'
		seq 10 19 | sed 's/.*/{"id":"i&"}/'
	} >in
	expect_status 0 to_rides --dead-letter ./letters <in
	expect_line '^kafka-to-dynamo: 21 records read: 20 delivered, 1 rejected' err
	seq 0 19 | sed 's/.*/{"id": {"S": "i&"}}/' | sort >want
	expect_items "$(cat want)"
	[ "$(wc -l <letters)" = 1 ]
	expect_line 'ValidationException: One or more parameter values were invalid: poison' letters
	expect_line '"payload":"\{\\"id\\":\\"bad\\",\\"poison\\":1\}"' letters
	# of one item in one batch: whether the bad one is the last or not, each record has one fate
	start
	printf '%s\n' '{"id":"a","n":1}' '{"id":"a","n":2,"poison":1}' >twice
	expect_status 0 to_rides --dead-letter ./twice.letters <twice
	expect_line '2 records read: 1 delivered, 1 rejected' err
	expect_line '"line":2' twice.letters
	printf '%s\n' '{"id":"b","poison":1}' '{"id":"b","n":4}' >twice
	expect_status 0 to_rides <twice
	expect_line '2 records read: 2 delivered, 0 rejected' err
	expect_items '{"id": {"S": "a"}, "n": {"N": "1"}}
{"id": {"S": "b"}, "n": {"N": "4"}}'
	# without a place for it
	start
	expect_status 65 to_rides <in
	expect_line '^kafka-to-dynamo: stdin:11: ValidationException: .*poison' err
}

test_records_that_can_be_no_items() {
	start
	printf '%s\n' '{"id":""}' '{"n":1}' '{"id":"a","n":1e126}' '[1]' 'broken' '{"id":"b"}' >in
	python3 -c 'print("{\"id\":\"c\",\"v\":\"" + "x" * 409600 + "\"}")' >>in
	expect_status 0 to_rides --dead-letter ./letters <in
	expect_items '{"id": {"S": "b"}}'
	expect_line '7 records read: 1 delivered, 6 rejected' err
	for reason in 'a key that is empty' 'the key is missing' 'a number of 1E126 or more' 'not an object' \
		'an item of 409604 bytes'; do
		expect_line "$reason" letters
	done
	expect_status 65 to_rides <in
	expect_line '^kafka-to-dynamo: stdin:1: attribute id: a key that is empty$' err
	expect_status 65 to_rides --dead-letter ./letters --dead-letter-max 2 <in
}

# the text of what is no string, number or binary names an item that nobody looks for
test_keys_of_no_type_of_a_key() {
	start
	printf '%s\n' '{"id":[]}' '{"id":{"a":1}}' '{"id":true}' '{"id":null}' '{"id":7}' >in
	expect_status 0 to_rides --dead-letter ./letters <in
	expect_line '5 records read: 1 delivered, 4 rejected' err
	expect_items '{"id": {"S": "7"}}'
	for reason in 'is an array' 'is an object' 'is true or false' 'is null'; do
		expect_line "\"reason\":\"attribute id: a key that $reason\",\"byte\":6" letters
	done
	expect_status 65 to_rides <in
	expect_line '^kafka-to-dynamo: stdin:1: byte 6: attribute id: a key that is an array$' err
	# unless somebody wants just that
	head -n 3 in | expect_status 0 to_rides --types id=S
	expect_items '{"id": {"S": "7"}}
{"id": {"S": "[]"}}
{"id": {"S": "true"}}
{"id": {"S": "{\"a\":1}"}}'
}

test_tombstones_delete() {
	start
	printf '%s\n' '{"payload":{"id":"a"},"key":"a","offset":0}' '{"payload":{"id":"b"},"key":"b","offset":1}' \
		'{"payload":null,"key":"a","offset":2}' '{"payload":null,"key":"{\"id\":\"none\"}","offset":3}' >in
	expect_status 0 to_rides -J=in <in
	expect_items '{"id": {"S": "b"}}'
	echo '{"payload":null,"offset":4}' >in
	expect_status 65 to_rides -J=in <in
	expect_line 'a tombstone without a key' err
}

test_op_delete() {
	start
	printf '%s\n' '{"id":"a"}' '{"id":"b"}' | expect_status 0 to_rides
	printf '%s\n' '{"id":"a","more":1}' | expect_status 0 to_rides --op delete
	expect_items '{"id": {"S": "b"}}'
}

test_op_update() {
	start
	printf '%s\n' '{"id":"a","x":1,"y":1}' | expect_status 0 to_rides
	printf '%s\n' '{"id":"a","y":2,"size":3}' '{"id":"b"}' | expect_status 0 to_rides --op update
	expect_items '{"id": {"S": "a"}, "size": {"N": "3"}, "x": {"N": "1"}, "y": {"N": "2"}}
{"id": {"S": "b"}}'
	expect_log "BatchWriteItem 1 ok
UpdateItem 1 ok
UpdateItem 1 ok"
}

test_condition_offset() {
	start
	printf '%s\n' '{"payload":{"id":"a","v":2},"offset":7}' >newer
	printf '%s\n' '{"payload":{"id":"a","v":1},"offset":6}' '{"payload":{"id":"b"},"offset":8}' >older
	expect_status 0 to_rides -J=in --condition-offset seen <newer
	expect_status 0 to_rides -J=in --condition-offset seen <older
	expect_items '{"id": {"S": "a"}, "seen": {"N": "7"}, "v": {"N": "2"}}
{"id": {"S": "b"}, "seen": {"N": "8"}}'
	expect_line '2 records read: 2 delivered, 0 rejected' err
	expect_log "PutItem 1 ok
PutItem 1 ConditionalCheckFailedException
PutItem 1 ok"
	# which is said, as it might surprise
	expect_line '; 2 requests, 1 not newer than what was there$' err
	# a topic that was made again counts from 0: its records pass as old, but not with another attribute
	printf '%s\n' '{"payload":{"id":"a","v":3},"offset":0}' >again
	expect_status 0 to_rides -J=in --condition-offset seen <again
	expect_line '1 delivered, 0 rejected; 1 requests, 1 not newer than what was there$' err
	expect_status 0 to_rides -J=in --condition-offset seen2 <again
	expect_no_line 'not newer' err
	expect_items '{"id": {"S": "a"}, "seen2": {"N": "0"}, "v": {"N": "3"}}
{"id": {"S": "b"}, "seen": {"N": "8"}}'
	# a request that was done without an answer is no conflict with itself
	start 'PutItem lost'
	expect_status 0 to_rides -J=in --condition-offset seen <newer
	expect_items '{"id": {"S": "a"}, "seen": {"N": "7"}, "v": {"N": "2"}}'
	expect_log "PutItem 1 lost
PutItem 1 ConditionalCheckFailedException"
	# updates and tombstones too
	printf '%s\n' '{"payload":{"id":"a","w":1},"offset":3}' '{"payload":null,"key":"a","offset":4}' >older
	expect_status 0 to_rides -J=in --condition-offset seen --op update <older
	expect_items '{"id": {"S": "a"}, "seen": {"N": "7"}, "v": {"N": "2"}}'
	printf '%s\n' '{"payload":null,"key":"a","offset":8}' | expect_status 0 to_rides -J=in --condition-offset seen
	expect_items_none
	echo '{"payload":{"id":"a"}}' | expect_status 65 to_rides -J=in --condition-offset seen
	expect_line 'stdin:1: an envelope without an offset' err
	# lines of a pipe would all be old at the second run
	expect_status 2 to_rides --condition-offset seen <newer
	expect_line '--condition-offset: lines of a pipe have no offsets' err
}

# the first writing of version 1 arrives when version 2 is there
test_a_request_that_lands_late() {
	start 'PutItem late 2'
	printf '{"payload":{"id":"a","v":%s},"offset":%s}\n' 1 7 2 8 >in
	expect_status 0 to_rides -J=in --condition-offset seen <in
	expect_items '{"id": {"S": "a"}, "seen": {"N": "8"}, "v": {"N": "2"}}'
	expect_log "PutItem 1 late 2
PutItem 1 ok
PutItem 1 ok
PutItem landed ConditionalCheckFailedException"
	# what the option is for
	start 'BatchWriteItem late 2'
	expect_status 0 to_rides -J=in --batch-size 1 <in
	expect_items '{"id": {"S": "a"}, "v": {"N": "1"}}'
}

expect_items_none() {
	python3 -c 'import sys, urllib.request as u
sys.stdout.write(u.urlopen(sys.argv[1]).read().decode())' "$AWS_ENDPOINT_URL_DYNAMODB/rides" >items
	[ ! -s items ] || fail "$(cat items)"
}

test_shapes() {
	start
	echo '{"trip":{"id":"a"},"at":"2019-01-01T00:00:00Z","tags":["x","x"],"n":"7","empty":[],"not":1}' >in
	expect_status 0 to_rides --select trip.id,at,tags --select n,empty --rename trip.id=id \
		--types tags=SS --types n=N --types empty=SS --ttl end=at+1d <in
	expect_items '{"at": {"S": "2019-01-01T00:00:00Z"}, "end": {"N": "1546387200"}, "id": {"S": "a"}, "n": {"N": "7"}, "tags": {"SS": ["x"]}}'
	echo '{"id":"a","at":1546300800}' >in
	expect_status 0 to_rides --ttl at --time-format s <in
	expect_items '{"at": {"N": "1546300800"}, "id": {"S": "a"}}'
}

test_composite_keys() {
	start
	printf '%s\n' '{"a":"x","b":12}' '{"a":"x","b":1.2e1,"v":1}' '{"a":"x1","b":2}' '{"a":"2","b":1}' >in
	expect_status 0 kafka-to-dynamo --create-table a:S,b:N rides <in
	expect_items '{"a": {"S": "2"}, "b": {"N": "1"}}
{"a": {"S": "x"}, "b": {"N": "1.2e1"}, "v": {"N": "1"}}
{"a": {"S": "x1"}, "b": {"N": "2"}}'
	echo '{"a":"x"}' | expect_status 65 kafka-to-dynamo rides
	expect_line 'attribute b: the key is missing' err
}

# 20 items of which each is written 20 times, on all lanes at once, with replies that fail now and then
test_order_of_each_item() {
	local n
	for n in 1 2 3; do
		echo 'BatchWriteItem unprocessed 2'
		echo 'BatchWriteItem lost'
		echo 'BatchWriteItem ok'
		echo 'BatchWriteItem 400 ThrottlingException'
		echo 'BatchWriteItem half'
	done >faults
	mapfile -t lines <faults
	start "${lines[@]}"
	for n in $(seq 1 20); do seq 10 29 | sed "s/.*/{\"id\":\"i&\",\"n\":$n}/"; done >in
	expect_status 0 kafka-to-dynamo --create-table id:S --batch-size 7 rides <in
	seq 10 29 | sed 's/.*/{"id": {"S": "i&"}, "n": {"N": "20"}}/' >want
	expect_items "$(cat want)"
	expect_line '400 records read: 400 delivered, 0 rejected' err
}

test_what_stops_it() {
	start 'BatchWriteItem 400 ResourceNotFoundException' 'BatchWriteItem 400 AccessDeniedException' \
		'BatchWriteItem 400 UnrecognizedClientException' 'BatchWriteItem 400 WhateverException'
	echo '{"id":"a"}' >in
	expect_status 66 to_rides --dead-letter ./letters <in
	expect_line 'ResourceNotFoundException' err
	expect_status 77 to_rides --dead-letter ./letters <in
	expect_line 'AccessDeniedException' err
	expect_status 77 to_rides --dead-letter ./letters <in
	expect_status 69 to_rides --dead-letter ./letters <in
	expect_line 'WhateverException' err
	# none of them was a reason to skip a record
	[ ! -s letters ]
	expect_status 66 kafka-to-dynamo nothing <in
	expect_line "^kafka-to-dynamo: there is no table nothing at $AWS_ENDPOINT_URL_DYNAMODB \(--create-table makes one\)$" err
	start 'DescribeTable 400 AccessDeniedException'
	expect_status 77 to_rides <in
	expect_line 'AccessDeniedException' err
	AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:1 expect_status 69 to_rides <in
	expect_no_line hunter2 err
}

# each is tried again until it works, or is the fault of its record
test_errors_of_one_item() {
	start 'UpdateItem 400 TransactionConflictException' 'UpdateItem 400 ReplicatedWriteConflictException' \
		'UpdateItem 500 InternalServerError' 'UpdateItem ok' 'UpdateItem 400 ItemCollectionSizeLimitExceededException'
	printf '%s\n' '{"id":"a","n":1}' '{"id":"a","n":2}' >in
	expect_status 0 to_rides --op update --dead-letter ./letters <in
	expect_items '{"id": {"S": "a"}, "n": {"N": "1"}}'
	expect_line '2 records read: 1 delivered, 1 rejected; 5 requests, 3 records sent again$' err
	expect_line 'ItemCollectionSizeLimitExceededException' letters
}

test_tables_that_cannot_be_written() {
	local status
	for status in DELETING ARCHIVED INACCESSIBLE_ENCRYPTION_CREDENTIALS; do
		start 'DescribeTable ok' "DescribeTable status $status"
		expect_status 66 to_rides <<<'{"id":"a"}'
		expect_line "^kafka-to-dynamo: table rides cannot be written: it is $status$" err
		expect_no_line BatchWriteItem log
	done
}

# credentials that can be found anew are, once a refusal
test_credentials_that_have_expired() {
	start 'BatchWriteItem 400 ExpiredTokenException'
	cat >keys.sh <<-'END'
		echo >>found
		echo '{"Version":1,"AccessKeyId":"AKIATEST","SecretAccessKey":"hunter2",' \
			'"SessionToken":"'"$(wc -l <found)"'","Expiration":"2099-01-01T00:00:00Z"}'
	END
	printf '[default]\ncredential_process = sh %s\n' "'$PWD/keys.sh'" >config
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_CONFIG_FILE=$PWD/config AWS_SHARED_CREDENTIALS_FILE=/dev/null
	expect_status 0 to_rides <<<'{"id":"a"}'
	expect_items '{"id": {"S": "a"}}'
	[ "$(wc -l <found)" = 2 ] || fail "asked for credentials $(wc -l <found) times"
	expect_no_line hunter2 err
}

# a signature of a wrong clock is made again, once; keys of the environment cannot be renewed
test_signatures_that_have_expired() {
	start 'BatchWriteItem 400 RequestExpired'
	echo '{"id":"a"}' >in
	expect_status 0 to_rides <in
	expect_items '{"id": {"S": "a"}}'
	start 'BatchWriteItem 400 RequestExpired' 'BatchWriteItem 400 RequestExpired'
	expect_status 77 to_rides --dead-letter ./letters <in
	expect_line 'RequestExpired' err
	start 'BatchWriteItem 400 ExpiredTokenException'
	expect_status 77 to_rides --dead-letter ./letters <in
	expect_line 'ExpiredTokenException' err
	[ ! -s letters ]
}

test_options_that_are_wrong() {
	local status
	expect_wrong "none of put, update, delete" --op insert
	expect_wrong "none of S, N, B, SS, NS" --types a=X
	expect_wrong "is not FIELD=NAME" --rename a
	expect_wrong "is not HASH:TYPE" --create-table id
	expect_wrong "is none of S, N, B" --create-table id:SS
	expect_wrong "up to 25 items" --batch-size 26
	expect_wrong "is no field" --select a,,b
	expect_wrong '"a.b" is there twice' --select a.b,c --select .a.b
	expect_wrong '"a" has two names' --rename a=b --rename a=c
	expect_wrong '"a" has two types' --types a=S --types a=N
	expect_wrong "leave out --select" --op delete --select a
	expect_wrong "this tool writes no records" -J
	status=0
	kafka-to-dynamo 'a b' </dev/null 2>err || status=$?
	[ $status = 2 ]
	expect_line 'not the name of a table: "a b": it may have a to z, ' err
	expect_status 2 kafka-to-dynamo ab </dev/null
	expect_line 'not the name of a table: "ab": it has 2 characters, DynamoDB wants 3 to 255' err
	expect_status 2 kafka-to-dynamo arn:aws:dynamodb:us-west-2:123456789012:table/t </dev/null
	expect_line 'table/t: not the name of a table: "t": it has 1 character, DynamoDB wants 3 to 255' err
	expect_status 2 kafka-to-dynamo arn:aws:s3:::bucket </dev/null
	expect_line 'not the ARN of a table: arn:aws:s3:::bucket \(arn:aws:dynamodb:' err
	unset AWS_REGION
	expect_status 2 kafka-to-dynamo rides </dev/null
	expect_line 'no region: give --region' err
}

# expect_wrong REGEX OPTION...
expect_wrong() {
	local regex=$1
	shift
	expect_status 2 kafka-to-dynamo "$@" rides </dev/null
	expect_line "$regex" err
}

test_dry_run() {
	expect_status 0 kafka-to-dynamo --dry-run rides </dev/null
	expect_line 'would put items of standard input in table rides at https://dynamodb.eu-central-1.amazonaws.com$' err
	expect_status 0 kafka-to-dynamo --dry-run --region cn-north-1 --op delete rides </dev/null
	expect_line 'would delete .* at https://dynamodb.cn-north-1.amazonaws.com.cn$' err
	expect_status 0 kafka-to-dynamo --dry-run arn:aws:dynamodb:us-west-2:123456789012:table/rides </dev/null
	expect_line 'at https://dynamodb.us-west-2.amazonaws.com$' err
}

run_tests
