/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "s3-to-kafka/replay_state.h"
#include "source/objects.h"

static enum step
take_record(struct replay *r, struct record *record, struct err *err)
{
	struct reorder_item item;
	enum step step;

	if (composer_make(r->composer, record, &item, err))
		return replay_put_away(r, record, err, err);
	item.mark = r->bookmark.before;
	if (schedule_judge(&r->options.span, item.time_ms) == SCHEDULE_BEFORE)
		return replay_skip(r, item.sequence, err);
	if (!r->reorder) {
		r->record = record;
		step = replay_send_item(r, &item, err);
		r->record = NULL;
		return step;
	}
	if (reorder_put(r->reorder, &item, err))
		return FAILED;
	bookmark_settled(&r->bookmark);
	return replay_send_waiting(r, false, err);
}

/*
 * Of the records read before, those that waited wait again; the others were sent, rejected or skipped.
 * Nothing leaves before all are back.
 */
static enum step
reread_record(struct replay *r, struct record *record, bool is_rejected, struct err *err)
{
	struct reorder_item item;

	r->bookmark.sequence = record->position.sequence;
	if (is_rejected || composer_make(r->composer, record, &item, err)) {
		if (err->class != ERR_DATA)
			return FAILED;
		err_clear(err);
	} else if (r->reorder &&
	    schedule_judge(&r->options.span, item.time_ms) != SCHEDULE_BEFORE &&
	    !resume_was_sent(&r->bookmark.begun, item.time_ms, item.sequence)) {
		item.mark = r->bookmark.before;
		if (outlet_expect(r->outlet, item.sequence, err) ||
		    reorder_put(r->reorder, &item, err))
			return FAILED;
	}
	return bookmark_is_rereading(&r->bookmark) ? GO_ON : replay_send_waiting(r, false, err);
}

/* What is at hand is taken at once; before waiting for more, the sink is pushed. */
static enum source_status
next_record(struct replay *r, struct record *record, struct err *err)
{
	enum source_status status = source_next(r->source, 0, record, err);

	while (status == SOURCE_WAIT && !stop_requested()) {
		if (outlet_push(r->outlet, err) || replay_tick(r, clock_mono_us(), err) == FAILED)
			return SOURCE_FAILED;
		status = source_next(r->source, clock_deadline(REPLAY_STEP_US / 1000), record, err);
	}
	return status;
}

/* --from-line: of the object read first. */
static bool
is_before_start(const struct replay *r, const struct record *record)
{
	struct objects_mark here;

	if (record->line >= r->options.from_line)
		return false;
	source_objects_mark(r->source, &here);
	return here.object == r->from_object;
}

/* The line just behind the last is where a run goes on that has had all of the object. */
static int
begin_behind_lines(struct replay *r, struct err *err)
{
	int64_t wanted = r->options.from_line, lines;
	const char *name;

	if (!wanted)
		return 0;
	r->options.from_line = 0;
	lines = source_objects_first_lines(r->source);
	if (lines < 0 || wanted <= lines + 1)
		return 0;
	name = source_objects_name(r->source, r->from_object);
	return err_set(err, ERR_NO_INPUT, "--from-line %lld: %s has %lld line%s", (long long)wanted,
	    strcmp(name, "-") ? name : "standard input", (long long)lines, lines == 1 ? "" : "s");
}

static int
note_place(struct replay *r, const struct record *record, struct err *err)
{
	struct objects_mark here;

	if (r->resume)
		return 0;
	source_objects_mark(r->source, &here);
	return places_add(&r->places, record->position.sequence, here.object, record->line, err);
}

static enum step
take_rejected(struct replay *r, const struct record *record, struct err *err)
{
	struct err why = *err;

	if (outlet_expect(r->outlet, record->position.sequence, err))
		return FAILED;
	return replay_put_away(r, record, &why, err);
}

enum step
replay_read_record(struct replay *r, struct err *err)
{
	struct record record;
	enum source_status status;
	enum step step;

	bookmark_before(&r->bookmark, r->source);
	status = next_record(r, &record, err);
	switch (status) {
	case SOURCE_RECORD:
	case SOURCE_REJECT:
		r->given++;
		break;
	case SOURCE_WAIT:
		return STOPPED;
	case SOURCE_FAILED:
		return FAILED;
	case SOURCE_END:
		return begin_behind_lines(r, err) ? FAILED : ENDED;
	}
	if (bookmark_is_rereading(&r->bookmark))
		return reread_record(r, &record, status == SOURCE_REJECT, err);
	if (is_before_start(r, &record))
		return GO_ON;
	if (begin_behind_lines(r, err))
		return FAILED;
	r->read++;
	if (note_place(r, &record, err))
		return FAILED;
	bookmark_read(&r->bookmark, record.position.sequence);
	if (status == SOURCE_REJECT)
		step = take_rejected(r, &record, err);
	else if (outlet_expect(r->outlet, record.position.sequence, err))
		step = FAILED;
	else
		step = take_record(r, &record, err);
	if (step == GO_ON || step == ENDED)
		bookmark_settled(&r->bookmark);
	return step;
}
