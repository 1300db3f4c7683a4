/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/base64.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

/* RFC 4648, section 10, and bytes that use the whole alphabet. */
static const struct {
	const char *bytes, *text;
} cases[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xff\xef\xbf", "/++/" },
	{ "\xff", "/w==" },
};

static void
test_both_ways(void **state)
{
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct buf text = BUF_INIT(100), bytes = BUF_INIT(100);

		assert_int_equal(base64_append(&text, slice_of(cases[i].bytes), &err), 0);
		assert_string_equal(text.data, cases[i].text);
		assert_int_equal(base64_decode(buf_slice(&text), &bytes, &err), 0);
		assert_true(slice_is(buf_slice(&bytes), cases[i].bytes));
		buf_release(&text);
		buf_release(&bytes);
	}
}

static const char *const refused[] = {
	"Z",
	"Zg",
	"Zg=",
	"Zg===",
	"=",
	"==",
	"====",
	"Z===",
	"Zm9v=",
	"Zm9vZ",
	" Zg==",
	"Zg== ",
	"Zg==\n",
	"Zm\n9",
	"Zh==",
	"Zm9=",
	"Zm-v",
	"Zm_v",
	"Zg==Zg==",
	"Zm8=Zm9v",
	"Z=g=",
	"=Zg=",
	"Zm9\x80",
};

static void
test_refused(void **state)
{
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(refused); i++) {
		struct buf bytes = BUF_INIT(100);

		assert_int_equal(buf_append_text(&bytes, "ab", &err), 0);
		if (!base64_decode(slice_of(refused[i]), &bytes, &err))
			fail_msg("\"%s\" was taken", refused[i]);
		assert_int_equal(err.class, ERR_DATA);
		assert_string_equal(bytes.data, "ab");
		buf_release(&bytes);
	}
}

static void
test_every_byte(void **state)
{
	struct buf text = BUF_INIT(1000), bytes = BUF_INIT(1000);
	struct err err = ERR_INIT;
	char all[256];
	int i;

	(void)state;
	for (i = 0; i < 256; i++)
		all[i] = (char)(unsigned char)i;
	assert_int_equal(base64_append(&text, slice_make(all, 256), &err), 0);
	assert_int_equal(text.len, 344);
	assert_int_equal(base64_decode(buf_slice(&text), &bytes, &err), 0);
	assert_int_equal(bytes.len, 256);
	assert_memory_equal(bytes.data, all, 256);
	buf_release(&text);
	buf_release(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_byte),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
