#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What kafka-to-s3 says to S3, held against a server that verifies it and has faults on order
# (tests/aws/fake_s3.py); tests/services/lake_s3.sh has a real one.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# start_s3: a server at $AWS_ENDPOINT_URL_S3, with the keys it knows
start_s3() {
	mkfifo s3.in
	# shellcheck disable=SC2034 # held open until the test ends, and the server with it
	exec {keep}<>s3.in
	python3 "$top_srcdir/tests/aws/fake_s3.py" <s3.in >s3.port 2>s3.err &
	wait_for 20 test -s s3.port
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(<s3.port)
	export AWS_ENDPOINT_URL_S3 AWS_REGION=us-east-1
	export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_MAX_ATTEMPTS=3
	export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
	unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL
	mkdir spool
	export TMPDIR=$PWD/spool
}

# ask PATH [FILE]: the server's answer in ./answer; with FILE, that is put
ask() {
	python3 - "$AWS_ENDPOINT_URL_S3/-/$1" "${2:-}" >answer <<-'EOF'
		import sys, urllib.request
		data = open(sys.argv[2], "rb").read() if sys.argv[2] else None
		request = urllib.request.Request(sys.argv[1], data, method="PUT" if data else "GET")
		sys.stdout.write(urllib.request.urlopen(request).read().decode())
	EOF
}

# order LINE...: what the next requests have, "REGEX FAULT"
order() {
	printf '%s\n' "${@/ /$'\t'}" >faults
	ask faults faults
}

# expect_object KEY FILE [HEADER...]: with these bytes and these headers
expect_object() {
	local key=$1 line
	line="object $key $(stat -c %s "$2") $(sha256sum <"$2" | cut -d' ' -f1)"
	shift 2
	for header; do line+=" $header"; done
	ask store/store-1
	grep -Fqx -- "$line" answer || fail "not there: $line; there is:
$(cat answer)"
}

count_requests() {
	ask store/store-1
	grep -c "^request $1" answer || true
}

land() {
	kafka-to-s3 "$@" s3://store-1/lake
}

records() {
	seq "$1" | awk '{ printf "{\"id\":%d,\"p\":%d}\n", $1, $1 % 3 }'
}

test_objects_have_what_options_say() {
	start_s3
	records 100 >in
	expect_status 0 land <in
	expect_object lake/part-000000000001.json in content-type=application/x-ndjson
	expect_status 0 land -z gzip <in
	ask store/store-1
	expect_line '^object lake/part-000000000001.json.gz .* content-type=application/gzip$' answer
	expect_status 0 land --run-id a --storage-class STANDARD_IA --sse aws:kms --sse-kms-key-id k-1 \
		--tag 'team=a b' --tag 'cost=1/2' --acl bucket-owner-full-control --content-type text/plain <in
	expect_object lake/part-a-000000000001.json in content-type=text/plain x-amz-acl=bucket-owner-full-control \
		x-amz-server-side-encryption=aws:kms x-amz-server-side-encryption-aws-kms-key-id=k-1 \
		x-amz-storage-class=STANDARD_IA 'x-amz-tagging=team=a%20b&cost=1%2F2'
	expect_status 0 land --run-id b --sse AES256 --no-checksum <in
	expect_object lake/part-b-000000000001.json in content-type=application/x-ndjson \
		x-amz-server-side-encryption=AES256
	expect_status 73 land --run-id c --storage-class NONE <in
	expect_line 'lake/part-c-000000000001.json: InvalidStorageClass' err
	expect_status 2 land --tag a=1 --tag a --run-id d <in
	# a configuration file has them too
	printf 'sse = AES256\ntag = x=y\n' >conf
	expect_status 0 land -F conf --run-id e <in
	expect_object lake/part-e-000000000001.json in content-type=application/x-ndjson \
		x-amz-server-side-encryption=AES256 x-amz-tagging=x=y
}

# large LINES: of 1,024 bytes, by whose period the server has their checksum quickly
large() {
	awk -v count="$1" 'BEGIN { for (i = 0; i < count; i++) printf "\"%01021d\"\n", i }'
}

test_parts_have_it_too() {
	start_s3
	large 12000 >in
	expect_status 0 land --part-size 5M --sse AES256 --tag a=b <in
	expect_object lake/part-000000000001.json in content-type=application/x-ndjson \
		x-amz-server-side-encryption=AES256 x-amz-tagging=a=b
	[ "$(count_requests PUT)" = 3 ]
	expect_status 0 land --part-size 5M --no-checksum --run-id a <in
	expect_object lake/part-a-000000000001.json in content-type=application/x-ndjson
	expect_no_line '^upload' answer
}

test_many_objects_at_a_time() {
	local p
	start_s3
	records 300 >in
	expect_status 0 land --path 'p={p}' --roll-records 5 <in
	expect_line ' 300 delivered, 0 rejected; 60 files' err
	for p in 0 1 2; do
		grep "\"p\":$p}" in | sed -n 96,100p >want
		expect_object "lake/p=$p/part-000000000001_0019.json" want content-type=application/x-ndjson
	done
	[ "$(count_requests PUT)" = 60 ]
	[ -z "$(ls -A spool)" ]
}

# what was done and not told, was not done and told so, or is busy
test_faults_on_the_way() {
	start_s3
	records 30 >in
	order 'PUT lost' 'PUT 503 SlowDown' 'PUT 500 InternalError' 'PUT cut' 'PUT 503 SlowDown' 'PUT 503 SlowDown'
	expect_status 0 land --path 'p={p}' <in
	expect_line ' 3 files' err
	grep '"p":0}' in >want
	expect_object lake/p=0/part-000000000001.json want content-type=application/x-ndjson
	# a run that finds its name taken, by the same lines, and by others
	expect_status 73 land --path 'p={p}' <in
	expect_line '/part-000000000001.json: exists already' err # whichever is told first
	records 29 >fewer
	expect_status 73 land --path 'p={p}' <fewer
	expect_object lake/p=0/part-000000000001.json want content-type=application/x-ndjson
	# between looking and putting
	order 'PUT other x'
	expect_status 73 land --run-id a <in
	expect_line 'part-a-000000000001.json: there is another object of that name' err
	expect_status 0 land --overwrite --path 'p={p}' <fewer
	grep '"p":0}' fewer >want
	expect_object lake/p=0/part-000000000001.json want content-type=application/x-ndjson
}

test_nothing_is_left_behind() {
	start_s3
	large 12000 >in
	# the second part is refused: what was sent is aborted
	order 'PUT.*partNumber=2 403 AccessDenied'
	expect_status 77 land --part-size 5M <in
	expect_line 'AccessDenied' err
	ask store/store-1
	expect_no_line '^(upload|object)' answer
	# a signal in the middle
	order 'PUT.*partNumber=2 hang' 'PUT.*partNumber=2 hang'
	kafka-to-s3 --part-size 5M --drain 1s s3://store-1/lake <in 2>err &
	local tool=$! status=0
	is_sent() { [ "$(count_requests 'PUT.*partNumber=1')" -ge 2 ]; }
	wait_for 60 is_sent
	kill -TERM "$tool"
	wait "$tool" || status=$?
	# though the input had ended before
	[ $status = 75 ] || fail "exit status $status: $(cat err)"
	ask store/store-1
	expect_no_line '^upload' answer
	[ -z "$(ls -A spool)" ]
}

# S3's own words, also where the first request is one whose errors have no body
test_wrong_keys() {
	start_s3
	records 3 >in
	AWS_SECRET_ACCESS_KEY=hunter2 expect_status 77 land <in
	expect_line '^kafka-to-s3: s3://store-1/lake/part-000000000001.json: SignatureDoesNotMatch: ' err
	expect_no_line 'hunter2|Signature=' err
	# refused once, for no reason that is left when it is asked for
	order 'HEAD 403 AccessDenied'
	expect_status 0 land <in
	order 'HEAD 403 AccessDenied' 'HEAD 403 AccessDenied'
	expect_status 77 land --run-id a <in
	expect_line 'part-a-000000000001.json: status 403: wrong credentials or no permission' err
	ask store/store-1
	expect_no_line '^object .*part-a' answer
}

test_patience() {
	start_s3
	records 3 >in
	order 'PUT 503 SlowDown' 'PUT 503 SlowDown' 'PUT 503 SlowDown'
	expect_status 69 land --patience 0s <in
	expect_line 'SlowDown' err
	order 'PUT 503 SlowDown' 'PUT 503 SlowDown' 'PUT 503 SlowDown' 'PUT 503 SlowDown' 'PUT 503 SlowDown'
	expect_status 0 land --patience 1m <in
	expect_object lake/part-000000000001.json in content-type=application/x-ndjson
}

run_tests
