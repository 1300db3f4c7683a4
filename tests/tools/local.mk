# SPDX-License-Identifier: MIT
# Programs that tests run and that are not installed.
check_PROGRAMS += tests/tools/json_to_parquet
tests_tools_json_to_parquet_SOURCES = tests/tools/json_to_parquet.c
tests_tools_json_to_parquet_LDADD = $(COMMON_LIBS)
