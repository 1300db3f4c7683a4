# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/flow/envelope.h
libcommon_a_SOURCES += common/flow/field.c common/flow/field.h
libcommon_a_SOURCES += common/flow/frontier.h
libcommon_a_SOURCES += common/flow/record.c common/flow/record.h
libcommon_a_SOURCES += common/flow/template.h
