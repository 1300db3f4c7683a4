/* SPDX-License-Identifier: MIT */
#include "kafka-window/aggregate.h"

#include <assert.h>
#include <math.h>

#include "kafka-window/varint.h"

/* A number, or none yet, in 24 bytes: there is one for each open window, key and aggregate. */
enum value_kind {
	VALUE_NONE = 0,
	VALUE_EXACT = 1,  /* low and high are the mantissa's halves */
	VALUE_DOUBLE = 2, /* low is the double's bits */
};

struct value {
	uint64_t low;
	int64_t high;
	uint8_t kind;
	uint8_t scale;
	uint8_t zero[6];
};

struct average {
	int64_t count;
	struct value sum;
};

/* As in codec/number: the one mantissa without a negative does not occur. */
static const number_wide mantissa_max = (number_wide)(~(varint_wide)0 >> 1);

/* ---- values ---- */

static inline number_wide
value_mantissa(const struct value *v)
{
	return (number_wide)((varint_wide)(uint64_t)v->high << 64 | v->low);
}

static inline void
value_set_mantissa(struct value *v, number_wide mantissa)
{
	v->low = (uint64_t)(varint_wide)mantissa;
	v->high = (int64_t)(mantissa >> 64);
}

static inline struct number
value_load(const struct value *v)
{
	struct number n = { .is_exact = v->kind == VALUE_EXACT, .scale = v->scale };

	if (n.is_exact)
		n.mantissa = value_mantissa(v);
	else
		memcpy(&n.approximate, &v->low, sizeof(n.approximate));
	return n;
}

static inline void
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

static void
value_add_slowly(struct value *v, const struct number *n)
{
	struct number sum = *n;

	if (v->kind != VALUE_NONE) {
		sum = value_load(v);
		sum = number_add(&sum, n);
	}
	value_store(v, &sum);
}

/*
 * Inputs have now more, now fewer digits after the point; after a few the sum has the most of them,
 * and each addition is one multiplication: 2^63 times 10^18 is below 2^123, which a sum below 2^126
 * has room for.
 */
static inline void
value_add(struct value *v, const struct number *n)
{
	const int64_t room = INT64_C(1) << 62;

	if (v->kind != VALUE_EXACT || v->high >= room || v->high < -room || !n->is_exact ||
	    v->scale < n->scale || n->mantissa != (int64_t)n->mantissa) {
		value_add_slowly(v, n);
		return;
	}
	value_set_mantissa(v, value_mantissa(v) + n->mantissa * number_pow10[v->scale - n->scale]);
}

/* Keeps the smaller (sign -1) or the larger (sign 1) one. Of equal ones an exact one stays, so that
 * the order of inputs does not show. */
static inline void
value_keep(struct value *v, const struct number *n, int sign)
{
	struct number old;
	int order;

	if (v->kind == VALUE_NONE) {
		value_store(v, n);
		return;
	}
	old = value_load(v);
	order = number_compare(n, &old) * sign;
	if (order > 0 || (order == 0 && n->is_exact && !old.is_exact))
		value_store(v, n);
}

static int
value_append(const struct value *v, struct buf *out, struct err *err)
{
	struct number n;

	if (v->kind == VALUE_NONE)
		return buf_append_text(out, "null", err);
	n = value_load(v);
	return number_append(out, &n, err);
}

static int
value_encode(const struct value *v, struct buf *out, struct err *err)
{
	char bytes[8];

	if (buf_append_char(out, (char)v->kind, err))
		return -1;
	switch (v->kind) {
	case VALUE_EXACT:
		if (buf_append_char(out, (char)v->scale, err))
			return -1;
		return varint_append_signed(out, value_mantissa(v), err);
	case VALUE_DOUBLE:
		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)(v->low >> 8 * i);
		return buf_append(out, slice_make(bytes, sizeof(bytes)), err);
	default:
		return 0;
	}
}

static bool
take_byte(struct slice *bytes, uint8_t *ret)
{
	if (!bytes->len)
		return false;
	*ret = (uint8_t)bytes->data[0];
	*bytes = slice_skip(*bytes, 1);
	return true;
}

static bool
value_take_double(struct slice *bytes, struct value *v)
{
	double d;

	if (bytes->len < 8)
		return false;
	for (unsigned i = 0; i < 8; i++)
		v->low |= (uint64_t)(unsigned char)bytes->data[i] << 8 * i;
	*bytes = slice_skip(*bytes, 8);
	memcpy(&d, &v->low, sizeof(d));
	return isfinite(d);
}

static bool
value_decode(struct slice *bytes, struct value *v)
{
	number_wide mantissa;

	if (!take_byte(bytes, &v->kind))
		return false;
	switch (v->kind) {
	case VALUE_NONE:
		return true;
	case VALUE_EXACT:
		if (!take_byte(bytes, &v->scale) || v->scale > NUMBER_SCALE_MAX ||
		    !varint_take_signed(bytes, &mantissa) || mantissa < -mantissa_max)
			return false;
		value_set_mantissa(v, mantissa);
		return true;
	case VALUE_DOUBLE:
		return value_take_double(bytes, v);
	default:
		return false;
	}
}

/* ---- the plan ---- */

static unsigned
func_state_bytes(enum aggregate_func func)
{
	switch (func) {
	case AGGREGATE_COUNT:
	case AGGREGATE_COUNT_FIELD:
		return sizeof(int64_t);
	case AGGREGATE_SUM:
	case AGGREGATE_MIN:
	case AGGREGATE_MAX:
		return sizeof(struct value);
	case AGGREGATE_AVG:
		return sizeof(struct average);
	}
	return 0;
}

int
aggregate_plan_add(struct aggregate_plan *plan, struct aggregate aggregate, struct err *err)
{
	if (plan->count == AGGREGATES_MAX)
		return err_set(err, ERR_USAGE, "more than %d aggregates", AGGREGATES_MAX);
	plan->rows[plan->count].aggregate = aggregate;
	plan->rows[plan->count].offset = plan->state_bytes;
	plan->state_bytes += func_state_bytes(aggregate.func);
	plan->count++;
	return 0;
}

int
aggregate_func_parse(struct slice word, bool has_field, enum aggregate_func *ret, struct err *err)
{
	static const struct {
		const char *name;
		enum aggregate_func func;
	} names[] = {
		{ "sum", AGGREGATE_SUM },
		{ "min", AGGREGATE_MIN },
		{ "max", AGGREGATE_MAX },
		{ "avg", AGGREGATE_AVG },
	};

	if (slice_is(word, "count")) {
		*ret = has_field ? AGGREGATE_COUNT_FIELD : AGGREGATE_COUNT;
		return 0;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!slice_is(word, names[i].name))
			continue;
		if (!has_field)
			return err_set(err, ERR_USAGE, "%s needs a field (%s:FIELD)", names[i].name,
			    names[i].name);
		*ret = names[i].func;
		return 0;
	}
	return err_set(err, ERR_USAGE,
	    "'%.*s' is no aggregate: there are count, sum, min, max and avg", SLICE_ARGS(word));
}

bool
aggregate_func_is_numeric(enum aggregate_func func)
{
	return func != AGGREGATE_COUNT && func != AGGREGATE_COUNT_FIELD;
}

/* ---- states ---- */

static inline void
take_one(enum aggregate_func func, void *state, const struct input *input)
{
	struct average *average = state;

	assert(input->kind == INPUT_NUMBER);
	switch (func) {
	case AGGREGATE_SUM:
		value_add(state, &input->number);
		break;
	case AGGREGATE_MIN:
		value_keep(state, &input->number, -1);
		break;
	case AGGREGATE_MAX:
		value_keep(state, &input->number, 1);
		break;
	case AGGREGATE_AVG:
		average->count++;
		value_add(&average->sum, &input->number);
		break;
	case AGGREGATE_COUNT:
	case AGGREGATE_COUNT_FIELD:
		break;
	}
}

void
aggregate_take(const struct aggregate_plan *plan, void *states, const struct input *inputs)
{
	for (unsigned i = 0; i < plan->count; i++) {
		const struct aggregate *a = &plan->rows[i].aggregate;
		void *state = (char *)states + plan->rows[i].offset;

		if (a->func == AGGREGATE_COUNT)
			++*(int64_t *)state;
		else if (inputs[a->input].kind == INPUT_NULL)
			continue;
		else if (a->func == AGGREGATE_COUNT_FIELD)
			++*(int64_t *)state;
		else
			take_one(a->func, state, &inputs[a->input]);
	}
}

static int
merge_count(int64_t *into, int64_t from, struct err *err)
{
	if (__builtin_add_overflow(*into, from, into))
		return err_set(err, ERR_DATA, "a count passes 2^63 - 1");
	return 0;
}

static int
merge_one(enum aggregate_func func, void *into, const void *from, struct err *err)
{
	const struct average *average = from;
	struct input input = { .kind = INPUT_NUMBER };
	const struct value *value = func == AGGREGATE_AVG ? &average->sum : from;

	if (!aggregate_func_is_numeric(func))
		return merge_count(into, *(const int64_t *)from, err);
	if (value->kind == VALUE_NONE)
		return 0;
	input.number = value_load(value);
	take_one(func, into, &input);
	if (func == AGGREGATE_AVG)
		return merge_count(&((struct average *)into)->count, average->count - 1, err);
	return 0;
}

int
aggregate_merge(const struct aggregate_plan *plan, void *into, const void *from, struct err *err)
{
	for (unsigned i = 0; i < plan->count; i++) {
		unsigned offset = plan->rows[i].offset;

		if (merge_one(plan->rows[i].aggregate.func, (char *)into + offset,
			(const char *)from + offset, err))
			return -1;
	}
	return 0;
}

static int
average_append(const struct average *average, struct buf *out, struct err *err)
{
	struct number sum, quotient;

	if (!average->count)
		return buf_append_text(out, "null", err);
	sum = value_load(&average->sum);
	quotient = number_from_double(number_to_double(&sum) / (double)average->count);
	return number_append(out, &quotient, err);
}

int
aggregate_append(const struct aggregate_plan *plan, unsigned index, const void *states,
    struct buf *out, struct err *err)
{
	const void *state = (const char *)states + plan->rows[index].offset;

	switch (plan->rows[index].aggregate.func) {
	case AGGREGATE_COUNT:
	case AGGREGATE_COUNT_FIELD:
		return buf_append_int(out, *(const int64_t *)state, err);
	case AGGREGATE_AVG:
		return average_append(state, out, err);
	case AGGREGATE_SUM:
	case AGGREGATE_MIN:
	case AGGREGATE_MAX:
		break;
	}
	return value_append(state, out, err);
}

/* ---- the serialised form ---- */

static int
encode_one(enum aggregate_func func, const void *state, struct buf *out, struct err *err)
{
	const struct average *average = state;

	if (buf_append_char(out, (char)func, err))
		return -1;
	if (!aggregate_func_is_numeric(func))
		return varint_append(out, (varint_wide) * (const int64_t *)state, err);
	if (func != AGGREGATE_AVG)
		return value_encode(state, out, err);
	if (varint_append(out, (varint_wide)average->count, err))
		return -1;
	return value_encode(&average->sum, out, err);
}

int
aggregate_encode(
    const struct aggregate_plan *plan, const void *states, struct buf *out, struct err *err)
{
	for (unsigned i = 0; i < plan->count; i++) {
		if (encode_one(plan->rows[i].aggregate.func,
			(const char *)states + plan->rows[i].offset, out, err))
			return -1;
	}
	return 0;
}

static bool
take_count(struct slice *bytes, int64_t *ret)
{
	varint_wide value;

	if (!varint_take(bytes, INT64_MAX, &value))
		return false;
	*ret = (int64_t)value;
	return true;
}

static bool
decode_one(enum aggregate_func func, struct slice *bytes, void *state)
{
	struct average *average = state;

	if (!aggregate_func_is_numeric(func))
		return take_count(bytes, state);
	if (func != AGGREGATE_AVG)
		return value_decode(bytes, state);
	if (!take_count(bytes, &average->count) || !value_decode(bytes, &average->sum))
		return false;
	return (average->count == 0) == (average->sum.kind == VALUE_NONE);
}

int
aggregate_decode(
    const struct aggregate_plan *plan, struct slice *bytes, void *states, struct err *err)
{
	uint8_t func;

	for (unsigned i = 0; i < plan->count; i++) {
		enum aggregate_func want = plan->rows[i].aggregate.func;

		if (!take_byte(bytes, &func))
			return err_set(err, ERR_DATA, "ends before aggregate %u", i + 1);
		if (func != (uint8_t)want)
			return err_set(err, ERR_DATA, "aggregate %u is of kind %u, not %d", i + 1,
			    func, (int)want);
		if (!decode_one(want, bytes, (char *)states + plan->rows[i].offset))
			return err_set(err, ERR_DATA, "aggregate %u is damaged", i + 1);
	}
	return 0;
}
