# SPDX-License-Identifier: MIT
"""Reads C headers as far as the tools of this folder need: which names they declare and with which words.

No preprocessing is done: every branch of every condition counts, so that the answer does not depend on a configuration.
Macros are not expanded. That is enough for headers that declare one thing after the other, as Windows' and ours do.
"""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include" / "sspi"

# Ours that stand for Windows' headers. opensspi.h is an addition of this library and answers to nobody's list.
PUBLIC = [
    "sspi_types.h", "issperr.h", "ntstatus.h", "ntsecapi.h", "sspi.h", "ntsecpkg.h", "secext.h", "security.h",
    "schannel.h",
]

TOKEN = re.compile(r'[A-Za-z_]\w*|\.?\d[\w.]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\.\.\.|\S')
IDENT = re.compile(r"[A-Za-z_]\w*\Z")
QUALIFIERS = {"const", "volatile", "restrict"}
SKIPPED = {"SSPI_ANONYMOUS", "__extension__", "__MINGW_EXTENSION", "EXTERN_C"}


class Declaration:
    """One declaration at the outermost level: kind ('function', 'type', 'struct', 'enum', 'object'), the names that it
    declares, its text, the tag (structs, unions, enums) and the members of a body."""

    def __init__(self, kind, names, text, tag=None, members=()):
        self.kind, self.names, self.text, self.tag, self.members = kind, names, text, tag, list(members)


class Header:
    """macros: name -> text of its definition (the last one), function-like ones with their parameter list in front."""

    def __init__(self, path):
        self.path = Path(path)
        self.macros = {}
        self.declarations = []
        code = self._take_macros(self.path.read_text(encoding="utf-8", errors="replace"))
        self._read(TOKEN.findall(code))

    def _take_macros(self, text):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
        text = text.replace("\\\r\n", " ").replace("\\\n", " ")
        code = []
        for line in text.split("\n"):
            if not line.lstrip().startswith("#"):
                code.append(line)
                continue
            found = re.match(r"\s*#\s*define\s+([A-Za-z_]\w*)(\([^)]*\))?\s*(.*?)\s*\Z", line)
            if found:
                self.macros[found.group(1)] = (found.group(2) or "") + found.group(3)
        return "\n".join(code)

    def _read(self, tokens):
        at, end = 0, len(tokens)
        while at < end:
            if tokens[at] == "extern" and tokens[at + 1 : at + 3] == ['"C"', "{"]:
                at += 3
                continue
            if tokens[at] in ("}", ";"):
                at += 1
                continue
            depth, start = 0, at
            while at < end and not (tokens[at] == ";" and depth == 0):
                depth += (tokens[at] in "({[") - (tokens[at] in ")}]")
                at += 1
            self._declare(_without_attributes(tokens[start:at]))

    def _declare(self, tokens):
        tokens = [t for t in tokens if t not in SKIPPED]
        if not tokens:
            return
        text = " ".join(tokens) + ";"
        is_type = tokens[0] == "typedef"
        rest = tokens[1:] if is_type else tokens
        if rest and rest[0] in ("struct", "union", "enum") and "{" in rest:
            kind = "enum" if rest[0] == "enum" else "struct"
            tag = rest[1] if rest[1] != "{" else None
            opened = rest.index("{")
            closed = _closing(rest, opened)
            body = rest[opened + 1 : closed]
            members = _enumerators(body) if kind == "enum" else _members(body)
            names = [_declared_name(d) for d in _split(rest[closed + 1 :], ",") if d]
            self.declarations.append(Declaration(kind, names, text, tag, members))
            return
        if is_type:
            names = [_declared_name(d) for d in _split(rest, ",")]
            kind = "type"
        elif "=" in rest:
            names, kind = [_declared_name(rest[: rest.index("=")])], "object"
        elif "(" in rest:
            names, kind = [rest[rest.index("(") - 1]], "function"
        else:
            names, kind = [_declared_name(rest)], "object"
        self.declarations.append(Declaration(kind, [n for n in names if n], text))

    def names(self):
        """Every name that the header brings: macros, types, tags, enumerators, functions, objects."""
        all_names = set(self.macros)
        for declaration in self.declarations:
            all_names.update(declaration.names)
            if declaration.tag:
                all_names.add(declaration.tag)
            if declaration.kind == "enum":
                all_names.update(declaration.members)
        return all_names


def _without_attributes(tokens):
    out, at = [], 0
    while at < len(tokens):
        if tokens[at] in ("__attribute__", "__declspec") and tokens[at + 1 : at + 2] == ["("]:
            at = _closing(tokens, at + 1) + 1
        else:
            out.append(tokens[at])
            at += 1
    return out


def _closing(tokens, opened):
    depth = 0
    for at in range(opened, len(tokens)):
        depth += (tokens[at] in "({[") - (tokens[at] in ")}]")
        if depth == 0:
            return at
    raise ValueError("unbalanced: " + " ".join(tokens[opened : opened + 20]))


def _split(tokens, separator):
    parts, depth = [[]], 0
    for token in tokens:
        depth += (token in "({[") - (token in ")}]")
        if token == separator and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _declared_name(tokens):
    """The name in one declarator: PFOO * Name, Name [ 4 ], RESULT ( CALL * Name ) ( ... )."""
    if "(" in tokens:
        opened = tokens.index("(")
        inner = tokens[opened + 1 : _closing(tokens, opened)]
        if inner and _closing(tokens, opened) + 1 < len(tokens):
            return inner[-1]
    if "[" in tokens:
        tokens = tokens[: tokens.index("[")]
    found = [t for t in tokens if IDENT.match(t) and t not in QUALIFIERS]
    return found[-1] if found else None


def _enumerators(body):
    return [part[0] for part in _split(body, ",") if part]


def _members(body):
    return [_declared_name(part) for part in _split(body, ";") if part and part[0] not in ("struct", "union", "enum")]


def public_headers():
    return [Header(INCLUDE / name) for name in PUBLIC]
