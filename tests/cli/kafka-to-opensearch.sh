#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-opensearch from pipes into a small OpenSearch, also with a proxy between that has faults.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

unset OPENSEARCH_USERNAME OPENSEARCH_PASSWORD OPENSEARCH_API_KEY AWS_ACCESS_KEY_ID AWS_PROFILE BOOTSTRAP_SERVERS
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true

need_python() {
	command -v python3 >/dev/null || skip "no python3"
}

# serve NAME SCRIPT ARGUMENT...: starts a server that prints its port. Sets $port.
serve() {
	local name=$1 keep
	shift
	need_python
	mkfifo "$name.in"
	# shellcheck disable=SC2034 # held open until the test ends, and the server with it
	exec {keep}<>"$name.in"
	python3 "$top_srcdir/tests/$1" "${@:2}" <"$name.in" >"$name.port" 2>"$name.err" &
	wait_for 20 test -s "$name.port"
	port=$(<"$name.port")
}

# A service at $url, its own port $service; with faults, behind the proxy.
start_service() {
	serve service opensearch/fake_opensearch.py "$@"
	service=$port
	url=http://127.0.0.1:$port
}

start_faults() {
	serve faults faults/http_faults.py "$service" --path _bulk --log faults.log "$@"
	url=http://127.0.0.1:$port
}

# ask PATH: what the service answers, in ./answer
ask() {
	python3 - "http://127.0.0.1:$service/__fake/$1" >answer <<-'EOF'
		import sys, urllib.request
		print(urllib.request.urlopen(sys.argv[1]).read().decode())
	EOF
}

# expect_documents PYTHON: true of `documents`, {index: {id: [version, document]}}
expect_documents() {
	ask documents
	python3 - "$1" <<-'EOF' || fail "not so: $1: $(head -c 2000 answer)"
		import json, sys
		documents = json.load(open("answer"))
		sys.exit(not eval(sys.argv[1]))
	EOF
}

# documents COUNT
documents() {
	awk -v count="$1" 'BEGIN {
		for (i = 0; i < count; i++)
			printf "{\"id\":%d,\"place\":\"p%d\",\"at\":\"2019-0%d-01T10:00:00Z\"}\n", i, i % 3, 1 + i % 2
	}'
}

# envelopes of one topic, offset by offset: lines of KEY VALUE, VALUE - for a tombstone
envelopes() {
	awk '{
		value = $2 == "-" ? "null" : $2
		printf "{\"topic\":\"t\",\"partition\":0,\"offset\":%d,\"key\":\"%s\",\"payload\":%s}\n", NR - 1, $1, value
	}'
}

test_documents_by_id() {
	start_service
	documents 1000 >in
	expect_status 0 kafka-to-opensearch --index trips --id '{id}' $url <in
	expect_line "^kafka-to-opensearch: writing to OpenSearch 2.19.3 \(fake-cluster\) at $url$" err
	expect_line '^kafka-to-opensearch: 1000 records read: 1000 delivered, 0 rejected; [0-9]+ requests$' err
	expect_documents 'len(documents["trips"]) == 1000 and documents["trips"]["7"] == [1, {"id": 7, "place": "p1", "at": "2019-02-01T10:00:00Z"}]'
	# again: the same documents
	expect_status 0 kafka-to-opensearch -q --index trips --id '{id}' $url/ <in
	[ ! -s err ] || fail "$(cat err)"
	expect_documents 'len(documents["trips"]) == 1000 and documents["trips"]["7"][0] == 2'
}

test_several_indices_by_field_and_time() {
	start_service
	documents 100 | expect_status 0 kafka-to-opensearch -q --index '{place}-{@year}.{@month}' --time at \
		--id '{id}' $url
	expect_documents 'sorted(documents) == ["p%d-2019.0%d" % (p, m) for p in range(3) for m in (1, 2)]'
	expect_documents 'sum(map(len, documents.values())) == 100'
}

test_what_was_written_last_stays() {
	start_service
	awk 'BEGIN { for (i = 0; i < 3000; i++) printf "k%d {\"n\":%d}\n", i % 7, i }' | envelopes >in
	expect_status 0 kafka-to-opensearch -q -J=in --index t --id '{@key}' $url <in
	expect_documents 'documents["t"] == {"k%d" % (i % 7): [i, {"n": i}] for i in range(2993, 3000)}'
	# the same records again are older, or the very same
	expect_status 0 kafka-to-opensearch -J=in --index t --id '{@key}' $url <in
	expect_line '3000 delivered, 0 rejected' err
	expect_documents 'documents["t"] == {"k%d" % (i % 7): [i, {"n": i}] for i in range(2993, 3000)}'
	# without versions too, one after the other
	expect_status 0 kafka-to-opensearch -q -J=in --index u --id '{@key}' --version-from none $url <in
	expect_documents 'all(documents["u"]["k%d" % (i % 7)][1] == {"n": i} for i in range(2993, 3000))'
}

test_tombstones_delete() {
	start_service
	printf '%s\n' 'a {"n":1}' 'b {"n":2}' 'a -' 'c -' | envelopes >in
	expect_status 0 kafka-to-opensearch -J=in --index t --id '{@key}' $url <in
	expect_line '4 records read: 4 delivered, 0 rejected;' err
	expect_documents 'documents["t"] == {"b": [1, {"n": 2}]}'
	expect_status 0 kafka-to-opensearch -J=in --index u --id '{@key}' --skip-tombstones $url <in
	expect_line '4 records read: 2 delivered, 0 rejected, 2 filtered;' err
	expect_documents 'sorted(documents["u"]) == ["a", "b"]'
}

# lines have no offsets, and would begin at the same ones in the next run
test_envelopes_without_offsets() {
	start_service
	printf '%s\n' '{"topic":"t","payload":{"id":"a"}}' >in
	expect_status 65 kafka-to-opensearch -J=in --index t --id '{id}' $url <in
	expect_line 'stdin:1: an envelope without an offset, which makes its version' err
	expect_status 65 kafka-to-opensearch -J=in --index t $url <in
	expect_line 'stdin:1: an envelope without an offset, which makes its id' err
	expect_status 0 kafka-to-opensearch -q -J=in --index t --id '{id}' --version-from none $url <in
	expect_documents 'documents["t"] == {"a": [1, {"id": "a"}]}'
}

# a tombstone has no place in the order of a field
test_tombstones_and_versions_of_a_field() {
	start_service
	printf '%s\n' 'a {"v":5}' 'a -' 'a {"v":5,"n":2}' | envelopes >in
	expect_status 65 kafka-to-opensearch -J=in --index t --id '{@key}' --version-from v $url <in
	expect_line 'stdin:2: a tombstone has no field with a version' err
	expect_status 0 kafka-to-opensearch -q -J=in --index t --id '{@key}' --version-from v --skip-tombstones $url <in
	expect_documents 'documents["t"] == {"a": [5, {"v": 5, "n": 2}]}'
}

test_operations() {
	start_service
	printf '%s\n' '{"id":1,"a":1}' '{"id":1,"b":2}' >in
	expect_status 0 kafka-to-opensearch -q --op update --index t --id '{id}' $url <in
	expect_documents 'documents["t"]["1"][1] == {"id": 1, "a": 1, "b": 2}'
	# what is there already counts as delivered
	expect_status 0 kafka-to-opensearch --op create --index t --id '{id}' $url <in
	expect_line '2 records read: 2 delivered, 0 rejected;' err
	expect_documents 'documents["t"]["1"][1] == {"id": 1, "a": 1, "b": 2}'
	expect_status 0 kafka-to-opensearch -q --op delete --index t --id '{id}' $url <in
	expect_documents 'documents["t"] == {}'
	expect_status 0 kafka-to-opensearch -q --auto-id --index t $url <in
	expect_documents 'len(documents["t"]) == 2'
}

test_version_of_a_field() {
	start_service
	printf '%s\n' '{"id":1,"v":5}' '{"id":1,"v":9,"x":1}' '{"id":1,"v":9,"x":2}' '{"id":1,"v":7}' >in
	expect_status 0 kafka-to-opensearch --index t --id '{id}' --version-from v $url <in
	expect_line '4 delivered' err
	expect_documents 'documents["t"]["1"] == [9, {"id": 1, "v": 9, "x": 2}]'
}

test_a_rejected_record_stops_with_its_reason() {
	start_service
	printf '%s\n' '{"id":1}' '{"id":2,"fail":400}' >in
	expect_status 65 kafka-to-opensearch --index t --id '{id}' $url <in
	expect_line '^kafka-to-opensearch: stdin:2: .*fake_exception: status 400 asked for$' err
	expect_documents 'list(documents["t"]) == ["1"]'
	expect_status 65 kafka-to-opensearch --index t --id '{id}' $url <<<'{"id":'
	expect_line '^kafka-to-opensearch: stdin:1: byte 6: ' err
	expect_status 65 kafka-to-opensearch --index t --id '{id}' $url <<<'[]'
	expect_line '^kafka-to-opensearch: stdin:1: ' err
}

test_rejected_records_go_to_the_dead_letters() {
	start_service
	documents 300 | sed -e '7s/.*/{"id":"x","fail":400}/' -e '9s/.*/{"id":/' -e '11s/,.*/}/' >in
	expect_status 0 kafka-to-opensearch --index '{place}' --id '{id}' --dead-letter ./letters $url <in
	expect_line '300 records read: 297 delivered, 3 rejected;' err
	[ "$(wc -l <letters)" = 3 ]
	expect_line '"reason":"[^"]*field place: missing"' letters
	expect_line '"payload":"\{\\"id\\":"' letters
	expect_documents 'sum(map(len, documents.values())) == 297'
	# and where the service rejects, its words
	expect_status 0 kafka-to-opensearch -q --index t --id '{id}' --dead-letter ./more $url \
		<<<'{"id":"x","fail":400}'
	expect_line '"reason":"[^"]*fake_exception: status 400 asked for"' more
	expect_line '"tool":"kafka-to-opensearch"' more
}

# the whole request is refused for one of its records: it is found by halves
test_a_poisoned_request() {
	start_service
	documents 200 | sed '77s/.*/{"id":77,"place":"_x"}/' >in
	expect_status 0 kafka-to-opensearch --index '{place}' --id '{id}' --dead-letter ./letters $url <in
	expect_line '200 records read: 199 delivered, 1 rejected;' err
	expect_line 'invalid_index_name_exception' letters
}

test_items_that_fail_for_a_while() {
	start_service
	for status in 429 503 500; do
		documents 100 | sed "50s/}/,\"fail\":$status,\"times\":2}/" >in
		expect_status 0 kafka-to-opensearch --index t$status --id '{id}' $url <in
		expect_line '100 delivered, 0 rejected; [0-9]+ requests, 2 records sent again$' err
		expect_documents "len(documents[\"t$status\"]) == 100"
	done
}

test_too_large_requests_are_halved() {
	start_service --limit 2000
	documents 300 | expect_status 0 kafka-to-opensearch --index t --id '{id}' $url
	expect_documents 'len(documents["t"]) == 300'
	# one that is too large alone is a rejected record
	awk 'BEGIN { printf "{\"id\":1,\"x\":\"%3000s\"}\n{\"id\":2}\n", "" }' >in
	expect_status 0 kafka-to-opensearch --index u --id '{id}' --dead-letter ./letters $url <in
	expect_line '1 delivered, 1 rejected' err
	expect_line 'status 413' letters
}

# expect_bulks COUNT: at least so many
expect_bulks() {
	ask counts
	[ "$(sed 's/.*"bulks": \([0-9]*\).*/\1/' answer)" -ge "$1" ] || fail "fewer than $1: $(cat answer)"
}

test_requests_have_bounds() {
	start_service --limit 3000 --log log
	documents 500 >in
	expect_status 0 kafka-to-opensearch -q --index t --id '{id}' --batch-bytes 3000 $url <in
	expect_documents 'len(documents["t"]) == 500'
	expect_no_line '^413' log
	start_counted --batch-size 7
	expect_bulks 72
	# replies have room in 128 KiB, where Amazon's service says 256 bytes of each
	documents 5000 >in
	export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=secret
	start_counted --memory 1M --batch-bytes 10M --aws-service es --region eu-west-1
	expect_bulks 10
}

# start_counted OPTION...: delivers ./in by one connection to a new service
start_counted() {
	mkdir -p counted
	rm -rf counted/*
	cd counted
	start_service
	cd ..
	expect_status 0 kafka-to-opensearch --index t --id '{id}' --connections 1 "$@" $url <in
	expect_line "$(wc -l <in) delivered, 0 rejected" err
}

# a reply for which there is no room: of halves it is shorter
test_replies_that_are_too_long() {
	start_service
	documents 300 | sed 's/}/,"fail":400,"words":9000}/' >in
	documents 10 | sed 's/"id":/&7/' >>in
	expect_status 0 kafka-to-opensearch --index t --id '{id}' --dead-letter ./letters --memory 4M \
		--patience 5s $url <in
	expect_line '310 records read: 10 delivered, 300 rejected;' err
	expect_line 'fake_exception: status 400 asked for\.\.\.' letters
	expect_no_line 'longer than' letters
	# that of one record alone is a failure, with as many of its words as have room
	expect_status 65 kafka-to-opensearch --index t --id '{id}' --memory 4M $url <<<'{"id":1,"fail":400,"words":300000}'
	expect_line 'stdin:1: a reply that is longer than 65536 bytes: \{"errors": true, .*fake_exception' err
}

# nobody may make indices: of all records the run's end, of a record's own its refusal
test_indices_that_are_not_made() {
	start_service --no-auto-create --index t --index place-p1
	documents 9 >in
	expect_status 0 kafka-to-opensearch -q --index t --id '{id}' $url <in
	expect_status 73 kafka-to-opensearch --index misspelt --id '{id}' --dead-letter ./letters $url <in
	expect_line '^kafka-to-opensearch: status 404: index_not_found_exception: no such index \[misspelt\] and \[action.auto_create_index\] is \[false\]$' err
	[ ! -s letters ]
	expect_status 0 kafka-to-opensearch --index 'place-{place}' --id '{id}' --dead-letter ./letters $url <in
	expect_line '9 records read: 3 delivered, 6 rejected;' err
	[ "$(grep -c 'no such index \[place-p[02]\]' letters)" = 6 ]
}

test_deletions_from_nowhere() {
	start_service --index t
	documents 3 >in
	expect_status 73 kafka-to-opensearch --op delete --index misspelt --id '{id}' $url <in
	expect_line "$url: there is no index misspelt to delete from" err
	# with versions the service would make it
	printf '%s\n' 'a {}' 'b {}' | envelopes >versioned
	expect_status 73 kafka-to-opensearch -J=in --op delete --index misspelt --id '{@key}' $url <versioned
	expect_documents '"misspelt" not in documents'
	# what is not there in an index that is: there is nothing to do
	expect_status 0 kafka-to-opensearch --op delete --index t --id '{id}' $url <in
	expect_line '3 delivered, 0 rejected' err
	# a record's own index
	expect_status 65 kafka-to-opensearch --op delete --index 't-{id}' --id '{id}' $url <in
	expect_line 'index_not_found_exception: no such index \[t-[0-2]\]' err
	# a tombstone that precedes the first document hides nothing
	printf '%s\n' 'a -' 'b {"n":2}' | envelopes >early
	expect_status 0 kafka-to-opensearch -J=in --index new --id '{@key}' --version-from none --batch-size 1 \
		--connections 1 $url <early
	expect_documents 'documents["new"] == {"b": [1, {"n": 2}]}'
}

# each fault of its kind, then all is well: nothing lost, nothing twice, nothing older on top
test_faults_between() {
	local fault
	awk 'BEGIN { for (i = 0; i < 500; i++) printf "k%d {\"n\":%d}\n", i % 50, i }' | envelopes >in
	for fault in 429=1 503 502 half reset refuse short long garbage foreign items=429 items=503; do
		mkdir "$fault"
		cd "$fault"
		start_service
		start_faults "$fault*2"
		expect_status 0 kafka-to-opensearch -J=in --index t --id '{@key}' --batch-size 20 --connections 4 \
			$url <../in
		expect_line '500 records read: 500 delivered, 0 rejected;' err
		expect_documents 'documents["t"] == {"k%d" % (i % 50): [i, {"n": i}] for i in range(450, 500)}'
		[ "$(grep -c "^$fault POST" faults.log)" = 2 ] || fail "$fault did not happen: $(cat faults.log)"
		expect_status 0 kafka-to-opensearch -q -J=in --op create --index u --id '{@offset}' $url <../in
		expect_documents 'len(documents["u"]) == 500'
		cd ..
	done
}

test_faults_at_random() {
	local seed
	awk 'BEGIN { for (i = 0; i < 2000; i++) printf "k%d {\"n\":%d}\n", i % 100, i }' | envelopes >in
	for seed in 1 2 3; do
		mkdir $seed
		cd $seed
		start_service
		start_faults --random $seed:30 503 half reset refuse items=503 foreign
		expect_status 0 kafka-to-opensearch -J=in --index t --id '{@key}' --version-from none \
			--batch-size 50 $url <../in
		expect_line '2000 records read: 2000 delivered, 0 rejected;' err
		# without versions an order that broke would show
		expect_documents 'all(documents["t"]["k%d" % (i % 100)][1] == {"n": i} for i in range(1900, 2000))'
		cd ..
	done
}

# an answer that never comes: the signal ends it, and says that not all was delivered
test_a_signal_while_the_service_is_silent() {
	local status=0 pid
	start_service
	start_faults 'stall*100'
	documents 10 >in
	kafka-to-opensearch --index t --id '{id}' --batch-window 1ms --drain 100ms $url <in 2>err &
	pid=$!
	wait_for 20 grep -q stall faults.log
	kill -TERM $pid
	wait $pid || status=$?
	[ $status = 75 ] || fail "status $status: $(cat err)"
	expect_line '10 not delivered' err
}

test_permission_is_never_a_reason_to_skip() {
	start_service
	documents 10 | sed '5s/}/,"fail":403}/' >in
	expect_status 77 kafka-to-opensearch --index t --id '{id}' --dead-letter ./letters $url <in
	expect_line 'status 403: fake_exception' err
	[ ! -s letters ]
	start_faults 401
	expect_status 77 kafka-to-opensearch --index t --id '{id}' --dead-letter ./letters $url <<<'{"id":1}'
	expect_line 'status 401' err
	[ ! -s letters ]
}

test_passwords_and_keys() {
	start_service --basic 'ada:pass:word'
	echo 'pass:word' >password
	expect_status 0 kafka-to-opensearch -q --index t --id '{id}' --user ada --password-file password $url \
		<<<'{"id":1}'
	OPENSEARCH_USERNAME=ada OPENSEARCH_PASSWORD=pass:word expect_status 0 kafka-to-opensearch -q --index t \
		--id '{id}' $url <<<'{"id":1}'
	echo wrong-secret >password
	expect_status 77 kafka-to-opensearch --index t --id '{id}' --user ada --password-file password $url \
		<<<'{"id":1}'
	expect_line 'status 401: security_exception: missing or wrong credentials' err
	expect_no_line 'wrong-secret' err
	expect_status 77 kafka-to-opensearch --index t --id '{id}' $url <<<'{"id":1}'
}

test_api_keys() {
	start_service --api-key bWU6c2VjcmV0
	echo bWU6c2VjcmV0 >key
	expect_status 0 kafka-to-opensearch -q --index t --id '{id}' --api-key-file key $url <<<'{"id":1}'
	OPENSEARCH_API_KEY=bWU6c2VjcmV0 expect_status 0 kafka-to-opensearch -q --index t --id '{id}' $url <<<'{"id":1}'
	OPENSEARCH_USERNAME=ada expect_status 2 kafka-to-opensearch --index t --id '{id}' $url <<<'{"id":1}'
	expect_line '^kafka-to-opensearch: .OPENSEARCH_USERNAME without --password-file or .OPENSEARCH_PASSWORD' err
	OPENSEARCH_API_KEY=b expect_status 77 kafka-to-opensearch --index t --id '{id}' $url <<<'{"id":1}'
}

test_signatures_of_aws() {
	export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=secret/key
	start_service --sigv4 es/eu-west-1
	# escapes in the path, and parameters behind it, are signed
	expect_status 73 kafka-to-opensearch -q --index 'a b' --id '{id}' --refresh wait_for --aws-service es \
		--region eu-west-1 $url <<<'{"id":1}'
	expect_line 'Invalid index name \[a b\]' err
	expect_status 0 kafka-to-opensearch -q --index 't-{id}' --id '{id}' --aws-service es --region eu-west-1 $url \
		<<<'{"id":1}'
	expect_documents '"t-1" in documents'
	expect_status 77 kafka-to-opensearch --index t --id '{id}' --aws-service es --region eu-west-2 $url <<<'{"id":1}'
	expect_line 'status 403: x: Credential should be scoped to es/eu-west-1' err
	AWS_SECRET_ACCESS_KEY=other expect_status 77 kafka-to-opensearch --index t --id '{id}' --aws-service es \
		--region eu-west-1 $url <<<'{"id":1}'
	expect_line 'does not match' err
}

# nobody answers GET / there
test_serverless() {
	export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=secret
	start_service --sigv4 aoss/us-east-1 --root-status 404
	expect_status 0 kafka-to-opensearch --index t --id '{id}' --aws-service aoss --region us-east-1 $url \
		<<<'{"id":1}'
	expect_documents '"t" in documents'
}

make_certificates() {
	command -v openssl >/dev/null || skip "no openssl"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem \
		-days 2 -subj /CN=ca -addext basicConstraints=critical,CA:TRUE 2>log
	for name in server client; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $name.key -out $name.csr \
			-subj /CN=$name 2>log
		openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
			-extfile <(echo subjectAltName=IP:127.0.0.1) -out $name.pem 2>log
	done
	cat client.pem client.key >both.pem
}

test_certificates() {
	make_certificates
	start_service --tls server.pem server.key --client-ca ca.pem
	url=https://127.0.0.1:$port
	expect_status 0 kafka-to-opensearch -q --index t --id '{id}' --ca ca.pem --cert client.pem \
		--cert-key client.key $url <<<'{"id":1}'
	expect_status 0 kafka-to-opensearch -q --index t --id '{id}' --ca ca.pem --cert both.pem $url <<<'{"id":2}'
	expect_status 77 kafka-to-opensearch -q --index t --id '{id}' --cert both.pem $url <<<'{"id":3}'
	expect_status 69 kafka-to-opensearch -q --index t --id '{id}' --ca ca.pem --wait 0 $url <<<'{"id":3}'
	# nobody is asked for a passphrase
	openssl ec -in client.key -aes128 -passout pass:secret -out locked.key 2>log
	expect_status 77 kafka-to-opensearch -q --index t --id '{id}' --ca ca.pem --cert client.pem --cert-key locked.key \
		$url <<<'{"id":3}'
	expect_no_line 'pass phrase' err
	expect_line "unable to set private key file: 'locked.key'" err
}

# in what an option names, whatever it is for
test_files_that_are_not_there() {
	local option
	echo x >there
	for option in ca cert 'cert there --cert-key' 'user u --password-file' api-key-file template; do
		# shellcheck disable=SC2086 # words
		expect_status 66 kafka-to-opensearch --index t --id '{id}' --$option gone http://127.0.0.1:1 </dev/null
		expect_text err "kafka-to-opensearch: --${option##*--}: gone: No such file or directory"
		# shellcheck disable=SC2086 # words
		expect_status 74 kafka-to-opensearch --index t --id '{id}' --$option . http://127.0.0.1:1 </dev/null
		expect_text err "kafka-to-opensearch: --${option##*--}: .: Is a directory"
	done
	export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=secret
	AWS_CA_BUNDLE=gone expect_status 66 kafka-to-opensearch --index t --id '{id}' --aws-service es \
		--region eu-west-1 http://127.0.0.1:1 </dev/null
	expect_text err "kafka-to-opensearch: AWS_CA_BUNDLE: gone: No such file or directory"
}

test_index_templates() {
	start_service
	cat >mapping.json <<-'EOF'
		{"mappings": {"properties": {"window_start": {"type": "date"}}}, "settings": {"number_of_shards": 1}}
	EOF
	expect_status 0 kafka-to-opensearch -q --index 'stats-{@year}' --time at --id '{id}' --template mapping.json $url \
		< <(documents 1)
	ask templates
	expect_text answer '{"mapping": {"template": {"settings": {"number_of_shards": 1}, "mappings": {"properties": {"window_start": {"type": "date"}}}}, "index_patterns": ["stats-*"]}}'
	echo '{"index_patterns":["a*"],"priority":7,"template":{"settings":{}}}' >whole.json
	expect_status 0 kafka-to-opensearch -q --index t --id '{id}' --template ./whole.json --template-name mine $url </dev/null
	ask templates
	expect_line '"mine": \{"index_patterns": \["a\*"\], "priority": 7, "template": \{"settings": \{\}\}\}' answer
	echo '{"index_patterns":["a*"],"order":7,"template":{}}' >old.json
	expect_status 2 kafka-to-opensearch -q --index t --id '{id}' --template old.json $url </dev/null
	expect_line 'index template old: .*status 400: x_content_parse_exception' err
	echo '{"a":1}' >other.json
	expect_status 2 kafka-to-opensearch -q --index t --id '{id}' --template other.json $url </dev/null
	expect_line 'other.json: no index template' err
	expect_status 66 kafka-to-opensearch -q --index t --id '{id}' --template gone.json $url </dev/null
}

test_who_is_there() {
	start_service --product elasticsearch --number 8.11.0
	expect_status 0 kafka-to-opensearch --index t --id '{id}' $url </dev/null
	expect_line "writing to Elasticsearch 8.11.0 \(fake-cluster\) at $url$" err
}

test_who_is_too_old() {
	start_service --product elasticsearch --number 6.8.23
	expect_status 2 kafka-to-opensearch --index t --id '{id}' $url </dev/null
	expect_line "$url: Elasticsearch 6.8.23 is too old: 7 or newer" err
}

# who may write need not be allowed to ask
test_who_does_not_say() {
	start_service --root-status 403
	expect_status 0 kafka-to-opensearch --index t --id '{id}' $url <<<'{"id":1}'
	expect_line "writing to $url, which does not say what it is" err
	expect_documents '"t" in documents'
}

test_nobody_is_there() {
	expect_status 69 kafka-to-opensearch --index t --id '{id}' --wait 0 http://127.0.0.1:1 </dev/null
	expect_line '^kafka-to-opensearch: http://127.0.0.1:1: ' err
}

# who has to wait is told what for, and goes on when it comes
test_a_service_that_is_late() {
	local pid
	start_service
	serve faults faults/http_faults.py "$service" --path '^GET /$' --log faults.log '503*3'
	kafka-to-opensearch --index t --id '{id}' "http://127.0.0.1:$port" <<<'{"id":1}' 2>err &
	pid=$!
	wait $pid
	expect_line "waiting for http://127.0.0.1:$port: status 503" err
	expect_line "1 delivered" err
	[ "$(grep -c '^503 GET' faults.log)" = 3 ]
}

test_dry_run() {
	expect_status 0 kafka-to-opensearch --dry-run --index 't-{@year}' --time at --id '{id}' http://127.0.0.1:1
	expect_line 'would index documents of standard input in t-\* of http://127.0.0.1:1' err
}

test_usage() {
	expect_usage() {
		local regex=$1
		shift
		expect_status 2 kafka-to-opensearch "$@" </dev/null
		[ "$(wc -l <err)" = 1 ]
		expect_line "$regex" err
	}
	expect_usage '--index is needed' --id '{a}' http://h
	expect_usage 'give --id TEMPLATE or --auto-id' --index t http://h
	expect_usage '--id a: all documents would be one: a field belongs in it' --index t --id a http://h
	expect_usage 'not an http:// or https:// URL' --index t --id '{a}' h:9200
	expect_usage 'no credentials in the URL' --index t --id '{a}' http://ada:secret@h
	expect_no_line secret err
	expect_usage '"upsert": index, create, update or delete' --index t --id '{a}' --op upsert http://h
	expect_usage '"now": true, false or wait_for' --index t --id '{a}' --refresh now http://h
	expect_usage '--template-name without --template' --index t --id '{a}' --template-name x http://h
	expect_usage 'have none: give --time' --index 't-{@year}' --id '{a}' http://h
	expect_usage '--api-key-file and --user: one of them' --index t --id '{a}' --user u --api-key-file f http://h
	expect_usage '--user without --password-file' --index t --id '{a}' --user u http://h
	expect_usage '--cert-key without --cert' --index t --id '{a}' --cert-key f http://h
	expect_usage '--aws-service s3: es or aoss' --index t --id '{a}' --aws-service s3 http://h
	expect_usage 'the region is not known' --index t --id '{a}' --aws-service es http://h
	expect_usage '-J: nothing is written' --index t --id '{a}' -J http://h
	expect_usage 'lines of a pipe have no offsets' --index t --id '{a}' --version-from offset http://h
}

run_tests
