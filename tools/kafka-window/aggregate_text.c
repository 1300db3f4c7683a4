/* SPDX-License-Identifier: MIT */
#include "kafka-window/aggregate_text.h"

#include <stdlib.h>

#include "kafka-window/chunk.h"
#include "kafka-window/groupkey.h"
#include "kafka-window/varint.h"

size_t
heap_text_held(const struct heap_text *t)
{
	return t ? chunk_bytes(sizeof(*t) + t->capacity) : 0;
}

int
heap_text_set(struct heap_text **t, struct slice text, size_t *held, struct err *err)
{
	bool had = *t;
	struct heap_text *grown;

	if (text.len > UINT32_MAX)
		return err_set(err, ERR_FAULT, "a value of 4 GiB");
	if (!*t || (*t)->capacity < text.len) {
		grown = realloc(*t, sizeof(*grown) + text.len);
		if (!grown)
			return err_no_memory(err);
		*held += chunk_bytes(sizeof(*grown) + text.len);
		*held -= had ? chunk_bytes(sizeof(*grown) + grown->capacity) : 0;
		grown->capacity = (uint32_t)text.len;
		*t = grown;
	}
	(*t)->len = (uint32_t)text.len;
	if (text.len)
		memcpy((*t)->bytes, text.data, text.len);
	return 0;
}

int
heap_text_encode(struct slice text, struct buf *out, struct err *err)
{
	return varint_append(out, text.len, err) ? -1 : buf_append(out, text, err);
}

bool
heap_text_take(struct slice *bytes, struct slice *ret)
{
	varint_wide len;

	if (!varint_take(bytes, UINT32_MAX, &len) || len > bytes->len)
		return false;
	*ret = slice_make(bytes->data, (size_t)len);
	*bytes = slice_skip(*bytes, (size_t)len);
	return groupkey_is_value(*ret) && !slice_is(*ret, "null");
}
