/* SPDX-License-Identifier: MIT */
#include "kafka-window/session_origin.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
session_origin_clear(struct session_origin *o)
{
	for (unsigned i = 0; i < o->epoch_count; i++)
		free(o->epochs[i].next);
	o->epoch_count = 0;
	o->bytes = 0;
	o->records = 0;
}

void
session_origin_release(struct session_origin *o)
{
	session_origin_clear(o);
	free(o->first);
	free(o->next);
	*o = (struct session_origin){ .first = NULL };
}

static int
grow_streams(struct session_origin *o, int32_t stream, struct err *err)
{
	uint32_t count = (uint32_t)stream + 1;
	int64_t *first = realloc(o->first, count * sizeof(*first)), *next;

	if (!first)
		return err_no_memory(err);
	o->first = first;
	next = realloc(o->next, count * sizeof(*next));
	if (!next)
		return err_no_memory(err);
	o->next = next;
	for (uint32_t i = o->stream_count; i < count; i++) {
		first[i] = INT64_MAX;
		next[i] = INT64_MAX; /* makes the first record take the slow way */
	}
	o->stream_count = count;
	return 0;
}

static void
take_out(struct session_origin *o, unsigned i)
{
	o->bytes -= o->epochs[i].next_count * sizeof(int64_t);
	free(o->epochs[i].next);
	o->epoch_count--;
	memmove(
	    o->epochs + i, o->epochs + i + 1, (o->epoch_count - i) * sizeof(struct origin_epoch));
}

/* Epoch i's sessions go to the one before it, which began earlier. */
static void
fold_into_older(struct session_origin *o, unsigned i)
{
	o->epochs[i - 1].sessions += o->epochs[i].sessions;
	take_out(o, i);
}

/* Epochs without open sessions go; where that is not enough, every second one of the older half
 * goes too, so that those which stay are the longer the older they are. */
static void
make_room(struct session_origin *o)
{
	for (unsigned i = o->epoch_count; i-- > 1;) {
		if (!o->epochs[i].sessions)
			fold_into_older(o, i);
	}
	if (!o->epochs[0].sessions && !o->is_held && o->epoch_count > 1)
		take_out(o, 0);
	if (o->epoch_count < ORIGIN_EPOCHS_MAX)
		return;
	/* none into the first one, which may be there for no open session's sake */
	for (unsigned i = ORIGIN_EPOCHS_MAX / 2 - 1; i > 1; i -= 2)
		fold_into_older(o, i);
}

static int
begin_epoch(struct session_origin *o, struct err *err)
{
	size_t bytes = o->stream_count * sizeof(int64_t);
	int64_t *next = malloc(bytes + 1);

	if (!next)
		return err_no_memory(err);
	memcpy(next, o->next, bytes);
	if (o->epoch_count == ORIGIN_EPOCHS_MAX)
		make_room(o);
	o->epochs[o->epoch_count++] = (struct origin_epoch){
		.next = next, .next_count = o->stream_count, .number = ++o->last_number };
	o->bytes += bytes;
	o->records = o->stream_count > ORIGIN_EPOCH_RECORDS ? o->stream_count : ORIGIN_EPOCH_RECORDS;
	return 0;
}

/* What was thought to be behind us comes again, or the stream is new. */
static void
lower_all(struct session_origin *o, int32_t stream, int64_t sequence)
{
	if (sequence < o->first[stream])
		o->first[stream] = sequence;
	for (unsigned i = 0; i < o->epoch_count; i++) {
		struct origin_epoch *e = &o->epochs[i];

		if ((uint32_t)stream < e->next_count && e->next[stream] > sequence)
			e->next[stream] = sequence;
	}
}

int
session_origin_note_slowly(
    struct session_origin *o, int32_t stream, int64_t sequence, struct err *err)
{
	if ((uint32_t)stream >= o->stream_count && grow_streams(o, stream, err))
		return -1;
	if (sequence < o->next[stream])
		lower_all(o, stream, sequence);
	if (!o->records) {
		/* the new epoch begins with this record */
		o->next[stream] = sequence;
		if (begin_epoch(o, err))
			return -1;
	}
	o->next[stream] = sequence + 1;
	o->records--;
	return 0;
}

uint32_t
session_origin_now(const struct session_origin *o)
{
	return o->last_number;
}

uint32_t
session_origin_older(uint32_t a, uint32_t b)
{
	if (a == ORIGIN_UNKNOWN || b == ORIGIN_UNKNOWN)
		return a + b;
	return a < b ? a : b;
}

/* The youngest one that is no younger than the number: the one itself, or what it was folded into.
 */
static struct origin_epoch *
find_epoch(struct session_origin *o, uint32_t number)
{
	unsigned low = 0, high = o->epoch_count;

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (o->epochs[middle].number <= number)
			low = middle;
		else
			high = middle;
	}
	assert(o->epoch_count && o->epochs[low].number <= number);
	return &o->epochs[low];
}

void
session_origin_add(struct session_origin *o, uint32_t number)
{
	if (number != ORIGIN_UNKNOWN)
		find_epoch(o, number)->sessions++;
}

void
session_origin_remove(struct session_origin *o, uint32_t number)
{
	struct origin_epoch *e;

	if (number == ORIGIN_UNKNOWN)
		return;
	e = find_epoch(o, number);
	assert(e->sessions > 0);
	e->sessions--;
}

int64_t
session_origin_earliest(const struct session_origin *o, int32_t stream)
{
	if ((uint32_t)stream >= o->stream_count || o->first[stream] == INT64_MAX)
		return -1;
	for (unsigned i = 0; i < o->epoch_count; i++) {
		const struct origin_epoch *e = &o->epochs[i];

		if (!e->sessions)
			continue;
		return (uint32_t)stream < e->next_count ? e->next[stream] : o->first[stream];
	}
	return -1;
}
