/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/flight.h"

#include <assert.h>
#include <stdlib.h>

struct entry {
	int64_t event_ms;
	int64_t sequence;
	bool is_done;
};

/* Numbers begin <= n < next have an entry, at n modulo capacity (a power of two). */
struct flight {
	struct entry *ring;
	size_t capacity;
	int64_t begin;
	int64_t next;
	int64_t latest_ms;
	bool has_done;
};

enum { CAPACITY_FIRST = 1024 };

struct flight *
flight_new(struct err *err)
{
	struct flight *f = calloc(1, sizeof(*f));

	if (f) {
		f->capacity = CAPACITY_FIRST;
		f->latest_ms = INT64_MIN;
		f->ring = calloc(f->capacity, sizeof(*f->ring));
	}
	if (!f || !f->ring) {
		flight_free(f);
		err_no_memory(err);
		return NULL;
	}
	return f;
}

void
flight_free(struct flight *f)
{
	if (!f)
		return;
	free(f->ring);
	free(f);
}

static struct entry *
entry_at(const struct flight *f, int64_t number)
{
	return &f->ring[(size_t)number & (f->capacity - 1)];
}

static int
grow(struct flight *f, struct err *err)
{
	size_t capacity = f->capacity * 2;
	struct entry *ring = calloc(capacity, sizeof(*ring));

	if (!ring)
		return err_no_memory(err);
	for (int64_t n = f->begin; n < f->next; n++)
		ring[(size_t)n & (capacity - 1)] = *entry_at(f, n);
	free(f->ring);
	f->ring = ring;
	f->capacity = capacity;
	return 0;
}

int64_t
flight_next(const struct flight *f)
{
	return f->next;
}

void
flight_restart(struct flight *f)
{
	assert(f->begin == f->next);
	f->latest_ms = INT64_MIN;
	f->has_done = false;
}

void
flight_go_on(struct flight *f, int64_t event_ms)
{
	f->latest_ms = event_ms;
}

int
flight_add(struct flight *f, int64_t event_ms, int64_t sequence, struct err *err)
{
	if ((size_t)(f->next - f->begin) == f->capacity && grow(f, err))
		return -1;
	*entry_at(f, f->next++) = (struct entry){ .event_ms = event_ms, .sequence = sequence };
	return 0;
}

void
flight_drop_last(struct flight *f)
{
	assert(f->next > f->begin);
	f->next--;
}

bool
flight_done(struct flight *f, int64_t number, int64_t *ret_sequence)
{
	struct entry *entry;

	if (number < f->begin || number >= f->next)
		return false;
	entry = entry_at(f, number);
	if (entry->is_done)
		return false;
	entry->is_done = true;
	*ret_sequence = entry->sequence;
	f->has_done = true;
	while (f->begin < f->next && entry_at(f, f->begin)->is_done) {
		int64_t event_ms = entry_at(f, f->begin++)->event_ms;

		if (event_ms > f->latest_ms)
			f->latest_ms = event_ms;
	}
	return true;
}

/* Called once an interval, so a walk over what is in flight costs little. */
bool
flight_safe_time(const struct flight *f, int64_t *ret_ms)
{
	int64_t earliest_ms = INT64_MAX;

	if (!f->has_done)
		return false;
	for (int64_t n = f->begin; n < f->next; n++) {
		const struct entry *entry = entry_at(f, n);

		if (!entry->is_done && entry->event_ms < earliest_ms)
			earliest_ms = entry->event_ms;
	}
	*ret_ms = f->begin < f->next ? earliest_ms : f->latest_ms;
	return true;
}
