# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/io/kafka.c \
	common/io/kafka.h \
	common/io/kafka_options.c \
	common/io/kafka_wait.c \
	common/io/lines.c \
	common/io/lines.h
