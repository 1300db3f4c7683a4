/* SPDX-License-Identifier: MIT */
/* Making records: a walk over the steps. Room for the longest record is made before, once. */
#include <assert.h>
#include <stdlib.h>

#include "codec/time.h"
#include "gen-to-kafka/clicks.h"
#include "gen-to-kafka/digits.h"
#include "gen-to-kafka/places.h"
#include "gen-to-kafka/step.h"

/* A value with a name: where it stands in the record, and what it is as a number. */
struct noted {
	const char *data;
	size_t len;
	int64_t mantissa;
};

struct shape_state {
	struct random random;
	uint64_t number, count; /* the target's */
	uint64_t id_base;
	uint64_t made; /* records */
	struct noted *noted;
	size_t *places;
	int64_t *walks;
	struct digits_day *days;
	struct click_session *sessions;
	struct clicks clicks;
	struct click click;
	struct buf pattern; /* what strftime(3) made */
};

/* ---- one generator each; they return where their text ends ---- */

static char *
put_bytes(char *at, struct slice bytes)
{
	memcpy(at, bytes.data, bytes.len);
	return at + bytes.len;
}

static inline char *
put_number(const struct step *step, char *at, int64_t mantissa)
{
	return step->scale ? digits_put_decimal(at, mantissa, step->scale)
	                   : digits_put_signed(at, mantissa);
}

static const struct step_alternative *
choose(const struct step *step, struct random *random)
{
	uint64_t draw = random_below(random, step->span);
	size_t i = (size_t)draw;

	/* without weights the draw is the index */
	if (step->span != step->alternative_count) {
		for (i = 0; draw >= step->alternatives[i].below;)
			i++;
	}
	return &step->alternatives[i];
}

/* The largest and the smallest that have four digits of a year. */
#define TIME_MS_MAX INT64_C(253402300799999)
#define TIME_MS_MIN INT64_C(-62135596800000)

static int64_t
hold_time(int64_t ms)
{
	return ms > TIME_MS_MAX ? TIME_MS_MAX : ms < TIME_MS_MIN ? TIME_MS_MIN : ms;
}

static int
put_pattern(
    const struct step *step, struct shape_state *state, int64_t ms, char **at, struct err *err)
{
	buf_clear(&state->pattern);
	if (time_append_strftime(&state->pattern, step->pattern, ms, err))
		return -1;
	assert(state->pattern.len <= step->bytes_max);
	*at = put_bytes(*at, buf_slice(&state->pattern));
	return 0;
}

static int
put_time(const struct step *step, struct shape_state *state, int64_t ms, char **at, struct err *err)
{
	ms += step->min;
	if (step->span != 1)
		ms += step->by * (int64_t)random_below(&state->random, step->span);
	ms = hold_time(ms);
	switch (step->time) {
	case STEP_TIME_ISO:
		*at = digits_put_time(*at, &state->days[step->index], ms);
		*(*at)++ = 'Z';
		return 0;
	case STEP_TIME_NAIVE:
		*at = digits_put_time(*at, &state->days[step->index], ms);
		return 0;
	case STEP_TIME_S:
		*at = digits_put_decimal(*at, ms, 3);
		return 0;
	case STEP_TIME_MS:
		*at = digits_put_signed(*at, ms);
		return 0;
	case STEP_TIME_US:
		*at = digits_put_signed(*at, ms * 1000);
		return 0;
	case STEP_TIME_PATTERN:
		return put_pattern(step, state, ms, at, err);
	}
	abort();
}

static int64_t
next_in_sequence(const struct shape_state *state)
{
	return (int64_t)(state->made * state->count + state->number);
}

/*
 * A permutation of 63-bit numbers: SplitMix64's of 64 bits, again until the result fits ("cycle
 * walking": J. Black, P. Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). So ids
 * look random and none comes twice.
 */
static uint64_t
next_unique(const struct shape_state *state)
{
	uint64_t id = (state->id_base + (uint64_t)next_in_sequence(state)) & INT64_MAX;

	do
		id = random_scatter(id);
	while (id > INT64_MAX);
	return id;
}

static int64_t
next_of_walk(const struct step *step, struct shape_state *state)
{
	int64_t *value = &state->walks[step->index];

	*value += (int64_t)random_below(&state->random, step->span) - step->by;
	if (*value < step->min)
		*value = step->min;
	if (*value > step->max)
		*value = step->max;
	return *value;
}

static char *
put_click(const struct step *step, struct shape_state *state, char *at)
{
	struct click *c = &state->click;

	if (step->is_first)
		clicks_next(&state->clicks, &state->random, next_in_sequence(state) + 1, c);
	switch (step->click) {
	case STEP_CLICK_IP:
		return digits_put_unsigned(put_bytes(at, slice_of("66.249.1.")), c->address);
	case STEP_CLICK_DEVICE:
		return put_bytes(at, c->device);
	case STEP_CLICK_EVENT:
		return put_bytes(at, c->page);
	case STEP_CLICK_PRODUCT:
		return put_bytes(at, c->product);
	case STEP_CLICK_USER:
		return digits_put_signed(at, c->user);
	case STEP_CLICK_NUMBER:
		return digits_put_signed(at, c->number);
	case STEP_CLICK_PREVIOUS:
		return digits_put_signed(at, c->previous);
	}
	abort();
}

static const struct place *
place_of(const struct step *step, struct shape_state *state)
{
	if (step->is_first)
		state->places[step->index] = (size_t)random_below(&state->random, PLACE_COUNT);
	return &places[state->places[step->index]];
}

/* What the terms can be at most was added up when the step was read. */
static int64_t
add_up(const struct step *step, const struct shape_state *state)
{
	int64_t sum = 0;

	for (size_t i = 0; i < step->term_count; i++) {
		const struct step_term *term = &step->terms[i];

		sum += (term->slot < 0 ? term->constant : state->noted[term->slot].mantissa) *
		       term->factor;
	}
	return sum;
}

/* ---- a record ---- */

static int
run_step(
    const struct step *step, struct shape_state *state, int64_t time_ms, char **at, struct err *err)
{
	char *begin = *at;
	int64_t mantissa = 0;
	const struct step_alternative *chosen;
	uint64_t bits;

	switch (step->kind) {
	case STEP_TEXT:
		return 0;
	case STEP_NUMBER:
		mantissa =
		    (int64_t)((uint64_t)step->min + random_below(&state->random, step->span));
		*at = put_number(step, begin, mantissa);
		break;
	case STEP_CHOICE:
		chosen = choose(step, &state->random);
		mantissa = chosen->mantissa;
		*at = put_bytes(begin, chosen->text);
		break;
	case STEP_TIME:
		if (put_time(step, state, time_ms, at, err))
			return -1;
		break;
	case STEP_UUID:
		bits = random_next(&state->random);
		*at = digits_put_uuid(begin, bits, random_next(&state->random));
		break;
	case STEP_SEQUENCE:
		mantissa = (int64_t)((uint64_t)step->min +
				     (uint64_t)step->by * (uint64_t)next_in_sequence(state));
		*at = digits_put_signed(begin, mantissa);
		break;
	case STEP_UNIQUE:
		*at = digits_put_unsigned(begin, next_unique(state));
		break;
	case STEP_WALK:
		mantissa = next_of_walk(step, state);
		*at = put_number(step, begin, mantissa);
		break;
	case STEP_LONGITUDE:
		*at = put_bytes(begin, place_of(step, state)->longitude);
		break;
	case STEP_LATITUDE:
		*at = put_bytes(begin, place_of(step, state)->latitude);
		break;
	case STEP_CLICK:
		*at = put_click(step, state, begin);
		break;
	case STEP_SUM:
		mantissa = add_up(step, state);
		*at = put_number(step, begin, mantissa);
		break;
	case STEP_AGAIN:
		mantissa = state->noted[step->index].mantissa;
		*at = put_bytes(begin,
		    slice_make(state->noted[step->index].data, state->noted[step->index].len));
		break;
	}
	if (step->slot >= 0)
		state->noted[step->slot] = (struct noted){ begin, (size_t)(*at - begin), mantissa };
	return 0;
}

int
shape_render(const struct shape *shape, struct shape_state *state, int64_t time_ms, struct buf *out,
    struct err *err)
{
	const char *text = shape->text.data;
	char *at;

	if (buf_reserve(out, shape->record_bytes_max, err))
		return -1;
	at = out->data + out->len;
	for (size_t i = 0; i < shape->step_count; i++) {
		const struct step *step = &shape->steps[i];

		at = put_bytes(at, slice_make(text + step->before_at, step->before_len));
		if (run_step(step, state, time_ms, &at, err))
			return -1;
	}
	state->made++;
	out->len = (size_t)(at - out->data);
	out->data[out->len] = '\0';
	return 0;
}

/* ---- the state of a target ---- */

void
shape_state_free(struct shape_state *state)
{
	if (!state)
		return;
	free(state->noted);
	free(state->places);
	free(state->walks);
	free(state->days);
	free(state->sessions);
	buf_release(&state->pattern);
	free(state);
}

struct shape_state *
shape_state_new(const struct shape *shape, const struct shape_target *target, struct err *err)
{
	struct shape_state *state = calloc(1, sizeof(*state));

	if (!state)
		goto fail;
	state->random = target->random;
	state->number = target->number;
	state->count = target->count;
	state->id_base = target->id_base;
	buf_init(&state->pattern, SHAPE_TEXT_BYTES_MAX);
	/* calloc(3) may give NULL for nothing */
	state->noted = calloc(shape->slot_count + 1, sizeof(*state->noted));
	state->places = calloc(shape->place_count + 1, sizeof(*state->places));
	state->walks = calloc(shape->walk_count + 1, sizeof(*state->walks));
	state->days = calloc(shape->time_count + 1, sizeof(*state->days));
	if (shape->has_clicks)
		state->sessions = calloc(target->user_count, sizeof(*state->sessions));
	if (!state->noted || !state->places || !state->walks || !state->days ||
	    (shape->has_clicks && !state->sessions))
		goto fail;
	for (size_t i = 0; i < shape->time_count; i++)
		state->days[i] = (struct digits_day)DIGITS_NO_DAY;
	if (shape->walk_count)
		memcpy(state->walks, shape->walks, shape->walk_count * sizeof(*state->walks));
	if (shape->has_clicks)
		clicks_init(&state->clicks, state->sessions, target->user_count, target->number,
		    target->count);
	return state;
fail:
	shape_state_free(state);
	err_no_memory(err);
	return NULL;
}
