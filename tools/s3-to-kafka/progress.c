/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/progress.h"

#include <stdio.h>

#include "base/diag.h"
#include "codec/time.h"
#include "source/objects.h"

void
progress_begin(struct progress *p, int64_t now_us)
{
	*p = (struct progress){ .due_us = now_us + PROGRESS_US };
}

void
progress_say(struct progress *p, const struct source *source, const struct progress_facts *facts,
    int64_t now_us, bool is_quiet)
{
	struct objects_progress files;
	char when[TIME_ISO_BYTES] = "";
	char percent[32] = "";
	double seconds = (double)(now_us - p->due_us + PROGRESS_US) / 1e6;

	p->due_us = now_us + PROGRESS_US;
	if (is_quiet)
		return;
	source_objects_progress(source, &files);
	if (files.bytes_all > 0)
		(void)snprintf(percent, sizeof(percent), ", %.0f%% of the input",
		    100.0 * (double)files.bytes / (double)files.bytes_all);
	if (facts->event_ms != RECORD_NO_TIME)
		time_format_iso(facts->event_ms, when);
	diag_note("%s%s%lld records, %.0f a second%s, %.1f s behind", when, *when ? ": " : "",
	    (long long)facts->sent, (double)(facts->sent - p->sent) / seconds, percent,
	    (double)facts->behind_us / 1e6);
	p->sent = facts->sent;
}
