/* SPDX-License-Identifier: MIT */
#include "kafka-window/mark.h"

enum { SHAPE_BYTES_MAX = 256 };

static int
append_time(struct buf *out, int64_t time_ms, struct err *err)
{
	if (time_ms == WATERMARK_NONE)
		return buf_append_text(out, "- ", err);
	return buf_append_int(out, time_ms, err) || buf_append_char(out, ' ', err) ? -1 : 0;
}

int
mark_append(struct buf *out, const struct engine_mark *mark, const struct assigner *assigner,
    struct err *err)
{
	if (buf_append_text(out, "w1 ", err) || append_time(out, mark->watermark, err) ||
	    append_time(out, mark->emitted, err) || append_time(out, mark->closed, err) ||
	    append_time(out, mark->replay_until, err))
		return -1;
	return assigner_append(out, assigner, err);
}

static bool
take_time(struct slice *text, int64_t *ret)
{
	struct slice word;

	if (!slice_cut(*text, ' ', &word, text))
		return false;
	if (slice_is(word, "-")) {
		*ret = WATERMARK_NONE;
		return true;
	}
	return number_parse_int64(word, ret) == 0;
}

static int
check_shape(struct slice shape, const struct assigner *assigner, struct err *err)
{
	struct buf own = BUF_INIT(SHAPE_BYTES_MAX);
	int rc = assigner_append(&own, assigner, err);

	if (!rc && !slice_equal(shape, buf_slice(&own)))
		rc = err_set(err, ERR_DATA,
		    "windows of the shape %.*s (ms) are open in this group, not %s: finish them "
		    "with the old options, or use another group",
		    SLICE_ARGS(shape), own.data);
	buf_release(&own);
	return rc;
}

int
mark_parse(struct slice text, const struct assigner *assigner, int64_t sequence,
    struct engine_mark *ret, struct err *err)
{
	struct engine_mark mark = ENGINE_MARK_FRESH(0);
	struct slice rest = text, version;

	if (!text.len) {
		*ret = mark;
		return 0;
	}
	if (!slice_cut(rest, ' ', &version, &rest) || !slice_is(version, "w1") ||
	    !take_time(&rest, &mark.watermark) || !take_time(&rest, &mark.emitted) ||
	    !take_time(&rest, &mark.closed) || !take_time(&rest, &mark.replay_until) ||
	    mark.replay_until < 0)
		return err_set(err, ERR_DATA,
		    "the metadata \"%.*s\" of the committed offset is not kafka-window's: use a "
		    "group of "
		    "its own",
		    SLICE_ARGS(text));
	/* where nothing is read again no window is half built: any shape will do */
	if (sequence < mark.replay_until && check_shape(rest, assigner, err))
		return -1;
	*ret = mark;
	return 0;
}
