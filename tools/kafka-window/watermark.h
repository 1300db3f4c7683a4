/* SPDX-License-Identifier: MIT */
/*
 * How far event time has come. A watermark of W says: records before W are not expected any more; a
 * window is complete where its end is at or before W, and a record whose window is complete is
 * late.
 *
 * That is Flink's rule for bounded out-of-orderness, whose watermark is one less and compared with
 * the last millisecond of the window: BoundedOutOfOrdernessWatermarks.onPeriodicEmit gives
 * max - bound - 1, EventTimeTrigger fires where window.maxTimestamp() <= watermark, and
 * WindowOperator.isWindowLate is maxTimestamp() + allowedLateness <= watermark. (Flink SQL's
 * WATERMARK FOR t AS t - INTERVAL has no "- 1": it closes one millisecond of event time earlier.)
 * Flink moves watermarks every 200 ms, here they move with every record: which records are late
 * depends on their order alone.
 *
 * Each stream has a watermark, its largest event time less the bound. The smallest of them counts,
 * idle streams left out; where all are idle, the largest does (Flink: StatusWatermarkValve). The
 * combined watermark never goes back, also when an idle stream wakes up behind it.
 */
#ifndef SLUICE_KAFKA_WINDOW_WATERMARK_H
#define SLUICE_KAFKA_WINDOW_WATERMARK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* No record seen. */
#define WATERMARK_NONE INT64_MIN

/* --idle or --idle-close is not wanted. */
#define WATERMARK_NEVER (-1)

enum {
	STREAMS_MAX = 100000,
	/* Ticks come at least this often. A longer gap means that the process itself stood still
	 * (blocked output, SIGSTOP): what it did not read meanwhile says nothing about its streams.
	 */
	TICK_GAP_MS_MAX = 1000,
};

struct stream {
	int64_t watermark;
	int64_t idle_for_ms;
	bool is_present;
	bool has_news;  /* a record came since the last tick */
	bool is_at_end; /* all there is has been read */
	bool is_idle;
};

struct watermarks {
	struct stream *streams; /* by number */
	uint32_t stream_count;
	int64_t combined;
	int64_t lowest; /* the last minimum, which may lie below the combined watermark */
	int64_t out_of_order_ms;
	int64_t idle_ms;       /* or WATERMARK_NEVER */
	int64_t idle_close_ms; /* or WATERMARK_NEVER */
	int64_t quiet_ms; /* for so long no record got into a window, and all streams were at their
	                     end */
	int64_t tick_ms;  /* the last one */
	bool has_ticked;
	bool has_taken; /* a record got into a window since the last tick */
};

void watermarks_init(
    struct watermarks *, int64_t out_of_order_ms, int64_t idle_ms, int64_t idle_close_ms);
void watermarks_release(struct watermarks *);

/* The stream counts from now on; it holds up the others until it has a record or is idle. `floor`:
 * its watermark from an earlier life, or WATERMARK_NONE. */
int watermarks_add(struct watermarks *, int32_t stream, int64_t floor, struct err *);

static inline bool
watermarks_has(const struct watermarks *m, int32_t stream)
{
	return (uint32_t)stream < m->stream_count && m->streams[stream].is_present;
}

/* Finds the combined watermark anew. */
void watermarks_combine(struct watermarks *);

/* The combined watermark is at least this. */
static inline void
watermarks_raise(struct watermarks *m, int64_t watermark)
{
	if (watermark > m->combined)
		m->combined = watermark;
}

/* A record of a stream that is present. */
static inline void
watermarks_take(struct watermarks *m, int32_t stream, int64_t time_ms)
{
	struct stream *s = &m->streams[stream];
	int64_t watermark, old = s->watermark;
	bool was_idle = s->is_idle;

	s->has_news = true;
	s->is_at_end = false;
	s->is_idle = false;
	if (__builtin_sub_overflow(time_ms, m->out_of_order_ms, &watermark))
		watermark = WATERMARK_NONE;
	if (watermark > old)
		s->watermark = watermark;
	if (was_idle || (watermark > old && old <= m->lowest))
		watermarks_combine(m);
}

/* The stream, which is present, was at least this far in an earlier life. */
void watermarks_go_on(struct watermarks *, int32_t stream, int64_t floor);

/* All there is of the stream has been read (for a pipe: nothing is at hand). */
void watermarks_at_end(struct watermarks *, int32_t stream);

/* The stream gives nothing more: it is idle at once. */
void watermarks_end(struct watermarks *, int32_t stream);

/* Monotonic time passes. True where --idle-close says that open windows end now. */
bool watermarks_tick(struct watermarks *, int64_t now_ms);

/* How long until a tick can change anything, at most TICK_GAP_MS_MAX; -1: no tick will. */
int64_t watermarks_patience_ms(const struct watermarks *);

/* A copy to go back to; `to` is zeroed or an earlier copy. */
int watermarks_copy(struct watermarks *to, const struct watermarks *from, struct err *);

#endif
