/* SPDX-License-Identifier: MIT */
/*
 * Many byte sequences in one file, each written at its end, read anywhere, and forgotten: blocks of the file
 * belong to one of them or to none, and are used again. A file for each would cost an inode each: ext4 passes over
 * the inodes that were freed in the last minutes one by one when it looks for a new one (fs/ext4/ialloc.c,
 * recently_deleted), and each needs a descriptor.
 *
 * One thread appends to a sequence and releases it, others may read what has been appended meanwhile; sequences of
 * one file may have different owners.
 *
 * Nothing here is durable. What was used and is free again keeps its room on the disk until all of it is free.
 */
#ifndef SLUICE_IO_BLOCKS_H
#define SLUICE_IO_BLOCKS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"

enum { BLOCK_BYTES = 64 * 1024 };

struct blocks;

/* Takes the descriptor of an empty file without a name. NULL: no memory, and the descriptor is closed. */
struct blocks *blocks_new(int fd);
void blocks_free(struct blocks *);

/* One sequence; all zero at first. Read `bytes` where nobody appends. */
struct block_list {
	uint32_t *numbers; /* of blocks, in their order */
	uint32_t count;
	uint32_t capacity;
	int64_t bytes;
};

/* Both: -1 and errno. */
int blocks_append(struct blocks *, struct block_list *, struct slice);

/* Fills the buffer up to the end of the sequence; says how much that was. */
ssize_t blocks_read(struct blocks *, const struct block_list *, int64_t offset, char *bytes,
    size_t byte_count);

/* Forgets it; all zero again. */
void blocks_release(struct blocks *, struct block_list *);

#endif
