/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/resume_kafka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/stop.h"
#include "io/kafka_admin.h"
#include "sink/topic.h"

enum {
	ID_BYTES_MAX = 128,
	INTERVAL_MS_MIN = 10,
	INTERVAL_MS_MAX = 60 * 1000,
	/* of a transaction; a killed process holds up readers for so long (brokers look every 10 s
	 * besides, transaction.abort.timed.out.transaction.cleanup.interval.ms) */
	TIMEOUT_MS_MIN = 10 * 1000,
	CHECK_WAIT_MS = 10 * 1000,
};

/* ---- options ---- */

const struct opt resume_rows[] = {
	{ 0, "resume-id", "ID",
	    "exactly once across restarts: keep the position under this name, go on from there",
	    OPT_TEXT, offsetof(struct resume_options, id), 0, 0, NULL },
	{ 0, "resume-topic", "TOPIC", "compacted topic that keeps positions [sluice-resume]", OPT_TEXT,
	    offsetof(struct resume_options, topic), 0, 0, NULL },
	{ 0, "commit-interval", "DURATION", "with --resume-id: how often to commit [1s]", OPT_DURATION,
	    offsetof(struct resume_options, interval_ms), INTERVAL_MS_MIN, INTERVAL_MS_MAX, NULL },
	{ 0, "resume-forget", NULL, "forget the position of --resume-id, and end", OPT_FLAG,
	    offsetof(struct resume_options, is_forgotten), 0, 0, NULL },
};
const size_t resume_row_count = sizeof(resume_rows) / sizeof(*resume_rows);

int
resume_options_check(const struct resume_options *o, struct err *err)
{
	if (!o->id && o->is_forgotten)
		return err_set(err, ERR_USAGE, "--resume-forget goes with --resume-id");
	if (!o->id)
		return 0;
	for (const char *c = o->id; *c; c++) {
		bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');

		if (!is_letter && !(*c >= '0' && *c <= '9') && !strchr("._-", *c))
			return err_set(err, ERR_USAGE,
			    "--resume-id: letters, digits, '.', '_' and '-' only, not \"%s\"", o->id);
	}
	if (strlen(o->id) > ID_BYTES_MAX)
		return err_set(err, ERR_USAGE, "--resume-id: longer than %d characters", ID_BYTES_MAX);
	return 0;
}

/* ---- opening ---- */

struct resume_kafka {
	struct resume_kafka_options options;
	struct transaction *transaction;
	struct resume *resume;
	struct buf kept;
	bool is_found;
};

static int
commit(void *context, int64_t deadline_mono_ms, struct err *err)
{
	return transaction_commit(context, deadline_mono_ms, err);
}

static bool
is_open(void *context)
{
	return transaction_begun_ms(context) != CLOCK_NEVER;
}

/* The user's transaction.timeout.ms holds, where it is set. */
static int64_t
choose_timeout_ms(const struct resume_kafka_options *o)
{
	const char *given = kafka_options_get(&o->client->kafka, "transaction.timeout.ms");
	int64_t timeout_ms = 3 * o->resume->interval_ms;

	if (given)
		return strtoll(given, NULL, 10);
	return timeout_ms < TIMEOUT_MS_MIN ? TIMEOUT_MS_MIN : timeout_ms;
}

static int
open_transaction(struct resume_kafka *k, struct err *err)
{
	const struct resume_kafka_options *o = &k->options;
	char id[ID_BYTES_MAX + sizeof("sluice-s3-to-kafka-")];
	const struct transaction_options options = {
		.kafka = &o->client->kafka,
		.id = id,
		.compression = o->compression,
		.timeout_ms = choose_timeout_ms(o),
		.wait_ms = o->wait_ms,
		.memory_bytes = o->memory_bytes,
	};

	(void)snprintf(id, sizeof(id), "sluice-s3-to-kafka-%s", o->resume->id);
	k->transaction = transaction_open(&options, err);
	return k->transaction ? 0 : -1;
}

/* Before anything: brokers that are not there, a topic that must be made. Then fence, then look. */
static int
open_all(struct resume_kafka *k, struct err *err)
{
	const struct resume_kafka_options *o = &k->options;
	const struct kafka_options *kafka = &o->client->kafka;
	struct sink_topic_options states = { .kafka = kafka, .topic = o->resume->topic,
		.wait_ms = o->wait_ms };
	struct resume_log log = { .commit = commit, .is_open = is_open };

	if (kafka_ensure_compacted(kafka, o->resume->topic, o->wait_ms, err))
		return err_wrap(err, "--resume-topic");
	if (open_transaction(k, err))
		return err_wrap(err, "--resume-id %s", o->resume->id);
	if (kafka_read_last(kafka, o->resume->topic, slice_of(o->resume->id), o->wait_ms, &k->kept,
		&k->is_found, err))
		return err_wrap(err, "--resume-topic");
	states.transaction = k->transaction;
	log.context = k->transaction;
	log.states = sink_topic_open(&states, NULL, err);
	if (!log.states)
		return err_wrap(err, "--resume-topic");
	k->resume = resume_new(o->resume, o->run, &log, err);
	return k->resume ? 0 : -1;
}

struct resume_kafka *
resume_kafka_open(const struct resume_kafka_options *o, struct err *err)
{
	struct resume_kafka *k = calloc(1, sizeof(*k));

	if (!k) {
		err_no_memory(err);
		return NULL;
	}
	k->options = *o;
	buf_init(&k->kept, RESUME_STATE_BYTES_MAX);
	if (!open_all(k, err))
		return k;
	resume_kafka_free(k);
	return NULL;
}

void
resume_kafka_free(struct resume_kafka *k)
{
	if (!k)
		return;
	resume_free(k->resume);
	transaction_free(k->transaction);
	buf_release(&k->kept);
	free(k);
}

struct transaction *
resume_kafka_transaction(struct resume_kafka *k)
{
	return k->transaction;
}

struct resume *
resume_kafka_resume(struct resume_kafka *k)
{
	return k->resume;
}

bool
resume_kafka_is_known(const struct resume_kafka *k)
{
	return k->is_found;
}

int
resume_kafka_begin(struct resume_kafka *k, struct resume_facts *facts, struct source *source,
    struct err *err)
{
	return resume_begin(k->resume, buf_slice(&k->kept), facts, source, err);
}

/* ---- several processes of one id ---- */

int
resume_kafka_name_run(char ret[static RESUME_RUN_BYTES], struct err *err)
{
	unsigned char bytes[(RESUME_RUN_BYTES - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, ERR_FAULT, errno, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* Whose state is kept now. */
enum keeper {
	KEEPER_UNKNOWN, /* it cannot be read, or there is none */
	KEEPER_EARLIER, /* what this process found */
	KEEPER_OURS,
	KEEPER_OTHER,   /* who has gone on from there */
};

static enum keeper
judge_keeper(const struct resume_kafka *k, struct slice kept)
{
	struct resume_state state = { .object = NULL };
	struct err err = ERR_INIT;
	enum keeper keeper = KEEPER_OTHER;

	if (k->is_found && slice_equal(kept, buf_slice(&k->kept)))
		return KEEPER_EARLIER;
	if (resume_state_parse(kept, &state, &err))
		keeper = KEEPER_UNKNOWN;
	else if (strcmp(state.run, k->options.run) == 0)
		keeper = KEEPER_OURS;
	resume_state_release(&state);
	return keeper;
}

static enum keeper
look_for_keeper(const struct resume_kafka *k)
{
	const struct resume_kafka_options *o = &k->options;
	struct buf kept;
	struct err err = ERR_INIT;
	enum keeper keeper = KEEPER_UNKNOWN;
	bool is_found = false;

	buf_init(&kept, RESUME_STATE_BYTES_MAX);
	if (!kafka_read_last(&o->client->kafka, o->resume->topic, slice_of(o->resume->id),
		CHECK_WAIT_MS, &kept, &is_found, &err) &&
	    is_found)
		keeper = judge_keeper(k, buf_slice(&kept));
	buf_release(&kept);
	return keeper;
}

bool
resume_kafka_may_reopen(const struct resume_kafka *k, struct err *err)
{
	bool may_have_timed_out;
	bool is_fenced = transaction_is_fenced(k->transaction, &may_have_timed_out);

	if (!is_fenced && stop_requested())
		return true; /* nothing will be opened again, and --drain is running out */
	/* librdkafka does not take each answer of a broker that the producer's epoch is old for a fatal error */
	if (is_fenced ? may_have_timed_out && look_for_keeper(k) == KEEPER_OURS
		      : look_for_keeper(k) != KEEPER_OTHER)
		return true;
	err_set(err, ERR_STOPPED,
	    "--resume-id %s: another process has taken it over; what this one had not committed is undone",
	    k->options.resume->id);
	return false;
}
