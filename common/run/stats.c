/* SPDX-License-Identifier: MIT */
#include "run/stats.h"

#include <ctype.h>
#include <string.h>

#include "codec/utf8.h"
#include "io/replace_file.h"

enum {
	TEXT_BYTES_MAX = 64 * 1024,
	INTERVAL_MS_MIN = 100,
	INTERVAL_MS_MAX = 24 * 60 * 60 * 1000,
};

/* ---- options ---- */

/* Labels that the tools set themselves, and those that the server does ("Jobs and instances"). */
static bool
is_taken(const char *name, size_t len)
{
	static const char *const taken[] = { "tool", "topic", "group", "job", "instance" };

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		if (strlen(taken[i]) == len && memcmp(taken[i], name, len) == 0)
			return true;
	}
	/* "Data model": names that begin with two underscores are the server's own */
	return len >= 2 && name[0] == '_' && name[1] == '_';
}

/* "Data model", metric names and labels: [a-zA-Z_][a-zA-Z0-9_]* */
static bool
is_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c != '_' && !(i ? isalnum(c) : isalpha(c)))
			return false;
	}
	return len > 0;
}

static bool
is_known(const struct stats_options *o, const char *assignment, size_t name_len)
{
	for (size_t i = 0; i < o->label_count; i++) {
		if (strncmp(o->labels[i], assignment, name_len + 1) == 0)
			return true;
	}
	return false;
}

static int
add_label(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct stats_options *o = target;
	const char *equals = strchr(value, '=');
	size_t len = equals ? (size_t)(equals - value) : 0;

	(void)origin;
	if (!equals || !is_name(value, len) || !equals[1])
		return err_set(err, ERR_USAGE, "\"%s\": expected NAME=VALUE", value);
	if (is_taken(value, len) || is_known(o, value, len))
		return err_set(err, ERR_USAGE, "\"%.*s\" is set already", (int)len, value);
	if (strlen(value) >= sizeof(o->labels[0]) || !utf8_is_valid(slice_of(value)))
		return err_set(err, ERR_USAGE, "\"%.*s\": too long, or no UTF-8", (int)len, value);
	if (o->label_count == STATS_LABELS_MAX)
		return err_set(err, ERR_USAGE, "more than %d labels", STATS_LABELS_MAX);
	(void)snprintf(o->labels[o->label_count++], sizeof(o->labels[0]), "%s", value);
	return 0;
}

const struct opt stats_rows[] = {
	{ 0, "stats-file", "FILE", "keep the run's numbers in FILE, for Prometheus [none]", OPT_TEXT,
	    offsetof(struct stats_options, file), 0, 0, NULL },
	{ 0, "stats-interval", "DURATION", "how often that file is written [5s]", OPT_DURATION,
	    offsetof(struct stats_options, interval_ms), INTERVAL_MS_MIN, INTERVAL_MS_MAX, NULL },
	{ 0, "stats-label", "NAME=VALUE", "a label of all its numbers; repeatable", OPT_CALL, 0, 0, 0,
	    add_label },
};
const size_t stats_row_count = sizeof(stats_rows) / sizeof(*stats_rows);

/* ---- the text ---- */

/*
 * "Metric and label naming": a prefix of the application, what is counted, base units in the plural, and
 * "total" behind what only grows.
 */
static const struct {
	const char *name, *type, *help;
} metrics[STATS_ID_COUNT] = {
	[STATS_RECORDS_READ] = { "sluice_records_read_total", "counter", "Records read." },
	[STATS_BYTES_READ] = { "sluice_read_bytes_total", "counter", "Bytes of the values of records read." },
	[STATS_RECORDS_MADE] = { "sluice_records_made_total", "counter", "Records made." },
	[STATS_RECORDS_AGGREGATED] = { "sluice_records_aggregated_total", "counter",
	    "Records taken into windows." },
	[STATS_RECORDS_LATE] = { "sluice_records_late_total", "counter",
	    "Records that came too late for their windows." },
	[STATS_RECORDS_DELIVERED] = { "sluice_records_delivered_total", "counter",
	    "Records that the target has taken." },
	[STATS_RECORDS_FILTERED] = { "sluice_records_filtered_total", "counter",
	    "Records left out as asked." },
	[STATS_RECORDS_REJECTED] = { "sluice_records_rejected_total", "counter",
	    "Records put with the dead letters." },
	[STATS_RECORDS_LEFT] = { "sluice_records_left_total", "counter",
	    "Records read and left to another member of the group, with their partition." },
	[STATS_RECORDS_RETRIED] = { "sluice_records_retried_total", "counter",
	    "Records sent again, once for each time." },
	[STATS_REQUESTS] = { "sluice_requests_total", "counter", "Requests sent to the target." },
	[STATS_FILES] = { "sluice_files_total", "counter", "Files or objects published." },
	[STATS_FILE_BYTES] = { "sluice_file_bytes_total", "counter",
	    "Bytes of files or objects published." },
	[STATS_WINDOWS] = { "sluice_windows_total", "counter", "Windows given out." },
	[STATS_ROWS] = { "sluice_rows_total", "counter", "Rows of windows that the target has taken." },
	[STATS_RECORDS_OPEN] = { "sluice_records_open", "gauge",
	    "Records read and not yet delivered, rejected, filtered or left." },
	[STATS_FILES_OPEN] = { "sluice_files_open", "gauge",
	    "Files or objects that are collected or being published." },
	[STATS_REQUESTS_IN_FLIGHT] = { "sluice_requests_in_flight", "gauge",
	    "Requests that have no answer yet." },
	[STATS_REQUESTS_IN_FLIGHT_LIMIT] = { "sluice_requests_in_flight_limit", "gauge",
	    "Requests in flight at most, as throttling has it at present." },
	[STATS_BUFFERED_BYTES] = { "sluice_buffered_bytes", "gauge",
	    "Bytes of records held for the target." },
	[STATS_WINDOWS_OPEN] = { "sluice_windows_open", "gauge", "Windows that are open." },
	[STATS_STATE_BYTES] = { "sluice_state_bytes", "gauge", "Bytes held for open windows." },
	[STATS_EVENT_TIME] = { "sluice_event_time_seconds", "gauge",
	    "Event time that was reached, in seconds since the epoch." },
	[STATS_BEHIND] = { "sluice_behind_seconds", "gauge",
	    "How late what is sent is, by its schedule." },
	[STATS_LAG_RECORDS] = { "sluice_lag_records", "gauge",
	    "Records of the partitions read that are not yet delivered, rejected or filtered." },
	[STATS_PROCESSES] = { "sluice_processes", "gauge", "Processes at work: 0 after the end." },
};

/* "Exposition formats", comments, help text and type information. */
static int
append_value(struct buf *out, const char *value, struct err *err)
{
	for (; *value; value++) {
		const char *escaped = *value == '\n' ? "\\n"
		    : *value == '"'                  ? "\\\""
		    : *value == '\\'                 ? "\\\\"
						     : NULL;

		if (escaped ? buf_append_text(out, escaped, err) : buf_append_char(out, *value, err))
			return -1;
	}
	return 0;
}

static int
append_label(struct buf *out, struct slice name, const char *value, struct err *err)
{
	if (!*value)
		return 0;
	return (out->len && buf_append_char(out, ',', err)) || buf_append(out, name, err) ||
	    buf_append_text(out, "=\"", err) || append_value(out, value, err) ||
	    buf_append_char(out, '"', err);
}

static int
append_labels(const struct stats_options *o, const struct stats_label *labels, size_t count,
    struct buf *out, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (append_label(out, slice_of(labels[i].name), labels[i].value, err))
			return -1;
	}
	for (size_t i = 0; i < o->label_count; i++) {
		const char *name = o->labels[i], *equals = strchr(name, '=');

		if (append_label(out, slice_make(name, (size_t)(equals - name)), equals + 1, err))
			return -1;
	}
	return 0;
}

static int
append_metric(struct buf *out, enum stats_id id, const char *labels, int64_t value, struct err *err)
{
	const char *name = metrics[id].name;

	return buf_appendf(out, err, "# HELP %s %s\n# TYPE %s %s\n%s{%s} %lld\n", name,
	    metrics[id].help, name, metrics[id].type, name, labels, (long long)value);
}

int
stats_render(const struct stats_options *o, const struct stats_value *values, size_t count,
    const void *numbers, const struct stats_label *labels, size_t label_count, struct buf *ret,
    struct err *err)
{
	struct buf text = BUF_INIT(TEXT_BYTES_MAX);
	int rc = buf_append_text(&text, "", err) || append_labels(o, labels, label_count, &text, err);

	for (size_t i = 0; !rc && i < count; i++) {
		int64_t value;

		memcpy(&value, (const char *)numbers + values[i].offset, sizeof(value));
		if (value >= 0)
			rc = append_metric(ret, values[i].id, text.data, value, err);
	}
	buf_release(&text);
	return rc ? -1 : 0;
}

/* ---- the file ---- */

int
stats_check(const struct stats_options *o, struct err *err)
{
	return replace_file_check(o->file, err);
}

int
stats_write(const struct stats_options *o, const struct stats_value *values, size_t count,
    const void *numbers, const struct stats_label *labels, size_t label_count, struct err *err)
{
	struct buf text = BUF_INIT(TEXT_BYTES_MAX);
	int rc = stats_render(o, values, count, numbers, labels, label_count, &text, err);

	if (!rc)
		rc = replace_file(o->file, buf_slice(&text), REPLACE_FILE_AS_NUMBERS, err);
	buf_release(&text);
	return rc;
}
