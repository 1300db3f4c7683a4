/* SPDX-License-Identifier: MIT */
/* credential_process: a program that prints credentials (AWS SDKs and Tools Reference Guide,
 * "Process credential provider"). */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "aws/credentials.h"
#include "io/child.h"

enum { WORDS_MAX = 128, OUTPUT_BYTES_MAX = 64 * 1024, ERROR_BYTES_MAX = 4096 };

/* Some open a browser; the aws command line waits for ever, a job of cron must not. */
enum { PROCESS_MS_MAX = 120 * 1000 };

/* ---- shlex.split (Python Library Reference, "Parsing Rules", POSIX mode) ---- */

/* Inside "", '\' is plain but before '"' and itself; inside '' it always is. */
static int
take_quoted(const char **text, struct buf *word, struct err *err)
{
	char quote = *(*text)++;

	for (; **text != quote; (*text)++) {
		if (!**text)
			return err_set(err, ERR_USAGE, "a quote is not closed");
		if (quote == '"' && **text == '\\' && ((*text)[1] == '"' || (*text)[1] == '\\'))
			(*text)++;
		if (buf_append_char(word, **text, err))
			return -1;
	}
	(*text)++;
	return 0;
}

static int
take_word(const char **text, struct buf *word, struct err *err)
{
	while (**text && !strchr(" \t\r\n", **text)) {
		if (**text == '\'' || **text == '"') {
			if (take_quoted(text, word, err))
				return -1;
			continue;
		}
		if (**text == '\\' && !*++*text)
			return err_set(err, ERR_USAGE, "nothing behind the last \\");
		if (buf_append_char(word, *(*text)++, err))
			return -1;
	}
	return 0;
}

void
credentials_words_free(char **words)
{
	for (char **w = words; w && *w; w++)
		free(*w);
	free(words);
}

char **
credentials_words(const char *command, struct err *err)
{
	char **words = calloc(WORDS_MAX + 1, sizeof(*words));
	size_t count = 0;

	if (!words) {
		err_no_memory(err);
		return NULL;
	}
	for (;;) {
		struct buf word = BUF_INIT(OUTPUT_BYTES_MAX);

		command += strspn(command, " \t\r\n");
		if (!*command)
			break;
		if (count == WORDS_MAX) {
			err_set(err, ERR_USAGE, "more than %d words", WORDS_MAX);
			goto fail;
		}
		if (take_word(&command, &word, err)) {
			buf_release(&word);
			goto fail;
		}
		words[count] = buf_take(&word);
		if (!words[count++]) {
			err_no_memory(err);
			goto fail;
		}
	}
	if (count)
		return words;
	err_set(err, ERR_USAGE, "no program is named");
fail:
	credentials_words_free(words);
	return NULL;
}

/* ---- the program ---- */

/* Its first line on standard error says why. */
static int
report(const char *program, int status, const struct buf *error, struct err *err)
{
	struct slice line, rest;

	(void)slice_cut(slice_trim(buf_slice(error)), '\n', &line, &rest);
	if (line.len > 200)
		line.len = 200;
	if (WIFSIGNALED(status))
		return err_set(err, ERR_DENIED, "%s ended by signal %d%s%.*s", program,
		    WTERMSIG(status), line.len ? ": " : "", SLICE_ARGS(line));
	return err_set(err, ERR_DENIED, "%s: exit status %d%s%.*s", program, WEXITSTATUS(status),
	    line.len ? ": " : "", SLICE_ARGS(line));
}

static int
read_answer(const struct buf *out, struct aws_credentials *ret, struct err *err)
{
	static const struct credentials_names names = { "AccessKeyId", "SecretAccessKey",
		"SessionToken", "Expiration", false };
	json_t *root = credentials_parse_json(buf_slice(out), err);
	int rc = -1;

	if (!root)
		return -1;
	if (json_integer_value(json_object_get(root, "Version")) != 1)
		err_set(err, ERR_DENIED, "its Version is not 1");
	else
		rc = credentials_from_json(root, &names, ret, err);
	credentials_free_json(root);
	return rc;
}

static int
run(char **words, struct aws_credentials *ret, struct err *err)
{
	struct buf out = BUF_INIT(OUTPUT_BYTES_MAX), error = BUF_INIT(ERROR_BYTES_MAX);
	int status = 0, rc = -1;

	if (buf_reserve(&out, OUTPUT_BYTES_MAX, err)) /* so that no copy stays behind */
		goto out;
	if (child_run(words, PROCESS_MS_MAX, &out, &error, &status, err)) {
		if (err->class == ERR_NO_INPUT || err->class == ERR_DATA)
			err->class = ERR_DENIED;
		err_wrap(err, "%s", words[0]);
	} else if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		report(words[0], status, &error, err);
	} else {
		rc = read_answer(&out, ret, err);
		if (rc)
			err_wrap(err, "%s", words[0]);
	}
out:
	credentials_wipe_buf(&out);
	buf_release(&error);
	return rc;
}

enum credentials_outcome
credentials_from_process(struct credentials_search *search, const char *profile,
    struct credentials_found *ret, struct err *err)
{
	const char *command =
	    aws_settings_profile_get(search->settings, profile, "credential_process");
	char **words;
	int rc;

	if (!command)
		return CREDENTIALS_ABSENT;
	words = credentials_words(command, err);
	rc = words ? run(words, &ret->keys, err) : -1;
	credentials_words_free(words);
	if (!rc)
		return CREDENTIALS_FOUND;
	err_wrap(err, "profile %s: credential_process", profile);
	return CREDENTIALS_FAILED;
}
