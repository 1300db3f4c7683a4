/* SPDX-License-Identifier: MIT */
/*
 * Listings, of objects and of uploads, and errors of any bytes: what is accepted keeps what its reader relies on. The first
 * byte says which the bytes are.
 */
#include <stdint.h>
#include <stdlib.h>

#include "aws/s3_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool claim)
{
	if (!claim)
		abort();
}

static void
try_page(struct slice xml)
{
	struct err err = ERR_INIT;
	struct s3_page page;

	s3_page_init(&page);
	if (s3_page_read(&page, xml, &err)) {
		require(err.class == ERR_UNAVAILABLE || err.class == ERR_DATA);
	} else {
		require(page.is_truncated == (page.token.len > 0));
		for (size_t i = 0; i < page.count; i++) {
			struct s3_object object = s3_page_object(&page, i);

			require(object.key.len > 0 && object.key.len <= S3_KEY_BYTES_MAX);
			require(!memchr(object.key.data, '\0', object.key.len));
			require(object.size >= 0);
			require(object.etag.len <= xml.len);
		}
		/* again, into the same page */
		require(!s3_page_read(&page, xml, &err));
	}
	s3_page_release(&page);
}

static void
try_uploads(struct slice xml)
{
	struct buf text = BUF_INIT(S3_UPLOAD_ID_BYTES_MAX);
	struct err err = ERR_INIT;
	struct s3_uploads page;

	s3_uploads_init(&page);
	if (s3_uploads_read(&page, xml, &err)) {
		require(err.class == ERR_UNAVAILABLE || err.class == ERR_DATA);
	} else {
		require(!page.is_truncated || page.next_key.len > 0);
		for (size_t i = 0; i < page.count; i++) {
			struct s3_upload upload = s3_uploads_at(&page, i);

			require(upload.key.len > 0 && upload.key.len <= S3_KEY_BYTES_MAX);
			require(!memchr(upload.key.data, '\0', upload.key.len));
			require(upload.id.len > 0 && upload.id.len <= S3_UPLOAD_ID_BYTES_MAX);
		}
	}
	s3_uploads_release(&page);
	require(s3_begun_read(xml, &text, &err) || text.len > 0);
	(void)s3_completed_read(xml, &text, &err);
	buf_release(&text);
}

static void
try_error(struct slice xml)
{
	struct s3_error error;

	s3_error_read(xml, &error);
	require(strlen(error.code) < sizeof(error.code));
	require(strlen(error.message) < sizeof(error.message));
	require(strlen(error.region) < sizeof(error.region));
	require(error.actual_size >= -1);
	for (const char *at = error.message; *at; at++)
		require((unsigned char)*at >= ' ' && *at != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		try_page(slice_make((const char *)data + 1, size - 1));
	else if (data[0] & 2)
		try_uploads(slice_make((const char *)data + 1, size - 1));
	else
		try_error(slice_make((const char *)data + 1, size - 1));
	return 0;
}
