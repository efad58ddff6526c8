#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""benchreport.py FOLDER: writes performance.md and the plots (*.svg, by gnuplot) of the figures that tools/bench left in
FOLDER: machine.txt and *.tsv. tools/bench calls it; alone it writes them anew.

FOLDER/reasons.tsv, when there is one, says why a target is not met: a regular expression that the whole of a target's name
fits, and the reason."""
import pathlib
import re
import shutil
import subprocess
import sys

BATCHES = [1, 8, 32, 128]
BATCH_SIZES = [64, 1024]

# What is compared with what: our candidate, the floor's libraries, the peers.
ETYPES = [("aes128-sha1", "sha1"), ("aes256-sha1", "sha1"), ("aes128-sha256", "sha256"), ("aes256-sha384", "sha384")]
GROUPS = [("ntlm", "own-ntlm", ["openssl-ntlm", "nettle-ntlm", "inside-ntlm"], ["gss-ntlmssp", "winpr-ntlm"])] + [
    (etype, "own-" + etype, [lib + "-" + h for lib in ("openssl", "nettle", "inside")], ["mit-" + etype, "heimdal-" + etype])
    for etype, h in ETYPES]
BATCH_NAMES = ["ntlm", "aes256-sha1", "aes128-sha256", "aes256-sha384"]
OPS = {"make": "making", "check": "checking"}

# Candidates' families in the order of tables, and what they are called in plots.
FAMILIES = {"own": "OpenSSPI", "threaded:own": "OpenSSPI, threads", "openssl": "floor: OpenSSL", "nettle": "floor: nettle",
            "inside": "floor: our primitive", "gss": "gss-ntlmssp", "winpr": "WinPR", "mit": "MIT krb5", "heimdal": "Heimdal"}
PACKAGES = ["ntlm", "ntlmssp", "aes128-sha1", "aes256-sha1", "aes128-sha256", "aes256-sha384", "sha1", "sha256", "sha384", "psk",
            "kerberos"]
SIGNATURE_TEXT = ["`own` is the public function, `threaded:own` the same in a process with a second thread. `openssl`, `nettle`",
                  "and `inside` are floors: a finished token by that library's primitive, or by our own, with the key's state",
                  "saved.", ""]
ISAS = {"avx512": "AVX-512", "avx2": "AVX2", "best": "this processor"}
COLOURS = ["#1f5fa8", "#c8501e", "#2b8a4b", "#8a4fa3", "#8c6d1f", "#c23b72", "#555555"]


def size_name(size):
    return f"{size // 1024} KiB" if size >= 1024 else f"{size} B"


def number(x):
    return f"{x:.0f}" if abs(x) >= 100 or x == int(x) else f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}".rstrip("0").rstrip(".")


def family_of(candidate):
    return candidate.split("-")[0]


def order(candidate):
    """For sorting: one by one before many at once, ours, floors, peers; types in the order of their numbers."""
    found = re.fullmatch(r"((?:\w+:)?\w+)-(\w+(?:-sha\d+)?)(?:-(crowd|single|batch)(\d*))?", candidate)
    if not found:
        return (9, candidate)
    family, package, kind, count = found.groups()
    families = list(FAMILIES)
    return (kind is not None, families.index(family) if family in families else 99,
            PACKAGES.index(package) if package in PACKAGES else 99, int(count or 0), candidate)


class Report:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.rows = {}  # (section, candidate, what, size) -> (median, least, greatest)
        for path in sorted(self.folder.glob("*.tsv")):
            for fields in self.table(path.stem):
                if len(fields) == 9:
                    section, candidate, what, size, _, median, least, greatest, _ = fields
                    self.rows[section, candidate, what, int(size)] = (float(median), float(least), float(greatest))
        self.targets, self.missing = self.table("targets"), self.table("missing")
        self.reasons = self.table("reasons")
        machine = self.folder / "machine.txt"
        self.machine = machine.read_text().split("\n")[:-1] if machine.exists() else []

    def table(self, name):
        path = self.folder / f"{name}.tsv"
        lines = path.read_text().split("\n")[1:] if path.exists() else []
        return [line.split("\t") for line in lines if line]

    def of(self, section, what=None):
        """[(candidate, what, size, figures)] of a section, as they were measured."""
        return [(c, w, s, f) for (where, c, w, s), f in self.rows.items() if where == section and what in (None, w)]

    def cell(self, *key):
        found = self.rows.get(key)
        if found is None:
            return "-"
        return number(found[0]) if found[1] == found[2] else f"{number(found[0])} ({number(found[1])}-{number(found[2])})"

    # ---- tables ----

    def markdown(self):
        out = ["# Performance", "",
               "Written by `./run bench --keep`: medians of the rounds, least and greatest in parentheses. Time is the",
               "processor's (what other programs do meanwhile does not count), but for threads that waited for one another.", ""]
        out += ["- " + line for line in self.machine] + ([""] if self.machine else [])
        for part in (self.targets_table, self.signature_tables, self.batch_table, self.cost_table, self.handshake_table,
                     self.contexts_table, self.cold_table, self.threads_table, self.missing_list):
            out += part()
        return "\n".join(out)

    def targets_table(self):
        if not self.targets:
            return []
        met = sum(1 for t in self.targets if t[3] == "yes")
        lines = ["| what | target | measured | met | if not, why |", "|---|---|---|---|---|"]
        for what, target, measured, yes in self.targets:
            why = next((reason for pattern, reason in self.reasons if re.fullmatch(pattern, what)), "") if yes == "no" else ""
            lines.append(f"| {what} | {target} | {measured} | {'yes' if yes == 'yes' else '**no**'} | {why} |")
        return ["## Targets", "", f"{met} of {len(self.targets)} met.", "", *lines, ""]

    def signature_tables(self):
        out = []
        for op in OPS:
            tables = []
            for name, own, floor, peers in GROUPS:
                sizes = sorted({s for c, _, s, _ in self.of("signature", op) if c == own})
                lines = [f"| {name} | " + " | ".join(map(size_name, sizes)) + " |", "|---|" + "---|" * len(sizes)]
                for candidate in [own, "threaded:" + own, *floor, *peers]:
                    cells = [self.cell("signature", candidate, op, size) for size in sizes]
                    if any(c != "-" for c in cells):
                        lines.append(f"| {candidate} | " + " | ".join(cells) + " |")
                tables += [*lines, ""] if len(lines) > 2 else []
            if tables:
                out += [f"## {OPS[op].capitalize()} a signature, nanoseconds", ""]
                out += SIGNATURE_TEXT if op == "make" else []
                out += tables
        return out

    def kernels(self):
        """Instruction sets of the batches, and the prefixes of their candidates."""
        found = [("avx2", "avx2:")] if any(c.startswith("avx2:") for c, _, _, _ in self.of("batch")) else []
        return [("avx512" if found else "best", "")] + found

    def batch_table(self):
        lines = []
        for name in BATCH_NAMES:
            for what, kind, single, op in (("making", "own", "crowd", "make"), ("checking", "own", "crowd", "check"),
                                           ("kernels alone", "raw", "single", "make")):
                for size in BATCH_SIZES:
                    for isa, prefix in self.kernels():
                        cells = []
                        for n in BATCHES:
                            key = (f"{prefix}{kind}-{name}-batch{n}", op, size)
                            each, times = self.rows.get(("batch", *key)), self.rows.get(("speedup", *key))
                            cells.append("-" if each is None else number(each[0]) + (f", {times[0]:.2f} x" if times else ""))
                        if any(c != "-" for c in cells):
                            alone = self.cell("batch", f"{prefix}{kind}-{name}-{single}", op, size)
                            lines.append(f"| {name} | {what} | {size_name(size)} | {isa} | {alone} | " + " | ".join(cells) + " |")
        if not lines:
            return []
        return ["## Many at once", "",
                "Nanoseconds for each message of a batch of 1, 8, 32 and 128, and how many times as fast that is as one by one",
                "(of each round's figures). `kernels alone`: the library's multi-lane HMACs with finished tokens, without the",
                "public functions.", "",
                "| package | what | message | kernels | one by one | batch of 1 | 8 | 32 | 128 |",
                "|---|---|---|---|---|---|---|---|---|", *lines, ""]

    def cost_table(self):
        names = sorted({c for section in ("allocations", "instructions") for c, _, _, _ in self.of(section)}, key=order)
        lines = [f"| {name} | " + " | ".join(self.cell(section, name, op, 64) for section in ("allocations", "instructions")
                                             for op in OPS) + " |" for name in names]
        if not lines:
            return []
        return ["## Allocations and instructions per signature of 64 bytes", "",
                "Instructions are counted by callgrind, where libraries find a processor without SHA instructions and AVX-512.",
                "`crowd`: one by one with 32 contexts in turn, `batch`: as many at once.", "",
                "| candidate | allocations, making | checking | instructions, making | checking |", "|---|---|---|---|---|",
                *lines, ""]

    def handshake_table(self):
        lines = [f"| {c} | {self.cell('handshake', c, w, s)} | {1e9 / f[0]:.0f} |" for c, w, s, f in self.of("handshake")]
        if not lines:
            return []
        return ["## Handshakes: a pair of contexts made and deleted in one process", "",
                "| candidate | nanoseconds | pairs a second |", "|---|---|---|", *lines, ""]

    def contexts_table(self):
        lines = []
        for candidate, _, count, _ in self.of("contexts", "bytes"):
            cells = [self.cell("contexts", candidate, what, count) for what in
                     ("bytes", "make-first-ns", "make-last-ns", "delete-first-ns", "delete-last-ns")]
            lines.append(f"| {candidate} | {count} | " + " | ".join(cells) + " |")
        if not lines:
            return []
        return ["## Many contexts in one process", "",
                "Established by handshakes within the process; `both`: as many initiators as acceptors. Resident bytes of all",
                "that the library has; nanoseconds of processor time for a handshake of both ends, and for deleting one context,",
                "in the first tenth and in the last.", "",
                "| which | how many | bytes each | handshake, first tenth | last tenth | deleting, first tenth | last tenth |",
                "|---|---|---|---|---|---|---|", *lines, ""]

    def cold_table(self):
        lines = []
        for candidate, _, count, _ in self.of("cold", "bytes"):
            cells = [self.cell("cold", candidate, "bytes", count)] + [self.cell("cold", candidate, what, 64)
                                                                      for what in ("random", "hot", "two-reads")]
            lines.append(f"| {candidate} | {count} | " + " | ".join(cells) + " |")
        if not lines:
            return []
        return ["## A signature of 64 bytes with a random one of many contexts", "",
                "Nanoseconds, beside a signature with one and the same and two dependent reads at random places of as much",
                "memory. These contexts are imported, all from one packed form, which is quicker than handshakes; an imported",
                "one has no part on the LSA's side, which is what it takes less than those of the table above.", "",
                "| which | how many | bytes each | a random one | the same one | two reads |", "|---|---|---|---|---|---|",
                *lines, ""]

    def threads_table(self):
        names = list(dict.fromkeys(c for section in ("scale", "shared") for c, _, _, _ in self.of(section)))
        if not names:
            return []
        lines = [f"| {name} | {self.cell('scale', name, 'make', 64)} | {self.cell('shared', name, 'make', 64)} |"
                 for name in names]
        return ["## Two threads: times as many signatures of 64 bytes as one thread", "",
                "| candidate | a context each | one context |", "|---|---|---|", *lines, ""]

    def missing_list(self):
        return ["## Not measured", ""] + [f"- {c} {op}: {why}" for c, op, why in self.missing] + [""] if self.missing else []

    # ---- plots ----

    def gnuplot(self, name, size, script, blocks):
        """script: without terminal and output; DATA in it is the file with the blocks, which are gnuplot's indexes."""
        data = self.folder / f"{name}.dat"
        data.write_text("\n\n\n".join("\n".join(" ".join(map(str, point)) for point in block) for block in blocks) + "\n")
        head = (f"set terminal svg size {size} dynamic enhanced font 'sans-serif,13' background rgb 'white'\n"
                f"set output '{self.folder}/{name}.svg'\nset grid lc rgb '#dddddd' lt 1\nset border 3\nset tics nomirror\n")
        subprocess.run(["gnuplot"], input=head + script.replace("DATA", f"'{data}'"), text=True, check=False)
        data.unlink()

    def plots(self):
        if shutil.which("gnuplot") is None:
            print("bench: no gnuplot, no plots", file=sys.stderr)
            return
        for name, own, floor, peers in GROUPS:
            for op in OPS:
                self.signature_plot(f"{op}-{name}", f"{name}: {OPS[op]} a signature", [own, *floor, *peers], op)
        for name in BATCH_NAMES:
            self.batch_plot(name)

    def signature_plot(self, file, title, candidates, op):
        """Nanoseconds over the message's size, both logarithmic."""
        blocks, curves = [], []
        for colour, candidate in zip(COLOURS, candidates):
            points = sorted((s, *f) for c, _, s, f in self.of("signature", op) if c == candidate)
            if not points:
                continue
            floor = FAMILIES.get(family_of(candidate), "").startswith("floor")
            ours = candidate.startswith("own")
            style = "3 dt 1 pt 7" if ours else "1.5 dt 2 pt 6" if floor else "1.5 dt 1 pt 5"
            curves.append(f"DATA index {len(blocks)} using 1:2:3:4 with yerrorlines lw {style} ps 0.6 lc rgb '{colour}' "
                          f"title '{FAMILIES.get(family_of(candidate), candidate)}'")
            blocks.append(points)
        if not blocks:
            return
        tics = ", ".join(f"'{size_name(p[0])}' {p[0]}" for p in blocks[0])
        self.gnuplot(file, "900,560", f"""
set title '{title}'
set logscale x 2
set logscale y 10
set xrange [12:90000]
set xtics ({tics})
set xlabel 'size of the message'
set ylabel 'nanoseconds a signature (median, least to greatest)'
set format y '%.0f'
set key outside right top vertical Left reverse samplen 2
plot {', '.join(curves)}
""", blocks)

    def batch_plot(self, name):
        """How many times as fast as one by one, over the batch's size; a panel for each size of message."""
        blocks, panels, top = [], [], 2.0
        kinds = [("own", "make", "making", "3 dt 1 pt 7"), ("own", "check", "checking", "2 dt 2 pt 6"),
                 ("raw", "make", "kernels alone", "1.5 dt 3 pt 5")]
        for size in BATCH_SIZES:
            curves = []
            for (isa, prefix), colour in zip(self.kernels(), COLOURS):
                for kind, op, what, style in kinds:
                    keys = [(n, ("speedup", f"{prefix}{kind}-{name}-batch{n}", op, size)) for n in BATCHES]
                    points = [(n, *self.rows[key]) for n, key in keys if key in self.rows]
                    if points:
                        top = max(top, *(p[1] for p in points))
                        curves.append(f"DATA index {len(blocks)} using 1:2:3:4 with yerrorlines lw {style} ps 0.7 "
                                      f"lc rgb '{colour}' title '{ISAS.get(isa, isa)}: {what}'")
                        blocks.append(points)
            if curves:
                panels.append((size, curves))
        if not panels:
            return
        script = f"""
set multiplot title '{name}: many signatures at once'
set logscale x 2
set xtics ({', '.join(map(str, BATCHES))})
set xrange [0.8:160]
set yrange [0:{top * 1.1:.1f}]
set xlabel 'messages in a batch'
set tmargin at screen 0.86
set bmargin at screen 0.12
set arrow 1 from 0.8,1 to 160,1 nohead lc rgb '#999999'
set key at screen 0.815,0.86 left top Left reverse samplen 2 vertical maxcols 1
"""
        # One key serves both panels.
        for i, (size, curves) in enumerate(panels):
            script += f"""
set lmargin at screen {0.06 + 0.39 * i}
set rmargin at screen {0.41 + 0.39 * i}
set title 'messages of {size_name(size)}'
set ylabel '{"times as fast as one by one" if i == 0 else ""}'
plot {', '.join(curves)}
unset key
"""
        self.gnuplot(f"batch-{name}", "1200,520", script + "unset multiplot\n", blocks)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    report = Report(sys.argv[1])
    (report.folder / "performance.md").write_text(report.markdown())
    report.plots()


if __name__ == "__main__":
    main()
