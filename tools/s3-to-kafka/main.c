/* SPDX-License-Identifier: MIT */
/*
 * s3-to-kafka: replays records from files into a topic or a pipe, in event time, sped up.
 *
 * Promise: at least once. Exit status 0 says that every record read was acknowledged by all in-sync
 * replicas (or taken by write(2)) or is in the dead letter target. The order of the input is kept in
 * each partition, or the order of event time within the reorder horizon.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "run/client.h"
#include "run/deadletter.h"
#include "run/job.h"
#include "run/output.h"
#include "s3-to-kafka/replay.h"
#include "source/objects.h"

/* ---- limits ---- */

enum {
	LINE_BYTES_DEFAULT = 16 * 1024 * 1024,
	MEMORY_BYTES_DEFAULT = 32 * 1024 * 1024,
	DRAIN_MS_DEFAULT = 30 * 1000,
};

/* ---- options ---- */

struct options {
	struct job job; /* its options are a group's target */
	struct client_options client;
	struct deadletter_options letters;
	struct replay_options replay;
	struct source_objects_options objects;
	const char *topic;
	const char *compression;
	int64_t partition;
	int64_t line_bytes_max;
};

static int
set_speedup(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;
	char *end;
	double speedup;

	(void)origin;
	if (strcmp(value, "max") == 0) {
		options->replay.speedup = 0;
		return 0;
	}
	errno = 0;
	speedup = strtod(value, &end);
	if (end == value || *end || errno || !(speedup > 0) || speedup > 1e15)
		return err_set(err, ERR_USAGE, "\"%s\" is neither a number above 0 nor max", value);
	options->replay.speedup = speedup;
	return 0;
}

static int
set_time_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return time_format_parse(value, &options->replay.time_format, err);
}

static int
set_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	static const char *const names[] = { "auto", "json", "csv" };
	struct options *options = target;

	(void)origin;
	for (int i = 0; i < 3; i++) {
		if (strcmp(value, names[i]) == 0) {
			options->objects.format = (enum objects_format)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\" is none of auto, json, csv", value);
}

static int
set_delimiter(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	if (strcmp(value, "\\t") == 0)
		value = "\t";
	if (strlen(value) != 1 || strchr("\"\r\n", *value))
		return err_set(err, ERR_USAGE, "\"%s\" is not one character, or \\t", value);
	options->objects.delimiter = *value;
	return 0;
}

static const struct opt rows[] = {
	{ 't', "topic", "TOPIC", "topic to write; without it, standard output is written", OPT_TEXT,
	    offsetof(struct options, topic), 0, 0, NULL },
	{ 'p', "partition", "N", "write to this partition [by the key, or any]", OPT_INT,
	    offsetof(struct options, partition), 0, INT32_MAX, NULL },
	{ 'z', "compress", "CODEC", "compression of batches: none, gzip, snappy, lz4, zstd", OPT_TEXT,
	    offsetof(struct options, compression), 0, 0, NULL },
	{ 0, "key", "TEMPLATE", "key of each record, for example {vendor_id}", OPT_TEXT,
	    offsetof(struct options, replay.key), 0, 0, NULL },
	{ 0, "time", "FIELD", "field with the event time", OPT_TEXT,
	    offsetof(struct options, replay.time_field), 0, 0, NULL },
	{ 0, "time-format", "FORMAT",
	    "how it is written: iso, s, ms, us or a strptime pattern [a string is ISO 8601, a number "
	    "ms]",
	    OPT_CALL, 0, 0, 0, set_time_format },
	{ 0, "speedup", "N|max", "replay N times as fast as event time goes [max]", OPT_CALL, 0, 0, 0,
	    set_speedup },
	{ 0, "reorder", "N", "put records into order of event time over a horizon of N records [0]",
	    OPT_INT, offsetof(struct options, replay.reorder_count), 0, 100000000, NULL },
	{ 'c', "count", "N", "stop after N records", OPT_INT,
	    offsetof(struct options, replay.count_max), 1, 0, NULL },
	{ 0, "format", "auto|json|csv",
	    "what the files hold [csv with --columns or where the name says .csv, else json]",
	    OPT_CALL, 0, 0, 0, set_format },
	{ 0, "columns", "NAME:TYPE,...",
	    "columns of CSV; types string, int, double, bool, json [the first row names them]",
	    OPT_TEXT, offsetof(struct options, objects.columns), 0, 0, NULL },
	{ 0, "header", NULL, "with --columns: the first row of each file is a header, skip it",
	    OPT_FLAG, offsetof(struct options, objects.has_header), 0, 0, NULL },
	{ 0, "delimiter", "CHARACTER", "between the cells of CSV [,]", OPT_CALL, 0, 0, 0,
	    set_delimiter },
	{ 0, "line-max", "SIZE", "longest line [16M]", OPT_SIZE,
	    offsetof(struct options, line_bytes_max), 1, 1024 * 1024 * 1024, NULL },
	{ 0, "memory", "SIZE", "bound on what waits to be sent, and again on the reorder horizon [32M]",
	    OPT_SIZE, offsetof(struct options, replay.memory_bytes), 1024 * 1024, 0, NULL },
	{ 0, "drain", "DURATION", "after a signal, how long to wait for acknowledgements [30s]",
	    OPT_DURATION, offsetof(struct options, replay.drain_ms), 0, 0, NULL },
};

static const struct tool tool = {
	.name = "s3-to-kafka",
	.synopsis = "[options] [FILE|DIRECTORY|PATTERN ...]",
	.summary = "Replay JSON lines or CSV in event time into a Kafka topic or a pipe.",
	.examples =
	    "  s3-to-kafka -b localhost:9092 -t trips trips.json.lz4\n"
	    "  s3-to-kafka --time dropoff_datetime --speedup 3600 trips.json.lz4 |\n"
	    "      kafka-window ...\n",
	.operand_count_max = SIZE_MAX,
};

/* ---- checks between options ---- */

static int
check(struct options *o, struct err *err)
{
	static char standard_input[] = "-";
	static char *only_standard_input[] = { standard_input };

	if (o->replay.speedup > 0 && !o->replay.time_field)
		return err_set(err, ERR_USAGE, "--speedup needs --time: the field with the event time");
	if (o->replay.reorder_count && !o->replay.time_field)
		return err_set(err, ERR_USAGE, "--reorder needs --time: the field with the event time");
	if (!o->topic && !o->letters.target &&
	    opt_origin(&o->job.set, "brokers") == OPT_COMMAND_LINE)
		return err_set(err, ERR_USAGE, "--brokers is given, but no topic to write (-t)");
	if (!o->topic && o->partition >= 0)
		return err_set(err, ERR_USAGE, "--partition is given, but no topic to write (-t)");
	if (!o->topic && o->compression)
		return err_set(err, ERR_USAGE,
		    "--compress is for a topic (-t); pipe standard output into lz4, gzip or zstd");
	if (o->objects.format == OBJECTS_JSON && (o->objects.columns || o->objects.has_header))
		return err_set(err, ERR_USAGE, "--columns and --header are for CSV");
	if (o->objects.has_header && !o->objects.columns)
		return err_set(err, ERR_USAGE,
		    "--header goes with --columns; without them the first row names the columns");
	o->objects.paths = o->job.operands;
	o->objects.path_count = o->job.operand_count;
	if (!o->job.operand_count) {
		o->objects.paths = only_standard_input;
		o->objects.path_count = 1;
	}
	for (size_t i = 0; i < o->objects.path_count; i++) {
		if (strcmp(o->objects.paths[i], "-") == 0 && isatty(STDIN_FILENO))
			return err_set(err, ERR_USAGE,
			    "standard input is a terminal: name files, or pipe records in");
		if (strncmp(o->objects.paths[i], "s3://", 5) == 0)
			return err_set(err, ERR_USAGE, "%s: this version reads files only",
			    o->objects.paths[i]);
	}
	o->objects.line_bytes_max = (size_t)o->line_bytes_max;
	o->replay.partition = (int32_t)o->partition;
	o->replay.is_quiet = o->job.options.is_quiet;
	return 0;
}

static void
say_dry_run(const struct options *o, const struct source *source)
{
	struct objects_progress files;

	source_objects_progress(source, &files);
	diag_note("would replay %zu file%s (%lld bytes) to %s%s", files.file_count,
	    files.file_count == 1 ? "" : "s", (long long)files.bytes_all,
	    o->topic ? "topic " : "standard output", o->topic ? o->topic : "");
}

static void
say_summary(struct replay *replay)
{
	struct replay_counts counts;

	replay_get_counts(replay, &counts);
	if (counts.waiting)
		diag_note("%lld records read: %lld delivered, %lld rejected, %lld not sent or not "
			  "acknowledged", (long long)counts.read, (long long)counts.delivered,
		    (long long)counts.rejected, (long long)counts.waiting);
	else
		diag_note("%lld records read: %lld delivered, %lld rejected",
		    (long long)counts.read, (long long)counts.delivered,
		    (long long)counts.rejected);
}

static int
run(struct options *o, enum job_input *ret_input, struct err *err)
{
	struct source *source = NULL;
	struct sink *sink = NULL;
	struct deadletter *letters = NULL;
	struct replay *replay = NULL;
	int rc = -1;

	if (check(o, err) || !(source = source_objects_open(&o->objects, err)))
		goto out;
	if (o->job.options.is_dry_run) {
		say_dry_run(o, source);
		*ret_input = JOB_INPUT_ENDED;
		rc = 0;
		goto out;
	}
	sink = output_open(o->topic, o->compression, &o->client, (size_t)o->replay.memory_bytes,
	    o->replay.drain_ms, NULL, err);
	if (!sink)
		goto out;
	letters = deadletter_open(&o->letters, &o->client, tool.name, NULL, err);
	if (!letters)
		goto out;
	replay = replay_new(&o->replay, source, sink, letters, err);
	if (!replay)
		goto out;
	rc = replay_run(replay, ret_input, err);
	if (!err->is_broken_pipe) /* which ends the tool in silence */
		say_summary(replay);
out:
	replay_free(replay);
	deadletter_free(letters);
	sink_free(sink);
	source_free(source);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = CLIENT_OPTIONS_INIT,
		.replay = { .memory_bytes = MEMORY_BYTES_DEFAULT, .drain_ms = DRAIN_MS_DEFAULT },
		.objects = { .delimiter = ',' },
		.partition = -1,
		.line_bytes_max = LINE_BYTES_DEFAULT,
	};
	const struct opt_group groups[] = {
		{ "Replay", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Rejected records", deadletter_rows, deadletter_row_count, &o.letters },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	enum job_input input = JOB_INPUT_BOUNDED;
	struct err err = ERR_INIT;

	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !o.job.is_finished)
		(void)run(&o, &input, &err); /* err says it all */
	client_options_release(&o.client);
	return job_end(&o.job, input, &err);
}
