/* SPDX-License-Identifier: MIT */
/*
 * --resume-id without Kafka: the state's document; and replays that crash at random records, at random
 * commits, before and after these, over random inputs and options: what is committed in the end is
 * what a replay without crashes sends, in the same order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "s3-to-kafka/bookmark.h"
#include "s3-to-kafka/places.h"
#include "s3-to-kafka/replay.h"
#include "scratch.h"

/* ---- the document ---- */

static struct resume_state
some_state(void)
{
	struct err err = ERR_INIT;
	struct resume_state s = {
		.run = "0123456789abcdef0123456789abcdef",
		.digest = "d1",
		.point = {
			.read = { .object = 3, .line = 17, .byte = 1000, .sequence = 99, .skip = 1 },
			.oldest = { .object = 2, .line = 5, .byte = 70, .sequence = 60 },
			.has_last = true,
			.last_time_ms = -62135596800000,
			.last_sequence = 98,
			.has_shift = true,
			.shift_ms = -5,
			.counts = { .read = 100, .sent = 80, .rejected = 3, .skipped = 4 },
			.is_over = true,
		},
	};

	s.object = strdup("s3://b/\"k\" \xc3\xbc");
	assert_int_equal(resume_facts_add(&s.facts, "--key", "{\"a\":\"{b}\"}", &err), 0);
	assert_int_equal(resume_facts_add(&s.facts, "--time", NULL, &err), 0);
	assert_int_equal(resume_facts_add_int(&s.facts, "--reorder", INT64_MAX, &err), 0);
	assert_int_equal(s.facts.count, 2);
	return s;
}

static void
state_comes_back_as_it_was(void **state)
{
	struct resume_state was = some_state(), is;
	struct err err = ERR_INIT;
	struct buf first, second;

	(void)state;
	buf_init(&first, RESUME_STATE_BYTES_MAX);
	buf_init(&second, RESUME_STATE_BYTES_MAX);
	assert_int_equal(resume_state_print(&was, &first, &err), 0);
	assert_int_equal(resume_state_parse(buf_slice(&first), &is, &err), 0);
	assert_int_equal(resume_state_print(&is, &second, &err), 0);
	assert_true(slice_equal(buf_slice(&first), buf_slice(&second)));
	assert_int_equal(is.point.read.byte, 1000);
	assert_int_equal(is.point.oldest.sequence, 60);
	assert_int_equal(is.point.last_time_ms, -62135596800000);
	assert_int_equal(is.point.counts.rejected, 3);
	assert_true(is.point.is_over && !is.point.is_done && is.point.has_shift);
	assert_string_equal(is.object, was.object);
	assert_int_equal(resume_facts_compare(&was.facts, &is.facts, &err), 0);
	resume_state_release(&was);
	resume_state_release(&is);
	buf_release(&first);
	buf_release(&second);
}

/* Every beginning of it, and other bytes: an error, and nothing is taken over. */
static void
foreign_bytes_are_refused(void **state)
{
	static const char *const foreign[] = { "", "{}", "[]", "null", "17", "{\"version\":\"1\"}",
		"{\"version\":1}",
		"{\"version\":1,\"run\":\"r\",\"options\":{\"a\":1},\"objects\":\"d\",\"object\":\"o\"}",
		"\xff\xfe", "{\"version\":1,\"version\":1}" };
	struct resume_state was = some_state(), is;
	struct err err = ERR_INIT;
	struct buf text;

	(void)state;
	buf_init(&text, RESUME_STATE_BYTES_MAX);
	assert_int_equal(resume_state_print(&was, &text, &err), 0);
	for (size_t len = 0; len < text.len; len++) {
		err_clear(&err);
		assert_int_equal(resume_state_parse(slice_make(text.data, len), &is, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		err_clear(&err);
		assert_int_equal(resume_state_parse(slice_of(foreign[i]), &is, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
	}
	err_clear(&err);
	assert_int_equal(resume_state_parse(slice_of("{\"version\":2}"), &is, &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	resume_state_release(&was);
	buf_release(&text);
}

/* Members that are gone, of another kind or out of range, one at a time. */
static void
each_member_counts(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{ "\"run\":", "\"ran\":" },
		{ "\"line\":17", "\"line\":-17" },
		{ "\"sequence\":99", "\"sequence\":9223372036854775807" },
		{ "\"sequence\":99", "\"sequence\":50" }, /* before the oldest that waits */
		{ "\"last\":{\"time\"", "\"last\":{\"tim\"" },
		{ "\"shift\":-5", "\"shift\":\"-5\"" },
		{ "\"sent\":80", "\"sent\":8.5" },
		{ "\"done\":false", "\"done\":0" },
		{ "\"objects\":\"d1\"", "\"objects\":\"0123456789012345678901234567890123456789012345678901"
		                        "23456789012345678901\"" },
	};
	struct resume_state was = some_state(), is;
	struct err err = ERR_INIT;
	struct buf text;

	(void)state;
	buf_init(&text, RESUME_STATE_BYTES_MAX);
	assert_int_equal(resume_state_print(&was, &text, &err), 0);
	assert_int_equal(buf_append(&text, slice_make("", 1), &err), 0);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		const char *at = strstr(text.data, changes[i].from);
		char *changed;

		assert_non_null(at);
		assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text.data), text.data, changes[i].to,
		                at + strlen(changes[i].from)) > 0);
		err_clear(&err);
		assert_int_equal(resume_state_parse(slice_of(changed), &is, &err), -1);
		assert_int_equal(err.class, ERR_DATA);
		free(changed);
	}
	resume_state_release(&was);
	buf_release(&text);
}

static void
changed_options_are_named(void **state)
{
	struct resume_facts then = { .count = 0 }, now = { .count = 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(resume_facts_add(&then, "--key", "{a}", &err), 0);
	assert_int_equal(resume_facts_add(&then, "--time", "t", &err), 0);
	assert_int_equal(resume_facts_add(&now, "--key", "{b}", &err), 0);
	assert_int_equal(resume_facts_add_int(&now, "--reorder", 7, &err), 0);
	assert_int_equal(resume_facts_compare(&then, &now, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_string_equal(err.text, "the options have changed: --key was {a} and is {b}, --time was t "
	                              "and is not given, --reorder was not given and is 7");
	resume_facts_release(&then);
	resume_facts_release(&now);
}

/* ---- places ---- */

static void
places_know_lines_of_objects(void **state)
{
	struct places p = { .runs = NULL };
	struct err err = ERR_INIT;
	size_t object;
	int64_t line;

	(void)state;
	assert_false(places_find(&p, 0, &object, &line));
	/* object 1 from line 3 on, every third line blank; then object 2 */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(places_add(&p, i, 1, 3 + i + i / 2, &err), 0);
	for (int i = 1000; i < 1010; i++)
		assert_int_equal(places_add(&p, i, 2, i - 999, &err), 0);
	for (int i = 0; i < 1000; i++) {
		assert_true(places_find(&p, i, &object, &line));
		assert_int_equal(object, 1);
		assert_int_equal(line, 3 + i + i / 2);
	}
	places_forget(&p, 998);
	assert_false(places_find(&p, 997, &object, &line));
	assert_true(places_find(&p, 999, &object, &line));
	assert_int_equal(line, 3 + 999 + 499);
	assert_true(places_find(&p, 1009, &object, &line));
	assert_int_equal(object, 2);
	assert_int_equal(line, 10);
	assert_false(places_find(&p, 1010, &object, &line));
	/* forgotten as it goes, it does not grow */
	for (int i = 1010; i < 100000; i++) {
		assert_int_equal(places_add(&p, i, 2, 3 * i, &err), 0);
		places_forget(&p, i - 10);
	}
	assert_true(p.capacity <= 2048);
	places_release(&p);
}

/* ---- a log in memory ---- */

enum { LINES_MAX = 4096 };

/* What is committed, and what is not yet. */
struct memory {
	struct sink sink; /* of records and states */
	char *lines[LINES_MAX];
	size_t count, committed;
	char *state;         /* committed */
	char *pending_state;
	bool is_open;
	/* a crash comes with this write or commit, from now on; -1: none */
	int until_write, until_commit;
	bool commits_before_crash;
	unsigned seed;
	bool defers; /* some commits do not happen yet: transactions that last longer */
	size_t len_max; /* longer lines are refused, as a topic does; 0: none */
	struct sink_counts counts;
	struct sink_done done;
};

static unsigned
draw(unsigned *seed, unsigned below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static int
memory_write(struct sink *sink, const struct outgoing *out, struct err *err)
{
	struct memory *m = (struct memory *)(void *)sink;

	/* a state: of what is sent here, only these have keys */
	if (out->has_key) {
		free(m->pending_state);
		m->pending_state = strndup(out->value.data, out->value.len);
		m->is_open = true;
		return 0;
	}
	if (m->len_max && out->value.len > m->len_max)
		return err_set(err, ERR_DATA, "too large");
	if (m->until_write >= 0 && m->until_write-- == 0)
		return err_set(err, ERR_UNAVAILABLE, "crash");
	assert_true(m->count < LINES_MAX);
	m->lines[m->count++] = strndup(out->value.data, out->value.len);
	m->is_open = true;
	m->counts.written++;
	m->counts.acknowledged++;
	return m->done.done ? m->done.done(m->done.context, out->position, err) : 0;
}

static int
memory_push(struct sink *sink, struct err *err)
{
	(void)sink;
	(void)err;
	return 0;
}

static int
memory_flush(struct sink *sink, int64_t deadline, struct err *err)
{
	(void)sink;
	(void)deadline;
	(void)err;
	return 0;
}

static void
memory_counts(struct sink *sink, struct sink_counts *ret)
{
	*ret = ((struct memory *)(void *)sink)->counts;
}

static const struct sink_ops memory_ops = {
	.write = memory_write, .push = memory_push, .flush = memory_flush, .counts = memory_counts
};

static void
make_durable(struct memory *m)
{
	m->committed = m->count;
	if (m->pending_state) {
		free(m->state);
		m->state = m->pending_state;
		m->pending_state = NULL;
	}
	m->is_open = false;
}

static int
memory_commit(void *context, int64_t deadline, struct err *err)
{
	struct memory *m = context;

	(void)deadline;
	if (m->until_commit >= 0 && m->until_commit-- == 0) {
		if (m->commits_before_crash)
			make_durable(m);
		return err_set(err, ERR_UNAVAILABLE, "crash at a commit");
	}
	if (!m->defers || draw(&m->seed, 4) == 0)
		make_durable(m);
	return 0;
}

static bool
memory_is_open(void *context)
{
	return ((struct memory *)context)->is_open;
}

/* As a broker does after a crash. */
static void
memory_abort(struct memory *m)
{
	while (m->count > m->committed)
		free(m->lines[--m->count]);
	free(m->pending_state);
	m->pending_state = NULL;
	m->is_open = false;
	m->counts = (struct sink_counts){ .written = 0 };
}

static void
memory_release(struct memory *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->lines[i]);
	free(m->state);
	free(m->pending_state);
	*m = (struct memory){ .count = 0 };
}

/* ---- one attempt ---- */

struct setting {
	struct replay_options replay;
	struct source_objects_options objects;
	struct deadletter_options letters;
	struct resume_options resume;
};

/* The directory of the objects; free(3) it. */
static char *
make_directory(const char *root)
{
	char *in = scratch_path(root, "in");

	assert_int_equal(mkdir(in, 0700), 0);
	return in;
}

static struct source *
open_source(void *context, struct err *err)
{
	return source_objects_open(&((struct setting *)context)->objects, err);
}

static struct resume *
open_resume(struct setting *s, struct memory *m, struct source *source, struct err *err)
{
	const struct resume_log log = { .context = m,
		.states = &m->sink,
		.commit = memory_commit,
		.is_open = memory_is_open };
	struct resume_facts facts = { .count = 0 };
	struct resume *resume = resume_new(&s->resume, "run", &log, err);

	assert_int_equal(replay_options_facts(&s->replay, &facts, err), 0);
	if (!resume_begin(resume, m->state ? slice_of(m->state) : slice_make(NULL, 0), &facts, source,
	        err))
		return resume;
	resume_free(resume);
	return NULL;
}

/* 0: to the end. */
static int
attempt(struct setting *s, struct memory *m, bool is_kept, struct replay_counts *ret_counts,
    struct err *err)
{
	const struct replay_input input = { .context = s, .open = open_source };
	struct client_options client = CLIENT_OPTIONS_INIT;
	struct source *source = open_source(s, err);
	struct outlet *outlet = outlet_new(err);
	struct resume *resume = NULL;
	struct deadletter *letters = deadletter_open(&s->letters, &client, "test", NULL, err);
	enum job_input how;
	struct replay *replay = NULL;
	int rc = -1;

	assert_true(source && outlet && letters);
	m->sink.ops = &memory_ops;
	m->done = outlet_sink_done(outlet);
	outlet_attach(outlet, &m->sink, 0);
	if (is_kept && !(resume = open_resume(s, m, source, err)))
		goto out;
	replay = replay_new(&s->replay, source, &input, outlet, letters, resume, err);
	source = NULL;
	assert_non_null(replay);
	rc = replay_run(replay, &how, err);
	replay_get_counts(replay, ret_counts);
	assert_true(rc || how == JOB_INPUT_ENDED);
out:
	replay_free(replay);
	deadletter_free(letters);
	resume_free(resume);
	outlet_free(outlet);
	source_free(source);
	return rc;
}

/* ---- random inputs, options and crashes ---- */

static void
make_input(const char *root, unsigned *seed, bool has_bad, size_t *ret_lines)
{
	unsigned objects = 1 + draw(seed, 4), disorder = 1 + draw(seed, 60);
	int64_t n = 0;

	*ret_lines = 0;
	for (unsigned i = 0; i < objects; i++) {
		unsigned lines = draw(seed, 60);
		char name[16], *text = NULL;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		for (unsigned line = 0; line < lines; line++, n++) {
			if (draw(seed, 10) == 0)
				(void)fputc('\n', f);
			if (has_bad && draw(seed, 12) == 0)
				(void)fputs("{bad}\n", f);
			/* many of one time; now and then one that is far too late, or much larger */
			(void)fprintf(f, "{\"t\":%lld,\"n\":%lld,\"x\":%*d}\n",
			    (long long)(1000 + n / 3 + draw(seed, disorder) -
			                (draw(seed, 15) == 0 ? 20 : 0)),
			    (long long)n, draw(seed, 15) == 0 ? 3000 : 3, 7);
		}
		(void)fclose(f);
		(void)snprintf(name, sizeof(name), "in/%u", i);
		scratch_write(root, name, text);
		free(text);
		*ret_lines += lines;
	}
}

static void
choose_options(struct setting *s, unsigned *seed)
{
	struct replay_options *o = &s->replay;

	*o = (struct replay_options)REPLAY_OPTIONS_INIT;
	o->composer.time_field = "t";
	o->composer.needs_time = true;
	/* never sleeps, but looks at the clock for each record: every place is a place for a commit */
	o->rate = 1e12;
	if (draw(seed, 4))
		o->reorder_count = 1 + draw(seed, 40);
	if (draw(seed, 3) == 0)
		o->memory_bytes = 1000 + draw(seed, 8000);
	if (draw(seed, 5) == 0)
		o->count_max = 1 + draw(seed, 100);
	if (draw(seed, 5) == 0)
		o->span = (struct schedule_span){ .has_from = true, .from_ms = 1000 + draw(seed, 40) };
	if (draw(seed, 5) == 0) {
		o->span.has_until = true;
		o->span.until_ms = 1030 + draw(seed, 60);
	}
	if (draw(seed, 6) == 0)
		o->watermark_ms = 1;
	s->resume = (struct resume_options){ .id = "id", .topic = "states", .interval_ms = 0 };
}

static void
expect_same_lines(const struct memory *want, const struct memory *got, unsigned round)
{
	size_t w = 0;

	for (size_t g = 0; g < got->count; g++) {
		/* watermarks depend on the clock */
		if (strstr(got->lines[g], "watermark"))
			continue;
		while (w < want->count && strstr(want->lines[w], "watermark"))
			w++;
		if (w == want->count || strcmp(want->lines[w], got->lines[g]))
			fail_msg("round %u, line %zu: %s, expected %s", round, g, got->lines[g],
			    w < want->count ? want->lines[w] : "no more");
		w++;
	}
	while (w < want->count && strstr(want->lines[w], "watermark"))
		w++;
	if (w != want->count)
		fail_msg("round %u: %zu of %zu lines", round, w, want->count);
}

/* Over all attempts, as if there had been one. */
static void
expect_counts(const struct replay_counts *whole, const char *text)
{
	struct resume_state state;
	struct err err = ERR_INIT;

	assert_int_equal(resume_state_parse(slice_of(text), &state, &err), 0);
	assert_true(state.point.is_done);
	assert_int_equal(state.point.counts.read, whole->read);
	assert_int_equal(state.point.counts.sent, whole->delivered);
	assert_int_equal(state.point.counts.rejected, whole->rejected);
	assert_int_equal(state.point.counts.skipped, whole->skipped);
	resume_state_release(&state);
}

static void
plan_crash(struct memory *m, unsigned *seed)
{
	m->until_write = m->until_commit = -1;
	m->commits_before_crash = draw(seed, 2);
	m->defers = draw(seed, 2);
	m->seed = *seed;
	if (draw(seed, 3))
		m->until_write = (int)draw(seed, 30);
	else
		m->until_commit = (int)draw(seed, 20);
}

static void
plan_none(struct memory *m)
{
	m->until_write = m->until_commit = -1;
	m->defers = false;
}

/* letters: where bad records can go, and those longer than len_max; without it a replay stops there. */
static void
run_round(struct setting *s, unsigned round, const char *letters, size_t len_max, int64_t *ret_crashes)
{
	struct memory want = { .until_write = -1, .until_commit = -1, .len_max = len_max };
	struct memory got = { .until_write = -1, .until_commit = -1, .len_max = len_max };
	struct replay_counts whole, part;
	struct err err = ERR_INIT;
	unsigned seed = round * 7919 + 1;

	s->letters.target = letters;
	assert_int_equal(attempt(s, &want, false, &whole, &err), 0);
	for (int i = 0; i < 1000; i++) {
		int rc;

		/* it comes to an end */
		if (i < 12)
			plan_crash(&got, &seed);
		else
			plan_none(&got);
		s->letters.target = i >= 12 || draw(&seed, 2) ? letters : NULL;
		rc = attempt(s, &got, true, &part, &err);
		if (!rc && !got.is_open)
			break;
		if (rc)
			assert_int_equal(err.class,
			    s->letters.target || strstr(err.text, "crash") ? ERR_UNAVAILABLE : ERR_DATA);
		(*ret_crashes)++;
			err_clear(&err);
		memory_abort(&got);
	}
	expect_same_lines(&want, &got, round);
	/* once more: nothing happens */
	plan_none(&got);
	s->letters.target = letters;
	assert_int_equal(attempt(s, &got, true, &part, &err), 0);
	assert_int_equal(part.delivered, 0);
	expect_same_lines(&want, &got, round);
	expect_counts(&whole, got.state);
	memory_release(&want);
	memory_release(&got);
}

static void
crashes_lose_and_double_nothing(void **state)
{
	enum { ROUNDS = 400 };
	int64_t crashes = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned seed = round;
		bool has_bad = draw(&seed, 6) == 0;
		struct setting s = { .objects = { .delimiter = ',', .line_bytes_max = 1 << 20 } };
		char *root = scratch_new(), *letters = scratch_path(root, "letters");
		char *in = make_directory(root);
		size_t lines;

		make_input(root, &seed, has_bad, &lines);
		choose_options(&s, &seed);
		s.objects.paths = &in;
		s.objects.path_count = 1;
		s.objects.merges = !has_bad && draw(&seed, 4) == 0;
		s.objects.time_field = "t";
		run_round(&s, round, letters, draw(&seed, 4) ? 0 : 2000, &crashes);
		free(in);
		free(letters);
		scratch_remove(root);
	}
	assert_true(crashes > ROUNDS);
}

/* A stop or an error while records are read again must not forget how far reading had come. */
static void
nothing_moves_while_rereading(void **state)
{
	struct bookmark b = { .is_kept = true,
		.begun = { .read = { .line = 9, .sequence = 9 },
		    .oldest = { .line = 4, .sequence = 4 },
		    .counts = { .read = 9, .sent = 8 } },
		.sequence = 3 };
	const struct resume_counts counts = { .read = 9, .sent = 8 };
	struct resume_point point;

	(void)state;
	for (b.sequence = 3; b.sequence < 8; b.sequence++) {
		assert_true(bookmark_is_rereading(&b));
		bookmark_point(&b, NULL, NULL, &counts, &point);
		assert_int_equal(point.read.sequence, 9);
		assert_int_equal(point.oldest.sequence, 4);
	}
	assert_false(bookmark_is_rereading(&b));
}

/* The second run has only earlier event times than the first. */
static void
watermarks_do_not_go_back(void **state)
{
	struct setting s = { .objects = { .delimiter = ',', .line_bytes_max = 1 << 20 } };
	struct memory m = { .until_write = -1, .until_commit = -1 };
	struct replay_counts counts;
	struct err err = ERR_INIT;
	char *root = scratch_new(), *in = make_directory(root);

	(void)state;
	scratch_write(root, "in/a", "{\"t\":5000}\n{\"t\":3000}\n");
	s.replay = (struct replay_options)REPLAY_OPTIONS_INIT;
	s.replay.composer.time_field = "t";
	s.replay.composer.needs_time = true;
	s.replay.watermark_ms = 3600 * 1000; /* the last one alone */
	s.replay.count_max = 1;
	s.resume = (struct resume_options){ .id = "id", .topic = "states", .interval_ms = 1000 };
	s.objects.paths = &in;
	s.objects.path_count = 1;
	assert_int_equal(attempt(&s, &m, true, &counts, &err), 0);
	assert_int_equal(m.committed, 2);
	assert_non_null(strstr(m.lines[1], "{\"watermark\":\"1970-01-01T00:00:05.000Z\""));
	s.replay.count_max = 0;
	m.counts = (struct sink_counts){ .written = 0 };
	assert_int_equal(attempt(&s, &m, true, &counts, &err), 0);
	assert_int_equal(m.committed, 4);
	assert_string_equal(m.lines[2], "{\"t\":3000}");
	assert_string_equal(m.lines[3], m.lines[1]);
	memory_release(&m);
	free(in);
	scratch_remove(root);
}

/* What is rejected on leaving the horizon is named by its place in the input. */
static void
a_record_that_waited_has_its_place(void **state)
{
	struct setting s = { .objects = { .delimiter = ',', .line_bytes_max = 1 << 20 } };
	struct memory m = { .until_write = -1, .until_commit = -1, .len_max = 10 };
	struct replay_counts counts;
	struct err err = ERR_INIT;
	char *root = scratch_new(), *in = make_directory(root);

	(void)state;
	scratch_write(root, "in/a", "{\"t\":1}\n");
	scratch_write(root, "in/b", "\n{\"t\":2}\n{\"t\":3,\"x\":12345}\n{\"t\":4}\n");
	s.replay = (struct replay_options)REPLAY_OPTIONS_INIT;
	s.replay.composer.time_field = "t";
	s.replay.composer.needs_time = true;
	s.replay.reorder_count = 10;
	s.objects.paths = &in;
	s.objects.path_count = 1;
	assert_int_equal(attempt(&s, &m, false, &counts, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_non_null(strstr(err.text, "in/b:3: too large"));
	memory_release(&m);
	free(in);
	scratch_remove(root);
}

/* ---- what must not change ---- */

static void
objects_that_changed_are_refused(void **state)
{
	struct setting s = { .objects = { .delimiter = ',', .line_bytes_max = 1 << 20 } };
	struct memory m = { .until_write = 3, .until_commit = -1 };
	struct replay_counts counts;
	struct err err = ERR_INIT;
	char *root = scratch_new(), *in = make_directory(root);

	(void)state;
	scratch_write(root, "in/a", "1\n2\n3\n");
	scratch_write(root, "in/b", "4\n5\n6\n");
	s.replay = (struct replay_options)REPLAY_OPTIONS_INIT;
	s.replay.rate = 1e12;
	s.resume = (struct resume_options){ .id = "id", .topic = "states", .interval_ms = 0 };
	s.objects.paths = &in;
	s.objects.path_count = 1;
	assert_int_equal(attempt(&s, &m, true, &counts, &err), -1);
	memory_abort(&m);
	assert_int_equal(m.count, 3);
	/* one behind may come */
	scratch_write(root, "in/c", "7\n");
	m.until_write = 1;
	err_clear(&err);
	assert_int_equal(attempt(&s, &m, true, &counts, &err), -1);
	memory_abort(&m);
	assert_int_equal(m.count, 4);
	/* nothing was read yet: anything may */
	{
		struct memory fresh = { .until_write = -1, .until_commit = 1 };

		err_clear(&err);
		s.replay.count_max = 1;
		assert_int_equal(attempt(&s, &fresh, true, &counts, &err), -1);
		memory_abort(&fresh);
		assert_non_null(strstr(fresh.state, "\"read\":0,\"sent\":0"));
		scratch_write(root, "in/a", "1\n2\n3\n0\n");
		s.replay.composer.time_field = "t";
		fresh.until_commit = 0;
		err_clear(&err);
		assert_int_equal(attempt(&s, &fresh, true, &counts, &err), -1);
		assert_int_equal(err.class, ERR_UNAVAILABLE);
		memory_release(&fresh);
		s.replay.composer.time_field = NULL;
		s.replay.count_max = 0;
	}
	/* the one being read may not */
	scratch_write(root, "in/b", "4\n5\n6\n7\n");
	m.until_write = -1;
	err_clear(&err);
	assert_int_equal(attempt(&s, &m, true, &counts, &err), -1);
	assert_int_equal(err.class, ERR_DATA);
	assert_non_null(strstr(err.text, "in/b are not what they were"));
	/* nor an option */
	s.replay.composer.key = "{k}";
	err_clear(&err);
	assert_int_equal(attempt(&s, &m, true, &counts, &err), -1);
	assert_non_null(strstr(err.text, "--key was not given and is {k}"));
	assert_non_null(strstr(err.text, "4 records were sent"));
	memory_release(&m);
	free(in);
	scratch_remove(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_comes_back_as_it_was),
		cmocka_unit_test(foreign_bytes_are_refused),
		cmocka_unit_test(each_member_counts),
		cmocka_unit_test(changed_options_are_named),
		cmocka_unit_test(places_know_lines_of_objects),
		cmocka_unit_test(crashes_lose_and_double_nothing),
		cmocka_unit_test(nothing_moves_while_rereading),
		cmocka_unit_test(watermarks_do_not_go_back),
		cmocka_unit_test(a_record_that_waited_has_its_place),
		cmocka_unit_test(objects_that_changed_are_refused),
	};

	diag_open("test_resume", DIAG_ERROR, false);
	return cmocka_run_group_tests_name("resume", tests, NULL, NULL);
}
