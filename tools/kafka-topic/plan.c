/* SPDX-License-Identifier: MIT */
#include "kafka-topic/plan.h"

static int64_t
add_held(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static int64_t
asked(const struct offset_spec *to, const struct plan_partition *p)
{
	switch (to->kind) {
	case OFFSET_STORED:
	case OFFSET_BEGINNING:
		break;
	case OFFSET_END:
		return p->end;
	case OFFSET_AT:
		return to->value;
	case OFFSET_TAIL: /* of fewer records: all of them */
		return p->end - p->begin > to->value ? p->end - to->value : p->begin;
	case OFFSET_TIME:
		return p->at_time >= 0 ? p->at_time : p->end;
	}
	return p->begin;
}

enum plan_fate
plan_offset(const struct request *r, const struct plan_partition *p, int64_t *ret)
{
	/* the time is asked for after the end: records may have come between */
	int64_t end = p->at_time > p->end ? p->at_time : p->end;
	int64_t offset;

	if (r->has_shift && p->committed < 0)
		return PLAN_NOTHING;
	offset = r->has_shift ? add_held(p->committed, r->shift) : asked(&r->to, p);
	*ret = offset < p->begin ? p->begin : offset > end ? end : offset;
	if (offset == *ret)
		return PLAN_AS_ASKED;
	return offset < *ret ? PLAN_HELD_AT_BEGIN : PLAN_HELD_AT_END;
}

const char *
plan_words(enum plan_fate fate)
{
	switch (fate) {
	case PLAN_HELD_AT_BEGIN:
		return "the log starts later: held at its start";
	case PLAN_HELD_AT_END:
		return "the log ends before: held at its end";
	case PLAN_NOTHING:
		return "nothing is committed that could be shifted";
	case PLAN_AS_ASKED:
		break;
	}
	return "";
}
