# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What several labs begin with. Sourced by scripts/labs.

# make_rides: 3000 rides of Lab 1 over the ten minutes around the New Year, and all of the topic as kcat sees it
make_rides() {
	topic taxi-rides 5
	step <<'END'
gen-to-kafka --model taxi-ride --seed 1 --targets 5 --rate 1000 \
    --duration 3s --start 2023-12-31T23:55:00Z --time-step 200ms -t taxi-rides@@
kcat -C -b $BOOTSTRAP_SERVERS -t taxi-rides@@ -e -q -J >rides.kcat
head -n 1 rides.kcat | jq .
END
}

# make_input: taxi-trips.csv, which is that of Lab 2, and trips.json.lz4, which is what amazon-kinesis-replay reads: of
# two LZ4 frames
make_input() {
	step <<'END'
gen-to-kafka --model taxi-ride --seed 2 -c 350 \
    --start 2016-01-08T20:50:00Z --time-step 12s |
    jq -r '[.id, .vendor_id, (.pickup_date, .dropoff_date | .[:19] + "Z" |
        fromdate | strftime("%m/%d/%y %H:%M")), .passenger_count,
        .pickup_longitude, .pickup_latitude, .dropoff_longitude,
        .dropoff_latitude, .store_and_fwd_flag, .gc_distance / 7,
        .trip_duration, .google_distance, .google_duration] |
        map(tostring) | join(",")' >taxi-trips.csv
gen-to-kafka --model trip-event --seed 3 -c 5000 \
    --start 2018-12-31T12:00:00Z --time-step 18s >trips.json
{ head -n 2500 trips.json | lz4
    tail -n +2501 trips.json | lz4; } >trips.json.lz4
END
}

# needs_input: those two, the caller's where there are, in a bucket
needs_input() {
	[ "${mode:?}" = print ] || once input prepare_input
}

prepare_input() {
	if [ -n "${data?}" ]; then
		step <<<"cp $(quoted "$data")/{taxi-trips.csv,trips.json.lz4} .
lz4 -dc trips.json.lz4 >trips.json"
	else
		make_input
	fi
	upload
}

# upload: as a user of AWS would with `aws s3 cp`
upload() {
	step <<'END'
lab-s3 make taxi-data@@
lab-s3 put taxi-data@@/csv/taxi-trips.csv taxi-trips.csv
lab-s3 put taxi-data@@/json/trips.json.lz4 trips.json.lz4
END
}
