/* SPDX-License-Identifier: MIT */
/*
 * A template of records: compiling and rendering never crash, what is no template is a usage error
 * with its place, and what is one makes JSON in one line that fits the room made for it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "codec/json.h"
#include "gen-to-kafka/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
require_json_line(struct json_scanner *scanner, struct buf *line)
{
	struct json_fault fault;
	struct json_value none;
	struct err err = ERR_INIT;

	require(!buf_pad(line, &err));
	require(!memchr(line->data, '\n', line->len) && !memchr(line->data, '\r', line->len));
	require(!json_scan(scanner, buf_slice(line), &none, &fault));
}

static void
render(const struct shape *shape)
{
	static const int64_t times[] = { INT64_C(1706933106789), INT64_MIN / 4, INT64_MAX / 4, -1,
		0 };
	struct shape_target target = { .number = 1, .count = 3, .id_base = 5, .user_count = 2 };
	struct err err = ERR_INIT;
	struct json_paths *paths = json_paths_new(&err);
	struct json_scanner *scanner = json_scanner_new(paths, &err);
	struct shape_state *state;

	random_seed(&target.random, 1);
	state = shape_state_new(shape, &target, &err);
	require(state && scanner);
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		/* a new one each time, so that a byte too many is seen */
		struct buf out = BUF_INIT(1 << 24);

		require(!shape_render(shape, state, times[i], &out, &err));
		require_json_line(scanner, &out);
		buf_release(&out);
	}
	shape_state_free(state);
	json_scanner_free(scanner);
	json_paths_free(paths);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct shape *shape =
	    shape_compile("t", slice_make((const char *)data, size), size & 1, &err);

	if (shape)
		render(shape);
	else
		require(err.class == ERR_USAGE && strncmp(err.text, "t:", 2) == 0);
	shape_free(shape);
	return 0;
}
