/* SPDX-License-Identifier: MIT */
#include "source/object_reader.h"

#include <stdlib.h>

#include "base/clock.h"
#include "codec/frames.h"

enum { PASS_BYTES = 64 * 1024 };

struct object_reader {
	size_t chunk_bytes;
	int64_t *counted;
	char *chunk;
	struct object_bytes *bytes; /* NULL: closed */
	struct frames_decoder *decoder;
	struct slice undecoded; /* in chunk */
	bool at_end;            /* of the stored bytes */
	int64_t position;       /* decompressed bytes given */
};

struct object_reader *
object_reader_new(size_t chunk_bytes, int64_t *counted, struct err *err)
{
	struct object_reader *reader = calloc(1, sizeof(*reader));

	if (!reader || !(reader->chunk = malloc(chunk_bytes))) {
		err_no_memory(err);
		object_reader_free(reader);
		return NULL;
	}
	reader->chunk_bytes = chunk_bytes;
	reader->counted = counted;
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
	reader->position = 0;
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
	if (reader->counted)
		*reader->counted += (int64_t)*ret_len;
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
		if (*ret_len || was_end)
			return 0;
		if (reader->undecoded.len)
			continue;
		if (read_stored(reader, reader->chunk, reader->chunk_bytes, deadline_mono_ms, &len,
			ret_again, err))
			return -1;
		if (*ret_again)
			return 0;
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
			reader->position = byte;
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

size_t
object_reader_capacity(const struct object_reader *reader)
{
	return reader->chunk_bytes + frames_decoder_capacity(reader->decoder);
}
