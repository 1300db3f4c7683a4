/* SPDX-License-Identifier: MIT */
/*
 * JSON lines: values byte for byte, except that line breaks between their tokens (the only place where JSON has
 * them) become blanks: one record, one line. Every value is checked, whether a field of it is used or not: one
 * broken line makes a whole object unreadable for most of its readers.
 */
#include <stdlib.h>

#include "kafka-to-s3/format_ops.h"

struct json_format {
	struct format base;
	struct buf line;
};

static struct format *
json_make(const struct format_options *options, struct err *err)
{
	struct json_format *f = calloc(1, sizeof(*f));

	(void)options;
	if (!f) {
		err_no_memory(err);
		return NULL;
	}
	buf_init(&f->line, UINT32_MAX); /* no longer than the value */
	return &f->base;
}

static void
json_free(struct format *base)
{
	struct json_format *f = (struct json_format *)base;

	buf_release(&f->line);
	free(f);
}

static int
json_bind(struct format *base, struct field_set *fields, struct err *err)
{
	(void)base;
	(void)err;
	field_set_check_all(fields);
	return 0;
}

/* The value without line breaks; what surrounds it goes with them. */
static int
make_line(struct json_format *f, struct slice value, struct slice *ret, struct err *err)
{
	if (!memchr(value.data, '\n', value.len) && !memchr(value.data, '\r', value.len)) {
		*ret = value;
		return 0;
	}
	buf_clear(&f->line);
	if (buf_append(&f->line, slice_trim(value), err))
		return -1;
	for (size_t i = 0; i < f->line.len; i++) {
		if (f->line.data[i] == '\n' || f->line.data[i] == '\r')
			f->line.data[i] = ' ';
	}
	*ret = buf_slice(&f->line);
	return 0;
}

static int
json_row(struct format *base, const struct record *record, struct slice *ret, struct err *err)
{
	return make_line((struct json_format *)base, record->value, ret, err);
}

const struct format_ops format_json_ops = {
	.name = "json",
	.row_end = "\n",
	.make = json_make,
	.free = json_free,
	.bind = json_bind,
	.row = json_row,
};
