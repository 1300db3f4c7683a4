/* SPDX-License-Identifier: MIT */
#include "io/blocks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct blocks {
	int fd;
	uint32_t count; /* in the file */
	uint32_t *unused;
	uint32_t unused_count;
	uint32_t unused_capacity; /* room for all there are: releasing cannot fail */
};

struct blocks *
blocks_new(int fd)
{
	struct blocks *b = calloc(1, sizeof(*b));

	if (b)
		b->fd = fd;
	else
		close(fd);
	return b;
}

void
blocks_free(struct blocks *b)
{
	if (!b)
		return;
	close(b->fd);
	free(b->unused);
	free(b);
}

/* ---- which block ---- */

/* Room for one more number. */
static bool
grow(uint32_t **numbers, uint32_t count, uint32_t *capacity)
{
	uint32_t larger = *capacity ? 2 * *capacity : 16;
	uint32_t *grown;

	if (count < *capacity)
		return true;
	grown = reallocarray(*numbers, larger, sizeof(**numbers));
	if (!grown)
		return false;
	*numbers = grown;
	*capacity = larger;
	return true;
}

static int
take_block(struct blocks *b, struct block_list *list)
{
	if (!grow(&list->numbers, list->count, &list->capacity) ||
	    (!b->unused_count && !grow(&b->unused, b->count, &b->unused_capacity))) {
		errno = ENOMEM;
		return -1;
	}
	list->numbers[list->count++] =
	    b->unused_count ? b->unused[--b->unused_count] : b->count++;
	return 0;
}

void
blocks_release(struct blocks *b, struct block_list *list)
{
	while (list->count)
		b->unused[b->unused_count++] = list->numbers[--list->count];
	free(list->numbers);
	*list = (struct block_list){ .bytes = 0 };
	/* it only makes room: where it fails the blocks are used again */
	if (b->count && b->unused_count == b->count && !ftruncate(b->fd, 0))
		b->count = b->unused_count = 0;
}

/* ---- bytes ---- */

/* Where the sequence's byte is in the file. */
static off_t
place_of(const struct block_list *list, int64_t offset)
{
	return (off_t)list->numbers[offset / BLOCK_BYTES] * BLOCK_BYTES + offset % BLOCK_BYTES;
}

/* How much of byte_count is in the same block. */
static size_t
in_block(int64_t offset, size_t byte_count)
{
	size_t rest = BLOCK_BYTES - (size_t)(offset % BLOCK_BYTES);

	return byte_count < rest ? byte_count : rest;
}

int
blocks_append(struct blocks *b, struct block_list *list, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n;

		if (list->bytes == (int64_t)list->count * BLOCK_BYTES && take_block(b, list))
			return -1;
		n = pwrite(b->fd, bytes.data, in_block(list->bytes, bytes.len),
		    place_of(list, list->bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		list->bytes += n;
		bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}

ssize_t
blocks_read(const struct blocks *b, const struct block_list *list, int64_t offset, char *bytes,
    size_t byte_count)
{
	size_t len = 0;

	if (offset >= list->bytes)
		return 0;
	if ((int64_t)byte_count > list->bytes - offset)
		byte_count = (size_t)(list->bytes - offset);
	while (len < byte_count) {
		int64_t at = offset + (int64_t)len;
		ssize_t n = pread(
		    b->fd, bytes + len, in_block(at, byte_count - len), place_of(list, at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			/* what was written is there, unless the disk lost it */
			errno = n ? errno : EIO;
			return -1;
		}
		len += (size_t)n;
	}
	return (ssize_t)len;
}
