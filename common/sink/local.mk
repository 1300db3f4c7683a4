# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/sink/pipe.c common/sink/pipe.h
libcommon_a_SOURCES += common/sink/sink.h
libcommon_a_SOURCES += common/sink/topic.c common/sink/topic.h common/sink/topic_state.h
libcommon_a_SOURCES += common/sink/topic_stage.c
libcommon_a_SOURCES += common/sink/transaction.c common/sink/transaction.h
