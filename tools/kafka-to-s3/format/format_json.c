/* SPDX-License-Identifier: MIT */
/*
 * JSON lines: values byte for byte (or shaped), except that line breaks between their tokens (the only place where JSON has
 * them) become blanks: one record, one line. Every value is checked, whether a field of it is used or not: one
 * broken line makes a whole object unreadable for most of its readers.
 */
#include <stdlib.h>

#include "kafka-to-s3/format/format_ops.h"
#include "kafka-to-s3/format/json_shaper.h"
#include "kafka-to-s3/format/json_text.h"

struct json_format {
	struct format base;
	struct json_shaper *shaper; /* NULL: values stay as they are */
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
	buf_init(&f->line, UINT32_MAX);
	return &f->base;
}

static void
json_free(struct format *base)
{
	struct json_format *f = (struct json_format *)base;

	json_shaper_free(f->shaper);
	buf_release(&f->line);
	free(f);
}

static int
json_bind(struct format *base, struct field_set *fields, struct err *err)
{
	struct json_format *f = (struct json_format *)base;

	field_set_check_all(fields);
	if (shape_is_empty(base->options.shape))
		return 0;
	f->shaper = json_shaper_new(base->options.shape, fields, err);
	if (!f->shaper)
		return -1;
	base->uses_time = json_shaper_uses_time(f->shaper);
	base->uses_headers = json_shaper_uses_headers(f->shaper);
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
	json_text_blank_breaks(f->line.data, f->line.len);
	*ret = buf_slice(&f->line);
	return 0;
}

static int
json_row(struct format *base, const struct record *record, int64_t time_ms, struct slice *ret,
    struct err *err)
{
	struct json_format *f = (struct json_format *)base;

	if (!f->shaper)
		return make_line(f, record->value, ret, err);
	buf_clear(&f->line);
	if (json_shaper_append(f->shaper, record, time_ms, &f->line, err))
		return -1;
	*ret = buf_slice(&f->line);
	return 0;
}

const struct format_ops format_json_ops = {
	.name = "json",
	.row_end = "\n",
	.make = json_make,
	.free = json_free,
	.bind = json_bind,
	.row = json_row,
};
