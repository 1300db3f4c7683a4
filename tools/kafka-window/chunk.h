/* SPDX-License-Identifier: MIT */
/* What an allocation costs, for what --max-state counts. */
#ifndef SLUICE_KAFKA_WINDOW_CHUNK_H
#define SLUICE_KAFKA_WINDOW_CHUNK_H

#include <stddef.h>

/*
 * The bytes that malloc takes for so many; none for 0, where nothing is allocated. glibc's
 * malloc/malloc.c, "Vital statistics": with 8-byte pointers a chunk has 8 bytes of its own, is a
 * multiple of 16 bytes, and 32 bytes at least.
 */
static inline size_t
chunk_bytes(size_t size)
{
	const size_t own = 8, unit = 16, least = 32;

	if (!size)
		return 0;
	return size + own <= least ? least : (size + own + unit - 1) / unit * unit;
}

#endif
