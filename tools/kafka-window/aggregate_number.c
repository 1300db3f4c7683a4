/* SPDX-License-Identifier: MIT */
/* count, sum, min, max, avg: numbers in states of fixed size; min and max of strings too. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "kafka-window/aggregate_ops.h"
#include "kafka-window/aggregate_text.h"
#include "kafka-window/aggregate_value.h"
#include "kafka-window/groupkey.h"

/* ---- values ---- */

void
value_store(struct value *v, const struct number *n)
{
	v->kind = n->is_exact ? VALUE_EXACT : VALUE_DOUBLE;
	v->scale = n->is_exact ? n->scale : 0;
	v->high = 0;
	if (n->is_exact)
		value_set_mantissa(v, n->mantissa);
	else
		memcpy(&v->low, &n->approximate, sizeof(v->low));
}

static double
low_double(const struct value *v)
{
	double value;

	memcpy(&value, &v->low, sizeof(value));
	return value;
}

static double
value_double(const struct value *v)
{
	struct number n = value_load(v);

	return number_to_double(&n);
}

/* In units of 2^64: of a double that counts beside a sum past the largest one, exactly that. */
static double
value_scaled(const struct value *v)
{
	return v->kind == VALUE_LARGE ? low_double(v) : value_double(v) * 0x1p-64;
}

static void
store_large(struct value *v, double scaled)
{
	*v = (struct value){ .kind = VALUE_LARGE };
	memcpy(&v->low, &scaled, sizeof(v->low));
}

/* A sum past the largest double may come back: it is not given up before the end, so that the order
 * of values does not show. */
static void
add_doubles(struct value *v, const struct value *more)
{
	double scaled = value_scaled(v) + value_scaled(more), sum = scaled * 0x1p64;
	struct number n;

	if (v->kind != VALUE_LARGE && more->kind != VALUE_LARGE)
		sum = value_double(v) + value_double(more);
	if (isfinite(sum)) {
		n = number_from_double(sum);
		value_store(v, &n);
		return;
	}
	/* no records come to that, but partials may claim to */
	if (!isfinite(scaled))
		scaled = copysign(DBL_MAX, scaled);
	store_large(v, scaled);
}

void
value_add_slowly(struct value *v, const struct number *n)
{
	struct value more;
	struct number sum;

	if (v->kind == VALUE_NONE) {
		value_store(v, n);
		return;
	}
	if (v->kind == VALUE_EXACT) {
		sum = value_load(v);
		if (number_add(&sum, n, &sum)) {
			value_store(v, &sum);
			return;
		}
	}
	value_store(&more, n);
	add_doubles(v, &more);
}

void
value_add_value(struct value *v, const struct value *more)
{
	struct number n;

	if (more->kind == VALUE_NONE)
		return;
	if (v->kind == VALUE_NONE) {
		*v = *more;
	} else if (more->kind == VALUE_LARGE) {
		add_doubles(v, more);
	} else {
		n = value_load(more);
		value_add(v, &n);
	}
}

static int
value_append(const struct value *v, struct buf *out, struct err *err)
{
	struct number n;

	/* JSON's numbers reach further, their readers do not (RFC 8259 section 6) */
	if (v->kind == VALUE_NONE || v->kind == VALUE_LARGE)
		return buf_append_text(out, "null", err);
	n = value_load(v);
	return number_append(out, &n, err);
}

static int
value_encode(const struct value *v, struct buf *out, struct err *err)
{
	if (buf_append_char(out, (char)v->kind, err))
		return -1;
	switch (v->kind) {
	case VALUE_EXACT:
		if (buf_append_char(out, (char)v->scale, err))
			return -1;
		return varint_append_signed(out, value_mantissa(v), err);
	case VALUE_DOUBLE:
	case VALUE_LARGE:
		return aggregate_append_double(out, low_double(v), err);
	default:
		return 0;
	}
}

static bool
take_finite(struct slice *bytes, struct value *v)
{
	double value;

	if (!aggregate_take_double(bytes, &value))
		return false;
	memcpy(&v->low, &value, sizeof(v->low));
	return isfinite(value);
}

static bool
value_decode(struct slice *bytes, struct value *v)
{
	number_wide mantissa;

	if (!aggregate_take_byte(bytes, &v->kind))
		return false;
	switch (v->kind) {
	case VALUE_NONE:
		return true;
	case VALUE_EXACT:
		if (!aggregate_take_byte(bytes, &v->scale) || v->scale > NUMBER_SCALE_MAX ||
		    !varint_take_signed(bytes, &mantissa))
			return false;
		value_set_mantissa(v, mantissa);
		return true;
	case VALUE_DOUBLE:
		return take_finite(bytes, v);
	case VALUE_LARGE: /* what is none has the other form */
		return take_finite(bytes, v) && !isfinite(value_scaled(v) * 0x1p64);
	default:
		return false;
	}
}

/* ---- count ---- */

static int
count_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	(void)a;
	(void)input;
	(void)record;
	(void)held;
	return aggregate_count_add(state, 1, err);
}

static int
count_merge(const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	(void)a;
	(void)held;
	return aggregate_count_add(into, *(const int64_t *)from, err);
}

static int
count_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	(void)a;
	return buf_append_int(out, *(const int64_t *)state, err);
}

static int
count_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	(void)a;
	return varint_append(out, (varint_wide) * (const int64_t *)state, err);
}

static int
count_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	(void)a;
	return aggregate_take_count(bytes, state) ? 0 : aggregate_damaged(err);
}

#define COUNT_OPS                                                                                  \
	.name = "count", .need = AGGREGATE_NEEDS_KIND, .state_bytes = sizeof(int64_t),             \
	.take = count_take, .merge = count_merge, .append = count_append, .encode = count_encode,  \
	.decode = count_decode

const struct aggregate_ops aggregate_ops_count = { COUNT_OPS };
const struct aggregate_ops aggregate_ops_count_field = { COUNT_OPS };

/* ---- sum ---- */

static int
sum_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	(void)a;
	(void)record;
	(void)held;
	(void)err;
	assert(input->kind == INPUT_NUMBER);
	value_add(state, &input->number);
	return 0;
}

static int
sum_merge(const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	(void)a;
	(void)held;
	(void)err;
	value_add_value(into, from);
	return 0;
}

/* An integer that no 64 bits hold: a reader that takes it for a number of its own gets another one. */
static bool
is_wide_integer(const struct number *n, struct slice text)
{
	int64_t narrow;

	return n->is_exact && !memchr(text.data, '.', text.len) && number_parse_int64(text, &narrow);
}

static int
sum_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct value *v = state;
	char quoted[NUMBER_TEXT_BYTES + 2] = "\"";
	struct number n;
	size_t len;

	(void)a;
	if (v->kind != VALUE_EXACT)
		return value_append(v, out, err);
	n = value_load(v);
	len = number_format(&n, quoted + 1);
	if (!is_wide_integer(&n, slice_make(quoted + 1, len)))
		return buf_append(out, slice_make(quoted + 1, len), err);
	quoted[len + 1] = '"';
	return buf_append(out, slice_make(quoted, len + 2), err);
}

static int
sum_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	(void)a;
	return value_encode(state, out, err);
}

static int
sum_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	(void)a;
	return value_decode(bytes, state) ? 0 : aggregate_damaged(err);
}

const struct aggregate_ops aggregate_ops_sum = {
	.name = "sum",
	.need = AGGREGATE_NEEDS_NUMBER,
	.state_bytes = sizeof(struct value),
	.take = sum_take,
	.merge = sum_merge,
	.append = sum_append,
	.encode = sum_encode,
	.decode = sum_decode,
};

/* ---- min, max ---- */

static struct heap_text *
extreme_text(const struct value *v)
{
	return v->kind == VALUE_TEXT ? (struct heap_text *)(uintptr_t)v->low : NULL;
}

/* True where the number is to replace what there is. Of equal ones an exact one stays, so that the
 * order of inputs does not show. */
static bool
is_better_number(const struct value *v, const struct number *n, bool is_max)
{
	struct number old;
	int order;

	if (v->kind == VALUE_NONE || v->kind == VALUE_TEXT)
		return v->kind == VALUE_NONE || !is_max;
	old = value_load(v);
	order = number_compare(n, &old);
	if (order == 0)
		return n->is_exact && !old.is_exact;
	return is_max ? order > 0 : order < 0;
}

static bool
is_better_text(const struct value *v, struct slice text, bool is_max)
{
	int order;

	if (v->kind != VALUE_TEXT)
		return v->kind == VALUE_NONE || is_max;
	order = groupkey_compare_values(text, heap_text_slice(extreme_text(v)));
	return is_max ? order > 0 : order < 0;
}

static void
extreme_release(void *state)
{
	free(extreme_text(state));
}

static size_t
extreme_held(const void *state)
{
	return heap_text_held(extreme_text(state));
}

static void
keep_number(
    const struct aggregate *a, struct value *v, const struct number *n, size_t *held)
{
	if (!is_better_number(v, n, a->func == AGGREGATE_MAX))
		return;
	*held -= extreme_held(v);
	extreme_release(v);
	value_store(v, n);
}

static int
keep_text(const struct aggregate *a, struct value *v, struct slice text, size_t *held,
    struct err *err)
{
	struct heap_text *kept = extreme_text(v);

	if (!is_better_text(v, text, a->func == AGGREGATE_MAX))
		return 0;
	if (heap_text_set(&kept, text, held, err))
		return -1;
	*v = (struct value){ .kind = VALUE_TEXT, .low = (uintptr_t)kept };
	return 0;
}

static int
extreme_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	(void)record;
	assert(input->kind == INPUT_NUMBER || input->kind == INPUT_STRING);
	if (input->kind == INPUT_STRING)
		return keep_text(a, state, input->text, held, err);
	keep_number(a, state, &input->number, held);
	return 0;
}

static int
extreme_merge(
    const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	const struct value *value = from;
	struct number n;

	if (value->kind == VALUE_NONE)
		return 0;
	if (value->kind == VALUE_TEXT)
		return keep_text(a, into, heap_text_slice(extreme_text(value)), held, err);
	n = value_load(value);
	keep_number(a, into, &n, held);
	return 0;
}

static int
extreme_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct heap_text *text = extreme_text(state);

	(void)a;
	return text ? buf_append(out, heap_text_slice(text), err) : value_append(state, out, err);
}

static int
extreme_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct heap_text *text = extreme_text(state);

	(void)a;
	if (!text)
		return value_encode(state, out, err);
	if (buf_append_char(out, VALUE_TEXT, err))
		return -1;
	return heap_text_encode(heap_text_slice(text), out, err);
}

static int
extreme_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	struct slice text;
	size_t held = 0;

	if (bytes->len && bytes->data[0] == VALUE_LARGE)
		return aggregate_damaged(err);
	if (!bytes->len || bytes->data[0] != VALUE_TEXT)
		return sum_decode(a, bytes, state, err);
	*bytes = slice_skip(*bytes, 1);
	if (!heap_text_take(bytes, &text) || text.data[0] != '"')
		return aggregate_damaged(err);
	return keep_text(a, state, text, &held, err);
}

#define EXTREME_OPS                                                                                \
	.need = AGGREGATE_NEEDS_NUMBER_OR_STRING, .state_bytes = sizeof(struct value),             \
	.take = extreme_take, .merge = extreme_merge, .append = extreme_append,                    \
	.encode = extreme_encode, .decode = extreme_decode, .release = extreme_release,            \
	.held = extreme_held

const struct aggregate_ops aggregate_ops_min = { .name = "min", EXTREME_OPS };
const struct aggregate_ops aggregate_ops_max = { .name = "max", EXTREME_OPS };

/* ---- avg ---- */

static int
average_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	struct average *average = state;

	(void)a;
	(void)record;
	(void)held;
	assert(input->kind == INPUT_NUMBER);
	value_add(&average->sum, &input->number);
	return aggregate_count_add(&average->count, 1, err);
}

static int
average_merge(
    const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	struct average *average = into;
	const struct average *more = from;

	(void)a;
	(void)held;
	value_add_value(&average->sum, &more->sum);
	return aggregate_count_add(&average->count, more->count, err);
}

static int
average_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct average *average = state;
	double count = (double)average->count, quotient;
	struct number n;

	(void)a;
	if (!average->count)
		return buf_append_text(out, "null", err);
	if (average->sum.kind == VALUE_LARGE)
		quotient = value_scaled(&average->sum) / count * 0x1p64;
	else
		quotient = value_double(&average->sum) / count;
	/* it is no further out than the values: rounding has brought it past the largest double */
	if (!isfinite(quotient))
		quotient = copysign(DBL_MAX, quotient);
	n = number_from_double(quotient);
	return number_append(out, &n, err);
}

static int
average_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	const struct average *average = state;

	(void)a;
	if (varint_append(out, (varint_wide)average->count, err))
		return -1;
	return value_encode(&average->sum, out, err);
}

static int
average_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	struct average *average = state;

	(void)a;
	if (!aggregate_take_count(bytes, &average->count) || !value_decode(bytes, &average->sum) ||
	    (average->count == 0) != (average->sum.kind == VALUE_NONE))
		return aggregate_damaged(err);
	return 0;
}

const struct aggregate_ops aggregate_ops_avg = {
	.name = "avg",
	.need = AGGREGATE_NEEDS_NUMBER,
	.state_bytes = sizeof(struct average),
	.take = average_take,
	.merge = average_merge,
	.append = average_append,
	.encode = average_encode,
	.decode = average_decode,
};
