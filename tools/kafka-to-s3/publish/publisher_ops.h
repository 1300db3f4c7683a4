/* SPDX-License-Identifier: MIT */
/* What the kinds of targets implement, each in a file of its own; see kafka-to-s3/publisher.h. */
#ifndef SLUICE_KAFKA_TO_S3_PUBLISH_PUBLISHER_OPS_H
#define SLUICE_KAFKA_TO_S3_PUBLISH_PUBLISHER_OPS_H

#include "kafka-to-s3/publish/publisher.h"

struct publisher_ops {
	struct publisher *(*make)(const struct publisher_options *, struct err *);
	void (*free)(struct publisher *); /* also half built */
	struct spool *(*begin)(struct publisher *, const char *path, struct err *);
	int (*check)(struct publisher *, const char *path, const char *name, struct err *);
	int (*step)(struct publisher *, struct bundle *, enum publish_epoch, struct err *);
	int (*update_mark)(struct publisher *, const char *path, const char *name,
	    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
	    void *context, struct err *);
	int (*read_mark)(struct publisher *, const char *path, const char *name, bool *ret_has,
	    struct buf *ret, struct err *);
	int (*make_empty)(struct publisher *, const char *const *paths, size_t count,
	    const char *name, bool *ret_made, struct err *);
	size_t (*path_bytes_max)(const struct publisher *, size_t name_bytes); /* NULL: as it is anyway */
	/* NULL where nothing waits for others, or is left */
	void (*begin_turn)(struct publisher *);
	void (*drop)(struct publisher *, struct bundle *);
	void (*drop_mark)(struct publisher *, const char *path, const char *name);
	bool (*is_waiting)(const struct publisher *);
	void (*wait)(struct publisher *, int64_t deadline_mono_ms);
	void (*clean)(struct publisher *,
	    bool (*is_ours)(void *context, struct slice path, struct slice name), void *context);
};

enum { MARK_TEXT_BYTES_MAX = 1024 * 1024 }; /* mark_text.h */

/* Begins the struct of each kind; set by publisher.c. */
struct publisher {
	const struct publisher_ops *ops;
	struct publisher_options options;
	char *raw;
};

/* Rows on their way into an object's bytes. */
struct encoding {
	const struct spool *from;
	struct spool *to;
	int64_t offset; /* of what has been read */
	bool is_whole;
};

/* About so many bytes of rows, to the end where that is less. One at a time. */
int publisher_encode_some(
    struct publisher *, struct encoding *, int64_t row_bytes, struct err *);

/* What can be done about an object that exists and is not what was to be published; in parentheses. */
const char *publisher_hint(const struct publisher *, enum publish_epoch);

extern const struct publisher_ops publisher_directory_ops;
extern const struct publisher_ops publisher_s3_ops;

#endif
