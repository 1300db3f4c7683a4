/* SPDX-License-Identifier: MIT */
/*
 * How fast records are read: the scanner, four fields, against jansson's parse of the same lines,
 * as they are and with each record's members in an order of its own. Rounds of the two alternate;
 * the medians are printed.
 *
 *     bench_json FILE [ROUNDS]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "codec/json.h"

enum {
	ROUNDS = 11,
	ROUND_RECORDS = 400000,        /* scanned in a round ... */
	ROUND_RECORDS_JANSSON = 10000, /* and parsed in one */
	FILE_BYTES_MAX = 1 << 30,
	MEMBERS_MAX = 1024,
};

static const char *const fields[] = {
	"dropoff_datetime",
	"vendor_id",
	"passenger_count",
	"total_amount",
};

enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

/* The records of one file, one behind the other, the last one with padding behind it. */
struct lines {
	struct buf text;
	struct slice *records;
	size_t count;
};

static _Noreturn void
die(const char *what)
{
	(void)fprintf(stderr, "bench_json: %s\n", what);
	exit(EXIT_FAILURE);
}

static void
load_text(struct buf *text, const char *path)
{
	struct err err = ERR_INIT;
	FILE *file = fopen(path, "rb");
	char block[1 << 16];
	size_t n;

	if (!file)
		die("cannot open the file");
	while ((n = fread(block, 1, sizeof(block), file)))
		if (buf_append(text, slice_make(block, n), &err))
			die(err.text);
	if (ferror(file))
		die("cannot read the file");
	(void)fclose(file);
}

static void
split_lines(struct lines *lines)
{
	struct err err = ERR_INIT;
	struct slice line, rest;
	size_t count = 1;

	if (buf_pad(&lines->text, &err))
		die(err.text);
	for (size_t i = 0; i < lines->text.len; i++)
		count += lines->text.data[i] == '\n';
	lines->records = calloc(count, sizeof(*lines->records));
	if (!lines->records)
		die("out of memory");
	rest = buf_slice(&lines->text);
	while (rest.len) {
		(void)slice_cut(rest, '\n', &line, &rest);
		if (line.len)
			lines->records[lines->count++] = line;
	}
	if (!lines->count)
		die("no records in the file");
}

static uint32_t
random_below(uint64_t *seed, size_t bound)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % bound);
}

/* Cuts a flat record at its commas (those outside of strings); returns the number of members. */
static size_t
cut_members(struct slice record, struct slice members[MEMBERS_MAX])
{
	size_t count = 0, start = 1;
	bool in_string = false;

	for (size_t i = 1; i < record.len; i++) {
		if (record.data[i] == '"' && record.data[i - 1] != '\\')
			in_string = !in_string;
		if (in_string || (record.data[i] != ',' && i != record.len - 1))
			continue;
		if (count == MEMBERS_MAX)
			die("too many members");
		members[count++] = slice_make(record.data + start, i - start);
		start = i + 1;
	}
	return count;
}

static void
append_shuffled(struct buf *text, struct slice record, uint64_t *seed, struct err *err)
{
	struct slice members[MEMBERS_MAX], swapped;
	size_t count = cut_members(record, members), k;
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		k = i + random_below(seed, count - i);
		swapped = members[i];
		members[i] = members[k];
		members[k] = swapped;
		rc |= buf_append_char(text, i ? ',' : '{', err);
		rc |= buf_append(text, members[i], err);
	}
	rc |= buf_append_text(text, "}\n", err);
	if (rc)
		die(err->text);
}

static void
shuffle_lines(struct lines *shuffled, const struct lines *lines)
{
	struct err err = ERR_INIT;
	uint64_t seed = 20190101;

	for (size_t i = 0; i < lines->count; i++)
		append_shuffled(&shuffled->text, lines->records[i], &seed, &err);
	split_lines(shuffled);
}

static double
now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Records a second. */
static double
run_scanner(struct json_scanner *scanner, const struct lines *lines)
{
	struct json_value values[FIELD_COUNT];
	struct json_fault fault;
	size_t done = 0, found = 0;
	double start = now_s();

	while (done < ROUND_RECORDS) {
		for (size_t i = 0; i < lines->count; i++, done++) {
			if (json_scan(scanner, lines->records[i], values, &fault))
				die(fault.reason);
			for (size_t k = 0; k < FIELD_COUNT; k++)
				found += values[k].type != JSON_TYPE_MISSING;
		}
	}
	if (found != done * FIELD_COUNT)
		die("a field is missing");
	return (double)done / (now_s() - start);
}

static double
run_jansson(const struct lines *lines)
{
	size_t done = 0, found = 0;
	json_error_t error;
	json_t *record;
	double start = now_s();

	while (done < ROUND_RECORDS_JANSSON) {
		for (size_t i = 0; i < lines->count && done < ROUND_RECORDS_JANSSON; i++, done++) {
			record =
			    json_loadb(lines->records[i].data, lines->records[i].len, 0, &error);
			if (!record)
				die(error.text);
			for (size_t k = 0; k < FIELD_COUNT; k++)
				found += json_object_get(record, fields[k]) != NULL;
			json_decref(record);
		}
	}
	if (found != done * FIELD_COUNT)
		die("a field is missing");
	return (double)done / (now_s() - start);
}

static int
compare_rates(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *rates, size_t count)
{
	qsort(rates, count, sizeof(*rates), compare_rates);
	return rates[count / 2];
}

static struct json_scanner *
make_scanner(void)
{
	struct err err = ERR_INIT;
	struct json_paths *paths = json_paths_new(&err);
	struct json_scanner *scanner;

	if (!paths)
		die(err.text);
	for (size_t k = 0; k < FIELD_COUNT; k++)
		if (json_paths_add(paths, slice_of(fields[k]), &err) < 0)
			die(err.text);
	scanner = json_scanner_new(paths, &err);
	if (!scanner)
		die(err.text);
	json_paths_free(paths);
	return scanner;
}

static void
measure(const struct lines *lines, const char *what, size_t rounds)
{
	struct json_scanner *scanner = make_scanner();
	struct slice members[MEMBERS_MAX];
	double *ours = calloc(rounds, sizeof(*ours)), *theirs = calloc(rounds, sizeof(*theirs));
	double our_rate, their_rate;

	if (!ours || !theirs)
		die("out of memory");
	(void)run_scanner(scanner, lines);
	(void)run_jansson(lines);
	for (size_t i = 0; i < rounds; i++) {
		ours[i] = run_scanner(scanner, lines);
		theirs[i] = run_jansson(lines);
	}
	our_rate = median(ours, rounds);
	their_rate = median(theirs, rounds);
	(void)printf("scanner %d of %zu fields%s  ours %.2f M/s  jansson %.3f M/s  ratio %.1f\n",
	    FIELD_COUNT, cut_members(lines->records[0], members), what, our_rate / 1e6,
	    their_rate / 1e6, our_rate / their_rate);
	free(ours);
	free(theirs);
	json_scanner_free(scanner);
}

static void
release_lines(struct lines *lines)
{
	buf_release(&lines->text);
	free(lines->records);
}

int
main(int argc, char **argv)
{
	struct lines lines = { .text = BUF_INIT(FILE_BYTES_MAX) };
	struct lines shuffled = { .text = BUF_INIT(FILE_BYTES_MAX) };
	long rounds = argc == 3 ? strtol(argv[2], NULL, 10) : ROUNDS;

	if (argc < 2 || argc > 3 || rounds < 1)
		die("usage: bench_json FILE [ROUNDS]");
	load_text(&lines.text, argv[1]);
	split_lines(&lines);
	shuffle_lines(&shuffled, &lines);
	measure(&lines, "", (size_t)rounds);
	measure(&shuffled, " shuffled", (size_t)rounds);
	release_lines(&lines);
	release_lines(&shuffled);
	return 0;
}
