/* SPDX-License-Identifier: MIT */
/* first, last: by event time, stream and sequence, so that the order of arrival does not show. */
#include <stdlib.h>

#include "kafka-window/aggregate_ops.h"
#include "kafka-window/aggregate_text.h"
#include "kafka-window/varint.h"

struct place {
	int64_t time_ms;
	int64_t sequence;
	int32_t stream;
};

static struct place
place_of(const struct aggregate_record *record)
{
	return (struct place){ .time_ms = record->time_ms,
		.sequence = record->position.sequence,
		.stream = record->position.stream };
}

static int
place_compare(const struct place *a, const struct place *b)
{
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms ? -1 : 1;
	if (a->stream != b->stream)
		return a->stream < b->stream ? -1 : 1;
	return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

static int
place_encode(const struct place *p, struct buf *out, struct err *err)
{
	if (varint_append_signed(out, p->time_ms, err) ||
	    varint_append_signed(out, p->stream, err))
		return -1;
	return varint_append_signed(out, p->sequence, err);
}

static bool
place_take(struct slice *bytes, struct place *ret)
{
	int64_t stream;

	if (!varint_take_int64(bytes, &ret->time_ms) || !varint_take_int64(bytes, &stream) ||
	    !varint_take_int64(bytes, &ret->sequence) || stream < 0 || stream > INT32_MAX)
		return false;
	ret->stream = (int32_t)stream;
	return true;
}

/* ---- first, last ---- */

struct kept {
	struct heap_text *text; /* NULL: no record yet */
	struct place place;
};

/* Of records at one place the smaller text stays: there is one such record, but partials of the same
 * records may be merged twice. */
static int
keep(enum aggregate_func func, struct kept *k, const struct place *place, struct slice text,
    size_t *held, struct err *err)
{
	int order = k->text ? place_compare(place, &k->place) : 0;

	if (func == AGGREGATE_LAST)
		order = -order;
	if (k->text && !order)
		order = slice_compare(text, heap_text_slice(k->text));
	if (k->text && order >= 0)
		return 0;
	if (heap_text_set(&k->text, text, held, err))
		return -1;
	k->place = *place;
	return 0;
}

static int
kept_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	struct place place = place_of(record);

	return keep(a->func, state, &place, input->text, held, err);
}

static int
kept_merge(const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	const struct kept *k = from;

	if (!k->text)
		return 0;
	return keep(a->func, into, &k->place, heap_text_slice(k->text), held, err);
}

static int
kept_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct kept *k = state;

	(void)a;
	if (!k->text)
		return buf_append_text(out, "null", err);
	return buf_append(out, heap_text_slice(k->text), err);
}

static int
kept_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct kept *k = state;

	(void)a;
	if (buf_append_char(out, k->text != NULL, err))
		return -1;
	if (!k->text)
		return 0;
	if (place_encode(&k->place, out, err))
		return -1;
	return heap_text_encode(heap_text_slice(k->text), out, err);
}

static int
kept_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	struct kept *k = state;
	struct slice text;
	size_t held = 0;
	uint8_t has_text;

	(void)a;
	if (!aggregate_take_byte(bytes, &has_text) || has_text > 1)
		return aggregate_damaged(err);
	if (!has_text)
		return 0;
	if (!place_take(bytes, &k->place) || !heap_text_take(bytes, &text))
		return aggregate_damaged(err);
	return heap_text_set(&k->text, text, &held, err);
}

static void
kept_release(void *state)
{
	free(((struct kept *)state)->text);
}

static size_t
kept_held(const void *state)
{
	return heap_text_held(((const struct kept *)state)->text);
}

#define KEPT_OPS                                                                                   \
	.need = AGGREGATE_NEEDS_TEXT, .state_bytes = sizeof(struct kept), .take = kept_take,       \
	.merge = kept_merge, .append = kept_append, .encode = kept_encode, .decode = kept_decode,  \
	.release = kept_release, .held = kept_held

const struct aggregate_ops aggregate_ops_first = { .name = "first", KEPT_OPS };
const struct aggregate_ops aggregate_ops_last = { .name = "last", KEPT_OPS };
