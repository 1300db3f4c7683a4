/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 256 };

void
buf_init(struct buf *b, size_t len_max)
{
	*b = (struct buf)BUF_INIT(len_max);
}

void
buf_release(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->capacity = 0;
}

int
buf_reserve(struct buf *b, size_t more, struct err *err)
{
	size_t wanted, capacity;
	char *data;

	if (b->len > b->len_max || more > b->len_max - b->len)
		return err_set(err, ERR_DATA, "longer than %zu bytes", b->len_max);
	wanted = b->len + more + BUF_PADDING + 1;
	if (b->data && wanted <= b->capacity)
		return 0;
	capacity = b->capacity ? b->capacity : CAPACITY_MIN;
	while (capacity < wanted)
		capacity *= 2;
	if (capacity > b->len_max + BUF_PADDING + 1)
		capacity = b->len_max + BUF_PADDING + 1;
	data = realloc(b->data, capacity);
	if (!data)
		return err_no_memory(err);
	b->data = data;
	b->capacity = capacity;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_append_slow(struct buf *b, struct slice s, struct err *err)
{
	if (buf_reserve(b, s.len, err))
		return -1;
	if (s.len)
		memcpy(b->data + b->len, s.data, s.len);
	b->len += s.len;
	b->data[b->len] = '\0';
	return 0;
}

/* Into the room there is; once more where that was too little. */
int
buf_appendf(struct buf *b, struct err *err, const char *format, ...)
{
	size_t room = b->data ? b->capacity - b->len : 0;
	va_list args, again;
	int rc = -1, len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(room ? b->data + b->len : NULL, room, format, args);
	if (len < 0) {
		err_set(err, ERR_FAULT, "cannot format \"%s\"", format);
	} else if ((size_t)len < room && b->len + (size_t)len <= b->len_max) {
		rc = 0;
	} else if (!buf_reserve(b, (size_t)len, err)) {
		(void)vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
		rc = 0;
	}
	if (!rc)
		b->len += (size_t)len;
	else if (room)
		b->data[b->len] = '\0';
	va_end(again);
	va_end(args);
	return rc;
}

int
buf_append_int(struct buf *b, int64_t value, struct err *err)
{
	char digits[24];
	char *at = digits + sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		*--at = '-';
	return buf_append(b, slice_make(at, (size_t)(digits + sizeof(digits) - at)), err);
}

void
buf_drop_front(struct buf *b, size_t n)
{
	if (!n)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
	b->data[b->len] = '\0';
}

int
buf_pad(struct buf *b, struct err *err)
{
	if (buf_reserve(b, 0, err))
		return -1;
	memset(b->data + b->len, 0, BUF_PADDING);
	return 0;
}

char *
buf_take(struct buf *b)
{
	char *data = b->data ? b->data : calloc(1, 1);

	b->data = NULL;
	b->len = b->capacity = 0;
	return data;
}
