/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "kafka-to-s3/format_ops.h"

static const struct format_ops *const kinds[] = {
	[FORMAT_JSON] = &format_json_ops,
	[FORMAT_PARQUET] = &format_parquet_ops,
};

enum {
	KIND_COUNT = sizeof(kinds) / sizeof(*kinds),
	FRAMED_BYTES_MAX = 16 * 1024 * 1024, /* of one step; far above what it can become */
};

int
format_kind_parse(const char *text, enum format_kind *ret, struct err *err)
{
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (strcmp(text, kinds[i]->name) == 0) {
			*ret = (enum format_kind)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\": this version writes json and parquet", text);
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
	if (ops->compresses_itself)
		f->options.compression = COMPRESSION_NONE;
	(void)snprintf(f->extension, sizeof(f->extension), "%s%s", ops->name,
	    compression_extension(f->options.compression));
	buf_init(&f->framed, FRAMED_BYTES_MAX);
	if (f->options.compression != COMPRESSION_NONE &&
	    !(f->frames = frames_encoder_new(f->options.compression, err))) {
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
	buf_release(&f->framed);
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

static int
write_framed(struct format *f, const struct format_output *output, struct err *err)
{
	int rc = output->write(output->context, buf_slice(&f->framed), err);

	buf_clear(&f->framed);
	return rc;
}

int
format_encode(
    struct format *f, struct slice rows, const struct format_output *output, struct err *err)
{
	if (f->ops->encode)
		return f->ops->encode(f, rows, output, err);
	return frames_encode(f->frames, rows, &f->framed, err) ? -1
	                                                       : write_framed(f, output, err);
}

int
format_encode_finish(struct format *f, const struct format_output *output, struct err *err)
{
	if (f->ops->encode)
		return f->ops->finish(f, output, err);
	return frames_encode_finish(f->frames, &f->framed, err) ? -1
	                                                        : write_framed(f, output, err);
}
