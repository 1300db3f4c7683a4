# SPDX-License-Identifier: MIT
bin_PROGRAMS += kafka-to-lambda
noinst_LIBRARIES += libkafkatolambda.a
libkafkatolambda_a_SOURCES = \
	tools/kafka-to-lambda/access.c \
	tools/kafka-to-lambda/access.h \
	tools/kafka-to-lambda/carrier_command.c \
	tools/kafka-to-lambda/carrier_command.h \
	tools/kafka-to-lambda/event.c \
	tools/kafka-to-lambda/event.h \
	tools/kafka-to-lambda/failure.c \
	tools/kafka-to-lambda/failure.h \
	tools/kafka-to-lambda/result.c \
	tools/kafka-to-lambda/result.h \
	tools/kafka-to-lambda/service.c \
	tools/kafka-to-lambda/service.h
kafka_to_lambda_SOURCES = tools/kafka-to-lambda/main.c
kafka_to_lambda_LDADD = libkafkatolambda.a $(COMMON_LIBS)
