#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""extract.py GUIDE FOLDER: takes the code blocks out of a Markdown file. A block ```LANGUAGE file=NAME goes to the end of
FOLDER/files/NAME; ```sh blocks go to FOLDER/sh/NN, in order, those of ```sh if=PROGRAM to be tried where there is such a
program. Prints the numbers of the sh blocks with their headings. A block of any other kind is an error: nothing in the
guide stays untried."""
import pathlib
import re
import sys

FENCE = re.compile(r'^```(\w*)((?: \w+=[\w.-]+)*)$')


def blocks(text):
    heading, language, attributes, lines = '', None, {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if language is not None:
            if line == '```':
                yield number, heading, language, attributes, '\n'.join(lines) + '\n'
                language = None
            else:
                lines.append(line)
            continue
        if line.startswith('#'):
            heading = line.lstrip('# ')
        if line.startswith('```'):
            fence = FENCE.match(line)
            if not fence:
                sys.exit(f'line {number}: what is {line}?')
            language, lines = fence[1], []
            attributes = dict(a.split('=', 1) for a in fence[2].split())
    if language is not None:
        sys.exit('the last block does not end')


def main():
    text = pathlib.Path(sys.argv[1]).read_text(encoding='utf-8')
    files, scripts = (pathlib.Path(sys.argv[2], name) for name in ('files', 'sh'))
    files.mkdir()
    scripts.mkdir()
    count = 0
    for number, heading, language, attributes, body in blocks(text):
        if set(attributes) == {'file'}:
            with open(files / attributes['file'], 'a', encoding='utf-8') as out:
                out.write(body)
        elif language == 'sh' and set(attributes) <= {'if'}:
            count += 1
            if attributes:
                body = f"if command -v {attributes['if']} >/dev/null; then\n{body}fi\n"
            (scripts / f'{count:02}').write_text(body, encoding='utf-8')
            print(f'{count:02} {heading} (line {number})')
        else:
            sys.exit(f'line {number}: a block that is neither a file nor a command')


main()
