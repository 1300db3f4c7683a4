/* SPDX-License-Identifier: MIT */
#include "aws/s3_xml.h"

#include <expat.h>
#include <stdlib.h>

#include "codec/time.h"

enum {
	DEPTH_MAX = 8,
	/* a key of control characters, each "%XX" */
	TEXT_BYTES_MAX = 3 * S3_KEY_BYTES_MAX,
	TOKEN_BYTES_MAX = 8 * 1024,
	PAGE_TEXT_BYTES_MAX = 64 * 1024 * 1024,
	NAME_BYTES = 40,
};

struct s3_page_object {
	size_t key, key_len; /* in text */
	size_t etag, etag_len;
	int64_t size;
	int64_t modified_ms;
	bool is_archived;
};

/* A document being read: where we are in it, and the text of the innermost element. */
struct document {
	XML_Parser parser;
	char names[DEPTH_MAX][NAME_BYTES];
	int depth;
	struct buf text;
	bool is_too_long; /* the text */
	/* an element ends */
	void (*take)(struct document *, struct slice text);
	void *context;
	struct err err;
};

static void
refuse(struct document *d, const char *why)
{
	if (d->err.class == ERR_NONE)
		err_set(&d->err, ERR_UNAVAILABLE, "%s", why);
	(void)XML_StopParser(d->parser, XML_FALSE);
}

static void XMLCALL
on_begin(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct document *d = context;
	size_t len = strlen(name);

	(void)attributes;
	if (d->depth == DEPTH_MAX) {
		refuse(d, "it is nested too deeply");
		return;
	}
	/* a longer name is none of ours */
	len = len < NAME_BYTES ? len : 0;
	memcpy(d->names[d->depth], name, len);
	d->names[d->depth][len] = '\0';
	d->depth++;
	buf_clear(&d->text);
	d->is_too_long = false;
}

static void XMLCALL
on_end(void *context, const XML_Char *name)
{
	struct document *d = context;

	(void)name;
	if (d->is_too_long)
		buf_clear(&d->text);
	d->take(d, buf_slice(&d->text));
	d->depth--;
	buf_clear(&d->text);
}

static void XMLCALL
on_text(void *context, const XML_Char *bytes, int len)
{
	struct document *d = context;
	struct err err;

	if (buf_append(&d->text, slice_make(bytes, (size_t)len), &err)) {
		d->is_too_long = true;
		if (err.class == ERR_FAULT)
			d->err = err;
	}
}

static void XMLCALL
on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
    const XML_Char *public_id, int has_internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal;
	refuse(context, "it has a document type");
}

/* The elements we are in: "ListBucketResult", "Contents", "Key"; NULL: any, to the end. */
static bool
is_at(const struct document *d, const char *a, const char *b, const char *c)
{
	const char *const want[] = { a, b, c };
	int depth = c ? 3 : b ? 2 : 1;

	if (d->depth != depth)
		return false;
	for (int i = 0; i < depth; i++) {
		if (strcmp(d->names[i], want[i]) != 0)
			return false;
	}
	return true;
}

static int
read_document(struct document *d, struct slice xml, struct err *err)
{
	int rc = -1;

	buf_init(&d->text, TEXT_BYTES_MAX);
	d->parser = XML_ParserCreate(NULL);
	if (!d->parser)
		return err_no_memory(err);
	XML_SetUserData(d->parser, d);
	XML_SetElementHandler(d->parser, on_begin, on_end);
	XML_SetCharacterDataHandler(d->parser, on_text);
	XML_SetStartDoctypeDeclHandler(d->parser, on_doctype);
	if (XML_Parse(d->parser, xml.data ? xml.data : "", (int)xml.len, XML_TRUE) == XML_STATUS_OK)
		rc = 0;
	else if (d->err.class == ERR_NONE)
		err_set(&d->err, ERR_UNAVAILABLE, "line %lu: %s",
		    (unsigned long)XML_GetCurrentLineNumber(d->parser),
		    XML_ErrorString(XML_GetErrorCode(d->parser)));
	if (d->err.class != ERR_NONE) {
		*err = d->err;
		rc = -1;
	}
	XML_ParserFree(d->parser);
	buf_release(&d->text);
	return rc;
}

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
keep(struct document *d, struct slice text, size_t *ret_at, size_t *ret_len)
{
	struct listing *l = d->context;

	*ret_at = l->page->text.len;
	*ret_len = text.len;
	if (buf_append(&l->page->text, text, &d->err))
		(void)XML_StopParser(d->parser, XML_FALSE);
}

static bool
read_size(struct slice text, int64_t *ret)
{
	int64_t value = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || value > INT64_MAX / 10 - 1)
			return false;
		value = value * 10 + (text.data[i] - '0');
	}
	*ret = value;
	return text.len > 0;
}

static void
add_object(struct document *d)
{
	struct listing *l = d->context;
	struct s3_page *page = l->page;

	if (!l->object.key_len || !l->has_size || !l->has_time) {
		refuse(d, "an object has no key, size or time");
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
take_part(struct document *d, const char *name, struct slice text)
{
	struct listing *l = d->context;
	const char *reason;

	if (!strcmp(name, "Key")) {
		keep(d, text, &l->object.key, &l->object.key_len);
	} else if (!strcmp(name, "ETag")) {
		keep(d, text, &l->object.etag, &l->object.etag_len);
	} else if (!strcmp(name, "Size")) {
		l->has_size = read_size(slice_trim(text), &l->object.size);
	} else if (!strcmp(name, "LastModified")) {
		l->has_time = !time_parse_iso(slice_trim(text), &l->object.modified_ms, &reason);
	} else if (!strcmp(name, "StorageClass")) {
		/* GLACIER_IR is read at once ("Understanding and managing storage classes") */
		text = slice_trim(text);
		l->object.is_archived = slice_is(text, "GLACIER") || slice_is(text, "DEEP_ARCHIVE");
	}
}

static void
take_of_listing(struct document *d, struct slice text)
{
	static const char root[] = "ListBucketResult";
	struct listing *l = d->context;
	const char *name = d->names[d->depth - 1];

	if (is_at(d, root, NULL, NULL)) {
		l->is_listing = true;
	} else if (is_at(d, root, "Contents", NULL)) {
		add_object(d);
		l->object = (struct s3_page_object){ .key_len = 0 };
		l->has_size = l->has_time = l->is_restored = false;
	} else if (is_at(d, root, "Contents", name)) {
		take_part(d, name, text);
	} else if (d->depth == 4 && !strcmp(name, "RestoreExpiryDate") &&
		   !strcmp(d->names[2], "RestoreStatus")) {
		l->is_restored = true;
	} else if (is_at(d, root, "IsTruncated", NULL)) {
		l->page->is_truncated = slice_is(slice_trim(text), "true");
	} else if (is_at(d, root, "EncodingType", NULL)) {
		l->is_encoded = slice_is(slice_trim(text), "url");
	} else if (is_at(d, root, "NextContinuationToken", NULL)) {
		if (buf_append(&l->page->token, text, &d->err))
			(void)XML_StopParser(d->parser, XML_FALSE);
	}
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As a form does it, '+' is a blank (botocore's unquote_plus reads S3's keys so). In place. */
static bool
decode(char *data, size_t *len)
{
	size_t out = 0;

	for (size_t i = 0; i < *len; i++) {
		char c = data[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < *len ? hex_digit(data[i + 1]) : -1;
			int low = i + 2 < *len ? hex_digit(data[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		data[out++] = c;
	}
	*len = out;
	return true;
}

static int
decode_keys(struct s3_page *page, bool is_encoded, struct err *err)
{
	for (size_t i = 0; i < page->count; i++) {
		struct s3_page_object *o = &page->objects[i];
		char *key = page->text.data + o->key;

		if (is_encoded && !decode(key, &o->key_len))
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
	struct document d = { .take = take_of_listing, .context = &l };

	page->count = 0;
	page->is_truncated = false;
	buf_clear(&page->text);
	buf_clear(&page->token);
	if (read_document(&d, xml, err))
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
copy_words(char *ret, size_t bytes, struct slice text)
{
	size_t len;

	text = slice_trim(text);
	len = text.len < bytes ? text.len : bytes - 1;
	for (size_t i = 0; i < len; i++)
		ret[i] =
		    (unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f ? '?' : text.data[i];
	ret[len] = '\0';
}

static void
take_of_error(struct document *d, struct slice text)
{
	struct s3_error *error = d->context;

	if (is_at(d, "Error", "Code", NULL))
		copy_words(error->code, sizeof(error->code), text);
	else if (is_at(d, "Error", "Message", NULL))
		copy_words(error->message, sizeof(error->message), text);
	else if (is_at(d, "Error", "Region", NULL))
		copy_words(error->region, sizeof(error->region), text);
	else if (is_at(d, "Error", "ActualObjectSize", NULL) &&
		 !read_size(slice_trim(text), &error->actual_size))
		error->actual_size = -1;
}

void
s3_error_read(struct slice xml, struct s3_error *ret)
{
	struct document d = { .take = take_of_error, .context = ret };
	struct err ignored = ERR_INIT; /* what came before the fault counts */

	*ret = (struct s3_error){ .actual_size = -1 };
	(void)read_document(&d, xml, &ignored);
}
