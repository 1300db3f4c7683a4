/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "flow/field.h"
#include "flow/template.h"
#include "s3-to-kafka/pace.h"
#include "s3-to-kafka/reorder.h"
#include "source/objects.h"

enum {
	PROGRESS_US = 1000 * 1000,
	CLOCK_EVERY = 256, /* records between two looks at the clock at full speed */
	KEY_BYTES_MAX = 1024 * 1024,
	SLEEP_US_MIN = 1000, /* poll(2)'s resolution; what is due sooner goes now */
};

enum progress {
	GO_ON,
	STOPPED,
	FAILED,
};

struct replay {
	struct replay_options options;
	struct source *source;
	struct sink *sink;
	struct deadletter *letters;
	struct field_set *fields;
	struct template *key_template; /* NULL without --key */
	unsigned time_index;
	struct buf key;
	struct reorder *reorder; /* NULL without a horizon */
	struct pace pace;
	int64_t read;
	int64_t sent;
	/* the line a second */
	const struct record *record; /* the one at hand, NULL where the sent one comes from the reorder horizon */
	int64_t last_event_ms;
	int64_t behind_us;
	int64_t progress_at_us;
	int64_t progress_sent;
	unsigned until_clock;
};

/* ---- progress ---- */

static void
say_progress(struct replay *r, int64_t now_us)
{
	struct objects_progress files;
	char when[TIME_ISO_BYTES] = "";
	char percent[32] = "";
	double seconds = (double)(now_us - r->progress_at_us + PROGRESS_US) / 1e6;

	source_objects_progress(r->source, &files);
	if (files.bytes_all > 0)
		(void)snprintf(percent, sizeof(percent), ", %.0f%% of the input",
		    100.0 * (double)files.bytes / (double)files.bytes_all);
	if (r->options.time_field && r->sent)
		time_format_iso(r->last_event_ms, when);
	diag_note("%s%s%lld records, %.0f a second%s, %.1f s behind", when, *when ? ": " : "",
	    (long long)r->sent, (double)(r->sent - r->progress_sent) / seconds, percent,
	    (double)r->behind_us / 1e6);
	r->progress_sent = r->sent;
}

static void
tick(struct replay *r, int64_t now_us)
{
	if (now_us < r->progress_at_us)
		return;
	if (!r->options.is_quiet)
		say_progress(r, now_us);
	r->progress_at_us = now_us + PROGRESS_US;
}

/* ---- sending ---- */

/* Sleeps until due_us in steps, so that reports of the sink are served and progress is said. */
static enum progress
sleep_until(struct replay *r, int64_t due_us, struct err *err)
{
	for (;;) {
		int64_t now_us = clock_mono_us();
		int64_t step_us = due_us - now_us;

		r->behind_us = step_us < 0 ? -step_us : 0;
		tick(r, now_us);
		if (stop_requested())
			return STOPPED;
		if (step_us < SLEEP_US_MIN)
			return GO_ON;
		if (sink_push(r->sink, err))
			return FAILED;
		if (step_us > PROGRESS_US / 2)
			step_us = PROGRESS_US / 2;
		(void)stop_wait((now_us + step_us) / 1000);
	}
}

static enum progress
wait_until_due(struct replay *r, int64_t event_ms, struct err *err)
{
	if (r->options.speedup > 0) {
		int64_t now_us = clock_mono_us();

		return sleep_until(r, pace_due_us(&r->pace, event_ms, now_us), err);
	}
	if (--r->until_clock == 0) {
		r->until_clock = CLOCK_EVERY;
		tick(r, clock_mono_us());
	}
	return stop_requested() ? STOPPED : GO_ON;
}

/* The sink can never take it (larger than the topic allows): a rejected record as any other. */
static enum progress
refuse_item(struct replay *r, const struct reorder_item *item, struct err *err)
{
	struct record waited = {
		.origin = slice_of("reordered input"),
		.line = item->sequence + 1,
		.offset = item->sequence,
		.time_ms = RECORD_NO_TIME,
		.value = item->value,
		.has_value = true,
	};
	const struct record *record = r->record ? r->record : &waited;
	char reason[ERR_TEXT_BYTES];

	memcpy(reason, err->text, sizeof(reason));
	record_reject(record, -1, reason, err);
	return deadletter_put(r->letters, record, err, err) ? FAILED : GO_ON;
}

static enum progress
send_item(struct replay *r, const struct reorder_item *item, struct err *err)
{
	struct outgoing out = {
		.key = item->key,
		.value = item->value,
		.has_key = item->has_key,
		.has_value = true,
		.time_ms = RECORD_NO_TIME,
		.partition = r->options.partition,
	};
	enum progress progress = wait_until_due(r, item->time_ms, err);

	if (progress != GO_ON)
		return progress;
	if (sink_write(r->sink, &out, err))
		return err->class == ERR_DATA ? refuse_item(r, item, err) : FAILED;
	r->sent++;
	r->last_event_ms = item->time_ms;
	return GO_ON;
}

static enum progress
send_waiting(struct replay *r, bool all, struct err *err)
{
	struct reorder_item item;

	while (r->reorder && (all || reorder_is_full(r->reorder))) {
		enum progress progress;

		if (!reorder_take(r->reorder, &item))
			break;
		progress = send_item(r, &item, err);
		if (progress != GO_ON)
			return progress;
	}
	return GO_ON;
}

/* ---- one record ---- */

static int
make_item(struct replay *r, const struct record *record, struct reorder_item *ret,
    struct err *err)
{
	*ret = (struct reorder_item){ .sequence = record->position.sequence,
		.value = record->value };
	if (field_set_is_empty(r->fields) && !source_objects_is_csv(r->source))
		goto key;
	if (field_scan(r->fields, record, err))
		return -1;
	if (r->options.time_field && field_time(r->fields, record, r->time_index,
		&r->options.time_format, &ret->time_ms, err))
		return -1;
key:
	if (!r->key_template)
		return 0;
	buf_clear(&r->key);
	if (template_render(r->key_template, r->fields, record,
		r->options.time_field ? ret->time_ms : RECORD_NO_TIME, &r->key, err))
		return -1;
	ret->key = buf_slice(&r->key);
	ret->has_key = true;
	return 0;
}

static enum progress
take_record(struct replay *r, const struct record *record, struct err *err)
{
	struct reorder_item item;

	if (make_item(r, record, &item, err))
		return deadletter_put(r->letters, record, err, err) ? FAILED : GO_ON;
	if (!r->reorder) {
		enum progress progress;

		r->record = record;
		progress = send_item(r, &item, err);
		r->record = NULL;
		return progress;
	}
	if (reorder_put(r->reorder, &item, err))
		return FAILED;
	return send_waiting(r, false, err);
}

/* What is at hand is taken at once; before waiting for more, the sink is pushed. */
static enum source_status
next_record(struct replay *r, struct record *record, struct err *err)
{
	enum source_status status = source_next(r->source, 0, record, err);

	while (status == SOURCE_WAIT && !stop_requested()) {
		if (sink_push(r->sink, err))
			return SOURCE_FAILED;
		tick(r, clock_mono_us());
		status = source_next(r->source, clock_deadline(PROGRESS_US / 1000), record, err);
	}
	return status;
}

static enum progress
run_input(struct replay *r, enum job_input *ret_input, struct err *err)
{
	struct record record;

	for (;;) {
		enum progress progress = GO_ON;

		if (r->options.count_max && r->read >= r->options.count_max)
			break;
		switch (next_record(r, &record, err)) {
		case SOURCE_RECORD:
			r->read++;
			progress = take_record(r, &record, err);
			break;
		case SOURCE_REJECT:
			r->read++;
			if (deadletter_put(r->letters, &record, err, err))
				return FAILED;
			break;
		case SOURCE_WAIT:
			return STOPPED;
		case SOURCE_FAILED:
			return FAILED;
		case SOURCE_END:
			*ret_input = JOB_INPUT_ENDED;
			return send_waiting(r, true, err);
		}
		if (progress != GO_ON)
			return progress;
	}
	*ret_input = JOB_INPUT_ENDED;
	return send_waiting(r, true, err);
}

/* ---- from beginning to end ---- */

/* Everything given to the sink becomes durable; a bad record or a damaged file takes nothing that
 * precedes it along. `err` keeps the first failure. */
static int
settle(struct replay *r, enum progress progress, struct err *err)
{
	bool has_failed = progress == FAILED;
	int64_t deadline = progress == STOPPED ? clock_deadline(r->options.drain_ms) : CLOCK_NEVER;
	struct err later = ERR_INIT;

	if (has_failed && (err->is_broken_pipe || err->class == ERR_UNAVAILABLE))
		return -1; /* the sink itself: there is nobody to wait for */
	if (has_failed && (err->class == ERR_DATA || err->class == ERR_IO) &&
	    send_waiting(r, true, &later) == FAILED)
		return -1;
	if (sink_flush(r->sink, deadline, &later) || deadletter_flush(r->letters, deadline, &later)) {
		if (!has_failed)
			*err = later;
		return -1;
	}
	return has_failed ? -1 : 0;
}

int
replay_run(struct replay *r, enum job_input *ret_input, struct err *err)
{
	enum progress progress;
	int rc;

	*ret_input = JOB_INPUT_BOUNDED;
	r->progress_at_us = clock_mono_us() + PROGRESS_US;
	progress = run_input(r, ret_input, err);
	/* stopped while the last records waited for their time */
	if (progress == STOPPED)
		*ret_input = JOB_INPUT_BOUNDED;
	rc = settle(r, progress, err);
	return rc;
}

void
replay_get_counts(struct replay *r, struct replay_counts *ret)
{
	struct sink_counts sink;

	sink_counts(r->sink, &sink);
	*ret = (struct replay_counts){
		.read = r->read,
		.delivered = sink.acknowledged,
		.rejected = deadletter_count(r->letters),
	};
	ret->waiting = ret->read - ret->delivered - ret->rejected;
}

static int
compile(struct replay *r, struct err *err)
{
	int index;

	r->fields = field_set_new(err);
	if (!r->fields)
		return -1;
	if (r->options.time_field) {
		index = field_set_add(r->fields, slice_of(r->options.time_field), err);
		if (index < 0)
			return err_wrap(err, "--time");
		r->time_index = (unsigned)index;
	}
	if (r->options.key) {
		r->key_template = template_compile(r->options.key, TEMPLATE_REJECT, TEMPLATE_PLAIN,
		    r->fields, err);
		if (!r->key_template)
			return err_wrap(err, "--key");
		if (!template_has_variable(r->key_template))
			return err_set(err, ERR_USAGE, "--key: \"%s\" has no {field} in it",
			    r->options.key);
	}
	return 0;
}

struct replay *
replay_new(const struct replay_options *options, struct source *source, struct sink *sink,
    struct deadletter *letters, struct err *err)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r) {
		err_no_memory(err);
		return NULL;
	}
	r->options = *options;
	r->source = source;
	r->sink = sink;
	r->letters = letters;
	r->until_clock = CLOCK_EVERY;
	buf_init(&r->key, KEY_BYTES_MAX);
	pace_init(&r->pace, options->speedup);
	if (compile(r, err))
		goto fail;
	if (options->reorder_count) {
		r->reorder = reorder_new((size_t)options->reorder_count,
		    (size_t)options->memory_bytes, err);
		if (!r->reorder)
			goto fail;
	}
	return r;
fail:
	replay_free(r);
	return NULL;
}

void
replay_free(struct replay *r)
{
	if (!r)
		return;
	template_free(r->key_template);
	field_set_free(r->fields);
	reorder_free(r->reorder);
	buf_release(&r->key);
	free(r);
}
