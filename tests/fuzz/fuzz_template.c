/* SPDX-License-Identifier: MIT */
/*
 * A template, a line feed, a record's value: compiling and rendering never crash, what is not a
 * template is a usage error, and a path stays below the place where it begins and is no hidden one.
 */
#include <stdint.h>
#include <stdlib.h>

#include "flow/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_path(struct slice path)
{
	struct slice segment, rest = path;
	bool is_more = path.len > 0;

	while (is_more) {
		is_more = slice_cut(rest, '/', &segment, &rest);
		require(segment.len && segment.data[0] != '.' && segment.data[0] != '_');
	}
}

static void
render(
    struct template *t, struct field_set *fields, enum template_escape escape, struct slice value)
{
	const struct record_header header = { slice_of("h"), value, true };
	const struct record record = {
		.topic = slice_of("t"),
		.key = value,
		.has_key = true,
		.value = value,
		.has_value = true,
		.headers = &header,
		.header_count = 1,
	};
	struct buf out = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	int64_t time_ms;

	for (time_ms = -86400000; time_ms <= 86400000; time_ms += 86400000) {
		if (field_scan(fields, &record, &err) ||
		    template_render(t, fields, &record, time_ms, &out, &err))
			require(err.class == ERR_DATA && out.len == 0);
		else if (escape == TEMPLATE_PATH)
			check_path(buf_slice(&out));
		buf_clear(&out);
	}
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make((const char *)data, size), head, value;
	enum template_escape escape = size & 1 ? TEMPLATE_PATH
	    : size & 4                         ? TEMPLATE_JSON
	                                       : TEMPLATE_PLAIN;
	enum template_missing missing = size & 2 ? TEMPLATE_DEFAULT_PARTITION : TEMPLATE_REJECT;
	struct err err = ERR_INIT;
	struct field_set *fields = field_set_new(&err);
	struct template *t;
	char *text;

	(void)slice_cut(input, '\n', &head, &value);
	text = head.len ? strndup(head.data, head.len) : strdup("");
	require(fields && text);
	t = template_compile(text, missing, escape, fields, &err);
	if (t)
		render(t, fields, escape, value);
	else
		require(err.class == ERR_USAGE);
	template_free(t);
	field_set_free(fields);
	free(text);
	return 0;
}
