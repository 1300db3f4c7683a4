/* SPDX-License-Identifier: MIT */
/* The first byte chooses options of kafka-to-s3, the others are a record: what is made of it is what jansson makes. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/shape_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size &&
	    shape_oracle_compare(data[0], slice_make((const char *)data + 1, size - 1)) ==
		SHAPE_ORACLE_DIFFERENT)
		abort();
	return 0;
}
