/* SPDX-License-Identifier: MIT */
/* _SUCCESS in the paths that are thought complete (kafka-to-s3/success.h). */
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "kafka-to-s3/lake_state.h"

/* The marks of all partitions are read no more often than this. */
enum { LOOK_EVERY_MS = 10 * 1000, WRITE_WAIT_MS = 1000 };

/* In one go: the group is not heard meanwhile. */
enum { MAKE_MS_MAX = 10 * 1000 };

static bool
is_wanted(const struct lake *l)
{
	return l->options.success_after_ms >= 0;
}

/* ---- what is pending ---- */

int
lake_note_published(struct lake *l, struct lake_stream *s, struct err *err)
{
	enum template_unit unit;
	bool was_full = s->mark.success.is_full;

	if (!is_wanted(l))
		return 0;
	unit = template_unit(l->template);
	s->mark.success.is_of_pipe = !l->options.topic;
	for (size_t i = 0; i < s->bundle.count; i++) {
		const struct object *o = s->bundle.objects[i];
		bool has_time = o->event_max_ms != RECORD_NO_TIME;

		/* without a time it is never complete, but where the input ends */
		if (!has_time && l->options.topic)
			continue;
		if (success_note(&s->mark.success, o->path, o->event_max_ms,
			has_time ? template_unit_end(unit, o->event_max_ms) : INT64_MAX, err))
			return -1;
	}
	if (s->mark.success.is_full && !was_full)
		diag_warn("too many paths wait for their " SUCCESS_NAME " at a time: some will not get it");
	return 0;
}

int
lake_write_mark(struct lake *l, const struct lake_stream *s, struct err *err)
{
	return mark_write(
	    l->outputs.publisher, l->options.topic, s->number, l->options.group, &s->mark, err);
}

/* An update that was begun must be seen to its end before another: that one would be taken for it. */
static int
write_mark_now(struct lake *l, const struct lake_stream *s, struct err *err)
{
	int rc;

	do {
		publisher_begin_turn(l->outputs.publisher);
		rc = lake_write_mark(l, s, err);
		if (rc > 0)
			publisher_wait(l->outputs.publisher, clock_deadline(WRITE_WAIT_MS));
	} while (rc > 0);
	return rc;
}

/* ---- making ---- */

/* Of those that the watermark has passed; *ret_count is raised by how many. What is not done by the deadline is left for
 * the next time. */
static int
complete(struct lake *l, struct success *s, int64_t watermark_ms, int64_t deadline_ms,
    size_t *ret_count, struct err *err)
{
	for (size_t i = s->count; i-- > 0 && clock_mono_ms() < deadline_ms;) {
		const char *path = s->paths[i].path;

		if (!success_is_complete(&s->paths[i], watermark_ms, l->options.success_after_ms))
			continue;
		if (publisher_make_empty(l->outputs.publisher, path, SUCCESS_NAME, err))
			return -1;
		diag_detail("%s/%s is complete", publisher_target(l->outputs.publisher), path);
		success_remove(s, i);
		++*ret_count;
	}
	return 0;
}

int
lake_succeed_all(struct lake *l, struct err *err)
{
	for (size_t i = 0; is_wanted(l) && i < l->stream_count; i++) {
		struct success *s = &l->streams[i].mark.success;

		while (s->count) {
			if (publisher_make_empty(l->outputs.publisher, s->paths[s->count - 1].path,
				SUCCESS_NAME, err))
				return -1;
			success_remove(s, s->count - 1);
		}
	}
	return 0;
}

/* ---- the watermark ---- */

static int
read_partition(struct lake *l, size_t number, struct success_partition *ret, struct err *err)
{
	struct mark mark = MARK_INIT;

	if (mark_read(l->outputs.publisher, l->options.topic, (int32_t)number, l->options.group,
		&mark, err))
		return -1;
	ret->time_ms = mark.success.time_ms;
	ret->written_ms = mark.at_ms;
	mark_release(&mark);
	return 0;
}

/* The broker is asked first: what had nothing new then, by its mark afterwards, had not. */
static int
find_watermark(struct lake *l, int64_t *ret_ms, struct err *err)
{
	struct success_partition *partitions = NULL;
	bool *drained = NULL;
	size_t count;
	int rc = -1;

	if (source_drained(l->source, &drained, &count, err))
		return -1;
	partitions = calloc(count + 1, sizeof(*partitions));
	if (!partitions) {
		err_no_memory(err);
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		partitions[i].is_drained = drained[i];
		if (read_partition(l, i, &partitions[i], err))
			goto out;
	}
	*ret_ms = success_watermark(
	    partitions, count, clock_wall_ms(), l->options.success_after_ms);
	rc = 0;
out:
	free(partitions);
	free(drained);
	return rc;
}

/* By what is known without asking: no watermark can be higher than that of our own partitions. */
static bool
may_be_complete(const struct lake *l)
{
	int64_t now_ms = clock_wall_ms(), most_ms = INT64_MAX;

	for (size_t i = 0; i < l->stream_count; i++) {
		const struct mark *mark = &l->streams[i].mark;
		struct success_partition ours = { .time_ms = mark->success.time_ms,
			.written_ms = mark->at_ms,
			.is_drained = true };
		int64_t ms = success_watermark(&ours, 1, now_ms, l->options.success_after_ms);

		if (ms < most_ms)
			most_ms = ms;
	}
	for (size_t i = 0; i < l->stream_count; i++) {
		if (success_has_complete(
			&l->streams[i].mark.success, most_ms, l->options.success_after_ms))
			return true;
	}
	return false;
}

/* A partition that never had a record must be told from one that is not read yet: from its first mark on it can count
 * as idle. What is before `until` is committed. */
static int
mark_untouched(struct lake *l, struct err *err)
{
	for (size_t i = 0; i < l->stream_count; i++) {
		struct lake_stream *s = &l->streams[i];

		if (s->mark.at_ms != INT64_MAX || !epochs_is_settled(&s->epochs))
			continue;
		if (s->mark.until < s->epochs.open.begin)
			s->mark.until = s->epochs.open.begin;
		s->mark.at_ms = clock_wall_ms();
		if (write_mark_now(l, s, err))
			return -1;
	}
	return 0;
}

static int
look(struct lake *l, int64_t deadline_ms, struct err *err)
{
	int64_t watermark_ms;

	if (mark_untouched(l, err))
		return -1;
	if (!may_be_complete(l))
		return 0;
	if (find_watermark(l, &watermark_ms, err)) {
		if (err->class != ERR_UNAVAILABLE)
			return -1;
		diag_detail("%s", err->text);
		err_clear(err);
		return 0;
	}
	for (size_t i = 0; i < l->stream_count; i++) {
		struct lake_stream *s = &l->streams[i];
		size_t count = 0;

		if (complete(l, &s->mark.success, watermark_ms, deadline_ms, &count, err) ||
		    (count && s->mark.until >= 0 && write_mark_now(l, s, err)))
			return -1;
	}
	return 0;
}

int
lake_succeed(struct lake *l, int64_t now_ms, bool is_last, struct err *err)
{
	if (!is_wanted(l) || !l->options.group || l->is_lost || (!is_last && now_ms < l->look_ms))
		return 0;
	l->look_ms = now_ms + LOOK_EVERY_MS;
	return look(l, is_last ? CLOCK_NEVER : clock_deadline(MAKE_MS_MAX), err);
}

int64_t
lake_look_ms(const struct lake *l)
{
	return is_wanted(l) && l->options.group && l->stream_count ? l->look_ms : CLOCK_NEVER;
}
