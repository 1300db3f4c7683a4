/* SPDX-License-Identifier: MIT */
/*
 * kafka-to-s3: a topic, or newline JSON from a pipe, into a lake of files partitioned by path.
 *
 * Promise: from a topic, exactly once (kafka-to-s3/epoch.h). A file appears when it is whole and synced; what a
 * crash leaves is rebuilt by the next owner of the partition, record for record.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "kafka-to-s3/format/options_format.h"
#include "kafka-to-s3/format/options_table.h"
#include "kafka-to-s3/format/print_schema.h"
#include "kafka-to-s3/lake.h"
#include "kafka-to-s3/mark.h"
#include "kafka-to-s3/numbers.h"
#include "run/aws.h"
#include "run/client.h"
#include "run/input.h"

/* ---- limits ---- */

enum {
	DRAIN_MS_DEFAULT = 30 * 1000,
	AGE_MS_DEFAULT = 5 * 60 * 1000,
	ROLL_BYTES_DEFAULT = 128 * 1024 * 1024,
	OPEN_MAX_DEFAULT = 1000,
	OPEN_MAX_MOST = 1000 * 1000,
	FORMAT_VERSION = 4, /* of names and bytes: part of the fingerprint */
};

#define EPOCH_BYTES_DEFAULT ((int64_t)512 * 1024 * 1024)
#define SPOOL_BYTES_DEFAULT ((int64_t)4 * 1024 * 1024 * 1024)

/* ---- options ---- */

struct options {
	struct job job; /* its options are a group's target */
	char *target;   /* the operand, normalised; owned */
	struct client_options client;
	struct workers_options workers;
	struct input_options input;
	struct report_options reports;
	struct deadletter_options letters;
	struct lake_options lake;
	const char *time_format; /* as written; NULL: not given */
	struct format_options format;
	struct shape_options shape;
	struct table_options table;
	int64_t roll_bytes;
	int64_t roll_records;
	int64_t open_max;
	const char *name;
	struct s3_target_options s3;
	const char *run_id;
	bool may_overwrite;
	bool accepts_gaps;
};

static int
set_time_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	options->time_format = value;
	return time_format_parse(value, &options->lake.time_format, err);
}

static const struct opt rows[] = {
	{ 0, "path", "TEMPLATE",
	    "directories of a record's file, for example year={@year}/month={@month} [TARGET "
	    "itself]",
	    OPT_TEXT, offsetof(struct options, lake.path), 0, 0, NULL },
	{ 0, "name", "TEMPLATE",
	    "files' own names, of {@topic}, {@partition}, {@offset}; from a pipe {@line}, {@run-id} "
	    "[{@topic}-{@partition:05d}-{@offset:020d}; part-{@line:012d}]",
	    OPT_TEXT, offsetof(struct options, name), 0, 0, NULL },
	{ 0, "time", "FIELD", "field with the event time [the record's timestamp]", OPT_TEXT,
	    offsetof(struct options, lake.time_field), 0, 0, NULL },
	{ 0, "time-format", "FORMAT",
	    "how it is written: iso, s, ms, us or a strptime pattern [a string is ISO 8601, a "
	    "number "
	    "ms]",
	    OPT_CALL, 0, 0, 0, set_time_format },
	{ 0, "max-bytes", "SIZE",
	    "publish a partition's files when their lines are as large as this together [512M]",
	    OPT_SIZE, offsetof(struct options, lake.limits.bytes), 1, 0, NULL },
	{ 0, "max-records", "N", "publish them when they hold N records [no limit]", OPT_INT,
	    offsetof(struct options, lake.limits.records), 1, 0, NULL },
	{ 0, "max-age", "DURATION",
	    "publish them this long after the first record, 0 for never [5m; never where standard "
	    "input is a file]",
	    OPT_DURATION, offsetof(struct options, lake.limits.age_ms), 0, 0, NULL },
	{ 0, "max-event-age", "DURATION",
	    "publish them when their event times lie this far apart [no limit]", OPT_DURATION,
	    offsetof(struct options, lake.limits.event_ms), 1, 0, NULL },
	{ 0, "roll-bytes", "SIZE", "a file's lines are no larger than this [128M]", OPT_SIZE,
	    offsetof(struct options, roll_bytes), 1, 0, NULL },
	{ 0, "roll-records", "N", "a file holds at most N records [no limit]", OPT_INT,
	    offsetof(struct options, roll_records), 1, 0, NULL },
	{ 0, "max-open", "N",
	    "collect at most N files at a time: the largest partition's are published first [1000]",
	    OPT_INT, offsetof(struct options, open_max), 1, OPEN_MAX_MOST, NULL },
	{ 0, "spool", "SIZE",
	    "keep at most about this on the disk of files that are collected [4G]", OPT_SIZE,
	    offsetof(struct options, lake.spool_bytes), 1, 0, NULL },
	{ 0, "run-id", "ID", "part of the names of files made from a pipe", OPT_TEXT,
	    offsetof(struct options, run_id), 0, 0, NULL },
	{ 0, "overwrite", NULL, "replace files that exist [stop]", OPT_FLAG,
	    offsetof(struct options, may_overwrite), 0, 0, NULL },
	{ 0, "accept-gap", NULL,
	    "go on where the log starts when records expired before they were read [stop]", OPT_FLAG,
	    offsetof(struct options, accepts_gaps), 0, 0, NULL },
	{ 0, "success-after", "DURATION",
	    "make an empty _SUCCESS in a path when event time is this far past its end, and at the end "
	    "of a pipe [none]",
	    OPT_DURATION, offsetof(struct options, lake.success_after_ms), 0, 0, NULL },
	{ 0, "skip-tombstones", NULL, "leave out records without a value [reject them]", OPT_FLAG,
	    offsetof(struct options, lake.skips_tombstones), 0, 0, NULL },
	{ 0, "drain", "DURATION",
	    "after a signal, how long to go on publishing what was read [30s]", OPT_DURATION,
	    offsetof(struct options, lake.drain_ms), 0, 0, NULL },
};

static const struct tool tool = {
	.name = "kafka-to-s3",
	.synopsis = "[options] DIRECTORY|s3://BUCKET/PREFIX",
	.summary =
	    "Write a Kafka topic or newline JSON from a pipe as a lake of partitioned files.",
	.examples =
	    "  kafka-to-s3 -b localhost:9092 -t trips --time dropoff_datetime \\\n"
	    "      --path 'year={@year}/month={@month}/day={@day}' -z lz4 ./lake\n"
	    "  kafka-window ... | kafka-to-s3 --time window_time --path 'day={@day}' ./lake\n",
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
	char *target;

	if (!o->job.operand_count)
		return err_set(err, ERR_USAGE, "an argument is missing: usage: %s %s", tool.name,
		    tool.synopsis);
	/* a copy: what ps(1) shows stays as it was given */
	target = o->target = strdup(o->job.operands[0]);
	if (!target)
		return err_no_memory(err);
	if (strncasecmp(target, "s3:", 3) == 0 && !publisher_is_s3(target))
		return err_set(err, ERR_USAGE,
		    "%s: an address is s3://BUCKET/PREFIX, and a directory of that name ./%s", target,
		    target);
	if (publisher_is_s3(target)) {
		s3_address_normalise(target);
		if (s3_target_options_check(&o->s3, target, err))
			return -1;
	} else {
		if (s3_target_options_refuse(&o->job.set, target, err))
			return -1;
		naming_normalise_directory(target);
	}
	if (o->accepts_gaps && !o->input.topic &&
	    opt_origin(&o->job.set, "accept-gap") == OPT_COMMAND_LINE)
		return err_set(err, ERR_USAGE, "--accept-gap is for topics: a pipe has no gaps");
	if (deadletter_check(&o->letters, &o->job, o->input.topic, err))
		return -1;
	o->s3.aws = &o->client.aws;
	if (o->run_id && o->input.topic)
		return err_set(err, ERR_USAGE,
		    "--run-id is for pipes: files made from a topic are named by their offsets");
	if (o->input.has_envelopes_out && o->format.kind != FORMAT_JSON)
		return err_set(err, ERR_USAGE, "-J writes JSON: leave out --format");
	if (o->input.has_envelopes_out)
		o->format.kind = FORMAT_ENVELOPE;
	o->format.shape = &o->shape;
	if (o->lake.limits.age_ms < 0)
		o->lake.limits.age_ms = !o->input.topic && is_file_on_stdin() ? 0 : AGE_MS_DEFAULT;
	o->lake.is_bounded = input_is_bounded(&o->input);
	o->lake.count_max = o->input.count_max;
	return 0;
}

static int
check_lake(
    const struct options *o, const struct lake *lake, const struct naming *naming, struct err *err)
{
	if (lake_uses_time(lake) && !o->lake.time_field && !o->input.topic &&
	    !o->input.has_envelopes_in)
		return err_set(err, ERR_USAGE,
		    "%s uses the event time, but lines of a pipe have none: give --time FIELD",
		    o->lake.limits.event_ms                ? "--max-event-age"
		    : format_uses_time(o->lake.format) ? "--add"
		                                       : "--path");
	if (o->lake.success_after_ms >= 0 && lake_check_success(lake, err))
		return -1;
	return naming_check(naming, err);
}

/* ---- what is said ---- */

static void
say_dry_run(const struct options *o, const struct naming *naming)
{
	static const struct object_id example = { .begin = 0 };
	char name[OBJECT_NAME_BYTES];

	naming_format(naming, &example, name);
	diag_note("would write %s%s as files like %s/%s%s%s", o->input.topic ? "topic " : "",
	    o->input.topic ? o->input.topic : "standard input", o->target,
	    o->lake.path ? o->lake.path : "", o->lake.path ? "/" : "", name);
}

static void
say_published(void *context, const struct object *object)
{
	const char *target = context;

	diag_detail("%s %s/%s%s%s: %lld records, %lld bytes",
	    object->was_there ? "found" : "published", target, object->path,
	    *object->path ? "/" : "", object->name, (long long)object->record_count,
	    (long long)object->object_bytes);
}

/* ---- opening ---- */

static struct publisher *
open_publisher(const struct options *o, struct err *err)
{
	struct publisher_options options = {
		.target = o->target,
		.format = o->lake.format,
		.s3 = &o->s3,
		.existing = o->may_overwrite ? PUBLISH_REPLACE
		            : o->input.topic ? PUBLISH_COMPARE
		                             : PUBLISH_REFUSE,
	};

	return publisher_new(&options, err);
}

static struct collector *
open_collector(const struct options *o, struct publisher *publisher, const struct naming *naming,
    struct err *err)
{
	/* a quarter of --memory is for the buffers of files, three eighths for what the source
	 * has fetched; librdkafka needs more for what it is just unpacking */
	struct collector_options options = {
		.publisher = publisher,
		.naming = naming,
		.row_end = format_row_end(o->lake.format),
		.roll_bytes = o->roll_bytes,
		.roll_records = o->roll_records,
		.open_max = (unsigned)o->open_max,
		.memory_bytes = (size_t)o->input.memory_bytes / 4,
	};
	struct collector *collector = collector_new(&options, err);

	if (collector && collector_open_max(collector) < options.open_max)
		diag_warn(
		    "--max-open is %u: the limit of open descriptors or --memory allow no more",
		    collector_open_max(collector));
	return collector;
}

static struct input_needs
needs_of(const struct options *o, const struct lake *lake)
{
	return (struct input_needs){ .target = o->target,
		.want_headers = lake && lake_uses_headers(lake),
		.accepts_gaps = o->accepts_gaps };
}

static struct source *
open_source(const struct options *o, struct lake *lake, struct err *err)
{
	struct input_options input = o->input;
	struct input_needs needs = needs_of(o, lake);
	struct source_events events = lake_events(lake);

	input.memory_bytes = input.memory_bytes / 8 * 3;
	return input_open(&input, &o->client, &o->job, &needs, &events, err);
}

/* ---- the run ---- */

/* Of all that shapes names and bytes of files: an epoch that was begun with other options is not finished by
 * these. What a bad record does shapes neither. */
static void
make_fingerprint(struct options *o)
{
	const char *texts[] = { o->lake.path, o->name, o->lake.time_field, o->time_format };
	int64_t numbers[] = { FORMAT_VERSION, o->roll_bytes, o->roll_records,
		o->lake.skips_tombstones, o->lake.limits.event_ms > 0 };
	uint64_t hash = SLICE_HASH_SEED;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		/* with its NUL; what is not given is not "" */
		if (texts[i])
			hash = slice_hash(hash, slice_make(texts[i], strlen(texts[i]) + 1));
		hash = slice_hash(hash, slice_make("", 1));
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%lld;", (long long)numbers[i]);
		hash = slice_hash(hash, slice_of(text));
	}
	hash = format_hash(o->lake.format, hash);
	(void)snprintf(o->lake.fingerprint, sizeof(o->lake.fingerprint), "%016" PRIx64, hash);
}

/* What a member has of the process that was forked, or the only process. */
struct run {
	const struct options *options;
	struct lake *lake;
	struct naming naming;
	struct members members;
	struct numbers numbers;
};

static void
on_progress(void *context, const struct lake_counts *counts)
{
	struct run *r = context;

	r->numbers.lake = *counts;
	members_tell(&r->members);
}

static int
run_lake(struct run *r, struct source *source, enum job_input *ret_input, struct err *err)
{
	const struct lake_progress progress = { r, on_progress, members_interval_ms(&r->members) };
	const char *group = r->options->lake.group;
	int rc;

	(void)snprintf(r->numbers.member.group, sizeof(r->numbers.member.group), "%s",
	    group ? group : "");
	members_begin(&r->members);
	lake_set_progress(r->lake, &progress);
	rc = lake_run(r->lake, source, ret_input, err);
	r->numbers.lake = lake_counts(r->lake);
	return rc;
}

/* One member of the group, or the only process: with connections, files and memory of its own. */
static int
land(struct run *r, enum job_input *ret_input, struct err *err)
{
	const struct options *o = r->options;
	struct lake_outputs outputs = { .letters = NULL };
	struct source *source = open_source(o, r->lake, err);
	int rc = -1;

	if (!source || !(outputs.publisher = open_publisher(o, err)) ||
	    !(outputs.collector = open_collector(o, outputs.publisher, &r->naming, err)))
		goto out;
	outputs.letters = deadletter_open(&o->letters, &o->client, tool.name, NULL, err);
	if (!outputs.letters)
		goto out;
	lake_set_outputs(r->lake, &outputs);
	rc = run_lake(r, source, ret_input, err);
out:
	lake_drop_outputs(r->lake);
	source_free(source);
	deadletter_free(outputs.letters);
	collector_free(outputs.collector);
	publisher_free(outputs.publisher);
	return rc;
}

static int
run_member(void *context, enum job_input *ret_input, struct err *err)
{
	struct run *r = context;

	if (!r->options->job.options.is_dry_run)
		return land(r, ret_input, err);
	say_dry_run(r->options, &r->naming);
	*ret_input = JOB_INPUT_ENDED;
	return 0;
}

static void
measure(void *context, const void *numbers, struct meter_numbers *ret)
{
	const struct run *r = context;
	const struct lake_counts *c = &((const struct numbers *)numbers)->lake;

	ret->records = c->read;
	ret->bytes = c->bytes;
	ret->open = c->open;
	ret->rejected = c->rejected;
	ret->lag = c->lag;
	report_measure_input(&r->options->input,
	    &(struct report_input){ c->read, c->passed, c->unread }, ret);
}

static void
say_summary(void *context, const void *sum)
{
	const struct run *r = context;

	numbers_say(sum, r->options->lake.skips_tombstones);
}

static int
run_members(struct options *o, struct run *r, enum job_input *ret_input, struct err *err)
{
	r->members = (struct members){
		.job = &o->job,
		.client = &o->client,
		.input = &o->input,
		.workers = &o->workers,
		.reports = &o->reports,
		.context = r,
		.run = run_member,
		.add = numbers_add,
		.rest = numbers_rest,
		.forget = numbers_forget,
		.has_some = numbers_has_some,
		.say = say_summary,
		.measure = measure,
		.values = numbers_values,
		.value_count = numbers_value_count,
		.numbers = &r->numbers,
		.numbers_bytes = sizeof(r->numbers),
	};
	return members_work(&r->members, ret_input, err);
}

/* Of options that would do. */
static int
print_ddl(struct options *o, struct err *err)
{
	struct ddl_options ddl = { .format = &o->format,
		.target = o->target,
		.path = o->lake.path,
		.topic = o->input.topic,
		.table = o->table.table };

	return table_options_print_ddl(&ddl, &o->job, err);
}

/* All that needs no connection is made and checked before members are. */
static int
make_lake(struct options *o, enum job_input *ret_input, struct err *err)
{
	struct run r = { .options = o,
		.naming = { .template = o->name,
		    .topic = o->input.topic,
		    .run_id = o->run_id,
		    .extension = format_extension(o->lake.format) },
	};
	int rc = -1;

	o->lake.naming = &r.naming;
	r.lake = lake_new(&o->lake, err);
	if (r.lake && !check_lake(o, r.lake, &r.naming, err))
		rc = o->table.print_ddl ? print_ddl(o, err) : run_members(o, &r, ret_input, err);
	lake_free(r.lake);
	return rc;
}

static int
run(struct options *o, enum job_input *ret_input, struct err *err)
{
	struct input_needs needs;
	char text[INPUT_GROUP_BYTES_MAX + 1];
	const char *group;
	int rc;

	if (o->table.print_count)
		return print_schema(&o->input, &o->client, &o->job, o->table.print_count, err);
	if (check(o, err))
		return -1;
	o->lake.topic = o->input.topic;
	needs = needs_of(o, NULL);
	group = input_group(&o->input, &o->job, &needs, text);
	o->lake.group = *group ? group : NULL;
	if (o->lake.group && mark_check_group(group, err))
		return -1;
	o->lake.published = say_published;
	o->lake.published_context = o->target;
	if (table_options_load(&o->table, &o->format, err))
		return -1;
	o->lake.format = format_new(&o->format, err);
	if (!o->lake.format)
		return -1;
	make_fingerprint(o);
	rc = make_lake(o, ret_input, err);
	format_free(o->lake.format);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = CLIENT_OPTIONS_INIT,
		.workers = WORKERS_OPTIONS_INIT,
		.input = INPUT_OPTIONS_INIT,
		.reports = REPORT_OPTIONS_INIT,
		.lake = { .drain_ms = DRAIN_MS_DEFAULT,
		    .limits = { .bytes = EPOCH_BYTES_DEFAULT, .age_ms = -1 },
		    .spool_bytes = SPOOL_BYTES_DEFAULT,
		    .success_after_ms = -1 },
		.table = TABLE_OPTIONS_INIT,
		.roll_bytes = ROLL_BYTES_DEFAULT,
		.open_max = OPEN_MAX_DEFAULT,
		.s3 = S3_TARGET_OPTIONS_INIT,
	};
	const struct opt_group groups[] = {
		{ "Lake", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Files", format_rows, format_row_count, &o.format },
		{ "Columns", table_rows, table_row_count, &o.table },
		{ "Fields", shape_rows, shape_row_count, &o.shape },
		{ "Members of the group", workers_rows, workers_row_count, &o.workers },
		{ "Input", input_rows, input_row_count, &o.input },
		{ "Standard input, read without -t", input_pipe_rows, input_pipe_row_count,
		    &o.input },
		{ "Rejected records", deadletter_rows, deadletter_row_count, &o.letters },
		{ "Progress", progress_rows, progress_row_count, &o.reports.progress },
		{ "Numbers for Prometheus", stats_rows, stats_row_count, &o.reports.stats },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "S3", s3_target_rows, s3_target_row_count, &o.s3 },
		{ "AWS services", aws_service_rows, aws_service_row_count, &o.client.aws },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	enum job_input input = JOB_INPUT_BOUNDED;
	struct err err = ERR_INIT;

	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !client_begin(&o.client, &o.job, &err) && !o.job.is_finished)
		(void)run(&o, &input, &err); /* err says it all */
	table_options_release(&o.table);
	s3_target_options_release(&o.s3);
	free(o.target);
	client_options_release(&o.client);
	return job_end(&o.job, input, &err);
}
