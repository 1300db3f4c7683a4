/* SPDX-License-Identifier: MIT */
#include "codec/parquet_compress.h"

#include <lz4.h>
#include <snappy-c.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum {
	ZSTD_LEVEL = 3,
	GZIP_LEVEL = 6,
	GZIP_WINDOW_BITS = 15 + 16, /* zlib.h, deflateInit2: 16 more for a gzip header */
	GZIP_MEMORY_LEVEL = 8,
};

struct parquet_compressor {
	enum parquet_codec codec;
	ZSTD_CCtx *zstd;
	z_stream gzip;
	bool has_gzip;
};

int
parquet_codec_parse(const char *text, enum parquet_codec *ret, struct err *err)
{
	static const struct {
		const char *name;
		enum parquet_codec codec;
	} names[] = { { "none", PARQUET_UNCOMPRESSED }, { "snappy", PARQUET_SNAPPY },
		{ "gzip", PARQUET_GZIP }, { "zstd", PARQUET_ZSTD }, { "lz4", PARQUET_LZ4_RAW },
		{ "lz4_raw", PARQUET_LZ4_RAW } };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(text, names[i].name)) {
			*ret = names[i].codec;
			return 0;
		}
	return err_set(
	    err, ERR_USAGE, "no compression \"%s\" (none, snappy, lz4, zstd, gzip)", text);
}

struct parquet_compressor *
parquet_compressor_new(enum parquet_codec codec, struct err *err)
{
	struct parquet_compressor *c = calloc(1, sizeof(*c));
	bool is_ready = c != NULL;

	if (c)
		c->codec = codec;
	if (c && codec == PARQUET_ZSTD) {
		c->zstd = ZSTD_createCCtx();
		is_ready = c->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(
					  c->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL));
	}
	/* the header it writes has neither a name nor a time (RFC 1952: MTIME 0) */
	if (c && codec == PARQUET_GZIP)
		is_ready = c->has_gzip =
		    deflateInit2(&c->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS,
			GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
	if (is_ready)
		return c;
	err_no_memory(err);
	parquet_compressor_free(c);
	return NULL;
}

void
parquet_compressor_free(struct parquet_compressor *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->zstd);
	if (c->has_gzip)
		deflateEnd(&c->gzip);
	free(c);
}

static size_t
bound(struct parquet_compressor *c, size_t len)
{
	switch (c->codec) {
	case PARQUET_SNAPPY:
		return snappy_max_compressed_length(len);
	case PARQUET_GZIP:
		/* the bound is that of a stream that begins: one that has ended has no header */
		return deflateReset(&c->gzip) == Z_OK ? deflateBound(&c->gzip, len) : 0;
	case PARQUET_ZSTD:
		return ZSTD_compressBound(len);
	case PARQUET_LZ4_RAW:
		return len > LZ4_MAX_INPUT_SIZE ? 0 : (size_t)LZ4_compressBound((int)len);
	case PARQUET_UNCOMPRESSED:
		break;
	}
	return 0;
}

static size_t
gzip(struct parquet_compressor *c, struct slice in, char *out, size_t room)
{
	/* not written to, but not const either without ZLIB_CONST */
	c->gzip.next_in = (Bytef *)(uintptr_t)in.data;
	c->gzip.avail_in = (uInt)in.len;
	c->gzip.next_out = (Bytef *)out;
	c->gzip.avail_out = (uInt)room;
	return deflate(&c->gzip, Z_FINISH) == Z_STREAM_END ? c->gzip.total_out : 0;
}

/* Bytes written; 0 where that failed, which none of them does with the room they asked for. */
static size_t
compress_block(struct parquet_compressor *c, struct slice in, char *out, size_t room)
{
	size_t len = room;

	switch (c->codec) {
	case PARQUET_SNAPPY:
		return snappy_compress(in.data, in.len, out, &len) == SNAPPY_OK ? len : 0;
	case PARQUET_GZIP:
		return gzip(c, in, out, room);
	case PARQUET_ZSTD:
		len = ZSTD_compress2(c->zstd, out, room, in.data, in.len);
		return ZSTD_isError(len) ? 0 : len;
	case PARQUET_LZ4_RAW:
		return (size_t)LZ4_compress_default(in.data, out, (int)in.len, (int)room);
	case PARQUET_UNCOMPRESSED:
		break;
	}
	return 0;
}

int
parquet_compress(struct parquet_compressor *c, struct slice in, struct buf *out, struct slice *ret,
    struct err *err)
{
	size_t room, len;

	if (c->codec == PARQUET_UNCOMPRESSED) {
		*ret = in;
		return 0;
	}
	if (!in.data)
		in = slice_of("");
	room = bound(c, in.len);
	buf_clear(out);
	if (buf_reserve(out, room, err))
		return -1;
	len = compress_block(c, in, out->data, room);
	if (!len)
		return err_set(err, ERR_FAULT, "cannot compress %zu bytes", in.len);
	out->len = len;
	*ret = buf_slice(out);
	return 0;
}
