# SPDX-License-Identifier: MIT
# libFuzzer targets: ./configure CC=clang --enable-fuzz --enable-sanitize

if ENABLE_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_frames
tests_fuzz_fuzz_frames_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_frames_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_time
tests_fuzz_fuzz_time_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_time_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
# libFuzzer targets, with ./configure --enable-fuzz --enable-sanitize CC=clang.
FUZZ_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

if ENABLE_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_template
tests_fuzz_fuzz_template_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_template_LDFLAGS = $(FUZZ_LDFLAGS)
endif
