#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The per-message half of psk builds without a libc, and needs of its surroundings mem* and the rooms below it alone.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo 1..2
"${CC:-cc}" -std=gnu11 -Wall -Wextra -Werror -O2 -ffreestanding -nostdinc -isystem "$("${CC:-cc}" -print-file-name=include)" \
    -Isrc -Isrc/port/bare -c src/packages/psk/psk_protect.c -o "$tmp/psk_protect.o"
echo 'ok 1 - it builds with -ffreestanding'
others=$(nm -u "$tmp/psk_protect.o" | awk '{ print $2 }' | grep -vE '^(mem(cpy|move|set|cmp)|crypto_.*|secret_.*|wire_.*|window_.*)$' || true)
if [[ $others ]]; then
    echo "not ok 2 - it needs nothing else"
    echo "# ${others//$'\n'/ }"
    exit 1
fi
echo 'ok 2 - it needs nothing else'
