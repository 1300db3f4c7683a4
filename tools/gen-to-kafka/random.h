/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-random numbers that are the same on every platform: integers only. xoshiro256** 1.0, state
 * filled by SplitMix64 (D. Blackman, S. Vigna, "Scrambled Linear Pseudorandom Number Generators",
 * ACM TOMS 47(4), 2021, and https://prng.di.unimi.it/). Not for secrets.
 */
#ifndef SLUICE_GEN_TO_KAFKA_RANDOM_H
#define SLUICE_GEN_TO_KAFKA_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t s[4]; /* never all 0 */
};

void random_seed(struct random *, uint64_t seed);

/* As 2^128 calls of random_next: streams that begin a jump apart do not meet. */
void random_jump(struct random *);

/* SplitMix64's output function: a permutation of the 64-bit numbers. */
uint64_t random_scatter(uint64_t);

/* The rest of random_below, where the first draw does not do. */
uint64_t random_below_again(struct random *, uint64_t bound, uint64_t low, uint64_t drawn);

static inline uint64_t
random_rotate(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

static inline uint64_t
random_next(struct random *r)
{
	uint64_t result = random_rotate(r->s[1] * 5, 7) * 9;
	uint64_t t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = random_rotate(r->s[3], 45);
	return result;
}

/* -Wpedantic knows no 128-bit integers. */
__extension__ typedef unsigned __int128 random_wide;

/*
 * Evenly from 0 to bound - 1; bound 0 stands for 2^64. A multiplication in place of a division: D.
 * Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29(1), 2019, algorithm 5.
 */
static inline uint64_t
random_below(struct random *r, uint64_t bound)
{
	uint64_t drawn = random_next(r);
	random_wide product;

	if (!bound)
		return drawn;
	product = (random_wide)drawn * bound;
	if ((uint64_t)product < bound)
		return random_below_again(r, bound, (uint64_t)product, (uint64_t)(product >> 64));
	return (uint64_t)(product >> 64);
}

#endif
