/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "aws/s3_document.h"

enum {
	PAGE_TEXT_BYTES_MAX = 8 * 1024 * 1024,
	UPLOADS_MAX = 1000, /* a page ("ListMultipartUploads", max-uploads) */
};

struct s3_uploads_entry {
	size_t key, key_len; /* in text */
	size_t id, id_len;
};

struct listing {
	struct s3_uploads *page;
	struct s3_uploads_entry entry; /* being read */
	bool is_listing;               /* the root is the right one */
	bool is_encoded;               /* encoding-type=url was taken */
};

void
s3_uploads_init(struct s3_uploads *page)
{
	*page = (struct s3_uploads){ .count = 0 };
	buf_init(&page->text, PAGE_TEXT_BYTES_MAX);
	/* each of its bytes may be encoded as three */
	buf_init(&page->next_key, 3 * S3_KEY_BYTES_MAX);
	buf_init(&page->next_id, S3_UPLOAD_ID_BYTES_MAX);
}

void
s3_uploads_release(struct s3_uploads *page)
{
	free(page->entries);
	buf_release(&page->text);
	buf_release(&page->next_key);
	buf_release(&page->next_id);
}

struct s3_upload
s3_uploads_at(const struct s3_uploads *page, size_t i)
{
	const struct s3_uploads_entry *e = &page->entries[i];

	return (struct s3_upload){
		.key = slice_make(page->text.data + e->key, e->key_len),
		.id = slice_make(page->text.data + e->id, e->id_len),
	};
}

static void
append(struct s3_document *d, struct buf *to, struct slice text)
{
	if (buf_append(to, text, &d->err))
		(void)XML_StopParser(d->parser, XML_FALSE);
}

static void
keep(struct s3_document *d, struct slice text, size_t *ret_at, size_t *ret_len)
{
	struct listing *l = d->context;

	*ret_at = l->page->text.len;
	*ret_len = text.len;
	append(d, &l->page->text, text);
}

static void
add_entry(struct s3_document *d)
{
	struct listing *l = d->context;
	struct s3_uploads *page = l->page;

	if (!l->entry.key_len || !l->entry.id_len || l->entry.id_len > S3_UPLOAD_ID_BYTES_MAX) {
		s3_document_refuse(d, "an upload has no key or no id");
		return;
	}
	if (page->count == UPLOADS_MAX) {
		s3_document_refuse(d, "it has too many uploads");
		return;
	}
	page->entries[page->count++] = l->entry;
}

static void
take_of_listing(struct s3_document *d, struct slice text)
{
	static const char root[] = "ListMultipartUploadsResult";
	struct listing *l = d->context;

	if (s3_document_is_at(d, root, NULL, NULL)) {
		l->is_listing = true;
	} else if (s3_document_is_at(d, root, "Upload", NULL)) {
		add_entry(d);
		l->entry = (struct s3_uploads_entry){ .key_len = 0 };
	} else if (s3_document_is_at(d, root, "Upload", "Key")) {
		keep(d, text, &l->entry.key, &l->entry.key_len);
	} else if (s3_document_is_at(d, root, "Upload", "UploadId")) {
		keep(d, text, &l->entry.id, &l->entry.id_len);
	} else if (s3_document_is_at(d, root, "IsTruncated", NULL)) {
		l->page->is_truncated = slice_is(slice_trim(text), "true");
	} else if (s3_document_is_at(d, root, "EncodingType", NULL)) {
		l->is_encoded = slice_is(slice_trim(text), "url");
	} else if (s3_document_is_at(d, root, "NextKeyMarker", NULL)) {
		append(d, &l->page->next_key, text);
	} else if (s3_document_is_at(d, root, "NextUploadIdMarker", NULL)) {
		append(d, &l->page->next_id, text);
	}
}

static int
check_key(char *key, size_t *len, bool is_encoded, struct err *err)
{
	if (is_encoded && !s3_decode(key, len))
		return err_set(err, ERR_UNAVAILABLE, "a key is badly encoded");
	if (*len > S3_KEY_BYTES_MAX || memchr(key, '\0', *len))
		return err_set(err, ERR_UNAVAILABLE, "a key has a NUL or more than %d bytes",
		    S3_KEY_BYTES_MAX);
	return 0;
}

static int
check_keys(struct s3_uploads *page, bool is_encoded, struct err *err)
{
	for (size_t i = 0; i < page->count; i++) {
		struct s3_uploads_entry *e = &page->entries[i];

		if (check_key(page->text.data + e->key, &e->key_len, is_encoded, err))
			return -1;
	}
	if (!page->next_key.len)
		return 0;
	return check_key(page->next_key.data, &page->next_key.len, is_encoded, err);
}

int
s3_uploads_read(struct s3_uploads *page, struct slice xml, struct err *err)
{
	struct listing l = { .page = page };
	struct s3_document d = { .take = take_of_listing, .context = &l };

	if (!page->entries)
		page->entries = calloc(UPLOADS_MAX, sizeof(*page->entries));
	if (!page->entries)
		return err_no_memory(err);
	page->count = 0;
	page->is_truncated = false;
	buf_clear(&page->text);
	buf_clear(&page->next_key);
	buf_clear(&page->next_id);
	if (s3_document_read(&d, xml, err))
		return -1;
	if (!l.is_listing)
		return err_set(err, ERR_UNAVAILABLE, "it is no ListMultipartUploadsResult");
	if (page->is_truncated && !page->next_key.len)
		return err_set(err, ERR_UNAVAILABLE, "it is truncated but has no marker");
	return check_keys(page, l.is_encoded, err);
}

/* One text of a document. */

struct wanted {
	const char *root, *name;
	struct buf *ret;
	bool is_root;
};

static void
take_wanted(struct s3_document *d, struct slice text)
{
	struct wanted *w = d->context;

	if (s3_document_is_at(d, w->root, w->name, NULL))
		append(d, w->ret, slice_trim(text));
	else if (s3_document_is_at(d, w->root, NULL, NULL))
		w->is_root = true;
}

static int
read_wanted(struct wanted *w, struct slice xml, struct err *err)
{
	struct s3_document d = { .take = take_wanted, .context = w };

	if (s3_document_read(&d, xml, err))
		return -1;
	if (!w->is_root)
		return err_set(err, ERR_UNAVAILABLE, "it is no %s", w->root);
	return 0;
}

int
s3_begun_read(struct slice xml, struct buf *ret_id, struct err *err)
{
	struct wanted w = { "InitiateMultipartUploadResult", "UploadId", ret_id, false };
	size_t len = ret_id->len;

	if (read_wanted(&w, xml, err))
		return -1;
	if (ret_id->len == len)
		return err_set(err, ERR_UNAVAILABLE, "it has no UploadId");
	return 0;
}

int
s3_completed_read(struct slice xml, struct buf *ret_etag, struct err *err)
{
	struct wanted w = { "CompleteMultipartUploadResult", "ETag", ret_etag, false };

	return read_wanted(&w, xml, err);
}
