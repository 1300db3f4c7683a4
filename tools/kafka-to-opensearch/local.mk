# SPDX-License-Identifier: MIT
bin_PROGRAMS += kafka-to-opensearch
noinst_LIBRARIES += libkafkatoopensearch.a
libkafkatoopensearch_a_SOURCES = \
	tools/kafka-to-opensearch/access.c \
	tools/kafka-to-opensearch/access.h \
	tools/kafka-to-opensearch/action.c \
	tools/kafka-to-opensearch/bulk.c \
	tools/kafka-to-opensearch/cluster.c \
	tools/kafka-to-opensearch/cluster.h \
	tools/kafka-to-opensearch/reply.c \
	tools/kafka-to-opensearch/reply.h \
	tools/kafka-to-opensearch/service.c \
	tools/kafka-to-opensearch/service.h \
	tools/kafka-to-opensearch/service_state.h
kafka_to_opensearch_SOURCES = tools/kafka-to-opensearch/main.c
kafka_to_opensearch_LDADD = libkafkatoopensearch.a $(COMMON_LIBS)
