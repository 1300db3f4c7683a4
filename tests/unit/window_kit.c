/* SPDX-License-Identifier: MIT */
#include "window_kit.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka-window/groupkey.h"

enum { KIT_BYTES_MAX = 1 << 30 };

static uint64_t random_state = 88172645463325252u;

/* xorshift64: the same numbers in every run */
uint64_t
kit_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

void
kit_open(struct kit *kit)
{
	static const enum aggregate_func funcs[] = { AGGREGATE_COUNT, AGGREGATE_COUNT_FIELD,
		AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX, AGGREGATE_AVG };
	static const char *const names[] = { "n", "c", "s", "lo", "hi", "a" };

	*kit = (struct kit){ .err = ERR_INIT };
	buf_init(&kit->rows, KIT_BYTES_MAX);
	kit->layout = row_layout_new(&kit->err);
	assert_non_null(kit->layout);
	assert_int_equal(row_layout_add_field(kit->layout, slice_of("k"), &kit->err), 0);
	for (unsigned i = 0; i < sizeof(funcs) / sizeof(*funcs); i++) {
		const struct aggregate a = { .func = funcs[i], .input = 0 };

		assert_int_equal(aggregate_plan_add(&kit->plan, a, &kit->err), 0);
		assert_int_equal(
		    row_layout_add_aggregate(kit->layout, slice_of(names[i]), &kit->err), 0);
	}
	kit->options = (struct engine_options){
		.assigner = { .kind = ASSIGN_TUMBLE, .size_ms = KIT_HOUR_MS },
		.plan = &kit->plan,
		.key_values = 1,
		.idle_ms = WATERMARK_NEVER,
		.idle_close_ms = WATERMARK_NEVER,
		.state_bytes_max = KIT_BYTES_MAX,
		.has_positions = true,
		.hash_seed = 42,
	};
	kit_restart(kit);
}

void
kit_restart(struct kit *kit)
{
	engine_free(kit->engine);
	kit->engine = engine_new(&kit->options, &kit->err);
	assert_non_null(kit->engine);
	kit_add_stream(kit, 0);
}

void
kit_close(struct kit *kit)
{
	engine_free(kit->engine);
	row_layout_free(kit->layout);
	buf_release(&kit->rows);
}

void
kit_add_stream(struct kit *kit, int32_t stream)
{
	const struct engine_mark mark = ENGINE_MARK_FRESH(0);

	assert_int_equal(engine_add_stream(kit->engine, stream, 0, &mark, &kit->err), 0);
}

struct json_value
kit_value(const char *json)
{
	struct json_value v = { .data = json, .len = (uint32_t)strlen(json) };

	switch (json[0]) {
	case 'n':
		v.type = JSON_TYPE_NULL;
		break;
	case 'f':
		v.type = JSON_TYPE_FALSE;
		break;
	case 't':
		v.type = JSON_TYPE_TRUE;
		break;
	case '[':
		v.type = JSON_TYPE_ARRAY;
		break;
	case '{':
		v.type = JSON_TYPE_OBJECT;
		break;
	case '"':
		v.type = JSON_TYPE_STRING;
		v.data++;
		v.len -= 2;
		v.has_escape = v.len && memchr(v.data, '\\', v.len);
		break;
	default:
		v.type = JSON_TYPE_NUMBER;
		v.is_integer = !strpbrk(json, ".eE");
		break;
	}
	return v;
}

static struct slice
canonical(const char *json, char *bytes, size_t bytes_max)
{
	struct json_value v = kit_value(json);
	struct buf key = BUF_INIT(bytes_max);
	struct err err = ERR_INIT;
	const char *reason;
	size_t len;

	assert_int_equal(groupkey_append(&key, &v, &reason, &err), 0);
	len = key.len;
	memcpy(bytes, key.data, len);
	buf_release(&key);
	return slice_make(bytes, len);
}

struct slice
kit_key(const char *json)
{
	static char bytes[4096];

	return canonical(json, bytes, sizeof(bytes));
}

void
kit_text(const char *json, char *bytes, size_t bytes_max, struct slice *ret)
{
	*ret = canonical(json, bytes, bytes_max);
	ret->len--; /* the line feed */
}

enum engine_fate
kit_take(struct kit *kit, int32_t stream, int64_t sequence, int64_t time_ms, const char *key,
    const char *value)
{
	struct input input = { .kind = INPUT_NULL };
	char text[256];
	const struct engine_input in = {
		.position = { .stream = stream, .sequence = sequence },
		.time_ms = time_ms,
		.key = kit_key(key),
		.inputs = &input,
	};

	if (value) {
		input.kind = INPUT_NUMBER;
		kit_text(value, text, sizeof(text), &input.text);
		assert_int_equal(number_parse(slice_of(value), &input.number), 0);
	}
	return engine_take(kit->engine, &in, &kit->err);
}

static int
append_row(void *context, const struct engine_row *row, struct err *err)
{
	struct kit *kit = context;

	if (row_append(&kit->rows, kit->layout, &kit->plan, row, err))
		return -1;
	return buf_append_char(&kit->rows, '\n', err);
}

void
kit_close_windows(struct kit *kit)
{
	if (engine_close(kit->engine, append_row, kit, &kit->err))
		fail_msg("%s", kit->err.text);
	assert_false(engine_has_closed(kit->engine));
}

static int
append_count(void *context, const struct engine_row *row, struct err *err)
{
	struct kit *kit = context;

	if (buf_appendf(&kit->rows, err, "%" PRId64 "-%" PRId64 " %.*s:", row->span.start_ms / KIT_MINUTE_MS,
		row->span.end_ms / KIT_MINUTE_MS, (int)row->key.len - 1, row->key.data) ||
	    aggregate_append(&kit->plan, 0, row->states, &kit->rows, err))
		return -1;
	return buf_append_char(&kit->rows, '\n', err);
}

void
kit_close_windows_as_counts(struct kit *kit)
{
	if (engine_close(kit->engine, append_count, kit, &kit->err))
		fail_msg("%s", kit->err.text);
	assert_false(engine_has_closed(kit->engine));
}

void
kit_expect(struct kit *kit, const char *want)
{
	kit_close_windows_as_counts(kit);
	assert_string_equal(kit_take_rows(kit), want);
}

const char *
kit_take_rows(struct kit *kit)
{
	const char *text = kit->rows.len ? kit->rows.data : "";

	kit->rows.len = 0; /* the bytes stay until the next rows */
	return text;
}

/* By trying all starts near it. */
size_t
kit_windows_of(const struct assigner *a, int64_t time_ms, struct span spans[KIT_WINDOWS_MAX])
{
	int64_t every_ms = a->kind == ASSIGN_HOP ? a->step_ms : a->size_ms;
	int64_t first_ms = a->kind == ASSIGN_CUMULATE ? a->step_ms : a->size_ms;
	size_t count = 0;

	for (int64_t start = time_ms - a->size_ms; start <= time_ms; start++) {
		if ((start - a->align_ms) % every_ms)
			continue;
		for (int64_t length = first_ms; length <= a->size_ms; length += first_ms) {
			if (time_ms >= start + length)
				continue;
			assert_true(count < KIT_WINDOWS_MAX);
			spans[count++] = (struct span){ start, start + length };
		}
	}
	return count;
}

/* ---- models ---- */

const char *const kit_key_texts[KIT_KEYS] = { "1", "2", "\"a\"", "\"b\"" };

const struct assigner kit_assigners[KIT_ASSIGNERS] = {
	{ .kind = ASSIGN_TUMBLE, .size_ms = 1000 },
	{ .kind = ASSIGN_TUMBLE, .size_ms = 1000, .align_ms = 300 },
	{ .kind = ASSIGN_HOP, .size_ms = 1000, .step_ms = 250 },
	{ .kind = ASSIGN_HOP, .size_ms = 1000, .step_ms = 600, .align_ms = 100 },
	{ .kind = ASSIGN_HOP, .size_ms = 300, .step_ms = 700 },
	{ .kind = ASSIGN_CUMULATE, .size_ms = 3000, .step_ms = 500 },
	{ .kind = ASSIGN_SESSION, .size_ms = 60 },
	{ .kind = ASSIGN_SESSION, .size_ms = 150 },
};

int
kit_compare_events(const void *a, const void *b)
{
	const struct kit_event *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

size_t
kit_session_at(const struct kit_event *sorted, size_t count, int64_t gap_ms, struct span *ret)
{
	size_t n = 1;

	while (n < count && sorted[n].key == sorted[0].key &&
	       sorted[n].time_ms - sorted[n - 1].time_ms <= gap_ms)
		n++;
	*ret = (struct span){ sorted[0].time_ms, sorted[n - 1].time_ms + gap_ms };
	return n;
}
