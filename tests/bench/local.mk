# SPDX-License-Identifier: MIT
# Built by `make bench-programs`, run by scripts/bench.
EXTRA_DIST += tests/bench/gen-trips
BENCH_PROGRAMS = tests/bench/slow_reader
EXTRA_PROGRAMS = $(BENCH_PROGRAMS)
CLEANFILES += $(BENCH_PROGRAMS)
tests_bench_slow_reader_SOURCES = tests/bench/slow_reader.c

.PHONY: bench-programs
bench-programs: $(BENCH_PROGRAMS)
