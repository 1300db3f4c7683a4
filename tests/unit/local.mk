# SPDX-License-Identifier: MIT
# One cmocka group a program.
UNIT_TESTS += tests/unit/test_base
tests_unit_test_base_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_base_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_field
tests_unit_test_field_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_field_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_record
tests_unit_test_record_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_record_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_template
tests_unit_test_template_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_template_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_frontier
tests_unit_test_frontier_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_frontier_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_base64
tests_unit_test_base64_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_base64_LDADD = $(UNIT_LIBS)

UNIT_TESTS += tests/unit/test_envelope
tests_unit_test_envelope_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_envelope_LDADD = $(UNIT_LIBS)
