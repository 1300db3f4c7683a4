/* SPDX-License-Identifier: MIT */
/*
 * The bytes of one object: as they are stored (struct object_bytes, one kind for files and one for
 * S3) and, over them, decompressed (struct object_reader).
 */
#ifndef SLUICE_SOURCE_OBJECT_READER_H
#define SLUICE_SOURCE_OBJECT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/lines.h"

struct object_bytes;

struct object_bytes_ops {
	/* As lines_input.read. */
	int (*read)(struct object_bytes *, char *data, size_t bytes, int64_t deadline_mono_ms,
	    size_t *ret_len, bool *ret_again, struct err *);
	/* The next read begins at this byte. ERR_DATA where the object is shorter. NULL in those that
	 * can only be read on (pipes). */
	int (*seek)(struct object_bytes *, int64_t byte, struct err *);
	void (*free)(struct object_bytes *);
};

/* First member of each kind. */
struct object_bytes {
	const struct object_bytes_ops *ops;
};

/* "-" is standard input. ERR_NO_INPUT, ERR_DENIED; ERR_STOPPED where a FIFO's writer was waited for. */
struct object_bytes *object_file_open(const char *path, struct err *);

struct object_reader;

/* chunk_bytes are read at a time. */
struct object_reader *object_reader_new(size_t chunk_bytes, struct err *);
void object_reader_free(struct object_reader *);

/* Takes the bytes over, also where it fails. */
int object_reader_open(struct object_reader *, struct object_bytes *, struct err *);

/* Closes, so that another object can be opened; nothing to do where none is open. */
void object_reader_close(struct object_reader *);

/* Decompressed bytes; context of lines_input is the reader. */
struct lines_input object_reader_input(struct object_reader *);

/*
 * The next byte read is decompressed byte `byte`: of plain objects by a seek, of compressed ones and of
 * pipes by passing over those before it, which waits for them. ERR_DATA where there are fewer;
 * ERR_STOPPED.
 */
int object_reader_seek(struct object_reader *, int64_t byte, struct err *);

/* Bytes read so far, as stored; also after it was closed. */
int64_t object_reader_stored(const struct object_reader *);

/*
 * How many of the stored bytes stand before this decompressed one, which has been given. Of compressed objects it is
 * reckoned by how much what was read so far has grown; -1 where that is not known yet, while the first block of LZ4 is
 * given out that is larger than a chunk. Where the first chunk is being given out, it is decoded once more for that.
 */
int64_t object_reader_passed(struct object_reader *, int64_t byte);

/* Bytes of memory it holds, its decoder's too. */
size_t object_reader_capacity(const struct object_reader *);

#endif
