/* SPDX-License-Identifier: MIT */
#include "kafka-window/partial.h"

#include <zlib.h>

#include "kafka-window/groupkey.h"
#include "kafka-window/varint.h"

enum { CHECK_BYTES = 4, JOB_BYTES = 8 };

static uint32_t
check_of(struct slice bytes)
{
	return (uint32_t)crc32_z(0, (const unsigned char *)bytes.data, bytes.len);
}

static int
encode_head(
    const struct aggregate_plan *plan, const struct partial *p, struct buf *out, struct err *err)
{
	varint_wide length = (varint_wide)((number_wide)p->span.end_ms - p->span.start_ms);
	char job[JOB_BYTES];

	for (unsigned i = 0; i < sizeof(job); i++)
		job[i] = (char)(plan->job >> 8 * i);
	if (buf_append_char(out, (char)PARTIAL_VERSION, err) ||
	    buf_append(out, slice_make(job, sizeof(job)), err) ||
	    varint_append_signed(out, p->span.start_ms, err) || varint_append(out, length, err) ||
	    varint_append(out, p->key.len, err) || buf_append(out, p->key, err))
		return -1;
	return varint_append(out, plan->count, err);
}

int
partial_encode(
    const struct aggregate_plan *plan, const struct partial *p, struct buf *out, struct err *err)
{
	size_t start = out->len;
	char check[CHECK_BYTES];
	uint32_t sum;

	if (encode_head(plan, p, out, err) || aggregate_encode(plan, p->states, out, err))
		return -1;
	sum = check_of(slice_make(out->data + start, out->len - start));
	for (unsigned i = 0; i < CHECK_BYTES; i++)
		check[i] = (char)(sum >> 8 * i);
	return buf_append(out, slice_make(check, CHECK_BYTES), err);
}

/* Cuts the check off and compares it. */
static int
take_check(struct slice *bytes, struct err *err)
{
	uint32_t sum = 0;

	if (bytes->len < CHECK_BYTES + 1)
		return err_set(err, ERR_DATA, "a partial of %zu bytes: cut off", bytes->len);
	if (bytes->data[0] != PARTIAL_VERSION)
		return err_set(err, ERR_DATA,
		    "a partial of version %u; this program reads version %d",
		    (unsigned char)bytes->data[0], PARTIAL_VERSION);
	bytes->len -= CHECK_BYTES;
	for (unsigned i = 0; i < CHECK_BYTES; i++)
		sum |= (uint32_t)(unsigned char)bytes->data[bytes->len + i] << 8 * i;
	if (sum != check_of(*bytes))
		return err_set(err, ERR_DATA, "a partial is damaged: its check sum is wrong");
	*bytes = slice_skip(*bytes, 1);
	return 0;
}

static bool
take_job(struct slice *bytes, uint64_t *ret)
{
	uint64_t job = 0;

	if (bytes->len < JOB_BYTES)
		return false;
	for (unsigned i = 0; i < JOB_BYTES; i++)
		job |= (uint64_t)(unsigned char)bytes->data[i] << 8 * i;
	*bytes = slice_skip(*bytes, JOB_BYTES);
	*ret = job;
	return true;
}

static bool
take_span(struct slice *bytes, struct span *ret)
{
	varint_wide length;

	return varint_take_int64(bytes, &ret->start_ms) && varint_take(bytes, INT64_MAX, &length) &&
	       length > 0 && !__builtin_add_overflow(ret->start_ms, (int64_t)length, &ret->end_ms);
}

static bool
take_key(struct slice *bytes, struct slice *ret)
{
	varint_wide len;

	if (!varint_take(bytes, bytes->len, &len))
		return false;
	if (len > bytes->len)
		return false;
	*ret = slice_make(bytes->data, (size_t)len);
	*bytes = slice_skip(*bytes, (size_t)len);
	return true;
}

static int
decode_body(const struct aggregate_plan *plan, unsigned key_values, struct slice bytes,
    void *states, struct partial *ret, struct err *err)
{
	varint_wide count;
	uint64_t job;

	if (!take_job(&bytes, &job))
		return err_set(err, ERR_DATA, "its job is damaged");
	if (job != plan->job)
		return err_set(
		    err, ERR_DATA, "it is of a job with other fields or other conditions");
	if (!take_span(&bytes, &ret->span))
		return err_set(err, ERR_DATA, "its window is damaged");
	if (!take_key(&bytes, &ret->key))
		return err_set(err, ERR_DATA, "its key is damaged");
	if (!groupkey_is_valid(ret->key, key_values))
		return err_set(err, ERR_DATA, "its key is not one of %u values", key_values);
	if (!varint_take(&bytes, AGGREGATES_MAX, &count) || count != plan->count)
		return err_set(err, ERR_DATA, "it does not have %u aggregates", plan->count);
	memset(states, 0, plan->state_bytes);
	if (aggregate_decode(plan, &bytes, states, err))
		return -1;
	ret->states = states;
	if (!bytes.len)
		return 0;
	aggregate_release(plan, states);
	return err_set(err, ERR_DATA, "%zu bytes follow its aggregates", bytes.len);
}

int
partial_decode(const struct aggregate_plan *plan, unsigned key_values, struct slice bytes,
    void *states, struct partial *ret, struct err *err)
{
	if (take_check(&bytes, err))
		return -1;
	if (decode_body(plan, key_values, bytes, states, ret, err))
		return err_wrap(err, "a partial");
	return 0;
}
