/* SPDX-License-Identifier: MIT */
#include "kafka-window/ddsketch.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "kafka-window/aggregate_ops.h"
#include "kafka-window/chunk.h"
#include "kafka-window/varint.h"

enum {
	/* Added to a magnitude's bucket so that it is above 0: doubles have those from -37221, the
	 * smallest denormal's, to 35488. */
	KEY_OF_ONE = 40000,
	KEY_MIN = KEY_OF_ONE - 37300,
	KEY_MAX = KEY_OF_ONE + 35500,
	CAPACITY_MIN = 4,
};

static double
gamma_log(void)
{
	return log((1 + DDSKETCH_ACCURACY) / (1 - DDSKETCH_ACCURACY));
}

static int32_t
key_of(double value)
{
	double bucket;
	int32_t key;

	if (value == 0)
		return 0;
	bucket = ceil(log(fabs(value)) / gamma_log());
	key = KEY_OF_ONE + (int32_t)bucket;
	assert(key >= KEY_MIN && key <= KEY_MAX);
	return value < 0 ? -key : key;
}

/* 2 g^i / (g + 1) with (g + 1) / 2 = 1 / (1 - a) */
static double
value_of(int32_t key)
{
	double value;

	if (!key)
		return 0;
	value = exp((abs(key) - KEY_OF_ONE) * gamma_log() + log1p(-DDSKETCH_ACCURACY));
	return copysign(fmin(value, DBL_MAX), key);
}

/* Index of the first bucket that is not below the key. */
static uint32_t
lower_bound(const struct ddsketch *s, int32_t key)
{
	uint32_t low = 0, high = s->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->buckets[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
make_room(struct ddsketch *s, size_t *held, struct err *err)
{
	uint32_t capacity = s->capacity ? s->capacity * 2 : CAPACITY_MIN;
	struct ddsketch_bucket *buckets;

	if (s->count < s->capacity)
		return 0;
	buckets = reallocarray(s->buckets, capacity, sizeof(*buckets));
	if (!buckets)
		return err_no_memory(err);
	*held -= ddsketch_held(s);
	s->buckets = buckets;
	s->capacity = capacity;
	*held += ddsketch_held(s);
	return 0;
}

/* A new bucket at the index of a full sketch: the lowest one goes into the next, which may be it. */
static int
replace_lowest(
    struct ddsketch *s, uint32_t at, const struct ddsketch_bucket *bucket, struct err *err)
{
	int64_t lowest = s->buckets[0].count;

	if (at == 0)
		return aggregate_count_add(&s->buckets[0].count, bucket->count, err);
	memmove(s->buckets, s->buckets + 1, (at - 1) * sizeof(*bucket));
	s->buckets[at - 1] = *bucket;
	return aggregate_count_add(&s->buckets[0].count, lowest, err);
}

static int
add_bucket(
    struct ddsketch *s, const struct ddsketch_bucket *bucket, size_t *held, struct err *err)
{
	uint32_t at = lower_bound(s, bucket->key);

	if (at < s->count && s->buckets[at].key == bucket->key)
		return aggregate_count_add(&s->buckets[at].count, bucket->count, err);
	if (s->count == DDSKETCH_BUCKETS_MAX)
		return replace_lowest(s, at, bucket, err);
	if (make_room(s, held, err))
		return -1;
	memmove(s->buckets + at + 1, s->buckets + at, (s->count - at) * sizeof(*bucket));
	s->buckets[at] = *bucket;
	s->count++;
	return 0;
}

int
ddsketch_add(struct ddsketch *s, double value, size_t *held, struct err *err)
{
	const struct ddsketch_bucket bucket = { .count = 1, .key = key_of(value) };

	return add_bucket(s, &bucket, held, err);
}

int
ddsketch_merge(struct ddsketch *s, const struct ddsketch *from, size_t *held, struct err *err)
{
	for (uint32_t i = 0; i < from->count; i++) {
		if (add_bucket(s, &from->buckets[i], held, err))
			return -1;
	}
	return 0;
}

bool
ddsketch_quantile(const struct ddsketch *s, int64_t share, double *ret)
{
	const varint_wide all = DDSKETCH_SHARE_ALL;
	varint_wide total = 0, rank;
	uint32_t at = 0;

	if (!s->count)
		return false;
	for (uint32_t i = 0; i < s->count; i++)
		total += (uint64_t)s->buckets[i].count;
	rank = (total * (uint64_t)share + all - 1) / all;
	rank -= rank > 0; /* counted from 0 */
	while (rank >= (uint64_t)s->buckets[at].count)
		rank -= (uint64_t)s->buckets[at++].count;
	*ret = value_of(s->buckets[at].key);
	return true;
}

void
ddsketch_release(struct ddsketch *s)
{
	free(s->buckets);
	*s = (struct ddsketch){ .buckets = NULL };
}

size_t
ddsketch_held(const struct ddsketch *s)
{
	return chunk_bytes(s->capacity * sizeof(*s->buckets));
}

/* ---- the serialised form ---- */

int
ddsketch_encode(const struct ddsketch *s, struct buf *out, struct err *err)
{
	if (varint_append(out, s->count, err))
		return -1;
	for (uint32_t i = 0; i < s->count; i++) {
		const struct ddsketch_bucket *b = &s->buckets[i];

		if (i ? varint_append(out, (varint_wide)(b->key - b[-1].key), err)
		      : varint_append_signed(out, b->key, err))
			return -1;
		if (varint_append(out, (varint_wide)b->count, err))
			return -1;
	}
	return 0;
}

static bool
take_bucket(struct slice *bytes, const struct ddsketch_bucket *before, struct ddsketch_bucket *ret)
{
	varint_wide distance = 0, count;
	int64_t key;

	if (before ? !varint_take(bytes, 2 * KEY_MAX, &distance)
	           : !varint_take_int64(bytes, &key))
		return false;
	if (before)
		key = before->key + (int64_t)distance;
	if ((before && !distance) || key < -KEY_MAX || key > KEY_MAX ||
	    (key && key > -KEY_MIN && key < KEY_MIN) || !varint_take(bytes, INT64_MAX, &count) ||
	    !count)
		return false;
	*ret = (struct ddsketch_bucket){ .count = (int64_t)count, .key = (int32_t)key };
	return true;
}

int
ddsketch_decode(struct ddsketch *s, struct slice *bytes, struct err *err)
{
	struct ddsketch_bucket bucket;
	varint_wide count;
	size_t held = 0;

	if (!varint_take(bytes, DDSKETCH_BUCKETS_MAX, &count))
		return aggregate_damaged(err);
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		if (!take_bucket(bytes, i ? &s->buckets[i - 1] : NULL, &bucket))
			return aggregate_damaged(err);
		if (add_bucket(s, &bucket, &held, err))
			return -1;
	}
	return 0;
}
