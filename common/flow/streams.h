/* SPDX-License-Identifier: MIT */
/*
 * The streams that are read at present, each under one term, and their frontiers: what the lanes know of
 * partitions. Pure.
 */
#ifndef SLUICE_FLOW_STREAMS_H
#define SLUICE_FLOW_STREAMS_H

#include "flow/frontier.h"

struct stream {
	int32_t number;
	uint32_t term;
	int64_t next; /* one past the last taken */
	int64_t stop; /* streams_stop */
};

struct streams {
	struct frontier *frontier;
	struct stream *list; /* as the frontier has them */
	size_t count;
	size_t capacity;
	size_t recent;
};

int streams_init(struct streams *, struct err *);
/* Half-built and zeroed ones too. */
void streams_release(struct streams *);

/* As frontier_assign; what was there of the stream is forgotten. */
int streams_assign(
    struct streams *, int32_t number, uint32_t term, int64_t sequence, struct err *);
void streams_revoke(struct streams *, int32_t number);

/* False for a position of a term that has ended, or of a stream that is unknown. */
bool streams_is_present(struct streams *, struct position);

/* As frontier_take and frontier_skip_to. */
int streams_take(struct streams *, struct position, struct err *);
void streams_skip_to(struct streams *, int32_t number, int64_t sequence);

/* Nothing at or behind this sequence is to be sent under this term. It was not stopped before there. */
void streams_stop(struct streams *, struct position);
bool streams_is_stopped(struct streams *, struct position);

/* Between the frontier and what was taken last; 0 for an unknown stream. */
int64_t streams_ahead(const struct streams *, int32_t number);

#endif
