/* SPDX-License-Identifier: MIT */
#include "codec/parquet_column.h"

#include <assert.h>

#include "codec/parquet_rle.h"

enum {
	DECIMAL_BYTES_MAX = 16,
	/* what a dictionary holds of a value besides the value: slots at most half full, hash and
	 * offset, all in powers of two */
	DICTIONARY_OVERHEAD = 24,
	INDICES_BYTES_MAX = 1 << 30,
	KEPT_BYTES_MAX = 1 << 16,
};

unsigned
parquet_decimal_width(unsigned precision)
{
	unsigned bytes = 1;
	number_wide limit = 1, reach;

	for (; precision; precision--)
		limit *= 10;
	/* LogicalTypes.md, DECIMAL: n bytes hold floor(log10(2^(8n - 1) - 1)) digits */
	for (reach = 0x7f; reach < limit - 1; bytes++)
		reach = (reach << 8) | 0xff;
	return bytes;
}

/* LogicalTypes.md has for each logical type the physical ones it may annotate. */
static void
choose_type(
    struct parquet_column *c, enum parquet_type type, enum parquet_order order, unsigned width)
{
	c->type = type;
	c->order = order;
	c->width = width;
}

static void
choose_decimal(struct parquet_column *c)
{
	unsigned precision = c->schema->precision;

	if (precision <= 9)
		choose_type(c, PARQUET_INT32, PARQUET_ORDER_INT32, 4);
	else if (!table_decimal_is_wide(c->schema))
		choose_type(c, PARQUET_INT64, PARQUET_ORDER_INT64, 8);
	else
		choose_type(c, PARQUET_FIXED_LEN_BYTE_ARRAY, PARQUET_ORDER_DECIMAL,
		    parquet_decimal_width(precision));
}

void
parquet_column_init(struct parquet_column *c, const struct table_column *schema, size_t bytes_max)
{
	*c = (struct parquet_column){ .schema = schema };
	switch (schema->type) {
	case TABLE_BOOL:
		choose_type(c, PARQUET_BOOLEAN, PARQUET_ORDER_BOOL, 1);
		break;
	case TABLE_INT32:
	case TABLE_DATE:
		choose_type(c, PARQUET_INT32, PARQUET_ORDER_INT32, 4);
		break;
	case TABLE_INT64:
	case TABLE_TIMESTAMP:
		choose_type(c, PARQUET_INT64, PARQUET_ORDER_INT64, 8);
		break;
	case TABLE_FLOAT:
		choose_type(c, PARQUET_FLOAT, PARQUET_ORDER_FLOAT, 4);
		break;
	case TABLE_DOUBLE:
		choose_type(c, PARQUET_DOUBLE, PARQUET_ORDER_DOUBLE, 8);
		break;
	case TABLE_DECIMAL:
		choose_decimal(c);
		break;
	case TABLE_STRING:
	case TABLE_JSON:
		choose_type(c, PARQUET_BYTE_ARRAY, PARQUET_ORDER_TEXT, 0);
		break;
	}
	buf_init(&c->levels, bytes_max);
	buf_init(&c->plain, bytes_max);
	buf_init(&c->indices, bytes_max < INDICES_BYTES_MAX ? bytes_max : INDICES_BYTES_MAX);
	parquet_dictionary_init(&c->dictionary, c->width, !parquet_column_is_bytes(c));
	parquet_column_clear(c);
}

void
parquet_column_release(struct parquet_column *c)
{
	buf_release(&c->levels);
	buf_release(&c->indices);
	buf_release(&c->plain);
	parquet_dictionary_release(&c->dictionary);
}

/* Large ones go: the next row group may need its memory for another column. */
static void
empty(struct buf *b)
{
	if (b->capacity > KEPT_BYTES_MAX)
		buf_release(b);
	else
		buf_clear(b);
}

void
parquet_column_clear(struct parquet_column *c)
{
	empty(&c->levels);
	empty(&c->indices);
	empty(&c->plain);
	parquet_dictionary_clear(&c->dictionary);
	c->rows = c->values = c->dictionary_rows = 0;
	c->index_bytes = 1;
	/* two values need no dictionary */
	c->is_plain = c->type == PARQUET_BOOLEAN;
}

/* ---- appending ---- */

static inline int
make_room(struct buf *b, size_t bytes, struct err *err)
{
	return b->capacity - b->len > bytes ? 0 : buf_reserve(b, bytes, err);
}

static int
append_level(struct parquet_column *c, bool has_value, size_t *held, struct err *err)
{
	unsigned bit = c->rows % 8;

	if (!bit) {
		if (make_room(&c->levels, 1, err))
			return -1;
		c->levels.data[c->levels.len++] = 0;
		++*held;
	}
	c->levels.data[c->levels.len - 1] |= (char)(has_value << bit);
	return 0;
}

static size_t
indices_count(const struct parquet_column *c)
{
	return c->indices.len / c->index_bytes;
}

static uint32_t
index_at(const struct parquet_column *c, size_t i)
{
	uint32_t index = 0;

	memcpy(&index, c->indices.data + i * c->index_bytes, c->index_bytes);
	return index;
}

void
parquet_column_indices(
    const struct parquet_column *c, uint32_t first, uint32_t count, uint32_t *ret)
{
	const unsigned char *at = (const unsigned char *)c->indices.data;
	uint16_t two;

	switch (c->index_bytes) {
	case 1:
		for (uint32_t i = 0; i < count; i++)
			ret[i] = at[first + i];
		break;
	case 2:
		for (uint32_t i = 0; i < count; i++) {
			memcpy(&two, at + ((size_t)first + i) * sizeof(two), sizeof(two));
			ret[i] = two;
		}
		break;
	default:
		memcpy(ret, at + (size_t)first * sizeof(*ret), count * sizeof(*ret));
	}
}

/* Gives each index twice the bytes, from the last one on. */
static int
widen_indices(struct parquet_column *c, size_t *held, struct err *err)
{
	size_t count = indices_count(c);
	unsigned bytes = c->index_bytes * 2;

	if (make_room(&c->indices, c->indices.len, err))
		return -1;
	for (size_t i = count; i--;) {
		uint32_t index = index_at(c, i);

		memcpy(c->indices.data + i * bytes, &index, bytes);
	}
	*held += c->indices.len;
	c->indices.len *= 2;
	c->index_bytes = bytes;
	return 0;
}

static int
append_index(struct parquet_column *c, uint32_t index, size_t *held, struct err *err)
{
	while (c->index_bytes < sizeof(index) && index >> (8 * c->index_bytes))
		if (widen_indices(c, held, err))
			return -1;
	if (make_room(&c->indices, sizeof(index), err))
		return -1;
	memcpy(c->indices.data + c->indices.len, &index, sizeof(index));
	c->indices.len += c->index_bytes;
	*held += c->index_bytes;
	return 0;
}

static int
append_plain_number(struct parquet_column *c, uint64_t bits, size_t *held, struct err *err)
{
	if (make_room(&c->plain, sizeof(bits), err))
		return -1;
	memcpy(c->plain.data + c->plain.len, &bits, sizeof(bits));
	c->plain.len += c->width;
	*held += c->width;
	return 0;
}

/* With its length before it, unless that is the same for all. */
static int
append_plain_bytes(struct parquet_column *c, struct slice s, size_t *held, struct err *err)
{
	uint32_t len = (uint32_t)s.len, prefix = c->width ? 0 : sizeof(len);

	if (make_room(&c->plain, sizeof(len) + s.len, err))
		return -1;
	memcpy(c->plain.data + c->plain.len, &len, sizeof(len));
	c->plain.len += prefix;
	if (s.len)
		memcpy(c->plain.data + c->plain.len, s.data, s.len);
	c->plain.len += s.len;
	*held += prefix + s.len;
	return 0;
}

/* Bytes of the values with indices in plain encoding. */
static uint64_t
plain_bytes(const struct parquet_column *c)
{
	size_t count = indices_count(c);
	uint64_t bytes = 0;

	if (c->width)
		return (uint64_t)count * c->width;
	for (size_t i = 0; i < count; i++)
		bytes +=
		    sizeof(uint32_t) + parquet_dictionary_slice(&c->dictionary, index_at(c, i)).len;
	return bytes;
}

/* Indices hardly compress, values do: what saves less than a third may well cost. */
static bool
is_dictionary_of_use(const struct parquet_column *c)
{
	const struct parquet_dictionary *d = &c->dictionary;
	uint64_t bytes =
	    d->plain.len + (uint64_t)indices_count(c) * parquet_bit_width(d->count) / 8;

	return bytes * 3 < plain_bytes(c) * 2;
}

/* How many of the last rows, those behind the last multiple of 8, have a value so far. */
static uint32_t
values_behind_byte(const struct parquet_column *c)
{
	if (!c->schema->is_nullable)
		return (c->rows - 1) % 8;
	return (uint32_t)__builtin_popcount((unsigned char)c->levels.data[c->levels.len - 1]) - 1;
}

/* Moves values from the indices' end, from `first` on, to plain. */
static int
move_to_plain(struct parquet_column *c, size_t first, size_t *held, struct err *err)
{
	const struct parquet_dictionary *d = &c->dictionary;
	size_t count = indices_count(c);
	int rc = 0;

	for (size_t i = first; !rc && i < count; i++) {
		uint32_t index = index_at(c, i);

		if (d->is_number)
			rc = append_plain_number(c, parquet_dictionary_value(d, index), held, err);
		else
			rc = append_plain_bytes(c, parquet_dictionary_slice(d, index), held, err);
	}
	*held -= (count - first) * c->index_bytes;
	c->indices.len = first * c->index_bytes;
	return rc;
}

/* All values that have indices go to plain. That grows them by half at most, as the dictionary was
 * of no use. */
static int
drop_dictionary(struct parquet_column *c, size_t *held, struct err *err)
{
	struct parquet_dictionary *d = &c->dictionary;
	int rc = move_to_plain(c, 0, held, err);

	*held -= d->plain.len + (size_t)d->count * DICTIONARY_OVERHEAD;
	parquet_dictionary_clear(d);
	buf_release(&c->indices);
	c->is_plain = true;
	c->dictionary_rows = 0;
	return rc;
}

/*
 * The dictionary has not taken the value of the row that is being appended (which is in rows and
 * levels already). Pages begin at multiples of 8 rows, and a page has one encoding.
 */
static int
fall_back(struct parquet_column *c, size_t *held, struct err *err)
{
	if (!is_dictionary_of_use(c))
		return drop_dictionary(c, held, err);
	c->is_plain = true;
	c->dictionary_rows = (c->rows - 1) & ~7u;
	return move_to_plain(c, indices_count(c) - values_behind_byte(c), held, err);
}

/* `number` is what the dictionary has said of a value of `bytes`. */
static int
append_numbered(
    struct parquet_column *c, int32_t number, uint32_t before, size_t *held, struct err *err)
{
	if (number < 0)
		return -1;
	if (c->dictionary.count != before)
		*held += DICTIONARY_OVERHEAD;
	return append_index(c, (uint32_t)number, held, err);
}

static int
append_number(struct parquet_column *c, uint64_t bits, size_t *held, struct err *err)
{
	uint32_t before = c->dictionary.count;
	size_t plain_before = c->dictionary.plain.len;
	int32_t number;

	if (!c->is_plain) {
		number = parquet_dictionary_number(&c->dictionary, bits, err);
		*held += c->dictionary.plain.len - plain_before;
		if (number != PARQUET_DICTIONARY_NONE)
			return append_numbered(c, number, before, held, err);
		if (fall_back(c, held, err))
			return -1;
	}
	return append_plain_number(c, bits, held, err);
}

static int
append_bytes(struct parquet_column *c, struct slice s, size_t *held, struct err *err)
{
	uint32_t before = c->dictionary.count;
	size_t plain_before = c->dictionary.plain.len;
	int32_t number;

	if (!c->is_plain) {
		number = parquet_dictionary_bytes(&c->dictionary, s, err);
		*held += c->dictionary.plain.len - plain_before;
		if (number != PARQUET_DICTIONARY_NONE)
			return append_numbered(c, number, before, held, err);
		if (fall_back(c, held, err))
			return -1;
	}
	return append_plain_bytes(c, s, held, err);
}

/* LogicalTypes.md, DECIMAL: big endian, two's complement. */
static int
append_wide(struct parquet_column *c, number_wide n, size_t *held, struct err *err)
{
	char bytes[DECIMAL_BYTES_MAX];

	for (unsigned i = c->width; i--; n >>= 8)
		bytes[i] = (char)(unsigned char)n;
	return append_bytes(c, slice_make(bytes, c->width), held, err);
}

static uint64_t
double_bits(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static uint64_t
float_bits(double d)
{
	float f = (float)d;
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static int
append_value(struct parquet_column *c, const struct table_value *v, size_t *held, struct err *err)
{
	switch (c->type) {
	case PARQUET_BOOLEAN:
		return append_plain_number(c, (uint64_t)v->i, held, err);
	case PARQUET_INT32:
		return append_number(c, (uint32_t)v->i, held, err);
	case PARQUET_INT64:
		return append_number(c, (uint64_t)v->i, held, err);
	case PARQUET_FLOAT:
		return append_number(c, float_bits(v->d), held, err);
	case PARQUET_DOUBLE:
		return append_number(c, double_bits(v->d), held, err);
	case PARQUET_BYTE_ARRAY:
		return append_bytes(c, v->bytes, held, err);
	case PARQUET_FIXED_LEN_BYTE_ARRAY:
		return append_wide(c, v->wide, held, err);
	}
	return 0;
}

int
parquet_column_append(
    struct parquet_column *c, const struct table_value *v, size_t *held, struct err *err)
{
	assert(!v->is_null || c->schema->is_nullable);
	if (c->schema->is_nullable && append_level(c, !v->is_null, held, err))
		return -1;
	c->rows++;
	if (v->is_null)
		return 0;
	c->values++;
	return append_value(c, v, held, err);
}

/* ---- appending many ---- */

static int
append_each(struct parquet_column *c, const struct table_value *v, size_t stride, unsigned count,
    size_t *held, struct err *err)
{
	for (unsigned i = 0; i < count; i++, v += stride)
		if (parquet_column_append(c, v, held, err))
			return -1;
	return 0;
}

/*
 * The numbers of a batch as bits, without nulls; returns how many. *ret_has_value has a bit for each
 * value of the batch.
 */
static unsigned
gather(const struct parquet_column *c, const struct table_value *v, size_t stride, unsigned count,
    uint64_t *ret_bits, uint64_t *ret_has_value)
{
	unsigned values = 0;

	*ret_has_value = 0;
	for (unsigned i = 0; i < count; i++, v += stride) {
		/* of whatever member: they are no longer, and begin where it does */
		ret_bits[values] = (uint64_t)v->i;
		*ret_has_value |= (uint64_t)!v->is_null << i;
		values += !v->is_null;
	}
	if (c->type == PARQUET_INT32) {
		for (unsigned i = 0; i < values; i++)
			ret_bits[i] = (uint32_t)ret_bits[i];
	} else if (c->type == PARQUET_FLOAT) {
		for (unsigned i = 0; i < values; i++) {
			double d;

			memcpy(&d, &ret_bits[i], sizeof(d));
			ret_bits[i] = float_bits(d);
		}
	}
	return values;
}

/* Of `count` rows, of which c->rows does not know yet. */
static int
append_levels(
    struct parquet_column *c, uint64_t has_value, unsigned count, size_t *held, struct err *err)
{
	unsigned bit = c->rows % 8, room = bit ? 8 - bit : 0;

	if (make_room(&c->levels, count / 8 + 1, err))
		return -1;
	if (room) {
		c->levels.data[c->levels.len - 1] |= (char)(has_value << bit);
		has_value >>= room;
	}
	for (; count > room; room += 8, has_value >>= 8) {
		c->levels.data[c->levels.len++] = (char)has_value;
		++*held;
	}
	return 0;
}

static int
append_indices(struct parquet_column *c, const uint32_t *indices, unsigned count, size_t *held,
    struct err *err)
{
	uint32_t bits = 0;
	char *at;

	for (unsigned i = 0; i < count; i++)
		bits |= indices[i];
	while (c->index_bytes < sizeof(bits) && bits >> (8 * c->index_bytes))
		if (widen_indices(c, held, err))
			return -1;
	if (make_room(&c->indices, count * sizeof(*indices), err))
		return -1;
	at = c->indices.data + c->indices.len;
	switch (c->index_bytes) {
	case 1:
		for (unsigned i = 0; i < count; i++)
			at[i] = (char)indices[i];
		break;
	case 2:
		for (unsigned i = 0; i < count; i++)
			memcpy(at + i * sizeof(uint16_t), &indices[i], sizeof(uint16_t));
		break;
	default:
		memcpy(at, indices, count * sizeof(*indices));
	}
	c->indices.len += (size_t)count * c->index_bytes;
	*held += (size_t)count * c->index_bytes;
	return 0;
}

static int
append_plain_numbers(
    struct parquet_column *c, const uint64_t *bits, unsigned count, size_t *held, struct err *err)
{
	char *at;

	if (make_room(&c->plain, count * sizeof(*bits), err))
		return -1;
	at = c->plain.data + c->plain.len;
	switch (c->width) {
	case 1:
		for (unsigned i = 0; i < count; i++)
			at[i] = (char)bits[i];
		break;
	case 4:
		for (unsigned i = 0; i < count; i++)
			memcpy(at + i * sizeof(uint32_t), &bits[i], sizeof(uint32_t));
		break;
	default:
		memcpy(at, bits, count * sizeof(*bits));
	}
	c->plain.len += (size_t)count * c->width;
	*held += (size_t)count * c->width;
	return 0;
}

int
parquet_column_append_batch(struct parquet_column *c, const struct table_value *first,
    size_t stride, unsigned count, size_t *held, struct err *err)
{
	struct parquet_dictionary *d = &c->dictionary;
	size_t dictionary_before = d->plain.len + (size_t)d->count * DICTIONARY_OVERHEAD;
	uint64_t bits[PARQUET_BATCH_ROWS], has_value;
	uint32_t numbers[PARQUET_BATCH_ROWS];
	unsigned values;
	int taken = 0;

	assert(count <= PARQUET_BATCH_ROWS);
	if (parquet_column_is_bytes(c))
		return append_each(c, first, stride, count, held, err);
	values = gather(c, first, stride, count, bits, &has_value);
	assert(values == count || c->schema->is_nullable);
	if (!c->is_plain && values) {
		taken = parquet_dictionary_numbers(d, bits, values, numbers, err);
		*held += d->plain.len + (size_t)d->count * DICTIONARY_OVERHEAD - dictionary_before;
		if (taken < 0)
			return -1;
		/* those before it are found again, and then it falls back */
		if ((unsigned)taken < values)
			return append_each(c, first, stride, count, held, err);
	}
	if (c->schema->is_nullable && append_levels(c, has_value, count, held, err))
		return -1;
	c->rows += count;
	c->values += values;
	return c->is_plain ? append_plain_numbers(c, bits, values, held, err)
	                   : append_indices(c, numbers, values, held, err);
}

/* ---- settling ---- */

int
parquet_column_settle(struct parquet_column *c, struct err *err)
{
	size_t held = SIZE_MAX / 2; /* nobody asks */

	if (c->is_plain)
		return 0;
	if (!is_dictionary_of_use(c))
		return drop_dictionary(c, &held, err);
	c->dictionary_rows = c->rows;
	return 0;
}
