/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as DynamoDB's reply: nothing counts as delivered but by a whole answer, and what stops
 * or is tried again has a reason. The first byte says which status and which service.
 */
#include <stdint.h>
#include <stdlib.h>

#include "kafka-to-dynamo/service.h"
#include "kafka-to-dynamo/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ITEMS = 3 };

static void
require(bool claim)
{
	if (!claim)
		abort();
}

static const char *
no_header(const void *context, const char *name)
{
	(void)name;
	return context;
}

static bool
contains(struct slice text, const char *word)
{
	return text.len && memmem(text.data, text.len, word, strlen(word));
}

static void
check(int status, bool is_batch, struct slice body, enum service_outcome outcome,
    const struct service_verdict *verdicts, size_t count, const struct err *err)
{
	if (outcome != SERVICE_JUDGED) {
		require(err->class != ERR_NONE && err->text[0]);
		require(outcome != SERVICE_SPLIT || count > 1);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		require(memchr(verdicts[i].reason, '\0', sizeof(verdicts[i].reason)) != NULL);
		require(verdicts[i].fate == SERVICE_DONE || verdicts[i].reason[0]);
		if (verdicts[i].fate == SERVICE_DONE && status != 200)
			require(contains(body, "ConditionalCheckFailedException"));
		if (verdicts[i].fate == SERVICE_DONE && status == 200 && is_batch)
			require(contains(body, "UnprocessedItems") || contains(body, "\\u00"));
	}
}

static void
try_reply(struct dynamo_options *options, int status, struct slice body)
{
	static const char *const values[ITEMS] = { "{\"id\":\"a\",\"b\":1}",
		"{\"id\":\"a\",\"b\":1.0}", "{\"id\":\"b\",\"b\":2}" };
	struct err err = ERR_INIT;
	struct service *service = dynamo_service_new(options, &err);
	struct service_item items[ITEMS] = { { .lane = 0 } };
	const struct service_item *pointers[ITEMS];
	char *notes[ITEMS];
	struct service_verdict verdicts[ITEMS];
	struct service_reply reply = { .status = status, .body = body, .header = no_header };
	bool is_batch = options->op == DYNAMO_PUT;
	size_t count = is_batch ? ITEMS : 1;

	require(service && !dynamo_service_begin(service, &err));
	for (size_t i = 0; i < ITEMS; i++) {
		struct record record = { .value = slice_of(values[i]), .has_value = true };
		struct service_staged staged;

		require(service->ops->stage(service, &record, &staged, &err) == SERVICE_SEND);
		notes[i] = malloc(staged.note.len);
		require(notes[i] != NULL);
		memcpy(notes[i], staged.note.data, staged.note.len);
		items[i].note = slice_make(notes[i], staged.note.len);
		items[i].lane = staged.lane;
		pointers[i] = &items[i];
	}
	memset(verdicts, 0x7f, sizeof(verdicts));
	check(status, is_batch, body,
	    service->ops->verdicts(service, pointers, count, &reply, verdicts, &err), verdicts,
	    count, &err);
	for (size_t i = 0; i < ITEMS; i++)
		free(notes[i]);
	service_free(service);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 400, 500, 403, 413, 429, 404, 200 };
	static const struct schema schema = {
		.keys = { { "id", ATTRIBUTE_STRING }, { "b", ATTRIBUTE_NUMBER } },
		.key_count = 2,
	};
	static const struct item_options items;
	struct dynamo_options options = { .table = "t", .schema = &schema, .items = &items };
	struct table_description described;
	struct err err = ERR_INIT;
	struct slice body;

	if (!size)
		return 0;
	body = slice_make((const char *)data + 1, size - 1);
	options.op = data[0] & 8 ? DYNAMO_UPDATE : DYNAMO_PUT;
	try_reply(&options, statuses[data[0] & 7], body);
	if (!table_read(body, &described, &err))
		require(described.schema.key_count >= 1 && described.schema.keys[0].name[0] &&
		    described.status[0]);
	return 0;
}
