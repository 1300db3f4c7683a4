/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/utf8.h"

struct resume {
	struct resume_options options;
	struct resume_log log;
	struct resume_state state; /* committed last */
	struct resume_point start;
	int64_t committed_us; /* monotonic, when that was */
	struct buf text;
};

struct resume *
resume_new(const struct resume_options *options, const char *run, const struct resume_log *log,
    struct err *err)
{
	struct resume *r = calloc(1, sizeof(*r));

	if (!r) {
		err_no_memory(err);
		return NULL;
	}
	r->options = *options;
	r->log = *log;
	(void)snprintf(r->state.run, sizeof(r->state.run), "%s", run);
	buf_init(&r->text, RESUME_STATE_BYTES_MAX);
	return r;
}

void
resume_free(struct resume *r)
{
	if (!r)
		return;
	resume_state_release(&r->state);
	buf_release(&r->text);
	free(r);
}

const struct resume_point *
resume_point(const struct resume *r)
{
	return &r->state.point;
}

const struct resume_point *
resume_start(const struct resume *r)
{
	return &r->start;
}

void
resume_set_start(struct resume *r, const struct resume_point *start)
{
	r->start = *start;
}

/* ---- commits ---- */

bool
resume_is_open(const struct resume *r)
{
	return r->log.is_open(r->log.context);
}

int64_t
resume_due_us(const struct resume *r)
{
	return r->committed_us + resume_interval_us(r);
}

int64_t
resume_interval_us(const struct resume *r)
{
	return r->options.interval_ms * 1000;
}

/* Empty text: a tombstone. */
static int
write_text(struct resume *r, struct err *err)
{
	struct outgoing out = {
		.key = slice_of(r->options.id),
		.has_key = true,
		.value = buf_slice(&r->text),
		.has_value = r->text.len > 0,
		.time_ms = RECORD_NO_TIME,
		.partition = 0,
	};

	return sink_write(r->log.states, &out, err);
}

/* A name is for messages; states are UTF-8, file names any bytes. */
static char *
copy_name(const char *name)
{
	char *copy = strdup(name ? name : "");

	if (!copy || utf8_is_valid(slice_of(copy)))
		return copy;
	for (char *c = copy; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	return copy;
}

/* The objects up to that of the position, as they are now. */
static int
note_objects(struct resume *r, const struct source *source, size_t object, struct err *err)
{
	char digest[OBJECTS_DIGEST_BYTES];
	char *name;

	if (source_objects_digest(source, object, digest, err))
		return -1;
	name = copy_name(source_objects_name(source, object));
	if (!name)
		return err_no_memory(err);
	free(r->state.object);
	r->state.object = name;
	memcpy(r->state.digest, digest, sizeof(digest));
	return 0;
}

int
resume_commit(struct resume *r, const struct source *source, const struct resume_point *point,
    int64_t deadline_mono_ms, struct err *err)
{
	size_t object = point->read.object;
	struct resume_point before = r->state.point;

	if ((!r->state.object || object != r->state.point.read.object) &&
	    note_objects(r, source, object, err))
		return -1;
	r->state.point = *point;
	buf_clear(&r->text);
	if (resume_state_print(&r->state, &r->text, err) || write_text(r, err) ||
	    r->log.commit(r->log.context, deadline_mono_ms, err)) {
		r->state.point = before;
		return -1;
	}
	r->committed_us = clock_mono_us();
	return 0;
}

int
resume_forget(struct resume *r, struct err *err)
{
	buf_clear(&r->text);
	if (write_text(r, err))
		return -1;
	return r->log.commit(r->log.context, CLOCK_NEVER, err);
}

/* ---- the beginning ---- */

static int
check_objects(const struct resume_state *kept, const struct source *source, struct err *err)
{
	char digest[OBJECTS_DIGEST_BYTES];

	if (source_objects_digest(source, kept->point.read.object, digest, err)) {
		if (err->class != ERR_DATA)
			return -1;
	} else if (strcmp(digest, kept->digest) == 0) {
		return 0;
	}
	return err_set(err, ERR_DATA,
	    "the objects up to %s are not what they were: one of them was changed, added or removed",
	    kept->object);
}

static int
take_up(struct resume *r, struct resume_state *kept, const struct source *source, struct err *err)
{
	char reason[ERR_TEXT_BYTES];

	if (!resume_facts_compare(&kept->facts, &r->state.facts, err) &&
	    !check_objects(kept, source, err)) {
		r->state.point = kept->point;
		return 0;
	}
	if (err->class != ERR_DATA)
		return -1;
	memcpy(reason, err->text, sizeof(reason));
	return err_set(err, ERR_DATA,
	    "--resume-id %s: %s; %lld records were sent with what was: go on with that, or begin "
	    "with another id, or forget this one (--resume-forget)", r->options.id, reason,
	    (long long)kept->point.counts.sent);
}

static int
take_up_text(struct resume *r, struct slice text, const struct source *source, struct err *err)
{
	struct resume_state kept;
	int rc;

	if (resume_state_parse(text, &kept, err))
		return err_wrap(err, "topic %s, key %s", r->options.topic, r->options.id);
	if (kept.point.counts.read == 0) { /* nothing depends on what was */
		resume_state_release(&kept);
		return 0;
	}
	rc = take_up(r, &kept, source, err);
	resume_state_release(&kept);
	return rc;
}

int
resume_begin(struct resume *r, struct slice kept, struct resume_facts *facts,
    struct source *source, struct err *err)
{
	struct resume_point point;

	resume_facts_release(&r->state.facts);
	r->state.facts = *facts;
	facts->count = 0;
	if (kept.len && take_up_text(r, kept, source, err))
		return -1;
	point = r->state.point;
	r->start = point;
	if (kept.len && source_objects_seek(source, &point.oldest, err))
		return err_wrap(err, "--resume-id %s", r->options.id);
	return resume_commit(r, source, &point, CLOCK_NEVER, err);
}
