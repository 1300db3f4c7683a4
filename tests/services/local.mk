# SPDX-License-Identifier: MIT
EXTRA_DIST += \
	tests/services/kafka/service.sh \
	tests/services/kafka/KafkaAdmin.java \
	tests/services/kafka/KafkaRead.java \
	tests/services/kafka/pom.xml \
	tests/services/kafka/simplelogger.properties
EXTRA_DIST += tests/services/lib.sh tests/services/lake_lib.sh tests/services/lake_reader.py
EXTRA_DIST += tests/services/versitygw/service.sh tests/services/faults.py
EXTRA_DIST += tests/services/search_node.sh tests/services/rows.py
EXTRA_DIST += tests/services/opensearch/service.sh tests/services/opensearch3/service.sh \
	tests/services/elasticsearch7/service.sh tests/services/elasticsearch8/service.sh
EXTRA_DIST += tests/services/dynamodb/service.sh tests/services/dynamodb/pom.xml \
	tests/services/dynamodb/Loopback.java
EXTRA_DIST += tests/services/lambda/service.sh tests/services/lambda/package.json \
	tests/services/lambda/functions/echo.js
EXTRA_DIST += tests/services/lambda/handlers/picky.js tests/services/lambda/handlers/strict.js \
	tests/services/lambda/handlers/rides.py tests/services/lambda/handlers/run_handler.py
SERVICE_TESTS += tests/services/lambda.sh
SERVICE_TESTS += tests/services/kafka-to-s3.sh
SERVICE_TESTS += tests/services/lake_gaps.sh
SERVICE_TESTS += tests/services/lake_success.sh
SERVICE_TESTS += tests/services/lake_formats.sh
SERVICE_TESTS += tests/services/lake_s3.sh
SERVICE_TESTS += tests/services/lake_parquet.sh
SERVICE_TESTS += tests/services/man_examples.sh
SERVICE_TESTS += tests/services/main_job.sh
SERVICE_TESTS += tests/services/delivery.sh
SERVICE_TESTS += tests/services/gen.sh
SERVICE_TESTS += tests/services/reading.sh
SERVICE_TESTS += tests/services/resume.sh
SERVICE_TESTS += tests/services/window.sh
SERVICE_TESTS += tests/services/replay.sh
SERVICE_TESTS += tests/services/s3.sh
SERVICE_TESTS += tests/services/s3_put.sh
SERVICE_TESTS += tests/services/opensearch.sh
EXTRA_DIST += tests/services/items.py
SERVICE_TESTS += tests/services/dynamo.sh
SERVICE_TESTS += tests/services/pump.sh
SERVICE_TESTS += tests/services/progress.sh
SERVICE_TESTS += tests/services/labs.sh
SERVICE_TESTS += tests/services/labs_keep.sh
SERVICE_TESTS += tests/services/flink.sh
EXTRA_DIST += tests/services/flink/pom.xml tests/services/flink/FlinkWindows.java tests/services/flink/prepare.sh \
	tests/services/flink/cases.py tests/services/flink/fidelity.py tests/services/flink/rules.py \
	tests/services/flink/sources.py tests/services/flink/streams.py
SERVICE_TESTS += tests/services/topic.sh
EXTRA_DIST += tests/labs/input.sh tests/labs/page.sh tests/labs/compare.py tests/labs/bin/lab-s3 tests/labs/bin/duckdb tests/labs/trip.json \
	tests/labs/1-generate.sh tests/labs/2-replay.sh tests/labs/3-lake.sh tests/labs/4-aggregate.sh \
	tests/labs/5-dynamo.sh tests/labs/6-lambda.sh tests/labs/7-etl.sh tests/labs/8-clickstream.sh \
	tests/labs/index-mapping-departments_count.json tests/labs/index-mapping-user_session_counts.json \
	tests/labs/index-mapping-user_session_details.json
SERVICE_TESTS += tests/services/systemd.sh
