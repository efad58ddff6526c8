#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Clients that speak anything but the protocol, or nothing. The listener answers, lives on and serves the others.
# shellcheck disable=SC2317 # functions that ok calls
. "$(dirname "$0")/tap.sh"
with_accounts
sender+=(--package NTLM)
echo 'a line' >"$tmp/small"
start listener "$SSPI" listen --package NTLM --max-clients 6 --timeout 1

# talk BYTES-AS-PRINTF: connects, says that, and reads until the listener has closed; its answer in $tmp/answer.
talk() {
    local fd
    # shellcheck disable=SC2059 # the format is the message
    exec {fd}<>"/dev/tcp/${address%:*}/${address##*:}" && printf "$1" >&"$fd" && cat <&"$fd" >"$tmp/answer"
    exec {fd}>&-
}
alive() {
    "${sender[@]}" "$address" --quiet "$tmp/small" 2>"$tmp/err"
}
# answers STATUS: a frame of that status and some text, and nothing else.
answers() {
    local said
    said=$(od -An -v -tx1 "$tmp/answer" | tr -d ' \n')
    [[ $said =~ ^03([0-9a-f]{6})$1 && $((16#${BASH_REMATCH[1]} * 2 + 8)) == "${#said}" ]] || { echo "$said" && return 1; }
}
illegal=80090326

talk 'GET / HTTP/1.1\r\n\r\n'
ok 'a web browser is told, in a frame of status' answers "$illegal"
ok '... and the listener lives' alive
talk "$(printf 'GET / HTTP/1.1 %0100000d' 0)"
ok '... also one that talks much, before the connection is reset' answers "$illegal"
talk '\x01\xff\xff\xff'
ok 'a length of 16 MiB is refused before it comes' answers "$illegal"
talk '\x02\x00\x00\x04abcd'
ok 'a token without a greeting' answers "$illegal"
talk '\x04\x00\x00\x04abcd'
ok 'a record without a greeting' answers "$illegal"
talk '\x01\x00\x00\x05SSP1\x00'
ok 'a greeting that is too short' answers "$illegal"
talk '\x01\x00\x00\x06SSP1\x00\xff'
ok 'a greeting with a length that lies' answers "$illegal"
talk '\x01\x00\x00\x0aSSP1\xfe\x04NTLM'
ok 'a greeting with unknown flags' answers "$illegal"
talk '\x01\x00\x00\x0aSSP1\x00\x04NTL\x00'
ok 'a greeting with another package' answers 80090305
talk '\x01\x00\x00\x0aSSP1\x00\x04NTLM\x02\x00\x00\x04abcd'
ok 'a token that is none' answers 80090308
talk '\x01\x00\x00\x0aSSP1\x00\x04NTLM\x02\x00\x00\x00'
ok 'an empty token' answers 80090308
talk '\x01\x00\x00\x0aSSP1\x00\x04NTLM\x03\x00\x00\x04\x00\x00\x00\x00'
ok 'a status in the middle of the handshake' answers "$illegal"
talk '\x03\x00\x00\x04\x80\x09\x03\x08'
talk '\x03\x00\x00\x01\x80'
ok 'bad news from a client does no harm' alive
# Clients with an account and genuine signatures.
listener=$address
mkdir "$tmp/in"
start keeper "$SSPI" listen --package NTLM --out "$tmp/in"
keeper=$address
hostile() {
    # Each of these ends in SEC_E_ILLEGAL_MESSAGE unless it says otherwise: genuine, but it makes no sense.
    local expected=SEC_E_ILLEGAL_MESSAGE
    case $1 in
    empty-token) expected=SEC_E_INVALID_TOKEN ;;
    dummy-signature | own-message-back) expected='SEC_E_(MESSAGE_ALTERED|OUT_OF_SEQUENCE)' ;;
    esac
    NTLM_USER_FILE=$tmp/sender "$HOSTILE" "$keeper" "$1" >"$tmp/out" 2>"$tmp/err" && grep -qxE "$expected" "$tmp/out"
}
for case in $("$HOSTILE"); do ok "an authenticated client: $case" hostile "$case"; done
address=$keeper
ok '... and the listener lives' alive
stop keeper
ok '... and ends as asked' test "$code" = 0
# own-message-back is the only one that sent a whole file before it misbehaved.
ok '... and kept nothing but whole files' test "$(find "$tmp/in" -mindepth 1 -printf '%f\n' | sort | xargs)" = 'a small'
address=$listener

head -c 200000 /dev/urandom >"$tmp/noise"
for _ in 1 2 3; do
    # The listener may hang up before the noise is over.
    (trap '' PIPE && exec 7<>"/dev/tcp/${address%:*}/${address##*:}" && cat "$tmp/noise" >&7) 2>/dev/null
done
ok 'noise does no harm' alive

# Clients that connect and say nothing, or half of something.
for _ in 1 2 3; do
    exec {fd}<>"/dev/tcp/${address%:*}/${address##*:}"
    half+=("$fd")
done
for fd in "${half[@]}"; do printf '\x01\x00' >&"$fd"; done
ok 'three silent clients, and others are served' alive
for _ in 1 2 3; do
    exec {fd}<>"/dev/tcp/${address%:*}/${address##*:}"
    half+=("$fd")
done
exec {fd}<>"/dev/tcp/${address%:*}/${address##*:}"
cat <&"$fd" >"$tmp/answer"
ok 'when all seats are taken the next one is told' answers 80090300
exec {fd}>&-
for fd in "${half[@]}"; do exec {fd}>&-; done

# An authenticated client that falls silent (the pipe stays open) loses its seat, and its file is not kept.
mkfifo "$tmp/slow"
exec 8<>"$tmp/slow"
echo 'begun' >&8
SECONDS=0
exits 1 'an authenticated client that falls silent' "${sender[@]}" "$address" - <&8
ok '... hears it after a second, not a minute' test "$SECONDS" -lt 20
ok '... hears why' err_has 'timed out'
exec 8>&-
# The seats of those who left become free as soon as the listener has noticed; the one above waited for it.
ok 'and the listener lives on' alive
stop listener
ok 'it ends as asked' test "$code" = 0
ok '... having told everything' listener_has listener 'does not speak this protocol'

# Clients that take all seats and always say one byte more: one deadline for the whole authentication frees them.
start listener "$SSPI" listen --package NTLM --max-clients 2 --auth-timeout 2
drip() {
    (
        trap '' PIPE
        exec 7<>"/dev/tcp/${address%:*}/${address##*:}" && printf '\x01\x00\xff\xff' >&7
        while printf x >&7; do IFS= read -r -n 1 -t 0.3 <&7 && exit; done
    ) 2>/dev/null
}
SECONDS=0
drip & first=$!
drip & second=$!
wait "$first" "$second"
ok 'clients that never stop beginning are ended' test "$SECONDS" -lt 20
ok '... and others are served' alive
stop listener
ok '... with the reason' listener_has listener 'timed out'

# A signal ends it also while clients hang on.
start listener "$SSPI" listen --package NTLM
exec {fd}<>"/dev/tcp/${address%:*}/${address##*:}"
IFS= read -r -n 1 -t 0 <&"$fd" || true
stop listener
ok 'a signal ends it while a client hangs on' test "$code" = 0
exec {fd}>&-
finish
