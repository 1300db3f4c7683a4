/* SPDX-License-Identifier: MIT */
#include "kafka-to-lambda/result.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char member[] = "batchItemFailures";

static int
read_failure(json_t *item, struct result_failure *ret)
{
	json_t *id = json_object_get(item, "itemIdentifier");
	json_t *partition = json_object_get(id, "partition"), *offset = json_object_get(id, "offset");

	if (!json_is_string(partition) || !json_is_integer(offset))
		return -1;
	ret->partition = slice_make(json_string_value(partition), json_string_length(partition));
	ret->offset = json_integer_value(offset);
	return 0;
}

static int
read_failures(json_t *list, struct result *result, struct err *err)
{
	size_t count = json_array_size(list);

	if (!json_is_array(list))
		return err_set(err, ERR_DATA, "its %s is no array", member);
	if (!count)
		return 0;
	result->failures = calloc(count, sizeof(*result->failures));
	if (!result->failures)
		return err_no_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (read_failure(json_array_get(list, i), &result->failures[i]))
			return err_set(err, ERR_DATA,
			    "%s[%zu] has no itemIdentifier with partition and offset", member, i);
	}
	result->failure_count = count;
	return 0;
}

/* Most answers do not speak of records. */
static bool
may_name(struct slice body, bool is_of_lambda)
{
	struct slice text = slice_trim(body);

	return text.len && ((is_of_lambda && text.data[0] == '{') ||
			       memmem(text.data, text.len, member, sizeof(member) - 1));
}

int
result_read(struct slice body, bool is_of_lambda, struct result *ret, struct err *err)
{
	struct result result = { .failures = NULL };
	json_error_t why;
	json_t *list;

	if (!may_name(body, is_of_lambda)) {
		*ret = result;
		return 0;
	}
	result.tree = json_loadb(body.data, body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (!result.tree)
		return err_set(err, ERR_DATA, "it is no JSON: %s", why.text);
	list = json_object_get(result.tree, member);
	if (list && !json_is_null(list) && read_failures(list, &result, err)) {
		result_release(&result);
		return -1;
	}
	*ret = result;
	return 0;
}

void
result_release(struct result *result)
{
	free(result->failures);
	json_decref(result->tree);
	*result = (struct result){ .failures = NULL };
}

/* ---- words ---- */

static struct slice
text_of(json_t *tree, const char *name)
{
	json_t *text = json_object_get(tree, name);

	return slice_make(json_string_value(text), json_string_length(text));
}

/* Appends as much of the text as there is room for. */
static void
add(char ret[static SERVICE_REASON_BYTES], struct slice text)
{
	size_t len = strlen(ret);

	for (size_t i = 0; i < text.len && len + 1 < SERVICE_REASON_BYTES; i++) {
		unsigned char c = (unsigned char)text.data[i];

		ret[len++] = c < 0x20 || c == 0x7f ? ' ' : text.data[i];
	}
	ret[len] = '\0';
}

void
result_words(struct slice body, char ret[static SERVICE_REASON_BYTES])
{
	json_t *tree = body.len ? json_loadb(body.data, body.len, JSON_ALLOW_NUL, NULL) : NULL;
	struct slice type = text_of(tree, "errorType"), text = text_of(tree, "errorMessage"), rest;

	ret[0] = '\0';
	add(ret, type);
	if (type.len && text.len)
		add(ret, slice_of(": "));
	add(ret, text);
	if (!ret[0]) {
		(void)slice_cut(slice_trim(body), '\n', &text, &rest);
		add(ret, slice_trim(text));
	}
	json_decref(tree);
}
