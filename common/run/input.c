/* SPDX-License-Identifier: MIT */
#include "run/input.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "source/pipe.h"

static int
set_offset(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct input_options *options = target;

	(void)origin;
	return offset_spec_parse(value, &options->start, &options->has_start,
	    &options->has_stop_time, &options->stop_time_ms, err);
}

static int
add_partition(struct input_options *options, const char *text, struct err *err)
{
	int64_t number;

	if (opt_parse_int(text, &number, err))
		return -1;
	if (number < 0 || number > INT32_MAX)
		return err_set(err, ERR_USAGE, "\"%s\" is no partition", text);
	for (size_t i = 0; i < options->partition_count; i++) {
		if (options->partitions[i] == number)
			return 0;
	}
	if (options->partition_count == INPUT_PARTITIONS_MAX)
		return err_set(err, ERR_USAGE, "more than %d partitions", INPUT_PARTITIONS_MAX);
	options->partitions[options->partition_count++] = (int32_t)number;
	return 0;
}

/* "3" or "0,2,5" */
static int
set_partitions(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct slice rest = slice_of(value), one;
	bool has_more;

	(void)origin;
	do {
		char text[24];

		has_more = slice_cut(rest, ',', &one, &rest);
		if (one.len >= sizeof(text))
			return err_set(err, ERR_USAGE, "\"%s\" is no partition", value);
		memcpy(text, one.data, one.len);
		text[one.len] = '\0';
		if (add_partition(target, text, err))
			return -1;
	} while (has_more);
	return 0;
}

static int
set_envelope(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct input_options *options = target;
	bool both = !value || !strcmp(value, "true");

	(void)origin;
	if (!both && strcmp(value, "in") && strcmp(value, "out"))
		return err_set(err, ERR_USAGE, "\"%s\" is neither in nor out", value);
	if (both || !strcmp(value, "in"))
		options->has_envelopes_in = true;
	if (both || !strcmp(value, "out"))
		options->has_envelopes_out = true;
	return 0;
}

const struct opt input_rows[] = {
	{ 't', "topic", "TOPIC", "topic to read", OPT_TEXT,
	    offsetof(struct input_options, topic), 0, 0, NULL },
	{ 'G', "group", "GROUP", "consumer group whose offsets are read and committed", OPT_TEXT,
	    offsetof(struct input_options, group), 0, 0, NULL },
	{ 'p', "partition", "N[,N...]", "read these partitions, without a group; commit nothing",
	    OPT_CALL, 0, 0, 0, set_partitions },
	{ 'o', "offset", "WHERE",
	    "where to start: beginning, end, stored, N, -N (from the end), s@TIME; e@TIME: where to "
	    "stop [stored, else beginning]",
	    OPT_CALL, 0, 0, 0, set_offset },
	{ 'e', "exit-at-end", NULL, "stop at the end offsets seen at the start", OPT_FLAG,
	    offsetof(struct input_options, exit_at_end), 0, 0, NULL },
	{ 'c', "count", "N", "stop after N records", OPT_INT,
	    offsetof(struct input_options, count_max), 1, 0, NULL },
	{ 'J', "envelope", "[=in|out]",
	    "pipes carry JSON objects with topic, offset, key, headers and payload", OPT_CALL, 0, 0, 0,
	    set_envelope },
	{ 0, "memory", "SIZE", "bound on buffered bytes [32M]", OPT_SIZE,
	    offsetof(struct input_options, memory_bytes), 1024 * 1024, 0, NULL },
};
const size_t input_row_count = sizeof(input_rows) / sizeof(*input_rows);

const struct opt input_pipe_rows[] = {
	{ 0, "line-max", "SIZE", "longest line of standard input [16M]", OPT_SIZE,
	    offsetof(struct input_options, line_bytes_max), 1, 1024 * 1024 * 1024, NULL },
};
const size_t input_pipe_row_count = sizeof(input_pipe_rows) / sizeof(*input_pipe_rows);

bool
input_is_bounded(const struct input_options *options)
{
	return !options->topic || options->exit_at_end || options->count_max ||
	    options->has_stop_time;
}

/* Brokers on the command line have a use without a topic to read: one to write to. */
static bool
writes_to_topic(const struct job *job)
{
	static const char *const targets[] = { "output-topic", "dead-letter", "late",
		"on-failure" };

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		if (opt_origin(&job->set, targets[i]) != OPT_UNSET)
			return true;
	}
	return false;
}

static int
check_pipe(const struct input_options *options, const struct job *job, struct err *err)
{
	/* brokers from the environment or a file say nothing; on the command line they do */
	static const char *const of_topics[] = { "brokers", "group", "offset", "partition",
		"exit-at-end" };

	for (size_t i = 0; i < sizeof(of_topics) / sizeof(*of_topics); i++) {
		if (opt_origin(&job->set, of_topics[i]) != OPT_COMMAND_LINE)
			continue;
		if (strcmp(of_topics[i], "brokers") == 0 && writes_to_topic(job))
			continue;
		return err_set(err, ERR_USAGE, "--%s is given, but no topic to read (-t)",
		    of_topics[i]);
	}
	(void)options;
	if (isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE,
		    "standard input is a terminal: give a topic (-t) or pipe records in");
	return 0;
}

static int
check_topic(const struct input_options *options, const struct client_options *client,
    struct err *err)
{
	if (!client->kafka.brokers)
		return err_set(err, ERR_USAGE,
		    "no brokers: give -b HOST:PORT or set BOOTSTRAP_SERVERS");
	if (options->partition_count && options->group)
		return err_set(err, ERR_USAGE, "-p reads without a group: leave out -G");
	if (options->has_envelopes_in && !options->has_envelopes_out)
		return err_set(err, ERR_USAGE, "-J=in is for standard input, not for a topic");
	return 0;
}

static struct source *
open_pipe(const struct input_options *options, struct err *err)
{
	struct source_pipe_options pipe = {
		.fd = STDIN_FILENO,
		.name = "stdin",
		.line_bytes_max = (size_t)options->line_bytes_max,
		.has_envelopes = options->has_envelopes_in,
		.count_max = options->count_max,
	};

	return source_pipe_open(&pipe, err);
}

enum { DIGITS_BYTES = 9 }; /* of a group: a '-' and the hash */

/* Characters that would need quoting somewhere turned to '-'; false where there is none. */
static bool
make_plain(char *text)
{
	bool has_odd = false;

	for (char *c = text; *c; c++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *c)) {
			*c = '-';
			has_odd = true;
		}
	}
	return has_odd;
}

/* sluice.TOOL.TOPIC.TARGET. Where that is not the very target, eight digits of its hash follow: s3://b/a-b and
 * s3://b/a/b are two groups. */
static void
default_group(const char *tool, const char *topic, const char *target,
    char group[static INPUT_GROUP_BYTES_MAX + 1])
{
	int len = snprintf(group, INPUT_GROUP_BYTES_MAX + 1, "sluice.%s.%s%s%s", tool, topic,
	    target ? "." : "", target ? target : "");
	bool is_other = len > INPUT_GROUP_BYTES_MAX;
	size_t end = strlen(group);

	if ((!make_plain(group) && !is_other) || !target)
		return;
	if (end > INPUT_GROUP_BYTES_MAX - DIGITS_BYTES)
		end = INPUT_GROUP_BYTES_MAX - DIGITS_BYTES;
	(void)snprintf(group + end, DIGITS_BYTES + 1, "-%08" PRIx32,
	    (uint32_t)(slice_hash(SLICE_HASH_SEED, slice_of(target)) >> 32));
}

const char *
input_group(const struct input_options *options, const struct job *job,
    const struct input_needs *needs, char text[static INPUT_GROUP_BYTES_MAX + 1])
{
	if (options->group)
		return options->group;
	if (!options->topic || options->partition_count || needs->is_group_optional)
		return "";
	default_group(job->tool->name, options->topic, needs->target, text);
	return text;
}

static struct source *
open_topic(const struct input_options *options, const struct client_options *client,
    const struct job *job, const struct input_needs *needs, const struct source_events *events,
    struct err *err)
{
	char text[INPUT_GROUP_BYTES_MAX + 1];
	const char *group = input_group(options, job, needs, text);
	struct source_topic_options topic = {
		.kafka = &client->kafka,
		.topic = options->topic,
		.group = *group ? group : NULL,
		.partitions = options->partitions,
		.partition_count = options->partition_count,
		.start = options->start,
		.has_stop_time = options->has_stop_time,
		.stop_time_ms = options->stop_time_ms,
		.exit_at_end = options->exit_at_end,
		.count_max = options->count_max,
		.want_headers = needs->want_headers,
		.want_all_partitions = needs->want_all_partitions,
		.accepts_gaps = needs->accepts_gaps,
		.wait_ms = client->wait_ms,
		.memory_bytes = (size_t)options->memory_bytes,
	};

	if (!topic.group && options->has_start && options->start.kind == OFFSET_STORED) {
		err_set(err, ERR_USAGE, "only a group has stored offsets: give -G");
		return NULL;
	}
	if (topic.group)
		diag_note("reading %s as group %s", options->topic, topic.group);
	return source_topic_open(&topic, events, err);
}

struct source *
input_open(const struct input_options *options, const struct client_options *client,
    const struct job *job, const struct input_needs *needs, const struct source_events *events,
    struct err *err)
{
	if (!options->topic)
		return check_pipe(options, job, err) ? NULL : open_pipe(options, err);
	if (check_topic(options, client, err))
		return NULL;
	return open_topic(options, client, job, needs, events, err);
}
