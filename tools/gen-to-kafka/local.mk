# SPDX-License-Identifier: MIT
bin_PROGRAMS += gen-to-kafka
noinst_LIBRARIES += libgentokafka.a
libgentokafka_a_SOURCES = \
	tools/gen-to-kafka/arguments.c \
	tools/gen-to-kafka/arguments.h \
	tools/gen-to-kafka/clicks.c \
	tools/gen-to-kafka/clicks.h \
	tools/gen-to-kafka/damage.c \
	tools/gen-to-kafka/damage.h \
	tools/gen-to-kafka/digits.c \
	tools/gen-to-kafka/digits.h \
	tools/gen-to-kafka/generate.c \
	tools/gen-to-kafka/generate.h \
	tools/gen-to-kafka/generators.c \
	tools/gen-to-kafka/labels.c \
	tools/gen-to-kafka/labels.h \
	tools/gen-to-kafka/models.c \
	tools/gen-to-kafka/models.h \
	tools/gen-to-kafka/places.c \
	tools/gen-to-kafka/places.h \
	tools/gen-to-kafka/random.c \
	tools/gen-to-kafka/random.h \
	tools/gen-to-kafka/render.c \
	tools/gen-to-kafka/shape.c \
	tools/gen-to-kafka/shape.h \
	tools/gen-to-kafka/step.h
gen_to_kafka_SOURCES = tools/gen-to-kafka/main.c
gen_to_kafka_LDADD = libgentokafka.a $(COMMON_LIBS)
