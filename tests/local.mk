# SPDX-License-Identifier: MIT
# `make check` runs the unit tests and the cases of the command line, which need nothing but the
# build. Those that need a broker are SERVICE_TESTS: scripts/check starts one and runs them.

LOG_COMPILER = $(top_srcdir)/tests/run-unit
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = bash
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_builddir=.; export top_builddir; UNDER_MAKE=1; export UNDER_MAKE;

UNIT_TESTS =
CLI_TESTS =
SERVICE_TESTS =
noinst_HEADERS =

include tests/unit/local.mk
include tests/cli/local.mk
include tests/services/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/tools/local.mk

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS) $(CLI_TESTS)
EXTRA_DIST += tests/run-unit tests/lib.sh tests/trips.sh tests/pages.sh tests/numbers.sh $(CLI_TESTS) $(SERVICE_TESTS)
EXTRA_DIST += tests/envelopes.sh
EXTRA_DIST += tests/run-unit tests/lib.sh tests/trips.sh tests/pages.sh $(CLI_TESTS) $(SERVICE_TESTS)

UNIT_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
UNIT_LIBS = $(COMMON_LIBS) $(CMOCKA_LIBS)

# the tests that need a broker: BOOTSTRAP_SERVERS says where it is
.PHONY: check-services
check-services: all tests/tools/s3_put$(EXEEXT)
	@test -n "$$BOOTSTRAP_SERVERS" || { echo 'BOOTSTRAP_SERVERS is not set: eval "$$(scripts/services env)"'; exit 2; }
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(SERVICE_TESTS)'
