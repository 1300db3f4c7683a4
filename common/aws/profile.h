/* SPDX-License-Identifier: MIT */
/*
 * The files ~/.aws/config and ~/.aws/credentials (AWS SDKs and Tools Reference Guide, "Shared
 * config and credentials files"): sections of name = value, one level of nested values below an
 * empty one. Sections of the same name are one; the last of equal names counts; names are in any
 * case.
 */
#ifndef SLUICE_AWS_PROFILE_H
#define SLUICE_AWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The kinds of sections that mean anything: [default] and [profile NAME], [sso-session NAME],
 * [services NAME]; all others are passed over. */
enum profile_kind { PROFILE, PROFILE_SSO_SESSION, PROFILE_SERVICES };

struct profile_value {
	enum profile_kind kind;
	char *section;
	char *group; /* the name that a nested value stands below; NULL: none */
	char *name;  /* lower case; NULL: the section is there, that is all */
	char *value;
	bool is_secret_file; /* from the credentials file */
};

struct profiles {
	struct profile_value *values;
	size_t count, capacity;
};

/*
 * Reads both files; one that does not exist is empty. ERR_USAGE with FILE:LINE where a line is none
 * of what may be there; ERR_DENIED where a file may not be read.
 */
int profiles_read(
    struct profiles *, const char *config_path, const char *credentials_path, struct err *);

/* Reads one text of either kind; `path` is for messages. */
int profiles_read_text(
    struct profiles *, char *text, const char *path, bool is_secret_file, struct err *);

/* Wipes. */
void profiles_release(struct profiles *);

bool profiles_has(const struct profiles *, enum profile_kind, const char *section);

/* A value, the credentials file's before the config file's; NULL where there is none, or it is
 * empty. group NULL: not nested. */
const char *profiles_get(const struct profiles *, enum profile_kind, const char *section,
    const char *group, const char *name);

/* The same, of one of the two files only. */
const char *profiles_get_of(
    const struct profiles *, const char *profile, const char *name, bool is_secret_file);

#endif
