/* SPDX-License-Identifier: MIT */
#include "codec/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <strings.h>

#include "codec/time.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum {
	DIGEST_BYTES = 32,
	STAMP_BYTES = 17, /* "20150830T123600Z" and a NUL */
	DAY_LEN = 8,      /* of the stamp */
	TEXT_BYTES_MAX = 1 << 20,
};

static void
append_hex(char *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

int
sigv4_hash(struct slice bytes, char ret[static SIGV4_HASH_BYTES], struct err *err)
{
	unsigned char digest[DIGEST_BYTES];

	if (!EVP_Digest(bytes.data ? bytes.data : "", bytes.len, digest, NULL, EVP_sha256(), NULL))
		return err_set(err, ERR_FAULT, "libcrypto has no SHA-256");
	append_hex(ret, digest, sizeof(digest));
	return 0;
}

static int
mac(struct slice key, struct slice text, unsigned char ret[static DIGEST_BYTES], struct err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (!HMAC(EVP_sha256(), key.data, (int)key.len, (const unsigned char *)text.data, text.len,
		digest, NULL))
		return err_set(err, ERR_FAULT, "libcrypto has no HMAC-SHA-256");
	memcpy(ret, digest, DIGEST_BYTES);
	explicit_bzero(digest, sizeof(digest));
	return 0;
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

int
sigv4_append_encoded(struct buf *out, struct slice text, bool keep_slash, struct err *err)
{
	static const char digits[] = "0123456789ABCDEF";

	if (text.len > TEXT_BYTES_MAX)
		return err_set(err, ERR_FAULT, "a URL of more than %d bytes", TEXT_BYTES_MAX);
	if (buf_reserve(out, 3 * text.len, err))
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		char triple[3] = { '%', digits[(unsigned char)c >> 4], digits[c & 15] };
		bool is_plain = is_unreserved(c) || (keep_slash && c == '/');

		if (buf_append(out, is_plain ? slice_make(&c, 1) : slice_make(triple, 3), err))
			return -1;
	}
	return 0;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-encodes what may be so already, so that one text has one form. */
static int
append_recoded(struct buf *out, struct slice text, struct err *err)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '%' && i + 2 < text.len && hex_value(text.data[i + 1]) >= 0 &&
		    hex_value(text.data[i + 2]) >= 0) {
			c = (char)(hex_value(text.data[i + 1]) << 4 | hex_value(text.data[i + 2]));
			i += 2;
		}
		if (sigv4_append_encoded(out, slice_make(&c, 1), false, err))
			return -1;
	}
	return 0;
}

/* ---- the path ---- */

/* RFC 3986, 5.2.4, and runs of slashes are one: out gets the path, which begins with '/'. */
static int
append_normalised(struct buf *out, struct slice path, struct err *err)
{
	bool ends_open = true; /* the last segment was a name, not ".", ".." or nothing */
	struct slice segment;

	for (bool has_more = true; has_more;) {
		has_more = slice_cut(path, '/', &segment, &path);
		ends_open = segment.len && !slice_is(segment, ".") && !slice_is(segment, "..");
		if (ends_open) {
			if (buf_append_char(out, '/', err) || buf_append(out, segment, err))
				return -1;
		} else if (slice_is(segment, "..")) {
			while (out->len && out->data[--out->len] != '/')
				;
		}
	}
	if (!ends_open || !out->len)
		return buf_append_char(out, '/', err);
	return 0;
}

static int
append_path(struct buf *out, const struct sigv4_request *request, struct err *err)
{
	struct slice path = request->path.len ? request->path : slice_of("/");
	struct buf normal = BUF_INIT(TEXT_BYTES_MAX);
	int rc = -1;

	if (request->is_path_plain)
		return buf_append(out, path, err);
	if (request->is_path_unnormalised)
		return sigv4_append_encoded(out, path, true, err);
	if (!append_normalised(&normal, path, err))
		rc = sigv4_append_encoded(out, buf_slice(&normal), true, err);
	buf_release(&normal);
	return rc;
}

/* ---- names and values in order: the query's parameters, the headers ---- */

struct pair {
	struct slice name, value;
	size_t index; /* where it stood: the order of equals */
};

struct pairs {
	struct pair *items;
	size_t count;
	struct buf text; /* what the slices point into: reserved before, so that it never moves */
};

static int
pairs_init(struct pairs *pairs, size_t count_max, size_t bytes_max, struct err *err)
{
	*pairs = (struct pairs){ .text = BUF_INIT(bytes_max + 1) };
	pairs->items = calloc(count_max, sizeof(*pairs->items));
	return pairs->items ? buf_reserve(&pairs->text, bytes_max, err) : err_no_memory(err);
}

static void
pairs_release(struct pairs *pairs)
{
	free(pairs->items);
	if (pairs->text.data)
		explicit_bzero(
		    pairs->text.data, pairs->text.len); /* a session token may be there */
	buf_release(&pairs->text);
}

static void
pairs_add(struct pairs *pairs, size_t name_at, size_t value_at)
{
	const struct buf *text = &pairs->text;

	pairs->items[pairs->count] = (struct pair){
		.name = slice_make(text->data + name_at, value_at - name_at),
		.value = slice_make(text->data + value_at, text->len - value_at),
		.index = pairs->count,
	};
	pairs->count++;
}

static int
compare_parameters(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = slice_compare(x->name, y->name);

	return order ? order : slice_compare(x->value, y->value);
}

static int
compare_headers(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = slice_compare(x->name, y->name);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* ---- the query ---- */

static size_t
count_parameters(struct slice query)
{
	size_t count = 1;

	for (size_t i = 0; i < query.len; i++)
		count += query.data[i] == '&';
	return count;
}

static int
read_parameters(struct pairs *pairs, struct slice query, struct err *err)
{
	struct slice one, name, value;

	while (query.len) {
		size_t name_at = pairs->text.len, value_at;

		(void)slice_cut(query, '&', &one, &query);
		if (!one.len)
			continue;
		(void)slice_cut(one, '=', &name, &value);
		if (append_recoded(&pairs->text, name, err))
			return -1;
		value_at = pairs->text.len;
		if (append_recoded(&pairs->text, value, err))
			return -1;
		pairs_add(pairs, name_at, value_at);
	}
	return 0;
}

/* Appends the query with its parameters sorted by their encoded names, then values. */
static int
append_query(struct buf *out, struct slice query, struct err *err)
{
	struct pairs pairs;
	int rc = -1;

	if (query.len > TEXT_BYTES_MAX)
		return err_set(err, ERR_FAULT, "a query of more than %d bytes", TEXT_BYTES_MAX);
	if (pairs_init(&pairs, count_parameters(query), 3 * query.len + 1, err) ||
	    read_parameters(&pairs, query, err))
		goto out;
	qsort(pairs.items, pairs.count, sizeof(*pairs.items), compare_parameters);
	for (size_t i = 0; i < pairs.count; i++) {
		if ((i && buf_append_char(out, '&', err)) ||
		    buf_append(out, pairs.items[i].name, err) || buf_append_char(out, '=', err) ||
		    buf_append(out, pairs.items[i].value, err))
			goto out;
	}
	rc = 0;
out:
	pairs_release(&pairs);
	return rc;
}

/* ---- the headers ---- */

/* Changed, added or taken away between the signer and the service, as the AWS SDKs leave them out.
 */
static bool
is_header_left_out(struct slice name)
{
	static const char *const names[] = { "authorization", "connection", "expect", "host",
		"keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
		"transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strlen(names[i]) == name.len && !strncasecmp(names[i], name.data, name.len))
			return true;
	}
	return false;
}

/* The name in lower case; the value trimmed, runs of white space in it one space. */
static int
add_header(struct pairs *pairs, struct slice name, struct slice value, struct err *err)
{
	size_t name_at = pairs->text.len, value_at;
	bool was_blank = false;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (buf_append_char(&pairs->text, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c, err))
			return -1;
	}
	value_at = pairs->text.len;
	value = slice_trim(value);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];
		bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';

		if (!(is_blank && was_blank) &&
		    buf_append_char(&pairs->text, is_blank ? ' ' : c, err))
			return -1;
		was_blank = is_blank;
	}
	pairs_add(pairs, name_at, value_at);
	return 0;
}

enum { OWN_HEADERS = 4 };

struct own_headers {
	struct sigv4_header items[OWN_HEADERS];
	size_t count;
};

static void
own_add(struct own_headers *own, const char *name, struct slice value)
{
	own->items[own->count++] = (struct sigv4_header){ slice_of(name), value };
}

static int
read_headers(struct pairs *pairs, const struct sigv4_request *request,
    const struct own_headers *own, struct err *err)
{
	size_t bytes = request->host.len + 4;

	for (size_t i = 0; i < request->header_count; i++)
		bytes += request->headers[i].name.len + request->headers[i].value.len;
	for (size_t i = 0; i < own->count; i++)
		bytes += own->items[i].name.len + own->items[i].value.len;
	if (pairs_init(pairs, request->header_count + own->count + 1, bytes, err) ||
	    add_header(pairs, slice_of("host"), request->host, err))
		return -1;
	for (size_t i = 0; i < request->header_count; i++) {
		const struct sigv4_header *header = &request->headers[i];

		if (!is_header_left_out(header->name) &&
		    add_header(pairs, header->name, header->value, err))
			return -1;
	}
	for (size_t i = 0; i < own->count; i++) {
		if (add_header(pairs, own->items[i].name, own->items[i].value, err))
			return -1;
	}
	qsort(pairs->items, pairs->count, sizeof(*pairs->items), compare_headers);
	return 0;
}

static bool
is_repeated(const struct pairs *pairs, size_t i)
{
	return i && slice_equal(pairs->items[i].name, pairs->items[i - 1].name);
}

/* "name:value,value\n" each; one blank line ends them. */
static int
append_headers(struct buf *out, const struct pairs *pairs, struct err *err)
{
	for (size_t i = 0; i < pairs->count; i++) {
		int rc = is_repeated(pairs, i) ? buf_append_char(out, ',', err)
		                               : buf_append_text(out, i ? "\n" : "", err) ||
		                                     buf_append(out, pairs->items[i].name, err) ||
		                                     buf_append_char(out, ':', err);

		if (rc || buf_append(out, pairs->items[i].value, err))
			return -1;
	}
	return buf_append_text(out, "\n\n", err);
}

static int
append_header_names(struct buf *out, const struct pairs *pairs, struct err *err)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (is_repeated(pairs, i))
			continue;
		if ((i && buf_append_char(out, ';', err)) ||
		    buf_append(out, pairs->items[i].name, err))
			return -1;
	}
	return 0;
}

/* ---- the signature ---- */

/* What is signed, before it is: all texts that the two forms share. */
struct signing {
	const struct sigv4_request *request;
	char stamp[STAMP_BYTES];
	struct buf scope; /* "20150830/us-east-1/iam/aws4_request" */
	struct pairs headers;
	struct buf names; /* "host;x-amz-date" */
};

static int
signing_init(struct signing *signing, const struct sigv4_request *request, struct err *err)
{
	struct time_civil t;

	*signing = (struct signing){
		.request = request, .scope = BUF_INIT(1024), .names = BUF_INIT(TEXT_BYTES_MAX)
	};
	time_to_civil(request->wall_ms, &t);
	if (t.year < 1970 || t.year > 9999)
		return err_set(err, ERR_FAULT, "the clock is at the year %d", t.year);
	(void)snprintf(signing->stamp, sizeof(signing->stamp), "%04u%02u%02uT%02u%02u%02uZ",
	    (unsigned)t.year % 10000, (unsigned)t.month % 100, (unsigned)t.day % 100,
	    (unsigned)t.hour % 100, (unsigned)t.minute % 100, (unsigned)t.second % 100);
	return buf_appendf(&signing->scope, err, "%.*s/%s/%s/aws4_request", DAY_LEN, signing->stamp,
	    request->region, request->service);
}

static void
signing_release(struct signing *signing)
{
	buf_release(&signing->scope);
	buf_release(&signing->names);
	pairs_release(&signing->headers);
}

static int
signing_set_headers(struct signing *signing, const struct own_headers *own, struct err *err)
{
	if (read_headers(&signing->headers, signing->request, own, err))
		return -1;
	return append_header_names(&signing->names, &signing->headers, err);
}

/* The key of one day, region and service. */
static int
derive_key(const struct signing *signing, struct slice secret, unsigned char ret[DIGEST_BYTES],
    struct err *err)
{
	const struct slice steps[] = { slice_make(signing->stamp, DAY_LEN),
		slice_of(signing->request->region), slice_of(signing->request->service),
		slice_of("aws4_request") };
	struct buf first = BUF_INIT(4096);
	struct slice key;
	int rc = -1;

	/* reserved at once, so that no copy of the secret stays behind */
	if (buf_reserve(&first, 4 + secret.len, err) || buf_append_text(&first, "AWS4", err) ||
	    buf_append(&first, secret, err))
		goto out;
	key = buf_slice(&first);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		unsigned char next[DIGEST_BYTES];

		if (mac(key, steps[i], next, err))
			goto out;
		memcpy(ret, next, DIGEST_BYTES);
		explicit_bzero(next, sizeof(next));
		key = slice_make((const char *)ret, DIGEST_BYTES);
	}
	rc = 0;
out:
	if (first.data)
		explicit_bzero(first.data, first.len);
	buf_release(&first);
	return rc;
}

static int
append_canonical(
    struct buf *out, const struct signing *signing, struct slice query, struct err *err)
{
	const struct sigv4_request *request = signing->request;

	return buf_append(out, request->method, err) || buf_append_char(out, '\n', err) ||
	               append_path(out, request, err) || buf_append_char(out, '\n', err) ||
	               append_query(out, query, err) || buf_append_char(out, '\n', err) ||
	               append_headers(out, &signing->headers, err) ||
	               buf_append(out, buf_slice(&signing->names), err) ||
	               buf_append_char(out, '\n', err) ||
	               buf_append(out, request->payload_hash, err)
	           ? -1
	           : 0;
}

static int
signing_finish(const struct signing *signing, struct slice query, struct slice secret,
    char ret_signature[static SIGV4_HASH_BYTES], struct err *err)
{
	struct buf text = BUF_INIT(8 * (size_t)TEXT_BYTES_MAX);
	unsigned char key[DIGEST_BYTES], digest[DIGEST_BYTES];
	char hash[SIGV4_HASH_BYTES];
	int rc = -1;

	if (append_canonical(&text, signing, query, err) || sigv4_hash(buf_slice(&text), hash, err))
		goto out;
	explicit_bzero(text.data, text.len); /* a session token may be there */
	buf_clear(&text);
	if (buf_appendf(&text, err, ALGORITHM "\n%s\n%.*s\n%s", signing->stamp,
		SLICE_ARGS(buf_slice(&signing->scope)), hash) ||
	    derive_key(signing, secret, key, err) ||
	    mac(slice_make((const char *)key, sizeof(key)), buf_slice(&text), digest, err))
		goto out;
	append_hex(ret_signature, digest, sizeof(digest));
	rc = 0;
out:
	explicit_bzero(key, sizeof(key));
	buf_release(&text);
	return rc;
}

static int
append_lines(struct buf *lines, const struct own_headers *own, struct err *err)
{
	for (size_t i = 0; i < own->count; i++) {
		if (buf_append(lines, own->items[i].name, err) ||
		    buf_append_text(lines, ": ", err) ||
		    buf_append(lines, own->items[i].value, err) ||
		    buf_append_char(lines, '\n', err))
			return -1;
	}
	return 0;
}

int
sigv4_sign(const struct sigv4_request *request, const struct sigv4_keys *keys,
    struct buf *ret_lines, struct err *err)
{
	struct own_headers own = { .count = 0 };
	char signature[SIGV4_HASH_BYTES];
	struct signing signing;
	int rc = -1;

	if (signing_init(&signing, request, err))
		goto out;
	own_add(&own, "X-Amz-Date", slice_of(signing.stamp));
	if (keys->session_token.len)
		own_add(&own, "X-Amz-Security-Token", keys->session_token);
	if (request->has_payload_header)
		own_add(&own, "X-Amz-Content-Sha256", request->payload_hash);
	if (signing_set_headers(&signing, &own, err) ||
	    signing_finish(&signing, request->query, keys->secret_key, signature, err) ||
	    append_lines(ret_lines, &own, err))
		goto out;
	rc = buf_appendf(ret_lines, err,
	    "Authorization: " ALGORITHM " Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=%s\n",
	    SLICE_ARGS(keys->access_key), SLICE_ARGS(buf_slice(&signing.scope)),
	    SLICE_ARGS(buf_slice(&signing.names)), signature);
out:
	signing_release(&signing);
	return rc;
}

/* The X-Amz- parameters behind the request's own; values encoded, order no matter. */
static int
append_parameters(struct buf *query, const struct signing *signing, const struct sigv4_keys *keys,
    int64_t expires_s, struct err *err)
{
	if (buf_append(query, signing->request->query, err) ||
	    buf_appendf(query, err,
		"&X-Amz-Algorithm=" ALGORITHM "&X-Amz-Date=%s&X-Amz-Expires=%lld&X-Amz-Credential=",
		signing->stamp, (long long)expires_s) ||
	    sigv4_append_encoded(query, keys->access_key, false, err) ||
	    buf_append_text(query, "%2F", err) ||
	    sigv4_append_encoded(query, buf_slice(&signing->scope), false, err) ||
	    buf_append_text(query, "&X-Amz-SignedHeaders=", err) ||
	    sigv4_append_encoded(query, buf_slice(&signing->names), false, err))
		return -1;
	if (!keys->session_token.len)
		return 0;
	if (buf_append_text(query, "&X-Amz-Security-Token=", err))
		return -1;
	return sigv4_append_encoded(query, keys->session_token, false, err);
}

int
sigv4_presign(const struct sigv4_request *request, const struct sigv4_keys *keys, int64_t expires_s,
    struct buf *ret_query, struct err *err)
{
	struct buf query = BUF_INIT(TEXT_BYTES_MAX);
	struct own_headers own = { .count = 0 };
	char signature[SIGV4_HASH_BYTES];
	struct signing signing;
	int rc = -1;

	if (signing_init(&signing, request, err) || signing_set_headers(&signing, &own, err) ||
	    append_parameters(&query, &signing, keys, expires_s, err) ||
	    signing_finish(&signing, buf_slice(&query), keys->secret_key, signature, err) ||
	    append_query(ret_query, buf_slice(&query), err))
		goto out;
	rc = buf_appendf(ret_query, err, "&X-Amz-Signature=%s", signature);
out:
	if (query.data)
		explicit_bzero(query.data, query.len);
	buf_release(&query);
	signing_release(&signing);
	return rc;
}
