/* SPDX-License-Identifier: MIT */
#ifndef SLUICE_IO_REPLACE_FILE_H
#define SLUICE_IO_REPLACE_FILE_H

#include "base/err.h"
#include "base/slice.h"

/* Makes the file hold these bytes, readable by its owner only: whole or, after a crash, as it was.
 * ERR_CANT_CREATE, ERR_IO. */
int replace_file(const char *path, struct slice bytes, struct err *);

#endif
