/* SPDX-License-Identifier: MIT */
#include "flow/meter.h"

void
meter_begin(struct meter *m, int64_t now_mono_ms)
{
	static const struct meter_numbers nothing = METER_NUMBERS_INIT;

	*m = (struct meter){ .begun_ms = now_mono_ms };
	m->now = (struct meter_sample){ .at_ms = now_mono_ms, .numbers = nothing };
	m->samples[m->count++] = m->now;
}

void
meter_take(struct meter *m, const struct meter_numbers *numbers, int64_t now_mono_ms)
{
	const struct meter_sample *last = &m->samples[(m->count - 1) % METER_SAMPLES];

	m->now = (struct meter_sample){ .at_ms = now_mono_ms, .numbers = *numbers };
	if (now_mono_ms - last->at_ms >= METER_SAMPLE_MS)
		m->samples[m->count++ % METER_SAMPLES] = m->now;
}

/* The oldest sample of these last ms; where they are sparser than that, the newest one before them. */
static const struct meter_sample *
sample_since(const struct meter *m, int64_t ms)
{
	size_t held = m->count < METER_SAMPLES ? m->count : METER_SAMPLES;
	const struct meter_sample *found = NULL;

	for (size_t i = 1; i <= held; i++) {
		const struct meter_sample *s = &m->samples[(m->count - i) % METER_SAMPLES];

		if (s->at_ms >= m->now.at_ms) /* taken just now */
			continue;
		if (found && m->now.at_ms - s->at_ms > ms)
			break;
		found = s;
	}
	return found;
}

static double
rate(int64_t from, int64_t to, int64_t ms)
{
	return (double)(to - from) * 1000 / (double)ms;
}

/* Counts begin at zero. */
static int64_t
counted(int64_t value)
{
	return value < 0 ? 0 : value;
}

static void
read_rates(const struct meter *m, struct meter_reading *ret)
{
	const struct meter_sample *s = sample_since(m, METER_RATE_MS);
	const struct meter_numbers *n = &m->now.numbers;
	int64_t ms = s ? m->now.at_ms - s->at_ms : 0;

	ret->record_rate = ret->byte_rate = -1;
	if (!ms)
		return;
	ret->record_rate = rate(s->numbers.records, n->records, ms);
	if (n->bytes >= 0)
		ret->byte_rate = rate(counted(s->numbers.bytes), n->bytes, ms);
}

/* At the speed of the last seconds; -1 where that leads nowhere. */
static int64_t
time_for(int64_t amount, double a_second)
{
	double ms = (double)amount * 1000 / a_second;

	return a_second <= 0 || ms > 1e15 ? -1 : (int64_t)ms;
}

/* A lag shrinks by what is read and grows by what is written to the topic meanwhile: only what it was says how fast. */
static int64_t
time_left(const struct meter *m)
{
	const struct meter_sample *s = sample_since(m, METER_LEFT_MS);
	const struct meter_numbers *n = &m->now.numbers;
	int64_t ms = s ? m->now.at_ms - s->at_ms : 0;

	if (!ms)
		return -1;
	if (n->all > 0 && s->numbers.all > 0 && s->numbers.done < 0)
		return -1; /* it had begun, nobody knows how far it was */
	if (n->all > 0)
		return n->done < 0 || n->done >= n->all
		           ? -1
		           : time_for(n->all - n->done,
			         rate(counted(s->numbers.done), n->done, ms));
	if (n->to_go <= 0 || s->numbers.to_go < 0)
		return -1;
	return time_for(n->to_go, rate(n->to_go, s->numbers.to_go, ms));
}

void
meter_read(const struct meter *m, struct meter_reading *ret)
{
	const struct meter_numbers *n = &m->now.numbers;

	*ret = (struct meter_reading){ .numbers = *n,
		.elapsed_ms = m->now.at_ms - m->begun_ms,
		.percent = -1,
		.left_ms = time_left(m) };
	read_rates(m, ret);
	if (n->all > 0 && n->done >= 0)
		ret->percent = n->done >= n->all ? 100 : 100.0 * (double)n->done / (double)n->all;
}
