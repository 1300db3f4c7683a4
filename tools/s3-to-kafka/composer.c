/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/composer.h"

#include <stdlib.h>

#include "flow/envelope.h"
#include "flow/field.h"
#include "flow/template.h"

enum {
	KEY_BYTES_MAX = 1024 * 1024,
	HEADER_BYTES_MAX = 16 * 1024 * 1024, /* values of -H together */
};

struct composer {
	struct composer_options options;
	struct field_set *fields;
	struct envelope_reader *reader; /* NULL without envelopes */
	unsigned time_index;
	struct template *key_template; /* NULL without --key */
	struct buf key;
	struct template *header_templates[COMPOSER_HEADERS_MAX];
	struct buf header_text; /* their values */
	struct record_header *headers;
	size_t header_capacity;
	unsigned shift_indexes[SHIFT_FIELDS_MAX + 1];
	size_t shift_index_count;
	struct shift_spot spots[SHIFT_FIELDS_MAX + 1];
};

/* ---- one record ---- */

static int
read_envelope(struct composer *c, struct record *record, struct err *err)
{
	int32_t partition = record->partition;

	if (!c->reader)
		return 0;
	record->partition = -1;
	if (envelope_read(c->reader, record, err)) {
		record->partition = partition;
		return -1;
	}
	if (record->partition >= 0)
		return 0;
	record->partition = partition;
	if (c->options.has_same_partition)
		return record_reject(record, -1, "no partition in the envelope (-p @same)", err);
	return 0;
}

static int
find_times(struct composer *c, const struct record *record, struct reorder_item *item,
    struct err *err)
{
	const struct composer_options *o = &c->options;

	item->time_ms = record->time_ms;
	if (o->time_field &&
	    field_time(c->fields, record, c->time_index, &o->time_format, &item->time_ms, err))
		return -1;
	if (o->needs_time && item->time_ms == RECORD_NO_TIME)
		return record_reject(record, -1, "no time in the envelope", err);
	item->kafka_time_ms = RECORD_NO_TIME;
	if (o->kafka_time == COMPOSER_TIME_EVENT)
		item->kafka_time_ms = item->time_ms;
	else if (o->kafka_time == COMPOSER_TIME_DEFAULT && c->reader)
		item->kafka_time_ms = record->time_ms;
	item->spots = c->spots;
	item->spot_count = 0;
	if (!o->has_shift || !record->has_value)
		return 0;
	return shift_find(c->fields, record, c->shift_indexes, c->shift_index_count,
	    &o->time_format, c->spots, &item->spot_count, err);
}

static int
make_key(struct composer *c, const struct record *record, struct reorder_item *item,
    struct err *err)
{
	item->key = record->key;
	item->has_key = record->has_key;
	if (!c->key_template)
		return 0;
	buf_clear(&c->key);
	if (template_render(c->key_template, c->fields, record, item->time_ms, &c->key, err))
		return -1;
	item->key = buf_slice(&c->key);
	item->has_key = true;
	return 0;
}

static int
reserve_headers(struct composer *c, size_t count, struct err *err)
{
	struct record_header *headers;

	if (count <= c->header_capacity)
		return 0;
	headers = reallocarray(c->headers, count, sizeof(*headers));
	if (!headers)
		return err_no_memory(err);
	c->headers = headers;
	c->header_capacity = count;
	return 0;
}

/* The record's own come first: of several of one name the last counts. */
static int
make_headers(struct composer *c, const struct record *record, struct reorder_item *item,
    struct err *err)
{
	size_t own = record->header_count, added = c->options.header_count;
	size_t ends[COMPOSER_HEADERS_MAX];
	size_t start = 0;

	item->headers = record->headers;
	item->header_count = own;
	if (!added)
		return 0;
	if (reserve_headers(c, own + added, err))
		return -1;
	if (own)
		memcpy(c->headers, record->headers, own * sizeof(*c->headers));
	buf_clear(&c->header_text);
	for (size_t i = 0; i < added; i++) {
		if (template_render(c->header_templates[i], c->fields, record, item->time_ms,
			&c->header_text, err))
			return -1;
		ends[i] = c->header_text.len;
	}
	/* the text has stopped moving */
	for (size_t i = 0; i < added; start = ends[i++])
		c->headers[own + i] = (struct record_header){
			.name = c->options.headers[i].name,
			.value = slice_make(c->header_text.data + start, ends[i] - start),
			.has_value = true,
		};
	item->headers = c->headers;
	item->header_count = own + added;
	return 0;
}

int
composer_make(struct composer *c, struct record *record, struct reorder_item *ret,
    struct err *err)
{
	if (read_envelope(c, record, err) || field_scan(c->fields, record, err))
		return -1;
	ret->sequence = record->position.sequence;
	ret->origin = record->origin;
	ret->line = record->line;
	ret->value = record->value;
	ret->has_value = record->has_value;
	ret->partition = c->options.has_same_partition ? record->partition : c->options.partition;
	return find_times(c, record, ret, err) || make_key(c, record, ret, err) ||
	    make_headers(c, record, ret, err) ? -1 : 0;
}

const struct field_set *
composer_fields(const struct composer *c)
{
	return c->fields;
}

/* ---- from options ---- */

static int
add_field(struct composer *c, const char *option, const char *path, unsigned *ret_index,
    struct err *err)
{
	int index = field_set_add(c->fields, slice_of(path), err);

	if (index < 0)
		return err_wrap(err, "%s", option);
	*ret_index = (unsigned)index;
	return 0;
}

/* The event time is moved too; a field named twice is moved once. */
static int
add_shift_fields(struct composer *c, struct err *err)
{
	for (size_t i = 0; i < c->options.shift_field_count; i++) {
		size_t at = 0;
		unsigned index = 0;

		if (add_field(c, "--shift", c->options.shift_fields[i], &index, err))
			return -1;
		while (at < c->shift_index_count && c->shift_indexes[at] != index)
			at++;
		c->shift_indexes[at] = index;
		if (at == c->shift_index_count)
			c->shift_index_count++;
	}
	return 0;
}

static int
compile_fields(struct composer *c, struct err *err)
{
	if (c->options.time_field) {
		if (add_field(c, "--time", c->options.time_field, &c->time_index, err))
			return -1;
		c->shift_indexes[c->shift_index_count++] = c->time_index;
	}
	return add_shift_fields(c, err);
}

static int
compile_templates(struct composer *c, struct err *err)
{
	const struct composer_options *o = &c->options;

	if (o->key) {
		c->key_template =
		    template_compile(o->key, TEMPLATE_REJECT, TEMPLATE_JSON, c->fields, err);
		if (!c->key_template)
			return err_wrap(err, "--key");
		if (!template_has_variable(c->key_template))
			return err_set(err, ERR_USAGE, "--key: \"%s\" has no {field} in it", o->key);
	}
	for (size_t i = 0; i < o->header_count; i++) {
		c->header_templates[i] = template_compile(
		    o->headers[i].value, TEMPLATE_REJECT, TEMPLATE_JSON, c->fields, err);
		if (!c->header_templates[i])
			return err_wrap(err, "-H");
	}
	return 0;
}

struct composer *
composer_new(const struct composer_options *options, struct err *err)
{
	struct composer *c = calloc(1, sizeof(*c));

	if (!c) {
		err_no_memory(err);
		return NULL;
	}
	c->options = *options;
	buf_init(&c->key, KEY_BYTES_MAX);
	buf_init(&c->header_text, HEADER_BYTES_MAX);
	c->fields = field_set_new(err);
	if (!c->fields || compile_fields(c, err) || compile_templates(c, err))
		goto fail;
	if (options->has_envelopes) {
		c->reader = envelope_reader_new(err);
		if (!c->reader)
			goto fail;
	}
	return c;
fail:
	composer_free(c);
	return NULL;
}

void
composer_free(struct composer *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < COMPOSER_HEADERS_MAX; i++)
		template_free(c->header_templates[i]);
	template_free(c->key_template);
	envelope_reader_free(c->reader);
	field_set_free(c->fields);
	buf_release(&c->key);
	buf_release(&c->header_text);
	free(c->headers);
	free(c);
}
