# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/source/pipe.c \
	common/source/pipe.h \
	common/source/source.h
