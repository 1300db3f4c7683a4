# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by scripts/bench: the lake of kafka-to-s3, from the broker into a directory and into versitygw, and
# beside it a peer. The topic is "drain", four partitions in batches of lz4.
# shellcheck disable=SC2154,SC2034 # dir, rounds, lines, data and drain are the bench's; it reads peer, services.sh at

# A partition's files when their lines are so large: what one epoch waits for the next goes on with.
lake_options=(--time dropoff_datetime --path "'month={@year}-{@month}'" --max-bytes 64M)

# trips_schema FILE: the columns of a trip
trips_schema() {
	local integers doubles
	integers=(vendor_id passenger_count ratecode_id pickup_location_id dropoff_location_id payment_type)
	doubles=(trip_distance fare_amount extra mta_tax tip_amount tolls_amount improvement_surcharge total_amount)
	{
		printf '[{"name":"trip_id","type":"int64"}'
		printf ',{"name":"%s","type":"int32"}' "${integers[@]}"
		printf ',{"name":"%s","type":"double"}' "${doubles[@]}"
		printf ',{"name":"%s","type":"string"}' store_and_fwd_flag type
		printf ',{"name":"%s","type":"timestamp(us)"}' pickup_datetime dropoff_datetime
		printf ']'
	} >"$1"
}

# lake_line TARGET OPTION...: a shell line that writes the topic there, below a name and in a group of their own
lake_line() {
	printf 'kafka-to-s3 -q -b %s -t drain -G bench-$RANDOM$RANDOM -o beginning -e' "$BOOTSTRAP_SERVERS"
	printf ' %s' "${lake_options[@]}" "${@:2}"
	printf ' %s/$RANDOM$RANDOM' "$1"
}

# Between rows, never between rounds: ext4 makes new inodes slowly while many were just freed.
lake_clear() {
	rm -rf "$dir/lake"
	scripts/services s3-bucket bench >&2
	find "$(scripts/services s3-folder bench)" -mindepth 1 -delete
}

bench_lake() {
	local target
	trips_schema "$dir/trips-schema.json"
	for target in "$dir/lake" s3://bench; do
		compare "kafka-to-s3, JSON with lz4, from the topic into ${target%%"$dir"*}${target#"$dir"/}" 0.6x \
			"$(lake_line "$target" -z lz4)" "$drain"
		lake_clear
		compare "kafka-to-s3, Parquet with snappy, from the topic into ${target#"$dir"/}" 0.35x \
			"$(lake_line "$target" --format parquet --schema "$dir/trips-schema.json")" "$drain"
		lake_clear
	done
	compare "kafka-to-s3 -j 2 against one process, JSON with lz4 into S3" none \
		"$(lake_line s3://bench -z lz4 -j 2)" "$(lake_line s3://bench -z lz4)"
	lake_clear
	compare "kafka-to-s3 -j 2 against one process, Parquet with snappy into S3" none \
		"$(lake_line s3://bench --format parquet --schema "$dir/trips-schema.json" -j 2)" \
		"$(lake_line s3://bench --format parquet --schema "$dir/trips-schema.json")"
	lake_clear
}

# ---- memory ----

# A thousand files that all grow to the end: of one pipe, or of 250 paths in each of four partitions. Lines are as
# long as the pump's.
bench_lake_memory() {
	local wide="$dir/wide.json" format target at=
	printf '\npeak memory of kafka-to-s3 with 1,000 open paths, %d lines of about 461 bytes (goal 64 MiB)\n' "$1"
	head -n "$1" "$data/all.json" |
		awk '{ sub(/}$/, ",\"of_1000\":" NR * 7919 % 1000 ",\"of_250\":" NR * 7919 % 250 ",\"note\":\"padding of it\"}")
			print }' >"$wide"
	awk '{ sum += length + 1 } END { printf "  %.0f bytes a line\n", sum / NR }' "$wide"
	scripts/services topic delete wide >/dev/null 2>&1 || true
	scripts/services topic create wide 4 >&2
	kcat -P -b "$BOOTSTRAP_SERVERS" -t wide -z lz4 -X linger.ms=20 <"$wide"
	trips_schema "$dir/trips-schema.json"
	for target in "$dir/lake" s3://bench; do
		for format in "-z lz4" "-z zstd" "-z none" "--format parquet --schema $dir/trips-schema.json"; do
			lake_memory_row topic "$1" "$format $target" "--path 'p={of_250}' $(whole_topic wide)"
			lake_memory_row pipe "$1" "$format $target" "--path 'p={of_1000}' <$wide"
		done
	done
	rm -f "$wide"
}

# lake_memory_row SOURCE COUNT "OPTIONS TARGET" REST
lake_memory_row() {
	local what=${3#--}
	what=${what/--schema * /into }
	memory_row "$1, ${what/$dir/.}" "$2" "kafka-to-s3 -q $3/\$RANDOM\$RANDOM $4"
	lake_clear
}

# ---- a peer ----

# Apache Camel, whose Kafka and S3 components are what Camel's sink for Kafka Connect runs (the sink itself is not
# to be had from the registry).
camel_fetch() {
	mvn -q -B -f tests/bench/camel/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory="$1.part" >&2
	mv "$1.part" "$1"
}

# bytes_below PREFIX: of all objects that are there
bytes_below() {
	find "$(scripts/services s3-folder bench)/$1" -type f -printf '%s\n' 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'
}

# peak PID: KiB
peak() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status"; }

# since START: seconds
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }'; }

# lake_peer_row NAME START-UP SECONDS KIB OBJECTS
lake_peer_row() {
	awk -v name="$1" -v up="$2" -v s="$3" -v kb="$4" -v objects="$5" -v n="$lines" 'BEGIN {
		printf "  %-12s %d records a second from its start, %.2f s to start, %.1f MiB, %d objects\n",
			name, n / s, up, kb / 1024, objects }'
}

objects_below() { find "$(scripts/services s3-folder bench)/$1" -type f -not -path '*/_sluice/*' | wc -l; }

camel_round() {
	local begin=$EPOCHREALTIME up pid kb want
	# nothing stands between its records
	want=$(($(stat -c %s "$data/all.json") - lines))
	PEER_TOPIC=drain PEER_GROUP=camel-$RANDOM$RANDOM
	export PEER_TOPIC PEER_GROUP
	java -Xmx1g -cp "$1/*" -Dcamel.main.routesIncludePattern=file:tests/bench/camel/route.xml \
		org.apache.camel.main.Main >"$dir/camel.log" 2>&1 &
	pid=$! peer=$!
	until grep -q 'Apache Camel .* started in' "$dir/camel.log"; do kill -0 "$pid"; sleep 0.05; done
	up=$(since "$begin")
	until [ "$(bytes_below "$PEER_GROUP")" -ge "$want" ]; do kill -0 "$pid"; sleep 0.1; done
	lake_peer_row Camel "$up" "$(since "$begin")" "$(peak "$pid")" "$(objects_below "$PEER_GROUP")"
	kill "$pid"
	wait "$pid" || true
	peer=
}

our_round() {
	local name=ours-$RANDOM$RANDOM up figures at=
	up=$(seconds "kafka-to-s3 -q -b $BOOTSTRAP_SERVERS -t drain -G $name-e -o end -e s3://bench/empty")
	figures=$(measured "kafka-to-s3 -q -b $BOOTSTRAP_SERVERS -t drain -G $name -e --max-records 50000 s3://bench/$name")
	lake_peer_row kafka-to-s3 "$up" "${figures%% *}" "${figures##* }" "$(objects_below "$name")"
}

bench_lake_peer() {
	local jars
	jars=$cache/camel-$(sha256sum <tests/bench/camel/pom.xml | cut -c 1-12)
	[ -d "$jars" ] || camel_fetch "$jars"
	printf '\nJSON lines from the topic into S3, uncompressed, 50,000 records an object; beside it Camel 4.14.0 (-Xmx1g)\n'
	for _ in $(seq "$rounds"); do
		our_round
		camel_round "$jars"
		lake_clear
	done
}
