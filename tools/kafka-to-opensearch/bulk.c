/* SPDX-License-Identifier: MIT */
/* Bulk requests out of staged records, and what became of each of them. */
#include "kafka-to-opensearch/service_state.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * How often an item comes back that should have been taken, before it counts as one that cannot be: a
 * status of 500 may be the document's fault (a pipeline's script).
 */
enum { ATTEMPTS_MAX = 10 };

static enum bulk_op
note_op(const struct service_item *item)
{
	return (enum bulk_op)(item->note.data[0] & NOTE_OP_MASK);
}

static bool
is_versioned(const struct service_item *item)
{
	return item->note.data[0] & NOTE_VERSIONED;
}

/* ---- request ---- */

/* A table of at most half its places taken. */
static int
clear_ids(struct opensearch *s, size_t count, struct err *err)
{
	size_t capacity = s->id_capacity ? s->id_capacity : 1024;
	uint64_t *more;

	while (capacity < 2 * count)
		capacity *= 2;
	if (capacity != s->id_capacity) {
		more = realloc(s->ids, capacity * sizeof(*s->ids));
		if (!more)
			return err_no_memory(err);
		s->ids = more;
		s->id_capacity = capacity;
	}
	memset(s->ids, 0, s->id_capacity * sizeof(*s->ids));
	return 0;
}

/* False where it is there already. 0 marks a free place: ids of that hash are never new. */
static bool
add_id(struct opensearch *s, uint64_t id)
{
	size_t mask = s->id_capacity - 1;
	size_t at = (size_t)id & mask;

	if (!id)
		return false;
	while (s->ids[at]) {
		if (s->ids[at] == id)
			return false;
		at = (at + 1) & mask;
	}
	s->ids[at] = id;
	return true;
}

/*
 * Of an id one record may be in a request: the first could come back to be sent again, and land on top of the
 * second. Offsets as versions keep it from that, but for a deletion: its version is forgotten after a
 * minute ("Index settings", index.gc_deletes), and what was throttled for longer would bring the document
 * back.
 */
static bool
fits(struct opensearch *s, const struct service_item *item)
{
	return add_id(s, item->lane) ||
	       (s->version == VERSION_OFFSET && note_op(item) != BULK_DELETE);
}

static int
count_distinct(struct opensearch *s, const struct service_item *const *items, size_t count,
    size_t *ret, struct err *err)
{
	size_t n = 0;

	*ret = count;
	if (!s->id || s->is_id_of_offsets)
		return 0;
	if (clear_ids(s, count, err))
		return -1;
	while (n < count && (fits(s, items[n]) || !n))
		n++;
	*ret = n;
	return 0;
}

/* Line feeds between a value's tokens become blanks: in JSON's strings there are none. */
static void
make_line(char *text, size_t len)
{
	char *end = text + len;

	while ((text = memchr(text, '\n', (size_t)(end - text))))
		*text++ = ' ';
}

static int
append_item(struct buf *body, const struct service_item *item, struct err *err)
{
	struct slice value = item->record.value;
	bool is_partial = note_op(item) == BULK_UPDATE;

	if (buf_append(body, slice_skip(item->note, 1), err))
		return -1;
	if (note_op(item) == BULK_DELETE)
		return 0;
	if ((is_partial && buf_append_text(body, BEFORE_PARTIAL, err)) ||
	    buf_append(body, value, err))
		return -1;
	make_line(body->data + body->len - value.len, value.len);
	if (is_partial && buf_append_text(body, BEHIND_PARTIAL, err))
		return -1;
	return buf_append_char(body, '\n', err);
}

int
opensearch_request(struct service *service, const struct service_item *const *items, size_t count,
    struct service_request *ret, size_t *ret_count, struct err *err)
{
	struct opensearch *s = (struct opensearch *)service;
	size_t n;

	if (count_distinct(s, items, count, &n, err) ||
	    buf_append(&ret->path, buf_slice(&s->path), err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (append_item(&ret->body, items[i], err))
			return -1;
	}
	ret->method = "POST";
	ret->headers[0] = (struct service_header){ "Content-Type", "application/x-ndjson" };
	ret->header_count = 1;
	*ret_count = n;
	return 0;
}

/* ---- verdicts ---- */

/* It was not taken, and should have been. */
static enum service_fate
again(const struct service_item *item)
{
	return item->retries + 1 < ATTEMPTS_MAX ? SERVICE_RETRY : SERVICE_REFUSED;
}

/* Something is there under this id that is newer, or this very record. */
static bool
is_delivered(const struct service_item *item, const struct reply_item *r)
{
	return r->is_version_conflict && (note_op(item) == BULK_CREATE || is_versioned(item));
}

/*
 * A tombstone without a version makes no index (TransportBulkAction.java: of deletions only those with
 * external versions do): it may well come before the first document.
 */
static bool
is_early_tombstone(const struct opensearch *s, const struct service_item *item)
{
	return note_op(item) == BULK_DELETE && s->op != BULK_DELETE && !is_versioned(item);
}

/*
 * "Bulk API", "Response"; the statuses of RestStatus.java. A deletion of what is not there has 404 and no
 * error; whether it had an index is judged before. 403 is a block of the cluster's or a refusal of
 * permissions: never the record's fault.
 */
static enum service_fate
fate_of(const struct service_item *item, const struct reply_item *r)
{
	if (r->status < 300)
		return SERVICE_DONE;
	switch (r->status) {
	case 400:
		return r->is_mapping_race ? again(item) : SERVICE_REFUSED;
	case 404:
		return note_op(item) == BULK_DELETE ? SERVICE_DONE : SERVICE_REFUSED;
	case 409:
		return is_delivered(item, r) ? SERVICE_DONE : again(item);
	case 429:
	case 502:
	case 503:
	case 504:
		return SERVICE_THROTTLED; /* not counted: nothing is wrong with the record */
	default:
		return r->status >= 500 || r->status < 400 ? again(item) : SERVICE_REFUSED;
	}
}

/* An index that the service does not make: of all records, or of this one's template. */
static enum service_outcome
judge_missing_index(struct opensearch *s, const struct service_item *item,
    const struct reply_item *r, struct service_verdict *ret, struct err *err)
{
	if (is_early_tombstone(s, item)) {
		*ret = (struct service_verdict){ .fate = SERVICE_DONE };
		return SERVICE_JUDGED;
	}
	if (s->is_index_in_path) {
		err_set(err, ERR_CANT_CREATE, "status %d: %s", r->status, r->reason);
		return SERVICE_STOP;
	}
	ret->fate = SERVICE_REFUSED;
	memcpy(ret->reason, r->reason, sizeof(r->reason));
	return SERVICE_JUDGED;
}

static enum service_outcome
judge_item(struct opensearch *s, const struct service_item *item, struct service_verdict *ret,
    struct err *err)
{
	struct reply_item r;

	if (reply_next(s->reader, note_op(item), &r, err))
		return err->class == ERR_UNAVAILABLE ? SERVICE_AGAIN : SERVICE_STOP;
	if (r.status == 401 || r.status == 403) {
		err_set(err, ERR_DENIED, "status %d: %s", r.status, r.reason);
		return SERVICE_STOP;
	}
	if (r.is_setup) {
		err_set(err, ERR_CANT_CREATE, "status %d: %s", r.status, r.reason);
		return SERVICE_STOP;
	}
	if (r.is_index_missing || (r.is_index_misnamed && s->is_index_in_path))
		return judge_missing_index(s, item, &r, ret, err);
	ret->fate = fate_of(item, &r);
	ret->reason[0] = '\0';
	if (ret->fate == SERVICE_DONE)
		return SERVICE_JUDGED;
	if (!*r.reason)
		(void)snprintf(r.reason, sizeof(r.reason), "status %d", r.status);
	_Static_assert(sizeof(ret->reason) >= sizeof(r.reason), "a reason fits");
	memcpy(ret->reason, r.reason, sizeof(r.reason));
	return SERVICE_JUDGED;
}

static enum service_outcome
judge_items(struct opensearch *s, const struct service_item *const *items, size_t count,
    struct slice body, struct service_verdict *ret, struct err *err)
{
	enum service_outcome outcome = SERVICE_JUDGED;
	bool has_errors;
	size_t told;

	if (reply_open(s->reader, body, &told, &has_errors, err))
		return err->class == ERR_UNAVAILABLE ? SERVICE_AGAIN : SERVICE_STOP;
	if (told != count) {
		err_set(err, ERR_UNAVAILABLE,
		    "the reply to another request: %zu items for %zu records", told, count);
		return SERVICE_AGAIN;
	}
	for (size_t i = 0; i < count && outcome == SERVICE_JUDGED; i++) {
		if (has_errors) {
			outcome = judge_item(s, items[i], &ret[i], err);
		} else {
			ret[i].fate = SERVICE_DONE;
			ret[i].reason[0] = '\0';
		}
	}
	return outcome;
}

/*
 * Longer than there is room for: many failures, with many words. Halves are asked again, which makes the
 * same documents (as any repetition does). Of one record alone it is a failure too: success has few
 * words.
 */
static enum service_outcome
judge_cut(struct opensearch *s, size_t count, struct slice body, struct err *err)
{
	char words[REPLY_REASON_BYTES];

	if (!reply_is_begun(body)) {
		err_set(err, ERR_UNAVAILABLE,
		    "not the reply to a bulk request, and longer than %zu bytes", body.len);
		return SERVICE_AGAIN;
	}
	if (count > 1) {
		err_set(err, ERR_DATA, "a reply that is longer than %zu bytes", body.len);
		return SERVICE_SPLIT;
	}
	reply_reason(s->reader, body, words);
	err_set(err, ERR_DATA, "a reply that is longer than %zu bytes: %s", body.len, words);
	return SERVICE_SPLIT;
}

/*
 * Replies as a whole. 400 is a line that the service cannot read, or an action that it does not know: some
 * record's fault, found by halves. A status that is not here is told by its first digit.
 */
static const struct {
	int status;
	enum service_outcome outcome;
	enum err_class class;
} wholes[] = {
	{ 400, SERVICE_SPLIT, ERR_DATA },
	{ 401, SERVICE_STOP, ERR_DENIED },
	{ 403, SERVICE_STOP, ERR_DENIED },
	{ 404, SERVICE_STOP, ERR_CANT_CREATE },
	{ 407, SERVICE_STOP, ERR_DENIED },
	{ 408, SERVICE_AGAIN, ERR_UNAVAILABLE },
	{ 413, SERVICE_SPLIT, ERR_DATA },
	{ 425, SERVICE_AGAIN, ERR_UNAVAILABLE },
	{ 429, SERVICE_SLOWER, ERR_UNAVAILABLE },
};

static enum service_outcome
judge_whole(struct opensearch *s, const struct service_reply *reply, struct err *err)
{
	int status = reply->status;
	enum service_outcome outcome = status < 300 || status >= 500 ? SERVICE_AGAIN : SERVICE_STOP;
	enum err_class class = ERR_UNAVAILABLE;
	char reason[REPLY_REASON_BYTES];

	for (size_t i = 0; i < sizeof(wholes) / sizeof(*wholes); i++) {
		if (wholes[i].status == status) {
			outcome = wholes[i].outcome;
			class = wholes[i].class;
		}
	}
	reply_reason(s->reader, reply->body, reason);
	err_set(err, class, "status %d%s%s", status, *reason ? ": " : "", reason);
	return outcome;
}

enum service_outcome
opensearch_verdicts(struct service *service, const struct service_item *const *items, size_t count,
    const struct service_reply *reply, struct service_verdict *ret, struct err *err)
{
	struct opensearch *s = (struct opensearch *)service;

	if (reply->status == 200 && reply->is_cut)
		return judge_cut(s, count, reply->body, err);
	if (reply->status == 200)
		return judge_items(s, items, count, reply->body, ret, err);
	return judge_whole(s, reply, err);
}
