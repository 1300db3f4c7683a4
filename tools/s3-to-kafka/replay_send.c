/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "s3-to-kafka/replay_state.h"

/* A record whose letter is written is done with, also where it is one too many. */
enum step
replay_put_away(struct replay *r, const struct record *record, const struct err *why, struct err *err)
{
	int64_t before = deadletter_count(r->letters);
	int rc = deadletter_put(r->letters, record, why, err);

	if (deadletter_count(r->letters) > before) {
		bookmark_put_away(&r->bookmark);
		bookmark_settled(&r->bookmark);
	}
	return rc ? FAILED : GO_ON;
}

/* The item cannot be moved, or the sink can never take it (larger than the topic allows): a rejected
 * record as any other. */
static enum step
refuse_item(struct replay *r, const struct reorder_item *item, struct err *err)
{
	struct record waited = {
		.position = { .sequence = item->sequence },
		.origin = item->origin,
		.line = item->line,
		.offset = item->line - 1,
		.time_ms = RECORD_NO_TIME,
		.key = item->key,
		.has_key = item->has_key,
		.value = item->value,
		.has_value = item->has_value,
		.headers = item->headers,
		.header_count = item->header_count,
	};
	const struct record *record = r->record ? r->record : &waited;
	char reason[ERR_TEXT_BYTES];

	memcpy(reason, err->text, sizeof(reason));
	record_reject(record, -1, reason, err);
	return replay_put_away(r, record, err, err);
}

/* Makes *ret of the item, its times moved. */
static int
move_times(struct replay *r, const struct reorder_item *item, struct reorder_item *ret,
    struct err *err)
{
	if (!r->has_shift_begun) {
		r->has_shift_begun = true;
		r->shift_ms = clock_wall_ms() - item->time_ms;
	}
	*ret = *item;
	if (item->spot_count) {
		buf_clear(&r->moved);
		if (shift_append(&r->moved, item->value, item->spots, item->spot_count,
			composer_fields(r->composer), &r->options.composer.time_format,
			r->shift_ms, err))
			return -1;
		ret->value = buf_slice(&r->moved);
	}
	ret->time_ms += r->shift_ms;
	if (item->kafka_time_ms != RECORD_NO_TIME)
		ret->kafka_time_ms += r->shift_ms;
	return 0;
}

static int
send_now(struct replay *r, const struct reorder_item *item, struct err *err)
{
	struct reorder_item moved;

	if (!r->options.composer.has_shift)
		return outlet_send(r->outlet, item, err);
	return move_times(r, item, &moved, err) || outlet_send(r->outlet, &moved, err) ? -1 : 0;
}

enum step
replay_skip(struct replay *r, int64_t sequence, struct err *err)
{
	r->skipped++;
	return outlet_pass_over(r->outlet, sequence, err) ? FAILED : GO_ON;
}

/* In the order of the output: the first behind --until ends the round. */
enum step
replay_send_item(struct replay *r, const struct reorder_item *item, struct err *err)
{
	enum step step;

	if (schedule_judge(&r->options.span, item->time_ms) == SCHEDULE_BEHIND) {
		r->bookmark.is_over = true;
		return replay_skip(r, item->sequence, err) == GO_ON ? ENDED : FAILED;
	}
	bookmark_take(&r->bookmark, item);
	step = replay_wait_until_due(r, item->time_ms, err);
	if (step != GO_ON)
		return step;
	if (send_now(r, item, err))
		return err->class == ERR_DATA ? refuse_item(r, item, err) : FAILED;
	bookmark_put_away(&r->bookmark);
	r->round_sent++;
	r->last_event_ms = item->time_ms;
	return GO_ON;
}

static enum step
skip_waiting(struct replay *r, struct err *err)
{
	struct reorder_item item;

	while (r->reorder && reorder_take(r->reorder, &item)) {
		if (replay_skip(r, item.sequence, err) == FAILED)
			return FAILED;
	}
	return ENDED;
}

enum step
replay_send_waiting(struct replay *r, bool all, struct err *err)
{
	struct reorder_item item;

	while (r->reorder && (all || reorder_is_full(r->reorder))) {
		enum step step;

		if (!reorder_take(r->reorder, &item))
			break;
		step = replay_send_item(r, &item, err);
		/* what still waits is above this one */
		if (step == ENDED)
			return skip_waiting(r, err);
		if (step != GO_ON)
			return step;
	}
	return GO_ON;
}
