# SPDX-License-Identifier: MIT
bin_PROGRAMS += kafka-to-s3
noinst_LIBRARIES += libkafkatos3.a
libkafkatos3_a_SOURCES = \
	tools/kafka-to-s3/epoch.c \
	tools/kafka-to-s3/epoch.h \
	tools/kafka-to-s3/format.c \
	tools/kafka-to-s3/format.h \
	tools/kafka-to-s3/format_json.c \
	tools/kafka-to-s3/format_ops.h \
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
	tools/kafka-to-s3/lake_success.c \
	tools/kafka-to-s3/bundle.c \
	tools/kafka-to-s3/bundle.h \
	tools/kafka-to-s3/collector.c \
	tools/kafka-to-s3/collector.h \
	tools/kafka-to-s3/publisher.c \
	tools/kafka-to-s3/publisher.h
kafka_to_s3_SOURCES = tools/kafka-to-s3/main.c
kafka_to_s3_LDADD = libkafkatos3.a $(COMMON_LIBS)
