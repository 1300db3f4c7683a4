/* SPDX-License-Identifier: MIT */
/* first, last, list: by event time, stream and sequence, so that the order of arrival does not
 * show. */
#include <stdlib.h>

#include "kafka-window/aggregate_ops.h"
#include "kafka-window/aggregate_text.h"
#include "kafka-window/chunk.h"
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

/* Of records at one place the smaller text stays: there is one such record, but partials of the
 * same records may be merged twice. */
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

/* ---- list ---- */

struct item {
	struct heap_text *text;
	struct place place;
};

/* In the order of arrival; sorted when something is made of them. */
struct list {
	struct item *items;
	struct place limit; /* of a list that was cut: nothing behind it can stay */
	size_t text_bytes;  /* held by the texts */
	uint32_t count;
	uint32_t capacity;
	bool has_limit;
};

/* What the state is: NULL for no values. */
struct list_state {
	struct list *list;
};

static size_t
list_held(const void *state)
{
	const struct list *l = ((const struct list_state *)state)->list;

	if (!l)
		return 0;
	return chunk_bytes(sizeof(*l)) + chunk_bytes(l->capacity * sizeof(*l->items)) +
	       l->text_bytes;
}

static void
list_release(void *state)
{
	struct list *l = ((struct list_state *)state)->list;

	for (uint32_t i = 0; l && i < l->count; i++)
		free(l->items[i].text);
	if (l)
		free(l->items);
	free(l);
}

static int
compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = place_compare(&x->place, &y->place);

	return order ? order : slice_compare(heap_text_slice(x->text), heap_text_slice(y->text));
}

/* Twice as many values as the list may have are cut down to the first of them, and from then on
 * later ones need not be looked at: what was cut would have been cut at the end too. */
static void
cut_list(struct list *l, uint32_t count)
{
	qsort(l->items, l->count, sizeof(*l->items), compare_items);
	while (l->count > count) {
		l->count--;
		l->text_bytes -= heap_text_held(l->items[l->count].text);
		free(l->items[l->count].text);
	}
	l->limit = l->items[count - 1].place;
	l->has_limit = true;
}

static int
make_room(struct list *l, struct err *err)
{
	uint32_t capacity = l->capacity ? l->capacity * 2 : 4;
	struct item *items;

	if (l->count < l->capacity)
		return 0;
	items = reallocarray(l->items, capacity, sizeof(*items));
	if (!items)
		return err_no_memory(err);
	l->items = items;
	l->capacity = capacity;
	return 0;
}

static int
add_item(const struct aggregate *a, struct list_state *state, const struct place *place,
    struct slice text, struct err *err)
{
	struct list *l = state->list;
	struct item item = { .place = *place };

	if (!l && !(l = state->list = calloc(1, sizeof(*l))))
		return err_no_memory(err);
	if (l->has_limit && place_compare(place, &l->limit) > 0)
		return 0;
	if (make_room(l, err) || heap_text_set(&item.text, text, &l->text_bytes, err))
		return -1;
	l->items[l->count++] = item;
	if (l->count >= 2 * a->arg)
		cut_list(l, (uint32_t)a->arg);
	return 0;
}

static int
list_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	struct place place = place_of(record);
	size_t before = list_held(state);
	int rc = add_item(a, state, &place, input->text, err);

	*held += list_held(state) - before;
	return rc;
}

static int
list_merge(const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	const struct list *l = ((const struct list_state *)from)->list;
	size_t before = list_held(into);
	int rc = 0;

	for (uint32_t i = 0; l && i < l->count && !rc; i++)
		rc = add_item(
		    a, into, &l->items[i].place, heap_text_slice(l->items[i].text), err);
	*held += list_held(into) - before;
	return rc;
}

/* The items in order, up to the bound: owned by the caller, their texts are not. NULL where memory
 * ran out. */
static struct item *
sort_items(
    const struct aggregate *a, const struct list *l, uint32_t *ret_count, struct err *err)
{
	uint32_t count = l ? l->count : 0;
	struct item *items = calloc(count + (size_t)1, sizeof(*items));

	if (!items) {
		(void)err_no_memory(err);
		return NULL;
	}
	if (count)
		memcpy(items, l->items, count * sizeof(*items));
	qsort(items, count, sizeof(*items), compare_items);
	*ret_count = count > a->arg ? (uint32_t)a->arg : count;
	return items;
}

static int
list_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	uint32_t count = 0;
	struct item *items = sort_items(a, ((const struct list_state *)state)->list, &count, err);
	int rc = items ? buf_append_char(out, '[', err) : -1;

	for (uint32_t i = 0; i < count && !rc; i++) {
		if (i)
			rc = buf_append_char(out, ',', err);
		if (!rc)
			rc = buf_append(out, heap_text_slice(items[i].text), err);
	}
	free(items);
	return rc ? -1 : buf_append_char(out, ']', err);
}

static int
list_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	uint32_t count = 0;
	struct item *items = sort_items(a, ((const struct list_state *)state)->list, &count, err);
	int rc = items ? varint_append(out, count, err) : -1;

	for (uint32_t i = 0; i < count && !rc; i++) {
		rc = place_encode(&items[i].place, out, err);
		if (!rc)
			rc = heap_text_encode(heap_text_slice(items[i].text), out, err);
	}
	free(items);
	return rc;
}

static int
list_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	struct list_state *list = state;
	struct slice text;
	struct place place;
	varint_wide count;

	if (!varint_take(bytes, (uint64_t)a->arg, &count))
		return aggregate_damaged(err);
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		if (!place_take(bytes, &place) || !heap_text_take(bytes, &text))
			return aggregate_damaged(err);
		if (add_item(a, list, &place, text, err))
			return -1;
		/* in order, or the same values would have more than one form */
		if (i && compare_items(&list->list->items[i - 1], &list->list->items[i]) > 0)
			return aggregate_damaged(err);
	}
	return 0;
}

const struct aggregate_ops aggregate_ops_list = {
	.name = "list",
	.need = AGGREGATE_NEEDS_TEXT,
	.state_bytes = sizeof(struct list_state),
	.grows = true,
	.take = list_take,
	.merge = list_merge,
	.append = list_append,
	.encode = list_encode,
	.decode = list_decode,
	.release = list_release,
	.held = list_held,
};
