/* SPDX-License-Identifier: MIT */
/*
 * Writing S3, on a session's loop: an object is put, any number of them at once, in one request or
 * in parts, and parts are sent while later ones are still being written. Nothing can be seen of it
 * before s3_put_end.
 *
 * One request or parts is a matter of the size alone, and so is where parts end: an object of more
 * than part_bytes is sent in parts of that size, which doubles after each 1,000 of them, up to S3's
 * 5 GiB, so that the 10,000 that it takes ("Amazon S3 multipart upload limits") have 1,023,000 times
 * part_bytes: 7.8 TiB by default.
 *
 * Each part and the whole object carry their CRC-64/NVME (codec/crc64), which S3 holds against what
 * it got, and keeps: it tells objects apart without reading them. Besides, each part's SHA-256 is
 * signed.
 *
 * Create-only (If-None-Match: *, "How to prevent object overwrites with conditional writes"): where
 * an object is there already, by an earlier run, by another process, or by a request of ours whose
 * reply was lost, it is looked at: one of the same size and checksum is what was wanted, and any
 * other is ERR_CANT_CREATE. Where the service keeps no checksum the object is read.
 *
 * Requests that fail are made again as io/http does it, and then for as long as patience_ms says;
 * all of them can be repeated. In the end:
 *
 *   ERR_CANT_CREATE   another object is there; no such bucket; an option that the service refuses
 *   ERR_DENIED        credentials, permissions
 *   ERR_UNAVAILABLE   the service is away, keeps failing, or slows down for too long; the upload was
 *                     aborted by somebody else; nothing is there, or what was wanted
 *   ERR_STOPPED       s3_put_cancel
 *   what the reader says, where it fails
 *
 * Memory: written from memory, at most parts_max times the size of the last part begun (24 MiB by
 * default while objects are below 8 GB); read from a file, nothing but what a connection takes (some
 * 200 KiB). Both, in parts: up to 100 bytes for each of them. A part is summed in one go as it
 * begins, which takes the loop some 20 ms for 8 MiB.
 */
#ifndef SLUICE_AWS_S3_PUT_H
#define SLUICE_AWS_S3_PUT_H

#include "aws/s3.h"
#include "codec/crc64.h"

enum {
	S3_PART_BYTES_MIN = 5 * 1024 * 1024, /* S3's, but for the last part */
	S3_PART_BYTES_USUAL = 8 * 1024 * 1024,
	S3_PART_BYTES_MAX = 512 * 1024 * 1024, /* of the first ones */
	S3_PARTS_MAX = 10000,
	S3_PARTS_AT_ONCE_USUAL = 3,
	S3_PARTS_AT_ONCE_MAX = 64,
};

/* What objects have besides their bytes, as S3's headers have it ("PutObject"); NULL: nothing is
 * said. Texts are borrowed while a put uses them. */
struct s3_style {
	const char *content_type;
	const char *content_encoding;
	const char *storage_class;
	const char *encryption; /* "AES256", "aws:kms", "aws:kms:dsse" */
	const char *kms_key_id;
	const char *tagging; /* s3_tagging_append */
	const char *acl;     /* a canned one */
};

struct s3_put_result {
	struct slice etag; /* with its quotes; empty: the service told none */
	uint64_t crc64;    /* of the content */
	int64_t bytes;
	unsigned parts; /* 0: one request, or it was there and looks_first */
	/* The object was there: published before, here or elsewhere; or another, with ERR_CANT_CREATE
	 * (also if_match's, which is gone). */
	bool was_there;
};

/* What a create-only put does with an object that is there. */
enum s3_put_existing {
	S3_PUT_COMPARES, /* one with the same content is what was wanted, another is ERR_CANT_CREATE */
	S3_PUT_TAKES,    /* it is what was wanted, whatever it holds */
	/* ERR_CANT_CREATE (and was_there) for one that looks_first finds. One that appears later is
	 * compared: it may be ours, by a request whose reply was lost. */
	S3_PUT_REFUSES,
};

struct s3_put_options {
	struct slice key; /* copied */
	bool is_create_only;
	enum s3_put_existing existing;
	/* Replaces the object that has this entity tag, and no other; copied, empty: none is named. For what is sent
	 * in one request and not create-only. Where it is another by now, or gone: ERR_CANT_CREATE and was_there. */
	struct slice if_match;
	/* Expects it to be there: nothing is sent before the end, and then only where it is not.
	 * Without `read` this changes nothing. */
	bool looks_first;
	const struct s3_style *style; /* borrowed until freed; NULL: nothing */
	/*
	 * Where the bytes are read from, several times, from inside loop_turn, until done: all
	 * `bytes` from `offset` on. NULL: they come by s3_put_write.
	 */
	int (*read)(void *context, int64_t offset, char *data, size_t bytes, struct err *);
	int64_t part_bytes;  /* 0: the usual; at least S3_PART_BYTES_MIN */
	unsigned parts_max;  /* at once; 0: the usual; from memory 2 at least, one is being filled */
	int64_t patience_ms; /* since the first failure in a row */
	bool has_no_checksum; /* for services that refuse the headers */
	void *context;
	/*
	 * The end of the put, told once, from inside loop_turn; err is of class ERR_NONE where the
	 * object is there. Its slices are good for the call. The put may be freed from there.
	 */
	void (*done)(void *context, const struct s3_put_result *, const struct err *);
};

struct s3_put;

/* Asks nobody yet. ERR_USAGE: part_bytes or parts_max out of bounds. */
struct s3_put *s3_put_start(struct s3_bucket *, const struct s3_put_options *, struct err *);

/*
 * Copies bytes in. *ret_taken is less than all of them where parts_max are under way: turn the loop
 * and offer the rest again. After a failure, which done tells, all are taken and go nowhere.
 */
int s3_put_write(struct s3_put *, struct slice, size_t *ret_taken, struct err *);

/* The first `bytes` of what `read` reads are there and stay as they are. */
void s3_put_extend(struct s3_put *, int64_t bytes);

/* That was all: publishes. */
void s3_put_end(struct s3_put *);

/* Gives up and aborts the upload, so that nothing of it is kept; done tells ERR_STOPPED then. What
 * s3_put_end has asked for may have happened. */
void s3_put_cancel(struct s3_put *);

/* At once, without done and without aborting. NULL is fine. */
void s3_put_free(struct s3_put *);

/* Bytes held in memory. */
size_t s3_put_memory(const struct s3_put *);

/* The size of a part, from 1 on; 0 behind the last. */
int64_t s3_part_bytes(int64_t part_bytes, unsigned number);

/* Adds a tag to s3_style.tagging. ERR_USAGE: too long, or the eleventh ("Categorizing your storage
 * using tags": 10 of 128 and 256 characters). */
int s3_tagging_append(
    struct buf *tagging, struct slice name, struct slice value, struct err *);

/* An object as it is there. */
struct s3_head {
	bool is_there;
	int64_t bytes;
	bool has_crc64;
	uint64_t crc64;
	char etag[128]; /* with its quotes; empty where it is longer */
};

/* Waits by turning the loop; an object that is not there is no error. */
int s3_head(struct s3_bucket *, struct slice key, struct s3_head *ret, struct err *);

/* A small object's bytes, replacing what ret_bytes has; as above. ERR_UNAVAILABLE where it is longer
 * than that may be, and when the deadline comes. */
int s3_fetch(struct s3_bucket *, struct slice key, int64_t deadline_mono_ms, struct buf *ret_bytes,
    bool *ret_is_there, struct err *);

/* The same without waiting: etag and bytes are good for the call. The errors of a call with patience
 * (aws/s3_call.h); a bucket that is not there is ERR_NO_INPUT. */
struct s3_fetching;

struct s3_fetching *s3_fetch_start(struct s3_bucket *, struct slice key, int64_t patience_ms,
    void (*done)(void *context, bool is_there, struct slice etag, struct slice bytes,
	const struct err *),
    void *context, struct err *);

/* Also from inside done; without it where that has not been told. NULL is fine. */
void s3_fetching_free(struct s3_fetching *);

/*
 * Uploads below a prefix that were begun but neither completed nor aborted: is_ours is asked about
 * each, and those are aborted for which it says so. Waits by turning the loop, until the deadline:
 * ERR_UNAVAILABLE. *ret_count: how many were aborted, also where it fails.
 */
int s3_abort_uploads(struct s3_bucket *, struct slice prefix,
    bool (*is_ours)(void *context, struct slice key), void *context, int64_t deadline_mono_ms,
    size_t *ret_count, struct err *);

#endif
