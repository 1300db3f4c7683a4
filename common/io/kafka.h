/* SPDX-License-Identifier: MIT */
/*
 * What every use of librdkafka shares: properties, secrets, logging, the wait for a broker and a
 * topic, and the class of an error. Knows nothing of AWS: tokens come from a function given to it.
 */
#ifndef SLUICE_IO_KAFKA_H
#define SLUICE_IO_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* A property NAME=VALUE of -X or of a configuration file. */
struct kafka_property {
	char *name;  /* librdkafka's first name for it: aliases and "topic." are resolved */
	char *value; /* "@FILE" has been replaced by the file's content; never logged */
};

/* An OAUTHBEARER token; the strings are free(3)d by io/kafka. */
struct kafka_token {
	char *value;
	char *principal;
	int64_t expires_wall_ms;
};

struct kafka_options {
	const char *brokers; /* -b or $BOOTSTRAP_SERVERS; NULL: bootstrap.servers of the properties */
	struct kafka_property *properties;
	size_t property_count;
	size_t property_capacity;
	/* NULL: librdkafka's own ways. Called on a thread of librdkafka, whenever a token is needed:
	 * it must not block. */
	int (*token)(void *context, struct kafka_token *ret, struct err *);
	void *token_context;
	/* NULL, or called by kafka_conf_new before it reads the options, which it may change: what is
	 * needed for a handle, and only for one. */
	int (*prepare)(void *context, struct err *);
	void *prepare_context;
};

void kafka_options_release(struct kafka_options *);

/*
 * Adds NAME=VALUE; a later one replaces an earlier one of the same name. VALUE "@FILE" for a secret
 * is read from the file (errors as in io/read_file.h), one trailing line break removed. A secret given
 * in the clear (sasl.password, ssl.key.password, ...) is ERR_USAGE, and so is a property that would
 * break a promise (enable.auto.commit, enable.auto.offset.store, group.id, transactional.id, acks,
 * enable.idempotence, isolation.level, auto.offset.reset ...) or that this librdkafka does not know,
 * or not with that value. `is_from_file` allows secrets in the
 * clear: configuration files may hold them. From there a Java client's names are understood too:
 * those that say the same are translated, those that mean nothing here (serializers) are left out.
 */
int kafka_options_add(struct kafka_options *, const char *assignment, bool is_from_file,
    struct err *);

/* The value of a property by librdkafka's first name for it, NULL where it has not been set. */
const char *kafka_options_get(const struct kafka_options *, const char *name);

/* max.poll.interval.ms: as set, else librdkafka's own. */
int64_t kafka_options_poll_ms(const struct kafka_options *);

/* The value of -b or bootstrap.servers; ERR_USAGE where there is neither, and NULL. */
const char *kafka_options_brokers(const struct kafka_options *, struct err *);

/* -X list: what was set, secrets masked, and every property this librdkafka knows. */
void kafka_options_show(const struct kafka_options *, FILE *);

enum kafka_role { KAFKA_CONSUMER, KAFKA_PRODUCER };

/*
 * A configuration with the user's properties over the role's defaults. The caller owns it until kafka_open took it.
 */
rd_kafka_conf_t *kafka_conf_new(const struct kafka_options *, enum kafka_role, struct err *);

/* Sets a property of ours; is_optional: ignored where this librdkafka does not know it. */
int kafka_conf_set(rd_kafka_conf_t *, const char *name, const char *value, bool is_optional,
    struct err *);

/* Sets a default: only where the user has not set that property (by librdkafka's first name). */
int kafka_conf_default(const struct kafka_options *, rd_kafka_conf_t *, const char *name,
    const char *value, bool is_optional, struct err *);

/*
 * A handle and what its callbacks have seen. The opaque of every librdkafka callback is the struct
 * kafka; `user` is for the room that opened it. Fields but rk and user belong to io/kafka.
 */
struct kafka {
	rd_kafka_t *rk;
	void *user;
	const struct kafka_options *options;
	pthread_mutex_t token_lock;
	bool is_left; /* kafka_free had to leave it: the options may be gone */
	rd_kafka_resp_err_t refused; /* the first error after which waiting makes no sense */
	char refused_text[512];
	int64_t refused_until_ms; /* monotonic: until then it may still pass */
	bool is_group;     /* a member's: only its source serves it, for rebalances run in there */
	bool has_met;      /* a broker has answered */
	char trouble[512]; /* the last trouble with a connection, "" while there is none */
	bool has_missing;  /* a broker said that some topic or partition does not exist; its user
	                    * looks into it and resets this */
	bool is_down;      /* no broker is connected */
	bool is_down_said;
	int64_t probe_mono_ms; /* when to look again */
};

/* Takes conf (also on failure); options are borrowed as long as the handle lives. */
struct kafka *kafka_open(rd_kafka_conf_t *conf, enum kafka_role, const struct kafka_options *,
    void *user, struct err *);

/*
 * Destroys the handle, in bounded time; a consumer of a group must have been closed before. NULL is
 * fine. False where librdkafka does not come to an end: its threads, the handle and what callbacks
 * may touch (`user`) must then be left as they are until the process ends.
 */
bool kafka_free(struct kafka *);

/*
 * -1 and ERR_DENIED, ERR_UNAVAILABLE ... where something was seen, since the start, that no waiting
 * cures: credentials refused, a fatal error. Polling the handle brings such news.
 */
int kafka_check(struct kafka *, struct err *);

/*
 * For the idle moments of a loop. While no broker is reachable: warns once, looks for one at most
 * once a second and for 100 ms, and says when one is back.
 */
void kafka_watch_slow(struct kafka *);

static inline void
kafka_watch(struct kafka *k)
{
	if (k->is_down)
		kafka_watch_slow(k);
}

/* Something came from a broker. */
void kafka_saw_broker_slow(struct kafka *);

static inline void
kafka_saw_broker(struct kafka *k)
{
	if (k->is_down)
		kafka_saw_broker_slow(k);
}

/*
 * Waits until the topic exists, at most wait_ms; a stop ends it (ERR_STOPPED). *ret_partitions: how
 * many partitions it has. ERR_UNAVAILABLE where no broker answered, naming the brokers;
 * ERR_NO_INPUT (consumer) or ERR_CANT_CREATE (producer) where the topic is not there; ERR_DENIED at
 * once. After a second a note says what it is waiting for.
 */
int kafka_wait_topic(struct kafka *, enum kafka_role, const char *topic, int64_t wait_ms,
    int32_t *ret_partitions, struct err *);

/* The same, but it waits for a broker only: a topic that is not there is an error at once. */
int kafka_find_topic(struct kafka *, enum kafka_role, const char *topic, int64_t wait_ms,
    int32_t *ret_partitions, struct err *);

/* Waits until any broker answers, in the same way. */
int kafka_wait_broker(struct kafka *, int64_t wait_ms, struct err *);

/* What the caller must do about an error code. */
enum err_class kafka_error_class(rd_kafka_resp_err_t);

#endif
