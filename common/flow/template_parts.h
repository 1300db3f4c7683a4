/* SPDX-License-Identifier: MIT */
/* What template.c compiles to and template_render.c reads; for these two only. */
#ifndef SLUICE_FLOW_TEMPLATE_PARTS_H
#define SLUICE_FLOW_TEMPLATE_PARTS_H

#include "flow/template.h"

#define DEFAULT_PARTITION "__DEFAULT_PARTITION__"

enum part_kind {
	PART_LITERAL,
	PART_YEAR,
	PART_MONTH,
	PART_DAY,
	PART_HOUR,
	PART_MINUTE,
	PART_STRFTIME,
	PART_FIELD,
	PART_TOPIC,
	PART_PARTITION,
	PART_OFFSET,
	PART_KEY,
	PART_KEY_FIELD,
	PART_HEADER,
};

struct part {
	enum part_kind kind;
	size_t byte;         /* where it stands in the template */
	struct slice text;   /* the literal; otherwise the name between the braces, for messages */
	struct slice header; /* of PART_HEADER: its name */
	const char *pattern; /* of PART_STRFTIME, NUL terminated */
	unsigned index;  /* of PART_FIELD in the field set, of PART_KEY_FIELD in the key's paths */
	bool is_integer; /* a width was given */
	bool is_zero_padded;
	unsigned width;
	bool begins_segment; /* of a path: what is missing would be all that stands there, or its first word */
	bool is_in_string; /* of a template that is JSON: stands inside one of its strings */

	/* A run of literals and times, at its first part: one text for as long as time_ms / unit_ms
	 * stays. run_count is 0 for every other part. */
	size_t run_count;
	int64_t unit_ms;
	int64_t cached_unit;
	bool is_cached;
	struct buf cached;
};

struct template
{
	char *source; /* a copy of the template, which the parts point into */
	struct part *parts;
	size_t part_count;
	enum template_missing missing;
	enum template_escape escape;
	bool refuses_surrogates;

	struct json_paths *key_paths; /* of {@key.id}; NULL where there is none */
	struct json_scanner *key_scanner;
	struct json_value *key_values;
	struct buf key_copy; /* the key with the padding that the scanner wants */

	struct buf scratch; /* a value on its way into the result */
	struct buf quoted;  /* the same as a JSON string */
};

/* So begin the names that readers pass over (template.h). */
static inline bool
template_is_hidden(char first)
{
	return first == '_' || first == '.';
}

static inline bool
part_is_time(const struct part *part)
{
	return part->kind >= PART_YEAR && part->kind <= PART_STRFTIME;
}

#endif
