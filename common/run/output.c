/* SPDX-License-Identifier: MIT */
#include "run/output.h"

#include <unistd.h>

#include "sink/pipe.h"
#include "sink/topic.h"

struct sink *
output_open(const char *topic, const char *compression, const struct client_options *client,
    size_t memory_bytes, int64_t drain_ms, const struct sink_done *done,
    struct err *err)
{
	struct sink_pipe_options pipe = { .fd = STDOUT_FILENO, .name = "stdout", .drain_ms = drain_ms };
	struct sink_topic_options options = {
		.kafka = &client->kafka,
		.transaction = client->transaction,
		.topic = topic,
		.compression = compression,
		.wait_ms = client->wait_ms,
		.memory_bytes = memory_bytes,
		.drain_ms = drain_ms,
	};

	if (!topic)
		return sink_pipe_open(&pipe, done, err);
	if (!client->kafka.brokers) {
		err_set(err, ERR_USAGE, "no brokers: give -b HOST:PORT or set BOOTSTRAP_SERVERS");
		return NULL;
	}
	return sink_topic_open(&options, done, err);
}
