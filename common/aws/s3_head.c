/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "aws/s3_put_state.h"
#include "aws/s3_xml.h"
#include "codec/base64.h"

static bool
read_crc64(struct slice text, uint64_t *ret)
{
	struct buf bytes = BUF_INIT(16);
	struct err err = ERR_INIT;
	bool is_one = !base64_decode(text, &bytes, &err) && bytes.len == 8;

	*ret = 0;
	for (size_t i = 0; is_one && i < 8; i++)
		*ret = *ret << 8 | (unsigned char)bytes.data[i];
	buf_release(&bytes);
	return is_one;
}

static int
read_length(struct slice text, int64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || *ret > INT64_MAX / 10 - 1)
			return -1;
		*ret = *ret * 10 + (text.data[i] - '0');
	}
	return text.len ? 0 : -1;
}

int
s3_head_read(const struct http_reply *reply, struct s3_head *ret, struct err *err)
{
	struct slice etag = http_reply_header(reply, "ETag");

	*ret = (struct s3_head){ .is_there = true };
	if (read_length(http_reply_header(reply, "Content-Length"), &ret->bytes))
		return err_set(err, ERR_UNAVAILABLE, "a reply without a good Content-Length");
	ret->has_crc64 =
	    read_crc64(http_reply_header(reply, "x-amz-checksum-crc64nvme"), &ret->crc64);
	if (etag.len < sizeof(ret->etag))
		(void)snprintf(ret->etag, sizeof(ret->etag), "%.*s", SLICE_ARGS(etag));
	return 0;
}

struct asked {
	struct s3_head *ret;
	int status;
	struct err err;
};

static void
on_head(void *context, const struct http_reply *reply, const struct err *err)
{
	struct asked *asked = context;

	asked->status = reply->status;
	if (err->class == ERR_NONE)
		(void)s3_head_read(reply, asked->ret, &asked->err);
}

int
s3_head(struct s3_bucket *bucket, struct slice key, struct s3_head *ret, struct err *err)
{
	static const struct http_header headers[] = {
		{ { "x-amz-checksum-mode", 19 }, { "ENABLED", 7 } },
		{ { "x-amz-request-payer", 19 }, { "requester", 9 } },
	};
	struct s3_head head = { .is_there = false };
	struct asked asked = { .ret = &head };
	char about[S3_ABOUT_BYTES];
	struct s3_call_request request = {
		.method = "HEAD",
		.key = key,
		.about = about,
		.headers = headers,
		.header_count = bucket->is_requester_paid ? 2 : 1,
		.context = &asked,
		.done = on_head,
	};

	s3_about(bucket, key, about);
	if (s3_call_run(bucket, &request, err) && asked.status != 404)
		return -1;
	if (asked.err.class != ERR_NONE) {
		*err = asked.err;
		return err_wrap(err, "%s", about);
	}
	*ret = head;
	return 0;
}
