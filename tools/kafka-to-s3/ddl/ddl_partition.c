/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/ddl/ddl_partition.h"

#include <ctype.h>
#include <strings.h>

#include "flow/template.h"

/* One piece of a template: a literal, or what stands between braces. */
struct piece {
	struct slice literal;
	struct slice name;
	struct slice spec; /* behind the first ':' */
	bool is_variable;
};

/* The parts of a time, coarsest first; what a year without a month lacks does not matter. */
enum time_unit { UNIT_YEAR, UNIT_MONTH, UNIT_DAY, UNIT_HOUR, UNIT_MINUTE, UNIT_SECOND, UNITS };

static const struct {
	const char *name; /* {@year}; NULL: none */
	char conversion;  /* of strftime(3) */
	const char *java;
	const char *first; /* of 2000-01-01 */
	const char *range; /* of integers */
	const char *interval;
} times[UNITS] = {
	[UNIT_YEAR] = { "@year", 'Y', "yyyy", "2000", "2000,2100", "YEARS" },
	[UNIT_MONTH] = { "@month", 'm', "MM", "01", "1,12", "MONTHS" },
	[UNIT_DAY] = { "@day", 'd', "dd", "01", "1,31", "DAYS" },
	[UNIT_HOUR] = { "@hour", 'H', "HH", "00", "0,23", "HOURS" },
	[UNIT_MINUTE] = { "@minute", 'M', "mm", "00", "0,59", "MINUTES" },
	[UNIT_SECOND] = { NULL, 'S', "ss", "00", NULL, "SECONDS" },
};

/* ---- the template ---- */

/* A literal ends with a '/' that stands in it, before a variable, or at a doubled brace. */
static bool
take_piece(struct slice *rest, struct piece *ret)
{
	struct slice inside;
	size_t len = 0;

	*ret = (struct piece){ .is_variable = template_opens_name(*rest) };
	if (!rest->len)
		return false;
	if (ret->is_variable) {
		(void)slice_cut(slice_skip(*rest, 1), '}', &inside, rest);
		(void)slice_cut(inside, ':', &ret->name, &ret->spec);
		if (ret->name.data[0] == '.')
			ret->name = slice_skip(ret->name, 1);
		return true;
	}
	if (rest->len > 1 && rest->data[0] == '{' && rest->data[1] == '{')
		*rest = slice_skip(*rest, 1);
	do
		len++;
	while (len < rest->len && rest->data[len] != '{' && rest->data[len - 1] != '/' &&
	       rest->data[len] != '/');
	ret->literal = slice_make(rest->data, len);
	*rest = slice_skip(*rest, len);
	return true;
}

static bool
is_name(const struct piece *piece, const char *name)
{
	return slice_equal(piece->name, slice_of(name));
}

/* ---- a directory ---- */

enum { PIECES_MAX = 64 };

struct segment {
	struct piece pieces[PIECES_MAX];
	size_t count;
	bool has_variable;
};

/* What a value is made of, as far as it is a time. */
struct pattern {
	struct buf *java;
	struct buf *first; /* the value of 2000-01-01 */
	unsigned units;    /* a bit each */
	bool is_time;      /* nothing else is in it */
};

static int
add_text(struct pattern *p, struct slice text, struct err *err)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		/* DateTimeFormatter: letters are patterns, '[', ']', '{', '}' and '#' reserved */
		bool is_special = isalpha((unsigned char)c) || strchr("[]{}#", c);

		if (c == '\'')
			p->is_time = false;
		if (buf_append_char(p->first, c, err) ||
		    buf_appendf(p->java, err, is_special ? "'%c'" : "%c", c))
			return -1;
	}
	return 0;
}

static int
add_unit(struct pattern *p, enum time_unit unit, struct err *err)
{
	p->units |= 1U << unit;
	return buf_append_text(p->java, times[unit].java, err) ||
	               buf_append_text(p->first, times[unit].first, err)
	           ? -1
	           : 0;
}

static int
add_conversion(struct pattern *p, char conversion, struct err *err)
{
	if (conversion == 'F')
		return add_unit(p, UNIT_YEAR, err) || add_text(p, slice_of("-"), err) ||
		               add_unit(p, UNIT_MONTH, err) || add_text(p, slice_of("-"), err) ||
		               add_unit(p, UNIT_DAY, err)
		           ? -1
		           : 0;
	for (unsigned i = 0; i < UNITS; i++) {
		if (times[i].conversion == conversion)
			return add_unit(p, (enum time_unit)i, err);
	}
	p->is_time = false;
	return 0;
}

static int
add_strftime(struct pattern *p, struct slice spec, struct err *err)
{
	for (size_t i = 0; i < spec.len; i++) {
		if (spec.data[i] == '%' && i + 1 < spec.len) {
			if (add_conversion(p, spec.data[++i], err))
				return -1;
			continue;
		}
		/* what Hive escapes in values (flow/template.h) is not what a projection makes */
		if (strchr("#%'*\\:=?{[]^\"", spec.data[i]))
			p->is_time = false;
		if (add_text(p, slice_make(spec.data + i, 1), err))
			return -1;
	}
	return 0;
}

static int
add_piece(struct pattern *p, const struct piece *piece, struct err *err)
{
	if (!piece->is_variable)
		return add_text(p, piece->literal, err);
	if (is_name(piece, "@time"))
		return add_strftime(p, piece->spec, err);
	for (unsigned i = 0; i < UNITS; i++) {
		if (times[i].name && is_name(piece, times[i].name))
			return add_unit(p, (enum time_unit)i, err);
	}
	p->is_time = false;
	return 0;
}

/* A date has all units down to its finest. */
static const char *
interval_of(const struct pattern *p)
{
	for (unsigned i = 0; p->is_time && i < UNITS; i++) {
		if (p->units == (2U << i) - 1)
			return times[i].interval;
	}
	return NULL;
}

/* ---- a column ---- */

static int
append_literals(struct buf *out, const struct segment *s, struct err *err)
{
	for (size_t i = 0; i < s->count; i++) {
		if (buf_append(out, s->pieces[i].literal, err))
			return -1;
	}
	return 0;
}

static int
choose_integer(struct ddl_partition *c, unsigned units, struct err *err)
{
	for (unsigned i = 0; i < UNITS; i++) {
		if (units != 1U << i || !times[i].range)
			continue;
		c->projection = DDL_INTEGER;
		c->digits = (unsigned)strlen(times[i].java);
		return buf_append_text(&c->range, times[i].range, err);
	}
	return 0;
}

/* The values of an enum have commas between ("Supported types for partition projection"): one with a comma is
 * no enum's. */
static int
choose_enum(struct ddl_partition *c, struct slice value, struct err *err)
{
	buf_clear(&c->format);
	if (!value.len || memchr(value.data, ',', value.len))
		return 0;
	c->projection = DDL_ENUM;
	return buf_append(&c->format, value, err);
}

/* The segment is always the same: what its pieces say together, but for the first `skip` bytes. */
static int
choose_constant(struct ddl_partition *c, const struct segment *s, size_t skip, struct err *err)
{
	struct buf value = BUF_INIT(DDL_TEXT_BYTES_MAX);
	int rc = append_literals(&value, s, err);

	if (!rc)
		rc = choose_enum(c, slice_skip(buf_slice(&value), skip), err);
	buf_release(&value);
	return rc;
}

/* The first `skip` bytes of the first piece are its key. */
static int
choose(struct ddl_partition *c, struct segment *s, size_t skip, const char *topic, struct err *err)
{
	struct pattern p = { .java = &c->format, .first = &c->range, .is_time = true };
	struct piece *first = s->pieces;
	size_t from;

	c->projection = DDL_INJECTED;
	if (!s->has_variable)
		return choose_constant(c, s, skip, err);
	if (skip)
		first->literal = slice_skip(first->literal, skip);
	from = !first->is_variable && !first->literal.len;
	for (size_t i = from; i < s->count; i++) {
		if (add_piece(&p, &s->pieces[i], err))
			return -1;
	}
	if (s->count - from == 1 && topic && is_name(&s->pieces[from], "@topic"))
		return choose_enum(c, slice_of(topic), err);
	c->unit = interval_of(&p);
	if (s->count - from == 1 && p.is_time && !(p.units & (p.units - 1))) {
		buf_clear(&c->range);
		return choose_integer(c, p.units, err);
	}
	if (!c->unit)
		return 0;
	c->projection = DDL_DATE;
	return buf_append_text(&c->range, ",NOW+1", err) || buf_append_text(&c->range, c->unit, err)
	           ? -1
	           : 0;
}

/* Athena has letters, digits and '_' ("Name databases, tables, and columns"). */
static int
append_name(struct buf *out, struct slice name, struct err *err)
{
	for (size_t i = 0; i < name.len; i++) {
		int c = tolower((unsigned char)name.data[i]);

		if (buf_append_char(out, isalnum(c) ? (char)c : '_', err))
			return -1;
	}
	return 0;
}

static int
check_name(const struct ddl_partitions *p, const char *name, struct err *err)
{
	for (size_t i = 0; i + 1 < p->count; i++) {
		if (!strcasecmp(p->items[i].name.data, name))
			return err_set(err, ERR_USAGE, "--path: two directories are called %s", name);
	}
	return 0;
}

static struct ddl_partition *
new_column(struct ddl_partitions *p, struct err *err)
{
	struct ddl_partition *c = &p->items[p->count];

	if (p->count == DDL_PARTITIONS_MAX) {
		err_set(err, ERR_USAGE, "--path: more than %d directories", DDL_PARTITIONS_MAX);
		return NULL;
	}
	p->count++;
	*c = (struct ddl_partition){ .digits = 0 };
	buf_init(&c->name, DDL_TEXT_BYTES_MAX);
	buf_init(&c->format, DDL_TEXT_BYTES_MAX);
	buf_init(&c->range, DDL_TEXT_BYTES_MAX);
	return c;
}

/* The last member of a field's path, the word of another variable. */
static struct slice
name_of_variable(const struct segment *s)
{
	size_t i = 0;
	struct slice name, tail;

	while (!s->pieces[i].is_variable)
		i++;
	name = s->pieces[i].name;
	if (name.data[0] == '@')
		name = slice_skip(name, 1);
	while (slice_cut(name, '.', &tail, &name))
		tail = name;
	return name.len ? name : tail;
}

static int
add_segment(struct ddl_partitions *p, struct segment *s, const char *topic, struct err *err)
{
	struct slice text = s->pieces[0].literal, key = text, value;
	bool is_keyed = !s->pieces[0].is_variable && slice_cut(text, '=', &key, &value) && key.len;
	struct ddl_partition *c;

	if (!is_keyed) {
		p->is_hive = false;
		if (!s->has_variable)
			return append_literals(&p->location, s, err);
		key = name_of_variable(s);
	} else if (buf_append(&p->location, slice_make(text.data, key.len + 1), err)) {
		return -1;
	}
	c = new_column(p, err);
	if (c)
		c->takes_missing = !s->pieces[0].is_variable;
	if (!c || append_name(&c->name, key, err) || check_name(p, c->name.data, err) ||
	    choose(c, s, is_keyed ? key.len + 1 : 0, topic, err))
		return -1;
	return buf_appendf(&p->location, err, "${%s}", c->name.data);
}

static int
end_segment(struct ddl_partitions *p, struct segment *s, const char *topic, struct err *err)
{
	int rc = s->count ? add_segment(p, s, topic, err) : 0;

	*s = (struct segment){ .count = 0 };
	return rc ? rc : buf_append_char(&p->location, '/', err);
}

static int
add_to_segment(struct segment *s, const struct piece *piece, struct err *err)
{
	if (s->count == PIECES_MAX)
		return err_set(err, ERR_USAGE, "--path: too many parts in a directory");
	s->pieces[s->count++] = *piece;
	s->has_variable |= piece->is_variable;
	return 0;
}

int
ddl_partitions_init(
    struct ddl_partitions *p, const char *template, const char *topic, struct err *err)
{
	struct slice rest = template ? slice_of(template) : slice_make(NULL, 0);
	struct segment s = { .count = 0 };
	struct piece piece;

	*p = (struct ddl_partitions){ .is_hive = true };
	buf_init(&p->location, DDL_TEXT_BYTES_MAX);
	while (take_piece(&rest, &piece)) {
		if (!piece.is_variable && slice_equal(piece.literal, slice_of("/"))
			? end_segment(p, &s, topic, err)
			: add_to_segment(&s, &piece, err))
			return -1;
	}
	return s.count ? end_segment(p, &s, topic, err) : 0;
}

void
ddl_partitions_release(struct ddl_partitions *p)
{
	for (size_t i = 0; i < p->count; i++) {
		buf_release(&p->items[i].name);
		buf_release(&p->items[i].format);
		buf_release(&p->items[i].range);
	}
	buf_release(&p->location);
	p->count = 0;
}
