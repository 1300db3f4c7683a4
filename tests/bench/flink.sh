# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by scripts/bench: kafka-window beside Flink SQL, both from the same plain file, as a user would run them:
# Flink in one process with one task of each kind, its watermarks every 200 ms.
# shellcheck disable=SC2154 # dir, rounds, lines, data and window are the bench's

# flink_jobs FILE OUT: Flink's side of the bench's window, over the file
flink_jobs() {
	cat <<-END
		[{"name": "window", "config": {"parallelism.default": "1", "table.local-time-zone": "UTC"},
		"setup": ["CREATE TABLE trips (dropoff_datetime TIMESTAMP_LTZ(3), vendor_id INT, passenger_count INT, total_amount DECIMAL(12, 2), WATERMARK FOR dropoff_datetime AS dropoff_datetime) WITH ('connector' = 'filesystem', 'path' = '$1', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601')"],
		"query": "SELECT window_start, vendor_id, COUNT(*), SUM(passenger_count), SUM(total_amount) FROM TABLE(TUMBLE(TABLE trips, DESCRIPTOR(dropoff_datetime), INTERVAL '1' HOUR)) GROUP BY window_start, window_end, vendor_id",
		"out": "$2"}]
	END
}

# measured OUT COMMAND...: adds seconds and KiB to the file
measured() {
	/usr/bin/time -a -o "$1" -f '%e %M' "${@:2}" >/dev/null 2>"$dir/err" || { cat "$dir/err" >&2; say "failed: ${*:2}"; exit 1; }
}

bench_flink() {
	local i what
	# shellcheck source=tests/services/flink/prepare.sh
	. tests/services/flink/prepare.sh
	flink_prepare
	head -n 1 "$data/all.json" >"$dir/one.json"
	flink_jobs "$data/all.json" "$dir/flink.out" >"$dir/flink-all.json"
	flink_jobs "$dir/one.json" "$dir/flink.out" >"$dir/flink-one.json"
	printf '\nkafka-window from a plain file, against Flink SQL from the same file (from a topic: goal 10x)\n'
	printf '  ours:   kafka-window -q %s <%s\n' "${window[*]}" "$data/all.json"
	printf '  theirs: java -Xmx1g ... FlinkWindows: TUMBLE of 1 hour, COUNT(*) and two SUMs by vendor_id\n'
	rm -f "$dir"/{ours,theirs}.{one,all}
	for ((i = 0; i < rounds; i++)); do
		for what in one all; do
			measured "$dir/theirs.$what" java -Xmx1g -cp "$flink_classpath" FlinkWindows "$dir/flink-$what.json"
		done
		measured "$dir/ours.one" kafka-window -q "${window[@]}" <"$dir/one.json"
		measured "$dir/ours.all" kafka-window -q "${window[@]}" <"$data/all.json"
	done
	[ "$(jq -s 'map(.[2]) | add' "$dir/flink.out")" = "$lines" ] || { say "Flink did not count $lines records"; exit 1; }
	for what in ours theirs; do
		awk -v what="$what" -v n="$lines" -v one="$(cut -d ' ' -f 1 "$dir/$what.one" | median)" \
			-v all="$(cut -d ' ' -f 1 "$dir/$what.all" | median)" -v kb="$(cut -d ' ' -f 2 "$dir/$what.all" | median)" 'BEGIN {
			printf "  %-7s %.2f s (%.3f M/s), peak %.1f MiB, one record %.2f s\n", what ":", all, n / all / 1e6, kb / 1024, one }'
	done
	awk -v o="$(cut -d ' ' -f 1 "$dir/ours.all" | median)" -v t="$(cut -d ' ' -f 1 "$dir/theirs.all" | median)" \
		'BEGIN { printf "  ratio %.1fx\n", t / o }'
}
