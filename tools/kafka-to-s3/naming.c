/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/naming.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

static bool
is_run_id(const char *text)
{
	for (const char *at = text; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
			return false;
	}
	return *text && strlen(text) <= RUN_ID_BYTES_MAX;
}

static int
format_name(const struct naming *n, const struct object_id *id, char *name, size_t name_bytes)
{
	char roll[16] = "";

	if (id->roll)
		(void)snprintf(roll, sizeof(roll), "_%04u", id->roll);
	if (n->topic)
		return snprintf(name, name_bytes, "%s-%05" PRId32 "-%020" PRId64 "%s.%s",
		    n->topic, id->stream, id->begin, roll, n->extension);
	return snprintf(name, name_bytes, "part-%s%s%012" PRId64 "%s.%s",
	    n->run_id ? n->run_id : "", n->run_id ? "-" : "", id->begin + 1, roll,
	    n->extension);
}

int
naming_check(const struct naming *n, struct err *err)
{
	static const struct object_id widest = {
		.stream = INT32_MAX, .begin = INT64_MAX - 1, .roll = UINT_MAX
	};

	if (n->run_id && !is_run_id(n->run_id))
		return err_set(err, ERR_USAGE,
		    "--run-id takes 1 to %d of A-Z a-z 0-9 . _ -, not \"%s\"", RUN_ID_BYTES_MAX,
		    n->run_id);
	if (format_name(n, &widest, NULL, 0) >= OBJECT_NAME_BYTES)
		return err_set(
		    err, ERR_USAGE, "file names made from topic %s would be too long", n->topic);
	return 0;
}

void
naming_format(
    const struct naming *n, const struct object_id *id, char name[static OBJECT_NAME_BYTES])
{
	/* fits: naming_check tried the widest */
	(void)format_name(n, id, name, OBJECT_NAME_BYTES);
}

static bool
skip_digits(struct slice *rest, size_t min)
{
	size_t n = 0;

	while (n < rest->len && isdigit((unsigned char)rest->data[n]))
		n++;
	*rest = slice_skip(*rest, n);
	return n >= min;
}

bool
naming_is_of(const struct naming *n, struct slice name, int32_t stream)
{
	char begin[OBJECT_NAME_BYTES];
	int len = n->topic ? snprintf(begin, sizeof(begin), "%s-%05" PRId32 "-", n->topic, stream) : 0;
	struct slice rest;

	if (!len || (size_t)len >= sizeof(begin) || name.len < (size_t)len ||
	    memcmp(name.data, begin, (size_t)len) != 0)
		return false;
	rest = slice_skip(name, (size_t)len);
	if (!skip_digits(&rest, 20))
		return false;
	if (rest.len && rest.data[0] == '_') {
		rest = slice_skip(rest, 1);
		if (!skip_digits(&rest, 4))
			return false;
	}
	return rest.len > 1 && rest.data[0] == '.';
}

static int
check_segment(struct slice name, struct err *err)
{
	if (name.len > NAME_MAX)
		return err_set(err, ERR_DATA, "a name of %zu bytes in its path (at most %d)",
		    name.len, NAME_MAX);
	if (!name.len || slice_is(name, ".") || slice_is(name, ".."))
		return err_set(err, ERR_DATA, "\"%.*s\" as a name in its path", SLICE_ARGS(name));
	if (memchr(name.data, '\0', name.len))
		return err_set(err, ERR_DATA, "a NUL byte in its path");
	return 0;
}

int
naming_check_path(struct slice path, struct err *err)
{
	struct slice rest = path, name;
	bool has_more = path.len > 0;

	if (path.len > OBJECT_PATH_BYTES_MAX)
		return err_set(err, ERR_DATA, "a path of %zu bytes (at most %d)", path.len,
		    OBJECT_PATH_BYTES_MAX);
	while (has_more) {
		has_more = slice_cut(rest, '/', &name, &rest);
		if (check_segment(name, err))
			return -1;
	}
	return 0;
}
