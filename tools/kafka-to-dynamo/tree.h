/* SPDX-License-Identifier: MIT */
/*
 * A JSON text that the scanner has found valid, as nodes in the order of the text: a container's
 * first child is the node behind it, and what follows a node begins at its `end`. Of members of one
 * name the last counts, as everywhere in sluice; the others are dropped.
 */
#ifndef SLUICE_KAFKA_TO_DYNAMO_TREE_H
#define SLUICE_KAFKA_TO_DYNAMO_TREE_H

#include "base/buf.h"
#include "codec/json.h"

struct tree_node {
	const char *data; /* of the value; a string without its quotes */
	uint32_t len;
	uint32_t end;   /* index behind the last node below this one */
	size_t name_at; /* in the text, or in names where it was decoded */
	uint32_t name_len;
	uint8_t type;      /* enum json_type */
	bool has_escape;   /* a string: json_string_decode it */
	bool has_own_name; /* decoded, in names */
	bool is_dropped;
};

/* Zero-initialise with TREE_INIT; may be read into again and again. */
struct tree {
	struct tree_node *nodes;
	size_t count, capacity;
	const char *text;
	struct buf names;
	struct tree_name *sorting; /* scratch */
	size_t sorting_capacity;
};

#define TREE_INIT                             \
	{                                     \
		.names = BUF_INIT(UINT32_MAX) \
	}

void tree_release(struct tree *);

/* The text is valid JSON, below 4 GiB, and stays while the tree is used. Node 0 is its value. */
int tree_read(struct tree *, struct slice text, struct err *);

/* Decoded. */
struct slice tree_name(const struct tree *, uint32_t node);

/* The children that count: for (i = tree_first(t, n); i; i = tree_next(t, n, i)). */
uint32_t tree_first(const struct tree *, uint32_t parent);
uint32_t tree_next(const struct tree *, uint32_t parent, uint32_t child);

/* By a dotted path from the root; 0 where there is none. */
uint32_t tree_find(const struct tree *, struct slice path);

/* Where the value begins in the text; a string at its quote. */
size_t tree_byte(const struct tree *, uint32_t node);

#endif
