/* SPDX-License-Identifier: MIT */
/* JSON texts that were scanned already: what is said here holds for such only. */
#ifndef SLUICE_KAFKA_TO_S3_FORMAT_JSON_TEXT_H
#define SLUICE_KAFKA_TO_S3_FORMAT_JSON_TEXT_H

#include "codec/json.h"

/* Turns line breaks into blanks; JSON has them between its tokens only. */
void json_text_blank_breaks(char *text, size_t len);

/* It begins with no blank. */
bool json_text_is_object(struct slice text);

/* The value that `text` is, without blanks around it, as the scanner gives it. */
struct json_value json_text_value(struct slice text);

/* A member of an object. */
struct json_member {
	struct slice name;  /* as written, without its quotes */
	struct slice value; /* as written */
};

/* The members of an object, in order; `rest` begins as the object, without blanks around it. False where there is
 * none left. */
bool json_text_member(struct slice *rest, struct json_member *ret);

#endif
