/* SPDX-License-Identifier: MIT */
/*
 * s3-to-kafka: replays records from files and objects of S3 into a topic or a pipe, in event time, sped
 * up.
 *
 * Promise: exactly once across restarts with --resume-id, for read_committed readers: each transaction
 * holds records and the position behind them. Otherwise at least once. Exit status 0 says that every
 * record read was acknowledged by all in-sync replicas (or taken by write(2)) or is in the dead letter
 * target. The order of the input is kept in each partition, or the order of event time within the
 * reorder horizon.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/aws.h"
#include "s3-to-kafka/objects_options.h"
#include "s3-to-kafka/run.h"

/* ---- limits ---- */

enum {
	LINE_BYTES_DEFAULT = 16 * 1024 * 1024,
};

/* ---- options ---- */

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
	{ 0, "from", "OBJECT", "begin with this one of the objects", OPT_TEXT,
	    offsetof(struct options, from), 0, 0, NULL },
	{ 0, "from-line", "N", "begin with line N of the first object, or of that of --from", OPT_INT,
	    offsetof(struct options, replay.from_line), 1, 0, NULL },
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
		if ((o->replay.rounds_max != 1 || o->resume.id) && is_stream(path))
			return err_set(err, ERR_USAGE, "%s: %s cannot be read a second time",
			    o->resume.id ? "--resume-id" : "--loop",
			    strcmp(path, "-") ? path : "standard input");
	}
	return 0;
}

static bool
is_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* One transaction writes to all of them, and tells their records apart by the topic. */
static int
check_topics(const struct options *o, struct err *err)
{
	if (is_same(o->topic, o->resume.topic) || is_same(o->letters.target, o->resume.topic))
		return err_set(err, ERR_USAGE, "topic %s is the --resume-topic: give another one",
		    o->resume.topic);
	if (is_same(o->topic, o->letters.target))
		return err_set(err, ERR_USAGE,
		    "--resume-id: dead letters need a topic of their own, not %s", o->topic);
	return 0;
}

static int
check_resume(const struct options *o, struct err *err)
{
	if (resume_options_check(&o->resume, err))
		return -1;
	if (job_check_pair(&o->job, "resume-topic", "resume-id", err) ||
	    job_check_pair(&o->job, "commit-interval", "resume-id", err))
		return -1;
	if (!o->resume.id)
		return 0;
	if (!o->topic && !o->resume.is_forgotten)
		return err_set(err, ERR_USAGE, "--resume-id needs a topic to write (-t)");
	if (o->replay.rounds_max != 1)
		return err_set(err, ERR_USAGE, "--resume-id and --loop exclude each other");
	if (o->from || o->replay.from_line)
		return err_set(err, ERR_USAGE,
		    "--resume-id knows where to begin: leave out --from and --from-line");
	return check_topics(o, err);
}

static int
check(struct options *o, struct err *err)
{
	if (check_resume(o, err))
		return -1;
	if (o->resume.is_forgotten) /* with no input */
		return 0;
	if (deadletter_check(&o->letters, &o->job, NULL, err))
		return -1;
	if (!o->topic && !o->letters.target &&
	    opt_origin(&o->job.set, "brokers") == OPT_COMMAND_LINE)
		return err_set(err, ERR_USAGE, "--brokers is given, but no topic to write (-t)");
	if (!o->topic && o->compression)
		return err_set(err, ERR_USAGE,
		    "--compress is for a topic (-t); pipe standard output into lz4, gzip or zstd");
	if (o->objects.merges && (o->from || o->replay.from_line))
		return err_set(err, ERR_USAGE,
		    "--from and --from-line go by the objects' own order: leave out --merge");
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
	return check_paths(o, err);
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = CLIENT_OPTIONS_INIT,
		.replay = REPLAY_OPTIONS_INIT,
		.resume = RESUME_OPTIONS_INIT,
		.reports = REPORT_OPTIONS_INIT,
		.objects = { .delimiter = ',', .ahead_count = OBJECTS_AHEAD_DEFAULT },
		.line_bytes_max = LINE_BYTES_DEFAULT,
	};
	const struct opt_group groups[] = {
		{ "Input and output", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Objects", objects_rows, objects_row_count, &o.objects },
		{ "Replay", replay_rows, replay_row_count, &o.replay },
		{ "Going on", resume_rows, resume_row_count, &o.resume },
		{ "Rejected records", deadletter_rows, deadletter_row_count, &o.letters },
		{ "Progress", progress_rows, progress_row_count, &o.reports.progress },
		{ "Numbers for Prometheus", stats_rows, stats_row_count, &o.reports.stats },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "S3", aws_service_rows, aws_service_row_count, &o.client.aws },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	enum job_input input = JOB_INPUT_BOUNDED;
	struct err err = ERR_INIT;

	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !client_begin(&o.client, &o.job, &err) && !o.job.is_finished)
		(void)(check(&o, &err) || run_replay(&o, &input, &err)); /* err says it all */
	client_options_release(&o.client);
	return job_end(&o.job, input, &err);
}
