/* SPDX-License-Identifier: MIT */
/* Compressed streams: every cut, every chunk size, every flipped byte, and the real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "codec/frames.h"

#include "shared_data.h"

enum { OUT_BYTES_MAX = 1 << 24 };

static const enum compression formats[] = { COMPRESSION_LZ4, COMPRESSION_GZIP, COMPRESSION_ZSTD };
static const char *const format_names[] = { "none", "lz4", "gzip", "zstd" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint64_t random_state = 88172645463325252u;

static uint64_t
next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Chunks of random sizes up to these. */
struct sizes {
	size_t in_max, out_max;
};

static size_t
random_size(size_t max)
{
	return 1 + (size_t)(next_random() % max);
}

/* Decodes a whole stream; appends to out what came before a fault, too. Each chunk of input is in
 * memory of its own, so that a read past it is seen. */
static int
decode(struct slice stream, struct sizes sizes, struct buf *out, enum compression *ret_format,
    struct err *err)
{
	struct frames_decoder *d = frames_decoder_new(err);
	char *room = malloc(sizes.out_max);
	size_t len = 1;
	int rc = 0;

	assert_non_null(d);
	assert_non_null(room);
	while (!rc && (stream.len || len)) {
		size_t in = random_size(sizes.in_max);
		char *chunk;
		struct slice input;

		if (in > stream.len)
			in = stream.len;
		chunk = malloc(in ? in : 1);
		assert_non_null(chunk);
		if (in)
			memcpy(chunk, stream.data, in);
		stream = slice_make(stream.data + in, stream.len - in);
		input = slice_make(chunk, in);
		do {
			size_t out_bytes = random_size(sizes.out_max);

			rc = frames_decode(d, &input, !stream.len, room, out_bytes, &len, err);
			if (!rc) {
				assert_true(len <= out_bytes);
				assert_true(len == out_bytes || !input.len);
				assert_int_equal(buf_append(out, slice_make(room, len), err), 0);
			}
		} while (!rc && len);
		free(chunk);
	}
	if (rc) { /* and keeps failing */
		struct slice none = slice_make(NULL, 0);
		struct err again = ERR_INIT;

		assert_int_equal(frames_decode(d, &none, true, room, 1, &len, &again), -1);
		assert_string_equal(again.text, err->text);
	}
	*ret_format = frames_decoder_format(d);
	frames_decoder_free(d);
	free(room);
	return rc;
}

static void
expect_decoded(struct slice stream, struct slice plain, enum compression format)
{
	static const struct sizes sizes[] = { { 1 << 20, 1 << 20 }, { 1, 1 }, { 1, 4096 },
		{ 4096, 1 }, { 7, 300 }, { 300, 7 }, { 70000, 70000 } };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buf out = BUF_INIT(OUT_BYTES_MAX);
		struct err err = ERR_INIT;
		enum compression found;

		if (stream.len + plain.len > 100000 &&
		    (sizes[i].in_max == 1 || sizes[i].out_max == 1))
			continue;
		if (decode(stream, sizes[i], &out, &found, &err))
			fail_msg("%s", err.text);
		assert_int_equal(found, format);
		assert_true(slice_equal(buf_slice(&out), plain));
		buf_release(&out);
	}
}

static void
expect_refused(struct slice stream, const char *part)
{
	static const struct sizes sizes[] = { { 1 << 20, 1 << 20 }, { 1, 1 }, { 7, 300 } };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buf out = BUF_INIT(OUT_BYTES_MAX);
		struct err err = ERR_INIT;
		enum compression found;

		assert_int_equal(decode(stream, sizes[i], &out, &found, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		if (!strstr(err.text, part))
			fail_msg("\"%s\" is not in \"%s\"", part, err.text);
		buf_release(&out);
	}
}

/* Encodes in chunks of random sizes. */
static void
encode_with(struct frames_encoder *e, struct slice plain, size_t chunk_max, struct buf *out)
{
	struct err err = ERR_INIT;

	while (plain.len) {
		size_t n = random_size(chunk_max);

		if (n > plain.len)
			n = plain.len;
		assert_int_equal(frames_encode(e, slice_make(plain.data, n), out, &err), 0);
		plain = slice_skip(plain, n);
	}
	assert_int_equal(frames_encode_finish(e, out, &err), 0);
}

static void
encode(enum compression format, struct slice plain, size_t chunk_max, struct buf *out)
{
	struct err err = ERR_INIT;
	struct frames_encoder *e = frames_encoder_new(format, &err);

	assert_non_null(e);
	encode_with(e, plain, chunk_max, out);
	frames_encoder_free(e);
}

/* Lines that compress, with numbers that do not repeat. */
static void
make_lines(size_t bytes, struct buf *out)
{
	struct err err = ERR_INIT;

	while (out->len < bytes)
		assert_int_equal(
		    buf_appendf(out, &err, "{\"trip\":%u,\"fare\":%u.5}\n",
			(unsigned)(next_random() % 100000), (unsigned)(next_random() % 50)),
		    0);
}

static void
test_names(void **state)
{
	static const struct {
		const char *text;
		enum compression format;
		const char *extension;
	} cases[] = {
		{ "none", COMPRESSION_NONE, "" },
		{ "lz4", COMPRESSION_LZ4, ".lz4" },
		{ "gzip", COMPRESSION_GZIP, ".gz" },
		{ "gz", COMPRESSION_GZIP, ".gz" },
		{ "zstd", COMPRESSION_ZSTD, ".zst" },
		{ "zst", COMPRESSION_ZSTD, ".zst" },
	};
	enum compression format;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(compression_parse(cases[i].text, &format, &err), 0);
		assert_int_equal(format, cases[i].format);
		assert_string_equal(compression_extension(format), cases[i].extension);
	}
	assert_int_equal(compression_parse("snappy", &format, &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
}

static void
test_plain(void **state)
{
	/* the last ones begin like a magic number */
	static const struct slice cases[] = { { "", 0 }, { "{", 1 }, { "abc", 3 },
		{ "{\"a\":1}\n", 8 }, { "\0\0\0\0\0", 5 }, { "\x04", 1 }, { "\x04\x22\x4d", 3 },
		{ "\x04\x22\x4d\x19 and on", 11 }, { "\x1f", 1 }, { "\x1f\x8a", 2 },
		{ "\x28\xb5\x2f", 3 }, { "(hello)", 7 }, { "P", 1 }, { "P*M", 3 }, { "P*Mx", 4 },
		{ "Q*M\x17", 4 }, { "\x02\x21\x4c", 3 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect_decoded(cases[i], cases[i], COMPRESSION_NONE);
}

static void
test_round_trips(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, 65535, 65536, 65537, 200000 };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buf plain = BUF_INIT(OUT_BYTES_MAX);
		struct slice text;

		make_lines(sizes[i], &plain);
		text = slice_make(plain.data, sizes[i]);
		for (size_t k = 0; k < COUNT(formats); k++) {
			struct buf whole = BUF_INIT(OUT_BYTES_MAX),
				   pieces = BUF_INIT(OUT_BYTES_MAX);

			encode(formats[k], text, 1 << 20, &whole);
			encode(formats[k], text, 1000, &pieces);
			assert_true(slice_equal(buf_slice(&whole), buf_slice(&pieces)));
			expect_decoded(buf_slice(&whole), text, formats[k]);
			buf_release(&whole);
			buf_release(&pieces);
		}
		buf_release(&plain);
	}
}

/* An encoder begins another frame after each finish; empty ones are frames too. */
static void
test_concatenated_frames(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT(formats); k++) {
		struct buf plain = BUF_INIT(OUT_BYTES_MAX), stream = BUF_INIT(OUT_BYTES_MAX);
		struct err err = ERR_INIT;
		struct frames_encoder *e = frames_encoder_new(formats[k], &err);

		assert_non_null(e);
		make_lines(3000, &plain);
		encode_with(e, slice_make(plain.data, 1000), 100, &stream);
		encode_with(e, slice_make(NULL, 0), 100, &stream);
		encode_with(e, slice_skip(buf_slice(&plain), 1000), 100, &stream);
		expect_decoded(buf_slice(&stream), buf_slice(&plain), formats[k]);
		frames_encoder_free(e);
		buf_release(&plain);
		buf_release(&stream);
	}
}

/* The settings that files depend on: a checksum, no clock, no name. */
static void
test_headers(void **state)
{
	static const unsigned char gzip[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	struct buf out = BUF_INIT(OUT_BYTES_MAX);
	LZ4F_frameInfo_t info;
	LZ4F_dctx *lz4 = NULL;
	size_t len;

	(void)state;
	encode(COMPRESSION_GZIP, slice_of("hello"), 100, &out);
	assert_memory_equal(out.data, gzip, sizeof(gzip));
	buf_clear(&out);
	encode(COMPRESSION_LZ4, slice_of("hello"), 100, &out);
	len = out.len;
	assert_false(LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION)));
	assert_false(LZ4F_isError(LZ4F_getFrameInfo(lz4, &info, out.data, &len)));
	assert_int_equal(info.contentChecksumFlag, LZ4F_contentChecksumEnabled);
	assert_int_equal(info.blockMode, LZ4F_blockLinked);
	assert_int_equal(info.blockSizeID, LZ4F_max64KB);
	(void)LZ4F_freeDecompressionContext(lz4);
	buf_clear(&out);
	encode(COMPRESSION_ZSTD, slice_of("hello"), 100, &out);
	assert_int_equal(
	    out.data[4] & 4, 4); /* RFC 8878 section 3.1.1.1.1: Content_Checksum_flag */
	buf_release(&out);
}

static void
test_every_cut_is_seen(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT(formats); k++) {
		struct buf plain = BUF_INIT(OUT_BYTES_MAX), stream = BUF_INIT(OUT_BYTES_MAX);

		make_lines(600, &plain);
		encode(formats[k], buf_slice(&plain), 100, &stream);
		for (size_t cut = 0; cut < stream.len; cut++) {
			struct buf out = BUF_INIT(OUT_BYTES_MAX);
			struct err err = ERR_INIT;
			enum compression found;
			char expected[100];
			int rc = decode(slice_make(stream.data, cut), (struct sizes){ 50, 50 },
			    &out, &found, &err);

			/* shorter than the magic number it is nothing known */
			if (cut < (formats[k] == COMPRESSION_GZIP ? 2 : 4)) {
				assert_int_equal(rc, 0);
				assert_int_equal(found, COMPRESSION_NONE);
				assert_int_equal(out.len, cut);
			} else {
				(void)snprintf(expected, sizeof(expected),
				    "%s frame cut short at compressed byte %zu",
				    format_names[formats[k]], cut);
				assert_int_equal(rc, -1);
				assert_int_equal(err.class, ERR_DATA);
				assert_string_equal(err.text, expected);
				/* what came before is handed out */
				assert_true(out.len <= plain.len);
				assert_true(!out.len || memcmp(out.data, plain.data, out.len) == 0);
			}
			buf_release(&out);
		}
		buf_release(&plain);
		buf_release(&stream);
	}
}

/* Flips that hit something without meaning (gzip's time, say) may pass, with the same output; one
 * in the magic number makes it plain. */
static void
test_flipped_bits_are_seen(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT(formats); k++) {
		struct buf plain = BUF_INIT(OUT_BYTES_MAX), stream = BUF_INIT(OUT_BYTES_MAX);

		make_lines(600, &plain);
		encode(formats[k], buf_slice(&plain), 100, &stream);
		for (size_t i = 0; i < stream.len * 8; i++) {
			struct buf out = BUF_INIT(OUT_BYTES_MAX);
			struct err err = ERR_INIT;
			enum compression found;
			int rc;

			stream.data[i / 8] = (char)(stream.data[i / 8] ^ 1 << i % 8);
			rc = decode(
			    buf_slice(&stream), (struct sizes){ 1000, 1000 }, &out, &found, &err);
			if (rc)
				assert_int_equal(err.class, ERR_DATA);
			else if (found != COMPRESSION_NONE && out.len)
				assert_true(slice_equal(buf_slice(&out), buf_slice(&plain)));
			stream.data[i / 8] = (char)(stream.data[i / 8] ^ 1 << i % 8);
			buf_release(&out);
		}
		buf_release(&plain);
		buf_release(&stream);
	}
}

static void
append_skippable(struct buf *out, unsigned char variant, const char *content)
{
	char head[8] = { (char)(0x50 + variant), 0x2a, 0x4d, 0x18, (char)strlen(content), 0, 0, 0 };
	struct err err = ERR_INIT;

	assert_int_equal(buf_append(out, slice_make(head, sizeof(head)), &err), 0);
	assert_int_equal(buf_append_text(out, content, &err), 0);
}

static void
test_skippable_frames(void **state)
{
	static const enum compression with[] = { COMPRESSION_LZ4, COMPRESSION_ZSTD };

	(void)state;
	for (size_t k = 0; k < COUNT(with); k++) {
		struct buf stream = BUF_INIT(OUT_BYTES_MAX);

		append_skippable(&stream, 0, "index");
		append_skippable(&stream, 15, "");
		expect_decoded(buf_slice(&stream), slice_make(NULL, 0), COMPRESSION_NONE);
		expect_refused(
		    slice_make(stream.data, 7), "skippable frame cut short at compressed byte 7");
		expect_refused(
		    slice_make(stream.data, 12), "frame cut short at compressed byte 12");
		encode(with[k], slice_of("one "), 100, &stream);
		append_skippable(&stream, 7, "more");
		encode(with[k], slice_of("two"), 100, &stream);
		append_skippable(&stream, 3, "end");
		expect_decoded(buf_slice(&stream), slice_of("one two"), with[k]);
		stream.len--;
		expect_refused(buf_slice(&stream), "frame cut short");
		buf_release(&stream);
	}
}

static void
test_what_follows_the_last_frame(void **state)
{
	struct buf stream = BUF_INIT(OUT_BYTES_MAX);
	struct err err = ERR_INIT;
	size_t gzip_len;

	(void)state;
	encode(COMPRESSION_LZ4, slice_of("hello"), 100, &stream);
	assert_int_equal(buf_append_text(&stream, "{\"a\":1}\n", &err), 0);
	expect_refused(
	    buf_slice(&stream), "bytes behind the last lz4 frame, at compressed byte 24");
	stream.len -= 7; /* one byte, at the end of input */
	expect_refused(buf_slice(&stream), "bytes behind the last lz4 frame");
	stream.len--;
	encode(COMPRESSION_GZIP, slice_of("hello"), 100, &stream);
	expect_refused(buf_slice(&stream), "gzip frame behind lz4 frames at compressed byte 24");

	buf_clear(&stream);
	encode(COMPRESSION_GZIP, slice_of("hello"), 100, &stream);
	gzip_len = stream.len;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_append_char(&stream, '\0', &err), 0);
	expect_decoded(buf_slice(&stream), slice_of("hello"), COMPRESSION_GZIP);
	assert_int_equal(buf_append_char(&stream, 'x', &err), 0);
	expect_refused(buf_slice(&stream), "bytes behind the padding of the last gzip frame");
	stream.len = gzip_len;
	assert_int_equal(buf_append_char(&stream, 'x', &err), 0);
	expect_refused(buf_slice(&stream), "bytes behind the last gzip frame");
	stream.len = gzip_len;
	append_skippable(&stream, 0, "");
	expect_refused(buf_slice(&stream), "bytes behind the last gzip frame");
	buf_release(&stream);
}

static void
test_not_supported(void **state)
{
	/* RFC 8878 section 3.1.1.1.2: no single segment, 2^28 bytes of window; one raw block */
	static const struct slice wide = { "\x28\xb5\x2f\xfd\x00\x90\x09\x00\x00x", 10 };

	(void)state;
	expect_refused(slice_make("\x02\x21\x4c\x18 and so on", 13), "legacy format");
	expect_refused(wide, "window larger than 128 MiB");
}

static void
test_out_is_bounded(void **state)
{
	struct buf plain = BUF_INIT(OUT_BYTES_MAX);

	(void)state;
	make_lines(1000000, &plain);
	for (size_t k = 0; k < COUNT(formats); k++) {
		struct buf out = BUF_INIT(1000);
		struct err err = ERR_INIT;
		struct frames_encoder *e = frames_encoder_new(formats[k], &err);

		assert_non_null(e);
		assert_int_equal(frames_encode(e, buf_slice(&plain), &out, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		frames_encoder_free(e);
		buf_release(&out);
	}
	buf_release(&plain);
}

static size_t
lines_of(struct slice text)
{
	size_t count = 0;

	while (slice_cut(text, '\n', &(struct slice){ 0 }, &text))
		count++;
	return count;
}

static void
test_real_files(void **state)
{
	struct buf one = BUF_INIT(SHARED_FILE_BYTES_MAX), two = BUF_INIT(SHARED_FILE_BYTES_MAX);
	struct buf plain = BUF_INIT(OUT_BYTES_MAX), again = BUF_INIT(OUT_BYTES_MAX);
	struct err err = ERR_INIT;
	enum compression found;

	(void)state;
	shared_require("tripevents-2019-01.json.lz4");
	shared_require("tripevents-2019-01.two-frames.json.lz4");
	shared_read("tripevents-2019-01.json.lz4", &one);
	shared_read("tripevents-2019-01.two-frames.json.lz4", &two);
	assert_int_equal(
	    decode(buf_slice(&one), (struct sizes){ 70000, 70000 }, &plain, &found, &err), 0);
	assert_int_equal(lines_of(buf_slice(&plain)), 5000);
	expect_decoded(buf_slice(&one), buf_slice(&plain), COMPRESSION_LZ4);
	expect_decoded(buf_slice(&two), buf_slice(&plain), COMPRESSION_LZ4);
	expect_refused(slice_make(two.data, two.len - 1), "lz4 frame cut short at compressed byte");
	for (size_t k = 0; k < COUNT(formats); k++) {
		buf_clear(&again);
		encode(formats[k], buf_slice(&plain), 100000, &again);
		expect_decoded(buf_slice(&again), buf_slice(&plain), formats[k]);
	}
	buf_release(&one);
	buf_release(&two);
	buf_release(&plain);
	buf_release(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_concatenated_frames),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_every_cut_is_seen),
		cmocka_unit_test(test_flipped_bits_are_seen),
		cmocka_unit_test(test_skippable_frames),
		cmocka_unit_test(test_what_follows_the_last_frame),
		cmocka_unit_test(test_not_supported),
		cmocka_unit_test(test_out_is_bounded),
		cmocka_unit_test(test_real_files),
	};

	frames_decoder_free(NULL);
	frames_encoder_free(NULL);
	return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
