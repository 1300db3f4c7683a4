#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""env_arguments.py FILE ARGS: what a unit's EnvironmentFile=FILE and a lone $ARGS on its command line give.

NUL after each: the assignments, an empty string, the arguments. The rules are those of systemd.exec(5)
(EnvironmentFile=) and systemd.service(5) (Command lines), written anew, so that a page's file can be tried
without systemd.
"""
import sys


def assignments(text):
    """NAME, VALUE of each line with a =."""
    place = 0
    while place < len(text):
        line_end = text.find("\n", place)
        line_end = len(text) if line_end < 0 else line_end
        head = text[place:line_end].lstrip(" \t\r")
        if not head or head[0] in "#;" or "=" not in head:
            place = line_end + 1
            continue
        name, _ = text[place:line_end].split("=", 1)
        value, place = value_at(text, place + len(name) + 1)
        yield name.strip(" \t\r"), value


def value_at(text, place):
    """The value that begins there, and where the next line begins."""
    while place < len(text) and text[place] in " \t\r":
        place += 1
    if place < len(text) and text[place] in "'\"":
        return quoted_at(text, place)
    value, kept = "", 0
    while place < len(text) and text[place] != "\n":
        if text[place] == "\\" and place + 1 < len(text):
            place += 1
            if text[place] != "\n":
                value += text[place]
                kept = len(value)
        else:
            value += text[place]
            if text[place] not in " \t\r":
                kept = len(value)
        place += 1
    return value[:kept], place + 1


def quoted_at(text, place):
    quote, value = text[place], ""
    place += 1
    while text[place] != quote:
        if quote == '"' and text[place] == "\\" and text[place + 1] in '"\\`$\n':
            place += 1
            value += text[place].strip("\n")
        else:
            value += text[place]
        place += 1
    line_end = text.find("\n", place)
    line_end = len(text) if line_end < 0 else line_end
    if text[place + 1:line_end].strip(" \t\r"):
        sys.exit("text after a quoted value: not a thing for a page")
    return value, line_end + 1


def words(value):
    """Split at white space; quotes hold together and go, a backslash keeps the next character."""
    word, quote, is_open = "", "", False
    place = 0
    while place < len(value):
        c = value[place]
        if c == "\\" and place + 1 < len(value):
            place += 1
            word += value[place]
            is_open = True
        elif quote:
            if c == quote:
                quote = ""
            else:
                word += c
        elif c in "'\"":
            quote, is_open = c, True
        elif c in " \t\r\n":
            if is_open:
                yield word
            word, is_open = "", False
        else:
            word += c
            is_open = True
        place += 1
    if quote:
        sys.exit("a quote is not closed")
    if is_open:
        yield word


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        values = dict(assignments(file.read()))
    out = [name + "=" + value for name, value in values.items()]
    out += [""] + list(words(values.get(sys.argv[2], "")))
    sys.stdout.write("".join(text + "\0" for text in out))


if __name__ == "__main__":
    main()
