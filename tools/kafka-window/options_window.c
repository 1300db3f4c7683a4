/* SPDX-License-Identifier: MIT */
#include "kafka-window/options_window.h"

#include <string.h>

#define SIZE_MS_MOST ((int64_t)100 * 365 * 24 * 60 * 60 * 1000)

/* ---- which windows ---- */

/* One assigner of one origin; that of a stronger origin counts. */
static int
set_assigner(struct window_options *o, const char *name, struct assigner assigner,
    enum opt_origin origin, struct err *err)
{
	if (o->assigner_name && origin == o->assigner_origin && strcmp(name, o->assigner_name) != 0)
		return err_set(err, ERR_USAGE, "--%s is given too: windows are of one kind",
		    o->assigner_name);
	if (o->assigner_name && origin < o->assigner_origin)
		return 0;
	o->assigner = assigner;
	o->assigner_name = name;
	o->assigner_origin = origin;
	return 0;
}

static int
parse_duration(struct slice text, int64_t *ret_ms, struct err *err)
{
	if (opt_parse_duration(text, ret_ms, err))
		return -1;
	if (*ret_ms < 1 || *ret_ms > SIZE_MS_MOST)
		return err_set(err, ERR_USAGE, "%.*s is not between 1ms and 36500d", SLICE_ARGS(text));
	return 0;
}

/* SIZE,STEP */
static int
set_stepped(struct window_options *o, const char *name, enum assign_kind kind, const char *value,
    enum opt_origin origin, struct err *err)
{
	struct assigner assigner = { .kind = kind };
	struct slice size, step;

	if (!slice_cut(slice_of(value), ',', &size, &step))
		return err_set(err, ERR_USAGE, "\"%s\" is not DURATION,STEP", value);
	if (parse_duration(size, &assigner.size_ms, err) ||
	    parse_duration(step, &assigner.step_ms, err))
		return -1;
	return set_assigner(o, name, assigner, origin, err);
}

static int
set_tumble(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct assigner assigner = { .kind = ASSIGN_TUMBLE };

	if (parse_duration(slice_of(value), &assigner.size_ms, err))
		return -1;
	return set_assigner(target, "tumble", assigner, origin, err);
}

static int
set_hop(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	return set_stepped(target, "hop", ASSIGN_HOP, value, origin, err);
}

static int
set_cumulate(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	return set_stepped(target, "cumulate", ASSIGN_CUMULATE, value, origin, err);
}

static int
set_session(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct assigner assigner = { .kind = ASSIGN_SESSION };

	if (parse_duration(slice_of(value), &assigner.size_ms, err))
		return -1;
	return set_assigner(target, "session", assigner, origin, err);
}

/* ---- when they are complete ---- */

static int
set_emit(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct window_options *o = target;

	(void)origin;
	o->emits_updates = strcmp(value, "updates") == 0;
	if (!o->emits_updates && strcmp(value, "final") != 0)
		return err_set(err, ERR_USAGE, "\"%s\" is neither final nor updates", value);
	return 0;
}

/* ---- the table ---- */

const struct opt window_rows[] = {
	{ 0, "tumble", "DURATION", "windows of this length, one after another, aligned to the epoch",
	    OPT_CALL, 0, 0, 0, set_tumble },
	{ 0, "hop", "DURATION,STEP", "windows of this length, one beginning at each step", OPT_CALL,
	    0, 0, 0, set_hop },
	{ 0, "cumulate", "DURATION,STEP",
	    "periods of this length, with a window from the start of each to each of its steps",
	    OPT_CALL, 0, 0, 0, set_cumulate },
	{ 0, "session", "GAP", "windows of a key that end where it is silent for longer than this",
	    OPT_CALL, 0, 0, 0, set_session },
	{ 0, "align", "DURATION", "begin all windows so much later [0]", OPT_DURATION,
	    offsetof(struct window_options, align_ms), 0, SIZE_MS_MOST, NULL },
	{ 0, "tz", "ZONE", "align windows to local time, such as Europe/Zurich [UTC]", OPT_TEXT,
	    offsetof(struct window_options, zone_name), 0, 0, NULL },
	{ 0, "lateness", "DURATION", "hold windows so long behind their end for late records [0]",
	    OPT_DURATION, offsetof(struct window_options, lateness_ms), 0, SIZE_MS_MOST, NULL },
	{ 0, "emit", "final|updates",
	    "one row when that is over, or one at the end and one at each change of it, with a "
	    "revision [final]",
	    OPT_CALL, 0, 0, 0, set_emit },
	{ 0, "processing-time", NULL,
	    "the time of a record is when it is read, and windows end by the clock", OPT_FLAG,
	    offsetof(struct window_options, is_processing_time), 0, 0, NULL },
};
const size_t window_row_count = sizeof(window_rows) / sizeof(*window_rows);

/* ---- checks between options ---- */

static int
check_times(const struct window_options *o, const struct engine_options *engine, struct err *err)
{
	if (o->is_processing_time && (o->lateness_ms || engine->out_of_order_ms))
		return err_set(err, ERR_USAGE,
		    "--%s: nothing is late with --processing-time",
		    o->lateness_ms ? "lateness" : "out-of-order");
	if (o->emits_updates && !o->lateness_ms)
		return err_set(err, ERR_USAGE,
		    "--emit updates: for how long are windows held for them? give --lateness");
	if (o->emits_updates && o->assigner.kind == ASSIGN_SESSION)
		return err_set(err, ERR_USAGE,
		    "--emit updates: a session that grows is another window: they are given out "
		    "once");
	return 0;
}

int
window_options_check(struct window_options *o, struct engine_options *engine, struct err *err)
{
	struct assigner assigner = o->assigner;

	if (!o->assigner_name)
		return err_set(err, ERR_USAGE,
		    "which windows? give one of --tumble, --hop, --cumulate and --session");
	if (o->assigner.kind == ASSIGN_SESSION && (o->align_ms || o->zone_name))
		return err_set(err, ERR_USAGE,
		    "--%s: sessions begin with their first record, nowhere else",
		    o->zone_name ? "tz" : "align");
	if (o->zone_name && !(o->zone = zone_open(o->zone_name, err)))
		return err_wrap(err, "--tz");
	assigner.align_ms = o->align_ms;
	assigner.zone = o->zone;
	if (assigner_prepare(&assigner, err))
		return err_wrap(err, "--%s", o->assigner_name);
	if (check_times(o, engine, err))
		return -1;
	engine->assigner = assigner;
	engine->lateness_ms = o->lateness_ms;
	engine->emits_updates = o->emits_updates;
	engine->is_processing_time = o->is_processing_time;
	return 0;
}

void
window_options_release(struct window_options *o)
{
	zone_free(o->zone);
	o->zone = NULL;
}
