/* SPDX-License-Identifier: MIT */
#include "run/client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sink/pipe.h"
#include "sink/topic.h"

enum { TARGET_MEMORY_BYTES = 8 * 1024 * 1024 };

static int
set_property(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct client_options *options = target;

	/* files say brokers (settings.c); argv lives as long as the options */
	if (strncmp(value, "bootstrap.servers=", 18) == 0 && value[18]) {
		options->kafka.brokers = value + 18;
		return 0;
	}
	return kafka_options_add(&options->kafka, value,
	    origin == OPT_SYSTEM_FILE || origin == OPT_USER_FILE || origin == OPT_GIVEN_FILE, err);
}

const struct opt client_rows[] = {
	{ 'b', "brokers", "LIST", "bootstrap servers, HOST:PORT,... [$BOOTSTRAP_SERVERS]", OPT_TEXT,
	    offsetof(struct client_options, kafka.brokers), 0, 0, NULL },
	{ 'X', "property", "NAME=VALUE", "a property of librdkafka; a secret is given as NAME=@FILE",
	    OPT_CALL, 0, 0, 0, set_property },
	{ 0, "wait", "DURATION", "how long to wait for a broker or a topic that is not there yet [1m]",
	    OPT_DURATION, offsetof(struct client_options, wait_ms), 0, 0, NULL },
};
const size_t client_row_count = sizeof(client_rows) / sizeof(*client_rows);

void
client_options_release(struct client_options *options)
{
	kafka_options_release(&options->kafka);
}

static struct sink *
open_file(const char *path, const struct sink_done *done, int *ret_fd, struct err *err)
{
	struct sink_pipe_options options = { .name = path, .is_synced = true };
	struct sink *sink;

	options.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (options.fd < 0) {
		err_errno(err, ERR_CANT_CREATE, errno, "%s", path);
		return NULL;
	}
	sink = sink_pipe_open(&options, done, err);
	if (sink)
		*ret_fd = options.fd;
	else
		(void)close(options.fd); /* nothing was written */
	return sink;
}

struct sink *
client_open_target(const struct client_options *client, const char *target,
    const struct sink_done *done, int *ret_fd, struct err *err)
{
	struct sink_topic_options options = {
		.kafka = &client->kafka,
		.transaction = client->transaction,
		.topic = target,
		.wait_ms = client->wait_ms,
		.memory_bytes = TARGET_MEMORY_BYTES,
	};

	*ret_fd = -1;
	if (strchr(target, '/'))
		return open_file(target, done, ret_fd, err);
	if (!client->kafka.brokers) {
		err_set(err, ERR_USAGE,
		    "%s is a topic and needs brokers (-b); a file's name has a '/' in it", target);
		return NULL;
	}
	return sink_topic_open(&options, done, err);
}
