/* SPDX-License-Identifier: MIT */
#include "kafka-topic/confirm.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/stop.h"

enum { NAMES_IN_LINE_MAX = 8 };

int
confirm_can_ask(const struct request *r, struct err *err)
{
	if (r->is_yes || r->is_dry_run || (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)))
		return 0;
	return err_set(err, ERR_USAGE, "standard %s is no terminal to ask at: give --yes",
	    isatty(STDIN_FILENO) ? "error" : "input");
}

/* A terminal gives whole lines. False at its end and where a stop is asked for. */
static bool
read_line(char *line, size_t bytes)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};
	ssize_t len;

	while (poll(fds, 2, -1) < 0) {
		if (errno != EINTR)
			return false;
	}
	if (stop_requested() || !fds[0].revents)
		return false;
	len = read(STDIN_FILENO, line, bytes - 1);
	if (len <= 0)
		return false;
	line[len] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return true;
}

int
confirm_ask(const struct request *r, const char *question, struct err *err)
{
	char line[256];

	if (r->is_yes)
		return 0;
	(void)tcflush(STDIN_FILENO, TCIFLUSH);
	(void)fprintf(stderr, "%s [y/N] ", question);
	(void)fflush(stderr);
	if (!read_line(line, sizeof(line)))
		(void)fputc('\n', stderr); /* nobody has ended the line */
	else if (!strcasecmp(line, "y") || !strcasecmp(line, "yes"))
		return 0;
	return err_set(err, ERR_NO, "nothing was done");
}

/* ---- deletions ---- */

void
deletion_init(struct deletion *d, const char *what, const char *with,
    const struct column columns[DELETION_COLUMNS])
{
	*d = (struct deletion){ .what = what, .with = with, .columns = columns };
	rows_init(&d->rows);
	buf_init(&d->names, SIZE_MAX / 4); /* as many as the command line holds */
}

void
deletion_release(struct deletion *d)
{
	rows_release(&d->rows);
	buf_release(&d->names);
}

int
deletion_add(struct deletion *d, const char *name, const char *note, struct err *err)
{
	size_t start = d->names.len;

	if (buf_appendf(&d->names, err, "%s%s", name, note))
		return -1;
	/* a group may have any name, and the question goes to a terminal */
	for (size_t i = start; i < d->names.len; i++) {
		if ((unsigned char)d->names.data[i] < ' ' || d->names.data[i] == 0x7f)
			d->names.data[i] = '?';
	}
	d->count++;
	return buf_append_char(&d->names, '\n', err);
}

/* Few names are part of the question, many stand before it. */
static int
ask(const struct deletion *d, const struct request *r, struct err *err)
{
	struct buf question = BUF_INIT(SIZE_MAX / 4);
	bool in_line = d->count <= NAMES_IN_LINE_MAX;
	struct slice name, rest = buf_slice(&d->names);
	const char *between = "";
	int rc = buf_append_text(&question, in_line ? "delete " : "", err);

	while (!rc && slice_cut(rest, '\n', &name, &rest)) {
		rc = in_line ? buf_appendf(&question, err, "%s%.*s", between, SLICE_ARGS(name))
		             : buf_appendf(&question, err, "%.*s\n", SLICE_ARGS(name));
		between = ", ";
	}
	if (!rc && !in_line)
		rc = buf_appendf(&question, err, "delete these %zu %ss", d->count, d->what);
	if (!rc)
		rc = buf_appendf(&question, err, ", with %s?", d->with);
	if (!rc)
		rc = confirm_ask(r, question.data, err);
	buf_release(&question);
	return rc;
}

/* The names alone also where a terminal looks: so few words need no table. */
static int
print(const struct deletion *d, struct output *out, struct err *err)
{
	if (out->form == OUTPUT_DEFAULT || out->form == OUTPUT_NAMES)
		return output_names(out, &d->rows, d->columns[0].key, err);
	return output_rows(out, &d->rows, d->columns, DELETION_COLUMNS, err);
}

int
deletion_confirm(const struct deletion *d, const struct request *r, struct output *out,
    bool *ret_is_sure, struct err *err)
{
	*ret_is_sure = d->count && !r->is_dry_run;
	if (*ret_is_sure)
		return ask(d, r, err);
	if (d->count)
		diag_note("would delete %zu %s%s", d->count, d->what,
		    d->count == 1 ? "" : "s");
	return r->is_dry_run ? print(d, out, err) : 0;
}
