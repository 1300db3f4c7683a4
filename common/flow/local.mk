# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/flow/field.c \
	common/flow/field.h \
	common/flow/record.c \
	common/flow/record.h
