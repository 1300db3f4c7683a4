/* SPDX-License-Identifier: MIT */
/*
 * Decoding of any bytes in chunks that the first two bytes choose: no chunk size may change the
 * outcome. And the same bytes encoded, which must come back.
 */
#include <stdint.h>
#include <stdlib.h>

#include "codec/frames.h"

enum { OUT_BYTES_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool claim)
{
	if (!claim)
		abort();
}

/* 0, or -1 with what came before the fault in out; 1 where there is more than fits. */
static int
decode(struct slice stream, size_t in_bytes, size_t out_bytes, struct buf *out, struct err *err)
{
	struct frames_decoder *d = frames_decoder_new(err);
	char *room = malloc(out_bytes);
	size_t len = 1;
	int rc = 0;

	require(d && room);
	while (!rc && (stream.len || len)) {
		size_t n = stream.len < in_bytes ? stream.len : in_bytes;
		struct slice input = slice_make(stream.data, n);

		stream = slice_skip(stream, n);
		do {
			rc = frames_decode(d, &input, !stream.len, room, out_bytes, &len, err);
			if (!rc && len > OUT_BYTES_MAX - out->len)
				rc = 1;
			else if (!rc)
				require(!buf_append(out, slice_make(room, len), err));
			require(rc || len == out_bytes || !input.len);
		} while (!rc && len);
	}
	require(rc != -1 || err->class == ERR_DATA);
	frames_decoder_free(d);
	free(room);
	return rc;
}

static void
try_decode(struct slice stream, size_t in_bytes, size_t out_bytes)
{
	struct buf whole = BUF_INIT(OUT_BYTES_MAX), pieces = BUF_INIT(OUT_BYTES_MAX);
	struct err err = ERR_INIT, again = ERR_INIT;
	int rc = decode(stream, stream.len + 1, 1 << 16, &whole, &err);
	int again_rc = decode(stream, in_bytes, out_bytes, &pieces, &again);

	/* before a fault more or less may have come out, more than fits even */
	if (rc != 1 && again_rc != 1)
		require(rc == again_rc);
	if (!rc)
		require(again_rc == 0 && slice_equal(buf_slice(&whole), buf_slice(&pieces)));
	buf_release(&whole);
	buf_release(&pieces);
}

static void
try_round_trip(enum compression format, struct slice plain, size_t in_bytes, size_t out_bytes)
{
	struct buf stream = BUF_INIT(OUT_BYTES_MAX), again = BUF_INIT(OUT_BYTES_MAX);
	struct err err = ERR_INIT;
	struct frames_encoder *e = frames_encoder_new(format, &err);
	struct slice rest = plain;

	require(e != NULL);
	while (rest.len) {
		size_t n = rest.len < in_bytes ? rest.len : in_bytes;

		require(!frames_encode(e, slice_make(rest.data, n), &stream, &err));
		rest = slice_skip(rest, n);
	}
	require(!frames_encode_finish(e, &stream, &err));
	require(!decode(buf_slice(&stream), in_bytes, out_bytes, &again, &err));
	require(slice_equal(plain, buf_slice(&again)));
	frames_encoder_free(e);
	buf_release(&stream);
	buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum compression formats[] = { COMPRESSION_LZ4, COMPRESSION_GZIP,
		COMPRESSION_ZSTD };
	struct slice bytes;

	if (size < 3)
		return 0;
	bytes = slice_make((const char *)data + 3, size - 3);
	try_decode(bytes, data[0] + 1u, data[1] + 1u);
	if (data[2] < 3)
		try_round_trip(formats[data[2]], bytes, data[0] + 1u, data[1] + 1u);
	return 0;
}
