/* SPDX-License-Identifier: MIT */
#include "flow/pace.h"

enum {
	DELAY_MS_MAX = 20 * 1000,
	DELAY_MS_FIRST = 50,
	DELAY_MS_FIRST_THROTTLED = 500,
	MILLI = 1000,
};

void
pace_start(struct pace *p)
{
	p->connections_milli = p->connections_max * MILLI;
	p->batch = p->batch_max;
	p->request = p->slowed = 0;
}

size_t
pace_connections(const struct pace *p)
{
	return p->connections_milli / MILLI;
}

size_t
pace_batch(const struct pace *p)
{
	return p->batch;
}

int64_t
pace_send(struct pace *p)
{
	return ++p->request;
}

void
pace_throttled(struct pace *p, int64_t request)
{
	if (request <= p->slowed)
		return;
	p->slowed = p->request;
	p->connections_milli /= 2;
	if (p->connections_milli < MILLI)
		p->connections_milli = MILLI;
	p->batch -= p->batch > 1 ? (p->batch + 3) / 4 : 0;
}

void
pace_succeeded(struct pace *p)
{
	p->connections_milli += MILLI * MILLI / p->connections_milli + 1;
	if (p->connections_milli > p->connections_max * MILLI)
		p->connections_milli = p->connections_max * MILLI;
	p->batch += p->batch_max / 16 + 1;
	if (p->batch > p->batch_max)
		p->batch = p->batch_max;
}

/* splitmix64 */
static uint64_t
next_random(struct pace *p)
{
	uint64_t z = p->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

int64_t
pace_delay_ms(struct pace *p, unsigned failures, bool is_throttled, int64_t retry_after_ms)
{
	int64_t max_ms = is_throttled ? DELAY_MS_FIRST_THROTTLED : DELAY_MS_FIRST, delay_ms;

	for (unsigned i = 1; i < failures && max_ms < DELAY_MS_MAX; i++)
		max_ms *= 2;
	if (max_ms > DELAY_MS_MAX)
		max_ms = DELAY_MS_MAX;
	delay_ms = (int64_t)(next_random(p) % (uint64_t)(max_ms + 1));
	return delay_ms > retry_after_ms ? delay_ms : retry_after_ms;
}
