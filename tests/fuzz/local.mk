# SPDX-License-Identifier: MIT
# libFuzzer targets: ./configure CC=clang --enable-fuzz --enable-sanitize

if ENABLE_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_csv
tests_fuzz_fuzz_csv_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_csv_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_frames
tests_fuzz_fuzz_frames_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_frames_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_time
tests_fuzz_fuzz_time_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_time_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
