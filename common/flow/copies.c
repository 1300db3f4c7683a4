/* SPDX-License-Identifier: MIT */
#include "flow/copies.h"

#include <string.h>

/* A copy: what the service sees comes first; headers and bytes follow. */
struct copy {
	struct service_item item;
	struct slab *slab;
};

static size_t
headers_bytes(const struct record *r)
{
	size_t bytes = r->header_count * sizeof(*r->headers);

	for (size_t i = 0; i < r->header_count; i++)
		bytes += r->headers[i].name.len + r->headers[i].value.len;
	return bytes;
}

/* Copies to *at and moves it; an empty slice stays what it is. */
static void
copy_slice(struct slice *s, char **at)
{
	if (!s->len)
		return;
	memcpy(*at, s->data, s->len);
	s->data = *at;
	*at += s->len;
}

static void
copy_headers(struct record *r, struct record_header *headers, char **at)
{
	if (!r->header_count)
		return;
	memcpy(headers, r->headers, r->header_count * sizeof(*headers));
	for (size_t i = 0; i < r->header_count; i++) {
		copy_slice(&headers[i].name, at);
		copy_slice(&headers[i].value, at);
	}
	r->headers = headers;
}

/* The value comes last: what lies behind it in the slab pads it. */
struct service_item *
copies_put(struct slabs *slabs, struct slab **open, const struct record *record,
    const struct service_staged *staged, struct err *err)
{
	size_t bytes = sizeof(struct copy) + headers_bytes(record) + record->origin.len +
	    record->topic.len + record->key.len + staged->note.len + record->value.len;
	struct slab *slab;
	struct copy *c = slabs_take(slabs, open, bytes, &slab, err);
	struct record_header *headers;
	char *at;

	if (!c)
		return NULL;
	headers = (struct record_header *)(c + 1);
	at = (char *)(headers + record->header_count);
	c->slab = slab;
	c->item = (struct service_item){ .record = *record, .note = staged->note,
		.lane = staged->lane, .bytes = staged->bytes };
	copy_headers(&c->item.record, headers, &at);
	copy_slice(&c->item.record.origin, &at);
	copy_slice(&c->item.record.topic, &at);
	copy_slice(&c->item.record.key, &at);
	copy_slice(&c->item.note, &at);
	copy_slice(&c->item.record.value, &at);
	if (!record->value.len)
		c->item.record.value.data = at; /* padded too */
	c->item.record.is_padded = true;
	return &c->item;
}

void
copies_drop(struct slabs *slabs, const struct slab *open, struct service_item *item)
{
	slabs_drop(slabs, open, ((struct copy *)item)->slab);
}
