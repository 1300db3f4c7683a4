/* SPDX-License-Identifier: MIT */
/*
 * What addresses of S3 stand for, and fetching ahead: in order, within the memory, against an S3 in this
 * process that gives its bytes in pieces as the loop turns.
 */
#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3.h"
#include "base/clock.h"
#include "base/stop.h"
#include "scratch.h"
#include "source/objects.h"

enum { LINE_MAX_BYTES = 4096 };

/* ---- the S3 ---- */

struct fake_object {
	const char *key;
	const char *text;
	const char *changed; /* its text now; NULL: as listed */
};

static struct fake {
	const struct fake_object *objects; /* in the order of their keys */
	size_t count;
	size_t piece;       /* bytes a turn */
	const char *denied; /* a key that may not be read */
	/* what was seen */
	unsigned started, live, live_max;
	size_t windows, windows_max;
	unsigned listings;
	atomic_uint complete; /* objects that have arrived wholly */
	char payer;
} fake;

struct aws_session {
	struct loop *loop;
};

struct s3_bucket {
	struct loop *loop;
};

struct s3_get {
	struct loop *loop;
	struct loop_task more;
	const struct fake_object *object;
	atomic_size_t arrived, taken; /* the loop's thread moves the one, the reader the other */
	size_t end;
	size_t window;
};

struct aws_session *
aws_session_open(const struct aws_options *options, struct loop *loop, struct err *err)
{
	struct aws_session *session = malloc(sizeof(*session));

	(void)err;
	assert_non_null(options);
	assert_non_null(session);
	session->loop = loop;
	return session;
}

void
aws_session_free(struct aws_session *session)
{
	free(session);
}

int
aws_session_wait_credentials(struct aws_session *session, struct err *err)
{
	(void)session;
	(void)err;
	return 0;
}

struct s3_bucket *
s3_bucket_open(struct aws_session *session, struct slice name, const struct s3_options *options,
    struct err *err)
{
	struct s3_bucket *bucket = malloc(sizeof(*bucket));

	(void)err;
	assert_non_null(bucket);
	assert_true(slice_is(name, "b"));
	fake.payer = options->is_requester_paid ? 'y' : 'n';
	bucket->loop = session->loop;
	return bucket;
}

void
s3_bucket_free(struct s3_bucket *bucket)
{
	free(bucket);
}

int
s3_list(struct s3_bucket *bucket, struct slice prefix,
    int (*found)(void *context, const struct s3_object *, struct err *), void *context,
    struct err *err)
{
	(void)bucket;
	fake.listings++;
	for (size_t i = 0; i < fake.count; i++) {
		const struct fake_object *object = &fake.objects[i];
		struct s3_object listed = { .key = slice_of(object->key),
			.etag = slice_of("\"tag\""),
			.size = (int64_t)strlen(object->text) };

		if (strncmp(object->key, prefix.data, prefix.len) == 0 &&
		    found(context, &listed, err))
			return -1;
	}
	return 0;
}

static void
deliver(void *context)
{
	struct s3_get *get = context;
	size_t room = get->window - (get->arrived - get->taken);
	size_t len = get->end - get->arrived;

	if (len > fake.piece)
		len = fake.piece;
	if (len > room)
		len = room;
	get->arrived += len;
	if (len && get->arrived == get->end)
		fake.complete++;
	if (get->arrived < get->end && len)
		loop_post(get->loop, &get->more);
}

struct s3_get *
s3_get_start(struct s3_bucket *bucket, const struct s3_get_options *options, struct err *err)
{
	struct s3_get *get = calloc(1, sizeof(*get));

	(void)err;
	assert_non_null(get);
	assert_true(slice_is(options->etag, "\"tag\""));
	assert_true(options->ahead_bytes > 0);
	for (size_t i = 0; i < fake.count; i++) {
		if (slice_is(options->key, fake.objects[i].key))
			get->object = &fake.objects[i];
	}
	assert_non_null(get->object);
	assert_int_equal(options->size, strlen(get->object->text));
	assert_true(options->begin < (options->end ? options->end : options->size));
	assert_true(options->end < options->size);
	get->loop = bucket->loop;
	get->arrived = get->taken = (size_t)options->begin;
	get->end = (size_t)(options->end ? options->end : options->size);
	get->window = options->ahead_bytes;
	get->more = (struct loop_task){ .run = deliver, .context = get };
	loop_post(get->loop, &get->more);
	fake.started++;
	fake.windows += get->window;
	if (++fake.live > fake.live_max)
		fake.live_max = fake.live;
	if (fake.windows > fake.windows_max)
		fake.windows_max = fake.windows;
	return get;
}

void
s3_get_free(struct s3_get *get)
{
	if (!get)
		return;
	loop_unpost(get->loop, &get->more);
	fake.live--;
	fake.windows -= get->window;
	free(get);
}

int
s3_get_read(struct s3_get *get, char *data, size_t bytes, size_t *ret_len, bool *ret_again,
    struct err *err)
{
	size_t len = get->arrived - get->taken;

	if (fake.denied && strcmp(fake.denied, get->object->key) == 0)
		return err_set(err, ERR_DENIED, "s3://b/%s: AccessDenied", get->object->key);
	if (get->object->changed)
		return err_set(err, ERR_DATA, "s3://b/%s: changed", get->object->key);
	if (len > bytes)
		len = bytes;
	memcpy(data, get->object->text + get->taken, len);
	get->taken += len;
	*ret_len = len;
	*ret_again = len == 0 && get->taken < get->end;
	if (len && get->arrived < get->end)
		loop_post(get->loop, &get->more);
	return 0;
}

bool
s3_get_is_readable(const struct s3_get *get)
{
	return get->arrived > get->taken || get->taken == get->end || get->object->changed ||
	    (fake.denied && strcmp(fake.denied, get->object->key) == 0);
}

int
s3_get_grow(struct s3_get *get, size_t ahead_bytes, struct err *err)
{
	(void)err;
	assert_true(ahead_bytes > get->window);
	fake.windows += ahead_bytes - get->window;
	get->window = ahead_bytes;
	if (fake.windows > fake.windows_max)
		fake.windows_max = fake.windows;
	return 0;
}

static void
fill(const struct fake_object *objects, size_t count, size_t piece)
{
	fake = (struct fake){ .objects = objects, .count = count, .piece = piece };
	fake.complete = 0;
}

/* ---- reading ---- */

static const struct aws_options aws;

static struct source_objects_options
options_for(char **paths, size_t count)
{
	return (struct source_objects_options){ .paths = paths,
		.path_count = count,
		.line_bytes_max = LINE_MAX_BYTES,
		.ahead_count = 8,
		.aws = &aws };
}

static struct source *
open_source(const struct source_objects_options *options)
{
	struct err err = ERR_INIT;
	struct source *source = source_objects_open(options, &err);

	if (!source)
		fail_msg("%s", err.text);
	return source;
}

/* All values, each with a blank behind it; the class of the error that ended it. */
static enum err_class
values(struct source *source, struct buf *out, struct err *err)
{
	struct record record;

	buf_clear(out);
	for (;;) {
		enum source_status status = source_next(source, CLOCK_NEVER, &record, err);

		if (status != SOURCE_RECORD) {
			assert_true(status == SOURCE_END || status == SOURCE_FAILED);
			return err->class;
		}
		assert_int_equal(buf_append(out, record.value, err), 0);
		assert_int_equal(buf_append(out, slice_of(" "), err), 0);
	}
}

static void
expect_values(struct source *source, const char *expected)
{
	struct buf out = BUF_INIT(16 * 1024 * 1024);
	struct err err = ERR_INIT;

	if (values(source, &out, &err) != ERR_NONE)
		fail_msg("%s", err.text);
	assert_string_equal(out.data ? out.data : "", expected);
	buf_release(&out);
}

/* ---- listing ---- */

static void
addresses_stand_for_objects(void **state)
{
	static const struct fake_object objects[] = { { "README.md", "x", NULL }, { "_tmp/a", "x", NULL },
		{ "day=1", "x", NULL }, { "day=1/", "", NULL }, { "day=1/.crc", "x", NULL },
		{ "day=1/README.md", "x", NULL }, { "day=1/_SUCCESS", "x", NULL },
		{ "day=1/a.json", "x", NULL }, { "day=1/h=2/b.json", "x", NULL },
		{ "day=2/a.csv", "x", NULL }, { "day=2/c.json/", "x", NULL },
		{ "days/z.json", "x", NULL }, { "odd/[a]*.json", "x", NULL } };
	static const struct {
		const char *address, *match;
		bool takes_hidden;
		const char *names; /* after "s3://b/", NULL: there are none */
	} cases[] = {
		{ "s3://b", NULL, false, "day=1 day=1/a.json day=1/h=2/b.json day=2/a.csv days/z.json "
			"odd/[a]*.json " },
		{ "s3://b/", NULL, false, "day=1 day=1/a.json day=1/h=2/b.json day=2/a.csv days/z.json "
			"odd/[a]*.json " },
		{ "s3://b/", NULL, true, "README.md _tmp/a day=1 day=1/.crc day=1/README.md day=1/_SUCCESS "
			"day=1/a.json day=1/h=2/b.json day=2/a.csv day=2/c.json/ days/z.json "
			"odd/[a]*.json " },
		/* exactly that object, though others begin so */
		{ "s3://b/day=1", NULL, false, "day=1 " },
		{ "s3://b/day=1", "*.csv", false, "day=1 " },
		{ "s3://b/day=1/_SUCCESS", NULL, false, "day=1/_SUCCESS " },
		{ "s3://b/day=1/", NULL, false, "day=1/a.json day=1/h=2/b.json " },
		{ "s3://b/day=", NULL, false, "day=1 day=1/a.json day=1/h=2/b.json day=2/a.csv " },
		{ "s3://b/_t", NULL, false, "_tmp/a " },
		{ "s3://b/day=1/_", NULL, false, "day=1/_SUCCESS " },
		{ "s3://b/", "*.json", false, "day=1/a.json day=1/h=2/b.json days/z.json "
			"odd/[a]*.json " },
		{ "s3://b/day=1/", "h=*/*", false, "day=1/h=2/b.json " },
		{ "s3://b/da", "day=*/*", false, "day=1/a.json day=1/h=2/b.json day=2/a.csv " },
		{ "s3://b/day=*/a*", NULL, false, "day=1/a.json day=2/a.csv " },
		{ "s3://b/day=[12]", NULL, false, "day=1 day=1/a.json day=1/h=2/b.json day=2/a.csv " },
		{ "s3://b/*/*", NULL, false, "day=1/a.json day=1/h=2/b.json day=2/a.csv days/z.json "
			"odd/[a]*.json " },
		{ "s3://b/day=1/h*/b.json", NULL, false, "day=1/h=2/b.json " },
		{ "s3://b/d*s/*", "z*", false, "days/z.json " },
		{ "s3://b/none", NULL, false, NULL },
		{ "s3://b/*.csv", NULL, false, NULL },
		{ "s3://b/day=1/", "*.csv", false, NULL },
	};

	(void)state;
	fill(objects, sizeof(objects) / sizeof(*objects), 100);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char address[64], out[1000] = "";
		char *path = address;
		struct source_objects_options options = options_for(&path, 1);
		struct err err = ERR_INIT;
		struct source *source;
		const char *name;
		size_t len = 0;

		(void)snprintf(address, sizeof(address), "%s", cases[i].address);
		options.match = cases[i].match;
		options.takes_hidden = cases[i].takes_hidden;
		source = source_objects_open(&options, &err);
		if (!source) {
			assert_null(cases[i].names);
			assert_int_equal(err.class, ERR_NO_INPUT);
			assert_non_null(strstr(err.text, address));
			continue;
		}
		for (size_t n = 0; (name = source_objects_name(source, n)); n++)
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s ", name + 7);
		assert_string_equal(out, cases[i].names ? cases[i].names : "(none)");
		source_free(source);
	}
}

static void
an_address_without_a_bucket_is_refused(void **state)
{
	char address[] = "s3:///key", *path = address;
	struct source_objects_options options = options_for(&path, 1);
	struct err err = ERR_INIT;

	(void)state;
	assert_null(source_objects_open(&options, &err));
	assert_int_equal(err.class, ERR_USAGE);
}

/* ---- fetching ahead ---- */

enum { MANY = 300 };

struct many {
	struct fake_object objects[MANY];
	char keys[MANY][16];
	char *texts[MANY];
	struct buf expected;
};

/* Objects of `lines` lines each, times of a merge in them. */
static void
make_many(struct many *many, size_t count, size_t lines)
{
	struct err err = ERR_INIT;

	buf_init(&many->expected, 64 * 1024 * 1024);
	assert_int_equal(buf_append(&many->expected, slice_of(""), &err), 0);
	for (size_t i = 0; i < count; i++) {
		struct buf text = BUF_INIT(16 * 1024 * 1024);
		char line[64];

		(void)snprintf(many->keys[i], sizeof(many->keys[i]), "p/%05zu", i);
		for (size_t n = 0; n < lines; n++) {
			(void)snprintf(line, sizeof(line), "{\"t\":%zu,\"o\":%zu}", n, i);
			assert_int_equal(buf_append(&text, slice_of(line), &err), 0);
			assert_int_equal(buf_append(&text, slice_of("\n"), &err), 0);
			assert_int_equal(buf_append(&many->expected, slice_of(line), &err), 0);
			assert_int_equal(buf_append(&many->expected, slice_of(" "), &err), 0);
		}
		many->texts[i] = text.data;
		many->objects[i] = (struct fake_object){ .key = many->keys[i], .text = text.data };
	}
}

static void
release_many(struct many *many, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(many->texts[i]);
	buf_release(&many->expected);
}

static void
small_objects_come_in_order_many_at_a_time(void **state)
{
	static struct many many;
	char address[] = "s3://b/p/", *path = address;
	struct source_objects_options options = options_for(&path, 1);
	struct source *source;

	(void)state;
	make_many(&many, MANY, 3);
	/* in one piece, and dribbling */
	for (size_t piece = 1000; piece > 0; piece /= 10) {
		fill(many.objects, MANY, piece);
		source = open_source(&options);
		expect_values(source, many.expected.data);
		assert_int_equal(fake.started, MANY);
		assert_int_equal(fake.live_max, options.ahead_count + 1);
		source_free(source);
		assert_int_equal(fake.live, 0);
	}
	/* one at a time */
	options.ahead_count = 0;
	fill(many.objects, MANY, 1000);
	source = open_source(&options);
	expect_values(source, many.expected.data);
	assert_int_equal(fake.live_max, 1);
	source_free(source);
	release_many(&many, MANY);
}

/* What was begun ahead is not begun again behind one that has no bytes. */
static void
empty_objects_disturb_nothing(void **state)
{
	static const struct fake_object objects[] = { { "p/a", "1\n", NULL }, { "p/b", "", NULL },
		{ "p/c", "2\n", NULL }, { "p/d", "", NULL }, { "p/e", "3\n", NULL }, { "p/f", "4\n", NULL },
		{ "p/g", "", NULL } };
	char address[] = "s3://b/p/", *path = address;
	struct source_objects_options options = options_for(&path, 1);
	struct source *source;

	(void)state;
	fill(objects, sizeof(objects) / sizeof(*objects), 1000);
	source = open_source(&options);
	expect_values(source, "1 2 3 4 ");
	source_free(source);
	assert_int_equal(fake.started, 4);
	/* nor where none is begun ahead */
	options.ahead_count = 0;
	fill(objects, sizeof(objects) / sizeof(*objects), 1000);
	source = open_source(&options);
	expect_values(source, "1 2 3 4 ");
	source_free(source);
	assert_int_equal(fake.started, 4);
}

static void
large_objects_keep_within_the_memory(void **state)
{
	static struct many many;
	char address[] = "s3://b/p/", *path = address;
	struct source_objects_options options = options_for(&path, 1);
	struct source *source;

	(void)state;
	make_many(&many, 12, 50000);
	fill(many.objects, 12, 30000);
	options.memory_bytes = 1024 * 1024;
	source = open_source(&options);
	expect_values(source, many.expected.data);
	assert_true(fake.windows_max <= options.memory_bytes);
	assert_true(fake.windows_max > options.memory_bytes / 2); /* something was ahead */
	assert_true(fake.live_max >= 4);
	source_free(source);
	release_many(&many, 12);
}

/* Without a call into the source. */
static void
transfers_go_on_beside_the_reader(void **state)
{
	static struct many many;
	char address[] = "s3://b/p/", *path = address;
	struct source_objects_options options = options_for(&path, 1);
	struct source *source;
	struct record record;
	struct err err = ERR_INIT;

	(void)state;
	make_many(&many, 5, 10);
	fill(many.objects, 5, 100000);
	source = open_source(&options);
	assert_int_equal(source_next(source, CLOCK_NEVER, &record, &err), SOURCE_RECORD);
	while (fake.complete < 5)
		assert_false(stop_wait(clock_mono_ms() + 1));
	/* nothing is left to wait for */
	for (int i = 1; i < 50; i++)
		assert_int_equal(source_next(source, 0, &record, &err), SOURCE_RECORD);
	assert_int_equal(source_next(source, 0, &record, &err), SOURCE_END);
	source_free(source);
	release_many(&many, 5);
}

static void
files_and_objects_may_be_mixed(void **state)
{
	static const struct fake_object objects[] = { { "a", "1\n2", NULL }, { "b", "", NULL },
		{ "c", "3\n", NULL } };
	char *root = scratch_new(), *file = scratch_path(root, "f"), one[] = "s3://b/", two[] = "s3://b/a";
	char *paths[] = { one, file, two };
	struct source_objects_options options = options_for(paths, 3);
	struct source *source;
	struct objects_progress progress;

	(void)state;
	scratch_write(root, "f", "x\ny\n");
	fill(objects, 3, 1);
	options.is_requester_paid = true;
	source = open_source(&options);
	expect_values(source, "1 2 3 x y 1 2 ");
	source_objects_progress(source, &progress);
	assert_int_equal(progress.file_count, 5);
	assert_int_equal(progress.bytes, 12);
	assert_int_equal(progress.bytes_all, 12);
	assert_int_equal(fake.payer, 'y');
	source_free(source);
	free(file);
	scratch_remove(root);
}

static void
marks_hold(void **state)
{
	static const struct fake_object objects[] = { { "a", "1\n2\n\n3", NULL }, { "b", "", NULL },
		{ "c.csv", "h\n4\n5\n", NULL }, { "d", "6\n", NULL } };
	static const char *const rest[] = { "1 2 3 {\"h\":\"4\"} {\"h\":\"5\"} 6 ",
		"2 3 {\"h\":\"4\"} {\"h\":\"5\"} 6 ", "3 {\"h\":\"4\"} {\"h\":\"5\"} 6 ",
		"{\"h\":\"4\"} {\"h\":\"5\"} 6 ", "{\"h\":\"5\"} 6 ", "6 ", "" };
	char address[] = "s3://b/", *path = address;
	struct source_objects_options options = options_for(&path, 1);

	(void)state;
	options.delimiter = ',';
	for (size_t i = 0; i <= 6; i++) {
		struct source *source;
		struct objects_mark mark;
		struct record record;
		struct err err = ERR_INIT;

		fill(objects, 4, 1);
		source = open_source(&options);
		for (size_t n = 0; n < i; n++)
			assert_int_equal(source_next(source, CLOCK_NEVER, &record, &err), SOURCE_RECORD);
		source_objects_mark(source, &mark);
		source_free(source);
		source = open_source(&options);
		assert_int_equal(source_objects_seek(source, &mark, &err), 0);
		expect_values(source, rest[i]);
		mark.byte += 100;
		assert_int_equal(source_objects_seek(source, &mark, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		source_free(source);
		assert_int_equal(fake.live, 0);
	}
}

static void
failures_come_when_it_is_the_objects_turn(void **state)
{
	static const struct fake_object objects[] = { { "a", "1\n2\n", NULL }, { "b", "3\n", NULL },
		{ "c", "4\n", "5\n" } };
	char address[] = "s3://b/", *path = address;
	struct source_objects_options options = options_for(&path, 1);
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct source *source;

	(void)state;
	fill(objects, 3, 100);
	source = open_source(&options);
	assert_int_equal(values(source, &out, &err), ERR_DATA);
	assert_string_equal(out.data, "1 2 3 ");
	assert_string_equal(err.text, "s3://b/c: changed");
	source_free(source);
	fake.denied = "b";
	err_clear(&err);
	source = open_source(&options);
	assert_int_equal(values(source, &out, &err), ERR_DENIED);
	assert_string_equal(out.data, "1 2 ");
	assert_string_equal(err.text, "s3://b/b: AccessDenied");
	source_free(source);
	buf_release(&out);
}

/* ---- merging ---- */

static void
merging_reads_window_by_window(void **state)
{
	enum { OBJECTS = 100, LINES = 20000 };
	static struct many many;
	char address[] = "s3://b/p/", *path = address;
	struct source_objects_options options = options_for(&path, 1);
	struct source *source;
	struct record record;
	struct err err = ERR_INIT;

	(void)state;
	make_many(&many, OBJECTS, LINES);
	fill(many.objects, OBJECTS, 1000000);
	options.merges = true;
	options.time_field = "t";
	options.memory_bytes = 30 * 1024 * 1024;
	source = open_source(&options);
	for (size_t n = 0; n < LINES; n++) {
		for (size_t i = 0; i < OBJECTS; i++) {
			char line[64];

			(void)snprintf(line, sizeof(line), "{\"t\":%zu,\"o\":%zu}", n, i);
			assert_int_equal(source_next(source, CLOCK_NEVER, &record, &err), SOURCE_RECORD);
			assert_true(slice_is(record.value, line));
		}
	}
	assert_int_equal(source_next(source, CLOCK_NEVER, &record, &err), SOURCE_END);
	assert_true(fake.windows_max <= options.memory_bytes / 2);
	assert_true(fake.started > OBJECTS);
	source_free(source);
	assert_int_equal(fake.live, 0);
	/* the windows do not fit */
	options.memory_bytes = 10 * 1024 * 1024;
	source = open_source(&options);
	assert_int_equal(source_next(source, CLOCK_NEVER, &record, &err), SOURCE_FAILED);
	assert_int_equal(err.class, ERR_USAGE);
	source_free(source);
	release_many(&many, OBJECTS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_stand_for_objects),
		cmocka_unit_test(an_address_without_a_bucket_is_refused),
		cmocka_unit_test(small_objects_come_in_order_many_at_a_time),
		cmocka_unit_test(empty_objects_disturb_nothing),
		cmocka_unit_test(large_objects_keep_within_the_memory),
		cmocka_unit_test(transfers_go_on_beside_the_reader),
		cmocka_unit_test(files_and_objects_may_be_mixed),
		cmocka_unit_test(marks_hold),
		cmocka_unit_test(failures_come_when_it_is_the_objects_turn),
		cmocka_unit_test(merging_reads_window_by_window),
	};

	return cmocka_run_group_tests_name("object_fetch", tests, NULL, NULL);
}
