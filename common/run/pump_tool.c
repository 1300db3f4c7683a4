/* SPDX-License-Identifier: MIT */
#include "run/pump_tool.h"

#include <string.h>

#include "base/diag.h"

/* ---- the numbers ---- */

#define VALUE(id, field) { id, offsetof(struct pump_tool_numbers, field) }

static const struct stats_value values[] = {
	VALUE(STATS_RECORDS_READ, pump.read),
	VALUE(STATS_RECORDS_DELIVERED, pump.delivered),
	VALUE(STATS_RECORDS_FILTERED, pump.filtered),
	VALUE(STATS_RECORDS_REJECTED, pump.rejected),
	VALUE(STATS_RECORDS_LEFT, pump.lost),
	VALUE(STATS_RECORDS_RETRIED, pump.retried),
	VALUE(STATS_REQUESTS, pump.requests),
	VALUE(STATS_RECORDS_OPEN, pump.open),
	VALUE(STATS_REQUESTS_IN_FLIGHT, pump.in_flight),
	VALUE(STATS_REQUESTS_IN_FLIGHT_LIMIT, pump.in_flight_max),
	VALUE(STATS_BUFFERED_BYTES, pump.held_bytes),
	VALUE(STATS_LAG_RECORDS, pump.lag),
	VALUE(STATS_PROCESSES, processes),
};

static void
add_numbers(void *sum, const void *summary)
{
	struct pump_tool_numbers *to = sum;
	const struct pump_tool_numbers *from = summary;

	pump_summary_add(&to->pump, &from->pump);
	to->superseded += from->superseded;
	to->processes += from->processes;
	if (!*to->group)
		memcpy(to->group, from->group, sizeof(to->group));
}

static void
rest_numbers(void *summary)
{
	struct pump_tool_numbers *n = summary;

	pump_summary_rest(&n->pump);
	n->processes = 0;
}

/* A run does not end because its numbers cannot be written. */
static void
write_stats(struct pump_tool *t, const struct pump_tool_numbers *numbers)
{
	const struct stats_label labels[] = { { "tool", t->job->tool->name },
		{ "topic", t->input->topic ? t->input->topic : "" }, { "group", numbers->group } };
	struct err err = ERR_INIT;

	if (!stats_write(t->stats, values, sizeof(values) / sizeof(*values), numbers, labels,
		sizeof(labels) / sizeof(*labels), &err)) {
		t->is_stats_broken = false;
		return;
	}
	if (!t->is_stats_broken)
		diag_warn("--stats-file: %s", err.text);
	t->is_stats_broken = true;
}

/* In the only process, and in a member. */
static void
on_progress(void *context, const struct pump_summary *summary)
{
	struct pump_tool *t = context;

	t->numbers.pump = *summary;
	t->numbers.processes = 1;
	if (t->link.fd >= 0)
		workers_tell(&t->link, &t->numbers);
	else
		write_stats(t, &t->numbers);
}

/* In the leader. */
static void
on_told(void *context, const void *sum)
{
	struct pump_tool *t = context;

	memcpy(&t->numbers, sum, sizeof(t->numbers));
	/* members of one group: none of them has got so far where it is not known */
	t->has_begun = *t->numbers.group;
	if (t->has_begun)
		write_stats(t, &t->numbers);
}

/* ---- the summary ---- */

static void
say_summary(const struct pump_tool_numbers *n, const char *requests)
{
	const struct pump_summary *s = &n->pump;
	char filtered[48] = "", lost[64] = "", open[48] = "", retried[64] = "", superseded[80] = "";

	if (s->filtered)
		(void)snprintf(
		    filtered, sizeof(filtered), ", %lld filtered", (long long)s->filtered);
	if (s->lost)
		(void)snprintf(lost, sizeof(lost), ", %lld left to another member of the group",
		    (long long)s->lost);
	if (s->open)
		(void)snprintf(open, sizeof(open), ", %lld not delivered", (long long)s->open);
	if (s->retried)
		(void)snprintf(
		    retried, sizeof(retried), ", %lld records sent again", (long long)s->retried);
	if (n->superseded)
		(void)snprintf(superseded, sizeof(superseded),
		    ", %lld not newer than what was there", (long long)n->superseded);
	diag_note("%lld records read: %lld delivered, %lld rejected%s%s%s; %lld %s%s%s",
	    (long long)s->read, (long long)s->delivered, (long long)s->rejected, filtered, lost,
	    open, (long long)s->requests, requests, retried, superseded);
}

/* ---- the members ---- */

static int
run_member(void *context, unsigned number, void *ret_summary, enum job_input *ret_input,
    struct err *err)
{
	struct pump_tool *t = context;
	int rc = -1;

	if (!workers_name_instance(&t->client->kafka, number, err))
		rc = t->run(t, ret_input, err);
	memcpy(ret_summary, &t->numbers, sizeof(t->numbers));
	return rc;
}

/* What is of the moment is over, and how far behind the group is nobody knows any more. */
static void
finish_stats(struct pump_tool *t)
{
	rest_numbers(&t->numbers);
	t->numbers.pump.lag = -1;
	write_stats(t, &t->numbers);
}

int
pump_tool_work(struct pump_tool *t, enum job_input *ret_input, struct err *err)
{
	bool has_stats = t->stats->file && !t->job->options.is_dry_run;
	const struct workers_watch watch = { t, &t->link, on_told, rest_numbers };
	const struct workers_work work = { .context = t, .summary_bytes = sizeof(t->numbers),
		.run = run_member, .add = add_numbers, .watch = has_stats ? &watch : NULL };
	struct pump_tool_numbers sum = { .processes = 0 };
	int rc;

	t->link = (struct workers_link)WORKERS_LINK_INIT;
	if (workers_check(t->workers, t->input, err) || (has_stats && stats_check(t->stats, err)))
		return -1;
	rc = workers_run(t->workers, t->job, &work, &sum, ret_input, err);
	if (!t->job->options.is_dry_run && (!rc || sum.pump.read))
		say_summary(&sum, t->requests);
	if (has_stats && t->has_begun)
		finish_stats(t);
	return rc;
}

/* ---- a member's way ---- */

int
pump_tool_open(struct pump_tool *t, const struct pump_parts *given, const struct input_needs *needs,
    struct err *err)
{
	struct pump_parts parts = *given;
	struct pump_options options = *t->pump_options;
	struct input_options input = *t->input;
	struct deadletter_options letters = *t->letters;
	struct source_events events;
	struct sink_done done;
	char text[INPUT_GROUP_BYTES_MAX + 1];

	parts.progress = (struct pump_progress){ t, on_progress,
		t->stats->file ? t->stats->interval_ms : 0 };
	options.poll_ms_max = kafka_options_poll_ms(&t->client->kafka);
	parts.is_counted = input.count_max > 0;
	t->pump = pump_new(&options, &parts, (size_t)input.memory_bytes, err);
	if (!t->pump)
		return -1;
	input.memory_bytes = input.memory_bytes / 8 * 3; /* run/pump.h */
	events = pump_events(t->pump);
	t->source = input_open(&input, t->client, t->job, needs, &events, err);
	if (!t->source)
		return -1;
	(void)snprintf(t->numbers.group, sizeof(t->numbers.group), "%s",
	    input_group(t->input, t->job, needs, text));
	done = pump_letter_done(t->pump);
	/* all that is in flight may be refused at once, in letters twice as long (run/pump.h) */
	letters.memory_bytes = (size_t)t->input->memory_bytes;
	letters.drain_ms = options.drain_ms;
	t->dead = deadletter_open(&letters, t->client, t->job->tool->name, &done, err);
	return t->dead ? 0 : -1;
}

int
pump_tool_run(struct pump_tool *t, enum job_input *ret_input, struct err *err)
{
	int rc;

	t->has_begun = true;
	rc = pump_run(t->pump, t->source, t->dead, ret_input, err);
	pump_summary(t->pump, &t->numbers.pump);
	t->numbers.processes = 1;
	return rc;
}

void
pump_tool_close(struct pump_tool *t)
{
	source_free(t->source);
	deadletter_free(t->dead);
	pump_free(t->pump);
	t->source = NULL;
	t->dead = NULL;
	t->pump = NULL;
}
