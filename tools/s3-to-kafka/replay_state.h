/* SPDX-License-Identifier: MIT */
/* Inside the replay: its state, shared by replay.c (rounds, the end), replay_clock.c (what happens by
 * the clock: pace, watermarks, commits), replay_send.c and replay_read.c. For these alone. */
#ifndef SLUICE_S3_TO_KAFKA_REPLAY_STATE_H
#define SLUICE_S3_TO_KAFKA_REPLAY_STATE_H

#include "s3-to-kafka/bookmark.h"
#include "s3-to-kafka/places.h"
#include "s3-to-kafka/replay.h"

enum step {
	GO_ON,
	ENDED,   /* of this round: --until, or -c */
	STOPPED, /* a signal */
	FAILED,
};

struct replay {
	struct replay_options options;
	struct replay_input input;
	struct source *source;
	struct outlet *outlet;
	struct deadletter *letters;
	struct resume *resume; /* NULL: no position is kept */
	struct bookmark bookmark;
	struct places places; /* without a resume */
	size_t from_object;
	int64_t begin_bytes; /* of the input, before the first record of this round */
	int64_t given;       /* records the source has given in this round */
	struct composer *composer;
	struct reorder *reorder; /* NULL without a horizon */
	struct schedule schedule;
	const struct record *record; /* the one at hand, NULL where an item comes from the horizon */
	/* --shift-to-now */
	bool has_shift_begun;
	int64_t shift_ms;
	struct buf moved;
	/* results */
	int64_t read;
	int64_t skipped;
	int64_t round_sent;
	/* what happens by the clock */
	struct replay_watch watch;
	int64_t tell_us; /* due; INT64_MAX: never */
	int64_t watermark_due_us; /* INT64_MAX: never */
	int64_t last_event_ms;
	int64_t behind_us;
	unsigned until_clock;
};

/* While nothing comes, or nothing is due: how long it sleeps at most. */
enum { REPLAY_STEP_US = 500 * 1000 };

/* ---- replay_clock.c ---- */

/* Everything sent, and where the replay stands, if that is kept. */
int replay_commit(struct replay *, bool is_done, int64_t deadline_mono_ms, struct err *);
int replay_send_watermark(struct replay *, struct err *);
enum step replay_tick(struct replay *, int64_t now_us, struct err *);
/* Once every few records that go at full speed. */
enum step replay_tick_sometimes(struct replay *, struct err *);
enum step replay_wait_until_due(struct replay *, int64_t event_ms, struct err *);

/* ---- replay_send.c ---- */

/* In the order of the output: the first behind --until ends the round. */
enum step replay_send_item(struct replay *, const struct reorder_item *, struct err *);
/* Of what waits in the horizon: all, or what it cannot hold. */
enum step replay_send_waiting(struct replay *, bool all, struct err *);
enum step replay_skip(struct replay *, int64_t sequence, struct err *);
/* To the dead letter target. */
enum step replay_put_away(struct replay *, const struct record *, const struct err *why,
    struct err *);

/* ---- replay_read.c ---- */

/* The next record, to wherever it goes. */
enum step replay_read_record(struct replay *, struct err *);

#endif
