/* SPDX-License-Identifier: MIT */
#include "run/members.h"

#include <string.h>

#include "base/diag.h"

static struct member_numbers *
member_of(void *numbers)
{
	return numbers;
}

/* ---- the file ---- */

/* A run does not end because its numbers cannot be written. */
static void
write_stats(struct members *m)
{
	const struct stats_label labels[] = { { "tool", m->job->tool->name },
		{ "topic", m->input->topic ? m->input->topic : "" },
		{ "group", member_of(m->numbers)->group } };
	struct err err = ERR_INIT;

	if (!stats_write(m->stats, m->values, m->value_count, m->numbers, labels,
		sizeof(labels) / sizeof(*labels), &err)) {
		m->is_stats_broken = false;
		return;
	}
	if (!m->is_stats_broken)
		diag_warn("--stats-file: %s", err.text);
	m->is_stats_broken = true;
}

int64_t
members_interval_ms(const struct members *m)
{
	return m->stats->file ? m->stats->interval_ms : 0;
}

void
members_begin(struct members *m)
{
	member_of(m->numbers)->processes = 1;
	m->has_begun = true;
}

void
members_tell(struct members *m)
{
	if (m->link.fd >= 0)
		workers_tell(&m->link, m->numbers);
	else
		write_stats(m);
}

/* In the leader. */
static void
on_told(void *context, const void *sum)
{
	struct members *m = context;

	memcpy(m->numbers, sum, m->numbers_bytes);
	/* members of one group: none of them has got so far where it is not known */
	m->has_begun = *member_of(m->numbers)->group;
	if (m->has_begun)
		write_stats(m);
}

/* ---- the members ---- */

void
member_numbers_add(struct member_numbers *to, const struct member_numbers *from)
{
	to->processes += from->processes;
	if (!*to->group)
		memcpy(to->group, from->group, sizeof(to->group));
}

static int
run_member(void *context, unsigned number, void *ret_summary, enum job_input *ret_input,
    struct err *err)
{
	struct members *m = context;
	int rc = -1;

	if (!workers_name_instance(&m->client->kafka, number, err))
		rc = m->run(m->context, ret_input, err);
	memcpy(ret_summary, m->numbers, m->numbers_bytes);
	return rc;
}

/* The only process' numbers are its own, the leader's are the sum as it was told last. */
static void
finish_stats(struct members *m)
{
	m->rest(m->numbers);
	m->forget(m->numbers);
	write_stats(m);
}

int
members_work(struct members *m, enum job_input *ret_input, struct err *err)
{
	bool has_stats = m->stats->file && !m->job->options.is_dry_run;
	const struct workers_watch watch = { m, &m->link, on_told, m->rest };
	const struct workers_work work = { .context = m, .summary_bytes = m->numbers_bytes,
		.run = run_member, .add = m->add, .watch = has_stats ? &watch : NULL };
	_Alignas(max_align_t) unsigned char sum[WORKERS_SUMMARY_BYTES_MAX] = { 0 };
	int rc;

	m->link = (struct workers_link)WORKERS_LINK_INIT;
	if (workers_check(m->workers, m->input, err) || (has_stats && stats_check(m->stats, err)))
		return -1;
	rc = workers_run(m->workers, m->job, &work, sum, ret_input, err);
	if (!m->job->options.is_dry_run && (!rc || m->has_some(sum)))
		m->say(m->context, sum);
	if (has_stats && m->has_begun)
		finish_stats(m);
	return rc;
}
