/* SPDX-License-Identifier: MIT */
/*
 * Numbers as DynamoDB has them: up to 38 significant digits, 1E-130 to
 * 9.9999999999999999999999999999999999999E+125 either side of zero, zeros before and behind not
 * counted (DynamoDB Developer Guide, "Quotas in Amazon DynamoDB", Number; "DynamoDB item sizes and
 * formats").
 */
#ifndef SLUICE_KAFKA_TO_DYNAMO_DECIMAL_H
#define SLUICE_KAFKA_TO_DYNAMO_DECIMAL_H

#include "base/buf.h"

enum {
	DECIMAL_DIGITS_MAX = 38,
	DECIMAL_MAGNITUDE_MAX = 125,
	DECIMAL_MAGNITUDE_MIN = -130,
};

/* d.ddd * 10^magnitude, the first digit and the last not 0; zero has no digits. */
struct decimal {
	char digits[DECIMAL_DIGITS_MAX];
	unsigned digit_count;
	int magnitude;
	bool is_negative;
};

/* All of text, in JSON's grammar (RFC 8259, section 6). -1 with a static phrase. */
int decimal_read(struct slice text, struct decimal *ret, const char **ret_reason);

/* What DynamoDB counts for it: "approximately 1 byte per two significant digits and 1 byte". DynamoDB Local 3.0
 * counts one more for a sign, and one more where the point parts a pair of digits (1.5): this is never more
 * than it counts, so that it refuses what is passed over here. */
size_t decimal_size(const struct decimal *);

/* A form that all texts of one number share: 10, 1e1 and 10.0 are one key. */
int decimal_append_canonical(const struct decimal *, struct buf *, struct err *);

#endif
