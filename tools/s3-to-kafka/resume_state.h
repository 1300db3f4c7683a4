/* SPDX-License-Identifier: MIT */
/*
 * What --resume-id keeps between runs: one JSON document, the value of one record in a compacted
 * topic. Pure.
 *
 * One place in the input cannot say what was sent out of a re-sorted buffer. So there are two and a
 * mark: `read`, before which every record has been taken up; `oldest`, before which none waits to be
 * sent; and `last`, the highest (event time, sequence) sent or rejected. Whatever waits is above `last`
 * (reorder.h), so reading anew from `oldest` and passing over, before `read`, what is not above `last`
 * brings back what waited, and nothing else.
 */
#ifndef SLUICE_S3_TO_KAFKA_RESUME_STATE_H
#define SLUICE_S3_TO_KAFKA_RESUME_STATE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "source/objects.h"

enum { RESUME_FACTS_MAX = 48, RESUME_RUN_BYTES = 33, RESUME_STATE_BYTES_MAX = 1024 * 1024 };

/* What shapes the output, by the option's name, in the order added; texts owned. With other options
 * the rest of the input would not continue what was sent. */
struct resume_facts {
	struct resume_fact {
		char *name;
		char *value;
	} facts[RESUME_FACTS_MAX];
	size_t count;
};

/* name: "--key". A value of NULL, an option not given, adds nothing. */
int resume_facts_add(struct resume_facts *, const char *name, const char *value, struct err *);
int resume_facts_add_int(struct resume_facts *, const char *name, int64_t value, struct err *);
void resume_facts_release(struct resume_facts *);

/* ERR_DATA that names what is different and how it was. */
int resume_facts_compare(const struct resume_facts *then, const struct resume_facts *now,
    struct err *);

struct resume_counts {
	int64_t read; /* = sent + rejected + skipped + those that wait */
	int64_t sent;
	int64_t rejected;
	int64_t skipped;
};

/* Where the replay stands. */
struct resume_point {
	struct objects_mark read;
	struct objects_mark oldest; /* of those that wait; read, where none does */
	bool has_last;
	int64_t last_time_ms;
	int64_t last_sequence;
	bool has_shift;
	int64_t shift_ms;           /* --shift-to-now: added to event times */
	struct resume_counts counts;
	bool is_done;               /* the end of the input was reached and nothing waits */
	bool is_over;               /* --until was passed: nothing more is ever sent */
};

struct resume_state {
	struct resume_facts facts;
	char run[RESUME_RUN_BYTES];         /* of the process that wrote it, at random */
	char digest[OBJECTS_DIGEST_BYTES];  /* of the objects up to that of `read` */
	char *object;                       /* name of that one, for messages */
	struct resume_point point;
};

void resume_state_release(struct resume_state *);

int resume_state_print(const struct resume_state *, struct buf *out, struct err *);

/* ERR_DATA where it is not what resume_state_print wrote, ERR_USAGE where a newer version did. */
int resume_state_parse(struct slice text, struct resume_state *ret, struct err *);

/* Whether a record before `read` was sent: otherwise it waits, anew. */
bool resume_was_sent(const struct resume_point *, int64_t time_ms, int64_t sequence);

/* The sequence of the first record not taken up. */
static inline int64_t
resume_read_sequence(const struct resume_point *p)
{
	return p->read.sequence + p->read.skip;
}

#endif
