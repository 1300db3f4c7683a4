# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/sink/pipe.c common/sink/pipe.h
libcommon_a_SOURCES += common/sink/sink.h
libcommon_a_SOURCES += common/sink/topic.c common/sink/topic.h
