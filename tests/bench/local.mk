# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/bench/gen-clicks tests/bench/gen-trips tests/bench/services.sh tests/bench/lake.sh
EXTRA_DIST += tests/bench/flink.sh tests/bench/windows.sh tests/bench/camel/pom.xml tests/bench/camel/route.xml
# Built by `make bench-programs`, run by scripts/bench.
bench_programs = tests/bench/bench_json tests/bench/slow_reader
bench_programs += tests/bench/bench_pump tests/bench/pace_error
bench_programs += tests/bench/answer_all
EXTRA_PROGRAMS = $(bench_programs)
CLEANFILES += $(bench_programs)
tests_bench_bench_json_LDADD = $(COMMON_LIBS)
tests_bench_bench_pump_SOURCES = tests/bench/bench_pump.c tests/bench/loopback.c tests/bench/loopback.h
tests_bench_bench_pump_LDADD = $(COMMON_LIBS)
tests_bench_answer_all_SOURCES = tests/bench/answer_all.c tests/bench/loopback.c tests/bench/loopback.h
tests_bench_answer_all_LDADD = $(COMMON_LIBS)
tests_bench_slow_reader_SOURCES = tests/bench/slow_reader.c
tests_bench_pace_error_SOURCES = tests/bench/pace_error.c

.PHONY: bench-programs
bench-programs: $(bench_programs)
