/* SPDX-License-Identifier: MIT */
/* What the readers of S3's XML share: a document read with expat, and what its texts mean. */
#ifndef SLUICE_AWS_S3_DOCUMENT_H
#define SLUICE_AWS_S3_DOCUMENT_H

#include <expat.h>

#include "aws/s3_xml.h"

enum {
	S3_DOCUMENT_DEPTH_MAX = 8,
	S3_DOCUMENT_NAME_BYTES = 40,
};

/* A document being read: where we are in it, and the text of the innermost element. */
struct s3_document {
	XML_Parser parser;
	char names[S3_DOCUMENT_DEPTH_MAX][S3_DOCUMENT_NAME_BYTES];
	int depth;
	struct buf text;
	bool is_too_long; /* the text */
	/* an element ends */
	void (*take)(struct s3_document *, struct slice text);
	void *context;
	struct err err;
};

/* `take` and `context` are set. Blanks before the document are skipped. */
int s3_document_read(struct s3_document *, struct slice xml, struct err *);

/* From inside `take`: the document is bad. */
void s3_document_refuse(struct s3_document *, const char *why);

/* The elements we are in: "ListBucketResult", "Contents", "Key"; NULL: any, to the end. */
bool s3_document_is_at(const struct s3_document *, const char *a, const char *b, const char *c);

bool s3_read_size(struct slice text, int64_t *ret);

/* As a form does it, '+' is a blank (botocore's unquote_plus reads S3's keys so). In place. */
bool s3_decode(char *data, size_t *len);

/* Trimmed, cut short, and control characters are '?'. */
void s3_copy_words(char *ret, size_t bytes, struct slice text);

#endif
