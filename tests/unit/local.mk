# SPDX-License-Identifier: MIT
# One cmocka group a program.

UNIT_TESTS += tests/unit/test_aws_settings
tests_unit_test_aws_settings_SOURCES = tests/unit/test_aws_settings.c tests/unit/scratch.c
tests_unit_test_aws_settings_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_aws_settings_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_base
tests_unit_test_base_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_base_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_base64
tests_unit_test_base64_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_base64_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_carrier_http
tests_unit_test_carrier_http_SOURCES = tests/unit/test_carrier_http.c tests/unit/fake_server.c
tests_unit_test_carrier_http_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_carrier_http_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_child
tests_unit_test_child_SOURCES = tests/unit/test_child.c tests/unit/scratch.c
tests_unit_test_child_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_child_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_credentials
tests_unit_test_credentials_SOURCES = tests/unit/test_credentials.c tests/unit/aws_kit.c \
	tests/unit/fake_aws.c tests/unit/scratch.c
tests_unit_test_credentials_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_credentials_LDADD = $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_complete
tests_unit_test_complete_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_complete_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_composer
tests_unit_test_composer_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_composer_LDADD = libs3tokafka.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_crc64
tests_unit_test_crc64_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_crc64_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_csv
tests_unit_test_csv_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_csv_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_diag
tests_unit_test_diag_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_diag_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_dynamo_decimal
tests_unit_test_dynamo_decimal_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dynamo_decimal_LDADD = libkafkatodynamo.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_dynamo_item
tests_unit_test_dynamo_item_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dynamo_item_LDADD = libkafkatodynamo.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_dynamo_service
tests_unit_test_dynamo_service_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dynamo_service_LDADD = libkafkatodynamo.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_dynamo_table
tests_unit_test_dynamo_table_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dynamo_table_LDADD = libkafkatodynamo.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_envelope
tests_unit_test_envelope_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_envelope_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_field
tests_unit_test_field_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_field_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_file
tests_unit_test_file_SOURCES = tests/unit/test_file.c tests/unit/scratch.c
tests_unit_test_file_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_file_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_frames
tests_unit_test_frames_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_frames_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_frontier
tests_unit_test_frontier_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_frontier_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_http
tests_unit_test_http_SOURCES = tests/unit/test_http.c tests/unit/fake_server.c tests/unit/scratch.c
tests_unit_test_http_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_http_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_http_retry
tests_unit_test_http_retry_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_http_retry_LDADD = $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_generate
tests_unit_test_generate_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_generate_LDADD = libgentokafka.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_gen_random
tests_unit_test_gen_random_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_gen_random_LDADD = libgentokafka.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_gen_shape
tests_unit_test_gen_shape_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_gen_shape_LDADD = libgentokafka.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_json
tests_unit_test_json_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_json_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_json_error
tests_unit_test_json_error_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_json_error_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_json_jansson
tests_unit_test_json_jansson_SOURCES = tests/unit/test_json_jansson.c tests/unit/json_oracle.c
tests_unit_test_json_jansson_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_json_jansson_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_kafka_options
tests_unit_test_kafka_options_SOURCES = tests/unit/test_kafka_options.c tests/unit/scratch.c
tests_unit_test_kafka_options_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_kafka_options_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_lake
tests_unit_test_lake_SOURCES = tests/unit/test_lake.c tests/unit/scratch.c
tests_unit_test_lake_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lake_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_lambda_event
tests_unit_test_lambda_event_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lambda_event_LDADD = libkafkatolambda.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_lambda_service
tests_unit_test_lambda_service_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lambda_service_LDADD = libkafkatolambda.a $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_lanes
tests_unit_test_lanes_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lanes_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_lines
tests_unit_test_lines_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lines_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_loop
tests_unit_test_loop_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_loop_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_msk
tests_unit_test_msk_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_msk_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_lake_format
tests_unit_test_lake_format_SOURCES = tests/unit/test_lake_format.c tests/unit/shape_oracle.c
tests_unit_test_lake_format_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lake_format_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_lake_parquet
tests_unit_test_lake_parquet_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lake_parquet_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_naming
tests_unit_test_naming_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_naming_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_number
tests_unit_test_number_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_number_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_object_fetch
tests_unit_test_object_fetch_SOURCES = tests/unit/test_object_fetch.c tests/unit/scratch.c
tests_unit_test_object_fetch_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_object_fetch_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_objects
tests_unit_test_objects_SOURCES = tests/unit/test_objects.c tests/unit/scratch.c
tests_unit_test_objects_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_objects_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_collector
tests_unit_test_collector_SOURCES = tests/unit/test_collector.c tests/unit/scratch.c
tests_unit_test_collector_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_collector_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_opensearch_access
tests_unit_test_opensearch_access_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_opensearch_access_LDADD = libkafkatoopensearch.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_opensearch_action
tests_unit_test_opensearch_action_SOURCES = tests/unit/test_opensearch_action.c tests/unit/opensearch_kit.c
tests_unit_test_opensearch_action_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_opensearch_action_LDADD = libkafkatoopensearch.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_opensearch_verdict
tests_unit_test_opensearch_verdict_SOURCES = tests/unit/test_opensearch_verdict.c tests/unit/opensearch_kit.c
tests_unit_test_opensearch_verdict_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_opensearch_verdict_LDADD = libkafkatoopensearch.a $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_parquet
tests_unit_test_parquet_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_parquet_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_parquet_parts
tests_unit_test_parquet_parts_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_parquet_parts_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_parquet_batch
tests_unit_test_parquet_batch_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_parquet_batch_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_pump
tests_unit_test_pump_SOURCES = tests/unit/test_pump.c tests/unit/scratch.c
tests_unit_test_pump_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pump_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_meter
tests_unit_test_meter_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_meter_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_pace
tests_unit_test_pace_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pace_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_pump_sim
tests_unit_test_pump_sim_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pump_sim_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_record
tests_unit_test_record_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_record_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c tests/unit/scratch.c
tests_unit_test_report_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_report_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_replay
tests_unit_test_replay_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_replay_LDADD = libs3tokafka.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_s3_marks
tests_unit_test_s3_marks_SOURCES = tests/unit/test_s3_marks.c tests/unit/s3_put_kit.c \
	tests/unit/fake_server.c
tests_unit_test_s3_marks_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_s3_marks_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_s3_put
tests_unit_test_s3_put_SOURCES = tests/unit/test_s3_put.c tests/unit/s3_put_kit.c \
	tests/unit/fake_server.c
tests_unit_test_s3_put_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_s3_put_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_s3_put_faults
tests_unit_test_s3_put_faults_SOURCES = tests/unit/test_s3_put_faults.c tests/unit/s3_put_kit.c \
	tests/unit/fake_server.c
tests_unit_test_s3_put_faults_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_s3_put_faults_LDADD = $(UNIT_LIBS)

noinst_HEADERS += tests/unit/s3_put_kit.h

UNIT_TESTS += tests/unit/test_s3
tests_unit_test_s3_SOURCES = tests/unit/test_s3.c tests/unit/fake_server.c
tests_unit_test_s3_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_s3_LDADD = $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_resume
tests_unit_test_resume_SOURCES = tests/unit/test_resume.c tests/unit/scratch.c
tests_unit_test_resume_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_resume_LDADD = libs3tokafka.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_session
tests_unit_test_session_SOURCES = tests/unit/test_session.c tests/unit/aws_kit.c \
	tests/unit/fake_aws.c tests/unit/scratch.c
tests_unit_test_session_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_session_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_sigv4
tests_unit_test_sigv4_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_sigv4_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_table
tests_unit_test_table_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_table_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_template
tests_unit_test_template_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_template_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_time
tests_unit_test_time_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_time_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_time_like
tests_unit_test_time_like_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_time_like_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_assign
tests_unit_test_window_assign_SOURCES = tests/unit/test_window_assign.c tests/unit/window_kit.c
tests_unit_test_window_assign_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_assign_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_aggregate
tests_unit_test_window_aggregate_SOURCES = tests/unit/test_window_aggregate.c tests/unit/window_kit.c
tests_unit_test_window_aggregate_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_aggregate_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_options
tests_unit_test_window_options_SOURCES = tests/unit/test_window_options.c tests/unit/window_kit.c
tests_unit_test_window_options_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_options_LDADD = libkafkawindow.a $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_window_calendar
tests_unit_test_window_calendar_SOURCES = tests/unit/test_window_calendar.c tests/unit/window_kit.c
tests_unit_test_window_calendar_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_calendar_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_cumulate
tests_unit_test_window_cumulate_SOURCES = tests/unit/test_window_cumulate.c tests/unit/window_kit.c
tests_unit_test_window_cumulate_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_cumulate_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_engine
tests_unit_test_window_engine_SOURCES = tests/unit/test_window_engine.c tests/unit/window_kit.c
tests_unit_test_window_engine_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_engine_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_key
tests_unit_test_window_key_SOURCES = tests/unit/test_window_key.c tests/unit/window_kit.c
tests_unit_test_window_key_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_key_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_lateness
tests_unit_test_window_lateness_SOURCES = tests/unit/test_window_lateness.c tests/unit/window_kit.c
tests_unit_test_window_lateness_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_lateness_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_lives
tests_unit_test_window_lives_SOURCES = tests/unit/test_window_lives.c tests/unit/window_kit.c
tests_unit_test_window_lives_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_lives_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_partial
tests_unit_test_window_partial_SOURCES = tests/unit/test_window_partial.c tests/unit/window_kit.c
tests_unit_test_window_partial_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_partial_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_property
tests_unit_test_window_property_SOURCES = tests/unit/test_window_property.c tests/unit/window_kit.c
tests_unit_test_window_property_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_property_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_simulation
tests_unit_test_window_simulation_SOURCES = tests/unit/test_window_simulation.c tests/unit/window_kit.c
tests_unit_test_window_simulation_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_simulation_LDADD = libkafkawindow.a $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_window_sketch
tests_unit_test_window_sketch_SOURCES = tests/unit/test_window_sketch.c tests/unit/window_kit.c
tests_unit_test_window_sketch_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_sketch_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_zone
tests_unit_test_window_zone_SOURCES = tests/unit/test_window_zone.c tests/unit/scratch.c tests/unit/window_kit.c
tests_unit_test_window_zone_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_zone_LDADD = libkafkawindow.a $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_windower
tests_unit_test_windower_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_windower_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_session
tests_unit_test_window_session_SOURCES = tests/unit/test_window_session.c tests/unit/window_kit.c
tests_unit_test_window_session_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_session_LDADD = libkafkawindow.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_window_session_engine
tests_unit_test_window_session_engine_SOURCES = tests/unit/test_window_session_engine.c tests/unit/window_kit.c
tests_unit_test_window_session_engine_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_window_session_engine_LDADD = libkafkawindow.a $(UNIT_LIBS)

EXTRA_DIST += tests/aws/fake_lambda.py
UNIT_TESTS += tests/unit/test_stats
tests_unit_test_stats_SOURCES = tests/unit/test_stats.c tests/unit/scratch.c
tests_unit_test_stats_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_stats_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_workers
tests_unit_test_workers_SOURCES = tests/unit/test_workers.c tests/unit/scratch.c
tests_unit_test_workers_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_workers_LDADD = $(UNIT_LIBS)

EXTRA_DIST += tests/aws/fake_s3.py tests/aws/s3_store.py

EXTRA_DIST += tests/io/fake_http.py

noinst_HEADERS += tests/unit/fake_server.h

noinst_HEADERS += tests/unit/aws_kit.h

noinst_HEADERS += tests/unit/fake_aws.h

noinst_HEADERS += tests/unit/json_oracle.h
noinst_HEADERS += tests/unit/shape_oracle.h

noinst_HEADERS += tests/unit/opensearch_kit.h

noinst_HEADERS += tests/unit/scratch.h

noinst_HEADERS += tests/unit/shared_data.h

noinst_HEADERS += tests/unit/sigv4_cases.h

noinst_HEADERS += tests/unit/window_kit.h

# the scanner without SSE2
UNIT_TESTS += tests/unit/test_json_portable
tests_unit_test_json_portable_SOURCES = tests/unit/test_json.c common/codec/json.c
tests_unit_test_json_portable_CPPFLAGS = $(AM_CPPFLAGS) -DSLUICE_PORTABLE
tests_unit_test_json_portable_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_json_portable_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_json_jansson_portable
tests_unit_test_json_jansson_portable_SOURCES = tests/unit/test_json_jansson.c tests/unit/json_oracle.c common/codec/json.c
tests_unit_test_json_jansson_portable_CPPFLAGS = $(AM_CPPFLAGS) -DSLUICE_PORTABLE
tests_unit_test_json_jansson_portable_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_json_jansson_portable_LDADD = $(UNIT_LIBS)

EXTRA_DIST += tests/aws/fake_aws.py tests/aws/fake_msk.py

EXTRA_DIST += tests/aws/fake_dynamo.py

UNIT_TESTS += tests/unit/test_epoch
tests_unit_test_epoch_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_epoch_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_epoch_sim
tests_unit_test_epoch_sim_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_epoch_sim_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_success
tests_unit_test_success_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_success_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_template_unit
tests_unit_test_template_unit_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_template_unit_LDADD = $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_schema_guess
tests_unit_test_schema_guess_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_schema_guess_LDADD = libkafkatos3.a $(UNIT_LIBS)
UNIT_TESTS += tests/unit/test_piecework
tests_unit_test_piecework_SOURCES = tests/unit/test_piecework.c
tests_unit_test_piecework_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_piecework_LDADD = libkafkatos3.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_default_group
tests_unit_test_default_group_SOURCES = tests/unit/test_default_group.c
tests_unit_test_default_group_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_default_group_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_topic_output
tests_unit_test_topic_output_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_topic_output_LDADD = libkafkatopic.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_topic_plan
tests_unit_test_topic_plan_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_topic_plan_LDADD = libkafkatopic.a $(UNIT_LIBS)
