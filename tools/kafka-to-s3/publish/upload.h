/* SPDX-License-Identifier: MIT */
/* One object on its way to S3, moved on by the target's thread while its owner goes on writing its content. */
#ifndef SLUICE_KAFKA_TO_S3_PUBLISH_UPLOAD_H
#define SLUICE_KAFKA_TO_S3_PUBLISH_UPLOAD_H

#include "io/file.h"
#include "kafka-to-s3/publish/s3_target.h"

struct upload;

struct upload_options {
	const char *key; /* copied */
	bool is_create_only;
	bool looks_first;
	enum s3_put_existing existing;
	const struct s3_style *style; /* borrowed as long as the target */
	unsigned parts_max;           /* 0: the usual */
};

/* Takes the content over, also where it fails; the owner may go on writing to it until upload_set_ready. */
struct upload *upload_start(
    struct s3_target *, struct spool *content, const struct upload_options *, struct err *);

/* So many bytes of the content are there; is_whole: those are all. */
void upload_set_ready(struct upload *, int64_t bytes, bool is_whole);

struct upload_result {
	int64_t bytes;
	bool was_there;
};

/* 1: under way; 0: the object is there; -1: it failed, and *ret says whether that was because it was there. */
int upload_poll(struct upload *, struct upload_result *ret, struct err *);

/* The owner's last call: what is under way is given up, and aborted. NULL is fine. */
void upload_drop(struct upload *);

/* ---- for the target, while it is halted ---- */

void uploads_give_up(struct s3_target *);
/* Without aborting. */
void uploads_free(struct s3_target *);

#endif
