/* SPDX-License-Identifier: MIT */
#include "flow/record.h"

#include <inttypes.h>
#include <stdio.h>

/* What "...", ":", "[", "]", "@" and the numbers of a place take at most, with the NUL. */
enum { PLACE_REST_BYTES = 48, NAME_BYTES_MAX = RECORD_PLACE_BYTES - PLACE_REST_BYTES };

/* Copies a name without its control bytes, the end of it where it is too long: there the names of
 * objects differ. */
static void
copy_name(struct slice name, char ret_text[static NAME_BYTES_MAX + 4])
{
	char *at = ret_text;
	size_t i;

	if (name.len > NAME_BYTES_MAX) {
		memcpy(at, "...", 3);
		at += 3;
		name = slice_skip(name, name.len - NAME_BYTES_MAX);
	}
	for (i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		*at++ = c < 0x20 || c == 0x7f ? '?' : name.data[i];
	}
	*at = '\0';
}

void
record_place(const struct record *record, char place[static RECORD_PLACE_BYTES])
{
	char name[NAME_BYTES_MAX + 4];

	if (record->origin.len) {
		copy_name(record->origin, name);
		(void)snprintf(place, RECORD_PLACE_BYTES, "%s:%" PRId64, name, record->line);
		return;
	}
	copy_name(record->topic.len ? record->topic : slice_of("?"), name);
	(void)snprintf(place, RECORD_PLACE_BYTES, "%s[%" PRId32 "]@%" PRId64, name,
	    record->partition, record->offset);
}

int
record_reject(const struct record *record, int64_t byte, const char *reason, struct err *err)
{
	char place[RECORD_PLACE_BYTES];

	record_place(record, place);
	if (byte < 0)
		return err_set(err, ERR_DATA, "%s: %s", place, reason);
	return err_set(err, ERR_DATA, "%s: byte %" PRId64 ": %s", place, byte, reason);
}

int
record_reject_long(const struct record *record, size_t bytes_max, struct err *err)
{
	char reason[80];

	(void)snprintf(reason, sizeof(reason), "line is longer than %zu bytes (--line-max)", bytes_max);
	return record_reject(record, (int64_t)bytes_max, reason, err);
}
