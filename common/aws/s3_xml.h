/* SPDX-License-Identifier: MIT */
/*
 * The XML that S3 answers with (Amazon S3 API Reference, "ListObjectsV2", "ListMultipartUploads",
 * "CreateMultipartUpload", "CompleteMultipartUpload" and "Error responses"), read with expat. Pure.
 * Depth and texts are bounded, and a document type is refused: no entity is ever declared.
 */
#ifndef SLUICE_AWS_S3_XML_H
#define SLUICE_AWS_S3_XML_H

#include "aws/s3.h"

enum {
	S3_KEY_BYTES_MAX = 1024,
	S3_UPLOAD_ID_BYTES_MAX = 2048, /* S3's have some 130 */
};

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

/* A page of the uploads that were begun but neither completed nor aborted. */
struct s3_uploads {
	struct s3_uploads_entry *entries;
	size_t count;
	struct buf text;     /* of all entries */
	struct buf next_key; /* where the next page begins; empty: there is none */
	struct buf next_id;
	bool is_truncated;
};

struct s3_upload {
	struct slice key;
	struct slice id;
};

void s3_uploads_init(struct s3_uploads *);
void s3_uploads_release(struct s3_uploads *);

/* Replaces what the page had. ERR_UNAVAILABLE where this is no such listing, or no whole one. */
int s3_uploads_read(struct s3_uploads *, struct slice xml, struct err *);

/* Its slices are good until the page is read again. */
struct s3_upload s3_uploads_at(const struct s3_uploads *, size_t i);

/* Appends the upload's id, of an InitiateMultipartUploadResult; the entity tag, of a
 * CompleteMultipartUploadResult, which may be empty. ERR_UNAVAILABLE where it is none. */
int s3_begun_read(struct slice xml, struct buf *ret_id, struct err *);
int s3_completed_read(struct slice xml, struct buf *ret_etag, struct err *);

/* What an error says; all empty where the bytes are none. Control characters are '?'. */
struct s3_error {
	char code[64];
	char message[256];
	char region[32];
	int64_t actual_size; /* of the object, where a range was not satisfied; -1: not told */
};

void s3_error_read(struct slice xml, struct s3_error *ret);

#endif
