/* SPDX-License-Identifier: MIT */
/* How old what a group has not read is. */
#ifndef SLUICE_KAFKA_TOPIC_AGE_H
#define SLUICE_KAFKA_TOPIC_AGE_H

#include "kafka-topic/scope.h"

/*
 * Reads one record of each partition that has any from the committed offset on (from the log's
 * start, where nothing is committed), and keeps its timestamp in unread_ms. It stays -1 where there
 * is no record, as what is left are marks of transactions, or no time. Begin and end are known by
 * then. ERR_UNAVAILABLE where the brokers do not give them within the timeout.
 */
int age_ask(struct scope *, struct admin *, struct err *);

/* "850ms", "42s", "3m12s", "5h07m", "12d04h": two units at most, for people. A time to come is
 * "0ms". */
enum { AGE_TEXT_BYTES = 32 };

void age_format(int64_t age_ms, char text[static AGE_TEXT_BYTES]);

#endif
