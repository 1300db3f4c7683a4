/* SPDX-License-Identifier: MIT */
/*
 * kafka-to-s3: a topic, or newline JSON from a pipe, into a lake of files partitioned by path.
 *
 * Promise: at least once. A file appears when it is whole and synced, under a name that tells which
 * records it holds; offsets are committed only past what has appeared. After a crash records that
 * had appeared but were not committed yet are read again, and a file that comes out the same is
 * recognised.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "kafka-to-s3/lake.h"
#include "run/aws.h"
#include "run/client.h"
#include "run/input.h"

/* ---- limits ---- */

enum {
	DRAIN_MS_DEFAULT = 30 * 1000,
	AGE_MS_DEFAULT = 5 * 60 * 1000,
	FILE_BYTES_DEFAULT = 128 * 1024 * 1024,
	OPEN_MAX_DEFAULT = 1000,
	OPEN_MAX_MOST = 1000 * 1000,
};

/* ---- options ---- */

struct options {
	struct job job; /* its options are a group's target */
	struct client_options client;
	struct input_options input;
	struct deadletter_options letters;
	struct lake_options lake;
	enum compression compression;
	int64_t file_bytes_max;
	int64_t file_records_max;
	int64_t file_age_ms_max; /* -1: not given */
	int64_t open_max;
	const char *run_id;
	bool may_overwrite;
};

static int
set_time_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return time_format_parse(value, &options->lake.time_format, err);
}

static int
set_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)target;
	(void)origin;
	if (strcmp(value, "json") != 0)
		return err_set(err, ERR_USAGE, "\"%s\": this version writes json only", value);
	return 0;
}

static int
set_compression(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return compression_parse(value, &options->compression, err);
}

static const struct opt rows[] = {
	{ 0, "path", "TEMPLATE",
	    "directories of a record's file, for example year={@year}/month={@month} [TARGET "
	    "itself]",
	    OPT_TEXT, offsetof(struct options, lake.path), 0, 0, NULL },
	{ 0, "time", "FIELD", "field with the event time [the record's timestamp]", OPT_TEXT,
	    offsetof(struct options, lake.time_field), 0, 0, NULL },
	{ 0, "time-format", "FORMAT",
	    "how it is written: iso, s, ms, us or a strptime pattern [a string is ISO 8601, a "
	    "number "
	    "ms]",
	    OPT_CALL, 0, 0, 0, set_time_format },
	{ 0, "format", "json", "what files hold: the records' values, one a line [json]", OPT_CALL,
	    0, 0, 0, set_format },
	{ 'z', "compress", "CODEC", "compression of files: none, lz4, gzip, zstd [none]", OPT_CALL,
	    0, 0, 0, set_compression },
	{ 0, "max-bytes", "SIZE", "publish a file before its lines are larger than this [128M]",
	    OPT_SIZE, offsetof(struct options, file_bytes_max), 1, 0, NULL },
	{ 0, "max-records", "N", "publish a file when it holds N records [no limit]", OPT_INT,
	    offsetof(struct options, file_records_max), 1, 0, NULL },
	{ 0, "max-age", "DURATION",
	    "publish a file this long after its first record, 0 for never [5m; never where "
	    "standard "
	    "input is a file]",
	    OPT_DURATION, offsetof(struct options, file_age_ms_max), 0, 0, NULL },
	{ 0, "max-open", "N",
	    "collect at most N files at a time; the least recently used is published first [1000]",
	    OPT_INT, offsetof(struct options, open_max), 1, OPEN_MAX_MOST, NULL },
	{ 0, "run-id", "ID", "part of the names of files made from a pipe", OPT_TEXT,
	    offsetof(struct options, run_id), 0, 0, NULL },
	{ 0, "overwrite", NULL, "replace files that exist [stop]", OPT_FLAG,
	    offsetof(struct options, may_overwrite), 0, 0, NULL },
	{ 0, "skip-tombstones", NULL, "leave out records without a value [reject them]", OPT_FLAG,
	    offsetof(struct options, lake.skips_tombstones), 0, 0, NULL },
	{ 0, "drain", "DURATION",
	    "after a signal, how long to go on publishing what was read [30s]", OPT_DURATION,
	    offsetof(struct options, lake.drain_ms), 0, 0, NULL },
};

static const struct tool tool = {
	.name = "kafka-to-s3",
	.synopsis = "[options] DIRECTORY",
	.summary =
	    "Write a Kafka topic or newline JSON from a pipe as a lake of partitioned files.",
	.examples =
	    "  kafka-to-s3 -b localhost:9092 -t trips --time dropoff_datetime \\\n"
	    "      --path 'year={@year}/month={@month}/day={@day}' -z lz4 ./lake\n"
	    "  kafka-window ... | kafka-to-s3 --time window_time --path 'day={@day}' ./lake\n",
	.operand_count_min = 1,
	.operand_count_max = 1,
};

/* ---- checks between options ---- */

static bool
is_file_on_stdin(void)
{
	struct stat status;

	return !fstat(STDIN_FILENO, &status) && S_ISREG(status.st_mode);
}

static int
check(struct options *o, struct err *err)
{
	const char *target = o->job.operands[0];

	if (strncmp(target, "s3://", 5) == 0)
		return err_set(
		    err, ERR_USAGE, "%s: this version writes to directories only", target);
	if (o->run_id && o->input.topic)
		return err_set(err, ERR_USAGE,
		    "--run-id is for pipes: files made from a topic are named by their offsets");
	if (o->input.has_envelopes_out)
		return err_set(err, ERR_USAGE,
		    "-J: this version writes values only; -J=in reads envelopes from a pipe");
	if (o->file_age_ms_max < 0)
		o->file_age_ms_max = !o->input.topic && is_file_on_stdin() ? 0 : AGE_MS_DEFAULT;
	o->lake.is_bounded = input_is_bounded(&o->input);
	return 0;
}

static int
check_lake(
    const struct options *o, const struct lake *lake, const struct naming *naming, struct err *err)
{
	if (lake_uses_time(lake) && !o->lake.time_field && !o->input.topic &&
	    !o->input.has_envelopes_in)
		return err_set(err, ERR_USAGE,
		    "--path uses the event time, but lines of a pipe have "
		    "none: give --time FIELD");
	return naming_check(naming, err);
}

/* ---- what is said ---- */

static void
say_dry_run(const struct options *o, const struct naming *naming)
{
	static const struct extent example = { .first = 0, .last = 999, .record_count = 1000 };
	char name[OBJECT_NAME_BYTES];

	naming_format(naming, &example, name);
	diag_note("would write %s%s as files like %s/%s%s%s", o->input.topic ? "topic " : "",
	    o->input.topic ? o->input.topic : "standard input", o->job.operands[0],
	    o->lake.path ? o->lake.path : "", o->lake.path ? "/" : "", name);
}

static void
say_published(void *context, const struct publication *item, const struct extent *extent)
{
	const char *target = context;

	diag_detail("%s %s/%s%s%s: %lld records, %lld bytes",
	    item->was_there ? "found" : "published", target, item->path, *item->path ? "/" : "",
	    item->name, (long long)extent->record_count, (long long)item->object_bytes);
}

static void
say_summary(const struct options *o, const struct lake *lake, const struct open_files *files)
{
	struct lake_counts c = lake_counts(lake);
	struct open_files_counts f = open_files_counts(files);
	char filtered[48] = "", lost[64] = "", open[48] = "", there[48] = "";

	if (o->lake.skips_tombstones)
		(void)snprintf(
		    filtered, sizeof(filtered), ", %lld filtered", (long long)c.filtered);
	if (c.lost)
		(void)snprintf(lost, sizeof(lost), ", %lld left to another member of the group",
		    (long long)c.lost);
	if (c.open)
		(void)snprintf(open, sizeof(open), ", %lld not published", (long long)c.open);
	if (f.files_there)
		(void)snprintf(
		    there, sizeof(there), ", %lld of them there already", (long long)f.files_there);
	diag_note(
	    "%lld records read: %lld delivered, %lld rejected%s%s%s; %lld files, %lld bytes%s",
	    (long long)c.read, (long long)c.delivered, (long long)c.rejected, filtered, lost, open,
	    (long long)f.files, (long long)f.object_bytes, there);
}

/* ---- opening ---- */

static struct publisher *
open_publisher(const struct options *o, struct err *err)
{
	struct publisher_options options = {
		.directory = o->job.operands[0],
		.compression = o->compression,
		.existing = o->may_overwrite ? PUBLISH_REPLACE
		            : o->input.topic ? PUBLISH_COMPARE
		                             : PUBLISH_REFUSE,
	};

	return publisher_new(&options, err);
}

static struct open_files *
open_open_files(const struct options *o, struct publisher *publisher, const struct naming *naming,
    struct err *err)
{
	/* a quarter of --memory is for the buffers of open files, three eighths for what the source
	 * has fetched; librdkafka needs more for what it is just unpacking */
	struct open_files_options options = {
		.publisher = publisher,
		.naming = naming,
		.file_bytes_max = o->file_bytes_max,
		.file_records_max = o->file_records_max,
		.file_age_ms_max = o->file_age_ms_max,
		.open_max = (unsigned)o->open_max,
		.memory_bytes = (size_t)o->input.memory_bytes / 4,
		.published = { .context = o->job.operands[0], .published = say_published },
	};
	struct open_files *files = open_files_new(&options, err);

	if (files && open_files_open_max(files) < options.open_max)
		diag_warn(
		    "--max-open is %u: the limit of open descriptors or --memory allow no more",
		    open_files_open_max(files));
	return files;
}

static struct source *
open_source(const struct options *o, struct lake *lake, struct err *err)
{
	struct input_options input = o->input;
	struct input_needs needs = { .target = o->job.operands[0],
		.want_headers = lake_uses_headers(lake) };
	struct source_events events = lake_events(lake);

	input.memory_bytes = input.memory_bytes / 8 * 3;
	return input_open(&input, &o->client, &o->job, &needs, &events, err);
}

static int
run(struct options *o, enum job_input *ret_input, struct err *err)
{
	struct naming naming = { .topic = o->input.topic,
		.run_id = o->run_id,
		.format = "json",
		.compression = o->compression };
	struct lake *lake = NULL;
	struct publisher *publisher = NULL;
	struct open_files *files = NULL;
	struct deadletter *letters = NULL;
	struct source *source = NULL;
	int rc = -1;

	if (check(o, err) || !(lake = lake_new(&o->lake, err)) || check_lake(o, lake, &naming, err))
		goto out;
	if (o->job.options.is_dry_run) {
		say_dry_run(o, &naming);
		*ret_input = JOB_INPUT_ENDED;
		rc = 0;
		goto out;
	}
	source = open_source(o, lake, err);
	if (!source)
		goto out;
	publisher = open_publisher(o, err);
	if (!publisher || !(files = open_open_files(o, publisher, &naming, err)))
		goto out;
	letters = deadletter_open(&o->letters, &o->client, tool.name, NULL, err);
	if (!letters)
		goto out;
	lake_set_outputs(lake, files, letters);
	rc = lake_run(lake, source, ret_input, err);
	say_summary(o, lake, files);
out:
	source_free(source);
	deadletter_free(letters);
	open_files_free(files);
	publisher_free(publisher);
	lake_free(lake);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = CLIENT_OPTIONS_INIT,
		.input = INPUT_OPTIONS_INIT,
		.lake = { .drain_ms = DRAIN_MS_DEFAULT },
		.file_bytes_max = FILE_BYTES_DEFAULT,
		.file_age_ms_max = -1,
		.open_max = OPEN_MAX_DEFAULT,
	};
	const struct opt_group groups[] = {
		{ "Lake", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Input", input_rows, input_row_count, &o.input },
		{ "Standard input, read without -t", input_pipe_rows, input_pipe_row_count,
		    &o.input },
		{ "Rejected records", deadletter_rows, deadletter_row_count, &o.letters },
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
	return job_end(&o.job, input, &err);
}
