/* SPDX-License-Identifier: MIT */
#include "run/pump_tool.h"

#include <string.h>

#include "base/diag.h"

/* ---- the numbers ---- */

#define VALUE(id, field) { id, offsetof(struct pump_tool_numbers, field) }

static const struct stats_value values[] = {
	VALUE(STATS_RECORDS_READ, pump.read),
	VALUE(STATS_BYTES_READ, pump.bytes),
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
	VALUE(STATS_PROCESSES, member.processes),
};

static void
add_numbers(void *sum, const void *summary)
{
	struct pump_tool_numbers *to = sum;
	const struct pump_tool_numbers *from = summary;

	member_numbers_add(&to->member, &from->member);
	pump_summary_add(&to->pump, &from->pump);
	to->superseded += from->superseded;
}

static void
rest_numbers(void *numbers)
{
	struct pump_tool_numbers *n = numbers;

	pump_summary_rest(&n->pump);
	n->member.processes = 0;
}

/* How far behind the group is. */
static void
forget_numbers(void *numbers)
{
	struct pump_tool_numbers *n = numbers;

	n->pump.lag = -1;
}

static void
measure(void *context, const void *numbers, struct meter_numbers *ret)
{
	const struct pump_tool *t = context;
	const struct pump_summary *s = &((const struct pump_tool_numbers *)numbers)->pump;

	ret->records = s->read;
	ret->bytes = s->bytes;
	ret->open = s->open;
	ret->rejected = s->rejected;
	ret->lag = s->lag;
	report_measure_input(t->input,
	    &(struct report_input){ .records = s->read - s->open,
		.passed = s->passed < 0 ? -1 : s->passed - s->open,
		.to_go = s->lag },
	    ret);
}

static void
on_progress(void *context, const struct pump_summary *summary)
{
	struct pump_tool *t = context;

	t->numbers.pump = *summary;
	members_tell(&t->members);
}

/* ---- the summary ---- */

static bool
has_read(const void *sum)
{
	const struct pump_tool_numbers *n = sum;

	return n->pump.read;
}

static void
say_summary(void *context, const void *sum)
{
	const struct pump_tool *t = context;
	const struct pump_tool_numbers *n = sum;
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
	    open, (long long)s->requests, t->requests, retried, superseded);
}

/* ---- the members ---- */

static int
run_member(void *context, enum job_input *ret_input, struct err *err)
{
	struct pump_tool *t = context;

	return t->run(t, ret_input, err);
}

int
pump_tool_work(struct pump_tool *t, enum job_input *ret_input, struct err *err)
{
	if (deadletter_check(t->letters, t->job, t->input->topic, err))
		return -1;
	t->members = (struct members){
		.job = t->job,
		.client = t->client,
		.input = t->input,
		.workers = t->workers,
		.reports = t->reports,
		.runs_commands = t->runs_commands,
		.context = t,
		.run = run_member,
		.add = add_numbers,
		.rest = rest_numbers,
		.forget = forget_numbers,
		.has_some = has_read,
		.say = say_summary,
		.measure = measure,
		.values = values,
		.value_count = sizeof(values) / sizeof(*values),
		.numbers = &t->numbers,
		.numbers_bytes = sizeof(t->numbers),
	};
	return members_work(&t->members, ret_input, err);
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
		members_interval_ms(&t->members) };
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
	(void)snprintf(t->numbers.member.group, sizeof(t->numbers.member.group), "%s",
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

	members_begin(&t->members);
	rc = pump_run(t->pump, t->source, t->dead, ret_input, err);
	pump_summary(t->pump, &t->numbers.pump);
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
