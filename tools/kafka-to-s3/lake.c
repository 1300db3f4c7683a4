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

/* ERR_DATA rejects the record, all else is final. */
static int
collect(struct lake *l, const struct epoch_id *epoch, const struct record *record,
    struct epoch_record *ret, struct err *err)
{
	struct slice row;
	char reason[ERR_TEXT_BYTES];

	if (!record->has_value)
		return record_reject(
		    record, -1, "a tombstone has no line (--skip-tombstones leaves them out)", err);
	if (field_scan(l->fields, record, err) || event_time(l, record, &ret->event_ms, err) ||
	    render_path(l, record, ret->event_ms, err) ||
	    format_row(l->options.format, record, &row, err))
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
turn_if_due(struct lake *l, struct err *err)
{
	int64_t now_ms = clock_mono_ms();

	return l->is_busy || now_ms >= l->due_ms ? lake_turn(l, now_ms, err) : 0;
}

/* Until there is room: publishing takes a second or two a step, and a member of a group has to be heard. */
static int
make_room(struct lake *l, struct err *err)
{
	while (!stop_requested() && lake_is_blocked(l, clock_mono_ms())) {
		if (source_serve(l->source, err) || lake_turn(l, clock_mono_ms(), err))
			return -1;
	}
	return 0;
}

static int
run_input(struct lake *l, enum job_input *ret_input, struct err *err)
{
	struct record record;

	for (;;) {
		enum source_status status =
		    source_next(l->source, l->is_busy ? 0 : l->due_ms, &record, err);

		switch (status) {
		case SOURCE_RECORD:
		case SOURCE_REJECT:
			if (take_record(
				l, &record, status == SOURCE_REJECT, clock_mono_ms(), err))
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
		if (turn_if_due(l, err) || make_room(l, err))
			return -1;
	}
}

int
lake_run(struct lake *l, struct source *source, enum job_input *ret_input, struct err *err)
{
	struct err later = ERR_INIT;
	int rc;

	*ret_input = l->options.is_bounded ? JOB_INPUT_BOUNDED : JOB_INPUT_ENDLESS;
	l->source = source;
	rc = run_input(l, ret_input, err);
	if (!rc) {
		if (lake_settle(
			l, stop_requested() ? clock_deadline(l->options.drain_ms) : CLOCK_NEVER, err))
			return -1;
		return *ret_input == JOB_INPUT_ENDED && !l->options.topic ? lake_succeed_all(l, err) : 0;
	}
	if ((err->class == ERR_DATA || err->class == ERR_DENIED) &&
	    lake_settle(l, CLOCK_NEVER, &later))
		diag_warn("what precedes the refused record is not all published: %s", later.text);
	return rc;
}

struct lake_counts
lake_counts(const struct lake *l)
{
	struct lake_counts counts = l->counts;

	counts.rejected = deadletter_count(l->outputs.letters);
	counts.open =
	    counts.read - counts.delivered - counts.rejected - counts.filtered - counts.lost;
	return counts;
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
	}
	l->wants_time =
	    (l->template && template_uses_time(l->template)) || l->options.limits.event_ms;
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
	return l->template && template_uses_headers(l->template);
}

void
lake_drop_outputs(struct lake *l)
{
	lake_forget_streams(l);
	l->outputs = (struct lake_outputs){ .letters = NULL };
}

void
lake_set_outputs(struct lake *l, const struct lake_outputs *outputs)
{
	l->outputs = *outputs;
}
