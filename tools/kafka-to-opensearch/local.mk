# SPDX-License-Identifier: MIT
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
