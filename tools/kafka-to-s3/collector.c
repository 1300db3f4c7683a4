/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/collector.h"

#include <stdlib.h>

#include "flow/record.h"

enum {
	BUFFER_BYTES_MIN = 4 * 1024,
	BUFFER_BYTES_MAX = 64 * 1024, /* larger ones gain nothing: the copy costs more */
	DESCRIPTORS_RESERVED = 512,   /* for the broker's sockets, a batch of encoded files, all else */
};

/* A file that is being collected. */
struct draft {
	struct draft *next; /* in its bucket */
	uint64_t hash; /* of its path */
	struct epoch_id epoch;
	size_t path_len;
	unsigned roll;
	struct object *object;
	char *buffer; /* NULL: rolled, and in no bucket */
	size_t buffer_len;
	size_t buffer_bytes;
};

struct collector {
	struct collector_options options;
	size_t path_bytes_max;
	size_t buffers_bytes;  /* of all drafts */
	int64_t row_bytes;    /* of all drafts */
	struct draft **drafts; /* in no order */
	unsigned count;
	unsigned capacity;
	struct draft **buckets;
	size_t bucket_mask;
	uint64_t *crowded_out; /* hashes of paths, one a bucket: the last of those that would be there */
	unsigned again;        /* files of such paths since */
	struct draft *recent; /* of the last write: neighbours often share a path */
};

/* ---- limits ---- */

static unsigned
bound(unsigned value, uint64_t most)
{
	return value <= most ? value : (unsigned)most;
}

/*
 * What descriptors and memory allow: as many again may wait, closed, to be published. More are asked for than
 * that: epochs that several owners left are rebuilt as they were, at one time.
 */
static int
fit_limits(struct collector *c, struct err *err)
{
	struct collector_options *o = &c->options;
	uint64_t descriptors, wanted = 2 * (uint64_t)o->open_max + DESCRIPTORS_RESERVED;

	if (file_raise_limit(UINT32_MAX, &descriptors, err))
		return -1;
	if (descriptors < wanted)
		o->open_max = bound(o->open_max, descriptors > 2 * DESCRIPTORS_RESERVED
						     ? (descriptors - DESCRIPTORS_RESERVED) / 2
						     : descriptors / 4);
	o->open_max = bound(o->open_max, o->memory_bytes / BUFFER_BYTES_MIN);
	if (!o->open_max)
		o->open_max = 1;
	return 0;
}

struct collector *
collector_new(const struct collector_options *options, struct err *err)
{
	struct collector *c = calloc(1, sizeof(*c));
	size_t buckets = 16;

	if (!c) {
		err_no_memory(err);
		return NULL;
	}
	c->options = *options;
	c->path_bytes_max =
	    publisher_path_bytes_max(options->publisher, naming_name_bytes_max(options->naming));
	if (fit_limits(c, err))
		goto fail;
	while (buckets < c->options.open_max * (size_t)2)
		buckets *= 2;
	c->bucket_mask = buckets - 1;
	c->buckets = calloc(buckets, sizeof(struct draft *));
	c->crowded_out = calloc(buckets, sizeof(uint64_t));
	if (!c->buckets || !c->crowded_out) {
		err_no_memory(err);
		goto fail;
	}
	return c;
fail:
	collector_free(c);
	return NULL;
}

unsigned
collector_open_max(const struct collector *c)
{
	return c->options.open_max;
}

bool
collector_is_full(const struct collector *c)
{
	return c->count > c->options.open_max;
}

bool
collector_is_thrashing(const struct collector *c)
{
	return c->again > c->options.open_max / 4;
}

unsigned
collector_count(const struct collector *c, int32_t stream)
{
	unsigned count = 0;

	for (unsigned i = 0; i < c->count; i++)
		count += c->drafts[i]->epoch.stream == stream;
	return count;
}

unsigned
collector_total(const struct collector *c)
{
	return c->count;
}

int64_t
collector_bytes(const struct collector *c)
{
	return c->row_bytes;
}

/* ---- finding ---- */

static const uint64_t factor = 0x9e3779b97f4a7c15; /* 2^64 / golden ratio: Knuth, TAOCP 6.4 */

/* Values of records make the paths, but a table of a bounded number of files cannot be flooded. */
static uint64_t
hash_path(struct slice path)
{
	uint64_t hash = (uint32_t)path.len * factor, word;

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

static size_t
bucket_of(const struct collector *c, const struct epoch_id *epoch, uint64_t hash)
{
	hash = (hash ^ (uint64_t)epoch->begin ^ (uint64_t)(uint32_t)epoch->stream << 40) * factor;
	return (hash ^ hash >> 32) & c->bucket_mask;
}

static bool
is_of_epoch(const struct draft *d, const struct epoch_id *epoch)
{
	return d->epoch.stream == epoch->stream && d->epoch.begin == epoch->begin;
}

static bool
is_of(const struct draft *d, const struct epoch_id *epoch, struct slice path)
{
	return is_of_epoch(d, epoch) &&
	       slice_equal(slice_make(d->object->path, d->path_len), path);
}

static struct draft *
find(const struct collector *c, const struct epoch_id *epoch, struct slice path, uint64_t hash)
{
	struct draft *d = c->buckets[bucket_of(c, epoch, hash)];

	while (d && !(d->hash == hash && is_of(d, epoch, path)))
		d = d->next;
	return d;
}

static void
draft_free(struct draft *d)
{
	if (!d)
		return;
	object_free(d->object);
	free(d->buffer);
	free(d);
}

/* It takes no more lines. */
static void
unlink_draft(struct collector *c, struct draft *d)
{
	struct draft **at = &c->buckets[bucket_of(c, &d->epoch, d->hash)];

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	c->buffers_bytes -= d->buffer_bytes;
	if (c->recent == d)
		c->recent = NULL;
	free(d->buffer);
	d->buffer = NULL;
}

static void
remove_at(struct collector *c, unsigned i)
{
	struct draft *d = c->drafts[i];

	if (d->buffer)
		unlink_draft(c, d);
	if (d->object)
		c->row_bytes -= d->object->row_bytes;
	c->drafts[i] = c->drafts[--c->count];
	draft_free(d);
}

void
collector_free(struct collector *c)
{
	if (!c)
		return;
	while (c->count)
		remove_at(c, c->count - 1);
	free(c->drafts);
	free(c->buckets);
	free(c->crowded_out);
	free(c);
}

/* ---- new files ---- */

static struct object *
object_new(struct slice path, struct err *err)
{
	struct object *o = calloc(1, sizeof(*o));

	if (o)
		o->path = malloc(path.len + 1);
	if (!o || !o->path) {
		object_free(o);
		err_no_memory(err);
		return NULL;
	}
	if (path.len)
		memcpy(o->path, path.data, path.len);
	o->path[path.len] = '\0';
	o->event_max_ms = RECORD_NO_TIME;
	return o;
}

static struct draft *
draft_new(const struct epoch_id *epoch, struct slice path, unsigned roll, struct err *err)
{
	struct draft *d = calloc(1, sizeof(*d));

	if (d)
		d->buffer = malloc(BUFFER_BYTES_MIN);
	if (!d || !d->buffer) {
		draft_free(d);
		err_no_memory(err);
		return NULL;
	}
	d->epoch = *epoch;
	d->path_len = path.len;
	d->roll = roll;
	d->buffer_bytes = BUFFER_BYTES_MIN;
	d->object = object_new(path, err);
	if (!d->object) {
		draft_free(d);
		return NULL;
	}
	return d;
}

static int
make_place(struct collector *c, struct err *err)
{
	unsigned capacity = c->capacity ? 2 * c->capacity : 64;
	struct draft **larger;

	if (c->count < c->capacity)
		return 0;
	larger = reallocarray(c->drafts, capacity, sizeof(struct draft *));
	if (!larger)
		return err_no_memory(err);
	c->drafts = larger;
	c->capacity = capacity;
	return 0;
}

static void
insert(struct collector *c, struct draft *d)
{
	struct draft **bucket = &c->buckets[bucket_of(c, &d->epoch, d->hash)];

	d->next = *bucket;
	*bucket = d;
	c->drafts[c->count++] = d;
	c->buffers_bytes += d->buffer_bytes;
}

/* A name that is taken is better found now than after a day's work. */
static int
begin_object(struct collector *c, struct draft *d, struct err *err)
{
	struct object *o = d->object;
	struct object_id id = { .stream = d->epoch.stream,
		.begin = d->epoch.begin,
		.roll = d->roll };

	naming_format(c->options.naming, &id, o->name);
	if (publisher_check(c->options.publisher, o->path, o->name, err))
		return -1;
	o->spool = publisher_begin(c->options.publisher, o->path, err);
	return o->spool ? 0 : -1;
}

static struct draft *
open_draft(struct collector *c, const struct epoch_id *epoch, struct slice path, uint64_t hash,
    unsigned roll, struct err *err)
{
	struct draft *d;

	if (naming_check_path(path, c->path_bytes_max, err) || make_place(c, err))
		return NULL;
	d = draft_new(epoch, path, roll, err);
	if (!d || begin_object(c, d, err)) {
		draft_free(d);
		return NULL;
	}
	d->hash = hash;
	c->again += c->crowded_out[hash & c->bucket_mask] == hash;
	insert(c, d);
	return d;
}

/* ---- writing ---- */

static int
flush(struct draft *d, struct err *err)
{
	struct slice bytes = slice_make(d->buffer, d->buffer_len);

	d->buffer_len = 0;
	return spool_write(d->object->spool, bytes, err);
}

/* A file that gets many records has a larger buffer, as long as every file could have one. */
static int
grow_buffer(struct collector *c, struct draft *d, struct err *err)
{
	size_t unopened =
	    c->count < c->options.open_max ? (c->options.open_max - c->count) * (size_t)BUFFER_BYTES_MIN : 0;
	char *larger;

	if (d->buffer_bytes == BUFFER_BYTES_MAX ||
	    c->buffers_bytes + unopened + d->buffer_bytes > c->options.memory_bytes)
		return 0;
	larger = realloc(d->buffer, 2 * d->buffer_bytes);
	if (!larger)
		return err_no_memory(err);
	c->buffers_bytes += d->buffer_bytes;
	d->buffer = larger;
	d->buffer_bytes *= 2;
	return 0;
}

static void
put(struct draft *d, struct slice bytes)
{
	if (!bytes.len)
		return;
	memcpy(d->buffer + d->buffer_len, bytes.data, bytes.len);
	d->buffer_len += bytes.len;
}

/* Room for n bytes in the buffer, or an empty buffer. */
static int
make_room(struct collector *c, struct draft *d, size_t n, struct err *err)
{
	if (n <= d->buffer_bytes - d->buffer_len)
		return 0;
	if (grow_buffer(c, d, err))
		return -1;
	return n > d->buffer_bytes - d->buffer_len ? flush(d, err) : 0;
}

static int
append_row(struct collector *c, struct draft *d, struct slice row, struct err *err)
{
	struct slice end = c->options.row_end;

	if (make_room(c, d, row.len + end.len, err))
		return -1;
	if (row.len + end.len > d->buffer_bytes)
		return spool_write(d->object->spool, row, err) ||
		               spool_write(d->object->spool, end, err)
		           ? -1
		           : 0;
	put(d, row);
	put(d, end);
	return 0;
}

static bool
is_rolled_before(const struct collector *c, const struct draft *d, size_t bytes)
{
	const struct collector_options *o = &c->options;

	return (o->roll_records && d->object->record_count >= o->roll_records) ||
	       (o->roll_bytes && d->object->row_bytes + (int64_t)bytes > o->roll_bytes);
}

/* The file that takes this row. */
static struct draft *
choose(struct collector *c, const struct epoch_id *epoch, struct slice path, size_t bytes,
    struct err *err)
{
	struct draft *d = c->recent, *next;
	uint64_t hash;

	if (!d || !is_of(d, epoch, path)) {
		hash = hash_path(path);
		d = find(c, epoch, path, hash);
	} else {
		hash = d->hash;
	}
	if (!d)
		return open_draft(c, epoch, path, hash, 0, err);
	if (!is_rolled_before(c, d, bytes))
		return d;
	if (flush(d, err))
		return NULL;
	/* first, so that this one is still found where that one cannot be */
	next = open_draft(c, epoch, path, hash, d->roll + 1, err);
	if (next)
		unlink_draft(c, d);
	return next;
}

int
collector_write(struct collector *c, const struct epoch_id *epoch, struct slice path,
    struct slice row, int64_t *ret_bytes, struct err *err)
{
	size_t bytes = row.len + c->options.row_end.len;
	struct draft *d = choose(c, epoch, path, bytes, err);

	if (!d || append_row(c, d, row, err))
		return -1;
	d->object->record_count++;
	d->object->row_bytes += (int64_t)bytes;
	c->row_bytes += (int64_t)bytes;
	c->recent = d;
	*ret_bytes = (int64_t)bytes;
	return 0;
}

void
collector_date(struct collector *c, int64_t event_ms)
{
	if (c->recent && event_ms > c->recent->object->event_max_ms)
		c->recent->object->event_max_ms = event_ms;
}

/* ---- closing ---- */

/* By path, so that directories are synced once; then by name. */
static int
compare_objects(const void *a, const void *b)
{
	const struct object *left = *(struct object *const *)a;
	const struct object *right = *(struct object *const *)b;
	int order = strcmp(left->path, right->path);

	return order ? order : strcmp(left->name, right->name);
}

static int
move_drafts(struct collector *c, const struct epoch_id *epoch, struct bundle *ret, struct err *err)
{
	for (unsigned i = c->count; i-- > 0;) {
		struct draft *d = c->drafts[i];

		if (!is_of_epoch(d, epoch))
			continue;
		if (d->buffer && flush(d, err))
			return -1;
		ret->row_bytes += d->object->row_bytes;
		c->row_bytes -= d->object->row_bytes;
		ret->objects[ret->count++] = d->object;
		d->object = NULL;
		remove_at(c, i);
	}
	return 0;
}

int
collector_close(
    struct collector *c, const struct epoch_id *epoch, struct bundle *ret, struct err *err)
{
	bool is_crowded = collector_is_full(c);
	unsigned count = 0;

	for (unsigned i = 0; i < c->count; i++) {
		const struct draft *d = c->drafts[i];

		if (!is_of_epoch(d, epoch))
			continue;
		count++;
		if (is_crowded)
			c->crowded_out[d->hash & c->bucket_mask] = d->hash;
	}
	c->again = 0;
	ret->objects = calloc(count + 1, sizeof(struct object *));
	if (!ret->objects)
		return err_no_memory(err);
	if (move_drafts(c, epoch, ret, err))
		return -1;
	qsort(ret->objects, ret->count, sizeof(struct object *), compare_objects);
	return 0;
}

int64_t
collector_drop(struct collector *c, int32_t stream)
{
	int64_t record_count = 0;

	for (unsigned i = c->count; i-- > 0;) {
		if (c->drafts[i]->epoch.stream != stream)
			continue;
		record_count += c->drafts[i]->object->record_count;
		remove_at(c, i);
	}
	return record_count;
}
