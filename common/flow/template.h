/* SPDX-License-Identifier: MIT */
/*
 * Templates make names out of records: object paths, keys, ids (sluice(7), TEMPLATES).
 *
 *   {field} {field:03d}   a field of the value, dotted path; a printf-like width for numbers
 *   {@topic} {@partition} {@offset} {@key} {@key.id} {@header.NAME}
 *   {@year} {@month} {@day} {@hour} {@minute} {@time:STRFTIME}   event time, UTC
 *
 * A '{' that is not followed by a letter, '_', '.' or '@' is literal; "{{" is a literal '{'. '%' is
 * ordinary outside braces.
 */
#ifndef SLUICE_FLOW_TEMPLATE_H
#define SLUICE_FLOW_TEMPLATE_H

#include "flow/field.h"

/* What a missing or null field does. */
enum template_missing {
	TEMPLATE_REJECT,            /* the record is rejected: ids and keys */
	TEMPLATE_DEFAULT_PARTITION, /* "__DEFAULT_PARTITION__": object paths */
};

/* How values are written into the result. */
enum template_escape {
	TEMPLATE_PLAIN,
	TEMPLATE_PATH, /* as Hive escapes partition values: '/', '%', control bytes ... become %XX */
};

struct template;

/* Adds the fields it needs to `fields`. ERR_USAGE with the byte in the template where it is wrong. */
struct template *template_compile(const char *text, enum template_missing, enum template_escape,
    struct field_set *fields, struct err *);
void template_free(struct template *);

/* True where the result differs from record to record. */
bool template_has_variable(const struct template *);
bool template_uses_time(const struct template *);
/* {@key} or {@header}: the source need not carry them otherwise. */
bool template_uses_headers(const struct template *);

/*
 * Appends the result for a record whose value has been scanned by the set given at compilation.
 * time_ms is its event time (RECORD_NO_TIME where there is none: a missing field). ERR_DATA rejects
 * the record.
 */
int template_render(const struct template *, const struct field_set *, const struct record *,
    int64_t time_ms, struct buf *out, struct err *);

#endif
