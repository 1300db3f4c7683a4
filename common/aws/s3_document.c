/* SPDX-License-Identifier: MIT */
#include "aws/s3_document.h"

enum {
	/* a key of control characters, each "%XX" */
	TEXT_BYTES_MAX = 3 * S3_KEY_BYTES_MAX,
};

void
s3_document_refuse(struct s3_document *d, const char *why)
{
	if (d->err.class == ERR_NONE)
		err_set(&d->err, ERR_UNAVAILABLE, "%s", why);
	(void)XML_StopParser(d->parser, XML_FALSE);
}

static void XMLCALL
on_begin(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct s3_document *d = context;
	size_t len = strlen(name);

	(void)attributes;
	if (d->depth == S3_DOCUMENT_DEPTH_MAX) {
		s3_document_refuse(d, "it is nested too deeply");
		return;
	}
	/* a longer name is none of ours */
	len = len < S3_DOCUMENT_NAME_BYTES ? len : 0;
	memcpy(d->names[d->depth], name, len);
	d->names[d->depth][len] = '\0';
	d->depth++;
	buf_clear(&d->text);
	d->is_too_long = false;
}

static void XMLCALL
on_end(void *context, const XML_Char *name)
{
	struct s3_document *d = context;

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
	struct s3_document *d = context;
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
	s3_document_refuse(context, "it has a document type");
}

bool
s3_document_is_at(const struct s3_document *d, const char *a, const char *b, const char *c)
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

int
s3_document_read(struct s3_document *d, struct slice xml, struct err *err)
{
	int rc = -1;

	/* S3 sends blanks while it works on a reply ("CompleteMultipartUpload") */
	xml = slice_trim(xml);
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

bool
s3_read_size(struct slice text, int64_t *ret)
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

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
s3_decode(char *data, size_t *len)
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

void
s3_copy_words(char *ret, size_t bytes, struct slice text)
{
	size_t len;

	text = slice_trim(text);
	len = text.len < bytes ? text.len : bytes - 1;
	for (size_t i = 0; i < len; i++)
		ret[i] =
		    (unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f ? '?' : text.data[i];
	ret[len] = '\0';
}
