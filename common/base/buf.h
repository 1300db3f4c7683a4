/* SPDX-License-Identifier: MIT */
/*
 * A buf owns a growing run of bytes and has a ceiling, given when it is made. Growing past the
 * ceiling fails with ERR_DATA ("longer than N bytes"), running out of memory with ERR_FAULT.
 *
 * `data` is NUL terminated wherever it is not NULL (the NUL is not counted in `len`), and
 * BUF_PADDING readable zero bytes follow `len` after buf_pad. Pointers into a buf are good until
 * the next call that may grow it.
 */
#ifndef SLUICE_BASE_BUF_H
#define SLUICE_BASE_BUF_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* Readable bytes that must follow what the JSON scanner is given. */
enum { BUF_PADDING = 64 };

struct buf {
	char *data;
	size_t len;
	size_t capacity;
	size_t len_max;
};

#define BUF_INIT(max) { .data = NULL, .len = 0, .capacity = 0, .len_max = (max) }

void buf_init(struct buf *, size_t len_max);
void buf_release(struct buf *);

static inline void
buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

static inline struct slice
buf_slice(const struct buf *b)
{
	return slice_make(b->data, b->len);
}

/* Makes room for `more` bytes behind len, and the padding; len stays. */
int buf_reserve(struct buf *, size_t more, struct err *);

int buf_append_slow(struct buf *, struct slice, struct err *);

static inline int
buf_append(struct buf *b, struct slice s, struct err *err)
{
	if (s.len >= b->capacity - b->len || b->len + s.len > b->len_max)
		return buf_append_slow(b, s, err);
	if (s.len) {
		memcpy(b->data + b->len, s.data, s.len);
		b->len += s.len;
	}
	b->data[b->len] = '\0';
	return 0;
}

static inline int
buf_append_char(struct buf *b, char c, struct err *err)
{
	return buf_append(b, slice_make(&c, 1), err);
}

static inline int
buf_append_text(struct buf *b, const char *text, struct err *err)
{
	return buf_append(b, slice_of(text), err);
}

int buf_appendf(struct buf *, struct err *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* In decimal. */
int buf_append_int(struct buf *, int64_t, struct err *);

/* Drops the first n bytes; the rest moves to the front. */
void buf_drop_front(struct buf *, size_t n);

/* Makes BUF_PADDING readable zero bytes follow len. */
int buf_pad(struct buf *, struct err *);

/* The bytes, owned by the caller (free(3)), NUL terminated, never NULL; the buf is empty after.
 * NULL where memory ran out. */
char *buf_take(struct buf *);

#endif
