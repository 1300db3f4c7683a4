/* SPDX-License-Identifier: MIT */
#include "gen-to-kafka/arguments.h"

#include "base/opt.h"

enum { WEIGHT_MAX = 1000000 };

/* "...*3": the number behind the last '*', where there is nothing but digits. */
static void
split_weight(struct slice *text, struct argument *ret)
{
	int64_t weight;

	for (size_t i = text->len; i-- > 0 && text->data[i] != ':';) {
		if (text->data[i] != '*')
			continue;
		if (!number_parse_int64(slice_skip(*text, i + 1), &weight) && weight >= 1 &&
		    weight <= WEIGHT_MAX) {
			ret->has_weight = true;
			ret->weight = (uint64_t)weight;
			text->len = i;
		}
		return;
	}
}

/* 'a quoted one', in which '' is one quote; takes it off where it stands. *ret_used: its length. */
static int
read_quoted(struct slice rest, struct argument *ret, size_t *ret_used, struct err *err)
{
	char *out = (char *)(uintptr_t)rest.data; /* in shape->source, which is ours to change */
	size_t len = 0, at = 1;

	for (;; at++) {
		if (at == rest.len)
			return err_set(err, ERR_USAGE, "a quote without its end");
		if (rest.data[at] == '\'') {
			if (at + 1 == rest.len || rest.data[at + 1] != '\'')
				break;
			at++;
		}
		out[len++] = rest.data[at];
	}
	ret->text = slice_make(out, len);
	*ret_used = at + 1;
	return 0;
}

size_t
argument_end(struct slice s)
{
	const char *at = s.len ? memchr(s.data, ':', s.len) : NULL;

	return at ? (size_t)(at - s.data) : s.len;
}

/* One argument from the beginning of *rest, which is left at the next ':' or its end. */
static int
read_argument(struct slice *rest, struct argument *ret, struct err *err)
{
	struct slice tail;
	size_t used = 0;

	*ret = (struct argument){ .weight = 1 };
	if (!rest->len || *rest->data != '\'') {
		ret->text = slice_make(rest->data, argument_end(*rest));
		*rest = slice_skip(*rest, ret->text.len);
		split_weight(&ret->text, ret);
		return 0;
	}
	if (read_quoted(*rest, ret, &used, err))
		return -1;
	*rest = slice_skip(*rest, used);
	tail = slice_make(rest->data, argument_end(*rest));
	*rest = slice_skip(*rest, tail.len);
	split_weight(&tail, ret);
	if (tail.len)
		return err_set(err, ERR_USAGE, "\"%.*s\" behind a quote", SLICE_ARGS(tail));
	return 0;
}

int
arguments_read(struct slice rest, struct arguments *ret, struct err *err)
{
	while (rest.len) {
		rest = slice_skip(rest, 1);
		if (ret->count == ARGUMENTS_MAX)
			return err_set(err, ERR_USAGE, "more than %d arguments", ARGUMENTS_MAX);
		if (read_argument(&rest, &ret->list[ret->count], err))
			return -1;
		ret->count++;
	}
	return 0;
}

/* ---- values ---- */

int
argument_refuse(const char *what, struct slice text, struct err *err)
{
	return err_set(err, ERR_USAGE, "\"%.*s\" is not %s", SLICE_ARGS(text), what);
}

int
argument_int(struct slice text, int64_t *ret, struct err *err)
{
	return number_parse_int64(text, ret) ? argument_refuse("a whole number", text, err) : 0;
}

int
argument_decimal(struct slice text, struct number *ret, struct err *err)
{
	static const number_wide limit = (number_wide)1000000000 * 1000000000;

	if (number_parse(text, ret) || !ret->is_exact || ret->mantissa >= limit ||
	    ret->mantissa <= -limit)
		return argument_refuse("a number of up to 18 digits", text, err);
	return 0;
}

int
argument_scale(const struct number *n, unsigned scale, int64_t *ret, struct err *err)
{
	number_wide mantissa = n->mantissa * number_pow10[scale - n->scale];

	/* so that a difference of two still fits */
	if (mantissa > INT64_MAX / 4 || mantissa < INT64_MIN / 4)
		return err_set(err, ERR_USAGE, "a number with more than 18 digits");
	*ret = (int64_t)mantissa;
	return 0;
}

int
argument_offset(struct slice text, int64_t *ret_ms, struct err *err)
{
	bool is_negative = text.len && *text.data == '-';
	struct slice rest = text;
	int64_t ms;

	if (rest.len && (*rest.data == '-' || *rest.data == '+'))
		rest = slice_skip(rest, 1);
	if (!rest.len)
		return argument_refuse("a duration", text, err);
	if (opt_parse_duration(rest, &ms, err))
		return -1;
	/* a few thousand years, so that sums fit */
	if (ms > INT64_MAX >> 16)
		return err_set(err, ERR_USAGE, "\"%.*s\" is too long", SLICE_ARGS(text));
	*ret_ms = is_negative ? -ms : ms;
	return 0;
}
