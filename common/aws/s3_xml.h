/* SPDX-License-Identifier: MIT */
/*
 * The XML that S3 answers with (Amazon S3 API Reference, "ListObjectsV2" and "Error responses"),
 * read with expat. Pure. Depth and texts are bounded, and a document type is refused: no entity is
 * ever declared.
 */
#ifndef SLUICE_AWS_S3_XML_H
#define SLUICE_AWS_S3_XML_H

#include "aws/s3.h"

enum { S3_KEY_BYTES_MAX = 1024 };

/* A page of a listing. */
struct s3_page {
	struct s3_page_object *objects;
	size_t count;
	size_t capacity;
	struct buf text;  /* of all objects */
	struct buf token; /* of the next page; empty: there is none */
	bool is_truncated;
};

void s3_page_init(struct s3_page *);
void s3_page_release(struct s3_page *);

/* Replaces what the page had. ERR_UNAVAILABLE where this is no listing, or no whole one. */
int s3_page_read(struct s3_page *, struct slice xml, struct err *);

/* Its slices are good until the page is read again. */
struct s3_object s3_page_object(const struct s3_page *, size_t i);

/* What an error says; all empty where the bytes are none. Control characters are '?'. */
struct s3_error {
	char code[64];
	char message[256];
	char region[32];
	int64_t actual_size; /* of the object, where a range was not satisfied; -1: not told */
};

void s3_error_read(struct slice xml, struct s3_error *ret);

#endif
