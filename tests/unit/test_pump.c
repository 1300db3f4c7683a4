/* SPDX-License-Identifier: MIT */
/* The pump's loop between a scripted source and a service whose replies a carrier makes up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "run/pump.h"
#include "scratch.h"
#include "source/pipe.h"

enum { TEXT_BYTES = 1024, CALLS_MAX = 16 };

static void
add(char text[TEXT_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(char text[TEXT_BYTES], const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text + len, TEXT_BYTES - len, format, args);
	va_end(args);
}

/* ---- the carrier: statuses as scripted, then 200; a reply has a letter for each line ---- */

struct world;

struct fake_call {
	struct world *world;
	struct loop_timer timer;
	carrier_replied *replied;
	void *context;
	char lines[TEXT_BYTES];
	int status;
	bool is_out;
};

struct fake_carrier {
	struct carrier base;
	struct world *world;
};

/* ---- the source ---- */

enum step_kind {
	END,
	RECORD,
	REJECT,
	ASSIGN,
	REVOKE,
	LOSE,
	AT_END,
	FAIL,
	STOP,
	TOLD,      /* until so many records were told to be read, with what is open in `value` */
	SENT,      /* until so many requests went out, as `sequence` says */
	COMMITTED, /* until so many commits were made */
	HELD,      /* until the stream is held */
	RELEASE,   /* the replies that were kept back */
};

struct step {
	enum step_kind kind;
	int32_t stream;
	int64_t sequence;
	const char *value;
};

struct script {
	struct source base;
	struct world *world;
	struct source_events events;
	const struct step *steps;
	const struct step *later; /* what it tells behind its end */
	const struct step *again; /* what it does when it is asked again behind it */
	bool has_ended;
	bool is_endless;
	bool is_held[4];
	uint32_t terms[4];
	unsigned commit_count;
	char commits[TEXT_BYTES]; /* "0:5 1:7;" for each call */
};

struct world {
	char *root;
	char *letters_path;
	struct pump_options options;
	struct deadletter_options letters_options;
	struct script script;
	struct service service;
	struct fake_carrier carrier;
	struct loop *loop;
	struct fake_call calls[CALLS_MAX];
	const int *statuses;
	const char *retry_after;
	bool keeps_replies; /* until RELEASE or REVOKE */
	unsigned stuck_left; /* requests with "stuck" in them that fail: 503 */
	int old_from;        /* after so many requests what has "old" in it has expired; 0: never */
	struct sink_done letter_done;
	unsigned letters_open; /* rejected and refused, and not durable */
	unsigned letters_open_most;
	unsigned started, cancelled;
	unsigned out, out_most;
	char requests[TEXT_BYTES]; /* "a b|c|" */
	size_t memory_bytes;
	int64_t tell_ms;
	bool is_counted;
	unsigned told_count;
	struct pump_summary told;
	enum job_input input;
	struct pump_summary summary;
	struct err err;
};

static void
release(struct world *w)
{
	w->keeps_replies = false;
	for (size_t i = 0; i < CALLS_MAX; i++) {
		if (w->calls[i].is_out)
			loop_timer_set(w->loop, &w->calls[i].timer, 0);
	}
}

static void
count_letter(struct world *w)
{
	if (++w->letters_open > w->letters_open_most)
		w->letters_open_most = w->letters_open;
}

static int
on_letter_done(void *context, struct position position, struct err *err)
{
	struct world *w = context;

	w->letters_open--;
	return w->letter_done.done(w->letter_done.context, position, err);
}

static enum source_status
script_give(struct script *s, const struct step *step, struct record *ret, struct err *err)
{
	uint32_t term = s->terms[step->stream];

	*ret = (struct record){
		.position = { step->stream, term ? term : 1, step->sequence },
		.topic = slice_of("t"), .partition = step->stream, .offset = step->sequence,
		.time_ms = RECORD_NO_TIME, .value = slice_of(step->value), .has_value = true,
	};
	if (step->kind == RECORD)
		return SOURCE_RECORD;
	count_letter(s->world);
	(void)record_reject(ret, -1, "too long", err);
	return SOURCE_REJECT;
}

/* True where the step is done with. */
static bool
script_waited(struct script *s, const struct step *step)
{
	if (step->kind == TOLD)
		return s->world->told.read >= step->sequence &&
		    s->world->told.open == atoi(step->value);
	if (step->kind == SENT)
		return s->world->started >= step->sequence;
	if (step->kind == COMMITTED)
		return s->commit_count >= step->sequence;
	return step->kind != HELD || s->is_held[step->stream];
}

static int
script_tell(struct script *s, const struct step *step, struct err *err)
{
	struct source_events *e = &s->events;

	switch (step->kind) {
	case ASSIGN:
		s->is_held[step->stream] = false;
		return e->assigned(e->context, step->stream, ++s->terms[step->stream],
		    step->sequence, "", err);
	case REVOKE:
		if (!step->value) /* else the service is silent for good */
			release(s->world);
		return e->revoked(e->context, &step->stream, 1, false, err);
	case LOSE:
		return e->revoked(e->context, &step->stream, 1, true, err);
	case AT_END:
		e->at_end(e->context, step->stream, step->sequence);
		return 0;
	case RELEASE:
		release(s->world);
		return 0;
	case STOP:
		stop_request();
		return 0;
	case FAIL:
		return err_set(err, step->value ? ERR_DATA : ERR_IO, "the source fails");
	case END:
	case RECORD:
	case REJECT:
	case TOLD:
	case SENT:
	case COMMITTED:
	case HELD:
		break;
	}
	return 0;
}

static enum source_status
script_next(struct source *source, int64_t deadline_mono_ms, struct record *ret, struct err *err)
{
	struct script *s = (struct script *)source;
	const struct step *step = s->steps;

	assert_int_equal(deadline_mono_ms, 0);
	if (stop_requested())
		return SOURCE_WAIT;
	if (step->kind == END && s->has_ended && s->again) {
		step = s->steps = s->again;
		s->again = NULL;
	}
	if (step->kind == END) {
		s->has_ended = true;
		return SOURCE_END;
	}
	if (!script_waited(s, step))
		return SOURCE_WAIT;
	s->steps++;
	if (step->kind == RECORD || step->kind == REJECT) {
		assert_false(s->is_held[step->stream]);
		return script_give(s, step, ret, err);
	}
	return script_tell(s, step, err) ? SOURCE_FAILED : SOURCE_WAIT;
}

static int
script_serve(struct source *source, struct err *err)
{
	struct script *s = (struct script *)source;

	if (s->steps->kind != END || !s->later || s->later->kind == END ||
	    !script_waited(s, s->later))
		return 0;
	return script_tell(s, s->later++, err);
}

static int
script_commit(
    struct source *source, const struct commit_point *points, size_t count, struct err *err)
{
	struct script *s = (struct script *)source;

	(void)err;
	for (size_t i = 0; i < count; i++)
		add(s->commits, "%s%d:%lld", i ? " " : "", points[i].stream,
		    (long long)points[i].sequence);
	add(s->commits, ";");
	s->commit_count++;
	return 0;
}

static bool
script_is_endless(const struct source *source)
{
	return ((const struct script *)source)->is_endless;
}

static void
script_hold(struct source *source, int32_t stream, bool is_held)
{
	struct script *s = (struct script *)source;

	assert_int_not_equal(s->is_held[stream], is_held);
	s->is_held[stream] = is_held;
}

static const struct source_ops script_ops = {
	.next = script_next,
	.commit = script_commit,
	.is_endless = script_is_endless,
	.hold = script_hold,
	.serve = script_serve,
};

/* ---- the service ---- */

/* The lane of a record is its first character. */
static enum service_stage
stage(struct service *service, const struct record *record, struct service_staged *ret,
    struct err *err)
{
	(void)service;
	if (slice_is(record->value, "filter"))
		return SERVICE_FILTERED;
	if (slice_is(record->value, "reject")) {
		(void)record_reject(record, 0, "no good", err);
		return SERVICE_REJECTED;
	}
	if (slice_is(record->value, "fail")) {
		(void)err_set(err, ERR_FAULT, "stage fails");
		return SERVICE_FAILED;
	}
	ret->lane = record->value.len ? (unsigned char)record->value.data[0] : 0;
	ret->bytes = record->value.len + 1;
	ret->note = slice_make(record->value.data, record->value.len ? 1 : 0);
	return SERVICE_SEND;
}

static int
expired(struct service *service, const struct service_item *const *items, size_t count,
    size_t *ret_count, char ret_reason[static SERVICE_REASON_BYTES], struct err *err)
{
	const struct world *w = (const struct world *)(const void *)((const char *)service -
	    offsetof(struct world, service));

	(void)err;
	*ret_count = 0;
	if (!w->old_from || w->started < (unsigned)w->old_from)
		return 0;
	while (*ret_count < count &&
	       memmem(items[*ret_count]->record.value.data, items[*ret_count]->record.value.len,
		   "old", 3))
		(*ret_count)++;
	(void)snprintf(ret_reason, SERVICE_REASON_BYTES, "has expired");
	return 0;
}

static int
request(struct service *service, const struct service_item *const *items, size_t count,
    struct service_request *ret, size_t *ret_count, struct err *err)
{
	(void)service;
	ret->method = "POST";
	for (size_t i = 0; i < count; i++) {
		assert_true(slice_starts(items[i]->record.value, ""));
		assert_int_equal(items[i]->note.len, 1);
		if (slice_is(items[i]->record.value, "unmakeable"))
			return err_set(err, ERR_FAULT, "request fails");
		if (buf_append(&ret->body, items[i]->record.value, err) ||
		    buf_append_char(&ret->body, '\n', err))
			return -1;
	}
	*ret_count = count;
	return 0;
}

static enum service_outcome
verdicts(struct service *service, const struct service_item *const *items, size_t count,
    const struct service_reply *reply, struct service_verdict *ret, struct err *err)
{
	(void)service;
	(void)items;
	switch (reply->status) {
	case 200:
		break;
	case 413:
		err_set(err, ERR_DATA, "too large");
		return SERVICE_SPLIT;
	case 429:
		err_set(err, ERR_UNAVAILABLE, "too many requests");
		return SERVICE_SLOWER;
	case 403:
		err_set(err, ERR_DENIED, "not permitted");
		return SERVICE_STOP;
	default:
		err_set(err, ERR_UNAVAILABLE, "status %d", reply->status);
		return SERVICE_AGAIN;
	}
	assert_int_equal(reply->body.len, count);
	for (size_t i = 0; i < count; i++) {
		ret[i].reason[0] = '\0';
		ret[i].fate = reply->body.data[i] == 'd'   ? SERVICE_DONE
		              : reply->body.data[i] == 'r' ? SERVICE_RETRY
								 : SERVICE_REFUSED;
		if (ret[i].fate != SERVICE_DONE)
			(void)snprintf(ret[i].reason, sizeof(ret[i].reason), "mapping");
	}
	return SERVICE_JUDGED;
}

static void
service_free_nothing(struct service *service)
{
	(void)service;
}

static const struct service_ops service_ops = {
	.stage = stage, .expired = expired, .request = request, .verdicts = verdicts, .free = service_free_nothing
};

/* ---- the carrier ---- */

static const char *
retry_after(const void *context, const char *name)
{
	const struct world *w = context;

	return strcmp(name, "Retry-After") == 0 ? w->retry_after : NULL;
}

static void
on_timer(void *context)
{
	struct fake_call *call = context;
	char letters[TEXT_BYTES] = "";
	struct service_reply reply = { .status = call->status, .header = retry_after,
		.header_context = call->world };
	struct err err = ERR_INIT;

	for (char *line = call->lines, *end; (end = strchr(line, '\n')); line = end + 1)
		add(letters, "%s", strstr(line, "bad") && strstr(line, "bad") < end ? "x" : "d");
	for (const char *c = letters; *c && call->status == 200; c++) {
		if (*c == 'x')
			count_letter(call->world);
	}
	reply.body = slice_of(letters);
	call->is_out = false;
	call->world->out--;
	if (!call->status)
		err_set(&err, ERR_UNAVAILABLE, "connection refused");
	if (call->status < 0)
		err_set(&err, ERR_DENIED, "certificate");
	call->replied(call->context, &reply, &err);
}

static int
start(struct carrier *carrier, const struct service_request *request, carrier_replied *replied,
    void *context, void **ret_call, struct err *err)
{
	struct world *w = ((struct fake_carrier *)carrier)->world;
	struct fake_call *call = w->calls;

	(void)err;
	while (call->is_out)
		call++;
	assert_true(call < w->calls + CALLS_MAX);
	*call = (struct fake_call){ .world = w, .replied = replied, .context = context,
		.status = 200, .is_out = true };
	call->timer.fire = on_timer;
	call->timer.context = call;
	if (w->statuses && *w->statuses)
		call->status = *w->statuses++;
	if (w->stuck_left && memmem(request->body.data, request->body.len, "stuck", 5)) {
		w->stuck_left--;
		call->status = 503;
	}
	if (call->status == 1) /* of the script: no reply */
		call->status = 0;
	add(call->lines, "%.*s", SLICE_ARGS(buf_slice(&request->body)));
	for (const char *c = call->lines; *c; c++)
		add(w->requests, "%c", *c == '\n' ? ' ' : *c);
	add(w->requests, "|");
	w->started++;
	if (++w->out > w->out_most)
		w->out_most = w->out;
	if (!w->keeps_replies)
		loop_timer_set(w->loop, &call->timer, 0);
	*ret_call = call;
	return 0;
}

static void
cancel(struct carrier *carrier, void *context)
{
	struct world *w = ((struct fake_carrier *)carrier)->world;
	struct fake_call *call = context;

	assert_true(call->is_out);
	loop_timer_clear(w->loop, &call->timer);
	call->is_out = false;
	w->cancelled++;
}

static const struct carrier_ops carrier_ops = { .start = start, .cancel = cancel };

/* ---- the world ---- */

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	static const struct pump_options usual = PUMP_OPTIONS_INIT;

	assert_non_null(w);
	w->root = scratch_new();
	w->letters_path = scratch_path(w->root, "letters");
	w->options = usual;
	w->options.connections = 4;
	w->options.batch_window_ms = 0;
	w->memory_bytes = 1 << 20;
	w->service = (struct service){ .ops = &service_ops, .count_max = 3, .bytes_max = 1000 };
	w->carrier = (struct fake_carrier){ .base.ops = &carrier_ops, .world = w };
	w->script.base.ops = &script_ops;
	w->script.world = w;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	scratch_remove(w->root);
	free(w->letters_path);
	free(w);
	return 0;
}

static void
on_progress(void *context, const struct pump_summary *summary)
{
	struct world *w = context;

	/* what was told before is never more */
	assert_true(summary->read >= w->told.read && summary->delivered >= w->told.delivered);
	w->told = *summary;
	w->told_count++;
}

static int
run_source(struct world *w, struct source *source)
{
	struct pump_parts parts = { .service = &w->service, .carrier = &w->carrier.base,
		.progress = { w, on_progress, w->tell_ms }, .is_counted = w->is_counted };
	struct client_options client = CLIENT_OPTIONS_INIT;
	struct deadletter *letters;
	struct sink_done done;
	struct pump *pump;
	int rc;

	parts.loop = w->loop = loop_new(&w->err);
	assert_non_null(parts.loop);
	pump = pump_new(&w->options, &parts, w->memory_bytes, &w->err);
	assert_non_null(pump);
	w->letter_done = pump_letter_done(pump);
	done = (struct sink_done){ w, on_letter_done };
	letters = deadletter_open(&w->letters_options, &client, "test", &done, &w->err);
	assert_non_null(letters);
	w->script.events = pump_events(pump);
	rc = pump_run(pump, source, letters, &w->input, &w->err);
	pump_summary(pump, &w->summary);
	deadletter_free(letters);
	pump_free(pump);
	loop_free(w->loop);
	return rc;
}

static int
run(struct world *w, const struct step *steps)
{
	w->script.steps = steps;
	return run_source(w, &w->script.base);
}

/* "read delivered filtered rejected lost open" */
static void
check_summary(const struct world *w, const char *expected)
{
	char text[TEXT_BYTES] = "";
	const struct pump_summary *s = &w->summary;

	add(text, "%d %d %d %d %d %d", (int)s->read, (int)s->delivered, (int)s->filtered,
	    (int)s->rejected, (int)s->lost, (int)s->open);
	assert_string_equal(text, expected);
	assert_int_equal(s->requests, w->started);
}

/* ---- cases ---- */

static void
to_the_end_of_the_input(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 3, NULL },
		{ RECORD, 0, 3, "a1" },
		{ RECORD, 0, 4, "filter" },
		{ RECORD, 0, 6, "a2" },
		{ RECORD, 0, 7, "a3" },
		{ RECORD, 0, 8, "a4" },
		{ AT_END, 0, 12, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	assert_int_equal(run(w, steps), 0);
	assert_int_equal(w->input, JOB_INPUT_ENDED);
	assert_string_equal(w->requests, "a1 a2 a3 |a4 |");
	assert_non_null(strstr(w->script.commits, "0:12;"));
	check_summary(w, "5 4 1 0 0 0");
}

/* While records wait for an answer too. */
static void
tells_how_it_goes(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a1" },
		{ RECORD, 0, 1, "b1" },
		{ SENT, 0, 2, NULL },
		{ TOLD, 0, 2, "2" },
		{ RELEASE, 0, 0, NULL },
		{ TOLD, 0, 2, "0" },
		{ RECORD, 0, 2, "a2" },
		{ TOLD, 0, 3, "0" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->keeps_replies = true;
	w->tell_ms = 10;
	assert_int_equal(run(w, steps), 0);
	assert_true(w->told_count >= 3);
	assert_int_equal(w->told.delivered, 3);
	assert_int_equal(w->told.in_flight, 0);
	assert_int_equal(w->told.in_flight_max, 4);
	assert_int_equal(w->told.lag, -1); /* this source knows none */
}

static void
what_fails_is_sent_again_in_order(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a1" },
		{ RECORD, 0, 1, "a2" },
		{ RECORD, 0, 2, "a3" },
		{ RECORD, 0, 3, "a4" },
		{ END, 0, 0, NULL },
	};
	static const int statuses[] = { 503, 1, 429, 200, 429, 0 };
	struct world *w = *state;

	w->statuses = statuses;
	assert_int_equal(run(w, steps), 0);
	assert_non_null(strstr(w->requests, "a1 a2 a3 |a1 a2 a3 |a1 a2 a3 |a1 "));
	assert_non_null(strstr(w->script.commits, "0:4;"));
	check_summary(w, "4 4 0 0 0 0");
	assert_true(w->summary.retried >= 9);
}

static void
too_large_goes_in_halves_and_alone_is_refused(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a1" },
		{ RECORD, 0, 1, "a2" },
		{ RECORD, 0, 2, "a3" },
		{ END, 0, 0, NULL },
	};
	static const int statuses[] = { 413, 413, 200, 200, 0 };
	struct world *w = *state;

	w->statuses = statuses;
	w->letters_options.target = w->letters_path;
	assert_int_equal(run(w, steps), 0);
	assert_string_equal(w->requests, "a1 a2 a3 |a1 |a2 |a3 |");
	check_summary(w, "3 2 0 1 0 0");
}

static void
letters_are_durable_before_the_commit(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "bad1" },
		{ RECORD, 0, 1, "a2" },
		{ RECORD, 0, 2, "reject" },
		{ REJECT, 0, 3, "broken" },
		{ COMMITTED, 0, 1, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;
	size_t len;
	char *letters;
	unsigned lines = 0;

	w->letters_options.target = w->letters_path;
	assert_int_equal(run(w, steps), 0);
	check_summary(w, "4 1 0 3 0 0");
	assert_non_null(strstr(w->script.commits, "0:4;"));
	letters = scratch_read(w->root, "letters", &len);
	for (const char *c = letters; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 3);
	assert_non_null(strstr(letters, "mapping"));
	assert_non_null(strstr(letters, "no good"));
	assert_non_null(strstr(letters, "too long"));
	free(letters);
}

/* With these, or those that are in flight, the letters' topic would be full. */
static void
too_many_open_letters_hold_up_all(void **state)
{
	enum { COUNT = 3 * PUMP_LETTERS_OPEN_MAX, IN_FLIGHT = 200 };
	static struct step steps[COUNT + 2] = { { ASSIGN, 0, 0, NULL } };
	struct world *w = *state;

	for (int i = 0; i < COUNT; i++)
		steps[i + 1] = (struct step){ i < COUNT / 2 ? REJECT : RECORD, 0, i, "bad" };
	steps[COUNT + 1].kind = END;
	w->service.count_max = IN_FLIGHT;
	w->options.connections = 1;
	w->letters_options.target = w->letters_path;
	assert_int_equal(run(w, steps), 0);
	check_summary(w, "12288 0 0 12288 0 0");
	assert_true(w->letters_open_most < PUMP_LETTERS_OPEN_MAX + IN_FLIGHT);
	assert_int_equal(w->letters_open, 0);
}

static void
large_open_letters_hold_up_all(void **state)
{
	enum { COUNT = 200, BYTES = 60000 };
	static struct step steps[COUNT + 2] = { { ASSIGN, 0, 0, NULL } };
	static char value[BYTES + 1];
	struct world *w = *state;

	memset(value, 'a', BYTES);
	for (int i = 0; i < COUNT; i++)
		steps[i + 1] = (struct step){ REJECT, 0, i, value };
	steps[COUNT + 1].kind = END;
	w->letters_options.target = w->letters_path;
	assert_int_equal(run(w, steps), 0);
	check_summary(w, "200 0 0 200 0 0");
	assert_true(w->letters_open_most <= PUMP_LETTERS_BYTES_MAX / BYTES + 1);
}

static void
a_refused_record_ends_behind_what_precedes(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a1" },
		{ RECORD, 0, 1, "reject" },
		{ RECORD, 0, 2, "a3" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_string_equal(w->err.text, "t[0]@1: byte 0: no good");
	assert_string_equal(w->script.commits, "0:1;");
	check_summary(w, "2 1 0 0 0 1");
}

static void
a_refusal_by_the_service_ends_behind_what_precedes(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a1" },
		{ RECORD, 0, 1, "bad" },
		{ RECORD, 0, 2, "c3" },
		{ SENT, 0, 3, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_string_equal(w->err.text, "t[0]@1: mapping");
	assert_string_equal(w->script.commits, "0:1;");
	check_summary(w, "3 2 0 0 0 1");
}

/* In the order of one lane, with most of it read ahead. */
static void
nothing_goes_behind_a_refused_record(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ RECORD, 0, 1, "a1" },
		{ RECORD, 0, 2, "abad" },
		{ RECORD, 0, 3, "a3" },
		{ RECORD, 0, 4, "b4" },
		{ RECORD, 0, 5, "a5" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.batch_count = 1;
	w->options.connections = 1;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_string_equal(w->requests, "a0 |a1 |abad |");
	assert_non_null(strstr(w->script.commits, "0:2;"));
	check_summary(w, "6 2 0 0 0 4");
}

static void
a_denial_ends_the_run(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a1" },
		{ COMMITTED, 0, 1, NULL },
		{ RECORD, 0, 1, "b2" },
		{ RECORD, 0, 2, "b3" },
		{ END, 0, 0, NULL },
	};
	static const int status_cases[][3] = { { 200, 403, 0 }, { 200, -1, 0 } };

	for (size_t i = 0; i < 2; i++) {
		struct world *w = *state;

		w->statuses = status_cases[i];
		assert_int_equal(run(w, steps), -1);
		assert_int_equal(w->err.class, ERR_DENIED);
		assert_string_equal(w->script.commits, "0:1;");
		check_summary(w, "3 1 0 0 0 2");
		(void)teardown(state);
		(void)setup(state);
	}
}

static void
patience_ends(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a1" },
		{ END, 0, 0, NULL },
	};
	static const int statuses[] = { 1, 503, 429, 1, 503, 429, 503, 1, 503, 503, 503, 503, 503,
		503, 503, 503, 503, 503, 0 };
	struct world *w = *state;

	w->statuses = statuses;
	w->options.patience_ms = 1;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	assert_non_null(strstr(w->err.text, " (nothing was taken for longer than --patience 1ms)"));
	check_summary(w, "1 0 0 0 0 1");
	assert_string_equal(w->script.commits, "");
}

/* Nor does one that takes requests and never answers count as taking something. */
static void
patience_with_silence_ends(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a1" },
		{ SENT, 0, 2, NULL }, /* never */
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->keeps_replies = true;
	w->options.patience_ms = 30;
	w->options.drain_ms = 0;
	(void)alarm(120);
	assert_int_equal(run(w, steps), -1);
	(void)alarm(0);
	assert_int_equal(w->err.class, ERR_UNAVAILABLE);
	assert_string_equal(
	    w->err.text, "no answer (nothing was taken for longer than --patience 30ms)");
	assert_int_equal(w->cancelled, 1);
	check_summary(w, "1 0 0 0 0 1");
	assert_string_equal(w->script.commits, "");
}

/* What is taken now and then is enough. */
static void
patience_begins_anew(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a1" },
		{ RECORD, 0, 1, "b1" },
		{ SENT, 0, 2, NULL },
		{ TOLD, 0, 2, "2" },
		{ RELEASE, 0, 0, NULL },
		{ TOLD, 0, 2, "0" },
		{ RECORD, 0, 2, "a2" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->keeps_replies = true;
	w->tell_ms = 1;
	w->options.patience_ms = 10 * 1000;
	assert_int_equal(run(w, steps), 0);
	check_summary(w, "3 3 0 0 0 0");
}

/* ---- what is said ---- */

/* Runs with standard error in a file, and counts lines with these words. */
static unsigned
count_said(struct world *w, const struct step *steps, const char *words)
{
	char *path = scratch_path(w->root, "said");
	int saved = dup(STDERR_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	unsigned count = 0;
	size_t len;
	char *said;

	assert_true(saved >= 0 && fd >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(run(w, steps), 0);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(saved);
	(void)close(fd);
	said = scratch_read(w->root, "said", &len);
	for (const char *at = said; (at = strstr(at, words)); at++)
		count++;
	free(said);
	free(path);
	return count;
}

/* While another lane goes on: when it is taken, a's pauses add up to more than trouble_ms. */
static void
a_record_that_is_stuck_is_named(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "astuck" },
		{ SENT, 0, 6, NULL },
		{ RECORD, 0, 1, "b1" },
		{ SENT, 0, 8, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->stuck_left = 7;
	w->options.trouble_ms = 50;
	assert_int_equal(count_said(w, steps, "t[0]@0: status 503; not taken for "), 1);
	check_summary(w, "2 2 0 0 0 0");
}

static void
trouble_is_said_again_after_partitions_went(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "astuck" },
		{ SENT, 0, 2, NULL },
		{ REVOKE, 0, 0, NULL },
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "astuck" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->stuck_left = 4;
	w->options.trouble_ms = 0;
	assert_int_equal(count_said(w, steps, "status 503; nothing was taken for 0 s, trying on"), 2);
	check_summary(w, "2 1 0 0 1 0");
}

static void
what_expires_is_not_sent_again(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "aold0" },
		{ RECORD, 0, 1, "aold1" },
		{ RECORD, 0, 2, "a2" },
		{ END, 0, 0, NULL },
	};
	static const int statuses[] = { 1, 503, 0 };
	struct world *w = *state;
	size_t len;
	char *letters;

	w->statuses = statuses;
	w->old_from = 2;
	w->letters_options.target = w->letters_path;
	assert_int_equal(run(w, steps), 0);
	assert_string_equal(w->requests, "aold0 aold1 a2 |aold0 aold1 a2 |a2 |");
	assert_non_null(strstr(w->script.commits, "0:3;"));
	check_summary(w, "3 1 0 2 0 0");
	letters = scratch_read(w->root, "letters", &len);
	assert_non_null(strstr(letters, "has expired"));
	free(letters);
	(void)teardown(state);
	(void)setup(state);
	/* without a place */
	w = *state;
	w->statuses = statuses;
	w->old_from = 2;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_string_equal(w->err.text, "t[0]@0: has expired");
	assert_string_equal(w->script.commits, "");
	check_summary(w, "3 0 0 0 0 3");
}

static void
faults_end_the_run(void **state)
{
	static const struct step by_stage[] = { { RECORD, 0, 0, "fail" }, { END, 0, 0, NULL } };
	static const struct step by_request[] = { { RECORD, 0, 0, "unmakeable" },
		{ END, 0, 0, NULL } };
	static const struct step by_source[] = { { RECORD, 0, 0, "a1" }, { FAIL, 0, 0, NULL },
		{ END, 0, 0, NULL } };
	struct world *w = *state;

	assert_int_equal(run(w, by_stage), -1);
	assert_int_equal(w->err.class, ERR_FAULT);
	assert_int_equal(run(w, by_request), -1);
	assert_int_equal(w->err.class, ERR_FAULT);
	assert_int_equal(run(w, by_source), -1);
	assert_int_equal(w->err.class, ERR_IO);
	assert_string_equal(w->script.commits, "");
}

static void
expired_offsets_end_behind_what_precedes(void **state)
{
	static const struct step steps[] = { { ASSIGN, 0, 5, NULL }, { RECORD, 0, 5, "a1" },
		{ FAIL, 0, 0, "data" }, { END, 0, 0, NULL } };
	struct world *w = *state;

	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_DATA);
	assert_string_equal(w->script.commits, "0:6;");
}

static void
what_is_in_flight_is_awaited_when_partitions_go(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ RECORD, 0, 1, "a1" },
		{ RECORD, 0, 2, "a2" },
		{ RECORD, 0, 3, "a3" }, /* waits behind them */
		{ SENT, 0, 1, NULL },
		{ REVOKE, 0, 0, NULL },
		{ ASSIGN, 0, 3, NULL },
		{ RECORD, 0, 3, "a3" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->keeps_replies = true;
	assert_int_equal(run(w, steps), 0);
	assert_string_equal(w->requests, "a0 a1 a2 |a3 |");
	assert_string_equal(w->script.commits, "0:3;0:4;");
	check_summary(w, "5 4 0 0 1 0");
}

static void
what_is_lost_is_dropped_at_once(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ SENT, 0, 1, NULL },
		{ LOSE, 0, 0, NULL },
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ RELEASE, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->keeps_replies = true;
	assert_int_equal(run(w, steps), 0);
	assert_string_equal(w->requests, "a0 |a0 |");
	assert_string_equal(w->script.commits, "0:1;");
	assert_int_equal(w->out_most, 1);
	check_summary(w, "2 1 0 0 1 0");
}

/* Who counts records does not read others in their place: it cannot say that all is well. */
static void
what_goes_after_the_end_is_not_delivered(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ ASSIGN, 1, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ RECORD, 0, 1, "a1" },
		{ RECORD, 0, 2, "a2" },
		{ RECORD, 0, 3, "a3" },
		{ RECORD, 1, 0, "b0" },
		{ END, 0, 0, NULL },
	};
	static const struct step lost[] = {
		{ SENT, 0, 2, NULL },
		{ LOSE, 0, 0, NULL },
		{ ASSIGN, 0, 0, NULL },
		{ RELEASE, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	static const struct step revoked[] = {
		{ SENT, 0, 2, NULL },
		{ REVOKE, 0, 0, NULL },
		{ ASSIGN, 0, 3, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->script.later = lost;
	w->is_counted = true;
	w->keeps_replies = true;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_STOPPED);
	assert_string_equal(w->err.text, "the group took away partitions with 4 records that were "
					 "read and not delivered");
	assert_string_equal(w->script.commits, "1:1;");
	check_summary(w, "5 1 0 0 4 0");
	(void)teardown(state);
	(void)setup(state);
	/* three of them were in flight, and were awaited */
	w = *state;
	w->script.later = revoked;
	w->is_counted = true;
	w->keeps_replies = true;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_STOPPED);
	assert_string_equal(w->script.commits, "0:3 1:1;");
	check_summary(w, "5 4 0 0 1 0");
}

/* A member that has them again, or learns that another is done with them, ends well. */
static void
what_goes_after_the_end_is_looked_after(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ RECORD, 0, 1, "b1" },
		{ END, 0, 0, NULL },
	};
	static const struct step lost[] = {
		{ SENT, 0, 2, NULL },
		{ LOSE, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	static const struct step back[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RELEASE, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ RECORD, 0, 1, "b1" },
		{ END, 0, 0, NULL },
	};
	static const struct step elsewhere[] = {
		{ RELEASE, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->script.later = lost;
	w->script.again = back;
	w->keeps_replies = true;
	assert_int_equal(run(w, steps), 0);
	assert_int_equal(w->input, JOB_INPUT_ENDED);
	assert_string_equal(w->script.commits, "0:2;");
	check_summary(w, "4 2 0 0 2 0");
	(void)teardown(state);
	(void)setup(state);
	w = *state;
	w->script.later = lost;
	w->script.again = elsewhere;
	w->keeps_replies = true;
	assert_int_equal(run(w, steps), 0);
	assert_int_equal(w->input, JOB_INPUT_ENDED);
	assert_string_equal(w->script.commits, "");
	check_summary(w, "2 0 0 0 2 0");
}

/* What was settled when it went is no loss. */
static void
what_goes_after_the_end_and_was_delivered(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ RECORD, 0, 1, "a1" },
		{ END, 0, 0, NULL },
	};
	static const struct step later[] = {
		{ SENT, 0, 1, NULL },
		{ REVOKE, 0, 0, NULL },
		{ ASSIGN, 0, 2, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->script.later = later;
	w->keeps_replies = true;
	assert_int_equal(run(w, steps), 0);
	assert_int_equal(w->input, JOB_INPUT_ENDED);
	assert_string_equal(w->script.commits, "0:2;");
	check_summary(w, "2 2 0 0 0 0");
}

static void
a_silent_service_does_not_keep_partitions(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ SENT, 0, 1, NULL },
		{ REVOKE, 0, 0, "silent" },
		{ FAIL, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->keeps_replies = true;
	w->options.drain_ms = 30;
	assert_int_equal(run(w, steps), -1);
	assert_int_equal(w->err.class, ERR_IO);
	assert_int_equal(w->cancelled, 1);
	assert_string_equal(w->script.commits, "");
	check_summary(w, "1 0 0 0 1 0");
}

/* Nor does one with a long --drain, where the group would not wait. */
static void
the_group_waits_less_than_a_drain(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ SENT, 0, 1, NULL },
		{ REVOKE, 0, 0, "silent" },
		{ FAIL, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->keeps_replies = true;
	w->options.drain_ms = INT64_MAX;
	w->options.poll_ms_max = 50;
	(void)alarm(120); /* it would wait for ever */
	assert_int_equal(run(w, steps), -1);
	(void)alarm(0);
	assert_string_equal(w->script.commits, "");
	check_summary(w, "1 0 0 0 1 0");
}

static void
a_partition_too_far_ahead_is_not_read(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ ASSIGN, 1, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ RECORD, 0, 1, "b1" },
		{ HELD, 0, 0, NULL },
		{ RECORD, 1, 0, "c0" }, /* another goes on */
		{ SENT, 0, 3, NULL },
		{ RELEASE, 0, 0, NULL },
		{ COMMITTED, 0, 1, NULL }, /* not held any more */
		{ RECORD, 0, 2, "a2" },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->options.ahead = 2;
	/* no batch gets fuller while it is held */
	w->options.batch_window_ms = 1000 * 1000;
	w->keeps_replies = true;
	assert_int_equal(run(w, steps), 0);
	check_summary(w, "4 4 0 0 0 0");
	assert_false(w->script.is_held[0]);
}

static void
little_memory_is_enough(void **state)
{
	static struct step steps[203] = { { ASSIGN, 0, 0, NULL } };
	static char value[600];
	struct world *w = *state;

	memset(value, 'a', sizeof(value) - 1);
	for (int i = 0; i < 200; i++)
		steps[i + 1] = (struct step){ RECORD, 0, i, i % 2 ? value : "b" };
	steps[201].kind = END;
	w->memory_bytes = 1;
	w->options.batch_window_ms = 1000 * 1000;
	assert_int_equal(run(w, steps), 0);
	check_summary(w, "200 200 0 0 0 0");
	assert_non_null(strstr(w->script.commits, "0:200;"));
}

/* ---- stops: the flag stays, so in a child ---- */

static int
in_child(struct world *w, const struct step *steps, void (*check)(struct world *, int rc))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		check(w, run(w, steps));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
check_drained(struct world *w, int rc)
{
	assert_int_equal(rc, 0);
	assert_int_equal(w->input, w->script.is_endless ? JOB_INPUT_ENDLESS : JOB_INPUT_BOUNDED);
	assert_string_equal(w->script.commits, "0:3;");
	check_summary(w, "3 3 0 0 0 0");
}

static const struct step stopped_steps[] = {
	{ ASSIGN, 0, 0, NULL },
	{ RECORD, 0, 0, "a0" },
	{ RECORD, 0, 1, "a1" },
	{ RECORD, 0, 2, "b2" },
	{ STOP, 0, 0, NULL },
	{ RECORD, 0, 3, "a3" },
	{ END, 0, 0, NULL },
};

static void
a_stop_drains(void **state)
{
	struct world *w = *state;

	w->options.batch_window_ms = 1000 * 1000;
	assert_int_equal(in_child(w, stopped_steps, check_drained), 0);
	w->script.is_endless = true;
	assert_int_equal(in_child(w, stopped_steps, check_drained), 0);
}

static void
check_not_at_the_end(struct world *w, int rc)
{
	assert_int_equal(rc, 0);
	assert_int_equal(w->input, JOB_INPUT_BOUNDED);
	check_summary(w, "1 0 0 0 1 0");
}

/* Stopped while it looks whether another is done with what it had read. */
static void
a_stop_behind_the_end(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ END, 0, 0, NULL },
	};
	static const struct step lost[] = {
		{ SENT, 0, 1, NULL },
		{ LOSE, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	static const struct step stopped[] = {
		{ RELEASE, 0, 0, NULL },
		{ STOP, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	struct world *w = *state;

	w->script.later = lost;
	w->script.again = stopped;
	w->keeps_replies = true;
	assert_int_equal(in_child(w, steps, check_not_at_the_end), 0);
}

static void
check_given_up(struct world *w, int rc)
{
	assert_int_equal(rc, -1);
	assert_int_equal(w->err.class, ERR_STOPPED);
	assert_string_equal(w->err.text, "stopped with 3 records not delivered within --drain");
	assert_int_equal(w->cancelled, 2);
	assert_string_equal(w->script.commits, "");
	check_summary(w, "3 0 0 0 0 3");
}

static void
a_drain_ends(void **state)
{
	struct world *w = *state;

	w->keeps_replies = true;
	w->options.drain_ms = 30;
	assert_int_equal(in_child(w, stopped_steps, check_given_up), 0);
}

static void
check_patient(struct world *w, int rc)
{
	assert_int_equal(rc, -1);
	assert_int_equal(w->err.class, ERR_STOPPED);
	assert_int_equal(w->started, 1);
}

/* Without being told to wait it would be sent again within 50 ms. */
static void
a_service_says_when_to_come_again(void **state)
{
	static const struct step steps[] = {
		{ ASSIGN, 0, 0, NULL },
		{ RECORD, 0, 0, "a0" },
		{ SENT, 0, 1, NULL },
		{ STOP, 0, 0, NULL },
		{ END, 0, 0, NULL },
	};
	static const int statuses[] = { 503, 0 };
	struct world *w = *state;

	w->statuses = statuses;
	w->retry_after = "200";
	w->options.drain_ms = 300;
	assert_int_equal(in_child(w, steps, check_patient), 0);
}

/* ---- a true pipe ---- */

/* It cannot leave a stream alone: it is not read at all while it is too far ahead. */
static void
a_pipe_is_held(void **state)
{
	struct world *w = *state;
	struct source_pipe_options options = { .name = "stdin", .line_bytes_max = 8 };
	struct source *source;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "a1\na2\na3\n", 9), 9);
	assert_int_equal(close(ends[1]), 0);
	options.fd = ends[0];
	source = source_pipe_open(&options, &w->err);
	assert_non_null(source);
	w->options.ahead = 1;
	w->options.batch_window_ms = 1000 * 1000;
	assert_int_equal(run_source(w, source), 0);
	assert_string_equal(w->requests, "a1 |a2 |a3 |");
	check_summary(w, "3 3 0 0 0 0");
	source_free(source);
	assert_int_equal(close(ends[0]), 0);
}

static void
lines_of_a_pipe(void **state)
{
	struct world *w = *state;
	struct source_pipe_options options = { .name = "stdin", .line_bytes_max = 8 };
	struct source *source;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "a1\n\nb2\na123456789\nc4\n", 21), 21);
	assert_int_equal(close(ends[1]), 0);
	options.fd = ends[0];
	source = source_pipe_open(&options, &w->err);
	assert_non_null(source);
	w->letters_options.target = w->letters_path;
	assert_int_equal(run_source(w, source), 0);
	assert_int_equal(w->input, JOB_INPUT_ENDED);
	check_summary(w, "4 3 0 1 0 0");
	source_free(source);
	assert_int_equal(close(ends[0]), 0);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(to_the_end_of_the_input),
		CASE(tells_how_it_goes),
		CASE(what_fails_is_sent_again_in_order),
		CASE(too_large_goes_in_halves_and_alone_is_refused),
		CASE(letters_are_durable_before_the_commit),
		CASE(too_many_open_letters_hold_up_all),
		CASE(large_open_letters_hold_up_all),
		CASE(a_refused_record_ends_behind_what_precedes),
		CASE(a_refusal_by_the_service_ends_behind_what_precedes),
		CASE(nothing_goes_behind_a_refused_record),
		CASE(a_denial_ends_the_run),
		CASE(patience_ends),
		CASE(patience_with_silence_ends),
		CASE(patience_begins_anew),
		CASE(a_record_that_is_stuck_is_named),
		CASE(trouble_is_said_again_after_partitions_went),
		CASE(what_expires_is_not_sent_again),
		CASE(faults_end_the_run),
		CASE(expired_offsets_end_behind_what_precedes),
		CASE(what_is_in_flight_is_awaited_when_partitions_go),
		CASE(what_is_lost_is_dropped_at_once),
		CASE(what_goes_after_the_end_is_not_delivered),
		CASE(what_goes_after_the_end_is_looked_after),
		CASE(what_goes_after_the_end_and_was_delivered),
		CASE(a_silent_service_does_not_keep_partitions),
		CASE(the_group_waits_less_than_a_drain),
		CASE(a_partition_too_far_ahead_is_not_read),
		CASE(little_memory_is_enough),
		CASE(a_stop_drains),
		CASE(a_stop_behind_the_end),
		CASE(a_drain_ends),
		CASE(a_service_says_when_to_come_again),
		CASE(a_pipe_is_held),
		CASE(lines_of_a_pipe),
	};

	return cmocka_run_group_tests_name("pump", tests, NULL, NULL);
}
