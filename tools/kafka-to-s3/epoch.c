/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/epoch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "flow/record.h"

/* ---- metadata ---- */

static int
parse_sequence(const char **at, int64_t *ret)
{
	int64_t value = 0;

	if (**at < '0' || **at > '9')
		return -1;
	for (; **at >= '0' && **at <= '9'; ++*at) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, **at - '0', &value))
			return -1;
	}
	*ret = value;
	return 0;
}

int
epoch_metadata_parse(const char *metadata, int64_t *ret_until,
    char ret_fingerprint[static EPOCH_FINGERPRINT_BYTES], struct err *err)
{
	static const char first[] = "until=", second[] = " fp=";
	const char *at = metadata + sizeof(first) - 1;
	int64_t until;

	if (strncmp(metadata, first, sizeof(first) - 1) != 0)
		return 0;
	if (parse_sequence(&at, &until) || strncmp(at, second, sizeof(second) - 1) != 0)
		goto bad;
	at += sizeof(second) - 1;
	if (strlen(at) != EPOCH_FINGERPRINT_BYTES - 1 ||
	    strspn(at, "0123456789abcdef") != EPOCH_FINGERPRINT_BYTES - 1)
		goto bad;
	memcpy(ret_fingerprint, at, EPOCH_FINGERPRINT_BYTES);
	*ret_until = until;
	return 1;
bad:
	return err_set(err, ERR_DATA, "the committed offset's metadata is \"%.100s\"", metadata);
}

/* ---- taking a partition up ---- */

int
epoch_check_mark(int64_t sequence, const char *metadata, int64_t marked, struct err *err)
{
	char fingerprint[EPOCH_FINGERPRINT_BYTES];
	int64_t until = -1;

	if (marked < 0)
		return 0;
	if (!metadata)
		return sequence == marked
		           ? 0
		           : err_set(err, ERR_DATA,
		                 "no offset is committed, and reading would begin at %" PRId64
		                 ", but the data before offset %" PRId64
		                 " is there already: set the group's offset to that",
		                 sequence, marked);
	if (epoch_metadata_parse(metadata, &until, fingerprint, err) < 0)
		return -1;
	if (sequence >= marked || until >= marked)
		return 0;
	return err_set(err, ERR_DATA,
	    "offset %" PRId64 " is committed, but the data before offset %" PRId64
	    " is there already",
	    sequence, marked);
}

static void
open_at(struct epochs *e, int64_t begin)
{
	e->open = (struct epoch_open){ .begin = begin,
		.next = begin,
		.first_ms = CLOCK_NEVER,
		.event_min_ms = INT64_MAX,
		.event_max_ms = INT64_MIN };
}

int
epochs_begin(struct epochs *e, int64_t committed, const char *metadata, const char *fingerprint,
    struct err *err)
{
	char began_with[EPOCH_FINGERPRINT_BYTES];
	int64_t until;
	int found = epoch_metadata_parse(metadata ? metadata : "", &until, began_with, err);

	if (found < 0)
		return -1;
	if (found && until > committed && strcmp(began_with, fingerprint) != 0)
		return err_set(err, ERR_DATA,
		    "offsets %" PRId64 " to %" PRId64
		    " are partly published with other options (%s, these are %s): run those once more "
		    "to the end",
		    committed, until - 1, began_with, fingerprint);
	*e = (struct epochs){ .fingerprint = fingerprint,
		.rebuild_until = found && until > committed ? until : -1,
		.prepared_until = -1,
		.next_until = -1 };
	open_at(e, committed);
	return 0;
}

/* ---- collecting ---- */

static void
close_open(struct epochs *e, int64_t until, enum epoch_phase phase)
{
	e->begin = e->open.begin;
	e->until = until;
	e->is_rebuilt = false;
	e->has_gap = e->open.has_gap;
	e->prepared_until = phase != EPOCH_SETTLE ? until : -1;
	e->phase = phase;
	open_at(e, until);
}

/* It was prepared by who began it, up to rebuild_until; `until` is there or behind a gap that follows. */
static void
end_rebuilding(struct epochs *e, int64_t until)
{
	close_open(e, until, e->open.kept ? EPOCH_PUBLISH : EPOCH_SETTLE);
	e->is_rebuilt = true;
	e->prepared_until = e->rebuild_until;
	e->rebuild_until = -1;
}

static void
go_to(struct epochs *e, int64_t next, int64_t now_ms)
{
	if (next <= e->open.next)
		return;
	if (e->open.first_ms == CLOCK_NEVER)
		e->open.first_ms = now_ms;
	e->open.next = next;
	if (e->rebuild_until >= 0 && next >= e->rebuild_until) {
		end_rebuilding(e, e->rebuild_until);
		go_to(e, next, now_ms);
	}
}

int64_t
epochs_place(struct epochs *e, int64_t sequence)
{
	if (e->rebuild_until >= 0 && sequence >= e->rebuild_until)
		end_rebuilding(e, e->rebuild_until);
	return e->open.begin;
}

void
epochs_take(struct epochs *e, const struct epoch_record *record, int64_t now_ms)
{
	struct epoch_open *open = &e->open;

	(void)epochs_place(e, record->sequence);
	open->records++;
	open->kept += record->is_kept;
	open->bytes += record->bytes;
	if (record->event_ms != RECORD_NO_TIME) {
		if (record->event_ms < open->event_min_ms)
			open->event_min_ms = record->event_ms;
		if (record->event_ms > open->event_max_ms)
			open->event_max_ms = record->event_ms;
	}
	go_to(e, record->sequence + 1, now_ms);
}

void
epochs_skip_to(struct epochs *e, int64_t sequence, int64_t now_ms)
{
	go_to(e, sequence, now_ms);
}

int
epochs_end_at(struct epochs *e, int64_t sequence, int64_t now_ms, struct err *err)
{
	if (e->rebuild_until > sequence)
		return err_set(err, ERR_DATA,
		    "offsets %" PRId64 " to %" PRId64
		    " are partly published, and the log ends at %" PRId64,
		    e->open.begin, e->rebuild_until - 1, sequence);
	go_to(e, sequence, now_ms);
	return 0;
}

enum epoch_gap
epochs_accept_gap(struct epochs *e, int64_t sequence, int64_t now_ms)
{
	bool is_rebuilding = e->rebuild_until >= 0;

	e->open.has_gap = true;
	if (is_rebuilding && sequence >= e->rebuild_until) {
		end_rebuilding(e, sequence);
		return EPOCH_GAP_WHOLE;
	}
	if (!is_rebuilding && e->phase == EPOCH_NONE && e->open.next == e->open.begin) {
		close_open(e, sequence, EPOCH_SETTLE);
		return EPOCH_GAP_PLAIN;
	}
	go_to(e, sequence, now_ms);
	return is_rebuilding ? EPOCH_GAP_BEGAN : EPOCH_GAP_PLAIN;
}

/* ---- closing ---- */

static bool
is_reached(int64_t value, int64_t limit)
{
	return limit && value >= limit;
}

/* Event times are whatever records say: their difference may be larger than an int64_t. */
static bool
is_event_age_reached(const struct epoch_open *open, int64_t limit_ms)
{
	return limit_ms && open->event_max_ms > open->event_min_ms &&
	       (uint64_t)open->event_max_ms - (uint64_t)open->event_min_ms >= (uint64_t)limit_ms;
}

bool
epochs_is_due(const struct epochs *e, const struct epoch_limits *limits, int64_t now_ms)
{
	const struct epoch_open *open = &e->open;

	if (e->rebuild_until >= 0 || open->next == open->begin)
		return false;
	return is_reached(open->bytes, limits->bytes) ||
	       is_reached(open->records, limits->records) ||
	       is_reached(now_ms - open->first_ms, limits->age_ms) ||
	       is_event_age_reached(open, limits->event_ms);
}

int64_t
epochs_due_ms(const struct epochs *e, const struct epoch_limits *limits)
{
	if (e->rebuild_until >= 0 || !limits->age_ms || e->open.first_ms == CLOCK_NEVER)
		return CLOCK_NEVER;
	return e->open.first_ms + limits->age_ms;
}

bool
epochs_is_full(const struct epochs *e, const struct epoch_limits *limits, int64_t now_ms)
{
	return (e->phase != EPOCH_NONE || e->next_until >= 0) && epochs_is_due(e, limits, now_ms);
}

bool
epochs_close(struct epochs *e)
{
	const struct epoch_open *open = &e->open;

	if (e->rebuild_until >= 0 || open->next == open->begin || e->next_until >= 0)
		return false;
	if (e->phase == EPOCH_NONE) {
		close_open(e, open->next, open->kept ? EPOCH_PREPARE : EPOCH_SETTLE);
		return true;
	}
	if (e->phase != EPOCH_SETTLE)
		return false;
	e->next_until = open->next;
	e->next_has_objects = open->kept > 0;
	open_at(e, e->next_until);
	return true;
}

int64_t
epochs_commit_point(const struct epochs *e, char ret_metadata[static EPOCH_METADATA_BYTES])
{
	int64_t until = e->phase == EPOCH_PREPARE ? e->until : e->next_until;

	ret_metadata[0] = '\0';
	if (until >= 0)
		(void)snprintf(ret_metadata, EPOCH_METADATA_BYTES, "until=%" PRId64 " fp=%s", until,
		    e->fingerprint);
	return e->phase == EPOCH_PREPARE ? e->begin : e->until;
}

void
epochs_committed(struct epochs *e)
{
	if (e->phase == EPOCH_PREPARE) {
		e->phase = EPOCH_PUBLISH;
		return;
	}
	e->phase = EPOCH_NONE;
	if (e->next_until < 0)
		return;
	e->begin = e->until;
	e->until = e->next_until;
	e->is_rebuilt = false;
	e->has_gap = false; /* told where it mattered: only of what is rebuilt */
	e->prepared_until = e->until;
	e->phase = e->next_has_objects ? EPOCH_PUBLISH : EPOCH_SETTLE;
	e->next_until = -1;
}

void
epochs_published(struct epochs *e)
{
	e->phase = EPOCH_SETTLE;
}

bool
epochs_is_settled(const struct epochs *e)
{
	return e->phase == EPOCH_NONE && e->open.next == e->open.begin && e->rebuild_until < 0;
}
