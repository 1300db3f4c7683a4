/* SPDX-License-Identifier: MIT */
/* Writing S3: what is sent, and what is there then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aws/s3_xml.h"
#include "base/clock.h"
#include "s3_put_kit.h"

/* ---- sizes ---- */

static void
objects_of_all_sizes(void **state)
{
	static const struct {
		int64_t bytes;
		unsigned parts;
	} cases[] = {
		{ 0, 0 },
		{ 1, 0 },
		{ PART - 1, 0 },
		{ PART, 0 },
		{ PART + 1, 2 },
		{ 2 * PART, 2 },
		{ 2 * PART + 1, 3 },
		{ 5 * PART + 77, 6 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct put p = { .bytes = cases[i / 2].bytes, .is_written = i % 2 };

		new_bucket(w);
		start_put(w, &p, "a key/+%\303\274", &(struct s3_put_options){ .parts_max = 3 });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_NONE);
		assert_int_equal(p.result.parts, cases[i / 2].parts);
		assert_int_equal(p.result.bytes, p.bytes);
		assert_false(p.result.was_there);
		assert_true(p.etag[0] == '"');
		ask_store(w);
		assert_true(has_object(w, "a key/+%\303\274", p.bytes));
		assert_int_equal(count_lines(w, "upload "), 0);
		/* one more each to begin and to end the upload */
		assert_int_equal(count_lines(w, "request "),
		    cases[i / 2].parts ? (int)cases[i / 2].parts + 2 : 1);
		/* three buffers at most, and what else there is */
		assert_true(p.memory <= 3 * (size_t)PART + 16384);
	}
}

/* Nothing is sent before it is known whether it goes in parts, and nothing seen before its end. */
static void
parts_go_before_the_end(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		struct put p = { .bytes = PART, .is_written = i };

		new_bucket(w);
		start_put(w, &p, "k", &(struct s3_put_options){ .parts_max = 2 });
		while (p.fed < p.bytes)
			(void)feed(&p);
		ask_store(w);
		assert_int_equal(count_lines(w, "request "), 0);
		p.bytes = 4 * PART - 1;
		while (p.fed < p.bytes) {
			if (!feed(&p))
				(void)loop_turn(w->loop, clock_deadline(100));
		}
		do {
			(void)loop_turn(w->loop, clock_deadline(100));
			ask_store(w);
		} while (!strstr(w->store.data, "upload k 3"));
		assert_int_equal(count_lines(w, "object "), 0);
		assert_int_equal(count_lines(w, "request PUT"), 3);
		s3_put_end(p.put);
		wait_for(&p);
		ask_store(w);
		assert_true(has_object(w, "k", 4 * PART - 1));
	}
}

static void
several_at_once(void **state)
{
	struct world *w = *state;
	struct put puts[8] = { { .w = NULL } };
	char key[8];

	new_bucket(w);
	for (int i = 0; i < 8; i++) {
		puts[i].bytes = i * (PART / 3);
		puts[i].is_written = i % 2;
		(void)snprintf(key, sizeof(key), "k%d", i);
		start_put(w, &puts[i], key, &(struct s3_put_options){ .is_create_only = true });
	}
	for (int i = 0; i < 8; i++)
		feed_all(&puts[i]);
	for (int i = 0; i < 8; i++) {
		wait_for(&puts[i]);
		assert_int_equal(puts[i].err.class, ERR_NONE);
	}
	ask_store(w);
	for (int i = 0; i < 8; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		assert_true(has_object(w, key, puts[i].bytes));
	}
	assert_int_equal(count_lines(w, "upload "), 0);
}

/* ---- the rest ---- */

static void
objects_have_a_style(void **state)
{
	static const struct s3_style style = {
		.content_type = "application/x-ndjson",
		.content_encoding = "zstd",
		.storage_class = "STANDARD_IA",
		.encryption = "aws:kms",
		.kms_key_id = "arn:aws:kms:us-east-1:1:key/k",
		.tagging = "a=b&c%20d=",
		.acl = "bucket-owner-full-control",
	};
	static const char told[] =
	    " content-encoding=zstd content-type=application/x-ndjson"
	    " x-amz-acl=bucket-owner-full-control"
	    " x-amz-server-side-encryption=aws:kms"
	    " x-amz-server-side-encryption-aws-kms-key-id=arn:aws:kms:us-east-1:1:key/k"
	    " x-amz-storage-class=STANDARD_IA x-amz-tagging=a=b&c%20d=\n";
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		struct put p = { .bytes = i ? IN_PARTS : 9 };

		new_bucket(w);
		start_put(w, &p, "k", &(struct s3_put_options){ .style = &style });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_NONE);
		ask_store(w);
		assert_non_null(strstr(w->store.data, told));
	}
}

static void
checksums_may_be_left_out(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 4; i++) {
		struct put p = { .bytes = i / 2 ? IN_PARTS : 9 };

		if (i % 2 == 0)
			new_bucket(w);
		start_put(w, &p, "k",
		    &(struct s3_put_options){ .is_create_only = true, .has_no_checksum = true });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_NONE);
		assert_int_equal(p.result.was_there, i % 2);
		ask_store(w);
		/* it had to be read */
		assert_int_equal(count_lines(w, "request GET"), i % 2);
	}
}

/* What is expected to be there is not sent. */
static void
objects_may_be_looked_for_first(void **state)
{
	static const struct {
		int64_t bytes;
		const char *faults;
		int64_t fails_at;
	} cases[] = {
		{ 0, "", 0 },
		{ 65536, "", 0 },
		{ IN_PARTS, "", 0 },
		{ 300000, "HEAD\tbare\n", 0 },
		{ 300000, "", 200000 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct put p = { .bytes = cases[i].bytes };
		int requests;

		new_bucket(w);
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
		feed_all(&p);
		wait_for(&p);
		ask_store(w);
		requests = count_lines(w, "request P");
		order_faults(w, cases[i].faults);
		p = (struct put){ .bytes = cases[i].bytes, .fails_at = cases[i].fails_at };
		start_put(w, &p, "k",
		    &(struct s3_put_options){ .is_create_only = true, .looks_first = true });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, cases[i].fails_at ? ERR_IO : ERR_NONE);
		assert_int_equal(p.result.was_there, !cases[i].fails_at);
		ask_store(w);
		assert_int_equal(count_lines(w, "request P"), requests);
	}
}

static void
heads_tell_objects(void **state)
{
	struct world *w = *state;
	struct put p = { .bytes = 1000 };
	struct s3_head head;

	new_bucket(w);
	assert_int_equal(s3_head(w->bucket, slice_of("k"), &head, &w->err), 0);
	assert_false(head.is_there);
	start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
	feed_all(&p);
	wait_for(&p);
	assert_int_equal(s3_head(w->bucket, slice_of("k"), &head, &w->err), 0);
	assert_true(head.is_there);
	assert_int_equal(head.bytes, 1000);
	assert_true(head.has_crc64);
	assert_int_equal(head.crc64, p.result.crc64);
	assert_string_equal(head.etag, p.etag);
	order_faults(w, "HEAD\tbare\n");
	assert_int_equal(s3_head(w->bucket, slice_of("k"), &head, &w->err), 0);
	assert_false(head.has_crc64);
	order_faults(w, "HEAD\t403 x\nGET\t403 AccessDenied\n");
	assert_int_equal(s3_head(w->bucket, slice_of("k"), &head, &w->err), -1);
	assert_int_equal(w->err.class, ERR_DENIED);
	assert_non_null(strstr(w->err.text, "/k: AccessDenied: It is so."));
	/* what GET knows nothing of has passed */
	order_faults(w, "HEAD\t403 x\n");
	assert_int_equal(s3_head(w->bucket, slice_of("k"), &head, &w->err), 0);
	assert_true(head.is_there);
	order_faults(w, "");
}

static void
small_objects_are_fetched(void **state)
{
	struct world *w = *state;
	struct put p = { .bytes = 1000 };
	struct buf bytes = BUF_INIT(1000);
	bool is_there = true;

	new_bucket(w);
	assert_int_equal(
	    s3_fetch(w->bucket, slice_of("k"), CLOCK_NEVER, &bytes, &is_there, &w->err), 0);
	assert_false(is_there);
	start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = false });
	feed_all(&p);
	wait_for(&p);
	order_faults(w, "GET\t503 SlowDown\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    s3_fetch(w->bucket, slice_of("k"), CLOCK_NEVER, &bytes, &is_there, &w->err), 0);
		assert_true(is_there);
		assert_int_equal(bytes.len, 1000);
		assert_memory_equal(bytes.data, "abcdefghijklmnopqrstuvwabc", 26);
	}
	buf_release(&bytes);
	buf_init(&bytes, 999);
	assert_int_equal(
	    s3_fetch(w->bucket, slice_of("k"), CLOCK_NEVER, &bytes, &is_there, &w->err), -1);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	order_faults(w, "GET\t403 AccessDenied\n");
	assert_int_equal(
	    s3_fetch(w->bucket, slice_of("k"), CLOCK_NEVER, &bytes, &is_there, &w->err), -1);
	assert_int_equal(w->err.class, ERR_DENIED);
	open_bucket(w, "store-none");
	assert_int_equal(
	    s3_fetch(w->bucket, slice_of("k"), CLOCK_NEVER, &bytes, &is_there, &w->err), -1);
	assert_int_equal(w->err.class, ERR_NO_INPUT);
	buf_release(&bytes);
}

static void
buckets_must_be_there(void **state)
{
	struct world *w = *state;
	struct put p = { .bytes = 1 };

	open_bucket(w, "store-none");
	start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
	feed_all(&p);
	wait_for(&p);
	assert_int_equal(p.err.class, ERR_CANT_CREATE);
	assert_string_equal(p.err.text, "s3://store-none/k: NoSuchBucket: It is so.");
}

static void
options_are_checked(void **state)
{
	static const struct s3_put_options cases[] = {
		{ .part_bytes = S3_PART_BYTES_MIN - 1 },
		{ .part_bytes = S3_PART_BYTES_MAX + 1ll },
		{ .parts_max = 1 },
		{ .parts_max = S3_PARTS_AT_ONCE_MAX + 1 },
	};
	struct world *w = *state;

	new_bucket(w);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_null(s3_put_start(w->bucket, &cases[i], &w->err));
		assert_int_equal(w->err.class, ERR_USAGE);
	}
}

/* S3's limits: "Amazon S3 multipart upload limits" (Amazon S3 User Guide). */
static void
parts_grow(void **state)
{
	static const int64_t firsts[] = { S3_PART_BYTES_MIN, S3_PART_BYTES_USUAL,
		S3_PART_BYTES_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(firsts); i++) {
		int64_t sum = 0, last = 0;

		for (unsigned n = 1; n <= S3_PARTS_MAX; n++) {
			int64_t bytes = s3_part_bytes(firsts[i], n);

			assert_true(bytes >= last && bytes <= (int64_t)5 << 30);
			if (n <= 1000)
				assert_int_equal(bytes, firsts[i]);
			sum += bytes;
			last = bytes;
		}
		/* the 5 TB that objects have had for long */
		assert_true(sum >= (int64_t)5000 * 1000 * 1000 * 1000);
		assert_int_equal(s3_part_bytes(firsts[i], S3_PARTS_MAX + 1), 0);
	}
}

static void
tags_are_encoded(void **state)
{
	struct buf tagging = BUF_INIT(100000);
	struct err err = ERR_INIT;
	char name[400];

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(s3_tagging_append(&tagging, slice_of("a"), slice_of("b"), &err), 0);
	assert_int_equal(
	    s3_tagging_append(&tagging, slice_of("c d"), slice_of("e&f=\303\274"), &err), 0);
	assert_string_equal(tagging.data, "a=b&c%20d=e%26f%3D%C3%BC");
	assert_int_equal(s3_tagging_append(&tagging, slice_of(""), slice_of("b"), &err), -1);
	assert_int_equal(
	    s3_tagging_append(&tagging, slice_make(name, 129), slice_of(""), &err), -1);
	assert_int_equal(
	    s3_tagging_append(&tagging, slice_of("x"), slice_make(name, 257), &err), -1);
	for (int i = 2; i < 10; i++)
		assert_int_equal(s3_tagging_append(&tagging, slice_make(name, 128),
				     slice_make(name, 256), &err), 0);
	assert_int_equal(s3_tagging_append(&tagging, slice_of("x"), slice_of(""), &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	buf_release(&tagging);
}

#define UPLOADS(text) "<ListMultipartUploadsResult>" text "</ListMultipartUploadsResult>"

static void
bad_listings_are_refused(void **state)
{
	static const char *const cases[] = { "", "words", "<Other/>",
		UPLOADS("<Upload><Key>a</Key></Upload>"),
		UPLOADS("<Upload><UploadId>a</UploadId></Upload>"),
		UPLOADS("<IsTruncated>true</IsTruncated>"),
		UPLOADS("<EncodingType>url</EncodingType><Upload><Key>%4</Key>"
			"<UploadId>a</UploadId></Upload>"),
		UPLOADS("<EncodingType>url</EncodingType><Upload><Key>%00</Key>"
			"<UploadId>a</UploadId></Upload>"),
		UPLOADS("<EncodingType>url</EncodingType><NextKeyMarker>%zz</NextKeyMarker>"),
		"<!DOCTYPE x><ListMultipartUploadsResult/>" };
	struct buf text = BUF_INIT(1000);
	struct s3_uploads page;
	struct err err = ERR_INIT;

	(void)state;
	s3_uploads_init(&page);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(s3_uploads_read(&page, slice_of(cases[i]), &err), -1);
		assert_int_equal(err.class, ERR_UNAVAILABLE);
	}
	assert_int_equal(s3_uploads_read(&page, slice_of(UPLOADS("")), &err), 0);
	assert_int_equal(page.count, 0);
	s3_uploads_release(&page);
	assert_int_equal(
	    s3_begun_read(slice_of("<InitiateMultipartUploadResult/>"), &text, &err), -1);
	assert_int_equal(
	    s3_completed_read(slice_of("<Error><Code>x</Code></Error>"), &text, &err), -1);
	assert_int_equal(
	    s3_completed_read(slice_of(" \n<CompleteMultipartUploadResult/>"), &text, &err), 0);
	buf_release(&text);
}

/* ---- what is there ---- */

static void
what_is_there_is_taken_or_refused(void **state)
{
	static const struct {
		enum s3_put_existing existing;
		bool looks_first;
		int64_t there; /* bytes of the object that is there; -1: none */
		const char *faults;
		enum err_class class;
		bool was_there;
		int puts; /* requests that carried bytes */
	} cases[] = {
		/* whatever it holds */
		{ S3_PUT_TAKES, true, 10, "", ERR_NONE, true, 0 },
		{ S3_PUT_TAKES, false, 10, "", ERR_NONE, true, 1 },
		{ S3_PUT_TAKES, true, -1, "", ERR_NONE, false, 1 },
		/* somebody made another one between looking and putting */
		{ S3_PUT_TAKES, true, -1, "PUT\tother x\n", ERR_NONE, true, 1 },
		/* the very same is refused, too */
		{ S3_PUT_REFUSES, true, 100, "", ERR_CANT_CREATE, true, 0 },
		{ S3_PUT_REFUSES, true, 10, "", ERR_CANT_CREATE, true, 0 },
		{ S3_PUT_REFUSES, true, -1, "", ERR_NONE, false, 1 },
		/* but for our own, whose reply was lost */
		{ S3_PUT_REFUSES, true, -1, "PUT\tlost\n", ERR_NONE, true, 2 },
		{ S3_PUT_REFUSES, true, -1, "PUT\tother x\n", ERR_CANT_CREATE, true, 1 },
		{ S3_PUT_COMPARES, true, 100, "", ERR_NONE, true, 0 },
		{ S3_PUT_COMPARES, true, 10, "", ERR_CANT_CREATE, true, 0 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct put before = { .bytes = cases[i].there }, p = { .bytes = 100 };

		new_bucket(w);
		if (cases[i].there >= 0) {
			start_put(w, &before, "k", &(struct s3_put_options){ .is_create_only = true });
			feed_all(&before);
			wait_for(&before);
		}
		order_faults(w, cases[i].faults);
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true,
			.existing = cases[i].existing, .looks_first = cases[i].looks_first });
		feed_all(&p);
		wait_for(&p);
		if (p.err.class != cases[i].class || p.result.was_there != cases[i].was_there)
			fail_msg("case %zu: %d, %d: %s", i, p.err.class, p.result.was_there, p.err.text);
		ask_store(w);
		assert_int_equal(count_lines(w, "request PUT"),
		    cases[i].puts + (cases[i].there >= 0));
		if (cases[i].there >= 0)
			assert_true(has_object(w, "k", cases[i].there));
	}
}

struct told {
	bool is_done, is_there;
	char text[32];
	char etag[64];
	struct err err;
};

static void
on_fetched(void *context, bool is_there, struct slice etag, struct slice bytes,
    const struct err *err)
{
	struct told *told = context;

	(void)snprintf(told->etag, sizeof(told->etag), "%.*s", SLICE_ARGS(etag));
	told->is_done = true;
	told->is_there = is_there;
	told->err = *err;
	(void)snprintf(told->text, sizeof(told->text), "%.*s", SLICE_ARGS(bytes));
}

static void
fetch(struct world *w, const char *key, int64_t patience_ms, struct told *told)
{
	struct s3_fetching *f =
	    s3_fetch_start(w->bucket, slice_of(key), patience_ms, on_fetched, told, &w->err);

	assert_non_null(f);
	while (!told->is_done)
		(void)loop_turn(w->loop, CLOCK_NEVER);
	s3_fetching_free(f);
}

static bool
is_any(void *context, struct slice key)
{
	(void)context;
	(void)key;
	return true;
}

/* What nobody answers ends by its deadline, long before the request itself is given up. */
static void
waiting_has_deadlines(void **state)
{
	struct world *w = *state;
	struct buf bytes = BUF_INIT(100);
	size_t count = 7;
	bool is_there;

	new_bucket(w);
	order_faults(w, TWICE("GET\thang"));
	assert_int_equal(
	    s3_fetch(w->bucket, slice_of("k"), clock_deadline(50), &bytes, &is_there, &w->err), -1);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	assert_non_null(strstr(w->err.text, "/k: no reply in time"));
	assert_int_equal(s3_abort_uploads(w->bucket, slice_of(""), is_any, NULL, clock_deadline(50),
	    &count, &w->err), -1);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	assert_int_equal(count, 0);
	/* and has gone when it comes back */
	assert_int_equal(
	    s3_fetch(w->bucket, slice_of("k"), CLOCK_NEVER, &bytes, &is_there, &w->err), 0);
	assert_false(is_there);
	buf_release(&bytes);
}

/* Puts so many bytes, where the object has this entity tag. */
static enum err_class
replace(struct world *w, int64_t bytes, const char *etag, bool *ret_was_there)
{
	struct put p = { .bytes = bytes };

	start_put(w, &p, "k", &(struct s3_put_options){ .if_match = slice_of(etag) });
	feed_all(&p);
	wait_for(&p);
	*ret_was_there = p.result.was_there;
	return p.err.class;
}

static void
what_is_replaced_is_what_was_read(void **state)
{
	static const char *const faults[] = { "PUT\tother x\n", "PUT\tgone\n",
		"PUT\t409 ConditionalRequestConflict\n", "PUT\t503 SlowDown\nPUT\tother x\n" };
	struct world *w = *state;
	bool was_there;

	for (size_t i = 0; i < COUNT(faults); i++) {
		struct told told = { .text = "" }, again = { .text = "" };

		new_bucket(w);
		assert_int_equal(replace(w, 5, "", &was_there), ERR_NONE);
		fetch(w, "k", 0, &told);
		assert_true(told.etag[0]);
		assert_int_equal(replace(w, 6, told.etag, &was_there), ERR_NONE);
		assert_false(was_there);
		ask_store(w);
		assert_true(has_object(w, "k", 6));
		/* it is another by now */
		assert_int_equal(replace(w, 7, told.etag, &was_there), ERR_CANT_CREATE);
		assert_true(was_there);
		ask_store(w);
		assert_true(has_object(w, "k", 6));
		/* it becomes one */
		fetch(w, "k", 0, &again);
		order_faults(w, faults[i]);
		assert_int_equal(replace(w, 7, again.etag, &was_there), ERR_CANT_CREATE);
		assert_true(was_there);
		ask_store(w);
		assert_false(has_object(w, "k", 7));
	}
	/* other refusals are what they are */
	order_faults(w, "PUT\t404 NoSuchBucket\n");
	assert_int_equal(replace(w, 7, "\"x\"", &was_there), ERR_CANT_CREATE);
	assert_false(was_there);
}

static void
small_objects_are_fetched_with_patience(void **state)
{
	struct world *w = *state;
	struct put p = { .bytes = 20 };
	struct told there = { .text = "" }, none = { .text = "" }, away = { .text = "" },
	            patient = { .text = "" };

	new_bucket(w);
	fetch(w, "k", 0, &none);
	assert_false(none.is_there);
	assert_int_equal(none.err.class, ERR_NONE);
	start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
	feed_all(&p);
	wait_for(&p);
	fetch(w, "k", 0, &there);
	assert_true(there.is_there);
	assert_string_equal(there.text, "abcdefghijklmnopqrst");
	/* as often as io/http tries, and longer */
	order_faults(w, "GET\t503 SlowDown\nGET\t503 SlowDown\nGET\t503 SlowDown\n");
	fetch(w, "k", 0, &away);
	assert_int_equal(away.err.class, ERR_UNAVAILABLE);
	order_faults(w, "GET\t503 SlowDown\nGET\t503 SlowDown\nGET\t503 SlowDown\nGET\t503 SlowDown\n");
	fetch(w, "k", 60000, &patient);
	assert_true(patient.is_there);
	assert_string_equal(patient.text, "abcdefghijklmnopqrst");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_of_all_sizes),
		cmocka_unit_test(parts_go_before_the_end),
		cmocka_unit_test(several_at_once),
		cmocka_unit_test(objects_have_a_style),
		cmocka_unit_test(checksums_may_be_left_out),
		cmocka_unit_test(objects_may_be_looked_for_first),
		cmocka_unit_test(heads_tell_objects),
		cmocka_unit_test(small_objects_are_fetched),
		cmocka_unit_test(buckets_must_be_there),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(parts_grow),
		cmocka_unit_test(tags_are_encoded),
		cmocka_unit_test(bad_listings_are_refused),
		cmocka_unit_test(what_is_there_is_taken_or_refused),
		cmocka_unit_test(waiting_has_deadlines),
		cmocka_unit_test(what_is_replaced_is_what_was_read),
		cmocka_unit_test(small_objects_are_fetched_with_patience),
	};

	return cmocka_run_group_tests_name("s3_put", tests, start_world, end_world);
}
