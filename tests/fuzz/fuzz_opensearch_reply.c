/* SPDX-License-Identifier: MIT */
/*
 * Replies of any bytes to a bulk request: whatever comes, each record has one fate where the reply counts, and
 * none where it does not. The first byte says how many records there were, and which operations; the second
 * the status.
 */
#include <stdint.h>
#include <stdlib.h>

#include "kafka-to-opensearch/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ITEMS_MAX = 8, UNTOLD = 77 };

static void
require(bool claim)
{
	if (!claim)
		abort();
}

static const char *
no_header(const void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

static struct service *
make_service(void)
{
	struct opensearch_options options = { .index = "t", .id = "{@key}" };
	struct err err = ERR_INIT;
	struct service *service = opensearch_new(&options, &err);

	require(service != NULL);
	return service;
}

static void
check_words(const char *words, size_t bytes_max)
{
	require(strnlen(words, bytes_max) < bytes_max);
	for (const char *at = words; *at; at++)
		require((unsigned char)*at >= ' ' && *at != 0x7f);
}

static void
check_judged(const struct service_verdict *verdicts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		require(verdicts[i].fate == SERVICE_DONE || verdicts[i].fate == SERVICE_RETRY ||
		        verdicts[i].fate == SERVICE_THROTTLED ||
		        verdicts[i].fate == SERVICE_REFUSED);
		check_words(verdicts[i].reason, sizeof(verdicts[i].reason));
		require((verdicts[i].fate == SERVICE_DONE) == !*verdicts[i].reason);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* 200 above all: the others have no items */
	static const int statuses[] = { 200, 200, 200, 200, 400, 403, 413, 429, 503, 302 };
	static struct service *service;
	char notes[ITEMS_MAX];
	struct service_item items[ITEMS_MAX];
	const struct service_item *pointers[ITEMS_MAX];
	struct service_verdict verdicts[ITEMS_MAX];
	struct service_reply reply = { .header = no_header };
	struct err err = ERR_INIT;
	enum service_outcome outcome;
	size_t count;

	if (size < 2)
		return 0;
	if (!service)
		service = make_service();
	count = 1 + data[0] % ITEMS_MAX;
	for (size_t i = 0; i < count; i++) {
		notes[i] = (char)((data[0] >> 3) % BULK_OP_COUNT);
		items[i] = (struct service_item){ .note = slice_make(&notes[i], 1) };
		pointers[i] = &items[i];
		verdicts[i].fate = (enum service_fate)UNTOLD;
	}
	reply.status = statuses[data[1] % (sizeof(statuses) / sizeof(*statuses))];
	reply.is_cut = data[1] & 128;
	reply.body = slice_make((const char *)data + 2, size - 2);
	outcome = service->ops->verdicts(service, pointers, count, &reply, verdicts, &err);
	check_words(err.text, sizeof(err.text));
	if (outcome == SERVICE_JUDGED) {
		require(reply.status == 200 && err.class == ERR_NONE);
		check_judged(verdicts, count);
	} else {
		require(err.class != ERR_NONE);
		require(outcome != SERVICE_STOP || err.class != ERR_DATA);
	}
	return 0;
}
