#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How a topic is read, against a real broker: members that share it, that die and that are in the way,
# transactions, silent brokers, topics that go, readers that are slow.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

produce() {
	kcat -P -b "$BOOTSTRAP_SERVERS" "$@" 2>kcat.err || fail "kcat: $(cat kcat.err)"
}

has_lines() {
	[ "$(cat "${@:2}" | wc -l)" -ge "$1" ]
}

# expect_each_once COUNT FILE...: the numbers 1 to COUNT
expect_each_once() {
	cat "${@:2}" | sort -n >numbers.got
	seq 1 "$1" >numbers.want
	expect_same numbers.want numbers.got
}

committed() {
	services group offsets "$1" | awk '{ sum += $3 } END { print sum + 0 }'
}

# ---- groups ----

test_members_share_a_topic() {
	id=$(fresh_id)
	create_topic $id 4
	member() { exec kafka-to-pipe -v -t $id -G g-$id -X heartbeat.interval.ms=300 >$1 2>$1.err; }
	member one & local one=$!
	for part in 0 1 2 3; do seq $((part * 5000 + 1)) $((part * 5000 + 5000)) | produce -t $id -p $part; done
	wait_for 20 has_lines 20000 one
	member two & local two=$!
	wait_for 20 grep -q ': 2 of 4 partitions' two.err
	wait_for 20 grep -q ': 2 of 4 partitions' one.err
	for part in 0 1 2 3; do
		seq $((20000 + part * 5000 + 1)) $((20000 + part * 5000 + 5000)) | produce -t $id -p $part
	done
	wait_for 20 has_lines 40000 one two
	[ "$(wc -l <two)" = 10000 ] || fail "the second member has read $(wc -l <two)"
	kill -TERM $two
	wait $two
	seq 40001 41000 | produce -t $id -p 3
	wait_for 20 has_lines 41000 one two
	kill -TERM $one
	wait $one
	expect_each_once 41000 one two
	[ "$(committed g-$id)" = 41000 ]
}

test_the_end_of_a_group_is_that_of_the_topic() {
	id=$(fresh_id)
	create_topic $id 4
	# one that takes its share and is killed before it commits
	kafka-to-pipe -q -t $id -G g-$id -X session.timeout.ms=6000 >one & local one=$!
	sleep 2
	kafka-to-pipe -q -t $id -G g-$id -X session.timeout.ms=6000 >two & local two=$!
	sleep 2
	kill -KILL $two
	wait $two || true
	seq 1 8000 | produce -t $id
	kill -TERM $one
	wait $one
	kafka-to-pipe -q -t $id -G g-$id -e >>one
	expect_each_once 8000 one
}

test_every_start_is_committed() {
	id=$(fresh_id)
	create_topic $id 2
	seq 1 100 | produce -t $id -p 0
	# from the end: nothing to read, and yet a second start must not jump to a later end
	[ -z "$(kafka-to-pipe -q -t $id -G g-$id -o end -e)" ]
	seq 101 200 | produce -t $id -p 0
	seq 201 300 | produce -t $id -p 1
	kafka-to-pipe -q -t $id -G g-$id -o end -e | sort -n >got
	seq 101 300 >want
	expect_same want got
}

# ---- transactions ----

test_open_transactions_are_not_read() {
	id=$(fresh_id)
	create_topic $id 1
	seq 1 10 | produce -t $id -X transactional.id=a-$id
	# a commit returns before its markers are written
	committed_all() { kcat -C -e -q -b "$BOOTSTRAP_SERVERS" -t $id -X isolation.level=read_committed >all && has_lines $1 all; }
	wait_for 20 committed_all 10
	# the end is a marker: one past the last record
	kafka-to-pipe -q -t $id -G g-$id -e >got
	expect_each_once 10 got
	[ "$(committed g-$id)" = 11 ]
	# kcat sends when its buffer is full, so many
	mkfifo in
	produce -t $id -X transactional.id=b-$id <in & local open=$!
	exec 3>in
	seq 11 50000 >&3
	uncommitted() { kcat -C -e -q -b "$BOOTSTRAP_SERVERS" -t $id -X isolation.level=read_uncommitted >all && has_lines 11 all; }
	wait_for 20 uncommitted
	timeout 6 kafka-to-pipe -q -t $id -e >early || fail "-e waited for a transaction"
	expect_each_once 10 early
	exec 3>&-
	wait $open
	wait_for 20 committed_all 50000
	kafka-to-pipe -q -t $id -e >late
	expect_each_once 50000 late
}

# ---- brokers and topics that are not there ----

test_a_silent_broker_does_not_hold_a_stop() {
	id=$(fresh_id)
	create_topic $id 1
	seq 1 10 | produce -t $id
	kafka-to-pipe -q -t $id >got 2>err & local reader=$!
	wait_for 10 has_lines 10 got
	services pause kafka >/dev/null
	local begin=$SECONDS status=0
	kill -TERM $reader
	wait $reader || status=$?
	expect_status 69 kafka-to-pipe -q -t $id -e --wait 1s
	services resume kafka >/dev/null
	[ $status = 0 ] || fail "status $status: $(cat err)"
	[ $((SECONDS - begin)) -lt 15 ] || fail "it took $((SECONDS - begin)) s"
	expect_line 'no broker of .* answered' err
}

test_a_deleted_topic_is_told() {
	id=$(fresh_id)
	create_topic $id 2
	seq 1 10 | produce -t $id
	kafka-to-pipe -q -t $id -X topic.metadata.refresh.interval.ms=1000 >one 2>one.err & local one=$!
	kafka-to-pipe -q -t $id -X topic.metadata.refresh.interval.ms=1000 -G g-$id >two 2>two.err & local two=$!
	wait_for 10 has_lines 20 one two
	services topic delete $id >/dev/null
	local status=0
	wait $one || status=$?
	[ $status = 66 ] || fail "status $status: $(cat one.err)"
	expect_line "$id has been deleted" one.err
	status=0
	wait $two || status=$?
	[ $status = 66 ] || fail "in a group: status $status: $(cat two.err)"
}

# ---- memory ----

test_a_slow_reader_does_not_fill_memory() {
	command -v /usr/bin/time >/dev/null || skip "GNU time is not installed"
	[ -z "$(nm -D "$top_builddir/kafka-to-pipe" 2>/dev/null | grep __asan)" ] || skip "the sanitizer takes memory of its own"
	id=$(fresh_id)
	create_topic $id 2
	# 200 MB that compress about as well as JSON does
	seq 1 400000 | awk '{ printf "%d", $1; for (i = 0; i < 20; i++) printf " some_field:%d", rand() * 1e8; print "" }' |
		produce -t $id -z lz4
	/usr/bin/time -f %M -o kb kafka-to-pipe -q -t $id -e --memory 8M |
		while read -rN 65536 -t 5 _; do sleep 0.0005; done
	[ "$(tail -n 1 kb)" -lt 49152 ] || fail "$(cat kb) KB"
}

run_tests
