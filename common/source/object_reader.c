/* SPDX-License-Identifier: MIT */
#include "source/object_reader.h"

#include <stdlib.h>

#include "base/clock.h"
#include "codec/frames.h"

enum {
	PASS_BYTES = 64 * 1024,
	MEASURE_BYTES_MAX = 64 * 1024 * 1024, /* what a chunk may grow to, to be decoded for its length */
};

struct object_reader {
	size_t chunk_bytes;
	char *chunk;
	size_t chunk_len; /* of the chunk read last */
	struct object_bytes *bytes; /* NULL: closed */
	struct frames_decoder *decoder;
	struct slice undecoded; /* in chunk */
	bool at_end;            /* of the stored bytes */
	int64_t position;       /* decompressed bytes given */
	int64_t stored;         /* bytes read */
	/* so many stored bytes were decompressed to so many, the codec held nothing back; 0: not known yet */
	int64_t known_stored, known_decoded;
	bool is_measured;
};

struct object_reader *
object_reader_new(size_t chunk_bytes, struct err *err)
{
	struct object_reader *reader = calloc(1, sizeof(*reader));

	if (!reader || !(reader->chunk = malloc(chunk_bytes))) {
		err_no_memory(err);
		object_reader_free(reader);
		return NULL;
	}
	reader->chunk_bytes = chunk_bytes;
	return reader;
}

void
object_reader_close(struct object_reader *reader)
{
	frames_decoder_free(reader->decoder);
	reader->decoder = NULL;
	if (reader->bytes)
		reader->bytes->ops->free(reader->bytes);
	reader->bytes = NULL;
}

void
object_reader_free(struct object_reader *reader)
{
	if (!reader)
		return;
	object_reader_close(reader);
	free(reader->chunk);
	free(reader);
}

static int
begin(struct object_reader *reader, struct err *err)
{
	frames_decoder_free(reader->decoder);
	reader->decoder = frames_decoder_new(err);
	reader->undecoded = slice_make(NULL, 0);
	reader->at_end = false;
	reader->position = reader->stored = reader->known_stored = reader->known_decoded = 0;
	reader->is_measured = false;
	return reader->decoder ? 0 : -1;
}

int
object_reader_open(struct object_reader *reader, struct object_bytes *bytes, struct err *err)
{
	object_reader_close(reader);
	reader->bytes = bytes;
	return begin(reader, err);
}

static int
read_stored(struct object_reader *reader, char *data, size_t bytes, int64_t deadline_mono_ms,
    size_t *ret_len, bool *ret_again, struct err *err)
{
	*ret_len = 0;
	if (reader->bytes->ops->read(reader->bytes, data, bytes, deadline_mono_ms, ret_len, ret_again,
		err))
		return -1;
	if (*ret_again)
		return 0;
	reader->stored += (int64_t)*ret_len;
	reader->at_end = *ret_len == 0;
	return 0;
}

/* Of what is plain the decoder need not see more. */
static bool
is_plain(const struct object_reader *reader)
{
	return reader->position > 0 && !reader->undecoded.len &&
	    frames_decoder_format(reader->decoder) == COMPRESSION_NONE;
}

static int
read_decoded(void *context, char *data, size_t bytes, int64_t deadline_mono_ms, size_t *ret_len,
    bool *ret_again, struct err *err)
{
	struct object_reader *reader = context;
	size_t len;

	if (is_plain(reader)) {
		if (read_stored(reader, data, bytes, deadline_mono_ms, ret_len, ret_again, err))
			return -1;
		reader->position += (int64_t)*ret_len;
		return 0;
	}
	for (;;) {
		bool was_end = reader->at_end;

		if (frames_decode(reader->decoder, &reader->undecoded, reader->at_end, data, bytes,
			ret_len, err))
			return -1;
		reader->position += (int64_t)*ret_len;
		if (*ret_len < bytes && (*ret_len || was_end)) {
			reader->known_stored = reader->stored;
			reader->known_decoded = reader->position;
		}
		if (*ret_len || was_end)
			return 0;
		if (reader->undecoded.len)
			continue;
		if (read_stored(reader, reader->chunk, reader->chunk_bytes, deadline_mono_ms, &len,
			ret_again, err))
			return -1;
		if (*ret_again)
			return 0;
		if (len)
			reader->chunk_len = len;
		reader->undecoded = slice_make(reader->chunk, len);
	}
}

struct lines_input
object_reader_input(struct object_reader *reader)
{
	return (struct lines_input){ .context = reader, .read = read_decoded };
}

/* Decodes up to `bytes` of what comes next and drops it; *ret_len 0 at the end. */
static int
pass(struct object_reader *reader, char *scratch, size_t bytes, size_t *ret_len, struct err *err)
{
	bool again = false;

	*ret_len = 0;
	if (read_decoded(reader, scratch, bytes, CLOCK_NEVER, ret_len, &again, err))
		return -1;
	return again ? err_set(err, ERR_STOPPED, "stopped while passing over what was read before") : 0;
}

static int
pass_to(struct object_reader *reader, int64_t byte, char *scratch, struct err *err)
{
	while (reader->position < byte) {
		int64_t left = byte - reader->position;
		size_t len, want = left < PASS_BYTES ? (size_t)left : PASS_BYTES;
		struct object_bytes *bytes = reader->bytes;

		if (pass(reader, scratch, want, &len, err))
			return -1;
		if (len == 0)
			return err_set(err, ERR_DATA, "has %lld bytes%s, reading was to go on at byte %lld",
			    (long long)reader->position,
			    frames_decoder_format(reader->decoder) ? " when decompressed" : "",
			    (long long)byte);
		/* once it is known to be plain, the decoder only hands bytes through */
		if (bytes->ops->seek &&
		    frames_decoder_format(reader->decoder) == COMPRESSION_NONE) {
			if (bytes->ops->seek(bytes, byte, err))
				return -1;
			reader->undecoded = slice_make(NULL, 0);
			reader->at_end = false;
			reader->position = reader->stored = byte;
		}
	}
	return 0;
}

int
object_reader_seek(struct object_reader *reader, int64_t byte, struct err *err)
{
	char *scratch;
	int rc = 0;

	if (reader->position > byte) {
		if (!reader->bytes->ops->seek)
			return err_set(err, ERR_FAULT, "a pipe cannot be read again");
		if (reader->bytes->ops->seek(reader->bytes, 0, err) || begin(reader, err))
			return -1;
	}
	scratch = malloc(PASS_BYTES);
	if (!scratch)
		return err_no_memory(err);
	rc = pass_to(reader, byte, scratch, err);
	free(scratch);
	return rc;
}

int64_t
object_reader_stored(const struct object_reader *reader)
{
	return reader->stored;
}

/* A codec may have taken all of a small object and given out little of it: then only decoding tells how much it is. */
static void
measure_chunk(struct object_reader *reader)
{
	struct err ignored = ERR_INIT; /* it comes again when the bytes are wanted */
	struct frames_decoder *decoder = frames_decoder_new(&ignored);
	struct slice input = slice_make(reader->chunk, reader->chunk_len);
	char *scratch = malloc(PASS_BYTES);
	size_t len = PASS_BYTES;
	int64_t decoded = 0;

	reader->is_measured = true;
	while (decoder && scratch && len == PASS_BYTES && decoded < MEASURE_BYTES_MAX) {
		if (frames_decode(decoder, &input, false, scratch, PASS_BYTES, &len, &ignored))
			len = 0;
		decoded += (int64_t)len;
	}
	if (len < PASS_BYTES) {
		reader->known_stored = reader->stored;
		reader->known_decoded = decoded;
	}
	free(scratch);
	frames_decoder_free(decoder);
}

int64_t
object_reader_passed(struct object_reader *reader, int64_t byte)
{
	int64_t passed;

	if (!byte || frames_decoder_format(reader->decoder) == COMPRESSION_NONE)
		return byte;
	if (!reader->known_decoded && !reader->is_measured &&
	    reader->stored == (int64_t)reader->chunk_len)
		measure_chunk(reader);
	if (!reader->known_decoded)
		return -1;
	passed = (int64_t)((double)byte * (double)reader->known_stored / (double)reader->known_decoded);
	return passed < reader->stored ? passed : reader->stored;
}

size_t
object_reader_capacity(const struct object_reader *reader)
{
	return reader->chunk_bytes + frames_decoder_capacity(reader->decoder);
}
