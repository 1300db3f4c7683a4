# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/aws/s3.h
libcommon_a_SOURCES += common/aws/session.h
