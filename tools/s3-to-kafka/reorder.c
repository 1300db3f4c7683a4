/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/reorder.h"

#include <stdlib.h>

/* One allocation a record: this, then the bytes of key and value. */
struct waiting {
	int64_t time_ms;
	int64_t sequence;
	size_t key_bytes;
	size_t value_bytes;
	bool has_key;
	char bytes[];
};

struct reorder {
	struct waiting **heap; /* a binary heap, the earliest at 0 */
	size_t count;
	size_t capacity;
	size_t horizon;
	size_t bytes;
	size_t bytes_max;
	struct waiting *taken; /* the one given out last */
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
reorder_free(struct reorder *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		free(r->heap[i]);
	free(r->heap);
	free(r->taken);
	free(r);
}

static size_t
waiting_bytes(const struct waiting *w)
{
	return sizeof(*w) + w->key_bytes + w->value_bytes;
}

static bool
is_before(const struct waiting *a, const struct waiting *b)
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
	while (i && is_before(r->heap[i], r->heap[(i - 1) / 2])) {
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
			if (is_before(r->heap[child], r->heap[least]))
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

int
reorder_put(struct reorder *r, const struct reorder_item *item, struct err *err)
{
	struct waiting *w;

	if (r->count == r->capacity && grow(r, err))
		return -1;
	w = malloc(sizeof(*w) + item->key.len + item->value.len);
	if (!w)
		return err_no_memory(err);
	*w = (struct waiting){ .time_ms = item->time_ms,
		.sequence = item->sequence,
		.key_bytes = item->key.len,
		.value_bytes = item->value.len,
		.has_key = item->has_key };
	if (item->key.len)
		memcpy(w->bytes, item->key.data, item->key.len);
	if (item->value.len)
		memcpy(w->bytes + item->key.len, item->value.data, item->value.len);
	r->heap[r->count++] = w;
	r->bytes += waiting_bytes(w);
	sift_up(r, r->count - 1);
	return 0;
}

bool
reorder_is_full(const struct reorder *r)
{
	return r->count > r->horizon || (r->count > 1 && r->bytes > r->bytes_max);
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
	r->bytes -= waiting_bytes(w);
	free(r->taken);
	r->taken = w;
	*ret = (struct reorder_item){
		.time_ms = w->time_ms,
		.sequence = w->sequence,
		.key = slice_make(w->bytes, w->key_bytes),
		.value = slice_make(w->bytes + w->key_bytes, w->value_bytes),
		.has_key = w->has_key,
	};
	return true;
}

size_t
reorder_count(const struct reorder *r)
{
	return r->count;
}
