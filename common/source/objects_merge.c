/* SPDX-License-Identifier: MIT */
#include "source/objects_merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	READ_BYTES_MIN = 8 * 1024,
	READ_BYTES_MAX = 128 * 1024, /* more gains nothing: see lines.c */
	SPARE_DESCRIPTORS = 64,      /* for all else: sinks, brokers, the dead letter file */
	NONE = -1,
};

/* The next record of one object. */
struct head {
	struct object_cursor *cursor; /* NULL: at its end */
	enum source_status status;    /* SOURCE_RECORD or SOURCE_REJECT */
	struct record record;
	struct err *err; /* of SOURCE_REJECT; made when first needed */
	int64_t time_ms; /* the last that could be read */
	size_t capacity; /* bytes of memory counted */
	size_t lines_capacity;
};

struct objects_merge {
	struct objects_merge_options options;
	const struct object_list *list;
	size_t first; /* object of the list */
	size_t count;
	struct head *heads; /* NULL: closed */
	size_t loaded;      /* heads that have, or had, a record */
	size_t *heap;       /* heads, the earliest first */
	size_t heap_len;
	ptrdiff_t given; /* the head whose record was given last: it moves on first */
	size_t memory;
	int64_t ended_bytes; /* of objects at their ends, as stored */
	bool is_csv;
};

/* ---- the heap ---- */

static bool
is_before(const struct objects_merge *m, size_t a, size_t b)
{
	if (m->heads[a].time_ms != m->heads[b].time_ms)
		return m->heads[a].time_ms < m->heads[b].time_ms;
	return a < b;
}

static void
sift_down(struct objects_merge *m)
{
	size_t at = 0, moving = m->heap[0];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= m->heap_len)
			break;
		if (child + 1 < m->heap_len && is_before(m, m->heap[child + 1], m->heap[child]))
			child++;
		if (!is_before(m, m->heap[child], moving))
			break;
		m->heap[at] = m->heap[child];
		at = child;
	}
	m->heap[at] = moving;
}

static void
push(struct objects_merge *m, size_t head)
{
	size_t at = m->heap_len++;

	for (; at > 0 && is_before(m, head, m->heap[(at - 1) / 2]); at = (at - 1) / 2)
		m->heap[at] = m->heap[(at - 1) / 2];
	m->heap[at] = head;
}

/* ---- limits ---- */

static int
fail_limit(const struct objects_merge *m, struct err *err, const char *what)
{
	struct slice folder = object_list_folder(m->list, m->first);

	return err_set(err, ERR_USAGE, "%.*s: to merge its %zu objects %s",
	    SLICE_ARGS(folder.len ? folder : slice_of("current directory")), m->count, what);
}

static int
fail_memory(const struct objects_merge *m, size_t wanted, struct err *err)
{
	char what[128];

	(void)snprintf(what, sizeof(what), "takes about %zu MiB, more than --memory allows (%zu MiB)",
	    (wanted * m->options.memory_parts >> 20) + 1,
	    m->options.memory_bytes * m->options.memory_parts >> 20);
	return fail_limit(m, err, what);
}

/* Takes as many descriptors as this process may have. */
static int
check_descriptors(const struct objects_merge *m, struct err *err)
{
	struct rlimit limit;
	rlim_t wanted = m->count + SPARE_DESCRIPTORS;
	char what[128];

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return 0;
	if (limit.rlim_max < wanted) {
		(void)snprintf(what, sizeof(what), "takes as many open files; at most %llu are allowed "
						   "(ulimit -n)", (unsigned long long)limit.rlim_max);
		return fail_limit(m, err, what);
	}
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* else open(2) says so */
	return 0;
}

static int
count_memory(struct objects_merge *m, struct head *head, struct err *err)
{
	size_t now = head->cursor ? object_cursor_capacity(head->cursor) : 0;

	m->memory += now - head->capacity;
	head->capacity = now;
	head->lines_capacity = head->cursor ? object_cursor_lines_capacity(head->cursor) : 0;
	if (m->memory <= m->options.memory_bytes)
		return 0;
	/* the objects that have not been begun yet will take as much as the others */
	return fail_memory(m, m->memory / (m->loaded + (m->loaded < m->count)) * m->count, err);
}

/* ---- heads ---- */

static void
close_head(struct objects_merge *m, struct head *head)
{
	object_cursor_free(head->cursor);
	head->cursor = NULL;
	m->memory -= head->capacity;
	head->capacity = 0;
}

static int
keep_reject(struct head *head, const struct err *reject, struct err *err)
{
	if (!head->err && !(head->err = malloc(sizeof(*head->err))))
		return err_no_memory(err);
	*head->err = *reject;
	return 0;
}

/* SOURCE_RECORD: it has its next record, of whatever kind. */
static enum source_status
advance(struct objects_merge *m, struct head *head, int64_t deadline_mono_ms, struct err *err)
{
	struct err later = ERR_INIT;

	head->status = object_cursor_next(head->cursor, deadline_mono_ms, &head->record, err);
	switch (head->status) {
	case SOURCE_RECORD:
		/* who takes the record rejects it for its time */
		(void)m->options.time_of(m->options.time_context, &head->record, &head->time_ms, &later);
		break;
	case SOURCE_REJECT:
		later = *err;
		err_clear(err);
		if (keep_reject(head, &later, err))
			return SOURCE_FAILED;
		break;
	case SOURCE_END:
		m->ended_bytes += object_cursor_stored(head->cursor);
		close_head(m, head);
		return SOURCE_END;
	case SOURCE_WAIT:
	case SOURCE_FAILED:
		return head->status;
	}
	if (head->capacity && object_cursor_lines_capacity(head->cursor) == head->lines_capacity)
		return SOURCE_RECORD;
	return count_memory(m, head, err) ? SOURCE_FAILED : SOURCE_RECORD;
}

static enum source_status
load_heads(struct objects_merge *m, int64_t deadline_mono_ms, struct err *err)
{
	while (m->loaded < m->count) {
		enum source_status status = advance(m, &m->heads[m->loaded], deadline_mono_ms, err);

		if (status != SOURCE_RECORD && status != SOURCE_END)
			return status;
		if (status == SOURCE_RECORD)
			push(m, m->loaded);
		m->loaded++;
	}
	return SOURCE_RECORD;
}

/* The object whose record was given moves on: what it lent is not used any more. */
static enum source_status
move_on(struct objects_merge *m, int64_t deadline_mono_ms, struct err *err)
{
	enum source_status status;

	if (m->given == NONE)
		return SOURCE_RECORD;
	status = advance(m, &m->heads[m->given], deadline_mono_ms, err);
	if (status != SOURCE_RECORD && status != SOURCE_END)
		return status;
	if (status == SOURCE_END)
		m->heap[0] = m->heap[--m->heap_len];
	if (m->heap_len)
		sift_down(m);
	m->given = NONE;
	return SOURCE_RECORD;
}

enum source_status
objects_merge_next(struct objects_merge *m, int64_t deadline_mono_ms, struct record *ret_record,
    struct err *err)
{
	enum source_status status = load_heads(m, deadline_mono_ms, err);
	struct head *head;

	if (status == SOURCE_RECORD)
		status = move_on(m, deadline_mono_ms, err);
	if (status != SOURCE_RECORD)
		return status;
	if (m->heap_len == 0)
		return SOURCE_END;
	m->given = (ptrdiff_t)m->heap[0];
	head = &m->heads[m->given];
	m->is_csv = object_cursor_is_csv(head->cursor);
	*ret_record = head->record;
	if (head->status == SOURCE_REJECT)
		*err = *head->err;
	return head->status;
}

/* ---- folders ---- */

/* So that what cursors hold at least, lines and half as much as stored, is at most half of the memory. */
static size_t
read_bytes(const struct objects_merge *m)
{
	size_t share = m->options.memory_bytes / m->count / 3;

	if (share < READ_BYTES_MIN)
		return READ_BYTES_MIN;
	return share < READ_BYTES_MAX ? share : READ_BYTES_MAX;
}

static int
open_head(struct objects_merge *m, size_t i, struct err *err)
{
	struct object_cursor_options options = m->options.cursor;
	struct object object = object_list_get(m->list, m->first + i);
	struct head *head = &m->heads[i];
	struct object_bytes *bytes;

	options.read_bytes = read_bytes(m);
	*head = (struct head){ .time_ms = INT64_MIN };
	head->cursor = object_cursor_new(&options, err);
	if (!head->cursor || !(bytes = m->options.open(m->options.open_context, m->first + i, err)))
		return -1;
	return object_cursor_open(head->cursor, object_label(&object), bytes, err);
}

int
objects_merge_begin(struct objects_merge *m, const struct object_list *list, size_t first,
    size_t count, struct err *err)
{
	size_t least;

	objects_merge_end(m);
	m->list = list;
	m->first = first;
	m->count = count;
	m->heads = calloc(count, sizeof(*m->heads));
	m->heap = calloc(count, sizeof(*m->heap));
	if (!m->heads || !m->heap)
		return err_no_memory(err);
	if (check_descriptors(m, err))
		return -1;
	m->memory = count * (sizeof(*m->heads) + sizeof(*m->heap));
	least = m->memory + count * (3 * read_bytes(m) / 2);
	if (least > m->options.memory_bytes)
		return fail_memory(m, least, err);
	for (size_t i = 0; i < count; i++) {
		if (open_head(m, i, err))
			return -1;
	}
	return 0;
}

void
objects_merge_end(struct objects_merge *m)
{
	for (size_t i = 0; m->heads && i < m->count; i++) {
		object_cursor_free(m->heads[i].cursor);
		free(m->heads[i].err);
	}
	free(m->heads);
	free(m->heap);
	m->heads = NULL;
	m->heap = NULL;
	m->heap_len = m->loaded = m->count = m->memory = 0;
	m->ended_bytes = 0;
	m->given = NONE;
}

bool
objects_merge_is_open(const struct objects_merge *m)
{
	return m->heads != NULL;
}

int64_t
objects_merge_passed(const struct objects_merge *m)
{
	int64_t sum = m->ended_bytes;

	for (size_t i = 0; i < m->count; i++) {
		int64_t passed = m->heads[i].cursor ? object_cursor_passed(m->heads[i].cursor) : 0;

		if (passed < 0)
			return -1;
		sum += passed;
	}
	return sum;
}

bool
objects_merge_is_csv(const struct objects_merge *m)
{
	return m->is_csv;
}

struct objects_merge *
objects_merge_new(const struct objects_merge_options *options, struct err *err)
{
	struct objects_merge *m = calloc(1, sizeof(*m));

	if (!m) {
		err_no_memory(err);
		return NULL;
	}
	m->options = *options;
	m->given = NONE;
	return m;
}

void
objects_merge_free(struct objects_merge *m)
{
	if (!m)
		return;
	objects_merge_end(m);
	free(m);
}
