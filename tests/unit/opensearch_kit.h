/* SPDX-License-Identifier: MIT */
/* What the tests of kafka-to-opensearch as a service share. Failures end the test. */
#ifndef SLUICE_OPENSEARCH_KIT_H
#define SLUICE_OPENSEARCH_KIT_H

#include "kafka-to-opensearch/service.h"

enum { ITEMS_MAX = 64 };

/* trips[3]@991 of 2019-01-02T03:04:05.678Z with the key k"1; value NULL: a tombstone. */
struct record record_of(const char *value);

/* What the pump does: copies of records and notes. Zero-initialise. */
struct batch {
	struct service_item items[ITEMS_MAX];
	const struct service_item *pointers[ITEMS_MAX];
	size_t count;
};

void batch_add(struct batch *, const struct record *, const struct service_staged *);
void batch_release(struct batch *);

struct service *service_of(const struct opensearch_options *);

/* Stages a record that is to be sent. */
void stage_into(struct service *, struct batch *, struct record);

#endif
