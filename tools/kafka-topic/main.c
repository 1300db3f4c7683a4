/* SPDX-License-Identifier: MIT */
/*
 * kafka-topic: topics, groups and offsets of a cluster: to look at, to make, to change, to delete.
 *
 * Promise: delete, delete-group and reset ask before, unless told --yes; alter does not, and a
 * property that it sets may end records (retention.ms). What is looked up first is looked up for
 * all names given, so that an unknown one changes nothing. A request that gets no answer ends by
 * its deadline, and then it is not known whether it was carried out.
 */
#include <string.h>
#include <unistd.h>

#include "base/stop.h"
#include "kafka-topic/admin.h"
#include "kafka-topic/verbs.h"
#include "run/aws.h"
#include "run/client.h"
#include "run/job.h"

enum { TIMEOUT_MS_MIN = 100, TIMEOUT_MS_MAX = 60 * 60 * 1000 };

/* ---- options ---- */

struct options {
	struct job job;
	struct client_options client;
	struct request request;
	enum output_form form;
	int64_t timeout_ms;
};

static int
set_form(struct options *o, enum output_form form, const char *value, struct err *err)
{
	if (!value || !strcmp(value, "true") || !strcmp(value, "yes") || !strcmp(value, "1"))
		o->form = form;
	else if (strcmp(value, "false") && strcmp(value, "no") && strcmp(value, "0"))
		return err_set(err, ERR_USAGE, "\"%s\" is neither true nor false", value);
	return 0;
}

static int
set_table(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)origin;
	return set_form(target, OUTPUT_TABLE, value, err);
}

static int
set_json(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)origin;
	return set_form(target, OUTPUT_JSON, value, err);
}

static int
set_names(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)origin;
	return set_form(target, OUTPUT_NAMES, value, err);
}

static const struct opt form_rows[] = {
	{ 0, "table", NULL, "a table [but list and groups, where standard output is no terminal]",
	    OPT_CALL, 0, 0, 0, set_table },
	{ 0, "json", NULL, "JSON objects, one a line", OPT_CALL, 0, 0, 0, set_json },
	{ 0, "names", NULL,
	    "list, groups, delete and delete-group with --dry-run: names alone, one a line",
	    OPT_CALL, 0, 0, 0, set_names },
	{ 0, "timeout", "DURATION", "how long to wait for the answer to a request [30s]",
	    OPT_DURATION, offsetof(struct options, timeout_ms), TIMEOUT_MS_MIN, TIMEOUT_MS_MAX,
	    NULL },
};

static const struct tool tool = {
	.name = "kafka-topic",
	.synopsis = "VERB [options] [NAME...]",
	.summary =
	    "Look at topics and consumer groups of Kafka, and create, change and delete them.\n"
	    "\n"
	    "Verbs:\n"
	    "  list                   topics\n"
	    "  describe [TOPIC...]    partitions, replicas and properties\n"
	    "  create TOPIC...        --partitions, --replication, --set, --if-not-exists\n"
	    "  alter TOPIC...         --set, --unset, --partitions, --internal\n"
	    "  delete TOPIC...        --yes, --if-exists, --internal\n"
	    "  offsets TOPIC...       earliest and latest, -o another place\n"
	    "  groups [GROUP...]      which there are; their states and members\n"
	    "  lag [GROUP...]         committed, end and the records between; --max, --age\n"
	    "  reset GROUP            -o WHERE or --shift N; --yes, --dry-run\n"
	    "  delete-group GROUP...  --yes, --if-exists",
	.examples = "  kafka-topic create -b localhost:9092 orders --partitions 6\n"
		    "  kafka-topic lag -b localhost:9092 etl --max 10000 || page someone\n"
		    "  kafka-topic reset -b localhost:9092 etl -t orders -o s@2026-11-01\n",
	.topic_verbs = "list describe create alter delete offsets",
	.group_verbs = "groups lag reset delete-group",
	.operand_count_min = 1,
};

/* ---- */

/* In a configuration file the last one stands. */
static int
check_one_form(const struct options *o, struct err *err)
{
	static const char *const forms[] = { "table", "json", "names" };
	const char *given = NULL;

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (opt_origin(&o->job.set, forms[i]) != OPT_COMMAND_LINE)
			continue;
		if (given)
			return err_set(err, ERR_USAGE, "--%s and --%s exclude each other", given, forms[i]);
		given = forms[i];
	}
	return 0;
}

/* Whether this run of the verb prints in that form. */
static bool
has_form(const struct options *o, const struct verb *verb, enum output_form form)
{
	if (form == OUTPUT_NAMES && verb->run == verb_groups && o->request.name_count)
		return false;
	return verb->forms & 1u << form;
}

/* A file may ask for a form that this verb has not. */
static int
check_form(struct options *o, const struct verb *verb, struct err *err)
{
	static const struct {
		const char *name;
		enum output_form form;
	} forms[] = {
		{ "table", OUTPUT_TABLE },
		{ "json", OUTPUT_JSON },
		{ "names", OUTPUT_NAMES },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (has_form(o, verb, forms[i].form))
			continue;
		if (opt_origin(&o->job.set, forms[i].name) == OPT_COMMAND_LINE)
			return err_set(
			    err, ERR_USAGE, "%s takes no --%s", verb->name, forms[i].name);
		if (o->form == forms[i].form)
			o->form = OUTPUT_DEFAULT;
	}
	return 0;
}

static int
check(struct options *o, const struct verb **ret_verb, struct err *err)
{
	const struct verb *verb = verb_find(o->job.operands[0], err);

	if (!verb || check_one_form(o, err))
		return -1;
	o->request.names = o->job.operands + 1;
	o->request.name_count = o->job.operand_count - 1;
	o->request.is_dry_run = o->job.options.is_dry_run;
	*ret_verb = verb;
	return check_form(o, verb, err) ? -1 : verb_check(verb, &o->request, &o->job.set, err);
}

static int
run(struct options *o, const struct verb *verb, struct err *err)
{
	const struct admin_settings settings = {
		.kafka = &o->client.kafka,
		.wait_ms = o->client.wait_ms,
		.timeout_ms = o->timeout_ms,
	};
	struct output out = {
		.form = o->form,
		.is_terminal = isatty(STDOUT_FILENO),
		.file = stdout,
		.text = BUF_INIT(OUTPUT_BYTES_MAX),
	};
	struct admin admin;
	int rc = -1;

	if (!admin_open(&admin, &settings, err))
		rc = verb->run(&admin, &o->request, &out, err);
	if (!rc)
		rc = output_flush(&out, err);
	admin_release(&admin);
	buf_release(&out.text);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct options o = {
		.client = CLIENT_OPTIONS_INIT, .request = REQUEST_INIT, .timeout_ms = 30 * 1000
	};
	const struct opt_group groups[] = {
		{ "What", verb_rows, verb_row_count, &o.request },
		{ "Output", form_rows, sizeof(form_rows) / sizeof(*form_rows), &o },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	const struct verb *verb = NULL;
	struct err err = ERR_INIT;

	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !client_begin(&o.client, &o.job, &err) && !o.job.is_finished && !check(&o, &verb, &err))
		(void)run(&o, verb, &err); /* err says it all */
	client_options_release(&o.client);
	return job_end(&o.job, err.class == ERR_NONE ? JOB_INPUT_ENDED : JOB_INPUT_BOUNDED, &err);
}
