/* SPDX-License-Identifier: MIT */
/*
 * A source gives records one after another and takes positions back. One thread.
 */
#ifndef SLUICE_SOURCE_SOURCE_H
#define SLUICE_SOURCE_SOURCE_H

#include "flow/record.h"

enum source_status {
	SOURCE_RECORD, /* *ret_record is set, borrowed until the next call */
	SOURCE_WAIT,   /* nothing before the deadline, or a stop was requested (stop_requested) */
	SOURCE_REJECT, /* a record that cannot be given (too long, a bad envelope, a bad row): err says
	                * why with its place; *ret_record has its position and, where known, raw bytes
	                * (perhaps cut short) for the dead letter. The next call goes on behind it. */
	SOURCE_END,    /* the end of bounded input; of a group's share, asked again behind a rebalance,
	                * perhaps not the last one */
	SOURCE_FAILED, /* err is set */
};

/* What a stream may be committed to: the next offset to read, with metadata (NULL: none). */
struct commit_point {
	int32_t stream;
	int64_t sequence;
	const char *metadata;
};

/*
 * What a source tells its user, from inside source_next. Any may be NULL. A return of -1 with err
 * makes source_next fail.
 */
struct source_events {
	void *context;
	/* A stream begins at `sequence`; metadata is that of the commit it starts from, "" if it has none;
	 * NULL: nothing is committed, and the sequence comes from the options or the log. */
	int (*assigned)(void *context, int32_t stream, uint32_t term, int64_t sequence,
	    const char *metadata, struct err *);
	/* Streams are about to be taken away: finish or drop their work; source_commit may be
	 * called now unless is_lost. Called once with all of them. */
	int (*revoked)(void *context, const int32_t *streams, size_t count, bool is_lost, struct err *);
	/* The stream has been read to its present end. */
	void (*at_end)(void *context, int32_t stream, int64_t sequence);
	/* Records from where it was read to up to `sequence` have expired; reading goes on there. Only where the
	 * source was told to accept that; it fails otherwise. */
	int (*gap)(void *context, int32_t stream, int64_t sequence, struct err *);
	/* Of bounded input: the stream gives nothing more under this assignment. */
	void (*ended)(void *context, int32_t stream);
};

struct source;

struct source_ops {
	enum source_status (*next)(struct source *, int64_t deadline_mono_ms, struct record *,
	    struct err *);
	/* 1: refused, see source_commit_or_lose */
	int (*commit)(struct source *, const struct commit_point *, size_t count, struct err *);
	void (*free)(struct source *);
	/* NULL for sources that need none */
	int (*fd)(const struct source *);
	bool (*is_endless)(const struct source *);
	int (*serve)(struct source *, struct err *);
	void (*hold)(struct source *, int32_t stream, bool is_held);
	int64_t (*lag)(const struct source *);
	int64_t (*passed)(const struct source *);
	int (*drained)(struct source *, bool **ret, size_t *ret_count, struct err *);
};

/* First member of every source. */
struct source {
	const struct source_ops *ops;
};

/*
 * deadline_mono_ms: 0 asks only for what is at hand; CLOCK_NEVER waits until a record, the end or a
 * request to stop. After a stop was requested no further records are given.
 */
static inline enum source_status
source_next(struct source *s, int64_t deadline_mono_ms, struct record *ret_record, struct err *err)
{
	return s->ops->next(s, deadline_mono_ms, ret_record, err);
}

/*
 * Returns when the commit is acknowledged; nothing to do for sources without positions to keep.
 * ERR_STOPPED where this member was fenced or has lost a stream of it. 1: the member was fenced and joins anew;
 * nothing is committed, and source_next is going to tell that all streams are lost.
 */
static inline int
source_commit_or_lose(
    struct source *s, const struct commit_point *points, size_t count, struct err *err)
{
	return s->ops->commit(s, points, count, err);
}

/* The same for who need not know yet: 0 says that it is acknowledged, or that the streams are lost. */
static inline int
source_commit(struct source *s, const struct commit_point *points, size_t count, struct err *err)
{
	return s->ops->commit(s, points, count, err) < 0 ? -1 : 0;
}

/* After SOURCE_WAIT: readable when source_next should be called again (and once a second is soon
 * enough where it stays silent). For loops that wait for other descriptors too. -1: none, ask now
 * and then. */
static inline int
source_fd(const struct source *s)
{
	return s->ops->fd ? s->ops->fd(s) : -1;
}

/* No end of its own is known. */
static inline bool
source_is_endless(const struct source *s)
{
	return s->ops->is_endless && s->ops->is_endless(s);
}

/* For who has no room for a record now: tells events, and keeps a member of a group alive. Several
 * times a second, so that others do not wait for a partition. */
static inline int
source_serve(struct source *s, struct err *err)
{
	return s->ops->serve ? s->ops->serve(s, err) : 0;
}

/* Can it leave one stream alone and read the others? */
static inline bool
source_can_hold(const struct source *s)
{
	return s->ops->hold != NULL;
}

/* The stream is not read, or is again; what was fetched in one go with its last record (a thousand
 * at most) may still be given. Until it is released or revoked. Nothing is paused: its prefetch
 * stays. */
static inline void
source_hold(struct source *s, int32_t stream, bool is_held)
{
	if (s->ops->hold)
		s->ops->hold(s, stream, is_held);
}

/*
 * Of a topic that is read in a group: for each partition, whoever owns it, whether all that its log now holds is
 * committed. *ret is to be freed. Asks the broker, for some seconds at most; ERR_UNAVAILABLE where it does not answer.
 */
static inline int
source_drained(struct source *s, bool **ret, size_t *ret_count, struct err *err)
{
	return s->ops->drained
	           ? s->ops->drained(s, ret, ret_count, err)
	           : err_set(err, ERR_FAULT, "this input has no group");
}

/* Records between what was read and the ends as last known; -1: not known, or there is no end. */
static inline int64_t
source_lag(const struct source *s)
{
	return s->ops->lag ? s->ops->lag(s) : -1;
}

/*
 * Of input that is read up to an end that is known: how much of it is behind what was read, in the unit of the lag,
 * which need not be records (offsets of a topic where some have been compacted away). -1: no such end, or not yet.
 */
static inline int64_t
source_passed(const struct source *s)
{
	return s->ops->passed ? s->ops->passed(s) : -1;
}

static inline void
source_free(struct source *s)
{
	if (s)
		s->ops->free(s);
}

#endif
