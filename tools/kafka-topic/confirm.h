/* SPDX-License-Identifier: MIT */
/* Asking before something is destroyed. */
#ifndef SLUICE_KAFKA_TOPIC_CONFIRM_H
#define SLUICE_KAFKA_TOPIC_CONFIRM_H

#include "kafka-topic/request.h"

/* ERR_USAGE where nobody can be asked: standard input is no terminal, without --yes and --dry-run.
 * To be called before any work. */
int confirm_can_ask(const struct request *, struct err *);

/*
 * With --yes true. Else the question ("delete topic orders?") goes to standard error, and a line of
 * standard input that is y or yes is one; any other, its end or a signal is ERR_NO: nothing was
 * done.
 */
int confirm_ask(const struct request *, const char *question, struct err *);

/* As confirm_ask, before things of these names are deleted `with` more; *ret_is_sure is false with no names,
 * and with --dry-run, which says them. */
int confirm_deletion(const struct request *, const struct buf *names, const char *with,
    bool *ret_is_sure, struct err *);

#endif
