/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/mark_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void
mark_release(struct mark *m)
{
	success_release(&m->success);
	*m = (struct mark)MARK_INIT;
}

/* ---- writing ---- */

static json_t *
make_pending(const struct success *s)
{
	json_t *pending = json_object();

	for (size_t i = 0; pending && i < s->count; i++) {
		if (json_object_set_new(
			pending, s->paths[i].path, json_integer((json_int_t)s->paths[i].end_ms))) {
			json_decref(pending);
			return NULL;
		}
	}
	return pending;
}

static json_t *
make(const struct mark *m, const char *group)
{
	json_t *json = json_pack("{s:s, s:I}", "group", group, "until", (json_int_t)m->until);
	int rc = json ? 0 : -1;

	if (!rc && m->at_ms != INT64_MAX)
		rc = json_object_set_new(json, "at", json_integer((json_int_t)m->at_ms));
	if (!rc && m->success.time_ms != SUCCESS_NO_TIME)
		rc = json_object_set_new(json, "time", json_integer((json_int_t)m->success.time_ms));
	if (!rc && m->success.count)
		rc = json_object_set_new(json, "pending", make_pending(&m->success));
	if (!rc)
		return json;
	json_decref(json);
	return NULL;
}

int
mark_format(const struct mark *m, const char *group, struct buf *out, struct err *err)
{
	json_t *json = make(m, group);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int rc = -1;

	if (!text)
		err_set(err, ERR_FAULT, "group %s: no mark can be made", group);
	else if (!buf_append(out, slice_of(text), err))
		rc = buf_append(out, slice_of("\n"), err);
	free(text);
	json_decref(json);
	return rc;
}

/* ---- reading ---- */

static int
parse_pending(json_t *pending, struct success *ret, struct err *err)
{
	const char *path;
	json_t *end;

	json_object_foreach (pending, path, end) {
		if (!json_is_integer(end))
			return err_set(err, ERR_DATA, "no mark of kafka-to-s3");
		if (success_note(ret, path, SUCCESS_NO_TIME, json_integer_value(end), err))
			return -1;
	}
	return 0;
}

static int
parse(json_t *json, const char *group, struct mark *ret, struct err *err)
{
	const char *there = json_string_value(json_object_get(json, "group"));
	json_t *until = json_object_get(json, "until");
	json_t *at = json_object_get(json, "at");
	json_t *time = json_object_get(json, "time");

	if (!there || !json_is_integer(until) || json_integer_value(until) < 0)
		return err_set(err, ERR_DATA, "no mark of kafka-to-s3");
	if (strcmp(there, group) != 0)
		return err_set(err, ERR_DATA,
		    "group %s has put this partition there, and %s would put it there again", there,
		    group);
	ret->until = json_integer_value(until);
	if (json_is_integer(at))
		ret->at_ms = json_integer_value(at);
	if (json_is_integer(time))
		ret->success.time_ms = json_integer_value(time);
	return parse_pending(json_object_get(json, "pending"), &ret->success, err);
}

int
mark_parse(struct slice text, const char *group, struct mark *ret, struct err *err)
{
	json_error_t error;
	json_t *json = json_loadb(text.data ? text.data : "", text.len, 0, &error);
	int rc = parse(json, group, ret, err);

	json_decref(json);
	if (rc)
		mark_release(ret);
	return rc;
}
