/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/publish/s3_marks.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/stop.h"
#include "kafka-to-s3/publish/publisher_ops.h"

enum {
	/* A member that waits here is not heard: all that is read of one assignment, below half of
	 * max.poll.interval.ms (5 min). */
	READ_MS_MAX = 120 * 1000,
	AGAIN_MS = 1000,
	ETAG_BYTES_MAX = 1024,
	CONFLICTS_MAX = 20, /* of two members, one of which is late */
};

enum mark_state {
	MARK_FETCHES,
	MARK_FETCHED, /* here and in the next but one the loop has nothing of it */
	MARK_PUTS,
	MARK_PUT,
};

struct s3_mark {
	struct s3_mark *next;
	struct s3_target *target;
	struct loop_task task;
	char *key;

	/* the loop's in MARK_FETCHES and MARK_PUTS, else the owner's */
	struct s3_fetching *fetching;
	struct s3_put *put;
	struct buf text;
	struct buf etag; /* of what was fetched */
	bool has;
	unsigned conflicts; /* in a row: another was faster */
	struct err err;

	enum mark_state state; /* under the lock */
};

struct s3_marks {
	struct s3_target *target;
	struct s3_mark *marks;
	int64_t read_deadline_ms; /* of what is read between two turns; 0: nothing has been */
};

/* ---- on the loop ---- */

static void
finish(struct s3_mark *m, enum mark_state state)
{
	struct s3_target *t = m->target;

	s3_fetching_free(m->fetching);
	s3_put_free(m->put);
	m->fetching = NULL;
	m->put = NULL;
	s3_target_lock(t);
	m->state = state;
	s3_target_tell_news(t);
	s3_target_unlock(t);
}

static void
on_fetched(void *context, bool is_there, struct slice etag, struct slice bytes,
    const struct err *err)
{
	struct s3_mark *m = context;

	m->err = *err;
	m->has = is_there;
	buf_clear(&m->text);
	buf_clear(&m->etag);
	if (err->class == ERR_NONE && !buf_append(&m->etag, etag, &m->err))
		(void)buf_append(&m->text, bytes, &m->err);
	finish(m, MARK_FETCHED);
}

static void
fetch(void *context)
{
	struct s3_mark *m = context;

	m->fetching = s3_fetch_start(m->target->bucket, slice_of(m->key),
	    m->target->options->patience_ms, on_fetched, m, &m->err);
	if (!m->fetching)
		finish(m, MARK_FETCHED);
}

/* Somebody else has written it since it was fetched, or removed it: it is decided anew. */
static void
fetch_again(struct s3_mark *m)
{
	s3_put_free(m->put);
	m->put = NULL;
	m->conflicts++;
	err_clear(&m->err);
	s3_target_lock(m->target);
	m->state = MARK_FETCHES;
	s3_target_unlock(m->target);
	fetch(m);
}

static void
on_put(void *context, const struct s3_put_result *result, const struct err *err)
{
	struct s3_mark *m = context;

	m->err = *err;
	if (err->class == ERR_CANT_CREATE && result->was_there && m->conflicts < CONFLICTS_MAX)
		fetch_again(m);
	else
		finish(m, MARK_PUT);
}

static int
read_text(void *context, int64_t offset, char *data, size_t bytes, struct err *err)
{
	const struct s3_mark *m = context;

	(void)err;
	memcpy(data, m->text.data + offset, bytes);
	return 0;
}

/* What the bucket's policy may ask for; neither a class that cannot be read at once nor tags by which objects are
 * expired. */
static struct s3_style
style_of(const struct s3_target_options *options, const char *content_type)
{
	return (struct s3_style){ .content_type = content_type,
		.encryption = options->style.encryption,
		.kms_key_id = options->style.kms_key_id,
		.acl = options->style.acl };
}

static void
put(void *context)
{
	struct s3_mark *m = context;
	const struct s3_target_options *options = m->target->options;
	struct s3_style style = style_of(options, "application/json");
	struct s3_put_options put_options = {
		.key = slice_of(m->key),
		.style = &style,
		.is_create_only = !m->has,
		/* a service that tells no entity tags replaces what is there */
		.if_match = m->has ? buf_slice(&m->etag) : slice_make(NULL, 0),
		.read = read_text,
		.patience_ms = options->patience_ms,
		.has_no_checksum = options->has_no_checksum,
		.context = m,
		.done = on_put,
	};

	m->put = s3_put_start(m->target->bucket, &put_options, &m->err);
	if (!m->put) {
		finish(m, MARK_PUT);
		return;
	}
	s3_put_extend(m->put, (int64_t)m->text.len);
	s3_put_end(m->put);
}

static int
read_nothing(void *context, int64_t offset, char *data, size_t bytes, struct err *err)
{
	(void)context, (void)offset, (void)data, (void)bytes, (void)err;
	return 0;
}

/* Where there is something, it is left. */
static void
put_nothing(void *context)
{
	struct s3_mark *m = context;
	const struct s3_target_options *options = m->target->options;
	struct s3_style style = style_of(options, NULL);
	struct s3_put_options put_options = {
		.key = slice_of(m->key),
		.is_create_only = true,
		.existing = S3_PUT_TAKES,
		.style = &style,
		.read = read_nothing,
		.patience_ms = options->patience_ms,
		.has_no_checksum = options->has_no_checksum,
		.context = m,
		.done = on_put,
	};

	m->put = s3_put_start(m->target->bucket, &put_options, &m->err);
	if (m->put)
		s3_put_end(m->put);
	else
		finish(m, MARK_PUT);
}

/* ---- of the owner ---- */

static void
mark_free(struct s3_mark *m)
{
	if (!m)
		return;
	loop_unpost(m->target->loop, &m->task);
	s3_fetching_free(m->fetching);
	s3_put_free(m->put);
	buf_release(&m->text);
	buf_release(&m->etag);
	free(m->key);
	free(m);
}

static struct s3_mark **
find(struct s3_marks *marks, const char *key)
{
	struct s3_mark **at = &marks->marks;

	while (*at && strcmp((*at)->key, key) != 0)
		at = &(*at)->next;
	return at;
}

/* The loop must have nothing of it. */
static void
forget(struct s3_mark **at)
{
	struct s3_mark *m = *at;

	if (!m)
		return;
	*at = m->next;
	mark_free(m);
}

static void
hand_over(struct s3_mark *m, enum mark_state state, void (*run)(void *))
{
	s3_target_lock(m->target);
	m->state = state;
	m->task = (struct loop_task){ .run = run, .context = m };
	loop_post(m->target->loop, &m->task);
	s3_target_unlock(m->target);
}

static int
begin(struct s3_marks *marks, const char *key, enum mark_state state, void (*run)(void *),
    struct err *err)
{
	struct s3_mark *m;

	if (s3_target_run(marks->target, err))
		return -1;
	m = calloc(1, sizeof(*m));
	if (m)
		m->key = strdup(key);
	if (!m || !m->key) {
		free(m);
		return err_no_memory(err);
	}
	m->target = marks->target;
	buf_init(&m->text, 2 * MARK_TEXT_BYTES_MAX);
	buf_init(&m->etag, ETAG_BYTES_MAX);
	m->next = marks->marks;
	marks->marks = m;
	hand_over(m, state, run);
	return 1;
}

static enum mark_state
state_of(struct s3_mark *m)
{
	enum mark_state state;

	s3_target_lock(m->target);
	state = m->state;
	s3_target_unlock(m->target);
	return state;
}

static int
fail(struct s3_mark **at, struct err *err)
{
	*err = (*at)->err;
	forget(at);
	return -1;
}

/* 1: it is being put. */
static int
change(struct s3_marks *marks, struct s3_mark **at,
    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
    void *context, struct err *err)
{
	struct s3_mark *m = *at;
	struct buf text = BUF_INIT(2 * MARK_TEXT_BYTES_MAX);
	int rc = update(context, m->has, buf_slice(&m->text), &text, err);

	if (!rc && text.len && !s3_target_run(marks->target, err)) {
		buf_release(&m->text);
		m->text = text;
		hand_over(m, MARK_PUTS, put);
		return 1;
	}
	if (!rc && text.len)
		rc = -1;
	buf_release(&text);
	forget(at);
	return rc;
}

int
s3_marks_update(struct s3_marks *marks, const char *key,
    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
    void *context, struct err *err)
{
	struct s3_mark **at = find(marks, key);

	if (!*at)
		return begin(marks, key, MARK_FETCHES, fetch, err);
	switch (state_of(*at)) {
	case MARK_FETCHED:
		return (*at)->err.class == ERR_NONE ? change(marks, at, update, context, err)
		                                    : fail(at, err);
	case MARK_PUT:
		if ((*at)->err.class != ERR_NONE)
			return fail(at, err);
		forget(at);
		return 0;
	case MARK_FETCHES:
	case MARK_PUTS:
		break;
	}
	return 1;
}

void
s3_marks_begin_turn(struct s3_marks *marks)
{
	marks->read_deadline_ms = 0;
}

bool
s3_marks_has(struct s3_marks *marks, const char *key)
{
	return *find(marks, key);
}

void
s3_marks_drop(struct s3_marks *marks, const char *key)
{
	forget(find(marks, key));
}

int
s3_marks_read(struct s3_marks *marks, const char *key, bool *ret_has, struct buf *ret,
    struct err *err)
{
	int64_t patience_ms = marks->target->options->patience_ms;
	int64_t deadline_ms;
	struct buf text = BUF_INIT(2 * MARK_TEXT_BYTES_MAX);
	int rc;

	forget(find(marks, key));
	if (!marks->read_deadline_ms)
		marks->read_deadline_ms = clock_deadline(READ_MS_MAX);
	deadline_ms = clock_deadline(patience_ms);
	if (deadline_ms > marks->read_deadline_ms)
		deadline_ms = marks->read_deadline_ms;
	while ((rc = s3_fetch(marks->target->bucket, slice_of(key), marks->read_deadline_ms, &text,
		    ret_has, err)) &&
	       err->class == ERR_UNAVAILABLE && clock_mono_ms() < deadline_ms) {
		if (stop_wait(clock_deadline(AGAIN_MS)))
			break;
		err_clear(err);
	}
	if (!rc)
		rc = buf_append(ret, buf_slice(&text), err);
	else if (err->class == ERR_NO_INPUT)
		err->class = ERR_CANT_CREATE; /* the bucket */
	buf_release(&text);
	return rc;
}

int
s3_marks_make_empty(struct s3_marks *marks, const char *key, struct err *err)
{
	struct s3_mark **at = find(marks, key);

	if (!*at)
		return begin(marks, key, MARK_PUTS, put_nothing, err);
	if (state_of(*at) == MARK_PUTS)
		return 1;
	if ((*at)->err.class != ERR_NONE)
		return fail(at, err);
	forget(at);
	return 0;
}

/* ---- lifecycle ---- */

struct s3_marks *
s3_marks_new(struct s3_target *target, struct err *err)
{
	struct s3_marks *marks = calloc(1, sizeof(*marks));

	if (!marks) {
		err_no_memory(err);
		return NULL;
	}
	marks->target = target;
	return marks;
}

void
s3_marks_free(struct s3_marks *marks)
{
	if (!marks)
		return;
	while (marks->marks)
		forget(&marks->marks);
	free(marks);
}
