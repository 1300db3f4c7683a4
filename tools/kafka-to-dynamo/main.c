/* SPDX-License-Identifier: MIT */
/*
 * kafka-to-dynamo: a topic, or newline JSON from a pipe, into a table of DynamoDB.
 *
 * Promise: at least once, and in order for each item. A record counts as done when DynamoDB has
 * said so of it; offsets are committed only past records that are done. Writing a record twice
 * leaves the item as writing it once. With --condition-offset a request that lands late overwrites
 * nothing newer.
 */
#include <stdio.h>
#include <string.h>

#include "aws/json_error.h"
#include "base/diag.h"
#include "kafka-to-dynamo/service.h"
#include "kafka-to-dynamo/table.h"
#include "run/aws.h"
#include "run/carrier_http.h"
#include "run/client.h"
#include "run/input.h"
#include "run/pump_tool.h"

/* ---- options ---- */

struct options {
	struct job job; /* its options are a group's target */
	struct client_options client;
	struct input_options input;
	struct deadletter_options letters;
	struct pump_options pump;
	struct workers_options workers;
	struct report_options reports;
	struct item_options items;
	enum dynamo_op op;
	struct schema create;
	bool is_creating;
};

static int
set_op(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	static const char *const words[] = { "put", "update", "delete" };
	struct options *options = target;

	(void)origin;
	for (int i = 0; i < 3; i++) {
		if (!strcmp(value, words[i])) {
			options->op = (enum dynamo_op)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\" is none of put, update, delete", value);
}

static int
set_create(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	options->is_creating = true;
	return table_parse_keys(value, &options->create, err);
}

static int
set_time_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return time_format_parse(value, &options->items.time_format, err);
}

static int
set_ttl(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)origin;
	return item_parse_ttl(value, &((struct options *)target)->items, err);
}

static int
add_select(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)origin;
	return item_parse_select(value, &((struct options *)target)->items, err);
}

static int
add_rename(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)origin;
	return item_parse_rename(value, &((struct options *)target)->items, err);
}

static int
add_typing(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)origin;
	return item_parse_typing(value, &((struct options *)target)->items, err);
}

static const struct opt rows[] = {
	{ 0, "op", "put|update|delete",
	    "replace the item, set the record's fields of it, or delete it [put]", OPT_CALL, 0, 0,
	    0, set_op },
	{ 0, "condition-offset", "ATTRIBUTE",
	    "keep the record's offset there, and write only where it is larger", OPT_TEXT,
	    offsetof(struct options, items.offset_name), 0, 0, NULL },
	{ 0, "select", "FIELD[,FIELD...]",
	    "only these fields become attributes, and those of the key [all]; repeatable", OPT_CALL,
	    0, 0, 0, add_select },
	{ 0, "rename", "FIELD=NAME", "call the attribute of this field NAME; repeatable", OPT_CALL,
	    0, 0, 0, add_rename },
	{ 0, "types", "FIELD=S|N|B|SS|NS", "the type of this field's attribute; repeatable",
	    OPT_CALL, 0, 0, 0, add_typing },
	{ 0, "ttl", "NAME=FIELD[+DURATION]",
	    "make an attribute for time to live of a field with a time; without NAME it takes the "
	    "field's place",
	    OPT_CALL, 0, 0, 0, set_ttl },
	{ 0, "time-format", "FORMAT",
	    "how that time is written: iso, s, ms, us or a strptime pattern [a string is ISO 8601, "
	    "a number ms]",
	    OPT_CALL, 0, 0, 0, set_time_format },
	{ 0, "create-table", "HASH:TYPE[,RANGE:TYPE]",
	    "make the table where it is not there, with these keys of type S, N or B", OPT_CALL, 0,
	    0, 0, set_create },
};

static const struct tool tool = {
	.name = "kafka-to-dynamo",
	.synopsis = "[options] TABLE",
	.summary = "Write a Kafka topic or newline JSON from a pipe to a table of DynamoDB.",
	.examples = "  kafka-to-dynamo -b localhost:9092 -t taxi-rides rides\n"
		    "  kafka-to-dynamo --endpoint-url http://localhost:8000 \\\n"
		    "      --create-table id:S rides <rides.json\n",
	.operand_count_min = 1,
	.operand_count_max = 1,
};

/* ---- checks between options ---- */

static int
check(const struct options *o, struct err *err)
{
	bool has_offsets = o->input.topic || o->input.has_envelopes_in;

	if (table_check_name(o->job.operands[0], err))
		return -1;
	if (o->input.has_envelopes_out)
		return err_set(err, ERR_USAGE,
		    "-J: this tool writes no records; -J=in reads envelopes from a pipe");
	if (o->items.offset_name && !has_offsets)
		return err_set(err, ERR_USAGE,
		    "--condition-offset: lines of a pipe have no offsets; give -t or -J=in");
	if (o->pump.batch_count > DYNAMO_BATCH_ITEMS_MAX)
		return err_set(err, ERR_USAGE, "--batch-size: DynamoDB takes up to %d items",
		    DYNAMO_BATCH_ITEMS_MAX);
	if (o->op == DYNAMO_DELETE && (o->items.select_count || o->items.ttl_path.len))
		return err_set(err, ERR_USAGE,
		    "--op delete needs the key alone: leave out --select and --ttl");
	return 0;
}

/* ---- what is said ---- */

static const char *
op_words(enum dynamo_op op)
{
	return op == DYNAMO_UPDATE ? "update" : op == DYNAMO_DELETE ? "delete" : "put";
}

static void
say_dry_run(const struct options *o, const char *endpoint)
{
	diag_note("would %s items of %s%s in table %s at %s", op_words(o->op),
	    o->input.topic ? "topic " : "", o->input.topic ? o->input.topic : "standard input",
	    o->job.operands[0], endpoint);
}

/* ---- the run ---- */

/* What is opened, in this order. */
struct parts {
	struct loop *loop;
	struct aws_session *session;
	struct table *table;
	struct schema schema;
	struct service *service;
	struct carrier *carrier;
};

static void
close_parts(struct parts *p)
{
	carrier_free(p->carrier);
	service_free(p->service);
	table_free(p->table);
	aws_session_free(p->session);
	loop_free(p->loop);
}

static int
open_table(const struct options *o, struct parts *p, struct err *err)
{
	struct table_options options = { .name = o->job.operands[0],
		.create = o->is_creating ? &o->create : NULL };

	p->loop = loop_new(err);
	if (!p->loop || !(p->session = aws_session_open(&o->client.aws, p->loop, err)))
		return -1;
	p->table = table_open(p->session, &options, err);
	return p->table ? 0 : -1;
}

static int
open_service(const struct options *o, struct parts *p, struct err *err)
{
	struct dynamo_options options = {
		.table = o->job.operands[0], .schema = &p->schema, .items = &o->items, .op = o->op
	};
	struct carrier_http_options carrier = { .http = aws_session_http(p->session),
		.endpoint = table_endpoint(p->table),
		.about = o->job.operands[0],
		.signer = table_signer(p->table),
		.judge = aws_json_judge };

	p->service = dynamo_service_new(&options, err);
	if (!p->service)
		return -1;
	p->carrier = carrier_http_new(&carrier, err);
	return p->carrier ? 0 : -1;
}

static int
open_pump(const struct options *o, const struct parts *p, struct pump_tool *pumping,
    struct err *err)
{
	const struct input_needs needs = { .target = o->job.operands[0], .want_headers = true };
	const struct pump_parts parts = {
		.loop = p->loop, .service = p->service, .carrier = p->carrier
	};

	return pump_tool_open(pumping, &parts, &needs, err);
}

/* Last, so that what is wrong with options and brokers is said first. */
static int
begin(struct parts *p, struct err *err)
{
	if (!aws_session_is_unsigned(p->session) && aws_session_wait_credentials(p->session, err))
		return -1;
	if (table_describe(p->table, &p->schema, err))
		return -1;
	return dynamo_service_begin(p->service, err);
}

/* One member of the group, or the only process. */
static int
run_member(struct pump_tool *pumping, enum job_input *ret_input, struct err *err)
{
	const struct options *o = pumping->context;
	struct parts p = { .loop = NULL };
	int rc = -1;

	if (open_table(o, &p, err))
		goto out;
	if (o->job.options.is_dry_run) {
		say_dry_run(o, table_endpoint(p.table));
		*ret_input = JOB_INPUT_ENDED;
		rc = 0;
		goto out;
	}
	if (!open_service(o, &p, err) && !open_pump(o, &p, pumping, err) && !begin(&p, err))
		rc = pump_tool_run(pumping, ret_input, err);
	if (p.service)
		pumping->numbers.superseded = dynamo_service_superseded(p.service);
out:
	pump_tool_close(pumping);
	close_parts(&p);
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
		.workers = &o->workers,
		.reports = &o->reports,
		.requests = "requests",
		.context = o,
		.run = run_member,
	};

	return check(o, err) ? -1 : pump_tool_work(&pumping, ret_input, err);
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = CLIENT_OPTIONS_INIT,
		.input = INPUT_OPTIONS_INIT,
		.pump = PUMP_OPTIONS_INIT,
		.workers = WORKERS_OPTIONS_INIT,
		.reports = REPORT_OPTIONS_INIT,
	};
	const struct opt_group groups[] = {
		{ "Items", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Requests", pump_rows, pump_row_count, &o.pump },
		{ "Input", input_rows, input_row_count, &o.input },
		{ "Processes", workers_rows, workers_row_count, &o.workers },
		{ "Standard input, read without -t", input_pipe_rows, input_pipe_row_count,
		    &o.input },
		{ "Rejected records", deadletter_rows, deadletter_row_count, &o.letters },
		{ "Progress", progress_rows, progress_row_count, &o.reports.progress },
		{ "Numbers for Prometheus", stats_rows, stats_row_count, &o.reports.stats },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "Services of AWS", aws_service_rows, aws_service_row_count, &o.client.aws },
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
