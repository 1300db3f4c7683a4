/* SPDX-License-Identifier: MIT */
/* Requests of a service over HTTP: one attempt each, the pump's are the retries. */
#ifndef SLUICE_RUN_CARRIER_HTTP_H
#define SLUICE_RUN_CARRIER_HTTP_H

#include "io/http.h"
#include "run/pump.h"

/* Strings are copied. */
struct carrier_http_options {
	struct http *http;      /* borrowed */
	const char *endpoint;   /* "https://host:9200", without a '/' at its end */
	const char *about;      /* for errors; NULL: the endpoint and the path */
	struct http_signer signer;
	/* Secrets: "Authorization: ApiKey ...". Copied, wiped when freed. */
	const struct http_header *headers;
	size_t header_count;
	/* Of a reply that is not 2xx, whether it asks for a new signature (HTTP_EXPIRED,
	 * HTTP_SKEWED); anything else is the service's to judge. May be NULL. */
	enum http_verdict (*judge)(void *context, const struct http_reply *, struct err *);
	void *judge_context;
	size_t reply_bytes_max; /* 0: 16 MiB */
	/* The service is given the beginning of a good reply that is longer (is_cut). Else such a
	 * reply is none: ERR_UNAVAILABLE. */
	bool takes_cut_replies;
	int64_t total_ms_max;   /* of a request; 0: 5 min */
	/* What would be ERR_UNAVAILABLE is the service's to judge too: a reply with words as its body, of
	 * status 0 where total_ms_max was over and the request had gone out, else of status -1. */
	bool is_trouble_told;
};

struct carrier *carrier_http_new(const struct carrier_http_options *, struct err *);

#endif
