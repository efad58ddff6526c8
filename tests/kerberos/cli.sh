#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The command with Kerberos, in the realm of krb5/with-realm: --package, --keytab, --ccache, --target, and what inspect
# shows of tokens that python3-gssapi made.
# shellcheck disable=SC2154 # code is tap.sh's
. "$(dirname "$0")/../cli/tap.sh"
export PATH=$PATH:/usr/sbin:/sbin

service=$KRB5_KTNAME client=$KRB5_CLIENT_KTNAME
unset KRB5_KTNAME KRB5_CLIENT_KTNAME
export KRB5CCNAME=MEMORY:none KRB5RCACHENAME=none: SSPI_CONFIG=$tmp/sspi.conf
: >"$SSPI_CONFIG"
mkdir "$tmp/in"
head -c 100000 /dev/urandom >"$tmp/file"
listen=("$SSPI" listen --package Kerberos --out "$tmp/in")
send=("$SSPI" send --package Kerberos)
target=(--target host/peer.example.test)
received() { cmp "$tmp/file" "$tmp/in/$1"; }

exits 4 'a service without keys' "${listen[@]}"
ok '... is told so' err_has 'SEC_E_NO_CREDENTIALS'
start listener "${listen[@]}" --keytab "$service"

exits 0 'keys of the client' "${send[@]}" "$address" "${target[@]}" --keytab "$client" --name keys - <"$tmp/file"
ok '... the file is there' received keys
ok '... by whom is told' out_has 'user@EXAMPLE.TEST'
ok '... and how it was signed' out_has 'HMAC-SHA1-96'
kinit -k -t "$client" -c "FILE:$tmp/cache" user
exits 0 'tickets' "${send[@]}" "$address" "${target[@]}" --ccache "FILE:$tmp/cache" --seal --name tickets - <"$tmp/file"
ok '... the file is there' received tickets
ok '... it was sealed' out_has 'Kerberos AES256-CTS-HMAC-SHA1-96'
exits 0 'host@ and realm' "${send[@]}" "$address" --target host@peer.example.test --ccache "FILE:$tmp/cache" "$tmp/file"
exits 0 'with the realm' "${send[@]}" "$address" --target host/peer.example.test@EXAMPLE.TEST \
    --ccache "FILE:$tmp/cache" "$tmp/file"
exits 4 'no tickets' "${send[@]}" "$address" "${target[@]}" "$tmp/file"
ok '... is told so' err_has 'SEC_E_NO_CREDENTIALS'
exits 4 'nobody of that name' "${send[@]}" "$address" --target host/nobody.example.test@EXAMPLE.TEST \
    --ccache "FILE:$tmp/cache" "$tmp/file"
ok '... is told so' err_has 'SEC_E_TARGET_UNKNOWN'
stop listener

# ---- inspect ----

make_tokens() {
    KRB5_KTNAME=$service KRB5CCNAME=FILE:$tmp/cache /usr/bin/python3 - "$tmp" <<'END'
import pathlib
import sys

import gssapi

folder = pathlib.Path(sys.argv[1])
name = gssapi.Name('host@peer.example.test', gssapi.NameType.hostbased_service)
client = gssapi.SecurityContext(name=name, usage='initiate')
server = gssapi.SecurityContext(usage='accept')
request = client.step()
reply = server.step(request)
client.step(reply)
for what, token in (('request', request), ('reply', reply), ('mic', client.get_signature(b'a message')),
                    ('wrap', server.wrap(b'a message', True).message)):
    folder.joinpath(what).write_bytes(token)
END
}
shows() {
    local what=$1 text
    shift
    exits 0 "inspect: $what" "$SSPI" inspect "$tmp/$what"
    for text in "$@"; do ok "... $text" out_has "$text"; done
}
if /usr/bin/python3 -c 'import gssapi' 2>/dev/null; then
    ok 'python3-gssapi makes tokens' make_tokens
    shows request 'TOK_ID: KRB_AP_REQ' 'thisMech: 1.2.840.113554.1.2.2' 'msg-type: 14' 'EXAMPLE.TEST'
    shows reply 'TOK_ID: KRB_AP_REP' 'msg-type: 15'
    shows mic 'MIC: RFC 4121' 'SND_SEQ'
    shows wrap 'Wrap: RFC 4121' 'SentByAcceptor Sealed AcceptorSubkey' 'RRC: 0'
else
    echo '# no python3-gssapi here'
fi
finish
