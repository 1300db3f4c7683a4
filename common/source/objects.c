/* SPDX-License-Identifier: MIT */
#include "source/objects.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "source/object_cursor.h"
#include "source/object_fetch.h"
#include "source/object_list.h"
#include "source/objects_merge.h"
#include "source/objects_time.h"

enum { MEMORY_BYTES_DEFAULT = 32 * 1024 * 1024 };

struct source_objects {
	struct source base;
	struct source_objects_options options;
	struct object_list *list;
	struct object_store *store;   /* NULL where no path is of S3, likewise fetch */
	struct object_fetch *fetch;
	struct object_cursor *cursor; /* NULL where they are merged */
	struct objects_merge *merge;  /* NULL where they are not */
	struct objects_time *time;    /* likewise */
	size_t next_object; /* to open */
	int64_t sequence;   /* of the next record */
	struct objects_mark mark; /* behind the record given last */
	size_t first;         /* the object that reading began with */
	int64_t first_lines;  /* of it; -1: not at its end yet */
	int64_t bytes;      /* of the objects before the present ones, as stored */
	int64_t bytes_all;
};

/* ---- from object to object ---- */

static struct object_bytes *
open_bytes(void *context, size_t index, struct err *err)
{
	struct source_objects *s = context;
	struct object object = object_list_get(s->list, index);

	if (!object.key_at)
		return object_file_open(object.name, err);
	if (s->merge)
		return object_fetch_open_one_of(s->fetch, index, s->next_object - s->mark.object, err);
	return object_fetch_open(s->fetch, index, err);
}

static int
open_object(struct source_objects *s, size_t index, struct err *err)
{
	struct object object = object_list_get(s->list, index);
	struct object_bytes *bytes = open_bytes(s, index, err);

	if (!bytes)
		return -1;
	s->next_object = index + 1;
	return object_cursor_open(s->cursor, object_label(&object), bytes, err);
}

static int
open_folder(struct source_objects *s, size_t index, struct err *err)
{
	size_t count = object_list_folder_count(s->list, index);

	s->next_object = index + count;
	s->mark = (struct objects_mark){ .object = index, .sequence = s->sequence };
	return objects_merge_begin(s->merge, s->list, index, count, err);
}

/* An object, or a folder. */
static int
open_next(struct source_objects *s, size_t index, struct err *err)
{
	return s->merge ? open_folder(s, index, err) : open_object(s, index, err);
}

static bool
is_open(const struct source_objects *s)
{
	return s->merge ? objects_merge_is_open(s->merge) : object_cursor_is_open(s->cursor);
}

static void
close_present(struct source_objects *s)
{
	if (s->merge)
		objects_merge_end(s->merge);
	else
		object_cursor_close(s->cursor);
}

static enum source_status
next_of_present(struct source_objects *s, int64_t deadline_mono_ms, struct record *ret_record,
    struct err *err)
{
	if (s->merge)
		return objects_merge_next(s->merge, deadline_mono_ms, ret_record, err);
	return object_cursor_next(s->cursor, deadline_mono_ms, ret_record, err);
}

static void
note_place(struct source_objects *s)
{
	struct object_place place;

	s->sequence++;
	if (s->merge) {
		s->mark.skip++;
		return;
	}
	place = object_cursor_place(s->cursor);
	s->mark = (struct objects_mark){ .object = s->next_object - 1,
		.line = place.line,
		.byte = place.byte,
		.sequence = s->sequence - place.skip,
		.skip = place.skip };
}

static enum source_status
objects_next(struct source *source, int64_t deadline_mono_ms, struct record *ret_record,
    struct err *err)
{
	struct source_objects *s = (struct source_objects *)source;

	while (!stop_requested()) {
		enum source_status status;

		if (!is_open(s)) {
			if (s->next_object == object_list_count(s->list))
				return SOURCE_END;
			if (open_next(s, s->next_object, err))
				return SOURCE_FAILED;
		}
		status = next_of_present(s, deadline_mono_ms, ret_record, err);
		if (status == SOURCE_RECORD || status == SOURCE_REJECT) {
			ret_record->position.sequence = s->sequence;
			note_place(s);
		}
		if (status != SOURCE_END)
			return status;
		if (!s->merge && s->next_object - 1 == s->first)
			s->first_lines = object_cursor_lines(s->cursor);
		s->bytes += s->merge ? objects_merge_passed(s->merge) : object_cursor_stored(s->cursor);
		close_present(s);
	}
	return SOURCE_WAIT;
}

/* ---- marks ---- */

void
source_objects_mark(const struct source *source, struct objects_mark *ret)
{
	*ret = ((const struct source_objects *)source)->mark;
}

/* What a run that was not interrupted would have read by now. */
static void
count_passed(struct source_objects *s, size_t object)
{
	s->bytes = 0;
	for (size_t i = 0; i < object; i++) {
		int64_t size = object_list_get(s->list, i).size;

		s->bytes += size > 0 ? size : 0;
	}
}

static int
skip_merged(struct source_objects *s, int64_t count, struct err *err)
{
	struct record record;

	while (count > 0) {
		switch (objects_merge_next(s->merge, CLOCK_NEVER, &record, err)) {
		case SOURCE_RECORD:
		case SOURCE_REJECT:
			count--;
			break;
		case SOURCE_WAIT:
			return err_set(err, ERR_STOPPED, "stopped while skipping records");
		case SOURCE_END:
			return err_set(err, ERR_DATA, "%s and its neighbours are shorter than they were",
			    source_objects_name(&s->base, s->mark.object));
		case SOURCE_FAILED:
			return -1;
		}
	}
	err_clear(err); /* rejected records were reported before */
	return 0;
}

int
source_objects_seek(struct source *source, const struct objects_mark *mark, struct err *err)
{
	struct source_objects *s = (struct source_objects *)source;
	struct object_place place = { .line = mark->line, .byte = mark->byte, .skip = mark->skip };

	close_present(s);
	if (mark->object >= object_list_count(s->list))
		return err_set(err, ERR_DATA, "there are %zu objects, reading was to go on in number %zu",
		    object_list_count(s->list), mark->object + 1);
	count_passed(s, mark->object);
	if (open_next(s, mark->object, err) ||
	    (s->merge ? skip_merged(s, mark->skip, err) : object_cursor_seek(s->cursor, &place, err)))
		return -1;
	s->sequence = mark->sequence + mark->skip;
	s->mark = *mark;
	s->first = mark->object;
	s->first_lines = -1;
	return 0;
}

int
source_objects_digest(const struct source *source, size_t last,
    char ret[static OBJECTS_DIGEST_BYTES], struct err *err)
{
	const struct source_objects *s = (const struct source_objects *)source;

	/* one object more would change the order of its folder */
	if (s->merge && last < object_list_count(s->list))
		last += object_list_folder_count(s->list, last) - 1;
	return object_list_digest(s->list, last, ret, err);
}

const char *
source_objects_name(const struct source *source, size_t object)
{
	const struct source_objects *s = (const struct source_objects *)source;

	return object < object_list_count(s->list) ? object_list_get(s->list, object).name : NULL;
}

/* ---- lifecycle ---- */

static int
objects_commit(struct source *source, const struct commit_point *points, size_t count,
    struct err *err)
{
	/* files keep no positions */
	(void)source;
	(void)points;
	(void)count;
	(void)err;
	return 0;
}

static void
objects_free(struct source *source)
{
	struct source_objects *s = (struct source_objects *)source;

	object_cursor_free(s->cursor);
	objects_merge_free(s->merge);
	object_fetch_free(s->fetch);
	object_store_free(s->store);
	objects_time_free(s->time);
	object_list_free(s->list);
	free(s);
}

static const struct source_ops objects_ops = {
	.next = objects_next,
	.commit = objects_commit,
	.free = objects_free,
};

static int
open_store(struct source_objects *s, struct err *err)
{
	struct object_store_options options = { .aws = s->options.aws,
		.s3 = { .is_requester_paid = s->options.is_requester_paid } };

	assert(s->options.aws);
	s->store = object_store_open(&options, err);
	return s->store ? 0 : -1;
}

static int
add_path(struct source_objects *s, const char *path, struct err *err)
{
	struct path_filter filter = { .match = s->options.match,
		.takes_hidden = s->options.takes_hidden };

	if (!object_store_has(path))
		return object_list_add_path(s->list, path, &filter, err);
	if (!s->store && open_store(s, err))
		return -1;
	return object_store_list(s->store, path, &filter, s->list, err);
}

static int
make_fetch(struct source_objects *s, struct err *err)
{
	/* merging has the other half for its cursors */
	struct object_fetch_options options = { .ahead_count = (size_t)s->options.ahead_count,
		.memory_bytes = s->merge ? s->options.memory_bytes / 2 : s->options.memory_bytes };

	s->fetch = object_fetch_new(s->store, s->list, &options, err);
	return s->fetch ? 0 : -1;
}

static int
make_list(struct source_objects *s, struct err *err)
{
	s->list = object_list_new(err);
	if (!s->list)
		return -1;
	for (size_t i = 0; i < s->options.path_count; i++) {
		if (add_path(s, s->options.paths[i], err))
			return -1;
	}
	if (s->store && make_fetch(s, err))
		return -1;
	s->bytes_all = object_list_bytes(s->list);
	return s->options.merges ? object_list_group(s->list, err) : 0;
}

static bool
wants_store(const struct source_objects *s)
{
	for (size_t i = 0; i < s->options.path_count; i++) {
		if (object_store_has(s->options.paths[i]))
			return true;
	}
	return false;
}

static int
make_merge(struct source_objects *s, const struct object_cursor_options *cursor, struct err *err)
{
	unsigned parts = wants_store(s) ? 2 : 1; /* the other is for fetching */
	struct objects_merge_options options = {
		.cursor = *cursor,
		.memory_bytes = s->options.memory_bytes / parts,
		.memory_parts = parts,
		.time_of = objects_time_of,
		.open = open_bytes,
		.open_context = s,
	};

	if (!s->options.time_field && !s->options.has_envelopes)
		return err_set(err, ERR_USAGE, "--merge needs --time: the field with the event time");
	s->time = objects_time_new(s->options.time_field, &s->options.time_format,
	    s->options.has_envelopes, err);
	if (!s->time)
		return -1;
	options.time_context = s->time;
	s->merge = objects_merge_new(&options, err);
	return s->merge ? 0 : -1;
}

/* The cursor, or the merge. */
static int
make_reader(struct source_objects *s, struct err *err)
{
	struct object_cursor_options options = {
		.format = s->options.format,
		.columns = s->options.columns,
		.has_header = s->options.has_header,
		.delimiter = s->options.delimiter,
		.line_bytes_max = s->options.line_bytes_max,
	};

	s->cursor = object_cursor_new(&options, err);
	if (!s->cursor || !s->options.merges)
		return s->cursor ? 0 : -1;
	/* it has looked at the columns */
	object_cursor_free(s->cursor);
	s->cursor = NULL;
	return make_merge(s, &options, err);
}

struct source *
source_objects_open(const struct source_objects_options *options, struct err *err)
{
	struct source_objects *s = calloc(1, sizeof(*s));

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->base.ops = &objects_ops;
	s->first_lines = -1;
	s->options = *options;
	if (!s->options.memory_bytes)
		s->options.memory_bytes = MEMORY_BYTES_DEFAULT;
	if (make_reader(s, err) || make_list(s, err)) {
		objects_free(&s->base);
		return NULL;
	}
	return &s->base;
}

/* Of the objects that are open. */
static int64_t
bytes_passed(const struct source_objects *s)
{
	if (!is_open(s))
		return 0;
	return s->merge ? objects_merge_passed(s->merge) : object_cursor_passed(s->cursor);
}

void
source_objects_progress(const struct source *source, struct objects_progress *ret)
{
	const struct source_objects *s = (const struct source_objects *)source;
	int64_t passed = bytes_passed(s);

	*ret = (struct objects_progress){
		.file = s->next_object,
		.file_count = object_list_count(s->list),
		.bytes = passed < 0 ? -1 : s->bytes + passed,
		.bytes_all = s->bytes_all,
	};
}

int64_t
source_objects_first_lines(const struct source *source)
{
	return ((const struct source_objects *)source)->first_lines;
}

bool
source_objects_is_csv(const struct source *source)
{
	const struct source_objects *s = (const struct source_objects *)source;

	return s->merge ? objects_merge_is_csv(s->merge) : object_cursor_is_csv(s->cursor);
}
