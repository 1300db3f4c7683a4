/* SPDX-License-Identifier: MIT */
/* Writing a time in the shape of another one: what a replay needs that moves times in place. */
#ifndef SLUICE_CODEC_TIME_LIKE_H
#define SLUICE_CODEC_TIME_LIKE_H

#include "codec/time.h"

/*
 * Appends `ms` in the shape of `like`, the inside of a JSON string (decoded) or a JSON number that
 * time_parse has read in this format.
 *
 * ISO 8601 keeps T, t or the blank, whether there are seconds, the number of digits of their
 * fraction and its mark, and the zone as it is written: the local time behind an offset moves.
 * Numbers keep their unit and their digits behind the point. Patterns go through strftime(3), so that
 * 1/8/16 becomes 01/09/16. What the shape has no place for is cut off (towards the past); digits
 * finer than a millisecond stay as they were.
 *
 * -1 with a static phrase in *ret_reason, `out` as before, where the shape cannot say it: a number
 * with an exponent, a pattern that would not read back as that time, a pattern whose result is no
 * JSON number where one stood, years outside 1 to 9999. Also where memory runs out, with that phrase.
 */
int time_append_like(struct buf *out, const struct time_format *, struct slice like, bool is_string,
    int64_t ms, const char **ret_reason);

#endif
