# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/base/buf.c \
	common/base/buf.h \
	common/base/clock.c \
	common/base/clock.h \
	common/base/diag.c \
	common/base/diag.h \
	common/base/err.c \
	common/base/err.h \
	common/base/opt.c \
	common/base/opt.h \
	common/base/slice.h \
	common/base/stop.c \
	common/base/stop.h
