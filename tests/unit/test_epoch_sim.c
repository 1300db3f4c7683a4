/* SPDX-License-Identifier: MIT */
/*
 * Epochs under a seeded simulation: members that read a partition, close epochs at any moment, commit, publish one
 * object after the other, crash between any two steps, and lose the partition without being told. A commit of
 * a member that has lost it is refused, as the coordinator does; publishing is never refused, as storage knows no
 * members. Some start with other options, whose objects would be others.
 *
 * Held: an object is never made with another content than it had; what is published at the end is each record that
 * is to be kept, once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/record.h"
#include "kafka-to-s3/epoch.h"

enum {
	SEEDS = 20000,
	RECORDS_MAX = 40,
	PATHS = 4,
	MEMBERS = 3,
	OBJECTS_MAX = RECORDS_MAX * PATHS,
	STEPS_DISTURBED = 400,
	STEPS_MAX = 20 * 1000,
	NOBODY = -1,
};

static const char *const shapes[] = { "00000000000000aa", "00000000000000bb" };

struct sim_record {
	int64_t sequence;
	unsigned path;
	bool is_kept;
};

struct object {
	int64_t begin;
	unsigned path;
	unsigned shape;
	uint64_t records; /* a bit for each of the log */
};

struct member {
	bool is_running;
	unsigned generation; /* of its assignment */
	unsigned shape;
	struct epochs epochs;
	size_t next;         /* of the log */
	int64_t epoch_of[RECORDS_MAX]; /* where each record was collected; -1: not */
	unsigned path_next;  /* to be published */
};

struct sim {
	uint64_t seed, random;
	struct sim_record log[RECORDS_MAX];
	size_t count;
	int64_t log_end;
	int64_t committed;
	char metadata[EPOCH_METADATA_BYTES];
	int64_t marked;
	int owner;
	unsigned generation;
	struct member members[MEMBERS];
	struct object objects[OBJECTS_MAX];
	size_t object_count;
	int64_t now_ms;
	struct epoch_limits limits;
	unsigned crash_percent;
};

static uint64_t
next_random(struct sim *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

static size_t
below(struct sim *s, size_t limit)
{
	return (size_t)((next_random(s) >> 11) % limit);
}

static bool
percent(struct sim *s, unsigned chance)
{
	return below(s, 100) < chance;
}

static void
check(const struct sim *s, bool is_right, const char *what)
{
	if (!is_right)
		fail_msg("seed %llu: %s", (unsigned long long)s->seed, what);
}

/* ---- the store ---- */

static void
publish(struct sim *s, const struct object *object)
{
	for (size_t i = 0; i < s->object_count; i++) {
		const struct object *there = &s->objects[i];

		if (there->begin != object->begin || there->path != object->path)
			continue;
		check(s, there->records == object->records && there->shape == object->shape,
		    "an object exists with another content");
		return;
	}
	check(s, s->object_count < OBJECTS_MAX, "too many objects");
	s->objects[s->object_count++] = *object;
}

/* ---- members ---- */

static void
join(struct sim *s, struct member *m, unsigned shape)
{
	struct err err = ERR_INIT;

	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < RECORDS_MAX; i++)
		m->epoch_of[i] = -1;
	check(s, !epoch_check_mark(s->committed, s->metadata, s->marked, &err), err.text);
	if (epochs_begin(&m->epochs, s->committed, s->metadata, shapes[shape], &err)) {
		check(s, !strstr(s->metadata, shapes[shape]), err.text);
		return; /* the operator takes the old options instead, later */
	}
	m->is_running = true;
	m->shape = shape;
	m->generation = s->generation;
	while (m->next < s->count && s->log[m->next].sequence < s->committed)
		m->next++;
}

/* The old owner is not told. */
static void
move_partition(struct sim *s)
{
	s->owner = (int)below(s, MEMBERS);
	s->generation++;
	join(s, &s->members[s->owner], percent(s, 10));
	if (!s->members[s->owner].is_running)
		s->owner = NOBODY;
}

static void
crash(struct sim *s, struct member *m)
{
	m->is_running = false;
	if (s->owner == m - s->members)
		s->owner = NOBODY;
}

/* ---- what a member does ---- */

static void
collect(struct sim *s, struct member *m)
{
	for (size_t n = below(s, 6); n && m->next < s->count; n--) {
		const struct sim_record *r = &s->log[m->next];
		struct epoch_record record = { .sequence = r->sequence,
			.bytes = r->is_kept ? 10 : 0,
			.event_ms = RECORD_NO_TIME,
			.is_kept = r->is_kept };

		if (epochs_is_full(&m->epochs, &s->limits, s->now_ms))
			return;
		if (r->is_kept)
			m->epoch_of[m->next] = epochs_place(&m->epochs, r->sequence);
		epochs_take(&m->epochs, &record, s->now_ms);
		m->next++;
	}
	if (m->next == s->count && percent(s, 50)) {
		struct err err = ERR_INIT;

		check(s, !epochs_end_at(&m->epochs, s->log_end, s->now_ms, &err), err.text);
	}
}

static void
commit(struct sim *s, struct member *m)
{
	char metadata[EPOCH_METADATA_BYTES];
	int64_t sequence = epochs_commit_point(&m->epochs, metadata);

	/* the mark is no member's to refuse */
	if (m->epochs.phase == EPOCH_SETTLE && m->epochs.was_prepared &&
	    s->marked < m->epochs.until)
		s->marked = m->epochs.until;
	if (percent(s, s->crash_percent)) {
		crash(s, m);
		return;
	}
	if (m->generation != s->generation) {
		m->is_running = false; /* fenced: it forgets all */
		return;
	}
	check(s, sequence >= s->committed, "a commit goes back");
	s->committed = sequence;
	memcpy(s->metadata, metadata, sizeof(metadata));
	if (percent(s, s->crash_percent)) {
		crash(s, m);
		return;
	}
	epochs_committed(&m->epochs);
	m->path_next = 0;
}

static void
publish_some(struct sim *s, struct member *m)
{
	struct object object = { .begin = m->epochs.begin, .path = m->path_next, .shape = m->shape };

	if (m->path_next == PATHS) {
		epochs_published(&m->epochs);
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		if (m->epoch_of[i] == object.begin && s->log[i].path == object.path)
			object.records |= UINT64_C(1) << i;
	}
	if (object.records)
		publish(s, &object);
	m->path_next++;
}

static void
act(struct sim *s, struct member *m)
{
	switch (m->epochs.phase) {
	case EPOCH_PREPARE:
	case EPOCH_SETTLE:
		commit(s, m);
		break;
	case EPOCH_PUBLISH:
		publish_some(s, m);
		break;
	case EPOCH_NONE:
		break;
	}
}

static void
step(struct sim *s, struct member *m)
{
	s->now_ms += (int64_t)below(s, 10);
	switch (below(s, 3)) {
	case 0:
		collect(s, m);
		break;
	case 1:
		if (epochs_is_due(&m->epochs, &s->limits, s->now_ms) || percent(s, 10))
			(void)epochs_close(&m->epochs);
		break;
	default:
		act(s, m);
		break;
	}
}

/* ---- a run ---- */

static void
begin(struct sim *s, uint64_t seed)
{
	int64_t sequence;

	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	s->owner = NOBODY;
	s->count = below(s, RECORDS_MAX + 1);
	sequence = (int64_t)below(s, 3);
	s->committed = sequence;
	s->marked = -1;
	for (size_t i = 0; i < s->count; i++) {
		s->log[i] = (struct sim_record){
			.sequence = sequence, .path = (unsigned)below(s, PATHS), .is_kept = !percent(s, 20)
		};
		sequence += 1 + (int64_t)(percent(s, 15) ? below(s, 4) : 0);
	}
	s->log_end = sequence;
	s->limits = (struct epoch_limits){ .records = 1 + (int64_t)below(s, 12),
		.age_ms = 1 + (int64_t)below(s, 200) };
	s->crash_percent = (unsigned)below(s, 30);
}

static bool
is_finished(const struct sim *s)
{
	return s->committed == s->log_end && !s->metadata[0];
}

static void
disturb(struct sim *s)
{
	for (unsigned i = 0; i < STEPS_DISTURBED; i++) {
		struct member *m = &s->members[below(s, MEMBERS)];

		if (s->owner == NOBODY || percent(s, 2))
			move_partition(s);
		if (!m->is_running)
			continue;
		if (percent(s, s->crash_percent / 4))
			crash(s, m);
		else
			step(s, m);
	}
}

/* One member, which finishes what is unfinished with the options that began it. */
static void
finish(struct sim *s)
{
	struct member *m = &s->members[0];

	s->generation++;
	s->owner = 0;
	s->crash_percent = 0;
	join(s, m, strstr(s->metadata, shapes[1]) != NULL);
	for (unsigned i = 0; !is_finished(s); i++) {
		check(s, i < STEPS_MAX && m->is_running, "it never ends");
		if (m->next == s->count)
			(void)epochs_close(&m->epochs);
		step(s, m);
	}
	/* those that have slept all the while */
	for (unsigned i = 0; i < STEPS_DISTURBED; i++) {
		m = &s->members[1 + below(s, MEMBERS - 1)];
		if (m->is_running)
			step(s, m);
	}
}

static void
check_objects(const struct sim *s)
{
	uint64_t wanted = 0, there = 0;

	for (size_t i = 0; i < s->count; i++)
		wanted |= (uint64_t)s->log[i].is_kept << i;
	for (size_t i = 0; i < s->object_count; i++) {
		check(s, !(there & s->objects[i].records), "a record is there twice");
		there |= s->objects[i].records;
	}
	check(s, there == wanted, "a record is not there");
}

static void
test_each_record_once(void **state)
{
	static struct sim s;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		begin(&s, seed);
		disturb(&s);
		finish(&s);
		check_objects(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_record_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
