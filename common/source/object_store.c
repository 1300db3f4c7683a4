/* SPDX-License-Identifier: MIT */
#include "source/object_store.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 4096 }; /* a key has 1024 bytes at most (S3 User Guide, "Naming objects") */

static const char scheme[] = "s3://";

struct bucket {
	char *name;
	struct s3_bucket *s3;
};

struct object_store {
	struct object_store_options options;
	struct loop *loop;
	struct aws_session *session;
	struct bucket *buckets;
	uint32_t bucket_count;
};

bool
object_store_has(const char *path)
{
	return strncmp(path, scheme, strlen(scheme)) == 0;
}

struct loop *
object_store_loop(struct object_store *store)
{
	return store->loop;
}

struct s3_bucket *
object_store_bucket(struct object_store *store, uint32_t bucket)
{
	return store->buckets[bucket].s3;
}

void
object_store_free(struct object_store *store)
{
	if (!store)
		return;
	for (uint32_t i = 0; i < store->bucket_count; i++) {
		s3_bucket_free(store->buckets[i].s3);
		free(store->buckets[i].name);
	}
	free(store->buckets);
	aws_session_free(store->session);
	loop_free(store->loop);
	free(store);
}

struct object_store *
object_store_open(const struct object_store_options *options, struct err *err)
{
	struct object_store *store = calloc(1, sizeof(*store));

	if (!store) {
		err_no_memory(err);
		return NULL;
	}
	store->options = *options;
	store->loop = loop_new(err);
	if (!store->loop)
		goto fail;
	store->session = aws_session_open(options->aws, store->loop, err);
	if (!store->session || aws_session_wait_credentials(store->session, err))
		goto fail;
	return store;
fail:
	object_store_free(store);
	return NULL;
}

static int
find_bucket(struct object_store *store, struct slice name, uint32_t *ret, struct err *err)
{
	struct bucket *buckets, *bucket;

	for (uint32_t i = 0; i < store->bucket_count; i++) {
		if (slice_is(name, store->buckets[i].name)) {
			*ret = i;
			return 0;
		}
	}
	buckets = reallocarray(store->buckets, store->bucket_count + 1, sizeof(*buckets));
	if (!buckets)
		return err_no_memory(err);
	store->buckets = buckets;
	bucket = &buckets[store->bucket_count];
	*bucket = (struct bucket){ .name = strndup(name.data, name.len) };
	if (!bucket->name)
		return err_no_memory(err);
	bucket->s3 = s3_bucket_open(store->session, name, &store->options.s3, err);
	if (!bucket->s3) {
		free(bucket->name);
		return -1;
	}
	*ret = store->bucket_count++;
	return 0;
}

/* ---- listing ---- */

/* One address and what of it is being listed. */
struct search {
	const char *address;
	struct object_list *list;
	const struct path_filter *filter;
	uint32_t bucket;
	struct slice bucket_name;
	const char *key;     /* of the address */
	bool is_pattern;
	size_t literal;      /* bytes of the key that are no pattern: the prefix */
	size_t folder;       /* bytes of the key up to the last '/' in those, with it */
	bool is_exact;       /* the object of this very key is there: nothing else is asked for */
};

static int
append(struct search *search, const char *key, const struct s3_object *found, struct err *err)
{
	char name[NAME_BYTES_MAX], tag[32];
	int len = snprintf(name, sizeof(name), "%s%.*s/%s", scheme, SLICE_ARGS(search->bucket_name),
	    key);
	struct object object = { .name = name,
		.size = found->size,
		.bucket = search->bucket,
		.key_at = (uint32_t)(strlen(scheme) + search->bucket_name.len + 1) };
	char etag[128];

	if (len < 0 || (size_t)len >= sizeof(name))
		return err_set(err, ERR_DATA, "%s: a key is too long", search->address);
	/* some servers have objects without a tag */
	(void)snprintf(tag, sizeof(tag), "%lld", (long long)found->modified_ms);
	(void)snprintf(etag, sizeof(etag), "%.*s", SLICE_ARGS(found->etag));
	object.tag = found->etag.len ? etag : tag;
	return object_list_add(search->list, &object, err);
}

/* Of the components that begin behind what the address names. */
static bool
is_hidden(const struct search *search, const char *key)
{
	const char *below = key + search->folder, *slash;

	if (search->literal > search->folder) {
		/* the address names the beginning of the first of them */
		slash = strchr(key + search->literal, '/');
		if (!slash)
			return false;
		below = slash + 1;
	}
	return path_is_hidden(below);
}

static bool
is_wanted(const struct search *search, const char *key, int64_t size)
{
	const struct path_filter *filter = search->filter;
	bool takes_hidden = filter && filter->takes_hidden;
	size_t len = strlen(key);

	/* placeholders that consoles make for folders */
	if (key[len - 1] == '/' && (size == 0 || !takes_hidden))
		return false;
	if (!takes_hidden && is_hidden(search, key))
		return false;
	if (search->is_pattern &&
	    fnmatch(search->key, key, FNM_PATHNAME | FNM_LEADING_DIR | FNM_PERIOD) != 0)
		return false;
	return !(filter && filter->match) || path_matches(filter->match, key + search->folder);
}

static int
take_found(void *context, const struct s3_object *found, struct err *err)
{
	struct search *search = context;
	char key[NAME_BYTES_MAX];

	if (found->key.len == 0 || found->key.len >= sizeof(key))
		return err_set(err, ERR_DATA, "%s: a key has %zu bytes", search->address,
		    found->key.len);
	memcpy(key, found->key.data, found->key.len);
	key[found->key.len] = '\0';
	/* the shortest of all keys with this prefix, so it comes first */
	if (!search->is_pattern && strcmp(key, search->key) == 0 &&
	    key[found->key.len - 1] != '/') {
		search->is_exact = true;
		return append(search, key, found, err) ? -1 : err_set(err, ERR_STOPPED, "found");
	}
	return is_wanted(search, key, found->size) ? append(search, key, found, err) : 0;
}

static int
parse_address(struct search *search, struct err *err)
{
	const char *bucket = search->address + strlen(scheme);
	const char *slash = strchr(bucket, '/');

	search->bucket_name = slash ? slice_make(bucket, (size_t)(slash - bucket)) : slice_of(bucket);
	if (search->bucket_name.len == 0)
		return err_set(err, ERR_USAGE, "%s: no bucket is named", search->address);
	search->key = slash ? slash + 1 : "";
	search->literal = strcspn(search->key, "*?[");
	search->is_pattern = search->key[search->literal] != '\0';
	for (size_t i = 0; i < search->literal; i++) {
		if (search->key[i] == '/')
			search->folder = i + 1;
	}
	return 0;
}

int
object_store_list(struct object_store *store, const char *address,
    const struct path_filter *filter, struct object_list *list, struct err *err)
{
	struct search search = { .address = address, .list = list, .filter = filter };
	size_t before = object_list_count(list);

	if (parse_address(&search, err) ||
	    find_bucket(store, search.bucket_name, &search.bucket, err))
		return -1;
	if (s3_list(store->buckets[search.bucket].s3, slice_make(search.key, search.literal),
		take_found, &search, err)) {
		if (!search.is_exact || object_list_count(list) == before)
			return -1;
		err_clear(err);
	}
	if (object_list_count(list) > before)
		return 0;
	if (filter && filter->match)
		return err_set(err, ERR_NO_INPUT, "%s: no object there matches %s", address,
		    filter->match);
	return err_set(err, ERR_NO_INPUT, "%s: no such object, and none whose key begins so", address);
}
