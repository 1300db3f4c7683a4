/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/mark.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

enum { MARK_BYTES_MAX = 4 * 1024 };

/* Topics have 249 bytes at most (Kafka, org.apache.kafka.common.internals.Topic.MAX_NAME_LENGTH). */
static void
format_name(const char *topic, int32_t partition, char name[static OBJECT_NAME_BYTES])
{
	(void)snprintf(name, OBJECT_NAME_BYTES, "%s-%05" PRId32, topic, partition);
}

static int
check(json_t *mark, const char *group, int64_t *ret_until, struct err *err)
{
	const char *there = json_string_value(json_object_get(mark, "group"));
	json_t *until = json_object_get(mark, "until");

	if (!there || !json_is_integer(until) || json_integer_value(until) < 0)
		return err_set(err, ERR_DATA, "no mark of kafka-to-s3");
	if (strcmp(there, group) != 0)
		return err_set(err, ERR_DATA,
		    "group %s has put this partition there, and %s would put it there again", there,
		    group);
	*ret_until = json_integer_value(until);
	return 0;
}

static int
parse(struct slice text, const char *group, int64_t *ret_until, struct err *err)
{
	json_error_t error;
	json_t *mark = json_loadb(text.data ? text.data : "", text.len, 0, &error);
	int rc = check(mark, group, ret_until, err);

	json_decref(mark);
	return rc;
}

int
mark_read(struct publisher *p, const char *topic, int32_t partition, const char *group,
    int64_t *ret_until, struct err *err)
{
	char name[OBJECT_NAME_BYTES];
	struct buf text = BUF_INIT(2 * MARK_BYTES_MAX);
	bool has;
	int rc;

	format_name(topic, partition, name);
	*ret_until = -1;
	rc = publisher_read_mark(p, MARK_PATH, name, &has, &text, err);
	if (!rc && has) {
		rc = parse(buf_slice(&text), group, ret_until, err);
		if (rc)
			err_wrap(err, "%s/%s/%s", publisher_target(p), MARK_PATH, name);
	}
	buf_release(&text);
	return rc;
}

/* Bytes of the text, with a line feed; 0 where it does not fit. */
static size_t
format(const char *group, int64_t until, char text[static MARK_BYTES_MAX])
{
	json_t *mark = json_pack("{s:s, s:I}", "group", group, "until", (json_int_t)until);
	size_t len = mark ? json_dumpb(mark, text, MARK_BYTES_MAX - 1, JSON_COMPACT) : 0;

	json_decref(mark);
	if (!len || len >= MARK_BYTES_MAX)
		return 0;
	text[len++] = '\n';
	return len;
}

int
mark_check_group(const char *group, struct err *err)
{
	char text[MARK_BYTES_MAX];

	return format(group, INT64_MAX, text)
	           ? 0
	           : err_set(err, ERR_USAGE, "-G: longer than %d bytes, or not UTF-8", MARK_BYTES_MAX);
}

struct raising {
	const char *group;
	int64_t until;
};

static int
raise_text(void *context, bool has, struct slice text, struct buf *ret, struct err *err)
{
	const struct raising *raising = context;
	char mark[MARK_BYTES_MAX];
	size_t len = format(raising->group, raising->until, mark);
	int64_t there = -1;

	if (!len)
		return err_set(err, ERR_FAULT, "group %s: no mark can be made", raising->group);
	if (has && parse(text, raising->group, &there, err))
		return -1;
	return there < raising->until ? buf_append(ret, slice_make(mark, len), err) : 0;
}

int
mark_raise(struct publisher *p, const char *topic, int32_t partition, const char *group,
    int64_t until, struct err *err)
{
	struct raising raising = { .group = group, .until = until };
	char name[OBJECT_NAME_BYTES];
	int rc;

	format_name(topic, partition, name);
	rc = publisher_update_mark(p, MARK_PATH, name, raise_text, &raising, err);
	if (rc < 0 && err->class == ERR_DATA)
		err_wrap(err, "%s/%s/%s", publisher_target(p), MARK_PATH, name);
	return rc;
}
