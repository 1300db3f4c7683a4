/* SPDX-License-Identifier: MIT */
/*
 * slow_reader RATE: reads lines from standard input, at most RATE a second, and prints how many came a
 * second. The reader of the benchmark in which a tool is faster than what is behind it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024 };

static double
now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int64_t
count_lines(const char *data, size_t len)
{
	int64_t count = 0;

	for (const char *at = data; (at = memchr(at, '\n', len - (size_t)(at - data))); at++)
		count++;
	return count;
}

static void
sleep_s(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	(void)nanosleep(&t, NULL);
}

int
main(int argc, char **argv)
{
	static char chunk[CHUNK_BYTES];
	double rate = argc == 2 ? atof(argv[1]) : 0;
	double begin = 0;
	int64_t lines = 0;
	ssize_t len;

	if (rate <= 0) {
		(void)fprintf(stderr, "usage: slow_reader LINES-A-SECOND <INPUT\n");
		return 2;
	}
	while ((len = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0) {
		double ahead;

		if (!lines)
			begin = now_s(); /* start-up is not what is measured */
		lines += count_lines(chunk, (size_t)len);
		ahead = (double)lines / rate - (now_s() - begin);
		if (ahead > 0)
			sleep_s(ahead);
	}
	(void)printf("%.0f\n", (double)lines / (now_s() - begin));
	return len < 0;
}
