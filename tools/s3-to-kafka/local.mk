# SPDX-License-Identifier: MIT
bin_PROGRAMS += s3-to-kafka
noinst_LIBRARIES += libs3tokafka.a
libs3tokafka_a_SOURCES = \
	tools/s3-to-kafka/pace.c \
	tools/s3-to-kafka/pace.h \
	tools/s3-to-kafka/reorder.c \
	tools/s3-to-kafka/reorder.h \
	tools/s3-to-kafka/replay.c \
	tools/s3-to-kafka/replay.h
s3_to_kafka_SOURCES = tools/s3-to-kafka/main.c
s3_to_kafka_LDADD = libs3tokafka.a $(COMMON_LIBS)
