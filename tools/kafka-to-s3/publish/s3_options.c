/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/publish/s3_options.h"

#include "codec/utf8.h"

static int
set_encryption(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	/* "PutObject", x-amz-server-side-encryption */
	static const char *const names[] = { "AES256", "aws:kms", "aws:kms:dsse" };
	struct s3_target_options *options = target;

	(void)origin;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(value, names[i]) == 0) {
			options->style.encryption = value;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\" is none of AES256, aws:kms, aws:kms:dsse", value);
}

static int
add_tag(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct s3_target_options *options = target;
	struct slice name, rest;

	if (!slice_cut(slice_of(value), '=', &name, &rest))
		return err_set(err, ERR_USAGE, "\"%s\" is not NAME=VALUE", value);
	if (origin > options->tag_origin)
		buf_clear(&options->tagging);
	options->tag_origin = origin;
	if (s3_tagging_append(&options->tagging, name, rest, err))
		return -1;
	options->style.tagging = options->tagging.data;
	return 0;
}

static int
set_request_payer(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct s3_target_options *options = target;

	(void)origin;
	if (value && strcmp(value, "requester") != 0)
		return err_set(err, ERR_USAGE, "\"%s\" is not requester", value);
	options->bucket.is_requester_paid = true;
	return 0;
}

const struct opt s3_target_rows[] = {
	{ 0, "storage-class", "CLASS", "of objects, for example STANDARD_IA [the bucket's]", OPT_TEXT,
	    offsetof(struct s3_target_options, style.storage_class), 0, 0, NULL },
	{ 0, "sse", "MODE", "encrypt them there: AES256, aws:kms or aws:kms:dsse [as the bucket says]",
	    OPT_CALL, 0, 0, 0, set_encryption },
	{ 0, "sse-kms-key-id", "ID", "with this key of KMS [AWS's own]", OPT_TEXT,
	    offsetof(struct s3_target_options, style.kms_key_id), 0, 0, NULL },
	{ 0, "tag", "NAME=VALUE", "tag them; may be repeated", OPT_CALL, 0, 0, 0, add_tag },
	{ 0, "acl", "NAME", "a canned ACL, for example bucket-owner-full-control [the bucket's]",
	    OPT_TEXT, offsetof(struct s3_target_options, style.acl), 0, 0, NULL },
	{ 0, "content-type", "TYPE", "of objects [by format and compression]", OPT_TEXT,
	    offsetof(struct s3_target_options, style.content_type), 0, 0, NULL },
	{ 0, "part-size", "SIZE", "larger objects are uploaded in parts of this size [8M]", OPT_SIZE,
	    offsetof(struct s3_target_options, part_bytes), S3_PART_BYTES_MIN, S3_PART_BYTES_MAX,
	    NULL },
	{ 0, "spool-dir", "DIRECTORY", "where objects are collected [$TMPDIR, or /var/tmp]", OPT_TEXT,
	    offsetof(struct s3_target_options, spool_directory), 0, 0, NULL },
	{ 0, "patience", "DURATION", "end when S3 was away, or throttled, for that long [5m]",
	    OPT_DURATION, offsetof(struct s3_target_options, patience_ms), 0, 0, NULL },
	{ 0, "no-checksum", NULL, "send no CRC-64/NVME, for services that refuse it", OPT_FLAG,
	    offsetof(struct s3_target_options, has_no_checksum), 0, 0, NULL },
	{ 0, "request-payer", "[=requester]", "agree to pay for requests to buckets that ask for it",
	    OPT_CALL, 0, 0, 0, set_request_payer },
};
const size_t s3_target_row_count = sizeof(s3_target_rows) / sizeof(*s3_target_rows);

void
s3_target_options_release(struct s3_target_options *options)
{
	buf_release(&options->tagging);
}

int
s3_target_options_refuse(const struct opt_set *set, const char *target, struct err *err)
{
	for (size_t i = 0; i < s3_target_row_count; i++) {
		if (opt_origin(set, s3_target_rows[i].name) == OPT_COMMAND_LINE)
			return err_set(err, ERR_USAGE, "--%s is for targets in S3, and %s is none",
			    s3_target_rows[i].name, target);
	}
	return 0;
}

void
s3_address_normalise(char *address)
{
	size_t len = strlen(address);

	while (len > strlen("s3://") && address[len - 1] == '/')
		address[--len] = '\0';
}

int
s3_address_parse(
    const char *address, struct slice *ret_bucket, struct slice *ret_prefix, struct err *err)
{
	struct slice rest = slice_of(address + strlen("s3://"));

	(void)slice_cut(rest, '/', ret_bucket, ret_prefix);
	if (!ret_bucket->len)
		return err_set(err, ERR_USAGE, "%s: no bucket is named", address);
	if (ret_prefix->len > S3_PREFIX_BYTES_MAX)
		return err_set(err, ERR_USAGE,
		    "%s: a prefix of %zu bytes (at most %d, keys have 1,024)", address,
		    ret_prefix->len, S3_PREFIX_BYTES_MAX);
	if (!utf8_is_valid(*ret_prefix))
		return err_set(err, ERR_USAGE, "%s: a prefix that is not UTF-8", address);
	return 0;
}

int
s3_target_options_check(
    const struct s3_target_options *options, const char *address, struct err *err)
{
	const char *encryption = options->style.encryption;
	struct slice bucket, prefix;

	if (options->style.kms_key_id && (!encryption || !strcmp(encryption, "AES256")))
		return err_set(
		    err, ERR_USAGE, "--sse-kms-key-id goes with --sse aws:kms or aws:kms:dsse");
	return s3_address_parse(address, &bucket, &prefix, err);
}

/*
 * Media types of what is compressed as a whole name the compression: RFC 6713 (gzip), RFC 8878 (zstd).
 * A Content-Encoding is none of them: clients undo that on their own, and then the name is wrong.
 */
const char *
s3_content_type(const char *extension)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{ ".gz", "application/gzip" },
		{ ".zst", "application/zstd" },
		{ ".lz4", "application/x-lz4" },
		{ "json", "application/x-ndjson" },
		{ "csv", "text/csv" },                          /* RFC 7111 */
		{ "parquet", "application/vnd.apache.parquet" }, /* IANA's registry */
	};
	size_t len = strlen(extension);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		size_t n = strlen(types[i].end);

		if (len >= n && strcmp(extension + len - n, types[i].end) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}
