/* SPDX-License-Identifier: MIT */
#include "run/members.h"

#include <string.h>

static struct member_numbers *
member_of(void *numbers)
{
	return numbers;
}

/* ---- telling ---- */

int64_t
members_interval_ms(const struct members *m)
{
	return report_every_ms(&m->report);
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
		report_tell(&m->report);
}

/* In the leader, when all have been forked: from now on it may have a thread. */
static void
on_led(void *context)
{
	struct members *m = context;

	report_begin(&m->report);
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
		report_tell(&m->report);
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

	if (!number)
		report_begin(&m->report);
	if (!workers_name_instance(&m->client->kafka, number, err))
		rc = m->run(m->context, ret_input, err);
	memcpy(ret_summary, m->numbers, m->numbers_bytes);
	return rc;
}

/* The only process' numbers are its own, the leader's are the sum as it was told last. */
static void
write_last(struct members *m)
{
	m->rest(m->numbers);
	m->forget(m->numbers);
	report_write(&m->report);
}

static struct report
report_of(struct members *m)
{
	return (struct report){ .job = m->job,
		.options = m->reports,
		.topic = m->input->topic,
		.group = member_of(m->numbers)->group,
		.values = m->values,
		.value_count = m->value_count,
		.numbers = m->numbers,
		.runs_commands = m->runs_commands,
		.context = m->context,
		.measure = m->measure };
}

int
members_work(struct members *m, enum job_input *ret_input, struct err *err)
{
	const struct workers_watch watch = { m, &m->link, on_led, on_told, m->rest };
	const struct workers_work work = { .context = m, .summary_bytes = m->numbers_bytes,
		.run = run_member, .add = m->add, .watch = &watch };
	_Alignas(max_align_t) unsigned char sum[WORKERS_SUMMARY_BYTES_MAX] = { 0 };
	int rc;

	m->link = (struct workers_link)WORKERS_LINK_INIT;
	m->report = report_of(m);
	if (workers_check(m->workers, m->input, err) || report_check(&m->report, err))
		return -1;
	rc = workers_run(m->workers, m->job, &work, sum, ret_input, err);
	report_end(&m->report);
	if (!m->job->options.is_dry_run && (!rc || m->has_some(sum)))
		m->say(m->context, sum);
	if (m->has_begun)
		write_last(m);
	return rc;
}
