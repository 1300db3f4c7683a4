/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "aws/s3_put_state.h"

enum {
	/* "Categorizing your storage using tags" (Amazon S3 User Guide) */
	TAGS_MAX = 10,
	TAG_NAME_MAX = 128,
	TAG_VALUE_MAX = 256,
};

void
put_headers_add(struct put_headers *h, const char *name, const char *value)
{
	if (!value)
		return;
	assert(h->count < PUT_HEADERS_MAX);
	h->of[h->count++] = (struct http_header){ slice_of(name), slice_of(value) };
}

void
put_headers_add_style(struct put_headers *h, const struct s3_put *put)
{
	const struct s3_style *style = &put->style;

	put_headers_add(h, "Content-Type", style->content_type);
	put_headers_add(h, "Content-Encoding", style->content_encoding);
	put_headers_add(h, "x-amz-storage-class", style->storage_class);
	put_headers_add(h, "x-amz-server-side-encryption", style->encryption);
	put_headers_add(
	    h, "x-amz-server-side-encryption-aws-kms-key-id", style->kms_key_id);
	put_headers_add(h, "x-amz-tagging", style->tagging);
	put_headers_add(h, "x-amz-acl", style->acl);
}

void
put_headers_add_usual(struct put_headers *h, const struct s3_put *put)
{
	if (put->bucket->is_requester_paid)
		put_headers_add(h, "x-amz-request-payer", "requester");
}

/* Of UTF-8. */
static int
count_characters(struct slice s)
{
	int count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += ((unsigned char)s.data[i] & 0xc0) != 0x80;
	return count;
}

int
s3_tagging_append(struct buf *tagging, struct slice name, struct slice value, struct err *err)
{
	int tags = tagging->len > 0;

	for (size_t i = 0; i < tagging->len; i++)
		tags += tagging->data[i] == '&';
	if (!name.len || count_characters(name) > TAG_NAME_MAX ||
	    count_characters(value) > TAG_VALUE_MAX)
		return err_set(err, ERR_USAGE,
		    "a tag's name has 1 to %d characters, its value at most %d: %.*s", TAG_NAME_MAX,
		    TAG_VALUE_MAX, SLICE_ARGS(name));
	if (tags == TAGS_MAX)
		return err_set(err, ERR_USAGE, "an object has at most %d tags", TAGS_MAX);
	if ((tags && buf_append_char(tagging, '&', err)) ||
	    sigv4_append_encoded(tagging, name, false, err) || buf_append_char(tagging, '=', err))
		return -1;
	return sigv4_append_encoded(tagging, value, false, err);
}
