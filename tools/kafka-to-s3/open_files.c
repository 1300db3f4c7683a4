/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/open_files.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"

enum {
	BUFFER_BYTES_MIN = 4 * 1024,
	BUFFER_BYTES_MAX = 64 * 1024, /* larger ones gain nothing: the copy costs more */
	DESCRIPTORS_RESERVED = 128,   /* for the broker's sockets and all else */
	STEP_BYTES_MAX =
	    256 * 1024 * 1024, /* a second or two of compressing, then others get a turn */
	EVICT_FRACTION = 64,   /* of open_max at a time: publishing one costs nearly as much */
};

struct open_file {
	struct open_file *next; /* in its bucket */
	uint64_t hash;
	char *path;
	size_t path_len;
	struct extent extent;
	int64_t bytes; /* of lines, buffered ones included */
	int64_t due_ms;
	uint64_t used; /* counts writes: the least recently used has the smallest */
	struct spool *spool;
	char *buffer;
	size_t buffer_len;
	size_t buffer_bytes;
};

struct open_files {
	struct open_files_options options;
	size_t buffers_bytes;     /* of all open files */
	struct open_file **files; /* open_max; the first `count` are open, in no order */
	unsigned count;
	struct open_file **buckets;
	size_t bucket_mask;
	uint64_t *evicted; /* hashes, one a bucket: the last evicted of those that would be there */
	struct open_file *recent; /* of the last write: neighbours often share a path */
	uint64_t writes;
	int64_t due_ms;            /* the smallest of all */
	struct publication *batch; /* PUBLISH_BATCH_MAX */
	struct open_files_counts counts;
};

/* ---- limits ---- */

static unsigned
bound(unsigned value, uint64_t most)
{
	return value <= most ? value : (unsigned)most;
}

/* What descriptors and memory allow. */
static int
fit_limits(struct open_files *set, struct err *err)
{
	struct open_files_options *o = &set->options;
	uint64_t descriptors, wanted = (uint64_t)o->open_max + DESCRIPTORS_RESERVED;

	if (file_raise_limit(wanted, &descriptors, err))
		return -1;
	if (descriptors < wanted)
		o->open_max = bound(o->open_max, descriptors > 2 * DESCRIPTORS_RESERVED
						     ? descriptors - DESCRIPTORS_RESERVED
						     : descriptors / 2);
	o->open_max = bound(o->open_max, o->memory_bytes / BUFFER_BYTES_MIN);
	if (!o->open_max)
		o->open_max = 1;
	return 0;
}

static int
make_tables(struct open_files *set, struct err *err)
{
	size_t buckets = 16;

	while (buckets < set->options.open_max * (size_t)2)
		buckets *= 2;
	set->files = calloc(set->options.open_max, sizeof(struct open_file *));
	set->buckets = calloc(buckets, sizeof(struct open_file *));
	set->evicted = calloc(buckets, sizeof(uint64_t));
	set->batch = calloc(PUBLISH_BATCH_MAX, sizeof(*set->batch));
	set->bucket_mask = buckets - 1;
	return set->files && set->buckets && set->evicted && set->batch ? 0 : err_no_memory(err);
}

struct open_files *
open_files_new(const struct open_files_options *options, struct err *err)
{
	struct open_files *set = calloc(1, sizeof(*set));

	if (!set) {
		err_no_memory(err);
		return NULL;
	}
	set->options = *options;
	set->due_ms = CLOCK_NEVER;
	if (fit_limits(set, err) || make_tables(set, err)) {
		open_files_free(set);
		return NULL;
	}
	return set;
}

unsigned
open_files_open_max(const struct open_files *set)
{
	return set->options.open_max;
}

unsigned
open_files_count(const struct open_files *set)
{
	return set->count;
}

struct open_files_counts
open_files_counts(const struct open_files *set)
{
	return set->counts;
}

/* ---- finding ---- */

/* Values of records make the paths, but a table of a bounded number of files cannot be flooded. */
static uint64_t
hash_path(int32_t stream, struct slice path)
{
	const uint64_t factor = 0x9e3779b97f4a7c15; /* 2^64 / golden ratio: Knuth, TAOCP 6.4 */
	uint64_t hash = ((uint64_t)(uint32_t)stream << 32 | (uint32_t)path.len) * factor, word;

	for (; path.len >= sizeof(word); path = slice_skip(path, sizeof(word))) {
		memcpy(&word, path.data, sizeof(word));
		hash = (hash ^ word) * factor;
		hash ^= hash >> 32;
	}
	word = 0;
	if (path.len)
		memcpy(&word, path.data, path.len);
	hash = (hash ^ word) * factor;
	return hash ^ hash >> 32;
}

static bool
is_of(const struct open_file *f, int32_t stream, struct slice path)
{
	return f->extent.stream == stream && slice_equal(slice_make(f->path, f->path_len), path);
}

static struct open_file *
find(const struct open_files *set, int32_t stream, struct slice path, uint64_t hash)
{
	struct open_file *f = set->buckets[hash & set->bucket_mask];

	while (f && !(f->hash == hash && is_of(f, stream, path)))
		f = f->next;
	return f;
}

static void
file_free(struct open_file *f)
{
	if (!f)
		return;
	spool_free(f->spool);
	free(f->buffer);
	free(f->path);
	free(f);
}

static void
insert(struct open_files *set, struct open_file *f)
{
	struct open_file **bucket = &set->buckets[f->hash & set->bucket_mask];

	f->next = *bucket;
	*bucket = f;
	set->files[set->count++] = f;
	set->buffers_bytes += f->buffer_bytes;
	if (f->due_ms < set->due_ms)
		set->due_ms = f->due_ms;
}

static void
unlink_bucket(struct open_files *set, const struct open_file *f)
{
	struct open_file **at = &set->buckets[f->hash & set->bucket_mask];

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
}

static void
remove_at(struct open_files *set, unsigned i)
{
	struct open_file *f = set->files[i];

	unlink_bucket(set, f);
	set->files[i] = set->files[--set->count];
	set->buffers_bytes -= f->buffer_bytes;
	if (set->recent == f)
		set->recent = NULL;
	file_free(f);
}

static void
find_due(struct open_files *set)
{
	set->due_ms = CLOCK_NEVER;
	for (unsigned i = 0; i < set->count; i++) {
		if (set->files[i]->due_ms < set->due_ms)
			set->due_ms = set->files[i]->due_ms;
	}
}

void
open_files_free(struct open_files *set)
{
	if (!set)
		return;
	while (set->count)
		remove_at(set, set->count - 1);
	free(set->files);
	free(set->buckets);
	free(set->evicted);
	free(set->batch);
	free(set);
}

/* ---- publishing ---- */

static int
flush_buffer(struct open_file *f, struct err *err)
{
	struct slice bytes = slice_make(f->buffer, f->buffer_len);

	f->buffer_len = 0;
	return spool_write(f->spool, bytes, err);
}

static int
prepare(struct open_files *set, struct open_file *f, struct publication *item, struct err *err)
{
	if (flush_buffer(f, err))
		return -1;
	item->path = f->path;
	item->spool = f->spool;
	naming_format(set->options.naming, &f->extent, item->name);
	return 0;
}

static void
count_published(struct open_files *set, const struct open_file *f, const struct publication *item)
{
	const struct open_files_published *told = &set->options.published;

	set->counts.files++;
	set->counts.files_there += item->was_there;
	set->counts.records += f->extent.record_count;
	set->counts.line_bytes += f->bytes;
	set->counts.object_bytes += item->object_bytes;
	if (told->published)
		told->published(told->context, item, &f->extent);
}

/* Publishes the last n files of the array, at most PUBLISH_BATCH_MAX, and removes them. */
static int
publish_last(struct open_files *set, unsigned n, struct err *err)
{
	struct open_file **files = set->files + (set->count - n);
	unsigned prepared = 0;
	int rc = 0;

	while (!rc && prepared < n) {
		rc = prepare(set, files[prepared], &set->batch[prepared], err);
		prepared += !rc;
	}
	if (!rc)
		rc = publisher_publish(set->options.publisher, set->batch, n, err);
	/* the publisher may have put the encoded file in place of the lines, on failure too */
	for (unsigned i = 0; i < prepared; i++)
		files[i]->spool = set->batch[i].spool;
	if (rc)
		return -1;
	while (n--) {
		count_published(set, files[n], &set->batch[n]);
		remove_at(set, set->count - 1);
	}
	return 0;
}

static void
swap_files(struct open_files *set, unsigned a, unsigned b)
{
	struct open_file *f = set->files[a];

	set->files[a] = set->files[b];
	set->files[b] = f;
}

/* By path, so that directories are synced once; then by stream. */
static int
compare_files(const void *a, const void *b)
{
	const struct open_file *left = *(struct open_file *const *)a;
	const struct open_file *right = *(struct open_file *const *)b;
	int order = strcmp(left->path, right->path);

	if (order)
		return order;
	return (left->extent.stream > right->extent.stream) -
	       (left->extent.stream < right->extent.stream);
}

/* Publishes the last n files of the array, however many. */
static int
publish_tail(struct open_files *set, unsigned n, struct err *err)
{
	qsort(set->files + (set->count - n), n, sizeof(struct open_file *), compare_files);
	while (n) {
		unsigned step = n < PUBLISH_BATCH_MAX ? n : PUBLISH_BATCH_MAX;

		if (publish_last(set, step, err))
			return -1;
		n -= step;
	}
	find_due(set);
	return 0;
}

/* Of the last n files of the array as many, from the end, as can be published without keeping the
 * source waiting for long. */
static int
publish_step(struct open_files *set, unsigned n, struct err *err)
{
	unsigned step = 0;
	int64_t bytes = 0;

	while (step < n && step < PUBLISH_BATCH_MAX && (!step || bytes < STEP_BYTES_MAX))
		bytes += set->files[set->count - ++step]->bytes;
	return publish_tail(set, step, err);
}

static int
publish_file(struct open_files *set, const struct open_file *f, struct err *err)
{
	unsigned i = 0;

	while (set->files[i] != f)
		i++;
	swap_files(set, i, set->count - 1);
	return publish_tail(set, 1, err);
}

/* The oldest first records come last, where files are published from. */
static int
compare_first(const void *a, const void *b)
{
	const struct open_file *left = *(struct open_file *const *)a;
	const struct open_file *right = *(struct open_file *const *)b;

	return (left->extent.first < right->extent.first) -
	       (left->extent.first > right->extent.first);
}

int
open_files_publish_some(struct open_files *set, struct err *err)
{
	qsort(set->files, set->count, sizeof(struct open_file *), compare_first);
	return publish_step(set, set->count, err);
}

int
open_files_publish_all(struct open_files *set, struct err *err)
{
	while (set->count) {
		if (open_files_publish_some(set, err))
			return -1;
	}
	return 0;
}

int
open_files_publish_stream(struct open_files *set, int32_t stream, struct err *err)
{
	unsigned rest = set->count;

	for (unsigned i = set->count; i-- > 0;) {
		if (set->files[i]->extent.stream == stream)
			swap_files(set, i, --rest);
	}
	return publish_tail(set, set->count - rest, err);
}

int
open_files_tick(struct open_files *set, int64_t now_ms, struct err *err)
{
	unsigned rest = set->count;

	if (now_ms < set->due_ms)
		return 0;
	for (unsigned i = set->count; i-- > 0;) {
		if (set->files[i]->due_ms <= now_ms)
			swap_files(set, i, --rest);
	}
	return publish_step(set, set->count - rest, err);
}

int64_t
open_files_due_ms(const struct open_files *set)
{
	return set->due_ms;
}

int64_t
open_files_drop_stream(struct open_files *set, int32_t stream)
{
	int64_t record_count = 0;

	for (unsigned i = set->count; i-- > 0;) {
		const struct extent *e = &set->files[i]->extent;

		if (e->stream != stream)
			continue;
		record_count += e->record_count;
		remove_at(set, i);
	}
	find_due(set);
	return record_count;
}

int64_t
open_files_frontier(const struct open_files *set, int32_t stream, int64_t next)
{
	for (unsigned i = 0; i < set->count; i++) {
		const struct extent *e = &set->files[i]->extent;

		if (e->stream == stream && e->first < next)
			next = e->first;
	}
	return next;
}

static int
compare_use(const void *a, const void *b)
{
	const struct open_file *left = *(struct open_file *const *)a;
	const struct open_file *right = *(struct open_file *const *)b;

	/* the least recently used come last, where files are published from */
	return (left->used < right->used) - (left->used > right->used);
}

static int
evict(struct open_files *set, struct err *err)
{
	unsigned n = 1 + set->options.open_max / EVICT_FRACTION;

	qsort(set->files, set->count, sizeof(struct open_file *), compare_use);
	set->counts.files_evicted += n;
	for (unsigned i = set->count - n; i < set->count; i++)
		set->evicted[set->files[i]->hash & set->bucket_mask] = set->files[i]->hash;
	return publish_tail(set, n, err);
}

/* ---- writing ---- */

static struct open_file *
file_new(struct position position, struct slice path, struct err *err)
{
	struct open_file *f = calloc(1, sizeof(*f));

	if (f) {
		f->buffer = malloc(BUFFER_BYTES_MIN);
		f->buffer_bytes = BUFFER_BYTES_MIN;
		f->path = malloc(path.len + 1);
	}
	if (!f || !f->buffer || !f->path) {
		file_free(f);
		err_no_memory(err);
		return NULL;
	}
	if (path.len)
		memcpy(f->path, path.data, path.len);
	f->path[path.len] = '\0';
	f->path_len = path.len;
	f->extent = (struct extent){
		.stream = position.stream, .first = position.sequence, .last = position.sequence
	};
	return f;
}

/* A name that is taken is better found now than after a day's work. */
static int
check_name(const struct open_files *set, const struct open_file *f, struct err *err)
{
	char name[OBJECT_NAME_BYTES];

	if (!naming_is_known_at_start(set->options.naming))
		return 0;
	naming_format(set->options.naming, &f->extent, name);
	return publisher_check(set->options.publisher, f->path, name, err);
}

static struct open_file *
open_file(struct open_files *set, struct position position, struct slice path, uint64_t hash,
    int64_t now_ms, struct err *err)
{
	int64_t age_ms_max = set->options.file_age_ms_max;
	struct open_file *f;

	if (naming_check_path(path, err))
		return NULL;
	if (set->count == set->options.open_max && evict(set, err))
		return NULL;
	f = file_new(position, path, err);
	if (!f)
		return NULL;
	f->hash = hash;
	set->counts.files_again += set->evicted[hash & set->bucket_mask] == hash;
	f->due_ms =
	    age_ms_max && now_ms < CLOCK_NEVER - age_ms_max ? now_ms + age_ms_max : CLOCK_NEVER;
	if (!check_name(set, f, err))
		f->spool = publisher_begin(set->options.publisher, f->path, err);
	if (!f->spool) {
		file_free(f);
		return NULL;
	}
	insert(set, f);
	return f;
}

/* A file that gets many records has a larger buffer, as long as every file could have one. */
static int
grow_buffer(struct open_files *set, struct open_file *f, struct err *err)
{
	size_t unopened = (set->options.open_max - set->count) * (size_t)BUFFER_BYTES_MIN;
	char *larger;

	if (f->buffer_bytes == BUFFER_BYTES_MAX ||
	    set->buffers_bytes + unopened + f->buffer_bytes > set->options.memory_bytes)
		return 0;
	larger = realloc(f->buffer, 2 * f->buffer_bytes);
	if (!larger)
		return err_no_memory(err);
	set->buffers_bytes += f->buffer_bytes;
	f->buffer = larger;
	f->buffer_bytes *= 2;
	return 0;
}

/* Room for n bytes in the buffer, or an empty buffer. */
static int
make_room(struct open_files *set, struct open_file *f, size_t n, struct err *err)
{
	if (n <= f->buffer_bytes - f->buffer_len)
		return 0;
	if (grow_buffer(set, f, err))
		return -1;
	return n > f->buffer_bytes - f->buffer_len ? flush_buffer(f, err) : 0;
}

static int
append_line(struct open_files *set, struct open_file *f, struct slice line, struct err *err)
{
	if (make_room(set, f, line.len + 1, err))
		return -1;
	if (line.len + 1 > f->buffer_bytes) {
		if (spool_write(f->spool, line, err))
			return -1;
	} else if (line.len) {
		memcpy(f->buffer + f->buffer_len, line.data, line.len);
		f->buffer_len += line.len;
	}
	f->buffer[f->buffer_len++] = '\n';
	f->bytes += (int64_t)line.len + 1;
	return 0;
}

static bool
is_full(const struct open_files *set, const struct open_file *f)
{
	const struct open_files_options *o = &set->options;

	return f->bytes >= o->file_bytes_max ||
	       (o->file_records_max && f->extent.record_count >= o->file_records_max);
}

/* The file that takes this record; one that it would make too large is published before. */
static struct open_file *
choose_file(struct open_files *set, struct position position, struct slice path, size_t bytes,
    int64_t now_ms, struct err *err)
{
	struct open_file *f = set->recent;
	uint64_t hash;

	if (!f || !is_of(f, position.stream, path)) {
		hash = hash_path(position.stream, path);
		f = find(set, position.stream, path, hash);
	} else {
		hash = f->hash;
	}
	if (f && f->bytes + (int64_t)bytes > set->options.file_bytes_max) {
		if (publish_file(set, f, err))
			return NULL;
		f = NULL;
	}
	return f ? f : open_file(set, position, path, hash, now_ms, err);
}

int
open_files_write(struct open_files *set, struct position position, struct slice path,
    struct slice line, int64_t now_ms, struct err *err)
{
	struct open_file *f;

	f = choose_file(set, position, path, line.len + 1, now_ms, err);
	if (!f || append_line(set, f, line, err))
		return -1;
	assert(position.sequence >= f->extent.last);
	f->extent.last = position.sequence;
	f->extent.record_count++;
	f->used = ++set->writes;
	set->recent = f;
	return is_full(set, f) ? publish_file(set, f, err) : 0;
}
