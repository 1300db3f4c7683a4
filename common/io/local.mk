# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/io/lines.c \
	common/io/lines.h
libcommon_a_SOURCES += \
	common/io/file.c \
	common/io/file.h
