# SPDX-License-Identifier: MIT
"""Passwords from the terminal: asked without echo, twice where a typing error would matter. TAP."""
import os
import pty
import signal
import subprocess
import sys
import tempfile
import termios

signal.signal(signal.SIGINT, signal.SIG_DFL)
sspi = os.environ["SSPI"]
for name in ("SSPI_CONFIG", "SSPI_TRACE", "NTLM_USER_FILE"):
    os.environ.pop(name, None)
tests = 0
failed = 0


def ok(title, good):
    global tests, failed
    tests += 1
    failed += not good
    print(("ok" if good else "not ok"), tests, "-", title, flush=True)


def converse(arguments, answers):
    """Runs sspi on a terminal of its own; each answer is typed after its question has appeared and echo is off."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(sspi, [sspi] + arguments)
    seen = b""
    echo = False
    for question, answer in answers:
        while question not in seen:
            seen += os.read(fd, 1024)
        seen = seen[seen.index(question) + len(question):]
        echo |= bool(termios.tcgetattr(fd)[3] & termios.ECHO)
        os.write(fd, answer)
    rest = seen
    while True:
        try:
            piece = os.read(fd, 1024)
        except OSError:
            break
        if not piece:
            break
        rest += piece
    _, status = os.waitpid(pid, 0)
    return status, rest, echo


with tempfile.TemporaryDirectory() as folder:
    store = os.path.join(folder, "store")
    add = ["accounts", "add", "EXAMPLE\\alice", "--store", store]
    status, rest, echo = converse(add, [(b"Password for alice: ", b"secret\n"), (b"again: ", b"secret\n")])
    ok("add asks twice and adds", os.waitstatus_to_exitcode(status) == 0 and os.path.exists(store))
    ok("... without echo", not echo and b"secret" not in rest)
    with open(store, "rb") as f:
        before = f.read()
    status, rest, _ = converse(add + ["--replace"], [(b"Password for alice: ", b"one\n"), (b"again: ", b"two\n")])
    ok("two answers that differ change nothing", os.waitstatus_to_exitcode(status) == 5 and b"differ" in rest)
    with open(store, "rb") as f:
        ok("... and nothing is what changed", f.read() == before)
    status, rest, _ = converse(add + ["--replace"], [(b"Password for alice: ", b"\x03")])
    ok("Ctrl-C ends it by that signal", os.WIFSIGNALED(status))
    direct = subprocess.run([sspi, "accounts", "list", "--store", store], capture_output=True, check=False)
    ok("the account is there", direct.stdout == b"EXAMPLE\\alice\n")
print(f"1..{tests}")
sys.exit(failed != 0)
