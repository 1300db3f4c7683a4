/* SPDX-License-Identifier: MIT */
#include "source/object_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "io/loop_thread.h"

enum {
	/* Of the object that is read: enough to bridge the turns of two threads, and little enough to
	 * stay in a processor's cache between them. What comes beyond it waits in the socket. */
	PRESENT_BYTES_MAX = 1024 * 1024,
	WINDOW_BYTES_MIN = 64 * 1024,
	WINDOW_BYTES_MAX = 4 * 1024 * 1024, /* of merging: more only delays the first record */
	/* Objects ahead share their half of the memory; one gets this part of it at most. */
	AHEAD_PARTS = 4,
};

/* An object ahead. */
struct slot {
	size_t index;
	struct s3_get *get;
	size_t window;
};

struct object_fetch {
	struct object_store *store;
	const struct object_list *list;
	struct object_fetch_options options;
	struct slot slots[OBJECT_FETCH_AHEAD_MAX]; /* in the order of the list */
	size_t slot_count;
	size_t slot_bytes; /* their windows together */
	size_t next;       /* object to fetch ahead */
	/* has the store's loop, and with it all that is above and every s3_get, from the first object
	 * on; NULL before */
	struct loop_thread *thread;
};

/* An object that is being read: by one request to its end, or by one for each window, so that objects which
 * are merged do not keep a connection each. */
struct object_get {
	struct object_bytes base;
	struct object_fetch *fetch;
	size_t index;
	int64_t size;
	size_t window;
	bool is_windowed;
	struct s3_get *get;    /* NULL: at the end */
	int64_t end;           /* of what it asked for */
	struct s3_get *behind; /* the window that follows */
};

/* ---- ahead ---- */

/* end: behind the last byte wanted. */
static struct s3_get *
start(struct object_fetch *f, size_t index, int64_t begin, int64_t end, size_t window,
    struct err *err)
{
	struct object object = object_list_get(f->list, index);
	/* a tag without quotes is none of S3's: it stands for one that the server does not give */
	struct slice tag = slice_of(strchr(object.tag, '"') ? object.tag : "");
	struct s3_get_options options = { .key = slice_of(object.name + object.key_at),
		.etag = tag,
		.begin = begin,
		.end = end < object.size ? end : 0,
		.size = object.size,
		.ahead_bytes = window };

	return s3_get_start(object_store_bucket(f->store, object.bucket), &options, err);
}

/* What an object ahead may take: all of a small one. */
static size_t
window_ahead(const struct object_fetch *f, const struct object *object)
{
	size_t most = f->options.memory_bytes / 2 / AHEAD_PARTS;

	if (most < WINDOW_BYTES_MIN)
		most = WINDOW_BYTES_MIN;
	return (uint64_t)object->size < most ? (size_t)object->size : most;
}

/* Begins with as many objects as there is room for. What fails here fails again when it is its turn. */
static void
fetch_ahead(struct object_fetch *f)
{
	struct err ignored = ERR_INIT;

	for (; f->next < object_list_count(f->list) && f->slot_count < f->options.ahead_count;
	     f->next++) {
		struct object object = object_list_get(f->list, f->next);
		size_t window = window_ahead(f, &object);
		struct slot *slot = &f->slots[f->slot_count];

		if (!object.key_at || object.size == 0)
			continue;
		if (f->slot_count && f->slot_bytes + window > f->options.memory_bytes / 2)
			return;
		*slot = (struct slot){ .index = f->next, .window = window };
		slot->get = start(f, f->next, 0, object.size, window, &ignored);
		if (!slot->get)
			return;
		f->slot_count++;
		f->slot_bytes += window;
	}
}

static void
drop_first(struct object_fetch *f)
{
	f->slot_bytes -= f->slots[0].window;
	f->slot_count--;
	memmove(f->slots, f->slots + 1, f->slot_count * sizeof(*f->slots));
}

/* The object's transfer, if it has been begun; others before it will not be read. */
static struct s3_get *
take_slot(struct object_fetch *f, size_t index, size_t *ret_window)
{
	while (f->slot_count && f->slots[0].index != index) {
		s3_get_free(f->slots[0].get);
		drop_first(f);
	}
	if (f->slot_count) {
		struct s3_get *get = f->slots[0].get;

		*ret_window = f->slots[0].window;
		drop_first(f);
		return get;
	}
	f->next = index + 1;
	return NULL;
}

/* ---- the object that is being read ---- */

/* Asks for what begins at g->end, and for the window behind it. */
static int
begin_range(struct object_get *g, struct err *err)
{
	int64_t begin = g->end;
	int64_t left = g->size - begin;

	g->get = NULL;
	if (left == 0)
		return 0;
	if (!g->is_windowed || left <= (int64_t)g->window)
		g->end = g->size;
	else
		g->end = begin + (int64_t)g->window;
	g->get = start(g->fetch, g->index, begin, g->end, g->window, err);
	return g->get ? 0 : -1;
}

static int
begin_behind(struct object_get *g, struct err *err)
{
	struct s3_get *present = g->get;
	int rc = begin_range(g, err);

	g->behind = g->get;
	g->get = present;
	return rc;
}

static int
begin_at(struct object_get *g, int64_t byte, struct err *err)
{
	g->end = byte;
	if (begin_range(g, err))
		return -1;
	return g->get ? begin_behind(g, err) : 0;
}

static void
drop_ranges(struct object_get *g)
{
	s3_get_free(g->get);
	s3_get_free(g->behind);
	g->get = g->behind = NULL;
}

/* The transfer that was begun ahead, with more room now; or a new one. */
static int
begin_present(struct object_get *g, struct err *err)
{
	size_t window = 0;

	if (g->size == 0) { /* was passed over: what is ahead stays */
		if (g->fetch->next <= g->index)
			g->fetch->next = g->index + 1;
		return 0;
	}
	g->get = take_slot(g->fetch, g->index, &window);
	if (!g->get)
		return begin_at(g, 0, err);
	g->end = g->size;
	return window < g->window ? s3_get_grow(g->get, g->window, err) : 0;
}

/* ---- what the thread does for its owner ---- */

struct order {
	struct object_get *get;
	int64_t byte;
	struct err *err;
	int rc;
};

static void
do_open(void *context)
{
	struct order *order = context;

	order->rc = begin_present(order->get, order->err);
	if (!order->rc)
		fetch_ahead(order->get->fetch);
}

static void
do_begin_at(void *context)
{
	struct order *order = context;

	drop_ranges(order->get);
	order->rc = begin_at(order->get, order->byte, order->err);
}

static void
do_next_range(void *context)
{
	struct order *order = context;
	struct object_get *g = order->get;

	s3_get_free(g->get);
	g->get = g->behind;
	g->behind = NULL;
	order->rc = begin_behind(g, order->err);
}

static void
do_drop_ranges(void *context)
{
	struct order *order = context;

	drop_ranges(order->get);
}

static int
give_order(struct object_get *g, void (*run)(void *), int64_t byte, struct err *err)
{
	struct order order = { .get = g, .byte = byte, .err = err };

	if (!g->fetch->thread) {
		g->fetch->thread = loop_thread_start(object_store_loop(g->fetch->store), err);
		if (!g->fetch->thread)
			return -1;
	}
	loop_thread_call(g->fetch->thread, run, &order);
	return order.rc;
}

/* ---- reading, beside the thread ---- */

/* *ret_len 0 and not *ret_again: the end. */
static int
read_at_hand(struct object_get *g, char *data, size_t len, size_t *ret_len, bool *ret_again,
    struct err *err)
{
	*ret_len = 0;
	*ret_again = false;
	while (g->get) {
		if (s3_get_read(g->get, data, len, ret_len, ret_again, err))
			return -1;
		if (*ret_len || *ret_again || !g->behind)
			return 0;
		if (give_order(g, do_next_range, 0, err))
			return -1;
	}
	return 0;
}

static bool
is_readable(const void *context)
{
	const struct object_get *g = context;

	return s3_get_is_readable(g->get);
}

static int
get_read(struct object_bytes *bytes, char *data, size_t len, int64_t deadline_mono_ms,
    size_t *ret_len, bool *ret_again, struct err *err)
{
	struct object_get *g = (struct object_get *)bytes;

	do {
		if (read_at_hand(g, data, len, ret_len, ret_again, err))
			return -1;
	} while (*ret_again && loop_thread_wait(g->fetch->thread, is_readable, g, deadline_mono_ms));
	return 0;
}

static int
get_seek(struct object_bytes *bytes, int64_t byte, struct err *err)
{
	struct object_get *g = (struct object_get *)bytes;

	if (byte > g->size)
		return err_set(err, ERR_DATA, "has %lld bytes, reading was to go on at byte %lld",
		    (long long)g->size, (long long)byte);
	return give_order(g, do_begin_at, byte, err);
}

static void
get_free(struct object_bytes *bytes)
{
	struct object_get *g = (struct object_get *)bytes;
	struct err ignored = ERR_INIT;

	/* it has ranges from the thread only */
	if (g->get)
		(void)give_order(g, do_drop_ranges, 0, &ignored);
	free(g);
}

static const struct object_bytes_ops get_ops = {
	.read = get_read,
	.seek = get_seek,
	.free = get_free,
};

/* ---- opening ---- */

static struct object_get *
get_new(struct object_fetch *f, size_t index, size_t window, struct err *err)
{
	struct object_get *g = calloc(1, sizeof(*g));

	if (!g) {
		err_no_memory(err);
		return NULL;
	}
	g->base.ops = &get_ops;
	g->fetch = f;
	g->index = index;
	g->size = object_list_get(f->list, index).size;
	g->window = (uint64_t)g->size < window ? (size_t)g->size : window;
	return g;
}

static struct object_bytes *
open_with(struct object_get *g, void (*run)(void *), struct err *err)
{
	if (!give_order(g, run, 0, err))
		return &g->base;
	get_free(&g->base);
	return NULL;
}

struct object_bytes *
object_fetch_open(struct object_fetch *f, size_t index, struct err *err)
{
	size_t window = f->options.memory_bytes / 2;
	struct object_get *g;

	g = get_new(f, index, window < PRESENT_BYTES_MAX ? window : PRESENT_BYTES_MAX, err);
	return g ? open_with(g, do_open, err) : NULL;
}

struct object_bytes *
object_fetch_open_one_of(struct object_fetch *f, size_t index, size_t count, struct err *err)
{
	/* the window that is read, and the one behind it */
	size_t window = f->options.memory_bytes / count / 2;
	struct object_get *g;

	if (window < WINDOW_BYTES_MIN) {
		struct slice folder = object_list_folder(f->list, index);

		/* as much again is for what the merging itself holds */
		err_set(err, ERR_USAGE, "%.*s: to merge its %zu objects takes at least %zu MiB, more "
					"than --memory allows (%zu MiB)", SLICE_ARGS(folder), count,
		    (4 * count * WINDOW_BYTES_MIN >> 20) + 1, 2 * f->options.memory_bytes >> 20);
		return NULL;
	}
	g = get_new(f, index, window < WINDOW_BYTES_MAX ? window : WINDOW_BYTES_MAX, err);
	if (!g)
		return NULL;
	g->is_windowed = true;
	return open_with(g, do_begin_at, err);
}

/* ---- lifecycle ---- */

struct object_fetch *
object_fetch_new(struct object_store *store, const struct object_list *list,
    const struct object_fetch_options *options, struct err *err)
{
	struct object_fetch *f = calloc(1, sizeof(*f));

	if (!f) {
		err_no_memory(err);
		return NULL;
	}
	f->store = store;
	f->list = list;
	f->options = *options;
	return f;
}

void
object_fetch_free(struct object_fetch *f)
{
	if (!f)
		return;
	loop_thread_free(f->thread);
	while (f->slot_count) {
		s3_get_free(f->slots[0].get);
		drop_first(f);
	}
	free(f);
}
