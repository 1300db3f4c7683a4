/* SPDX-License-Identifier: MIT */
#include "kafka-window/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka-window/zone_rule.h"

enum {
	FILE_BYTES_MAX = 256 * 1024,
	PATH_BYTES_MAX = 512,
	NAME_BYTES_MAX = 64,
	HEADER_BYTES = 44,
	TYPE_BYTES = 6,
};

/* From an instant on, local time is this far ahead. */
struct change {
	int64_t at_ms;
	int64_t offset_ms;
};

struct zone {
	char name[NAME_BYTES_MAX];
	int64_t first_offset_ms; /* before all changes */
	struct change *changes;  /* in order; each changes the offset */
	size_t count;
	size_t capacity;
};

void
zone_free(struct zone *z)
{
	if (!z)
		return;
	free(z->changes);
	free(z);
}

const char *
zone_name(const struct zone *z)
{
	return z->name;
}

void
zone_era_at(const struct zone *z, int64_t time_ms, struct zone_era *ret)
{
	size_t low = 0, high = z->count; /* the first change after the time */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->changes[middle].at_ms <= time_ms)
			low = middle + 1;
		else
			high = middle;
	}
	ret->from_ms = low ? z->changes[low - 1].at_ms : INT64_MIN;
	ret->until_ms = low < z->count ? z->changes[low].at_ms : INT64_MAX;
	ret->offset_ms = low ? z->changes[low - 1].offset_ms : z->first_offset_ms;
	ret->before_ms = low > 1 ? z->changes[low - 2].offset_ms : z->first_offset_ms;
}

/* ---- reading ---- */

static int
add_change(struct zone *z, int64_t at_s, int64_t offset_s, struct err *err)
{
	int64_t last_ms = z->count ? z->changes[z->count - 1].offset_ms : z->first_offset_ms;
	struct change *changes;

	/* also where only the name of the time changes, and rules from before the last change */
	if (offset_s * 1000 == last_ms ||
	    (z->count && at_s * 1000 <= z->changes[z->count - 1].at_ms))
		return 0;
	if (z->count == z->capacity) {
		z->capacity = z->capacity ? 2 * z->capacity : 256;
		changes = reallocarray(z->changes, z->capacity, sizeof(*changes));
		if (!changes)
			return err_no_memory(err);
		z->changes = changes;
	}
	z->changes[z->count++] = (struct change){ at_s * 1000, offset_s * 1000 };
	return 0;
}

static uint64_t
big_endian(const unsigned char *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

/* RFC 9636, section 3.1: counts of a header. */
struct counts {
	size_t ut, standard, leap, time, type, chars;
};

static bool
take_header(struct slice *file, struct counts *ret)
{
	const unsigned char *at = (const unsigned char *)file->data;

	/* version 2 has 64-bit times; version 1 alone is of the last century */
	if (file->len < HEADER_BYTES || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
		return false;
	ret->ut = big_endian(at + 20, 4);
	ret->standard = big_endian(at + 24, 4);
	ret->leap = big_endian(at + 28, 4);
	ret->time = big_endian(at + 32, 4);
	ret->type = big_endian(at + 36, 4);
	ret->chars = big_endian(at + 40, 4);
	*file = slice_skip(*file, HEADER_BYTES);
	return ret->type > 0 && ret->type <= 256;
}

/* Section 3.2: the block behind a header, its times of so many bytes. */
static bool
take_block(struct slice *file, const struct counts *c, size_t time_bytes, struct slice *ret)
{
	size_t bytes = c->time * (time_bytes + 1) + c->type * TYPE_BYTES + c->chars +
	               c->leap * (time_bytes + 4) + c->standard + c->ut;

	if (bytes > file->len)
		return false;
	*ret = slice_make(file->data, bytes);
	*file = slice_skip(*file, bytes);
	return true;
}

static int64_t
type_offset_s(const unsigned char *types, size_t type)
{
	return (int32_t)big_endian(types + type * TYPE_BYTES, 4);
}

static int
add_changes(struct zone *z, struct slice block, const struct counts *c, struct err *err)
{
	const unsigned char *times = (const unsigned char *)block.data;
	const unsigned char *indices = times + 8 * c->time, *types = indices + c->time;

	z->first_offset_ms = type_offset_s(types, 0) * 1000;
	for (size_t i = 0; i < c->time; i++) {
		int64_t at_s = (int64_t)big_endian(times + 8 * i, 8);

		if (indices[i] >= c->type)
			return err_set(err, ERR_USAGE, "its file is damaged");
		/* "the big bang", with which some files begin */
		if (at_s < INT64_MIN / 2000) {
			z->first_offset_ms = type_offset_s(types, indices[i]) * 1000;
			continue;
		}
		if (at_s > INT64_MAX / 2000)
			return err_set(err, ERR_USAGE, "its file is damaged");
		if (add_change(z, at_s, type_offset_s(types, indices[i]), err))
			return -1;
	}
	return 0;
}

/* Section 3.3: what holds after the last change of the file. */
static int
add_rule(struct zone *z, struct slice footer, struct err *err)
{
	struct zone_rule rule;
	int64_t begin, end;

	if (footer.len < 2 || footer.data[0] != '\n' || footer.data[footer.len - 1] != '\n')
		return err_set(err, ERR_USAGE, "its file is damaged");
	footer = slice_make(footer.data + 1, footer.len - 2);
	if (!footer.len)
		return 0;
	if (!zone_rule_parse(footer, &rule))
		return err_set(err, ERR_USAGE, "its rule \"%.*s\" is not understood",
		    SLICE_ARGS(footer));
	for (int year = 1970; rule.has_summer && year <= ZONE_YEAR_MOST; year++) {
		zone_rule_year(&rule, year, &begin, &end);
		if (begin < end && (add_change(z, begin, rule.summer_s, err) ||
				       add_change(z, end, rule.standard_s, err)))
			return -1;
		if (begin >= end && (add_change(z, end, rule.standard_s, err) ||
					add_change(z, begin, rule.summer_s, err)))
			return -1;
	}
	return 0;
}

static int
parse(struct zone *z, struct slice file, struct err *err)
{
	struct counts counts;
	struct slice block;

	if (!take_header(&file, &counts) || !take_block(&file, &counts, 4, &block) ||
	    !take_header(&file, &counts) || !take_block(&file, &counts, 8, &block))
		return err_set(err, ERR_USAGE, "its file is no time zone of version 2");
	if (counts.leap)
		return err_set(err, ERR_USAGE, "it counts leap seconds, and event times do not");
	if (add_changes(z, block, &counts, err))
		return -1;
	return add_rule(z, file, err);
}

static int
read_zone(struct zone *z, const char *path, struct err *err)
{
	char *bytes = malloc(FILE_BYTES_MAX);
	FILE *file = fopen(path, "rbe");
	size_t len;
	int rc = -1;

	if (!bytes) {
		(void)err_no_memory(err);
		goto out;
	}
	if (!file) {
		(void)err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
		goto out;
	}
	len = fread(bytes, 1, FILE_BYTES_MAX, file);
	if (ferror(file))
		(void)err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
	else
		rc = parse(z, slice_make(bytes, len), err);
out:
	if (file)
		(void)fclose(file);
	free(bytes);
	return rc;
}

/* Names of zones are paths below one folder. */
static bool
is_name(const char *name)
{
	size_t len = strlen(name);

	return len && len < NAME_BYTES_MAX && name[0] != '/' && !strstr(name, "..") &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/.") ==
	           len;
}

struct zone *
zone_open(const char *name, struct err *err)
{
	const char *folder = getenv("TZDIR");
	struct zone *z = calloc(1, sizeof(*z));
	char path[PATH_BYTES_MAX];
	int rc;

	if (!z) {
		(void)err_no_memory(err);
		return NULL;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", folder && *folder ? folder : "/usr/share/zoneinfo",
	    is_name(name) ? name : "");
	if (is_name(name)) {
		memcpy(z->name, name, strlen(name));
		rc = read_zone(z, path, err);
	} else {
		rc = err_set(err, ERR_USAGE, "that is no name of a zone");
	}
	if (rc) {
		(void)err_wrap(err, "time zone %s", name);
		zone_free(z);
		return NULL;
	}
	return z;
}
