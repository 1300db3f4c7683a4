/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/print_schema.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "kafka-to-s3/format/schema_guess.h"

enum { TEXT_BYTES_MAX = 16 * 1024 * 1024 };

struct counts {
	int64_t read;
	int64_t left_out; /* no JSON, or a tombstone */
};

static struct source *
open_source(const struct input_options *options, const struct client_options *client,
    const struct job *job, struct err *err)
{
	const struct input_needs needs = { .is_group_optional = true };
	const struct source_events events = { .context = NULL };
	struct input_options input = *options;

	input.group = NULL;
	input.exit_at_end = input.topic != NULL;
	return input_open(&input, client, job, &needs, &events, err);
}

/* The first is told of; `why` begins with its place. */
static void
leave_out(struct counts *counts, const struct err *why)
{
	if (!counts->left_out++)
		diag_warn("left out: %s", why->text);
}

static int
look_at(struct schema_guess *guess, const struct record *record, struct counts *counts,
    struct err *err)
{
	struct err why = ERR_INIT;

	if (!record->has_value) {
		record_reject(record, -1, "a tombstone", &why);
	} else if (schema_guess_add(guess, record->value, &why)) {
		char reason[ERR_TEXT_BYTES];

		if (why.class != ERR_DATA)
			return err_set(err, why.class, "%s", why.text);
		memcpy(reason, why.text, sizeof(reason));
		record_reject(record, -1, reason, &why);
	}
	if (why.class != ERR_NONE)
		leave_out(counts, &why);
	return 0;
}

/* A signal ends reading, and what was seen is what there is. */
static int
read_records(struct source *source, struct schema_guess *guess, int64_t count_max,
    struct counts *counts, struct err *err)
{
	struct err why = ERR_INIT;
	struct record record;

	while (counts->read < count_max) {
		switch (source_next(source, CLOCK_NEVER, &record, &why)) {
		case SOURCE_RECORD:
			counts->read++;
			if (look_at(guess, &record, counts, err))
				return -1;
			break;
		case SOURCE_REJECT:
			counts->read++;
			leave_out(counts, &why);
			break;
		case SOURCE_WAIT:
			if (stop_requested())
				return 0;
			break;
		case SOURCE_END:
			return 0;
		case SOURCE_FAILED:
			return err_set(err, why.class, "%s", why.text);
		}
	}
	return 0;
}

static void
say_note(void *context, enum schema_guess_note note, const char *path)
{
	static const char *const texts[] = {
		[SCHEMA_GUESS_NULLS] = "nothing but null was seen: json, until it is known",
		[SCHEMA_GUESS_CONFLICT] = "values of several types: json",
		[SCHEMA_GUESS_MAP] = "an object of ever other members: json",
		[SCHEMA_GUESS_NO_PATH] = "left out: no path can name it",
	};

	(void)context;
	diag_note("%s: %s", *path ? path : "a member without a name", texts[note]);
}

static int
print(const struct schema_guess *guess, const struct counts *counts, struct err *err)
{
	struct buf text = BUF_INIT(TEXT_BYTES_MAX);
	struct table_schema *schema = schema_guess_make(guess, say_note, NULL, err);
	int rc = schema ? table_schema_append(schema, &text, err) : -1;

	if (!rc) {
		(void)fwrite(text.data, 1, text.len, stdout); /* job_finish looks */
		diag_note("%lld records read, %lld of them left out: %u columns", (long long)counts->read,
		    (long long)counts->left_out, schema->count);
	}
	table_schema_free(schema);
	buf_release(&text);
	return rc;
}

int
print_schema(const struct input_options *options, const struct client_options *client,
    struct job *job, int64_t count_max, struct err *err)
{
	struct counts counts = { .read = 0 };
	struct schema_guess *guess = schema_guess_new(err);
	struct source *source = guess ? open_source(options, client, job, err) : NULL;
	int rc = -1;

	if (source && !read_records(source, guess, count_max, &counts, err) &&
	    !print(guess, &counts, err))
		rc = job_finish(job, err);
	source_free(source);
	schema_guess_free(guess);
	return rc;
}
