/* SPDX-License-Identifier: MIT */
/* _SUCCESS in the paths that are thought complete (kafka-to-s3/success.h). */
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "codec/utf8.h"
#include "kafka-to-s3/lake_state.h"

enum {
	/* From the end of a look to the next, or so many times as long as it took. */
	LOOK_EVERY_MS = 10 * 1000,
	LOOK_EVERY_TIMES = 10,
	STEP_MS_MAX = 1000, /* in one go: the group is not heard meanwhile */
	PATHS_AT_ONCE = 64,
};

static bool
is_wanted(const struct lake *l)
{
	return l->options.success_after_ms >= 0;
}

int
lake_check_success(const struct lake *l, struct err *err)
{
	if (lake_path_unit(l) == TEMPLATE_NO_TIME)
		return err_set(err, ERR_USAGE,
		    "--success-after needs a --path with parts of the event time: one without is never "
		    "complete");
	if (l->options.topic && !l->options.group)
		return err_set(err, ERR_USAGE,
		    "--success-after needs a group: without one (-p) nothing is known of other partitions");
	/* marks are JSON */
	if (!utf8_is_valid(slice_of(l->options.path)))
		return err_set(err, ERR_USAGE, "--success-after needs a --path that is UTF-8");
	return 0;
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

/* ---- making ---- */

struct due_path {
	struct success *of;
	size_t index;
};

struct due {
	struct due_path paths[PATHS_AT_ONCE];
	const char *names[PATHS_AT_ONCE];
	bool made[PATHS_AT_ONCE];
	size_t count;
};

/* Of each stream the last comes first, so that those before it stay where they are. */
static void
collect_due(struct lake *l, bool is_all, struct due *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < l->stream_count; i++) {
		struct success *s = &l->streams[i].mark.success;

		for (size_t k = s->count; k-- > 0 && ret->count < PATHS_AT_ONCE;) {
			if (!is_all && !success_is_complete(&s->paths[k], l->look.watermark_ms,
					   l->options.success_after_ms))
				continue;
			ret->names[ret->count] = s->paths[k].path;
			ret->made[ret->count] = false;
			ret->paths[ret->count++] = (struct due_path){ s, k };
		}
	}
}

static void
settle_made(struct lake *l, const struct due *due)
{
	for (size_t i = 0; i < due->count; i++) {
		if (!due->made[i])
			continue;
		diag_detail(
		    "%s/%s is complete", publisher_target(l->outputs.publisher), due->names[i]);
		success_remove(due->paths[i].of, due->paths[i].index);
	}
	for (size_t i = 0; i < l->stream_count; i++) {
		for (size_t k = 0; k < due->count; k++) {
			if (due->made[k] && due->paths[k].of == &l->streams[i].mark.success)
				lake_change_mark(&l->streams[i]);
		}
	}
}

/* Some of those that are due. 1: there are more, or they are under way. */
static int
make_some(struct lake *l, bool is_all, struct err *err)
{
	struct due due;
	int rc;

	collect_due(l, is_all, &due);
	if (!due.count)
		return 0;
	rc = publisher_make_empty(
	    l->outputs.publisher, due.names, due.count, SUCCESS_NAME, due.made, err);
	settle_made(l, &due);
	return rc < 0 ? -1 : 1;
}

int
lake_succeed_all(struct lake *l, struct err *err)
{
	int64_t deadline_ms = CLOCK_NEVER;
	int rc;

	if (!is_wanted(l))
		return 0;
	for (;;) {
		publisher_begin_turn(l->outputs.publisher);
		rc = make_some(l, true, err);
		if (rc <= 0)
			return rc;
		if (deadline_ms == CLOCK_NEVER && stop_requested())
			deadline_ms = clock_deadline(l->options.drain_ms);
		if (clock_mono_ms() >= deadline_ms)
			return err_set(err, ERR_STOPPED,
			    "stopped with paths left that have no " SUCCESS_NAME " within --drain");
		lake_wait(l);
		lake_tell(l, clock_mono_ms());
	}
}

/* ---- the watermark ---- */

static bool
has_due(const struct lake *l, int64_t watermark_ms)
{
	for (size_t i = 0; i < l->stream_count; i++) {
		if (success_has_complete(&l->streams[i].mark.success, watermark_ms,
			l->options.success_after_ms))
			return true;
	}
	return false;
}

static int64_t
watermark_of(const struct lake *l, const struct mark *mark, bool is_drained, int64_t now_ms)
{
	struct success_partition partition = { .time_ms = mark->success.time_ms,
		.written_ms = mark->at_ms,
		.is_drained = is_drained };

	return success_watermark(&partition, 1, now_ms, l->options.success_after_ms);
}

/* By what is known without asking: no watermark can be higher than that of our own partitions. */
static bool
may_be_due(const struct lake *l)
{
	int64_t now_ms = clock_wall_ms(), most_ms = INT64_MAX;

	for (size_t i = 0; i < l->stream_count; i++) {
		int64_t ms = watermark_of(l, &l->streams[i].mark, true, now_ms);

		if (ms < most_ms)
			most_ms = ms;
	}
	return has_due(l, most_ms);
}

/* The mark of one of ours is known, but where it says that the partition is idle: another member may have it by now,
 * and have written it. 1: not read yet. */
static int
watermark_of_partition(struct lake *l, size_t number, int64_t *ret_ms, struct err *err)
{
	const struct lake_look *look = &l->look;
	struct lake_stream *s = lake_find_stream(l, (int32_t)number);
	struct mark mark = MARK_INIT;
	int rc;

	if (s) {
		*ret_ms = watermark_of(l, &s->mark, false, look->wall_ms);
		if (!look->drained[number] || s->is_mark_begun ||
		    watermark_of(l, &s->mark, true, look->wall_ms) == *ret_ms)
			return 0;
	}
	rc = mark_peek(l->outputs.publisher, l->options.topic, (int32_t)number, l->options.group,
	    &mark, err);
	if (!rc)
		*ret_ms = watermark_of(l, &mark, look->drained[number], look->wall_ms);
	mark_release(&mark);
	return rc;
}

/* ---- a look ---- */

/* A partition that never had a record must be told from one that is not read yet: from its first mark on it can count
 * as idle. What is before `until` is committed. */
static void
mark_untouched(struct lake *l)
{
	for (size_t i = 0; i < l->stream_count; i++) {
		struct lake_stream *s = &l->streams[i];

		if (s->mark.at_ms != INT64_MAX || !epochs_is_settled(&s->epochs))
			continue;
		if (s->mark.until < s->epochs.open.begin)
			s->mark.until = s->epochs.open.begin;
		s->mark.at_ms = clock_wall_ms();
		lake_change_mark(s);
	}
}

/* 1: not all are there yet. */
static int
write_changed(struct lake *l, struct err *err)
{
	int left = 0;

	for (size_t i = 0; i < l->stream_count; i++) {
		int rc = l->streams[i].mark.until < 0 ? 0 : lake_write_mark(l, &l->streams[i], err);

		if (rc < 0)
			return -1;
		left |= rc;
	}
	return left;
}

/* The broker is asked first: what had nothing new then, by its mark afterwards, had not. */
static int
ask_broker(struct lake *l, struct err *err)
{
	struct lake_look *look = &l->look;

	look->wall_ms = clock_wall_ms();
	look->watermark_ms = INT64_MAX;
	look->done = 0;
	if (source_drained(l->source, &look->drained, &look->count, err))
		return -1;
	if (look->first >= look->count)
		look->first = 0;
	return 0;
}

/* The first, then the others in their order. */
static size_t
partition_at(const struct lake_look *look)
{
	if (look->done == 0)
		return look->first;
	return look->done <= look->first ? look->done - 1 : look->done;
}

/* Up to the first that holds all of our paths up. Where a read was begun, the same partition comes next: what another
 * look finds is not of this one. */
static int
read_partitions(struct lake *l, struct err *err)
{
	struct lake_look *look = &l->look;
	int64_t deadline_ms = clock_deadline(STEP_MS_MAX);

	while (look->done < look->count && has_due(l, look->watermark_ms)) {
		int64_t ms;
		int rc = watermark_of_partition(l, partition_at(look), &ms, err);

		if (rc)
			return rc;
		if (ms < look->watermark_ms)
			look->watermark_ms = ms;
		if (!has_due(l, look->watermark_ms))
			look->first = partition_at(look);
		look->done++;
		if (clock_mono_ms() >= deadline_ms)
			return 1;
	}
	return 0;
}

static void
end_look(struct lake *l)
{
	struct lake_look *look = &l->look;
	int64_t now_ms = clock_mono_ms(), rest_ms = LOOK_EVERY_TIMES * (now_ms - look->began_ms);

	free(look->drained);
	look->drained = NULL;
	look->phase = LOOK_NONE;
	look->due_ms = now_ms + (rest_ms > LOOK_EVERY_MS ? rest_ms : LOOK_EVERY_MS);
}

/* 1: it has to wait. */
static int
step_look(struct lake *l, struct err *err)
{
	struct lake_look *look = &l->look;
	int rc = 0;

	switch (look->phase) {
	case LOOK_NONE:
		look->began_ms = clock_mono_ms();
		mark_untouched(l);
		look->phase = LOOK_MARKS;
		break;
	case LOOK_MARKS:
		rc = write_changed(l, err);
		if (rc)
			break;
		if (!may_be_due(l))
			end_look(l);
		else if (!(rc = ask_broker(l, err)))
			look->phase = LOOK_PARTITIONS;
		break;
	case LOOK_PARTITIONS:
		rc = read_partitions(l, err);
		if (!rc)
			look->phase = LOOK_PATHS;
		break;
	case LOOK_PATHS:
		/* no partition, no watermark */
		rc = look->count ? make_some(l, false, err) : 0;
		if (!rc)
			look->phase = LOOK_DONE;
		break;
	case LOOK_DONE:
		rc = write_changed(l, err);
		if (!rc)
			end_look(l);
		break;
	}
	return rc;
}

static bool
can_look(const struct lake *l)
{
	return is_wanted(l) && l->options.group && l->stream_count && !l->is_lost;
}

int
lake_succeed(struct lake *l, int64_t now_ms, struct err *err)
{
	int rc = 0;

	if (!can_look(l) || (l->look.phase == LOOK_NONE && now_ms < l->look.due_ms))
		return 0;
	do
		rc = step_look(l, err);
	while (!rc && l->look.phase != LOOK_NONE);
	if (rc >= 0)
		return 0;
	if (err->class != ERR_UNAVAILABLE)
		return -1;
	diag_detail("%s", err->text);
	err_clear(err);
	end_look(l);
	return 0;
}

/* Serves the source meanwhile, which may take our partitions away. */
static int
finish_look(struct lake *l, struct err *err)
{
	while (!stop_requested() && can_look(l)) {
		publisher_begin_turn(l->outputs.publisher);
		if (lake_succeed(l, clock_mono_ms(), err))
			return -1;
		if (l->look.phase == LOOK_NONE)
			break;
		if (source_serve(l->source, err))
			return -1;
		lake_wait(l);
		lake_tell(l, clock_mono_ms());
	}
	return 0;
}

/* One that is under way began before all was settled. Who goes on later finds what is pending. */
int
lake_succeed_last(struct lake *l, struct err *err)
{
	if (l->look.phase != LOOK_NONE && finish_look(l, err))
		return -1;
	l->look.due_ms = 0;
	return finish_look(l, err);
}

bool
lake_is_looking(const struct lake *l)
{
	return can_look(l) && l->look.phase != LOOK_NONE;
}

int64_t
lake_look_ms(const struct lake *l)
{
	return can_look(l) && l->look.phase == LOOK_NONE ? l->look.due_ms : CLOCK_NEVER;
}

void
lake_forget_look(struct lake *l)
{
	free(l->look.drained);
	l->look.drained = NULL;
}
