# SPDX-License-Identifier: MIT
bin_PROGRAMS += s3-to-kafka
noinst_LIBRARIES += libs3tokafka.a
libs3tokafka_a_SOURCES =
libs3tokafka_a_SOURCES += tools/s3-to-kafka/composer.c tools/s3-to-kafka/composer.h
libs3tokafka_a_SOURCES += tools/s3-to-kafka/flight.c tools/s3-to-kafka/flight.h
libs3tokafka_a_SOURCES += tools/s3-to-kafka/objects_options.c tools/s3-to-kafka/objects_options.h
libs3tokafka_a_SOURCES += tools/s3-to-kafka/outlet.c tools/s3-to-kafka/outlet.h
libs3tokafka_a_SOURCES += tools/s3-to-kafka/progress.c tools/s3-to-kafka/progress.h
libs3tokafka_a_SOURCES += tools/s3-to-kafka/reorder.c tools/s3-to-kafka/reorder.h
libs3tokafka_a_SOURCES += tools/s3-to-kafka/replay.c tools/s3-to-kafka/replay.h
libs3tokafka_a_SOURCES += tools/s3-to-kafka/replay_options.c
libs3tokafka_a_SOURCES += tools/s3-to-kafka/schedule.c tools/s3-to-kafka/schedule.h
libs3tokafka_a_SOURCES += tools/s3-to-kafka/shift.c tools/s3-to-kafka/shift.h
s3_to_kafka_SOURCES = tools/s3-to-kafka/main.c
s3_to_kafka_LDADD = libs3tokafka.a $(COMMON_LIBS)
