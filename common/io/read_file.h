/* SPDX-License-Identifier: MIT */
#ifndef SLUICE_IO_READ_FILE_H
#define SLUICE_IO_READ_FILE_H

#include <stddef.h>

#include "base/err.h"

/*
 * The content of a small file, NUL terminated, owned by the caller (free(3)). NULL with
 * ERR_NO_INPUT where it cannot be opened (ERR_DENIED for permissions), ERR_USAGE where it is longer
 * than bytes_max or holds a NUL.
 */
char *read_file(const char *path, size_t bytes_max, struct err *);

/* Whether a file that a library is told by name is there to be read: errors as those of read_file. */
int read_file_check(const char *path, struct err *);

#endif
