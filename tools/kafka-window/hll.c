/* SPDX-License-Identifier: MIT */
#include "kafka-window/hll.h"

#include <math.h>
#include <stdlib.h>

#include "kafka-window/aggregate_ops.h"
#include "kafka-window/chunk.h"
#include "kafka-window/varint.h"

enum {
	INDEX_BITS = 26, /* of a coupon's index, the hash's first */
	RANK_BITS = 6,
	RANK_MAX = 64 - INDEX_BITS + 1, /* of a coupon: the rest of the hash is all zeros */
	FINE_BITS = INDEX_BITS - HLL_PRECISION,
	REGISTER_MAX = 64 - HLL_PRECISION + 1,
	SLOTS_MIN = 8,
};

/* ---- the hash ---- */

/* xxHash fast digest algorithm, specification 0.1.1, "XXH64 algorithm description". */
static const uint64_t prime1 = UINT64_C(0x9E3779B185EBCA87);
static const uint64_t prime2 = UINT64_C(0xC2B2AE3D27D4EB4F);
static const uint64_t prime3 = UINT64_C(0x165667B19E3779F9);
static const uint64_t prime4 = UINT64_C(0x85EBCA77C2B2AE63);
static const uint64_t prime5 = UINT64_C(0x27D4EB2F165667C5);

static inline uint64_t
rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static inline uint64_t
load(const char *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)(unsigned char)at[i] << 8 * i;
	return value;
}

static inline uint64_t
round_of(uint64_t lane, uint64_t input)
{
	return rotate(lane + input * prime2, 31) * prime1;
}

/* Step 2 and 3: stripes of 32 bytes in four lanes. */
static uint64_t
hash_stripes(const char **at, size_t *left)
{
	uint64_t lanes[4] = { prime1 + prime2, prime2, 0, 0 - prime1 };
	uint64_t hash;

	for (; *left >= 32; *left -= 32, *at += 32) {
		for (unsigned i = 0; i < 4; i++)
			lanes[i] = round_of(lanes[i], load(*at + 8 * (size_t)i, 8));
	}
	hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) +
	       rotate(lanes[3], 18);
	for (unsigned i = 0; i < 4; i++)
		hash = (hash ^ round_of(0, lanes[i])) * prime1 + prime4;
	return hash;
}

uint64_t
hll_hash(struct slice value)
{
	const char *at = value.data;
	size_t left = value.len;
	uint64_t hash = left >= 32 ? hash_stripes(&at, &left) : prime5;

	hash += value.len;
	for (; left >= 8; left -= 8, at += 8)
		hash = rotate(hash ^ round_of(0, load(at, 8)), 27) * prime1 + prime4;
	for (; left >= 4; left -= 4, at += 4)
		hash = rotate(hash ^ load(at, 4) * prime1, 23) * prime2 + prime3;
	for (; left; left--, at++)
		hash = rotate(hash ^ load(at, 1) * prime5, 11) * prime1;
	hash = (hash ^ hash >> 33) * prime2;
	hash = (hash ^ hash >> 29) * prime3;
	return hash ^ hash >> 32;
}

/* ---- coupons ---- */

static uint32_t
coupon_of(uint64_t hash)
{
	uint64_t rest = hash << INDEX_BITS;
	uint32_t rank = rest ? (uint32_t)__builtin_clzll(rest) + 1 : RANK_MAX;

	return (uint32_t)(hash >> (64 - INDEX_BITS)) << RANK_BITS | rank;
}

static uint32_t
index_of(uint32_t coupon)
{
	return coupon >> RANK_BITS;
}

/* Where the coupon's index is, or the free slot where it goes. */
static uint32_t *
find_slot(const struct hll *h, uint32_t coupon)
{
	uint32_t *slots = h->data;
	uint32_t i = index_of(coupon) * UINT32_C(2654435761) >> 8;

	while (slots[i & (h->capacity - 1)] &&
	       index_of(slots[i & (h->capacity - 1)]) != index_of(coupon))
		i++;
	return &slots[i & (h->capacity - 1)];
}

static void
put_register(struct hll *h, uint32_t coupon)
{
	uint32_t fine = index_of(coupon) & ((UINT32_C(1) << FINE_BITS) - 1);
	uint32_t rank = coupon & ((UINT32_C(1) << RANK_BITS) - 1);
	uint8_t *at = (uint8_t *)h->data + (index_of(coupon) >> FINE_BITS);

	rank = fine ? (uint32_t)__builtin_clz(fine) - (32 - FINE_BITS) + 1 : FINE_BITS + rank;
	if (rank > *at)
		*at = (uint8_t)rank;
}

static size_t
data_bytes(const struct hll *h)
{
	if (!h->data)
		return 0;
	return chunk_bytes(h->capacity ? h->capacity * sizeof(uint32_t) : HLL_REGISTERS);
}

/* Slots twice as many, or registers (capacity 0), with what was there. */
static int
rebuild(struct hll *h, uint32_t capacity, size_t *held, struct err *err)
{
	struct hll fresh = { .count = h->count, .capacity = capacity };
	const uint32_t *slots = h->data;

	fresh.data = calloc(1, capacity ? capacity * sizeof(uint32_t) : HLL_REGISTERS);
	if (!fresh.data)
		return err_no_memory(err);
	for (uint32_t i = 0; i < h->capacity; i++) {
		if (slots[i] && capacity)
			*find_slot(&fresh, slots[i]) = slots[i];
		else if (slots[i])
			put_register(&fresh, slots[i]);
	}
	*held += data_bytes(&fresh) - data_bytes(h);
	free(h->data);
	*h = fresh;
	return 0;
}

/* Room for one more coupon; registers where there would be too many. */
static int
make_room(struct hll *h, size_t *held, struct err *err)
{
	if (!h->data)
		return rebuild(h, SLOTS_MIN, held, err);
	if (h->count == HLL_SPARSE_MAX)
		return rebuild(h, 0, held, err);
	if (h->count + 1 > h->capacity / 4 * 3)
		return rebuild(h, h->capacity * 2, held, err);
	return 0;
}

static int
add_coupon(struct hll *h, uint32_t coupon, size_t *held, struct err *err)
{
	uint32_t *slot;

	if (h->capacity && *(slot = find_slot(h, coupon))) {
		if (coupon > *slot)
			*slot = coupon;
		return 0;
	}
	if ((!h->data || h->capacity) && make_room(h, held, err))
		return -1;
	if (!h->capacity) {
		put_register(h, coupon);
		return 0;
	}
	*find_slot(h, coupon) = coupon;
	h->count++;
	return 0;
}

int
hll_add(struct hll *h, uint64_t hash, size_t *held, struct err *err)
{
	return add_coupon(h, coupon_of(hash), held, err);
}

int
hll_merge(struct hll *h, const struct hll *from, size_t *held, struct err *err)
{
	const uint8_t *registers = from->data;
	const uint32_t *slots = from->data;
	uint8_t *into;

	for (uint32_t i = 0; i < from->capacity; i++) {
		if (slots[i] && add_coupon(h, slots[i], held, err))
			return -1;
	}
	if (!from->data || from->capacity)
		return 0;
	if ((!h->data || h->capacity) && rebuild(h, 0, held, err))
		return -1;
	into = h->data;
	for (size_t i = 0; i < HLL_REGISTERS; i++)
		into[i] = registers[i] > into[i] ? registers[i] : into[i];
	return 0;
}

void
hll_release(struct hll *h)
{
	free(h->data);
	*h = (struct hll){ .data = NULL };
}

size_t
hll_held(const struct hll *h)
{
	return data_bytes(h);
}

/* ---- the estimate ---- */

/* x + sum of x^(2^k) * 2^(k-1), for the registers that are still 0 */
static double
sigma(double x)
{
	double y = 1, z = x, before;

	if (x >= 1)
		return HUGE_VAL;
	do {
		before = z;
		x *= x;
		z += x * y;
		y += y;
	} while (z > before);
	return z;
}

/* (1 - x - sum of (1 - x^(2^-k))^2 * 2^-k) / 3, for those that are full */
static double
tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x <= 0 || x >= 1)
		return 0;
	do {
		before = z;
		x = sqrt(x);
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z < before);
	return z / 3;
}

static double
estimate_dense(const uint8_t *registers)
{
	const double m = HLL_REGISTERS, alpha = 0.5 / M_LN2;
	unsigned counts[REGISTER_MAX + 1] = { 0 };
	double z;

	for (size_t i = 0; i < HLL_REGISTERS; i++)
		counts[registers[i]]++;
	z = m * tau(1 - counts[REGISTER_MAX] / m);
	for (int k = REGISTER_MAX - 1; k >= 1; k--)
		z = 0.5 * (z + counts[k]);
	z += m * sigma(counts[0] / m);
	return alpha * m * m / z;
}

int64_t
hll_estimate(const struct hll *h)
{
	const double cells = (double)(UINT32_C(1) << INDEX_BITS);

	if (!h->data)
		return 0;
	if (!h->capacity)
		return llround(fmin(estimate_dense(h->data), 9e18));
	return llround(-cells * log1p(-(double)h->count / cells));
}

/* ---- the serialised form ---- */

static int
compare_coupons(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int
encode_sparse(const struct hll *h, struct buf *out, struct err *err)
{
	uint32_t sorted[HLL_SPARSE_MAX], count = 0, before = 0;
	const uint32_t *slots = h->data;

	for (uint32_t i = 0; i < h->capacity; i++) {
		if (slots[i])
			sorted[count++] = slots[i];
	}
	qsort(sorted, count, sizeof(*sorted), compare_coupons);
	if (buf_append_char(out, 0, err) || varint_append(out, count, err))
		return -1;
	for (uint32_t i = 0; i < count; before = sorted[i++]) {
		if (varint_append(out, sorted[i] - before, err))
			return -1;
	}
	return 0;
}

int
hll_encode(const struct hll *h, struct buf *out, struct err *err)
{
	if (!h->data || h->capacity)
		return encode_sparse(h, out, err);
	if (buf_append_char(out, 1, err))
		return -1;
	return buf_append(out, slice_make(h->data, HLL_REGISTERS), err);
}

static int
decode_sparse(struct hll *h, struct slice *bytes, struct err *err)
{
	varint_wide count, distance;
	uint32_t coupon = 0, index = 0;
	size_t held = 0;

	if (!varint_take(bytes, HLL_SPARSE_MAX, &count))
		return aggregate_damaged(err);
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		uint32_t rank;

		if (!varint_take(bytes, UINT32_MAX - coupon, &distance))
			return aggregate_damaged(err);
		coupon += (uint32_t)distance;
		rank = coupon & ((UINT32_C(1) << RANK_BITS) - 1);
		if (!rank || rank > RANK_MAX || (i && index_of(coupon) == index))
			return aggregate_damaged(err);
		index = index_of(coupon);
		if (add_coupon(h, coupon, &held, err))
			return -1;
	}
	return 0;
}

static int
decode_dense(struct hll *h, struct slice *bytes, struct err *err)
{
	const uint8_t *registers = (const uint8_t *)bytes->data;
	size_t held = 0, used = 0;

	if (bytes->len < HLL_REGISTERS)
		return aggregate_damaged(err);
	for (size_t i = 0; i < HLL_REGISTERS; i++) {
		if (registers[i] > REGISTER_MAX)
			return aggregate_damaged(err);
		used += registers[i] > 0;
	}
	if (!used)
		return aggregate_damaged(err);
	if (rebuild(h, 0, &held, err))
		return -1;
	memcpy(h->data, registers, HLL_REGISTERS);
	*bytes = slice_skip(*bytes, HLL_REGISTERS);
	return 0;
}

int
hll_decode(struct hll *h, struct slice *bytes, struct err *err)
{
	bool is_dense;

	if (!bytes->len || (unsigned char)bytes->data[0] > 1)
		return aggregate_damaged(err);
	is_dense = bytes->data[0] == 1;
	*bytes = slice_skip(*bytes, 1);
	return is_dense ? decode_dense(h, bytes, err) : decode_sparse(h, bytes, err);
}
