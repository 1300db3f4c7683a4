/* SPDX-License-Identifier: MIT */
#include "run/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/stop.h"
#include "run/complete.h"
#include "run/settings.h"

static int
set_log_format(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct job_options *options = target;

	(void)origin;
	if (strcmp(value, "json") && strcmp(value, "text"))
		return err_set(err, ERR_USAGE, "\"%s\" is neither text nor json", value);
	options->is_json_log = strcmp(value, "json") == 0;
	return 0;
}

/* --help and --version are answered before anything is set. */
static int
set_nothing(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	(void)target;
	(void)value;
	(void)origin;
	(void)err;
	return 0;
}

const struct opt job_rows[] = {
	{ 'F', "config", "FILE", "read options and librdkafka properties from FILE", OPT_TEXT,
	    offsetof(struct job_options, config_file), 0, 0, NULL },
	{ 0, "dry-run", NULL, "say what would be done; join nothing, change nothing", OPT_FLAG,
	    offsetof(struct job_options, is_dry_run), 0, 0, NULL },
	{ 'q', "quiet", NULL, "say nothing but warnings and errors", OPT_FLAG,
	    offsetof(struct job_options, is_quiet), 0, 0, NULL },
	{ 'v', "verbose", NULL, "say more", OPT_FLAG, offsetof(struct job_options, is_verbose), 0, 0,
	    NULL },
	{ 0, "log-format", "text|json", "how messages on stderr are written [text]", OPT_CALL, 0, 0, 0,
	    set_log_format },
	{ 'h', "help", NULL, "print this", OPT_CALL, 0, 0, 0, set_nothing },
	{ 'V', "version", NULL, "print the version", OPT_CALL, 0, 0, 0, set_nothing },
};
const size_t job_row_count = sizeof(job_rows) / sizeof(*job_rows);

static void
print_help(const struct job *job)
{
	(void)printf("usage: %s %s\n\n%s\n\n", job->tool->name, job->tool->synopsis,
	    job->tool->summary);
	if (job->tool->examples)
		(void)printf("Examples:\n%s\n", job->tool->examples);
	opt_print_help(&job->set, stdout);
	(void)printf("\nThe manual: man %s, man 7 sluice\n", job->tool->name);
}

/* Output that is not printed is an error too (a full disk). */
int
job_finish(struct job *job, struct err *err)
{
	job->is_finished = true;
	if (fflush(stdout) || ferror(stdout)) {
		bool is_broken_pipe = errno == EPIPE;

		err_errno(err, ERR_IO, errno, "stdout");
		err->is_broken_pipe = is_broken_pipe;
		return -1;
	}
	return 0;
}

static int
check_operands(const struct tool *tool, const struct opt_line *line, struct err *err)
{
	if (line->operand_count < tool->operand_count_min)
		return err_set(err, ERR_USAGE, "an argument is missing: usage: %s %s", tool->name,
		    tool->synopsis);
	if (tool->operand_count_max && line->operand_count > tool->operand_count_max)
		return err_set(err, ERR_USAGE, "one argument too many: %s",
		    line->operands[tool->operand_count_max]);
	if (!tool->operand_count_max && !tool->operand_count_min && line->operand_count)
		return err_set(err, ERR_USAGE, "takes no arguments, but was given %s",
		    line->operands[0]);
	for (size_t i = 0; i < line->operand_count; i++) {
		if (!line->operands[i][0])
			return err_set(err, ERR_USAGE, "argument %zu is empty", i + 1);
	}
	return 0;
}

static int
apply_all(struct job *job, const struct opt_line *line, struct err *err)
{
	const char *config = opt_line_find(line, "config");
	const char *property = opt_line_find(line, "property");

	/* -X list asks for nothing else */
	if (!(property && !strcmp(property, "list")) && check_operands(job->tool, line, err))
		return -1;
	if (settings_apply_defaults(&job->set, job->tool->name, job->config_text, err))
		return -1;
	if (config && !*config)
		return err_set(err, ERR_USAGE, "-F, --config: the value is empty");
	if (config && settings_apply_file(&job->set, job->tool->name, config, OPT_GIVEN_FILE,
		&job->config_text[2], err))
		return -1;
	return opt_apply_line(&job->set, line, err);
}

/*
 * A standard descriptor that the caller has closed would go to the next file, socket or eventfd, and
 * records with it. It is held open the wrong way round, so that using it still fails with EBADF.
 */
static int
hold_standard_descriptors(struct err *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* the lowest free one, which is fd */
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return err_errno(err, ERR_FAULT, errno, "/dev/null");
	}
	return 0;
}

/* For the build, and no option of users: --help and the pages do not know it. */
static int
print_completion(struct job *job, const char *shell, struct err *err)
{
	const struct tool *tool = job->tool;
	struct complete_tool complete = { .name = tool->name,
		.topic_verbs = tool->topic_verbs,
		.group_verbs = tool->group_verbs,
		.has_command = strstr(tool->synopsis, "-- COMMAND") };

	if (!tool->operand_count_max)
		complete.operands = 0;
	else if (strstr(tool->synopsis, "FILE"))
		complete.operands = COMPLETE_FILES;
	else if (strstr(tool->synopsis, "DIRECTORY"))
		complete.operands = COMPLETE_DIRECTORIES;
	return complete_print(&job->set, &complete, shell, stdout, err) ? -1 : job_finish(job, err);
}

/*
 * Messages about options come in the format, too, that options and files ask for, wherever in them: of what is wrong,
 * the rest is looked at for that. What has been set already counts where a file cannot be read a second time.
 */
static void
find_log_format(const struct job *job, const struct opt_line *line)
{
	struct job_options found = { .is_json_log = job->options.is_json_log };
	const struct opt *row = opt_find(&job->set, "log-format");
	const struct opt_group group = { .rows = row, .row_count = 1, .target = &found };
	struct opt_set set = { .groups = &group, .group_count = 1, .is_lenient = true };
	const char *config = opt_line_find(line, "config");
	const char *format = opt_line_find(line, "log-format");
	char *texts[3] = { NULL };
	struct err err = ERR_INIT;

	(void)settings_apply_defaults(&set, job->tool->name, texts, &err);
	if (config)
		(void)settings_apply_file(
		    &set, job->tool->name, config, OPT_GIVEN_FILE, &texts[2], &err);
	if (format)
		(void)opt_apply(&set, row, format, OPT_COMMAND_LINE, &err);
	diag_open(job->tool->name, DIAG_NOTE, found.is_json_log);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
}

int
job_begin(struct job *job, const struct tool *tool, const struct opt_group *groups,
    size_t group_count, int argc, char **argv, struct err *err)
{
	struct opt_line line;
	enum diag_level level;
	int rc;

	job->tool = tool;
	job->set = (struct opt_set){ .groups = groups, .group_count = group_count };
	diag_open(tool->name, DIAG_NOTE, false);
	if (hold_standard_descriptors(err))
		return -1;
	if (argc == 3 && strcmp(argv[1], "--completion") == 0)
		return print_completion(job, argv[2], err);
	rc = opt_read_line(&job->set, argc, argv, &line, err);
	if (!rc && (opt_line_has(&line, "help") || opt_line_has(&line, "version"))) {
		if (opt_line_has(&line, "help"))
			print_help(job);
		else
			(void)printf("%s (sluice) %s\n", tool->name, PACKAGE_VERSION);
		opt_line_release(&line);
		return job_finish(job, err);
	}
	if (!rc)
		rc = apply_all(job, &line, err);
	job->operands = line.operands;
	job->operand_count = line.operand_count;
	if (rc)
		find_log_format(job, &line);
	opt_line_release(&line);
	if (rc)
		return -1;
	level = job->options.is_quiet ? DIAG_WARNING
	    : job->options.is_verbose ? DIAG_DETAIL
				      : DIAG_NOTE;
	diag_open(tool->name, level, job->options.is_json_log);
	return stop_install(err);
}

int
job_check_pair(const struct job *job, const char *option, const char *other, struct err *err)
{
	if (opt_origin(&job->set, option) != OPT_COMMAND_LINE ||
	    opt_origin(&job->set, other) != OPT_UNSET)
		return 0;
	return err_set(err, ERR_USAGE, "--%s goes with --%s: without that it has no effect", option, other);
}

static void
release(struct job *job)
{
	for (size_t i = 0; i < sizeof(job->config_text) / sizeof(*job->config_text); i++)
		free(job->config_text[i]);
}

int
job_end(struct job *job, enum job_input input, struct err *err)
{
	release(job);
	if (err->class != ERR_NONE && err->is_broken_pipe)
		stop_die(SIGPIPE);
	if (err->class == ERR_NONE && input == JOB_INPUT_BOUNDED && stop_requested())
		err_set(err, ERR_STOPPED, "stopped before the end of its input");
	if (err->class == ERR_USAGE)
		diag_error("%s (%s --help lists the options)", err->text, job->tool->name);
	else if (err->class != ERR_NONE)
		diag_error("%s", err->text);
	if (stop_signal() == SIGINT || stop_signal() == SIGHUP)
		stop_die(stop_signal());
	return (int)err->class;
}
