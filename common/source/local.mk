# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/source/objects.c \
	common/source/objects.h \
	common/source/pipe.c \
	common/source/pipe.h \
	common/source/source.h
