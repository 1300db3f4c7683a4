/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/lake.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "flow/field.h"
#include "flow/template.h"

enum {
	COMMIT_MS = 1000,           /* at least between two commits in running */
	LETTERS_MS_MAX = 30 * 1000, /* for dead letters to become durable before a commit */
	PATH_BYTES_MAX = 64 * 1024,
};

/* One partition that is ours, or the pipe. */
struct stream {
	int32_t number;
	int64_t next; /* the sequence after the last record that was taken or given away */
	int64_t committed;
};

struct lake {
	struct lake_options options;
	struct field_set *fields;
	struct template *template; /* NULL without --path */
	unsigned time_index;       /* with a time field */
	bool wants_time;
	struct open_files *files;
	struct deadletter *letters;
	struct source *source;
	struct stream *streams;
	struct commit_point *points; /* as many as streams */
	size_t stream_count;
	size_t stream_capacity;
	size_t stream_recent;
	struct buf path;
	struct buf line;
	struct lake_counts counts;
	int64_t settled;        /* records published or rejected when last committed */
	int64_t commit_from_ms; /* no commit before */
	bool has_told_evicted;
};

/* ---- streams ---- */

static int
grow_streams(struct lake *l, struct err *err)
{
	size_t capacity = l->stream_capacity ? 2 * l->stream_capacity : 16;
	struct commit_point *points = realloc(l->points, capacity * sizeof(*points));
	struct stream *streams;

	if (!points)
		return err_no_memory(err);
	l->points = points;
	streams = realloc(l->streams, capacity * sizeof(*streams));
	if (!streams)
		return err_no_memory(err);
	l->streams = streams;
	l->stream_capacity = capacity;
	return 0;
}

/* NULL where it is not ours. */
static struct stream *
find_stream(struct lake *l, int32_t number)
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

static struct stream *
add_stream(struct lake *l, int32_t number, int64_t sequence, struct err *err)
{
	if (l->stream_count == l->stream_capacity && grow_streams(l, err))
		return NULL;
	l->streams[l->stream_count] =
	    (struct stream){ .number = number, .next = sequence, .committed = sequence };
	return &l->streams[l->stream_count++];
}

static void
remove_stream(struct lake *l, int32_t number)
{
	struct stream *s = find_stream(l, number);

	if (s)
		*s = l->streams[--l->stream_count];
}

/* ---- committing ---- */

static int64_t
settled(const struct lake *l)
{
	return open_files_counts(l->files).records + deadletter_count(l->letters) +
	       l->counts.filtered;
}

/* Commits what is durable: letters first, then one past the last record with nothing open before.
 */
static int
commit(struct lake *l, int64_t letters_deadline_ms, struct err *err)
{
	size_t count = 0;

	if (deadletter_flush(l->letters, letters_deadline_ms, err))
		return -1;
	for (size_t i = 0; i < l->stream_count; i++) {
		struct stream *s = &l->streams[i];
		int64_t frontier = open_files_frontier(l->files, s->number, s->next);

		if (frontier <= s->committed)
			continue;
		l->points[count++] =
		    (struct commit_point){ .stream = s->number, .sequence = frontier };
		s->committed = frontier; /* a commit that fails is the end */
	}
	if (count && source_commit(l->source, l->points, count, err))
		return -1;
	l->settled = settled(l);
	l->commit_from_ms = clock_deadline(COMMIT_MS);
	return 0;
}

/* ---- what the source tells ---- */

static int
on_assigned(void *context, int32_t number, uint32_t term, int64_t sequence, const char *metadata,
    struct err *err)
{
	struct lake *l = context;

	(void)term;
	(void)metadata;
	remove_stream(l, number);
	l->counts.lost += open_files_drop_stream(l->files, number);
	return add_stream(l, number, sequence, err) ? 0 : -1;
}

static int
hand_over(struct lake *l, const int32_t *numbers, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (open_files_publish_stream(l->files, numbers[i], err))
			return -1;
	}
	return commit(l, clock_deadline(LETTERS_MS_MAX), err);
}

static int
on_revoked(void *context, const int32_t *numbers, size_t count, bool is_lost, struct err *err)
{
	struct lake *l = context;

	if (!is_lost && hand_over(l, numbers, count, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		l->counts.lost += open_files_drop_stream(l->files, numbers[i]);
		remove_stream(l, numbers[i]);
	}
	return 0;
}

/* What lies between the last record and the end of the log is nobody's: transaction markers. */
static void
on_end(void *context, int32_t number, int64_t sequence)
{
	struct stream *s = find_stream(context, number);

	if (s && sequence > s->next)
		s->next = sequence;
}

struct source_events
lake_events(struct lake *l)
{
	return (struct source_events){
		.context = l, .assigned = on_assigned, .revoked = on_revoked, .at_end = on_end
	};
}

/* ---- one record ---- */

/* The value without line breaks; what surrounds it goes with them. */
static int
make_line(struct lake *l, struct slice value, struct slice *ret, struct err *err)
{
	if (!memchr(value.data, '\n', value.len) && !memchr(value.data, '\r', value.len)) {
		*ret = value;
		return 0;
	}
	buf_clear(&l->line);
	if (buf_append(&l->line, slice_trim(value), err))
		return -1;
	for (size_t i = 0; i < l->line.len; i++) {
		if (l->line.data[i] == '\n' || l->line.data[i] == '\r')
			l->line.data[i] = ' ';
	}
	*ret = buf_slice(&l->line);
	return 0;
}

static int
event_time(struct lake *l, const struct record *record, int64_t *ret_ms, struct err *err)
{
	enum json_type type;

	*ret_ms = record->time_ms;
	if (!l->wants_time || !l->options.time_field)
		return 0;
	type = field_get(l->fields, l->time_index)->type;
	if (type == JSON_TYPE_MISSING || type == JSON_TYPE_NULL) {
		*ret_ms = RECORD_NO_TIME;
		return 0;
	}
	return field_time(l->fields, record, l->time_index, &l->options.time_format, ret_ms, err);
}

static int
render_path(struct lake *l, const struct record *record, struct err *err)
{
	int64_t time_ms;

	buf_clear(&l->path);
	if (!l->template)
		return 0;
	if (event_time(l, record, &time_ms, err))
		return -1;
	return template_render(l->template, l->fields, record, time_ms, &l->path, err);
}

/* ERR_DATA rejects the record, all else is final. */
static int
collect(struct lake *l, const struct record *record, int64_t now_ms, struct err *err)
{
	struct slice line;
	char reason[ERR_TEXT_BYTES];

	if (!record->has_value)
		return record_reject(
		    record, -1, "a tombstone has no line (--skip-tombstones leaves them out)", err);
	if (field_scan(l->fields, record, err) || render_path(l, record, err) ||
	    make_line(l, record->value, &line, err))
		return -1;
	if (!open_files_write(l->files, record->position, buf_slice(&l->path), line, now_ms, err))
		return 0;
	if (err->class != ERR_DATA)
		return -1;
	memcpy(reason, err->text, sizeof(reason));
	return record_reject(record, -1, reason, err);
}

static int
take_record(
    struct lake *l, const struct record *record, bool is_rejected, int64_t now_ms, struct err *err)
{
	struct stream *s = find_stream(l, record->position.stream);

	if (!s)
		s = add_stream(l, record->position.stream, record->position.sequence, err);
	if (!s)
		return -1;
	l->counts.read++;
	if (!is_rejected && !record->has_value && l->options.skips_tombstones)
		l->counts.filtered++;
	else if ((is_rejected || collect(l, record, now_ms, err)) &&
		 deadletter_put(l->letters, record, err, err))
		return -1;
	s->next = record->position.sequence + 1;
	return 0;
}

/* ---- the loop ---- */

static void
tell_evicted(struct lake *l)
{
	int64_t some = open_files_open_max(l->files) / 10;

	/* input in the order of its paths leaves them for good; a few late records are no storm */
	if (l->has_told_evicted || open_files_counts(l->files).files_again <= some)
		return;
	l->has_told_evicted = true;
	diag_warn("records go to more than %u paths at a time (--max-open): files are published "
		  "before they are full",
	    open_files_open_max(l->files));
}

/* What is due by the clock, whether records come or not. */
static int
tick(struct lake *l, int64_t now_ms, struct err *err)
{
	if (open_files_tick(l->files, now_ms, err))
		return -1;
	if (now_ms < l->commit_from_ms || l->settled == settled(l))
		return 0;
	tell_evicted(l);
	return commit(l, clock_deadline(LETTERS_MS_MAX), err);
}

static int64_t
next_tick_ms(const struct lake *l)
{
	int64_t due_ms = open_files_due_ms(l->files);

	if (l->settled != settled(l) && l->commit_from_ms < due_ms)
		return l->commit_from_ms;
	return due_ms;
}

static int
run_input(struct lake *l, enum job_input *ret_input, struct err *err)
{
	struct record record;

	for (;;) {
		enum source_status status = source_next(l->source, next_tick_ms(l), &record, err);
		int64_t now_ms = clock_mono_ms();

		switch (status) {
		case SOURCE_RECORD:
		case SOURCE_REJECT:
			if (take_record(l, &record, status == SOURCE_REJECT, now_ms, err))
				return -1;
			break;
		case SOURCE_WAIT:
			if (stop_requested())
				return 0;
			break;
		case SOURCE_END:
			*ret_input = JOB_INPUT_ENDED;
			return 0;
		case SOURCE_FAILED:
			return -1;
		}
		if (tick(l, now_ms, err))
			return -1;
	}
}

/* ---- the end ---- */

static int
publish_rest(struct lake *l, int64_t deadline_ms, struct err *err)
{
	while (open_files_count(l->files)) {
		if (clock_mono_ms() >= deadline_ms)
			return err_set(err, ERR_STOPPED,
			    "stopped with %u files not published within --drain",
			    open_files_count(l->files));
		if (open_files_publish_some(l->files, err))
			return -1;
	}
	return 0;
}

/* Publishes and commits as much as time allows; `err` tells the first failure. */
static int
settle(struct lake *l, int64_t deadline_ms, struct err *err)
{
	struct err later = ERR_INIT;
	int rc = publish_rest(l, deadline_ms, err);

	/* the frontier is right whatever remains open */
	if (rc && err->class != ERR_STOPPED)
		return rc;
	if (commit(l, deadline_ms, &later)) {
		if (!rc)
			*err = later;
		return -1;
	}
	return rc;
}

int
lake_run(struct lake *l, struct source *source, enum job_input *ret_input, struct err *err)
{
	struct err later = ERR_INIT;
	int rc;

	*ret_input = l->options.is_bounded ? JOB_INPUT_BOUNDED : JOB_INPUT_ENDLESS;
	l->source = source;
	rc = run_input(l, ret_input, err);
	if (!rc)
		rc = settle(
		    l, stop_requested() ? clock_deadline(l->options.drain_ms) : CLOCK_NEVER, err);
	else if (err->class == ERR_DATA || err->class == ERR_DENIED) {
		if (settle(l, CLOCK_NEVER, &later))
			diag_warn("what precedes the refused record is not all published: %s",
			    later.text);
	}
	tell_evicted(l);
	return rc;
}

struct lake_counts
lake_counts(const struct lake *l)
{
	struct lake_counts counts = l->counts;

	counts.delivered = open_files_counts(l->files).records;
	counts.rejected = deadletter_count(l->letters);
	counts.open =
	    counts.read - counts.delivered - counts.rejected - counts.filtered - counts.lost;
	return counts;
}

/* ---- making ---- */

static int
compile(struct lake *l, struct err *err)
{
	int index;

	l->fields = field_set_new(err);
	if (!l->fields)
		return -1;
	field_set_check_all(l->fields);
	if (l->options.path) {
		l->template = template_compile(
		    l->options.path, TEMPLATE_DEFAULT_PARTITION, TEMPLATE_PATH, l->fields, err);
		if (!l->template)
			return err_wrap(err, "--path");
	}
	l->wants_time = l->template && template_uses_time(l->template);
	if (!l->wants_time || !l->options.time_field)
		return 0;
	index = field_set_add(l->fields, slice_of(l->options.time_field), err);
	if (index < 0)
		return err_wrap(err, "--time");
	l->time_index = (unsigned)index;
	return 0;
}

struct lake *
lake_new(const struct lake_options *options, struct err *err)
{
	struct lake *l = calloc(1, sizeof(*l));

	if (!l) {
		err_no_memory(err);
		return NULL;
	}
	l->options = *options;
	buf_init(&l->path, PATH_BYTES_MAX);
	buf_init(&l->line, UINT32_MAX); /* no longer than the value */
	if (compile(l, err)) {
		lake_free(l);
		return NULL;
	}
	return l;
}

void
lake_free(struct lake *l)
{
	if (!l)
		return;
	template_free(l->template);
	field_set_free(l->fields);
	buf_release(&l->path);
	buf_release(&l->line);
	free(l->streams);
	free(l->points);
	free(l);
}

bool
lake_uses_time(const struct lake *l)
{
	return l->wants_time;
}

bool
lake_uses_headers(const struct lake *l)
{
	return l->template && template_uses_headers(l->template);
}

void
lake_set_outputs(struct lake *l, struct open_files *files, struct deadletter *letters)
{
	l->files = files;
	l->letters = letters;
}
