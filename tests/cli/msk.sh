#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Amazon MSK with IAM: when it is switched on, and the token that comes out on the wire.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

version=$(sed -n 's/^AC_INIT(\[sluice\], \[\([^]]*\)\].*/\1/p' "$top_srcdir/configure.ac")
unset BOOTSTRAP_SERVERS XDG_CONFIG_HOME ${!AWS_*}
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
# the machine's own credentials are never asked for
export AWS_EC2_METADATA_DISABLED=true

# start SCRIPT ARGUMENT...: its port in $port; it ends with the test, which holds its standard input
start() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	coproc server { exec python3 "$top_srcdir/tests/aws/$1" "${@:2}"; } 2>/dev/null
	read -r port <&"${server[0]}" || skip "$* does not start"
	# kept open when another coprocess takes the name
	# shellcheck disable=SC2034 # it is enough that it is open
	exec {hold}>&"${server[1]}"
}

set_keys() {
	export AWS_ACCESS_KEY_ID=AKIAENV AWS_SECRET_ACCESS_KEY=secret-of-AKIAENV HOME=$PWD
}

# sign_in ARGUMENT...: kafka-to-pipe, until the broker has seen it come; it finds no topic
sign_in() {
	kafka-to-pipe -t trips --wait 60s "$@" >out 2>err &
	wait_for 60 [ -s log ]
	kill -TERM $!
	wait $! || true
}

test_token_on_the_wire() {
	set_keys
	start fake_msk.py log
	AWS_SESSION_TOKEN=token-of-x sign_in -b "127.0.0.1:$port" --iam --region eu-west-3 \
		-X security.protocol=SASL_PLAINTEXT
	head -n 1 log >first
	expect_line '"mechanism": "OAUTHBEARER"' first
	expect_line '"good": true' first
	expect_line '"host": "kafka.eu-west-3.amazonaws.com", "key": "AKIAENV", "region": "eu-west-3"' first
	expect_line '"service": "kafka-cluster", "action": "kafka-cluster:Connect"' first
	expect_line "\"agent\": \"sluice/$version\", \"expires\": \"900\", \"token\": \"token-of-x\"" first
	expect_no_line '"mechanism": "none"' log
}

make_certificate() {
	command -v openssl >/dev/null || skip "openssl is not installed"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout key -out certificate \
		-addext "subjectAltName=IP:127.0.0.9" 2>/dev/null
}

test_its_port_is_enough() {
	set_keys
	make_certificate
	start fake_msk.py log --listen 127.0.0.9:9098 --tls certificate key
	AWS_REGION=us-east-1 sign_in -b 127.0.0.9:9098 -X ssl.ca.location=certificate
	expect_line '"mechanism": "OAUTHBEARER", "host": "kafka.us-east-1.amazonaws.com".*"tls": true' log
	expect_no_line '"mechanism": "none"' log
}

test_a_certificate_that_is_not_trusted_gets_no_token() {
	set_keys
	make_certificate
	start fake_msk.py log --listen 127.0.0.9:9198 --tls certificate key
	AWS_REGION=us-east-1 timeout 60 kafka-to-pipe -t trips --wait 2s -b 127.0.0.9:9198 2>err && fail "it went on"
	[ ! -e log ] || fail "it signed in: $(cat log)"
}

test_security_protocol_switches_the_port_off() {
	set_keys
	start fake_msk.py log --listen 127.0.0.9:9098
	AWS_REGION=us-east-1 sign_in -b 127.0.0.9:9098 -X security.protocol=PLAINTEXT
	expect_line '"mechanism": "none"' log
	expect_no_line OAUTHBEARER log
}

test_file_of_a_java_client() {
	set_keys
	start fake_msk.py log
	cat >client.properties <<-END
		security.protocol=SASL_PLAINTEXT
		sasl.mechanism=AWS_MSK_IAM
		sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required;
		sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler
	END
	AWS_REGION=us-east-1 sign_in -b "127.0.0.1:$port" -F client.properties
	expect_line '"mechanism": "OAUTHBEARER".*"good": true' log
}

test_writers_sign_in_too() {
	set_keys
	start fake_msk.py log
	echo '{"id":1}' >in
	s3-to-kafka --speedup max -t trips --wait 60s -b "127.0.0.1:$port" --iam --region us-east-1 \
		-X security.protocol=SASL_PLAINTEXT in 2>err &
	wait_for 60 [ -s log ]
	kill -TERM $!
	wait $! || true
	expect_line '"mechanism": "OAUTHBEARER".*"good": true' log
}

test_profile() {
	export HOME=$PWD
	mkdir .aws
	printf '[profile p]\nregion = eu-west-2\naws_access_key_id = AKIAP\naws_secret_access_key = secret-of-AKIAP\n' >.aws/config
	start fake_msk.py log
	sign_in -b "127.0.0.1:$port" --iam --profile p -X security.protocol=SASL_PLAINTEXT
	expect_line '"key": "AKIAP", "region": "eu-west-2".*"good": true' log
}

# a token ends with its credentials; both are renewed while the tool waits inside librdkafka
test_token_is_renewed() {
	export HOME=$PWD
	start fake_aws.py
	export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:$port/container/life-4
	start fake_msk.py log --hang-up
	kafka-to-pipe -t trips --wait 60s -b "127.0.0.1:$port" --iam --region us-east-1 \
		-X security.protocol=SASL_PLAINTEXT -X reconnect.backoff.max.ms=300 2>err &
	wait_for 60 grep -qs '"key": "ASIACONTAINER1".*"good": true' log
	# credentials may come and go between two connections: any later ones will do, and later ones still
	wait_for 60 grep -Eqs '"key": "(ASIACONTAINER([2-9]|1[0-9]))".*"token": "token-of-\1", "good": true' log
	wait_for 60 grep -Eqs '"key": "(ASIACONTAINER([3-9]|[1-9][0-9]))".*"token": "token-of-\1", "good": true' log
	kill -TERM $!
	wait $! || true
}

test_no_credentials() {
	export HOME=$PWD
	start fake_msk.py log
	expect_status 77 timeout 20 kafka-to-pipe -t trips -b "127.0.0.1:$port" --iam --region us-east-1
	expect_line 'kafka-to-pipe: .*MSK IAM: no credentials found: tried environment' err
	[ ! -e log ] || fail "it went to the broker"
}

test_credentials_that_are_refused() {
	export HOME=$PWD
	start fake_aws.py
	export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:$port/container/denied
	expect_status 77 timeout 20 kafka-to-pipe -t trips -b 127.0.0.1:1 --iam --region us-east-1
	expect_line 'MSK IAM: credentials: container credentials: .*403' err
}

test_broker_that_refuses() {
	set_keys
	start fake_msk.py log --refuse
	expect_status 77 timeout 60 kafka-to-pipe -t trips -b "127.0.0.1:$port" --iam --region us-east-1 \
		-X security.protocol=SASL_PLAINTEXT
	expect_line 'Access denied' err
	expect_no_line 'secret-of|X-Amz' err
}

# the questions of administration go over a handle of their own
test_administration_signs_in() {
	set_keys
	start fake_msk.py log
	expect_status 0 timeout 60 kafka-topic list -b "127.0.0.1:$port" --iam --region us-east-1 \
		-X security.protocol=SASL_PLAINTEXT
	[ ! -s out ]
	expect_line '"mechanism": "OAUTHBEARER".*"key": "AKIAENV".*"good": true' log
	expect_no_line '"mechanism": "none"' log
}

test_administration_is_refused() {
	set_keys
	start fake_msk.py log --refuse
	expect_status 77 timeout 60 kafka-topic delete --yes trips -b "127.0.0.1:$port" --iam --region us-east-1 \
		-X security.protocol=SASL_PLAINTEXT
	expect_line '^kafka-topic: .*Access denied' err
	expect_no_line 'secret-of|X-Amz' err
	unset AWS_ACCESS_KEY_ID
	expect_status 77 timeout 60 kafka-topic list -b "127.0.0.1:$port" --iam --region us-east-1
	expect_line '^kafka-topic: .*MSK IAM: no credentials found' err
}

test_no_region() {
	set_keys
	expect_status 2 kafka-to-pipe -t trips -b 127.0.0.1:1 --iam
	expect_line 'do not tell the region' err
}

test_a_protocol_without_sasl() {
	set_keys
	expect_status 2 kafka-to-pipe -t trips -b 127.0.0.1:1 --iam --region us-east-1 -X security.protocol=SSL
	expect_line 'security.protocol is SSL, but IAM needs SASL_SSL' err
}

# a run that needs no Kafka needs no credentials
test_pipe_needs_none() {
	export HOME=$PWD
	echo '{"id":1}' >in
	BOOTSTRAP_SERVERS=127.0.0.9:9098 expect_status 0 s3-to-kafka --speedup max in
	expect_text out '{"id":1}'
}

run_tests
