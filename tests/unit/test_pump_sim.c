/* SPDX-License-Identifier: MIT */
/*
 * The lanes under a seeded simulation: partitions that are read, taken away, lost and given back
 * under new terms, a service that delivers, retries, throttles, refuses, answers nothing or wants
 * less at once, dead letters that take their time, or have no place until somebody gives them one,
 * input that ends and partitions that go even then, crashes and stops. The clock is virtual.
 *
 * Held at each step: no commit passes a record without a fate; records of one lane number are
 * delivered in order and never in two requests at once; memory, requests in flight and the distance
 * read ahead stay within their bounds; something is always due while something waits; nothing of a
 * partition is sent behind a record that was refused and had no place, and all that precedes it is
 * settled and committed; a run that says it was complete was. At the end each record has exactly
 * the fate that the script has for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/lanes.h"

enum {
	SEEDS = 25000,
	PARTITIONS_MAX = 4,
	RECORDS_MAX = 48, /* of a partition */
	KEYS_MAX = 12,
	LANES_MAX = 6,
	STEPS_MAX = 200 * 1000,
	RECORD_BYTES_MAX = 6000,
	COMMIT_MS = 1000,
	DRAIN_MS = 3000,
	REVOKE_MS = 500,
	LINGER_MS = 1000 * 1000 * 1000, /* for ever */
	LETTERS_MAX = PARTITIONS_MAX * RECORDS_MAX * 64,
};

enum plan { PLAN_DELIVER, PLAN_REFUSE, PLAN_REJECT /* at stage */, PLAN_FILTER };

struct sim_record {
	int64_t sequence;
	uint64_t key;
	size_t bytes;
	enum plan plan;
	unsigned delivered;
	unsigned refused;   /* or rejected */
	bool is_settled; /* delivered, filtered, or its letter is durable */
};

struct partition {
	struct sim_record records[RECORDS_MAX];
	size_t count;
	size_t next;       /* to be read */
	int64_t end;       /* of the log: behind the last record there may be markers */
	bool is_end_told;
	int64_t committed;
	bool is_ours;
	uint32_t term;
	int64_t back_ms;   /* when it is ours again */
};

struct flight {
	struct lane *lane; /* NULL: none */
	int64_t reply_ms;
};

struct letter {
	struct position position;
	int64_t durable_ms;
};

/* What the service is like, in percent. */
struct mood {
	unsigned retry, throttle, again, lost_answer;
	bool is_uniform; /* one fate for a whole request, which may hold a key twice */
	bool is_terse;   /* of a request with a bad record it says that there is one, not which */
	size_t body_bytes_max; /* above: split */
	int64_t latency_ms;
};

struct sim {
	uint64_t seed, random;
	int64_t now_ms;
	struct lanes *lanes;
	struct lanes_options options;
	struct mood mood;
	struct partition partitions[PARTITIONS_MAX];
	size_t partition_count;
	size_t key_count;
	uint32_t last_term;
	struct flight flights[LANES_MAX];
	bool is_key_out[KEYS_MAX];
	int64_t last_put[KEYS_MAX]; /* serial of the last delivered record of this key */
	struct letter *letters;
	size_t letter_count;
	int64_t commit_ms;
	int64_t event_ms; /* the next rebalance, crash or stop */
	unsigned events_left;
	bool is_disturbed; /* some record may have been sent twice */
	/* Refused records have no place: the first ends the process. */
	bool is_placeless, has_failed;
	int64_t stops[PARTITIONS_MAX]; /* where; INT64_MAX: nowhere */
	/* Input is read to its end; a process ends when all has its fate. */
	bool is_bounded, has_ended;
	int64_t dropped_at_end;
};

/* ---- randomness: the same for a seed ---- */

static uint64_t
next_random(struct sim *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

static size_t
below(struct sim *s, size_t limit)
{
	return (size_t)((next_random(s) >> 11) % limit);
}

static bool
percent(struct sim *s, unsigned chance)
{
	return below(s, 100) < chance;
}

/* ---- what must hold ---- */

#define HOLDS(s, claim)                                                              \
	do {                                                                         \
		if (!(claim))                                                        \
			fail_msg("seed %llu, %lld ms: %s",                           \
			    (unsigned long long)(s)->seed, (long long)(s)->now_ms, #claim); \
	} while (0)

static void
check_bounds(struct sim *s)
{
	/* a slab, or a record with what surrounds it */
	size_t slab = s->options.memory_bytes / s->options.lane_count / 4;
	size_t largest = slab > RECORD_BYTES_MAX + 1024 ? slab : RECORD_BYTES_MAX + 1024;
	struct lanes_counts c;

	lanes_counts(s->lanes, &c);
	HOLDS(s, c.bytes <= s->options.memory_bytes + largest);
	HOLDS(s, c.in_flight <= s->options.lane_count);
	HOLDS(s, c.waiting > 0 || c.bytes == 0);
}

static struct sim_record *
find_record(struct sim *s, struct position at)
{
	struct partition *p = &s->partitions[at.stream];

	size_t i = 0;

	while (i < p->count && p->records[i].sequence != at.sequence)
		i++;
	HOLDS(s, i < p->count);
	return &p->records[i];
}

static void
commit(struct sim *s)
{
	for (size_t i = 0; i < s->partition_count; i++) {
		struct partition *p = &s->partitions[i];
		int64_t frontier = frontier_get(lanes_frontier(s->lanes), (int32_t)i);

		if (!p->is_ours)
			continue;
		HOLDS(s, frontier >= p->committed);
		for (size_t at = 0; at < p->count; at++)
			HOLDS(s, p->records[at].sequence >= frontier || p->records[at].is_settled);
		p->committed = frontier;
	}
	s->commit_ms = s->now_ms + COMMIT_MS;
}

/* ---- the script ---- */

static enum plan
random_plan(struct sim *s)
{
	size_t dice = below(s, 40);

	return dice == 0   ? PLAN_REFUSE
	       : dice == 1 ? PLAN_REJECT
	       : dice == 2 ? PLAN_FILTER
			   : PLAN_DELIVER;
}

static void
fill_partition(struct sim *s, struct partition *p)
{
	int64_t sequence = (int64_t)below(s, 5);

	*p = (struct partition){ .committed = sequence };
	p->count = 1 + below(s, RECORDS_MAX);
	for (size_t i = 0; i < p->count; i++) {
		struct sim_record *r = &p->records[i];

		if (percent(s, 10))
			sequence += (int64_t)below(s, 4);
		*r = (struct sim_record){ .sequence = sequence++, .plan = random_plan(s) };
		r->key = below(s, s->key_count);
		r->bytes = percent(s, 5) ? below(s, RECORD_BYTES_MAX) : below(s, 200);
		if (r->plan == PLAN_DELIVER && r->bytes > s->mood.body_bytes_max)
			r->plan = PLAN_REFUSE; /* alone it is too large */
	}
	p->end = sequence + (int64_t)below(s, 3);
}

static void
begin(struct sim *s, uint64_t seed)
{
	static const size_t memories[] = { 1, 8 * 1024, 40 * 1024, 1 << 20 };
	static const size_t bodies[] = { 300, 2000, SIZE_MAX };
	static struct letter letters[LETTERS_MAX];

	*s = (struct sim){ .seed = seed, .random = (seed + 1) * 0x9e3779b97f4a7c15u };
	s->letters = letters;
	s->key_count = 1 + below(s, KEYS_MAX);
	s->partition_count = 1 + below(s, PARTITIONS_MAX);
	s->mood = (struct mood){
		.retry = (unsigned)below(s, 2) * (unsigned)below(s, 40),
		.throttle = (unsigned)below(s, 2) * (unsigned)below(s, 40),
		.again = (unsigned)below(s, 2) * (unsigned)below(s, 40),
		.lost_answer = (unsigned)below(s, 2) * (unsigned)below(s, 10),
		.is_uniform = percent(s, 50),
		.is_terse = percent(s, 25),
		.body_bytes_max = bodies[below(s, 3)],
		.latency_ms = (int64_t)below(s, 300),
	};
	s->options = (struct lanes_options){
		.lane_count = 1 + below(s, LANES_MAX),
		.memory_bytes = memories[below(s, 4)],
		.batch_count_max = 1 + below(s, 20),
		.batch_bytes_max = 100 + below(s, 3000),
		.linger_ms = percent(s, 50) ? 0 : percent(s, 30) ? LINGER_MS : (int64_t)below(s, 1000),
		.ahead_max = 1 + (int64_t)below(s, 60),
		.seed = seed,
	};
	for (size_t i = 0; i < s->partition_count; i++)
		fill_partition(s, &s->partitions[i]);
	for (size_t i = 0; i < KEYS_MAX; i++)
		s->last_put[i] = -1;
	s->is_placeless = percent(s, 30);
	s->is_bounded = percent(s, 40);
	s->events_left = (unsigned)below(s, 2) * (unsigned)below(s, 5);
	s->event_ms = (int64_t)below(s, 2000);
	s->commit_ms = COMMIT_MS;
}

/* ---- letters ---- */

static void
write_letter(struct sim *s, struct position position)
{
	HOLDS(s, s->letter_count < LETTERS_MAX);
	s->letters[s->letter_count++] = (struct letter){
		.position = position, .durable_ms = s->now_ms + (int64_t)below(s, 400)
	};
}

/* True: there is no place for it. What is behind is nobody's business any more. */
static bool
fail_refusal(struct sim *s, struct position position)
{
	if (!s->is_placeless)
		return false;
	HOLDS(s, position.sequence < s->stops[position.stream]);
	s->stops[position.stream] = position.sequence;
	s->has_failed = true;
	return true;
}

static void
finish_letters(struct sim *s)
{
	struct err err = ERR_INIT;
	size_t kept = 0;

	for (size_t i = 0; i < s->letter_count; i++) {
		struct letter *letter = &s->letters[i];

		if (letter->durable_ms > s->now_ms) {
			s->letters[kept++] = *letter;
			continue;
		}
		find_record(s, letter->position)->is_settled = true;
		HOLDS(s, !lanes_done(s->lanes, letter->position, &err));
	}
	s->letter_count = kept;
}

/* ---- reading ---- */

/* What the copy must still say when it is sent; its serial is the order in which it was read. */
struct note {
	int64_t serial;
	uint64_t key;
};

static int64_t serials;

static void
put(struct sim *s, struct partition *p, struct sim_record *r)
{
	static char bytes[RECORD_BYTES_MAX + 1];
	char key[16];
	struct note note = { .serial = serials++, .key = r->key };
	struct service_staged staged = { .lane = r->key * 7, .bytes = r->bytes + 10,
		.note = slice_make((const char *)&note, sizeof(note)) };
	struct record record = {
		.position = { (int32_t)(p - s->partitions), p->term, r->sequence },
		.topic = slice_of("t"), .offset = r->sequence, .key = slice_make(key, 0),
		.has_key = true, .has_value = true,
	};
	struct err err = ERR_INIT;

	record.key.len = (size_t)snprintf(key, sizeof(key), "k%llu", (unsigned long long)r->key);
	memset(bytes, 'a' + (int)(r->sequence % 26), r->bytes);
	record.value = slice_make(bytes, r->bytes);
	HOLDS(s, !lanes_put(s->lanes, &record, &staged, s->now_ms, &err));
	memset(bytes, '#', r->bytes);
	memset(key, '#', sizeof(key));
	note.serial = -1;
}

static void
read_one(struct sim *s, struct partition *p)
{
	struct sim_record *r = &p->records[p->next++];
	struct position position = { (int32_t)(p - s->partitions), p->term, r->sequence };
	int64_t frontier = frontier_get(lanes_frontier(s->lanes), position.stream);
	struct err err = ERR_INIT;

	HOLDS(s, r == p->records || r[-1].sequence + 1 - frontier < s->options.ahead_max);
	switch (r->plan) {
	case PLAN_DELIVER:
	case PLAN_REFUSE:
		put(s, p, r);
		return;
	case PLAN_REJECT:
		HOLDS(s, !lanes_take(s->lanes, position, &err));
		if (fail_refusal(s, position))
			return;
		r->refused++;
		write_letter(s, position);
		return;
	case PLAN_FILTER:
		r->is_settled = true;
		HOLDS(s, !lanes_take(s->lanes, position, &err));
		HOLDS(s, !lanes_done(s->lanes, position, &err));
		return;
	}
}

/* The reader finds the end, perhaps before the records that precede it are settled. */
static void
tell_end(struct sim *s, struct partition *p)
{
	if (!p->is_ours || p->is_end_told || p->next < p->count)
		return;
	p->is_end_told = true;
	lanes_skip_to(s->lanes, (int32_t)(p - s->partitions), p->end);
}

static bool
may_read(struct sim *s, const struct partition *p)
{
	return p->is_ours && p->next < p->count && !s->has_failed && !s->has_ended &&
	       lanes_has_room(s->lanes) &&
	       !lanes_is_ahead(s->lanes, (int32_t)(p - s->partitions));
}

static bool
read_some(struct sim *s)
{
	size_t count = 1 + below(s, 30);
	bool has_read = false;

	for (size_t i = 0; i < count; i++) {
		struct partition *p = &s->partitions[below(s, s->partition_count)];

		tell_end(s, p);
		if (!may_read(s, p))
			continue;
		read_one(s, p);
		has_read = true;
	}
	for (size_t i = 0; i < s->partition_count; i++)
		has_read |= may_read(s, &s->partitions[i]);
	return has_read;
}

/* ---- the service ---- */

static struct note
note_of(const struct service_item *item)
{
	struct note note;

	memcpy(&note, item->note.data, sizeof(note)); /* it need not be aligned */
	return note;
}

static void
check_copy(struct sim *s, const struct service_item *item)
{
	const struct sim_record *r = find_record(s, item->record.position);
	char key[16];

	(void)snprintf(key, sizeof(key), "k%llu", (unsigned long long)r->key);
	HOLDS(s, slice_is(item->record.key, key));
	HOLDS(s, slice_is(item->record.topic, "t"));
	HOLDS(s, item->record.value.len == r->bytes && item->record.is_padded);
	for (size_t i = 0; i < r->bytes; i++)
		HOLDS(s, item->record.value.data[i] == (char)('a' + (int)(r->sequence % 26)));
	HOLDS(s, note_of(item).key == r->key && note_of(item).serial >= 0);
}

/* A service that may answer differently for each leaves a key's second record for the next
 * request. */
static size_t
choose(struct sim *s, const struct service_item *const *items, size_t count)
{
	bool is_in[KEYS_MAX] = { false };

	for (size_t i = 0; i < count; i++) {
		uint64_t key = note_of(items[i]).key;

		HOLDS(s, !s->is_key_out[key]);
		if (is_in[key] && !s->mood.is_uniform)
			return i;
		is_in[key] = true;
	}
	return count;
}

static void
send(struct sim *s, struct lane *lane)
{
	const struct service_item *const *items;
	size_t offered = lane_items(lane, &items), count, bytes = 0;
	struct flight *f = &s->flights[lane_number(lane)];
	struct lanes_counts c;

	HOLDS(s, offered >= 1 && offered <= s->options.batch_count_max && !f->lane);
	for (size_t i = 0; i < offered; i++) {
		bytes += items[i]->bytes;
		check_copy(s, items[i]);
	}
	HOLDS(s, offered == 1 || bytes <= s->options.batch_bytes_max);
	count = choose(s, items, offered);
	for (size_t i = 0; i < count; i++) {
		const struct position *at = &items[i]->record.position;

		/* what was taken away is another's to send */
		HOLDS(s, s->partitions[at->stream].is_ours);
		HOLDS(s, s->partitions[at->stream].term == at->term);
		HOLDS(s, at->sequence < s->stops[at->stream]);
		s->is_key_out[note_of(items[i]).key] = true;
	}
	lanes_counts(s->lanes, &c);
	HOLDS(s, c.in_flight < c.in_flight_max);
	lane_sent(lane, count);
	*f = (struct flight){ .lane = lane,
		.reply_ms = s->now_ms + (int64_t)below(s, (size_t)s->mood.latency_ms + 1) };
}

static void
deliver(struct sim *s, const struct service_item *item)
{
	struct sim_record *r = find_record(s, item->record.position);

	HOLDS(s, note_of(item).serial > s->last_put[r->key]);
	s->last_put[r->key] = note_of(item).serial;
	r->delivered++;
	r->is_settled = true;
}

static int
on_refused(void *context, const struct service_item *item, const char *reason, struct err *err)
{
	struct sim *s = context;

	HOLDS(s, slice_is(slice_of(reason), "bad"));
	if (fail_refusal(s, item->record.position))
		return err_set(err, ERR_DATA, "no place");
	find_record(s, item->record.position)->refused++;
	write_letter(s, item->record.position);
	return 0;
}

static enum service_fate
random_fate(struct sim *s)
{
	if (percent(s, s->mood.retry))
		return SERVICE_RETRY;
	return percent(s, s->mood.throttle) ? SERVICE_THROTTLED : SERVICE_DONE;
}

static void
settle(struct sim *s, struct lane *lane, const struct service_item *const *items, size_t count)
{
	static struct service_verdict verdicts[64];
	struct lanes_events events = { .context = s, .refused = on_refused };
	enum service_fate fate = random_fate(s);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < count; i++) {
		if (i && !s->mood.is_uniform)
			fate = random_fate(s);
		verdicts[i].fate = fate;
		verdicts[i].reason[0] = '\0';
		if (fate != SERVICE_DONE)
			continue;
		if (find_record(s, items[i]->record.position)->plan == PLAN_REFUSE) {
			verdicts[i].fate = SERVICE_REFUSED;
			(void)snprintf(verdicts[i].reason, sizeof(verdicts[i].reason), "bad");
		} else {
			deliver(s, items[i]);
		}
	}
	/* err says whether the reason is a refusal that failed */
	HOLDS(s, lane_settle(lane, verdicts, s->now_ms, &events, &err) ? err.class == ERR_DATA
	                                                                : err.class == ERR_NONE);
}

static void
refuse_alone(struct sim *s, struct lane *lane)
{
	struct service_verdict verdict = { .fate = SERVICE_REFUSED, .reason = "bad" };
	struct lanes_events events = { .context = s, .refused = on_refused };
	struct err err = ERR_INIT;

	HOLDS(s, lane_settle(lane, &verdict, s->now_ms, &events, &err) ? err.class == ERR_DATA
	                                                                : err.class == ERR_NONE);
}

static void
reply(struct sim *s, struct flight *f)
{
	struct lane *lane = f->lane;
	const struct service_item *const *items;
	size_t count = lane_in_flight(lane, &items), bytes = 0;
	bool is_bad = false;

	HOLDS(s, count >= 1);
	f->lane = NULL;
	for (size_t i = 0; i < count; i++) {
		check_copy(s, items[i]);
		s->is_key_out[note_of(items[i]).key] = false;
		bytes += items[i]->record.value.len;
		is_bad |= s->mood.is_terse &&
		    find_record(s, items[i]->record.position)->plan == PLAN_REFUSE;
	}
	if (percent(s, s->mood.lost_answer)) {
		s->is_disturbed = true; /* it may have had an effect; nobody knows */
		lane_again(lane, false, 0, s->now_ms);
	} else if (percent(s, s->mood.again)) {
		lane_again(lane, percent(s, 50), percent(s, 20) ? 700 : 0, s->now_ms);
	} else if (bytes > s->mood.body_bytes_max || is_bad) {
		if (!lane_split(lane, bytes > s->mood.body_bytes_max))
			refuse_alone(s, lane);
	} else {
		settle(s, lane, items, count);
	}
}

/* Some that will be refused are so before they are sent. True: the lane is to be asked again. */
static bool
refuse_unsent(struct sim *s, struct lane *lane)
{
	const struct service_item *const *items;
	size_t count = lane_items(lane, &items), unsent = 0;
	struct lanes_events events = { .context = s, .refused = on_refused };
	struct err err = ERR_INIT;

	while (unsent < count && percent(s, 60) &&
	       find_record(s, items[unsent]->record.position)->plan == PLAN_REFUSE)
		unsent++;
	if (unsent)
		HOLDS(s, lane_refuse(lane, unsent, "bad", &events, &err) ? err.class == ERR_DATA
		                                                         : err.class == ERR_NONE);
	return unsent > 0;
}

static void
send_all(struct sim *s, bool is_draining, int64_t *ret_due_ms)
{
	struct lane *lane;

	while ((lane = lanes_next(s->lanes, s->now_ms, is_draining, ret_due_ms))) {
		if (!refuse_unsent(s, lane))
			send(s, lane);
	}
}

static void
serve_replies(struct sim *s)
{
	for (size_t i = 0; i < s->options.lane_count; i++) {
		struct flight *f = &s->flights[i];

		if (f->lane && f->reply_ms <= s->now_ms)
			reply(s, f);
	}
}

/* ---- time ---- */

static void
sooner(int64_t *at_ms, int64_t other_ms)
{
	if (other_ms < *at_ms)
		*at_ms = other_ms;
}

static int64_t
next_reply_ms(const struct sim *s)
{
	int64_t at_ms = CLOCK_NEVER;

	for (size_t i = 0; i < s->options.lane_count; i++) {
		if (s->flights[i].lane)
			sooner(&at_ms, s->flights[i].reply_ms);
	}
	for (size_t i = 0; i < s->letter_count; i++)
		sooner(&at_ms, s->letters[i].durable_ms);
	return at_ms;
}

static void
advance(struct sim *s, int64_t to_ms)
{
	if (to_ms > s->now_ms)
		s->now_ms = to_ms;
	serve_replies(s);
	finish_letters(s);
	check_bounds(s);
}

static bool
is_quiet(const struct sim *s)
{
	struct lanes_counts c;

	lanes_counts(s->lanes, &c);
	return !c.waiting && !s->letter_count;
}

/* ---- processes ---- */

static void
assign(struct sim *s, size_t number)
{
	struct partition *p = &s->partitions[number];
	struct err err = ERR_INIT;

	p->is_ours = true;
	s->stops[number] = INT64_MAX;
	p->term = s->last_term;
	p->next = 0;
	p->is_end_told = false;
	while (p->next < p->count && p->records[p->next].sequence < p->committed)
		p->next++;
	HOLDS(s, !lanes_assign(s->lanes, (int32_t)number, p->term, p->committed, &err));
}

static void
start_process(struct sim *s)
{
	struct err err = ERR_INIT;

	s->lanes = lanes_new(&s->options, &err);
	HOLDS(s, s->lanes != NULL);
	s->last_term = 1;
	s->has_failed = s->has_ended = false;
	for (size_t i = 0; i < s->partition_count; i++)
		assign(s, i);
}

/* What it held is gone; what was on its way has no owner. */
static void
end_process(struct sim *s)
{
	lanes_free(s->lanes);
	s->lanes = NULL;
	s->letter_count = 0;
	for (size_t i = 0; i < LANES_MAX; i++)
		s->flights[i].lane = NULL;
	memset(s->is_key_out, 0, sizeof(s->is_key_out));
}

static void
crash(struct sim *s)
{
	s->is_disturbed = true;
	end_process(s);
	start_process(s);
}

/* All that was read, or what of it precedes the record that has no place. */
static void
check_committed(struct sim *s)
{
	for (size_t i = 0; i < s->partition_count; i++) {
		struct partition *p = &s->partitions[i];

		if (!p->is_ours || !p->next)
			continue;
		if (s->stops[i] < INT64_MAX)
			HOLDS(s, p->committed == s->stops[i]);
		else
			HOLDS(s, p->committed > p->records[p->next - 1].sequence);
	}
}

/* Stops reading, delivers what was read for at most DRAIN_MS, commits, and begins anew. */
static void
stop(struct sim *s)
{
	int64_t deadline_ms = s->now_ms + DRAIN_MS;

	while (!is_quiet(s) && s->now_ms < deadline_ms) {
		int64_t due_ms;

		send_all(s, true, &due_ms);
		sooner(&due_ms, next_reply_ms(s));
		HOLDS(s, due_ms != CLOCK_NEVER || is_quiet(s));
		sooner(&due_ms, deadline_ms);
		if (!is_quiet(s))
			advance(s, due_ms);
	}
	commit(s);
	if (is_quiet(s))
		check_committed(s);
	s->is_disturbed |= !is_quiet(s) || s->has_failed;
	if (s->has_failed)
		s->is_placeless = false; /* somebody has read what it said */
	end_process(s);
	start_process(s);
}

/* In-flight requests are waited for, what they settled is committed, the rest dropped. */
static void
give_back(struct sim *s)
{
	int64_t deadline_ms = s->now_ms + REVOKE_MS;

	for (;;) {
		int64_t due_ms = next_reply_ms(s);

		if (due_ms == CLOCK_NEVER || due_ms > deadline_ms)
			break;
		advance(s, due_ms);
	}
	commit(s);
}

/* All partitions are taken away, and come back one by one, some of them after another member has
 * read on. */
static void
rebalance(struct sim *s, bool is_lost)
{
	if (!is_lost)
		give_back(s);
	s->is_disturbed = true;
	s->last_term++;
	for (size_t i = 0; i < s->partition_count; i++) {
		struct partition *p = &s->partitions[i];

		if (!p->is_ours)
			continue;
		lanes_revoke(s->lanes, (int32_t)i);
		HOLDS(s, frontier_get(lanes_frontier(s->lanes), (int32_t)i) == -1);
		p->is_ours = false;
		p->back_ms = percent(s, 40) ? s->now_ms : s->now_ms + (int64_t)below(s, 1500);
	}
}

static void
take_back(struct sim *s)
{
	for (size_t i = 0; i < s->partition_count; i++) {
		if (!s->partitions[i].is_ours && s->partitions[i].back_ms <= s->now_ms)
			assign(s, i);
	}
}

static void
disturb(struct sim *s)
{
	size_t dice = below(s, 10);

	s->events_left--;
	s->event_ms = s->now_ms + (int64_t)below(s, 3000);
	if (dice < 1)
		crash(s);
	else if (dice < 3)
		stop(s);
	else
		rebalance(s, dice < 6);
}

/* ---- a run ---- */

static bool
is_over(const struct sim *s)
{
	for (size_t i = 0; i < s->partition_count; i++) {
		const struct partition *p = &s->partitions[i];

		if (!p->is_ours || p->committed < p->end)
			return false;
	}
	return is_quiet(s);
}

static bool
is_all_read(const struct sim *s)
{
	for (size_t i = 0; i < s->partition_count; i++) {
		if (!s->partitions[i].is_ours || s->partitions[i].next < s->partitions[i].count)
			return false;
	}
	return true;
}

/* As the pump has it: where all that may be read waits for its frontier, no batch gets fuller. Not where there is
 * no room: that the lanes see themselves. */
static bool
is_held(struct sim *s)
{
	bool is_ahead = false;

	for (size_t i = 0; i < s->partition_count; i++) {
		const struct partition *p = &s->partitions[i];

		if (!p->is_ours || p->next == p->count)
			continue;
		if (!lanes_is_ahead(s->lanes, (int32_t)i))
			return false;
		is_ahead = true;
	}
	return is_ahead;
}

static int64_t
count_dropped(const struct sim *s)
{
	struct lanes_counts c;

	lanes_counts(s->lanes, &c);
	return c.dropped;
}

/* The input was read to its end, and all has its fate. Where nothing went since, that fate is none but
 * what was wanted. */
static void
end_run(struct sim *s)
{
	commit(s);
	for (size_t i = 0; count_dropped(s) == s->dropped_at_end && i < s->partition_count; i++) {
		for (size_t at = 0; at < s->partitions[i].count; at++)
			HOLDS(s, s->partitions[i].records[at].is_settled);
	}
	end_process(s);
	start_process(s);
}

static void
step(struct sim *s)
{
	bool may_go_on;
	int64_t due_ms;

	take_back(s);
	may_go_on = read_some(s);
	if (s->is_bounded && !s->has_ended && !s->has_failed && is_all_read(s)) {
		s->has_ended = true;
		s->dropped_at_end = count_dropped(s);
	}
	check_bounds(s);
	send_all(s, s->has_ended || is_all_read(s) || is_held(s), &due_ms);
	if (s->has_failed) {
		stop(s);
		return;
	}
	if (s->has_ended && is_quiet(s)) {
		end_run(s);
		return;
	}
	if (s->now_ms >= s->commit_ms)
		commit(s);
	if (may_go_on && percent(s, 70)) {
		advance(s, s->now_ms);
		return;
	}
	sooner(&due_ms, next_reply_ms(s));
	/* nothing but time would help while records wait: then some time must be known */
	HOLDS(s, due_ms != CLOCK_NEVER || is_quiet(s));
	sooner(&due_ms, s->commit_ms);
	if (s->events_left)
		sooner(&due_ms, s->event_ms);
	for (size_t i = 0; i < s->partition_count; i++) {
		if (!s->partitions[i].is_ours)
			sooner(&due_ms, s->partitions[i].back_ms);
	}
	advance(s, due_ms);
	if (s->events_left && s->now_ms >= s->event_ms)
		disturb(s);
}

static void
check_fates(struct sim *s)
{
	for (size_t i = 0; i < s->partition_count; i++) {
		for (size_t at = 0; at < s->partitions[i].count; at++) {
			const struct sim_record *r = &s->partitions[i].records[at];
			bool is_good = r->plan == PLAN_DELIVER;
			bool is_bad = !is_good && r->plan != PLAN_FILTER;

			HOLDS(s, r->is_settled);
			HOLDS(s, (r->delivered > 0) == is_good);
			HOLDS(s, (r->refused > 0) == is_bad);
			HOLDS(s, s->is_disturbed || r->delivered + r->refused <= 1);
		}
	}
}

static void
check_counts(struct sim *s)
{
	struct lanes_counts c;

	lanes_counts(s->lanes, &c);
	HOLDS(s, !c.waiting && !c.in_flight && !c.bytes);
	HOLDS(s, c.read >= c.delivered + c.dropped);
}

static void
run_seed(uint64_t seed)
{
	struct sim s;
	size_t steps = 0;

	begin(&s, seed);
	start_process(&s);
	while (!is_over(&s)) {
		HOLDS(&s, ++steps < STEPS_MAX);
		step(&s);
	}
	check_fates(&s);
	check_counts(&s);
	end_process(&s);
}

static void
test_seeds(void **state)
{
	const char *one = getenv("SIM_SEED");

	(void)state;
	if (one) {
		run_seed(strtoull(one, NULL, 10));
		return;
	}
	for (uint64_t seed = 0; seed < SEEDS; seed++)
		run_seed(seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds),
	};

	return cmocka_run_group_tests_name("pump_sim", tests, NULL, NULL);
}
