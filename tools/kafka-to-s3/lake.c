/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/lake.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "kafka-to-s3/lake_state.h"

enum { PATH_BYTES_MAX = 64 * 1024 };

/* ---- one record ---- */

/* Where nothing asks for it, the record's own. */
static int
event_time(struct lake *l, const struct record *record, int64_t *ret_ms, struct err *err)
{
	enum json_type type;

	*ret_ms = record->time_ms;
	if (!l->wants_time || !l->options.time_field)
		return 0;
	type = field_get(l->fields, l->time_index)->type;
	if (type == JSON_TYPE_MISSING || type == JSON_TYPE_NULL) {
		*ret_ms = RECORD_NO_TIME;
		return 0;
	}
	return field_time(l->fields, record, l->time_index, &l->options.time_format, ret_ms, err);
}

static int
render_path(struct lake *l, const struct record *record, int64_t time_ms, struct err *err)
{
	buf_clear(&l->path);
	return l->template
	           ? template_render(l->template, l->fields, record, time_ms, &l->path, err)
	           : 0;
}

/* A tombstone that gets here has no fields: they read as missing. */
static int
scan(struct lake *l, const struct record *record, struct err *err)
{
	if (!field_scan(l->fields, record, err))
		return 0;
	if (record->has_value || err->class != ERR_DATA)
		return -1;
	err_clear(err);
	return 0;
}

/* ERR_DATA rejects the record, all else is final. */
static int
collect(struct lake *l, const struct epoch_id *epoch, const struct record *record,
    struct epoch_record *ret, struct err *err)
{
	struct slice row;
	char reason[ERR_TEXT_BYTES];

	if (!record->has_value && !format_takes_tombstones(l->options.format))
		return record_reject(
		    record, -1, "a tombstone has no line (--skip-tombstones leaves them out)", err);
	if (scan(l, record, err) || event_time(l, record, &ret->event_ms, err) ||
	    render_path(l, record, ret->event_ms, err) ||
	    format_row(l->options.format, record, ret->event_ms, &row, err))
		return -1;
	if (!collector_write(
		l->outputs.collector, epoch, buf_slice(&l->path), row, &ret->bytes, err)) {
		ret->is_kept = true;
		collector_date(l->outputs.collector, ret->event_ms);
		return 0;
	}
	if (err->class != ERR_DATA)
		return -1;
	memcpy(reason, err->text, sizeof(reason));
	return record_reject(record, -1, reason, err);
}

static int
take_record(
    struct lake *l, const struct record *record, bool is_rejected, int64_t now_ms, struct err *err)
{
	struct epoch_record counted = { .sequence = record->position.sequence,
		.event_ms = RECORD_NO_TIME };
	struct lake_stream *s = lake_stream_of(l, record, err);
	struct epoch_id epoch;

	if (!s)
		return -1;
	epoch = (struct epoch_id){ .stream = s->number,
		.begin = epochs_place(&s->epochs, record->position.sequence) };
	l->counts.read++;
	l->counts.bytes += (int64_t)record->value.len;
	if (!is_rejected && !record->has_value && l->options.skips_tombstones)
		l->counts.filtered++;
	else if ((is_rejected || collect(l, &epoch, record, &counted, err)) &&
		 deadletter_put(l->outputs.letters, record, err, err))
		return -1;
	lake_count(l, s, &counted, now_ms);
	return 0;
}

/* ---- the loop ---- */

/* What is due by the clock is due whether records come or not. */
static int
turn_if_due(struct lake *l, int64_t now_ms, struct err *err)
{
	if (now_ms >= l->tell_ms)
		lake_tell(l, now_ms);
	if (now_ms < l->due_ms && (!l->is_busy || (now_ms < l->turn_ms && lake_is_waiting(l))))
		return 0;
	return lake_turn(l, now_ms, err);
}

/* Until when a record may be waited for. */
static int64_t
wake_ms(const struct lake *l)
{
	int64_t wake = l->due_ms < l->tell_ms ? l->due_ms : l->tell_ms;

	if (!l->is_busy)
		return wake;
	if (!lake_is_waiting(l))
		return 0;
	return l->turn_ms < wake ? l->turn_ms : wake;
}

/* Until there is room: publishing takes a second or two a step, and a member of a group has to be heard. */
static int
make_room(struct lake *l, int64_t now_ms, struct err *err)
{
	while (!stop_requested() && lake_is_blocked(l, now_ms)) {
		if (source_serve(l->source, err) || lake_turn(l, clock_mono_ms(), err))
			return -1;
		lake_wait(l);
		now_ms = clock_mono_ms();
		lake_tell(l, now_ms);
	}
	return 0;
}

static int
run_input(struct lake *l, enum job_input *ret_input, struct err *err)
{
	struct record record;

	for (;;) {
		enum source_status status =
		    source_next(l->source, wake_ms(l), &record, err);
		int64_t now_ms = clock_mono_rough_ms();

		switch (status) {
		case SOURCE_RECORD:
		case SOURCE_REJECT:
			if (take_record(l, &record, status == SOURCE_REJECT, now_ms, err))
				return -1;
			break;
		case SOURCE_WAIT:
			if (stop_requested())
				return 0;
			break;
		case SOURCE_END:
			*ret_input = JOB_INPUT_ENDED;
			return 0;
		case SOURCE_FAILED:
			return -1;
		}
		if (turn_if_due(l, now_ms, err) || make_room(l, now_ms, err))
			return -1;
	}
}

/* Of a pipe, which has no more. */
static bool
is_at_the_end(const struct lake *l, enum job_input input)
{
	return input == JOB_INPUT_ENDED && !l->options.topic &&
	    (!l->options.count_max || l->counts.read < l->options.count_max);
}

int
lake_run(struct lake *l, struct source *source, enum job_input *ret_input, struct err *err)
{
	struct err later = ERR_INIT;
	int rc;

	*ret_input = l->options.is_bounded ? JOB_INPUT_BOUNDED : JOB_INPUT_ENDLESS;
	l->source = source;
	lake_tell(l, clock_mono_ms());
	rc = run_input(l, ret_input, err);
	if (!rc) {
		if (lake_settle(l, err))
			return -1;
		return is_at_the_end(l, *ret_input) ? lake_succeed_all(l, err) : 0;
	}
	if (!l->has_failed && (err->class == ERR_DATA || err->class == ERR_DENIED) &&
	    lake_settle(l, &later))
		diag_warn("what precedes the refused record is not all published: %s", later.text);
	return rc;
}

/* ---- what it counts ---- */

static void
add_present(const struct lake *l, struct lake_counts *counts)
{
	int64_t lag = l->source ? source_lag(l->source) : -1;

	counts->spooled_bytes = l->bundled_bytes;
	if (l->outputs.collector) {
		counts->files_open = collector_total(l->outputs.collector);
		counts->spooled_bytes += collector_bytes(l->outputs.collector);
	}
	for (size_t i = 0; i < l->stream_count; i++) {
		const struct bundle *b = &l->streams[i].bundle;

		counts->files_open += (int64_t)(b->count - b->published);
	}
	counts->unread = lag;
	counts->passed = l->source ? source_passed(l->source) : -1;
	counts->lag = lag < 0 ? -1 : lag + counts->open;
}

struct lake_counts
lake_counts(const struct lake *l)
{
	struct lake_counts counts = l->counts;

	counts.rejected = deadletter_count(l->outputs.letters);
	counts.open =
	    counts.read - counts.delivered - counts.rejected - counts.filtered - counts.lost;
	add_present(l, &counts);
	return counts;
}

void
lake_counts_add(struct lake_counts *to, const struct lake_counts *from)
{
	to->read += from->read;
	to->bytes += from->bytes;
	to->delivered += from->delivered;
	to->rejected += from->rejected;
	to->filtered += from->filtered;
	to->lost += from->lost;
	to->open += from->open;
	to->files += from->files;
	to->files_there += from->files_there;
	to->object_bytes += from->object_bytes;
	to->files_open += from->files_open;
	to->spooled_bytes += from->spooled_bytes;
	to->lag = to->lag < 0 || from->lag < 0 ? -1 : to->lag + from->lag;
	to->unread = to->unread < 0 || from->unread < 0 ? -1 : to->unread + from->unread;
	to->passed = to->passed < 0 || from->passed < 0 ? -1 : to->passed + from->passed;
}

void
lake_tell(struct lake *l, int64_t now_ms)
{
	struct lake_counts counts;

	if (now_ms < l->tell_ms)
		return;
	l->tell_ms = clock_deadline(l->progress.every_ms);
	counts = lake_counts(l);
	l->progress.tell(l->progress.context, &counts);
}

/* ---- making ---- */

static int
compile(struct lake *l, struct err *err)
{
	int index;

	l->fields = field_set_new(err);
	if (!l->fields)
		return -1;
	if (format_bind(l->options.format, l->fields, err))
		return -1;
	if (l->options.path) {
		l->template = template_compile(
		    l->options.path, TEMPLATE_DEFAULT_PARTITION, TEMPLATE_PATH, l->fields, err);
		if (!l->template)
			return err_wrap(err, "--path");
		template_refuse_surrogates(l->template);
	}
	l->wants_time = (l->template && template_uses_time(l->template)) ||
	    l->options.limits.event_ms || format_uses_time(l->options.format);
	if (!l->wants_time || !l->options.time_field)
		return 0;
	index = field_set_add(l->fields, slice_of(l->options.time_field), err);
	if (index < 0)
		return err_wrap(err, "--time");
	l->time_index = (unsigned)index;
	return 0;
}

struct lake *
lake_new(const struct lake_options *options, struct err *err)
{
	struct lake *l = calloc(1, sizeof(*l));

	if (!l) {
		err_no_memory(err);
		return NULL;
	}
	l->options = *options;
	l->due_ms = CLOCK_NEVER;
	l->tell_ms = CLOCK_NEVER;
	buf_init(&l->path, PATH_BYTES_MAX);
	if (compile(l, err)) {
		lake_free(l);
		return NULL;
	}
	return l;
}

void
lake_free(struct lake *l)
{
	if (!l)
		return;
	lake_drop_outputs(l);
	template_free(l->template);
	field_set_free(l->fields);
	buf_release(&l->path);
	free(l);
}

bool
lake_uses_time(const struct lake *l)
{
	return l->wants_time;
}

enum template_unit
lake_path_unit(const struct lake *l)
{
	return l->template ? template_unit(l->template) : TEMPLATE_NO_TIME;
}

bool
lake_uses_headers(const struct lake *l)
{
	return (l->template && template_uses_headers(l->template)) ||
	    format_uses_headers(l->options.format);
}

void
lake_drop_outputs(struct lake *l)
{
	lake_forget_streams(l);
	lake_forget_look(l);
	l->outputs = (struct lake_outputs){ .letters = NULL };
}

void
lake_set_outputs(struct lake *l, const struct lake_outputs *outputs)
{
	l->outputs = *outputs;
}

void
lake_set_progress(struct lake *l, const struct lake_progress *progress)
{
	l->progress = *progress;
	l->tell_ms = progress->every_ms ? 0 : CLOCK_NEVER;
}
