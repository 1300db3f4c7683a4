#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 --print-ddl athena, statement by statement.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

schema() {
	cat >schema.json <<-'END'
		[{"name":"trip_id","type":"int64"},{"name":"fare","path":"trip.fare","type":"decimal(9,2)"},
		 {"name":"to","path":"trip.to.zone","type":"string"},{"name":"at","type":"timestamp(us)"},
		 {"name":"seats","type":"int32"},{"name":"ok","type":"bool"},{"name":"ratio","type":"float"},
		 {"name":"length","type":"double"},{"name":"day_of","type":"date"},{"name":"note","path":"doc","type":"json"}]
	END
}

ddl() {
	expect_status 0 kafka-to-s3 --print-ddl athena "$@" </dev/null
}

test_parquet_by_the_hour() {
	schema
	ddl --format parquet --schema schema.json -b localhost:1 -t trips \
		--path 'year={@year}/month={@month}/day={@day}/hour={@hour}' s3://bucket/lake/Trips-2019
	expect_text out "-- Ranges end where no data is expected: narrower ones plan faster.
-- Records without a time are in __DEFAULT_PARTITION__, which no range has.
CREATE EXTERNAL TABLE IF NOT EXISTS \`trips_2019\` (
  \`trip_id\` bigint,
  \`fare\` decimal(9,2),
  \`to\` string,
  \`at\` timestamp,
  \`seats\` int,
  \`ok\` boolean,
  \`ratio\` float,
  \`length\` double,
  \`day_of\` date,
  \`note\` string
)
PARTITIONED BY (
  \`year\` int,
  \`month\` int,
  \`day\` int,
  \`hour\` int
)
STORED AS PARQUET
LOCATION 's3://bucket/lake/Trips-2019/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2000,2100',
  'projection.year.digits' = '4',
  'projection.month.type' = 'integer',
  'projection.month.range' = '1,12',
  'projection.month.digits' = '2',
  'projection.day.type' = 'integer',
  'projection.day.range' = '1,31',
  'projection.day.digits' = '2',
  'projection.hour.type' = 'integer',
  'projection.hour.range' = '0,23',
  'projection.hour.digits' = '2',
  'storage.location.template' = 's3://bucket/lake/Trips-2019/year=\${year}/month=\${month}/day=\${day}/hour=\${hour}/'
);"
	[ ! -s err ]
}

test_fields_of_records_are_injected() {
	schema
	ddl --format parquet --schema schema.json --select seats --time at --path 'b={borough}/dt={@time:%Y-%m-%d}' \
		--table rides s3://bucket
	expect_text out "-- Each query has to say which b it wants: WHERE \`b\` = '...'
-- or leave out projection.* and storage.location.template, and run MSCK REPAIR TABLE
-- whenever there are new directories
-- Ranges end where no data is expected: narrower ones plan faster.
-- Records without a time are in __DEFAULT_PARTITION__, which no range has.
CREATE EXTERNAL TABLE IF NOT EXISTS \`rides\` (
  \`seats\` int
)
PARTITIONED BY (
  \`b\` string,
  \`dt\` string
)
STORED AS PARQUET
LOCATION 's3://bucket/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.b.type' = 'injected',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2000-01-01,NOW+1DAYS',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://bucket/b=\${b}/dt=\${dt}/'
);"
}

test_json_with_structs_and_directories_without_names() {
	schema
	ddl --schema schema.json --rename ok=fine --add 'source=lab3' -b localhost:1 -t trips --time at \
		--path 'raw/{@topic}/{@time:%Y/%m/%dT%H}/src=lab/z-{trip.zone}' s3://bucket/l/
	expect_text out "-- Each query has to say which zone it wants: WHERE \`zone\` = '...'
-- Ranges end where no data is expected: narrower ones plan faster.
CREATE EXTERNAL TABLE IF NOT EXISTS \`l\` (
  \`trip_id\` bigint,
  \`trip\` struct<fare:string,to:struct<zone:string>>,
  \`at\` string,
  \`seats\` int,
  \`fine\` boolean,
  \`ratio\` float,
  \`length\` double,
  \`day_of\` string,
  \`note\` string,
  \`source\` string
)
PARTITIONED BY (
  \`topic\` string,
  \`time\` string,
  \`src\` string,
  \`zone\` string
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES (
  'mapping.note' = 'doc'
)
LOCATION 's3://bucket/l/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.topic.type' = 'enum',
  'projection.topic.values' = 'trips',
  'projection.time.type' = 'date',
  'projection.time.format' = \"yyyy/MM/dd'T'HH\",
  'projection.time.range' = '2000/01/01T00,NOW+1HOURS',
  'projection.time.interval' = '1',
  'projection.time.interval.unit' = 'HOURS',
  'projection.src.type' = 'enum',
  'projection.src.values' = 'lab',
  'projection.zone.type' = 'injected',
  'storage.location.template' = 's3://bucket/l/raw/\${topic}/\${time}/src=\${src}/\${zone}/'
);"
	ddl --schema schema.json --select trip.fare,seats --rename seats=n s3://bucket/l
	expect_text out "CREATE EXTERNAL TABLE IF NOT EXISTS \`l\` (
  \`fare\` string,
  \`n\` int
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES (
  'mapping.fare' = 'trip.fare'
)
LOCATION 's3://bucket/l/';"
}

test_csv() {
	ddl --format csv --select a.b,c --add d=3 --delimiter ';' --time c --path 'm={@year}-{@month}' s3://bucket/l
	expect_text out "-- Ranges end where no data is expected: narrower ones plan faster.
-- Records without a time are in __DEFAULT_PARTITION__, which no range has.
-- The SerDe takes backslashes for escapes, and no line breaks in a cell.
CREATE EXTERNAL TABLE IF NOT EXISTS \`l\` (
  \`a_b\` string,
  \`c\` string,
  \`d\` string
)
PARTITIONED BY (
  \`m\` string
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
WITH SERDEPROPERTIES (
  'separatorChar' = ';',
  'quoteChar' = '\"',
  'escapeChar' = '\\\\'
)
LOCATION 's3://bucket/l/'
TBLPROPERTIES (
  'skip.header.line.count' = '1',
  'projection.enabled' = 'true',
  'projection.m.type' = 'date',
  'projection.m.format' = 'yyyy-MM',
  'projection.m.range' = '2000-01,NOW+1MONTHS',
  'projection.m.interval' = '1',
  'projection.m.interval.unit' = 'MONTHS',
  'storage.location.template' = 's3://bucket/l/m=\${m}/'
);"
	ddl --format csv --select c --no-header --delimiter '\t' s3://bucket/l
	expect_line "'separatorChar' = '.t'" out
	expect_no_line TBLPROPERTIES out
	# with a schema the columns are those that the files have
	schema
	ddl --format csv --schema schema.json --select to,trip.fare,ok --rename ok=fine --add ok:=true s3://bucket/l
	sed -n '/^CREATE/,/^)/p' out >columns
	expect_text columns "CREATE EXTERNAL TABLE IF NOT EXISTS \`l\` (
  \`to\` string,
  \`fare\` string,
  \`fine\` string,
  \`ok\` string
)"
}

# what a path makes of a time, and what a projection can make of it
test_times() {
	local path want
	schema
	while read -r path want; do
		ddl --format parquet --schema schema.json --time at --path "$path" s3://b/l
		grep -E "'projection\.x\.(type|format|digits|values)'" out | sed "s/.* = //; s/,\$//" | tr -d "'\"" | tr '\n' ' ' >got
		[ "$(cat got)" = "$want " ] || fail "$path: $(cat got)"
	done <<-'END'
		x={@hour} integer 2
		x={@time:%m} integer 2
		x={@time:%F} date yyyy-MM-dd
		x={@year}{@month}{@day} date yyyyMMdd
		x={@time:%d.%m.%Y} date dd.MM.yyyy
		x={@time:%Y-%m-%dT%H%M%S} date yyyy-MM-ddTHHmmss
		x={@time:%Y-%m-%dT%H:%M} injected
		x={@time:%Y-%d} injected
		x={@month}-{@day} injected
		x={@time:%Y-%j} injected
		x={@year}-{seats} injected
		x={seats:04d} injected
		x={@partition} injected
		x=lab enum lab
		x=a,b injected
		x={{a}/b={{c enum {a}
	END
}

# names JSON [OPTION...]: what the table's columns are called and what they are, of a schema
names() {
	printf '%s' "$1" >schema.json
	ddl --schema schema.json "${@:2}" s3://b/l
	sed -n '/^CREATE/,/^)/p' out | sed '1d;$d' | tr -d '`\n' >columns
	echo >>columns
}

test_objects_of_json() {
	local two='[{"path":"u.a","type":"int64"},{"path":"v","type":"bool"},{"path":"u.b.c","type":"date"}]'
	names "$two" --rename u=w --rename v=y --add 'x:=1'
	expect_text columns '  w struct<a:bigint,b:struct<c:string>>,  y boolean,  x bigint'
	# what is added is a member of the record, whatever the path of the column that gives its type
	names '[{"name":"z","path":"o.z","type":"int64"},{"path":"v","type":"bool"}]' --add 'z:=5'
	expect_text columns '  z bigint,  v boolean'
	refused() {
		printf '%s' "$1" >schema.json
		expect_status 2 kafka-to-s3 --print-ddl athena --schema schema.json "${@:3}" s3://b/l
		expect_line "$2" err
	}
	refused '[{"path":"u.first-name","type":"string"}]' 'first-name is a member of an object'
	refused '[{"name":"u","path":"u.x:int>,y","type":"string"}]' 'x:int>,y is a member of an object'
	refused '[{"path":"v.w","type":"bool"},{"path":"v","type":"json"}]' 'the fields v and v.w are one value'
	refused '[{"name":"a","path":"v","type":"bool"},{"name":"b","path":"v","type":"json"}]' 'v and v are one value'
	refused "$two" 'two columns would be called V' --rename u=v --rename v=V
	refused "$two" '--rename t: no column' --rename t=v
}

test_names_of_tables() {
	schema
	ddl --format parquet --schema schema.json --select ok --table db.rides s3://b/l
	expect_line 'EXISTS `db`\.`rides` \(' out
	for name in a.b.c .a a. ''; do
		expect_status 2 kafka-to-s3 --print-ddl athena --format parquet --schema schema.json --table "$name" s3://b/l
	done
}

# a file's compression that Athena may not read, and a directory that is the same for all
test_notes() {
	ddl --format csv --select c -z lz4 --path 'a{{b/c' s3://b/l
	expect_line '^-- Files are LZ4 frames' out
	ddl --format csv --select c -z gzip s3://b/l
	expect_no_line 'LZ4' out
	ddl --format csv --select c --path 'a{{b/x={c}' s3://b/l
	expect_line "s3://b/l/a\{b/x=\\$\{x\}/" out
}

test_what_no_table_fits() {
	schema
	expect_status 2 kafka-to-s3 --print-ddl athena --format parquet --schema schema.json ./lake
	expect_line 'is not in S3' err
	expect_status 2 kafka-to-s3 --print-ddl hive --format parquet --schema schema.json s3://b/l
	expect_status 2 kafka-to-s3 --print-ddl athena s3://b/l
	expect_line 'needs the columns: --schema' err
	expect_status 2 kafka-to-s3 --print-ddl athena --format parquet --schema schema.json --path 'OK={seats}' s3://b/l
	expect_line 'ok is a column of the data and a directory of --path' err
	expect_status 2 kafka-to-s3 --print-ddl athena --format parquet --schema schema.json --path 'x={seats}/x={ok}' s3://b/l
	expect_line 'two directories are called x' err
	expect_status 2 kafka-to-s3 --print-ddl athena --format parquet --schema schema.json --path 'x={@year' s3://b/l
	expect_status 2 kafka-to-s3 --print-ddl athena -b localhost:1 -t t -J s3://b/l
	expect_status 2 kafka-to-s3 --table t lake </dev/null
	expect_status 2 kafka-to-s3 --print-ddl athena --format csv --select a.b,a_b s3://b/l
	expect_line 'two columns would be called a_b' err
	expect_status 2 kafka-to-s3 --print-ddl athena --format csv --select a,A s3://b/l
	expect_line 'two columns would be called A' err
	# what could not be written has no table
	expect_status 2 kafka-to-s3 --print-ddl athena --format csv --select a --name x s3://b/l
	expect_line '--name "x": .* is missing' err
	expect_status 2 kafka-to-s3 --print-ddl athena --format csv --select a --path '{@year}' s3://b/l
}

run_tests
