/* SPDX-License-Identifier: MIT */
#include "aws/msk.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/endpoints.h"
#include "base/clock.h"
#include "codec/base64.h"
#include "codec/sigv4.h"

#define SERVICE "kafka-cluster"
#define ACTION "Action=kafka-cluster%3AConnect"

enum { LIFE_S = 900, URL_BYTES_MAX = 64 * 1024, HOST_BYTES = 128 };

/* A token of credentials that are used past their end is asked for again soon. */
enum { SHORT_LIFE_S = 60 };

/* ---- brokers ---- */

/* "host:port" of the first; "PROTOCOL://" before it is librdkafka's. */
static struct slice
first_broker(const char *brokers)
{
	struct slice first, rest;
	const char *protocol;

	(void)slice_cut(slice_of(brokers), ',', &first, &rest);
	first = slice_trim(first);
	protocol = first.len ? memmem(first.data, first.len, "://", 3) : NULL;
	return protocol ? slice_skip(first, (size_t)(protocol - first.data) + 3) : first;
}

bool
msk_is_meant(const char *brokers)
{
	/* Amazon MSK Developer Guide, "Port information" */
	static const char *const ports[] = { "9098", "9198", "20098" };
	struct slice broker = first_broker(brokers);
	const char *colon = broker.len ? memrchr(broker.data, ':', broker.len) : NULL;

	for (size_t i = 0; colon && i < sizeof(ports) / sizeof(*ports); i++) {
		if (slice_is(slice_skip(broker, (size_t)(colon - broker.data) + 1), ports[i]))
			return true;
	}
	return false;
}

/* b-1.NAME.ID.c2.kafka.us-west-1.amazonaws.com,
 * boot-ID.c1.kafka-serverless.us-east-1.amazonaws.com, and kafka-beta in older ones (Amazon MSK
 * Developer Guide, "Get the bootstrap brokers"). */
static bool
is_kafka_label(struct slice label)
{
	return slice_is(label, "kafka") || slice_starts(label, "kafka-");
}

bool
msk_region(const char *brokers, char ret[static MSK_REGION_BYTES])
{
	struct slice rest = first_broker(brokers), label, last = slice_make(NULL, 0), port;
	char region[MSK_REGION_BYTES];

	(void)slice_cut(rest, ':', &rest, &port);
	while (rest.len) {
		(void)slice_cut(rest, '.', &label, &rest);
		if (is_kafka_label(last) && aws_region_is_valid(label)) {
			memcpy(region, label.data, label.len);
			region[label.len] = '\0';
			if (slice_is(rest, aws_dns_suffix(region))) {
				memcpy(ret, region, label.len + 1);
				return true;
			}
		}
		last = label;
	}
	return false;
}

/* ---- the token ---- */

/* Base64url without padding (RFC 4648, section 5), in place. */
static void
make_url_safe(struct buf *text)
{
	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == '+')
			text->data[i] = '-';
		else if (text->data[i] == '/')
			text->data[i] = '_';
	}
	while (text->len && text->data[text->len - 1] == '=')
		text->data[--text->len] = '\0';
}

/* The User-Agent is added behind the signature, which does not cover it. */
static int
append_url(struct buf *url, const struct aws_credentials *c, const char *region,
    const char *user_agent, int64_t wall_ms, struct err *err)
{
	struct sigv4_keys keys = { slice_of(c->access_key), slice_of(c->secret_key),
		slice_of(c->session_token) };
	struct sigv4_request request = {
		.method = slice_of("GET"),
		.path = slice_of("/"),
		.query = slice_of(ACTION),
		.payload_hash = slice_of(SIGV4_EMPTY_PAYLOAD),
		.service = SERVICE,
		.region = region,
		.wall_ms = wall_ms,
	};
	char host[HOST_BYTES];

	(void)snprintf(host, sizeof(host), "kafka.%s.%s", region, aws_dns_suffix(region));
	request.host = slice_of(host);
	if (buf_appendf(url, err, "https://%s/?", host) ||
	    sigv4_presign(&request, &keys, LIFE_S, url, err) ||
	    buf_append_text(url, "&User-Agent=", err))
		return -1;
	return sigv4_append_encoded(url, slice_of(user_agent), false, err);
}

int
msk_sign(const struct aws_credentials *c, const char *region, const char *user_agent,
    int64_t wall_ms, struct kafka_token *ret, struct err *err)
{
	struct buf url = BUF_INIT(URL_BYTES_MAX), token = BUF_INIT(2 * URL_BYTES_MAX);
	struct kafka_token t = { .expires_wall_ms = wall_ms + LIFE_S * 1000 };
	int rc = -1;

	if (c->expires_wall_ms < t.expires_wall_ms)
		t.expires_wall_ms = c->expires_wall_ms > wall_ms ? c->expires_wall_ms
		                                                 : wall_ms + SHORT_LIFE_S * 1000;
	if (append_url(&url, c, region, user_agent, wall_ms, err) ||
	    base64_append(&token, buf_slice(&url), err))
		goto out;
	make_url_safe(&token);
	t.principal =
	    strdup(c->access_key); /* librdkafka wants one; the broker does not look at it */
	t.value = buf_take(&token);
	if (t.principal && t.value) {
		*ret = t;
		rc = 0;
	} else {
		free(t.principal);
		free(t.value);
		err_no_memory(err);
	}
out:
	if (url.data)
		explicit_bzero(url.data, url.len);
	buf_release(&url);
	buf_release(&token);
	return rc;
}

/* ---- the credentials behind it ---- */

struct msk {
	struct loop *loop;
	struct aws_session *session;
	char region[MSK_REGION_BYTES];
};

/* --region kafka-cluster=R is meant for just this; any other comes after what the name tells. */
static int
choose_region(
    struct msk *m, const struct aws_options *options, const char *brokers, struct err *err)
{
	const char *general;

	for (size_t i = options->region_count; i-- > 0;) {
		if (slice_starts(slice_of(options->regions[i]), SERVICE "=")) {
			(void)snprintf(m->region, sizeof(m->region), "%s",
			    options->regions[i] + strlen(SERVICE "="));
			return 0;
		}
	}
	if (msk_region(brokers, m->region))
		return 0;
	general = aws_session_region(m->session, SERVICE);
	if (!general)
		return err_set(err, ERR_USAGE,
		    "the brokers' names do not tell the region of the cluster: give --region or "
		    "set "
		    "AWS_REGION");
	(void)snprintf(m->region, sizeof(m->region), "%s", general);
	return 0;
}

struct msk *
msk_open(const struct aws_options *options, const char *brokers, struct err *err)
{
	struct msk *m = calloc(1, sizeof(*m));
	struct aws_options signed_options = *options;

	if (!m) {
		err_no_memory(err);
		return NULL;
	}
	m->loop = loop_new(err);
	if (!m->loop)
		goto fail;
	signed_options.is_unsigned = false; /* a public bucket may be replayed into MSK */
	m->session = aws_session_open(&signed_options, m->loop, err);
	if (!m->session || choose_region(m, options, brokers, err))
		goto fail;
	if (aws_session_wait_credentials(m->session, err))
		goto fail;
	return m;
fail:
	err_wrap(err, "MSK IAM");
	msk_free(m);
	return NULL;
}

int
msk_token(void *context, struct kafka_token *ret, struct err *err)
{
	struct msk *m = context;
	int64_t wall_ms = aws_session_wall_ms(m->session);
	struct aws_credentials c;
	int rc;

	if (aws_session_copy_credentials(m->session, &c, err))
		return -1;
	rc = msk_sign(&c, m->region, "sluice/" PACKAGE_VERSION, wall_ms, ret, err);
	aws_credentials_release(&c);
	if (!rc)
		ret->expires_wall_ms +=
		    clock_wall_ms() - wall_ms; /* librdkafka goes by our clock */
	return rc;
}

void
msk_free(struct msk *m)
{
	if (!m)
		return;
	aws_session_free(m->session);
	loop_free(m->loop);
	free(m);
}
