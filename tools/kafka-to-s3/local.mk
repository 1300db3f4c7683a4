# SPDX-License-Identifier: MIT
bin_PROGRAMS += kafka-to-s3
noinst_LIBRARIES += libkafkatos3.a
libkafkatos3_a_SOURCES = \
	tools/kafka-to-s3/columns.c \
	tools/kafka-to-s3/columns.h \
	tools/kafka-to-s3/columns_reader.c \
	tools/kafka-to-s3/columns_reader.h \
	tools/kafka-to-s3/ddl_athena.c \
	tools/kafka-to-s3/ddl_athena.h \
	tools/kafka-to-s3/ddl_columns.c \
	tools/kafka-to-s3/ddl_partition.c \
	tools/kafka-to-s3/ddl_partition.h \
	tools/kafka-to-s3/ddl_state.h \
	tools/kafka-to-s3/epoch.c \
	tools/kafka-to-s3/epoch.h \
	tools/kafka-to-s3/format.c \
	tools/kafka-to-s3/format.h \
	tools/kafka-to-s3/format_json.c \
	tools/kafka-to-s3/format_ops.h \
	tools/kafka-to-s3/format_parquet.c \
	tools/kafka-to-s3/options_table.c \
	tools/kafka-to-s3/options_table.h \
	tools/kafka-to-s3/print_schema.c \
	tools/kafka-to-s3/print_schema.h \
	tools/kafka-to-s3/schema_guess.c \
	tools/kafka-to-s3/schema_guess.h \
	tools/kafka-to-s3/json_text.c \
	tools/kafka-to-s3/json_text.h \
	tools/kafka-to-s3/json_shaper.c \
	tools/kafka-to-s3/json_shaper.h \
	tools/kafka-to-s3/lake.c \
	tools/kafka-to-s3/lake.h \
	tools/kafka-to-s3/naming.c \
	tools/kafka-to-s3/naming.h \
	tools/kafka-to-s3/lake_epochs.c \
	tools/kafka-to-s3/lake_state.h \
	tools/kafka-to-s3/mark.c \
	tools/kafka-to-s3/mark.h \
	tools/kafka-to-s3/mark_text.c \
	tools/kafka-to-s3/mark_text.h \
	tools/kafka-to-s3/success.c \
	tools/kafka-to-s3/success.h \
	tools/kafka-to-s3/lake_events.c \
	tools/kafka-to-s3/lake_marks.c \
	tools/kafka-to-s3/lake_success.c \
	tools/kafka-to-s3/numbers.c \
	tools/kafka-to-s3/piecework.c \
	tools/kafka-to-s3/piecework.h \
	tools/kafka-to-s3/numbers.h \
	tools/kafka-to-s3/bundle.c \
	tools/kafka-to-s3/bundle.h \
	tools/kafka-to-s3/additions.c \
	tools/kafka-to-s3/additions.h \
	tools/kafka-to-s3/shape.c \
	tools/kafka-to-s3/shape.h \
	tools/kafka-to-s3/options_format.c \
	tools/kafka-to-s3/options_format.h \
	tools/kafka-to-s3/format_envelope.c \
	tools/kafka-to-s3/format_csv.c \
	tools/kafka-to-s3/collector.c \
	tools/kafka-to-s3/collector.h \
	tools/kafka-to-s3/publisher.c \
	tools/kafka-to-s3/publisher.h \
	tools/kafka-to-s3/publisher_directory.c \
	tools/kafka-to-s3/publisher_ops.h \
	tools/kafka-to-s3/publisher_s3.c \
	tools/kafka-to-s3/s3_marks.c \
	tools/kafka-to-s3/s3_marks.h \
	tools/kafka-to-s3/s3_options.c \
	tools/kafka-to-s3/s3_options.h \
	tools/kafka-to-s3/s3_target.c \
	tools/kafka-to-s3/s3_target.h \
	tools/kafka-to-s3/upload.c \
	tools/kafka-to-s3/upload.h
kafka_to_s3_SOURCES = tools/kafka-to-s3/main.c
kafka_to_s3_LDADD = libkafkatos3.a $(COMMON_LIBS)
