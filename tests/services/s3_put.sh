#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Objects put into a real S3 server, which verifies signatures and checksums, by tests/tools/s3_put.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

need_s3
part=$((5 * 1024 * 1024))

s3_put() {
	"$top_builddir/tests/tools/s3_put" --part-bytes $part "$@"
}

# make_file NAME BYTES: lines of digits, other ones for each name
make_file() {
	seq "$(($(cksum <<<"$1" | cut -d' ' -f1) % 1000000))" 1000000000 | head -c "$2" >"$1" || true
	[ "$(stat -c %s "$1")" = "$2" ]
}

# expect_uploads N: so many were begun and not ended
expect_uploads() {
	local found
	found=$(find "$folder/.sgwtmp/multipart" -mindepth 2 -maxdepth 2 -type d 2>/dev/null | wc -l)
	[ "$found" = "$1" ] || fail "$found uploads, expected $1"
}

# start_faults ARGUMENT...: puts a proxy before the server
start_faults() {
	rm -f faults.in faults.port
	mkfifo faults.in
	# keeps it open, and so the proxy alive, as long as this test runs
	exec {keep}<>faults.in
	python3 "$top_srcdir/tests/faults/http_faults.py" "${AWS_ENDPOINT_URL_S3##*:}" --log faults.log "$@" \
		<faults.in >faults.port 2>faults.err &
	wait_for 20 test -s faults.port
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(<faults.port)
	export AWS_ENDPOINT_URL_S3
}

# ---- what is put ----

test_sizes_both_ways() {
	local how bytes
	new_bucket
	for bytes in 0 1 $((part - 1)) $part $((part + 1)) $((3 * part + 1)); do
		make_file "f$bytes" "$bytes"
		for how in '' --write; do
			# shellcheck disable=SC2086 # no word where it is empty
			expect_status 0 s3_put --create $how put "$bucket" "a b/$bytes$how" "f$bytes"
			expect_line "^a b/$bytes$how: $bytes bytes, " out
			expect_no_line 'was there' out
			expect_same "f$bytes" "$folder/a b/$bytes$how"
		done
		# the same content once more is no error, and another one is
		expect_status 0 s3_put --create put "$bucket" "a b/$bytes" "f$bytes"
		expect_line 'was there' out
		expect_status 0 s3_put --create --look put "$bucket" "a b/$bytes" "f$bytes"
		expect_line ', 0 parts, .*was there' out
		{ cat "f$bytes" && echo x; } >other
		expect_status 73 s3_put --create put "$bucket" "a b/$bytes" other
		expect_line "another object of that name: it has $bytes bytes, not $((bytes + 2))" err
		expect_same "f$bytes" "$folder/a b/$bytes"
	done
	expect_uploads 0
}

test_the_same_size_is_not_the_same() {
	new_bucket
	make_file one $((2 * part))
	tr 1 7 <one >two
	expect_status 0 s3_put --create put "$bucket" k one
	expect_status 73 s3_put --create --look put "$bucket" k two
	expect_status 73 s3_put --create put "$bucket" k two
	expect_line 'its CRC-64/NVME is .*=, not .*=' err
	expect_same one "$folder/k"
	expect_status 0 s3_put put "$bucket" k two
	expect_same two "$folder/k"
	# a service that keeps no checksum has it read
	expect_status 0 s3_put --no-checksum put "$bucket" bare one
	expect_status 0 s3_put --create put "$bucket" bare one
	expect_line 'was there' out
	expect_status 73 s3_put --create put "$bucket" bare two
	expect_uploads 0
}

test_checksums_are_the_servers() {
	new_bucket
	make_file f $((2 * part + 77))
	expect_status 0 s3_put put "$bucket" k f
	sed -n 's/.* parts, \([^,]*\), .*/\1/p' out >ours
	expect_status 0 s3_put head "$bucket" k
	expect_line "^$((2 * part + 77)) bytes, $(<ours), \"" out
}

test_many_at_once_within_their_memory() {
	local n kb arguments=()
	new_bucket
	make_file large $((64 * 1024 * 1024))
	for n in 1 2 3; do
		make_file "f$n" $((n * 1000000))
		arguments+=("k$n" "f$n")
	done
	/usr/bin/time -o kb -f %M "$top_builddir/tests/tools/s3_put" --create --write --piece 100000 put \
		"$bucket" large large "${arguments[@]}" >out
	expect_line '^large: 67108864 bytes, 8 parts, ' out
	expect_status 0 s3_put head "$bucket" large
	for n in 1 2 3; do expect_same "f$n" "$folder/k$n"; done
	# its last line is cut, and ended by its reader
	s3-to-kafka -q "s3://$bucket/large" >got
	{ cat large && [ "$(tail -c 1 large)" = '' ] || echo; } | cmp - got
	is_sanitized && return
	kb=$(tail -n 1 kb)
	# three parts of 8 MiB, the small ones, and what else there is
	[ "$kb" -lt $((60 * 1024)) ] || fail "took $kb KB"
	/usr/bin/time -o kb -f %M "$top_builddir/tests/tools/s3_put" put "$bucket" read large >out
	expect_same large "$folder/read"
	kb=$(tail -n 1 kb)
	[ "$kb" -lt $((20 * 1024)) ] || fail "took $kb KB to read a file"
}

# ---- what goes wrong ----

test_a_killed_run_is_cleaned_up() {
	local pid parts
	new_bucket
	make_file f $((3 * part))
	"$top_builddir/tests/tools/s3_put" --part-bytes $part --create --hang-after $((2 * part + 1)) put \
		"$bucket" lake/0/f f >out &
	pid=$!
	count_parts() {
		parts=$(find "$folder/.sgwtmp/multipart" -type f 2>/dev/null | wc -l)
		[ "$parts" -ge 2 ]
	}
	wait_for 30 count_parts
	kill -9 $pid
	wait $pid || true
	expect_uploads 1
	[ ! -e "$folder/lake" ]
	# somebody else's are left alone
	expect_status 0 s3_put abort "$bucket" lake/1
	expect_text out '0 aborted'
	expect_status 0 s3_put abort "$bucket" lake/ nothing
	expect_text out '0 aborted'
	expect_status 0 s3_put abort "$bucket" lake/ 0/f
	expect_text out '1 aborted'
	expect_uploads 0
	expect_status 0 s3_put --create --look put "$bucket" lake/0/f f
	expect_no_line 'was there' out
	expect_same f "$folder/lake/0/f"
}

# At any moment; the next run finds what is there, and sends what is not.
test_kills() {
	local round n pid how arguments
	new_bucket
	for n in 1 2 3 4; do make_file "f$n" $((n * part / 2 + n)); done
	for round in $(seq "${S3_PUT_KILLS:-8}"); do
		arguments=()
		for n in 1 2 3 4; do arguments+=("$round/$n" "f$n"); done
		for how in '' --look; do
			# shellcheck disable=SC2086
			"$top_builddir/tests/tools/s3_put" --part-bytes $part --create $how put "$bucket" \
				"${arguments[@]}" >>out 2>&1 &
			pid=$!
			sleep "0.$((RANDOM % 400 + 100))"
			kill -9 $pid 2>/dev/null || true
			wait $pid || true
			for n in 1 2 3 4; do
				[ ! -e "$folder/$round/$n" ] || expect_same "f$n" "$folder/$round/$n"
			done
		done
		expect_status 0 s3_put abort "$bucket" "$round/"
		expect_status 0 s3_put --create --look put "$bucket" "${arguments[@]}"
		for n in 1 2 3 4; do expect_same "f$n" "$folder/$round/$n"; done
	done
	expect_status 0 s3_put abort "$bucket" ''
	expect_uploads 0
}

test_what_is_given_up_leaves_nothing() {
	new_bucket
	make_file f $((3 * part))
	for how in '' --write; do
		# shellcheck disable=SC2086
		expect_status 75 s3_put $how --cancel-after $((2 * part + 1)) put "$bucket" k f
		expect_line 'given up' err
	done
	# what was under way may come in late
	expect_status 0 s3_put abort "$bucket" ''
	expect_uploads 0
	[ ! -e "$folder/k" ]
}

test_refusals() {
	new_bucket
	make_file f 100
	AWS_SECRET_ACCESS_KEY=wrong expect_status 77 s3_put put "$bucket" k f
	expect_line 'SignatureDoesNotMatch' err
	expect_status 73 s3_put put "$bucket-not" k f
	expect_line 'NoSuchBucket' err
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=2 expect_status 69 s3_put put "$bucket" k f
	expect_status 73 s3_put --tag "a=b|c" put "$bucket" k f
	expect_line 'InvalidTag' err
	[ ! -e "$folder/k" ]
}

# Whatever comes between, everything arrives once and whole.
test_faults() {
	local seed n arguments real=$AWS_ENDPOINT_URL_S3
	new_bucket
	for n in 1 2 3 4; do make_file "f$n" $((n * part / 2 + n)); done
	for seed in 1 2 3; do
		AWS_ENDPOINT_URL_S3=$real
		arguments=()
		for n in 1 2 3 4; do arguments+=("$seed/$n" "f$n"); done
		start_faults --random "$seed:25" 503 503=1 429 refuse half reset long garbage
		expect_status 0 s3_put --create --patience 60000 put "$bucket" "${arguments[@]}"
		for n in 1 2 3 4; do expect_same "f$n" "$folder/$seed/$n"; done
		grep -Eq '^(503|429|refuse|half|reset|long|garbage) ' faults.log
		exec {keep}>&-
	done
	# an upload whose beginning was not told is nobody's
	AWS_ENDPOINT_URL_S3=$real
	expect_status 0 s3_put abort "$bucket" ''
	expect_uploads 0
}

test_lost_answers_are_looked_for() {
	new_bucket
	make_file f $((part + 1))
	make_file g 10
	start_faults --path 'POST .*uploadId=' reset half
	# this server knows what it has completed; S3 may, for a while
	expect_status 0 s3_put --create put "$bucket" k f
	expect_same f "$folder/k"
	expect_uploads 0
	exec {keep}>&-
	AWS_ENDPOINT_URL_S3=$(services env | sed -n 's/^export AWS_ENDPOINT_URL_S3=//p')
	start_faults --path PUT reset
	expect_status 0 s3_put --create put "$bucket" g g
	expect_line 'was there' out
	expect_same g "$folder/g"
}

test_a_service_that_is_away() {
	new_bucket
	make_file f $((2 * part + 1))
	export AWS_MAX_ATTEMPTS=2
	start_faults --path 'PUT .*partNumber=2' 503*6
	expect_status 69 s3_put put "$bucket" k f
	expect_line 'status 503' err
	# what was under way may come in late
	expect_status 0 s3_put abort "$bucket" ''
	expect_uploads 0
	expect_status 0 s3_put --patience 60000 put "$bucket" k f
	expect_same f "$folder/k"
}

run_tests
