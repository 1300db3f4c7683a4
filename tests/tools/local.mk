# SPDX-License-Identifier: MIT
# Programs for tests that no tool has yet; never installed.
check_PROGRAMS += tests/tools/s3_put
tests_tools_s3_put_SOURCES = tests/tools/s3_put.c
tests_tools_s3_put_LDADD = $(COMMON_LIBS)
# Programs that tests run and that are not installed.
check_PROGRAMS += tests/tools/json_to_parquet
tests_tools_json_to_parquet_SOURCES = tests/tools/json_to_parquet.c
tests_tools_json_to_parquet_LDADD = $(COMMON_LIBS)
