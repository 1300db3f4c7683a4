/* SPDX-License-Identifier: MIT */
/*
 * Being asked to stop. The first SIGTERM, SIGINT or SIGHUP sets a flag and makes a descriptor
 * readable; the second ends the process at once by that signal. SIGPIPE is ignored, so that a
 * closed pipe comes back as EPIPE and what was written can still be committed, and so is SIGXFSZ.
 * SIGUSR1 is blocked, in all threads that start later too: it interrupts nobody, and who answers it takes it with
 * signalfd(2) (run/progress).
 */
#ifndef SLUICE_BASE_STOP_H
#define SLUICE_BASE_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Installs the handlers. Signals that are ignored already (nohup) stay ignored. */
int stop_install(struct err *);

/*
 * In a process just forked, with these signals blocked: a descriptor of its own, and another process
 * leads. Further signals change nothing (a terminal, a supervisor and the leader may all send one), and the
 * first means SIGTERM. A request made before the fork is one here too.
 */
int stop_follow(struct err *);

bool stop_requested(void);

/* The signal that asked, 0 while none has. */
int stop_signal(void);

/* Becomes readable, and stays so, when a stop is requested; -1 before stop_install. */
int stop_fd(void);

/* Asks for a stop from inside, as a signal would (SIGTERM's meaning). */
void stop_request(void);

/* Sleeps until the deadline or a request to stop; true where a stop was requested. */
bool stop_wait(int64_t deadline_mono_ms);

/* Ends the process by this signal's default action, so that the parent sees the true reason. */
_Noreturn void stop_die(int signal);

#endif
