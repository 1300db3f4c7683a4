/* SPDX-License-Identifier: MIT */
/* Which numbers DynamoDB has, and which texts are one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka-to-dynamo/decimal.h"

#define NINES "9.9999999999999999999999999999999999999"

static const struct {
	const char *text;
	const char *canonical; /* NULL: refused */
	const char *reason;
	size_t size;
} decimals[] = {
	{ "0", "0", NULL, 1 },
	{ "-0", "0", NULL, 1 },
	{ "0.000", "0", NULL, 1 },
	{ "0e999999999999", "0", NULL, 1 },
	{ "1", "1e0", NULL, 2 },
	{ "-1", "-1e0", NULL, 2 },
	{ "10", "1e1", NULL, 2 },
	{ "1e1", "1e1", NULL, 2 },
	{ "10.00", "1e1", NULL, 2 },
	{ "1E+1", "1e1", NULL, 2 },
	{ "0.10", "1e-1", NULL, 2 },
	{ "100e-3", "1e-1", NULL, 2 },
	{ "847.43", "84743e2", NULL, 4 },
	{ "12345678901234567890123456789012345678", "12345678901234567890123456789012345678e37",
	    NULL, 20 },
	{ "0.0000012345678901234567890123456789012345678",
	    "12345678901234567890123456789012345678e-6", NULL, 20 },
	{ "123456789012345678901234567890123456780", "12345678901234567890123456789012345678e38",
	    NULL, 20 },
	{ "123456789012345678901234567890123456789", NULL, "a number of more than 38 digits", 0 },
	{ "-1.23456789012345678901234567890123456789", NULL, "a number of more than 38 digits", 0 },
	{ NINES "E+125", "99999999999999999999999999999999999999e125", NULL, 20 },
	{ "-" NINES "E+125", "-99999999999999999999999999999999999999e125", NULL, 20 },
	{ "1e126", NULL, "a number of 1E126 or more", 0 },
	{ "-1e126", NULL, "a number of 1E126 or more", 0 },
	{ "0.1e127", NULL, "a number of 1E126 or more", 0 },
	{ "1e99999999999999999999", NULL, "a number of 1E126 or more", 0 },
	{ "1e-130", "1e-130", NULL, 2 },
	{ "-1E-130", "-1e-130", NULL, 2 },
	{ "1e-131", NULL, "a number closer to 0 than 1E-130", 0 },
	{ "0.99e-130", NULL, "a number closer to 0 than 1E-130", 0 },
	{ "1e-99999999999999999999", NULL, "a number closer to 0 than 1E-130", 0 },
	{ "", NULL, "not a number", 0 },
	{ "-", NULL, "not a number", 0 },
	{ "01", NULL, "not a number", 0 },
	{ "+1", NULL, "not a number", 0 },
	{ ".5", NULL, "not a number", 0 },
	{ "5.", NULL, "not a number", 0 },
	{ "1e", NULL, "not a number", 0 },
	{ "1e+", NULL, "not a number", 0 },
	{ "1 ", NULL, "not a number", 0 },
	{ "NaN", NULL, "not a number", 0 },
	{ "1e1e1", NULL, "not a number", 0 },
	{ "0x10", NULL, "not a number", 0 },
};

static void
test_decimals(void **state)
{
	struct buf out = BUF_INIT(1024);
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(decimals) / sizeof(*decimals); i++) {
		struct decimal d;
		const char *reason = NULL;
		int rc = decimal_read(slice_of(decimals[i].text), &d, &reason);

		if (!decimals[i].canonical) {
			if (!rc)
				fail_msg("%s was taken", decimals[i].text);
			assert_string_equal(reason, decimals[i].reason);
			continue;
		}
		if (rc)
			fail_msg("%s: %s", decimals[i].text, reason);
		buf_clear(&out);
		assert_int_equal(decimal_append_canonical(&d, &out, &err), 0);
		assert_string_equal(out.data, decimals[i].canonical);
		assert_int_equal(decimal_size(&d), decimals[i].size);
	}
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
