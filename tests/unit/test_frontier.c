/* SPDX-License-Identifier: MIT */
/* The frontier, against tables and against a model that remembers every position. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/frontier.h"

enum {
	SHORT_ROUNDS = 20000,
	SHORT_STEPS = 200,
	LONG_ROUNDS = 40,
	LONG_STEPS = 3000, /* enough for runs in many blocks */
	STREAMS = 4,
	MANY = 20000,
};

static uint64_t random_state = 88172645463325252u;

/* xorshift64: the same numbers in every run */
static uint64_t
next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static size_t
below(size_t limit)
{
	return (size_t)(next_random() % limit);
}

static struct frontier *
make_frontier(void)
{
	struct err err = ERR_INIT;
	struct frontier *f = frontier_new(&err);

	assert_non_null(f);
	return f;
}

/* ---- tables ---- */

enum step_verb { ASSIGN, TAKE, DONE, SKIP, REVOKE };

struct step {
	enum step_verb verb;
	int64_t sequence;
	int64_t expected;   /* the frontier after it */
	int64_t open_count; /* and what is open */
	uint32_t term;
};

static int
do_step(struct frontier *f, const struct step *step, struct err *err)
{
	struct position position = { 3, step->term, step->sequence };

	switch (step->verb) {
	case ASSIGN:
		return frontier_assign(f, 3, step->term, step->sequence, err);
	case TAKE:
		return frontier_take(f, position, err);
	case DONE:
		return frontier_done(f, position, err);
	case SKIP:
		frontier_skip_to(f, 3, step->sequence);
		return 0;
	case REVOKE:
		frontier_revoke(f, 3);
		return 0;
	}
	return -1;
}

static void
check_steps(const struct step *steps, size_t count)
{
	struct frontier *f = make_frontier();
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < count; i++) {
		assert_int_equal(do_step(f, &steps[i], &err), 0);
		if (frontier_get(f, 3) != steps[i].expected ||
		    frontier_open_count(f, 3) != steps[i].open_count)
			fail_msg("step %zu: frontier %lld, open %lld", i,
			    (long long)frontier_get(f, 3), (long long)frontier_open_count(f, 3));
	}
	frontier_free(f);
}

#define CHECK_STEPS(...)                                            \
	do {                                                        \
		static const struct step steps[] = { __VA_ARGS__ }; \
                                                                    \
		check_steps(steps, sizeof(steps) / sizeof(*steps)); \
	} while (0)

static void
test_in_order(void **state)
{
	(void)state;
	CHECK_STEPS({ ASSIGN, 100, 100, 0, 1 }, { TAKE, 100, 100, 1, 1 }, { DONE, 100, 101, 0, 1 },
	    { TAKE, 101, 101, 1, 1 }, { TAKE, 102, 101, 2, 1 }, { DONE, 101, 102, 1, 1 },
	    { DONE, 102, 103, 0, 1 });
}

static void
test_out_of_order(void **state)
{
	(void)state;
	CHECK_STEPS({ ASSIGN, 0, 0, 0, 1 }, { TAKE, 0, 0, 1, 1 }, { TAKE, 1, 0, 2, 1 },
	    { TAKE, 2, 0, 3, 1 }, { TAKE, 3, 0, 4, 1 }, { DONE, 1, 0, 3, 1 }, { DONE, 3, 0, 2, 1 },
	    { DONE, 0, 2, 1, 1 }, { TAKE, 4, 2, 2, 1 }, { DONE, 2, 4, 1, 1 }, { DONE, 4, 5, 0, 1 });
}

static void
test_gaps_count_as_done(void **state)
{
	(void)state;
	CHECK_STEPS({ ASSIGN, 3, 3, 0, 1 }, { TAKE, 5, 5, 1, 1 }, { TAKE, 9, 5, 2, 1 },
	    { DONE, 5, 9, 1, 1 }, { DONE, 9, 10, 0, 1 }, { TAKE, 20, 20, 1, 1 },
	    { DONE, 20, 21, 0, 1 });
}

static void
test_skip(void **state)
{
	(void)state;
	CHECK_STEPS({ ASSIGN, 3, 3, 0, 1 }, { SKIP, 7, 7, 0, 1 }, { SKIP, 5, 7, 0, 1 },
	    { TAKE, 8, 8, 1, 1 }, { SKIP, 17, 8, 1, 1 }, { DONE, 8, 17, 0, 1 },
	    { TAKE, 17, 17, 1, 1 }, { SKIP, 18, 17, 1, 1 }, { DONE, 17, 18, 0, 1 });
}

static void
test_terms(void **state)
{
	(void)state;
	CHECK_STEPS({ TAKE, 0, -1, 0, 0 }, { DONE, 0, -1, 0, 0 }, { SKIP, 9, -1, 0, 0 },
	    { REVOKE, 0, -1, 0, 0 }, { ASSIGN, 5, 5, 0, 1 }, { TAKE, 5, 5, 1, 1 },
	    { TAKE, 6, 5, 2, 1 }, { DONE, 6, 5, 1, 1 }, { ASSIGN, 5, 5, 0, 2 },
	    { DONE, 5, 5, 0, 1 }, { TAKE, 7, 5, 0, 1 }, { TAKE, 5, 5, 1, 2 }, { DONE, 5, 5, 1, 1 },
	    { DONE, 5, 5, 1, 3 }, { DONE, 5, 6, 0, 2 }, { REVOKE, 0, -1, 0, 0 },
	    { TAKE, 6, -1, 0, 2 }, { ASSIGN, 2, 2, 0, 3 });
}

static void
test_twice_and_never_taken(void **state)
{
	(void)state;
	CHECK_STEPS({ ASSIGN, 0, 0, 0, 1 }, { DONE, 0, 0, 0, 1 }, { TAKE, 0, 0, 1, 1 },
	    { TAKE, 1, 0, 2, 1 }, { TAKE, 5, 0, 3, 1 }, { DONE, 1, 0, 2, 1 }, { DONE, 1, 0, 2, 1 },
	    { DONE, 3, 0, 2, 1 }, { DONE, 6, 0, 2, 1 }, { DONE, -1, 0, 2, 1 }, { DONE, 0, 5, 1, 1 },
	    { DONE, 0, 5, 1, 1 });
}

static void
test_falling_sequences_are_refused(void **state)
{
	struct frontier *f = make_frontier();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(frontier_assign(f, 0, 1, 10, &err), 0);
	assert_int_equal(frontier_take(f, (struct position){ 0, 1, 9 }, &err), -1);
	assert_int_equal(err.class, ERR_FAULT);
	assert_int_equal(frontier_take(f, (struct position){ 0, 1, 10 }, &err), 0);
	assert_int_equal(frontier_take(f, (struct position){ 0, 1, 10 }, &err), -1);
	assert_int_equal(frontier_take(f, (struct position){ 0, 1, INT64_MAX }, &err), -1);
	assert_int_equal(frontier_get(f, 0), 10);
	assert_int_equal(frontier_open_count(f, 0), 1);
	frontier_free(f);
	frontier_free(NULL);
}

static void
test_any_stream_number(void **state)
{
	static const int32_t numbers[] = { 1000000, INT32_MAX, -1, 0, INT32_MIN, 7 };
	struct frontier *f = make_frontier();
	struct err err = ERR_INIT;
	size_t i, count = sizeof(numbers) / sizeof(*numbers);

	(void)state;
	for (i = 0; i < count; i++)
		assert_int_equal(frontier_assign(f, numbers[i], 1, (int64_t)i, &err), 0);
	for (i = 0; i < count; i++)
		assert_int_equal(frontier_get(f, numbers[i]), (int64_t)i);
	frontier_revoke(f, -1);
	for (i = 0; i < count; i++)
		assert_int_equal(frontier_get(f, numbers[i]), numbers[i] == -1 ? -1 : (int64_t)i);
	frontier_free(f);
}

/* ---- many runs ---- */

static void
shuffle(int64_t *numbers, size_t count)
{
	size_t i, other;

	for (i = 0; i < count; i++) {
		other = below(i + 1);
		numbers[i] = numbers[other];
		numbers[other] = (int64_t)i;
	}
}

/* Takes MANY positions, every `stride`th sequence, and finishes them in a random order. */
static void
check_random_order(int64_t stride)
{
	static int64_t order[MANY];
	static bool is_done[MANY + 1];
	struct frontier *f = make_frontier();
	struct err err = ERR_INIT;
	int64_t i, first_open = 0;

	memset(is_done, 0, sizeof(is_done));
	shuffle(order, MANY);
	assert_int_equal(frontier_assign(f, 0, 1, 0, &err), 0);
	for (i = 0; i < MANY; i++)
		assert_int_equal(frontier_take(f, (struct position){ 0, 1, i * stride }, &err), 0);
	for (i = 0; i < MANY; i++) {
		struct position position = { 0, 1, order[i] * stride };

		assert_int_equal(frontier_open_count(f, 0), MANY - i);
		assert_int_equal(frontier_get(f, 0), first_open * stride);
		assert_int_equal(frontier_done(f, position, &err), 0);
		assert_int_equal(frontier_done(f, position, &err), 0);
		is_done[order[i]] = true;
		while (is_done[first_open])
			first_open++;
	}
	assert_int_equal(frontier_open_count(f, 0), 0);
	assert_int_equal(frontier_get(f, 0), (MANY - 1) * stride + 1);
	frontier_free(f);
}

static void
test_random_order(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		check_random_order(1);
		check_random_order(3);
	}
}

/* ---- the model ---- */

struct model {
	int32_t number;
	bool is_assigned;
	uint32_t term;
	int64_t next;
	int64_t taken[LONG_STEPS];
	bool is_open[LONG_STEPS];
	size_t count;
};

static int64_t
model_frontier(const struct model *m)
{
	size_t i;

	if (!m->is_assigned)
		return -1;
	for (i = 0; i < m->count; i++)
		if (m->is_open[i])
			return m->taken[i];
	return m->next;
}

static int64_t
model_open_count(const struct model *m)
{
	int64_t open = 0;
	size_t i;

	for (i = 0; i < m->count; i++)
		open += m->is_open[i];
	return open;
}

static void
random_assign(struct frontier *f, struct model *m)
{
	struct err err = ERR_INIT;

	m->term++;
	m->is_assigned = true;
	m->next = (int64_t)below(1000);
	m->count = 0;
	assert_int_equal(frontier_assign(f, m->number, m->term, m->next, &err), 0);
}

static void
random_revoke(struct frontier *f, struct model *m)
{
	m->is_assigned = false;
	m->count = 0;
	frontier_revoke(f, m->number);
}

static void
random_take(struct frontier *f, struct model *m)
{
	struct err err = ERR_INIT;
	bool is_old = below(20) == 0;
	int64_t sequence = m->next + (below(4) ? 0 : (int64_t)below(5));
	struct position position = { m->number, m->term - is_old, sequence };

	assert_int_equal(frontier_take(f, position, &err), 0);
	if (is_old || !m->is_assigned)
		return;
	m->taken[m->count] = sequence;
	m->is_open[m->count++] = true;
	m->next = sequence + 1;
}

/* Mostly near the front, as replies come; sometimes anything, taken or not, old or present. */
static void
random_done(struct frontier *f, struct model *m)
{
	struct err err = ERR_INIT;
	struct position position = { m->number, m->term - (below(20) == 0), 0 };
	size_t i = 0;

	if (m->count && below(3) == 0) {
		position.sequence = m->taken[below(m->count)];
	} else if (m->count && below(10)) {
		while (i < m->count - 1 && (!m->is_open[i] || below(3)))
			i++;
		position.sequence = m->taken[i];
	} else {
		position.sequence = (int64_t)below((size_t)m->next + 3);
	}
	assert_int_equal(frontier_done(f, position, &err), 0);
	if (!m->is_assigned || position.term != m->term)
		return;
	for (i = 0; i < m->count; i++)
		if (m->taken[i] == position.sequence)
			m->is_open[i] = false;
}

static void
random_skip(struct frontier *f, struct model *m)
{
	int64_t sequence = m->next - 3 + (int64_t)below(10);

	frontier_skip_to(f, m->number, sequence);
	if (m->is_assigned && sequence > m->next)
		m->next = sequence;
}

/* A long round seldom begins a stream again, so that many runs come together. */
static void
random_step(struct frontier *f, struct model *m, bool is_long)
{
	size_t dice = below(200);

	if (is_long && m->is_assigned && dice < 4 && below(20))
		dice = 8;
	if (dice < 2)
		random_revoke(f, m);
	else if (dice < 4 || (!m->is_assigned && dice < 60))
		random_assign(f, m);
	else if (dice < 8)
		random_skip(f, m);
	else if (dice < 108)
		random_take(f, m);
	else
		random_done(f, m);
}

static void
random_round(size_t stream_count, size_t step_count)
{
	static const int32_t numbers[STREAMS] = { 0, 1, INT32_MAX, -5 };
	static struct model models[STREAMS];
	struct frontier *f = make_frontier();
	size_t i, step;

	for (i = 0; i < STREAMS; i++) {
		models[i].number = numbers[i];
		models[i].is_assigned = false;
		models[i].term = 1;
		models[i].count = 0;
		models[i].next = 0;
	}
	for (step = 0; step < step_count; step++) {
		struct model *m = &models[below(stream_count)];

		random_step(f, m, step_count == LONG_STEPS);
		for (i = 0; i < STREAMS; i++) {
			m = &models[i];
			assert_true(frontier_get(f, m->number) == model_frontier(m));
			assert_true(frontier_open_count(f, m->number) == model_open_count(m));
		}
	}
	frontier_free(f);
}

static void
test_random_against_model(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < SHORT_ROUNDS; i++)
		random_round(STREAMS, SHORT_STEPS);
	for (i = 0; i < LONG_ROUNDS; i++)
		random_round(1, LONG_STEPS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_gaps_count_as_done),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_twice_and_never_taken),
		cmocka_unit_test(test_falling_sequences_are_refused),
		cmocka_unit_test(test_any_stream_number),
		cmocka_unit_test(test_random_order),
		cmocka_unit_test(test_random_against_model),
	};

	return cmocka_run_group_tests_name("frontier", tests, NULL, NULL);
}
