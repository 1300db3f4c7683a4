# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/codec/base64.c common/codec/base64.h
libcommon_a_SOURCES += common/codec/csv.c common/codec/csv.h
libcommon_a_SOURCES += common/codec/frames.c common/codec/frames.h
libcommon_a_SOURCES += common/codec/json.c common/codec/json.h
libcommon_a_SOURCES += common/codec/json_paths.c
libcommon_a_SOURCES += common/codec/json_string.c
libcommon_a_SOURCES += common/codec/json_wide.h
libcommon_a_SOURCES += common/codec/number.c common/codec/number.h
libcommon_a_SOURCES += common/codec/sigv4.c common/codec/sigv4.h
libcommon_a_SOURCES += common/codec/table_decimal.c
libcommon_a_SOURCES += common/codec/table_schema.c common/codec/table_schema.h
libcommon_a_SOURCES += common/codec/table_schema_avro.c common/codec/table_schema_parts.h
libcommon_a_SOURCES += common/codec/table_value.c common/codec/table_value.h
libcommon_a_SOURCES += common/codec/time.c common/codec/time.h
libcommon_a_SOURCES += common/codec/time_like.c common/codec/time_like.h
libcommon_a_SOURCES += common/codec/utf8.c common/codec/utf8.h
