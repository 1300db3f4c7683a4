/* SPDX-License-Identifier: MIT */
/* Small objects that are read, changed and replaced, any number at once. */
#ifndef SLUICE_KAFKA_TO_S3_PUBLISH_S3_MARKS_H
#define SLUICE_KAFKA_TO_S3_PUBLISH_S3_MARKS_H

#include "kafka-to-s3/publish/s3_target.h"

struct s3_marks;

/* The target is borrowed. */
struct s3_marks *s3_marks_new(struct s3_target *, struct err *);
/* While the target is halted. NULL is fine. */
void s3_marks_free(struct s3_marks *);

/* See publisher_update_mark. What is written replaces what was read, and nothing else: where another was faster,
 * `update` is asked again. */
int s3_marks_update(struct s3_marks *, const char *key,
    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
    void *context, struct err *);

/* See publisher_begin_turn. */
void s3_marks_begin_turn(struct s3_marks *);

/* An update of it has been begun. */
bool s3_marks_has(struct s3_marks *, const char *key);
/* It is given up, as far as that is possible. While the target is halted. */
void s3_marks_drop(struct s3_marks *, const char *key);

/* As publisher_read_mark; waits, with patience, two minutes at most for all that are read between two turns. While
 * the target is halted. */
int s3_marks_read(
    struct s3_marks *, const char *key, bool *ret_has, struct buf *ret, struct err *);

/* An empty object, where there is none. 1: not done yet, call again. */
int s3_marks_make_empty(struct s3_marks *, const char *key, struct err *);

#endif
