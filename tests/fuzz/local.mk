# SPDX-License-Identifier: MIT
# libFuzzer targets: ./configure CC=clang --enable-fuzz --enable-sanitize

FUZZERS =
if ENABLE_FUZZ
noinst_PROGRAMS += $(FUZZERS)
endif

FUZZERS += tests/fuzz/fuzz_csv
tests_fuzz_fuzz_csv_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_csv_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_dynamo_item
tests_fuzz_fuzz_dynamo_item_LDADD = libkafkatodynamo.a $(COMMON_LIBS)
tests_fuzz_fuzz_dynamo_item_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_dynamo_verdicts
tests_fuzz_fuzz_dynamo_verdicts_LDADD = libkafkatodynamo.a $(COMMON_LIBS)
tests_fuzz_fuzz_dynamo_verdicts_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_envelope
tests_fuzz_fuzz_envelope_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_envelope_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_frames
tests_fuzz_fuzz_frames_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_frames_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_gen_template
tests_fuzz_fuzz_gen_template_LDADD = libgentokafka.a $(COMMON_LIBS)
tests_fuzz_fuzz_gen_template_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_json
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c tests/unit/json_oracle.c
tests_fuzz_fuzz_json_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_json_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_lambda_result
tests_fuzz_fuzz_lambda_result_LDADD = libkafkatolambda.a $(COMMON_LIBS)
tests_fuzz_fuzz_lambda_result_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_opensearch_reply
tests_fuzz_fuzz_opensearch_reply_LDADD = libkafkatoopensearch.a $(COMMON_LIBS)
tests_fuzz_fuzz_opensearch_reply_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_parquet
tests_fuzz_fuzz_parquet_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_parquet_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_partial
tests_fuzz_fuzz_partial_LDADD = libkafkawindow.a $(COMMON_LIBS)
tests_fuzz_fuzz_partial_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_resume_state
tests_fuzz_fuzz_resume_state_LDADD = libs3tokafka.a $(COMMON_LIBS)
tests_fuzz_fuzz_resume_state_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_s3_xml
tests_fuzz_fuzz_s3_xml_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_s3_xml_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_schema_guess
tests_fuzz_fuzz_schema_guess_LDADD = libkafkatos3.a $(COMMON_LIBS)
tests_fuzz_fuzz_schema_guess_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_shape
tests_fuzz_fuzz_shape_SOURCES = tests/fuzz/fuzz_shape.c tests/unit/shape_oracle.c
tests_fuzz_fuzz_shape_LDADD = libkafkatos3.a $(COMMON_LIBS)
tests_fuzz_fuzz_shape_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_template
tests_fuzz_fuzz_template_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_template_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

FUZZERS += tests/fuzz/fuzz_time
tests_fuzz_fuzz_time_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_time_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
