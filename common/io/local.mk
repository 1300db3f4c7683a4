# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/io/file.c common/io/file.h
libcommon_a_SOURCES += common/io/http.c common/io/http.h
libcommon_a_SOURCES += common/io/http_attempt.c
libcommon_a_SOURCES += common/io/http_curl.c
libcommon_a_SOURCES += common/io/http_end.c
libcommon_a_SOURCES += common/io/http_fetch.c
libcommon_a_SOURCES += common/io/http_retry.c common/io/http_retry.h
libcommon_a_SOURCES += common/io/http_state.h
libcommon_a_SOURCES += common/io/kafka.c common/io/kafka.h
libcommon_a_SOURCES += common/io/kafka_admin.c common/io/kafka_admin.h
libcommon_a_SOURCES += common/io/kafka_options.c
libcommon_a_SOURCES += common/io/kafka_wait.c
libcommon_a_SOURCES += common/io/lines.c common/io/lines.h
libcommon_a_SOURCES += common/io/loop.c common/io/loop.h
libcommon_a_SOURCES += common/io/paths.c common/io/paths.h
libcommon_a_SOURCES += common/io/read_file.c common/io/read_file.h
