# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/base/buf.c common/base/buf.h
libcommon_a_SOURCES += common/base/clock.c common/base/clock.h
libcommon_a_SOURCES += common/base/diag.c common/base/diag.h
libcommon_a_SOURCES += common/base/err.c common/base/err.h
libcommon_a_SOURCES += common/base/opt.c common/base/opt.h
libcommon_a_SOURCES += common/base/slice.h
libcommon_a_SOURCES += common/base/stop.c common/base/stop.h
libcommon_a_SOURCES += common/base/utf8.h
