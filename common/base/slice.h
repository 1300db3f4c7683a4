/* SPDX-License-Identifier: MIT */
/*
 * A slice borrows bytes that belong to somebody else. It is passed by value and never freed.
 * `data` may be NULL only where `len` is 0. Bytes are not NUL terminated.
 */
#ifndef SLUICE_BASE_SLICE_H
#define SLUICE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *data;
	size_t len;
};

/* For printf's "%.*s"; a slice longer than INT_MAX does not occur (buffers have ceilings). */
#define SLICE_ARGS(s) (int)(s).len, (s).data

static inline struct slice
slice_make(const char *data, size_t len)
{
	return (struct slice){ .data = data, .len = len };
}

/* The bytes of a C string; NULL gives the empty slice. */
static inline struct slice
slice_of(const char *text)
{
	return slice_make(text, text ? strlen(text) : 0);
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool
slice_is(struct slice s, const char *text)
{
	return slice_equal(s, slice_of(text));
}

static inline bool
slice_starts(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && memcmp(s.data, prefix, n) == 0;
}

/* By bytes, shorter first where one is the beginning of the other. */
static inline int
slice_compare(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.data, b.data, n) : 0;

	if (order)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

static inline struct slice
slice_skip(struct slice s, size_t n)
{
	return slice_make(s.data + n, s.len - n);
}

/* Without blanks, tabs, CR and LF at both ends. */
static inline struct slice
slice_trim(struct slice s)
{
	while (s.len && strchr(" \t\r\n", s.data[0]) && s.data[0])
		s = slice_skip(s, 1);
	while (s.len && strchr(" \t\r\n", s.data[s.len - 1]) && s.data[s.len - 1])
		s.len--;
	return s;
}

/* FNV-1a, 64 bits (RFC 9923), from `seed` on: SLICE_HASH_SEED, or the hash of what precedes. Not for tables
 * that somebody may want to flood. */
#define SLICE_HASH_SEED UINT64_C(0xcbf29ce484222325)

static inline uint64_t
slice_hash(uint64_t seed, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		seed = (seed ^ (unsigned char)s.data[i]) * UINT64_C(0x100000001b3);
	return seed;
}

/*
 * Cuts s at the first `separator`: *ret_head is what stands before it, *ret_tail what follows.
 * Returns false, with head = s and tail empty, where there is none. s may alias either output.
 */
static inline bool
slice_cut(struct slice s, char separator, struct slice *ret_head, struct slice *ret_tail)
{
	const char *at = s.len ? memchr(s.data, separator, s.len) : NULL;

	if (!at) {
		*ret_head = s;
		*ret_tail = slice_make(NULL, 0);
		return false;
	}
	*ret_tail = slice_skip(s, (size_t)(at - s.data) + 1);
	*ret_head = slice_make(s.data, (size_t)(at - s.data));
	return true;
}

#endif
