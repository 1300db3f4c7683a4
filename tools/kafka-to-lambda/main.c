/* SPDX-License-Identifier: MIT */
/*
 * kafka-to-lambda: batches of a topic, or of newline JSON from a pipe, to a Lambda function or a local command,
 * as the event that Lambda's own Kafka event source mapping sends.
 *
 * Promise: at least once, in order within a partition. Offsets are committed only past records that the
 * function has taken, or that are durable in the on-failure destination.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "kafka-to-lambda/access.h"
#include "kafka-to-lambda/carrier_command.h"
#include "kafka-to-lambda/service.h"
#include "run/aws.h"
#include "run/client.h"
#include "run/deadletter.h"
#include "run/input.h"
#include "run/pump_tool.h"

/* ---- limits ---- */

enum {
	BATCH_COUNT_DEFAULT = 100,              /* API_CreateEventSourceMapping, BatchSize */
	/* longer than a function may run, 15 min ("Lambda quotas"), so that Lambda tells first */
	TIMEOUT_MS_DEFAULT = 16 * 60 * 1000,
	RETRIES_MOST = 10 * 1000,               /* MaximumRetryAttempts */
	RETRIES_WITH_PLACE = 10, /* "Configuring error handling controls for Kafka event sources" */
	NOT_GIVEN = -2,
};

/* ---- options ---- */

struct options {
	struct job job; /* its options are a group's target */
	struct client_options client;
	struct input_options input;
	struct deadletter_options letters;
	struct pump_options pump;
	struct workers_options members;
	struct report_options reports;
	struct lambda_options lambda;
	const char *on_failure;
	int64_t timeout_ms;
	int64_t workers;   /* 0: not given */
	char **command;    /* NULL: a function */
	const char *first; /* of the operands: the function, or the command */
};

static int
set_order(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	static const char *const names[] = { [LAMBDA_BY_PARTITION] = "partition",
		[LAMBDA_BY_KEY] = "key", [LAMBDA_UNORDERED] = "none" };
	struct options *options = target;

	(void)origin;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(value, names[i]) == 0) {
			options->lambda.order = (enum lambda_order)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\" is neither partition, key nor none", value);
}

static const struct opt rows[] = {
	{ 0, "async", NULL, "only queue events: how the function ends is not known [wait for it]",
	    OPT_FLAG, offsetof(struct options, lambda.is_async), 0, 0, NULL },
	{ 0, "timeout", "DURATION", "how long one invocation may take [16m]", OPT_DURATION,
	    offsetof(struct options, timeout_ms), 1, 24 * 60 * 60 * 1000, NULL },
	{ 0, "workers", "N", "run at most N commands at once [one a processor]", OPT_INT,
	    offsetof(struct options, workers), 1, CARRIER_COMMAND_AT_ONCE_MOST, NULL },
	{ 0, "patience", "DURATION", "end when nothing was taken for that long [never]", OPT_DURATION,
	    offsetof(struct options, pump.patience_ms), 0, 0, NULL },
	{ 0, "order", "partition|key|none",
	    "which records wait for those before them: of their partition, of their key, none "
	    "[partition]",
	    OPT_CALL, 0, 0, 0, set_order },
	{ 0, "retries", "N",
	    "give a batch that failed again N times, -1 for ever [-1; 10 with a place for what failed]",
	    OPT_INT, offsetof(struct options, lambda.retries_max), -1, RETRIES_MOST, NULL },
	{ 0, "bisect", NULL, "halve a batch that failed before it counts as tried [try it as it is]",
	    OPT_FLAG, offsetof(struct options, lambda.is_bisecting), 0, 0, NULL },
	{ 0, "max-record-age", "DURATION", "reject records that are older than this [none]",
	    OPT_DURATION, offsetof(struct options, lambda.age_ms_max), 1, 0, NULL },
	{ 0, "on-failure", "TOPIC|FILE",
	    "put what failed for good there, as Lambda's on-failure records, and go on (a file's name "
	    "has a '/' in it) [stop at the first]",
	    OPT_TEXT, offsetof(struct options, on_failure), 0, 0, NULL },
	{ 0, "event-source-arn", "ARN", "the cluster's ARN in events [a self-managed cluster's events]",
	    OPT_TEXT, offsetof(struct options, lambda.event.source_arn), 0, 0, NULL },
	{ 0, "signed-headers", NULL, "write bytes of headers as -128 to 127 [0 to 255]", OPT_FLAG,
	    offsetof(struct options, lambda.event.has_signed_headers), 0, 0, NULL },
};

static const struct tool tool = {
	.name = "kafka-to-lambda",
	.synopsis = "[options] FUNCTION | [options] -- COMMAND [ARG...]",
	.summary =
	    "Invoke a Lambda function, or run a command, for each batch of a topic or a pipe.",
	.examples = "  kafka-to-lambda -b localhost:9092 -t trips --on-failure failed my-function\n"
		    "  kafka-to-lambda -b localhost:9092 -t trips -e -- ./handler --verbose\n",
	.operand_count_min = 1,
};

/* ---- checks between options ---- */

/* A `--` that stands before all operands makes them a command. getopt has sorted argv meanwhile, so its place
 * on the command line, from 1, was looked for before. */
static int
take_operands(struct options *o, int argc, int dashes, struct err *err)
{
	size_t behind = dashes ? (size_t)(argc - dashes - 1) : 0;

	o->first = o->job.operands[0];
	if (dashes && behind == o->job.operand_count) {
		o->command = o->job.operands;
		return 0;
	}
	if (dashes && behind)
		return err_set(err, ERR_USAGE, "%s is a function, and %s a command: give one of them",
		    o->first, o->job.operands[o->job.operand_count - behind]);
	if (o->job.operand_count > 1)
		return err_set(err, ERR_USAGE,
		    "one argument too many: %s (a command stands behind --)", o->job.operands[1]);
	return 0;
}

static int
find_dashes(int argc, char *const argv[])
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i;
	}
	return 0;
}

static bool
is_on_line(const struct options *o, const char *name)
{
	return opt_origin(&o->job.set, name) == OPT_COMMAND_LINE;
}

/* What is for one of the two is a mistake with the other, where somebody has just written it. */
static int
check_kind(const struct options *o, struct err *err)
{
	static const char *const of_functions[] = { "async", "connections", "endpoint-url",
		"no-sign-request" };

	/* API_Invoke, FunctionName: neither in names nor in ARNs */
	if (!o->command && strpbrk(o->first, "/ \t"))
		return err_set(err, ERR_USAGE,
		    "%s: not the name of a function; a command stands behind --", o->first);
	if (!o->command && is_on_line(o, "workers"))
		return err_set(err, ERR_USAGE,
		    "--workers is for commands: --connections is how often a function runs at once");
	for (size_t i = 0; o->command && i < sizeof(of_functions) / sizeof(*of_functions); i++) {
		if (is_on_line(o, of_functions[i]))
			return err_set(err, ERR_USAGE, "--%s is for functions, not for commands",
			    of_functions[i]);
	}
	return 0;
}

static int
check_places(const struct options *o, struct err *err)
{
	if (o->on_failure && o->letters.target)
		return err_set(err, ERR_USAGE,
		    "--on-failure and --dead-letter are two forms of one thing: give one of them");
	/* "No recursion": "Using a Kafka topic as an on-failure destination" */
	if (o->on_failure && o->input.topic && strcmp(o->on_failure, o->input.topic) == 0)
		return err_set(err, ERR_USAGE, "--on-failure %s: that is the topic that is read",
		    o->on_failure);
	return 0;
}

static int
check(struct options *o, struct err *err)
{
	if (check_kind(o, err) || check_places(o, err))
		return -1;
	if (o->pump.batch_count > LAMBDA_BATCH_COUNT_MAX)
		return err_set(err, ERR_USAGE, "--batch-size: must be at most %d",
		    LAMBDA_BATCH_COUNT_MAX);
	if (o->input.has_envelopes_out)
		return err_set(err, ERR_USAGE,
		    "-J: nothing is written to standard output; -J=in reads envelopes from a pipe");
	return 0;
}

/* What was not given. */
static void
complete(struct options *o)
{
	bool has_place = o->on_failure || o->letters.target;

	if (o->lambda.retries_max == NOT_GIVEN)
		o->lambda.retries_max = has_place ? RETRIES_WITH_PLACE : -1;
	if (o->command)
		o->pump.connections =
		    o->workers ? o->workers : carrier_command_at_once(sysconf(_SC_NPROCESSORS_ONLN));
	o->lambda.function = o->first;
	o->lambda.is_command = o->command;
	o->lambda.event.bootstrap_servers = o->client.kafka.brokers;
	o->lambda.wall_ms = clock_wall_ms;
}

/* ---- what is said ---- */

static void
say_dry_run(const struct options *o)
{
	char retries[48] = "for ever";

	if (o->lambda.retries_max >= 0)
		(void)snprintf(
		    retries, sizeof(retries), "%lld times", (long long)o->lambda.retries_max);
	diag_note("would %s %s for batches of %s%s, and retry %s", o->command ? "run" : "invoke",
	    o->first, o->input.topic ? "topic " : "",
	    o->input.topic ? o->input.topic : "standard input", retries);
}

/* ---- the run ---- */

/* What a member has open beside its pump. */
struct parts {
	struct service *service;
	struct loop *loop;
	struct access *access;
	struct carrier *command;
};

static int
append_failure(void *context, const struct record *record, struct buf *out, struct err *err)
{
	return lambda_append_failure(context, record, out, err);
}

static int
open_carrier(const struct options *o, struct parts *p, struct err *err)
{
	struct carrier_command_options command = {
		.loop = p->loop, .argv = o->command, .ms_max = o->timeout_ms
	};

	if (o->command)
		return (p->command = carrier_command_new(&command, err)) ? 0 : -1;
	p->access = access_open(&o->client.aws, o->first, o->timeout_ms, p->loop, err);
	return p->access ? 0 : -1;
}

static int
open_service(const struct options *o, struct parts *p, struct err *err)
{
	p->service = lambda_service_new(&o->lambda, err);
	return p->service && (p->loop = loop_new(err)) ? open_carrier(o, p, err) : -1;
}

static void
close_service(struct parts *p)
{
	carrier_free(p->command);
	access_free(p->access);
	loop_free(p->loop);
	service_free(p->service);
}

static int
pump_all(const struct options *o, struct pump_tool *pumping, const struct parts *p,
    enum job_input *ret_input, struct err *err)
{
	const struct deadletter_form form = { .option = "--on-failure", .context = p->service,
		.append = append_failure };
	const struct pump_parts parts = { .loop = p->loop, .service = p->service,
		.carrier = o->command ? p->command : access_carrier(p->access) };
	const char *slash = o->command ? strrchr(o->first, '/') : NULL;
	const struct input_needs needs = { .target = slash ? slash + 1 : o->first,
		.want_headers = true };
	struct deadletter_options letters = o->letters;

	if (o->on_failure) {
		letters.target = o->on_failure;
		letters.form = &form;
	}
	pumping->letters = &letters;
	if (pump_tool_open(pumping, &parts, &needs, err) ||
	    (p->access && access_begin(p->access, err)))
		return -1;
	return pump_tool_run(pumping, ret_input, err);
}

/* One member of the group, or the only process. */
static int
run_member(struct pump_tool *pumping, enum job_input *ret_input, struct err *err)
{
	const struct options *o = pumping->context;
	struct parts p = { .service = NULL };
	int rc = -1;

	if (o->job.options.is_dry_run) {
		say_dry_run(o);
		*ret_input = JOB_INPUT_ENDED;
		return 0;
	}
	if (!open_service(o, &p, err))
		rc = pump_all(o, pumping, &p, ret_input, err);
	pump_tool_close(pumping);
	close_service(&p);
	return rc;
}

static int
run(struct options *o, enum job_input *ret_input, struct err *err)
{
	struct pump_tool pumping = {
		.job = &o->job,
		.client = &o->client,
		.input = &o->input,
		.letters = &o->letters,
		.pump_options = &o->pump,
		.workers = &o->members,
		.reports = &o->reports,
		.requests = "invocations",
		.runs_commands = o->command,
		.context = o,
		.run = run_member,
	};

	if (check(o, err))
		return -1;
	complete(o);
	return pump_tool_work(&pumping, ret_input, err);
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = CLIENT_OPTIONS_INIT,
		.input = INPUT_OPTIONS_INIT,
		.pump = PUMP_OPTIONS_INIT,
		.members = WORKERS_OPTIONS_INIT,
		.reports = REPORT_OPTIONS_INIT,
		.lambda = { .retries_max = NOT_GIVEN, .age_ms_max = -1 },
		.timeout_ms = TIMEOUT_MS_DEFAULT,
	};
	const struct opt_group groups[] = {
		{ "Invocations", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Batches", pump_rows, pump_row_count - 1, &o.pump }, /* --patience is ours */
		{ "Members of the group", workers_rows, workers_row_count, &o.members },
		{ "Input", input_rows, input_row_count, &o.input },
		{ "Standard input, read without -t", input_pipe_rows, input_pipe_row_count,
		    &o.input },
		{ "Rejected records", deadletter_rows, deadletter_row_count, &o.letters },
		{ "Progress", progress_rows, progress_row_count, &o.reports.progress },
		{ "Numbers for Prometheus", stats_rows, stats_row_count, &o.reports.stats },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "Lambda", aws_service_rows, aws_service_row_count, &o.client.aws },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	enum job_input input = JOB_INPUT_BOUNDED;
	struct err err = ERR_INIT;
	int dashes = find_dashes(argc, argv);

	o.pump.batch_count = BATCH_COUNT_DEFAULT;
	/* a function may fail for as long as it likes: --retries and --max-record-age bound that */
	o.pump.patience_ms = CLOCK_NEVER;
	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !client_begin(&o.client, &o.job, &err) && !o.job.is_finished &&
	    !take_operands(&o, argc, dashes, &err))
		(void)run(&o, &input, &err); /* err says it all */
	client_options_release(&o.client);
	return job_end(&o.job, input, &err);
}
