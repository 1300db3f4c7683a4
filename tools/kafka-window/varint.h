/* SPDX-License-Identifier: MIT */
/* Integers of the serialised form: seven bits a byte, lowest first, the top bit set where more
 * follow; signed ones folded so that small magnitudes are short (zigzag). */
#ifndef SLUICE_KAFKA_WINDOW_VARINT_H
#define SLUICE_KAFKA_WINDOW_VARINT_H

#include "base/buf.h"
#include "codec/number.h"

__extension__ typedef unsigned __int128 varint_wide;

static inline int
varint_append(struct buf *out, varint_wide value, struct err *err)
{
	char bytes[19];
	size_t len = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[len++] = (char)((value & 0x7f) | 0x80);
	bytes[len++] = (char)value;
	return buf_append(out, slice_make(bytes, len), err);
}

/* Takes a value of at most `max` from the front; false where there is none, or it is written longer
 * than it needs to be (one value has one form). */
static inline bool
varint_take(struct slice *bytes, varint_wide max, varint_wide *ret)
{
	varint_wide value = 0;
	unsigned shift = 0;

	for (size_t i = 0; i < bytes->len && i < 19; i++, shift += 7) {
		varint_wide part = (unsigned char)bytes->data[i] & 0x7f;

		if (part > (max >> shift))
			return false;
		value |= part << shift;
		if ((unsigned char)bytes->data[i] & 0x80)
			continue;
		if ((i && !part) || value > max)
			return false;
		*bytes = slice_skip(*bytes, i + 1);
		*ret = value;
		return true;
	}
	return false;
}

static inline int
varint_append_signed(struct buf *out, number_wide value, struct err *err)
{
	varint_wide folded = (varint_wide)value << 1;

	return varint_append(out, value < 0 ? ~folded : folded, err);
}

/* The magnitude's bound is that of the type of *ret. */
static inline bool
varint_take_signed(struct slice *bytes, number_wide *ret)
{
	varint_wide folded;

	if (!varint_take(bytes, ~(varint_wide)0, &folded))
		return false;
	*ret = (number_wide)(folded >> 1);
	if (folded & 1)
		*ret = -*ret - 1;
	return true;
}

static inline bool
varint_take_int64(struct slice *bytes, int64_t *ret)
{
	varint_wide folded;

	if (!varint_take(bytes, UINT64_MAX, &folded))
		return false;
	*ret = (int64_t)(folded >> 1);
	if (folded & 1)
		*ret = -*ret - 1;
	return true;
}

#endif
