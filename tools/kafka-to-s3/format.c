/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "kafka-to-s3/format_ops.h"

static const struct format_ops *const kinds[] = {
	[FORMAT_JSON] = &format_json_ops,
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(*kinds) };

int
format_kind_parse(const char *text, enum format_kind *ret, struct err *err)
{
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (strcmp(text, kinds[i]->name) == 0) {
			*ret = (enum format_kind)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\": this version writes json only", text);
}

struct format *
format_new(const struct format_options *options, struct err *err)
{
	const struct format_ops *ops = kinds[options->kind];
	struct format *f = ops->make(options, err);

	if (!f)
		return NULL;
	f->ops = ops;
	f->options = *options;
	(void)snprintf(f->extension, sizeof(f->extension), "%s%s", ops->name,
	    compression_extension(options->compression));
	if (options->compression != COMPRESSION_NONE &&
	    !(f->frames = frames_encoder_new(options->compression, err))) {
		format_free(f);
		return NULL;
	}
	return f;
}

void
format_free(struct format *f)
{
	if (!f)
		return;
	frames_encoder_free(f->frames);
	f->ops->free(f);
}

const char *
format_extension(const struct format *f)
{
	return f->extension;
}

uint64_t
format_hash(const struct format *f, uint64_t hash)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s;%d;", f->ops->name, (int)f->options.compression);
	hash = slice_hash(hash, slice_of(text));
	return f->ops->hash ? f->ops->hash(f, hash) : hash;
}

int
format_bind(struct format *f, struct field_set *fields, struct err *err)
{
	return f->ops->bind(f, fields, err);
}

struct slice
format_row_end(const struct format *f)
{
	return slice_of(f->ops->row_end);
}

int
format_row(struct format *f, const struct record *record, struct slice *ret, struct err *err)
{
	return f->ops->row(f, record, ret, err);
}

bool
format_is_verbatim(const struct format *f)
{
	return !f->ops->encode && !f->frames;
}

int
format_encode(struct format *f, struct slice rows, struct buf *out, struct err *err)
{
	return f->ops->encode ? f->ops->encode(f, rows, out, err)
	                      : frames_encode(f->frames, rows, out, err);
}

int
format_encode_finish(struct format *f, struct buf *out, struct err *err)
{
	return f->ops->encode ? f->ops->finish(f, out, err)
	                      : frames_encode_finish(f->frames, out, err);
}
