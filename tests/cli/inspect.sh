#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The published messages of Chromium's NTLM tests (net/ntlm/ntlm_test_data.h) as trees, against outputs kept here.
. "$(dirname "$0")/tap.sh"
here=$(dirname "$0")

inspect() { run "$SSPI" inspect "$@"; }
binary() { /usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))'; }

for message in negotiate challenge authenticate; do
    golden=$here/$message.txt
    inspect --offsets "$here/$message.hex"
    ok "$message: exit code 0" test "$code" = 0
    ok "$message: every field as kept" diff -u "$golden" "$tmp/out"
    binary <"$here/$message.hex" >"$tmp/binary"
    for how in '' --binary; do
        # shellcheck disable=SC2086 # an option or none
        inspect --offsets $how "$tmp/binary"
        ok "$message: binary ${how:-found out}" cmp -s "$golden" "$tmp/out"
    done
    base64 "$tmp/binary" >"$tmp/base64"
    inspect --offsets - <"$tmp/base64"
    ok "$message: base64 found out, from stdin" cmp -s "$golden" "$tmp/out"
    inspect --offsets --base64 <"$tmp/base64"
    ok "$message: base64 said, no FILE is stdin" cmp -s "$golden" "$tmp/out"
    inspect --offsets < <(echo "Authorization: NTLM $(base64 -w 0 "$tmp/binary")")
    ok "$message: a header of HTTP" cmp -s "$golden" "$tmp/out"
    inspect --offsets < <(sed 's/../0x&:/;s/:/ /' "$here/$message.hex")
    ok "$message: hex with 0x and blanks" cmp -s "$golden" "$tmp/out"
done

# Each beginning of a message is damaged and said to be, and none takes the program down.
size=$(stat -c %s "$tmp/binary")
worst=0
for ((n = 8; n < size; n += 7)); do
    head -c "$n" "$tmp/binary" >"$tmp/short"
    inspect "$tmp/short"
    ((code == 1)) || worst=$code
done
ok 'messages that end early: exit code 1' test "$worst" = 0
head -c 80 "$tmp/binary" >"$tmp/short"
inspect "$tmp/short"
ok '... with a status' err_has SEC_E_INVALID_TOKEN
inspect --hex < <(echo 4e544c4d5)
ok 'half a byte of hex is an error' test "$code" = 1
inspect --hex < <(echo 4e5x)
ok '... and so is another letter' test "$code" = 1
ok '... which is named' err_has 'byte 3'
inspect --base64 < <(echo 'TlRM!')
ok 'broken base64 is an error' test "$code" = 1
inspect </dev/null
ok 'an empty input is no token' test "$code" = 1
head -c 100 /dev/zero >"$tmp/zeros"
inspect "$tmp/zeros"
ok 'zeros are no token' test "$code" = 1
ok '... of any kind' err_has 'no kind of token'
inspect "$tmp/missing"
ok 'a file that is missing is exit code 5' test "$code" = 5
head -c 1048577 /dev/zero >"$tmp/huge"
inspect "$tmp/huge"
ok 'a megabyte is no token' test "$code" = 5
finish
