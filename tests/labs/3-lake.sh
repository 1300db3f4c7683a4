# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: The rides become a lake in S3, Parquet by hour of pickup, and SQL counts them.
# needs: kafka versitygw
# uses: sql

needs_rides
step <<'END'
lab-s3 make taxi-lake@@
kafka-to-s3 -t taxi-rides@@ --print-schema >rides.schema.json
lake=(-t taxi-rides@@ --format parquet --schema rides.schema.json
    --add source=NYCTAXI --time pickup_date
    --path 'year={@year}/month={@month}/date={@day}/hour={@hour}'
    s3://taxi-lake@@/rides)
kafka-to-s3 -e --success-after 1m "${lake[@]}"
lab-s3 list taxi-lake@@/rides/year >objects
lab-s3 get taxi-lake@@/rides/year ./copy
kafka-to-s3 --print-ddl athena "${lake[@]}" >rides.sql
head -n 8 rides.sql
END
compare objects rides.kcat objects
compare table rides.sql
if has_sql; then
	step <<'END'
duckdb -jsonlines -c "SELECT year, month, date, hour, count(*) AS rides,
    sum(passenger_count)::INT AS passengers
    FROM read_parquet('copy/rides/**/*.parquet', hive_partitioning=true,
        hive_types_autocast=false)
    GROUP BY ALL ORDER BY ALL" >hours.json
cat hours.json
duckdb -jsonlines -c "SELECT * EXCLUDE (pickup_date, dropoff_date, source),
    strftime(pickup_date, '%Y-%m-%dT%H:%M:%S.%g') AS pickup_date,
    strftime(dropoff_date, '%Y-%m-%dT%H:%M:%S.%g') AS dropoff_date
    FROM read_parquet('copy/rides/**/*.parquet', hive_partitioning=false)
    WHERE source = 'NYCTAXI'" >rows.json
END
	compare lake rides.kcat hours.json rows.json
else
	skip 'SQL over the lake: there is no DuckDB (scripts/install-deps labs)'
fi
