#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""crontab.py FILE DIRECTORY: what cron makes of a user's crontab.

For the Nth command: DIRECTORY/N.environment (NAME=VALUE, NUL after each), N.command (what the shell gets) and
N.input (its standard input). Rules: crontab(5) of Debian's cron 3.0pl1. A line that is no such is refused.
"""
import re
import sys

FIELD = r"(?:\*|\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)(?:/\d+)?"
COMMAND = re.compile(r"(?:(?:%s[ \t]+){5}|@(?:reboot|yearly|monthly|weekly|daily|hourly)[ \t]+)(\S.*)" % FIELD)
SETTING = re.compile(r"([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)")


def split_command(text):
    """The command and its input: % are line feeds but for \\%, and the first ends the command."""
    parts = re.split(r"(?<!\\)%", text)
    parts = [part.replace("\\%", "%") for part in parts]
    return parts[0], "".join(part + "\n" for part in parts[1:])


def main():
    settings, number = {}, 0
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        line = line.strip()
        setting, command = SETTING.fullmatch(line), COMMAND.fullmatch(line)
        if not line or line.startswith("#"):
            continue
        if setting:
            value = setting[2].strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1]
            settings[setting[1]] = value
        elif command:
            number += 1
            text, given = split_command(command[1])
            environment = "".join("%s=%s\0" % pair for pair in settings.items())
            for name, content in ("environment", environment), ("command", text + "\n"), ("input", given):
                with open("%s/%d.%s" % (sys.argv[2], number, name), "w", encoding="utf-8") as out:
                    out.write(content)
        else:
            sys.exit("no line of a crontab: " + line)
    if not number:
        sys.exit("no command in it")


if __name__ == "__main__":
    main()
