# SPDX-License-Identifier: MIT
# One cmocka group a program.

UNIT_TESTS += tests/unit/test_base
tests_unit_test_base_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_base_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_field
tests_unit_test_field_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_field_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_json
tests_unit_test_json_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_json_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_lines
tests_unit_test_lines_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lines_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_number
tests_unit_test_number_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_number_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_record
tests_unit_test_record_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_record_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_replay
tests_unit_test_replay_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_replay_LDADD = libs3tokafka.a $(UNIT_LIBS)
