/* SPDX-License-Identifier: MIT */
#include "kafka-to-lambda/carrier_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "io/child.h"
#include "kafka-to-lambda/result.h"
#include "kafka-to-lambda/service.h"

enum { WORDS_BYTES = SERVICE_REASON_BYTES + 64 };

struct call {
	struct command *command;
	struct child_call *child;
	carrier_replied *replied;
	void *context;
	struct call *next;
};

struct command {
	struct carrier carrier;
	struct carrier_command_options options;
	struct call *calls;
};

static void
drop(struct call *call)
{
	struct call **at = &call->command->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	free(call);
}

static const char *
no_header(const void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

/* How it ended where that is a failure: "exit status 3: no such customer" */
static void
tell_failure(const struct child_result *result, const struct err *err, char ret[static WORDS_BYTES])
{
	char words[SERVICE_REASON_BYTES];
	int len;

	if (err->class != ERR_NONE) {
		(void)snprintf(ret, WORDS_BYTES, "%.200s", err->text);
		return;
	}
	if (WIFSIGNALED(result->status))
		len = snprintf(ret, WORDS_BYTES, "killed by signal %d", WTERMSIG(result->status));
	else
		len = snprintf(ret, WORDS_BYTES, "exit status %d", WEXITSTATUS(result->status));
	result_words(result->out, words);
	if (*words)
		(void)snprintf(ret + len, WORDS_BYTES - (size_t)len, ": %s", words);
}

static bool
is_success(const struct child_result *result, const struct err *err)
{
	return err->class == ERR_NONE && WIFEXITED(result->status) &&
	       WEXITSTATUS(result->status) == 0;
}

static void
on_done(void *context, const struct child_result *result, const struct err *err)
{
	struct call *call = context;
	carrier_replied *replied = call->replied;
	void *whose = call->context;
	char words[WORDS_BYTES];
	struct service_reply reply = { .header = no_header };
	const struct err none = ERR_INIT;

	drop(call);
	if (is_success(result, err)) {
		reply.status = 200;
		reply.body = result->out;
	} else {
		tell_failure(result, err, words);
		reply.body = slice_of(words);
	}
	/* memory that ran out is no failure of the program's */
	replied(whose, &reply, err->class == ERR_FAULT ? err : &none);
}

static int
start(struct carrier *carrier, const struct service_request *request, carrier_replied *replied,
    void *context, void **ret_call, struct err *err)
{
	struct command *command = (struct command *)carrier;
	struct child_request child = {
		.argv = command->options.argv,
		.input = buf_slice(&request->body),
		.out_bytes_max = LAMBDA_PAYLOAD_BYTES_MAX, /* of an answer, as a function's */
		.ms_max = command->options.ms_max,
	};
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return err_no_memory(err);
	*call = (struct call){ .command = command, .replied = replied, .context = context };
	call->child = child_start(command->options.loop, &child, on_done, call, err);
	if (!call->child) {
		free(call);
		return -1;
	}
	call->next = command->calls;
	command->calls = call;
	*ret_call = call;
	return 0;
}

static void
cancel(struct carrier *carrier, void *which)
{
	struct call *call = which;

	(void)carrier;
	child_cancel(call->child);
	drop(call);
}

static void
free_carrier(struct carrier *carrier)
{
	struct command *command = (struct command *)carrier;

	while (command->calls)
		cancel(carrier, command->calls);
	free(command);
}

int64_t
carrier_command_at_once(long processors)
{
	if (processors < 1)
		return 1;
	return processors < CARRIER_COMMAND_AT_ONCE_MOST ? processors : CARRIER_COMMAND_AT_ONCE_MOST;
}

struct carrier *
carrier_command_new(const struct carrier_command_options *options, struct err *err)
{
	static const struct carrier_ops ops = { start, cancel, free_carrier };
	struct command *command = calloc(1, sizeof(*command));

	if (!command) {
		err_no_memory(err);
		return NULL;
	}
	command->carrier.ops = &ops;
	command->options = *options;
	return &command->carrier;
}
