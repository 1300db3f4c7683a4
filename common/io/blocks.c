/* SPDX-License-Identifier: MIT */
#include "io/blocks.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct blocks {
	int fd;
	pthread_mutex_t lock; /* of what follows, and of all lists */
	uint32_t count;       /* in the file */
	uint32_t *unused;
	uint32_t unused_count;
	uint32_t unused_capacity; /* room for all there are: releasing cannot fail */
};

struct blocks *
blocks_new(int fd)
{
	struct blocks *b = calloc(1, sizeof(*b));

	if (!b || pthread_mutex_init(&b->lock, NULL)) {
		close(fd);
		free(b);
		return NULL;
	}
	b->fd = fd;
	return b;
}

void
blocks_free(struct blocks *b)
{
	if (!b)
		return;
	close(b->fd);
	(void)pthread_mutex_destroy(&b->lock);
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
	(void)pthread_mutex_lock(&b->lock);
	while (list->count)
		b->unused[b->unused_count++] = list->numbers[--list->count];
	free(list->numbers);
	*list = (struct block_list){ .bytes = 0 };
	/* it only makes room: where it fails the blocks are used again */
	if (b->count && b->unused_count == b->count && !ftruncate(b->fd, 0))
		b->count = b->unused_count = 0;
	(void)pthread_mutex_unlock(&b->lock);
}

/* ---- bytes ---- */

/* What is in one block. */
struct piece {
	off_t place; /* in the file */
	size_t len;
};

static struct piece
piece_at(const struct block_list *list, int64_t offset, size_t len)
{
	size_t rest = BLOCK_BYTES - (size_t)(offset % BLOCK_BYTES);

	return (struct piece){ .place = (off_t)list->numbers[offset / BLOCK_BYTES] * BLOCK_BYTES +
		    offset % BLOCK_BYTES,
		.len = len < rest ? len : rest };
}

/* Where the next len bytes go, or some of them. -1 and errno. */
static int
place_next(struct blocks *b, struct block_list *list, size_t len, struct piece *ret)
{
	int rc = 0;

	(void)pthread_mutex_lock(&b->lock);
	if (list->bytes == (int64_t)list->count * BLOCK_BYTES)
		rc = take_block(b, list);
	if (!rc)
		*ret = piece_at(list, list->bytes, len);
	(void)pthread_mutex_unlock(&b->lock);
	return rc;
}

static void
add_bytes(struct blocks *b, struct block_list *list, ssize_t n)
{
	(void)pthread_mutex_lock(&b->lock);
	list->bytes += n;
	(void)pthread_mutex_unlock(&b->lock);
}

int
blocks_append(struct blocks *b, struct block_list *list, struct slice bytes)
{
	struct piece piece;

	while (bytes.len) {
		ssize_t n;

		if (place_next(b, list, bytes.len, &piece))
			return -1;
		n = pwrite(b->fd, bytes.data, piece.len, piece.place);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		add_bytes(b, list, n);
		bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}

/* len is 0 at the end. */
static struct piece
find_piece(struct blocks *b, const struct block_list *list, int64_t offset, size_t len)
{
	struct piece piece = { .len = 0 };

	(void)pthread_mutex_lock(&b->lock);
	if (offset < list->bytes) {
		if ((int64_t)len > list->bytes - offset)
			len = (size_t)(list->bytes - offset);
		piece = piece_at(list, offset, len);
	}
	(void)pthread_mutex_unlock(&b->lock);
	return piece;
}

ssize_t
blocks_read(struct blocks *b, const struct block_list *list, int64_t offset, char *bytes,
    size_t byte_count)
{
	size_t len = 0;

	while (len < byte_count) {
		struct piece piece =
		    find_piece(b, list, offset + (int64_t)len, byte_count - len);
		ssize_t n = piece.len ? pread(b->fd, bytes + len, piece.len, piece.place) : 0;

		if (!piece.len)
			break;
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
