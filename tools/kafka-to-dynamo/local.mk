# SPDX-License-Identifier: MIT
bin_PROGRAMS += kafka-to-dynamo
noinst_LIBRARIES += libkafkatodynamo.a
libkafkatodynamo_a_SOURCES = \
	tools/kafka-to-dynamo/attribute.c \
	tools/kafka-to-dynamo/attribute.h \
	tools/kafka-to-dynamo/decimal.c \
	tools/kafka-to-dynamo/decimal.h \
	tools/kafka-to-dynamo/expression.c \
	tools/kafka-to-dynamo/expression.h \
	tools/kafka-to-dynamo/item.c \
	tools/kafka-to-dynamo/item.h \
	tools/kafka-to-dynamo/item_options.c \
	tools/kafka-to-dynamo/service.c \
	tools/kafka-to-dynamo/service.h \
	tools/kafka-to-dynamo/table.c \
	tools/kafka-to-dynamo/table.h \
	tools/kafka-to-dynamo/table_schema.c \
	tools/kafka-to-dynamo/tree.c \
	tools/kafka-to-dynamo/tree.h \
	tools/kafka-to-dynamo/verdicts.c \
	tools/kafka-to-dynamo/verdicts.h
kafka_to_dynamo_SOURCES = tools/kafka-to-dynamo/main.c
kafka_to_dynamo_LDADD = libkafkatodynamo.a $(COMMON_LIBS)
