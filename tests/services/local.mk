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
SERVICE_TESTS += tests/services/flink.sh
EXTRA_DIST += tests/services/flink/pom.xml tests/services/flink/FlinkWindows.java tests/services/flink/prepare.sh \
	tests/services/flink/cases.py tests/services/flink/fidelity.py tests/services/flink/streams.py
SERVICE_TESTS += tests/services/topic.sh
