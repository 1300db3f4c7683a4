/* SPDX-License-Identifier: MIT */
#ifndef SLUICE_IO_REPLACE_FILE_H
#define SLUICE_IO_REPLACE_FILE_H

#include "base/err.h"
#include "base/slice.h"

enum replace_file_as {
	REPLACE_FILE_AS_SECRET,  /* readable by its owner only; whole, or as it was, after a power failure too */
	REPLACE_FILE_AS_NUMBERS, /* readable as the umask has it; of this moment, and not waited for */
};

/* Makes the file hold these bytes; who reads it meanwhile has all of the old ones or all of these.
 * ERR_CANT_CREATE, ERR_IO. */
int replace_file(const char *path, struct slice bytes, enum replace_file_as, struct err *);

/* ERR_CANT_CREATE where it could not be done, as far as can be told without trying. */
int replace_file_check(const char *path, struct err *);

#endif
