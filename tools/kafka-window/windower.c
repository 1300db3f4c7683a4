/* SPDX-License-Identifier: MIT */
#include "kafka-window/windower.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "flow/field.h"
#include "flow/template.h"
#include "kafka-window/groupkey.h"
#include "kafka-window/inputs.h"
#include "kafka-window/row.h"
#include "kafka-window/windower_state.h"

enum {
	CLOCK_EVERY = 256, /* records between two looks at the clock */
	KEY_BYTES_MAX = 1024 * 1024,
	ROW_BYTES_MAX = 16 * 1024 * 1024,
};

/* ---- rows out ---- */

static int
render_key(struct windower *w, const struct engine_row *row, bool *ret_has_key, struct err *err)
{
	struct record record = { .origin = slice_of("window"),
		.value = buf_slice(&w->row),
		.has_value = true,
		.is_padded = true };

	buf_clear(&w->row_key);
	if (!w->key_template)
		return row_append_key(&w->row_key, w->layout, row->key, ret_has_key, err);
	*ret_has_key = true;
	if (buf_pad(&w->row, err))
		return -1;
	record.value = buf_slice(&w->row);
	if (field_scan(w->row_fields, &record, err))
		return -1;
	return template_render(w->key_template, w->row_fields, &record, row->span.end_ms - 1,
	    &w->row_key, err);
}

static int
write_row(void *context, const struct engine_row *row, struct err *err)
{
	struct windower *w = context;
	struct outgoing out = { .has_value = true, .time_ms = RECORD_NO_TIME, .partition = -1 };

	buf_clear(&w->row);
	if (row_append(&w->row, w->layout, &w->plan, row, err))
		return err_wrap(err, "a window's row");
	if (render_key(w, row, &out.has_key, err))
		return err_wrap(err, "--key");
	out.key = buf_slice(&w->row_key);
	out.value = buf_slice(&w->row);
	return sink_write(w->output, &out, err);
}

/* ---- one record in ---- */

static int
fill_key(struct windower *w, const struct record *record, struct err *err)
{
	buf_clear(&w->group);
	for (size_t i = 0; i < w->options.by_count; i++) {
		const char *reason = NULL;

		if (!groupkey_append(&w->group, &field_values(w->fields)[w->by_indices[i]], &reason, err))
			continue;
		if (!reason)
			return -1;
		return field_reject(w->fields, record, w->by_indices[i], reason, err);
	}
	return 0;
}

static int
fill_time(struct windower *w, const struct record *record, int64_t *ret_ms, struct err *err)
{
	if (w->options.engine.is_processing_time) {
		*ret_ms = engine_set_clock(w->engine, clock_wall_ms());
		return 0;
	}
	if (w->options.time_field)
		return field_time(w->fields, record, w->time_index, &w->options.time_format, ret_ms,
		    err);
	if (record->time_ms == RECORD_NO_TIME)
		return record_reject(record, -1, "the record has no timestamp (--time FIELD)", err);
	/* rows could not tell the bounds of its window, and the watermark would leave all others behind */
	if (record->time_ms < TIME_MS_LEAST || record->time_ms > TIME_MS_MOST)
		return record_reject(
		    record, -1, "the timestamp is outside the years 1 to 9999", err);
	*ret_ms = record->time_ms;
	return 0;
}

static int
put_late(struct windower *w, const struct record *record, struct err *err)
{
	struct outgoing out = {
		.key = record->key,
		.value = record->value,
		.has_key = record->has_key,
		.has_value = record->has_value,
		.headers = record->headers,
		.header_count = record->header_count,
		.time_ms = record->time_ms,
		.partition = -1,
		.position = record->position,
	};

	char place[RECORD_PLACE_BYTES];

	/* a file of lines has none for a tombstone: it is counted only */
	if (!w->late || (w->options.is_late_file && !record->has_value))
		return 0;
	if (!sink_write(w->late, &out, err))
		return 0;
	record_place(record, place);
	return err_wrap(err, "%s: --late", place);
}

/* ERR_DATA rejects the record, all else is final. */
static int
aggregate_record(struct windower *w, const struct record *record, bool *ret_is_late,
    struct err *err)
{
	struct engine_input input = { .position = record->position,
		.inputs = inputs_values(w->inputs) };
	char reason[ERR_TEXT_BYTES];

	if (field_scan(w->fields, record, err))
		return -1;
	if (fill_time(w, record, &input.time_ms, err) || fill_key(w, record, err) ||
	    (w->has_inputs && inputs_read(w->inputs, record, err)))
		return -1;
	input.skips = inputs_skips(w->inputs);
	input.key = buf_slice(&w->group);
	switch (engine_take(w->engine, &input, err)) {
	case ENGINE_TAKEN:
	case ENGINE_REPLAYED:
	case ENGINE_OUTSIDE:
		return 0;
	case ENGINE_LATE:
		*ret_is_late = true;
		return 0;
	case ENGINE_FAILED:
		break;
	}
	if (err->class != ERR_DATA)
		return -1;
	memcpy(reason, err->text, sizeof(reason));
	return record_reject(record, -1, reason, err);
}

/* What was rejected in an earlier life is in the dead letter target already. */
static int
reject(struct windower *w, const struct record *record, struct err *err)
{
	if (err->class == ERR_DATA && engine_was_read(w->engine, record->position)) {
		err_clear(err);
		w->rejected_before++;
		return 0;
	}
	return deadletter_put(w->letters, record, err, err);
}

static int
take_record(struct windower *w, const struct record *record, bool is_rejected, struct err *err)
{
	bool is_late = false;
	struct owned_stream *s = w->options.is_pipe
	                             ? w->streams
	                             : windower_find_stream(w, record->position.stream);

	if (!s)
		return err_set(err, ERR_FAULT, "a record of a partition that is not ours");
	w->read++;
	w->bytes += (int64_t)record->value.len;
	w->is_dirty = true;
	if ((is_rejected || aggregate_record(w, record, &is_late, err)) && reject(w, record, err))
		return -1;
	if (is_late && put_late(w, record, err))
		return -1;
	s->next = record->position.sequence + 1;
	if (engine_has_closed(w->engine))
		return engine_close(w->engine, write_row, w, err);
	return 0;
}

/* ---- the loop ---- */

static void
tell(struct windower *w, int64_t now_ms)
{
	struct windower_counts counts;

	w->tell_ms = now_ms + w->watch.every_ms;
	windower_get_counts(w, &counts);
	w->watch.tell(w->watch.context, &counts);
}

int
windower_close_windows(struct windower *w, struct err *err)
{
	w->has_news = false;
	if (!engine_has_closed(w->engine))
		return 0;
	w->is_dirty = true;
	return engine_close(w->engine, write_row, w, err);
}

/* A sink waits: for a broker. */
static void
on_wait(void *context)
{
	struct windower *w = context;
	int64_t now_ms = clock_mono_ms();

	if (now_ms >= w->tell_ms)
		tell(w, now_ms);
}

/* What the clock moves: idleness, commits. */
static int
tick(struct windower *w, struct err *err)
{
	int64_t now_ms = clock_mono_ms();

	w->until_clock = CLOCK_EVERY;
	if (now_ms >= w->tell_ms)
		tell(w, now_ms);
	engine_tick(w->engine, now_ms);
	if (w->options.engine.is_processing_time)
		(void)engine_set_clock(w->engine, clock_wall_ms());
	if (windower_close_windows(w, err))
		return -1;
	if (w->is_dirty && now_ms >= w->commit_from_ms)
		return windower_commit(w, clock_deadline(DURABLE_MS_MAX), err);
	return 0;
}

/* How long the engine may be left alone; -1: for ever. */
static int64_t
patience_ms(const struct windower *w)
{
	int64_t patience_ms = engine_patience_ms(w->engine), end_ms, left_ms;

	if (!w->options.engine.is_processing_time)
		return patience_ms;
	end_ms = engine_next_end(w->engine);
	if (end_ms == INT64_MAX)
		return patience_ms;
	left_ms = end_ms - clock_wall_ms();
	if (left_ms < 0)
		left_ms = 0;
	return patience_ms < 0 || left_ms < patience_ms ? left_ms : patience_ms;
}

/* Nothing is at hand: what there is goes out before sleeping. */
static enum source_status
wait_for_record(struct windower *w, struct record *record, struct err *err)
{
	int64_t wait_ms, deadline_ms;

	if (w->options.is_pipe)
		engine_at_end(w->engine, 0);
	if (tick(w, err) || sink_push(w->output, err) || (w->late && sink_push(w->late, err)))
		return SOURCE_FAILED;
	wait_ms = patience_ms(w);
	deadline_ms = wait_ms < 0 ? CLOCK_NEVER : clock_deadline(wait_ms);
	if (w->is_dirty && w->commit_from_ms < deadline_ms)
		deadline_ms = w->commit_from_ms;
	if (w->tell_ms < deadline_ms)
		deadline_ms = w->tell_ms;
	return source_next(w->source, deadline_ms, record, err);
}

static int
run_input(struct windower *w, enum job_input *ret_input, struct err *err)
{
	struct record record;

	for (;;) {
		enum source_status status = source_next(w->source, 0, &record, err);

		if (status == SOURCE_WAIT && !stop_requested())
			status = wait_for_record(w, &record, err);
		switch (status) {
		case SOURCE_RECORD:
		case SOURCE_REJECT:
			if ((w->has_news && windower_close_windows(w, err)) ||
			    take_record(w, &record, status == SOURCE_REJECT, err))
				return -1;
			break;
		case SOURCE_WAIT:
			if (stop_requested())
				return w->has_news ? windower_close_windows(w, err) : 0;
			break;
		case SOURCE_END:
			*ret_input = JOB_INPUT_ENDED;
			engine_finish(w->engine);
			return engine_close(w->engine, write_row, w, err);
		case SOURCE_FAILED:
			return -1;
		}
		if (--w->until_clock == 0 && tick(w, err))
			return -1;
	}
}

int
windower_run(struct windower *w, struct source *source, enum job_input *ret_input,
    struct err *err)
{
	static const struct engine_mark fresh = ENGINE_MARK_FRESH(0);
	struct err later = ERR_INIT;
	int rc;

	*ret_input = w->options.is_bounded ? JOB_INPUT_BOUNDED : JOB_INPUT_ENDLESS;
	w->source = source;
	w->until_clock = CLOCK_EVERY;
	w->commit_from_ms = clock_deadline(COMMIT_MS);
	if (w->options.is_pipe && windower_add_stream(w, 0, 0, &fresh, err))
		return -1;
	rc = run_input(w, ret_input, err);
	if (!rc)
		return windower_commit(w,
		    stop_requested() ? clock_deadline(w->options.drain_ms) : CLOCK_NEVER, err);
	/* what precedes a refused record, or a bound of the state, is settled */
	if ((err->class == ERR_DATA || err->class == ERR_DENIED || err->class == ERR_STOPPED) &&
	    windower_commit(w, clock_deadline(w->options.drain_ms), &later))
		diag_warn("what precedes is not all durable and committed: %s", later.text);
	return rc;
}

static int
make_engine(struct windower *w, struct err *err)
{
	struct engine_options options = w->options.engine;

	options.plan = &w->plan;
	options.key_values = (unsigned)w->options.by_count;
	options.has_positions = w->options.is_group;
	options.hash_seed = w->hash_seed;
	w->engine = engine_new(&options, err);
	return w->engine ? 0 : -1;
}

struct windower *
windower_new(const struct windower_options *options, struct err *err)
{
	struct windower *w = calloc(1, sizeof(*w));

	if (!w) {
		err_no_memory(err);
		return NULL;
	}
	w->options = *options;
	w->tell_ms = CLOCK_NEVER;
	buf_init(&w->group, KEY_BYTES_MAX);
	buf_init(&w->row, ROW_BYTES_MAX);
	buf_init(&w->row_key, ROW_BYTES_MAX);
	/* keys come from strangers: they must not choose where they collide */
	if (getrandom(&w->hash_seed, sizeof(w->hash_seed), GRND_NONBLOCK) < 0)
		w->hash_seed = (uint64_t)clock_mono_us();
	if (windower_compile(w, err) || make_engine(w, err)) {
		windower_free(w);
		return NULL;
	}
	return w;
}

void
windower_free(struct windower *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->stream_count; i++)
		buf_release(&w->streams[i].metadata);
	free(w->streams);
	free(w->points);
	engine_free(w->engine);
	row_layout_free(w->layout);
	template_free(w->key_template);
	field_set_free(w->row_fields);
	field_set_free(w->fields);
	buf_release(&w->group);
	inputs_free(w->inputs);
	buf_release(&w->row);
	buf_release(&w->row_key);
	free(w);
}

void
windower_set_outputs(struct windower *w, struct sink *output, struct sink *late,
    struct deadletter *letters)
{
	w->output = output;
	w->late = late;
	w->letters = letters;
}

void
windower_set_watch(struct windower *w, const struct windower_watch *watch)
{
	const struct sink_waiting waiting = { w, on_wait };

	w->watch = *watch;
	w->tell_ms = 0;
	sink_set_waiting(w->output, &waiting);
	if (w->late)
		sink_set_waiting(w->late, &waiting);
}

void
windower_get_counts(struct windower *w, struct windower_counts *ret)
{
	struct sink_counts sink;

	sink_counts(w->output, &sink);
	*ret = (struct windower_counts){ .read = w->read,
		.bytes = w->bytes,
		.windows_open = engine_open_windows(w->engine),
		.state_bytes = (int64_t)engine_state_bytes(w->engine),
		.watermark_ms = engine_watermark(w->engine),
		.unread = source_lag(w->source),
		.passed = source_passed(w->source),
		.rejected = deadletter_count(w->letters),
		.delivered = sink.acknowledged };
	engine_get_counts(w->engine, &ret->engine);
	ret->engine.replayed += w->rejected_before;
}

int32_t
windower_silent_stream(const struct windower *w)
{
	return engine_silent_stream(w->engine);
}
