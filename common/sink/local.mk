# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/sink/pipe.c \
	common/sink/pipe.h \
	common/sink/sink.h \
	common/sink/topic.c \
	common/sink/topic.h
