/* SPDX-License-Identifier: MIT */
#include "source/object_list.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Texts lie one behind the other in blocks, so that a million objects need no million allocations. */
enum { BLOCK_BYTES = 256 * 1024, TAG_BYTES = 48 };

struct block {
	struct block *next;
	size_t len;
	size_t capacity;
	char text[];
};

struct entry {
	const char *name; /* the tag follows behind its NUL */
	int64_t size;
	uint32_t name_bytes; /* with the NUL */
	uint32_t bucket;
	uint32_t key_at;
};

struct object_list {
	struct entry *entries;
	size_t count;
	size_t capacity;
	struct block *blocks; /* the newest first */
	EVP_MD_CTX *digest;   /* over the first `digested` objects; NULL: not begun */
	size_t digested;
};

struct object_list *
object_list_new(struct err *err)
{
	struct object_list *list = calloc(1, sizeof(*list));

	if (!list)
		err_no_memory(err);
	return list;
}

void
object_list_free(struct object_list *list)
{
	struct block *block, *next;

	if (!list)
		return;
	for (block = list->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	EVP_MD_CTX_free(list->digest);
	free(list->entries);
	free(list);
}

static char *
take_room(struct object_list *list, size_t bytes, struct err *err)
{
	struct block *block = list->blocks;

	if (!block || block->capacity - block->len < bytes) {
		size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

		block = malloc(sizeof(*block) + capacity);
		if (!block) {
			err_no_memory(err);
			return NULL;
		}
		*block = (struct block){ .next = list->blocks, .capacity = capacity };
		list->blocks = block;
	}
	block->len += bytes;
	return block->text + block->len - bytes;
}

static int
grow(struct object_list *list, struct err *err)
{
	size_t capacity = list->capacity ? list->capacity * 2 : 16;
	struct entry *entries;

	if (list->count < list->capacity)
		return 0;
	entries = reallocarray(list->entries, capacity, sizeof(*entries));
	if (!entries)
		return err_no_memory(err);
	list->entries = entries;
	list->capacity = capacity;
	return 0;
}

int
object_list_add(struct object_list *list, const struct object *object, struct err *err)
{
	size_t name_bytes = strlen(object->name) + 1, tag_bytes = strlen(object->tag) + 1;
	char *text;

	if (grow(list, err) || !(text = take_room(list, name_bytes + tag_bytes, err)))
		return -1;
	memcpy(text, object->name, name_bytes);
	memcpy(text + name_bytes, object->tag, tag_bytes);
	list->entries[list->count++] = (struct entry){ .name = text,
		.size = object->size,
		.name_bytes = (uint32_t)name_bytes,
		.bucket = object->bucket,
		.key_at = object->key_at };
	return 0;
}

static int
add_file(struct object_list *list, const char *name, struct err *err)
{
	struct object object = { .name = name, .tag = "", .size = -1 };
	char tag[TAG_BYTES];
	struct stat st;

	/* what is gone by now fails when it is opened */
	if (strcmp(name, "-") != 0 && !stat(name, &st) && S_ISREG(st.st_mode)) {
		(void)snprintf(tag, sizeof(tag), "%lld.%09ld", (long long)st.st_mtim.tv_sec,
		    st.st_mtim.tv_nsec);
		object.tag = tag;
		object.size = st.st_size;
	}
	return object_list_add(list, &object, err);
}

int
object_list_add_path(struct object_list *list, const char *path, const struct path_filter *filter,
    struct err *err)
{
	struct path_list files = { .names = NULL };
	int rc = path_list_expand(&files, path, filter, err);

	for (size_t i = 0; !rc && i < files.count; i++)
		rc = add_file(list, files.names[i], err);
	path_list_release(&files);
	return rc;
}

size_t
object_list_count(const struct object_list *list)
{
	return list->count;
}

struct object
object_list_get(const struct object_list *list, size_t index)
{
	const struct entry *entry = &list->entries[index];

	return (struct object){ .name = entry->name,
		.tag = entry->name + entry->name_bytes,
		.size = entry->size,
		.bucket = entry->bucket,
		.key_at = entry->key_at };
}

int64_t
object_list_bytes(const struct object_list *list)
{
	int64_t sum = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (list->entries[i].size < 0)
			return -1;
		sum += list->entries[i].size;
	}
	return sum;
}

/* ---- folders ---- */

static struct slice
folder_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slice_make(name, slash ? (size_t)(slash - name) + 1 : 0);
}

struct slice
object_list_folder(const struct object_list *list, size_t index)
{
	return folder_of(list->entries[index].name);
}

size_t
object_list_folder_count(const struct object_list *list, size_t first)
{
	struct slice folder = object_list_folder(list, first);
	size_t end = first;

	while (end < list->count && slice_equal(object_list_folder(list, end), folder))
		end++;
	return end - first;
}

struct place {
	struct entry entry;
	size_t index;
	size_t folder; /* index of its first object */
};

static int
by_folder_name(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = slice_compare(folder_of(x->entry.name), folder_of(y->entry.name));

	if (order)
		return order;
	return x->index < y->index ? -1 : 1;
}

static int
by_first_of_folder(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->folder != y->folder)
		return x->folder < y->folder ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

int
object_list_group(struct object_list *list, struct err *err)
{
	struct place *places = calloc(list->count + 1, sizeof(*places));

	if (!places)
		return err_no_memory(err);
	for (size_t i = 0; i < list->count; i++)
		places[i] = (struct place){ .entry = list->entries[i], .index = i };
	qsort(places, list->count, sizeof(*places), by_folder_name);
	for (size_t i = 0; i < list->count; i++) {
		bool is_first = i == 0 || !slice_equal(folder_of(places[i - 1].entry.name),
		    folder_of(places[i].entry.name));

		places[i].folder = is_first ? places[i].index : places[i - 1].folder;
	}
	qsort(places, list->count, sizeof(*places), by_first_of_folder);
	for (size_t i = 0; i < list->count; i++)
		list->entries[i] = places[i].entry;
	free(places);
	list->digested = 0;
	return 0;
}

/* ---- the digest ---- */

static int
digest_object(EVP_MD_CTX *digest, const struct object *object)
{
	char size[24];
	int size_bytes = snprintf(size, sizeof(size), "%" PRId64, object->size) + 1;

	return EVP_DigestUpdate(digest, object->name, strlen(object->name) + 1) &&
		EVP_DigestUpdate(digest, size, (size_t)size_bytes) &&
		EVP_DigestUpdate(digest, object->tag, strlen(object->tag) + 1)
	    ? 0
	    : -1;
}

/* The running digest, so that one more object costs no second look at those before it. */
static int
digest_up_to(struct object_list *list, size_t count)
{
	if (!list->digest && !(list->digest = EVP_MD_CTX_new()))
		return -1;
	if (list->digested == 0 || list->digested > count) {
		if (!EVP_DigestInit_ex(list->digest, EVP_sha256(), NULL))
			return -1;
		list->digested = 0;
	}
	for (; list->digested < count; list->digested++) {
		struct object object = object_list_get(list, list->digested);

		if (digest_object(list->digest, &object))
			return -1;
	}
	return 0;
}

int
object_list_digest(struct object_list *list, size_t last, char ret[static OBJECTS_DIGEST_BYTES],
    struct err *err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD_CTX *copy;
	int rc;

	if (last >= list->count)
		return err_set(err, ERR_DATA, "there are %zu objects, %zu were there", list->count,
		    last + 1);
	copy = EVP_MD_CTX_new();
	rc = copy && !digest_up_to(list, last + 1) && EVP_MD_CTX_copy_ex(copy, list->digest) &&
		EVP_DigestFinal_ex(copy, bytes, &len)
	    ? 0
	    : err_set(err, ERR_FAULT, "SHA-256 failed");
	EVP_MD_CTX_free(copy);
	for (unsigned i = 0; !rc && i < len; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return rc;
}
