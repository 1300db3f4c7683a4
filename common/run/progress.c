/* SPDX-License-Identifier: MIT */
#include "run/progress.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"

enum {
	DRAW_MS = 1000,
	LINE_MS = 10 * 1000,
	LOOK_MS = METER_SAMPLE_MS, /* the numbers are looked at that often, so that rates are known when asked for */
	EVERY_MS_MIN = 100,
	NAME_BYTES_MAX = 32,
	FREE_COLUMNS = 3,
};

/* ---- options ---- */

static int
set_when(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	static const char *const words[] = { [PROGRESS_AUTO] = "auto",
		[PROGRESS_NEVER] = "never",
		[PROGRESS_ALWAYS] = "always" };
	struct progress_options *o = target;

	(void)origin;
	if (!value)
		value = words[PROGRESS_ALWAYS];
	for (int i = 0; i < (int)(sizeof(words) / sizeof(*words)); i++) {
		if (strcmp(value, words[i]))
			continue;
		*o = (struct progress_options){ .when = (enum progress_when)i };
		return 0;
	}
	if (opt_parse_duration(slice_of(value), &o->every_ms, err)) {
		err_clear(err);
		return err_set(err, ERR_USAGE,
		    "\"%s\" is none of auto, always, never, and no duration", value);
	}
	if (o->every_ms < EVERY_MS_MIN)
		return err_set(err, ERR_USAGE, "must be at least %d ms", EVERY_MS_MIN);
	o->when = PROGRESS_ALWAYS;
	return 0;
}

static int
set_never(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct progress_options *o = target;
	bool is_set = !value || !strcmp(value, "true") || !strcmp(value, "yes") || !strcmp(value, "1");

	(void)origin;
	if (!is_set && strcmp(value, "false") && strcmp(value, "no") && strcmp(value, "0"))
		return err_set(err, ERR_USAGE, "\"%s\" is neither true nor false", value);
	*o = (struct progress_options){ .when = is_set ? PROGRESS_NEVER : PROGRESS_AUTO };
	return 0;
}

const struct opt progress_rows[] = {
	{ 0, "progress", "[=auto|always|never|DURATION]",
	    "show how far the run is, on stderr, again each DURATION [auto: on a terminal, by the last "
	    "tool of a pipeline, each 1s]",
	    OPT_CALL, 0, 0, 0, set_when },
	{ 0, "no-progress", NULL, "do not: --progress=never", OPT_CALL, 0, 0, 0, set_never },
};
const size_t progress_row_count = sizeof(progress_rows) / sizeof(*progress_rows);

/* ---- where it goes ---- */

enum progress_manner
progress_manner_of(const struct progress_options *o, const struct progress_place *place)
{
	if (place->is_quiet || o->when == PROGRESS_NEVER)
		return PROGRESS_SILENT;
	if (o->when == PROGRESS_ALWAYS)
		return place->is_drawable && !place->is_shared ? PROGRESS_DRAWN : PROGRESS_LINES;
	return place->is_drawable && !place->is_shared && !place->is_in_pipe ? PROGRESS_DRAWN
									     : PROGRESS_SILENT;
}

static struct progress_place
look_around(const struct progress_run *run)
{
	struct progress_place place = { .is_quiet = run->is_quiet,
		.is_drawable = diag_has_terminal(),
		.is_shared = run->runs_commands };
	struct stat out, error;

	if (fstat(STDOUT_FILENO, &out) || fstat(STDERR_FILENO, &error))
		return place;
	/* some shells make their pipes of sockets */
	place.is_in_pipe = S_ISFIFO(out.st_mode) || S_ISSOCK(out.st_mode);
	place.is_shared |=
	    run->writes_data && S_ISCHR(out.st_mode) && out.st_rdev == error.st_rdev;
	return place;
}

/* ---- the thread ---- */

struct progress {
	enum progress_manner manner;
	int64_t every_ms;
	const char *tool;
	pthread_t thread;
	int signal_fd, end_fd;
	pthread_mutex_t lock;
	struct meter_numbers numbers; /* under the lock, likewise what follows */
	int64_t set_ms;               /* of then */
	bool is_new;                  /* not looked at yet */
	/* the thread's */
	struct meter meter;
	int64_t due_ms; /* the next drawing, or line */
};

/* A default mutex, never taken twice by one thread: it cannot fail. */
static void
take_numbers(struct progress *p, int64_t now_ms)
{
	struct meter_numbers numbers;

	(void)pthread_mutex_lock(&p->lock);
	numbers = p->numbers;
	/* what was not told again stands still */
	if (p->is_new)
		now_ms = p->set_ms;
	p->is_new = false;
	(void)pthread_mutex_unlock(&p->lock);
	meter_take(&p->meter, &numbers, now_ms);
}

static void
answer(const struct progress *p)
{
	struct meter_reading reading;
	char text[METER_TEXT_BYTES], json[METER_JSON_BYTES];

	meter_read(&p->meter, &reading);
	meter_text(&reading, 0, text);
	meter_json(&reading, json);
	diag_answer(text, json);
}

/* Columns stay free: for the echo of ^C, which would begin a new line; and one, since a cursor behind the last column is
 * on the next line with some terminals. */
static void
draw(const struct progress *p)
{
	struct meter_reading reading;
	char text[METER_TEXT_BYTES], line[NAME_BYTES_MAX + METER_TEXT_BYTES];
	size_t columns = diag_width(), width = columns > FREE_COLUMNS ? columns - FREE_COLUMNS : 0;
	size_t name = strlen(p->tool) + 2;
	bool has_name = width >= 3 * name;

	if (!diag_can_draw())
		return;
	meter_read(&p->meter, &reading);
	meter_text(&reading, has_name ? width - name : width ? width : 1, text);
	(void)snprintf(line, sizeof(line), "%.*s%s%s", NAME_BYTES_MAX - 3, has_name ? p->tool : "",
	    has_name ? ": " : "", text);
	if (strlen(line) <= width)
		diag_draw(line);
	else
		diag_wipe();
}

static void
look(struct progress *p)
{
	int64_t now_ms = clock_mono_ms();

	take_numbers(p, now_ms);
	if (now_ms < p->due_ms)
		return;
	p->due_ms = clock_deadline(p->every_ms);
	if (p->manner == PROGRESS_DRAWN)
		draw(p);
	else if (p->manner == PROGRESS_LINES)
		answer(p);
}

/* Several that came meanwhile are one. */
static void
answer_signal(struct progress *p)
{
	struct signalfd_siginfo info;

	if (read(p->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	take_numbers(p, clock_mono_ms());
	answer(p);
	if (p->manner == PROGRESS_DRAWN)
		draw(p);
}

static void *
work(void *context)
{
	struct progress *p = context;
	int64_t look_ms = clock_deadline(LOOK_MS);
	struct pollfd fds[] = { { .fd = p->end_fd, .events = POLLIN },
		{ .fd = p->signal_fd, .events = POLLIN } };

	for (;;) {
		int64_t wake_ms = p->due_ms < look_ms ? p->due_ms : look_ms;
		int ready = poll(fds, 2, clock_poll_ms(wake_ms));

		if (ready > 0 && fds[0].revents)
			return NULL;
		if (ready > 0 && fds[1].revents)
			answer_signal(p);
		if (clock_mono_ms() < wake_ms)
			continue;
		look_ms = clock_deadline(LOOK_MS);
		look(p);
	}
}

/* ---- its life ---- */

static int
open_descriptors(struct progress *p, struct err *err)
{
	sigset_t asked;

	(void)sigemptyset(&asked);
	(void)sigaddset(&asked, SIGUSR1);
	p->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->end_fd < 0)
		return err_errno(err, ERR_FAULT, errno, "eventfd");
	p->signal_fd = signalfd(-1, &asked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signal_fd < 0)
		return err_errno(err, ERR_FAULT, errno, "signalfd");
	return 0;
}

/* Signals are for the thread that called. */
static int
start_thread(struct progress *p, struct err *err)
{
	sigset_t all, before;
	int code;

	(void)sigfillset(&all);
	code = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!code) {
		code = pthread_create(&p->thread, NULL, work, p);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	return code ? err_errno(err, ERR_FAULT, code, "a thread") : 0;
}

static void
release(struct progress *p)
{
	if (p->end_fd >= 0)
		(void)close(p->end_fd);
	if (p->signal_fd >= 0)
		(void)close(p->signal_fd);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

struct progress *
progress_start(const struct progress_options *o, const struct progress_run *run, struct err *err)
{
	static const struct meter_numbers nothing = METER_NUMBERS_INIT;
	struct progress_place place = look_around(run);
	struct progress *p = calloc(1, sizeof(*p));

	if (!p) {
		err_no_memory(err);
		return NULL;
	}
	p->manner = progress_manner_of(o, &place);
	p->every_ms = o->every_ms ? o->every_ms : p->manner == PROGRESS_LINES ? LINE_MS : DRAW_MS;
	p->tool = run->tool;
	p->numbers = nothing;
	p->end_fd = p->signal_fd = -1;
	p->due_ms = p->manner == PROGRESS_SILENT ? CLOCK_NEVER : clock_deadline(p->every_ms);
	meter_begin(&p->meter, clock_mono_ms());
	(void)pthread_mutex_init(&p->lock, NULL); /* a default one: it cannot fail here */
	if (open_descriptors(p, err) || start_thread(p, err)) {
		release(p);
		return NULL;
	}
	return p;
}

void
progress_set(struct progress *p, const struct meter_numbers *numbers)
{
	if (!p)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->numbers = *numbers;
	p->set_ms = clock_mono_ms();
	p->is_new = true;
	(void)pthread_mutex_unlock(&p->lock);
}

void
progress_end(struct progress *p)
{
	uint64_t one = 1;

	if (!p)
		return;
	/* cannot block: the counter is far from its limit */
	if (write(p->end_fd, &one, sizeof(one)) == sizeof(one))
		(void)pthread_join(p->thread, NULL);
	diag_wipe();
	release(p);
}
