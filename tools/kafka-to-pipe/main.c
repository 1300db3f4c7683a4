/* SPDX-License-Identifier: MIT */
/*
 * kafka-to-pipe: a topic to standard output, to look at, to follow or to copy.
 *
 * Promise: records of a partition come out in order. Without a group nothing is committed. With -G at
 * least once: what write(2) has taken is committed, every second and at the end. What the other end
 * of a pipe does with it is not known.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "flow/envelope.h"
#include "run/aws.h"
#include "run/client.h"
#include "run/input.h"
#include "run/job.h"
#include "run/report.h"
#include "sink/pipe.h"

/* ---- limits ---- */

enum {
	COMMIT_EVERY_MS = 1000,
	DRAIN_MS = 30 * 1000,     /* after a signal, for a reader that does not read */
	LOOK_AT_READER_MS = 500, /* while nothing comes, has the reader gone away? */
	CLOCK_EVERY_RECORDS = 1024,
	ENVELOPE_BYTES_MAX = 1024 * 1024 * 1024,
};

/* ---- options ---- */

struct options {
	struct job job;
	struct client_options client;
	struct input_options input;
	struct report_options reports;
};

static const struct tool tool = {
	.name = "kafka-to-pipe",
	.synopsis = "[options] -t TOPIC",
	.summary = "Write the records of a Kafka topic to standard output, one a line.",
	.examples = "  kafka-to-pipe -b localhost:9092 -t orders -e | wc -l\n"
		    "  kafka-to-pipe -b localhost:9092 -t orders -o end -J | jq .key\n"
		    "  kafka-to-pipe -b localhost:9092 -t orders -G archive >>orders.json\n",
};

/* ---- state ---- */

/* One partition of the present assignment. */
struct stream {
	int32_t number;
	uint32_t term;
	int64_t read;      /* behind the last record read, and what holds no records after it */
	int64_t written;   /* the next offset that write(2) has not taken */
	int64_t committed;
};

struct copy {
	struct source *source;
	struct sink *sink;
	struct buf envelope;
	bool has_envelopes;
	bool has_group;
	struct stream *streams;
	size_t stream_count;
	size_t last; /* the stream of the record before */
	int64_t commit_mono_ms;
	int64_t given;
	int64_t bytes; /* of their values */
	int64_t tombstones;
	struct numbers {
		int64_t processes; /* 1 at work; 0 before and after */
		int64_t read, bytes, delivered, filtered, open;
		int64_t lag; /* -1: not known */
		int64_t unread, passed;
	} numbers;
	struct report report;
};

static struct stream *
find_stream(struct copy *c, int32_t number)
{
	if (c->last < c->stream_count && c->streams[c->last].number == number)
		return &c->streams[c->last];
	for (size_t i = 0; i < c->stream_count; i++) {
		if (c->streams[i].number == number) {
			c->last = i;
			return &c->streams[i];
		}
	}
	return NULL;
}

/* ---- the numbers ---- */

#define VALUE(id, field) { id, offsetof(struct numbers, field) }

static const struct stats_value values[] = {
	VALUE(STATS_RECORDS_READ, read),
	VALUE(STATS_BYTES_READ, bytes),
	VALUE(STATS_RECORDS_DELIVERED, delivered),
	VALUE(STATS_RECORDS_FILTERED, filtered),
	VALUE(STATS_RECORDS_OPEN, open),
	VALUE(STATS_LAG_RECORDS, lag),
	VALUE(STATS_PROCESSES, processes),
};

static void
measure(void *context, const void *numbers, struct meter_numbers *ret)
{
	const struct options *o = context;
	const struct numbers *n = numbers;

	ret->records = n->read;
	ret->bytes = n->bytes;
	ret->open = n->open;
	ret->lag = n->lag;
	report_measure_input(
	    &o->input, &(struct report_input){ n->read, n->passed, n->unread }, ret);
}

static void
count(struct copy *c)
{
	struct sink_counts sink;
	int64_t unread = source_lag(c->source);

	sink_counts(c->sink, &sink);
	c->numbers = (struct numbers){ .processes = 1,
		.read = c->given,
		.bytes = c->bytes,
		.delivered = sink.acknowledged,
		.filtered = c->has_envelopes ? 0 : c->tombstones,
		.unread = unread,
		.passed = source_passed(c->source) };
	c->numbers.open = c->numbers.read - c->numbers.delivered - c->numbers.filtered;
	c->numbers.lag = unread < 0 ? -1 : unread + c->numbers.open;
}

static void
tell(struct copy *c)
{
	count(c);
	report_tell(&c->report);
}

/* What is of the moment is over, and what there is to read now nobody knows. */
static void
tell_last(struct copy *c)
{
	count(c);
	c->numbers.processes = c->numbers.open = 0;
	c->numbers.lag = -1;
	report_write(&c->report);
}

/* ---- what write(2) has taken ---- */

static int
on_done(void *context, struct position position, struct err *err)
{
	struct copy *c = context;
	struct stream *stream = find_stream(c, position.stream);

	(void)err;
	if (stream && stream->term == position.term)
		stream->written = position.sequence + 1;
	return 0;
}

static int
commit(struct copy *c, struct err *err)
{
	struct commit_point *points;
	size_t count = 0;
	int rc = 0;

	c->commit_mono_ms = clock_deadline(COMMIT_EVERY_MS);
	if (!c->has_group || !c->stream_count)
		return 0;
	points = calloc(c->stream_count, sizeof(*points));
	if (!points)
		return err_no_memory(err);
	for (size_t i = 0; i < c->stream_count; i++) {
		if (c->streams[i].written > c->streams[i].committed)
			points[count++] = (struct commit_point){ .stream = c->streams[i].number,
				.sequence = c->streams[i].written };
	}
	if (count)
		rc = source_commit(c->source, points, count, err);
	for (size_t i = 0; !rc && i < c->stream_count; i++)
		c->streams[i].committed = c->streams[i].written;
	free(points);
	return rc;
}

/* All that was read is written then: tombstones and transaction markers count as well. */
static int
push(struct copy *c, struct err *err)
{
	if (sink_push(c->sink, err))
		return -1;
	for (size_t i = 0; i < c->stream_count; i++)
		c->streams[i].written = c->streams[i].read;
	return 0;
}

static int
push_and_commit(struct copy *c, struct err *err)
{
	if (push(c, err))
		return -1;
	return commit(c, err);
}

/* ---- what the source says ---- */

static int
on_assigned(void *context, int32_t number, uint32_t term, int64_t sequence, const char *metadata,
    struct err *err)
{
	struct copy *c = context;
	struct stream *streams =
	    reallocarray(c->streams, c->stream_count + 1, sizeof(*c->streams));

	(void)metadata;
	if (!streams)
		return err_no_memory(err);
	c->streams = streams;
	c->streams[c->stream_count++] = (struct stream){
		.number = number,
		.term = term,
		.read = sequence,
		.written = sequence,
		.committed = sequence,
	};
	return 0;
}

static int
on_revoked(void *context, const int32_t *numbers, size_t count, bool is_lost, struct err *err)
{
	struct copy *c = context;
	int rc = 0;

	(void)numbers; /* eager groups: it is all of them */
	(void)count;
	if (!is_lost)
		rc = push_and_commit(c, err);
	c->stream_count = 0;
	return rc;
}

static void
on_at_end(void *context, int32_t number, int64_t sequence)
{
	struct stream *stream = find_stream(context, number);

	if (stream)
		stream->read = sequence;
}

/* ---- the copy ---- */

static int
put(struct copy *c, const struct record *record, struct err *err)
{
	struct outgoing out = { .value = record->value, .has_value = true, .position = record->position };
	struct stream *stream = c->has_group ? find_stream(c, record->position.stream) : NULL;

	c->given++;
	c->bytes += (int64_t)record->value.len;
	if (c->has_envelopes) {
		buf_clear(&c->envelope);
		if (envelope_append(&c->envelope, record, err))
			return -1;
		out.value = buf_slice(&c->envelope);
	} else if (!record->has_value) {
		c->tombstones++; /* an empty line would be a value to who reads lines */
	}
	if ((c->has_envelopes || record->has_value) && sink_write(c->sink, &out, err))
		return -1;
	/* not before it is in the sink: a push of what precedes a failure must not count it */
	if (stream)
		stream->read = record->offset + 1;
	return 0;
}

/* A quiet topic gives nothing to write, and only write(2) would tell. */
static int
look_at_reader(struct err *err)
{
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = 0 };

	if (poll(&fd, 1, 0) != 1 || !(fd.revents & POLLERR))
		return 0;
	err_errno(err, ERR_IO, EPIPE, "stdout");
	err->is_broken_pipe = true;
	return -1;
}

/* There is nothing at hand: what has been read goes out, then sleep. */
static enum source_status
wait_for_record(struct copy *c, struct record *record, struct err *err)
{
	int64_t now_ms = clock_mono_ms();

	if (push(c, err))
		return SOURCE_FAILED;
	if (report_is_due(&c->report, now_ms))
		tell(c);
	if (now_ms >= c->commit_mono_ms && commit(c, err))
		return SOURCE_FAILED;
	if (look_at_reader(err))
		return SOURCE_FAILED;
	return source_next(c->source, now_ms + LOOK_AT_READER_MS, record, err);
}

static int
now_and_then(struct copy *c, struct err *err)
{
	int64_t now_ms;

	if (c->given % CLOCK_EVERY_RECORDS)
		return 0;
	now_ms = clock_mono_ms();
	if (report_is_due(&c->report, now_ms))
		tell(c);
	return c->has_group && now_ms >= c->commit_mono_ms ? push_and_commit(c, err) : 0;
}

/* *ret_ended: the input has an end and it was reached. */
static int
copy_all(struct copy *c, bool *ret_ended, struct err *err)
{
	struct record record;

	for (;;) {
		enum source_status status = source_next(c->source, 0, &record, err);

		if (status == SOURCE_WAIT && !stop_requested())
			status = wait_for_record(c, &record, err);
		switch (status) {
		case SOURCE_RECORD:
			if (put(c, &record, err) || now_and_then(c, err))
				return -1;
			break;
		case SOURCE_WAIT:
			if (stop_requested())
				return 0;
			break;
		case SOURCE_END:
			*ret_ended = true;
			return 0;
		case SOURCE_REJECT:
		case SOURCE_FAILED:
			return -1;
		}
	}
}

/* Also after a failure: what was written is written. */
static int
finish(struct copy *c, int rc, struct err *err)
{
	struct err second = ERR_INIT;

	if ((!rc || err->class != ERR_IO) && push(c, rc ? &second : err))
		rc = -1;
	if (commit(c, rc ? &second : err))
		rc = -1;
	if (second.class != ERR_NONE)
		diag_detail("%s", second.text);
	if (c->tombstones)
		diag_note("%lld tombstones left out: --envelope shows them", (long long)c->tombstones);
	return rc;
}

static void
say_dry_run(const struct options *o)
{
	diag_note("would read topic %s%s%s to standard output", o->input.topic,
	    o->input.group ? " as group " : "", o->input.group ? o->input.group : "");
}

static int
open_ends(const struct options *o, struct copy *c, struct err *err)
{
	const struct input_needs needs = { .is_group_optional = true, .want_headers = c->has_envelopes };
	const struct source_events events = {
		.context = c,
		.assigned = on_assigned,
		.revoked = on_revoked,
		.at_end = on_at_end,
	};
	const struct sink_pipe_options out = { .fd = STDOUT_FILENO,
		.name = "stdout",
		.drain_ms = DRAIN_MS };
	const struct sink_done done = { .context = c, .done = on_done };

	c->source = input_open(&o->input, &o->client, &o->job, &needs, &events, err);
	if (!c->source)
		return -1;
	c->sink = sink_pipe_open(&out, c->has_group ? &done : NULL, err);
	return c->sink ? 0 : -1;
}

static int
run_copy(const struct options *o, struct copy *c, enum job_input *ret_input, struct err *err)
{
	bool has_ended = false;
	int rc;

	report_begin(&c->report);
	rc = open_ends(o, c, err);
	if (rc)
		return -1;
	rc = finish(c, copy_all(c, &has_ended, err), err);
	if (has_ended)
		*ret_input = JOB_INPUT_ENDED;
	else if (!input_is_bounded(&o->input))
		*ret_input = JOB_INPUT_ENDLESS;
	report_end(&c->report);
	tell_last(c);
	return rc;
}

static int
run(struct options *o, enum job_input *ret_input, struct err *err)
{
	struct copy c = {
		.envelope = BUF_INIT(ENVELOPE_BYTES_MAX),
		.has_envelopes = o->input.has_envelopes_out,
		.has_group = o->input.group != NULL,
		.report = { .job = &o->job,
		    .options = &o->reports,
		    .topic = o->input.topic,
		    .group = o->input.group ? o->input.group : "",
		    .values = values,
		    .value_count = sizeof(values) / sizeof(*values),
		    .writes_data = true,
		    .context = o,
		    .measure = measure },
	};
	int rc = -1;

	c.report.numbers = &c.numbers;
	if (o->job.options.is_dry_run) {
		say_dry_run(o);
		*ret_input = JOB_INPUT_ENDED;
		return 0;
	}
	if (!report_check(&c.report, err))
		rc = run_copy(o, &c, ret_input, err);
	report_end(&c.report);
	sink_free(c.sink);
	source_free(c.source);
	buf_release(&c.envelope);
	free(c.streams);
	return rc;
}

static int
check(const struct options *o, struct err *err)
{
	if (!o->input.topic)
		return err_set(err, ERR_USAGE, "no topic: give -t TOPIC");
	return 0;
}

int
main(int argc, char **argv)
{
	static struct options o = { .client = CLIENT_OPTIONS_INIT,
		.input = INPUT_OPTIONS_INIT,
		.reports = REPORT_OPTIONS_INIT };
	const struct opt_group groups[] = {
		{ "Topic", input_rows, input_row_count, &o.input },
		{ "Progress", progress_rows, progress_row_count, &o.reports.progress },
		{ "Numbers for Prometheus", stats_rows, stats_row_count, &o.reports.stats },
		{ "Kafka", client_rows, client_row_count, &o.client },
		{ "AWS", aws_rows, aws_row_count, &o.client.aws },
		{ "General", job_rows, job_row_count, &o.job.options },
	};
	enum job_input input = JOB_INPUT_BOUNDED;
	struct err err = ERR_INIT;

	if (!job_begin(&o.job, &tool, groups, sizeof(groups) / sizeof(*groups), argc, argv, &err) &&
	    !client_begin(&o.client, &o.job, &err) && !o.job.is_finished && !check(&o, &err))
		(void)run(&o, &input, &err); /* err says it all */
	client_options_release(&o.client);
	return job_end(&o.job, input, &err);
}
