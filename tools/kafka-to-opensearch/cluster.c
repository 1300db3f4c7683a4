/* SPDX-License-Identifier: MIT */
#include "kafka-to-opensearch/cluster.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/sigv4.h"
#include "kafka-to-opensearch/reply.h"
#include "kafka-to-opensearch/service.h"

enum {
	REPLY_BYTES_MAX = 1024 * 1024,
	URL_BYTES_MAX = 64 * 1024,
	ATTEMPTS_USUAL = 1000,
	MAJOR_MIN = 7,
};

/* ---- what it says of itself ---- */

static const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* "distribution" is there since OpenSearch 1.0 (MainResponse.java); Elasticsearch has none. */
static int
read_cluster(const json_t *root, struct cluster *ret, struct err *err)
{
	const json_t *version = json_object_get(root, "version");
	const char *number = text_of(version, "number");
	int major = atoi(number);

	if (!*number)
		return err_set(err, ERR_USAGE, "not OpenSearch and not Elasticsearch: no version");
	ret->is_known = true;
	ret->is_elasticsearch = strcmp(text_of(version, "distribution"), "opensearch") != 0;
	(void)snprintf(ret->number, sizeof(ret->number), "%s", number);
	(void)snprintf(ret->name, sizeof(ret->name), "%s", text_of(root, "cluster_name"));
	if (ret->is_elasticsearch && major < MAJOR_MIN)
		return err_set(
		    err, ERR_USAGE, "Elasticsearch %s is too old: 7 or newer", ret->number);
	return 0;
}

int
cluster_read(struct slice body, struct cluster *ret, struct err *err)
{
	json_error_t fault;
	json_t *root = json_loadb(body.data, body.len, 0, &fault);
	int rc;

	*ret = (struct cluster){ .is_known = false };
	if (!root)
		return err_set(err, ERR_USAGE, "not OpenSearch and not Elasticsearch: no JSON");
	rc = read_cluster(root, ret, err);
	json_decref(root);
	return rc;
}

/* ---- asking ---- */

struct ask {
	const struct access *access;
	struct reply_reader *reader;
};

static enum err_class
class_of(int status)
{
	switch (status) {
	case 400:
		return ERR_USAGE;
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
	case 405:
		return ERR_CANT_CREATE;
	default:
		return ERR_UNAVAILABLE;
	}
}

static enum http_verdict
judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct ask *ask = context;
	char reason[REPLY_REASON_BYTES];

	reply_reason(ask->reader, reply->body, reason);
	err_set(err, class_of(reply->status), "status %d%s%s", reply->status, *reason ? ": " : "",
	    reason);
	return access_judge((void *)(uintptr_t)ask->access, reply, err);
}

/* The request has a method and, where there is one, a body and a limit of attempts. */
static int
fetch(const struct access *a, struct http_request *request, struct slice path, int64_t wait_ms,
    struct buf *ret_body, int *ret_status, struct err *err)
{
	struct ask ask = { .access = a, .reader = reply_reader_new(err) };
	struct http_header headers[2] = { { slice_of("Content-Type"),
		slice_of("application/json") } };
	struct buf url = BUF_INIT(URL_BYTES_MAX);
	int rc = -1;

	request->headers = headers;
	request->header_count = 1;
	if (a->header_count)
		headers[request->header_count++] = a->header;
	request->body_bytes_max = REPLY_BYTES_MAX;
	request->signer = a->signer;
	request->events = (struct http_events){ .context = &ask, .judge = judge };
	request->about = a->endpoint;
	/* the time is the limit */
	if (!wait_ms)
		request->attempts_max = 1;
	request->attempts_usual = ATTEMPTS_USUAL;
	request->total_ms_max = wait_ms;
	*ret_status = 0;
	if (ask.reader && !buf_append_text(&url, a->endpoint, err) &&
	    !buf_append(&url, path, err)) {
		request->url = buf_slice(&url);
		rc = http_fetch(a->http, request, ret_body, ret_status, err);
	}
	buf_release(&url);
	reply_reader_free(ask.reader);
	return rc;
}

int
cluster_ask(const struct access *a, unsigned attempts_max, int64_t wait_ms, struct cluster *ret,
    struct err *err)
{
	struct http_request request = { .method = "GET", .attempts_max = attempts_max };
	struct buf body = BUF_INIT(REPLY_BYTES_MAX);
	int status, rc;

	*ret = (struct cluster){ .is_known = false };
	rc = fetch(a, &request, slice_of("/"), wait_ms, &body, &status, err);
	if (!rc && cluster_read(buf_slice(&body), ret, err))
		rc = err_wrap(err, "%s", a->endpoint);
	if (rc && status == 403 && err->class == ERR_DENIED) {
		err_clear(err);
		rc = 0;
	}
	buf_release(&body);
	return rc;
}

/* "Index exists" */
int
cluster_find_index(const struct access *a, struct slice path, int64_t wait_ms, bool *ret,
    struct err *err)
{
	struct http_request request = { .method = "HEAD" };
	struct buf body = BUF_INIT(REPLY_BYTES_MAX);
	int status, rc = fetch(a, &request, path, wait_ms, &body, &status, err);

	if (rc && (status == 403 || status == 404)) {
		err_clear(err);
		rc = 0;
	}
	*ret = status != 404;
	buf_release(&body);
	return rc;
}

/* ---- templates ---- */

static const char *const index_members[] = { "settings", "mappings", "aliases" };

/* "Create or update a composable index template": what an index gets is in "template". */
static int
gather(json_t *root, json_t *template, struct err *err)
{
	for (size_t i = 0; i < sizeof(index_members) / sizeof(*index_members); i++) {
		json_t *member = json_object_get(root, index_members[i]);

		if (!member)
			continue;
		if (json_object_set(template, index_members[i], member))
			return err_no_memory(err);
		(void)json_object_del(root, index_members[i]); /* it is there */
	}
	if (!json_object_size(template)) {
		/* a template may be made of others alone */
		if (json_object_get(root, "composed_of") || json_object_get(root, "data_stream"))
			return 0;
		return err_set(err, ERR_USAGE,
		    "no index template: no \"template\", \"mappings\", \"settings\" or "
		    "\"aliases\" in it");
	}
	return json_object_set(root, "template", template) ? err_no_memory(err) : 0;
}

static int
set_patterns(json_t *root, const char *index, struct err *err)
{
	struct buf pattern = BUF_INIT(URL_BYTES_MAX);
	json_t *patterns = NULL;
	int rc = -1;

	if (!opensearch_index_pattern(index, &pattern, err)) {
		patterns = json_pack("[s%]", pattern.data, pattern.len);
		rc = patterns && !json_object_set(root, "index_patterns", patterns)
		         ? 0
		         : err_no_memory(err);
	}
	json_decref(patterns);
	buf_release(&pattern);
	return rc;
}

/* As jansson writes it: a template has no numbers that would suffer. */
static int
append_json(const json_t *root, struct buf *ret, struct err *err)
{
	char *text = json_dumps(root, JSON_COMPACT);
	int rc = text ? buf_append_text(ret, text, err) : err_no_memory(err);

	free(text);
	return rc;
}

int
cluster_template(const char *text, const char *index, struct buf *ret, struct err *err)
{
	json_error_t fault;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &fault), *template = NULL;
	int rc = -1;

	if (!root) {
		err_set(err, ERR_USAGE, "line %d: %s", fault.line, fault.text);
		goto out;
	}
	if (!json_is_object(root)) {
		err_set(err, ERR_USAGE, "no index template: not a JSON object");
		goto out;
	}
	template = json_object();
	if (!template) {
		err_no_memory(err);
		goto out;
	}
	if (!json_object_get(root, "template") && gather(root, template, err))
		goto out;
	if (!json_object_get(root, "index_patterns") && set_patterns(root, index, err))
		goto out;
	rc = append_json(root, ret, err);
out:
	json_decref(template);
	json_decref(root);
	return rc;
}

int
cluster_template_name(const char *path, struct buf *ret, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strcspn(name, ".");

	if (!len)
		return err_set(err, ERR_USAGE,
		    "%s: no name for a template in it (--template-name)", path);
	return buf_append(ret, slice_make(name, len), err);
}

int
cluster_put_template(const struct access *a, const char *name, struct slice body, int64_t wait_ms,
    struct err *err)
{
	struct http_request request = { .method = "PUT", .body = body };
	struct buf path = BUF_INIT(URL_BYTES_MAX), reply = BUF_INIT(REPLY_BYTES_MAX);
	int status, rc = -1;

	if (!buf_append_text(&path, "/_index_template/", err) &&
	    !sigv4_append_encoded(&path, slice_of(name), false, err))
		rc = fetch(a, &request, buf_slice(&path), wait_ms, &reply, &status, err);
	if (rc)
		rc = err_wrap(err, "index template %s", name);
	buf_release(&path);
	buf_release(&reply);
	return rc;
}
