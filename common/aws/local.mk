# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/aws/credentials.c common/aws/credentials.h
libcommon_a_SOURCES += common/aws/credentials_http.c
libcommon_a_SOURCES += common/aws/credentials_process.c
libcommon_a_SOURCES += common/aws/credentials_sso.c
libcommon_a_SOURCES += common/aws/credentials_sts.c
libcommon_a_SOURCES += common/aws/endpoints.c common/aws/endpoints.h
libcommon_a_SOURCES += common/aws/json_error.c common/aws/json_error.h
libcommon_a_SOURCES += common/aws/msk.c common/aws/msk.h
libcommon_a_SOURCES += common/aws/profile.c common/aws/profile.h
libcommon_a_SOURCES += common/aws/s3.h common/aws/s3_state.h
libcommon_a_SOURCES += common/aws/s3_bucket.c
libcommon_a_SOURCES += common/aws/s3_get.c
libcommon_a_SOURCES += common/aws/s3_list.c
libcommon_a_SOURCES += common/aws/s3_xml.c common/aws/s3_xml.h
libcommon_a_SOURCES += common/aws/session.c common/aws/session.h
libcommon_a_SOURCES += common/aws/settings.c common/aws/settings.h
