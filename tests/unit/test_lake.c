/* SPDX-License-Identifier: MIT */
/* The loop of kafka-to-s3 over a source that does what a script says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "kafka-to-s3/lake_state.h"
#include "kafka-to-s3/mark.h"
#include "kafka-to-s3/publish/publisher_ops.h"
#include "scratch.h"

/* ---- the source ---- */

enum step_kind {
	END, /* of the script: SOURCE_END */
	RECORD,
	TOMBSTONE,
	REJECT,
	ASSIGN,
	REVOKE,
	LOSE,
	AT_END,
	FAIL,
	STOP,
	PAUSE, /* lets as many ms go by as `sequence` says */
};

struct step {
	enum step_kind kind;
	int32_t stream;
	int64_t sequence;
	const char *value;
};

struct script {
	struct source base;
	struct source_events events;
	const struct step *steps;
	enum err_class failure;
	char commits[512]; /* "0:5 1:7;" for each call, "0:5-9;" where it says until=9 */
	const char *metadata; /* of assignments */
	unsigned refused;     /* so many commits from now on are: the member was fenced */
	unsigned fails_after; /* so many commits: the coordinator is away; 0: never */
	bool is_wide;         /* the topic has all PARTITIONS, and not two */
	bool stops;           /* the first commit comes with a request to stop */
};

static void
fill(const struct step *step, struct record *ret)
{
	*ret = (struct record){
		.position = { .stream = step->stream, .term = 1, .sequence = step->sequence },
		.topic = slice_of("t"),
		.partition = step->stream,
		.offset = step->sequence,
		.time_ms = 1546300800000, /* 2019-01-01 */
		.value = slice_of(step->value),
		.has_value = step->kind == RECORD,
	};
}

static int
tell(struct script *s, const struct step *step, struct err *err)
{
	struct source_events *e = &s->events;

	switch (step->kind) {
	case ASSIGN:
		return e->assigned(e->context, step->stream, 1, step->sequence,
		    s->metadata ? s->metadata : "", err);
	case REVOKE:
	case LOSE:
		return e->revoked(e->context, &step->stream, 1, step->kind == LOSE, err);
	case AT_END:
		e->at_end(e->context, step->stream, step->sequence);
		return 0;
	case STOP:
		stop_request();
		return 0;
	case PAUSE:
		(void)stop_wait(clock_deadline(step->sequence));
		return 0;
	case END:
	case RECORD:
	case TOMBSTONE:
	case REJECT:
	case FAIL:
		break;
	}
	return -1;
}

static enum source_status
script_next(struct source *source, int64_t deadline_mono_ms, struct record *ret, struct err *err)
{
	struct script *s = (struct script *)source;
	const struct step *step = s->steps;

	(void)deadline_mono_ms;
	if (stop_requested())
		return SOURCE_WAIT;
	if (step->kind == END)
		return SOURCE_END;
	s->steps++;
	switch (step->kind) {
	case RECORD:
	case TOMBSTONE:
		fill(step, ret);
		return SOURCE_RECORD;
	case REJECT:
		fill(step, ret);
		record_reject(ret, -1, "too long", err);
		return SOURCE_REJECT;
	case FAIL:
		err_set(err, s->failure, "the source fails");
		return SOURCE_FAILED;
	case END:
	case ASSIGN:
	case REVOKE:
	case LOSE:
	case AT_END:
	case STOP:
	case PAUSE:
		break;
	}
	return tell(s, step, err) ? SOURCE_FAILED : SOURCE_WAIT;
}

static int
script_commit(
    struct source *source, const struct commit_point *points, size_t count, struct err *err)
{
	struct script *s = (struct script *)source;
	size_t len = strlen(s->commits);

	if (s->fails_after && !--s->fails_after)
		return err_set(err, ERR_UNAVAILABLE, "the coordinator is away");
	if (s->refused) {
		s->refused--;
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		char fingerprint[EPOCH_FINGERPRINT_BYTES];
		int64_t until;

		len += (size_t)snprintf(s->commits + len, sizeof(s->commits) - len, "%s%d:%lld",
		    i ? " " : "", points[i].stream, (long long)points[i].sequence);
		if (epoch_metadata_parse(points[i].metadata, &until, fingerprint, err) == 1)
			len += (size_t)snprintf(s->commits + len, sizeof(s->commits) - len,
			    "-%lld", (long long)until);
	}
	(void)snprintf(s->commits + len, sizeof(s->commits) - len, ";");
	if (s->stops)
		stop_request();
	return 0;
}

enum { PARTITIONS = 4 };

static int
script_drained(struct source *source, bool **ret, size_t *ret_count, struct err *err)
{
	const struct script *s = (const struct script *)source;

	(void)err;
	*ret = malloc(PARTITIONS * sizeof(**ret));
	assert_non_null(*ret);
	for (unsigned i = 0; i < PARTITIONS; i++)
		(*ret)[i] = true;
	*ret_count = s->is_wide ? PARTITIONS : 2;
	return 0;
}

static const struct source_ops script_ops = {
	.next = script_next, .commit = script_commit, .drained = script_drained
};

/* ---- a target that takes its time, or is away ---- */

struct distance {
	unsigned busy;      /* so many times each mark, and each batch of empty objects, is not done yet */
	bool marks_are_away; /* of partition 1 */
	bool is_away;       /* for empty objects */
	bool stops;         /* the first of them comes with a request to stop */
	unsigned peeks[PARTITIONS]; /* of their marks */
};

struct far_publisher {
	struct publisher base;
	struct publisher *real;
	struct distance *distance;
	unsigned mark_calls, empty_calls;
};

static struct far_publisher *
far_of(struct publisher *p)
{
	return (struct far_publisher *)p;
}

static struct spool *
far_begin(struct publisher *p, const char *path, struct err *err)
{
	return publisher_begin(far_of(p)->real, path, err);
}

static int
far_check(struct publisher *p, const char *path, const char *name, struct err *err)
{
	return publisher_check(far_of(p)->real, path, name, err);
}

static int
far_step(struct publisher *p, struct bundle *bundle, enum publish_epoch epoch, struct err *err)
{
	return publisher_step(far_of(p)->real, bundle, epoch, err);
}

static int
far_update_mark(struct publisher *p, const char *path, const char *name,
    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
    void *context, struct err *err)
{
	struct far_publisher *far = far_of(p);
	int number = name[strlen(name) - 1] - '0';

	far->distance->peeks[number]++;
	if (number == 1 && far->distance->marks_are_away)
		return err_set(err, ERR_UNAVAILABLE, "the target is away");
	if (far->mark_calls++ % (far->distance->busy + 1) != far->distance->busy)
		return 1;
	return publisher_update_mark(far->real, path, name, update, context, err);
}

static int
far_read_mark(struct publisher *p, const char *path, const char *name, bool *ret_has,
    struct buf *ret, struct err *err)
{
	return publisher_read_mark(far_of(p)->real, path, name, ret_has, ret, err);
}

static int
far_make_empty(struct publisher *p, const char *const *paths, size_t count, const char *name,
    bool *ret_made, struct err *err)
{
	struct far_publisher *far = far_of(p);

	if (far->distance->stops)
		stop_request();
	if (far->distance->is_away)
		return err_set(err, ERR_UNAVAILABLE, "the target is away");
	if (far->empty_calls++ % (far->distance->busy + 1) != far->distance->busy)
		return 1;
	return publisher_make_empty(far->real, paths, count, name, ret_made, err);
}

static void
far_free(struct publisher *p)
{
	publisher_free(far_of(p)->real);
	free(p);
}

static const struct publisher_ops far_ops = { .free = far_free,
	.begin = far_begin,
	.check = far_check,
	.step = far_step,
	.update_mark = far_update_mark,
	.read_mark = far_read_mark,
	.make_empty = far_make_empty };

static struct publisher *
put_far(struct publisher *real, struct distance *distance)
{
	struct far_publisher *far = calloc(1, sizeof(*far));

	assert_true(real && far);
	far->base.ops = &far_ops;
	far->base.options = real->options;
	far->real = real;
	far->distance = distance;
	return &far->base;
}

/* ---- the lake ---- */

struct world {
	char *root;
	char *target;
	char *letters_path;
	struct lake_options options;
	struct deadletter_options letters_options;
	struct naming naming;
	struct collector_options collector_options;
	enum publish_existing existing;
	const struct publisher_ops *publisher_ops; /* NULL: a directory's */
	struct script script;
	struct distance *distance; /* NULL: none */
	unsigned looks; /* at which paths are complete, at the end of the run; 0: one */
	enum job_input input;
	struct lake_counts counts;
	struct err err;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->root = scratch_new();
	w->target = scratch_path(w->root, "lake");
	w->letters_path = scratch_path(w->root, "letters");
	w->options = (struct lake_options){ .path = "{p}",
		.is_bounded = true,
		.drain_ms = 10000,
		.limits = { .bytes = 100000 },
		.topic = "t",
		.group = "g",
		.success_after_ms = -1,
		.fingerprint = "0123456789abcdef" };
	w->naming = (struct naming){ .topic = "t", .extension = "json" };
	w->existing = PUBLISH_COMPARE;
	w->collector_options = (struct collector_options){ .open_max = 10, .memory_bytes = 1 << 20 };
	w->script.base.ops = &script_ops;
	w->script.failure = ERR_IO;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	scratch_remove(w->root);
	free(w->target);
	free(w->letters_path);
	free(w);
	return 0;
}

/* 0 or -1, as lake_run says. */
static int
run(struct world *w, const struct step *steps)
{
	struct publisher_options publisher_options = { .target = w->target,
		.existing = w->existing };
	struct client_options client = CLIENT_OPTIONS_INIT;
	struct format_options format_options = { .kind = FORMAT_JSON };
	struct format *format = format_new(&format_options, &w->err);
	struct lake *lake;
	struct lake_outputs outputs;
	int rc;

	assert_non_null(format);
	publisher_options.format = w->options.format = format;
	outputs = (struct lake_outputs){ .publisher = publisher_new(&publisher_options, &w->err),
		.letters = deadletter_open(&w->letters_options, &client, "test", NULL, &w->err) };
	if (w->distance)
		outputs.publisher = put_far(outputs.publisher, w->distance);
	lake = lake_new(&w->options, &w->err);
	if (w->publisher_ops)
		outputs.publisher->ops = w->publisher_ops;

	w->collector_options.publisher = outputs.publisher;
	w->collector_options.naming = &w->naming;
	w->collector_options.row_end = format_row_end(format);
	outputs.collector = collector_new(&w->collector_options, &w->err);
	assert_true(lake && outputs.publisher && outputs.letters && outputs.collector);
	lake_set_outputs(lake, &outputs);
	w->script.steps = steps;
	w->script.events = lake_events(lake);
	w->script.commits[0] = '\0';
	err_clear(&w->err);
	rc = lake_run(lake, &w->script.base, &w->input, &w->err);
	for (unsigned i = 1; !rc && i < w->looks; i++)
		assert_int_equal(lake_succeed_last(lake, &w->err), 0);
	w->counts = lake_counts(lake);
	lake_drop_outputs(lake);
	deadletter_free(outputs.letters);
	collector_free(outputs.collector);
	publisher_free(outputs.publisher);
	lake_free(lake);
	format_free(format);
	return rc;
}

/* Files of the lake, the marks beside them not counted. */
static int
count_data(const struct world *w)
{
	char *marks = scratch_path(w->target, MARK_PATH);
	int count = (int)scratch_count_files(w->target);

	if (scratch_has(w->target, MARK_PATH))
		count -= (int)scratch_count_files(marks);
	free(marks);
	return count;
}

static bool
has_mark(const struct world *w, const char *name, int until)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "{\"group\":\"g\",\"until\":%d}\n", until);
	return scratch_holds(w->target, name, text);
}

static void
remove_mark(const struct world *w)
{
	char *mark = scratch_path(w->target, MARK_PATH "/t-00000");

	assert_int_equal(unlink(mark), 0);
	free(mark);
}

#define ZEROS "0000000000000000000" /* before a number of one digit */
#define NAME(stream, begin) "t-0000" #stream "-" ZEROS #begin ".json"

static void
to_the_end_of_the_input(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 3, NULL },
		{ RECORD, 0, 3, "{\"p\":1}" },
		{ RECORD, 0, 4, " {\"p\" : 2 } " },
		{ RECORD, 0, 6, "{\"p\":\"1\"}" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	assert_int_equal(run(w, steps), 0);
	assert_int_equal(w->input, JOB_INPUT_ENDED);
	assert_true(scratch_holds(w->target, "1/" NAME(0, 3), "{\"p\":1}\n{\"p\":\"1\"}\n"));
	assert_true(scratch_holds(w->target, "2/" NAME(0, 3), " {\"p\" : 2 } \n"));
	assert_string_equal(w->script.commits, "0:3-7;0:7;");
	assert_true(has_mark(w, MARK_PATH "/t-00000", 7));
	assert_int_equal(w->counts.read, 3);
	assert_int_equal(w->counts.delivered, 3);
	assert_int_equal(w->counts.open, 0);
}

static void
line_breaks_between_tokens_become_blanks(void **state)
{
	static const struct step steps[] = {
		{ RECORD, 0, 0, "\r\n{\n\t\"p\":1,\r\n\"s\":\"a\\nb\"\n}\n" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.group = NULL; /* as a pipe, which tells of no streams */
	assert_int_equal(run(w, steps), 0);
	assert_true(
	    scratch_holds(w->target, "1/" NAME(0, 0), "{ \t\"p\":1,  \"s\":\"a\\nb\" }\n"));
}

static void
an_epoch_is_committed_before_and_after_it_is_published(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ RECORD, 0, 1, "{\"p\":2}" },
		{ RECORD, 0, 2, "{\"p\":1}" },
		{ AT_END, 0, 3, NULL },
		{ RECORD, 0, 3, "{\"p\":1}" },
		{ FAIL, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.limits.records = 3;
	assert_int_equal(run(w, steps), -1);
	assert_string_equal(w->script.commits, "0:0-3;0:3;");
	assert_int_equal(count_data(w), 2);
	assert_int_equal(w->counts.read, 4);
	assert_int_equal(w->counts.delivered, 3);
	assert_int_equal(w->counts.open, 1);
}

static void
no_more_files_than_may_be_open(void **state)
{
	struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":0}" },
		{ RECORD, 0, 1, "{\"p\":1}" },
		{ RECORD, 0, 2, "{\"p\":2}" },
		{ RECORD, 0, 3, "{\"p\":3}" },
		{ RECORD, 0, 4, "{\"p\":4}" },
		{ RECORD, 0, 5, "{\"p\":5}" },
		{ RECORD, 0, 6, "{\"p\":6}" },
		{ FAIL, 0, 0, NULL },
	};
	struct world *w = *state;

	w->collector_options.open_max = 2;
	assert_int_equal(run(w, steps), -1);
	assert_string_equal(w->script.commits, "0:0-3;0:3;0:3-6;0:6;");
	assert_int_equal(count_data(w), 6);
}

static void
the_spool_is_bounded(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ ASSIGN, 1, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ RECORD, 1, 0, "{\"p\":1}" },
		{ RECORD, 1, 1, "{\"p\":1}" },
		{ PAUSE, 0, 1, NULL },
		{ PAUSE, 0, 1, NULL },
		{ FAIL, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.spool_bytes = 24; /* three lines */
	assert_int_equal(run(w, steps), -1);
	assert_string_equal(w->script.commits, "1:0-2;1:2;"); /* the larger one */
}

/* ---- what an earlier owner left ---- */

static const struct step taken_up[] = {
	{ ASSIGN, 0, 3, NULL },
	{ RECORD, 0, 3, "{\"p\":1}" },
	{ RECORD, 0, 4, "{\"p\":2}" },
	{ RECORD, 0, 6, "{\"p\":1}" },
	{ RECORD, 0, 8, "{\"p\":1}" },
	{ END, 0, 0, NULL },
};

static void
an_unfinished_epoch_is_rebuilt(void **state)
{
	struct world *w = *state;

	w->script.metadata = "until=7 fp=0123456789abcdef";
	w->options.limits.records = 1; /* it ends where it was to end */
	assert_int_equal(run(w, taken_up), 0);
	assert_string_equal(w->script.commits, "0:7-9;0:9;");
	assert_true(scratch_holds(w->target, "1/" NAME(0, 3), "{\"p\":1}\n{\"p\":1}\n"));
	assert_true(scratch_holds(w->target, "2/" NAME(0, 3), "{\"p\":2}\n"));
	assert_true(scratch_holds(w->target, "1/" NAME(0, 7), "{\"p\":1}\n"));
	assert_int_equal(w->counts.files_there, 0);
	/* the same crash again, after all was published */
	w->script.metadata = "until=7 fp=0123456789abcdef";
	remove_mark(w);
	assert_int_equal(run(w, taken_up), 0);
	assert_int_equal(w->counts.files_there, 3);
	assert_string_equal(w->script.commits, "0:7-9;0:9;");
}

/* A name that was taken when the epoch was published first: it does not become delivered by trying again. */
static void
somebody_elses_file_in_an_unfinished_epoch(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, taken_up), 0);
	remove_mark(w);
	scratch_write(w->target, "1/" NAME(0, 3), "mine\n");
	for (int i = 0; i < 3; i++) {
		/* at first it is no rebuilding */
		w->script.metadata = i ? "until=9 fp=0123456789abcdef" : NULL;
		assert_int_equal(run(w, taken_up), -1);
		assert_int_equal(w->err.class, ERR_CANT_CREATE);
		assert_non_null(strstr(w->err.text, "1/" NAME(0, 3) " exists and holds something else"));
		assert_non_null(strstr(w->err.text, "--overwrite replaces it"));
		assert_int_equal(!!strstr(w->err.text, "an earlier run began"), i > 0);
		assert_string_equal(w->script.commits, i ? "" : "0:3-9;");
		assert_true(scratch_holds(w->target, "1/" NAME(0, 3), "mine\n"));
		assert_false(scratch_has(w->target, MARK_PATH "/t-00000"));
	}
	w->existing = PUBLISH_REPLACE;
	assert_int_equal(run(w, taken_up), 0);
	assert_string_equal(w->script.commits, "0:9;");
	assert_true(
	    scratch_holds(w->target, "1/" NAME(0, 3), "{\"p\":1}\n{\"p\":1}\n{\"p\":1}\n"));
}

static void
what_exists_outside_of_rebuilding_must_be_the_same(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, taken_up), 0);
	remove_mark(w);
	assert_int_equal(run(w, taken_up), 0);
	assert_int_equal(w->counts.files_there, 2);
	remove_mark(w);
	scratch_write(w->target, "1/" NAME(0, 3), "mine\n");
	assert_int_equal(run(w, taken_up), -1);
	assert_int_equal(w->err.class, ERR_CANT_CREATE);
	assert_true(scratch_holds(w->target, "1/" NAME(0, 3), "mine\n"));
}

static void
an_epoch_of_other_options_is_not_finished(void **state)
{
	struct world *w = *state;

	w->script.metadata = "until=7 fp=ffffffffffffffff";
	assert_int_equal(run(w, taken_up), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_non_null(strstr(w->err.text, "t[0]: offsets 3 to 6 are partly published with other"));
	assert_string_equal(w->script.commits, "");
	assert_int_equal(count_data(w), 0);
}

static void
a_log_that_is_shorter_than_an_epoch(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 3, NULL },
		{ RECORD, 0, 3, "{\"p\":1}" },
		{ AT_END, 0, 4, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->script.metadata = "until=7 fp=0123456789abcdef";
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_string_equal(w->err.text,
	    "t[0]: offsets 3 to 6 are partly published, and the log ends at 4");
	assert_int_equal(count_data(w), 0);
	assert_string_equal(w->script.commits, "");
}

static void
the_end_comes_before_an_epoch_is_rebuilt(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 3, NULL },
		{ RECORD, 0, 3, "{\"p\":1}" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->script.metadata = "until=7 fp=0123456789abcdef";
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_STOPPED);
	assert_int_equal(count_data(w), 0);
	assert_int_equal(w->counts.open, 1);
}

/* Offsets expire, topics are made anew: their records would be there twice. */
static void
a_mark_above_what_is_committed(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, taken_up), 0);
	assert_int_equal(run(w, taken_up), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_string_equal(w->err.text,
	    "t[0]: offset 3 is committed, but the data before offset 9 is there already");
	assert_string_equal(w->script.commits, "");
}

/* The mark is there, the commit that says the same is not. */
static void
a_run_ends_between_mark_and_commit(void **state)
{
	struct world *w = *state;

	w->script.fails_after = 2;
	assert_int_equal(run(w, taken_up), -1);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	assert_string_equal(w->script.commits, "0:3-9;");
	assert_true(has_mark(w, MARK_PATH "/t-00000", 9));
	w->script.metadata = "until=9 fp=0123456789abcdef";
	assert_int_equal(run(w, taken_up), 0);
	assert_string_equal(w->script.commits, "0:9;");
	assert_int_equal(w->counts.files_there, 2);
	assert_int_equal(count_data(w), 2);
}

/* What was not prepared leaves nothing to be found by its mark. */
static void
a_run_ends_before_an_epoch_without_objects_is_committed(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 3, NULL },
		{ TOMBSTONE, 0, 3, NULL },
		{ AT_END, 0, 9, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.skips_tombstones = true;
	w->script.fails_after = 1;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	assert_false(scratch_has(w->target, MARK_PATH "/t-00000"));
	assert_int_equal(run(w, steps), 0);
	assert_string_equal(w->script.commits, "0:9;");
	assert_false(scratch_has(w->target, MARK_PATH "/t-00000"));
}

/* Five turns for the first partition's, two for the second's; asked about again, they begin anew. */
static int
update_slowly(struct publisher *p, const char *path, const char *name,
    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
    void *context, struct err *err)
{
	static const int most[] = { 5, 2 };
	static int turns[2];
	int number = name[strlen(name) - 1] - '0';

	if (++turns[number] < most[number])
		return 1;
	turns[number] = 0;
	return publisher_directory_ops.update_mark(p, path, name, update, context, err);
}

static void
marks_take_several_turns(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ ASSIGN, 1, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ RECORD, 1, 0, "{\"p\":1}" },
		{ RECORD, 0, 1, "{\"p\":1}" },
		{ RECORD, 1, 1, "{\"p\":1}" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;
	struct publisher_ops ops = publisher_directory_ops;

	ops.update_mark = update_slowly;
	w->publisher_ops = &ops;
	assert_int_equal(run(w, steps), 0);
	/* none waits for the other's */
	assert_string_equal(w->script.commits, "0:0-2 1:0-2;1:2;0:2;");
	assert_true(has_mark(w, MARK_PATH "/t-00000", 2));
	assert_true(has_mark(w, MARK_PATH "/t-00001", 2));
	assert_int_equal(count_data(w), 2);
}

static void
a_second_group_on_one_target(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, taken_up), 0);
	w->options.group = "other";
	assert_int_equal(run(w, taken_up), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_non_null(strstr(w->err.text, "_sluice/t-00000: group g has put this partition"));
	w->options.group = NULL; /* of no group, nothing is known */
	assert_int_equal(run(w, taken_up), 0);
	assert_string_equal(w->script.commits, "");
}

static void
a_fenced_member_publishes_nothing(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ RECORD, 0, 1, "{\"p\":1}" },
		{ PAUSE, 0, 1, NULL },
		{ LOSE, 0, 0, NULL },
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.limits.records = 2;
	w->script.refused = 1;
	assert_int_equal(run(w, steps), 0);
	assert_string_equal(w->script.commits, "0:0-1;0:1;");
	assert_true(scratch_holds(w->target, "1/" NAME(0, 0), "{\"p\":1}\n"));
	assert_int_equal(w->counts.lost, 2);
	assert_int_equal(w->counts.delivered, 1);
}

/* ---- records ---- */

static void
a_bad_record_stops_behind_what_precedes_it(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ RECORD, 0, 1, "{\"p\":1" },
		{ RECORD, 0, 2, "{\"p\":1}" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_non_null(strstr(w->err.text, "t[0]@1: byte 6: "));
	assert_string_equal(w->script.commits, "0:0-1;0:1;");
	assert_true(scratch_holds(w->target, "1/" NAME(0, 0), "{\"p\":1}\n"));
}

static void
bad_records_go_to_the_dead_letters(void **state)
{
	char long_path[400];
	struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "nonsense" },
		{ REJECT, 0, 1, "" },
		{ TOMBSTONE, 0, 2, NULL },
		{ RECORD, 0, 3, long_path },
		{ RECORD, 0, 4, "{\"p\":[]}" },
		{ RECORD, 0, 5, "" },
		{ RECORD, 0, 6, "{\"p\":1}" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;
	char *letters;
	size_t len;

	(void)snprintf(long_path, sizeof(long_path), "{\"p\":\"%0300d\"}", 0);
	w->letters_options.target = w->letters_path;
	assert_int_equal(run(w, steps), 0);
	assert_int_equal(w->counts.read, 7);
	assert_int_equal(w->counts.rejected, 6);
	assert_int_equal(w->counts.delivered, 1);
	assert_string_equal(strrchr(w->script.commits, ':'), ":7;");
	letters = scratch_read(w->root, "letters", &len);
	assert_non_null(strstr(letters, "too long"));
	assert_non_null(strstr(letters, "a tombstone has no line"));
	assert_non_null(strstr(letters, "a name of 300 bytes in its path"));
	free(letters);
}

static void
tombstones_are_left_out_when_asked(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ TOMBSTONE, 0, 0, NULL },
		{ RECORD, 0, 1, "{}" },
		{ TOMBSTONE, 0, 2, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.skips_tombstones = true;
	w->options.path = NULL;
	assert_int_equal(run(w, steps), 0);
	assert_int_equal(w->counts.filtered, 2);
	assert_int_equal(w->counts.delivered, 1);
	assert_true(scratch_holds(w->target, NAME(0, 0), "{}\n"));
	assert_string_equal(strrchr(w->script.commits, ':'), ":3;");
}

static void
event_time_makes_the_path(void **state)
{
	static const struct step steps[] = {
		{ RECORD, 0, 0, "{\"at\":\"2020-02-03 04:05:06\"}" },
		{ RECORD, 0, 1, "{\"at\":null}" },
		{ RECORD, 0, 2, "{}" },
		{ RECORD, 0, 3, "{\"at\":\"soon\"}" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.group = NULL; /* as a pipe, which tells of no streams */
	w->options.path = "at={@year}-{@hour}";
	w->options.time_field = "at";
	assert_int_equal(run(w, steps), -1);
	assert_non_null(strstr(w->err.text, "t[0]@3: "));
	assert_true(scratch_has(w->target, "at=2020-04/" NAME(0, 0)));
	assert_true(
	    scratch_has(w->target, "at=__DEFAULT_PARTITION__-__DEFAULT_PARTITION__/" NAME(0, 0)));
}

static void
without_a_time_field_the_timestamp_counts(void **state)
{
	static const struct step steps[] = {
		{ RECORD, 0, 0, "{\"at\":\"2020-02-03 04:05:06\"}" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.group = NULL; /* as a pipe, which tells of no streams */
	w->options.path = "{@year}";
	assert_int_equal(run(w, steps), 0);
	assert_true(scratch_has(w->target, "2019/" NAME(0, 0)));
}

static void
values_are_checked_where_no_field_is_used(void **state)
{
	static const struct step steps[] = {
		{ RECORD, 0, 0, "[1,2]" },
		{ RECORD, 0, 1, "[1,2" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.group = NULL; /* as a pipe, which tells of no streams */
	w->options.path = NULL;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_true(scratch_holds(w->target, NAME(0, 0), "[1,2]\n"));
}

static void
a_revoked_partition_is_published_and_committed(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ ASSIGN, 1, 5, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ RECORD, 1, 5, "{\"p\":1}" },
		{ REVOKE, 0, 0, NULL },
		{ RECORD, 1, 6, "{\"p\":1}" },
		{ FAIL, 0, 0, NULL },
	};
	struct world *w = *state;

	assert_int_equal(run(w, steps), -1);
	assert_string_equal(w->script.commits, "0:0-1 1:5-6;0:1;1:6;");
	assert_true(scratch_has(w->target, "1/" NAME(0, 0)));
	assert_int_equal(count_data(w), 2);
}

static void
a_lost_partition_leaves_nothing(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ ASSIGN, 1, 5, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ RECORD, 1, 5, "{\"p\":1}" },
		{ LOSE, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	assert_int_equal(run(w, steps), 0);
	assert_string_equal(w->script.commits, "1:5-6;1:6;");
	assert_int_equal(count_data(w), 1);
	assert_int_equal(w->counts.lost, 1);
	assert_int_equal(w->counts.open, 0);
}

static void
an_empty_end_of_the_log_is_committed(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 9, "{\"p\":1}" },
		{ AT_END, 0, 17, NULL }, /* transaction markers */
		{ AT_END, 1, 5, NULL },  /* not ours */
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	assert_int_equal(run(w, steps), 0);
	assert_string_equal(w->script.commits, "0:0-17;0:17;");
}

static void
a_source_that_fails_shows_nothing_more(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ FAIL, 0, 0, NULL },
	};
	static const enum err_class classes[] = { ERR_IO, ERR_UNAVAILABLE, ERR_STOPPED };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		w->script.failure = classes[i];
		assert_int_equal(run(w, steps), -1);
		assert_int_equal(w->err.class, classes[i]);
		assert_int_equal(count_data(w), 0);
		assert_string_equal(w->script.commits, "");
	}
}

/* Offsets that expired, a right that was taken away: what was read is not to blame. */
static void
a_source_that_refuses_is_settled(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ FAIL, 0, 0, NULL },
	};
	struct world *w = *state;

	w->script.failure = ERR_DENIED;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_DENIED);
	assert_int_equal(count_data(w), 1);
	assert_string_equal(w->script.commits, "0:0-1;0:1;");
}

static void
age_needs_no_new_records(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ PAUSE, 0, 30, NULL },
		{ PAUSE, 0, 1, NULL },
		{ PAUSE, 0, 1, NULL },
		{ FAIL, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.limits.age_ms = 10;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(count_data(w), 1);
	assert_string_equal(w->script.commits, "0:0-1;0:1;");
}

/* A request to stop is for ever, so each case has a process of its own. */
static void
in_a_child(struct world *w, int (*stop)(struct world *))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child)
		_exit(stop(w));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- _SUCCESS ---- */

static const struct step hours[] = {
	{ ASSIGN, 0, 0, NULL },
	{ RECORD, 0, 0, "{\"p\":1,\"t\":\"2019-01-01T00:30:00Z\"}" },
	{ RECORD, 0, 1, "{\"p\":2,\"t\":\"2019-01-01T00:10:00Z\"}" },
	{ RECORD, 0, 2, "{\"p\":3,\"t\":\"2019-01-01T02:10:00Z\"}" },
	{ END, 0, 0, NULL },
};

/* A fresh lake. Partition 1 is another member's, and idle for long. */
static void
has_idle_other(struct world *w, const char *name)
{
	char *marks;

	free(w->target);
	w->target = scratch_path(w->root, name);
	marks = scratch_path(w->target, MARK_PATH);
	assert_true(!mkdir(w->target, 0700) && !mkdir(marks, 0700));
	scratch_write(marks, "t-00001", "{\"group\":\"g\",\"until\":4,\"at\":1000}\n");
	free(marks);
	w->options.path = "{p}/{@hour}";
	w->options.time_field = "t";
	w->options.success_after_ms = 0;
}

static bool
is_complete(const struct world *w, const char *path)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s/00/_SUCCESS", path);
	return scratch_has(w->target, name);
}

static void
complete_paths_of_a_slow_target(void **state)
{
	struct world *w = *state;

	for (unsigned busy = 0; busy < 4; busy++) {
		struct distance distance = { .busy = busy };
		char name[16];

		(void)snprintf(name, sizeof(name), "lake-%u", busy);
		has_idle_other(w, name);
		w->distance = &distance;
		assert_int_equal(run(w, hours), 0);
		assert_string_equal(w->script.commits, "0:0-3;0:3;");
		assert_true(is_complete(w, "1") && is_complete(w, "2"));
		assert_int_equal(distance.peeks[1], busy + 1);
	}
}

/* The one that held it up is asked first, and no other then. */
static void
what_holds_all_up_is_asked_first(void **state)
{
	static const struct step steps[] = { { ASSIGN, 0, 5, NULL }, { END, 0, 0, NULL } };
	struct world *w = *state;
	struct distance distance = { .busy = 2 };

	has_idle_other(w, "lake");
	scratch_write(w->target, MARK_PATH "/t-00000",
	    "{\"group\":\"g\",\"until\":5,\"at\":1000,\"time\":50,\"pending\":{\"x\":9}}\n");
	scratch_write(w->target, MARK_PATH "/t-00002", "{\"group\":\"g\",\"until\":5,\"time\":8}\n");
	w->distance = &distance;
	w->script.is_wide = true;
	w->looks = 3;
	assert_int_equal(run(w, steps), 0);
	assert_int_equal(distance.peeks[1], 3);
	assert_true(distance.peeks[2] >= 3 * w->looks && distance.peeks[2] % 3 == 0);
	assert_int_equal(distance.peeks[3], 0);
	assert_false(scratch_has(w->target, "x/_SUCCESS"));
	scratch_write(w->target, MARK_PATH "/t-00002", "{\"group\":\"g\",\"until\":5,\"time\":9}\n");
	scratch_write(w->target, MARK_PATH "/t-00003", "{\"group\":\"g\",\"until\":5,\"time\":9}\n");
	assert_int_equal(run(w, steps), 0);
	assert_true(scratch_has(w->target, "x/_SUCCESS"));
}

/* Nothing fails: it is done later. */
static void
complete_paths_of_a_target_that_is_away(void **state)
{
	static const struct distance cases[] = { { .is_away = true }, { .marks_are_away = true } };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct distance distance = cases[i];

		has_idle_other(w, i ? "there" : "here");
		w->distance = &distance;
		assert_int_equal(run(w, hours), 0);
		assert_false(is_complete(w, "1") || is_complete(w, "2"));
		w->distance = NULL;
		assert_int_equal(run(w, &(struct step[]){ { ASSIGN, 0, 3, NULL }, { END, 0, 0, NULL } }[0]), 0);
		assert_true(is_complete(w, "1") && is_complete(w, "2"));
	}
}

static const struct step stopping[] = {
	{ ASSIGN, 0, 0, NULL },
	{ RECORD, 0, 0, "{\"p\":1}" },
	{ RECORD, 0, 1, "{\"p\":2}" },
	{ STOP, 0, 0, NULL },
	{ RECORD, 0, 2, "{\"p\":2}" },
	{ END, 0, 0, NULL },
};

static int
stop_endless(struct world *w)
{
	w->options.is_bounded = false;
	if (run(w, stopping) || w->input != JOB_INPUT_ENDLESS)
		return 1;
	return strcmp(w->script.commits, "0:0-2;0:2;") != 0;
}

static int
stop_bounded(struct world *w)
{
	return run(w, stopping) || w->input != JOB_INPUT_BOUNDED;
}

static int
stop_without_time(struct world *w)
{
	w->options.drain_ms = 0;
	if (!run(w, stopping) || w->err.class != ERR_STOPPED || w->counts.open != 2)
		return 1;
	return strcmp(w->script.commits, "") != 0;
}

/* The input is at its end, or a record was refused: the time runs from the request on. */
static int
stop_at_the_end(struct world *w)
{
	static const struct step ended[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ END, 0, 0, NULL },
	};

	w->options.drain_ms = 0;
	w->script.stops = true;
	if (!run(w, ended) || w->err.class != ERR_STOPPED)
		return 1;
	return strcmp(w->script.commits, "0:0-1;") != 0;
}

static int
stop_behind_a_refusal(struct world *w)
{
	static const struct step refused[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ RECORD, 0, 1, "{" },
		{ END, 0, 0, NULL },
	};

	w->options.drain_ms = 0;
	w->script.stops = true;
	if (!run(w, refused) || w->err.class != ERR_DATA)
		return 1;
	return strcmp(w->script.commits, "0:0-1;") != 0;
}

static void
a_stop_drains(void **state)
{
	struct world *w = *state;

	in_a_child(w, stop_endless);
	assert_int_equal(count_data(w), 2);
	w->options.group = NULL;
	in_a_child(w, stop_bounded); /* finds the same files */
	assert_int_equal(count_data(w), 2);
}

static void
a_stop_has_its_time(void **state)
{
	struct world *w = *state;

	in_a_child(w, stop_without_time);
	assert_int_equal(count_data(w), 0);
	in_a_child(w, stop_at_the_end);
	in_a_child(w, stop_behind_a_refusal);
}

/* It says when the partition was busy last. */
static void
a_run_without_success_keeps_what_marks_say(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "{\"p\":1}" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;
	char *text;
	size_t len;

	has_idle_other(w, "lake");
	scratch_write(w->target, MARK_PATH "/t-00000",
	    "{\"group\":\"g\",\"until\":0,\"at\":1000,\"time\":7,\"pending\":{\"x\":9}}\n");
	w->options.path = "{p}";
	w->options.success_after_ms = -1;
	assert_int_equal(run(w, steps), 0);
	text = scratch_read(w->target, MARK_PATH "/t-00000", &len);
	assert_non_null(strstr(text, "\"until\":1,\"at\":"));
	assert_null(strstr(text, "\"at\":1000,"));
	assert_non_null(strstr(text, "\"time\":7,\"pending\":{\"x\":9}"));
	free(text);
}

static const struct step of_a_pipe[] = {
	{ RECORD, 0, 0, "{\"p\":1}" },
	{ RECORD, 0, 1, "{\"p\":2}" },
	{ END, 0, 0, NULL },
};

static void
is_pipe(struct world *w)
{
	w->options.path = "{p}/{@hour}";
	w->options.success_after_ms = 0;
	w->options.topic = w->options.group = NULL;
}

static int
stop_while_paths_are_completed(struct world *w)
{
	struct distance distance = { .busy = 1u << 30, .stops = true };

	w->distance = &distance;
	w->options.drain_ms = 0;
	return !run(w, of_a_pipe) || w->err.class != ERR_STOPPED;
}

static void
a_stop_ends_the_completing_of_a_pipe(void **state)
{
	struct world *w = *state;

	is_pipe(w);
	in_a_child(w, stop_while_paths_are_completed);
	assert_int_equal(count_data(w), 2);
}

/* What was asked for is read, and perhaps not all that there is. */
static void
a_count_completes_no_path_of_a_pipe(void **state)
{
	struct world *w = *state;

	is_pipe(w);
	w->options.count_max = 2;
	assert_int_equal(run(w, of_a_pipe), 0);
	assert_int_equal(count_data(w), 2);
	w->options.count_max = 3;
	assert_int_equal(run(w, of_a_pipe), 0);
	assert_int_equal(count_data(w), 4);
}

#define LAKE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LAKE(to_the_end_of_the_input),
		LAKE(line_breaks_between_tokens_become_blanks),
		LAKE(an_epoch_is_committed_before_and_after_it_is_published),
		LAKE(no_more_files_than_may_be_open),
		LAKE(the_spool_is_bounded),
		LAKE(an_unfinished_epoch_is_rebuilt),
		LAKE(somebody_elses_file_in_an_unfinished_epoch),
		LAKE(what_exists_outside_of_rebuilding_must_be_the_same),
		LAKE(an_epoch_of_other_options_is_not_finished),
		LAKE(a_log_that_is_shorter_than_an_epoch),
		LAKE(the_end_comes_before_an_epoch_is_rebuilt),
		LAKE(a_mark_above_what_is_committed),
		LAKE(a_run_ends_between_mark_and_commit),
		LAKE(a_run_ends_before_an_epoch_without_objects_is_committed),
		LAKE(marks_take_several_turns),
		LAKE(a_second_group_on_one_target),
		LAKE(a_fenced_member_publishes_nothing),
		LAKE(a_bad_record_stops_behind_what_precedes_it),
		LAKE(bad_records_go_to_the_dead_letters),
		LAKE(tombstones_are_left_out_when_asked),
		LAKE(event_time_makes_the_path),
		LAKE(without_a_time_field_the_timestamp_counts),
		LAKE(values_are_checked_where_no_field_is_used),
		LAKE(a_revoked_partition_is_published_and_committed),
		LAKE(a_lost_partition_leaves_nothing),
		LAKE(an_empty_end_of_the_log_is_committed),
		LAKE(a_source_that_fails_shows_nothing_more),
		LAKE(a_source_that_refuses_is_settled),
		LAKE(age_needs_no_new_records),
		LAKE(a_stop_drains),
		LAKE(a_stop_has_its_time),
		LAKE(complete_paths_of_a_slow_target),
		LAKE(what_holds_all_up_is_asked_first),
		LAKE(complete_paths_of_a_target_that_is_away),
		LAKE(a_run_without_success_keeps_what_marks_say),
		LAKE(a_stop_ends_the_completing_of_a_pipe),
		LAKE(a_count_completes_no_path_of_a_pipe),
	};

	return cmocka_run_group_tests_name("lake", tests, NULL, NULL);
}
