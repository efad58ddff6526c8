#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The programs of examples/, and the copy of the first one that README.md shows.
. "$(dirname "$0")/tap.sh"

echo 'EXAMPLE:alice:Secret 1' >"$tmp/users"
export NTLM_USER_FILE=$tmp/users
exits 0 'sign-verify' "$SIGN_VERIFY"
printf 'sign:   0x00000000\nforged: 0x8009030f\nverify: 0x00000000\n' >"$tmp/expected"
ok '... signs, sees the forgery, verifies' diff "$tmp/expected" "$tmp/out"
exits 0 'sign-verify with Negotiate' "$SIGN_VERIFY" Negotiate
ok '... does the same' diff "$tmp/expected" "$tmp/out"
exits 0 'stale-handle' "$STALE_HANDLE"
ok '... is refused each time' test "$(grep -c SEC_E_INVALID_HANDLE "$tmp/out")" = 3
# shellcheck disable=SC2016 # Markdown's quotes
sed -n '/^```c$/,/^```$/p' "$SOURCE/README.md" | sed '1d;$d' >"$tmp/readme.c"
ok 'the program in README.md is that program' diff "$SOURCE/examples/sign-verify.c" "$tmp/readme.c"
# Kerberos, in a realm of the moment.
if "$SSPI" packages | grep -q '^Kerberos ' && PATH=$PATH:/usr/sbin command -v krb5kdc >/dev/null; then
    exits 0 'sign-verify with Kerberos' "$SOURCE/tests/krb5/with-realm" "$SIGN_VERIFY" Kerberos host/peer.example.test
    ok '... does the same' diff "$tmp/expected" "$tmp/out"
else
    echo '# no Kerberos here'
fi
unset NTLM_USER_FILE
printf '[ntlm]\naccounts = %s/none\n' "$tmp" >"$tmp/sspi.conf"
SSPI_CONFIG=$tmp/sspi.conf exits 1 'without accounts it fails' "$SIGN_VERIFY"
finish
