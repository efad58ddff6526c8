#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/writing-a-package.md, followed to the letter in an empty folder: its files are put together, its commands run one
# after the other in one shell, with nothing but what is installed (headers, .pc, library, command). Then the module that
# came of it once more, from outside. BUILD: the build tree; SOURCE: the source tree.
. "$(dirname "$0")/../../cli/tap.sh"
# shellcheck disable=SC2317 # functions that ok calls
here=$(cd "$(dirname "$0")" && pwd)
umask 022

install_tree() { DESTDIR=$tmp/root meson install -C "$BUILD" --no-rebuild; }
ok 'the tree is installed' install_tree
pc=$(find "$tmp/root" -name sspi.pc)
# nettle's .pc files are the system's.
PKG_CONFIG_PATH=${pc%/*}:$(pkg-config --variable pc_path pkg-config)
SSPI=$(find "$tmp/root" -path '*/bin/sspi')
# The installed .pc files name the place that they are meant for; here that lies below $tmp/root.
sed -i "s|^prefix=|prefix=$tmp/root|" "${pc%/*}"/*.pc
export PKG_CONFIG_PATH LD_LIBRARY_PATH=${pc%/pkgconfig/*} PATH=${SSPI%/*}:$PATH

guide=$SOURCE/docs/writing-a-package.md
blocks=$tmp/blocks
mkdir "$blocks" "$tmp/work"
ok 'every block of the guide is a file or a command' /usr/bin/python3 "$here/extract.py" "$guide" "$blocks"
/usr/bin/python3 "$here/extract.py" "$guide" "$(mktemp -d -p "$tmp")" >"$tmp/titles"

# The files appear in the folder that the first command makes.
{
    echo 'set -euo pipefail'
    for block in "$blocks"/sh/*; do
        name=${block##*/}
        echo "exec >'$tmp/log.$name' 2>&1"
        cat "$block"
        [[ $name == 01 ]] && echo "cp '$blocks'/files/* ."
        echo "touch '$tmp/done.$name'"
    done
} >"$tmp/all"
(cd "$tmp/work" && bash "$tmp/all")
while read -r number title; do
    cp "$tmp/log.$number" "$tmp/out" 2>/dev/null || echo 'it was not reached' >"$tmp/out"
    ok "guide: $title" test -e "$tmp/done.$number"
done <"$tmp/titles"

# What the guide promises about itself.
cd "$tmp/work/tally" || exit 99
ok 'no sentence of the guide needs another include' \
    not grep -hE '#include ["<](base|crypto|protect|packages|secur32|lsa|check)/' tally.c os.h
read -r -a flags < <(pkg-config --cflags sspi nettle)
ok 'the module says nothing to the compiler' \
    cc -std=gnu11 -Wall -Wextra -Wpedantic -Werror -fPIC -fsyntax-only "${flags[@]}" tally.c
export SSPI_CONFIG=$PWD/sspi.conf
chmod 644 secret
exits 0 'sspi packages' sspi packages
ok 'a secret that others can read is none' not out_has tally
chmod 600 secret
chmod g+w tally.so
run sspi packages
ok 'a module that others can write is none' not out_has tally
finish
