/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/opt.h"
#include "codec/time.h"
#include "source/topic.h"

static int
parse_number(const char *text, struct offset_spec *start, struct err *err)
{
	struct err ignored = ERR_INIT;
	int64_t value;

	if (opt_parse_int(text, &value, &ignored) || value == INT64_MIN)
		return err_set(err, ERR_USAGE,
		    "offset \"%s\" is none of beginning, end, stored, N, -N, s@TIME, e@TIME", text);
	if (*text == '-')
		*start = (struct offset_spec){ .kind = OFFSET_TAIL, .value = -value };
	else
		*start = (struct offset_spec){ .kind = OFFSET_AT, .value = value };
	return 0;
}

static int
parse_start(const char *text, struct offset_spec *start, struct err *err)
{
	static const struct {
		const char *name;
		enum offset_kind kind;
	} words[] = {
		{ "beginning", OFFSET_BEGINNING },
		{ "earliest", OFFSET_BEGINNING },
		{ "end", OFFSET_END },
		{ "latest", OFFSET_END },
		{ "stored", OFFSET_STORED },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(text, words[i].name)) {
			*start = (struct offset_spec){ .kind = words[i].kind };
			return 0;
		}
	}
	if (strncmp(text, "s@", 2))
		return parse_number(text, start, err);
	start->kind = OFFSET_TIME;
	return time_parse_option(text + 2, &start->value, err);
}

/* The broker would take a negative time for one of its special ones (ListOffsets: -1 is the end). */
static int
check_time(const char *text, int64_t time_ms, struct err *err)
{
	if (time_ms >= 0)
		return 0;
	return err_set(err, ERR_USAGE, "offset \"%s\": the time is before 1970", text);
}

int
offset_spec_parse(const char *text, struct offset_spec *start, bool *has_start,
    bool *has_stop_time, int64_t *stop_time_ms, struct err *err)
{
	struct offset_spec parsed = { .kind = OFFSET_STORED };
	int64_t time_ms;

	if (!strncmp(text, "e@", 2)) {
		if (time_parse_option(text + 2, &time_ms, err) || check_time(text, time_ms, err))
			return -1;
		*has_stop_time = true;
		*stop_time_ms = time_ms;
		return 0;
	}
	if (parse_start(text, &parsed, err))
		return -1;
	if (parsed.kind == OFFSET_TIME && check_time(text, parsed.value, err))
		return -1;
	*start = parsed;
	*has_start = true;
	return 0;
}
