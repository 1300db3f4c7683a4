/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/bookmark.h"

#include "source/objects.h"

void
bookmark_begin(struct bookmark *b, const struct resume *resume)
{
	*b = (struct bookmark){ .is_kept = resume != NULL, .sequence = -1 };
	if (!resume)
		return;
	b->begun = *resume_point(resume);
	b->sequence = b->begun.oldest.sequence + b->begun.oldest.skip - 1;
	b->has_last = b->begun.has_last;
	b->last_time_ms = b->begun.last_time_ms;
	b->last_sequence = b->begun.last_sequence;
	b->is_over = b->begun.is_over;
}

void
bookmark_before(struct bookmark *b, const struct source *source)
{
	if (b->is_kept)
		source_objects_mark(source, &b->before);
}

void
bookmark_read(struct bookmark *b, int64_t sequence)
{
	b->sequence = sequence;
	b->is_at_hand = true;
	b->touched++;
}

void
bookmark_settled(struct bookmark *b)
{
	b->is_at_hand = false;
}

void
bookmark_take(struct bookmark *b, const struct reorder_item *item)
{
	b->is_in_hand = true;
	b->in_hand = item->mark;
	b->in_hand_time_ms = item->time_ms;
	b->in_hand_sequence = item->sequence;
}

static bool
is_in_hand_above_last(const struct bookmark *b)
{
	return !b->has_last || b->in_hand_time_ms > b->last_time_ms ||
	    (b->in_hand_time_ms == b->last_time_ms && b->in_hand_sequence > b->last_sequence);
}

void
bookmark_put_away(struct bookmark *b)
{
	b->touched++;
	/* one that was rejected on leaving the horizon must not come back into it either */
	if (b->is_in_hand && is_in_hand_above_last(b)) {
		b->has_last = true;
		b->last_time_ms = b->in_hand_time_ms;
		b->last_sequence = b->in_hand_sequence;
	}
	b->is_in_hand = false;
}

static bool
is_earlier(const struct objects_mark *a, const struct objects_mark *b)
{
	return a->sequence + a->skip < b->sequence + b->skip;
}

void
bookmark_point(const struct bookmark *b, const struct source *source,
    const struct reorder *reorder, const struct resume_counts *counts, struct resume_point *ret)
{
	struct objects_mark oldest;

	/* nothing leaves before all that waited does so again */
	if (bookmark_is_rereading(b)) {
		*ret = b->begun;
		return;
	}
	*ret = (struct resume_point){
		.has_last = b->has_last,
		.last_time_ms = b->last_time_ms,
		.last_sequence = b->last_sequence,
		.counts = *counts,
		.is_over = b->is_over,
	};
	source_objects_mark(source, &ret->read);
	if (b->is_at_hand) {
		ret->read = b->before;
		ret->counts.read--;
	} else if (b->is_in_hand && b->in_hand.sequence + b->in_hand.skip == b->sequence) {
		/* it may be one that comes too late, and then is not above `last` */
		ret->read = b->in_hand;
		ret->counts.read--;
	}
	ret->oldest = ret->read;
	if (b->is_in_hand && is_earlier(&b->in_hand, &ret->oldest))
		ret->oldest = b->in_hand;
	if (reorder && reorder_oldest(reorder, &oldest) && is_earlier(&oldest, &ret->oldest))
		ret->oldest = oldest;
}
