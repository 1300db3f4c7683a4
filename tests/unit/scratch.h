/* SPDX-License-Identifier: MIT */
/* A directory for one test, under $TMPDIR or /tmp. Every failure here fails the test (cmocka). */
#ifndef SLUICE_TESTS_UNIT_SCRATCH_H
#define SLUICE_TESTS_UNIT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* free(3) it with scratch_remove, which removes all that is in it. */
char *scratch_new(void);
void scratch_remove(char *root);

/* "root/relative"; the caller's. */
char *scratch_path(const char *root, const char *relative);

bool scratch_has(const char *root, const char *relative);

/* The content of a file, NUL terminated; the caller's. */
char *scratch_read(const char *root, const char *relative, size_t *ret_len);
void scratch_write(const char *root, const char *relative, const char *text);

/* True where the file holds exactly this text. */
bool scratch_holds(const char *root, const char *relative, const char *text);

/* How many regular files there are below root, hidden ones included. */
unsigned scratch_count_files(const char *root);

#endif
