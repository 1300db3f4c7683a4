/* SPDX-License-Identifier: MIT */
#include "kafka-topic/confirm.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/stop.h"

int
confirm_can_ask(const struct request *r, struct err *err)
{
	if (r->is_yes || r->is_dry_run || isatty(STDIN_FILENO))
		return 0;
	return err_set(err, ERR_USAGE, "standard input is no terminal to ask at: give --yes");
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
	(void)fprintf(stderr, "%s [y/N] ", question);
	(void)fflush(stderr);
	if (!read_line(line, sizeof(line)))
		(void)fputc('\n', stderr); /* nobody has ended the line */
	else if (!strcasecmp(line, "y") || !strcasecmp(line, "yes"))
		return 0;
	return err_set(err, ERR_NO, "nothing was done");
}

int
confirm_deletion(const struct request *r, const struct buf *names, const char *with,
    bool *ret_is_sure, struct err *err)
{
	struct buf question = BUF_INIT(SIZE_MAX / 4);
	int rc = 0;

	*ret_is_sure = names->len && !r->is_dry_run;
	if (*ret_is_sure) {
		rc = buf_appendf(&question, err, "delete %s, with %s?", names->data, with);
		if (!rc)
			rc = confirm_ask(r, question.data, err);
	} else if (names->len) {
		diag_note("would delete %s", names->data);
	}
	buf_release(&question);
	return rc;
}
