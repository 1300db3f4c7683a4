/* SPDX-License-Identifier: MIT */
/*
 * s3-to-kafka: replays records from files and objects of S3 into a topic or a pipe, in event time, sped up.
 *
 * Promise: at least once. Exit status 0 says that every record read was acknowledged by all in-sync
 * replicas (or taken by write(2)) or is in the dead letter target. The order of the input is kept in
 * each partition, or the order of event time within the reorder horizon.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "run/aws.h"
#include "run/client.h"
#include "run/deadletter.h"
#include "run/job.h"
#include "run/output.h"
#include "s3-to-kafka/objects_options.h"
#include "s3-to-kafka/replay.h"
#include "sink/topic.h"
#include "source/objects.h"

/* ---- limits ---- */

enum {
	LINE_BYTES_DEFAULT = 16 * 1024 * 1024,
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
	int64_t line_bytes_max;
};

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
	{ 'z', "compress", "CODEC", "compression of batches: none, gzip, snappy, lz4, zstd", OPT_TEXT,
	    offsetof(struct options, compression), 0, 0, NULL },
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
};

static const struct tool tool = {
	.name = "s3-to-kafka",
	.synopsis = "[options] [FILE|DIRECTORY|PATTERN|s3://BUCKET/PREFIX ...]",
	.summary = "Replay JSON lines or CSV in event time into a Kafka topic or a pipe.",
	.examples =
	    "  s3-to-kafka -b localhost:9092 -t trips trips.json.lz4\n"
	    "  s3-to-kafka --time dropoff_datetime --speedup 3600 trips.json.lz4 |\n"
	    "      kafka-window ...\n"
	    "  s3-to-kafka -b localhost:9092 -t trips s3://bucket/trips/\n",
	.operand_count_max = SIZE_MAX,
};

/* ---- checks between options ---- */

/* What can be read once only. */
static bool
is_stream(const char *path)
{
	struct stat st;

	return strcmp(path, "-") == 0 ||
	    (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

static int
check_paths(struct options *o, struct err *err)
{
	static char standard_input[] = "-";
	static char *only_standard_input[] = { standard_input };

	o->objects.paths = o->job.operands;
	o->objects.path_count = o->job.operand_count;
	if (!o->job.operand_count) {
		o->objects.paths = only_standard_input;
		o->objects.path_count = 1;
	}
	for (size_t i = 0; i < o->objects.path_count; i++) {
		const char *path = o->objects.paths[i];

		if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO))
			return err_set(err, ERR_USAGE,
			    "standard input is a terminal: name files, or pipe records in");
		if (o->replay.rounds_max != 1 && is_stream(path))
			return err_set(err, ERR_USAGE,
			    "--loop: %s cannot be read a second time", path);
	}
	return 0;
}

static int
check(struct options *o, struct err *err)
{
	if (!o->topic && !o->letters.target &&
	    opt_origin(&o->job.set, "brokers") == OPT_COMMAND_LINE)
		return err_set(err, ERR_USAGE, "--brokers is given, but no topic to write (-t)");
	if (!o->topic && o->compression)
		return err_set(err, ERR_USAGE,
		    "--compress is for a topic (-t); pipe standard output into lz4, gzip or zstd");
	if (o->objects.format == OBJECTS_JSON && (o->objects.columns || o->objects.has_header))
		return err_set(err, ERR_USAGE, "--columns and --header are for CSV");
	if (o->objects.has_header && !o->objects.columns)
		return err_set(err, ERR_USAGE,
		    "--header goes with --columns; without them the first row names the columns");
	if (o->replay.composer.has_envelopes &&
	    (o->objects.format == OBJECTS_CSV || o->objects.columns))
		return err_set(err, ERR_USAGE, "--envelope is for JSON lines, not for CSV");
	if (replay_options_check(&o->replay, o->topic != NULL, err) ||
	    objects_options_check(&o->objects, &o->replay, err))
		return -1;
	o->objects.line_bytes_max = (size_t)o->line_bytes_max;
	o->objects.aws = &o->client.aws;
	o->replay.is_quiet = o->job.options.is_quiet;
	return check_paths(o, err);
}

static void
say_dry_run(const struct options *o, const struct source *source)
{
	struct objects_progress files;

	source_objects_progress(source, &files);
	diag_note("would replay %zu object%s (%lld bytes) to %s%s", files.file_count,
	    files.file_count == 1 ? "" : "s", (long long)files.bytes_all,
	    o->topic ? "topic " : "standard output", o->topic ? o->topic : "");
}

static void
say_summary(struct replay *replay)
{
	struct replay_counts counts;
	char skipped[48] = "", waiting[64] = "", watermarks[48] = "";

	replay_get_counts(replay, &counts);
	if (counts.skipped)
		(void)snprintf(skipped, sizeof(skipped), ", %lld skipped", (long long)counts.skipped);
	if (counts.waiting)
		(void)snprintf(waiting, sizeof(waiting), ", %lld not sent or not acknowledged",
		    (long long)counts.waiting);
	if (counts.watermarks)
		(void)snprintf(watermarks, sizeof(watermarks), "; %lld watermark records sent",
		    (long long)counts.watermarks);
	diag_note("%lld records read: %lld delivered, %lld rejected%s%s%s", (long long)counts.read,
	    (long long)counts.delivered, (long long)counts.rejected, skipped, waiting, watermarks);
}

static struct source *
open_input(void *context, struct err *err)
{
	const struct options *o = context;

	return source_objects_open(&o->objects, err);
}

/* librdkafka waits 5 ms for a batch to fill (queue.buffering.max.ms), longer than a paced record may
 * be late. */
static int
prefer_punctual(struct options *o, struct err *err)
{
	struct kafka_options *kafka = &o->client.kafka;

	if ((o->replay.speedup <= 0 && o->replay.rate <= 0) ||
	    kafka_options_get(kafka, "queue.buffering.max.ms"))
		return 0;
	return kafka_options_add(kafka, "queue.buffering.max.ms=1", false, err);
}

/* Opens both ends of the outlet. */
static int
open_outputs(struct options *o, struct outlet *outlet, struct sink **ret_sink,
    struct deadletter **ret_letters, struct err *err)
{
	const struct sink_done sent = outlet_sink_done(outlet), kept = outlet_letter_done(outlet);

	if (prefer_punctual(o, err))
		return -1;
	*ret_sink = output_open(o->topic, o->compression, &o->client,
	    (size_t)o->replay.memory_bytes, o->replay.drain_ms, &sent, err);
	if (!*ret_sink)
		return -1;
	outlet_attach(outlet, *ret_sink, o->topic ? sink_topic_partition_count(*ret_sink) : 0);
	*ret_letters = deadletter_open(&o->letters, &o->client, tool.name, &kept, err);
	return *ret_letters ? 0 : -1;
}

static int
run(struct options *o, enum job_input *ret_input, struct err *err)
{
	const struct replay_input input = { .context = o, .open = open_input };
	struct source *source = NULL;
	struct outlet *outlet = NULL;
	struct sink *sink = NULL;
	struct deadletter *letters = NULL;
	struct replay *replay = NULL;
	int rc = -1;

	if (check(o, err) || !(source = open_input(o, err)))
		goto out;
	if (o->job.options.is_dry_run) {
		say_dry_run(o, source);
		*ret_input = JOB_INPUT_ENDED;
		rc = 0;
		goto out;
	}
	outlet = outlet_new(err);
	if (!outlet || open_outputs(o, outlet, &sink, &letters, err))
		goto out;
	replay = replay_new(&o->replay, source, &input, outlet, letters, err);
	source = NULL; /* taken over */
	if (!replay)
		goto out;
	rc = replay_run(replay, ret_input, err);
	if (!err->is_broken_pipe) /* which ends the tool in silence */
		say_summary(replay);
out:
	replay_free(replay);
	deadletter_free(letters);
	sink_free(sink);
	outlet_free(outlet);
	source_free(source);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = CLIENT_OPTIONS_INIT,
		.replay = REPLAY_OPTIONS_INIT,
		.objects = { .delimiter = ',', .ahead_count = OBJECTS_AHEAD_DEFAULT },
		.line_bytes_max = LINE_BYTES_DEFAULT,
	};
	const struct opt_group groups[] = {
		{ "Input and output", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Objects", objects_rows, objects_row_count, &o.objects },
		{ "Replay", replay_rows, replay_row_count, &o.replay },
		{ "Rejected records", deadletter_rows, deadletter_row_count, &o.letters },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "S3", aws_service_rows, aws_service_row_count, &o.client.aws },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	enum job_input input = JOB_INPUT_BOUNDED;
	struct err err = ERR_INIT;

	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !client_begin(&o.client, &o.job, &err) && !o.job.is_finished)
		(void)run(&o, &input, &err); /* err says it all */
	client_options_release(&o.client);
	return job_end(&o.job, input, &err);
}
