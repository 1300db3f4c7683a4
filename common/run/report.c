/* SPDX-License-Identifier: MIT */
#include "run/report.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"

enum {
	TELL_MS = 500,
	EARLY_MS = 20, /* a file may be written so much too soon, rather than a whole turn too late */
};

static bool
has_file(const struct report *r)
{
	return r->options->stats.file && !r->job->options.is_dry_run;
}

int
report_check(const struct report *r, struct err *err)
{
	if (job_check_pair(r->job, "stats-interval", "stats-file", err) ||
	    job_check_pair(r->job, "stats-label", "stats-file", err))
		return -1;
	return has_file(r) ? stats_check(&r->options->stats, err) : 0;
}

void
report_begin(struct report *r)
{
	const struct progress_run run = { r->job->tool->name, r->job->options.is_quiet, r->writes_data,
		r->runs_commands };
	struct err err = ERR_INIT;

	if (r->job->options.is_dry_run)
		return;
	r->stdin_begin = lseek(STDIN_FILENO, 0, SEEK_CUR);
	r->progress = progress_start(&r->options->progress, &run, &err);
	if (!r->progress)
		diag_detail("no progress: %s", err.text);
}

int64_t
report_every_ms(const struct report *r)
{
	int64_t file_ms = has_file(r) ? r->options->stats.interval_ms : TELL_MS;
	int64_t progress_ms = r->options->progress.every_ms ? r->options->progress.every_ms : TELL_MS;
	int64_t ms = file_ms < progress_ms ? file_ms : progress_ms;

	return ms < TELL_MS ? ms : TELL_MS;
}

void
report_write(struct report *r)
{
	const struct stats_label labels[] = { { "tool", r->job->tool->name },
		{ "topic", r->topic ? r->topic : "" }, { "group", r->group } };
	struct err err = ERR_INIT;

	if (!has_file(r))
		return;
	r->write_ms = clock_deadline(r->options->stats.interval_ms);
	if (!stats_write(&r->options->stats, r->values, r->value_count, r->numbers, labels,
		sizeof(labels) / sizeof(*labels), &err)) {
		r->is_broken = false;
		return;
	}
	if (!r->is_broken)
		diag_warn("--stats-file: %s", err.text);
	r->is_broken = true;
}

/* What was read of standard input before this run was not read by it. */
static void
leave_out_before(const struct report *r, struct meter_numbers *n)
{
	if (!n->is_position || r->stdin_begin <= 0)
		return;
	n->done = n->done > r->stdin_begin ? n->done - r->stdin_begin : 0;
	n->all -= r->stdin_begin;
}

void
report_tell(struct report *r)
{
	struct meter_numbers numbers = METER_NUMBERS_INIT;
	int64_t now_ms = clock_mono_ms();

	r->tell_ms = clock_deadline(report_every_ms(r));
	if (r->progress) {
		r->measure(r->context, r->numbers, &numbers);
		leave_out_before(r, &numbers);
		progress_set(r->progress, &numbers);
	}
	if (now_ms + EARLY_MS >= r->write_ms)
		report_write(r);
}

void
report_end(struct report *r)
{
	progress_end(r->progress);
	r->progress = NULL;
}

/* ---- input ---- */

/* Standard input that is a file: how far it has been read, and its size. */
static bool
measure_file(struct meter_numbers *ret)
{
	struct stat status;
	off_t at;

	if (fstat(STDIN_FILENO, &status) || !S_ISREG(status.st_mode) || !status.st_size ||
	    (at = lseek(STDIN_FILENO, 0, SEEK_CUR)) < 0)
		return false;
	ret->done = at < status.st_size ? at : status.st_size;
	ret->all = status.st_size;
	ret->is_position = true;
	return true;
}

void
report_measure_input(
    const struct input_options *o, const struct report_input *input, struct meter_numbers *ret)
{
	ret->to_go = input->to_go;
	if (o->count_max) {
		ret->done = input->records < o->count_max ? input->records : o->count_max;
		ret->all = o->count_max;
	} else if (!o->topic) {
		(void)measure_file(ret);
	} else if (input->to_go >= 0 && input->passed >= 0) {
		ret->done = input->passed;
		ret->all = input->passed + input->to_go;
	}
}
