/* SPDX-License-Identifier: MIT */
/*
 * Templates make names out of records: object paths, keys, ids (sluice(7), TEMPLATES).
 *
 *   {field} {field:03d}   a field of the value, dotted path; a printf-like width for integers
 *   {@topic} {@partition} {@offset} {@key} {@key.id} {@header.NAME}
 *   {@year} {@month} {@day} {@hour} {@minute} {@time:STRFTIME}   event time, UTC
 *
 * A '{' that is not followed by a letter, '_', '.' or '@' is literal; "{{" is a literal '{'. '}'
 * and
 * '%' are ordinary outside braces. The first ':' inside braces ends the name, so a name with a ':'
 * or a '}' in it cannot be asked for.
 *
 * Values. A string is decoded, a number, true and false are written as they came; an array or an
 * object rejects the record. {@key} is the key's bytes, {@key.id} a field of a key that is JSON (a
 * key that is not rejects the record), {@header.NAME} the last header of that name. Missing are: a
 * field that is not there or null, the key or a header that is not there or null, the topic where
 * it is not known, any time where the record has none.
 *
 * Widths: {n:d}, {n:4d} (blanks), {n:04d} (zeros), up to 99, as printf(3), for everything but the
 * topic and times. The value must be an integer, of any size, or a string that is nothing but one
 * ("-0012" gives -012 for {n:04d}); anything else rejects the record.
 */
#ifndef SLUICE_FLOW_TEMPLATE_H
#define SLUICE_FLOW_TEMPLATE_H

#include "flow/field.h"

/* What a missing or null field does. */
enum template_missing {
	TEMPLATE_REJECT,            /* the record is rejected: ids and keys */
	TEMPLATE_DEFAULT_PARTITION, /* "__DEFAULT_PARTITION__": object paths */
};

/*
 * How values are written into the result. The template's own text is never escaped.
 *
 * TEMPLATE_JSON is TEMPLATE_PLAIN, but where the template is itself JSON ({"id":"{id}"}) a value that
 * stands inside one of its strings is escaped as RFC 8259 wants it, so that the result is JSON too;
 * of a value that is not UTF-8 U+FFFD stands for the bad bytes. A value that stands outside of
 * strings is written as it is.
 *
 * TEMPLATE_PATH writes a relative path that no value can lead out of or add segments to. Control
 * bytes and "#%'*\/:=?{[]^ become %XX, the set of Hive's FileUtils.escapePathName (charToEscape;
 * Hive, common/src/java/org/apache/hadoop/hive/common/FileUtils.java), which Flink and Spark share;
 * so do the bytes above 0x7f of a value that is not UTF-8. An empty value is
 * "__DEFAULT_PARTITION__" whatever template_missing says. What {@time:} makes is escaped too, but for
 * '/': there it is the template that says so. No segment begins with '_' or '.', which makes names that Hive
 * (FileUtils.HIDDEN_FILES_PATH_FILTER, in the file above), Athena and Spark pass over, nor is one "." or "..": where one begins with a
 * value, such a value rejects the record, and so does one that is missing.
 */
enum template_escape {
	TEMPLATE_PLAIN,
	TEMPLATE_JSON,
	TEMPLATE_PATH,
};

struct template;

/* True where a '{' begins a variable rather than being itself. */
static inline bool
template_opens_name(struct slice at)
{
	char c = at.len > 1 && at.data[0] == '{' ? at.data[1] : '\0';

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '@';
}

/*
 * Adds the fields it needs to `fields`. ERR_USAGE with the byte in the template where it is wrong;
 * for TEMPLATE_PATH also where the path is absolute, ends with '/' or has an empty segment or one
 * that begins with '_' or '.'. An empty template is right and renders to nothing.
 */
struct template *template_compile(const char *text, enum template_missing, enum template_escape,
    struct field_set *fields, struct err *);
void template_free(struct template *);

/* From now on a string with a lone surrogate escape rejects the record, instead of U+FFFD standing for it. */
void template_refuse_surrogates(struct template *);

/* True where the result may differ from record to record. */
bool template_has_variable(const struct template *);
bool template_uses_time(const struct template *);

/* False where the path can be none of its (TEMPLATE_PATH): another beginning, or another number of segments. */
bool template_may_make(const struct template *, struct slice path);

/* How long the result stays the same, by the smallest part of the event time in it. A week is as strftime(3)
 * counts it: seven days from any one on. */
enum template_unit {
	TEMPLATE_NO_TIME,
	TEMPLATE_SECOND,
	TEMPLATE_MINUTE,
	TEMPLATE_HOUR,
	TEMPLATE_DAY,
	TEMPLATE_WEEK,
	TEMPLATE_MONTH,
	TEMPLATE_YEAR,
};

enum template_unit template_unit(const struct template *);

/* The first ms behind the unit that time_ms is in, at which a record has another result; of a week, whose first day is
 * not known, no earlier than that. */
int64_t template_unit_end(enum template_unit, int64_t time_ms);
/* {@key}, {@key.id} or {@header.NAME}: the source need not carry keys and headers otherwise. */
bool template_uses_headers(const struct template *);

/*
 * Appends the result for a record whose value has been scanned by the set given at compilation (no
 * scan is needed where the template has no field). time_ms is its event time (RECORD_NO_TIME where
 * there is none: a missing field). ERR_DATA rejects the record; `out` is as before then.
 *
 * Not const: what event time makes is kept from record to record and rendered again only in
 * another minute (or day, or second: the finest part of a run decides).
 */
int template_render(struct template *, const struct field_set *, const struct record *,
    int64_t time_ms, struct buf *out, struct err *);

#endif
