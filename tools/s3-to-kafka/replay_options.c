/* SPDX-License-Identifier: MIT */
/* The options of the replay: what is sent, when, and with which key, headers and times. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3-to-kafka/replay.h"

static int
parse_positive(const char *value, double *ret, struct err *err)
{
	char *end;
	double number;

	errno = 0;
	number = strtod(value, &end);
	if (end == value || *end || errno || !(number > 0) || number > 1e15)
		return err_set(err, ERR_USAGE, "\"%s\" is no number above 0", value);
	*ret = number;
	return 0;
}

static int
set_speedup(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct replay_options *o = target;

	(void)origin;
	if (strcmp(value, "max") == 0) {
		o->speedup = 0;
		return 0;
	}
	if (parse_positive(value, &o->speedup, err))
		return err_set(err, ERR_USAGE, "\"%s\" is neither a number above 0 nor max", value);
	return 0;
}

static int
set_rate(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct replay_options *o = target;

	(void)origin;
	return parse_positive(value, &o->rate, err);
}

static int
set_time_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct replay_options *o = target;

	(void)origin;
	return time_format_parse(value, &o->composer.time_format, err);
}

static int
set_seek(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct replay_options *o = target;

	(void)origin;
	o->span.has_from = true;
	return time_parse_option(value, &o->span.from_ms, err);
}

static int
set_until(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct replay_options *o = target;

	(void)origin;
	o->span.has_until = true;
	return time_parse_option(value, &o->span.until_ms, err);
}

static int
set_loop(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct replay_options *o = target;

	(void)origin;
	if (!value || strcmp(value, "true") == 0) {
		o->rounds_max = 0;
		return 0;
	}
	if (opt_parse_int(value, &o->rounds_max, err))
		return -1;
	if (o->rounds_max < 1)
		return err_set(err, ERR_USAGE, "\"%s\" is not 1 or more", value);
	return 0;
}

static int
set_shift_field(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct composer_options *o = &((struct replay_options *)target)->composer;

	(void)origin;
	if (o->shift_field_count == SHIFT_FIELDS_MAX)
		return err_set(err, ERR_USAGE, "more than %d fields", SHIFT_FIELDS_MAX);
	o->shift_fields[o->shift_field_count++] = value;
	return 0;
}

static int
set_header(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct composer_options *o = &((struct replay_options *)target)->composer;
	const char *equals = strchr(value, '=');

	(void)origin;
	if (!equals || equals == value)
		return err_set(err, ERR_USAGE, "\"%s\" is not NAME=VALUE", value);
	if (o->header_count == COMPOSER_HEADERS_MAX)
		return err_set(err, ERR_USAGE, "more than %d headers", COMPOSER_HEADERS_MAX);
	o->headers[o->header_count++] = (struct composer_header){
		.name = slice_make(value, (size_t)(equals - value)), .value = equals + 1
	};
	return 0;
}

static int
set_kafka_time(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct replay_options *o = target;

	(void)origin;
	if (strcmp(value, "event") == 0)
		o->composer.kafka_time = COMPOSER_TIME_EVENT;
	else if (strcmp(value, "now") == 0)
		o->composer.kafka_time = COMPOSER_TIME_NOW;
	else
		return err_set(err, ERR_USAGE, "\"%s\" is neither event nor now", value);
	return 0;
}

static int
set_envelope(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct replay_options *o = target;

	(void)origin;
	if (value && strcmp(value, "true") != 0 && strcmp(value, "in") != 0)
		return err_set(err, ERR_USAGE, "\"%s\" is not in: only the input has envelopes", value);
	o->composer.has_envelopes = true;
	return 0;
}

static int
set_partition(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct composer_options *o = &((struct replay_options *)target)->composer;
	int64_t partition;

	(void)origin;
	o->has_same_partition = strcmp(value, "@same") == 0;
	if (o->has_same_partition)
		return 0;
	if (opt_parse_int(value, &partition, err) || partition < 0 || partition > INT32_MAX)
		return err_set(err, ERR_USAGE, "\"%s\" is neither a partition nor @same", value);
	o->partition = (int32_t)partition;
	return 0;
}

const struct opt replay_rows[] = {
	{ 'p', "partition", "N|@same",
	    "write to this partition, or with -J to the same as in the envelope [by the key, or any]",
	    OPT_CALL, 0, 0, 0, set_partition },
	{ 'J', "envelope", "[=in]",
	    "lines are JSON objects with key, headers, time, partition and payload, as kafka-to-pipe -J "
	    "writes them",
	    OPT_CALL, 0, 0, 0, set_envelope },
	{ 0, "key", "TEMPLATE", "key of each record, for example {vendor_id}", OPT_TEXT,
	    offsetof(struct replay_options, composer.key), 0, 0, NULL },
	{ 'H', "record-header", "NAME=VALUE", "header of each record; VALUE is a template; repeatable", OPT_CALL,
	    0, 0, 0, set_header },
	{ 0, "kafka-time", "event|now",
	    "timestamp of each record in the topic [now; with -J that of the envelope]", OPT_CALL, 0, 0,
	    0, set_kafka_time },
	{ 0, "time", "FIELD", "field with the event time [with -J the envelope's ts]", OPT_TEXT,
	    offsetof(struct replay_options, composer.time_field), 0, 0, NULL },
	{ 0, "time-format", "FORMAT",
	    "how it is written: iso, s, ms, us or a strptime pattern [a string is ISO 8601, a number "
	    "ms]",
	    OPT_CALL, 0, 0, 0, set_time_format },
	{ 0, "speedup", "N|max", "replay N times as fast as event time goes [max]", OPT_CALL, 0, 0, 0,
	    set_speedup },
	{ 0, "rate", "N", "send N records a second, evenly, whatever their event times", OPT_CALL, 0, 0,
	    0, set_rate },
	{ 0, "seek", "TIME", "skip records with an event time before this", OPT_CALL, 0, 0, 0,
	    set_seek },
	{ 0, "until", "TIME", "skip records with this event time or a later one, and end there",
	    OPT_CALL, 0, 0, 0, set_until },
	{ 0, "reorder", "N", "put records into order of event time over a horizon of N records [0]",
	    OPT_INT, offsetof(struct replay_options, reorder_count), 0, 100000000, NULL },
	{ 0, "loop", "[=N]", "begin again at the end of the input, N rounds in all [for ever]",
	    OPT_CALL, 0, 0, 0, set_loop },
	{ 0, "shift-to-now", NULL,
	    "move the event times so that the first one is now, in the values too", OPT_FLAG,
	    offsetof(struct replay_options, composer.has_shift), 0, 0, NULL },
	{ 0, "shift", "FIELD", "with --shift-to-now: a further field with a time to move; repeatable",
	    OPT_CALL, 0, 0, 0, set_shift_field },
	{ 0, "watermark-interval", "DURATION",
	    "how often to send a watermark record to every partition [never]", OPT_DURATION,
	    offsetof(struct replay_options, watermark_ms), 1, 0, NULL },
	{ 'c', "count", "N", "stop after N records, skipped ones not counted", OPT_INT,
	    offsetof(struct replay_options, count_max), 1, 0, NULL },
	{ 0, "memory", "SIZE", "bound on what waits to be sent, and again on the reorder horizon [32M]",
	    OPT_SIZE, offsetof(struct replay_options, memory_bytes), 1024 * 1024, 0, NULL },
	{ 0, "drain", "DURATION", "after a signal, how long to wait for acknowledgements [30s]",
	    OPT_DURATION, offsetof(struct replay_options, drain_ms), 0, 0, NULL },
};
const size_t replay_row_count = sizeof(replay_rows) / sizeof(*replay_rows);

/* ---- checks between options ---- */

/* The first option given that works with event times; NULL where there is none. */
static const char *
first_timed(const struct replay_options *o)
{
	const struct {
		bool is_given;
		const char *name;
	} timed[] = {
		{ o->speedup > 0, "--speedup" },
		{ o->reorder_count > 0, "--reorder" },
		{ o->span.has_from, "--seek" },
		{ o->span.has_until, "--until" },
		{ o->composer.has_shift, "--shift-to-now" },
		{ o->watermark_ms > 0, "--watermark-interval" },
		{ o->composer.kafka_time == COMPOSER_TIME_EVENT, "--kafka-time event" },
	};

	for (size_t i = 0; i < sizeof(timed) / sizeof(*timed); i++) {
		if (timed[i].is_given)
			return timed[i].name;
	}
	return NULL;
}

static int
check_times(struct replay_options *o, struct err *err)
{
	const char *timed = first_timed(o);

	if (timed && !o->composer.time_field && !o->composer.has_envelopes)
		return err_set(err, ERR_USAGE, "%s needs --time: the field with the event time", timed);
	if (o->speedup > 0 && o->rate > 0)
		return err_set(err, ERR_USAGE, "--rate goes without event time: leave out --speedup");
	if (o->span.has_from && o->span.has_until && o->span.from_ms >= o->span.until_ms)
		return err_set(err, ERR_USAGE, "--until is not later than --seek");
	if (o->composer.shift_field_count && !o->composer.has_shift)
		return err_set(err, ERR_USAGE, "--shift goes with --shift-to-now");
	o->composer.needs_time = timed != NULL;
	return 0;
}

int
replay_options_check(struct replay_options *o, bool has_topic, struct err *err)
{
	const struct composer_options *c = &o->composer;

	if (!has_topic && (c->partition >= 0 || c->has_same_partition))
		return err_set(err, ERR_USAGE, "--partition is given, but no topic to write (-t)");
	if (!has_topic && c->header_count)
		return err_set(err, ERR_USAGE, "--record-header is given, but no topic to write (-t)");
	if (!has_topic && c->kafka_time != COMPOSER_TIME_DEFAULT)
		return err_set(err, ERR_USAGE, "--kafka-time is given, but no topic to write (-t)");
	if (c->has_same_partition && !c->has_envelopes)
		return err_set(err, ERR_USAGE, "-p @same is the envelope's partition: give -J");
	return check_times(o, err);
}

/* ---- facts ---- */

static int
add_time_format(const struct time_format *f, struct resume_facts *facts, struct err *err)
{
	static const char *const names[] = { [TIME_AUTO] = NULL,
		[TIME_ISO] = "iso",
		[TIME_S] = "s",
		[TIME_MS] = "ms",
		[TIME_US] = "us" };

	return resume_facts_add(facts, "--time-format",
	    f->style == TIME_PATTERN ? f->pattern : names[f->style], err);
}

/* Two of one name are told apart by their places. */
static int
add_lists(const struct composer_options *c, struct resume_facts *facts, struct err *err)
{
	char name[32], *text;
	int rc = 0;

	for (size_t i = 0; i < c->shift_field_count && !rc; i++) {
		(void)snprintf(name, sizeof(name), "--shift (%zu)", i + 1);
		rc = resume_facts_add(facts, name, c->shift_fields[i], err);
	}
	for (size_t i = 0; i < c->header_count && !rc; i++) {
		const struct composer_header *h = &c->headers[i];

		(void)snprintf(name, sizeof(name), "-H (%zu)", i + 1);
		if (asprintf(&text, "%.*s=%s", (int)h->name.len, h->name.data, h->value) < 0)
			return err_no_memory(err);
		rc = resume_facts_add(facts, name, text, err);
		free(text);
	}
	return rc;
}

static int
add_composer(const struct composer_options *c, struct resume_facts *facts, struct err *err)
{
	static const char *const times[] = { NULL, "now", "event" };

	if (c->partition >= 0 && resume_facts_add_int(facts, "--partition", c->partition, err))
		return -1;
	return resume_facts_add(facts, "--partition", c->has_same_partition ? "@same" : NULL, err) ||
	    resume_facts_add(facts, "--envelope", c->has_envelopes ? "in" : NULL, err) ||
	    resume_facts_add(facts, "--key", c->key, err) ||
	    resume_facts_add(facts, "--kafka-time", times[c->kafka_time], err) ||
	    resume_facts_add(facts, "--time", c->time_field, err) ||
	    add_time_format(&c->time_format, facts, err) ||
	    resume_facts_add(facts, "--shift-to-now", c->has_shift ? "yes" : NULL, err) ||
	    add_lists(c, facts, err) ? -1 : 0;
}

/* Pace, commits and --count may change from run to run. */
int
replay_options_facts(const struct replay_options *o, struct resume_facts *facts, struct err *err)
{
	if (add_composer(&o->composer, facts, err))
		return -1;
	if (o->span.has_from && resume_facts_add_int(facts, "--seek", o->span.from_ms, err))
		return -1;
	if (o->span.has_until && resume_facts_add_int(facts, "--until", o->span.until_ms, err))
		return -1;
	/* what a horizon can hold decides when records leave it */
	if (o->reorder_count && (resume_facts_add_int(facts, "--reorder", o->reorder_count, err) ||
	                            resume_facts_add_int(facts, "--memory", o->memory_bytes, err)))
		return -1;
	return 0;
}
