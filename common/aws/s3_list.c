/* SPDX-License-Identifier: MIT */
#include "aws/s3_state.h"
#include "aws/s3_xml.h"
#include "codec/sigv4.h"

enum {
	/* 1,000 keys of 1,024 bytes, each encoded as three, and what stands around them */
	PAGE_BYTES_MAX = 16 * 1024 * 1024,
	URL_BYTES_MAX = 32 * 1024,
	/* In a row: no keys, but a token. */
	EMPTY_PAGES_MAX = 1000,
};

struct list {
	struct s3_bucket *bucket;
	struct slice prefix;
	struct s3_ask ask;
	char about[S3_ABOUT_BYTES];
	struct buf url;
	struct buf body;
	struct buf last; /* key */
	unsigned empty_pages;
	struct s3_page page;
};

static enum http_verdict
judge(void *context, const struct http_reply *reply, struct err *err)
{
	struct list *list = context;

	return s3_judge(list->bucket, &list->ask, reply, err);
}

/* encoding-type=url: keys may hold what XML 1.0 has no way to write. */
static int
build_url(struct list *list, struct err *err)
{
	buf_clear(&list->url);
	if (s3_append_url(list->bucket, slice_make(NULL, 0), &list->ask, &list->url, err) ||
	    buf_append_text(&list->url, "?list-type=2&encoding-type=url", err))
		return -1;
	if (list->prefix.len && (buf_append_text(&list->url, "&prefix=", err) ||
				    sigv4_append_encoded(&list->url, list->prefix, false, err)))
		return -1;
	if (!list->page.token.len)
		return 0;
	if (buf_append_text(&list->url, "&continuation-token=", err) ||
	    sigv4_append_encoded(&list->url, buf_slice(&list->page.token), false, err))
		return -1;
	return 0;
}

static int
ask(struct list *list, struct err *err)
{
	/* what was archived but is restored can be read: ListObjectsV2 tells it where it is asked
	 * to */
	static const struct http_header headers[] = {
		{ { "x-amz-optional-object-attributes", 32 }, { "RestoreStatus", 13 } },
		{ { "x-amz-request-payer", 19 }, { "requester", 9 } },
	};
	/* only AWS knows the first */
	size_t begin = list->bucket->endpoint ? 1 : 0,
	       end = list->bucket->is_requester_paid ? 2 : 1;
	struct http_request request = {
		.method = "GET",
		.headers = headers + begin,
		.header_count = end - begin,
		.body_bytes_max = PAGE_BYTES_MAX,
		.attempts_usual = S3_ATTEMPTS_USUAL,
		.signer = list->bucket->signer,
		.events = { .context = list, .judge = judge },
		.about = list->about,
	};
	int rc;

	do {
		list->ask.is_moved = false;
		err_clear(err);
		if (build_url(list, err))
			return -1;
		request.url = buf_slice(&list->url);
		rc = http_fetch(
		    aws_session_http(list->bucket->session), &request, &list->body, NULL, err);
	} while (rc && list->ask.is_moved);
	return rc;
}

/* Names keys that come in no order, or again: such a listing may never end. */
static int
check_order(struct list *list, const struct s3_object *object, struct err *err)
{
	char about[S3_ABOUT_BYTES];

	s3_about(list->bucket, object->key, about);
	if (object->key.len < list->prefix.len ||
	    !slice_equal(slice_make(object->key.data, list->prefix.len), list->prefix))
		return err_set(err, ERR_UNAVAILABLE, "%s: listed, but it does not begin with %.*s",
		    about, SLICE_ARGS(list->prefix));
	if (list->last.len && slice_compare(buf_slice(&list->last), object->key) >= 0)
		return err_set(err, ERR_UNAVAILABLE, "%s: listed out of order", about);
	buf_clear(&list->last);
	return buf_append(&list->last, object->key, err);
}

static int
tell_page(struct list *list, int (*found)(void *, const struct s3_object *, struct err *),
    void *context, struct err *err)
{
	for (size_t i = 0; i < list->page.count; i++) {
		struct s3_object object = s3_page_object(&list->page, i);

		if (check_order(list, &object, err) || found(context, &object, err))
			return -1;
	}
	return 0;
}

/* A page may hold fewer keys than there are, and none ("ListObjectsV2", MaxKeys: "might contain fewer
 * keys"; services send them behind many deleted keys, or as the last one); but not for ever. */
static int
check_empty(struct list *list, struct err *err)
{
	if (list->page.count || !list->page.is_truncated)
		list->empty_pages = 0;
	else if (++list->empty_pages > EMPTY_PAGES_MAX)
		return err_set(err, ERR_UNAVAILABLE, "%s: listing: more than %d empty pages",
		    list->about, EMPTY_PAGES_MAX);
	return 0;
}

int
s3_list(struct s3_bucket *bucket, struct slice prefix,
    int (*found)(void *context, const struct s3_object *, struct err *), void *context,
    struct err *err)
{
	struct list list = { .bucket = bucket, .prefix = prefix };
	int rc = -1;

	s3_about(bucket, prefix, list.about);
	buf_init(&list.url, URL_BYTES_MAX);
	buf_init(&list.body, PAGE_BYTES_MAX);
	buf_init(&list.last, S3_KEY_BYTES_MAX);
	s3_page_init(&list.page);
	do {
		if (ask(&list, err))
			goto out;
		if (s3_page_read(&list.page, buf_slice(&list.body), err)) {
			err_wrap(err, "%s: listing", list.about);
			goto out;
		}
		if (check_empty(&list, err) || tell_page(&list, found, context, err))
			goto out;
	} while (list.page.is_truncated);
	rc = 0;
out:
	s3_page_release(&list.page);
	buf_release(&list.last);
	buf_release(&list.body);
	buf_release(&list.url);
	return rc;
}
