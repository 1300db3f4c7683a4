/* SPDX-License-Identifier: MIT */
#include "kafka-window/row.h"

#include <assert.h>
#include <stdlib.h>

#include "codec/json.h"
#include "codec/time.h"
#include "kafka-window/groupkey.h"

/* One member after window_time: its text up to the value, `,"trips":`. */
struct member {
	char *lead;
	size_t lead_len;
};

struct row_layout {
	struct member *members;
	unsigned field_count;
	unsigned aggregate_count;
	bool has_revision;
	bool has_ms;
};

struct row_layout *
row_layout_new(struct err *err)
{
	struct row_layout *l = calloc(1, sizeof(*l));

	if (!l)
		(void)err_no_memory(err);
	return l;
}

void
row_layout_free(struct row_layout *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < l->field_count + l->aggregate_count; i++)
		free(l->members[i].lead);
	free(l->members);
	free(l);
}

static bool
is_taken(const struct row_layout *l, struct slice lead)
{
	static const char *const own[] = {
		",\"window_start\":", ",\"window_end\":", ",\"window_time\":", ",\"revision\":"
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(*own) - !l->has_revision; i++) {
		if (slice_is(lead, own[i]))
			return true;
	}
	for (unsigned i = 0; i < l->field_count + l->aggregate_count; i++) {
		if (slice_equal(lead, slice_make(l->members[i].lead, l->members[i].lead_len)))
			return true;
	}
	return false;
}

static int
put_member(struct row_layout *l, struct buf *lead, struct err *err)
{
	unsigned count = l->field_count + l->aggregate_count;
	struct member *members = realloc(l->members, (count + 1) * sizeof(*members));
	size_t len = lead->len;

	if (!members)
		return err_no_memory(err);
	l->members = members;
	members[count].lead = buf_take(lead);
	members[count].lead_len = len;
	return members[count].lead ? 0 : err_no_memory(err);
}

static int
add_member(struct row_layout *l, struct slice name, struct err *err)
{
	struct buf lead = BUF_INIT(SIZE_MAX / 4);
	int rc = -1;

	if (!name.len) {
		(void)err_set(err, ERR_USAGE, "a name is empty");
		goto out;
	}
	if (buf_append_char(&lead, ',', err) || json_string_append(&lead, name, err) ||
	    buf_append_char(&lead, ':', err))
		goto out;
	if (is_taken(l, buf_slice(&lead))) {
		(void)err_set(err, ERR_USAGE, "the name %.*s is taken already", SLICE_ARGS(name));
		goto out;
	}
	rc = put_member(l, &lead, err);
out:
	buf_release(&lead);
	return rc;
}

void
row_layout_add_revision(struct row_layout *l)
{
	assert(!l->field_count && !l->aggregate_count);
	l->has_revision = true;
}

void
row_layout_write_ms(struct row_layout *l)
{
	l->has_ms = true;
}

int
row_layout_add_field(struct row_layout *l, struct slice name, struct err *err)
{
	assert(!l->aggregate_count);
	if (add_member(l, name, err))
		return -1;
	l->field_count++;
	return 0;
}

int
row_layout_add_aggregate(struct row_layout *l, struct slice name, struct err *err)
{
	if (add_member(l, name, err))
		return -1;
	l->aggregate_count++;
	return 0;
}

static int
append_time(struct buf *out, const struct row_layout *l, const char *lead, int64_t time_ms,
    struct err *err)
{
	char text[TIME_ISO_BYTES];

	if (buf_append_text(out, lead, err))
		return -1;
	if (l->has_ms)
		return buf_append_int(out, time_ms, err);
	time_format_iso(time_ms, text);
	return buf_append_char(out, '"', err) || buf_append_text(out, text, err) ||
		buf_append_char(out, '"', err)
	    ? -1
	    : 0;
}

static int
append_lead(struct buf *out, const struct member *m, struct err *err)
{
	return buf_append(out, slice_make(m->lead, m->lead_len), err);
}

int
row_append(struct buf *out, const struct row_layout *l, const struct aggregate_plan *plan,
    const struct engine_row *row, struct err *err)
{
	struct slice key = row->key;

	if (append_time(out, l, "{\"window_start\":", row->span.start_ms, err) ||
	    append_time(out, l, ",\"window_end\":", row->span.end_ms, err) ||
	    append_time(out, l, ",\"window_time\":", row->span.end_ms - 1, err))
		return -1;
	if (l->has_revision && (buf_append_text(out, ",\"revision\":", err) ||
				   aggregate_append(plan, plan->count - 1, row->states, out, err)))
		return -1;
	for (unsigned i = 0; i < l->field_count; i++) {
		if (append_lead(out, &l->members[i], err) ||
		    buf_append(out, groupkey_take(&key), err))
			return -1;
	}
	for (unsigned i = 0; i < l->aggregate_count; i++) {
		if (append_lead(out, &l->members[l->field_count + i], err) ||
		    aggregate_append(plan, i, row->states, out, err))
			return -1;
	}
	return buf_append_char(out, '}', err);
}

static int
append_text(struct buf *out, struct slice value, struct err *err)
{
	if (value.len < 2 || value.data[0] != '"')
		return buf_append(out, value, err);
	return json_string_decode(slice_make(value.data + 1, value.len - 2), out, err);
}

int
row_append_key(struct buf *out, const struct row_layout *l, struct slice key, bool *ret_has_key,
    struct err *err)
{
	*ret_has_key = l->field_count > 0;
	if (!l->field_count)
		return 0;
	if (l->field_count == 1)
		return append_text(out, groupkey_take(&key), err);
	for (unsigned i = 0; i < l->field_count; i++) {
		if (buf_append_char(out, i ? ',' : '[', err) ||
		    buf_append(out, groupkey_take(&key), err))
			return -1;
	}
	return buf_append_char(out, ']', err);
}
