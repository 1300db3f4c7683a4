/* SPDX-License-Identifier: MIT */
/*
 * kafka-window: event-time windows and aggregates over a topic or a pipe.
 *
 * Promise: at least once. Rows of closed windows are durable before the offsets move past their
 * records; after a stop or a crash the windows that were open are built again from the records, and
 * windows whose rows were committed are not given out again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "kafka-window/explain.h"
#include "kafka-window/options_window.h"
#include "kafka-window/windower.h"
#include "run/aws.h"
#include "run/client.h"
#include "run/input.h"
#include "run/output.h"
#include "run/report.h"

/* ---- limits ---- */

enum {
	IDLE_MS_DEFAULT = 60 * 1000,
	DRAIN_MS_DEFAULT = 30 * 1000,
	OUTPUT_MEMORY_BYTES = 16 * 1024 * 1024,
	STATE_BYTES_DEFAULT = 1024 * 1024 * 1024,
	EXPLAIN_BYTES_MAX = 1024 * 1024,
	STDOUT_DIGITS = 8, /* of a job's hash */
};

/* ---- options ---- */

struct options {
	struct job job; /* its options are a group's target */
	struct client_options client;
	struct input_options input;
	struct deadletter_options letters;
	struct report_options reports;
	struct window_options windows;
	struct windower_options windower;
	const char *output_topic;
	const char *compression;
	const char *late;
	int64_t idle_ms;       /* 0: never */
	int64_t idle_close_ms; /* 0: never */
	int64_t state_bytes_max;
	bool explains;
	/* For the default group. Standard output may be anybody's: two jobs that write there are told apart. */
	char stdout_target[sizeof("stdout-") + STDOUT_DIGITS];
};

static int
set_time_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return time_format_parse(value, &options->windower.time_format, err);
}

static int
set_window_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	options->windower.writes_ms = strcmp(value, "ms") == 0;
	if (!options->windower.writes_ms && strcmp(value, "iso") != 0)
		return err_set(err, ERR_USAGE, "\"%s\" is neither iso nor ms", value);
	return 0;
}

/* FIELD, which is its own name, or NAME=FIELD */
static int
add_one_by(struct windower_options *w, struct slice one, struct err *err)
{
	struct windower_by by = { .name = one, .field = one };

	if (w->by_count == BY_MAX)
		return err_set(err, ERR_USAGE, "more than %d fields", BY_MAX);
	if (slice_cut(one, '=', &by.name, &by.field) && (!by.name.len || !by.field.len))
		return err_set(err, ERR_USAGE, "\"%.*s\" is not [NAME=]FIELD", SLICE_ARGS(one));
	if (!by.field.len)
		by.field = by.name;
	w->by[w->by_count++] = by;
	return 0;
}

/* [NAME=]FIELD[,[NAME=]FIELD...] */
static int
add_by(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct windower_options *w = &((struct options *)target)->windower;
	struct slice rest = slice_of(value), one;
	bool has_more;

	(void)origin;
	do {
		has_more = slice_cut(rest, ',', &one, &rest);
		one = slice_trim(one);
		if (!one.len)
			return err_set(err, ERR_USAGE, "\"%s\" has an empty field", value);
		if (add_one_by(w, one, err))
			return -1;
	} while (has_more);
	return 0;
}

/* NAME=FUNC[:ARG][:FIELD][ where=FIELD OP VALUE] */
static int
add_aggregate(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct windower_options *w = &((struct options *)target)->windower;

	(void)origin;
	if (w->aggregate_count == AGGREGATES_MAX)
		return err_set(err, ERR_USAGE, "more than %d aggregates", AGGREGATES_MAX);
	if (aggregate_text_parse(slice_of(value), &w->aggregates[w->aggregate_count], err))
		return err_wrap(err, "\"%s\"", value);
	w->aggregate_count++;
	return 0;
}

static const struct opt rows[] = {
	{ 0, "time", "FIELD", "field with the event time [the record's timestamp]", OPT_TEXT,
	    offsetof(struct options, windower.time_field), 0, 0, NULL },
	{ 0, "time-format", "FORMAT",
	    "how it is written: iso, s, ms, us or a strptime pattern [a string is ISO 8601, a number "
	    "ms]",
	    OPT_CALL, 0, 0, 0, set_time_format },
	{ 0, "by", "FIELD[,FIELD...]",
	    "group by these fields (NAME=FIELD: under that name); repeatable [one group]", OPT_CALL,
	    0, 0, 0, add_by },
	{ 'a', "aggregate", "NAME=FUNC[:FIELD]",
	    "count, or FUNC:FIELD with sum, min, max, avg, stddev, stddev_pop, first, last, "
	    "distinct, approx_distinct, p50 (p90, p99.9 ...), top:K, set[:N] or list[:N], as NAME; "
	    "behind it ' where=FIELD OP VALUE'; repeatable",
	    OPT_CALL, 0, 0, 0, add_aggregate },
	{ 0, "out-of-order", "DURATION", "how far behind the newest record others may come [0]",
	    OPT_DURATION, offsetof(struct options, windower.engine.out_of_order_ms), 0, 0, NULL },
	{ 0, "idle", "DURATION",
	    "a partition read to its end without a new record for so long holds up no window; 0 for "
	    "never [1m]",
	    OPT_DURATION, offsetof(struct options, idle_ms), 0, 0, NULL },
	{ 0, "idle-close", "DURATION",
	    "close all windows when no record has come for so long; 0 for never [0]", OPT_DURATION,
	    offsetof(struct options, idle_close_ms), 0, 0, NULL },
	{ 0, "late", "TOPIC|FILE",
	    "put late records there as they came (a file's name has a '/' in it) [count them]",
	    OPT_TEXT, offsetof(struct options, late), 0, 0, NULL },
	{ 0, "max-state", "SIZE", "stop rather than hold more than this in open windows [1G]",
	    OPT_SIZE, offsetof(struct options, state_bytes_max), 1024 * 1024, 0, NULL },
	{ 0, "window-format", "iso|ms",
	    "how rows have the bounds of windows: ISO 8601, or ms since the epoch [iso]", OPT_CALL, 0, 0, 0,
	    set_window_format },
	{ 0, "output-topic", "TOPIC", "topic to write; without it, standard output is written",
	    OPT_TEXT, offsetof(struct options, output_topic), 0, 0, NULL },
	{ 0, "key", "TEMPLATE", "key of each row in the topic [the values of --by]", OPT_TEXT,
	    offsetof(struct options, windower.key), 0, 0, NULL },
	{ 'z', "compress", "CODEC", "compression of batches: none, gzip, snappy, lz4, zstd", OPT_TEXT,
	    offsetof(struct options, compression), 0, 0, NULL },
	{ 0, "explain", NULL, "say in words what these options do, and do nothing", OPT_FLAG,
	    offsetof(struct options, explains), 0, 0, NULL },
	{ 0, "drain", "DURATION", "after a signal, how long to wait for acknowledgements [30s]",
	    OPT_DURATION, offsetof(struct options, windower.drain_ms), 0, 0, NULL },
};

static const struct tool tool = {
	.name = "kafka-window",
	.synopsis = "[options] --tumble D|--hop D,STEP|... -a NAME=FUNC[:FIELD]",
	.summary = "Aggregate a Kafka topic or newline JSON from a pipe in windows of event time.",
	.examples =
	    "  kafka-window -b localhost:9092 -t trips --output-topic windows --tumble 1h \\\n"
	    "      --time dropoff_datetime --by vendor_id \\\n"
	    "      -a trips=count -a revenue=sum:total_amount\n"
	    "  kafka-window --tumble 5m --time at -a n=count <events.json\n",
};

/* ---- checks between options ---- */

static bool
on_command_line(const struct options *o, const char *name)
{
	return opt_origin(&o->job.set, name) == OPT_COMMAND_LINE;
}

/* What a configuration file has for other jobs of this tool is in vain here, not wrong. */
static int
check_times(const struct options *o, struct err *err)
{
	const struct windower_options *w = &o->windower;
	bool has_format = on_command_line(o, "time-format");

	if (w->engine.is_processing_time && (w->time_field || o->late || o->idle_close_ms))
		return err_set(err, ERR_USAGE,
		    "--%s: with --processing-time the time is the clock's",
		    w->time_field ? "time" : o->late ? "late" : "idle-close");
	if (w->engine.is_processing_time && (has_format || on_command_line(o, "idle")))
		return err_set(err, ERR_USAGE,
		    "--%s: with --processing-time the time is the clock's",
		    has_format ? "time-format" : "idle");
	if (has_format && !w->time_field)
		return err_set(err, ERR_USAGE, "--time-format: of which field? give --time FIELD");
	if (!o->input.topic && !w->time_field && !o->input.has_envelopes_in &&
	    !w->engine.is_processing_time)
		return err_set(err, ERR_USAGE, "lines of a pipe have no time: give --time FIELD");
	return 0;
}

/* Late records would be read again as late ones. */
static int
check_outputs(const struct options *o, struct err *err)
{
	if (client_check_target("output-topic", o->output_topic, o->input.topic, err) ||
	    client_check_target("late", o->late, o->input.topic, err))
		return -1;
	return deadletter_check(&o->letters, &o->job, o->input.topic, err);
}

static int
set_stdout_target(struct options *o, struct err *err)
{
	uint64_t hash;

	if (windower_hash(&o->windower, &hash, err))
		return -1;
	(void)snprintf(o->stdout_target, sizeof(o->stdout_target), "stdout-%0*" PRIx32,
	    STDOUT_DIGITS, (uint32_t)(hash >> 32));
	return 0;
}

static int
check(struct options *o, struct err *err)
{
	struct windower_options *w = &o->windower;

	if (window_options_check(&o->windows, &w->engine, err))
		return -1;
	if (!w->aggregate_count)
		return err_set(err, ERR_USAGE, "-a is missing: what is to be aggregated?");
	if (o->input.has_envelopes_out)
		return err_set(err, ERR_USAGE,
		    "-J: this version writes values only; -J=in reads envelopes from a pipe");
	if (check_times(o, err) || check_outputs(o, err))
		return -1;
	if (w->key && !o->output_topic)
		return err_set(err, ERR_USAGE, "--key is given, but no topic to write (--output-topic)");
	if (o->compression && !o->output_topic)
		return err_set(err, ERR_USAGE, "--compress is for a topic (--output-topic)");
	w->engine.idle_ms = o->idle_ms ? o->idle_ms : WATERMARK_NEVER;
	w->engine.idle_close_ms = o->idle_close_ms ? o->idle_close_ms : WATERMARK_NEVER;
	w->engine.state_bytes_max = (size_t)o->state_bytes_max;
	w->is_pipe = !o->input.topic;
	w->is_late_file = o->late && strchr(o->late, '/');
	w->is_group = o->input.topic && !o->input.partition_count;
	w->is_bounded = input_is_bounded(&o->input);
	return set_stdout_target(o, err);
}

/* ---- what is said ---- */

static int
say_dry_run(const struct options *o, struct err *err)
{
	const struct explain x = { .windows = &o->windows, .windower = &o->windower };
	struct buf windows = BUF_INIT(EXPLAIN_BYTES_MAX);
	int rc = explain_append_assigner(&x, &windows, err);

	if (!rc)
		diag_note(
		    "would aggregate %s%s in windows (%.*s), %zu aggregates by %zu fields, to %s%s",
		    o->input.topic ? "topic " : "standard input",
		    o->input.topic ? o->input.topic : "", SLICE_ARGS(buf_slice(&windows)),
		    o->windower.aggregate_count, o->windower.by_count,
		    o->output_topic ? "topic " : "standard output",
		    o->output_topic ? o->output_topic : "");
	buf_release(&windows);
	return rc;
}

static void
say_summary(const struct options *o, const struct windower *w, const struct windower_counts *counts)
{
	const struct windower_counts c = *counts;
	char replayed[64] = "", outside[64] = "", open[64] = "";

	if (c.engine.replayed)
		(void)snprintf(replayed, sizeof(replayed), ", %lld of windows given out before",
		    (long long)c.engine.replayed);
	if (c.engine.outside)
		(void)snprintf(outside, sizeof(outside), ", %lld between windows",
		    (long long)c.engine.outside);
	if (c.windows_open)
		(void)snprintf(open, sizeof(open), ", %lld windows open", (long long)c.windows_open);
	/* without --late nobody else tells of these */
	(c.engine.late && !o->late ? diag_warn : diag_note)(
	    "%lld records read: %lld in windows, %lld late, %lld rejected%s%s; %lld windows, %lld rows "
	    "delivered%s",
	    (long long)c.read, (long long)c.engine.taken, (long long)c.engine.late,
	    (long long)c.rejected, replayed, outside, (long long)c.engine.windows, (long long)c.delivered, open);
	if (!o->windower.is_pipe && windower_silent_stream(w) >= 0)
		diag_note("partition %d never had a record, which keeps windows open (--idle)",
		    (int)windower_silent_stream(w));
}

/* ---- the numbers ---- */

struct numbers {
	int64_t processes; /* 1 at work; 0 before and after */
	struct windower_counts counts;
	int64_t filtered;
	int64_t event_s; /* -1: none */
};

#define VALUE(id, field) { id, offsetof(struct numbers, field) }

static const struct stats_value values[] = {
	VALUE(STATS_RECORDS_READ, counts.read),
	VALUE(STATS_BYTES_READ, counts.bytes),
	VALUE(STATS_RECORDS_AGGREGATED, counts.engine.taken),
	VALUE(STATS_RECORDS_LATE, counts.engine.late),
	VALUE(STATS_RECORDS_FILTERED, filtered),
	VALUE(STATS_RECORDS_REJECTED, counts.rejected),
	VALUE(STATS_WINDOWS, counts.engine.windows),
	VALUE(STATS_ROWS, counts.delivered),
	VALUE(STATS_WINDOWS_OPEN, counts.windows_open),
	VALUE(STATS_STATE_BYTES, counts.state_bytes),
	VALUE(STATS_EVENT_TIME, event_s),
	VALUE(STATS_LAG_RECORDS, counts.unread),
	VALUE(STATS_PROCESSES, processes),
};

static void
measure(void *context, const void *numbers, struct meter_numbers *ret)
{
	const struct options *o = context;
	const struct windower_counts *c = &((const struct numbers *)numbers)->counts;

	ret->records = c->read;
	ret->bytes = c->bytes;
	ret->rejected = c->rejected;
	ret->lag = c->unread;
	if (c->watermark_ms != WATERMARK_NONE)
		ret->event_ms = c->watermark_ms;
	report_measure_input(
	    &o->input, &(struct report_input){ c->read, c->passed, c->unread }, ret);
}

/* A run, and who is told of it. */
struct telling {
	struct numbers numbers;
	char group[INPUT_GROUP_BYTES_MAX + 1];
	struct report report;
};

static void
set_numbers(struct numbers *n, const struct windower_counts *now)
{
	*n = (struct numbers){ .processes = 1,
		.counts = *now,
		.filtered = now->engine.replayed + now->engine.outside,
		.event_s = now->watermark_ms < 0 ? -1 : now->watermark_ms / 1000 };
}

static void
on_told(void *context, const struct windower_counts *now)
{
	struct telling *t = context;

	set_numbers(&t->numbers, now);
	report_tell(&t->report);
}

/* What is of the moment is over, and what there is to read now nobody knows. */
static void
write_last(struct telling *t, const struct windower_counts *counts)
{
	set_numbers(&t->numbers, counts);
	t->numbers.processes = t->numbers.counts.windows_open = t->numbers.counts.state_bytes = 0;
	t->numbers.counts.unread = -1;
	report_write(&t->report);
}

/* ---- opening ---- */

static struct input_needs
needs_of(const struct options *o)
{
	return (struct input_needs){
		.target = o->output_topic ? o->output_topic : o->stdout_target,
		.want_headers = o->late || o->letters.target,
		.want_all_partitions = o->windower.is_group,
	};
}

/* To standard output: it is what was asked for. */
static int
explain(const struct options *o, struct err *err)
{
	char group[INPUT_GROUP_BYTES_MAX + 1];
	struct input_needs needs = needs_of(o);
	const struct explain x = {
		.input = &o->input,
		.group = o->windower.is_group ? input_group(&o->input, &o->job, &needs, group) : "",
		.windows = &o->windows,
		.windower = &o->windower,
		.output_topic = o->output_topic,
		.late = o->late,
		.dead_letter = o->letters.target,
		.dead_letter_max = o->letters.count_max,
	};
	struct buf text = BUF_INIT(EXPLAIN_BYTES_MAX);
	int rc = explain_append(&x, &text, err);

	if (!rc)
		(void)fwrite(text.data, 1, text.len, stdout); /* job_end looks */
	buf_release(&text);
	return rc;
}

static struct source *
open_source(const struct options *o, struct windower *w, struct err *err)
{
	struct source_events events = windower_events(w);
	struct input_needs needs = needs_of(o);

	return input_open(&o->input, &o->client, &o->job, &needs, &events, err);
}

/* What is opened, beside the windower. */
struct ends {
	struct source *source;
	struct sink *output, *late;
	struct deadletter *letters;
	int late_fd;
};

static int
open_ends(const struct options *o, struct windower *windower, struct ends *e, struct err *err)
{
	const struct client_target late = { .name = o->late };

	e->source = open_source(o, windower, err);
	if (!e->source)
		return -1;
	e->output = output_open(o->output_topic, o->compression, &o->client, OUTPUT_MEMORY_BYTES,
	    o->windower.drain_ms, NULL, err);
	if (!e->output)
		return -1;
	if (o->late && !(e->late = client_open_target(&o->client, &late, NULL, &e->late_fd, err)))
		return err_wrap(err, "--late");
	e->letters = deadletter_open(&o->letters, &o->client, tool.name, NULL, err);
	return e->letters ? 0 : -1;
}

static void
close_ends(struct ends *e)
{
	source_free(e->source);
	deadletter_free(e->letters);
	sink_free(e->late);
	if (e->late_fd >= 0)
		(void)close(e->late_fd); /* flushed and synced before, or given up */
	sink_free(e->output);
}

static int
run_windows(const struct options *o, struct windower *windower, struct telling *t,
    enum job_input *ret_input, struct err *err)
{
	const struct windower_watch watch = { t, on_told, report_every_ms(&t->report) };
	struct ends e = { .late_fd = -1 };
	struct windower_counts counts;
	int rc = -1;

	if (open_ends(o, windower, &e, err))
		goto out;
	windower_set_outputs(windower, e.output, e.late, e.letters);
	windower_set_watch(windower, &watch);
	rc = windower_run(windower, e.source, ret_input, err);
	report_end(&t->report);
	windower_get_counts(windower, &counts);
	if (!err->is_broken_pipe) /* which ends the tool in silence */
		say_summary(o, windower, &counts);
	write_last(t, &counts);
out:
	close_ends(&e);
	return rc;
}

static int
run_told(struct options *o, struct windower *windower, enum job_input *ret_input, struct err *err)
{
	struct telling t = { .report = { .job = &o->job,
		.options = &o->reports,
		.topic = o->input.topic,
		.values = values,
		.value_count = sizeof(values) / sizeof(*values),
		.writes_data = !o->output_topic,
		.context = o,
		.measure = measure } };
	struct input_needs needs = needs_of(o);
	int rc;

	t.report.numbers = &t.numbers;
	t.report.group = input_group(&o->input, &o->job, &needs, t.group);
	if (report_check(&t.report, err))
		return -1;
	report_begin(&t.report);
	rc = run_windows(o, windower, &t, ret_input, err);
	report_end(&t.report);
	return rc;
}

static int
run(struct options *o, enum job_input *ret_input, struct err *err)
{
	struct windower *windower = NULL;
	int rc = -1;

	if (check(o, err) || !(windower = windower_new(&o->windower, err)))
		goto out;
	if (o->explains || o->job.options.is_dry_run) {
		rc = o->explains ? explain(o, err) : say_dry_run(o, err);
		*ret_input = JOB_INPUT_ENDED;
		goto out;
	}
	rc = run_told(o, windower, ret_input, err);
out:
	windower_free(windower);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = CLIENT_OPTIONS_INIT,
		.input = INPUT_OPTIONS_INIT,
		.windower = { .drain_ms = DRAIN_MS_DEFAULT },
		.reports = REPORT_OPTIONS_INIT,
		.idle_ms = IDLE_MS_DEFAULT,
		.state_bytes_max = STATE_BYTES_DEFAULT,
	};
	const struct opt_group groups[] = {
		{ "Windows", window_rows, window_row_count, &o.windows },
		{ "Records and results", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Input", input_rows, input_row_count, &o.input },
		{ "Standard input, read without -t", input_pipe_rows, input_pipe_row_count, &o.input },
		{ "Rejected records", deadletter_rows, deadletter_row_count, &o.letters },
		{ "Progress", progress_rows, progress_row_count, &o.reports.progress },
		{ "Numbers for Prometheus", stats_rows, stats_row_count, &o.reports.stats },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	enum job_input input = JOB_INPUT_BOUNDED;
	struct err err = ERR_INIT;

	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !client_begin(&o.client, &o.job, &err) && !o.job.is_finished)
		(void)run(&o, &input, &err); /* err says it all */
	client_options_release(&o.client);
	window_options_release(&o.windows);
	return job_end(&o.job, input, &err);
}
