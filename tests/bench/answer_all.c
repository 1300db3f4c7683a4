/* SPDX-License-Identifier: MIT */
/*
 * answer_all [DIRECTORY]: what OpenSearch, DynamoDB or Lambda says when all is well, at once, as a
 * server on loopback whose port it prints. It tells them by the request, and bulk requests have
 * documents of an --op index. Until it is ended.
 *
 * With DIRECTORY it keeps what writes: bodies as DIRECTORY/NUMBER, and DIRECTORY/requests, with
 * which curl --parallel --config sends the same bodies with the same headers, once an address is
 * put before what begins with / (url = "/trips/_bulk").
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/prctl.h>
#include <signal.h>

#include "base/buf.h"
#include "loopback.h"

enum kind { KIND_PLAIN, KIND_BULK, KIND_BATCH, KIND_TABLE, KIND_CLUSTER };

/* Beside a request's kind, in its tag. */
enum { KIND_BITS = 3, KIND_MASK = (1 << KIND_BITS) - 1 };

struct recorder {
	const char *directory; /* NULL: nothing is kept */
	FILE *requests;
	int64_t count;
	struct buf reply;
};

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- what it is ---- */

static enum kind
kind_of(struct slice head)
{
	static const struct {
		const char *mark;
		enum kind kind;
	} marks[] = {
		{ "_bulk", KIND_BULK },
		{ "BatchWriteItem", KIND_BATCH },
		{ "DescribeTable", KIND_TABLE },
		{ "GET / HTTP", KIND_CLUSTER },
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (memmem(head.data, head.len, marks[i].mark, strlen(marks[i].mark)))
			return marks[i].kind;
	}
	return KIND_PLAIN;
}

/* ---- keeping ---- */

/* What curl writes of its own. */
static bool
is_curls(struct slice line)
{
	static const char *const names[] = { "Host:", "Content-Length:", "User-Agent:", "Accept:" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strncasecmp(line.data, names[i], strlen(names[i])))
			return true;
	}
	return false;
}

static struct slice
next_line(struct slice *text)
{
	const char *end = memmem(text->data, text->len, "\r\n", 2);
	struct slice line = slice_make(text->data, (size_t)(end - text->data));

	*text = slice_skip(*text, line.len + 2);
	return line;
}

/* curl(1), "--config": no quote and no backslash is in what our tools send. "Expect:" keeps it from
 * asking before large bodies, which they do not. */
static void
keep_head(struct recorder *r, struct slice head)
{
	struct slice line = next_line(&head);
	const char *path = memchr(line.data, ' ', line.len);
	const char *path_end = path ? memchr(path + 1, ' ', line.len - 5) : NULL;

	if (!path_end)
		die("no path");
	if (r->count > 1)
		fputs("next\n", r->requests);
	fprintf(r->requests, "url = \"%.*s\"\ndata-binary = \"@%s/%" PRId64 "\"\n",
	    (int)(path_end - path - 1), path + 1, r->directory, r->count);
	fputs("silent\noutput = \"/dev/null\"\nwrite-out = \"%{http_code} %{num_connects}\\n\"\n"
	      "header = \"Expect:\"\n",
	    r->requests);
	while ((line = next_line(&head)).len) {
		if (!is_curls(line))
			fprintf(r->requests, "header = \"%.*s\"\n", (int)line.len, line.data);
	}
	if (fflush(r->requests))
		die("requests");
}

static void
begin(void *context, struct loopback_request *request)
{
	struct recorder *r = context;
	enum kind kind = kind_of(request->head);
	char path[4096];

	request->tag = kind;
	if (!r->directory || kind == KIND_TABLE || kind == KIND_CLUSTER)
		return;
	r->count++;
	keep_head(r, request->head);
	(void)snprintf(path, sizeof(path), "%s/%" PRId64, r->directory, r->count);
	request->file = fopen(path, "we");
	if (!request->file)
		die(path);
}

static void
take(void *context, struct loopback_request *request, struct slice data)
{
	const char *end = data.data + data.len;

	(void)context;
	if ((request->tag & KIND_MASK) == KIND_BULK) {
		for (const char *at = data.data;
		     (at = memchr(at, '\n', (size_t)(end - at))); at++)
			request->tag += 1 << KIND_BITS;
	}
	if (request->file && fwrite(data.data, 1, data.len, request->file) != data.len)
		die("a body");
}

/* ---- answering ---- */

static const char cluster[] = "{\"cluster_name\":\"bench\",\"version\":{\"distribution\":\"opensearch\","
			      "\"number\":\"2.19.3\"}}";
static const char table[] =
    "{\"Table\":{\"TableName\":\"trips\",\"TableStatus\":\"ACTIVE\",\"KeySchema\":["
    "{\"AttributeName\":\"trip_id\",\"KeyType\":\"HASH\"},"
    "{\"AttributeName\":\"pickup_datetime\",\"KeyType\":\"RANGE\"}],\"AttributeDefinitions\":["
    "{\"AttributeName\":\"trip_id\",\"AttributeType\":\"N\"},"
    "{\"AttributeName\":\"pickup_datetime\",\"AttributeType\":\"S\"}]}}";

static struct slice
bulk_reply(struct buf *reply, int64_t documents)
{
	struct err err = ERR_INIT;

	buf_clear(reply);
	if (buf_append_text(reply, "{\"errors\":false,\"items\":[", &err))
		die("a reply");
	for (int64_t i = 0; i < documents; i++) {
		if ((i && buf_append_char(reply, ',', &err)) ||
		    buf_append_text(reply, "{\"index\":{\"status\":201}}", &err))
			die("a reply");
	}
	if (buf_append_text(reply, "]}", &err))
		die("a reply");
	return buf_slice(reply);
}

static struct slice
end(void *context, struct loopback_request *request)
{
	struct recorder *r = context;

	if (request->file && fclose(request->file))
		die("a body");
	switch ((enum kind)(request->tag & KIND_MASK)) {
	case KIND_BULK:
		return bulk_reply(&r->reply, (request->tag >> KIND_BITS) / 2);
	case KIND_BATCH:
		return slice_of("{\"UnprocessedItems\":{}}");
	case KIND_TABLE:
		return slice_of(table);
	case KIND_CLUSTER:
		return slice_of(cluster);
	case KIND_PLAIN:
		break;
	}
	return slice_of("null"); /* a function that has nothing to say */
}

int
main(int argc, char **argv)
{
	struct recorder recorder = { .directory = argc > 1 ? argv[1] : NULL,
		.reply = BUF_INIT(64 * 1024 * 1024) };
	struct loopback_handler handler = {
		.context = &recorder, .begin = begin, .take = take, .end = end
	};
	char path[4096];
	int port, listener = loopback_listen(&port);

	if (listener < 0)
		die("no port");
	if (recorder.directory) {
		(void)snprintf(path, sizeof(path), "%s/requests", recorder.directory);
		recorder.requests = fopen(path, "we");
		if (!recorder.requests)
			die(path);
	}
	printf("%d\n", port);
	if (fflush(stdout))
		die("standard output");
	loopback_serve(listener, &handler);
}
