/* SPDX-License-Identifier: MIT */
#include "tests/unit/opensearch_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* 2019-01-02T03:04:05.678Z */
#define TIME_MS INT64_C(1546398245678)

struct record
record_of(const char *value)
{
	return (struct record){
		.topic = slice_of("trips"),
		.partition = 3,
		.offset = 991,
		.has_offset = true,
		.time_ms = TIME_MS,
		.has_key = true,
		.key = slice_of("k\"1"),
		.has_value = value != NULL,
		.value = slice_of(value),
	};
}

void
batch_add(struct batch *b, const struct record *record, const struct service_staged *staged)
{
	struct service_item *item = &b->items[b->count];
	char *note = malloc(staged->note.len);

	assert_non_null(note);
	assert_true(b->count < ITEMS_MAX);
	memcpy(note, staged->note.data, staged->note.len);
	*item = (struct service_item){ .record = *record,
		.note = slice_make(note, staged->note.len),
		.lane = staged->lane,
		.bytes = staged->bytes };
	b->pointers[b->count++] = item;
}

void
batch_release(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		free((char *)(uintptr_t)b->items[i].note.data);
}

struct service *
service_of(const struct opensearch_options *o)
{
	struct err err = ERR_INIT;
	struct service *service = opensearch_new(o, &err);

	if (!service)
		fail_msg("%s", err.text);
	return service;
}

void
stage_into(struct service *service, struct batch *b, struct record record)
{
	struct service_staged staged;
	struct err err = ERR_INIT;

	if (service->ops->stage(service, &record, &staged, &err) != SERVICE_SEND)
		fail_msg("%s", err.text);
	batch_add(b, &record, &staged);
}
