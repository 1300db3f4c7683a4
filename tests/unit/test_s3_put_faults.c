/* SPDX-License-Identifier: MIT */
/* Writing S3 while requests fail, somebody else writes, or all is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "s3_put_kit.h"

/* Where the bytes come from; ANY: one or the other by turns. */
enum { ANY, READ, WRITTEN };

struct fault_case {
	int64_t bytes;
	const char *faults;
	enum err_class class;
	const char *words; /* NULL: any */
	bool was_there;
	int uploads; /* left */
	int from;
	bool may_replace;
	bool looks_first;
	bool is_there; /* though it failed */
};

static void
run_fault_case(struct world *w, const struct fault_case *c, bool is_written)
{
	struct put p = { .bytes = c->bytes, .is_written = is_written };

	new_bucket(w);
	order_faults(w, c->faults);
	start_put(w, &p, "k",
	    &(struct s3_put_options){
		.is_create_only = !c->may_replace, .looks_first = c->looks_first });
	feed_all(&p);
	wait_for(&p);
	if (p.err.class != c->class || (c->words && !strstr(p.err.text, c->words)) ||
	    p.result.was_there != c->was_there)
		fail_msg("%s(%s): class %d, was there %d: %s", c->faults,
		    is_written ? "written" : "read", p.err.class, p.result.was_there, p.err.text);
	ask_store(w);
	if (has_object(w, "k", c->bytes) != (c->class == ERR_NONE || c->is_there) ||
	    count_lines(w, "upload ") != c->uploads)
		fail_msg("%s(%s): not as expected:\n%s", c->faults, is_written ? "written" : "read",
		    w->store.data);
	order_faults(w, "");
}

static void
run_fault_cases(struct world *w, const struct fault_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool is_written = cases[i].from == ANY ? i % 2 : cases[i].from == WRITTEN;

		run_fault_case(w, &cases[i], is_written);
	}
}

static void
one_request_with_faults(void **state)
{
	static const struct fault_case cases[] = {
		{ .bytes = 100, .faults = TWICE("PUT\t503 SlowDown"),
		    .class = ERR_NONE, .was_there = false },
		{ .bytes = 100, .faults = TWICE("PUT\t500 InternalError"),
		    .class = ERR_NONE, .was_there = false },
		{ .bytes = 100, .faults = "PUT\t400 BadDigest\n",
		    .class = ERR_NONE, .was_there = false },
		{ .bytes = 100, .faults = "PUT\tcut\n", .class = ERR_NONE, .was_there = false },
		{ .bytes = 3 * 1024 * 1024, .faults = "PUT\tcut\n",
		    .class = ERR_NONE, .was_there = false },
		{ .bytes = 100, .faults = THRICE("PUT\t503 SlowDown"), .class = ERR_UNAVAILABLE,
		    .words = "SlowDown" },
		{ .bytes = 100, .faults = "PUT\t403 AccessDenied\n", .class = ERR_DENIED,
		    .words = "AccessDenied: It is so." },
		{ .bytes = 100, .faults = "PUT\t404 NoSuchBucket\n", .class = ERR_CANT_CREATE,
		    .words = "NoSuchBucket" },
		{ .bytes = 100, .faults = "PUT\t400 InvalidArgument\n", .class = ERR_CANT_CREATE,
		    .words = "InvalidArgument" },
		/* the reply was lost: ours is there */
		{ .bytes = 100, .faults = "PUT\tlost\n", .class = ERR_NONE, .was_there = true },
		{ .bytes = 0, .faults = "PUT\tlost\n", .class = ERR_NONE, .was_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\tbare\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\tbare\nGET\thalf\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\t503 SlowDown\n",
		    .class = ERR_NONE, .was_there = true },
		/* why HEAD is refused, GET says */
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\t403 AccessDenied\nGET\t403 AccessDenied\n",
		    .class = ERR_DENIED, .words = "/k: AccessDenied: It is so.", .is_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\t400 x\nGET\t400 InvalidToken\n",
		    .class = ERR_DENIED, .words = "/k: InvalidToken: It is so.", .is_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\t403 x\nHEAD\t403 x\n",
		    .class = ERR_DENIED, .words = "/k: status 403: wrong credentials or no permission",
		    .is_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\t403 x\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\n", .class = ERR_NONE, .may_replace = true },
		/* somebody else's */
		{ .bytes = 100, .faults = "PUT\tsame\n", .class = ERR_NONE, .was_there = true },
		{ .bytes = 100, .faults = "PUT\tother hello\n", .class = ERR_CANT_CREATE,
		    .was_there = true, .words = "it has 5 bytes, not 100" },
		{ .bytes = 5, .faults = "PUT\tother hello\n", .class = ERR_CANT_CREATE,
		    .was_there = true, .words = "its CRC-64/NVME is " },
		{ .bytes = 5, .faults = "PUT\tother hello\nHEAD\tbare\n", .class = ERR_CANT_CREATE,
		    .was_there = true, .words = "its CRC-64/NVME is " },
		{ .bytes = 100, .faults = "PUT\tother hello\n",
		    .class = ERR_NONE, .may_replace = true },
		/* it was there, and is gone */
		{ .bytes = 100, .faults = "PUT\t409 ConditionalRequestConflict\n",
		    .class = ERR_NONE },
		{ .bytes = 100, .faults = THRICE("PUT\t409 ConditionalRequestConflict"),
		    .class = ERR_UNAVAILABLE, .words = "Conflict" },
		{ .bytes = 100, .faults = "PUT\t412 PreconditionFailed\n", .class = ERR_NONE },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\tgone\n", .class = ERR_NONE },
		{ .bytes = 100, .faults = FOUR_TIMES("PUT\t412 PreconditionFailed"),
		    .class = ERR_UNAVAILABLE, .words = "could not be created, and is not there" },
	};

	run_fault_cases(*state, cases, COUNT(cases));
}

static void
parts_with_faults(void **state)
{
	static const struct fault_case cases[] = {
		{ .bytes = IN_PARTS, .faults = TWICE("POST k.uploads\t503 SlowDown"),
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = TWICE("PUT.*partNumber=2\t503 SlowDown") "PUT\tcut\n",
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "partNumber=1\tlost\npartNumber=2\tlost\n",
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "partNumber=1\t400 BadDigest\n", .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "partNumber=2\tgone\n", .class = ERR_UNAVAILABLE,
		    .words = "aborted by somebody else", .from = WRITTEN },
		/* once more, from the first byte, where that can be read again */
		{ .bytes = 3 * PART, .faults = "partNumber=1\tgone\n", .class = ERR_NONE, .from = READ },
		{ .bytes = 3 * PART, .faults = THRICE("partNumber=3\tgone"), .class = ERR_NONE,
		    .from = READ },
		{ .bytes = IN_PARTS, .faults = FOUR_TIMES("partNumber=2\tgone"),
		    .class = ERR_UNAVAILABLE, .words = "aborted by somebody else", .from = READ },
		{ .bytes = IN_PARTS, .faults = "partNumber=2\t403 AccessDenied\n",
		    .class = ERR_DENIED, .words = "AccessDenied" },
		{ .bytes = IN_PARTS, .faults = "partNumber=2\tempty\n", .class = ERR_UNAVAILABLE,
		    .words = "part 2: the reply has no" },
		{ .bytes = IN_PARTS, .faults = THRICE("partNumber=2\t500 InternalError"),
		    .class = ERR_UNAVAILABLE, .words = "InternalError" },
		{ .bytes = IN_PARTS, .faults = "POST k.uploads\t403 AccessDenied\n",
		    .class = ERR_DENIED, .words = "AccessDenied" },
		{ .bytes = IN_PARTS, .faults = "POST k.uploads\tempty\n", .class = ERR_UNAVAILABLE,
		    .words = "beginning an upload", .uploads = 1 },
		/* the end */
		{ .bytes = IN_PARTS, .faults = TWICE("POST k.uploadId\t503 SlowDown"),
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = TWICE("POST k.uploadId\t200 InternalError"),
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t200 SlowDown\n",
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tblanks\n", .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t200 AccessDenied\n",
		    .class = ERR_NONE },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t403 AccessDenied\n",
		    .class = ERR_DENIED, .words = "AccessDenied" },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tdone InternalError\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tlost\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tlost\nHEAD\tbare\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tempty\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tlost\n",
		    .class = ERR_NONE, .was_there = true, .may_replace = true },
		/* somebody else's; our upload goes */
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tsame\n",
		    .class = ERR_NONE, .was_there = true },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tother hello\n",
		    .class = ERR_CANT_CREATE, .was_there = true, .words = "it has 5 bytes" },
		{ .bytes = IN_PARTS,
		    .faults = "POST k.uploadId\tother hello\nDELETE\t503 SlowDown\n",
		    .class = ERR_CANT_CREATE, .was_there = true, .words = "it has 5 bytes" },
		{ .bytes = IN_PARTS,
		    .faults = "POST k.uploadId\tother hello\n" TWICE("DELETE\t500 InternalError"),
		    .class = ERR_CANT_CREATE, .was_there = true, .words = "it has 5 bytes", .uploads = 1 },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tother hello\n",
		    .class = ERR_NONE, .may_replace = true },
		/* once more, from the first byte, where that can be read again */
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t409 ConditionalRequestConflict\n",
		    .class = ERR_NONE, .from = READ },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t409 ConditionalRequestConflict\n",
		    .class = ERR_UNAVAILABLE, .words = "could not be created", .from = WRITTEN },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\t200 PreconditionFailed\n",
		    .class = ERR_NONE, .from = READ },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tgone\n",
		    .class = ERR_NONE, .from = READ },
		{ .bytes = IN_PARTS, .faults = FOUR_TIMES("POST k.uploadId\tgone"),
		    .class = ERR_UNAVAILABLE, .words = "could not be created", .from = READ },
		/* what is to be replaced is older, and not what was wanted */
		{ .bytes = IN_PARTS, .may_replace = true, .from = READ, .class = ERR_NONE,
		    .faults = "POST k.uploadId\tgone\nHEAD k\tother hello\n" },
		{ .bytes = IN_PARTS, .may_replace = true, .from = READ, .class = ERR_UNAVAILABLE,
		    .words = "could not be replaced: it has 5 bytes",
		    .faults = FOUR_TIMES("POST k.uploadId\tgone") FOUR_TIMES("HEAD k\tother hello") },
		{ .bytes = IN_PARTS, .may_replace = true, .from = WRITTEN, .class = ERR_UNAVAILABLE,
		    .words = "could not be replaced: it has 5 bytes",
		    .faults = "POST k.uploadId\tgone\nHEAD k\tother hello\n" },
	};

	run_fault_cases(*state, cases, COUNT(cases));
}

/* A bucket in another region: all that is asked there is asked again. */
static void
buckets_may_be_elsewhere(void **state)
{
	static const struct fault_case cases[] = {
		{ .bytes = 100, .faults = "PUT\tmoved\n", .from = READ },
		{ .bytes = 100, .faults = "PUT\tmoved\n", .from = WRITTEN },
		{ .bytes = IN_PARTS, .faults = "POST\tmoved\n" },
		{ .bytes = IN_PARTS, .faults = "partNumber=1\tmoved\n" },
		{ .bytes = IN_PARTS, .faults = "POST k.uploadId\tmoved\n" },
		{ .bytes = 100, .faults = "PUT\tlost\nHEAD\tmoved\n", .was_there = true },
	};

	run_fault_cases(*state, cases, COUNT(cases));
}

static void
looking_first_with_faults(void **state)
{
	static const struct fault_case cases[] = {
		{ .bytes = 100, .faults = "" },
		{ .bytes = 0, .faults = "" },
		{ .bytes = IN_PARTS, .faults = "" },
		{ .bytes = 100, .faults = "HEAD\t503 SlowDown\n" },
		{ .bytes = 5, .faults = "HEAD\tother hello\n", .class = ERR_CANT_CREATE,
		    .was_there = true, .words = "its CRC-64/NVME is" },
		{ .bytes = IN_PARTS, .faults = "HEAD\tother hello\n", .class = ERR_CANT_CREATE,
		    .was_there = true, .words = "it has 5 bytes" },
		{ .bytes = 100, .faults = "HEAD\t403 x\nGET\t403 AccessDenied\n", .class = ERR_DENIED,
		    .words = "AccessDenied: It is so." },
		/* and then somebody else */
		{ .bytes = 100, .faults = "PUT\tsame\n", .was_there = true },
		{ .bytes = 100, .faults = "PUT\tlost\n", .was_there = true },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault_case c = cases[i];

		c.looks_first = true;
		c.from = READ;
		run_fault_case(w, &c, false);
		assert_true(count_lines(w, "request HEAD") >= 1);
		if (c.class != ERR_NONE)
			assert_int_equal(count_lines(w, "request P"), 0);
	}
}

/* A service that is away for longer than io/http tries. */
static void
patience_waits(void **state)
{
	struct world *w = *state;
	struct put p = { .bytes = IN_PARTS };

	new_bucket(w);
	order_faults(w,
	    THRICE("partNumber=2\t503 SlowDown") THRICE("POST k.uploadId\t503 SlowDown"));
	start_put(w, &p, "k", &(struct s3_put_options){ .patience_ms = 60000 });
	feed_all(&p);
	wait_for(&p);
	assert_int_equal(p.err.class, ERR_NONE);
	ask_store(w);
	assert_true(has_object(w, "k", IN_PARTS));
	assert_int_equal(count_lines(w, "request PUT k?partNumber=2"), 4);
}

static void
readers_may_fail(void **state)
{
	static const int64_t fails_at[] = { 1000, PART / 2, PART + 10, IN_PARTS - 1 };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(fails_at); i++) {
		struct put p = { .bytes = i ? IN_PARTS : 2000, .fails_at = fails_at[i] };

		new_bucket(w);
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_IO);
		assert_non_null(strstr(p.err.text, "/k: the disk says no"));
		ask_store(w);
		assert_int_equal(count_lines(w, "upload "), 0);
		assert_int_equal(count_lines(w, "object "), 0);
	}
}

/* What is there already decides, whoever put it there. */
static void
objects_are_created_once(void **state)
{
	static const int64_t sizes[] = { 0, 7, IN_PARTS };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct put p = { .bytes = sizes[i] };
		char etag[64];

		new_bucket(w);
		for (int again = 0; again < 2; again++) {
			p = (struct put){ .bytes = sizes[i], .is_written = again };
			start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
			feed_all(&p);
			wait_for(&p);
			assert_int_equal(p.err.class, ERR_NONE);
			assert_int_equal(p.result.was_there, again);
			if (again)
				assert_string_equal(p.etag, etag);
			memcpy(etag, p.etag, sizeof(etag));
		}
		p = (struct put){ .bytes = sizes[i] + 1 };
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
		feed_all(&p);
		wait_for(&p);
		assert_int_equal(p.err.class, ERR_CANT_CREATE);
		ask_store(w);
		assert_true(has_object(w, "k", sizes[i]));
		assert_int_equal(count_lines(w, "upload "), 0);
	}
}

/* ---- giving up ---- */

static void
puts_may_be_cancelled(void **state)
{
	static const struct {
		int64_t bytes;
		const char *faults;
		const char *until; /* a line of the store's; NULL: at once */
	} cases[] = {
		{ 100, "", NULL },
		{ 100, "PUT\thang\n", "request PUT" },
		{ IN_PARTS, "", NULL },
		{ IN_PARTS, TWICE("POST k.uploads\t503 SlowDown"), "request POST" },
		{ IN_PARTS, "POST k.uploads\tlate\n", "upload k" },
		{ IN_PARTS, "partNumber=2\thang\n", "request PUT k?partNumber=2" },
		{ IN_PARTS, "POST k.uploadId\thang\n", "request POST k?uploadId" },
		{ IN_PARTS, "POST k.uploadId\tother hello\nHEAD\thang\n", "request HEAD" },
		{ IN_PARTS, "POST k.uploadId\tother hello\nDELETE\t503 SlowDown\n",
		    "request DELETE" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct put p = { .bytes = cases[i / 2].bytes, .is_written = i % 2 };

		new_bucket(w);
		order_faults(w, cases[i / 2].faults);
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
		feed_all(&p);
		do {
			if (!cases[i / 2].until)
				break;
			(void)loop_turn(w->loop, clock_deadline(20));
			ask_store(w);
		} while (!count_lines(w, cases[i / 2].until));
		s3_put_cancel(p.put);
		s3_put_cancel(p.put);
		wait_for(&p);
		/* the last case has failed before it was cancelled */
		assert_int_equal(
		    p.err.class, i / 2 == COUNT(cases) - 1 ? ERR_CANT_CREATE : ERR_STOPPED);
		ask_store(w);
		assert_int_equal(count_lines(w, "upload "), 0);
		order_faults(w, "");
	}
}

/* At any moment; done is not told. */
static void
puts_may_be_freed(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 24; i++) {
		struct put p = { .bytes = i % 2 ? 100 : IN_PARTS, .is_written = i / 2 % 2 };
		bool was_done;

		new_bucket(w);
		start_put(w, &p, "k", &(struct s3_put_options){ .is_create_only = true });
		feed_all(&p);
		for (int turns = 0; turns < i && !p.is_done; turns++)
			(void)loop_turn(w->loop, clock_deadline(10));
		was_done = p.is_done;
		s3_put_free(p.put);
		(void)loop_turn(w->loop, 0);
		assert_int_equal(p.is_done, was_done);
	}
}

static bool
begins_with_b(void *context, struct slice key)
{
	int *asked = context;

	++*asked;
	return slice_starts(key, "p/b");
}

/* What a killed run has left. */
static void
uploads_are_aborted(void **state)
{
	static const char *const keys[] = { "p/a", "p/b 1", "p/b3", "p/b3", "p/b3", "p/c", "q/b" };
	struct world *w = *state;
	size_t count = 99;
	int asked = 0;

	new_bucket(w);
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct put p = { .bytes = IN_PARTS };

		start_put(w, &p, keys[i], &(struct s3_put_options){ .is_create_only = true });
		s3_put_extend(p.put, IN_PARTS);
		do {
			(void)loop_turn(w->loop, clock_deadline(20));
			ask_store(w);
		} while (count_lines(w, "upload ") <= (int)i);
		s3_put_free(p.put);
	}
	assert_int_equal(s3_abort_uploads(w->bucket, slice_of("p/"), begins_with_b, &asked,
	    CLOCK_NEVER, &count, &w->err), 0);
	assert_int_equal(asked, 6);
	assert_int_equal(count, 4);
	ask_store(w);
	assert_int_equal(count_lines(w, "upload "), 3);
	assert_int_equal(count_lines(w, "upload p/b"), 0);
	/* one that ends meanwhile, and refusals */
	order_faults(w, "DELETE\t404 NoSuchUpload\n");
	assert_int_equal(s3_abort_uploads(w->bucket, slice_of("q/b"), begins_with_b, &asked,
	    CLOCK_NEVER, &count, &w->err), 0);
	assert_int_equal(count, 0);
	order_faults(w, "GET\t403 AccessDenied\n");
	assert_int_equal(s3_abort_uploads(w->bucket, slice_of(""), begins_with_b, &asked,
	    CLOCK_NEVER, &count, &w->err), -1);
	assert_int_equal(w->err.class, ERR_DENIED);
	order_faults(w, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_with_faults),
		cmocka_unit_test(parts_with_faults),
		cmocka_unit_test(buckets_may_be_elsewhere),
		cmocka_unit_test(looking_first_with_faults),
		cmocka_unit_test(patience_waits),
		cmocka_unit_test(readers_may_fail),
		cmocka_unit_test(objects_are_created_once),
		cmocka_unit_test(puts_may_be_cancelled),
		cmocka_unit_test(puts_may_be_freed),
		cmocka_unit_test(uploads_are_aborted),
	};

	return cmocka_run_group_tests_name("s3_put_faults", tests, start_world, end_world);
}
