/* SPDX-License-Identifier: MIT */
/*
 * Records from files and from objects of S3: newline JSON or CSV, plain or compressed (told by content), one file after
 * the other. A path may be a file, "-" (standard input), a directory (all files below it in the order
 * of their paths; hidden ones, those beginning with '_' and README.md are left out) or a pattern of
 * glob(7); an address of S3 is "s3://bucket/prefix" (object_store.h). A row of CSV becomes a JSON object (codec/csv.h). Blank lines are skipped.
 */
#ifndef SLUICE_SOURCE_OBJECTS_H
#define SLUICE_SOURCE_OBJECTS_H

#include "aws/session.h"
#include "codec/time.h"
#include "source/source.h"

enum objects_format {
	OBJECTS_AUTO, /* CSV where `columns` is given or the name's last part says .csv, else JSON */
	OBJECTS_JSON,
	OBJECTS_CSV,
};

struct source_objects_options {
	char **paths;
	size_t path_count;
	const char *match;     /* of a directory's files only those that match (path_matches); NULL: all */
	bool takes_hidden;     /* hidden ones, those beginning with '_' and README.md too */
	enum objects_format format;
	const char *columns;   /* "name:type,..."; NULL: the first row names them */
	bool has_header;       /* with columns: a first row is there and is skipped */
	char delimiter;
	size_t line_bytes_max;
	/* Merging: the objects of a folder (the name up to its last '/') come in order of event time, see
	 * objects_merge.h; folders in the order of their first objects. */
	bool merges;
	const char *time_field;        /* the event time, as for field_time */
	struct time_format time_format;
	bool has_envelopes; /* lines are envelopes: a field is one of the payload, and without time_field the
	                     * envelope's ts is the event time. Records are given as they are */
	size_t memory_bytes; /* bound of what is read ahead: by merging, and from S3; 0: 32 MiB */
	int64_t ahead_count; /* objects of S3 that are fetched ahead, see object_fetch.h */
	const struct aws_options *aws; /* borrowed; needed where a path is of S3 */
	bool is_requester_paid;
};

struct objects_progress {
	size_t file;        /* the one being read, from 1 */
	size_t file_count;
	int64_t bytes;      /* of all files, as stored, up to the record given last; -1: not known yet */
	int64_t bytes_all;  /* of all files; -1 where one has no size (a pipe) */
};

/* Lists, and for that waits. ERR_NO_INPUT where a path does not exist or matches nothing, ERR_USAGE for bad columns or a bad
 * field, and for merging without a time. */
struct source *source_objects_open(const struct source_objects_options *, struct err *);

void source_objects_progress(const struct source *, struct objects_progress *ret);

/* Lines of the object that reading began with; -1 until it has been read to its end. Not with merging. */
int64_t source_objects_first_lines(const struct source *);

/*
 * Where reading can be taken up again: `skip` records behind a place just before a record. With merging,
 * `object` is the first of the folder being merged, line and byte are 0, and `skip` counts in the
 * folder's merged order; else skip is the number of lines at that place that were too long, because
 * where such a line ends is not known when it is given.
 */
struct objects_mark {
	size_t object;    /* index in the list of objects */
	int64_t line;     /* lines of the object before it */
	int64_t byte;     /* bytes of the object before it, decompressed */
	int64_t sequence; /* records (position.sequence) before that place */
	int64_t skip;
};

/* The place just behind the record given last (at first: the beginning). */
void source_objects_mark(const struct source *, struct objects_mark *ret);

/*
 * Goes on from a mark of the same list: the next record has position.sequence = mark.sequence +
 * mark.skip. Plain objects are read from that byte on; compressed and merged ones from their start,
 * passing over what comes before. ERR_DATA where the object is shorter than that.
 */
int source_objects_seek(struct source *, const struct objects_mark *, struct err *);

/* SHA-256, in hex, over the names, sizes and entity tags (of files: times of change) of the list's
 * objects 0 to `last`, with merging to the end of its folder; what is behind may grow between runs. ERR_DATA where the list is shorter. */
enum { OBJECTS_DIGEST_BYTES = 65 };
int source_objects_digest(const struct source *, size_t last, char ret[static OBJECTS_DIGEST_BYTES],
    struct err *);

/* "s3://bucket/key" or the path, for messages; NULL past the end. */
const char *source_objects_name(const struct source *, size_t object);

/* True where rows are turned into JSON, which has to be checked for columns of type json. */
bool source_objects_is_csv(const struct source *);

#endif
