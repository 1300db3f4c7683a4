/* SPDX-License-Identifier: MIT */
/* What may stand between the braces, and how it is compiled (gen-to-kafka(1), TEMPLATES). */
#include <stdlib.h>

#include "codec/time.h"
#include "gen-to-kafka/arguments.h"
#include "gen-to-kafka/digits.h"
#include "gen-to-kafka/places.h"
#include "gen-to-kafka/step.h"

enum {
	PATTERN_BYTES_MAX = 64,
	CONVERSION_BYTES_MAX = 32, /* of strftime(3) in the C locale: %c has 24 */
	CLICK_BYTES_MAX = 24,
	PLACE_BYTES_MAX = 12,
};

/* ---- values ---- */

static int64_t
magnitude(int64_t value)
{
	return value == INT64_MIN ? INT64_MAX : value < 0 ? -value : value;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Evenly from min to max. */
static int
set_range(struct step *step, int64_t min, int64_t max, struct err *err)
{
	if (min > max)
		return err_set(err, ERR_USAGE, "the first number is above the second");
	step->min = min;
	step->span = (uint64_t)max - (uint64_t)min + 1;
	step->magnitude_max = larger(magnitude(min), magnitude(max));
	return 0;
}

/* ---- generators ---- */

static int
read_int_generator(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	int64_t min, max;

	(void)s;
	step->kind = STEP_NUMBER;
	step->is_number = true;
	step->bytes_max = DIGITS_BYTES_MAX;
	if (argument_int(a->list[0].text, &min, err) || argument_int(a->list[1].text, &max, err))
		return -1;
	return set_range(step, min, max, err);
}

static int
read_float(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	struct number from, to;
	int64_t scale, min = 0, max = 0;

	(void)s;
	step->kind = STEP_NUMBER;
	step->is_number = true;
	step->bytes_max = DIGITS_BYTES_MAX;
	if (argument_decimal(a->list[0].text, &from, err) ||
	    argument_decimal(a->list[1].text, &to, err))
		return -1;
	scale = larger(from.scale, to.scale);
	if (a->count > 2) {
		int64_t wanted;

		if (argument_int(a->list[2].text, &wanted, err))
			return -1;
		if (wanted < scale || wanted > NUMBER_SCALE_MAX)
			return err_set(err, ERR_USAGE,
			    "\"%.*s\" digits behind the point: at least those of the two numbers, "
			    "at "
			    "most %d",
			    SLICE_ARGS(a->list[2].text), NUMBER_SCALE_MAX);
		scale = wanted;
	}
	step->scale = (uint8_t)scale;
	if (argument_scale(&from, step->scale, &min, err) ||
	    argument_scale(&to, step->scale, &max, err))
		return -1;
	return set_range(step, min, max, err);
}

static int
add_alternatives(const struct arguments *a, struct step *step, struct err *err)
{
	step->kind = STEP_CHOICE;
	step->alternatives = calloc(a->count, sizeof(*step->alternatives));
	if (!step->alternatives)
		return err_no_memory(err);
	step->alternative_count = a->count;
	for (size_t i = 0; i < a->count; i++) {
		step->span += a->list[i].weight;
		step->alternatives[i].text = a->list[i].text;
		step->alternatives[i].below = step->span;
		if (a->list[i].text.len > step->bytes_max)
			step->bytes_max = a->list[i].text.len;
	}
	return 0;
}

static int
read_choice(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	(void)s;
	step->is_string = true;
	return add_alternatives(a, step, err);
}

static bool
is_word(struct slice text)
{
	return slice_is(text, "true") || slice_is(text, "false") || slice_is(text, "null");
}

/* Numbers at one scale, so that {sum:} can add them. */
static int
set_mantissas(struct step *step, struct err *err)
{
	struct number n;

	for (size_t i = 0; i < step->alternative_count; i++) {
		struct step_alternative *one = &step->alternatives[i];

		if (argument_decimal(one->text, &n, err) ||
		    argument_scale(&n, step->scale, &one->mantissa, err))
			return -1;
		step->magnitude_max = larger(step->magnitude_max, magnitude(one->mantissa));
	}
	step->is_number = true;
	return 0;
}

static int
read_literal(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	bool are_numbers = true;

	(void)s;
	for (size_t i = 0; i < a->count; i++) {
		struct slice text = a->list[i].text;
		struct number n;

		if (is_word(text)) {
			are_numbers = false;
			continue;
		}
		if (number_parse(text, &n))
			return argument_refuse("a number, true, false or null", text, err);
		are_numbers = are_numbers && n.is_exact;
		if (n.is_exact && n.scale > step->scale)
			step->scale = n.scale;
	}
	if (add_alternatives(a, step, err))
		return -1;
	return are_numbers ? set_mantissas(step, err) : 0;
}

/* No flags and widths, so that what a pattern makes has a bound, and nothing that breaks a line. */
static int
check_pattern(struct slice pattern, struct step *step, struct err *err)
{
	if (!pattern.len || pattern.len > PATTERN_BYTES_MAX)
		return err_set(err, ERR_USAGE, "a pattern has 1 to %d bytes", PATTERN_BYTES_MAX);
	step->bytes_max = pattern.len;
	for (size_t i = 0; i < pattern.len; i++) {
		if (pattern.data[i] != '%')
			continue;
		i++;
		if (i == pattern.len ||
		    !strchr("aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYzZ%", pattern.data[i]))
			return err_set(err, ERR_USAGE, "\"%.*s\" has no conversion at byte %zu",
			    SLICE_ARGS(pattern), i - 1);
		step->bytes_max += CONVERSION_BYTES_MAX;
	}
	return 0;
}

static int
read_time_style(struct slice text, struct step *step, struct err *err)
{
	static const struct {
		const char *name;
		enum step_time style;
		bool is_string;
		size_t bytes_max;
	} styles[] = {
		{ "iso", STEP_TIME_ISO, true, DIGITS_TIME_BYTES + 1 },
		{ "naive", STEP_TIME_NAIVE, true, DIGITS_TIME_BYTES },
		{ "s", STEP_TIME_S, false, DIGITS_BYTES_MAX },
		{ "ms", STEP_TIME_MS, false, DIGITS_BYTES_MAX },
		{ "us", STEP_TIME_US, false, DIGITS_BYTES_MAX },
	};

	for (size_t i = 0; i < sizeof(styles) / sizeof(*styles); i++) {
		if (slice_is(text, styles[i].name)) {
			step->time = styles[i].style;
			step->is_string = styles[i].is_string;
			step->bytes_max = styles[i].bytes_max;
			return 0;
		}
	}
	if (!memchr(text.data, '%', text.len))
		return argument_refuse("iso, naive, s, ms, us or a pattern with a %", text, err);
	step->time = STEP_TIME_PATTERN;
	step->is_string = true;
	return check_pattern(text, step, err);
}

/* The pattern's end is overwritten: a quote, a ':' or the brace stands there. */
static void
end_pattern(struct slice pattern, struct step *step)
{
	char *text = (char *)(uintptr_t)pattern.data;

	text[pattern.len] = '\0';
	step->pattern = text;
}

static int
read_offsets(const struct arguments *a, struct step *step, struct err *err)
{
	int64_t high;

	if (argument_offset(a->list[1].text, &step->min, err))
		return -1;
	if (a->count == 2)
		return 0;
	if (argument_offset(a->list[2].text, &high, err))
		return -1;
	if (a->count > 3 && argument_offset(a->list[3].text, &step->by, err))
		return -1;
	if (high < step->min)
		return err_set(err, ERR_USAGE, "the first duration is above the second");
	if (step->by < 1)
		return err_set(err, ERR_USAGE, "\"%.*s\" is no step", SLICE_ARGS(a->list[3].text));
	step->span = (uint64_t)((high - step->min) / step->by) + 1;
	return 0;
}

static int
read_time(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	struct slice style = a->count ? a->list[0].text : slice_of("iso");

	step->kind = STEP_TIME;
	step->index = s->time_count++;
	step->span = 1;
	step->by = 1;
	if (read_time_style(style, step, err) || (a->count > 1 && read_offsets(a, step, err)))
		return -1;
	if (step->time == STEP_TIME_PATTERN)
		end_pattern(style, step);
	return 0;
}

static int
read_uuid(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	(void)s;
	(void)a;
	(void)err;
	step->kind = STEP_UUID;
	step->is_string = true;
	step->bytes_max = DIGITS_UUID_BYTES;
	return 0;
}

static int
read_sequence(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	(void)s;
	step->kind = STEP_SEQUENCE;
	step->is_number = true;
	step->magnitude_max = INT64_MAX;
	step->bytes_max = DIGITS_BYTES_MAX;
	step->by = 1;
	if (a->count && argument_int(a->list[0].text, &step->min, err))
		return -1;
	return a->count > 1 ? argument_int(a->list[1].text, &step->by, err) : 0;
}

static int
read_unique(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	int64_t min = 0, max = INT64_MAX;

	if (a->count == 1)
		return err_set(err, ERR_USAGE, "the second number is missing");
	if (a->count &&
	    (argument_int(a->list[0].text, &min, err) || argument_int(a->list[1].text, &max, err)))
		return -1;
	step->kind = s->has_random_ids ? STEP_NUMBER : STEP_UNIQUE;
	step->is_string = true;
	step->bytes_max = DIGITS_BYTES_MAX;
	return set_range(step, min, max, err);
}

static int
add_walk(struct shape *s, int64_t start, struct step *step, struct err *err)
{
	int64_t *walks = reallocarray(s->walks, s->walk_count + 1, sizeof(*walks));

	if (!walks)
		return err_no_memory(err);
	s->walks = walks;
	step->index = s->walk_count;
	s->walks[s->walk_count++] = start;
	return 0;
}

static int
read_walk(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	struct number numbers[4]; /* start, by, min, max */
	int64_t values[4];

	for (size_t i = 0; i < 4; i++) {
		if (argument_decimal(a->list[i].text, &numbers[i], err))
			return -1;
		if (numbers[i].scale > step->scale)
			step->scale = numbers[i].scale;
	}
	for (size_t i = 0; i < 4; i++) {
		if (argument_scale(&numbers[i], step->scale, &values[i], err))
			return -1;
	}
	if (values[1] <= 0)
		return err_set(err, ERR_USAGE, "\"%.*s\" is no step", SLICE_ARGS(a->list[1].text));
	if (values[0] < values[2] || values[0] > values[3])
		return err_set(err, ERR_USAGE, "it begins outside its bounds");
	step->kind = STEP_WALK;
	step->is_number = true;
	step->bytes_max = DIGITS_BYTES_MAX;
	step->by = values[1];
	step->min = values[2];
	step->max = values[3];
	step->span = (uint64_t)values[1] * 2 + 1;
	step->magnitude_max = larger(magnitude(values[2]), magnitude(values[3]));
	return add_walk(s, values[0], step, err);
}

static int
read_place(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	struct slice name = a->count ? a->list[0].text : slice_of("");
	struct slice *known;

	step->bytes_max = PLACE_BYTES_MAX;
	for (step->index = 0; step->index < s->place_count; step->index++) {
		if (slice_equal(s->places[step->index], name))
			return 0;
	}
	known = reallocarray(s->places, s->place_count + 1, sizeof(*known));
	if (!known)
		return err_no_memory(err);
	s->places = known;
	s->places[s->place_count++] = name;
	step->is_first = true;
	return 0;
}

static int
read_longitude(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	step->kind = STEP_LONGITUDE;
	return read_place(s, a, step, err);
}

static int
read_latitude(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	step->kind = STEP_LATITUDE;
	return read_place(s, a, step, err);
}

static int
read_click(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	static const struct {
		const char *name;
		bool is_string;
	} parts[] = {
		[STEP_CLICK_IP] = { "ip", true },
		[STEP_CLICK_DEVICE] = { "device", true },
		[STEP_CLICK_EVENT] = { "event", true },
		[STEP_CLICK_PRODUCT] = { "product", true },
		[STEP_CLICK_USER] = { "user", false },
		[STEP_CLICK_NUMBER] = { "number", false },
		[STEP_CLICK_PREVIOUS] = { "previous", false },
	};
	const size_t count = sizeof(parts) / sizeof(*parts);
	size_t i = 0;

	while (i < count && !slice_is(a->list[0].text, parts[i].name))
		i++;
	if (i == count)
		return argument_refuse(
		    "ip, device, event, product, user, number or previous", a->list[0].text, err);
	step->kind = STEP_CLICK;
	step->click = (enum step_click)i;
	step->is_string = parts[i].is_string;
	step->bytes_max = CLICK_BYTES_MAX;
	step->is_first = !s->has_clicks;
	s->has_clicks = true;
	return 0;
}

/* ---- names ---- */

static bool
is_name(struct slice name)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	for (size_t i = 0; i < name.len; i++) {
		if (!memchr(letters, name.data[i], sizeof(letters) - 1))
			return false;
	}
	return name.len > 0;
}

/* -1 where there is none; name is without its '$'. */
static int
find_slot(const struct shape *s, struct slice name)
{
	for (size_t i = 0; i < s->slot_count; i++) {
		if (slice_equal(s->slots[i].name, name))
			return (int)i;
	}
	return -1;
}

static int
err_no_slot(struct slice name, struct err *err)
{
	return err_set(err, ERR_USAGE, "nothing before it is called $%.*s", SLICE_ARGS(name));
}

static int
add_slot(struct shape *s, struct slice name, struct step *step, struct err *err)
{
	struct shape_slot *slots;

	if (!is_name(name))
		return argument_refuse("a name: letters, digits and _", name, err);
	if (find_slot(s, name) >= 0)
		return err_set(err, ERR_USAGE, "there is a $%.*s already", SLICE_ARGS(name));
	slots = reallocarray(s->slots, s->slot_count + 1, sizeof(*slots));
	if (!slots)
		return err_no_memory(err);
	s->slots = slots;
	step->slot = (int)s->slot_count;
	s->slots[s->slot_count++] = (struct shape_slot){
		.name = name,
		.is_string = step->is_string,
		.is_number = step->is_number,
		.scale = step->scale,
		.magnitude_max = step->magnitude_max,
		.bytes_max = step->bytes_max,
	};
	return 0;
}

static int
read_again(const struct shape *s, struct slice name, struct step *step, struct err *err)
{
	int slot = find_slot(s, name);

	if (slot < 0)
		return err_no_slot(name, err);
	step->kind = STEP_AGAIN;
	step->index = (size_t)slot;
	step->is_string = s->slots[slot].is_string;
	step->is_number = s->slots[slot].is_number;
	step->scale = s->slots[slot].scale;
	step->magnitude_max = s->slots[slot].magnitude_max;
	step->bytes_max = s->slots[slot].bytes_max;
	return 0;
}

/* ---- sums ---- */

/* Until the scale of the sum is known, factor is the term's own scale. */
static int
read_term(const struct shape *s, struct slice text, struct step *step, struct step_term *term,
    struct err *err)
{
	struct number n;

	if (text.len && *text.data == '$') {
		term->slot = find_slot(s, slice_skip(text, 1));
		if (term->slot < 0)
			return err_no_slot(slice_skip(text, 1), err);
		if (!s->slots[term->slot].is_number)
			return err_set(err, ERR_USAGE, "%.*s is no number", SLICE_ARGS(text));
		term->factor = s->slots[term->slot].scale;
	} else {
		if (argument_decimal(text, &n, err))
			return -1;
		term->slot = -1;
		term->constant = (int64_t)n.mantissa;
		term->factor = n.scale;
	}
	if (term->factor > step->scale)
		step->scale = (uint8_t)term->factor;
	return 0;
}

static int
read_sum(struct shape *s, const struct arguments *a, struct step *step, struct err *err)
{
	number_wide most = 0;

	step->kind = STEP_SUM;
	step->is_number = true;
	step->bytes_max = DIGITS_BYTES_MAX;
	step->terms = calloc(a->count, sizeof(*step->terms));
	if (!step->terms)
		return err_no_memory(err);
	step->term_count = a->count;
	for (size_t i = 0; i < a->count; i++) {
		if (read_term(s, a->list[i].text, step, &step->terms[i], err))
			return -1;
	}
	for (size_t i = 0; i < a->count; i++) {
		struct step_term *term = &step->terms[i];

		term->factor = number_pow10[step->scale - term->factor];
		most += (number_wide)(term->slot < 0 ? magnitude(term->constant)
						     : s->slots[term->slot].magnitude_max) *
		        term->factor;
	}
	if (most > INT64_MAX)
		return err_set(err, ERR_USAGE, "it can be larger than 64 bits hold");
	step->magnitude_max = (int64_t)most;
	return 0;
}

/* ---- one generator ---- */

static const struct generator {
	const char *name;
	const char *usage;
	size_t count_min, count_max;
	bool has_weights;
	int (*read)(struct shape *, const struct arguments *, struct step *, struct err *);
} generators[] = {
	{ "int", "{int:MIN:MAX}", 2, 2, false, read_int_generator },
	{ "float", "{float:MIN:MAX[:DIGITS]}", 2, 3, false, read_float },
	{ "choice", "{choice:TEXT[:TEXT...]}", 1, ARGUMENTS_MAX, true, read_choice },
	{ "literal", "{literal:VALUE[:VALUE...]}", 1, ARGUMENTS_MAX, true, read_literal },
	{ "time", "{time[:STYLE[:FROM[:TO[:STEP]]]]}", 0, 4, false, read_time },
	{ "uuid", "{uuid}", 0, 0, false, read_uuid },
	{ "sequence", "{sequence[:START[:STEP]]}", 0, 2, false, read_sequence },
	{ "unique", "{unique[:MIN:MAX]}", 0, 2, false, read_unique },
	{ "walk", "{walk:START:STEP:MIN:MAX}", 4, 4, false, read_walk },
	{ "lon", "{lon[:NAME]}", 0, 1, false, read_longitude },
	{ "lat", "{lat[:NAME]}", 0, 1, false, read_latitude },
	{ "click", "{click:PART}", 1, 1, false, read_click },
	{ "sum", "{sum:TERM:TERM...}", 2, ARGUMENTS_MAX, false, read_sum },
};

static const struct generator *
find_generator(struct slice name, struct err *err)
{
	for (size_t i = 0; i < sizeof(generators) / sizeof(*generators); i++) {
		if (slice_is(name, generators[i].name))
			return &generators[i];
	}
	err_set(err, ERR_USAGE, "there is no generator \"%.*s\"", SLICE_ARGS(name));
	return NULL;
}

static int
check_arguments(const struct generator *g, const struct arguments *a, struct err *err)
{
	if (a->count < g->count_min || a->count > g->count_max)
		return err_set(err, ERR_USAGE, "expected %s", g->usage);
	for (size_t i = 0; i < a->count; i++) {
		if (a->list[i].has_weight && !g->has_weights)
			return err_set(err, ERR_USAGE, "a weight (*%llu) is for choice and literal",
			    (unsigned long long)a->list[i].weight);
	}
	return 0;
}

static int
read_named(struct shape *s, struct slice inside, struct step *step, struct err *err)
{
	struct slice name = slice_make(inside.data, argument_end(inside));
	const struct generator *g = find_generator(name, err);
	struct arguments a = { .count = 0 };
	int rc = -1;

	if (!g)
		return -1;
	a.list = calloc(ARGUMENTS_MAX, sizeof(*a.list));
	if (!a.list)
		return err_no_memory(err);
	if (!arguments_read(slice_skip(inside, name.len), &a, err) && !check_arguments(g, &a, err))
		rc = g->read(s, &a, step, err);
	free(a.list);
	return rc;
}

/* "$NAME=" before a generator, or "$NAME" alone. */
static bool
cut_name(struct slice *inside, struct slice *ret_name)
{
	struct slice head, tail;

	if (!inside->len || *inside->data != '$')
		return false;
	if (slice_cut(slice_skip(*inside, 1), '=', &head, &tail) && is_name(head)) {
		*ret_name = head;
		*inside = tail;
		return true;
	}
	return false;
}

bool
step_begins(char c)
{
	return c == '$' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int
step_read(struct shape *s, struct slice inside, struct step *ret, struct err *err)
{
	static const char as_string[] = "string:";
	struct slice name = { NULL, 0 };
	bool has_name = cut_name(&inside, &name);
	bool is_string = slice_starts(inside, as_string);

	if (is_string)
		inside = slice_skip(inside, sizeof(as_string) - 1);
	if (inside.len && *inside.data == '$') {
		if (read_again(s, slice_skip(inside, 1), ret, err))
			return -1;
	} else if (read_named(s, inside, ret, err)) {
		return -1;
	}
	if (is_string)
		ret->is_string = true;
	return has_name ? add_slot(s, name, ret, err) : 0;
}

void
step_release(struct step *step)
{
	free(step->alternatives);
	free(step->terms);
	step->alternatives = NULL;
	step->terms = NULL;
}
