/* SPDX-License-Identifier: MIT */
/*
 * Options from files and from the environment. A file has lines `name = value`, `#` comments and
 * [tool] sections; a dotted name is a property of librdkafka (option --property), any other a long
 * option. Lines before the first section are for all tools.
 */
#ifndef SLUICE_RUN_SETTINGS_H
#define SLUICE_RUN_SETTINGS_H

#include "base/opt.h"

/* /etc/sluice.conf, the user's file and the environment, in that order; files that are not there
 * are passed over (but not one that $SLUICE_CONFIG names). Texts that values point into are handed
 * to the caller in ret_texts[0..1]. */
int settings_apply_defaults(struct opt_set *, const char *tool, char **ret_texts, struct err *);

/* ERR_NO_INPUT where it cannot be read, ERR_USAGE with FILE:LINE where it is wrong. */
int settings_apply_file(struct opt_set *, const char *tool, const char *path, enum opt_origin,
    char **ret_text, struct err *);

#endif
