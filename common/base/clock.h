/* SPDX-License-Identifier: MIT */
/*
 * Clocks. Wall time is ms since the epoch, UTC; monotonic time is for deadlines and is compared
 * with itself only. Pure rooms (codec, flow) take times as arguments instead.
 */
#ifndef SLUICE_BASE_CLOCK_H
#define SLUICE_BASE_CLOCK_H

#include <stdint.h>

/* A deadline that never comes. */
#define CLOCK_NEVER INT64_MAX

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* clock_mono_ms as it was at the kernel's last tick, at most 10 ms ago: a fifth of the cost, for what asks at each
 * record (clock_gettime(2), CLOCK_MONOTONIC_COARSE). */
int64_t clock_mono_rough_ms(void);

/* Milliseconds from now until the deadline, 0 where it has passed, for poll(2): at most INT_MAX,
 * -1 (wait for ever) for CLOCK_NEVER. */
int clock_poll_ms(int64_t deadline_mono_ms);

/* now + duration_ms, held below CLOCK_NEVER. */
int64_t clock_deadline(int64_t duration_ms);

#endif
