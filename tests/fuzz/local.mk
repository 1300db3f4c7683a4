# SPDX-License-Identifier: MIT
# libFuzzer targets, with ./configure --enable-fuzz --enable-sanitize CC=clang.
FUZZ_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

if ENABLE_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_envelope
tests_fuzz_fuzz_envelope_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_envelope_LDFLAGS = $(FUZZ_LDFLAGS)

noinst_PROGRAMS += tests/fuzz/fuzz_template
tests_fuzz_fuzz_template_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_template_LDFLAGS = $(FUZZ_LDFLAGS)
endif
