/* SPDX-License-Identifier: MIT */
/* What happens before the first document: which service is it, and the template of its indices. */
#ifndef SLUICE_OPENSEARCH_CLUSTER_H
#define SLUICE_OPENSEARCH_CLUSTER_H

#include "kafka-to-opensearch/access.h"

struct cluster {
	bool is_known; /* false: it does not say who it is to us, and the rest is empty */
	bool is_elasticsearch;
	char number[32]; /* "2.19.3" */
	char name[128];
};

/* What GET / answers. ERR_USAGE where that is no OpenSearch and no Elasticsearch from 7 on. */
int cluster_read(struct slice body, struct cluster *ret, struct err *);

/*
 * Asks it, so many times (0: no limit), for as long as wait_ms where nobody answers
 * (ERR_UNAVAILABLE). A refusal of this alone (403) is none of writing: is_known is false then.
 */
int cluster_ask(const struct access *, unsigned attempts_max, int64_t wait_ms, struct cluster *ret,
    struct err *);

/* Whether an index, an alias or a data stream of that path ("/trips") is there; true also where that may not
 * be asked (403). */
int cluster_find_index(const struct access *, struct slice path, int64_t wait_ms, bool *ret,
    struct err *);

/*
 * Makes the body of a composable index template out of a file's text: one that is such a template goes as
 * it is; settings, mappings and aliases (a file that makes an index) become its "template"; the patterns
 * are the names that --index makes where the file gives none. ERR_USAGE where it is none of these.
 */
int cluster_template(const char *text, const char *index, struct buf *ret, struct err *);

/* The template's name for a file's: without directories and what follows the first '.'; ERR_USAGE where
 * nothing is left. */
int cluster_template_name(const char *path, struct buf *ret, struct err *);

/* Installs it. ERR_USAGE with the service's reason where it does not take it. */
int cluster_put_template(const struct access *, const char *name, struct slice body, int64_t wait_ms,
    struct err *);

#endif
