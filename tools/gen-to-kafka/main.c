/* SPDX-License-Identifier: MIT */
/*
 * gen-to-kafka: makes records of a model or a template, at a rate, into a topic or a pipe.
 *
 * Promise: at least once. Exit status 0 says that every record made was acknowledged by all in-sync
 * replicas (or taken by write(2)). The same seed makes the same bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/diag.h"
#include "codec/number.h"
#include "codec/time.h"
#include "gen-to-kafka/generate.h"
#include "gen-to-kafka/models.h"
#include "io/read_file.h"
#include "run/aws.h"
#include "run/client.h"
#include "run/job.h"
#include "run/output.h"
#include "run/report.h"
#include "sink/topic.h"

/* ---- limits ---- */

enum {
	MEMORY_BYTES_DEFAULT = 32 * 1024 * 1024,
	DRAIN_MS_DEFAULT = 30 * 1000,
	USERS_DEFAULT = 10,
	TARGETS_MAX = 10000,
	USERS_MAX = 1000000,
	USERS_ALL_MAX = 10 * 1000 * 1000, /* of all targets */
	RATE_MAX = 1000000000,
	DISORDER_MS_DEFAULT = 10 * 1000,
};

/* Event time with a seed begins here: 2024-01-01T00:00:00Z. */
#define START_MS_DEFAULT INT64_C(1704067200000)

/* ---- options ---- */

struct options {
	struct job job; /* its options are a group's target */
	struct client_options client;
	struct generate_options generate;
	struct report_options reports;
	const char *model;
	const char *template;
	const char *show;
	const char *topic;
	const char *compression;
	const char *key;
	int64_t partition;
	int64_t memory_bytes;
	int64_t seed;
	bool has_seed;
	bool is_list;
	bool has_random_ids;
};

static int
set_rate(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;
	struct number n;

	(void)origin;
	if (number_parse(slice_of(value), &n) || !n.is_exact || n.scale > 3 || n.mantissa <= 0 ||
	    n.mantissa > (number_wide)RATE_MAX * number_pow10[n.scale])
		return err_set(err, ERR_USAGE,
		    "\"%s\" is not a number above 0 with up to 3 digits behind the point", value);
	options->generate.rate = (int64_t)(n.mantissa * number_pow10[3 - n.scale]);
	return 0;
}

static int
parse_percentage(struct slice text, int64_t *ret, struct err *err)
{
	struct number n;

	if (number_parse(text, &n) || !n.is_exact || n.scale > 4 || n.mantissa < 0 ||
	    n.mantissa > (number_wide)100 * number_pow10[n.scale])
		return err_set(err, ERR_USAGE,
		    "\"%.*s\" is not a percentage with up to 4 digits behind the point",
		    SLICE_ARGS(text));
	*ret = (int64_t)(n.mantissa * number_pow10[4 - n.scale]);
	return 0;
}

static int
set_disorder(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;
	struct slice percentage, duration;
	int64_t ms = DISORDER_MS_DEFAULT;

	(void)origin;
	if (slice_cut(slice_of(value), ':', &percentage, &duration) &&
	    opt_parse_duration(duration, &ms, err))
		return -1;
	if (ms < 1 || ms > INT64_MAX >> 16)
		return err_set(err, ERR_USAGE, "\"%s\": how far behind must be above 0", value);
	options->generate.disorder_ms = ms;
	return parse_percentage(percentage, &options->generate.disorder, err);
}

static int
set_duplicates(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return parse_percentage(slice_of(value), &options->generate.duplicates, err);
}

static int
set_broken(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return parse_percentage(slice_of(value), &options->generate.broken, err);
}

static int
set_start(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	options->generate.has_start = true;
	return time_parse_option(value, &options->generate.start_ms, err);
}

static int
set_seed(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	if (opt_parse_int(value, &options->seed, err))
		return -1;
	if (options->seed < 0)
		return err_set(err, ERR_USAGE, "\"%s\" is negative", value);
	options->has_seed = true;
	return 0;
}

static int
set_header(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct labels_options *o = &((struct options *)target)->generate.labels;
	const char *equals = strchr(value, '=');

	(void)origin;
	if (!equals || equals == value)
		return err_set(err, ERR_USAGE, "\"%s\" is not NAME=VALUE", value);
	if (o->header_count == LABELS_HEADERS_MAX)
		return err_set(err, ERR_USAGE, "more than %d headers", LABELS_HEADERS_MAX);
	o->headers[o->header_count++] =
	    (struct labels_header){ .name = slice_make(value, (size_t)(equals - value)),
		    .value = equals + 1 };
	return 0;
}

/* One of two words; true for the second. */
static int
set_word(bool *target, const char *value, const char *first, const char *second, struct err *err)
{
	if (strcmp(value, first) && strcmp(value, second))
		return err_set(err, ERR_USAGE, "\"%s\" is neither %s nor %s", value, first, second);
	*target = strcmp(value, second) == 0;
	return 0;
}

static int
set_ids(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return set_word(&options->has_random_ids, value, "unique", "random", err);
}

static int
set_kafka_time(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return set_word(&options->generate.has_event_time, value, "now", "event", err);
}

static const struct opt rows[] = {
	{ 0, "model", "MODEL", "what to make: taxi-ride, trip-event or clickstream", OPT_TEXT,
	    offsetof(struct options, model), 0, 0, NULL },
	{ 0, "template", "FILE", "make records of this template instead", OPT_TEXT,
	    offsetof(struct options, template), 0, 0, NULL },
	{ 0, "list", NULL, "list the models", OPT_FLAG, offsetof(struct options, is_list), 0, 0,
	    NULL },
	{ 0, "show", "MODEL", "print the template of this model", OPT_TEXT,
	    offsetof(struct options, show), 0, 0, NULL },
	{ 0, "rate", "N", "records a second, evenly spaced [as fast as it goes]", OPT_CALL, 0, 0, 0,
	    set_rate },
	{ 'c', "count", "N", "stop after N records", OPT_INT,
	    offsetof(struct options, generate.count_max), 1, 0, NULL },
	{ 0, "duration", "DURATION", "stop after this time, with --rate after that many records",
	    OPT_DURATION, offsetof(struct options, generate.duration_ms), 1,
	    INT64_C(1000) * 365 * 24 * 3600 * 1000, NULL },
	{ 0, "targets", "N", "as many independent generators, taking turns [1]", OPT_INT,
	    offsetof(struct options, generate.target_count), 1, TARGETS_MAX, NULL },
	{ 0, "users", "N", "clickstream: users at a time, for each target [10]", OPT_INT,
	    offsetof(struct options, generate.user_count), 1, USERS_MAX, NULL },
	{ 0, "seed", "N", "make the records of this seed; the same N, the same bytes", OPT_CALL, 0,
	    0, 0, set_seed },
	{ 0, "start", "TIME", "event time begins here [now; with --seed 2024-01-01T00:00:00Z]",
	    OPT_CALL, 0, 0, 0, set_start },
	{ 0, "time-step", "DURATION",
	    "from one event time to the next, with --seed or --start [1/rate, or 1ms]",
	    OPT_DURATION, offsetof(struct options, generate.time_step_ms), 1,
	    INT64_C(365) * 24 * 3600 * 1000, NULL },
	{ 0, "ids", "unique|random", "whether ids may come again, as in Lab 1 [unique]", OPT_CALL,
	    0, 0, 0, set_ids },
	{ 0, "disorder", "P[:DURATION]",
	    "percentage of records with an event time up to DURATION too early [0:10s]", OPT_CALL,
	    0, 0, 0, set_disorder },
	{ 0, "duplicates", "P", "percentage of records that repeat the one before [0]", OPT_CALL, 0,
	    0, 0, set_duplicates },
	{ 0, "broken", "P", "percentage of broken records [0]", OPT_CALL, 0, 0, 0, set_broken },
};

static const struct opt output_rows[] = {
	{ 't', "topic", "TOPIC", "topic to write; without it, standard output is written", OPT_TEXT,
	    offsetof(struct options, topic), 0, 0, NULL },
	{ 'p', "partition", "N", "write to this partition [by the key, or any]", OPT_INT,
	    offsetof(struct options, partition), 0, INT32_MAX, NULL },
	{ 'z', "compress", "CODEC", "compression of batches: none, gzip, snappy, lz4, zstd",
	    OPT_TEXT, offsetof(struct options, compression), 0, 0, NULL },
	{ 0, "key", "TEMPLATE|none", "key of each record, for example {vendor_id} [the model's]",
	    OPT_TEXT, offsetof(struct options, key), 0, 0, NULL },
	{ 'H', "record-header", "NAME=VALUE",
	    "header of each record; VALUE is a template; repeatable", OPT_CALL, 0, 0, 0,
	    set_header },
	{ 0, "kafka-time", "event|now", "timestamps of records in the topic [now]", OPT_CALL, 0, 0,
	    0, set_kafka_time },
	{ 0, "memory", "SIZE", "bound on what waits to be sent [32M]", OPT_SIZE,
	    offsetof(struct options, memory_bytes), 1024 * 1024, 0, NULL },
	{ 0, "drain", "DURATION", "after a signal, how long to wait for acknowledgements [30s]",
	    OPT_DURATION, offsetof(struct options, generate.drain_ms), 0, 0, NULL },
};

static const struct tool tool = {
	.name = "gen-to-kafka",
	.synopsis = "[options] --model MODEL | --template FILE",
	.summary = "Make records of a model or a template, into a Kafka topic or a pipe.",
	.examples = "  gen-to-kafka --model taxi-ride --rate 50 -b localhost:9092 -t taxi-rides\n"
		    "  gen-to-kafka --model clickstream --seed 1 -c 1000 | kafka-window ...\n"
		    "  gen-to-kafka --show taxi-ride >ride.json\n",
};

/* ---- checks between options ---- */

static const struct model *
find_model(const char *option, const char *name, struct err *err)
{
	const struct model *model = model_find(name);

	if (!model)
		err_set(err, ERR_USAGE, "--%s: there is no model \"%s\" (--list lists them)",
		    option, name);
	return model;
}

static int
check(struct options *o, struct err *err)
{
	if (o->model && o->template)
		return err_set(err, ERR_USAGE, "--model and --template exclude each other");
	if (!o->model && !o->template)
		return err_set(err, ERR_USAGE, "nothing to make: give --model or --template");
	if (o->generate.target_count * o->generate.user_count > USERS_ALL_MAX)
		return err_set(err, ERR_USAGE,
		    "--targets times --users is more than %d", USERS_ALL_MAX);
	if (!o->topic && opt_origin(&o->job.set, "brokers") == OPT_COMMAND_LINE)
		return err_set(err, ERR_USAGE, "--brokers is given, but no topic to write (-t)");
	if (!o->topic && o->partition >= 0)
		return err_set(err, ERR_USAGE, "--partition is given, but no topic to write (-t)");
	if (!o->topic && o->compression)
		return err_set(err, ERR_USAGE,
		    "--compress is for a topic (-t); pipe standard output into lz4, gzip or zstd");
	if (!o->topic && o->generate.labels.header_count)
		return err_set(
		    err, ERR_USAGE, "--record-header is given, but no topic to write (-t)");
	if (!o->topic && o->generate.has_event_time)
		return err_set(err, ERR_USAGE, "--kafka-time is given, but no topic to write (-t)");
	if (o->generate.time_step_ms && !o->has_seed && !o->generate.has_start)
		return err_set(err, ERR_USAGE,
		    "--time-step goes with --seed or --start; otherwise the clock says the time");
	return 0;
}

/* The clock, unless the run is to be the same every time. */
static int
set_up(struct options *o, const struct model *model, struct err *err)
{
	struct generate_options *g = &o->generate;
	const char *key = o->key ? o->key : model ? model->key : NULL;

	if (o->has_seed && !g->has_start) {
		g->has_start = true;
		g->start_ms = START_MS_DEFAULT;
	}
	if (!o->has_seed && getrandom(&o->seed, sizeof(o->seed), 0) < 0)
		return err_errno(err, ERR_FAULT, errno, "getrandom");
	o->seed &= INT64_MAX;
	g->seed = (uint64_t)o->seed;
	/* a pipe carries no keys; what is wrong with one is said all the same */
	if (key && strcmp(key, "none") && (o->topic || o->key))
		g->labels.key = key;
	g->partition = (int32_t)o->partition;
	return 0;
}

/* ---- what is printed ---- */

static int
end_of_stdout(struct err *err)
{
	bool is_broken_pipe;

	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	is_broken_pipe = errno == EPIPE;
	err_errno(err, ERR_IO, errno, "stdout");
	err->is_broken_pipe = is_broken_pipe;
	return -1;
}

static int
print_models(const char *show, struct err *err)
{
	const struct model *model;

	if (show) {
		model = find_model("show", show, err);
		if (!model)
			return -1;
		(void)fputs(model->template, stdout);
		return end_of_stdout(err);
	}
	for (size_t i = 0; i < model_count; i++)
		(void)printf("%-12s  %s\n", models[i].name, models[i].summary);
	return end_of_stdout(err);
}

static void
say_dry_run(const struct options *o)
{
	const char *where = o->topic ? o->topic : "standard output";
	const char *what = o->model ? o->model : o->template;

	if (o->generate.count_max)
		diag_note("would make %lld records of %s for %s%s",
		    (long long)o->generate.count_max, what, o->topic ? "topic " : "", where);
	else
		diag_note(
		    "would make records of %s for %s%s", what, o->topic ? "topic " : "", where);
}

static void
say_summary(const struct generate_counts *n)
{
	diag_note("%lld records made: %lld delivered, %lld not acknowledged", (long long)n->made,
	    (long long)n->delivered, (long long)(n->made - n->delivered));
	if (n->disordered || n->duplicates || n->broken)
		diag_note("among them %lld out of order, %lld duplicates, %lld broken",
		    (long long)n->disordered, (long long)n->duplicates, (long long)n->broken);
}

/* ---- the numbers ---- */

struct numbers {
	int64_t processes; /* 1 at work; 0 before and after */
	struct generate_numbers generate;
	int64_t open;
	int64_t behind_s;
};

#define VALUE(id, field) { id, offsetof(struct numbers, field) }

static const struct stats_value values[] = {
	VALUE(STATS_RECORDS_MADE, generate.counts.made),
	VALUE(STATS_RECORDS_DELIVERED, generate.counts.delivered),
	VALUE(STATS_RECORDS_OPEN, open),
	VALUE(STATS_BEHIND, behind_s),
	VALUE(STATS_PROCESSES, processes),
};

static void
measure(void *context, const void *numbers, struct meter_numbers *ret)
{
	const struct options *o = context;
	const struct numbers *n = numbers;

	ret->records = n->generate.counts.made;
	ret->bytes = n->generate.bytes;
	ret->open = n->open;
	if (o->generate.rate)
		ret->behind_ms = n->generate.behind_ms;
	if (n->generate.count_max) {
		ret->done = n->generate.counts.delivered;
		ret->all = n->generate.count_max;
	}
}

struct telling {
	struct numbers numbers;
	struct report report;
};

static void
on_told(void *context, const struct generate_numbers *now)
{
	struct telling *t = context;

	t->numbers = (struct numbers){ .processes = 1,
		.generate = *now,
		.open = now->counts.made - now->counts.delivered,
		.behind_s = now->behind_ms / 1000 };
	report_tell(&t->report);
}

/* What is of the moment is over. */
static void
write_last(struct telling *t, const struct generate_counts *counts)
{
	t->numbers.generate.counts = *counts;
	t->numbers.processes = t->numbers.open = t->numbers.behind_s = 0;
	report_write(&t->report);
}

/* ---- the run ---- */

static struct shape *
open_shape(const struct options *o, const struct model *model, struct err *err)
{
	struct shape *shape;
	char *text;

	if (model)
		return shape_compile(
		    model->name, slice_of(model->template), o->has_random_ids, err);
	text = read_file(o->template, SHAPE_TEXT_BYTES_MAX, err);
	if (!text)
		return NULL;
	shape = shape_compile(o->template, slice_of(text), o->has_random_ids, err);
	free(text);
	return shape;
}

static int
make(struct options *o, const struct shape *shape, struct telling *t, enum job_input *ret_input,
    struct err *err)
{
	const struct generate_watch watch = { t, on_told, report_every_ms(&t->report) };
	struct generate *generate = NULL;
	struct generate_counts counts;
	struct sink *sink = output_open(o->topic, o->compression, &o->client,
	    (size_t)o->memory_bytes, o->generate.drain_ms, NULL, err);
	int rc = -1;

	if (!sink)
		return -1;
	if (o->topic && sink_topic_check_partition(sink, o->generate.partition, err))
		goto out;
	generate = generate_new(&o->generate, shape, sink, err);
	if (!generate)
		goto out;
	if (!o->has_seed)
		diag_note("seed %lld: --seed %lld makes these records again%s", (long long)o->seed,
		    (long long)o->seed, o->generate.has_start ? "" : ", but for the times");
	generate_set_watch(generate, &watch);
	rc = generate_run(generate, ret_input, err);
	report_end(&t->report);
	generate_get_counts(generate, &counts);
	if (!err->is_broken_pipe) /* which ends the tool in silence */
		say_summary(&counts);
	write_last(t, &counts);
out:
	generate_free(generate);
	sink_free(sink);
	return rc;
}

static int
make_told(struct options *o, const struct shape *shape, enum job_input *ret_input, struct err *err)
{
	struct telling t = { .report = { .job = &o->job,
		.options = &o->reports,
		.topic = o->topic,
		.group = "",
		.values = values,
		.value_count = sizeof(values) / sizeof(*values),
		.writes_data = !o->topic,
		.context = o,
		.measure = measure } };
	int rc;

	t.report.numbers = &t.numbers;
	if (report_check(&t.report, err))
		return -1;
	report_begin(&t.report);
	rc = make(o, shape, &t, ret_input, err);
	report_end(&t.report);
	return rc;
}

static int
run(struct options *o, enum job_input *ret_input, struct err *err)
{
	const struct model *model = NULL;
	struct shape *shape;
	int rc = 0;

	if (o->is_list || o->show)
		return print_models(o->show, err);
	if (check(o, err))
		return -1;
	if (o->model && !(model = find_model("model", o->model, err)))
		return -1;
	if (set_up(o, model, err))
		return -1;
	shape = open_shape(o, model, err);
	if (!shape)
		return -1;
	if (o->job.options.is_dry_run) {
		say_dry_run(o);
		*ret_input = JOB_INPUT_ENDED;
	} else {
		rc = make_told(o, shape, ret_input, err);
	}
	shape_free(shape);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = CLIENT_OPTIONS_INIT,
		.generate = { .target_count = 1,
		    .user_count = USERS_DEFAULT,
		    .drain_ms = DRAIN_MS_DEFAULT },
		.reports = REPORT_OPTIONS_INIT,
		.partition = -1,
		.memory_bytes = MEMORY_BYTES_DEFAULT,
	};
	const struct opt_group groups[] = {
		{ "Records", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Output", output_rows, sizeof(output_rows) / sizeof(*output_rows), &o },
		{ "Progress", progress_rows, progress_row_count, &o.reports.progress },
		{ "Numbers for Prometheus", stats_rows, stats_row_count, &o.reports.stats },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	enum job_input input = JOB_INPUT_ENDED;
	struct err err = ERR_INIT;

	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !client_begin(&o.client, &o.job, &err) && !o.job.is_finished)
		(void)run(&o, &input, &err); /* err says it all */
	client_options_release(&o.client);
	return job_end(&o.job, input, &err);
}
