/* SPDX-License-Identifier: MIT */
#include "kafka-window/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "codec/time.h"
#include "kafka-window/ddsketch.h"

/* A line's label, and what follows it, with the ends of texts in one place. */
struct text {
	struct buf *out;
	struct err *err;
	int rc;
};

__attribute__((format(printf, 2, 3))) static void
say(struct text *t, const char *format, ...)
{
	char text[1024];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!t->rc && len > 0)
		t->rc = buf_append(t->out,
		    slice_make(text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1),
		    t->err);
}

static void
say_slice(struct text *t, struct slice s)
{
	if (!t->rc)
		t->rc = buf_append(t->out, s, t->err);
}

static void
begin(struct text *t, const char *label)
{
	say(t, "%-11s ", label);
}

static void
end(struct text *t)
{
	say(t, "\n");
}

/* 5400000 is 1h30m */
static void
say_duration(struct text *t, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {
		{ 24 * 3600 * 1000, "d" }, { 3600 * 1000, "h" }, { 60 * 1000, "m" }, { 1000, "s" },
		{ 1, "ms" },
	};

	if (!ms)
		say(t, "0");
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); ms %= units[i].ms, i++) {
		if (ms >= units[i].ms)
			say(t, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
	}
}

static void
say_time(struct text *t, int64_t ms)
{
	char text[TIME_ISO_BYTES];

	time_format_iso(ms, text);
	say(t, "%s", text);
}

/* ---- what comes in ---- */

static void
say_start(struct text *t, const struct offset_spec *start)
{
	switch (start->kind) {
	case OFFSET_STORED: /* nothing is */
	case OFFSET_BEGINNING:
		say(t, "the beginning");
		break;
	case OFFSET_END:
		say(t, "the end");
		break;
	case OFFSET_AT:
		say(t, "offset %lld", (long long)start->value);
		break;
	case OFFSET_TAIL:
		say(t, "%lld before the end", (long long)start->value);
		break;
	case OFFSET_TIME:
		say_time(t, start->value);
		break;
	}
}

static void
say_end(struct text *t, const struct input_options *input)
{
	if (input->exit_at_end)
		say(t, ", to the end it has at the start");
	if (input->has_stop_time) {
		say(t, ", up to ");
		say_time(t, input->stop_time_ms);
	}
	if (input->count_max)
		say(t, ", %lld records at most", (long long)input->count_max);
}

static void
say_source(struct text *t, const struct explain *x)
{
	const struct input_options *input = x->input;

	begin(t, "source");
	if (!input->topic) {
		say(t, "standard input, %s", input->has_envelopes_in ? "envelopes" : "lines");
	} else {
		say(t, "topic %s, ", input->topic);
		if (!input->partition_count)
			say(t, "all partitions");
		for (size_t i = 0; i < input->partition_count; i++)
			say(t, "%s%d", i ? "," : "partitions ", (int)input->partitions[i]);
		if (*x->group)
			say(t, ", as group %s, from what is committed, else ", x->group);
		else
			say(t, ", from ");
		say_start(t, &input->start);
	}
	say_end(t, input);
	say(t, "%s", input_is_bounded(input) ? "; it ends" : "; endless");
	end(t);
}

static void
say_format(struct text *t, const struct time_format *format)
{
	switch (format->style) {
	case TIME_AUTO:
		say(t, "a string of ISO 8601 or a number of ms");
		break;
	case TIME_ISO:
		say(t, "ISO 8601");
		break;
	case TIME_S:
		say(t, "seconds");
		break;
	case TIME_MS:
		say(t, "ms");
		break;
	case TIME_US:
		say(t, "microseconds");
		break;
	case TIME_PATTERN:
		say(t, "%s", format->pattern);
		break;
	}
}

static void
say_event_time(struct text *t, const struct explain *x)
{
	const struct windower_options *w = x->windower;

	begin(t, "time");
	if (w->engine.is_processing_time) {
		say(t, "the clock, when a record is read");
	} else if (w->time_field) {
		say(t, "field %s, ", w->time_field);
		say_format(t, &w->time_format);
	} else {
		say(t, "the record's timestamp in %s", x->input->topic ? "Kafka" : "its envelope");
	}
	end(t);
}

static void
say_watermark(struct text *t, const struct explain *x)
{
	const struct engine_options *e = &x->windower->engine;

	begin(t, "watermark");
	if (e->is_processing_time) {
		say(t, "the clock");
		end(t);
		return;
	}
	say(t, "the largest time");
	if (x->input->topic)
		say(t, " of each partition, of which the smallest counts");
	if (e->out_of_order_ms) {
		say(t, ", less ");
		say_duration(t, e->out_of_order_ms);
	}
	if (x->input->topic && e->idle_ms != WATERMARK_NEVER) {
		say(t, "; a partition at its end and silent for ");
		say_duration(t, e->idle_ms);
		say(t, " does not count");
	}
	if (e->idle_close_ms != WATERMARK_NEVER) {
		say(t, "; after ");
		say_duration(t, e->idle_close_ms);
		say(t, " of silence all windows are complete");
	}
	end(t);
}

/* ---- what is made of it ---- */

static void
say_assigner(struct text *t, const struct explain *x)
{
	const struct assigner *a = &x->windower->engine.assigner;

	switch (a->kind) {
	case ASSIGN_TUMBLE:
		say(t, "tumbling, ");
		say_duration(t, a->size_ms);
		say(t, " each");
		break;
	case ASSIGN_HOP:
		say(t, "hopping, ");
		say_duration(t, a->size_ms);
		say(t, " each, one every ");
		say_duration(t, a->step_ms);
		break;
	case ASSIGN_CUMULATE:
		say(t, "cumulating, one every ");
		say_duration(t, a->step_ms);
		say(t, " from the start of each ");
		say_duration(t, a->size_ms);
		break;
	case ASSIGN_SESSION:
		say(t, "sessions of each key that end ");
		say_duration(t, a->size_ms);
		say(t, " after its last record");
		return;
	}
	say(t, ", aligned to %s", x->windows->zone_name ? "local time in " : "UTC");
	if (x->windows->zone_name)
		say(t, "%s", x->windows->zone_name);
	if (x->windows->align_ms) {
		say(t, ", ");
		say_duration(t, x->windows->align_ms);
		say(t, " later");
	}
}

static void
say_windows(struct text *t, const struct explain *x)
{
	const struct engine_options *e = &x->windower->engine;

	begin(t, "windows");
	say_assigner(t, x);
	say(t, "; written when the watermark reaches their end");
	if (e->lateness_ms && e->emits_updates) {
		say(t, ", and again when a late record changes them, for ");
		say_duration(t, e->lateness_ms);
	} else if (e->lateness_ms) {
		say(t, " and ");
		say_duration(t, e->lateness_ms);
	}
	end(t);
	if (e->is_processing_time) /* nothing is late */
		return;
	begin(t, "late");
	if (x->late)
		say(t, "to %s, as they came", x->late);
	else
		say(t, "left out and counted");
	end(t);
}

static void
say_keys(struct text *t, const struct windower_options *w)
{
	begin(t, "keys");
	if (!w->by_count)
		say(t, "none: one row a window");
	for (size_t i = 0; i < w->by_count; i++) {
		say(t, "%s", i ? ", " : "");
		say_slice(t, w->by[i].name);
		if (!slice_equal(w->by[i].name, w->by[i].field)) {
			say(t, " = ");
			say_slice(t, w->by[i].field);
		}
	}
	end(t);
}

static void
say_function(struct text *t, const struct aggregate *a)
{
	static const char *const words[AGGREGATE_FUNCS_END] = {
		[AGGREGATE_COUNT] = "the number of records",
		[AGGREGATE_COUNT_FIELD] = "the number of records that have ",
		[AGGREGATE_SUM] = "the sum of ",
		[AGGREGATE_MIN] = "the smallest ",
		[AGGREGATE_MAX] = "the largest ",
		[AGGREGATE_AVG] = "the average of ",
		[AGGREGATE_FIRST] = "of the first record by (time, partition, offset) ",
		[AGGREGATE_LAST] = "of the last record by (time, partition, offset) ",
		[AGGREGATE_STDDEV] = "the standard deviation (of a sample) of ",
		[AGGREGATE_STDDEV_POP] = "the standard deviation (of a population) of ",
		[AGGREGATE_DISTINCT] = "the number of different ",
		[AGGREGATE_APPROX_DISTINCT] = "about the number of different ",
	};

	if (words[a->func])
		say(t, "%s", words[a->func]);
	else if (a->func == AGGREGATE_QUANTILE)
		say(t, "about the quantile at %.12g%% of ",
		    (double)a->arg * 100 / (double)DDSKETCH_SHARE_ALL);
	else if (a->func == AGGREGATE_TOP)
		say(t, "the %lld most frequent values of ", (long long)a->arg);
	else
		say(t, "the %s, %lld at most, of ",
		    a->func == AGGREGATE_SET ? "different values"
					     : "values by (time, partition, offset)",
		    (long long)a->arg);
}

static void
say_where(struct text *t, const struct predicate_text *p)
{
	static const char *const ops[] = {
		[PREDICATE_EQUAL] = "=",
		[PREDICATE_NOT_EQUAL] = "!=",
		[PREDICATE_LESS] = "<",
		[PREDICATE_LESS_EQUAL] = "<=",
		[PREDICATE_GREATER] = ">",
		[PREDICATE_GREATER_EQUAL] = ">=",
	};

	say(t, ", of records where ");
	say_slice(t, p->field);
	say(t, " %s %s", ops[p->op], p->is_word ? "\"" : "");
	say_slice(t, p->value);
	say(t, "%s", p->is_word ? "\"" : "");
}

static void
say_aggregates(struct text *t, const struct windower_options *w)
{
	for (size_t i = 0; i < w->aggregate_count; i++) {
		const struct aggregate_text *a = &w->aggregates[i];

		begin(t, i ? "" : "aggregates");
		say_slice(t, a->name);
		say(t, " = ");
		say_function(t, &a->aggregate);
		say_slice(t, a->field);
		if (a->where.field.len)
			say_where(t, &a->where);
		end(t);
	}
}

/* ---- what goes out ---- */

static void
say_sink(struct text *t, const struct explain *x)
{
	const struct windower_options *w = x->windower;

	begin(t, "sink");
	if (!x->output_topic)
		say(t, "standard output");
	else if (w->key)
		say(t, "topic %s, keyed by %s", x->output_topic, w->key);
	else
		say(t, "topic %s, %s", x->output_topic,
		    w->by_count ? "keyed by the row's keys" : "without keys");
	say(t, "; windows' bounds %s", w->writes_ms ? "in ms since the epoch" : "in ISO 8601");
	end(t);
	begin(t, "rejected");
	if (!x->dead_letter)
		say(t, "the first one ends the run, with 65");
	else
		say(t, "to %s", x->dead_letter);
	if (x->dead_letter && x->dead_letter_max)
		say(t, ", %lld at most", (long long)x->dead_letter_max);
	end(t);
}

static void
say_promise(struct text *t, const struct explain *x)
{
	begin(t, "state");
	say(t, "%zu bytes of open windows at most; more ends the run with 75, and %s is lost",
	    x->windower->engine.state_bytes_max,
	    x->windower->is_group ? "nothing" : "what is in them");
	end(t);
	begin(t, "promise");
	if (x->windower->is_group)
		say(t, "at least once: after a crash the rows of about a second are written again, after a "
		       "stop by a signal none");
	else
		say(t, "nothing is committed: another run begins anew");
	end(t);
}

int
explain_append(const struct explain *x, struct buf *out, struct err *err)
{
	struct text t = { .out = out, .err = err };

	say_source(&t, x);
	say_event_time(&t, x);
	say_watermark(&t, x);
	say_windows(&t, x);
	say_keys(&t, x->windower);
	say_aggregates(&t, x->windower);
	say_sink(&t, x);
	say_promise(&t, x);
	return t.rc;
}

int
explain_append_assigner(const struct explain *x, struct buf *out, struct err *err)
{
	struct text t = { .out = out, .err = err };

	say_assigner(&t, x);
	return t.rc;
}
