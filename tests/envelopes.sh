# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Records for the tests of kafka-to-lambda, and nothing of the caller's settings. Sourced behind tests/lib.sh.

unset BOOTSTRAP_SERVERS AWS_PROFILE AWS_ENDPOINT_URL AWS_DEFAULT_REGION
export HOME=/nonexistent

# envelopes COUNT [PARTITIONS]: {"n":I} at offset I, in partitions in turn, stamped now
envelopes() {
	jq -cn --argjson count "$1" --argjson partitions "${2:-1}" 'range($count) | {
		topic: "trips", partition: (. % $partitions), offset: ., ts: (now * 1000 | floor),
		key: "k\(. % 7)", payload: {n: .} }'
}
