/* SPDX-License-Identifier: MIT */
#include "kafka-window/inputs.h"

#include <stdlib.h>

#include "kafka-window/groupkey.h"

enum { TEXTS_BYTES_MAX = 256 * 1024 * 1024 }; /* above any record's fields */

/* A field that aggregates take in, and those that need more of it than its kind: bit i is the
 * plan's aggregate i. */
struct input_field {
	unsigned index; /* in the field set */
	uint64_t needs[AGGREGATE_NEEDS_END];
	bool has_other; /* more is needed of it than its kind and number */
};

/* A where=. */
struct filter {
	unsigned aggregate;
	unsigned index; /* in the field set */
	struct predicate *predicate;
};

struct inputs {
	struct field_set *fields;
	struct input_field input_fields[AGGREGATES_MAX];
	struct input values[AGGREGATES_MAX];
	unsigned count;
	struct filter filters[AGGREGATES_MAX];
	unsigned filter_count;
	unsigned aggregate_count;
	uint64_t skips;
	uint64_t has_text; /* bit i: the record's input i has one */
	struct buf texts; /* canonical, each with a line feed */
	struct buf scratch;
};

struct inputs *
inputs_new(struct field_set *fields, struct err *err)
{
	struct inputs *in = calloc(1, sizeof(*in));

	if (!in) {
		(void)err_no_memory(err);
		return NULL;
	}
	in->fields = fields;
	buf_init(&in->texts, TEXTS_BYTES_MAX);
	buf_init(&in->scratch, TEXTS_BYTES_MAX);
	return in;
}

void
inputs_free(struct inputs *in)
{
	if (!in)
		return;
	for (unsigned i = 0; i < in->filter_count; i++)
		predicate_free(in->filters[i].predicate);
	buf_release(&in->texts);
	buf_release(&in->scratch);
	free(in);
}

/* ---- compiling ---- */

static unsigned
find_input(struct inputs *in, unsigned index)
{
	for (unsigned i = 0; i < in->count; i++) {
		if (in->input_fields[i].index == index)
			return i;
	}
	in->input_fields[in->count].index = index;
	return in->count++;
}

static int
add_filter(struct inputs *in, const struct predicate_text *text, struct err *err)
{
	struct filter *filter = &in->filters[in->filter_count];
	int index = field_set_add(in->fields, text->field, err);

	if (index < 0)
		return -1;
	filter->predicate = predicate_new(text, err);
	if (!filter->predicate)
		return -1;
	filter->aggregate = in->aggregate_count;
	filter->index = (unsigned)index;
	in->filter_count++;
	return 0;
}

int
inputs_add(struct inputs *in, const struct aggregate_text *text, struct aggregate *ret,
    struct err *err)
{
	enum aggregate_need need = aggregate_func_need(text->aggregate.func);
	int index;

	if (in->aggregate_count == AGGREGATES_MAX)
		return err_set(err, ERR_USAGE, "more than %d aggregates", AGGREGATES_MAX);
	*ret = text->aggregate;
	if (text->field.len) {
		index = field_set_add(in->fields, text->field, err);
		if (index < 0)
			return -1;
		ret->input = find_input(in, (unsigned)index);
		in->input_fields[ret->input].needs[need] |= UINT64_C(1) << in->aggregate_count;
		in->input_fields[ret->input].has_other |=
		    need != AGGREGATE_NEEDS_KIND && need != AGGREGATE_NEEDS_NUMBER;
	}
	if (text->where.field.len && add_filter(in, &text->where, err))
		return err_wrap(err, "where=");
	in->aggregate_count++;
	return 0;
}

/* ---- one record ---- */

static int
read_skips(struct inputs *in, struct err *err)
{
	bool holds;

	in->skips = 0;
	for (unsigned i = 0; i < in->filter_count; i++) {
		const struct filter *filter = &in->filters[i];

		if (predicate_holds(filter->predicate, field_get(in->fields, filter->index),
			&in->scratch, &holds, err))
			return -1;
		in->skips |= (uint64_t)!holds << filter->aggregate;
	}
	return 0;
}

static const enum input_kind kinds[] = {
	[JSON_TYPE_MISSING] = INPUT_NULL,
	[JSON_TYPE_NULL] = INPUT_NULL,
	[JSON_TYPE_FALSE] = INPUT_OTHER,
	[JSON_TYPE_TRUE] = INPUT_OTHER,
	[JSON_TYPE_NUMBER] = INPUT_NUMBER,
	[JSON_TYPE_STRING] = INPUT_STRING,
	[JSON_TYPE_ARRAY] = INPUT_OTHER,
	[JSON_TYPE_OBJECT] = INPUT_OTHER,
};

static int
append_text(struct inputs *in, const struct record *record, unsigned index, struct err *err)
{
	const char *reason = NULL;

	if (!groupkey_append(&in->texts, field_get(in->fields, index), &reason, err))
		return 0;
	return reason ? field_reject(in->fields, record, index, reason, err) : -1;
}

/* What is neither a sum nor the like. */
static int
read_other(struct inputs *in, const struct record *record, unsigned i, struct err *err)
{
	const struct input_field *field = &in->input_fields[i];
	struct input *input = &in->values[i];
	bool is_ordered = field->needs[AGGREGATE_NEEDS_NUMBER_OR_STRING] & ~in->skips;
	bool has_text = field->needs[AGGREGATE_NEEDS_TEXT] & ~in->skips;

	if (is_ordered && input->kind == INPUT_OTHER)
		return field_reject(in->fields, record, field->index,
		    "is neither a number nor a string", err);
	if (is_ordered && input->kind == INPUT_NUMBER &&
	    field_number(in->fields, record, field->index, &input->number, err))
		return -1;
	if (!has_text && !(is_ordered && input->kind == INPUT_STRING))
		return 0;
	in->has_text |= UINT64_C(1) << i;
	return append_text(in, record, field->index, err);
}

/* Where the texts stand is known when no more are added. */
static void
place_texts(struct inputs *in)
{
	struct slice rest = buf_slice(&in->texts);

	for (unsigned i = 0; i < in->count; i++) {
		if (in->has_text >> i & 1)
			in->values[i].text = groupkey_take(&rest);
	}
}

/* Plain numbers, which most inputs are, are not called for twice. */
static inline int
read_number(struct inputs *in, const struct record *record, unsigned index,
    const struct json_value *value, struct number *ret, struct err *err)
{
	if (value->type == JSON_TYPE_NUMBER && !number_parse_padded(json_slice(value), ret))
		return 0;
	return field_number(in->fields, record, index, ret, err);
}

int
inputs_read(struct inputs *in, const struct record *record, struct err *err)
{
	const struct json_value *values = field_values(in->fields);

	if (in->filter_count && read_skips(in, err))
		return -1;
	if (in->has_text) {
		buf_clear(&in->texts);
		in->has_text = 0;
	}
	for (unsigned i = 0; i < in->count; i++) {
		const struct input_field *field = &in->input_fields[i];
		const struct json_value *value = &values[field->index];
		struct input *input = &in->values[i];

		input->kind = kinds[value->type];
		if (input->kind == INPUT_NULL)
			continue;
		if ((field->needs[AGGREGATE_NEEDS_NUMBER] & ~in->skips) &&
		    read_number(in, record, field->index, value, &input->number, err))
			return -1;
		if (field->has_other && read_other(in, record, i, err))
			return -1;
	}
	if (in->has_text)
		place_texts(in);
	return 0;
}

const struct input *
inputs_values(const struct inputs *in)
{
	return in->values;
}

uint64_t
inputs_skips(const struct inputs *in)
{
	return in->skips;
}
