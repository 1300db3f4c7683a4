/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <limits.h>
#include <time.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec now;

	/* cannot fail for these clocks */
	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_mono_rough_ms(void)
{
	return read_us(CLOCK_MONOTONIC_COARSE) / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int
clock_poll_ms(int64_t deadline_mono_ms)
{
	int64_t left;

	if (deadline_mono_ms == CLOCK_NEVER)
		return -1;
	left = deadline_mono_ms - clock_mono_ms();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t
clock_deadline(int64_t duration_ms)
{
	int64_t now = clock_mono_ms();

	return duration_ms >= CLOCK_NEVER - now ? CLOCK_NEVER - 1 : now + duration_ms;
}
