#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The library neither links with MIT's libraries nor knows the functions of theirs that protect messages; and a
# process that uses NTLM alone does not load them.
# usage: no-mit.sh LIBSSPI SSPI SIGN-VERIFY
set -euo pipefail
library=$1 program=$2 example=$3
readelf -d "$library" | grep -q 'libnettle' || { echo "no-mit: readelf shows no libraries at all"; exit 1; }
if readelf -d "$library" | grep -E 'NEEDED.*(gssapi|krb5|com_err|k5crypto)'; then
    echo "no-mit: $library links with Kerberos' libraries"
    exit 1
fi
if nm -D --undefined-only "$library" | grep -E ' (gss|krb5)_'; then
    echo "no-mit: $library takes Kerberos' functions from its surroundings"
    exit 1
fi
if grep -aE 'gss_(get_mic|verify_mic|wrap|unwrap)' "$library"; then
    echo "no-mit: $library asks for functions that protect messages"
    exit 1
fi
# Every package starts when they are listed; the library comes with the first credential, not before.
if LD_DEBUG=libs "$program" packages 2>&1 | grep -E 'calling init.*(gssapi|krb5)'; then
    echo "no-mit: MIT's libraries are loaded before anybody asked for Kerberos"
    exit 1
fi
accounts=$(mktemp)
trap 'rm -f "$accounts"' EXIT
echo 'EXAMPLE:alice:Secret 1' >"$accounts"
said=$(NTLM_USER_FILE=$accounts LD_DEBUG=libs "$example" NTLM 2>&1)
grep -q '^verify: 0x00000000$' <<<"$said" || { echo "no-mit: NTLM does not sign: $said"; exit 1; }
grep -q 'calling init.*libsspi' <<<"$said" || { echo "no-mit: LD_DEBUG says nothing"; exit 1; }
if grep -E 'calling init.*(gssapi|krb5)' <<<"$said"; then
    echo "no-mit: MIT's libraries are loaded for NTLM"
    exit 1
fi
