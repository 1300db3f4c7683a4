/* SPDX-License-Identifier: MIT */
#include "run/client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "aws/msk.h"
#include "sink/pipe.h"
#include "sink/topic.h"

enum { TARGET_MEMORY_BYTES = 8 * 1024 * 1024 };

static int
set_property(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct client_options *options = target;

	if (!strcmp(value, "list")) {
		options->is_listing = true;
		return 0;
	}
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
	{ 'X', "property", "NAME=VALUE",
	    "a property of librdkafka; a secret is given as NAME=@FILE; list: print all",
	    OPT_CALL, 0, 0, 0, set_property },
	{ 0, "wait", "DURATION", "how long to wait for a broker or a topic that is not there yet [1m]",
	    OPT_DURATION, offsetof(struct client_options, wait_ms), 0, 0, NULL },
	{ 0, "iam", NULL, "sign in to Amazon MSK with AWS credentials [by its port]", OPT_FLAG,
	    offsetof(struct client_options, is_iam), 0, 0, NULL },
};
const size_t client_row_count = sizeof(client_rows) / sizeof(*client_rows);

/* ---- Amazon MSK ---- */

static bool
is_iam_wanted(const struct client_options *client, const char *brokers)
{
	const char *mechanism = kafka_options_get(&client->kafka, "sasl.mechanism");

	if (client->is_iam || (mechanism && !strcmp(mechanism, "AWS_MSK_IAM")))
		return true;
	return !mechanism && !kafka_options_get(&client->kafka, "security.protocol") &&
	    msk_is_meant(brokers);
}

/* A token is for a connection with SASL; one that is not over TLS is only by the user's own word. */
static int
set_iam_properties(struct kafka_options *kafka, struct err *err)
{
	const char *protocol = kafka_options_get(kafka, "security.protocol");

	if (protocol && strcasecmp(protocol, "SASL_SSL") && strcasecmp(protocol, "SASL_PLAINTEXT"))
		return err_set(err, ERR_USAGE,
		    "security.protocol is %s, but IAM needs SASL_SSL", protocol);
	if (!protocol && kafka_options_add(kafka, "security.protocol=SASL_SSL", false, err))
		return -1;
	return kafka_options_add(kafka, "sasl.mechanism=OAUTHBEARER", false, err);
}

static int
prepare(void *context, struct err *err)
{
	struct client_options *client = context;
	const char *brokers = kafka_options_brokers(&client->kafka, err);

	if (!brokers)
		return -1;
	if (client->msk || !is_iam_wanted(client, brokers))
		return 0;
	if (set_iam_properties(&client->kafka, err))
		return -1;
	client->msk = msk_open(&client->aws, brokers, err);
	if (!client->msk)
		return -1;
	client->kafka.token = msk_token;
	client->kafka.token_context = client->msk;
	return 0;
}

int
client_begin(struct client_options *client, struct job *job, struct err *err)
{
	client->kafka.prepare = prepare;
	client->kafka.prepare_context = client;
	if (!client->is_listing)
		return 0;
	kafka_options_show(&client->kafka, stdout);
	return job_finish(job, err);
}

void
client_options_release(struct client_options *options)
{
	msk_free(options->msk);
	kafka_options_release(&options->kafka);
}

int
client_check_target(
    const char *option, const char *target, const char *topic_read, struct err *err)
{
	if (!target || !topic_read || strcmp(target, topic_read))
		return 0;
	return err_set(err, ERR_USAGE, "--%s: %s is the topic that is read", option, target);
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
client_open_target(const struct client_options *client, const struct client_target *target,
    const struct sink_done *done, int *ret_fd, struct err *err)
{
	struct sink_topic_options options = {
		.kafka = &client->kafka,
		.transaction = client->transaction,
		.topic = target->name,
		.wait_ms = client->wait_ms,
		.memory_bytes = target->memory_bytes ? target->memory_bytes : TARGET_MEMORY_BYTES,
		.drain_ms = target->drain_ms,
	};

	*ret_fd = -1;
	if (strchr(target->name, '/'))
		return open_file(target->name, done, ret_fd, err);
	if (!client->kafka.brokers) {
		err_set(err, ERR_USAGE,
		    "%s is a topic and needs brokers (-b); a file's name has a '/' in it",
		    target->name);
		return NULL;
	}
	return sink_topic_open(&options, done, err);
}
