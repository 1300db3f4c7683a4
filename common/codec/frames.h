/* SPDX-License-Identifier: MIT */
/*
 * Compressed streams: LZ4 frames, gzip members (RFC 1952), zstd frames (RFC 8878), or plain bytes.
 * Decoding detects the format by content and reads every concatenated frame (skippable frames too).
 * Encoding writes one frame with fixed settings, so that the same bytes give the same output.
 */
#ifndef SLUICE_CODEC_FRAMES_H
#define SLUICE_CODEC_FRAMES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_LZ4,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
};

/* none, lz4, gzip (also gz), zstd (also zst); ERR_USAGE otherwise. */
int compression_parse(const char *text, enum compression *ret, struct err *);

/* ".lz4", ".gz", ".zst", or "" */
const char *compression_extension(enum compression);

struct frames_decoder;

struct frames_decoder *frames_decoder_new(struct err *);
void frames_decoder_free(struct frames_decoder *);

/*
 * Takes bytes from *input (advanced past what was used; at_end says that no more follow) and writes
 * up to out_bytes (at least 1) decoded bytes. *ret_len below out_bytes means that all input was
 * used; call again with more, or, at_end, until *ret_len is 0: that is the end.
 *
 * Returns -1 with ERR_DATA where the stream is damaged or, at_end, ends inside a frame; the text
 * says which format and at which compressed byte. Bytes behind the last frame that start no frame
 * of its format are an error too, zero padding behind gzip is not. What was decoded before the
 * fault is handed out first, the rest of the input is dropped, and the decoder then keeps failing.
 *
 * Memory is bounded: zstd frames that need a window over 128 MiB are refused, LZ4's blocks have 4
 * MiB at most.
 */
int frames_decode(struct frames_decoder *, struct slice *input, bool at_end, char *out,
    size_t out_bytes, size_t *ret_len, struct err *);

/* COMPRESSION_NONE until enough was seen to know, and for plain bytes. */
enum compression frames_decoder_format(const struct frames_decoder *);

/* Bytes of memory it holds now, about. */
size_t frames_decoder_capacity(const struct frames_decoder *);

struct frames_encoder;

/*
 * Not for COMPRESSION_NONE. LZ4 in linked blocks of 64 KiB with a checksum of the content, gzip
 * level 6 without name and time, zstd level 3 with a checksum. The output depends on the bytes and
 * the versions of the libraries, not on how the bytes are cut into calls.
 */
struct frames_encoder *frames_encoder_new(enum compression, struct err *);
void frames_encoder_free(struct frames_encoder *);

/* Appends compressed bytes for `input` to out (possibly none yet). After a failure (out is full or
 * memory is short) the encoder can only be freed. */
int frames_encode(struct frames_encoder *, struct slice input, struct buf *out, struct err *);

/* Ends the frame; the encoder may then begin another one. */
int frames_encode_finish(struct frames_encoder *, struct buf *out, struct err *);

#endif
