/* SPDX-License-Identifier: MIT */
/* What the files of aws/s3_put share. */
#ifndef SLUICE_AWS_S3_PUT_STATE_H
#define SLUICE_AWS_S3_PUT_STATE_H

#include "aws/s3_call.h"
#include "aws/s3_put.h"
#include "codec/sigv4.h"

enum { PUT_HEADERS_MAX = 12 };

enum put_state {
	PUT_COLLECTING, /* it may become one request or an upload in parts */
	PUT_BEGINNING,  /* CreateMultipartUpload is under way */
	PUT_SENDING,    /* the parts, or the one request */
	PUT_COMPLETING, /* CompleteMultipartUpload is under way */
	PUT_CHECKING,   /* an object is there: is it ours? */
	PUT_ABORTING,   /* AbortMultipartUpload is under way */
	PUT_ENDED,      /* done is about to be told, or has been */
};

/* A part that is being filled or sent; the whole object where it is one request. */
struct put_slot {
	struct s3_put *put;
	struct s3_call call;
	unsigned number; /* from 1; 0: free */
	bool is_sent;    /* else being filled */
	int64_t offset, bytes;
	uint64_t crc;
	char crc_text[CRC64_TEXT_BYTES];
	char sha256[SIGV4_HASH_BYTES]; /* of a part that is read */
	struct buf query;
	struct http_header headers[PUT_HEADERS_MAX];
	/* of a part that was written */
	char *data;
	size_t capacity;
};

/* What completing asks of a part. */
struct put_part {
	size_t etag, etag_len; /* in etags */
	uint64_t crc;
	bool is_there;
};

struct s3_put {
	struct s3_bucket *bucket;
	struct s3_put_options options;
	struct s3_style style;
	char *key;
	char *if_match; /* NULL: none */
	char *about;
	enum put_state state;

	/* what is to be sent */
	int64_t bytes; /* so far */
	bool is_whole; /* s3_put_end */

	/* what has been sent, or is on its way */
	struct put_slot *slots;
	struct put_slot *filling; /* NULL: none */
	unsigned slots_busy;
	unsigned part_count; /* begun */
	int64_t sent_bytes;  /* in those */
	uint64_t crc;        /* of those */
	struct put_part *parts;
	size_t part_capacity;
	struct buf etags;

	/* the upload */
	struct buf upload_id; /* encoded; empty: there is none */
	struct s3_call control;
	struct buf query, body;
	struct http_header headers[PUT_HEADERS_MAX];
	char crc_text[CRC64_TEXT_BYTES];
	char size_text[24];
	unsigned restarts;
	bool has_cut_parts; /* ended while they were under way: they may come in after an abort */
	struct loop_timer again; /* aborts once more */

	/* the object that is there */
	bool has_looked; /* for looks_first */
	struct loop_task sum;
	int64_t summed_bytes;
	struct s3_head head;
	uint64_t read_crc;
	int64_t read_bytes;

	/* the end */
	struct buf etag;
	bool was_there;
	bool is_restarting; /* and not ended */
	struct err err;
	struct loop_task tell;
};

struct put_headers {
	struct http_header of[PUT_HEADERS_MAX];
	size_t count;
};

/* s3_put.c: what can be done now is begun. */
void s3_put_advance(struct s3_put *);
/* It has failed: ends what is under way, aborts, and tells. */
void s3_put_fail(struct s3_put *, const struct err *);

/* s3_put_headers.c */
void put_headers_add(struct put_headers *, const char *name, const char *value);
/* Of the object: PutObject, CreateMultipartUpload. */
void put_headers_add_style(struct put_headers *, const struct s3_put *);
/* Of every request. */
void put_headers_add_usual(struct put_headers *, const struct s3_put *);

/* s3_put_part.c: the next part, or the one request, begins; it has so many bytes. */
void s3_put_send(struct s3_put *, int64_t bytes);
struct put_slot *s3_put_free_slot(struct s3_put *);
/* Adds the next bytes, where nothing has been sent, to the checksum; *ret_is_whole: those were all. */
int s3_put_sum_more(struct s3_put *, bool *ret_is_whole, struct err *);

/* s3_put_end.c */
void s3_put_begin_upload(struct s3_put *);
void s3_put_complete(struct s3_put *);
/* An object is there, or may be: looks at it. */
void s3_put_check(struct s3_put *);
/* Looks whether there is one before anything is sent. */
void s3_put_look(struct s3_put *);
/* Once more from the first byte; false: it cannot be, or was too often. */
bool s3_put_restart(struct s3_put *);
/* Aborts the upload, where there is one, and tells the end. */
void s3_put_settle(struct s3_put *);

/* s3_head.c: what a HEAD's reply says. */
int s3_head_read(const struct http_reply *, struct s3_head *ret, struct err *);

#endif
