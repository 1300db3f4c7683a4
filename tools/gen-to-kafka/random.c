/* SPDX-License-Identifier: MIT */
#include "gen-to-kafka/random.h"

#include <string.h>

/* 2^64 divided by the golden ratio, odd: SplitMix64's step. */
#define GAMMA UINT64_C(0x9e3779b97f4a7c15)

uint64_t
random_scatter(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

void
random_seed(struct random *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		seed += GAMMA;
		r->s[i] = random_scatter(seed);
	}
}

void
random_jump(struct random *r)
{
	/* the jump polynomial of xoshiro256, from its authors' page */
	static const uint64_t polynomial[] = {
		UINT64_C(0x180ec6d33cfd0aba),
		UINT64_C(0xd5a61266f0c9392c),
		UINT64_C(0xa9582618e03fc9aa),
		UINT64_C(0x39abdc4529b1661c),
	};
	struct random sum = { { 0 } };

	for (int bit = 0; bit < 256; bit++) {
		if (polynomial[bit / 64] >> (bit % 64) & 1) {
			for (int i = 0; i < 4; i++)
				sum.s[i] ^= r->s[i];
		}
		(void)random_next(r);
	}
	*r = sum;
}

uint64_t
random_below_again(struct random *r, uint64_t bound, uint64_t low, uint64_t drawn)
{
	uint64_t uneven =
	    (0 - bound) % bound; /* 2^64 mod bound: so many would come once too often */

	while (low < uneven) {
		random_wide product = (random_wide)random_next(r) * bound;

		low = (uint64_t)product;
		drawn = (uint64_t)(product >> 64);
	}
	return drawn;
}
