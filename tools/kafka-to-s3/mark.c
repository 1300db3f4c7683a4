/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/mark.h"

#include <inttypes.h>
#include <stdio.h>

enum { GROUP_BYTES_MAX = 4 * 1024 };

/* Topics have 249 bytes at most (Kafka, org.apache.kafka.common.internals.Topic.MAX_NAME_LENGTH). */
static void
format_name(const char *topic, int32_t partition, char name[static OBJECT_NAME_BYTES])
{
	(void)snprintf(name, OBJECT_NAME_BYTES, "%s-%05" PRId32, topic, partition);
}

int
mark_read(struct publisher *p, const char *topic, int32_t partition, const char *group,
    struct mark *ret, struct err *err)
{
	char name[OBJECT_NAME_BYTES];
	struct buf text = BUF_INIT(2 * MARK_BYTES_MAX);
	bool has;
	int rc;

	format_name(topic, partition, name);
	rc = publisher_read_mark(p, MARK_PATH, name, &has, &text, err);
	if (!rc && has) {
		rc = mark_parse(buf_slice(&text), group, ret, err);
		if (rc)
			err_wrap(err, "%s/%s/%s", publisher_target(p), MARK_PATH, name);
	}
	buf_release(&text);
	return rc;
}

struct peeking {
	const char *group;
	struct mark *ret;
};

/* Leaves it as it is. */
static int
peek(void *context, bool has, struct slice text, struct buf *ret, struct err *err)
{
	const struct peeking *p = context;

	(void)ret;
	return has ? mark_parse(text, p->group, p->ret, err) : 0;
}

int
mark_peek(struct publisher *p, const char *topic, int32_t partition, const char *group,
    struct mark *ret, struct err *err)
{
	struct peeking peeking = { .group = group, .ret = ret };
	char name[OBJECT_NAME_BYTES];
	int rc;

	format_name(topic, partition, name);
	rc = publisher_update_mark(p, MARK_PATH, name, peek, &peeking, err);
	if (rc < 0 && err->class == ERR_DATA)
		err_wrap(err, "%s/%s/%s", publisher_target(p), MARK_PATH, name);
	return rc;
}

int
mark_check_group(const char *group, struct err *err)
{
	struct mark mark = MARK_INIT;
	struct buf text = BUF_INIT(GROUP_BYTES_MAX);
	int rc = mark_format(&mark, group, &text, err);

	buf_release(&text);
	if (!rc)
		return 0;
	err_clear(err);
	return err_set(err, ERR_USAGE, "-G: longer than %d bytes, or not UTF-8", GROUP_BYTES_MAX);
}

struct writing {
	const char *group;
	const struct mark *mark;
};

static int
update(void *context, bool has, struct slice text, struct buf *ret, struct err *err)
{
	const struct writing *w = context;
	struct mark there = MARK_INIT;
	int rc = has ? mark_parse(text, w->group, &there, err) : 0;

	if (!rc && there.until <= w->mark->until)
		rc = mark_format(w->mark, w->group, ret, err);
	if (!rc && slice_equal(buf_slice(ret), text))
		buf_clear(ret);
	mark_release(&there);
	return rc;
}

void
mark_drop(struct publisher *p, const char *topic, int32_t partition)
{
	char name[OBJECT_NAME_BYTES];

	format_name(topic, partition, name);
	publisher_drop_mark(p, MARK_PATH, name);
}

int
mark_write(struct publisher *p, const char *topic, int32_t partition, const char *group,
    const struct mark *mark, struct err *err)
{
	struct writing writing = { .group = group, .mark = mark };
	char name[OBJECT_NAME_BYTES];
	int rc;

	format_name(topic, partition, name);
	rc = publisher_update_mark(p, MARK_PATH, name, update, &writing, err);
	if (rc < 0 && err->class == ERR_DATA)
		err_wrap(err, "%s/%s/%s", publisher_target(p), MARK_PATH, name);
	return rc;
}
