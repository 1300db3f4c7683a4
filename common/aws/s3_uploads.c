/* SPDX-License-Identifier: MIT */
/* Uploads that nobody has ended ("ListMultipartUploads", "AbortMultipartUpload"). */
#include "aws/s3_put_state.h"
#include "aws/s3_xml.h"

enum {
	QUERY_BYTES_MAX = 16 * 1024,
	/* In a row without an upload: a listing that never ends. */
	EMPTY_PAGES_MAX = 1000,
};

static const struct http_header payer = { { "x-amz-request-payer", 19 }, { "requester", 9 } };

struct uploads {
	struct s3_bucket *bucket;
	struct slice prefix;
	int64_t deadline_mono_ms;
	char about[S3_ABOUT_BYTES];
	struct buf query;
	struct s3_uploads page;
	struct err err; /* of reading the page */
};

static int
append(struct buf *query, const char *name, struct slice value, struct err *err)
{
	if (!value.len)
		return 0;
	if (buf_append_text(query, name, err))
		return -1;
	return sigv4_append_encoded(query, value, false, err);
}

static int
build_query(struct uploads *u, struct err *err)
{
	buf_clear(&u->query);
	if (buf_append_text(&u->query, "uploads=&encoding-type=url", err) ||
	    append(&u->query, "&prefix=", u->prefix, err))
		return -1;
	if (!u->page.is_truncated)
		return 0;
	if (append(&u->query, "&key-marker=", buf_slice(&u->page.next_key), err))
		return -1;
	return append(&u->query, "&upload-id-marker=", buf_slice(&u->page.next_id), err);
}

static void
on_page(void *context, const struct http_reply *reply, const struct err *err)
{
	struct uploads *u = context;

	if (err->class == ERR_NONE)
		(void)s3_uploads_read(&u->page, reply->body, &u->err);
}

static int
ask(struct uploads *u, struct err *err)
{
	struct s3_call_request request = {
		.method = "GET",
		.about = u->about,
		.headers = &payer,
		.header_count = u->bucket->is_requester_paid,
		.deadline_mono_ms = u->deadline_mono_ms,
		.context = u,
		.done = on_page,
	};

	if (build_query(u, err))
		return -1;
	request.query = buf_slice(&u->query);
	if (s3_call_run(u->bucket, &request, err))
		return -1;
	if (u->err.class == ERR_NONE)
		return 0;
	*err = u->err;
	return err_wrap(err, "%s: listing uploads", u->about);
}

static void
on_aborted(void *context, const struct http_reply *reply, const struct err *err)
{
	int *status = context;

	(void)err;
	*status = reply->status;
}

static int
abort_one(struct uploads *u, const struct s3_upload *upload, size_t *count, struct err *err)
{
	char about[S3_ABOUT_BYTES];
	int status = 0;
	struct s3_call_request request = {
		.method = "DELETE",
		.key = upload->key,
		.about = about,
		.headers = &payer,
		.header_count = u->bucket->is_requester_paid,
		.deadline_mono_ms = u->deadline_mono_ms,
		.context = &status,
		.done = on_aborted,
	};

	s3_about(u->bucket, upload->key, about);
	buf_clear(&u->query);
	if (append(&u->query, "uploadId=", upload->id, err))
		return -1;
	request.query = buf_slice(&u->query);
	if (!s3_call_run(u->bucket, &request, err)) {
		++*count;
		return 0;
	}
	/* it ended meanwhile */
	if (status != 404)
		return -1;
	err_clear(err);
	return 0;
}

int
s3_abort_uploads(struct s3_bucket *bucket, struct slice prefix,
    bool (*is_ours)(void *context, struct slice key), void *context, int64_t deadline_mono_ms,
    size_t *ret_count, struct err *err)
{
	struct uploads u = { .bucket = bucket,
		.prefix = prefix,
		.deadline_mono_ms = deadline_mono_ms };
	unsigned empty_pages = 0;
	size_t count = 0;
	int rc = -1;

	s3_about(bucket, prefix, u.about);
	buf_init(&u.query, QUERY_BYTES_MAX);
	s3_uploads_init(&u.page);
	do {
		if (ask(&u, err))
			goto out;
		empty_pages = u.page.count ? 0 : empty_pages + 1;
		if (empty_pages > EMPTY_PAGES_MAX) {
			err_set(err, ERR_UNAVAILABLE, "%s: listing uploads: too many empty pages",
			    u.about);
			goto out;
		}
		for (size_t i = 0; i < u.page.count; i++) {
			struct s3_upload upload = s3_uploads_at(&u.page, i);

			if (is_ours(context, upload.key) && abort_one(&u, &upload, &count, err))
				goto out;
		}
	} while (u.page.is_truncated);
	rc = 0;
out:
	*ret_count = count;
	s3_uploads_release(&u.page);
	buf_release(&u.query);
	return rc;
}
