/* SPDX-License-Identifier: MIT */
#include "gen-to-kafka/damage.h"

/* A run of bytes of the record; len 0: there is none. */
struct stretch {
	size_t at;
	size_t len;
};

/* Behind the string or the number, true, false, null that begins here. */
static size_t
end_of_scalar(struct slice s, size_t at)
{
	if (s.data[at] == '"') {
		for (at++; at < s.len && s.data[at] != '"'; at++) {
			if (s.data[at] == '\\')
				at++;
		}
		return at < s.len ? at + 1 : s.len;
	}
	while (at < s.len && !memchr(",]}: \t\n\r", s.data[at], 8))
		at++;
	return at;
}

static bool
is_name(struct slice s, size_t end)
{
	while (end < s.len && s.data[end] == ' ')
		end++;
	return end < s.len && s.data[end] == ':';
}

/*
 * One of the strings that are not empty (names count), or of the values; each is as likely as any
 * other: the n-th takes the place of the one before with a chance of 1 in n.
 */
static struct stretch
pick(struct slice s, struct random *random, bool wants_string)
{
	struct stretch picked = { 0, 0 };
	uint64_t seen = 0;

	for (size_t at = 0; at < s.len;) {
		size_t begin = at;

		if (memchr("{}[],: \t", s.data[at], 8)) {
			at++;
			continue;
		}
		at = end_of_scalar(s, begin);
		if (wants_string ? s.data[begin] != '"' || at - begin < 3 : is_name(s, at))
			continue;
		if (random_below(random, ++seen) == 0)
			picked = (struct stretch){ begin, at - begin };
	}
	return picked;
}

static int
append_cut(struct random *random, struct slice record, struct buf *out, struct err *err)
{
	return buf_append(
	    out, slice_make(record.data, 1 + (size_t)random_below(random, record.len - 1)), err);
}

/* The byte goes in front of the string's first, so that no escape is torn. */
static int
append_bytes(struct stretch string, struct slice record, struct buf *out, struct err *err)
{
	size_t at = string.at + 1;

	return buf_append(out, slice_make(record.data, at), err) ||
	               buf_append_char(out, '\xff', err) ||
	               buf_append(out, slice_skip(record, at), err)
	           ? -1
	           : 0;
}

static int
append_type(struct stretch value, struct slice record, struct buf *out, struct err *err)
{
	return buf_append(out, slice_make(record.data, value.at), err) ||
	               buf_append_text(out, "[]", err) ||
	               buf_append(out, slice_skip(record, value.at + value.len), err)
	           ? -1
	           : 0;
}

int
damage_append(enum damage damage, struct random *random, struct slice record, struct buf *out,
    struct err *err)
{
	struct stretch where = { 0, 0 };

	if (damage != DAMAGE_CUT)
		where = pick(record, random, damage == DAMAGE_BYTES);
	if (!where.len)
		return append_cut(random, record, out, err);
	if (damage == DAMAGE_BYTES)
		return append_bytes(where, record, out, err);
	return append_type(where, record, out, err);
}
