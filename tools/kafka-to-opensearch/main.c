/* SPDX-License-Identifier: MIT */
/*
 * kafka-to-opensearch: documents of OpenSearch or Elasticsearch out of a topic, or newline JSON from a pipe.
 *
 * Promise: at least once, and once in effect, for a record's document has the same id each time it is sent.
 * Offsets are committed only past records that the service has taken, or that are dead letters. What was
 * written last under an id is what stays there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "io/read_file.h"
#include "kafka-to-opensearch/cluster.h"
#include "kafka-to-opensearch/service.h"
#include "run/aws.h"
#include "run/carrier_http.h"
#include "run/client.h"
#include "run/input.h"
#include "run/pump_tool.h"

enum { TEMPLATE_BYTES_MAX = 4 * 1024 * 1024 };

/* ---- options ---- */

struct options {
	struct job job;
	struct client_options client;
	struct input_options input;
	struct deadletter_options letters;
	struct pump_options pump;
	struct workers_options workers;
	struct report_options reports;
	struct opensearch_options service;
	struct access_options access;
	const char *template_file;
	const char *template_name;
};

static int
set_time_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	return time_format_parse(value, &options->service.time_format, err);
}

static int
set_op(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	for (int i = 0; i < BULK_OP_COUNT; i++) {
		if (!strcmp(value, bulk_op_names[i])) {
			options->service.op = (enum bulk_op)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\": index, create, update or delete", value);
}

static int
set_refresh(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct options *options = target;

	(void)origin;
	if (!strcmp(value, "false"))
		options->service.refresh = NULL;
	else if (!strcmp(value, "true") || !strcmp(value, "wait_for"))
		options->service.refresh = value;
	else
		return err_set(err, ERR_USAGE, "\"%s\": true, false or wait_for", value);
	return 0;
}

static const struct opt rows[] = {
	{ 0, "index", "TEMPLATE", "the index of a record's document, for example trips-{@year}",
	    OPT_TEXT, offsetof(struct options, service.index), 0, 0, NULL },
	{ 0, "id", "TEMPLATE", "its id [{@topic}+{@partition}+{@offset}]", OPT_TEXT,
	    offsetof(struct options, service.id), 0, 0, NULL },
	{ 0, "auto-id", NULL, "let the service make ids: what is sent twice is there twice",
	    OPT_FLAG, offsetof(struct options, service.has_service_ids), 0, 0, NULL },
	{ 0, "op", "index|create|update|delete", "what is done with it [index]", OPT_CALL, 0, 0, 0,
	    set_op },
	{ 0, "version-from", "offset|FIELD|none",
	    "a document's version: what has a higher one stays [offset, where the id is not made "
	    "of offsets]",
	    OPT_TEXT, offsetof(struct options, service.version_from), 0, 0, NULL },
	{ 0, "routing", "TEMPLATE", "what chooses a document's shard [its id]", OPT_TEXT,
	    offsetof(struct options, service.routing), 0, 0, NULL },
	{ 0, "pipeline", "NAME", "the ingest pipeline it goes through [the index's]", OPT_TEXT,
	    offsetof(struct options, service.pipeline), 0, 0, NULL },
	{ 0, "refresh", "true|false|wait_for",
	    "make documents visible to searches before they count as delivered [false]", OPT_CALL,
	    0, 0, 0, set_refresh },
	{ 0, "template", "FILE", "install this index template before the first document", OPT_TEXT,
	    offsetof(struct options, template_file), 0, 0, NULL },
	{ 0, "template-name", "NAME", "the template's name [the file's]", OPT_TEXT,
	    offsetof(struct options, template_name), 0, 0, NULL },
	{ 0, "time", "FIELD", "field with the event time [the record's timestamp]", OPT_TEXT,
	    offsetof(struct options, service.time_field), 0, 0, NULL },
	{ 0, "time-format", "FORMAT",
	    "how it is written: iso, s, ms, us or a strptime pattern [a string is ISO 8601, a "
	    "number ms]",
	    OPT_CALL, 0, 0, 0, set_time_format },
	{ 0, "skip-tombstones", NULL, "leave out records without a value [they delete]", OPT_FLAG,
	    offsetof(struct options, service.skips_tombstones), 0, 0, NULL },
};

static const struct opt access_rows[] = {
	{ 0, "user", "NAME", "sign in with a password [$OPENSEARCH_USERNAME]", OPT_TEXT,
	    offsetof(struct access_options, user), 0, 0, NULL },
	{ 0, "password-file", "FILE", "whose first line it is [$OPENSEARCH_PASSWORD]", OPT_TEXT,
	    offsetof(struct access_options, password_file), 0, 0, NULL },
	{ 0, "api-key-file", "FILE", "whose first line is an encoded API key [$OPENSEARCH_API_KEY]",
	    OPT_TEXT, offsetof(struct access_options, api_key_file), 0, 0, NULL },
	{ 0, "aws-service", "es|aoss", "sign requests with AWS credentials [as the URL's host says]",
	    OPT_TEXT, offsetof(struct access_options, aws_service), 0, 0, NULL },
	{ 0, "ca", "FILE", "authorities that may vouch for the service, PEM [the system's]",
	    OPT_TEXT, offsetof(struct access_options, ca_bundle), 0, 0, NULL },
	{ 0, "cert", "FILE", "client certificate, PEM", OPT_TEXT,
	    offsetof(struct access_options, certificate), 0, 0, NULL },
	{ 0, "cert-key", "FILE", "its key, PEM [in the same file]", OPT_TEXT,
	    offsetof(struct access_options, certificate_key), 0, 0, NULL },
};

static const struct opt unsigned_rows[] = {
	{ 0, "no-sign-request", NULL, "do not sign, though the host is one of Amazon's", OPT_FLAG,
	    offsetof(struct aws_options, is_unsigned), 0, 0, NULL },
};

static const struct tool tool = {
	.name = "kafka-to-opensearch",
	.synopsis = "[options] --index TEMPLATE URL",
	.summary = "Index a Kafka topic or newline JSON from a pipe in OpenSearch or Elasticsearch.",
	.examples =
	    "  kafka-to-opensearch -b localhost:9092 -t trip_stats --index trip_stats \\\n"
	    "      --id '{vendor_id}-{window_start}' http://localhost:9200\n"
	    "  kafka-window ... | kafka-to-opensearch --index departments_count \\\n"
	    "      --id '{departmentName}-{window_start}' http://localhost:9200\n",
	.operand_count_min = 1,
	.operand_count_max = 1,
};

/* ---- checks between options ---- */

static int
check(struct options *o, struct err *err)
{
	bool has_offsets = o->input.topic || o->input.has_envelopes_in;

	if (!o->service.index)
		return err_set(err, ERR_USAGE, "--index is needed");
	if (o->input.has_envelopes_out)
		return err_set(err, ERR_USAGE,
		    "-J: nothing is written to standard output; -J=in reads envelopes from a pipe");
	if (!has_offsets && !o->service.id && !o->service.has_service_ids)
		return err_set(err, ERR_USAGE,
		    "lines of a pipe have no offsets to make ids of: give --id TEMPLATE or "
		    "--auto-id");
	if (o->template_name && !o->template_file)
		return err_set(err, ERR_USAGE, "--template-name without --template");
	o->service.is_offset_known = has_offsets;
	return 0;
}

static int
check_service(const struct options *o, const struct service *service, struct err *err)
{
	if (opensearch_uses_time(service) && !o->service.time_field && !o->input.topic &&
	    !o->input.has_envelopes_in)
		return err_set(err, ERR_USAGE,
		    "a template uses the event time, but lines of a pipe have none: give --time "
		    "FIELD");
	return 0;
}

/* ---- the template ---- */

struct index_template {
	struct buf name;
	struct buf body;
};

static int
read_template(const struct options *o, struct index_template *t, struct err *err)
{
	char *text;
	int rc = -1;

	if (!o->template_file)
		return 0;
	text = read_file(o->template_file, TEMPLATE_BYTES_MAX, err);
	if (!text)
		return err_wrap(err, "--template");
	if (o->template_name ? buf_append_text(&t->name, o->template_name, err)
			     : cluster_template_name(o->template_file, &t->name, err))
		goto out;
	rc = cluster_template(text, o->service.index, &t->body, err);
	if (rc)
		rc = err_wrap(err, "%s", o->template_file);
out:
	free(text);
	return rc;
}

/* ---- what is said ---- */

static int
say_dry_run(const struct options *o, const struct access *a, const struct index_template *t,
    struct err *err)
{
	struct buf pattern = BUF_INIT(64 * 1024);
	int rc = opensearch_index_pattern(o->service.index, &pattern, err);

	if (!rc && t->body.len)
		diag_note("would install the index template %s", t->name.data);
	if (!rc)
		diag_note("would %s documents of %s%s in %s of %s",
		    bulk_op_names[o->service.op], o->input.topic ? "topic " : "",
		    o->input.topic ? o->input.topic : "standard input", pattern.data, a->endpoint);
	buf_release(&pattern);
	return rc;
}

static void
say_cluster(const struct access *a, const struct cluster *c)
{
	if (c->is_known)
		diag_note("writing to %s %s (%s) at %s",
		    c->is_elasticsearch ? "Elasticsearch" : "OpenSearch", c->number, c->name,
		    a->endpoint);
	else
		diag_note("writing to %s, which does not say what it is", a->endpoint);
}

/* ---- opening ---- */

/* What is made of the options before anything is opened. */
struct plan {
	const struct options *options;
	struct service *service;
	struct index_template template;
};

static size_t
reply_bytes(const struct options *o)
{
	return pump_reply_bytes(&o->pump, (size_t)o->input.memory_bytes);
}

/* One look first: who has to wait is told what for. */
static int
ask_cluster(const struct options *o, const struct access *a, struct cluster *ret, struct err *err)
{
	int64_t deadline_ms = clock_deadline(o->client.wait_ms), left_ms;

	if (!cluster_ask(a, 1, o->client.wait_ms, ret, err))
		return 0;
	left_ms = deadline_ms - clock_mono_ms();
	if (err->class != ERR_UNAVAILABLE || left_ms <= 0)
		return -1;
	diag_note("waiting for %s", err->text);
	err_clear(err);
	return cluster_ask(a, 0, left_ms, ret, err);
}

/*
 * An index that is misspelt gets no documents, and deletions with versions would make it: all of them would
 * count as delivered.
 */
static int
check_index(const struct options *o, const struct access *a, const struct service *service,
    struct err *err)
{
	struct slice path = opensearch_index_path(service);
	bool is_there;

	if (o->service.op != BULK_DELETE || !path.len)
		return 0;
	if (cluster_find_index(a, path, o->client.wait_ms, &is_there, err))
		return -1;
	return is_there ? 0
	                : err_set(err, ERR_CANT_CREATE,
	                      "%s: there is no index %s to delete from", a->endpoint,
	                      o->service.index);
}

/* What is installed and asked before the first document. */
static int
prepare(const struct plan *p, const struct access *a, struct err *err)
{
	const struct options *o = p->options;
	const struct index_template *t = &p->template;
	struct cluster cluster = { .is_known = false };

	if (a->session && aws_session_wait_credentials(a->session, err))
		return -1;
	if (access_is_exposed(a))
		diag_warn("%s: credentials go over plain HTTP", a->endpoint);
	if (!access_is_serverless(a) && ask_cluster(o, a, &cluster, err))
		return -1;
	say_cluster(a, &cluster);
	if (check_index(o, a, p->service, err))
		return -1;
	if (!t->body.len)
		return 0;
	return cluster_put_template(a, t->name.data, buf_slice(&t->body), o->client.wait_ms, err);
}

static struct carrier *
open_carrier(const struct options *o, struct access *a, struct err *err)
{
	struct carrier_http_options options = {
		.http = a->http,
		.endpoint = a->endpoint,
		.about = a->endpoint,
		.signer = a->signer,
		.headers = &a->header,
		.header_count = a->header_count,
		.judge = access_judge,
		.judge_context = a,
		.reply_bytes_max = reply_bytes(o),
		.takes_cut_replies = true,
	};

	return carrier_http_new(&options, err);
}

/* Indices of one service are targets of their own, each with a group of its own. */
static int
open_pump(const struct plan *p, struct access *a, struct pump_tool *pumping,
    struct carrier *carrier, struct err *err)
{
	const struct options *o = p->options;
	const struct pump_parts parts = {
		.loop = a->loop, .service = p->service, .carrier = carrier
	};
	struct buf target = BUF_INIT(64 * 1024);
	struct input_needs needs = {
		.want_headers = o->letters.target || opensearch_uses_headers(p->service),
	};
	int rc = buf_appendf(
	    &target, err, "%s/%s", strstr(a->endpoint, "://") + 3, o->service.index);

	needs.target = target.data;
	if (!rc)
		rc = pump_tool_open(pumping, &parts, &needs, err);
	buf_release(&target);
	return rc;
}

static int
pump_all(const struct plan *p, struct access *a, struct pump_tool *pumping,
    enum job_input *ret_input, struct err *err)
{
	struct carrier *carrier = open_carrier(p->options, a, err);
	int rc = -1;

	if (carrier && !open_pump(p, a, pumping, carrier, err) && !prepare(p, a, err))
		rc = pump_tool_run(pumping, ret_input, err);
	pump_tool_close(pumping);
	carrier_free(carrier);
	return rc;
}

static int
plan(struct options *o, struct plan *p, struct err *err)
{
	if (check(o, err) || read_template(o, &p->template, err))
		return -1;
	o->service.reply_bytes_max = reply_bytes(o);
	p->service = opensearch_new(&o->service, err);
	return p->service ? check_service(o, p->service, err) : -1;
}

/* One member of the group, or the only process. */
static int
run_member(struct pump_tool *pumping, enum job_input *ret_input, struct err *err)
{
	const struct plan *p = pumping->context;
	const struct options *o = p->options;
	struct access access = { .endpoint = NULL };
	struct loop *loop = loop_new(err);
	int rc = -1;

	if (!loop ||
	    access_open(&access, o->job.operands[0], &o->access, &o->client.aws, loop, err))
		goto out;
	if (o->job.options.is_dry_run) {
		*ret_input = JOB_INPUT_ENDED;
		rc = say_dry_run(o, &access, &p->template, err);
		goto out;
	}
	if (access.session)
		opensearch_expect_full_replies(p->service);
	rc = pump_all(p, &access, pumping, ret_input, err);
out:
	access_release(&access);
	loop_free(loop);
	return rc;
}

static void
run(struct options *o, enum job_input *ret_input, struct err *err)
{
	struct plan p = { .options = o,
		.template = { BUF_INIT(1024), BUF_INIT(TEMPLATE_BYTES_MAX) } };
	struct pump_tool pumping = {
		.job = &o->job,
		.client = &o->client,
		.input = &o->input,
		.letters = &o->letters,
		.pump_options = &o->pump,
		.workers = &o->workers,
		.reports = &o->reports,
		.requests = "requests",
		.context = &p,
		.run = run_member,
	};

	if (!plan(o, &p, err))
		(void)pump_tool_work(&pumping, ret_input, err);
	service_free(p.service);
	buf_release(&p.template.name);
	buf_release(&p.template.body);
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
		{ "Documents", rows, sizeof(rows) / sizeof(*rows), &o },
		{ "Access", access_rows, sizeof(access_rows) / sizeof(*access_rows), &o.access },
		{ "Requests", pump_rows, pump_row_count, &o.pump },
		{ "Input", input_rows, input_row_count, &o.input },
		{ "Members", workers_rows, workers_row_count, &o.workers },
		{ "Standard input, read without -t", input_pipe_rows, input_pipe_row_count,
		    &o.input },
		{ "Rejected records", deadletter_rows, deadletter_row_count, &o.letters },
		{ "Progress", progress_rows, progress_row_count, &o.reports.progress },
		{ "Numbers for Prometheus", stats_rows, stats_row_count, &o.reports.stats },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "AWS signatures", unsigned_rows, 1, &o.client.aws },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	enum job_input input = JOB_INPUT_BOUNDED;
	struct err err = ERR_INIT;

	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !client_begin(&o.client, &o.job, &err) && !o.job.is_finished)
		run(&o, &input, &err);
	client_options_release(&o.client);
	return job_end(&o.job, input, &err);
}
