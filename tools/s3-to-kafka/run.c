/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/run.h"

#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "s3-to-kafka/numbers.h"
#include "run/output.h"
#include "sink/topic.h"

/* with --resume-id, after a transaction that failed */
enum {
	FAILURES_MAX = 5,           /* in a row, nothing committed between */
	BROKER_MS_MIN = 300 * 1000, /* how long to wait for brokers, as message.timeout.ms does else */
	PAUSE_MS_MIN = 100,
};

static void
say_dry_forget(const struct options *o)
{
	diag_note("would forget --resume-id %s in topic %s", o->resume.id, o->resume.topic);
}

static void
say_dry_run(const struct options *o, const struct source *source)
{
	struct objects_progress files;

	source_objects_progress(source, &files);
	diag_note("would replay %zu object%s (%lld bytes) to %s%s", files.file_count,
	    files.file_count == 1 ? "" : "s", (long long)files.bytes_all,
	    o->topic ? "topic " : "standard output", o->topic ? o->topic : "");
}

/* What lasts over the attempts of one process, and who is told of it while they work. */
struct run {
	struct options *options;
	struct numbers numbers;
	struct report report;
};

static void
on_told(void *context, const struct replay_numbers *now)
{
	struct run *run = context;

	numbers_set(&run->numbers, now);
	report_tell(&run->report);
}

/* The last word, after the last line that is drawn again. */
static void
say_summary(struct run *run, const struct replay_counts *counts)
{
	report_end(&run->report);
	run->numbers.replay.counts = *counts;
	numbers_say(&run->numbers);
}

static struct source *
open_input(void *context, struct err *err)
{
	const struct options *o = context;

	return source_objects_open(&o->objects, err);
}

/* --from */
static int
move_to_start(const struct options *o, struct source *source, struct err *err)
{
	struct objects_mark mark = { .object = 0 };
	const char *name;

	if (!o->from)
		return 0;
	while ((name = source_objects_name(source, mark.object)) && strcmp(name, o->from))
		mark.object++;
	if (!name)
		return err_set(err, ERR_NO_INPUT, "--from: %s is none of the objects", o->from);
	return source_objects_seek(source, &mark, err);
}

/* In a form that can be given to the next run. */
static void
say_standing(struct replay *replay)
{
	struct replay_standing at;

	if (!replay_get_standing(replay, &at) || !at.next_object)
		return;
	if (!at.object)
		diag_note("nothing is acknowledged from the first record on");
	else if (strcmp(at.next_object, "-") == 0)
		diag_note("acknowledged all up to line %lld of standard input; to go on: "
			  "tail -n +%lld", (long long)at.line, (long long)at.next_line);
	else
		diag_note("acknowledged all up to %s line %lld; to go on: --from '%s' --from-line %lld",
		    at.object, (long long)at.line, at.next_object, (long long)at.next_line);
}

/* librdkafka waits 5 ms for a batch to fill (queue.buffering.max.ms), longer than a paced record may
 * be late. */
static int
prefer_punctual(struct options *o, struct err *err)
{
	struct kafka_options *kafka = &o->client.kafka;

	if ((o->replay.speedup <= 0 && o->replay.rate <= 0) ||
	    kafka_options_get(kafka, "queue.buffering.max.ms"))
		return 0;
	return kafka_options_add(kafka, "queue.buffering.max.ms=1", false, err);
}

/* Opens both ends of the outlet. */
static int
open_outputs(struct options *o, struct outlet *outlet, struct sink **ret_sink,
    struct deadletter **ret_letters, struct err *err)
{
	const struct sink_done sent = outlet_sink_done(outlet), kept = outlet_letter_done(outlet);

	if (prefer_punctual(o, err))
		return -1;
	*ret_sink = output_open(o->topic, o->compression, &o->client,
	    (size_t)o->replay.memory_bytes, o->replay.drain_ms, &sent, err);
	if (!*ret_sink)
		return -1;
	if (o->topic && sink_topic_check_partition(*ret_sink, o->replay.composer.partition, err))
		return -1;
	outlet_attach(outlet, *ret_sink, o->topic ? sink_topic_partition_count(*ret_sink) : 0);
	*ret_letters = deadletter_open(&o->letters, &o->client, o->job.tool->name, &kept, err);
	return *ret_letters ? 0 : -1;
}

/* ---- one way through the input ---- */

/* Takes over source; resume may be NULL. *ret_counts is left alone where it did not come to reading. */
static int
run_through(struct run *run, struct source *source, struct outlet *outlet, struct resume *resume,
    enum job_input *ret_input, struct replay_counts *ret_counts, struct err *err)
{
	struct options *o = run->options;
	const struct replay_input input = { .context = o, .open = open_input };
	const struct replay_watch watch = { run, on_told, report_every_ms(&run->report) };
	struct sink_waiting waiting;
	struct sink *sink = NULL;
	struct deadletter *letters = NULL;
	struct replay *replay = NULL;
	int rc = -1;

	if (open_outputs(o, outlet, &sink, &letters, err))
		goto out;
	replay = replay_new(&o->replay, source, &input, outlet, letters, resume, err);
	source = NULL; /* taken over */
	if (!replay)
		goto out;
	replay_set_watch(replay, &watch);
	waiting = replay_waiting(replay);
	sink_set_waiting(sink, &waiting);
	rc = replay_run(replay, ret_input, err);
	replay_get_counts(replay, ret_counts);
	if (!resume && !err->is_broken_pipe) { /* which ends the tool in silence */
		say_summary(run, ret_counts);
		/* merged objects have no line to begin with */
		if ((rc || *ret_input != JOB_INPUT_ENDED) && !o->objects.merges)
			say_standing(replay);
	}
out:
	replay_free(replay);
	deadletter_free(letters);
	sink_free(sink);
	source_free(source);
	return rc;
}

static int
run_plain(struct run *run, struct source *source, enum job_input *ret_input, struct err *err)
{
	struct outlet *outlet = outlet_new(err);
	struct replay_counts counts;
	int rc = -1;

	if (outlet && !move_to_start(run->options, source, err)) {
		rc = run_through(run, source, outlet, NULL, ret_input, &counts, err);
		source = NULL; /* taken over */
	}
	outlet_free(outlet);
	source_free(source);
	return rc;
}

/* ---- with a position that is kept ---- */

/* What lasts over the attempts of one process. */
struct keeping {
	char run[RESUME_RUN_BYTES];
	bool has_start;
	struct resume_point start;
	int64_t wait_ms;
	int failures;
};

static int
collect_facts(const struct options *o, struct resume_facts *facts, struct err *err)
{
	static const char *const formats[] = { NULL, "json", "csv" };
	const char delimiter[] = { o->objects.delimiter, '\0' };

	if (resume_facts_add(facts, "--topic", o->topic, err) ||
	    resume_facts_add(facts, "-X partitioner",
	        kafka_options_get(&o->client.kafka, "partitioner"), err) ||
	    replay_options_facts(&o->replay, facts, err) ||
	    resume_facts_add(facts, "--format", formats[o->objects.format], err) ||
	    resume_facts_add(facts, "--columns", o->objects.columns, err) ||
	    resume_facts_add(facts, "--merge", o->objects.merges ? "yes" : NULL, err) ||
	    resume_facts_add(facts, "--header", o->objects.has_header ? "yes" : NULL, err))
		return -1;
	return resume_facts_add(facts, "--delimiter", *delimiter == ',' ? NULL : delimiter, err) ||
	    resume_facts_add_int(facts, "--line-max", o->line_bytes_max, err) ? -1 : 0;
}

/* Moves the source to where to go on. */
static int
begin_kept(struct options *o, struct keeping *k, struct resume_kafka *kafka, struct source *source,
    struct err *err)
{
	struct resume *resume = resume_kafka_resume(kafka);
	struct resume_facts facts = { .count = 0 };
	int rc = collect_facts(o, &facts, err);

	if (!rc)
		rc = resume_kafka_begin(kafka, &facts, source, err);
	resume_facts_release(&facts);
	if (rc)
		return -1;
	if (!k->has_start)
		k->start = *resume_point(resume);
	k->has_start = true;
	resume_set_start(resume, &k->start);
	if (resume_point(resume)->counts.read)
		diag_note("going on behind %lld records read, %lld of them sent",
		    (long long)resume_point(resume)->counts.read,
		    (long long)resume_point(resume)->counts.sent);
	return 0;
}

static void
say_finished(const struct keeping *k, const struct options *o, const struct resume *resume)
{
	if (k->start.is_done && resume_point(resume)->counts.read == k->start.counts.read)
		diag_note("--resume-id %s was finished before, and nothing was added to its input",
		    o->resume.id);
}

static struct resume_kafka *
open_kept(struct options *o, const struct keeping *k, struct err *err)
{
	const struct resume_kafka_options options = {
		.resume = &o->resume,
		.client = &o->client,
		.run = k->run,
		.compression = o->compression,
		.memory_bytes = (size_t)o->replay.memory_bytes,
		.wait_ms = k->wait_ms,
	};

	return prefer_punctual(o, err) ? NULL : resume_kafka_open(&options, err);
}

/* *ret_again: it failed in a way that going on from what is committed may cure. */
static int
attempt(struct run *run, struct keeping *k, enum job_input *ret_input, bool *ret_again,
    struct err *err)
{
	struct options *o = run->options;
	struct source *source = open_input(o, err); /* first: it fences nobody */
	struct outlet *outlet = source ? outlet_new(err) : NULL;
	struct resume_kafka *kafka = outlet ? open_kept(o, k, err) : NULL;
	struct replay_counts counts = { .read = -1 };
	int rc = -1;

	*ret_again = false;
	if (kafka && !begin_kept(o, k, kafka, source, err)) {
		struct resume *resume = resume_kafka_resume(kafka);
		int64_t sent = resume_point(resume)->counts.sent;

		o->client.transaction = resume_kafka_transaction(kafka);
		rc = run_through(run, source, outlet, resume, ret_input, &counts, err);
		source = NULL; /* taken over */
		if (resume_point(resume)->counts.sent > sent)
			k->failures = 0;
	}
	if (kafka && rc && (err->class == ERR_UNAVAILABLE || err->class == ERR_STOPPED))
		*ret_again = resume_kafka_may_reopen(kafka, err) && !stop_requested() &&
		    ++k->failures <= FAILURES_MAX;
	if (!*ret_again && counts.read >= 0)
		say_summary(run, &counts);
	if (!rc)
		say_finished(k, o, resume_kafka_resume(kafka));
	o->client.transaction = NULL;
	source_free(source);
	resume_kafka_free(kafka); /* reports may come until here */
	outlet_free(outlet);
	return rc;
}

static int
run_kept(struct run *run, enum job_input *ret_input, struct err *err)
{
	struct keeping k = { .wait_ms = run->options->client.wait_ms };
	bool again;

	if (resume_kafka_name_run(k.run, err))
		return -1;
	for (;;) {
		int rc = attempt(run, &k, ret_input, &again, err);

		if (!rc || !again)
			return rc;
		diag_warn("%s; going back to what is committed", err->text);
		if (k.wait_ms < BROKER_MS_MIN)
			k.wait_ms = BROKER_MS_MIN;
		if (stop_wait(clock_deadline((int64_t)PAUSE_MS_MIN << k.failures)))
			return -1;
		err_clear(err);
	}
}

/* A mistyped id must not look forgotten. */
static int
forget_known(const struct options *o, struct resume_kafka *kafka, struct err *err)
{
	if (!resume_kafka_is_known(kafka))
		return err_set(err, ERR_NO_INPUT, "--resume-forget: nothing is kept under --resume-id %s in topic %s",
		    o->resume.id, o->resume.topic);
	if (resume_forget(resume_kafka_resume(kafka), err))
		return -1;
	diag_note("--resume-id %s is forgotten", o->resume.id);
	return 0;
}

static int
forget(struct options *o, struct err *err)
{
	struct keeping k = { .wait_ms = o->client.wait_ms };
	struct resume_kafka *kafka;
	int rc;

	if (resume_kafka_name_run(k.run, err) || !(kafka = open_kept(o, &k, err)))
		return -1;
	rc = forget_known(o, kafka, err);
	resume_kafka_free(kafka);
	return rc;
}

static int
run_dry(const struct options *o, struct source *source, enum job_input *ret_input)
{
	say_dry_run(o, source);
	source_free(source);
	*ret_input = JOB_INPUT_ENDED;
	return 0;
}

static int
run_told(struct run *run, enum job_input *ret_input, struct err *err)
{
	struct options *o = run->options;
	struct source *source;
	int rc = -1;

	if (report_check(&run->report, err))
		return -1;
	report_begin(&run->report);
	if (o->resume.id)
		rc = run_kept(run, ret_input, err);
	else if ((source = open_input(o, err)))
		rc = run_plain(run, source, ret_input, err);
	report_end(&run->report);
	if (run->numbers.processes) { /* it came to reading */
		numbers_rest(&run->numbers);
		report_write(&run->report);
	}
	return rc;
}

int
run_replay(struct options *o, enum job_input *ret_input, struct err *err)
{
	struct run run = { .options = o };
	struct source *source;

	run.report = (struct report){ .job = &o->job,
		.options = &o->reports,
		.topic = o->topic,
		.group = "",
		.values = numbers_values,
		.value_count = numbers_value_count,
		.numbers = &run.numbers,
		.writes_data = !o->topic,
		.context = o,
		.measure = numbers_measure };
	if (o->resume.is_forgotten) {
		*ret_input = JOB_INPUT_ENDED;
		if (!o->job.options.is_dry_run)
			return forget(o, err);
		say_dry_forget(o);
		return 0;
	}
	if (!o->job.options.is_dry_run)
		return run_told(&run, ret_input, err);
	source = open_input(o, err);
	return source ? run_dry(o, source, ret_input) : -1;
}
