# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests of kafka-topic with brokers of tests/kafka/fake_kafka.py: sourced after tests/lib.sh.

# fake STATE: brokers with that state; their address in $BOOTSTRAP_SERVERS, what they were asked in ./asked
fake() {
	printf '%s\n' "$1" >state
	rm -f address hold
	mkfifo hold
	python3 "${top_srcdir:?source tests/lib.sh first}/tests/kafka/fake_kafka.py" state asked <hold >address 2>fake.err &
	exec 9>hold
	wait_for 20 test -s address
	BOOTSTRAP_SERVERS=$(cat address)
	export BOOTSTRAP_SERVERS
}

# asked API: how many such requests there were
asked() {
	grep -c "^$1 " asked || :
}
