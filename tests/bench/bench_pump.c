/* SPDX-License-Identifier: MIT */
/*
 * The pump alone: records from memory, or a topic to its end without a group, bulk bodies over HTTP
 * to a server on loopback that takes everything and answers at once.
 *
 *   bench_pump [RECORDS [CONNECTIONS [BATCH [AHEAD [BROKERS TOPIC]]]]]
 *
 * prints: records, seconds, processor seconds of this process, records per processor second, peak
 * MiB.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "loopback.h"
#include "run/carrier_http.h"

enum {
	RECORDS = 3 * 1000 * 1000,
	DOCUMENT_BYTES = 460,
	MEMORY_BYTES = 32 * 1024 * 1024,
	PARTITIONS = 4,
};

static void
die(const char *what)
{
	fprintf(stderr, "bench_pump: %s\n", what);
	exit(1);
}

/* ---- the server, in a process of its own ---- */

static struct slice
answer(void *context, struct loopback_request *request)
{
	(void)context;
	(void)request;
	return slice_of("{\"took\":1,\"errors\":false,\"x\":1}");
}

static _Noreturn void
serve(int listener)
{
	static const struct loopback_handler handler = { .end = answer };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	loopback_serve(listener, &handler);
}

/* ---- the source: the same document over and over ---- */

struct endless {
	struct source base;
	int64_t given, count;
	char document[DOCUMENT_BYTES + BUF_PADDING];
};

static enum source_status
next(struct source *source, int64_t deadline_mono_ms, struct record *ret, struct err *err)
{
	struct endless *s = (struct endless *)source;
	int32_t partition = (int32_t)(s->given / 1000 % PARTITIONS);

	(void)deadline_mono_ms;
	(void)err;
	if (s->given == s->count)
		return SOURCE_END;
	*ret = (struct record){
		.position = { partition, 1, s->given },
		.topic = slice_of("trips"), .partition = partition, .offset = s->given++,
		.time_ms = RECORD_NO_TIME, .value = slice_make(s->document, DOCUMENT_BYTES),
		.has_value = true, .is_padded = true,
	};
	return SOURCE_RECORD;
}

static int
commit(struct source *source, const struct commit_point *points, size_t count, struct err *err)
{
	(void)source;
	(void)points;
	(void)count;
	(void)err;
	return 0;
}

static const struct source_ops source_ops = { .next = next, .commit = commit };

/* ---- the service ---- */

static enum service_stage
stage(struct service *service, const struct record *record, struct service_staged *ret,
    struct err *err)
{
	(void)service;
	(void)err;
	ret->lane = (uint64_t)record->offset * 0x9e3779b97f4a7c15u >> 32;
	ret->note = slice_of("{\"index\":{\"_index\":\"trips\",\"_id\":\"trips+0+123456789\"}}");
	ret->bytes = ret->note.len + record->value.len + 2;
	return SERVICE_SEND;
}

static int
request(struct service *service, const struct service_item *const *items, size_t count,
    struct service_request *ret, size_t *ret_count, struct err *err)
{
	(void)service;
	ret->method = "POST";
	ret->headers[0] = (struct service_header){ "Content-Type", "application/x-ndjson" };
	ret->header_count = 1;
	if (buf_append_text(&ret->path, "/_bulk", err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (buf_append(&ret->body, items[i]->note, err) ||
		    buf_append_char(&ret->body, '\n', err) ||
		    buf_append(&ret->body, items[i]->record.value, err) ||
		    buf_append_char(&ret->body, '\n', err))
			return -1;
	}
	*ret_count = count;
	return 0;
}

static enum service_outcome
verdicts(struct service *service, const struct service_item *const *items, size_t count,
    const struct service_reply *reply, struct service_verdict *ret, struct err *err)
{
	(void)service;
	(void)items;
	(void)err;
	if (reply->status != 200)
		die("not answered with 200");
	for (size_t i = 0; i < count; i++) {
		ret[i].fate = SERVICE_DONE;
		ret[i].reason[0] = '\0';
	}
	return SERVICE_JUDGED;
}

static const struct service_ops service_ops = {
	.stage = stage, .request = request, .verdicts = verdicts
};

/* ---- measuring ---- */

static double
cpu_s(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
report(int64_t records, int64_t begin_us, double begin_cpu_s)
{
	double seconds = (double)(clock_mono_us() - begin_us) / 1e6, cpu = cpu_s() - begin_cpu_s;
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	printf("%" PRId64 " %.3f %.3f %.0f %.1f\n", records, seconds, cpu, (double)records / cpu,
	    (double)usage.ru_maxrss / 1024);
}

static struct source *
open_topic(struct pump *pump, const struct client_options *client, const char *topic,
    struct err *err)
{
	struct source_topic_options options = { .kafka = &client->kafka, .topic = topic,
		.start = { .kind = OFFSET_BEGINNING }, .exit_at_end = true, .wait_ms = 1000,
		.memory_bytes = MEMORY_BYTES / 8 * 3 };
	struct source_events events = pump_events(pump);

	return source_topic_open(&options, &events, err);
}

static void
measure(struct pump_parts *parts, const struct pump_options *options, int64_t records,
    char *const *topic)
{
	struct deadletter_options no_letters = { .target = NULL };
	struct client_options client = CLIENT_OPTIONS_INIT;
	struct endless memory = { .base.ops = &source_ops, .count = records };
	struct source *source = &memory.base;
	struct err err = ERR_INIT;
	struct pump *pump = pump_new(options, parts, MEMORY_BYTES, &err);
	struct deadletter *letters = deadletter_open(&no_letters, &client, "bench", NULL, &err);
	struct pump_summary summary;
	int64_t begin_us = clock_mono_us();
	double begin_cpu_s = cpu_s();
	enum job_input input;

	memset(memory.document, 'x', DOCUMENT_BYTES);
	if (topic && pump) {
		client.kafka.brokers = topic[0];
		source = open_topic(pump, &client, topic[1], &err);
	}
	if (!source || !pump || !letters || pump_run(pump, source, letters, &input, &err))
		die(err.text);
	pump_summary(pump, &summary);
	report(summary.delivered, begin_us, begin_cpu_s);
	if (topic)
		source_free(source);
	deadletter_free(letters);
	pump_free(pump);
}

int
main(int argc, char **argv)
{
	int64_t records = argc > 1 ? strtoll(argv[1], NULL, 10) : RECORDS;
	struct pump_options options = PUMP_OPTIONS_INIT;
	struct service service = { .ops = &service_ops, .count_max = 10000,
		.bytes_max = 10 * 1024 * 1024 };
	struct pump_parts parts = { .service = &service };
	struct http_options http_options = { .user_agent = "bench" };
	struct carrier_http_options carrier = { .http = NULL };
	struct err err = ERR_INIT;
	char endpoint[64];
	int port, listener = loopback_listen(&port);
	pid_t pid;

	if (listener < 0)
		die("cannot listen");
	pid = fork();
	if (!pid)
		serve(listener);
	if (pid < 0)
		die("cannot fork");
	(void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", port);
	if (argc > 2)
		options.connections = strtoll(argv[2], NULL, 10);
	if (argc > 3)
		options.batch_count = strtoll(argv[3], NULL, 10);
	if (argc > 4)
		options.ahead = strtoll(argv[4], NULL, 10);
	carrier.endpoint = endpoint;
	parts.loop = loop_new(&err);
	carrier.http = parts.loop ? http_new(parts.loop, &http_options, &err) : NULL;
	parts.carrier = carrier.http ? carrier_http_new(&carrier, &err) : NULL;
	if (!parts.carrier)
		die(err.text);
	measure(&parts, &options, records, argc > 6 ? argv + 5 : NULL);
	carrier_free(parts.carrier);
	http_free(carrier.http);
	loop_free(parts.loop);
	(void)kill(pid, SIGKILL);
	return 0;
}
