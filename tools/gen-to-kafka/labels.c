/* SPDX-License-Identifier: MIT */
#include "gen-to-kafka/labels.h"

#include <stdlib.h>

#include "flow/template.h"

enum { TEXT_BYTES_MAX = 1024 * 1024 };

/* The key is the first of the texts, then come the headers. */
enum { TEXTS_MAX = 1 + LABELS_HEADERS_MAX };

struct labels {
	struct field_set *fields;
	struct template *templates[TEXTS_MAX]; /* [0] is NULL without a key */
	struct buf texts[TEXTS_MAX];
	struct record_header headers[LABELS_HEADERS_MAX];
	size_t header_count;
};

static int
compile(struct labels *l, size_t index, const char *option, const char *text, struct err *err)
{
	l->templates[index] =
	    template_compile(text, TEMPLATE_REJECT, TEMPLATE_PLAIN, l->fields, err);
	return l->templates[index] ? 0 : err_wrap(err, "%s", option);
}

static int
compile_all(struct labels *l, const struct labels_options *o, struct err *err)
{
	l->fields = field_set_new(err);
	if (!l->fields)
		return -1;
	if (o->key) {
		if (compile(l, 0, "--key", o->key, err))
			return -1;
		if (!template_has_variable(l->templates[0]))
			return err_set(
			    err, ERR_USAGE, "--key: \"%s\" has no {field} in it", o->key);
	}
	for (; l->header_count < o->header_count; l->header_count++) {
		const struct labels_header *header = &o->headers[l->header_count];

		if (compile(l, 1 + l->header_count, "--record-header", header->value, err))
			return -1;
		l->headers[l->header_count] =
		    (struct record_header){ .name = header->name, .has_value = true };
	}
	return 0;
}

struct labels *
labels_new(const struct labels_options *options, struct err *err)
{
	struct labels *l = calloc(1, sizeof(*l));

	if (!l) {
		err_no_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < TEXTS_MAX; i++)
		buf_init(&l->texts[i], TEXT_BYTES_MAX);
	if (compile_all(l, options, err)) {
		labels_free(l);
		return NULL;
	}
	return l;
}

void
labels_free(struct labels *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < TEXTS_MAX; i++) {
		template_free(l->templates[i]);
		buf_release(&l->texts[i]);
	}
	field_set_free(l->fields);
	free(l);
}

int
labels_make(struct labels *l, struct slice value, int64_t number, int64_t time_ms, struct err *err)
{
	struct record record;

	record_set_line(&record, slice_of("generated record"), number, number - 1, value);
	if (field_scan(l->fields, &record, err))
		return -1;
	for (size_t i = 0; i <= l->header_count; i++) {
		buf_clear(&l->texts[i]);
		if (l->templates[i] && template_render(l->templates[i], l->fields, &record, time_ms,
					   &l->texts[i], err))
			return -1;
	}
	for (size_t i = 0; i < l->header_count; i++)
		l->headers[i].value = buf_slice(&l->texts[1 + i]);
	return 0;
}

void
labels_put(const struct labels *l, struct outgoing *out)
{
	out->has_key = l->templates[0] != NULL;
	out->key = buf_slice(&l->texts[0]);
	out->headers = l->headers;
	out->header_count = l->header_count;
}
