/* SPDX-License-Identifier: MIT */
#include "flow/streams.h"

#include <stdlib.h>

int
streams_init(struct streams *s, struct err *err)
{
	*s = (struct streams){ .frontier = frontier_new(err) };
	return s->frontier ? 0 : -1;
}

void
streams_release(struct streams *s)
{
	frontier_free(s->frontier);
	free(s->list);
	*s = (struct streams){ .frontier = NULL };
}

static struct stream *
find(const struct streams *s, int32_t number)
{
	if (s->recent < s->count && s->list[s->recent].number == number)
		return &s->list[s->recent];
	for (size_t i = 0; i < s->count; i++) {
		if (s->list[i].number == number)
			return &s->list[i];
	}
	return NULL;
}

/* NULL where the position's term has ended. */
static struct stream *
find_present(struct streams *s, struct position position)
{
	struct stream *stream = find(s, position.stream);

	if (!stream || stream->term != position.term)
		return NULL;
	s->recent = (size_t)(stream - s->list);
	return stream;
}

static int
make_room(struct streams *s, struct err *err)
{
	size_t capacity = s->capacity ? 2 * s->capacity : 16;
	struct stream *list;

	if (s->count < s->capacity)
		return 0;
	list = reallocarray(s->list, capacity, sizeof(*list));
	if (!list)
		return err_no_memory(err);
	s->list = list;
	s->capacity = capacity;
	return 0;
}

int
streams_assign(
    struct streams *s, int32_t number, uint32_t term, int64_t sequence, struct err *err)
{
	streams_revoke(s, number);
	if (make_room(s, err))
		return -1;
	s->list[s->count++] = (struct stream){
		.number = number, .term = term, .next = sequence, .stop = INT64_MAX
	};
	return frontier_assign(s->frontier, number, term, sequence, err);
}

void
streams_revoke(struct streams *s, int32_t number)
{
	struct stream *stream = find(s, number);

	if (!stream)
		return;
	frontier_revoke(s->frontier, number);
	*stream = s->list[--s->count];
}

bool
streams_is_present(struct streams *s, struct position position)
{
	return find_present(s, position) != NULL;
}

int
streams_take(struct streams *s, struct position position, struct err *err)
{
	struct stream *stream = find_present(s, position);

	if (frontier_take(s->frontier, position, err))
		return -1;
	if (stream)
		stream->next = position.sequence + 1;
	return 0;
}

void
streams_skip_to(struct streams *s, int32_t number, int64_t sequence)
{
	struct stream *stream = find(s, number);

	if (stream && sequence > stream->next)
		stream->next = sequence;
	frontier_skip_to(s->frontier, number, sequence);
}

void
streams_stop(struct streams *s, struct position position)
{
	struct stream *stream = find_present(s, position);

	if (stream)
		stream->stop = position.sequence;
}

bool
streams_is_stopped(struct streams *s, struct position position)
{
	const struct stream *stream = find_present(s, position);

	return stream && position.sequence >= stream->stop;
}

int64_t
streams_ahead(const struct streams *s, int32_t number)
{
	const struct stream *stream = find(s, number);

	return stream ? stream->next - frontier_get(s->frontier, number) : 0;
}
