#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""answer.py [--typed TYPED] TEXT [WHEN-ASKED] -- COMMAND...: runs the command with a terminal as standard
input and error, waits until it asks ("[y/N] "), runs the shell command WHEN-ASKED, and gives TEXT and a line
feed as the answer ("^C" and "^D": that key instead). TYPED and a line feed are typed before the command has
begun. The terminal's text goes to standard error, the command's standard output stays, and so does its exit
status (128 + N after a signal)."""
import os
import pty
import subprocess
import sys

mark = sys.argv.index("--")
arguments, command = sys.argv[1:mark], sys.argv[mark + 1:]
typed = b""
if arguments[0] == "--typed":
    typed = arguments[1].encode() + b"\n"
    del arguments[:2]
text, when_asked = arguments[0], arguments[1:]
keys = {"^C": b"\x03", "^D": b"\x04"}.get(text, text.encode() + b"\n")
out = os.dup(1)
pid, terminal = pty.fork()
if pid == 0:
    os.dup2(out, 1)
    os.execvp(command[0], command)
os.close(out)
os.write(terminal, typed)
said = b""
is_answered = False
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:  # Linux: EIO once the other side is closed
        more = b""
    if not more:
        break
    said += more
    if said.endswith(b"[y/N] ") and not is_answered:
        for line in when_asked:
            subprocess.run(line, shell=True, check=True, stdout=subprocess.DEVNULL)
        os.write(terminal, keys)
        is_answered = True
# what wipes a drawn line before each message is no text
sys.stderr.write(said.decode(errors="replace").replace("\r\n", "\n").replace("\r\033[K", ""))
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status if status >= 0 else 128 - status)
