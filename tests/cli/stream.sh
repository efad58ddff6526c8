#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sspi listen and sspi send with each other, by the package in PACKAGE or the one that both take by themselves.
# shellcheck disable=SC2094,SC2317 # files are only read; functions that ok calls
. "$(dirname "$0")/tap.sh"

# equal FILE NAME...: what was received under each name is that file.
equal() {
    local file=$1 name
    shift
    for name in "$@"; do cmp "$file" "$tmp/in/$name" || return 1; done
}
with_accounts
listen=("$SSPI" listen)
as=("$SSPI" send)
if [[ ${PACKAGE-} ]]; then
    listen+=(--package "$PACKAGE")
    as+=(--package "$PACKAGE")
    sender+=(--package "$PACKAGE")
fi
mkdir "$tmp/in"
head -c 300000 /dev/urandom >"$tmp/big"
echo 'a line' >"$tmp/small"
: >"$tmp/empty"

# ---- files of all sizes, signed and sealed ----

start listener "${listen[@]}" --out "$tmp/in"
exits 0 'three files' "${sender[@]}" "$address" "$tmp/big" "$tmp/small" "$tmp/empty"
for file in big small empty; do ok "... $file is equal" equal "$tmp/$file" "$file"; done
ok '... who sent them is told' out_has 'EXAMPLE\alice'
ok '... how they were signed' out_has 'signed with HMAC-MD5'
ok '... where they are' out_has 'kept as big'
ok '... and nothing on stderr' err_empty
exits 0 'sealed, in records of 1000 bytes' "${sender[@]}" "$address" --seal --record 1000 - --name sealed <"$tmp/big"
ok '... is equal' equal "$tmp/big" sealed
ok '... and was encrypted' out_has 'sealed with RSADSI RC4'
exits 0 'the largest records' "${sender[@]}" "$address" --record 1048575 - --name largest <"$tmp/big"
ok '... are equal' equal "$tmp/big" largest
exits 0 'records of one byte' "${sender[@]}" "$address" --record 1 "$tmp/small" - --name bytes <"$tmp/small"
ok '... are equal' equal "$tmp/small" bytes
ok 'a name that is taken gets a number' equal "$tmp/small" small.1
{ echo 'Secret 1' && cat "$tmp/big"; } >"$tmp/password-and-file"
exits 0 'password and file from standard input' "${as[@]}" "$address" - --name both \
    --user 'EXAMPLE\alice' --password-stdin <"$tmp/password-and-file"
ok '... are told apart' equal "$tmp/big" both
exits 0 '--quiet' "${sender[@]}" "$address" --quiet "$tmp/small"
ok '... says nothing' out_empty
ok '... nowhere' err_empty

# ---- many at once ----

senders=()
for n in 1 2 3 4 5 6 7 8; do
    "${sender[@]}" "$address" --quiet --record 500 - --name "many-$n" <"$tmp/big" &
    senders+=("$!")
done
all=0
for pid in "${senders[@]}"; do wait "$pid" || all=1; done
ok 'eight senders at once' test "$all" = 0
ok '... all equal' equal "$tmp/big" many-{1..8}

# ---- names that want to go elsewhere ----

for name in ../escaped /etc/escaped '..' '.hidden' $'new\nline' $'esc\033[31m' 'back\slash' $'bro\xffken' \
    "$(printf 'x%.0s' {1..255})"; do
    exits 0 "a file called $(printf %q "${name:0:20}")" "${sender[@]}" "$address" --quiet - --name "$name" <"$tmp/small"
done
ok '... stay in the folder' equal "$tmp/small" _._escaped _etc_escaped _. _hidden new_line back_slash bro_ken
ok '... and go nowhere else' test ! -e "$tmp/escaped"
ok '... as plain files without leading dots' test "$(find "$tmp/in" -mindepth 1 \( -name '.*' -o ! -type f \) | wc -l)" = 0
find "$tmp/in" >"$tmp/names"
ok '... and without control characters' not grep -q '[[:cntrl:]]' "$tmp/names"
exits 2 'a name of 256 bytes is not sent' "${sender[@]}" "$address" - --name "$(printf 'x%.0s' {1..256})" <"$tmp/small"

# ---- what goes wrong here ----

exits 5 'a file that is missing' "${sender[@]}" "$address" "$tmp/missing"
ok '... is named' err_has "$tmp/missing"
exits 5 'a folder' "${sender[@]}" "$address" "$tmp/in"
exits 2 'standard input twice' "${sender[@]}" "$address" - - <"$tmp/small"
exits 4 'a wrong password' "${as[@]}" "$address" "$tmp/small" --user 'EXAMPLE\alice' --password-stdin <<<'Secret 2'
ok '... status' err_has SEC_E_LOGON_DENIED
cp "$tmp/err" "$tmp/wrong"
exits 4 'an unknown user' "${as[@]}" "$address" "$tmp/small" --user 'EXAMPLE\nobody' --password-stdin <<<'Secret 1'
ok '... is told the same' cmp "$tmp/wrong" "$tmp/err"
exits 4 'no credentials' "${as[@]}" "$address" "$tmp/small"
ok '... status' err_has SEC_E_NO_CREDENTIALS
exits 2 'a package that does not exist' "${sender[@]}" "$address" "$tmp/small" --package NoSuch
exits 2 '... at the listener' "$SSPI" listen --package NoSuch
exits 5 'a folder to keep that does not exist' "$SSPI" listen --out "$tmp/nowhere"
exits 3 'an address that does not exist' "$SSPI" listen --host 192.0.2.1
exits 3 'a port that is taken' "$SSPI" listen --port "${address##*:}"

stop listener
ok 'SIGTERM ends the listener with 0' test "$code" = 0
ok '... and a summary' grep -qE '^[0-9]+ clients, [0-9]+ authenticated, [0-9]+ failed or refused; ' "$tmp/listener.out"
ok '... a line per message' listener_has listener 'verified message 1: data big (65536 bytes)'
ok '... that tells the truth about names' listener_has listener '(the name was taken)'
ok '... and no control characters' not grep -q '[[:cntrl:]]' "$tmp/listener.out"
exits 3 'nobody listens any more' "${sender[@]}" "$address" "$tmp/small"

# ---- --once, --overwrite, --quiet, SIGINT, limits, bindings ----

start once "${listen[@]}" --once --out "$tmp/in" --overwrite --quiet
exits 0 'a listener for one' "${sender[@]}" "$address" "$tmp/big" - --name small <"$tmp/big"
await once
ok '... ends with 0' test "$code" = 0
ok '... has overwritten' equal "$tmp/big" small big
ok '... and numbered nothing' test ! -e "$tmp/in/big.1"
ok '... quietly' not listener_has once 'verified message'
printf '[ntlm]\naccounts = %s\n' "$tmp/nobody" >"$tmp/nobody.conf"
SSPI_CONFIG=$tmp/nobody.conf start once "${listen[@]}" --once
ok 'a store without accounts is mentioned' grep -q 'sspi accounts add' "$tmp/once.err"
exits 4 'nobody is there' "${sender[@]}" "$address" "$tmp/small"
await once
start once "${listen[@]}" --once
exits 4 'a listener for one, and a wrong password' "${as[@]}" "$address" "$tmp/small" --user x --password-stdin <<<y
await once
ok '... ends with 4' test "$code" = 4
start listener "${listen[@]}" --max-file 1000 --channel-bindings 'tls-server-end-point:x'
exits 1 'a file that is too large' "${sender[@]}" "$address" "$tmp/big" --channel-bindings 'tls-server-end-point:x'
ok '... is refused with the limit, at its beginning' err_has 'big has 300000 bytes, this listener takes 1000'
exits 1 '... also from a pipe' "${sender[@]}" "$address" - --channel-bindings 'tls-server-end-point:x' <"$tmp/big"
exits 4 'other channel bindings' "${sender[@]}" "$address" "$tmp/small" --channel-bindings 'tls-server-end-point:y'
ok '... status' err_has SEC_E_BAD_BINDINGS
exits 0 'the right ones' "${sender[@]}" "$address" "$tmp/small" --channel-bindings 'tls-server-end-point:x'
stop listener INT
ok 'SIGINT ends the listener with 0' test "$code" = 0

mkdir "$tmp/readonly"
start listener "${listen[@]}" --out "$tmp/readonly"
rmdir "$tmp/readonly"
exits 1 'a folder that went away' "${sender[@]}" "$address" "$tmp/small" "$tmp/big"
ok '... for both files' test "$(grep -c 'did not keep' "$tmp/err")" = 2
stop listener

# ---- attacks that the demo has, against records of one kind ----

start listener "${listen[@]}" --out "$tmp/in"
listener=$address
for attack in flip:SEC_E_MESSAGE_ALTERED replay:SEC_E_OUT_OF_SEQUENCE swap:SEC_E_OUT_OF_SEQUENCE drop:SEC_E_OUT_OF_SEQUENCE; do
    for record in 0 1 4; do
        start relay "$RELAY" "$listener" "${attack%:*}" "$record"
        exits 1 "${attack%:*} of record $record" "${sender[@]}" "$address" - --name attacked --record 10K <"$tmp/big"
        ok "... is ${attack#*:}" err_has "${attack#*:}"
        await relay
    done
done
start relay "$RELAY" "$listener" none
exits 0 'a relay that does nothing' "${sender[@]}" "$address" - --name harmless <"$tmp/big"
await relay
start relay "$RELAY" "$listener" cut 3
exits 3 'a connection that is cut' "${sender[@]}" "$address" - --name attacked --record 10K <"$tmp/big"
await relay
ok 'nothing attacked was kept' test ! -e "$tmp/in/attacked"
ok '... and what was not attacked was' equal "$tmp/big" harmless
stop listener
ok '... and no pieces are left' test "$(find "$tmp/in" -name '.sspi*' | wc -l)" = 0
finish
