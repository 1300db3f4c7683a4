/* SPDX-License-Identifier: MIT */
#include "source/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "source/object_cursor.h"
#include "source/object_list.h"

struct source_objects {
	struct source base;
	struct source_objects_options options;
	struct object_list *list;
	struct object_cursor *cursor;
	size_t next_object; /* to open */
	int64_t sequence;   /* of the next record */
	struct objects_mark mark; /* its sequence and skip follow from `sequence` */
	int64_t bytes;      /* as stored, read so far */
	int64_t bytes_all;
};

/* ---- from object to object ---- */

static int
open_object(struct source_objects *s, size_t index, struct err *err)
{
	struct object object = object_list_get(s->list, index);
	const char *name = strcmp(object.name, "-") == 0 ? "stdin" : object.name;
	struct object_bytes *bytes = object_file_open(object.name, err);

	if (!bytes || object_cursor_open(s->cursor, name, bytes, err))
		return -1;
	s->next_object = index + 1;
	return 0;
}

static void
note_place(struct source_objects *s)
{
	struct object_place place = object_cursor_place(s->cursor);

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

		if (!object_cursor_is_open(s->cursor)) {
			if (s->next_object == object_list_count(s->list))
				return SOURCE_END;
			if (open_object(s, s->next_object, err))
				return SOURCE_FAILED;
		}
		status = object_cursor_next(s->cursor, deadline_mono_ms, ret_record, err);
		if (status == SOURCE_END) {
			object_cursor_close(s->cursor);
			continue;
		}
		if (status == SOURCE_RECORD || status == SOURCE_REJECT) {
			ret_record->position.sequence = s->sequence++;
			note_place(s);
		}
		return status;
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

int
source_objects_seek(struct source *source, const struct objects_mark *mark, struct err *err)
{
	struct source_objects *s = (struct source_objects *)source;
	struct object_place place = { .line = mark->line, .byte = mark->byte, .skip = mark->skip };

	object_cursor_close(s->cursor);
	if (mark->object >= object_list_count(s->list))
		return err_set(err, ERR_DATA, "there are %zu objects, reading was to go on in number %zu",
		    object_list_count(s->list), mark->object + 1);
	count_passed(s, mark->object);
	if (open_object(s, mark->object, err) || object_cursor_seek(s->cursor, &place, err))
		return -1;
	s->sequence = mark->sequence + mark->skip;
	s->mark = *mark;
	return 0;
}

int
source_objects_digest(const struct source *source, size_t last,
    char ret[static OBJECTS_DIGEST_BYTES], struct err *err)
{
	return object_list_digest(((const struct source_objects *)source)->list, last, ret, err);
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
	object_list_free(s->list);
	free(s);
}

static const struct source_ops objects_ops = {
	.next = objects_next,
	.commit = objects_commit,
	.free = objects_free,
};

static int
make_list(struct source_objects *s, struct err *err)
{
	struct path_filter filter = { .match = s->options.match,
		.takes_hidden = s->options.takes_hidden };

	s->list = object_list_new(err);
	if (!s->list)
		return -1;
	for (size_t i = 0; i < s->options.path_count; i++) {
		if (object_list_add_path(s->list, s->options.paths[i], &filter, err))
			return -1;
	}
	s->bytes_all = object_list_bytes(s->list);
	return 0;
}

static int
make_cursor(struct source_objects *s, struct err *err)
{
	struct object_cursor_options options = {
		.format = s->options.format,
		.columns = s->options.columns,
		.has_header = s->options.has_header,
		.delimiter = s->options.delimiter,
		.line_bytes_max = s->options.line_bytes_max,
		.counted = &s->bytes,
	};

	s->cursor = object_cursor_new(&options, err);
	return s->cursor ? 0 : -1;
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
	s->options = *options;
	if (make_cursor(s, err) || make_list(s, err)) {
		objects_free(&s->base);
		return NULL;
	}
	return &s->base;
}

void
source_objects_progress(const struct source *source, struct objects_progress *ret)
{
	const struct source_objects *s = (const struct source_objects *)source;

	*ret = (struct objects_progress){
		.file = s->next_object,
		.file_count = object_list_count(s->list),
		.bytes = s->bytes,
		.bytes_all = s->bytes_all,
	};
}

bool
source_objects_is_csv(const struct source *source)
{
	return object_cursor_is_csv(((const struct source_objects *)source)->cursor);
}
