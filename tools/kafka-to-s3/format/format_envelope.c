/* SPDX-License-Identifier: MIT */
/*
 * JSON envelopes (record-stream(7)), one a line: all there is of a record, so that it can be written to a topic
 * again as it was. Values need not be JSON, or be there at all.
 */
#include <stdlib.h>

#include "flow/envelope.h"
#include "kafka-to-s3/format/format_ops.h"

struct envelope_format {
	struct format base;
	struct buf line;
};

static struct format *
envelope_make(const struct format_options *options, struct err *err)
{
	struct envelope_format *f;

	if (!shape_is_empty(options->shape)) {
		err_set(err, ERR_USAGE,
		    "--select, --rename and --add are for values: -J writes records as they are");
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f) {
		err_no_memory(err);
		return NULL;
	}
	buf_init(&f->line, UINT32_MAX);
	return &f->base;
}

static void
envelope_free(struct format *base)
{
	struct envelope_format *f = (struct envelope_format *)base;

	buf_release(&f->line);
	free(f);
}

static int
envelope_bind(struct format *base, struct field_set *fields, struct err *err)
{
	(void)fields;
	(void)err;
	base->uses_headers = true;
	return 0;
}

static int
envelope_row(struct format *base, const struct record *record, int64_t time_ms, struct slice *ret,
    struct err *err)
{
	struct envelope_format *f = (struct envelope_format *)base;

	(void)time_ms; /* the record's own is in it */
	buf_clear(&f->line);
	if (envelope_append(&f->line, record, err))
		return -1;
	*ret = buf_slice(&f->line);
	return 0;
}

const struct format_ops format_envelope_ops = {
	.name = "json",
	.row_end = "\n",
	.takes_tombstones = true,
	.make = envelope_make,
	.free = envelope_free,
	.bind = envelope_bind,
	.row = envelope_row,
};
