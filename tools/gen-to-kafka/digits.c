/* SPDX-License-Identifier: MIT */
#include "gen-to-kafka/digits.h"

#include <string.h>

#include "codec/number.h"
#include "codec/time.h"

static const char pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334"
                            "3536373839404142434445464748"
			    "4950515253545556575859606162636465666768697071727374757677787980818283"
                            "8485868788899091929394959697"
			    "9899";

static inline char *
put_pair(char *at, unsigned value)
{
	memcpy(at, pairs + 2 * value, 2);
	return at + 2;
}

char *
digits_put_unsigned(char *at, uint64_t value)
{
	char text[20];
	size_t i = sizeof(text);

	if (value < 10) {
		*at = (char)('0' + value);
		return at + 1;
	}
	for (; value >= 100; value /= 100) {
		i -= 2;
		memcpy(text + i, pairs + 2 * (value % 100), 2);
	}
	if (value >= 10) {
		i -= 2;
		memcpy(text + i, pairs + 2 * value, 2);
	} else {
		text[--i] = (char)('0' + value);
	}
	memcpy(at, text + i, sizeof(text) - i);
	return at + (sizeof(text) - i);
}

char *
digits_put_signed(char *at, int64_t value)
{
	if (value >= 0)
		return digits_put_unsigned(at, (uint64_t)value);
	*at = '-';
	return digits_put_unsigned(at + 1, 0 - (uint64_t)value);
}

char *
digits_put_decimal(char *at, int64_t mantissa, unsigned scale)
{
	uint64_t magnitude = mantissa < 0 ? 0 - (uint64_t)mantissa : (uint64_t)mantissa;
	uint64_t one, fraction;

	if (!magnitude)
		scale = 0;
	for (; scale && magnitude % 10 == 0; scale--)
		magnitude /= 10;
	if (mantissa < 0)
		*at++ = '-';
	if (!scale)
		return digits_put_unsigned(at, magnitude);
	one = (uint64_t)number_pow10[scale];
	at = digits_put_unsigned(at, magnitude / one);
	fraction = magnitude % one;
	*at = '.';
	for (unsigned i = scale; i; i--) {
		at[i] = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	return at + 1 + scale;
}

char *
digits_put_clock(char *at, unsigned ms_of_day)
{
	unsigned second = ms_of_day / 1000, ms = ms_of_day % 1000;

	at = put_pair(at, second / 3600);
	*at++ = ':';
	at = put_pair(at, second / 60 % 60);
	*at++ = ':';
	at = put_pair(at, second % 60);
	*at++ = '.';
	*at++ = (char)('0' + ms / 100);
	return put_pair(at, ms % 100);
}

char *
digits_put_time(char *at, struct digits_day *day, int64_t time_ms)
{
	int64_t number = time_ms / DIGITS_MS_A_DAY, rest = time_ms % DIGITS_MS_A_DAY;

	if (rest < 0) {
		number--;
		rest += DIGITS_MS_A_DAY;
	}
	if (day->number != number) {
		char text[TIME_ISO_BYTES];

		time_format_iso(time_ms, text);
		memcpy(day->text, text, DIGITS_DATE_BYTES);
		day->number = number;
	}
	memcpy(at, day->text, DIGITS_DATE_BYTES);
	at[DIGITS_DATE_BYTES] = 'T';
	return digits_put_clock(at + DIGITS_DATE_BYTES + 1, (unsigned)rest);
}

static char *
put_hex(char *at, uint64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--)
		*at++ = "0123456789abcdef"[value >> (4 * i) & 15];
	return at;
}

char *
digits_put_uuid(char *at, uint64_t high, uint64_t low)
{
	at = put_hex(at, high >> 32, 8);
	*at++ = '-';
	at = put_hex(at, high >> 16, 4);
	*at++ = '-';
	at = put_hex(at, (high & 0x0fff) | 0x4000, 4);
	*at++ = '-';
	at = put_hex(at, (low >> 48 & 0x3fff) | 0x8000, 4);
	*at++ = '-';
	return put_hex(at, low, 12);
}
