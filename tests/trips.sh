# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The main job's data and an independent computation of its windows (sqlite3), for the tests of the
# command line and of services. Sourced after lib.sh.

window_options=(--tumble 1h --time dropoff_datetime --by vendor_id -a trips=count
	-a passengers=sum:passenger_count -a revenue=sum:total_amount)
lake_path='year={@year}/month={@month}/day={@day}'

# make_trips COUNT: trips over two days in order of drop-off, the same at every call
make_trips() {
	awk -v count="$1" '
	function next_random() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
	function stamp(s) {
		return sprintf("2019-01-%02dT%02d:%02d:%02d.000Z", 1 + int(s / 86400), int(s / 3600) % 24,
			int(s / 60) % 60, s % 60)
	}
	BEGIN {
		seed = 7
		for (i = 0; i < count; i++) {
			s = int(1800 + i * 170000 / count)
			printf "{\"vendor_id\":%d,\"dropoff_datetime\":\"%s\",\"passenger_count\":%d,\"total_amount\":%.2f,\"trip_id\":%d}\n", \
				1 + int(next_random() * 3), stamp(s), 1 + int(next_random() * 5), next_random() * 60 - 5, i
		}
	}'
}

# expected_windows FILE: start, vendor, trips, passengers, revenue in cents; one window a line, sorted
expected_windows() {
	sqlite3 :memory: <<-END | LC_ALL=C sort
		CREATE TABLE trip(line TEXT);
		.mode ascii
		.separator "\001" "\n"
		.import "$1" trip
		.mode list
		.separator " "
		SELECT strftime('%Y-%m-%dT%H:00:00.000Z', json_extract(line, '\$.dropoff_datetime')),
		    json_extract(line, '\$.vendor_id'), count(*), sum(json_extract(line, '\$.passenger_count')),
		    CAST(round(sum(json_extract(line, '\$.total_amount')) * 100) AS INTEGER)
		FROM trip GROUP BY 1, 2;
	END
}

# the same shape from windows as kafka-window writes them, on standard input
found_windows() {
	jq -r '"\(.window_start) \(.vendor_id) \(.trips) \(.passengers) \(.revenue * 100 | round)"' | LC_ALL=C sort
}

# each window lies below the day of its window_time
expect_lake_paths() {
	local file day
	while read -r file; do
		day=$(sed -E 's,.*year=([0-9]+)/month=([0-9]+)/day=([0-9]+)/.*,\1-\2-\3,' <<<"$file")
		jq -r .window_time "$file" | grep -v "^$day" && fail "$file holds another day's windows"
	done < <(find "$1" -type f -name '*.json')
	return 0
}
