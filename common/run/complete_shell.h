/* SPDX-License-Identifier: MIT */
/* Between run/complete and one file for each shell. */
#ifndef SLUICE_RUN_COMPLETE_SHELL_H
#define SLUICE_RUN_COMPLETE_SHELL_H

#include "run/complete.h"

void complete_print_bash(const struct opt_set *, const struct complete_tool *, FILE *out);
void complete_print_zsh(const struct opt_set *, const struct complete_tool *, FILE *out);
void complete_print_fish(const struct opt_set *, const struct complete_tool *, FILE *out);

/* It takes an argument, in the same word as a long name only. */
bool complete_is_optional(const struct opt *);

/* A name of a function: kafka_to_s3. */
void complete_put_name(const char *tool, FILE *out);

/* With what goes before each. */
void complete_put_words(const struct complete_argument *, const char *before, FILE *out);

#endif
