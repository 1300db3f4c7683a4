/* SPDX-License-Identifier: MIT */
#include "codec/frames.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
	MAGIC_BYTES = 4,
	SKIPPABLE_HEAD_BYTES = 8, /* magic and size (RFC 8878 section 3.1.2) */
	PIECE_BYTES =
	    64 * 1024, /* handed to a codec at once; bounds how far off an error's byte is */
	ZSTD_WINDOW_LOG_MAX = 27,
	ZSTD_LEVEL = 3,
	GZIP_LEVEL = 6,
	/* zlib: the largest window, and 16 for gzip's wrapping instead of zlib's own */
	GZIP_WINDOW_BITS = 15 + 16,
	GZIP_MEMORY_LEVEL = 8,
};

static const struct {
	const char *name, *alias, *extension;
} names[] = {
	[COMPRESSION_NONE] = { "none", "none", "" },
	[COMPRESSION_LZ4] = { "lz4", "lz4", ".lz4" },
	[COMPRESSION_GZIP] = { "gzip", "gz", ".gz" },
	[COMPRESSION_ZSTD] = { "zstd", "zst", ".zst" },
};

int
compression_parse(const char *text, enum compression *ret, struct err *err)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i].name) == 0 || strcmp(text, names[i].alias) == 0) {
			*ret = (enum compression)i;
			return 0;
		}
	}
	return err_set(
	    err, ERR_USAGE, "compression \"%s\" is none of none, lz4, gzip and zstd", text);
}

const char *
compression_extension(enum compression compression)
{
	return names[compression].extension;
}

/* ---- what a stream begins with ---- */

enum magic {
	MAGIC_UNDECIDED, /* the beginning of one, at least */
	MAGIC_NOTHING,
	MAGIC_LZ4,
	MAGIC_LZ4_LEGACY,
	MAGIC_GZIP,
	MAGIC_ZSTD,
	MAGIC_SKIPPABLE,
};

/* LZ4 Frame Format 1.6 (general structure, legacy and skippable frames), RFC 1952 section 2.3.1,
 * RFC 8878 sections 3.1.1 and 3.1.2. LZ4 and zstd share the skippable frames. */
static const struct {
	enum magic magic;
	unsigned char first_mask;
	size_t len;
	unsigned char bytes[MAGIC_BYTES];
} magics[] = {
	{ MAGIC_LZ4, 0xff, 4, { 0x04, 0x22, 0x4d, 0x18 } },
	{ MAGIC_LZ4_LEGACY, 0xff, 4, { 0x02, 0x21, 0x4c, 0x18 } },
	{ MAGIC_GZIP, 0xff, 2, { 0x1f, 0x8b } },
	{ MAGIC_ZSTD, 0xff, 4, { 0x28, 0xb5, 0x2f, 0xfd } },
	{ MAGIC_SKIPPABLE, 0xf0, 4, { 0x50, 0x2a, 0x4d, 0x18 } },
};

static enum magic
magic_of(const unsigned char *head, size_t len)
{
	enum magic found = len ? MAGIC_NOTHING : MAGIC_UNDECIDED;

	for (size_t i = 0; len && i < sizeof(magics) / sizeof(magics[0]); i++) {
		size_t n = len < magics[i].len ? len : magics[i].len;

		if ((head[0] & magics[i].first_mask) != magics[i].bytes[0] ||
		    memcmp(head + 1, magics[i].bytes + 1, n - 1) != 0)
			continue;
		if (n == magics[i].len)
			return magics[i].magic;
		found = MAGIC_UNDECIDED;
	}
	return found;
}

/* ---- decoding ---- */

enum decoder_state {
	STATE_HEAD, /* at the start of a frame, or of anything */
	STATE_PLAIN,
	STATE_FRAME,
	STATE_SKIPPABLE_HEAD,
	STATE_SKIPPING,
	STATE_PADDING, /* zeros behind gzip's last member */
	STATE_FAILED,
};

struct frames_decoder {
	enum decoder_state state;
	enum compression format;
	bool has_frames;      /* it is no plain stream */
	bool may_hold_output; /* the codec filled all the room it had */
	uint64_t byte;        /* taken from the input, `head` included */
	unsigned char head[SKIPPABLE_HEAD_BYTES];
	size_t head_len, head_used; /* bytes that were looked at, and passed on */
	uint32_t skip_bytes;
	LZ4F_dctx *lz4;
	ZSTD_DCtx *zstd;
	z_stream gzip;
	bool has_gzip;
	struct err failure; /* in STATE_FAILED */
};

/* One call of a codec. */
struct piece {
	struct slice input;
	char *out;
	size_t room;
	size_t used, made;
	bool is_frame_end;
};

enum step { STEP_IDLE, STEP_ON, STEP_FAILED };

struct frames_decoder *
frames_decoder_new(struct err *err)
{
	struct frames_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		(void)err_no_memory(err);
	return d;
}

void
frames_decoder_free(struct frames_decoder *d)
{
	if (!d)
		return;
	/* its result only says whether a frame was cut short */
	(void)LZ4F_freeDecompressionContext(d->lz4);
	ZSTD_freeDCtx(d->zstd);
	if (d->has_gzip)
		inflateEnd(&d->gzip);
	free(d);
}

enum compression
frames_decoder_format(const struct frames_decoder *d)
{
	return d->format;
}

/* A linked block is decoded behind 64 KiB of history, in a buffer of the block's size and 128 KiB, and
 * read into one of the block's size (lz4frame.c, LZ4F_decompress). */
static size_t
lz4_capacity(LZ4F_dctx *lz4)
{
	LZ4F_frameInfo_t info;
	size_t input_bytes = 0, block_bytes;

	/* without input it tells of the frame that is being read; between frames it fails, and what was
	 * read of a frame that is over was small or is counted by the next */
	if (LZ4F_isError(LZ4F_getFrameInfo(lz4, &info, NULL, &input_bytes)))
		return 0;
	block_bytes = (size_t)64 * 1024;
	for (int id = LZ4F_max64KB; id < (int)info.blockSizeID; id++)
		block_bytes *= 4;
	return 2 * block_bytes + (size_t)128 * 1024;
}

size_t
frames_decoder_capacity(const struct frames_decoder *d)
{
	size_t bytes = 0;

	if (!d)
		return 0;
	if (d->lz4)
		bytes += lz4_capacity(d->lz4);
	if (d->zstd)
		bytes += ZSTD_sizeof_DCtx(d->zstd);
	if (d->has_gzip) /* zconf.h: 1 << windowBits, and about 7 kB */
		bytes += (1U << 15) + 7 * 1024;
	return bytes + sizeof(*d);
}

/* The compressed byte that a codec has not been given yet. */
static uint64_t
byte_of(const struct frames_decoder *d)
{
	return d->byte - (d->head_len - d->head_used);
}

static int
damaged(const struct frames_decoder *d, const char *reason, struct err *err)
{
	return err_set(err, ERR_DATA,
	    "%s frame damaged at or after compressed byte %" PRIu64 ": %s", names[d->format].name,
	    byte_of(d), reason);
}

static int
decode_lz4(struct frames_decoder *d, struct piece *p, struct err *err)
{
	size_t hint;

	p->used = p->input.len;
	p->made = p->room;
	hint = LZ4F_decompress(d->lz4, p->out, &p->made, p->input.data, &p->used, NULL);
	if (LZ4F_isError(hint))
		return damaged(d, LZ4F_getErrorName(hint), err);
	p->is_frame_end = hint == 0;
	return 0;
}

static int
decode_zstd(struct frames_decoder *d, struct piece *p, struct err *err)
{
	ZSTD_inBuffer in = { .src = p->input.data, .size = p->input.len };
	ZSTD_outBuffer out = { .dst = p->out, .size = p->room };
	size_t hint = ZSTD_decompressStream(d->zstd, &out, &in);

	if (ZSTD_isError(hint)) {
		if (ZSTD_getErrorCode(hint) == ZSTD_error_frameParameter_windowTooLarge)
			return damaged(d, "it needs a window larger than 128 MiB", err);
		if (ZSTD_getErrorCode(hint) == ZSTD_error_memory_allocation)
			return err_no_memory(err);
		return damaged(d, ZSTD_getErrorName(hint), err);
	}
	p->used = in.pos;
	p->made = out.pos;
	p->is_frame_end = hint == 0;
	return 0;
}

static int
decode_gzip(struct frames_decoder *d, struct piece *p, struct err *err)
{
	uInt room = p->room > PIECE_BYTES ? PIECE_BYTES : (uInt)p->room;
	int rc;

	/* zlib does not write there; its type says so only where ZLIB_CONST is defined */
	d->gzip.next_in = (Bytef *)(uintptr_t)p->input.data;
	d->gzip.avail_in = (uInt)p->input.len;
	d->gzip.next_out = (Bytef *)p->out;
	d->gzip.avail_out = room;
	rc = inflate(&d->gzip, Z_NO_FLUSH);
	if (rc == Z_MEM_ERROR)
		return err_no_memory(err);
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return damaged(d, d->gzip.msg ? d->gzip.msg : "not deflate data", err);
	p->used = p->input.len - d->gzip.avail_in;
	p->made = room - d->gzip.avail_out;
	p->room = room;
	p->is_frame_end = rc == Z_STREAM_END;
	return 0;
}

/* Makes the codec of d->format ready for a frame. */
static int
begin_frame(struct frames_decoder *d, struct err *err)
{
	if (d->format == COMPRESSION_LZ4 && !d->lz4 &&
	    LZ4F_isError(LZ4F_createDecompressionContext(&d->lz4, LZ4F_VERSION)))
		return err_no_memory(err);
	if (d->format == COMPRESSION_ZSTD && !d->zstd) {
		d->zstd = ZSTD_createDCtx();
		if (!d->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(
				    d->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
			return err_no_memory(err);
	}
	if (d->format == COMPRESSION_GZIP) {
		if (!d->has_gzip && inflateInit2(&d->gzip, GZIP_WINDOW_BITS) != Z_OK)
			return err_no_memory(err);
		if (d->has_gzip)
			(void)inflateReset(&d->gzip); /* fails for a stream without state only */
		d->has_gzip = true;
	}
	d->state = STATE_FRAME;
	d->has_frames = true;
	d->may_hold_output = false;
	return 0;
}

static int
cut_short(const struct frames_decoder *d, struct err *err)
{
	return err_set(err, ERR_DATA, "%s frame cut short at compressed byte %" PRIu64,
	    d->format == COMPRESSION_NONE ? "skippable" : names[d->format].name, d->byte);
}

static int
begin_format(struct frames_decoder *d, enum compression format, struct err *err)
{
	if (d->format != COMPRESSION_NONE && d->format != format)
		return err_set(err, ERR_DATA,
		    "%s frame behind %s frames at compressed byte %" PRIu64, names[format].name,
		    names[d->format].name, byte_of(d));
	d->format = format;
	return begin_frame(d, err);
}

/* Bytes that are no magic number. */
static int
begin_other(struct frames_decoder *d, struct err *err)
{
	if (!d->has_frames)
		d->state = STATE_PLAIN;
	else if (d->format == COMPRESSION_GZIP && d->head_len && d->head[0] == 0)
		d->state = STATE_PADDING;
	else
		return err_set(err, ERR_DATA,
		    "bytes behind the last %s frame, at compressed byte %" PRIu64
		    ", begin no other",
		    d->format == COMPRESSION_NONE ? "skippable" : names[d->format].name,
		    byte_of(d));
	return 0;
}

static int
begin(struct frames_decoder *d, enum magic magic, struct err *err)
{
	switch (magic) {
	case MAGIC_LZ4:
		return begin_format(d, COMPRESSION_LZ4, err);
	case MAGIC_GZIP:
		return begin_format(d, COMPRESSION_GZIP, err);
	case MAGIC_ZSTD:
		return begin_format(d, COMPRESSION_ZSTD, err);
	case MAGIC_SKIPPABLE:
		if (d->format == COMPRESSION_GZIP)
			return begin_other(d, err);
		d->state = STATE_SKIPPABLE_HEAD;
		d->has_frames = true;
		return 0;
	case MAGIC_LZ4_LEGACY:
		return err_set(err, ERR_DATA,
		    "lz4 frame of the legacy format (lz4 -l) at compressed byte %" PRIu64
		    " is not supported",
		    byte_of(d));
	case MAGIC_NOTHING:
	case MAGIC_UNDECIDED: /* at the end of input */
		return begin_other(d, err);
	}
	abort();
}

static void
take_head_byte(struct frames_decoder *d, struct slice *input)
{
	d->head[d->head_len++] = (unsigned char)input->data[0];
	d->byte++;
	*input = slice_skip(*input, 1);
}

static enum step
step_head(struct frames_decoder *d, struct slice *input, bool at_end, struct err *err)
{
	enum magic magic = magic_of(d->head, d->head_len);

	while (magic == MAGIC_UNDECIDED && input->len) {
		take_head_byte(d, input);
		magic = magic_of(d->head, d->head_len);
	}
	if (magic == MAGIC_UNDECIDED && (!at_end || !d->head_len))
		return STEP_IDLE;
	return begin(d, magic, err) ? STEP_FAILED : STEP_ON;
}

static void
next_frame(struct frames_decoder *d)
{
	d->state = STATE_HEAD;
	d->head_len = d->head_used = 0;
}

/* What the codec gets next: bytes of the head that were only looked at come first. */
static struct slice
next_input(const struct frames_decoder *d, struct slice input)
{
	if (d->head_used < d->head_len)
		return slice_make((const char *)d->head + d->head_used, d->head_len - d->head_used);
	return slice_make(input.data, input.len < PIECE_BYTES ? input.len : PIECE_BYTES);
}

static void
advance(struct frames_decoder *d, struct slice *input, size_t used)
{
	if (d->head_used < d->head_len) {
		d->head_used += used;
	} else if (used) {
		d->byte += used;
		*input = slice_skip(*input, used);
	}
}

static int
decode_piece(struct frames_decoder *d, struct piece *p, struct err *err)
{
	switch (d->format) {
	case COMPRESSION_LZ4:
		return decode_lz4(d, p, err);
	case COMPRESSION_GZIP:
		return decode_gzip(d, p, err);
	case COMPRESSION_ZSTD:
		return decode_zstd(d, p, err);
	case COMPRESSION_NONE:
		p->used = p->made = p->input.len < p->room ? p->input.len : p->room;
		memcpy(p->out, p->input.data, p->made);
		return 0;
	}
	abort();
}

static enum step
step_frame(
    struct frames_decoder *d, struct slice *input, bool at_end, struct piece *p, struct err *err)
{
	p->input = next_input(d, *input);
	/* zstd takes repeated calls that cannot get on for an error */
	if (!p->input.len && !d->may_hold_output) {
		if (!at_end || d->state == STATE_PLAIN)
			return STEP_IDLE;
		(void)cut_short(d, err);
		return STEP_FAILED;
	}
	if (!p->input.len)
		p->input.data = ""; /* never NULL */
	if (decode_piece(d, p, err))
		return STEP_FAILED;
	advance(d, input, p->used);
	d->may_hold_output = d->state == STATE_FRAME && p->made == p->room;
	if (p->is_frame_end)
		next_frame(d);
	return STEP_ON;
}

static enum step
step_skippable_head(struct frames_decoder *d, struct slice *input, bool at_end, struct err *err)
{
	while (d->head_len < SKIPPABLE_HEAD_BYTES && input->len)
		take_head_byte(d, input);
	if (d->head_len < SKIPPABLE_HEAD_BYTES) {
		if (!at_end)
			return STEP_IDLE;
		(void)cut_short(d, err);
		return STEP_FAILED;
	}
	d->skip_bytes = (uint32_t)d->head[4] | (uint32_t)d->head[5] << 8 |
	                (uint32_t)d->head[6] << 16 | (uint32_t)d->head[7] << 24;
	d->head_used = d->head_len;
	d->state = STATE_SKIPPING;
	return STEP_ON;
}

static enum step
step_skipping(struct frames_decoder *d, struct slice *input, bool at_end, struct err *err)
{
	size_t n = input->len < d->skip_bytes ? input->len : d->skip_bytes;

	if (!d->skip_bytes) {
		next_frame(d);
		return STEP_ON;
	}
	if (!n && !at_end)
		return STEP_IDLE;
	if (!n) {
		(void)cut_short(d, err);
		return STEP_FAILED;
	}
	advance(d, input, n);
	d->skip_bytes -= (uint32_t)n;
	return STEP_ON;
}

static enum step
step_padding(struct frames_decoder *d, struct slice *input, struct err *err)
{
	d->head_used = d->head_len;
	if (!input->len)
		return STEP_IDLE;
	if (input->data[0] != 0) {
		(void)err_set(err, ERR_DATA,
		    "bytes behind the padding of the last gzip frame, at compressed byte %" PRIu64,
		    d->byte);
		return STEP_FAILED;
	}
	advance(d, input, 1);
	return STEP_ON;
}

static enum step
step(struct frames_decoder *d, struct slice *input, bool at_end, struct piece *p, struct err *err)
{
	switch (d->state) {
	case STATE_HEAD:
		return step_head(d, input, at_end, err);
	case STATE_PLAIN:
	case STATE_FRAME:
		return step_frame(d, input, at_end, p, err);
	case STATE_SKIPPABLE_HEAD:
		return step_skippable_head(d, input, at_end, err);
	case STATE_SKIPPING:
		return step_skipping(d, input, at_end, err);
	case STATE_PADDING:
		return step_padding(d, input, err);
	case STATE_FAILED:
		return STEP_FAILED;
	}
	abort();
}

int
frames_decode(struct frames_decoder *d, struct slice *input, bool at_end, char *out,
    size_t out_bytes, size_t *ret_len, struct err *err)
{
	enum step result = STEP_ON;
	size_t len = 0;

	assert(out_bytes);
	while (result == STEP_ON && len < out_bytes) {
		struct piece piece = { .out = out + len, .room = out_bytes - len };

		result = step(d, input, at_end, &piece, &d->failure);
		len += piece.made;
	}
	if (result == STEP_FAILED) {
		d->state = STATE_FAILED;
		input->len = 0;
		if (!len) {
			*err = d->failure;
			return -1;
		}
	}
	*ret_len = len;
	return 0;
}

/* ---- encoding ---- */

/*
 * Input is gathered in a stage and handed to the codec in pieces of one size from one place, so
 * that the output cannot depend on how the caller cut it.
 */
struct frames_encoder {
	enum compression format;
	bool has_frame; /* one is begun and not ended */
	char *stage;    /* PIECE_BYTES */
	size_t staged;
	LZ4F_cctx *lz4;
	ZSTD_CCtx *zstd;
	z_stream gzip;
	bool has_gzip;
};

static const LZ4F_preferences_t lz4_preferences = {
	.frameInfo = {
		.blockSizeID = LZ4F_max64KB,
		.blockMode = LZ4F_blockLinked,
		.contentChecksumFlag = LZ4F_contentChecksumEnabled,
	},
};

/* False where memory ran out; nothing else can fail in these. */
static bool
encoder_open(struct frames_encoder *e)
{
	switch (e->format) {
	case COMPRESSION_LZ4:
		return !LZ4F_isError(LZ4F_createCompressionContext(&e->lz4, LZ4F_VERSION));
	case COMPRESSION_GZIP:
		e->has_gzip = deflateInit2(&e->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS,
				  GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
		return e->has_gzip;
	case COMPRESSION_ZSTD:
		e->zstd = ZSTD_createCCtx();
		return e->zstd &&
		       !ZSTD_isError(
			   ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)) &&
		       !ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_checksumFlag, 1));
	case COMPRESSION_NONE:
		break;
	}
	abort();
}

struct frames_encoder *
frames_encoder_new(enum compression format, struct err *err)
{
	struct frames_encoder *e = calloc(1, sizeof(*e));

	assert(format != COMPRESSION_NONE);
	if (!e)
		goto fail;
	e->format = format;
	e->stage = malloc(PIECE_BYTES);
	if (!e->stage || !encoder_open(e))
		goto fail;
	return e;
fail:
	frames_encoder_free(e);
	(void)err_no_memory(err);
	return NULL;
}

void
frames_encoder_free(struct frames_encoder *e)
{
	if (!e)
		return;
	(void)LZ4F_freeCompressionContext(e->lz4); /* always succeeds */
	ZSTD_freeCCtx(e->zstd);
	if (e->has_gzip)
		(void)deflateEnd(&e->gzip); /* only says that a frame was left unfinished */
	free(e->stage);
	free(e);
}

static int
codec_failed(const struct frames_encoder *e, const char *reason, struct err *err)
{
	return err_set(
	    err, ERR_FAULT, "cannot compress with %s: %s", names[e->format].name, reason);
}

/* Takes the length that one of LZ4F's functions wrote behind out. */
static int
lz4_wrote(const struct frames_encoder *e, struct buf *out, size_t result, struct err *err)
{
	if (LZ4F_isError(result))
		return codec_failed(e, LZ4F_getErrorName(result), err);
	out->len += result;
	return 0;
}

static int
encode_lz4(struct frames_encoder *e, bool is_last, struct buf *out, struct err *err)
{
	size_t bound = LZ4F_compressBound(e->staged, &lz4_preferences);
	size_t written;

	if (buf_reserve(out, LZ4F_HEADER_SIZE_MAX + bound, err))
		return -1;
	if (!e->has_frame) {
		written = LZ4F_compressBegin(
		    e->lz4, out->data + out->len, LZ4F_HEADER_SIZE_MAX, &lz4_preferences);
		if (lz4_wrote(e, out, written, err))
			return -1;
	}
	written =
	    LZ4F_compressUpdate(e->lz4, out->data + out->len, bound, e->stage, e->staged, NULL);
	if (lz4_wrote(e, out, written, err))
		return -1;
	if (!is_last)
		return 0;
	bound = LZ4F_compressBound(0, &lz4_preferences);
	if (buf_reserve(out, bound, err))
		return -1;
	written = LZ4F_compressEnd(e->lz4, out->data + out->len, bound, NULL);
	return lz4_wrote(e, out, written, err);
}

static int
encode_gzip(struct frames_encoder *e, bool is_last, struct buf *out, struct err *err)
{
	int rc;

	e->gzip.next_in = (Bytef *)e->stage;
	e->gzip.avail_in = (uInt)e->staged;
	do {
		if (buf_reserve(out, PIECE_BYTES, err))
			return -1;
		e->gzip.next_out = (Bytef *)(out->data + out->len);
		e->gzip.avail_out = PIECE_BYTES;
		rc = deflate(&e->gzip, is_last ? Z_FINISH : Z_NO_FLUSH);
		if (rc == Z_STREAM_ERROR)
			return codec_failed(e, "its state is damaged", err);
		out->len += PIECE_BYTES - e->gzip.avail_out;
	} while (!e->gzip.avail_out); /* so long it has more to say */
	if (is_last)
		(void)deflateReset(&e->gzip); /* fails for a stream without state only */
	return 0;
}

static int
encode_zstd(struct frames_encoder *e, bool is_last, struct buf *out, struct err *err)
{
	ZSTD_inBuffer in = { .src = e->stage, .size = e->staged };
	size_t rest;

	do {
		ZSTD_outBuffer space = { .size = ZSTD_CStreamOutSize() };

		if (buf_reserve(out, space.size, err))
			return -1;
		space.dst = out->data + out->len;
		rest = ZSTD_compressStream2(
		    e->zstd, &space, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(rest))
			return codec_failed(e, ZSTD_getErrorName(rest), err);
		out->len += space.pos;
	} while (is_last ? rest != 0 : in.pos < in.size);
	return 0;
}

static int
encode_stage(struct frames_encoder *e, bool is_last, struct buf *out, struct err *err)
{
	int rc = -1;

	switch (e->format) {
	case COMPRESSION_LZ4:
		rc = encode_lz4(e, is_last, out, err);
		break;
	case COMPRESSION_GZIP:
		rc = encode_gzip(e, is_last, out, err);
		break;
	case COMPRESSION_ZSTD:
		rc = encode_zstd(e, is_last, out, err);
		break;
	case COMPRESSION_NONE:
		abort();
	}
	if (out->data)
		out->data[out->len] = '\0';
	e->staged = 0;
	e->has_frame = !is_last;
	return rc;
}

int
frames_encode(struct frames_encoder *e, struct slice input, struct buf *out, struct err *err)
{
	while (input.len) {
		size_t room = PIECE_BYTES - e->staged;
		size_t n = input.len < room ? input.len : room;

		memcpy(e->stage + e->staged, input.data, n);
		e->staged += n;
		input = slice_skip(input, n);
		if (e->staged == PIECE_BYTES && encode_stage(e, false, out, err))
			return -1;
	}
	return 0;
}

int
frames_encode_finish(struct frames_encoder *e, struct buf *out, struct err *err)
{
	return encode_stage(e, true, out, err);
}
