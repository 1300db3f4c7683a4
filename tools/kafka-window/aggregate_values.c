/* SPDX-License-Identifier: MIT */
/*
 * distinct, set, top: the different values with how often they came, exactly. Values are told apart
 * by their canonical texts, so that 1 and 1.0 are one.
 */
#include <stdlib.h>

#include "kafka-window/aggregate_ops.h"
#include "kafka-window/aggregate_text.h"
#include "kafka-window/chunk.h"
#include "kafka-window/groupkey.h"
#include "kafka-window/table.h"
#include "kafka-window/varint.h"

struct values {
	struct table table;      /* by canonical text; the state is how often it came */
	struct heap_text *limit; /* of a set that was cut: no larger value can stay in it */
};

/* What the state is: NULL for no values. */
struct values_state {
	struct values *values;
};

/* One count an entry. */
static const struct aggregate_plan counts = {
	.count = 1,
	.state_bytes = sizeof(int64_t),
	.rows = { { .aggregate = { .func = AGGREGATE_COUNT } } },
};

static int64_t
count_of(const struct table_entry *e)
{
	return *(const int64_t *)table_states(e);
}

static size_t
values_held(const void *state)
{
	const struct values *v = ((const struct values_state *)state)->values;

	return v ? chunk_bytes(sizeof(*v)) + table_bytes(&v->table) + heap_text_held(v->limit) : 0;
}

static void
values_free(struct values *v)
{
	if (!v)
		return;
	table_release(&v->table, &counts);
	free(v->limit);
	free(v);
}

static void
values_release(void *state)
{
	values_free(((struct values_state *)state)->values);
}

/* ---- in order ---- */

static int
compare_texts(const void *a, const void *b)
{
	const struct table_entry *x = *(const struct table_entry *const *)a;
	const struct table_entry *y = *(const struct table_entry *const *)b;

	return groupkey_compare_values(table_key(x), table_key(y));
}

static int
compare_counts(const void *a, const void *b)
{
	int64_t x = count_of(*(const struct table_entry *const *)a);
	int64_t y = count_of(*(const struct table_entry *const *)b);

	if (x != y)
		return x > y ? -1 : 1;
	return compare_texts(a, b);
}

/* Owned by the caller; NULL where memory ran out. */
static const struct table_entry **
sort_values(const struct values *v, int (*compare)(const void *, const void *), struct err *err)
{
	const struct table_entry **sorted = calloc(v->table.count + 1, sizeof(*sorted));
	const struct table_entry *e = NULL;
	size_t n = 0;

	if (!sorted) {
		(void)err_no_memory(err);
		return NULL;
	}
	while ((e = table_next(&v->table, &counts, e)))
		sorted[n++] = e;
	qsort(sorted, n, sizeof(*sorted), compare);
	return sorted;
}

/* How many of the values in order count: a set may hold more than it is of. */
static uint32_t
count_shown(const struct aggregate *a, const struct values *v)
{
	bool is_bounded = a->func == AGGREGATE_SET && v->table.count > a->arg;

	return is_bounded ? (uint32_t)a->arg : v->table.count;
}

/* ---- adding ---- */

static int
put_value(const struct aggregate *a, struct values *v, struct slice text, int64_t count,
    struct err *err)
{
	uint32_t hash = table_hash(text, a->hash_seed);
	struct table_entry *e = table_find(&v->table, &counts, text, hash);

	if (!e)
		e = table_insert(&v->table, &counts, text, hash, err);
	return e ? aggregate_count_add(table_states(e), count, err) : -1;
}

static int
keep_smallest(const struct aggregate *a, struct values *fresh,
    const struct table_entry *const *sorted, struct err *err)
{
	size_t held = 0;

	for (int64_t i = 0; i < a->arg; i++) {
		if (put_value(a, fresh, table_key(sorted[i]), count_of(sorted[i]), err))
			return -1;
	}
	return heap_text_set(&fresh->limit, table_key(sorted[a->arg - 1]), &held, err);
}

/* Twice as many values as a set is of are cut down to those, and from then on larger ones need not
 * be looked at: what was cut would have been cut at the end too. */
static int
cut_set(const struct aggregate *a, struct values *v, struct err *err)
{
	struct values fresh = { .limit = NULL };
	const struct table_entry **sorted;
	int rc = -1;

	sorted = sort_values(v, compare_texts, err);
	if (!sorted)
		return -1;
	if (!keep_smallest(a, &fresh, sorted, err)) {
		struct values old = *v;

		*v = fresh;
		fresh = old;
		rc = 0;
	}
	table_release(&fresh.table, &counts);
	free(fresh.limit);
	free(sorted);
	return rc;
}

static int
add_value(const struct aggregate *a, struct values_state *state, struct slice text, int64_t count,
    struct err *err)
{
	struct values *v = state->values;

	if (!v && !(v = state->values = calloc(1, sizeof(*v))))
		return err_no_memory(err);
	if (v->limit && groupkey_compare_values(text, heap_text_slice(v->limit)) > 0)
		return 0;
	/* how often is of no use to a set, and could overflow */
	if (put_value(a, v, text, a->func == AGGREGATE_TOP ? count : 0, err))
		return -1;
	if (a->func != AGGREGATE_SET || v->table.count < 2 * a->arg)
		return 0;
	return cut_set(a, v, err);
}

static int
values_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	size_t before = values_held(state);
	int rc = add_value(a, state, input->text, 1, err);

	(void)record;
	*held += values_held(state) - before;
	return rc;
}

static int
values_merge(const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	const struct values *v = ((const struct values_state *)from)->values;
	const struct table_entry *e = NULL;
	size_t before = values_held(into);
	int rc = 0;

	while (v && !rc && (e = table_next(&v->table, &counts, e)))
		rc = add_value(a, into, table_key(e), count_of(e), err);
	*held += values_held(into) - before;
	return rc;
}

/* ---- results ---- */

static int
distinct_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct values *v = ((const struct values_state *)state)->values;

	(void)a;
	return buf_append_int(out, v ? v->table.count : 0, err);
}

static int
append_set(const struct aggregate *a, const struct values *v, struct buf *out, struct err *err)
{
	const struct table_entry **sorted = sort_values(v, compare_texts, err);
	uint32_t count = count_shown(a, v);
	int rc = sorted ? 0 : -1;

	for (uint32_t i = 0; i < count && !rc; i++) {
		rc = buf_append_char(out, i ? ',' : '[', err);
		if (!rc)
			rc = buf_append(out, table_key(sorted[i]), err);
	}
	free(sorted);
	return rc ? -1 : buf_append_char(out, ']', err);
}

static int
append_counted(const struct table_entry *e, char lead, struct buf *out, struct err *err)
{
	if (buf_append_char(out, lead, err) || buf_append_text(out, "{\"value\":", err) ||
	    buf_append(out, table_key(e), err) || buf_append_text(out, ",\"count\":", err) ||
	    buf_append_int(out, count_of(e), err))
		return -1;
	return buf_append_char(out, '}', err);
}

static int
append_top(const struct aggregate *a, const struct values *v, struct buf *out, struct err *err)
{
	const struct table_entry **sorted = sort_values(v, compare_counts, err);
	int rc = sorted ? 0 : -1;

	for (uint32_t i = 0; i < v->table.count && i < a->arg && !rc; i++)
		rc = append_counted(sorted[i], i ? ',' : '[', out, err);
	free(sorted);
	return rc ? -1 : buf_append_char(out, ']', err);
}

static int
set_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct values *v = ((const struct values_state *)state)->values;

	if (!v)
		return buf_append_text(out, "[]", err);
	return a->func == AGGREGATE_TOP ? append_top(a, v, out, err) : append_set(a, v, out, err);
}

/* ---- the serialised form ---- */

static int
encode_value(
    const struct aggregate *a, const struct table_entry *e, struct buf *out, struct err *err)
{
	if (heap_text_encode(table_key(e), out, err))
		return -1;
	if (a->func != AGGREGATE_TOP)
		return 0;
	return varint_append(out, (varint_wide)count_of(e), err);
}

static int
values_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct values *v = ((const struct values_state *)state)->values;
	const struct table_entry **sorted;
	uint32_t count = v ? count_shown(a, v) : 0;
	int rc;

	if (varint_append(out, count, err) || !count)
		return count ? -1 : 0;
	sorted = sort_values(v, compare_texts, err);
	rc = sorted ? 0 : -1;
	for (uint32_t i = 0; i < count && !rc; i++)
		rc = encode_value(a, sorted[i], out, err);
	free(sorted);
	return rc;
}

static int
values_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	varint_wide count;
	struct slice text, before = slice_make(NULL, 0);
	int64_t times = 0;

	if (!varint_take(bytes, bytes->len, &count) ||
	    (a->func == AGGREGATE_SET && count > (uint64_t)a->arg))
		return aggregate_damaged(err);
	for (varint_wide i = 0; i < count; i++, before = text) {
		if (!heap_text_take(bytes, &text) ||
		    (i && groupkey_compare_values(before, text) >= 0))
			return aggregate_damaged(err);
		if (a->func == AGGREGATE_TOP && (!aggregate_take_count(bytes, &times) || !times))
			return aggregate_damaged(err);
		if (add_value(a, state, text, times, err))
			return -1;
	}
	return 0;
}

#define VALUES_OPS                                                                                 \
	.need = AGGREGATE_NEEDS_TEXT, .state_bytes = sizeof(struct values_state), .grows = true,   \
	.take = values_take, .merge = values_merge, .encode = values_encode,                       \
	.decode = values_decode, .release = values_release, .held = values_held

const struct aggregate_ops aggregate_ops_distinct = { VALUES_OPS, .name = "distinct",
	.append = distinct_append };
const struct aggregate_ops aggregate_ops_set = { VALUES_OPS, .name = "set", .append = set_append };
const struct aggregate_ops aggregate_ops_top = { VALUES_OPS, .name = "top", .append = set_append };
