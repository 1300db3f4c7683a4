# SPDX-License-Identifier: MIT
# One cmocka group a program.
UNIT_TESTS += tests/unit/test_base
tests_unit_test_base_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_base_LDADD = $(UNIT_LIBS)
