/* SPDX-License-Identifier: MIT */
/*
 * Answers of a function of any bytes: an answer is read or refused as bad data, every record has one fate, and a
 * reason is there where it is not done. The first byte chooses status, error header and options.
 */
#include <stdint.h>
#include <stdlib.h>

#include "kafka-to-lambda/result.h"
#include "kafka-to-lambda/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ITEMS = 4, ERROR = 1, ASYNC = 2, BISECT = 4, RETRIES = 8, FAILED = 16, COMMAND = 32 };

static void
require(bool claim)
{
	if (!claim)
		abort();
}

static int64_t
no_time(void)
{
	return 0;
}

static const char *
header(const void *context, const char *name)
{
	const uint8_t *choice = context;

	return *choice & ERROR && !strcmp(name, "X-Amz-Function-Error") ? "Unhandled" : NULL;
}

static void
try_words(struct slice body)
{
	char words[SERVICE_REASON_BYTES];

	result_words(body, words);
	require(memchr(words, '\0', sizeof(words)) != NULL);
	for (const char *at = words; *at; at++)
		require((unsigned char)*at >= ' ' && *at != 0x7f);
}

static void
try_result(uint8_t choice, struct slice body)
{
	struct err err = ERR_INIT;
	struct result result;

	if (result_read(body, !(choice & COMMAND), &result, &err)) {
		require(err.class == ERR_DATA);
		return;
	}
	for (size_t i = 0; i < result.failure_count; i++)
		require(result.failures[i].partition.data != NULL);
	result_release(&result);
}

static void
try_verdicts(uint8_t choice, struct slice body)
{
	const struct lambda_options options = {
		.function = "f",
		.is_command = choice & COMMAND,
		.is_async = choice & ASYNC,
		.is_bisecting = choice & BISECT,
		.retries_max = choice & RETRIES ? 0 : -1,
		.age_ms_max = -1,
		.wall_ms = no_time,
	};
	const struct service_reply reply = {
		.status = choice & FAILED ? 0 : 200, .body = body, .header = header,
		.header_context = &choice,
	};
	struct err err = ERR_INIT;
	struct service *service = lambda_service_new(&options, &err);
	struct service_item items[ITEMS] = { { .retries = 0 } };
	const struct service_item *pointers[ITEMS];
	struct service_verdict verdicts[ITEMS];
	enum service_outcome outcome;

	require(service != NULL);
	memset(verdicts, 0xff, sizeof(verdicts));
	for (int i = 0; i < ITEMS; i++) {
		items[i].record = (struct record){ .topic = { "t", 1 }, .partition = i / 2, .offset = i };
		pointers[i] = &items[i];
	}
	outcome = service->ops->verdicts(service, pointers, ITEMS, &reply, verdicts, &err);
	require(outcome == SERVICE_JUDGED || (outcome == SERVICE_SPLIT && choice & BISECT) ||
	    (outcome == SERVICE_AGAIN && choice & ASYNC));
	for (int i = 0; outcome == SERVICE_JUDGED && i < ITEMS; i++) {
		require(verdicts[i].fate == SERVICE_DONE || verdicts[i].fate == SERVICE_RETRY ||
		    verdicts[i].fate == SERVICE_REFUSED);
		require(memchr(verdicts[i].reason, '\0', SERVICE_REASON_BYTES) != NULL);
		require((verdicts[i].fate == SERVICE_DONE) == !*verdicts[i].reason ||
		    choice & FAILED);
	}
	service_free(service);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body;

	if (!size)
		return 0;
	body = slice_make((const char *)data + 1, size - 1);
	try_words(body);
	try_result(data[0], body);
	try_verdicts(data[0], body);
	return 0;
}
