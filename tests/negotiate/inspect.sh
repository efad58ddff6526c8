#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sspi inspect on SPNEGO: tokens of real conversations as trees, against outputs kept here; and what send and listen take by
# themselves.
. "$SOURCE/tests/cli/tap.sh"
tokens=$(dirname "$0")/tokens

inspect() { run "$SSPI" inspect "$@"; }

# A build without Kerberos does not look into its tokens.
kerberos=
if "$SSPI" packages | grep -q '^Kerberos '; then kerberos=1; fi

for golden in "$tokens"/*.txt; do
    name=$(basename "$golden" .txt)
    [[ $name != kerberos* || $kerberos ]] || continue
    inspect --offsets "${golden%.txt}.hex"
    ok "$name: exit code 0" test "$code" = 0
    ok "$name: every field as kept" diff -u "$golden" "$tmp/out"
    /usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' <"${golden%.txt}.hex" >"$tmp/binary"
    inspect --offsets < <(echo "WWW-Authenticate: Negotiate $(base64 -w 0 "$tmp/binary")")
    ok "$name: a header of HTTP" cmp -s "$golden" "$tmp/out"
    head -c -1 "$tmp/binary" >"$tmp/short"
    inspect "$tmp/short"
    ok "$name: a byte less is damage" test "$code" = 1
done

inspect "$tokens/kerberos-init.hex"
ok 'the list' out_has "mechType: 1.2.840.48018.1.2.2 Kerberos (Microsoft's number)"
if [[ $kerberos ]]; then
    ok 'the AP-REQ inside' out_has 'TOK_ID: KRB_AP_REQ'
    ok '... and what is inside that' out_has 'name-string: host'
    inspect "$tokens/kerberos-resp.hex"
    ok 'the AP-REP inside' out_has 'TOK_ID: KRB_AP_REP'
fi
inspect "$tokens/ntlm-init.hex"
ok 'the NEGOTIATE message inside' out_has 'NTLMSSP_NEGOTIATE_KEY_EXCH'
inspect "$tokens/ntlm-mic.hex"
ok 'the signature of the list' out_has 'NTLMSSP_MESSAGE_SIGNATURE'
inspect "$tokens/hints.hex"
ok 'an acceptor that speaks first' out_has 'NegTokenInit2'

# Nobody says --package: it is Negotiate at both ends.
with_accounts
mkdir "$tmp/kept"
start listener env SSPI_TRACE="$tmp/trace" "$SSPI" listen --once --out "$tmp/kept"
echo text >"$tmp/text"
run env SSPI_TRACE="$tmp/sender-trace" "${sender[@]}" "$address" "$tmp/text"
ok 'send without --package' test "$code" = 0
await listener
ok "listen without --package" test "$code" = 0
ok 'send takes Negotiate' grep -q ' secur32 initialize package=Negotiate ' "$tmp/sender-trace"
ok 'listen takes Negotiate' grep -q ' secur32 accept package=Negotiate ' "$tmp/trace"
ok '... which offers' grep -q ' negotiate offered ' "$tmp/sender-trace"
ok '... and chooses' grep -q ' negotiate chosen ' "$tmp/trace"
for command in listen send; do
    run "$SSPI" "$command" --help
    ok "$command says so" out_has 'default Negotiate'
done
finish
