/* SPDX-License-Identifier: MIT */
#include "kafka-window/options_aggregate.h"

#include <string.h>
#include <strings.h>

#include "kafka-window/ddsketch.h"

/* The text, and how far it has been read. */
struct parser {
	struct slice text;
	size_t at;
	struct err *err;
};

static const char functions[] = "count, sum, min, max, avg, stddev, stddev_pop, first, last, "
				"distinct, approx_distinct, p50 (p90, p:99.9 ...), top, set "
				"and list";

static int
refuse(const struct parser *p, size_t byte, const char *reason)
{
	return err_set(p->err, ERR_USAGE, "byte %zu: %s", byte, reason);
}

static struct slice
rest_of(const struct parser *p)
{
	return slice_skip(p->text, p->at);
}

/* Takes what stands before the next colon, or all; *ret_has_more tells that there was one. */
static struct slice
take_part(struct parser *p, bool *ret_has_more)
{
	struct slice rest = rest_of(p), head = rest, tail;

	*ret_has_more = slice_cut(rest, ':', &head, &tail);
	p->at += head.len + *ret_has_more;
	return head;
}

static bool
is_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	}
	return s.len > 0;
}

/* ---- arguments ---- */

static int
parse_bound(const struct parser *p, struct slice word, size_t byte, int64_t *ret)
{
	if (!is_digits(word) || number_parse_int64(word, ret) || *ret < 1 ||
	    *ret > AGGREGATE_BOUND_MAX)
		return err_set(p->err, ERR_USAGE,
		    "byte %zu: '%.*s' is no number from 1 to %d", byte, SLICE_ARGS(word),
		    AGGREGATE_BOUND_MAX);
	return 0;
}

/* Percent, with at most six digits behind the point, which is the unit of ddsketch.h. */
static int
parse_percent(const struct parser *p, struct slice word, size_t byte, int64_t *ret)
{
	enum { SCALE = 6 };
	struct number n;

	if (number_parse(word, &n) || !n.is_exact || n.scale > SCALE || n.mantissa < 0 ||
	    n.mantissa * number_pow10[SCALE - n.scale] > DDSKETCH_SHARE_ALL)
		return err_set(p->err, ERR_USAGE,
		    "byte %zu: '%.*s' is no percentage from 0 to 100", byte, SLICE_ARGS(word));
	*ret = (int64_t)(n.mantissa * number_pow10[SCALE - n.scale]);
	return 0;
}

/* set and list may have a bound before the field: digits and a colon. */
static int
take_bound(struct parser *p, int64_t *ret)
{
	struct parser ahead = *p;
	bool has_more;
	struct slice word = take_part(&ahead, &has_more);

	*ret = AGGREGATE_BOUND_DEFAULT;
	if (!has_more || !is_digits(word))
		return 0;
	if (parse_bound(p, word, p->at, ret))
		return -1;
	p->at = ahead.at;
	return 0;
}

static int
take_argument(struct parser *p, const struct aggregate *a, int64_t *ret)
{
	size_t byte = p->at;
	bool has_more;
	struct slice word;

	if (a->func == AGGREGATE_SET || a->func == AGGREGATE_LIST)
		return take_bound(p, ret);
	if (a->func != AGGREGATE_TOP && a->func != AGGREGATE_QUANTILE)
		return 0;
	word = take_part(p, &has_more);
	if (!has_more)
		return refuse(p, byte,
		    a->func == AGGREGATE_TOP ? "top needs how many, and a field (top:10:FIELD)"
		                             : "p needs a percentage and a field (p:99.9:FIELD)");
	return a->func == AGGREGATE_TOP ? parse_bound(p, word, byte, ret)
	                                : parse_percent(p, word, byte, ret);
}

/* ---- the function ---- */

/* p50, p99.9 */
static bool
is_short_quantile(struct slice word)
{
	return word.len > 1 && word.data[0] == 'p' && word.data[1] >= '0' && word.data[1] <= '9';
}

static int
parse_function(struct parser *p, struct aggregate_text *ret)
{
	struct aggregate *a = &ret->aggregate;
	size_t byte = p->at;
	bool has_more;
	struct slice word = take_part(p, &has_more);

	if (is_short_quantile(word)) {
		a->func = AGGREGATE_QUANTILE;
		if (parse_percent(p, slice_skip(word, 1), byte + 1, &a->arg))
			return -1;
	} else if (!aggregate_func_find(word, &a->func)) {
		return err_set(p->err, ERR_USAGE, "byte %zu: '%.*s' is no aggregate: there are %s",
		    byte, SLICE_ARGS(word), functions);
	} else if (has_more && take_argument(p, a, &a->arg)) {
		return -1;
	}
	ret->field = rest_of(p);
	if (has_more && !ret->field.len)
		return refuse(p, p->at, "a field is missing behind the colon");
	if (ret->field.len && a->func == AGGREGATE_COUNT)
		a->func = AGGREGATE_COUNT_FIELD;
	else if (!ret->field.len && a->func != AGGREGATE_COUNT)
		return err_set(p->err, ERR_USAGE, "byte %zu: %.*s needs a field (%.*s:FIELD)",
		    p->at, SLICE_ARGS(word), SLICE_ARGS(word));
	return 0;
}

/* Where " where=" begins; the text's end where there is none. */
static size_t
find_where(struct slice text)
{
	static const char word[] = "where=";

	for (size_t i = 1; i < text.len; i++) {
		if (predicate_is_blank(text.data[i - 1]) && slice_starts(slice_skip(text, i), word))
			return i;
	}
	return text.len;
}

/* A condition that was meant: the word where, in any case, that find_where did not take. */
static bool
is_stray_where(struct slice text, size_t at)
{
	static const char word[] = "where";
	size_t len = sizeof(word) - 1, end = at + len;

	if (!at || !predicate_is_blank(text.data[at - 1]) || text.len < end ||
	    strncasecmp(text.data + at, word, len) != 0)
		return false;
	return end == text.len || predicate_is_blank(text.data[end]) || text.data[end] == '=';
}

static int
refuse_stray_where(const struct parser *p)
{
	for (size_t i = p->at; i < p->text.len; i++) {
		if (is_stray_where(p->text, i))
			return refuse(p, i,
			    "a condition is where=FIELD OP VALUE, without a blank before the "
			    "first =");
	}
	return 0;
}

int
aggregate_text_parse(struct slice text, struct aggregate_text *ret, struct err *err)
{
	const size_t where_len = strlen("where="), where = find_where(text);
	struct parser p = { .text = slice_make(text.data, where), .err = err };
	struct aggregate_text parsed = { .aggregate = { .arg = 0 } };
	struct slice call;

	while (p.text.len && predicate_is_blank(p.text.data[p.text.len - 1]))
		p.text.len--;
	if (!slice_cut(p.text, '=', &parsed.name, &call))
		return refuse(&p, p.text.len, "not NAME=FUNCTION[:ARGUMENT][:FIELD]");
	if (!parsed.name.len)
		return refuse(&p, 0, "a name is missing before the =");
	p.at = parsed.name.len + 1;
	if (!call.len)
		return refuse(&p, p.at, "a function is missing behind the =");
	if (refuse_stray_where(&p) || parse_function(&p, &parsed))
		return -1;
	if (where < text.len && predicate_parse(slice_skip(text, where + where_len),
				    where + where_len, &parsed.where, err))
		return -1;
	*ret = parsed;
	return 0;
}

uint64_t
aggregate_text_hash(const struct aggregate_text *a, uint64_t hash)
{
	const char condition[] = { (char)('0' + (int)a->where.op), a->where.is_word ? 'w' : 'j' };
	const struct slice parts[] = { a->field, a->where.field,
		slice_make(condition, sizeof(condition)), a->where.value };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		hash = slice_hash(hash, parts[i]);
		hash = slice_hash(hash, slice_make("", 1)); /* no option has a NUL in it */
	}
	return hash;
}
