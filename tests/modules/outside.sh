#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A module as somebody else would build it: in a folder of its own, from toy.c and what is installed (headers, .pc), nothing
# else. Then the installed command signs files with it, and with psk as it is shipped. BUILD: the build tree.
. "$(dirname "$0")/../cli/tap.sh"
# shellcheck disable=SC2317 # functions that ok calls
here=$(cd "$(dirname "$0")" && pwd)
umask 022

install_tree() { DESTDIR=$tmp/root meson install -C "$BUILD" --no-rebuild; }
ok 'the tree is installed' install_tree
pc=$(find "$tmp/root" -name sspi.pc)
export PKG_CONFIG_LIBDIR=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$tmp/root
SSPI=$(find "$tmp/root" -path '*/bin/sspi')
export LD_LIBRARY_PATH=${PKG_CONFIG_LIBDIR%/*}
psk=$(find "$tmp/root" -name psk.so)

mkdir "$tmp/work" "$tmp/in" || exit 99
cp "$here/toy.c" "$tmp/work"
cd "$tmp/work" || exit 99
read -r -a flags < <(pkg-config --cflags sspi)
ok 'a module builds with them alone' \
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fPIC -shared -pthread "${flags[@]}" toy.c -o toy.so

export SSPI_CONFIG=$tmp/sspi.conf
{
    printf '[packages]\ntoy = %s\n' "$tmp/work/toy.so"
    [[ $psk ]] && printf 'psk = %s\n' "$psk"
    printf '[package.psk]\nidentities = %s\n' "$tmp/identities"
} >"$SSPI_CONFIG"
(umask 077 && printf 'alice %s\n' "$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n')" >"$tmp/identities")
head -c 300000 /dev/urandom >"$tmp/file"

exits 0 'sspi packages' "$SSPI" packages
ok '... lists it' out_has toy
for package in toy psk; do
    start "$package" "$SSPI" listen --package "$package" --once --out "$tmp/in"
    exits 0 "a file signed by $package" "$SSPI" send --package "$package" "$address" - --name "$package" <"$tmp/file"
    await "$package"
    ok '... is verified by the listener' test "$code" = 0
    ok '... and the same' cmp "$tmp/file" "$tmp/in/$package"
done
start psk "$SSPI" listen --package psk --once --out "$tmp/in"
exits 0 'a file sealed by psk' "$SSPI" send --package psk --seal "$address" - --name sealed <"$tmp/file"
await psk
ok '... is opened by the listener' test "$code" = 0
ok '... and the same' cmp "$tmp/file" "$tmp/in/sealed"

# Whoever may write the module may not bring it in.
chmod g+w "$tmp/work/toy.so"
exits 0 'sspi packages' "$SSPI" packages
ok '... does not list what others may write' not out_has toy
SSPI_TRACE=$tmp/trace run "$SSPI" packages
ok '... and the trace says so' grep -q 'toy.so .*others may write it' "$tmp/trace"
finish
