/* SPDX-License-Identifier: MIT */
/*
 * A lake in S3. Rows and what they are encoded to are collected in files without a name in a local directory; an
 * object is uploaded while it is still being encoded, and several at a time. A thread encodes, another one uploads.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "kafka-to-s3/publish/piecework.h"
#include "kafka-to-s3/publish/publisher_ops.h"
#include "kafka-to-s3/publish/s3_marks.h"
#include "kafka-to-s3/publish/upload.h"

enum {
	/* For what is left over: nobody is heard meanwhile, and nothing depends on it. */
	CLEAN_MS_MAX = 20 * 1000,
	UPLOADS_MAX = 16, /* at a time, of all bundles */
	/* Objects behind the first that is not there yet, which may be. */
	AHEAD_MAX = 64,
	PARTS_OF_FEW = 8,   /* at a time, of an object that has few beside it */
	FEW = 4,
	EMPTY_MAX = 16, /* empty objects at a time */
	STARTS_MAX = 16, /* of a turn, which does not take long */
	PIECE_BYTES = 1024 * 1024, /* of rows: a few milliseconds of compressing */
};

struct publisher_s3 {
	struct publisher base;
	struct directory *spools;
	struct s3_target *target;
	struct s3_marks *marks;
	struct s3_style style;
	struct object *encoded; /* its rows are being encoded; NULL: none */
	struct encoding encoding;
	struct piecework *encoder;
	bool has_work; /* another turn would find some */
};

static struct publisher_s3 *
s3_of(struct publisher *p)
{
	return (struct publisher_s3 *)p;
}

/* ---- lifecycle ---- */

static void
free_s3(struct publisher *base)
{
	struct publisher_s3 *p = s3_of(base);

	piecework_free(p->encoder);
	if (p->target)
		s3_target_halt(p->target);
	s3_marks_free(p->marks);
	s3_target_free(p->target);
	directory_free(p->spools);
	free(p);
}

static const char *
spool_directory(const struct s3_target_options *options)
{
	const char *directory = options->spool_directory;

	if (!directory)
		directory = getenv("TMPDIR");
	return directory && *directory ? directory : "/var/tmp";
}

static struct publisher *
make_s3(const struct publisher_options *options, struct err *err)
{
	struct publisher_s3 *p = calloc(1, sizeof(*p));

	if (!p) {
		err_no_memory(err);
		return NULL;
	}
	p->style = options->s3->style;
	if (!p->style.content_type)
		p->style.content_type = s3_content_type(format_extension(options->format));
	p->spools = directory_open(spool_directory(options->s3), err);
	if (!p->spools)
		goto fail;
	p->target = s3_target_open(options->target, options->s3, err);
	if (!p->target)
		goto fail;
	p->marks = s3_marks_new(p->target, err);
	if (p->marks)
		p->encoder = piecework_new(err);
	if (p->encoder)
		return &p->base;
fail:
	free_s3(&p->base);
	return NULL;
}

/* ---- collecting ---- */

static struct spool *
begin(struct publisher *base, const char *path, struct err *err)
{
	(void)path;
	return spool_open_scratch(s3_of(base)->spools, err);
}

/* Whether a name is taken is found when it is published: to ask for each beforehand would take longer than it
 * could save. */
static int
check(struct publisher *base, const char *path, const char *name, struct err *err)
{
	char key[S3_KEY_BYTES];

	return s3_target_key(s3_of(base)->target, path, name, key, err);
}

static size_t
path_bytes_max(const struct publisher *base, size_t name_bytes)
{
	return s3_target_path_bytes_max(
	    &((const struct publisher_s3 *)base)->target->prefix, name_bytes);
}

/* ---- what has been uploaded ---- */

static int
explain(const struct publisher *p, enum publish_epoch epoch, const struct upload_result *result,
    struct err *err)
{
	struct err told = *err;

	if (!result->was_there || told.class != ERR_CANT_CREATE)
		return -1;
	return err_set(err, ERR_CANT_CREATE, "%s %s", told.text, publisher_hint(p, epoch));
}

static void
settle(struct object *object, const struct upload_result *result)
{
	object->object_bytes = result->bytes;
	object->was_there = result->was_there;
	upload_drop(object->upload);
	object->upload = NULL;
}

/* All of it may be sent now; it is ready, but for the one that is being encoded. */
static void
release(const struct publisher_s3 *p, struct object *object)
{
	if (!object->is_held || object == p->encoded)
		return;
	object->is_held = false;
	upload_set_ready(object->upload, object->object_bytes, true);
}

/* Of all that was begun, so that what fails is told soon; published is what lies before the first that is not
 * there yet, or is still being encoded: it may be found there before that. */
static int
reap(const struct publisher_s3 *p, struct bundle *bundle, enum publish_epoch epoch,
    struct err *err)
{
	bool is_there = true; /* the one before */
	struct upload_result result;

	for (size_t i = bundle->published; i < bundle->count; i++) {
		struct object *o = bundle->objects[i];
		int rc;

		if (!o->upload)
			break;
		if (is_there)
			release(p, o);
		rc = upload_poll(o->upload, &result, err);
		is_there = rc == 0;
		if (rc < 0)
			return explain(&p->base, epoch, &result, err);
		if (rc == 0 && i == bundle->published && o != p->encoded) {
			settle(o, &result);
			bundle->published++;
		}
	}
	return 0;
}

/* ---- what is to be uploaded ---- */

/* Files of one path appear in their order: see epochs_accept_gap. Their parts need not wait. */
static struct object *
next_object(const struct bundle *bundle)
{
	for (size_t i = bundle->published; i < bundle->count && i < bundle->published + AHEAD_MAX; i++) {
		struct object *o = bundle->objects[i];

		if (o->upload)
			continue;
		o->is_held = i > bundle->published && strcmp(bundle->objects[i - 1]->path, o->path) == 0;
		return o;
	}
	return NULL;
}

static bool
has_room(struct publisher_s3 *p)
{
	unsigned busy;

	s3_target_lock(p->target);
	busy = p->target->busy;
	s3_target_unlock(p->target);
	return busy < UPLOADS_MAX;
}

static struct upload_options
options_of(const struct publisher_s3 *p, const struct bundle *bundle, enum publish_epoch epoch)
{
	enum publish_existing existing = p->base.options.existing;
	struct upload_options options = { .style = &p->style,
		.is_create_only = existing != PUBLISH_REPLACE || epoch == PUBLISH_MISSING,
		.parts_max = bundle->count <= FEW ? PARTS_OF_FEW : 0 };

	if (!options.is_create_only)
		return options;
	/* what is most probably there is not sent */
	options.looks_first = epoch != PUBLISH_FIRST || existing == PUBLISH_REFUSE;
	options.existing = epoch == PUBLISH_MISSING      ? S3_PUT_TAKES
	                   : existing == PUBLISH_REFUSE ? S3_PUT_REFUSES
	                                                : S3_PUT_COMPARES;
	return options;
}

/* In the encoder's thread. */
static int
encode_piece(void *context, bool *ret_is_done, struct err *err)
{
	struct publisher_s3 *p = context;
	struct object *object = p->encoded;
	int rc = publisher_encode_some(&p->base, &p->encoding, PIECE_BYTES, err);

	*ret_is_done = p->encoding.is_whole;
	if (rc)
		return -1;
	object->object_bytes = spool_bytes(p->encoding.to);
	upload_set_ready(
	    object->upload, object->object_bytes, p->encoding.is_whole && !object->is_held);
	return 0;
}

/* In that thread. */
static void
on_encoded(void *context)
{
	struct publisher_s3 *p = context;

	s3_target_lock(p->target);
	s3_target_tell_news(p->target);
	s3_target_unlock(p->target);
}

/* Its content is taken over by the upload. */
static int
start(struct publisher_s3 *p, struct object *object, struct upload_options options, struct err *err)
{
	bool is_verbatim = format_is_verbatim(p->base.options.format);
	struct spool *content = is_verbatim ? object->spool : spool_open_scratch(p->spools, err);
	int64_t bytes;
	char key[S3_KEY_BYTES];

	if (!content || s3_target_key(p->target, object->path, object->name, key, err) ||
	    s3_target_run(p->target, err)) {
		if (!is_verbatim)
			spool_free(content);
		return -1;
	}
	bytes = spool_bytes(content);
	options.key = key;
	if (is_verbatim)
		object->spool = NULL;
	object->upload = upload_start(p->target, content, &options, err);
	if (!object->upload)
		return -1;
	if (is_verbatim) {
		object->object_bytes = bytes;
		upload_set_ready(object->upload, bytes, !object->is_held);
		return 0;
	}
	p->encoded = object;
	p->encoding = (struct encoding){ .from = object->spool, .to = content };
	piecework_begin(p->encoder, &(struct piecework_job){ p, encode_piece, on_encoded });
	return 0;
}

/* Of the object that is being encoded, where its rows are encoded; 1: not yet. */
static int
finish_encoding(struct publisher_s3 *p, struct err *err)
{
	int rc = piecework_poll(p->encoder, err);

	if (rc)
		return rc;
	spool_free(p->encoded->spool);
	p->encoded->spool = NULL;
	p->encoded = NULL;
	return 0;
}

static int
feed(struct publisher_s3 *p, const struct bundle *bundle, enum publish_epoch epoch,
    struct err *err)
{
	for (int i = 0; i < STARTS_MAX; i++) {
		struct object *object;
		int rc = p->encoded ? finish_encoding(p, err) : 0;

		if (rc)
			return rc < 0 ? -1 : 0;
		object = has_room(p) ? next_object(bundle) : NULL;
		if (!object)
			return 0;
		if (start(p, object, options_of(p, bundle, epoch), err))
			return -1;
	}
	p->has_work = true;
	return 0;
}

static void
begin_turn(struct publisher *base)
{
	struct publisher_s3 *p = s3_of(base);

	p->has_work = false;
	s3_marks_begin_turn(p->marks);
	s3_target_clear_news(p->target);
}

static int
step(struct publisher *base, struct bundle *bundle, enum publish_epoch epoch, struct err *err)
{
	struct publisher_s3 *p = s3_of(base);

	if ((p->encoded && finish_encoding(p, err) < 0) || reap(p, bundle, epoch, err))
		return -1;
	if (bundle->published == bundle->count)
		return 0;
	return feed(p, bundle, epoch, err) ? -1 : 1;
}

static void
drop(struct publisher *base, struct bundle *bundle)
{
	struct publisher_s3 *p = s3_of(base);

	for (size_t i = 0; i < bundle->count; i++) {
		struct object *o = bundle->objects[i];

		if (o == p->encoded) {
			piecework_give_up(p->encoder);
			format_encode_drop(p->base.options.format);
			p->encoded = NULL;
		}
		upload_drop(o->upload);
		o->upload = NULL;
	}
}

static bool
is_waiting(const struct publisher *base)
{
	const struct publisher_s3 *p = (const struct publisher_s3 *)base;

	return !p->has_work && !s3_target_has_news(p->target);
}

static void
wait_news(struct publisher *base, int64_t deadline_mono_ms)
{
	struct publisher_s3 *p = s3_of(base);

	if (!p->has_work)
		s3_target_wait_news(p->target, deadline_mono_ms);
}

/* ---- marks ---- */

static int
update_mark(struct publisher *base, const char *path, const char *name,
    int (*update)(void *context, bool has, struct slice there, struct buf *ret, struct err *),
    void *context, struct err *err)
{
	struct publisher_s3 *p = s3_of(base);
	char key[S3_KEY_BYTES];

	if (s3_target_key(p->target, path, name, key, err))
		return -1;
	return s3_marks_update(p->marks, key, update, context, err);
}

/* What waits for the thread goes on behind it. */
static void
drop_mark(struct publisher *base, const char *path, const char *name)
{
	struct publisher_s3 *p = s3_of(base);
	char key[S3_KEY_BYTES];
	struct err err = ERR_INIT;

	if (s3_target_key(p->target, path, name, key, &err) || !s3_marks_has(p->marks, key))
		return;
	s3_target_halt(p->target);
	s3_marks_drop(p->marks, key);
	if (s3_target_run(p->target, &err))
		diag_warn("%s", err.text); /* and is told by the next that is begun */
}

static int
read_mark(struct publisher *base, const char *path, const char *name, bool *ret_has, struct buf *ret,
    struct err *err)
{
	struct publisher_s3 *p = s3_of(base);
	char key[S3_KEY_BYTES];

	if (s3_target_key(p->target, path, name, key, err))
		return -1;
	s3_target_halt(p->target);
	return s3_marks_read(p->marks, key, ret_has, ret, err) || s3_target_run(p->target, err) ? -1
	                                                                                       : 0;
}

static int
make_empty(struct publisher *base, const char *const *paths, size_t count, const char *name,
    bool *ret_made, struct err *err)
{
	struct publisher_s3 *p = s3_of(base);
	unsigned begun = 0;
	size_t i;

	for (i = 0; i < count && begun < EMPTY_MAX; i++) {
		char key[S3_KEY_BYTES];
		int rc = s3_target_key(p->target, paths[i], name, key, err)
		             ? -1
		             : s3_marks_make_empty(p->marks, key, err);

		if (rc < 0)
			return -1;
		ret_made[i] = !rc;
		begun += rc > 0;
	}
	return begun || i < count;
}

/* ---- cleaning ---- */

struct cleaning {
	bool (*is_ours)(void *context, struct slice path, struct slice name);
	void *context;
	size_t prefix_len;
};

static bool
is_left_over(void *context, struct slice key)
{
	const struct cleaning *cleaning = context;
	struct slice below = slice_skip(key, cleaning->prefix_len), path = slice_make(below.data, 0),
		     name = below;

	for (size_t i = 0; i < below.len; i++) {
		if (below.data[i] != '/')
			continue;
		path.len = i;
		name = slice_skip(below, i + 1);
	}
	return cleaning->is_ours(cleaning->context, path, name);
}

static void
clean(struct publisher *base,
    bool (*is_ours)(void *context, struct slice path, struct slice name), void *context)
{
	struct publisher_s3 *p = s3_of(base);
	struct cleaning cleaning = { .is_ours = is_ours, .context = context };
	char prefix[S3_KEY_BYTES];
	size_t count = 0;
	struct err err = ERR_INIT;

	/* with a '/' at its end, where there is one */
	if (s3_target_key(p->target, "", "", prefix, &err))
		return;
	cleaning.prefix_len = strlen(prefix);
	s3_target_halt(p->target);
	if (s3_abort_uploads(p->target->bucket, slice_of(prefix), is_left_over, &cleaning,
		clock_deadline(CLEAN_MS_MAX), &count, &err) && err.class != ERR_STOPPED)
		diag_warn("uploads that an earlier run left may go on taking up room: %s", err.text);
	if (count)
		diag_note("aborted %zu upload%s that an earlier run had left", count,
		    count == 1 ? "" : "s");
	/* what is under way goes on with the next that is begun, and is told then */
	err_clear(&err);
	if (s3_target_run(p->target, &err))
		diag_warn("%s", err.text);
}

const struct publisher_ops publisher_s3_ops = {
	.make = make_s3,
	.free = free_s3,
	.begin = begin,
	.check = check,
	.path_bytes_max = path_bytes_max,
	.step = step,
	.update_mark = update_mark,
	.read_mark = read_mark,
	.make_empty = make_empty,
	.begin_turn = begin_turn,
	.drop = drop,
	.drop_mark = drop_mark,
	.is_waiting = is_waiting,
	.wait = wait_news,
	.clean = clean,
};
