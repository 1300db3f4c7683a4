/* SPDX-License-Identifier: MIT */
/* The marks of our partitions: changed here or there, written here only, one after another. */
#include "base/clock.h"
#include "kafka-to-s3/lake_state.h"

void
lake_change_mark(struct lake_stream *s)
{
	s->mark_changes++;
}

/* An update that was begun must be seen to its end before another: that one would be taken for it. */
int
lake_write_mark(struct lake *l, struct lake_stream *s, struct err *err)
{
	while (s->is_mark_begun || s->mark_written != s->mark_changes) {
		int rc;

		if (!s->is_mark_begun)
			s->mark_begun = s->mark_changes;
		rc = mark_write(l->outputs.publisher, l->options.topic, s->number,
		    l->options.group, &s->mark, err);
		s->is_mark_begun = rc > 0;
		if (rc)
			return rc;
		s->mark_written = s->mark_begun;
	}
	return 0;
}

/* When it was says whether the partition is idle: also runs without --success-after say so where one with it has. */
static void
raise(const struct lake *l, struct lake_stream *s)
{
	if (s->mark.until < s->epochs.prepared_until)
		s->mark.until = s->epochs.prepared_until;
	if (l->options.success_after_ms >= 0 || s->mark.at_ms != INT64_MAX)
		s->mark.at_ms = clock_wall_ms();
	lake_change_mark(s);
	s->is_raised = true;
}

static bool
needs_mark(const struct lake *l, const struct lake_stream *s)
{
	return l->options.group && s->epochs.prepared_until >= 0;
}

int
lake_raise_marks(struct lake *l, struct err *err)
{
	for (size_t i = 0; i < l->stream_count; i++) {
		struct lake_stream *s = &l->streams[i];

		if (s->epochs.phase != EPOCH_SETTLE || !needs_mark(l, s))
			continue;
		if (!s->is_raised)
			raise(l, s);
		if (lake_write_mark(l, s, err) < 0)
			return -1;
	}
	return 0;
}

bool
lake_is_marked(const struct lake *l, const struct lake_stream *s)
{
	if (s->epochs.phase != EPOCH_SETTLE)
		return false;
	return !needs_mark(l, s) ||
	    (s->is_raised && !s->is_mark_begun && s->mark_written == s->mark_changes);
}
