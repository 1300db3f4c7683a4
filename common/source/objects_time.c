/* SPDX-License-Identifier: MIT */
#include "source/objects_time.h"

#include <stdlib.h>

#include "flow/envelope.h"
#include "flow/field.h"

struct objects_time {
	const struct time_format *format;
	struct field_set *fields;         /* NULL: the envelope's time */
	unsigned index;
	struct envelope_reader *envelopes; /* NULL where records are none */
};

void
objects_time_free(struct objects_time *time)
{
	if (!time)
		return;
	field_set_free(time->fields);
	envelope_reader_free(time->envelopes);
	free(time);
}

static int
prepare(struct objects_time *time, const char *field, bool has_envelopes, struct err *err)
{
	int index;

	if (has_envelopes && !(time->envelopes = envelope_reader_new(err)))
		return -1;
	if (!field)
		return 0;
	time->fields = field_set_new(err);
	if (!time->fields)
		return -1;
	index = field_set_add(time->fields, slice_of(field), err);
	if (index < 0)
		return err_wrap(err, "--time");
	time->index = (unsigned)index;
	return 0;
}

struct objects_time *
objects_time_new(const char *field, const struct time_format *format, bool has_envelopes,
    struct err *err)
{
	struct objects_time *time = calloc(1, sizeof(*time));

	if (!time) {
		err_no_memory(err);
		return NULL;
	}
	time->format = format;
	if (prepare(time, field, has_envelopes, err)) {
		objects_time_free(time);
		return NULL;
	}
	return time;
}

int
objects_time_of(void *context, const struct record *record, int64_t *ret_ms, struct err *err)
{
	struct objects_time *time = context;
	struct record opened = *record;

	if (time->envelopes && envelope_read(time->envelopes, &opened, err))
		return -1;
	if (!time->fields) {
		if (opened.time_ms == RECORD_NO_TIME)
			return record_reject(&opened, -1, "no time in the envelope", err);
		*ret_ms = opened.time_ms;
		return 0;
	}
	if (field_scan(time->fields, &opened, err))
		return -1;
	return field_time(time->fields, &opened, time->index, time->format, ret_ms, err);
}
