/* SPDX-License-Identifier: MIT */
#include "run/deadletter.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "flow/envelope.h"

enum {
	ENVELOPE_BYTES_MAX = 1024 * 1024 * 1024,
	REPORTED_MAX = 10, /* lines on stderr, one a record; then only the count at the end */
};

struct deadletter {
	const char *tool;
	struct deadletter_form form; /* append NULL: the envelope */
	int64_t count_max;
	int64_t count;
	int64_t durable; /* of those, as far as flushed */
	int64_t bytes;
	struct sink *sink; /* NULL without a target */
	int fd;
	struct buf envelope;
};

const struct opt deadletter_rows[] = {
	{ 0, "dead-letter", "TOPIC|FILE",
	    "put rejected records there and go on (a file's name has a '/' in it) [stop at the first]",
	    OPT_TEXT, offsetof(struct deadletter_options, target), 0, 0, NULL },
	{ 0, "dead-letter-max", "N", "stop when more than N records were rejected [no limit]", OPT_INT,
	    offsetof(struct deadletter_options, count_max), 1, 0, NULL },
};
const size_t deadletter_row_count = sizeof(deadletter_rows) / sizeof(*deadletter_rows);

int
deadletter_check(const struct deadletter_options *options, const struct job *job,
    const char *topic_read, struct err *err)
{
	/* --on-failure, where a tool has it, takes the place of --dead-letter */
	if (opt_origin(&job->set, "on-failure") == OPT_UNSET &&
	    job_check_pair(job, "dead-letter-max", "dead-letter", err))
		return -1;
	return client_check_target("dead-letter", options->target, topic_read, err);
}

struct deadletter *
deadletter_open(const struct deadletter_options *options, const struct client_options *client,
    const char *tool, const struct sink_done *done, struct err *err)
{
	struct deadletter *letters = calloc(1, sizeof(*letters));
	const struct client_target target = { .name = options->target,
		.memory_bytes = options->memory_bytes, .drain_ms = options->drain_ms };

	if (!letters) {
		err_no_memory(err);
		return NULL;
	}
	letters->tool = tool;
	letters->count_max = options->count_max;
	letters->form.option = "--dead-letter";
	if (options->form)
		letters->form = *options->form;
	letters->fd = -1;
	buf_init(&letters->envelope, ENVELOPE_BYTES_MAX);
	if (!options->target)
		return letters;
	letters->sink = client_open_target(client, &target, done, &letters->fd, err);
	if (!letters->sink) {
		err_wrap(err, "%s", letters->form.option);
		deadletter_free(letters);
		return NULL;
	}
	return letters;
}

void
deadletter_free(struct deadletter *letters)
{
	if (!letters)
		return;
	sink_free(letters->sink);
	if (letters->fd >= 0)
		(void)close(letters->fd); /* flushed and synced before, or given up */
	buf_release(&letters->envelope);
	free(letters);
}

/* The reason alone, without the place and the byte that record_reject put before it. */
static const char *
split_reason(const struct record *record, const char *text, int64_t *ret_byte)
{
	char place[RECORD_PLACE_BYTES];
	size_t len;
	char *end;

	*ret_byte = -1;
	record_place(record, place);
	len = strlen(place);
	if (strncmp(text, place, len) == 0 && strncmp(text + len, ": ", 2) == 0)
		text += len + 2;
	if (strncmp(text, "byte ", 5) == 0) {
		*ret_byte = strtoll(text + 5, &end, 10);
		if (strncmp(end, ": ", 2) == 0)
			return end + 2;
		*ret_byte = -1;
	}
	return text;
}

static int
append_letter(struct deadletter *letters, const struct record *record, const char *text,
    struct err *err)
{
	int64_t byte;
	const char *reason = split_reason(record, text, &byte);

	buf_clear(&letters->envelope);
	if (letters->form.append)
		return letters->form.append(letters->form.context, record, &letters->envelope, err);
	return envelope_append_error(
	    &letters->envelope, record, letters->tool, "data", reason, byte, err);
}

static int
write_letter(struct deadletter *letters, const struct record *record, const char *text,
    struct err *err)
{
	struct outgoing out = {
		.key = record->key,
		.has_key = record->has_key,
		.has_value = true,
		.time_ms = RECORD_NO_TIME,
		.partition = -1,
		.position = record->position,
	};

	if (append_letter(letters, record, text, err))
		return -1;
	out.value = buf_slice(&letters->envelope);
	return sink_write(letters->sink, &out, err);
}

int
deadletter_put(struct deadletter *letters, const struct record *record, const struct err *why,
    struct err *err)
{
	char text[ERR_TEXT_BYTES];

	/* why may be err itself */
	memcpy(text, why->text, sizeof(text));
	if (why->class != ERR_DATA || !letters->sink) {
		if (why != err)
			*err = *why;
		return -1;
	}
	if (write_letter(letters, record, text, err))
		return err_wrap(err, "%s", letters->form.option);
	letters->count++;
	letters->bytes += (int64_t)letters->envelope.len;
	if (letters->count <= REPORTED_MAX)
		diag_warn("%s%s", text,
		    letters->count == REPORTED_MAX ? " (further rejected records are only counted)"
						   : "");
	if (letters->count_max && letters->count > letters->count_max)
		return err_set(err, ERR_DATA, "%s (more than --dead-letter-max %lld rejected records)",
		    text, (long long)letters->count_max);
	err_clear(err);
	return 0;
}

int
deadletter_flush(struct deadletter *letters, int64_t deadline_mono_ms, struct err *err)
{
	if (letters->durable == letters->count)
		return 0;
	if (sink_flush(letters->sink, deadline_mono_ms, err))
		return err_wrap(err, "%s", letters->form.option);
	letters->durable = letters->count;
	return 0;
}

int
deadletter_push(struct deadletter *letters, struct err *err)
{
	if (letters->fd >= 0)
		return deadletter_flush(letters, CLOCK_NEVER, err);
	if (letters->sink && sink_push(letters->sink, err))
		return err_wrap(err, "--dead-letter");
	return 0;
}

int64_t
deadletter_count(const struct deadletter *letters)
{
	return letters->count;
}

int64_t
deadletter_bytes(const struct deadletter *letters)
{
	return letters->bytes;
}
