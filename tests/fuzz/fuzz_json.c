/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: the record scanner against jansson. The input is one or more records, parted by 0xFF,
 * which no JSON text has; one scanner reads them all, so that what it keeps of earlier records
 * is under test too. Each is read twice, with different bytes behind its end.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/json_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
compare(struct json_scanner *scanner, struct slice text, char filling)
{
	char *block = malloc(text.len + BUF_PADDING);

	if (!block)
		abort();
	if (text.len)
		memcpy(block, text.data, text.len);
	memset(block + text.len, filling, BUF_PADDING);
	if (json_oracle_compare(scanner, slice_make(block, text.len)) == JSON_ORACLE_DIFFERENT)
		abort();
	free(block);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char fillings[] = "\"}],0\\\x80";
	struct json_scanner *scanner = json_oracle_scanner();
	struct slice text, rest = slice_make((const char *)data, size);

	do {
		(void)slice_cut(rest, '\xFF', &text, &rest);
		compare(scanner, text, ' ');
		compare(scanner, text, fillings[size % (sizeof(fillings) - 1)]);
	} while (rest.len);
	json_scanner_free(scanner);
	return 0;
}
