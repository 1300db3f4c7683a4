/* SPDX-License-Identifier: MIT */
/*
 * What every use of librdkafka shares: properties, secrets, logging, the wait for a broker and a
 * topic, and the class of an error. Knows nothing of AWS: a token callback comes from outside.
 */
#ifndef SLUICE_IO_KAFKA_H
#define SLUICE_IO_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A property NAME=VALUE of -X or of a configuration file. */
struct kafka_property {
	char *name;
	char *value; /* "@FILE" has been replaced by the file's content; never logged */
};

struct kafka_options {
	const char *brokers; /* -b or $BOOTSTRAP_SERVERS */
	struct kafka_property *properties;
	size_t property_count;
	size_t property_capacity;
};

void kafka_options_release(struct kafka_options *);

/*
 * Adds NAME=VALUE; a later one replaces an earlier one of the same name. VALUE "@FILE" for a secret
 * is read from the file, one trailing line break removed. A secret given in the clear
 * (sasl.password, ssl.key.password, ...) is ERR_USAGE, and so is a property that would break a promise
 * (enable.auto.commit, enable.auto.offset.store, group.id, transactional.id, acks,
 * enable.idempotence, isolation.level, auto.offset.reset ...). `is_from_file` allows
 * secrets in the clear: configuration files may hold them.
 */
int kafka_options_add(struct kafka_options *, const char *assignment, bool is_from_file,
    struct err *);

enum kafka_role { KAFKA_CONSUMER, KAFKA_PRODUCER };

/*
 * A configuration with the user's properties over the role's defaults. Properties that this
 * librdkafka does not know are ERR_USAGE. The caller owns it until rd_kafka_new took it.
 */
rd_kafka_conf_t *kafka_conf_new(const struct kafka_options *, enum kafka_role, struct err *);

/* Sets a property of ours; ignored where this librdkafka does not know it (is_optional). */
int kafka_conf_set(rd_kafka_conf_t *, const char *name, const char *value, bool is_optional,
    struct err *);

/* Sets a default: only where the user has not set that property. */
int kafka_conf_default(const struct kafka_options *, rd_kafka_conf_t *, const char *name,
    const char *value, bool is_optional, struct err *);

/* Takes conf (also on failure). */
rd_kafka_t *kafka_new(rd_kafka_conf_t *conf, enum kafka_role, struct err *);

/*
 * Waits until the topic exists, at most wait_ms, a stop ends it (ERR_STOPPED). *ret_partitions: how
 * many partitions it has. ERR_UNAVAILABLE where no broker answered, naming the brokers;
 * ERR_NO_INPUT (consumer) or ERR_CANT_CREATE (producer) where the topic is not there.
 */
int kafka_wait_topic(rd_kafka_t *, enum kafka_role, const char *topic, int64_t wait_ms,
    int32_t *ret_partitions, struct err *);

/* What the caller must do about an error code. */
enum err_class kafka_error_class(rd_kafka_resp_err_t);

#endif
