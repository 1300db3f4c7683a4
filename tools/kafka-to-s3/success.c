/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/success.h"

#include <stdlib.h>
#include <string.h>

void
success_release(struct success *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->paths[i].path);
	free(s->paths);
	*s = (struct success)SUCCESS_INIT;
}

/* Where the path is, or belongs. */
static size_t
place_of(const struct success *s, const char *path, bool *ret_is_there)
{
	size_t low = 0, high = s->count;

	*ret_is_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(s->paths[middle].path, path);

		if (order == 0) {
			*ret_is_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
insert(struct success *s, size_t at, const char *path, int64_t end_ms, struct err *err)
{
	char *copy;

	if (s->count == s->capacity) {
		size_t capacity = s->capacity ? 2 * s->capacity : 16;
		struct success_path *paths = reallocarray(s->paths, capacity, sizeof(*paths));

		if (!paths)
			return err_no_memory(err);
		s->paths = paths;
		s->capacity = capacity;
	}
	copy = strdup(path);
	if (!copy)
		return err_no_memory(err);
	memmove(&s->paths[at + 1], &s->paths[at], (s->count - at) * sizeof(*s->paths));
	s->paths[at] = (struct success_path){ .path = copy, .end_ms = end_ms };
	s->count++;
	s->bytes += strlen(path);
	return 0;
}

static bool
has_room(const struct success *s, size_t bytes)
{
	size_t paths_max = s->is_of_pipe ? SUCCESS_PIPE_PATHS_MAX : SUCCESS_PATHS_MAX;
	size_t bytes_max = s->is_of_pipe ? SUCCESS_PIPE_BYTES_MAX : SUCCESS_BYTES_MAX;

	return s->count < paths_max && s->bytes + bytes <= bytes_max;
}

int
success_note(struct success *s, const char *path, int64_t event_ms, int64_t end_ms, struct err *err)
{
	bool is_there;
	size_t at = place_of(s, path, &is_there);

	if (event_ms > s->time_ms)
		s->time_ms = event_ms;
	if (is_there) {
		if (end_ms > s->paths[at].end_ms)
			s->paths[at].end_ms = end_ms;
		return 0;
	}
	if (!has_room(s, strlen(path))) {
		s->is_full = true;
		return 0;
	}
	return insert(s, at, path, end_ms, err);
}

void
success_remove(struct success *s, size_t index)
{
	s->bytes -= strlen(s->paths[index].path);
	free(s->paths[index].path);
	s->count--;
	memmove(&s->paths[index], &s->paths[index + 1], (s->count - index) * sizeof(*s->paths));
}

/* Clocks of members differ, and marks may be of the future. */
static bool
is_idle(const struct success_partition *p, int64_t now_ms, int64_t after_ms)
{
	return p->is_drained && p->written_ms < now_ms && now_ms - p->written_ms >= after_ms;
}

int64_t
success_watermark(
    const struct success_partition *partitions, size_t count, int64_t now_ms, int64_t after_ms)
{
	int64_t watermark_ms = INT64_MAX;

	for (size_t i = 0; i < count; i++) {
		const struct success_partition *p = &partitions[i];
		int64_t time_ms = p->time_ms;

		/* a record of a time that has not come yet says nothing of those to come */
		if (time_ms > now_ms || is_idle(p, now_ms, after_ms))
			time_ms = now_ms;
		if (time_ms < watermark_ms)
			watermark_ms = time_ms;
	}
	return count ? watermark_ms : SUCCESS_NO_TIME;
}

bool
success_is_complete(const struct success_path *path, int64_t watermark_ms, int64_t after_ms)
{
	return path->end_ms <= INT64_MAX - after_ms && watermark_ms >= path->end_ms + after_ms;
}

bool
success_has_complete(const struct success *s, int64_t watermark_ms, int64_t after_ms)
{
	for (size_t i = 0; i < s->count; i++) {
		if (success_is_complete(&s->paths[i], watermark_ms, after_ms))
			return true;
	}
	return false;
}
