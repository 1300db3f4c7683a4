/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/options_format.h"

static int
set_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct format_options *options = target;

	(void)origin;
	return format_kind_parse(value, &options->kind, err);
}

static int
set_codec(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct format_options *options = target;

	(void)origin;
	return format_codec_parse(value, &options->codec, err);
}

/* Readers would take it for what it stands between. */
static bool
is_of_cells(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '"';
}

static int
set_delimiter(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct format_options *options = target;

	(void)origin;
	if (strcmp(value, "\\t") == 0)
		value = "\t";
	if (strlen(value) != 1 || (*value != '\t' && *value < ' ') || *value == 0x7f || is_of_cells(*value))
		return err_set(err, ERR_USAGE,
		    "\"%s\" is not \\t or one ASCII character that is no letter, digit or quote", value);
	options->delimiter = *value;
	return 0;
}

const struct opt format_rows[] = {
	{ 0, "format", "json|csv|parquet",
	    "what files hold: values as JSON lines, rows of --select's fields, or columns of a "
	    "--schema [json]", OPT_CALL,
	    0, 0, 0, set_format },
	{ 'z', "compress", "CODEC",
	    "compression of files: none, lz4, gzip, zstd, snappy (of Parquet) [none; snappy "
	    "for Parquet]", OPT_CALL,
	    0, 0, 0, set_codec },
	{ 0, "delimiter", "CHARACTER", "between the cells of CSV [,]", OPT_CALL, 0, 0, 0,
	    set_delimiter },
	{ 0, "no-header", NULL, "CSV files do not begin with the names of their columns",
	    OPT_FLAG, offsetof(struct format_options, has_no_header), 0, 0, NULL },
};
const size_t format_row_count = sizeof(format_rows) / sizeof(*format_rows);
