# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/codec/base64.c \
	common/codec/base64.h \
	common/codec/json.c \
	common/codec/json.h \
	common/codec/json_paths.c \
	common/codec/json_string.c \
	common/codec/json_wide.h \
	common/codec/utf8.c \
	common/codec/utf8.h
