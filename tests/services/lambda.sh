#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-lambda from topics: functions in serverless-offline, and the same handlers as local commands.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

handlers=$top_srcdir/tests/services/lambda/handlers

# An instance of our own, with copies of the handlers, which write beside themselves. Started once.
need_lambda() {
	lambda=lambda-$$
	functions=$(dirname "$PWD")/functions
	if [ ! -d "$functions" ]; then
		mkdir "$functions"
		cp "$handlers"/rides.py "$handlers"/*.js "$functions"
		services start lambda --name $lambda --functions "$functions" ||
			skip "serverless-offline does not start here"
	fi
	eval "$(services env $lambda)"
	rm -f "$functions"/*.out
}

end_of_tests() {
	services stop "lambda-$$" 2>/dev/null || true
}

# make_rides COUNT: a fresh topic $id with as many rides of the workshop's Lab 1, keyed, in 3 partitions
make_rides() {
	id=$(fresh_id)
	create_topic $id 3
	gen-to-kafka -q --model taxi-ride --seed 7 -c "$1" -t $id -H source=NYC
}

# want_rides: what rides.py writes of the topic, by partition and offset
want_rides() {
	kafka-to-pipe -q -t $id -e -J | jq -cS '{
		group: "\(.topic)-\(.partition)", topic, partition, offset,
		timestamp: ((.ts / 1000 | floor | todate[:-1]) + "." + ((.ts % 1000 + 1000 | tostring)[1:]) + "+00:00"),
		timestampType: "CREATE_TIME", key: (.key | fromjson), value: (.payload | fromjson),
		headers: [{source: "NYC"}]}' | sort_rides
}

sort_rides() {
	jq -cS . | sort
}

# in_order FILE: offsets of each partition rise
in_order() {
	jq -r '[.partition, .offset] | @tsv' "$1" |
		awk '$1 in last && $2 <= last[$1] { bad = 1 } { last[$1] = $2 } END { exit bad }'
}

committed() {
	services group offsets "$1" | awk '{ sum += $3 } END { print sum + 0 }'
}

# ---- Lambda ----

test_lab6() {
	need_lambda
	make_rides 1000
	expect_status 0 timeout 120 kafka-to-lambda -t $id -G $id -e --batch-size 70 rides
	expect_line '1000 records read: 1000 delivered, 0 rejected; ' err
	want_rides >want
	sort_rides <"$functions/rides.out" >got
	expect_same want got
	in_order "$functions/rides.out" || fail "out of order"
	[ "$(committed $id)" = 1000 ] || fail "committed: $(committed $id)"
	# again: there is nothing new
	rm "$functions/rides.out"
	expect_status 0 timeout 120 kafka-to-lambda -t $id -G $id -e rides
	[ ! -e "$functions/rides.out" ] || fail "given twice"
}

# its exception is a failure, and the record goes where it can be found
test_on_failure_topic() {
	need_lambda
	make_rides 20
	create_topic failed-$id 2
	echo '{"key":"{\"id\":1}","payload":"no JSON"}' >bad
	s3-to-kafka -q -J=in -t $id bad
	expect_status 0 timeout 120 kafka-to-lambda -t $id -G $id -e --bisect --retries 1 --on-failure failed-$id strict
	expect_line '21 records read: 20 delivered, 1 rejected; ' err
	expect_line 'tried 2 times: Unhandled: .*JSON' err
	kafka-to-pipe -q -t failed-$id -e -J >failed
	jq -e --slurp --arg id $id 'length == 1 and .[0].key == "{\"id\":1}" and
		(.[0].payload | fromjson | .requestContext.condition == "RetryAttemptsExhausted" and
		.requestContext.approximateInvokeCount == 2 and .responseContext.functionError == "Unhandled" and
		(.payload.records | to_entries[0] | .key | startswith($id)) and
		(.payload.records[][0].value | @base64d) == "no JSON")' failed >/dev/null || fail "$(cat failed)"
	[ "$(committed $id)" = 21 ] || fail "committed: $(committed $id)"
}

test_records_that_are_named() {
	need_lambda
	id=$(fresh_id)
	create_topic $id 2
	seq 1 50 | awk '{ print $1 % 10 ? "{\"n\":" $1 "}" : "bad " $1 }' |
		jq -cR '{partition: (input_line_number % 2), payload: .}' >in
	s3-to-kafka -q -J=in -t $id -p @same in
	expect_status 0 timeout 120 kafka-to-lambda -t $id -G $id -e --retries 0 --on-failure ./failed picky
	expect_line '50 records read: 45 delivered, 5 rejected; ' err
	jq -r '.payload.records[][0].value | @base64d' failed | sort >got
	printf 'bad %d\n' 10 20 30 40 50 >want
	expect_same want got
}

test_no_such_function() {
	need_lambda
	make_rides 5
	expect_status 66 kafka-to-lambda -t $id -G $id -e nothing-like-it
	expect_line '^kafka-to-lambda: nothing-like-it: .*[Ff]unction not found' err
	[ "$(committed $id)" = 0 ] || fail "committed: $(committed $id)"
}

# queued: how they end is the function's affair
test_async() {
	need_lambda
	make_rides 300
	expect_status 0 timeout 120 kafka-to-lambda -t $id -G $id -e --async --batch-size 70 rides
	expect_line '300 records read: 300 delivered, 0 rejected; ' err
	want_rides >want
	wait_for 60 has_rides 300
	sort_rides <"$functions/rides.out" >got
	expect_same want got
}

has_rides() {
	[ "$(cat "$functions/rides.out" 2>/dev/null | wc -l)" -ge "$1" ]
}

# ---- faults and kills ----

# serve_faults ARGUMENT...: puts a proxy that has them before the service
serve_faults() {
	local keep
	rm -f faults.in faults.port
	mkfifo faults.in
	# shellcheck disable=SC2034 # held open until the test ends, and the server with it
	exec {keep}<>faults.in
	: "${behind:=${AWS_ENDPOINT_URL_LAMBDA##*:}}"
	python3 "$top_srcdir/tests/faults/http_faults.py" "$behind" --log faults.log "$@" \
		<faults.in >faults.port 2>faults.err &
	wait_for 20 test -s faults.port
	AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:$(<faults.port)
}

# what the proxy answers, and what it breaks, is not counted; what runs out of time is
test_each_fault() {
	local faults='429 429=1 503 refuse half reset long garbage foreign stall stop'
	need_lambda
	make_rides 30
	# shellcheck disable=SC2046,SC2086 # words
	serve_faults $(printf '%s pass ' $faults)
	for fault in $faults; do
		rm -f "$functions/rides.out"
		expect_status 0 timeout 120 kafka-to-lambda -t $id -p 0,1,2 -e --connections 1 --batch-window 1m \
			--timeout 5s --retries "$(case $fault in st*) echo 1 ;; *) echo 0 ;; esac)" rides
		expect_line '30 records read: 30 delivered, 0 rejected; 2 invocations, 30 records sent again' err
		want_rides >want
		sort_rides <"$functions/rides.out" | uniq >got
		expect_same want got
	done
	# a function that fails is told from all these
	serve_faults 503 429 reset
	echo '{"payload":"no JSON"}' | expect_status 65 kafka-to-lambda -J=in --retries 1 strict
	expect_line 'stdin:1: tried 2 times: Unhandled: ' err
	[ "$(wc -l <faults.log)" = 5 ] || fail "$(cat faults.log)"
}

# killed while answers are lost: each record was given, and what was committed is not given again
test_kills_and_faults() {
	local kills=${SLUICE_KILLS:-12} seed=${SLUICE_SEED:-5} run tool
	need_lambda
	make_rides $((100 * kills))
	serve_faults --random $seed:20 429 503 half reset long garbage
	for run in $(seq "$kills"); do
		seed=$((seed * 16807 % 2147483647))
		kafka-to-lambda -q -t $id -G $id -X group.instance.id=one --batch-size 5 --connections 2 rides 2>>err.$run &
		tool=$!
		sleep "$((seed % 3)).$((seed / 3 % 900 + 100))"
		kill -KILL $tool
		wait $tool || true
	done
	expect_status 0 timeout 300 kafka-to-lambda -t $id -G $id -X group.instance.id=one -e rides
	[ "$(committed $id)" = $((100 * kills)) ] || fail "committed: $(committed $id)"
	want_rides >want
	sort_rides <"$functions/rides.out" | uniq >got
	expect_same want got
	rm "$functions/rides.out"
	expect_status 0 timeout 120 kafka-to-lambda -t $id -G $id -X group.instance.id=one -e rides
	expect_line '0 records read' err
}

# ---- memory ----

# as large as records are where nobody has changed what a broker takes
test_large_records() {
	local kb
	[ -x /usr/bin/time ] || skip "GNU time is not installed"
	id=$(fresh_id)
	create_topic $id 8
	jq -cn 'range(96) | {n: ., x: ("0123456789abcdef" * 58000)}' >large
	s3-to-kafka -q -t $id --key '{n}' large
	expect_status 0 /usr/bin/time -o kb -f %M kafka-to-lambda -t $id -G $id -e --workers 8 -- sh -c 'cat >/dev/null; echo null'
	expect_line '96 records read: 96 delivered, 0 rejected; 96 invocations' err
	is_sanitized && return
	kb=$(tail -n 1 kb)
	[ "$kb" -lt 65536 ] || fail "$kb KB"
}

# ---- the same handler under cron ----

test_lab6_as_a_command() {
	make_rides 1000
	cp "$handlers"/rides.py .
	expect_status 0 timeout 120 kafka-to-lambda -t $id -G $id -e --batch-size 70 --workers 3 -- \
		python3 "$handlers/run_handler.py" rides.py
	want_rides >want
	sort_rides <rides.out >got
	expect_same want got
	in_order rides.out || fail "out of order"
	[ "$(committed $id)" = 1000 ] || fail "committed: $(committed $id)"
}

test_members_share_the_work() {
	make_rides 600
	cp "$handlers"/rides.py .
	expect_status 0 timeout 120 kafka-to-lambda -t $id -G $id -e -j 2 --batch-size 50 --workers 1 -- \
		python3 "$handlers/run_handler.py" rides.py
	# what was read before a member came is read again by it
	expect_line '^kafka-to-lambda: [0-9]+ records read: 600 delivered, 0 rejected' err
	want_rides >want
	sort_rides <rides.out >got
	expect_same want got
}

# Killed at seeded moments, again and again, and run to the end at last: each record was taken, and none before
# those before it in its partition. Static membership: nobody waits for the one that was killed.
test_killed() {
	local kills=${SLUICE_KILLS:-12} seed=${SLUICE_SEED:-7} run tool
	make_rides $((100 * kills))
	cat >handler <<'END'
#!/bin/sh
exec jq -c --arg run "$1" '.records[][] | [$run, .partition, .offset]' >>taken
END
	chmod +x handler
	: >taken
	for run in $(seq "$kills"); do
		seed=$((seed * 16807 % 2147483647))
		kafka-to-lambda -q -t $id -G $id -X group.instance.id=one --batch-size 5 --workers 2 -- ./handler $run 2>>err &
		tool=$!
		sleep "$((seed % 3)).$((seed / 3 % 900 + 100))"
		kill -KILL $tool
		wait $tool || true
	done
	expect_status 0 timeout 120 kafka-to-lambda -q -t $id -G $id -X group.instance.id=one -e -- ./handler last
	[ "$(committed $id)" = $((100 * kills)) ] || fail "committed: $(committed $id)"
	in_turn <taken
}

# in_turn: of lines [run, partition, offset], that the runs took all of the topic, each from where an earlier one
# had come, in order
in_turn() {
	kafka-to-pipe -q -t $id -e -J | jq -r '[.partition, .offset] | @tsv' | sort >want
	tr -d '[]"' | awk -F, '
		{ known = $2 in max; at = $1 "," $2 }
		$3 > (known ? max[$2] : -1) + 1 { print "too soon: " $0; exit 1 }
		at in last && $3 != last[at] + 1 { print "out of turn in its run: " $0; exit 1 }
		{ last[at] = $3 }
		!known || $3 > max[$2] { max[$2] = $3; print $2 "\t" $3 >"got" }'
	sort got >sorted
	expect_same want sorted
}

# In the order of its partition: run after run, nothing is given behind what failed for good, and nothing more
# is committed.
test_nothing_behind_a_failure() {
	local run first=
	id=$(fresh_id)
	create_topic $id 1
	seq 0 399 | sed 's/.*/{"n":&}/' | s3-to-kafka -q -t $id
	cat >handler <<'END'
#!/bin/sh
jq '.records[][].offset' >batch.$$
cat batch.$$ >>given
! grep -qx 205 batch.$$
END
	chmod +x handler
	for run in 1 2 3; do
		: >given
		expect_status 65 timeout 120 kafka-to-lambda -t $id -G $id -e --retries 1 --batch-size 50 \
			--workers 2 -- ./handler
		expect_line "^kafka-to-lambda: $id\\[0\\]@[0-9]*: tried 2 times: exit status 1" err
		first=${first:-$(committed $id)}
		[ "$(committed $id)" = "$first" ] || fail "run $run: $(committed $id) committed, not $first"
		[ "$(sort -n given | tail -n 1)" -lt $((first + 50)) ] ||
			fail "run $run, behind $first: $(sort -n given | tail -n 1)"
	done
	[ "$first" -gt 155 ] && [ "$first" -le 205 ] || fail "committed: $first"
	[ "$(sort -n given | head -n 1)" = "$first" ] || fail "from $(sort -n given | head -n 1)"
}

has_letter() {
	[ "$(end_offsets $id)" = 1 ]
}

has_rejected() {
	[ "$(awk '/^sluice_records_rejected_total/ { print $2 }' stats 2>/dev/null || echo 0)" -ge "$1" ] 2>/dev/null
}

# The topic of what failed is away: so much waits and no more, and a signal is heeded.
test_letters_that_wait() {
	id=$(fresh_id)
	create_topic $id 1
	mkfifo lines
	{
		kafka-to-lambda --on-failure $id --retries 0 --workers 2 --batch-size 10000 --drain 1s \
			--stats-file ./stats --stats-interval 100ms -- false <lines 2>err &
		echo $! >pid
		wait $! || echo $? >status
	} &
	exec 5>lines
	echo '{}' >&5
	wait_for 30 has_letter
	services pause kafka >/dev/null
	seq 200000 >&5 2>/dev/null &
	exec 5>&-
	wait_for 60 has_rejected 4096
	kill -TERM "$(cat pid)"
	wait_for 60 test -s status
	services resume kafka >/dev/null
	expect_text status 75
	expect_line 'not delivered within --drain' err
	has_rejected 30000 && fail "$(grep rejected stats)"
	wait
}

# SIGTERM: what was read is delivered and committed, and nothing is given twice
test_stopped() {
	local status=0
	make_rides 100
	cat >handler <<'END'
#!/bin/sh
jq -c '.records[][] | {partition, offset}' >>taken
END
	chmod +x handler
	kafka-to-lambda -t $id -G $id --batch-size 10 --workers 2 -- ./handler 2>err &
	tool=$!
	wait_for 30 test -s taken
	kill -TERM $tool
	wait $tool || status=$?
	[ $status = 0 ] || fail "status $status: $(cat err)"
	[ "$(committed $id)" = "$(wc -l <taken)" ] || fail "$(committed $id) committed, $(wc -l <taken) taken"
	expect_status 0 timeout 120 kafka-to-lambda -t $id -G $id -e --workers 2 -- ./handler
	[ "$(wc -l <taken)" = 100 ] || fail "$(wc -l <taken) taken"
	[ "$(sort -u taken | wc -l)" = 100 ] || fail "not each of them"
}

run_tests
