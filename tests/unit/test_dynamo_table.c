/* SPDX-License-Identifier: MIT */
/* What a table says of itself, and is told to be; its names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka-to-dynamo/table.h"

/* ---- descriptions ---- */

#define KEYS "\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]"
#define TYPES                                                                          \
	"\"AttributeDefinitions\":[{\"AttributeName\":\"x\",\"AttributeType\":\"B\"}," \
	"{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}]"

static const struct {
	const char *reply;
	const char *keys; /* as --create-table has them; NULL: no description */
	enum table_state state;
	const char *status;
} descriptions[] = {
	{ "{\"Table\":{" KEYS "," TYPES ",\"TableStatus\":\"ACTIVE\"}}", "id:S", TABLE_READY, "ACTIVE" },
	{ "{\"Table\":{" KEYS "," TYPES ",\"TableStatus\":\"UPDATING\"}}", "id:S", TABLE_READY, "UPDATING" },
	{ "{\"Table\":{" KEYS "," TYPES ",\"TableStatus\":\"CREATING\"}}", "id:S", TABLE_BEGINS, "CREATING" },
	{ "{\"Table\":{" KEYS "," TYPES ",\"TableStatus\":\"DELETING\"}}", "id:S", TABLE_SHUT, "DELETING" },
	{ "{\"Table\":{" KEYS "," TYPES ",\"TableStatus\":\"INACCESSIBLE_ENCRYPTION_CREDENTIALS\"}}",
	    "id:S", TABLE_SHUT, "INACCESSIBLE_ENCRYPTION_CREDENTIALS" },
	{ "{\"Table\":{" KEYS "," TYPES ",\"TableStatus\":\"A\\u001b\"}}", "id:S", TABLE_SHUT,
	    "in no known state" },
	{ "{\"Table\":{" KEYS "," TYPES "}}", "id:S", TABLE_SHUT, "in no known state" },
	{ "{\"Table\":{\"KeySchema\":[{\"AttributeName\":\"x\",\"KeyType\":\"RANGE\"},"
	  "{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]," TYPES ",\"TableStatus\":\"ACTIVE\"}}",
	    "id:S,x:B", TABLE_READY, "ACTIVE" },
	{ "{\"Table\":{\"KeySchema\":[{\"AttributeName\":\"y\",\"KeyType\":\"HASH\"}]," TYPES "}}",
	    NULL, TABLE_READY, NULL },
	{ "{\"Table\":{\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"RANGE\"}]," TYPES
	  "}}",
	    NULL, TABLE_READY, NULL },
	{ "{\"Table\":{" KEYS "}}", NULL, TABLE_READY, NULL },
	{ "{\"Table\":{\"KeySchema\":[]," TYPES "}}", NULL, TABLE_READY, NULL },
	{ "{\"Table\":[]}", NULL, TABLE_READY, NULL },
	{ "{}", NULL, TABLE_READY, NULL },
	{ "", NULL, TABLE_READY, NULL },
};

static void
test_descriptions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(descriptions) / sizeof(*descriptions); i++) {
		struct table_description found;
		struct schema want;
		struct err err = ERR_INIT;
		int rc = table_read(slice_of(descriptions[i].reply), &found, &err);

		if (!descriptions[i].keys) {
			assert_int_equal(rc, -1);
			assert_int_equal(err.class, ERR_UNAVAILABLE);
			continue;
		}
		if (rc)
			fail_msg("%s: %s", descriptions[i].reply, err.text);
		assert_int_equal(table_parse_keys(descriptions[i].keys, &want, &err), 0);
		assert_int_equal(found.schema.key_count, want.key_count);
		for (size_t n = 0; n < want.key_count; n++) {
			assert_string_equal(found.schema.keys[n].name, want.keys[n].name);
			assert_int_equal(found.schema.keys[n].type, want.keys[n].type);
		}
		assert_int_equal(found.state, descriptions[i].state);
		assert_string_equal(found.status, descriptions[i].status);
	}
}

static void
test_keys_to_create(void **state)
{
	static const char *const wrong[] = { "", "id", "id:", ":S", "id:SS", "id:s", "id:S,",
		"id:S,id:S", "a:S,b:S,c:S" };
	struct buf out = BUF_INIT(4096);
	struct schema schema;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(table_parse_keys(wrong[i], &schema, &err), -1);
		assert_int_equal(err.class, ERR_USAGE);
	}
	assert_int_equal(table_parse_keys("id:S,at:N", &schema, &err), 0);
	assert_int_equal(table_append_create(&out, "rides", &schema, &err), 0);
	assert_string_equal(out.data,
	    "{\"TableName\":\"rides\",\"BillingMode\":\"PAY_PER_REQUEST\",\"KeySchema\":["
	    "{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"},"
	    "{\"AttributeName\":\"at\",\"KeyType\":\"RANGE\"}],\"AttributeDefinitions\":["
	    "{\"AttributeName\":\"id\",\"AttributeType\":\"S\"},"
	    "{\"AttributeName\":\"at\",\"AttributeType\":\"N\"}]}");
	buf_release(&out);
}

#define ARN "arn:aws:dynamodb:eu-central-1:123456789012:table/"
#define OF_TABLE "not the name of a table: "

static void
test_names_of_tables(void **state)
{
	static const struct {
		const char *name;
		const char *reason; /* in what is said; NULL: it is right */
	} names[] = {
		{ "rides", NULL },
		{ "My_table-1.x", NULL },
		{ ARN "rides", NULL },
		{ "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/a.b", NULL },
		{ ARN "rides/index/x", ARN "rides/index/x: " OF_TABLE "\"rides/index/x\": it may have" },
		{ ARN "", ARN ": " OF_TABLE "\"\": it has 0 characters" },
		{ ARN "ab", ARN "ab: " OF_TABLE "\"ab\": it has 2 characters, DynamoDB wants 3 to 255" },
		{ "arn:aws:dynamodb:eu-central-1:table/rides", "not the ARN of a table" },
		{ "arn:aws:dynamodb::123456789012:table/rides", "not the ARN of a table" },
		{ "arn:aws:s3:::rides", "not the ARN of a table" },
		{ "arn:", "not the ARN of a table" },
		{ "a", OF_TABLE "\"a\": it has 1 character, DynamoDB wants 3 to 255" },
		{ "ab", OF_TABLE "\"ab\": it has 2 characters, DynamoDB wants 3 to 255" },
		{ "", OF_TABLE "\"\": it has 0 characters" },
		{ "a b", OF_TABLE "\"a b\": it may have" },
		{ "a/bc", OF_TABLE "\"a/bc\": it may have" },
		{ "caf\xc3\xa9", OF_TABLE "\"caf\xc3\xa9\": it may have" },
	};
	char long_name[300];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(table_check_name(names[i].name, &err), names[i].reason ? -1 : 0);
		if (names[i].reason && strncmp(err.text, names[i].reason, strlen(names[i].reason)))
			fail_msg("%s: %s", names[i].name, err.text);
	}
	memset(long_name, 'a', sizeof(long_name));
	long_name[256] = '\0';
	assert_int_equal(table_check_name(long_name, &err), -1);
	assert_non_null(strstr(err.text, "it has 256 characters"));
	long_name[255] = '\0';
	assert_int_equal(table_check_name(long_name, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_keys_to_create),
		cmocka_unit_test(test_names_of_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
