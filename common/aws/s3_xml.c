/* SPDX-License-Identifier: MIT */
#include "aws/s3_document.h"

#include <stdlib.h>

#include "codec/time.h"

enum {
	TOKEN_BYTES_MAX = 8 * 1024,
	PAGE_TEXT_BYTES_MAX = 64 * 1024 * 1024,
};

struct s3_page_object {
	size_t key, key_len; /* in text */
	size_t etag, etag_len;
	int64_t size;
	int64_t modified_ms;
	bool is_archived;
};

/* A listing. */

struct listing {
	struct s3_page *page;
	struct s3_page_object object; /* being read; key_len 0: has none */
	bool has_size, has_time, is_restored;
	bool is_listing; /* the root is the right one */
	bool is_encoded; /* encoding-type=url was taken */
};

void
s3_page_init(struct s3_page *page)
{
	*page = (struct s3_page){ .count = 0 };
	buf_init(&page->text, PAGE_TEXT_BYTES_MAX);
	buf_init(&page->token, TOKEN_BYTES_MAX);
}

void
s3_page_release(struct s3_page *page)
{
	free(page->objects);
	buf_release(&page->text);
	buf_release(&page->token);
}

struct s3_object
s3_page_object(const struct s3_page *page, size_t i)
{
	const struct s3_page_object *o = &page->objects[i];

	return (struct s3_object){
		.key = slice_make(page->text.data + o->key, o->key_len),
		.etag = slice_make(page->text.data + o->etag, o->etag_len),
		.size = o->size,
		.modified_ms = o->modified_ms,
		.is_archived = o->is_archived,
	};
}

static void
keep(struct s3_document *d, struct slice text, size_t *ret_at, size_t *ret_len)
{
	struct listing *l = d->context;

	*ret_at = l->page->text.len;
	*ret_len = text.len;
	if (buf_append(&l->page->text, text, &d->err))
		(void)XML_StopParser(d->parser, XML_FALSE);
}

static void
add_object(struct s3_document *d)
{
	struct listing *l = d->context;
	struct s3_page *page = l->page;

	if (!l->object.key_len || !l->has_size || !l->has_time) {
		s3_document_refuse(d, "an object has no key, size or time");
		return;
	}
	if (page->count == page->capacity) {
		size_t capacity = page->capacity ? page->capacity * 2 : 1000;
		struct s3_page_object *objects =
		    realloc(page->objects, capacity * sizeof(*objects));

		if (!objects) {
			err_no_memory(&d->err);
			(void)XML_StopParser(d->parser, XML_FALSE);
			return;
		}
		page->objects = objects;
		page->capacity = capacity;
	}
	if (l->is_restored)
		l->object.is_archived = false;
	page->objects[page->count++] = l->object;
}

/* An element of Contents. */
static void
take_part(struct s3_document *d, const char *name, struct slice text)
{
	struct listing *l = d->context;
	const char *reason;

	if (!strcmp(name, "Key")) {
		keep(d, text, &l->object.key, &l->object.key_len);
	} else if (!strcmp(name, "ETag")) {
		keep(d, text, &l->object.etag, &l->object.etag_len);
	} else if (!strcmp(name, "Size")) {
		l->has_size = s3_read_size(slice_trim(text), &l->object.size);
	} else if (!strcmp(name, "LastModified")) {
		l->has_time = !time_parse_iso(slice_trim(text), &l->object.modified_ms, &reason);
	} else if (!strcmp(name, "StorageClass")) {
		/* GLACIER_IR is read at once ("Understanding and managing storage classes") */
		text = slice_trim(text);
		l->object.is_archived = slice_is(text, "GLACIER") || slice_is(text, "DEEP_ARCHIVE");
	}
}

static void
take_of_listing(struct s3_document *d, struct slice text)
{
	static const char root[] = "ListBucketResult";
	struct listing *l = d->context;
	const char *name = d->names[d->depth - 1];

	if (s3_document_is_at(d, root, NULL, NULL)) {
		l->is_listing = true;
	} else if (s3_document_is_at(d, root, "Contents", NULL)) {
		add_object(d);
		l->object = (struct s3_page_object){ .key_len = 0 };
		l->has_size = l->has_time = l->is_restored = false;
	} else if (s3_document_is_at(d, root, "Contents", name)) {
		take_part(d, name, text);
	} else if (d->depth == 4 && !strcmp(name, "RestoreExpiryDate") &&
		   !strcmp(d->names[2], "RestoreStatus")) {
		l->is_restored = true;
	} else if (s3_document_is_at(d, root, "IsTruncated", NULL)) {
		l->page->is_truncated = slice_is(slice_trim(text), "true");
	} else if (s3_document_is_at(d, root, "EncodingType", NULL)) {
		l->is_encoded = slice_is(slice_trim(text), "url");
	} else if (s3_document_is_at(d, root, "NextContinuationToken", NULL)) {
		if (buf_append(&l->page->token, text, &d->err))
			(void)XML_StopParser(d->parser, XML_FALSE);
	}
}

static int
decode_keys(struct s3_page *page, bool is_encoded, struct err *err)
{
	for (size_t i = 0; i < page->count; i++) {
		struct s3_page_object *o = &page->objects[i];
		char *key = page->text.data + o->key;

		if (is_encoded && !s3_decode(key, &o->key_len))
			return err_set(
			    err, ERR_UNAVAILABLE, "object %zu: its key is badly encoded", i + 1);
		if (o->key_len > S3_KEY_BYTES_MAX || memchr(key, '\0', o->key_len))
			return err_set(err, ERR_UNAVAILABLE,
			    "object %zu: its key has a NUL or more than %d bytes", i + 1,
			    S3_KEY_BYTES_MAX);
	}
	return 0;
}

int
s3_page_read(struct s3_page *page, struct slice xml, struct err *err)
{
	struct listing l = { .page = page };
	struct s3_document d = { .take = take_of_listing, .context = &l };

	page->count = 0;
	page->is_truncated = false;
	buf_clear(&page->text);
	buf_clear(&page->token);
	if (s3_document_read(&d, xml, err))
		return -1;
	if (!l.is_listing)
		return err_set(err, ERR_UNAVAILABLE, "it is no ListBucketResult");
	if (page->is_truncated && !page->token.len)
		return err_set(err, ERR_UNAVAILABLE, "it is truncated but has no token");
	if (!page->is_truncated)
		buf_clear(&page->token);
	return decode_keys(page, l.is_encoded, err);
}

/* An error. */

static void
take_of_error(struct s3_document *d, struct slice text)
{
	struct s3_error *error = d->context;

	if (s3_document_is_at(d, "Error", "Code", NULL))
		s3_copy_words(error->code, sizeof(error->code), text);
	else if (s3_document_is_at(d, "Error", "Message", NULL))
		s3_copy_words(error->message, sizeof(error->message), text);
	else if (s3_document_is_at(d, "Error", "Region", NULL))
		s3_copy_words(error->region, sizeof(error->region), text);
	else if (s3_document_is_at(d, "Error", "ActualObjectSize", NULL) &&
		 !s3_read_size(slice_trim(text), &error->actual_size))
		error->actual_size = -1;
}

void
s3_error_read(struct slice xml, struct s3_error *ret)
{
	struct s3_document d = { .take = take_of_error, .context = ret };
	struct err ignored = ERR_INIT; /* what came before the fault counts */

	*ret = (struct s3_error){ .actual_size = -1 };
	(void)s3_document_read(&d, xml, &ignored);
}
