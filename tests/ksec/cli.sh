#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `sspi kernel` where the kernel has no such module (./run kernel has one).
. "$(dirname "$0")/../cli/tap.sh"

exits 2 'kernel without a verb' "$SSPI" kernel
exits 2 'an unknown verb' "$SSPI" kernel frobnicate
ok '... is named' err_has frobnicate
exits 2 'sign without a key' "$SSPI" kernel sign
exits 2 'sign with a key that is none' "$SSPI" kernel sign @s
exits 2 'verify without a signature' "$SSPI" kernel verify 5
ok '... says what is missing' err_has --signature
exits 2 'a signature with half a byte' "$SSPI" kernel verify 5 --signature 012
exits 2 'a signature that is not hexadecimal' "$SSPI" kernel verify 5 --signature 0g
exits 2 'a keyring that is none' "$SSPI" kernel load-context --keyring @x
ok '... is named' err_has @x
exits 2 'keyring 0' "$SSPI" kernel load-context --keyring 0
exits 2 'a number beyond 32 bits' "$SSPI" kernel sign 5 --number 4294967296
exits 2 'two files' "$SSPI" kernel load-context a b

exits 5 'a file that is not there' "$SSPI" kernel load-context "$tmp/none"
umask 077
for package in NTLM Kerberos; do
    "$WRITE_CONTEXT" $package initiator >"$tmp/$package"
    ok "a packed context of $package" test -s "$tmp/$package"
    "$SSPI" packages | grep -q "^$package " || continue # not in this build
    run "$SSPI" kernel load-context --keyring @p "$tmp/$package"
    ok '... is refused by this kernel, or taken' test "$code" = 5 -o "$code" = 0
    if [[ $code == 5 ]]; then
        ok '... which has no such module, and how to load it' grep -qE 'modprobe ssp_ksec|did not allow' "$tmp/err"
        ok '... with its status' grep -qE 'SEC_E_UNSUPPORTED_FUNCTION|STATUS_ACCESS_DENIED' "$tmp/err"
        ok '... and nothing on stdout' out_empty
    fi
done
run "$SSPI" kernel load-context --keyring @p --package NTLM - <"$tmp/NTLM"
ok 'from standard input, by name' test "$code" = 5 -o "$code" = 0
exits 1 'a context of another package' "$SSPI" kernel load-context --package Kerberos "$tmp/NTLM"
chmod 644 "$tmp/NTLM"
exits 5 'one that others may read' "$SSPI" kernel load-context "$tmp/NTLM"
ok '... and what to do' err_has 'chmod 600'
head -c 1000 "$tmp/Kerberos" | head -c 100 >"$tmp/cut"
exits 1 'a packed context cut short' "$SSPI" kernel load-context "$tmp/cut"
exits 1 'an empty one' "$SSPI" kernel load-context /dev/null

run "$SSPI" kernel sign 2147483000 /dev/null
ok 'a key that is not there: exit code 5' test "$code" = 5
ok '... says so' grep -qE 'no such key|modprobe|did not allow' "$tmp/err"
ok '... and nothing on stdout' out_empty
run "$SSPI" kernel verify 2147483000 --signature 01AB /dev/null
ok 'verifying with it, likewise' test "$code" = 5
head -c 65536 /dev/zero >"$tmp/long"
exits 5 'a message of 65536 bytes' "$SSPI" kernel sign 5 "$tmp/long"
ok '... says how many there may be' err_has 65535
finish
