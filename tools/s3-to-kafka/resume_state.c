/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/resume_state.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1 };

/* ---- facts ---- */

int
resume_facts_add(struct resume_facts *f, const char *name, const char *value, struct err *err)
{
	struct resume_fact fact = { .name = NULL };

	if (!value)
		return 0;
	if (f->count == RESUME_FACTS_MAX)
		return err_set(err, ERR_FAULT, "too many options to keep");
	fact.name = strdup(name);
	fact.value = strdup(value);
	if (!fact.name || !fact.value) {
		free(fact.name);
		free(fact.value);
		return err_no_memory(err);
	}
	f->facts[f->count++] = fact;
	return 0;
}

int
resume_facts_add_int(struct resume_facts *f, const char *name, int64_t value, struct err *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return resume_facts_add(f, name, text, err);
}

void
resume_facts_release(struct resume_facts *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->facts[i].name);
		free(f->facts[i].value);
	}
	f->count = 0;
}

static const char *
find_fact(const struct resume_facts *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->facts[i].name, name) == 0)
			return f->facts[i].value;
	}
	return NULL;
}

/* Adds a clause to the line; what does not fit is left out. NULL: not given. */
static void
say_difference(char *line, size_t bytes, const char *name, const char *was, const char *is)
{
	size_t len = strlen(line);

	(void)snprintf(line + len, bytes - len, "%s%s was %s%s%s", len ? ", " : "", name,
	    was ? was : "not given", is ? " and is " : " and is not given", is ? is : "");
}

int
resume_facts_compare(const struct resume_facts *then, const struct resume_facts *now,
    struct err *err)
{
	char line[512] = "";

	for (size_t i = 0; i < then->count; i++) {
		const struct resume_fact *was = &then->facts[i];
		const char *is = find_fact(now, was->name);

		if (!is || strcmp(was->value, is))
			say_difference(line, sizeof(line), was->name, was->value, is);
	}
	for (size_t i = 0; i < now->count; i++) {
		if (!find_fact(then, now->facts[i].name))
			say_difference(line, sizeof(line), now->facts[i].name, NULL,
			    now->facts[i].value);
	}
	return *line ? err_set(err, ERR_DATA, "the options have changed: %s", line) : 0;
}

/* ---- the document ---- */

void
resume_state_release(struct resume_state *s)
{
	resume_facts_release(&s->facts);
	free(s->object);
	*s = (struct resume_state){ .object = NULL };
}

static json_t *
pack_mark(const struct objects_mark *m)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "object", (json_int_t)m->object, "line",
	    (json_int_t)m->line, "byte", (json_int_t)m->byte, "sequence", (json_int_t)m->sequence,
	    "skip", (json_int_t)m->skip);
}

static json_t *
pack_facts(const struct resume_facts *f)
{
	json_t *all = json_object();

	for (size_t i = 0; i < f->count; i++) {
		/* an option's value may be any bytes: jansson refuses what is not UTF-8 */
		json_t *value = json_string(f->facts[i].value);

		if (!value || json_object_set_new(all, f->facts[i].name, value)) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *
pack(const struct resume_state *s)
{
	const struct resume_point *p = &s->point;

	return json_pack(
	    "{s:i, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I}, s:b, s:b}", "version",
	    FORMAT_VERSION, "run", s->run, "options", pack_facts(&s->facts), "objects", s->digest, "object",
	    s->object, "read", pack_mark(&p->read), "oldest", pack_mark(&p->oldest), "last",
	    p->has_last ? json_pack("{s:I, s:I}", "time", (json_int_t)p->last_time_ms, "sequence",
	                      (json_int_t)p->last_sequence)
	                : json_null(),
	    "shift", p->has_shift ? json_integer((json_int_t)p->shift_ms) : json_null(), "counts",
	    "read", (json_int_t)p->counts.read, "sent", (json_int_t)p->counts.sent, "rejected",
	    (json_int_t)p->counts.rejected, "skipped", (json_int_t)p->counts.skipped, "done",
	    p->is_done, "over", p->is_over);
}

int
resume_state_print(const struct resume_state *s, struct buf *out, struct err *err)
{
	json_t *document = pack(s);
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	int rc = -1;

	if (!document)
		err_set(err, ERR_USAGE, "--resume-id: an option or an object's name is not UTF-8");
	else if (!text)
		err_no_memory(err);
	else
		rc = buf_append(out, slice_of(text), err);
	free(text);
	json_decref(document);
	return rc;
}

/* ---- reading it back ---- */

static bool
unpack_mark(json_t *document, const char *name, struct objects_mark *ret)
{
	json_int_t object, line, byte, sequence, skip;

	if (json_unpack(document, "{s:{s:I, s:I, s:I, s:I, s:I}}", name, "object", &object, "line",
	        &line, "byte", &byte, "sequence", &sequence, "skip", &skip) ||
	    object < 0 || line < 0 || byte < 0 || sequence < 0 || skip < 0 ||
	    sequence > INT64_MAX - skip)
		return false;
	*ret = (struct objects_mark){ .object = (size_t)object,
		.line = line,
		.byte = byte,
		.sequence = sequence,
		.skip = skip };
	return true;
}

static bool
unpack_optional(json_t *document, struct resume_point *ret)
{
	json_t *last = json_object_get(document, "last");
	json_t *shift = json_object_get(document, "shift");
	json_int_t time_ms, sequence;

	if (json_is_object(last)) {
		if (json_unpack(last, "{s:I, s:I}", "time", &time_ms, "sequence", &sequence))
			return false;
		ret->has_last = true;
		ret->last_time_ms = time_ms;
		ret->last_sequence = sequence;
	} else if (!json_is_null(last)) {
		return false;
	}
	if (json_is_integer(shift)) {
		ret->has_shift = true;
		ret->shift_ms = json_integer_value(shift);
	} else if (!json_is_null(shift)) {
		return false;
	}
	return true;
}

static bool
unpack_point(json_t *document, struct resume_point *ret)
{
	json_int_t read, sent, rejected, skipped;
	int is_done, is_over;

	if (!unpack_mark(document, "read", &ret->read) ||
	    !unpack_mark(document, "oldest", &ret->oldest) || !unpack_optional(document, ret) ||
	    json_unpack(document, "{s:{s:I, s:I, s:I, s:I}, s:b, s:b}", "counts", "read", &read, "sent", &sent,
	        "rejected", &rejected, "skipped", &skipped, "done", &is_done, "over", &is_over))
		return false;
	ret->counts = (struct resume_counts){ .read = read,
		.sent = sent,
		.rejected = rejected,
		.skipped = skipped };
	ret->is_done = is_done;
	ret->is_over = is_over;
	return read >= 0 && sent >= 0 && rejected >= 0 && skipped >= 0 &&
	    ret->oldest.sequence + ret->oldest.skip <= resume_read_sequence(ret);
}

static bool
unpack_texts(json_t *document, struct resume_state *ret, struct err *err)
{
	const char *run, *digest, *object, *name;
	json_t *options, *value;

	if (json_unpack(document, "{s:s, s:s, s:s, s:o}", "run", &run, "objects", &digest, "object",
	        &object, "options", &options) ||
	    strlen(run) >= sizeof(ret->run) || strlen(digest) >= sizeof(ret->digest) ||
	    !json_is_object(options))
		return false;
	(void)snprintf(ret->run, sizeof(ret->run), "%s", run);
	(void)snprintf(ret->digest, sizeof(ret->digest), "%s", digest);
	ret->object = strdup(object);
	if (!ret->object) {
		err_no_memory(err);
		return false;
	}
	json_object_foreach (options, name, value) {
		if (!json_is_string(value) ||
		    resume_facts_add(&ret->facts, name, json_string_value(value), err))
			return false;
	}
	return true;
}

static int
unpack(json_t *document, struct resume_state *ret, struct err *err)
{
	json_int_t version;

	if (json_unpack(document, "{s:I}", "version", &version))
		return err_set(err, ERR_DATA, "not the position of a replay: %s", "it has no version");
	if (version != FORMAT_VERSION)
		return err_set(err, ERR_USAGE,
		    "written by another version of s3-to-kafka (format %lld, this one knows %d)",
		    (long long)version, FORMAT_VERSION);
	if (unpack_texts(document, ret, err) && unpack_point(document, &ret->point))
		return 0;
	return err->class ? -1
	                  : err_set(err, ERR_DATA, "not the position of a replay: members are missing "
	                    "or of another kind");
}

int
resume_state_parse(struct slice text, struct resume_state *ret, struct err *err)
{
	json_error_t where;
	json_t *document =
	    json_loadb(text.data ? text.data : "", text.len, JSON_REJECT_DUPLICATES, &where);
	struct resume_state state = { .object = NULL };
	int rc;

	if (!document)
		return err_set(err, ERR_DATA, "not the position of a replay: %s", where.text);
	err_clear(err);
	rc = unpack(document, &state, err);
	json_decref(document);
	if (rc)
		resume_state_release(&state);
	else
		*ret = state;
	return rc;
}

bool
resume_was_sent(const struct resume_point *p, int64_t time_ms, int64_t sequence)
{
	if (!p->has_last)
		return false;
	if (time_ms != p->last_time_ms)
		return time_ms < p->last_time_ms;
	return sequence <= p->last_sequence;
}
