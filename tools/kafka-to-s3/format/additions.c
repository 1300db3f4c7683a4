/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/additions.h"

#include <stdio.h>
#include <stdlib.h>

#include "kafka-to-s3/format/json_text.h"

struct addition {
	const struct shape_add *add;
	struct template *template;
};

struct additions {
	struct json_scanner *scanner; /* of no path: says what is JSON */
	struct addition items[SHAPE_ADDS_MAX];
	size_t count;
};

/* ---- texts ---- */

/* NULL, or why what was appended to `out` from `start` on is no value. */
static const char *
check_text(struct additions *a, const struct shape_add *add, struct buf *out, size_t start)
{
	struct slice text = slice_skip(buf_slice(out), start);
	struct json_value none;
	struct json_fault fault;

	if (!add->is_json)
		return utf8_is_valid(text) ? NULL : "is not UTF-8";
	if (json_scan(a->scanner, text, &none, &fault))
		return "is not JSON";
	json_text_blank_breaks(out->data + start, text.len);
	return NULL;
}

int
additions_render(struct additions *a, size_t index, const struct field_set *fields,
    const struct record *record, int64_t time_ms, struct buf *out, struct err *err)
{
	const struct addition *item = &a->items[index];
	size_t start = out->len;
	char reason[ERR_TEXT_BYTES / 2];
	const char *why;

	/* an empty text may leave the buffer without any memory */
	if (buf_reserve(out, BUF_PADDING, err) ||
	    template_render(item->template, fields, record, time_ms, out, err) ||
	    buf_pad(out, err))
		return -1;
	why = check_text(a, item->add, out, start);
	if (!why)
		return 0;
	out->len = start;
	(void)snprintf(
	    reason, sizeof(reason), "added field %.*s %s", SLICE_ARGS(item->add->name), why);
	return record_reject(record, -1, reason, err);
}

/* ---- making ---- */

/* What is the same for each record is wrong at the start, not at the first of them. */
static int
check_constant(struct additions *a, size_t index, struct err *err)
{
	static const struct record none = { .time_ms = RECORD_NO_TIME };
	const struct addition *item = &a->items[index];
	struct buf text = BUF_INIT(UINT32_MAX);
	const char *why = NULL;
	int rc = 0;

	if (template_has_variable(item->template))
		return 0;
	rc = buf_reserve(&text, BUF_PADDING, err) ||
	             template_render(item->template, NULL, &none, RECORD_NO_TIME, &text, err) ||
	             buf_pad(&text, err)
	         ? -1
	         : 0;
	if (!rc && (why = check_text(a, item->add, &text, 0)))
		rc = err_set(err, ERR_USAGE, "\"%s\" %s", item->add->template, why);
	buf_release(&text);
	return rc;
}

static int
compile(struct additions *a, const struct shape_add *add, struct field_set *fields, struct err *err)
{
	struct addition *item = &a->items[a->count];

	item->add = add;
	item->template = template_compile(add->template, TEMPLATE_REJECT,
	    add->is_json ? TEMPLATE_JSON : TEMPLATE_PLAIN, fields, err);
	if (!item->template)
		return -1;
	template_refuse_surrogates(item->template);
	return check_constant(a, a->count++, err);
}

struct additions *
additions_new(const struct shape_options *shape, struct field_set *fields, struct err *err)
{
	struct additions *a = calloc(1, sizeof(*a));
	struct json_paths *none = json_paths_new(err);

	if (a && none)
		a->scanner = json_scanner_new(none, err);
	json_paths_free(none);
	if (!a || !a->scanner) {
		additions_free(a);
		err_no_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < shape->add_count; i++) {
		if (compile(a, &shape->adds[i], fields, err)) {
			err_wrap(err, "--add %.*s", SLICE_ARGS(shape->adds[i].name));
			additions_free(a);
			return NULL;
		}
	}
	return a;
}

void
additions_free(struct additions *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->count; i++)
		template_free(a->items[i].template);
	json_scanner_free(a->scanner);
	free(a);
}

bool
additions_is_constant(const struct additions *a, size_t index)
{
	return !template_has_variable(a->items[index].template);
}

bool
additions_use_time(const struct additions *a)
{
	for (size_t i = 0; i < a->count; i++) {
		if (template_uses_time(a->items[i].template))
			return true;
	}
	return false;
}

bool
additions_use_headers(const struct additions *a)
{
	for (size_t i = 0; i < a->count; i++) {
		if (template_uses_headers(a->items[i].template))
			return true;
	}
	return false;
}
