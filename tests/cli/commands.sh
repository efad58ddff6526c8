#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Usage, help, packages and status.
. "$(dirname "$0")/tap.sh"

exits 2 'without a command' "$SSPI"
ok '... lists the commands on stderr' err_has 'inspect'
exits 2 'an unknown command' "$SSPI" frobnicate
ok '... is named' err_has "there is no command 'frobnicate'"
exits 0 '--version' "$SSPI" --version
ok '... names program and library' grep -qE '^sspi [0-9.]+ \(libsspi [0-9.]+\)$' "$tmp/out"
exits 0 '--help' "$SSPI" --help
for command in packages accounts listen send inspect kernel status; do
    exits 0 "$command --help" "$SSPI" "$command" --help
    ok "... begins with its usage, on stdout" grep -q "^Usage: sspi $command" "$tmp/out"
    exits 2 "$command with an unknown option" "$SSPI" "$command" --frobnicate
    ok '... says which' err_has frobnicate
    ok '... and where help is' err_has --help
    exits 0 "help $command" "$SSPI" help "$command"
done
exits 2 'help of nothing that exists' "$SSPI" help frobnicate
exits 2 'packages with an argument' "$SSPI" packages x
exits 2 'status without one' "$SSPI" status
exits 2 'inspect with two files' "$SSPI" inspect a b
exits 2 'accounts without a verb' "$SSPI" accounts
exits 2 'accounts with an unknown verb' "$SSPI" accounts frobnicate
exits 2 'accounts add without a name' "$SSPI" accounts add
exits 2 'accounts list with an argument' "$SSPI" accounts list x
exits 2 'accounts add with an empty user' "$SSPI" accounts add "EXAMPLE\\" --password-stdin
exits 2 'send without an address' "$SSPI" send
exits 2 'send without a port' "$SSPI" send localhost x
exits 2 'send with a naked IPv6 address' "$SSPI" send ::1:7 x
exits 2 'send without files' "$SSPI" send localhost:1
exits 2 'a record of 0 bytes' "$SSPI" send localhost:1 x --record 0
exits 2 'a record of 1M' "$SSPI" send localhost:1 x --record 1M
ok '... says what may be' err_has 1048575
exits 2 'a port that is none' "$SSPI" listen --port 65536
exits 2 'seats that are none' "$SSPI" listen --max-clients 0
exits 2 '--password-stdin without --user' "$SSPI" send localhost:1 x --password-stdin

exits 0 'packages' "$SSPI" packages
ok '... has NTLM, which signs and seals' grep -qE '^NTLM +10 .*integrity privacy' "$tmp/out"
exits 0 'packages --json' "$SSPI" packages --json
ok '... is JSON with the same' /usr/bin/python3 -c '
import json, sys
ntlm = [p for p in json.load(open(sys.argv[1])) if p["name"] == "NTLM"][0]
assert ntlm["rpc_id"] == 10 and "integrity" in ntlm["capabilities"]' "$tmp/out"

for word in 0x8009030C 0X8009030c 2148074252 -2146893044 SEC_E_LOGON_DENIED sec_e_logon_denied logon_denied; do
    exits 0 "status $word" "$SSPI" status "$word"
    ok '... is SEC_E_LOGON_DENIED' grep -q '^SEC_E_LOGON_DENIED  0x8009030C  -2146893044$' "$tmp/out"
done
ok '... with what happened and what to do' test "$(wc -l <"$tmp/out")" = 3
exits 0 'two statuses' "$SSPI" status 0 0x90312
ok '... give the one' out_has SEC_E_OK
ok '... and the other' out_has SEC_I_CONTINUE_NEEDED
exits 1 'a status that nobody has named' "$SSPI" status 0x8ABCDEF1
exits 1 'a word that is no status' "$SSPI" status $'no\033[31msuch'
ok '... reaches no terminal as it is' not grep -q $'\033' "$tmp/err"
exits 1 'a number beyond 32 bits' "$SSPI" status 0x180090300
# A full disk is an error, not silence.
if [[ -w /dev/full ]]; then
    code=0
    "$SSPI" packages >/dev/full 2>"$tmp/err" || code=$?
    ok 'output that cannot be written is exit code 5' test "$code" = 5
fi
finish
