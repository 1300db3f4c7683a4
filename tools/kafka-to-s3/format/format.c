/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "kafka-to-s3/format/format_ops.h"

static const struct format_ops *const kinds[] = {
	[FORMAT_JSON] = &format_json_ops,
	[FORMAT_ENVELOPE] = &format_envelope_ops,
	[FORMAT_CSV] = &format_csv_ops,
	[FORMAT_PARQUET] = &format_parquet_ops,
};

enum {
	KIND_COUNT = sizeof(kinds) / sizeof(*kinds),
	ENCODED_BYTES_MAX = 16 * 1024 * 1024, /* of one step; far above what it can become */
};

static enum compression
compression_of(enum format_codec codec)
{
	switch (codec) {
	case FORMAT_CODEC_LZ4:
		return COMPRESSION_LZ4;
	case FORMAT_CODEC_GZIP:
		return COMPRESSION_GZIP;
	case FORMAT_CODEC_ZSTD:
		return COMPRESSION_ZSTD;
	case FORMAT_CODEC_DEFAULT:
	case FORMAT_CODEC_NONE:
	case FORMAT_CODEC_SNAPPY:
		break;
	}
	return COMPRESSION_NONE;
}

int
format_kind_parse(const char *text, enum format_kind *ret, struct err *err)
{
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (strcmp(text, kinds[i]->name) == 0) {
			*ret = (enum format_kind)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\" is none of json, csv, parquet", text);
}

int
format_codec_parse(const char *text, enum format_codec *ret, struct err *err)
{
	static const struct {
		const char *name;
		enum format_codec codec;
	} names[] = {
		{ "none", FORMAT_CODEC_NONE },
		{ "lz4", FORMAT_CODEC_LZ4 },
		{ "gzip", FORMAT_CODEC_GZIP },
		{ "gz", FORMAT_CODEC_GZIP },
		{ "zstd", FORMAT_CODEC_ZSTD },
		{ "zst", FORMAT_CODEC_ZSTD },
		{ "snappy", FORMAT_CODEC_SNAPPY },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(text, names[i].name) == 0) {
			*ret = names[i].codec;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\" is none of none, lz4, gzip, zstd, snappy", text);
}

static int
check_options(const struct format_options *o, struct err *err)
{
	if (o->codec == FORMAT_CODEC_SNAPPY && !kinds[o->kind]->compresses_itself)
		return err_set(err, ERR_USAGE,
		    "-z snappy is for Parquet, which compresses its pages: files of %s take lz4, "
		    "gzip or zstd",
		    kinds[o->kind]->name);
	if (o->kind != FORMAT_CSV && (o->delimiter || o->has_no_header))
		return err_set(err, ERR_USAGE, "--delimiter and --no-header are for --format csv");
	return shape_check(o->shape, err);
}

struct format *
format_new(const struct format_options *options, struct err *err)
{
	const struct format_ops *ops = kinds[options->kind];
	enum compression compression = compression_of(options->codec);
	struct format *f;

	if (check_options(options, err))
		return NULL;
	f = ops->make(options, err);
	if (!f)
		return NULL;
	f->ops = ops;
	f->options = *options;
	if (ops->compresses_itself)
		compression = COMPRESSION_NONE;
	(void)snprintf(f->extension, sizeof(f->extension), "%s%s", ops->name,
	    compression_extension(compression));
	buf_init(&f->encoded, ENCODED_BYTES_MAX);
	if (compression != COMPRESSION_NONE &&
	    !(f->frames = frames_encoder_new(compression, err))) {
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
	buf_release(&f->encoded);
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
	const struct format_options *o = &f->options;
	char text[64];

	(void)snprintf(text, sizeof(text), "%d;%s;%d;%d;%d;", (int)o->kind, f->ops->name,
	    o->codec == FORMAT_CODEC_DEFAULT ? (int)FORMAT_CODEC_NONE : (int)o->codec,
	    o->delimiter == ',' ? 0 : o->delimiter, o->has_no_header);
	hash = slice_hash(hash, slice_of(text));
	hash = shape_hash(o->shape, hash);
	return f->ops->hash ? f->ops->hash(f, hash) : hash;
}

/* ---- rows ---- */

int
format_bind(struct format *f, struct field_set *fields, struct err *err)
{
	return f->ops->bind(f, fields, err);
}

bool
format_uses_time(const struct format *f)
{
	return f->uses_time;
}

bool
format_uses_headers(const struct format *f)
{
	return f->uses_headers;
}

bool
format_takes_tombstones(const struct format *f)
{
	return f->ops->takes_tombstones;
}

struct slice
format_row_end(const struct format *f)
{
	return slice_of(f->ops->row_end);
}

int
format_row(struct format *f, const struct record *record, int64_t time_ms, struct slice *ret,
    struct err *err)
{
	return f->ops->row(f, record, time_ms, ret, err);
}

/* ---- objects ---- */

bool
format_is_verbatim(const struct format *f)
{
	return !f->ops->encode && !f->frames && !f->head.len;
}

static int
write_encoded(struct format *f, const struct format_output *output, struct err *err)
{
	int rc = output->write(output->context, buf_slice(&f->encoded), err);

	buf_clear(&f->encoded);
	return rc;
}

static int
put(struct format *f, struct slice bytes, const struct format_output *output, struct err *err)
{
	if (!f->frames)
		return output->write(output->context, bytes, err);
	return frames_encode(f->frames, bytes, &f->encoded, err) || write_encoded(f, output, err)
	           ? -1
	           : 0;
}

int
format_encode(
    struct format *f, struct slice rows, const struct format_output *output, struct err *err)
{
	if (f->ops->encode)
		return f->ops->encode(f, rows, output, err);
	if (!f->has_begun && f->head.len && put(f, f->head, output, err))
		return -1;
	f->has_begun = true;
	return put(f, rows, output, err);
}

void
format_encode_drop(struct format *f)
{
	struct err ignored = ERR_INIT;

	f->has_begun = false;
	if (f->ops->encode)
		f->ops->drop(f);
	else if (f->frames) /* where that fails it fails again with the next object */
		(void)frames_encode_finish(f->frames, &f->encoded, &ignored);
	buf_clear(&f->encoded);
}

int
format_encode_finish(struct format *f, const struct format_output *output, struct err *err)
{
	if (f->ops->encode)
		return f->ops->finish(f, output, err);
	f->has_begun = false;
	if (!f->frames)
		return 0;
	return frames_encode_finish(f->frames, &f->encoded, err) || write_encoded(f, output, err)
	           ? -1
	           : 0;
}
