# SPDX-License-Identifier: MIT
"""Shared by tools/bench and tools/bench-instructions: one worker (bench/worker.h), and counting under callgrind."""
import pathlib
import re
import subprocess
import tempfile


class Gone(Exception):
    """The worker cannot, and says why."""


class Worker:
    """One process; answers one line for one line."""

    def __init__(self, command, env, errors=None, wrapper=(), before=None):
        self.name = pathlib.Path(command[0]).name
        self.process = subprocess.Popen([*wrapper, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=env, stderr=errors, preexec_fn=before)
        self.candidates = self.ask("list").split()

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Gone(f"{self.name} is gone") from None
        answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith("error"):
            raise Gone(answer[6:] or f"{self.name} is gone after: {line}")
        return answer

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(timeout=60)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def count_instructions(command, env, wanted, errors=None):
    """Instructions each, for (candidate, op, size) in what wanted(candidates) gives; a candidate that cannot is left out."""
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(command, env, errors, wrapper=["valgrind", "-q", "--tool=callgrind", "--collect-atstart=no",
                                                       f"--callgrind-out-file={folder}/out"])
        made = {}
        for candidate, op, size in wanted(worker.candidates):
            line = f"instructions {candidate} {op} {size}"
            try:
                made[line] = int(worker.ask(line))
            except Gone:
                pass
        worker.close()
        for dump in pathlib.Path(folder).glob("out.*"):
            text = dump.read_text(errors="replace")
            trigger = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
            total = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
            if trigger and total and trigger[1] in made:
                _, candidate, op, size = trigger[1].split()
                counts[candidate, op, int(size)] = int(total[1]) / made[trigger[1]]
    return counts
