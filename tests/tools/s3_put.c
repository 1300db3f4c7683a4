/* SPDX-License-Identifier: MIT */
/*
 * aws/s3_put from the command line, for tests:
 *
 *   s3_put [OPTION...] put BUCKET KEY FILE [KEY FILE...]
 *   s3_put head BUCKET KEY
 *   s3_put abort BUCKET PREFIX [SUBSTRING]
 *
 * All objects are put at once; each prints a line when it is there. The exit status is the class of
 * the first error.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/s3_put.h"
#include "base/clock.h"
#include "base/stop.h"

enum { PUTS_MAX = 64, PIECE_BYTES = 1024 * 1024 };

struct options {
	struct s3_put_options put;
	struct s3_style style;
	struct buf tagging;
	bool is_written;    /* from memory */
	int64_t piece;      /* fed at once */
	int64_t hang_after; /* bytes; -1: never */
	int64_t cancel_after;
};

struct source {
	const struct options *options;
	const char *key;
	int fd;
	int64_t bytes, fed;
	struct s3_put *put;
	bool is_ended, is_cancelled, is_done;
	size_t memory; /* at most */
	struct err *err;
	char *piece; /* read, and to be written */
	size_t piece_at, piece_len;
};

static int
read_file(void *context, int64_t offset, char *data, size_t bytes, struct err *err)
{
	struct source *s = context;
	ssize_t n;

	for (size_t at = 0; at < bytes; at += (size_t)n) {
		n = pread(s->fd, data + at, bytes - at, offset + (int64_t)at);
		if (n <= 0)
			return err_errno(err, ERR_IO, n ? errno : EIO, "%s", s->key);
	}
	return 0;
}

static void
on_done(void *context, const struct s3_put_result *result, const struct err *err)
{
	struct source *s = context;
	char crc[CRC64_TEXT_BYTES];

	s->is_done = true;
	if (err->class == ERR_NONE) {
		crc64_text(result->crc64, crc);
		printf("%s: %" PRId64 " bytes, %u parts, %s%s, %.*s, held %zu\n", s->key,
		    result->bytes, result->parts, crc, result->was_there ? ", was there" : "",
		    SLICE_ARGS(result->etag), s->memory);
		return;
	}
	fprintf(stderr, "s3_put: %s\n", err->text);
	if (s->err->class == ERR_NONE)
		*s->err = *err;
}

static int
write_piece(struct source *s, int64_t bytes, struct err *err)
{
	size_t taken;

	if (s->piece_at == s->piece_len) {
		if (read_file(s, s->fed, s->piece, (size_t)bytes, err))
			return -1;
		s->piece_at = 0;
		s->piece_len = (size_t)bytes;
	}
	if (s3_put_write(s->put,
		slice_make(s->piece + s->piece_at, s->piece_len - s->piece_at), &taken, err))
		return -1;
	s->piece_at += taken;
	s->fed += (int64_t)taken;
	return 0;
}

/* A piece of it. */
static int
feed(struct source *s, struct err *err)
{
	int64_t bytes = s->bytes - s->fed;

	if (s->is_ended || s->is_cancelled)
		return 0;
	if (s->options->cancel_after >= 0 && s->fed >= s->options->cancel_after) {
		s3_put_cancel(s->put);
		s->is_cancelled = true;
		return 0;
	}
	if (s->options->hang_after >= 0 && s->fed >= s->options->hang_after)
		return 0;
	if (bytes > s->options->piece)
		bytes = s->options->piece;
	if (!bytes) {
		s3_put_end(s->put);
		s->is_ended = true;
	} else if (s->options->is_written) {
		return write_piece(s, bytes, err);
	} else {
		s->fed += bytes;
		s3_put_extend(s->put, s->fed);
	}
	return 0;
}

static int
open_source(struct source *s, struct s3_bucket *bucket, const char *file, struct err *err)
{
	struct s3_put_options options = s->options->put;
	struct stat status;

	s->fd = open(file, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &status))
		return err_errno(err, ERR_NO_INPUT, errno, "%s", file);
	s->bytes = status.st_size;
	s->piece = malloc((size_t)s->options->piece);
	if (!s->piece)
		return err_no_memory(err);
	options.key = slice_of(s->key);
	options.read = s->options->is_written ? NULL : read_file;
	options.style = &s->options->style;
	options.context = s;
	options.done = on_done;
	s->put = s3_put_start(bucket, &options, err);
	return s->put ? 0 : -1;
}

static int
turn(struct aws_session *session, struct source *sources, int count, struct err *err)
{
	bool is_waiting = true;

	for (;;) {
		int done = 0;

		for (int i = 0; i < count; i++) {
			struct source *s = &sources[i];
			int64_t before = s->fed;

			if (!s->is_done && feed(s, err))
				return -1;
			if (s3_put_memory(s->put) > s->memory)
				s->memory = s3_put_memory(s->put);
			done += s->is_done;
			if (s->fed != before)
				is_waiting = false;
		}
		if (done == count)
			return 0;
		if (stop_requested())
			return err_set(err, ERR_STOPPED, "stopped");
		(void)loop_turn(
		    aws_session_loop(session), is_waiting ? clock_deadline(1000) : 0);
		is_waiting = true;
	}
}

static int
put(struct aws_session *session, struct s3_bucket *bucket, const struct options *options,
    char **arguments, struct err *err)
{
	struct source sources[PUTS_MAX] = { { .key = NULL } };
	int count = 0, rc = -1;
	struct err first = ERR_INIT;

	for (; arguments[0] && arguments[1] && count < PUTS_MAX; arguments += 2) {
		struct source *s = &sources[count++];

		s->options = options;
		s->key = arguments[0];
		s->err = &first;
		if (open_source(s, bucket, arguments[1], err))
			goto out;
	}
	rc = turn(session, sources, count, err);
	if (!rc && first.class != ERR_NONE) {
		err->class = first.class; /* its words have been said */
		rc = -1;
	}
out:
	for (int i = 0; i < count; i++) {
		s3_put_free(sources[i].put);
		free(sources[i].piece);
		if (sources[i].fd > 0)
			(void)close(sources[i].fd);
	}
	return rc;
}

static int
head(struct s3_bucket *bucket, const char *key, struct err *err)
{
	struct s3_head head;
	char crc[CRC64_TEXT_BYTES] = "-";

	if (s3_head(bucket, slice_of(key), &head, err))
		return -1;
	if (head.has_crc64)
		crc64_text(head.crc64, crc);
	if (head.is_there)
		printf("%" PRId64 " bytes, %s, %s\n", head.bytes, crc, head.etag);
	else
		puts("not there");
	return 0;
}

static bool
has_substring(void *context, struct slice key)
{
	const char *wanted = context;

	return !wanted || memmem(key.data, key.len, wanted, strlen(wanted));
}

static int
abort_below(struct s3_bucket *bucket, char **arguments, struct err *err)
{
	size_t count;

	if (s3_abort_uploads(
		bucket, slice_of(arguments[0]), has_substring, arguments[1], CLOCK_NEVER, &count, err))
		return -1;
	printf("%zu aborted\n", count);
	return 0;
}

static int
add_tag(struct options *o, const char *text, struct err *err)
{
	struct slice name, value;

	slice_cut(slice_of(text), '=', &name, &value);
	if (s3_tagging_append(&o->tagging, name, value, err))
		return -1;
	o->style.tagging = o->tagging.data;
	return 0;
}

static int
read_options(struct options *o, int argc, char **argv, struct err *err)
{
	static const struct option rows[] = {
		{ "create", no_argument, NULL, 'c' },
		{ "look", no_argument, NULL, 'l' },
		{ "write", no_argument, NULL, 'w' },
		{ "no-checksum", no_argument, NULL, 'n' },
		{ "piece", required_argument, NULL, 'i' },
		{ "part-bytes", required_argument, NULL, 'p' },
		{ "parts", required_argument, NULL, 'm' },
		{ "patience", required_argument, NULL, 'P' },
		{ "hang-after", required_argument, NULL, 'h' },
		{ "cancel-after", required_argument, NULL, 'C' },
		{ "content-type", required_argument, NULL, 'T' },
		{ "content-encoding", required_argument, NULL, 'E' },
		{ "storage-class", required_argument, NULL, 's' },
		{ "encryption", required_argument, NULL, 'e' },
		{ "kms-key", required_argument, NULL, 'k' },
		{ "acl", required_argument, NULL, 'a' },
		{ "tag", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		int64_t number = optarg ? strtoll(optarg, NULL, 10) : 0;

		switch (letter) {
		case 'c': o->put.is_create_only = true; break;
		case 'l': o->put.looks_first = true; break;
		case 'w': o->is_written = true; break;
		case 'n': o->put.has_no_checksum = true; break;
		case 'i': o->piece = number; break;
		case 'p': o->put.part_bytes = number; break;
		case 'm': o->put.parts_max = (unsigned)number; break;
		case 'P': o->put.patience_ms = number; break;
		case 'h': o->hang_after = number; break;
		case 'C': o->cancel_after = number; break;
		case 'T': o->style.content_type = optarg; break;
		case 'E': o->style.content_encoding = optarg; break;
		case 's': o->style.storage_class = optarg; break;
		case 'e': o->style.encryption = optarg; break;
		case 'k': o->style.kms_key_id = optarg; break;
		case 'a': o->style.acl = optarg; break;
		case 't':
			if (add_tag(o, optarg, err))
				return -1;
			break;
		default: return err_set(err, ERR_USAGE, "see the head of its source");
		}
	}
	return argc - optind >= 3 ? 0 : err_set(err, ERR_USAGE, "VERB BUCKET KEY [FILE]");
}

static int
run(struct options *o, char **words, struct err *err)
{
	struct aws_options options = { .is_unsigned = false };
	struct aws_session *session = NULL;
	struct s3_bucket *bucket = NULL;
	struct loop *loop;
	int rc = -1;

	if (stop_install(err) || !(loop = loop_new(err)))
		return -1;
	session = aws_session_open(&options, loop, err);
	if (!session || aws_session_wait_credentials(session, err))
		goto out;
	bucket = s3_bucket_open(session, slice_of(words[1]), NULL, err);
	if (!bucket)
		goto out;
	if (!strcmp(words[0], "put"))
		rc = put(session, bucket, o, words + 2, err);
	else if (!strcmp(words[0], "head"))
		rc = head(bucket, words[2], err);
	else
		rc = abort_below(bucket, words + 2, err);
out:
	s3_bucket_free(bucket);
	aws_session_free(session);
	loop_free(loop);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o = { .piece = PIECE_BYTES, .hang_after = -1, .cancel_after = -1 };
	struct err err = ERR_INIT;
	int rc;

	buf_init(&o.tagging, 8192);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	rc = read_options(&o, argc, argv, &err);
	if (!rc)
		rc = run(&o, argv + optind, &err);
	buf_release(&o.tagging);
	if (rc && err.text[0])
		fprintf(stderr, "s3_put: %s\n", err.text);
	return rc ? (int)err.class : 0;
}
