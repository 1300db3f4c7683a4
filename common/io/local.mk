# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/io/lines.c \
	common/io/lines.h \
	common/io/read_file.c \
	common/io/read_file.h
