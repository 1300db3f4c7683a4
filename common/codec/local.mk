# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/codec/number.c \
	common/codec/number.h \
	common/codec/time.c \
	common/codec/time.h
