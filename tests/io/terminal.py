#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command of the shell on a terminal of its own, as a person would see and use it.

    terminal.py [STEP ...] COMMAND

Steps are done in turn:

    --size COLUMNS       of the terminal, from now on
    --wait REGEX         until what the terminal has been sent since the step before matches
    --type TEXT          at the keyboard; ^C is Control-C
    --kill SIGNAL        to the foreground process group

What the terminal was sent goes to ./sent, with its escapes; what it shows at the end, line by line, to ./shown. Ends
with the command's status; 124 where a step or the end does not come within a minute.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE_S = 60


class Screen:
    """As much of a terminal as the tools use: CR, LF, erasing to the end of the line, lines that wrap."""

    def __init__(self, columns):
        self.lines = [[]]
        self.at = 0
        self.columns = columns

    def put(self, char):
        if self.at == self.columns:
            self.feed()
            self.at = 0
        line = self.lines[-1]
        line.extend(" " * (self.at + 1 - len(line)))
        line[self.at] = char
        self.at += 1

    def feed(self):
        self.lines.append([])

    def show(self, text):
        for piece in re.findall(r"\x1b\[K|\r|\n|[^\x1b\r\n]|\x1b", text):
            if piece == "\r":
                self.at = 0
            elif piece == "\n":
                self.feed()
            elif piece == "\x1b[K":
                del self.lines[-1][self.at:]
            else:
                self.put(piece)

    def text(self):
        return "".join("".join(line).rstrip() + "\n" for line in self.lines).rstrip("\n") + "\n"


def set_size(fd, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


class Terminal:
    def __init__(self, command):
        self.sent = ""
        self.seen = 0
        self.sizes = [(0, 80)]
        self.pid, self.fd = pty.fork()
        if not self.pid:
            # what runs the tests may ignore them, as nohup does; a terminal's shell does not
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            # a shell that runs jobs, so that groups are as a person has them
            os.execvp("bash", ["bash", "-c", "set -o pipefail; " + command])
        set_size(self.fd, 80)
        self.end = time.monotonic() + PATIENCE_S

    def read(self):
        """False at the end."""
        ready, _, _ = select.select([self.fd], [], [], max(0, self.end - time.monotonic()))
        if not ready:
            raise TimeoutError
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: nobody has the other side any more
            return False
        self.sent += data.decode("utf-8", "replace")
        return bool(data)

    def wait(self, regex):
        while True:
            match = re.search(regex, self.sent[self.seen:])
            if match:
                self.seen += match.end()
                return
            if not self.read():
                raise EOFError(regex)

    def do(self, step, value):
        if step == "--size":
            set_size(self.fd, int(value))
            self.sizes.append((len(self.sent), int(value)))
        elif step == "--wait":
            self.wait(value)
        elif step == "--type":
            os.write(self.fd, value.replace("^C", "\x03").encode())
        elif step == "--kill":
            os.killpg(os.tcgetpgrp(self.fd), signal.Signals[value])
        else:
            sys.exit("unknown step " + step)

    def save(self):
        with open("sent", "w", newline="") as out:
            out.write(self.sent)
        screen = Screen(80)
        for i, (begin, columns) in enumerate(self.sizes):
            end = self.sizes[i + 1][0] if i + 1 < len(self.sizes) else len(self.sent)
            screen.columns = columns
            screen.show(self.sent[begin:end])
        with open("shown", "w") as out:
            out.write(screen.text())


def main():
    args = sys.argv[1:]
    terminal = Terminal(args[-1])
    try:
        for i in range(0, len(args) - 1, 2):
            terminal.do(args[i], args[i + 1])
        while terminal.read():
            pass
    except (TimeoutError, EOFError) as reason:
        terminal.save()
        print("terminal: %r" % reason, file=sys.stderr)
        os.kill(terminal.pid, signal.SIGHUP)
        return 124
    terminal.save()
    _, status = os.waitpid(terminal.pid, 0)
    return os.waitstatus_to_exitcode(status) & 255 if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


sys.exit(main())
