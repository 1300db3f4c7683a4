# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# kafka-window from plain files, for scripts/bench, which sources this: beside DuckDB with one thread, and what an open
# window and key takes.
# shellcheck disable=SC2154 # scripts/bench sets what is used here

# duckdb_query FILE SQL: a program that runs it in one thread
duckdb_query() {
	cat >"$1" <<-END
		import duckdb
		c = duckdb.connect()
		c.execute("SET threads TO 1")
		print(len(c.execute("""$2""").fetchall()))
	END
}

trips_of_query() {
	printf '%s' "read_json('$data/all.json', format='newline_delimited', columns={dropoff_datetime:'VARCHAR'," \
		"vendor_id:'INTEGER', passenger_count:'INTEGER', total_amount:'DOUBLE'})"
}

bench_window_pipe() {
	duckdb_query "$dir/window_query.py" "SELECT time_bucket(INTERVAL 1 HOUR, CAST(dropoff_datetime AS TIMESTAMP)) w,
	    vendor_id, count(*), sum(passenger_count), sum(total_amount) FROM $(trips_of_query) GROUP BY ALL ORDER BY ALL"
	compare "kafka-window in a pipe from a plain file, one core, against DuckDB with one thread" 2x \
		"taskset -c 0 kafka-window -q ${window[*]} <$data/all.json" \
		"taskset -c 0 $venv/bin/python $dir/window_query.py"
}

# twelve windows a record
bench_window_hop() {
	duckdb_query "$dir/hop_query.py" "SELECT time_bucket(INTERVAL 5 MINUTE, CAST(dropoff_datetime AS TIMESTAMP))
	    - to_minutes(5 * i) w, vendor_id, count(*), sum(passenger_count), sum(total_amount)
	    FROM $(trips_of_query), range(12) r(i) GROUP BY ALL ORDER BY ALL"
	compare "kafka-window, 1 h by 5 min from a plain file, one core, against DuckDB with one thread" 0.5x \
		"taskset -c 0 kafka-window -q --hop 1h,5m ${window[*]:2} <$data/all.json" \
		"taskset -c 0 $venv/bin/python $dir/hop_query.py"
}

# a session ends after more than the gap: flags of the first records, summed up to a number
bench_window_session() {
	duckdb_query "$dir/session_query.py" "WITH r AS (SELECT CAST(\"at\" AS TIMESTAMP) t, \"user\" u, quantity, price
	    FROM read_json('$dir/clicks.json', format='newline_delimited', columns={\"at\":'VARCHAR', \"user\":'VARCHAR',
	    quantity:'INTEGER', price:'DOUBLE'})),
	  f AS (SELECT *, CASE WHEN t - lag(t) OVER (PARTITION BY u ORDER BY t) <= INTERVAL 1 HOUR THEN 0 ELSE 1 END first
	    FROM r),
	  n AS (SELECT *, sum(first) OVER (PARTITION BY u ORDER BY t ROWS UNBOUNDED PRECEDING) number FROM f)
	  SELECT u, min(t), max(t) + INTERVAL 1 HOUR, count(*), sum(quantity), sum(price) FROM n
	  GROUP BY u, number ORDER BY 3, 1"
	tests/bench/gen-clicks -v "lines=$lines" >"$dir/clicks.json"
	compare "kafka-window, sessions of 100,000 keys from a plain file, one core, against DuckDB with one thread" 1.0x \
		"taskset -c 0 kafka-window -q --session 1h --time at --by user -a n=count -a items=sum:quantity -a paid=sum:price <$dir/clicks.json" \
		"taskset -c 0 $venv/bin/python $dir/session_query.py"
	rm -f "$dir/clicks.json"
}

# keys_kib COUNT OPTION...: peak memory with so many keys in one window, which is still open when the input ends; a
# key has 10 bytes as it is kept
keys_kib() {
	local count=$1
	shift
	awk -v n="$count" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"at\":\"2019-01-01T00:%02d:00Z\",\"user\":\"u%06d\",\"quantity\":%d,\"price\":%d.%02d}\n",
				i * 60 / n, i, i % 7, i % 90, i % 100 }' >"$dir/keys.json"
	/usr/bin/time -o "$dir/time" -f %M kafka-window -q --time at --by user -a n=count -a items=sum:quantity \
		-a paid=sum:price "$@" <"$dir/keys.json" >"$dir/out"
	[ "$(wc -l <"$dir/out")" -eq "$count" ]
	tail -n 1 "$dir/time"
}

bench_window_keys() {
	local n=1000000 options one many
	printf '\npeak memory of kafka-window with %d open windows and keys, a count and two sums (goal: under 200 bytes each)\n' "$n"
	for options in "--tumble 1h" "--session 1h"; do
		# shellcheck disable=SC2086 # words
		one=$(keys_kib 1 $options)
		# shellcheck disable=SC2086
		many=$(keys_kib "$n" $options)
		awk -v name="$options" -v one="$one" -v many="$many" -v n="$n" 'BEGIN {
			printf "  %-14s %.1f MiB, %.1f with one key: %.0f bytes over the 10 of each key\n", name, many / 1024,
				one / 1024, (many - one) * 1024 / n - 10 }'
	done
	rm -f "$dir/keys.json"
}
