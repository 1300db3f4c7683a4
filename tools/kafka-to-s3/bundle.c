/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/bundle.h"

#include <stdlib.h>

void
object_free(struct object *o)
{
	if (!o)
		return;
	spool_free(o->spool);
	free(o->path);
	free(o);
}

void
bundle_release(struct bundle *b)
{
	for (size_t i = 0; i < b->count; i++)
		object_free(b->objects[i]);
	free(b->objects);
	*b = (struct bundle){ .count = 0 };
}

int64_t
bundle_open_records(const struct bundle *b)
{
	int64_t sum = 0;

	for (size_t i = b->published; i < b->count; i++)
		sum += b->objects[i]->record_count;
	return sum;
}
