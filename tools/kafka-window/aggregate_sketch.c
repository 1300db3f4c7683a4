/* SPDX-License-Identifier: MIT */
/* approx_distinct, p: sketches whose errors are bounded (hll.h, ddsketch.h). */
#include <assert.h>

#include "kafka-window/aggregate_ops.h"
#include "kafka-window/ddsketch.h"
#include "kafka-window/hll.h"

/* ---- approx_distinct ---- */

static int
approx_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	(void)a;
	(void)record;
	return hll_add(state, hll_hash(input->text), held, err);
}

static int
approx_merge(const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	(void)a;
	return hll_merge(into, from, held, err);
}

static int
approx_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	(void)a;
	return buf_append_int(out, hll_estimate(state), err);
}

static int
approx_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	(void)a;
	return hll_encode(state, out, err);
}

static int
approx_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	(void)a;
	return hll_decode(state, bytes, err);
}

static void
approx_release(void *state)
{
	hll_release(state);
}

static size_t
approx_held(const void *state)
{
	return hll_held(state);
}

const struct aggregate_ops aggregate_ops_approx_distinct = {
	.name = "approx_distinct",
	.need = AGGREGATE_NEEDS_TEXT,
	.state_bytes = sizeof(struct hll),
	.grows = true,
	.take = approx_take,
	.merge = approx_merge,
	.append = approx_append,
	.encode = approx_encode,
	.decode = approx_decode,
	.release = approx_release,
	.held = approx_held,
};

/* ---- quantiles ---- */

static int
quantile_take(const struct aggregate *a, void *state, const struct input *input,
    const struct aggregate_record *record, size_t *held, struct err *err)
{
	(void)a;
	(void)record;
	assert(input->kind == INPUT_NUMBER);
	return ddsketch_add(state, number_to_double(&input->number), held, err);
}

static int
quantile_merge(
    const struct aggregate *a, void *into, const void *from, size_t *held, struct err *err)
{
	(void)a;
	return ddsketch_merge(into, from, held, err);
}

static int
quantile_append(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	struct number number;
	double value;

	if (!ddsketch_quantile(state, a->arg, &value))
		return buf_append_text(out, "null", err);
	number = number_from_double(value);
	return number_append(out, &number, err);
}

static int
quantile_encode(const struct aggregate *a, const void *state, struct buf *out, struct err *err)
{
	(void)a;
	return ddsketch_encode(state, out, err);
}

static int
quantile_decode(const struct aggregate *a, struct slice *bytes, void *state, struct err *err)
{
	(void)a;
	return ddsketch_decode(state, bytes, err);
}

static void
quantile_release(void *state)
{
	ddsketch_release(state);
}

static size_t
quantile_held(const void *state)
{
	return ddsketch_held(state);
}

const struct aggregate_ops aggregate_ops_quantile = {
	.name = "p",
	.need = AGGREGATE_NEEDS_NUMBER,
	.state_bytes = sizeof(struct ddsketch),
	.grows = true,
	.take = quantile_take,
	.merge = quantile_merge,
	.append = quantile_append,
	.encode = quantile_encode,
	.decode = quantile_decode,
	.release = quantile_release,
	.held = quantile_held,
};
