/* SPDX-License-Identifier: MIT */
/*
 * One error: what went wrong, in words, and a class that says what the caller must do.
 *
 * Functions that can fail return 0 or -1 (constructors: NULL) and fill a struct err given as their
 * last argument. Library code never prints and never exits; a failure is reported once, at the top,
 * with the path it took (err_wrap adds a step of it). Outputs are untouched on failure.
 */
#ifndef SLUICE_BASE_ERR_H
#define SLUICE_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

/* The value is the exit status of a tool that ends with this error (sysexits(3), sluice(7)). */
enum err_class {
	ERR_NONE = 0,
	ERR_NO = 1,           /* asked a question, the answer is no */
	ERR_USAGE = 2,        /* the command line or a configuration file is wrong */
	ERR_DATA = 65,        /* this record or this stored state is bad; reject the record */
	ERR_NO_INPUT = 66,    /* the input does not exist */
	ERR_UNAVAILABLE = 69, /* a service could not be reached or kept refusing: retry */
	ERR_FAULT = 70,       /* a bug of ours or memory ran out */
	ERR_CANT_CREATE = 73, /* the output cannot be created */
	ERR_IO = 74,          /* a read or a write failed */
	ERR_STOPPED = 75,     /* stopped with work undelivered */
	ERR_DENIED = 77,      /* credentials or permissions refused */
};

enum { ERR_TEXT_BYTES = 1024 };

struct err {
	enum err_class class;
	bool is_broken_pipe; /* the reader of our output went away (EPIPE) */
	char text[ERR_TEXT_BYTES]; /* NUL terminated; cut short with "..." where it did not fit */
};

#define ERR_INIT { .class = ERR_NONE }

/* Sets class and text. Returns -1, so that `return err_set(...)` reads well. */
int err_set(struct err *, enum err_class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and the words for errno_value after the text. */
int err_errno(struct err *, enum err_class, int errno_value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts the formatted words and ": " before the text; the class stays. Returns -1. */
int err_wrap(struct err *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Memory ran out. Returns -1. */
int err_no_memory(struct err *);

void err_clear(struct err *);

#endif
