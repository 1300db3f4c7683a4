# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libkafkawindow.a
libkafkawindow_a_SOURCES =
libkafkawindow_a_SOURCES += tools/kafka-window/aggregate.c tools/kafka-window/aggregate.h
libkafkawindow_a_SOURCES += tools/kafka-window/assign.c tools/kafka-window/assign.h
libkafkawindow_a_SOURCES += tools/kafka-window/engine.c tools/kafka-window/engine.h
libkafkawindow_a_SOURCES += tools/kafka-window/groupkey.c tools/kafka-window/groupkey.h
libkafkawindow_a_SOURCES += tools/kafka-window/mark.c tools/kafka-window/mark.h
libkafkawindow_a_SOURCES += tools/kafka-window/partial.c tools/kafka-window/partial.h
libkafkawindow_a_SOURCES += tools/kafka-window/row.c tools/kafka-window/row.h
libkafkawindow_a_SOURCES += tools/kafka-window/table.c tools/kafka-window/table.h
libkafkawindow_a_SOURCES += tools/kafka-window/varint.h
libkafkawindow_a_SOURCES += tools/kafka-window/watermark.c tools/kafka-window/watermark.h
libkafkawindow_a_SOURCES += tools/kafka-window/window.c tools/kafka-window/window.h
libkafkawindow_a_SOURCES += tools/kafka-window/windower.c tools/kafka-window/windower.h
bin_PROGRAMS += kafka-window
kafka_window_SOURCES = tools/kafka-window/main.c
kafka_window_LDADD = libkafkawindow.a $(COMMON_LIBS)
