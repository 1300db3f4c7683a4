/* SPDX-License-Identifier: MIT */
/* Numbers and times as text, for a loop that makes a million records a second. */
#ifndef SLUICE_GEN_TO_KAFKA_DIGITS_H
#define SLUICE_GEN_TO_KAFKA_DIGITS_H

#include <stdint.h>

enum {
	DIGITS_BYTES_MAX = 24, /* a sign, 19 digits and a point, or 20 digits */
	DIGITS_DATE_BYTES = 10,
	DIGITS_MS_A_DAY = 24 * 60 * 60 * 1000,
};

/* Each returns where the text ends. */
char *digits_put_unsigned(char *at, uint64_t);
char *digits_put_signed(char *at, int64_t);

/* mantissa / 10^scale (at most 18) without zeros at the end, as number_format writes it. */
char *digits_put_decimal(char *at, int64_t mantissa, unsigned scale);

/* "13:45:59.123" of the ms since midnight */
char *digits_put_clock(char *at, unsigned ms_of_day);

/* The date as text, kept until another day comes. */
struct digits_day {
	int64_t number; /* days since the epoch */
	char text[DIGITS_DATE_BYTES];
};

/* A day that no time has. */
#define DIGITS_NO_DAY               \
	{                           \
		.number = INT64_MIN \
	}

/* "2019-01-01T13:45:59.123", years 0001 to 9999. */
char *digits_put_time(char *at, struct digits_day *, int64_t time_ms);

/* Version 4 (RFC 9562, section 5.4) from 128 random bits. */
char *digits_put_uuid(char *at, uint64_t high, uint64_t low);

enum { DIGITS_UUID_BYTES = 36, DIGITS_TIME_BYTES = 23 };

#endif
