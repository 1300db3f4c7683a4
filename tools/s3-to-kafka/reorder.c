/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/reorder.h"

#include <stdlib.h>

/* One allocation a record: this, then headers, spots, and the bytes that the item's slices name. */
struct waiting {
	struct reorder_item item;
	size_t bytes;
	struct waiting *earlier, *later; /* in the order of their coming */
	struct record_header headers[];
};

struct reorder {
	struct waiting **heap; /* a binary heap, the earliest at 0 */
	size_t count;
	size_t capacity;
	size_t horizon;
	size_t bytes;
	size_t bytes_max;
	struct waiting *oldest, *newest; /* the first and the last to come */
	struct waiting *taken;           /* the one given out last */
	bool has_left;
	struct reorder_item highest; /* of those that have left; only its place in the order counts */
};

struct reorder *
reorder_new(size_t horizon, size_t bytes_max, struct err *err)
{
	struct reorder *r = calloc(1, sizeof(*r));

	if (!r) {
		err_no_memory(err);
		return NULL;
	}
	r->horizon = horizon;
	r->bytes_max = bytes_max;
	return r;
}

void
reorder_clear(struct reorder *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->heap[i]);
	free(r->taken);
	r->taken = r->oldest = r->newest = NULL;
	r->count = 0;
	r->bytes = 0;
	r->has_left = false;
}

void
reorder_free(struct reorder *r)
{
	if (!r)
		return;
	reorder_clear(r);
	free(r->heap);
	free(r);
}

/* ---- the order ---- */

static bool
is_before(const struct reorder_item *a, const struct reorder_item *b)
{
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms;
	return a->sequence < b->sequence;
}

static void
swap(struct reorder *r, size_t i, size_t j)
{
	struct waiting *held = r->heap[i];

	r->heap[i] = r->heap[j];
	r->heap[j] = held;
}

static void
sift_up(struct reorder *r, size_t i)
{
	while (i && is_before(&r->heap[i]->item, &r->heap[(i - 1) / 2]->item)) {
		swap(r, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static void
sift_down(struct reorder *r)
{
	size_t i = 0;

	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < r->count; child++) {
			if (is_before(&r->heap[child]->item, &r->heap[least]->item))
				least = child;
		}
		if (least == i)
			return;
		swap(r, i, least);
		i = least;
	}
}

static int
grow(struct reorder *r, struct err *err)
{
	size_t capacity = r->capacity ? r->capacity * 2 : 64;
	struct waiting **heap = reallocarray(r->heap, capacity, sizeof(*heap));

	if (!heap)
		return err_no_memory(err);
	r->heap = heap;
	r->capacity = capacity;
	return 0;
}

/* ---- copies ---- */

static size_t
count_bytes(const struct reorder_item *item)
{
	size_t bytes = sizeof(struct waiting) + item->header_count * sizeof(*item->headers) +
	    item->spot_count * sizeof(*item->spots) + item->key.len + item->value.len;

	for (size_t i = 0; i < item->header_count; i++)
		bytes += item->headers[i].name.len + item->headers[i].value.len;
	return bytes;
}

static struct slice
copy_bytes(char **at, struct slice bytes)
{
	struct slice copy = slice_make(*at, bytes.len);

	if (bytes.len)
		memcpy(*at, bytes.data, bytes.len);
	*at += bytes.len;
	return copy;
}

static struct waiting *
copy_item(const struct reorder_item *item, struct err *err)
{
	size_t bytes = count_bytes(item);
	struct waiting *w = malloc(bytes);
	struct shift_spot *spots;
	char *at;

	if (!w) {
		err_no_memory(err);
		return NULL;
	}
	*w = (struct waiting){ .item = *item, .bytes = bytes };
	/* both structs want the alignment of a pointer or less */
	spots = (struct shift_spot *)(w->headers + item->header_count);
	at = (char *)(spots + item->spot_count);
	for (size_t i = 0; i < item->header_count; i++) {
		w->headers[i] = item->headers[i];
		w->headers[i].name = copy_bytes(&at, item->headers[i].name);
		w->headers[i].value = copy_bytes(&at, item->headers[i].value);
	}
	if (item->spot_count)
		memcpy(spots, item->spots, item->spot_count * sizeof(*spots));
	w->item.headers = w->headers;
	w->item.spots = spots;
	w->item.key = copy_bytes(&at, item->key);
	w->item.value = copy_bytes(&at, item->value);
	return w;
}

/* ---- the order of coming ---- */

static void
link_newest(struct reorder *r, struct waiting *w)
{
	w->earlier = r->newest;
	w->later = NULL;
	if (r->newest)
		r->newest->later = w;
	else
		r->oldest = w;
	r->newest = w;
}

static void
unlink_waiting(struct reorder *r, struct waiting *w)
{
	if (w->earlier)
		w->earlier->later = w->later;
	else
		r->oldest = w->later;
	if (w->later)
		w->later->earlier = w->earlier;
	else
		r->newest = w->earlier;
}

/* ---- the contract ---- */

int
reorder_put(struct reorder *r, const struct reorder_item *item, struct err *err)
{
	struct waiting *w;

	if (r->count == r->capacity && grow(r, err))
		return -1;
	w = copy_item(item, err);
	if (!w)
		return -1;
	r->heap[r->count++] = w;
	r->bytes += w->bytes;
	link_newest(r, w);
	sift_up(r, r->count - 1);
	return 0;
}

bool
reorder_is_full(const struct reorder *r)
{
	if (!r->count)
		return false;
	return r->count > r->horizon || (r->count > 1 && r->bytes > r->bytes_max) ||
	    (r->has_left && is_before(&r->heap[0]->item, &r->highest));
}

bool
reorder_take(struct reorder *r, struct reorder_item *ret)
{
	struct waiting *w;

	if (!r->count)
		return false;
	w = r->heap[0];
	r->heap[0] = r->heap[--r->count];
	sift_down(r);
	r->bytes -= w->bytes;
	unlink_waiting(r, w);
	free(r->taken);
	r->taken = w;
	if (!r->has_left || is_before(&r->highest, &w->item))
		r->highest = w->item;
	r->has_left = true;
	*ret = w->item;
	return true;
}

size_t
reorder_count(const struct reorder *r)
{
	return r->count;
}

bool
reorder_oldest(const struct reorder *r, struct objects_mark *ret)
{
	if (r->oldest)
		*ret = r->oldest->item.mark;
	return r->oldest != NULL;
}

void
reorder_begin_behind(struct reorder *r, int64_t time_ms, int64_t sequence)
{
	r->highest = (struct reorder_item){ .time_ms = time_ms, .sequence = sequence };
	r->has_left = true;
}
