/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/naming.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "codec/utf8.h"
#include "flow/template.h"

enum {
	ROLL_SHORT_MAX = 9999,
	ROLL_BYTES = 24,
};

static bool
is_run_id(const char *text)
{
	for (const char *at = text; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
			return false;
	}
	return *text && strlen(text) <= RUN_ID_BYTES_MAX;
}

/* ---- templates ---- */

enum part_kind {
	PART_TEXT,
	PART_TOPIC,
	PART_PARTITION,
	PART_OFFSET,
	PART_LINE,
	PART_RUN_ID,
};

enum { WIDTH_MAX = 99, PART_KINDS = PART_RUN_ID + 1 };

static const char *const part_names[] = {
	[PART_TOPIC] = "{@topic}",
	[PART_PARTITION] = "{@partition}",
	[PART_OFFSET] = "{@offset}",
	[PART_LINE] = "{@line}",
	[PART_RUN_ID] = "{@run-id}",
};

struct part {
	enum part_kind kind;
	struct slice text; /* PART_TEXT: itself, otherwise the braces with what is in them */
	unsigned width;    /* of numbers, with zeros; 0: none */
};

static const char *
template_of(const struct naming *n)
{
	if (n->template)
		return n->template;
	if (n->topic)
		return "{@topic}-{@partition:05d}-{@offset:020d}";
	return n->run_id ? "part-{@run-id}-{@line:012d}" : "part-{@line:012d}";
}

static bool
is_number(enum part_kind kind)
{
	return kind == PART_PARTITION || kind == PART_OFFSET || kind == PART_LINE;
}

/* "020d"; NULL, or why not. */
static const char *
read_width(struct slice spec, struct part *part)
{
	if (!slice_starts(spec, "0"))
		return "a width begins with 0, as in {@offset:020d}";
	while (spec.len && isdigit((unsigned char)spec.data[0])) {
		part->width = part->width * 10 + (unsigned)(spec.data[0] - '0');
		if (part->width > WIDTH_MAX)
			return "a width is at most 99";
		spec = slice_skip(spec, 1);
	}
	return slice_is(spec, "d") ? NULL : "not a width; widths are written as in {@offset:020d}";
}

/* part->text is what braces hold, with them. */
static const char *
read_braces(struct part *part)
{
	struct slice name = slice_make(part->text.data + 1, part->text.len - 2), spec;
	bool has_spec = slice_cut(name, ':', &name, &spec);

	for (unsigned kind = PART_TOPIC; kind < PART_KINDS; kind++) {
		struct slice known = slice_of(part_names[kind]);

		if (!slice_equal(name, slice_make(known.data + 1, known.len - 2)))
			continue;
		part->kind = (enum part_kind)kind;
		if (!has_spec)
			return NULL;
		return is_number(part->kind) ? read_width(spec, part) : "takes no width";
	}
	return "a name is made of {@topic}, {@partition} and {@offset}, from a pipe of {@line} and "
	       "{@run-id}";
}

/* As in templates of records: "{{" is a brace, so is one that no name follows. Takes the next part; false at the end, and where *ret_why says what is wrong with it. */
static bool
next_part(struct slice *rest, struct part *ret, const char **ret_why)
{
	struct slice at = *rest;
	const char *end;

	*ret = (struct part){ .kind = PART_TEXT };
	if (!at.len)
		return false;
	if (template_opens_name(at)) {
		end = memchr(at.data, '}', at.len);
		if (!end) {
			*ret_why = "no '}' for a '{'";
			return false;
		}
		ret->text = slice_make(at.data, (size_t)(end - at.data) + 1);
		*ret_why = read_braces(ret);
		*rest = slice_skip(at, ret->text.len);
		return !*ret_why;
	}
	ret->text = slice_make(at.data, 1);
	if (slice_starts(at, "{{"))
		*rest = slice_skip(at, 2);
	else {
		while (ret->text.len < at.len && at.data[ret->text.len] != '{')
			ret->text.len++;
		*rest = slice_skip(at, ret->text.len);
	}
	return true;
}

/* ---- checks ---- */

static bool
is_known(const struct naming *n, enum part_kind kind)
{
	switch (kind) {
	case PART_TEXT:
	case PART_OFFSET:
		break;
	case PART_TOPIC:
	case PART_PARTITION:
		return n->topic;
	case PART_LINE:
		return !n->topic;
	case PART_RUN_ID:
		return n->run_id;
	}
	return true;
}

static const char *
check_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '/')
			return "a name has no '/': directories are --path's";
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			return "a control byte";
	}
	return utf8_is_valid(text) ? NULL : "not UTF-8";
}

static bool
has_more_than_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!isdigit((unsigned char)text.data[i]))
			return true;
	}
	return false;
}

/* Which parts are there, in has[]; NULL, or why it cannot be a name. */
static const char *
check_parts(const struct naming *n, bool has[static PART_KINDS])
{
	struct slice rest = slice_of(template_of(n));
	const char *why = NULL;
	bool is_apart = true, is_behind_number = false;
	struct part part;

	while (next_part(&rest, &part, &why)) {
		has[part.kind] = true;
		if (part.kind == PART_TEXT) {
			is_apart |= has_more_than_digits(part.text);
			why = is_behind_number && isdigit((unsigned char)part.text.data[0])
			          ? "a digit behind a number: where does that end?"
			          : check_text(part.text);
			is_behind_number = false;
		} else if (!is_known(n, part.kind)) {
			why = n->topic ? "{@line} and {@run-id} are for pipes"
			               : "a pipe has no topic and no partition, and {@run-id} wants --run-id";
		} else {
			if (!is_apart)
				why = "something has to stand between two of its fields, and not only "
				      "digits";
			is_apart = false;
			is_behind_number = is_number(part.kind);
		}
		if (why)
			return why;
	}
	return why;
}

/* What makes a name unique; NULL where all is there. */
static const char *
missing_part(const struct naming *n, const bool has[static PART_KINDS])
{
	if (n->topic && !has[PART_PARTITION])
		return part_names[PART_PARTITION];
	if (!has[PART_OFFSET] && !has[PART_LINE])
		return n->topic ? part_names[PART_OFFSET] : "{@line} or {@offset}";
	if (n->run_id && !has[PART_RUN_ID])
		return part_names[PART_RUN_ID];
	return NULL;
}

static int
check_template(const struct naming *n, struct err *err)
{
	bool has[PART_KINDS] = { false };
	const char *why = check_parts(n, has);

	if (why)
		return err_set(err, ERR_USAGE, "--name \"%s\": %s", n->template, why);
	why = missing_part(n, has);
	if (why)
		return err_set(err, ERR_USAGE,
		    "--name \"%s\": %s is missing, and without it two files could have one name",
		    n->template, why);
	return 0;
}

/* ---- names ---- */

static void
append(struct slice text, char *name, size_t name_bytes, size_t *len)
{
	if (*len + text.len < name_bytes)
		memcpy(name + *len, text.data, text.len);
	*len += text.len;
}

static void
append_part(const struct naming *n, const struct part *part, const struct object_id *id, char *name,
    size_t name_bytes, size_t *len)
{
	int64_t number = part->kind == PART_PARTITION ? id->stream : id->begin;
	char text[WIDTH_MAX + 1];

	switch (part->kind) {
	case PART_TEXT:
		append(part->text, name, name_bytes, len);
		return;
	case PART_TOPIC:
		append(slice_of(n->topic), name, name_bytes, len);
		return;
	case PART_RUN_ID:
		append(slice_of(n->run_id), name, name_bytes, len);
		return;
	case PART_LINE:
		number++;
		break;
	case PART_PARTITION:
	case PART_OFFSET:
		break;
	}
	(void)snprintf(text, sizeof(text), "%0*" PRId64, (int)part->width, number);
	append(slice_of(text), name, name_bytes, len);
}

/* Four digits, and where they are used up ten, behind the last of the four: names sort in the order of rolls. */
static void
format_roll(unsigned roll, char text[static ROLL_BYTES])
{
	if (roll > ROLL_SHORT_MAX)
		(void)snprintf(text, ROLL_BYTES, "_%u_%010u", ROLL_SHORT_MAX, roll);
	else if (roll)
		(void)snprintf(text, ROLL_BYTES, "_%04u", roll);
	else
		text[0] = '\0';
}

/* Its length; it is whole, with a NUL, where that is below name_bytes. */
static size_t
format_name(const struct naming *n, const struct object_id *id, const char *extension, char *name,
    size_t name_bytes)
{
	struct slice rest = slice_of(template_of(n));
	const char *why = NULL;
	char roll[ROLL_BYTES];
	struct part part;
	size_t len = 0;

	while (next_part(&rest, &part, &why))
		append_part(n, &part, id, name, name_bytes, &len);
	format_roll(id->roll, roll);
	append(slice_of(roll), name, name_bytes, &len);
	append(slice_of("."), name, name_bytes, &len);
	append(slice_of(extension), name, name_bytes, &len);
	if (len < name_bytes)
		name[len] = '\0';
	return len;
}

static const struct object_id widest = {
	.stream = INT32_MAX, .begin = INT64_MAX - 1, .roll = UINT_MAX
};

size_t
naming_name_bytes_max(const struct naming *n)
{
	char name[OBJECT_NAME_BYTES];

	return format_name(n, &widest, n->extension, name, sizeof(name));
}

/* As is told of names that could be. */
static int
check_first(const struct naming *n, struct err *err)
{
	static const struct object_id first = { .begin = 0 };
	char name[OBJECT_NAME_BYTES];

	(void)format_name(n, &first, n->extension, name, sizeof(name));
	/* Hive's FileUtils.HIDDEN_FILES_PATH_FILTER, which Athena and Spark follow, and io/paths.h */
	if (name[0] == '_' || name[0] == '.')
		return err_set(err, ERR_USAGE,
		    "files would be called like %s, and names that begin with '_' or '.' are hidden from "
		    "readers (Hive, Athena, Spark, s3-to-kafka): give a --name that begins otherwise",
		    name);
	return 0;
}

int
naming_check(const struct naming *n, struct err *err)
{
	char name[OBJECT_NAME_BYTES];

	if (n->run_id && !is_run_id(n->run_id))
		return err_set(err, ERR_USAGE,
		    "--run-id takes 1 to %d of A-Z a-z 0-9 . _ -, not \"%s\"", RUN_ID_BYTES_MAX,
		    n->run_id);
	if (check_template(n, err))
		return -1;
	if (format_name(n, &widest, n->extension, name, sizeof(name)) >= sizeof(name))
		return n->topic ? err_set(err, ERR_USAGE,
				      "file names made from topic %s would be too long", n->topic)
				: err_set(err, ERR_USAGE, "file names would be too long");
	return check_first(n, err);
}

bool
naming_has_topic(const struct naming *n)
{
	struct slice rest = slice_of(template_of(n));
	const char *why = NULL;
	struct part part;

	while (next_part(&rest, &part, &why)) {
		if (part.kind == PART_TOPIC)
			return true;
	}
	return false;
}

void
naming_format(
    const struct naming *n, const struct object_id *id, char name[static OBJECT_NAME_BYTES])
{
	/* fits: naming_check tried the widest */
	(void)format_name(n, id, n->extension, name, OBJECT_NAME_BYTES);
}

/* ---- whose name is it? ---- */

/* Digits up to something else; false where they are none, or too many. */
static bool
take_number(struct slice *rest, int64_t *ret)
{
	size_t len = 0;
	int64_t number = 0;

	while (len < rest->len && isdigit((unsigned char)rest->data[len])) {
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, rest->data[len] - '0', &number))
			return false;
		len++;
	}
	*rest = slice_skip(*rest, len);
	*ret = number;
	return len > 0;
}

static bool
take_text(struct slice *rest, struct slice text)
{
	if (rest->len < text.len || !slice_equal(slice_make(rest->data, text.len), text))
		return false;
	*rest = slice_skip(*rest, text.len);
	return true;
}

static bool
take_part(const struct naming *n, const struct part *part, struct slice *rest, struct object_id *id)
{
	int64_t number = 0;

	if (part->kind == PART_TEXT)
		return take_text(rest, part->text);
	if (!is_number(part->kind))
		return take_text(rest, slice_of(part->kind == PART_TOPIC ? n->topic : n->run_id));
	if (!take_number(rest, &number))
		return false;
	if (part->kind == PART_PARTITION)
		id->stream = number <= INT32_MAX ? (int32_t)number : -1;
	else
		id->begin = number - (part->kind == PART_LINE);
	return true;
}

static bool
take_roll(struct slice *rest, struct object_id *id)
{
	int64_t number = 0;

	while (take_text(rest, slice_of("_"))) {
		if (!take_number(rest, &number) || number > UINT_MAX)
			return false;
	}
	id->roll = (unsigned)number;
	return true;
}

/* Of any format: what is left of other options is ours as well. */
static bool
is_extension(struct slice text)
{
	static const char *const formats[] = { "json", "csv", "parquet" };
	struct slice format, codec;
	bool has_codec = slice_cut(text, '.', &format, &codec);

	if (has_codec && !slice_is(codec, "lz4") && !slice_is(codec, "gz") && !slice_is(codec, "zst"))
		return false;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (slice_is(format, formats[i]))
			return true;
	}
	return false;
}

bool
naming_is_of(const struct naming *n, struct slice name, int32_t partition)
{
	struct slice parts = slice_of(template_of(n)), rest = name;
	struct object_id id = { .stream = partition };
	char again[OBJECT_NAME_BYTES], extension[OBJECT_NAME_BYTES];
	const char *why = NULL;
	struct part part;

	while (next_part(&parts, &part, &why)) {
		if (!take_part(n, &part, &rest, &id))
			return false;
	}
	if (!take_roll(&rest, &id) || !take_text(&rest, slice_of(".")) || !is_extension(rest))
		return false;
	(void)snprintf(extension, sizeof(extension), "%.*s", SLICE_ARGS(rest));
	/* what was read loosely has to be the very name: widths, no number twice with two values */
	return id.stream == partition && id.begin >= 0 &&
	    format_name(n, &id, extension, again, sizeof(again)) < sizeof(again) &&
	    slice_is(name, again);
}

/* ---- paths ---- */

void
naming_normalise_directory(char *path)
{
	bool is_absolute = path[0] == '/';
	struct slice rest = slice_of(path), name;
	char *to = path + is_absolute;
	bool has_more;

	do {
		has_more = slice_cut(rest, '/', &name, &rest);
		if (!name.len || slice_is(name, "."))
			continue;
		if (to > path + is_absolute)
			*to++ = '/';
		memmove(to, name.data, name.len);
		to += name.len;
	} while (has_more);
	if (to == path && *path)
		*to++ = '.';
	*to = '\0';
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
naming_check_path(struct slice path, size_t bytes_max, struct err *err)
{
	struct slice rest = path, name;
	bool has_more = path.len > 0;

	if (path.len > bytes_max)
		return err_set(err, ERR_DATA, "a path of %zu bytes (at most %zu)", path.len,
		    bytes_max);
	while (has_more) {
		has_more = slice_cut(rest, '/', &name, &rest);
		if (check_segment(name, err))
			return -1;
	}
	return 0;
}
