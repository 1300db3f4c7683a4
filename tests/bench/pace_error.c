/* SPDX-License-Identifier: MIT */
/*
 * How punctual a paced replay is: reads JSON lines that begin with {"t":MS from a pipe and compares
 * each arrival with its due time, which is (t - first t) / SPEEDUP after the start. The start is the
 * one for which half of the lines are early and half are late: what all of them need for their way
 * is no error of the pace.
 *
 *   pace_error gen COUNT STEP_MS        writes COUNT lines, STEP_MS of event time apart
 *   pace_error SPEEDUP                  prints: records p50_ms p99_ms max_ms (of the error's size)
 *
 * A line arrives when read(2) returns it, so what the reader itself is late by counts too.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RECORDS_MAX = 10 * 1000 * 1000, CHUNK_BYTES = 1024 * 1024 };

static int64_t
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
die(const char *what)
{
	fprintf(stderr, "pace_error: %s\n", what);
	exit(1);
}

static int
generate(long count, long step_ms)
{
	for (long i = 0; i < count; i++)
		printf("{\"t\":%lld,\"n\":%ld,\"pad\":\"%0*d\"}\n", 1546300800000LL + i * step_ms,
		    i, 200, 0);
	return fflush(stdout) ? 1 : 0;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct measure {
	double speedup;
	double *values_ms; /* arrival less (t - first t) / speedup, then what it is off */
	size_t count;
	long long first_t;
};

static void
take_line(struct measure *m, const char *line, int64_t arrival_us)
{
	long long t;

	if (strncmp(line, "{\"t\":", 5) != 0)
		die("a line does not begin with {\"t\":");
	t = strtoll(line + 5, NULL, 10);
	if (m->count == RECORDS_MAX)
		die("too many lines");
	if (!m->count)
		m->first_t = t;
	m->values_ms[m->count++] = (double)arrival_us / 1000 - (double)(t - m->first_t) / m->speedup;
}

static void
turn_into_errors(struct measure *m)
{
	double start_ms;

	qsort(m->values_ms, m->count, sizeof(*m->values_ms), compare);
	start_ms = m->values_ms[m->count / 2];
	for (size_t i = 0; i < m->count; i++) {
		double off_ms = m->values_ms[i] - start_ms;

		m->values_ms[i] = off_ms < 0 ? -off_ms : off_ms;
	}
	qsort(m->values_ms, m->count, sizeof(*m->values_ms), compare);
}

static void
read_all(struct measure *m)
{
	static char chunk[CHUNK_BYTES + 1];
	size_t have = 0;

	for (;;) {
		ssize_t len = read(STDIN_FILENO, chunk + have, CHUNK_BYTES - have);
		int64_t arrival_us = now_us();
		char *at = chunk, *end;

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return;
		have += (size_t)len;
		chunk[have] = '\0';
		while ((end = memchr(at, '\n', have - (size_t)(at - chunk)))) {
			take_line(m, at, arrival_us);
			at = end + 1;
		}
		have -= (size_t)(at - chunk);
		memmove(chunk, at, have);
		if (have == CHUNK_BYTES)
			die("a line is too long");
	}
}

int
main(int argc, char **argv)
{
	struct measure m = { .speedup = argc == 2 ? strtod(argv[1], NULL) : 0 };

	if (argc == 4 && strcmp(argv[1], "gen") == 0)
		return generate(strtol(argv[2], NULL, 10), strtol(argv[3], NULL, 10));
	if (!(m.speedup > 0))
		die("usage: pace_error gen COUNT STEP_MS | pace_error SPEEDUP <lines");
	m.values_ms = malloc(RECORDS_MAX * sizeof(*m.values_ms));
	if (!m.values_ms)
		die("out of memory");
	read_all(&m);
	if (!m.count)
		die("no lines");
	turn_into_errors(&m);
	printf("%zu %.3f %.3f %.3f\n", m.count, m.values_ms[m.count / 2],
	    m.values_ms[m.count * 99 / 100], m.values_ms[m.count - 1]);
	free(m.values_ms);
	return 0;
}
