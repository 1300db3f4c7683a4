/* SPDX-License-Identifier: MIT */
#include "kafka-window/aggregate.h"

#include "kafka-window/aggregate_ops.h"
#include "kafka-window/aggregate_value.h"

static const struct aggregate_ops *const ops_by_func[AGGREGATE_FUNCS_END] = {
	[AGGREGATE_COUNT] = &aggregate_ops_count,
	[AGGREGATE_COUNT_FIELD] = &aggregate_ops_count_field,
	[AGGREGATE_SUM] = &aggregate_ops_sum,
	[AGGREGATE_MIN] = &aggregate_ops_min,
	[AGGREGATE_MAX] = &aggregate_ops_max,
	[AGGREGATE_AVG] = &aggregate_ops_avg,
	[AGGREGATE_FIRST] = &aggregate_ops_first,
	[AGGREGATE_LAST] = &aggregate_ops_last,
	[AGGREGATE_STDDEV] = &aggregate_ops_stddev,
	[AGGREGATE_STDDEV_POP] = &aggregate_ops_stddev_pop,
	[AGGREGATE_DISTINCT] = &aggregate_ops_distinct,
	[AGGREGATE_APPROX_DISTINCT] = &aggregate_ops_approx_distinct,
	[AGGREGATE_QUANTILE] = &aggregate_ops_quantile,
	[AGGREGATE_TOP] = &aggregate_ops_top,
	[AGGREGATE_SET] = &aggregate_ops_set,
	[AGGREGATE_LIST] = &aggregate_ops_list,
};

/* ---- the plan ---- */

int
aggregate_plan_add(struct aggregate_plan *plan, struct aggregate aggregate, struct err *err)
{
	const struct aggregate_ops *ops = ops_by_func[aggregate.func];

	if (plan->count == AGGREGATES_MAX)
		return err_set(err, ERR_USAGE, "more than %d aggregates", AGGREGATES_MAX);
	plan->rows[plan->count].aggregate = aggregate;
	plan->rows[plan->count].offset = plan->state_bytes;
	plan->state_bytes += ops->state_bytes;
	plan->has_heap |= ops->release != NULL;
	plan->grows |= ops->grows;
	plan->count++;
	return 0;
}

bool
aggregate_func_find(struct slice word, enum aggregate_func *ret)
{
	for (int func = AGGREGATE_COUNT; func < AGGREGATE_FUNCS_END; func++) {
		if (!slice_is(word, ops_by_func[func]->name))
			continue;
		*ret = (enum aggregate_func)func;
		return true;
	}
	return false;
}

enum aggregate_need
aggregate_func_need(enum aggregate_func func)
{
	return ops_by_func[func]->need;
}

/* ---- states ---- */

static inline const struct aggregate_ops *
ops_at(const struct aggregate_plan *plan, unsigned index)
{
	return ops_by_func[plan->rows[index].aggregate.func];
}

static inline void *
state_at(const struct aggregate_plan *plan, unsigned index, void *states)
{
	return (char *)states + plan->rows[index].offset;
}

static inline const void *
state_in(const struct aggregate_plan *plan, unsigned index, const void *states)
{
	return (const char *)states + plan->rows[index].offset;
}

/* Counts and sums, which most jobs consist of, are not called for. A count by ones passes 2^63 - 1
 * in no lifetime. */
int
aggregate_take(const struct aggregate_plan *plan, void *states,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	const struct input *inputs = record->inputs;
	uint64_t skips = record->skips;

	for (unsigned i = 0; i < plan->count; i++, skips >>= 1) {
		const struct aggregate *a = &plan->rows[i].aggregate;
		void *state = state_at(plan, i, states);
		const struct input *input;

		if (skips & 1)
			continue;
		if (a->func == AGGREGATE_COUNT) {
			++*(int64_t *)state;
			continue;
		}
		input = &inputs[a->input];
		if (input->kind == INPUT_NULL)
			continue;
		if (a->func == AGGREGATE_SUM)
			value_add(state, &input->number);
		else if (ops_by_func[a->func]->take(a, state, input, record, held, err))
			return -1;
	}
	return 0;
}

int
aggregate_merge(const struct aggregate_plan *plan, void *into, const void *from, size_t *held,
    struct err *err)
{
	for (unsigned i = 0; i < plan->count; i++) {
		if (ops_at(plan, i)->merge(&plan->rows[i].aggregate, state_at(plan, i, into),
			state_in(plan, i, from), held, err))
			return -1;
	}
	return 0;
}

int
aggregate_copy(const struct aggregate_plan *plan, void *into, const void *from, size_t *held,
    struct err *err)
{
	size_t more = 0;

	if (!plan->has_heap) {
		memcpy(into, from, plan->state_bytes);
		return 0;
	}
	memset(into, 0, plan->state_bytes);
	if (aggregate_merge(plan, into, from, &more, err)) {
		aggregate_release(plan, into);
		return -1;
	}
	*held += more;
	return 0;
}

void
aggregate_release(const struct aggregate_plan *plan, void *states)
{
	if (!plan->has_heap)
		return;
	for (unsigned i = 0; i < plan->count; i++) {
		if (ops_at(plan, i)->release)
			ops_at(plan, i)->release(state_at(plan, i, states));
	}
	memset(states, 0, plan->state_bytes);
}

size_t
aggregate_held(const struct aggregate_plan *plan, const void *states)
{
	size_t held = 0;

	for (unsigned i = 0; plan->has_heap && i < plan->count; i++) {
		if (ops_at(plan, i)->held)
			held += ops_at(plan, i)->held(state_in(plan, i, states));
	}
	return held;
}

int
aggregate_append(const struct aggregate_plan *plan, unsigned index, const void *states,
    struct buf *out, struct err *err)
{
	return ops_at(plan, index)->append(
	    &plan->rows[index].aggregate, state_in(plan, index, states), out, err);
}

/* ---- the serialised form ---- */

int
aggregate_encode(
    const struct aggregate_plan *plan, const void *states, struct buf *out, struct err *err)
{
	for (unsigned i = 0; i < plan->count; i++) {
		const struct aggregate *a = &plan->rows[i].aggregate;

		if (buf_append_char(out, (char)a->func, err) ||
		    varint_append(out, (varint_wide)a->arg, err) ||
		    ops_at(plan, i)->encode(a, state_in(plan, i, states), out, err))
			return -1;
	}
	return 0;
}

static int
decode_one(const struct aggregate_plan *plan, unsigned index, struct slice *bytes, void *states,
    struct err *err)
{
	const struct aggregate *a = &plan->rows[index].aggregate;
	uint8_t func;
	int64_t arg;

	if (!aggregate_take_byte(bytes, &func))
		return err_set(err, ERR_DATA, "ends before aggregate %u", index + 1);
	if (func != (uint8_t)a->func)
		return err_set(err, ERR_DATA, "aggregate %u is of kind %u, not %d", index + 1, func,
		    (int)a->func);
	if (!aggregate_take_count(bytes, &arg) || arg != a->arg)
		return err_set(err, ERR_DATA, "aggregate %u does not have the argument %lld",
		    index + 1, (long long)a->arg);
	if (ops_at(plan, index)->decode(a, bytes, state_at(plan, index, states), err))
		return err_wrap(err, "aggregate %u", index + 1);
	return 0;
}

int
aggregate_decode(
    const struct aggregate_plan *plan, struct slice *bytes, void *states, struct err *err)
{
	for (unsigned i = 0; i < plan->count; i++) {
		if (!decode_one(plan, i, bytes, states, err))
			continue;
		aggregate_release(plan, states);
		return -1;
	}
	return 0;
}

/* ---- what the functions share ---- */

int
aggregate_damaged(struct err *err)
{
	return err_set(err, ERR_DATA, "is damaged");
}

int
aggregate_count_add(int64_t *count, int64_t more, struct err *err)
{
	if (__builtin_add_overflow(*count, more, count))
		return err_set(err, ERR_DATA, "a count passes 2^63 - 1");
	return 0;
}

bool
aggregate_take_byte(struct slice *bytes, uint8_t *ret)
{
	if (!bytes->len)
		return false;
	*ret = (uint8_t)bytes->data[0];
	*bytes = slice_skip(*bytes, 1);
	return true;
}

bool
aggregate_take_count(struct slice *bytes, int64_t *ret)
{
	varint_wide value;

	if (!varint_take(bytes, INT64_MAX, &value))
		return false;
	*ret = (int64_t)value;
	return true;
}

int
aggregate_append_double(struct buf *out, double value, struct err *err)
{
	char bytes[8];
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(bits >> 8 * i);
	return buf_append(out, slice_make(bytes, sizeof(bytes)), err);
}

bool
aggregate_take_double(struct slice *bytes, double *ret)
{
	uint64_t bits = 0;

	if (bytes->len < sizeof(bits))
		return false;
	for (unsigned i = 0; i < sizeof(bits); i++)
		bits |= (uint64_t)(unsigned char)bytes->data[i] << 8 * i;
	*bytes = slice_skip(*bytes, sizeof(bits));
	memcpy(ret, &bits, sizeof(*ret));
	return true;
}
