# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/run/client.c \
	common/run/client.h \
	common/run/deadletter.c \
	common/run/deadletter.h \
	common/run/input.c \
	common/run/input.h \
	common/run/job.c \
	common/run/job.h \
	common/run/output.c \
	common/run/output.h \
	common/run/settings.c \
	common/run/settings.h
