/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "kafka-to-s3/lake_state.h"

enum {
	LETTERS_MS_MAX = 30 * 1000, /* for dead letters to become durable before a commit */
	/* While the target is waited for: how soon it is looked at again, and how long nobody else is heard. */
	TURN_MS = 10,
	WAIT_MS_MAX = 100,
};

/* ---- streams ---- */

static int
grow_streams(struct lake *l, struct err *err)
{
	size_t capacity = l->stream_capacity ? 2 * l->stream_capacity : 16;
	struct commit_point *points = reallocarray(l->points, capacity, sizeof(*points));
	struct lake_stream *streams;
	void *metadata;

	if (!points)
		return err_no_memory(err);
	l->points = points;
	metadata = reallocarray(l->metadata, capacity, sizeof(*l->metadata));
	if (!metadata)
		return err_no_memory(err);
	l->metadata = metadata;
	streams = reallocarray(l->streams, capacity, sizeof(*streams));
	if (!streams)
		return err_no_memory(err);
	l->streams = streams;
	l->stream_capacity = capacity;
	return 0;
}

struct lake_stream *
lake_find_stream(struct lake *l, int32_t number)
{
	if (l->stream_recent < l->stream_count && l->streams[l->stream_recent].number == number)
		return &l->streams[l->stream_recent];
	for (size_t i = 0; i < l->stream_count; i++) {
		if (l->streams[i].number == number) {
			l->stream_recent = i;
			return &l->streams[i];
		}
	}
	return NULL;
}

struct lake_stream *
lake_add_stream(
    struct lake *l, int32_t number, int64_t sequence, const char *metadata, struct err *err)
{
	struct lake_stream *s;

	if (l->stream_count == l->stream_capacity && grow_streams(l, err))
		return NULL;
	s = &l->streams[l->stream_count];
	*s = (struct lake_stream){ .number = number,
		.mark = MARK_INIT,
		.is_clean = !l->options.group || !l->options.naming ||
		            !naming_has_topic(l->options.naming) };
	if (epochs_begin(&s->epochs, sequence, metadata, l->options.fingerprint, err))
		return NULL;
	l->stream_count++;
	return s;
}

struct lake_stream *
lake_stream_of(struct lake *l, const struct record *record, struct err *err)
{
	const struct position *at = &record->position;
	struct lake_stream *s = lake_find_stream(l, at->stream);

	if (!s && l->options.group) {
		err_set(err, ERR_FAULT, "a record of partition %" PRId32 ", which is not ours",
		    at->stream);
		return NULL;
	}
	return s ? s : lake_add_stream(l, at->stream, at->sequence, NULL, err);
}

void
lake_drop_stream(struct lake *l, int32_t number)
{
	struct lake_stream *s = lake_find_stream(l, number);

	if (!s)
		return;
	l->counts.lost +=
	    collector_drop(l->outputs.collector, number) + bundle_open_records(&s->bundle);
	l->bundled_bytes -= s->bundle.row_bytes;
	publisher_drop(l->outputs.publisher, &s->bundle);
	bundle_release(&s->bundle);
	if (l->options.group)
		mark_drop(l->outputs.publisher, l->options.topic, number);
	mark_release(&s->mark);
	*s = l->streams[--l->stream_count];
}

void
lake_forget_streams(struct lake *l)
{
	for (size_t i = 0; i < l->stream_count; i++) {
		publisher_drop(l->outputs.publisher, &l->streams[i].bundle);
		bundle_release(&l->streams[i].bundle);
		mark_release(&l->streams[i].mark);
	}
	free(l->streams);
	free(l->points);
	free(l->metadata);
	l->streams = NULL;
	l->points = NULL;
	l->metadata = NULL;
	l->stream_count = l->stream_capacity = 0;
}

/* ---- closing ---- */

static bool
is_spool_full(const struct lake *l)
{
	int64_t most = l->options.spool_bytes;

	return most && l->bundled_bytes + collector_bytes(l->outputs.collector) >= most;
}

static bool
is_crowded(const struct lake *l)
{
	return collector_is_full(l->outputs.collector) || is_spool_full(l);
}

void
lake_count(
    struct lake *l, struct lake_stream *s, const struct epoch_record *record, int64_t now_ms)
{
	int64_t due_ms;

	epochs_take(&s->epochs, record, now_ms);
	due_ms = epochs_due_ms(&s->epochs, &l->options.limits);
	if (due_ms < l->due_ms)
		l->due_ms = due_ms;
	if (is_crowded(l) || epochs_is_due(&s->epochs, &l->options.limits, now_ms)) {
		l->is_busy = true;
		l->turn_ms = now_ms;
	} else if (s->epochs.phase != EPOCH_NONE) {
		l->is_busy = true;
	}
}

/* Where there are too many files or bytes, the largest epoch that can be closed is. */
static void
relieve(struct lake *l)
{
	struct lake_stream *largest = NULL;

	if (!is_crowded(l))
		return;
	for (size_t i = 0; i < l->stream_count; i++) {
		struct lake_stream *s = &l->streams[i];

		if (s->epochs.phase != EPOCH_NONE)
			return; /* that one gives room */
		if (s->epochs.rebuild_until < 0 &&
		    (!largest || s->epochs.open.bytes > largest->epochs.open.bytes))
			largest = s;
	}
	if (largest && epochs_close(&largest->epochs) && !l->has_told_crowded &&
	    collector_is_thrashing(l->outputs.collector)) {
		l->has_told_crowded = true;
		diag_warn("records go to more than %u paths at a time (--max-open): files are published "
			  "before they are full",
		    collector_open_max(l->outputs.collector));
	}
}

static void
close_due(struct lake *l, int64_t now_ms)
{
	for (size_t i = 0; i < l->stream_count; i++) {
		struct lake_stream *s = &l->streams[i];

		if (s->has_ended || epochs_is_due(&s->epochs, &l->options.limits, now_ms))
			(void)epochs_close(&s->epochs);
	}
}

/* ---- committing ---- */

static bool
is_ready(const struct lake *l, const struct lake_stream *s)
{
	return s->epochs.phase == EPOCH_PREPARE || lake_is_marked(l, s);
}

static int
commit_points(struct lake *l, size_t count, struct err *err)
{
	int rc = l->options.group ? source_commit_or_lose(l->source, l->points, count, err) : 0;

	if (rc < 0)
		return -1;
	if (rc > 0) {
		l->is_lost = true;
		return 0;
	}
	for (size_t i = 0; i < l->stream_count; i++) {
		if (is_ready(l, &l->streams[i])) {
			epochs_committed(&l->streams[i].epochs);
			l->streams[i].is_raised = false;
		}
	}
	return 0;
}

static bool
settles(const struct lake *l)
{
	for (size_t i = 0; i < l->stream_count; i++) {
		if (l->streams[i].epochs.phase == EPOCH_SETTLE)
			return true;
	}
	return false;
}

static int
commit(struct lake *l, struct err *err)
{
	size_t count = 0;

	if (settles(l) &&
	    deadletter_flush(l->outputs.letters, clock_deadline(LETTERS_MS_MAX), err))
		return -1;
	if (lake_raise_marks(l, err))
		return -1;
	for (size_t i = 0; i < l->stream_count; i++) {
		const struct lake_stream *s = &l->streams[i];

		if (!is_ready(l, s))
			continue;
		l->points[count] = (struct commit_point){ .stream = s->number,
			.sequence = epochs_commit_point(&s->epochs, l->metadata[count]),
			.metadata = l->metadata[count] };
		count++;
	}
	return count ? commit_points(l, count, err) : 0;
}

/* ---- publishing ---- */

static int
take_bundle(struct lake *l, struct lake_stream *s, struct err *err)
{
	struct epoch_id epoch = { .stream = s->number, .begin = s->epochs.begin };

	if (collector_close(l->outputs.collector, &epoch, &s->bundle, err))
		return -1;
	l->bundled_bytes += s->bundle.row_bytes;
	return 0;
}

static void
count_published(struct lake *l, const struct object *object)
{
	l->counts.delivered += object->record_count;
	l->counts.files++;
	l->counts.files_there += object->was_there;
	l->counts.object_bytes += object->object_bytes;
	if (l->options.published)
		l->options.published(l->options.published_context, object);
}

/* See epochs_accept_gap. Which records are in the files that were there cannot be told from their names. */
static void
say_left(const struct lake *l, const struct lake_stream *s)
{
	int64_t records = 0;

	for (size_t i = 0; i < s->bundle.count; i++) {
		if (s->bundle.objects[i]->was_there)
			records += s->bundle.objects[i]->record_count;
	}
	if (records)
		diag_warn("%s[%" PRId32 "]: %" PRId64 " of the records that are left belong to files "
			  "that were there; of paths with several (--roll-bytes, --roll-records) some may be missing",
		    l->options.topic, s->number, records);
}

static enum publish_epoch
kind_of(const struct epochs *e)
{
	if (!e->is_rebuilt)
		return PUBLISH_FIRST;
	return e->has_gap ? PUBLISH_MISSING : PUBLISH_AGAIN;
}

/* A step of it. */
static int
publish(struct lake *l, struct lake_stream *s, struct err *err)
{
	size_t before;
	int rc;

	if (!s->bundle.objects && take_bundle(l, s, err))
		return -1;
	before = s->bundle.published;
	rc = publisher_step(l->outputs.publisher, &s->bundle, kind_of(&s->epochs), err);
	for (size_t i = before; i < s->bundle.published; i++)
		count_published(l, s->bundle.objects[i]);
	if (rc)
		return rc < 0 ? -1 : 0;
	if (s->epochs.is_rebuilt && s->epochs.has_gap)
		say_left(l, s);
	if (lake_note_published(l, s, err))
		return -1;
	l->bundled_bytes -= s->bundle.row_bytes;
	bundle_release(&s->bundle);
	epochs_published(&s->epochs);
	return 0;
}

/* A step of one, and of more where those only wait for the target. */
static int
publish_some(struct lake *l, struct err *err)
{
	for (size_t i = 0; i < l->stream_count; i++) {
		if (l->streams[i].epochs.phase != EPOCH_PUBLISH)
			continue;
		if (publish(l, &l->streams[i], err))
			return -1;
		if (!publisher_is_waiting(l->outputs.publisher))
			return 0;
	}
	return 0;
}

/* ---- turns ---- */

static bool
is_left_over(void *context, struct slice path, struct slice name)
{
	const struct lake *l = context;

	if (l->template ? !template_may_make(l->template, path) : path.len > 0)
		return false;
	for (size_t i = 0; i < l->stream_count; i++) {
		const struct lake_stream *s = &l->streams[i];

		if (!s->is_clean && naming_is_of(l->options.naming, name, s->number))
			return true;
	}
	return false;
}

/* What earlier owners left half done of partitions that are new here: before anything of them is begun, and once for
 * all that came together. */
static void
clean(struct lake *l)
{
	bool is_clean = true;

	for (size_t i = 0; i < l->stream_count; i++)
		is_clean &= l->streams[i].is_clean;
	if (is_clean)
		return;
	publisher_clean(l->outputs.publisher, is_left_over, l);
	for (size_t i = 0; i < l->stream_count; i++)
		l->streams[i].is_clean = true;
}

/* Nothing is fenced while it waits for the source to say that all is lost. */
static int
step(struct lake *l, struct err *err)
{
	if (l->is_lost)
		return 0;
	publisher_begin_turn(l->outputs.publisher);
	clean(l);
	l->has_failed = true;
	if (commit(l, err) || (!l->is_lost && publish_some(l, err)))
		return -1;
	l->has_failed = false;
	return 0;
}

static void
look_ahead(struct lake *l, int64_t now_ms)
{
	l->is_busy = lake_is_looking(l);
	l->due_ms = lake_look_ms(l);
	for (size_t i = 0; i < l->stream_count; i++) {
		struct lake_stream *s = &l->streams[i];
		int64_t due_ms = epochs_due_ms(&s->epochs, &l->options.limits);
		bool is_full = epochs_is_full(&s->epochs, &l->options.limits, now_ms);

		l->is_busy |= s->epochs.phase != EPOCH_NONE && !l->is_lost;
		if (due_ms < l->due_ms && !l->is_lost)
			l->due_ms = due_ms;
		if (is_full != s->is_held)
			source_hold(l->source, s->number, is_full);
		s->is_held = is_full;
	}
}

int
lake_turn(struct lake *l, int64_t now_ms, struct err *err)
{
	if (l->end_failure.class != ERR_NONE) {
		*err = l->end_failure;
		return -1;
	}
	close_due(l, now_ms);
	relieve(l);
	if (step(l, err) || lake_succeed(l, now_ms, err))
		return -1;
	look_ahead(l, now_ms);
	l->turn_ms = now_ms + TURN_MS;
	return 0;
}

bool
lake_is_waiting(const struct lake *l)
{
	return publisher_is_waiting(l->outputs.publisher);
}

void
lake_wait(struct lake *l)
{
	publisher_wait(l->outputs.publisher, clock_deadline(WAIT_MS_MAX));
}

bool
lake_is_blocked(const struct lake *l, int64_t now_ms)
{
	bool is_moving = false, is_full = false;

	if (!l->is_busy || l->is_lost)
		return false;
	for (size_t i = 0; i < l->stream_count; i++) {
		const struct epochs *e = &l->streams[i].epochs;

		is_moving |= e->phase != EPOCH_NONE;
		is_full |= epochs_is_full(e, &l->options.limits, now_ms);
	}
	/* Where nothing is committed, another run can only find its own files again where epochs end at their bounds,
	 * and not where the target happened to be ready. */
	return is_moving && (is_crowded(l) ||
	                        (is_full && (!source_can_hold(l->source) || !l->options.group)));
}

/* ---- the end ---- */

/* What may be closed is; false where all of that is settled. */
static bool
close_open(struct lake *l)
{
	bool has_open = false;

	for (size_t i = 0; i < l->stream_count; i++) {
		struct epochs *e = &l->streams[i].epochs;

		(void)epochs_close(e);
		has_open |= e->phase != EPOCH_NONE;
	}
	return has_open && !l->is_lost;
}

int
lake_settle_until(struct lake *l, int64_t deadline_ms, bool is_served, struct err *err)
{
	while (close_open(l)) {
		/* a signal that came behind the end of the input */
		if (deadline_ms == CLOCK_NEVER && stop_requested())
			deadline_ms = clock_deadline(l->options.drain_ms);
		if (clock_mono_ms() >= deadline_ms)
			return err_set(err, ERR_STOPPED,
			    "stopped with records not published within --drain");
		if (step(l, err) || (is_served && source_serve(l->source, err)))
			return -1;
		lake_wait(l);
		lake_tell(l, clock_mono_ms());
	}
	return 0;
}

int
lake_settle(struct lake *l, struct err *err)
{
	if (l->end_failure.class != ERR_NONE) {
		*err = l->end_failure;
		return -1;
	}
	if (!l->is_lost)
		clean(l); /* where nothing came */
	if (lake_settle_until(l, CLOCK_NEVER, true, err))
		return -1;
	if (l->is_lost)
		return err_set(err, ERR_STOPPED,
		    "stopped after this member had lost its partitions: what was not committed is left");
	for (size_t i = 0; i < l->stream_count; i++) {
		const struct epochs *e = &l->streams[i].epochs;

		if (e->rebuild_until >= 0 && (e->open.records || !stop_requested()))
			return err_set(err, ERR_STOPPED,
			    "stopped before offsets %" PRId64 " to %" PRId64
			    " of partition %" PRId32
			    ", which an earlier run has published in part, were read again",
			    e->open.begin, e->rebuild_until - 1, l->streams[i].number);
	}
	return lake_succeed_last(l, err);
}
