/* SPDX-License-Identifier: MIT */
#include "codec/parquet_rle.h"

#include <assert.h>

#include "codec/parquet_thrift.h"

enum { GROUP = 8, RUN_BYTES_MIN = 4, HEADER_BYTES_MAX = 10 };

unsigned
parquet_bit_width(uint32_t values)
{
	return values < 2 ? 0 : 32 - (unsigned)__builtin_clz(values - 1);
}

/* The pieces below append to a buf that has been given room for all of them. */

static void
put_varint(struct buf *out, uint64_t n)
{
	out->len += parquet_varint(n, (unsigned char *)out->data + out->len);
}

static void
put_run(struct buf *out, uint32_t value, size_t count, unsigned width)
{
	put_varint(out, (uint64_t)count << 1);
	for (unsigned bits = 0; bits < width; bits += 8)
		out->data[out->len++] = (char)(value >> bits);
}

/* Values from least to most significant bit; the last group is filled up with zeros. */
static void
put_packed(struct buf *out, const uint32_t *values, size_t count, unsigned width)
{
	size_t groups = (count + GROUP - 1) / GROUP;
	unsigned char *at = (unsigned char *)out->data + out->len, *first;
	uint64_t pending = 0;
	unsigned bits = 0;

	if (!count)
		return;
	at += parquet_varint((uint64_t)groups << 1 | 1, at);
	first = at;
	for (size_t i = 0; i < count; i++) {
		pending |= (uint64_t)values[i] << bits;
		bits += width;
		if (bits >= 32) {
			uint32_t low = (uint32_t)pending;

			memcpy(at, &low, sizeof(low));
			at += sizeof(low);
			pending >>= 32;
			bits -= 32;
		}
	}
	for (; bits > 0; bits = bits > 8 ? bits - 8 : 0) {
		*at++ = (unsigned char)pending;
		pending >>= 8;
	}
	for (first += groups * width; at < first;)
		*at++ = 0;
	out->len = (size_t)((char *)at - out->data);
}

/*
 * The shortest run worth taking out of bit-packed values: of fewer bits than it costs with its
 * header and those of the bit-packed values that go on behind it.
 */
static size_t
shortest_run(unsigned width)
{
	unsigned bits = 8 * (1 + (width + 7) / 8 + 2);

	return width ? (bits + width - 1) / width : 1;
}

static size_t
run_length(const uint32_t *values, size_t count)
{
	size_t n = 1;

	while (n < count && values[n] == values[0])
		n++;
	return n;
}

int
parquet_rle_append(
    struct buf *out, const uint32_t *values, size_t count, unsigned width, struct err *err)
{
	size_t run_min = shortest_run(width);
	size_t packed = 0, at = 0; /* packed: where the values begin that are in no run yet */

	/* runs are shorter than what they replace, so bits and one header are the most */
	if (buf_reserve(
		out, (count / GROUP + 1) * width + (width + 7) / 8 + 2 * HEADER_BYTES_MAX, err))
		return -1;
	while (at < count) {
		size_t run = run_length(values + at, count - at);
		/* bit-packed values come in whole groups: the run gives up what is missing */
		size_t missing = (GROUP - (at - packed) % GROUP) % GROUP;

		if (run < run_min + missing) {
			at += run;
			continue;
		}
		put_packed(out, values + packed, at + missing - packed, width);
		put_run(out, values[at], run - missing, width);
		at += run;
		packed = at;
	}
	put_packed(out, values + packed, count - packed, width);
	return 0;
}

/* ---- bits ---- */

static void
put_packed_bytes(struct buf *out, const unsigned char *bits, size_t bytes)
{
	if (!bytes)
		return;
	put_varint(out, (uint64_t)bytes << 1 | 1);
	memcpy(out->data + out->len, bits, bytes);
	out->len += bytes;
}

int
parquet_rle_append_bits(struct buf *out, const unsigned char *bits, size_t count, struct err *err)
{
	size_t whole = count / 8, packed = 0, at = 0, run;

	if (buf_reserve(out, (count / 8 + 2) * (1 + HEADER_BYTES_MAX), err))
		return -1;
	for (; at < whole; at += run) {
		for (run = 1; at + run < whole && bits[at + run] == bits[at];)
			run++;
		if ((bits[at] != 0 && bits[at] != 0xff) || run < RUN_BYTES_MIN)
			continue;
		put_packed_bytes(out, bits + packed, at - packed);
		packed = at + run;
		/* the rest of a last byte that goes on the same way belongs to the run */
		if (packed == whole && count % 8 &&
		    ((bits[whole] ^ bits[at]) & ((1u << count % 8) - 1)) == 0) {
			put_run(out, bits[at] & 1, count - at * 8, 1);
			return 0;
		}
		put_run(out, bits[at] & 1, run * 8, 1);
	}
	if (count % 8 == 0) {
		put_packed_bytes(out, bits + packed, whole - packed);
	} else {
		put_packed_bytes(out, bits + packed, whole + 1 - packed);
		out->data[out->len - 1] &= (char)((1u << count % 8) - 1);
	}
	return 0;
}

int
parquet_pack_bools(struct buf *out, const unsigned char *values, size_t count, struct err *err)
{
	if (buf_reserve(out, count / 8 + 1, err))
		return -1;
	for (size_t i = 0; i < count; i += 8) {
		unsigned byte = 0;

		for (size_t bit = 0; bit < 8 && i + bit < count; bit++)
			byte |= (unsigned)values[i + bit] << bit;
		out->data[out->len++] = (char)byte;
	}
	return 0;
}
