/* SPDX-License-Identifier: MIT */
/*
 * A stream keeps its open positions as runs of neighbours, in order, in blocks of a fixed size: a
 * stuck record among many finished ones and a long row of unfinished ones are one run each.
 * Changes in the middle move the runs of one block; a plain array would move all of them.
 */
#include "flow/frontier.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum { BLOCK_RUNS = 64 };

/* The open sequences begin <= s < end; never empty. */
struct run {
	int64_t begin;
	int64_t end;
};

struct block {
	size_t count; /* at least 1 */
	struct run runs[BLOCK_RUNS];
};

struct stream {
	int32_t number;
	uint32_t term;
	int64_t next; /* one past the last taken or skipped */
	int64_t open_count;
	struct block **blocks; /* in order; every run ends before the next one begins */
	size_t count;
	size_t capacity;
	struct block *spare; /* the last one emptied: work in order needs no malloc */
};

struct frontier {
	struct stream *streams; /* by number */
	size_t count;
	size_t capacity;
	size_t recent; /* index of the stream found last */
};

/* Where a run is. */
struct spot {
	size_t block;
	size_t run;
};

/* ---- runs ---- */

static struct run *
run_at(const struct stream *s, struct spot spot)
{
	return &s->blocks[spot.block]->runs[spot.run];
}

/* The last block that begins at or before the sequence; the first one where none does. */
static size_t
find_block(const struct stream *s, int64_t sequence)
{
	size_t low = 0, high = s->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->blocks[middle]->runs[0].begin <= sequence)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Finds the run that holds the sequence; false where it is not open. */
static bool
find_run(const struct stream *s, int64_t sequence, struct spot *ret_spot)
{
	struct spot spot = { 0, 0 };
	size_t high;

	if (!s->count)
		return false;
	if (sequence >= s->blocks[0]->runs[0].end) { /* else the oldest, as for work in order */
		spot.block = find_block(s, sequence);
		for (high = s->blocks[spot.block]->count; high - spot.run > 1;) {
			size_t middle = spot.run + (high - spot.run) / 2;

			if (s->blocks[spot.block]->runs[middle].begin <= sequence)
				spot.run = middle;
			else
				high = middle;
		}
	}
	*ret_spot = spot;
	return sequence >= run_at(s, spot)->begin && sequence < run_at(s, spot)->end;
}

static int
grow_blocks(struct stream *s, struct err *err)
{
	size_t capacity = s->capacity ? s->capacity * 2 : 4;
	struct block **blocks = realloc(s->blocks, capacity * sizeof(*blocks));

	if (!blocks)
		return err_no_memory(err);
	s->blocks = blocks;
	s->capacity = capacity;
	return 0;
}

/* Puts an empty block at `index` of the list. */
static struct block *
add_block(struct stream *s, size_t index, struct err *err)
{
	struct block *block;

	if (s->count == s->capacity && grow_blocks(s, err))
		return NULL;
	block = s->spare ? s->spare : malloc(sizeof(*block));
	s->spare = NULL;
	if (!block) {
		err_no_memory(err);
		return NULL;
	}
	memmove(s->blocks + index + 1, s->blocks + index, (s->count - index) * sizeof(*s->blocks));
	s->blocks[index] = block;
	s->count++;
	block->count = 0;
	return block;
}

static void
remove_block(struct stream *s, size_t index)
{
	free(s->spare);
	s->spare = s->blocks[index];
	s->count--;
	memmove(s->blocks + index, s->blocks + index + 1, (s->count - index) * sizeof(*s->blocks));
}

static int
append_run(struct stream *s, struct run run, struct err *err)
{
	struct block *block = s->count ? s->blocks[s->count - 1] : NULL;

	if (!block || block->count == BLOCK_RUNS)
		block = add_block(s, s->count, err);
	if (!block)
		return -1;
	block->runs[block->count++] = run;
	return 0;
}

/* Moves the upper half of a full block to a new one behind it. */
static int
split_block(struct stream *s, size_t index, struct err *err)
{
	struct block *upper = add_block(s, index + 1, err), *lower;

	if (!upper)
		return -1;
	lower = s->blocks[index];
	lower->count = BLOCK_RUNS / 2;
	upper->count = BLOCK_RUNS - lower->count;
	memcpy(upper->runs, lower->runs + lower->count, upper->count * sizeof(*upper->runs));
	return 0;
}

static int
insert_run_behind(struct stream *s, struct spot spot, struct run run, struct err *err)
{
	struct block *block = s->blocks[spot.block];

	if (block->count == BLOCK_RUNS) {
		if (split_block(s, spot.block, err))
			return -1;
		if (spot.run >= block->count) {
			spot.run -= block->count;
			block = s->blocks[spot.block + 1];
		}
	}
	spot.run++;
	memmove(block->runs + spot.run + 1, block->runs + spot.run,
	    (block->count - spot.run) * sizeof(run));
	block->runs[spot.run] = run;
	block->count++;
	return 0;
}

static void
remove_run(struct stream *s, struct spot spot)
{
	struct block *block = s->blocks[spot.block];

	block->count--;
	memmove(block->runs + spot.run, block->runs + spot.run + 1,
	    (block->count - spot.run) * sizeof(*block->runs));
	if (!block->count)
		remove_block(s, spot.block);
}

/* Takes one sequence out of the run that holds it. */
static int
close_sequence(struct stream *s, struct spot spot, int64_t sequence, struct err *err)
{
	struct run *run = run_at(s, spot);
	struct run rest = { sequence + 1, run->end };

	if (run->begin + 1 == run->end) {
		remove_run(s, spot);
	} else if (sequence == run->begin) {
		run->begin++;
	} else if (rest.begin == rest.end) {
		run->end--;
	} else {
		run->end = sequence;
		if (insert_run_behind(s, spot, rest, err)) {
			run->end = rest.end; /* nothing has moved */
			return -1;
		}
	}
	s->open_count--;
	return 0;
}

static void
clear_runs(struct stream *s)
{
	while (s->count)
		free(s->blocks[--s->count]);
	s->open_count = 0;
}

/* ---- streams ---- */

/* Index of the stream, or where it belongs. */
static size_t
find_index(const struct frontier *f, int32_t number)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->streams[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct stream *
find_stream(const struct frontier *f, int32_t number)
{
	size_t index = f->recent;

	if (index >= f->count || f->streams[index].number != number)
		index = find_index(f, number);
	if (index == f->count || f->streams[index].number != number)
		return NULL;
	return &f->streams[index];
}

/* The same, for calls that come once a record: the next is likely for the same stream. */
static struct stream *
find_present(struct frontier *f, struct position position)
{
	struct stream *s = find_stream(f, position.stream);

	if (!s || s->term != position.term)
		return NULL;
	f->recent = (size_t)(s - f->streams);
	return s;
}

static struct stream *
add_stream(struct frontier *f, int32_t number, struct err *err)
{
	size_t index = find_index(f, number);

	if (f->count == f->capacity) {
		size_t capacity = f->capacity ? f->capacity * 2 : 8;
		struct stream *streams = realloc(f->streams, capacity * sizeof(*streams));

		if (!streams) {
			err_no_memory(err);
			return NULL;
		}
		f->streams = streams;
		f->capacity = capacity;
	}
	memmove(
	    f->streams + index + 1, f->streams + index, (f->count - index) * sizeof(*f->streams));
	f->count++;
	f->streams[index] = (struct stream){ .number = number };
	return &f->streams[index];
}

static void
release_stream(struct stream *s)
{
	clear_runs(s);
	free(s->blocks);
	free(s->spare);
}

/* ---- the contract ---- */

struct frontier *
frontier_new(struct err *err)
{
	struct frontier *f = calloc(1, sizeof(*f));

	if (!f)
		err_no_memory(err);
	return f;
}

void
frontier_free(struct frontier *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < f->count; i++)
		release_stream(&f->streams[i]);
	free(f->streams);
	free(f);
}

int
frontier_assign(
    struct frontier *f, int32_t number, uint32_t term, int64_t sequence, struct err *err)
{
	struct stream *s = find_stream(f, number);

	assert(sequence >= 0);
	if (!s)
		s = add_stream(f, number, err);
	if (!s)
		return -1;
	clear_runs(s);
	s->term = term;
	s->next = sequence;
	return 0;
}

void
frontier_revoke(struct frontier *f, int32_t number)
{
	struct stream *s = find_stream(f, number);
	size_t index;

	if (!s)
		return;
	release_stream(s);
	index = (size_t)(s - f->streams);
	f->count--;
	memmove(s, s + 1, (f->count - index) * sizeof(*s));
}

int
frontier_take(struct frontier *f, struct position position, struct err *err)
{
	struct stream *s = find_present(f, position);
	struct block *last;
	struct run run;

	if (!s)
		return 0;
	if (position.sequence < s->next || position.sequence == INT64_MAX)
		return err_set(err, ERR_FAULT,
		    "stream %" PRId32 ": %" PRId64 " was read where %" PRId64 " or more is due",
		    s->number, position.sequence, s->next);
	run = (struct run){ position.sequence, position.sequence + 1 };
	last = s->count ? s->blocks[s->count - 1] : NULL;
	if (last && last->runs[last->count - 1].end == run.begin)
		last->runs[last->count - 1].end = run.end;
	else if (append_run(s, run, err))
		return -1;
	s->next = run.end;
	s->open_count++;
	return 0;
}

int
frontier_done(struct frontier *f, struct position position, struct err *err)
{
	struct stream *s = find_present(f, position);
	struct spot spot;

	if (!s || !find_run(s, position.sequence, &spot))
		return 0;
	return close_sequence(s, spot, position.sequence, err);
}

void
frontier_skip_to(struct frontier *f, int32_t number, int64_t sequence)
{
	struct stream *s = find_stream(f, number);

	if (s && sequence > s->next)
		s->next = sequence;
}

int64_t
frontier_get(const struct frontier *f, int32_t number)
{
	const struct stream *s = find_stream(f, number);

	if (!s)
		return -1;
	return s->count ? s->blocks[0]->runs[0].begin : s->next;
}

int64_t
frontier_open_count(const struct frontier *f, int32_t number)
{
	const struct stream *s = find_stream(f, number);

	return s ? s->open_count : 0;
}
