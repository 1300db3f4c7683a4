# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/codec/json.c common/codec/json.h common/codec/json_string.c
libcommon_a_SOURCES += common/codec/number.c common/codec/number.h
