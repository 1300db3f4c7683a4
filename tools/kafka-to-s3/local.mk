# SPDX-License-Identifier: MIT
bin_PROGRAMS += kafka-to-s3
noinst_LIBRARIES += libkafkatos3.a
libkafkatos3_a_SOURCES = \
	tools/kafka-to-s3/bundle.c \
	tools/kafka-to-s3/bundle.h \
	tools/kafka-to-s3/collector.c \
	tools/kafka-to-s3/collector.h \
	tools/kafka-to-s3/epoch.c \
	tools/kafka-to-s3/epoch.h \
	tools/kafka-to-s3/lake.c \
	tools/kafka-to-s3/lake.h \
	tools/kafka-to-s3/lake_epochs.c \
	tools/kafka-to-s3/lake_events.c \
	tools/kafka-to-s3/lake_marks.c \
	tools/kafka-to-s3/lake_state.h \
	tools/kafka-to-s3/lake_success.c \
	tools/kafka-to-s3/mark.c \
	tools/kafka-to-s3/mark.h \
	tools/kafka-to-s3/mark_text.c \
	tools/kafka-to-s3/mark_text.h \
	tools/kafka-to-s3/naming.c \
	tools/kafka-to-s3/naming.h \
	tools/kafka-to-s3/numbers.c \
	tools/kafka-to-s3/numbers.h \
	tools/kafka-to-s3/success.c \
	tools/kafka-to-s3/success.h \
	tools/kafka-to-s3/ddl/ddl_athena.c \
	tools/kafka-to-s3/ddl/ddl_athena.h \
	tools/kafka-to-s3/ddl/ddl_columns.c \
	tools/kafka-to-s3/ddl/ddl_partition.c \
	tools/kafka-to-s3/ddl/ddl_partition.h \
	tools/kafka-to-s3/ddl/ddl_state.h \
	tools/kafka-to-s3/format/additions.c \
	tools/kafka-to-s3/format/additions.h \
	tools/kafka-to-s3/format/columns.c \
	tools/kafka-to-s3/format/columns.h \
	tools/kafka-to-s3/format/columns_reader.c \
	tools/kafka-to-s3/format/columns_reader.h \
	tools/kafka-to-s3/format/format.c \
	tools/kafka-to-s3/format/format.h \
	tools/kafka-to-s3/format/format_csv.c \
	tools/kafka-to-s3/format/format_envelope.c \
	tools/kafka-to-s3/format/format_json.c \
	tools/kafka-to-s3/format/format_ops.h \
	tools/kafka-to-s3/format/format_parquet.c \
	tools/kafka-to-s3/format/json_shaper.c \
	tools/kafka-to-s3/format/json_shaper.h \
	tools/kafka-to-s3/format/json_text.c \
	tools/kafka-to-s3/format/json_text.h \
	tools/kafka-to-s3/format/options_format.c \
	tools/kafka-to-s3/format/options_format.h \
	tools/kafka-to-s3/format/options_table.c \
	tools/kafka-to-s3/format/options_table.h \
	tools/kafka-to-s3/format/print_schema.c \
	tools/kafka-to-s3/format/print_schema.h \
	tools/kafka-to-s3/format/schema_guess.c \
	tools/kafka-to-s3/format/schema_guess.h \
	tools/kafka-to-s3/format/shape.c \
	tools/kafka-to-s3/format/shape.h \
	tools/kafka-to-s3/publish/piecework.c \
	tools/kafka-to-s3/publish/piecework.h \
	tools/kafka-to-s3/publish/publisher.c \
	tools/kafka-to-s3/publish/publisher.h \
	tools/kafka-to-s3/publish/publisher_directory.c \
	tools/kafka-to-s3/publish/publisher_ops.h \
	tools/kafka-to-s3/publish/publisher_s3.c \
	tools/kafka-to-s3/publish/s3_marks.c \
	tools/kafka-to-s3/publish/s3_marks.h \
	tools/kafka-to-s3/publish/s3_options.c \
	tools/kafka-to-s3/publish/s3_options.h \
	tools/kafka-to-s3/publish/s3_target.c \
	tools/kafka-to-s3/publish/s3_target.h \
	tools/kafka-to-s3/publish/upload.c \
	tools/kafka-to-s3/publish/upload.h
kafka_to_s3_SOURCES = tools/kafka-to-s3/main.c
kafka_to_s3_LDADD = libkafkatos3.a $(COMMON_LIBS)
