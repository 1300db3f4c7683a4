/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static void
mark_cut(struct err *err, int wanted)
{
	if (wanted >= (int)sizeof(err->text))
		memcpy(err->text + sizeof(err->text) - 4, "...", 4);
}

int
err_set(struct err *err, enum err_class class, const char *format, ...)
{
	va_list args;

	err->class = class;
	err->is_broken_pipe = false;
	va_start(args, format);
	mark_cut(err, vsnprintf(err->text, sizeof(err->text), format, args));
	va_end(args);
	return -1;
}

int
err_errno(struct err *err, enum err_class class, int errno_value, const char *format, ...)
{
	char words[ERR_TEXT_BYTES];
	char reason[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	/* GNU strerror_r: thread safe, and may return a string of its own */
	return err_set(err, class, "%s: %s", words, strerror_r(errno_value, reason, sizeof(reason)));
}

int
err_wrap(struct err *err, const char *format, ...)
{
	char inner[ERR_TEXT_BYTES];
	va_list args;
	int len;

	memcpy(inner, err->text, sizeof(inner));
	va_start(args, format);
	len = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (len < 0)
		len = 0;
	if (len < (int)sizeof(err->text))
		len += snprintf(err->text + len, sizeof(err->text) - (size_t)len, ": %s", inner);
	mark_cut(err, len);
	return -1;
}

int
err_no_memory(struct err *err)
{
	return err_set(err, ERR_FAULT, "out of memory");
}

void
err_clear(struct err *err)
{
	err->class = ERR_NONE;
	err->is_broken_pipe = false;
	err->text[0] = '\0';
}
