#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The accounts store through the command.
. "$(dirname "$0")/tap.sh"
store=$tmp/store
accounts() { run "$SSPI" accounts "$@" --store "$store"; }
is() { ok "$1: exit code $2" test "$code" = "$2"; }

accounts list
is 'a store that does not exist yet is empty' 0
accounts add 'EXAMPLE\alice' --password-stdin <<<'first password'
is 'add' 0
ok '... makes a store of mode 0600' test "$(stat -c %a "$store")" = 600
ok '... without the password in it' not grep -q first "$store"
accounts add 'EXAMPLE\alice' --password-stdin <<<'second password'
is 'adding it again' 1
ok '... says what to do' err_has replace
before=$(cat "$store")
accounts add 'example\ALICE' --password-stdin --replace <<<'second password'
is '... with --replace' 0
ok '... changes the hash' test "$before" != "$(cat "$store")"
accounts add bob --password-stdin <<<$'pass\r'
is 'an account of any domain, from a line with CR' 0
accounts add 'Größe\Ünal' --password-stdin <<<'Pässwort'
is 'names and passwords beyond ASCII' 0
accounts list
ok 'list has all three' lines 3 "$tmp/out"
ok '... one beyond ASCII' out_has 'Größe\Ünal'
ok '... one of any domain' grep -qx bob "$tmp/out"
accounts list --json
ok 'list --json as well' /usr/bin/python3 -c '
import json, sys
a = json.load(open(sys.argv[1]))
assert len(a) == 3 and {"domain": "", "user": "bob"} in a, a' "$tmp/out"
accounts remove bob
is 'remove' 0
accounts remove bob
is 'removing it again' 1
accounts add carol --password-stdin </dev/null
is 'no password at all' 5
ok '... is not added' not grep -qi carol "$store"
accounts add $'evil\nname' --password-stdin <<<x
is 'a name with a line break' 0
accounts list
ok '... is one line of the list' lines 3 "$tmp/out"
ok '... that a terminal can show' grep -qx 'evil?name' "$tmp/out"

printf '# people\nEXAMPLE:dave:with:colons\n\nEXAMPLE:erin:x\n' >"$tmp/users"
chmod 600 "$tmp/users"
accounts import "$tmp/users"
is 'import' 0
ok '... says how many' out_has '2 accounts imported'
accounts import /dev/stdin < <(printf 'PIPE:gina:x\n')
is 'import from a pipe' 0
ok '... reads to its end' out_has '1 account'
printf 'EXAMPLE:frank:x\nno colons here\n' >"$tmp/damaged"
chmod 600 "$tmp/damaged"
before=$(cat "$store")
accounts import "$tmp/damaged"
ok 'a damaged file is refused' test "$code" != 0
ok '... by name and line' err_has ':2'
ok '... and nothing of it is kept' test "$before" = "$(cat "$store")"
accounts import "$tmp/missing"
ok 'a file that is missing is an error' test "$code" != 0
accounts import "$tmp/users"
ok 'importing again without --replace is refused' test "$code" != 0
accounts import "$tmp/users" --replace
is '... and works with it' 0

chmod 644 "$store"
accounts list
is 'a store that others can read is refused' 5
ok '... with the reason' err_has "$store"
accounts add grace --password-stdin <<<x
is '... by add as well' 5
chmod 600 "$store"
run "$SSPI" accounts add grace --store "$tmp/no/such/folder/store" --password-stdin <<<x
is 'a folder that does not exist' 5
run setsid "$SSPI" accounts add grace --store "$store" </dev/null
is 'no terminal and no --password-stdin' 5
ok '... says how else' err_has --password-stdin
printf '[ntlm]\nacounts = /x\n' >"$tmp/broken.conf"
SSPI_CONFIG=$tmp/broken.conf run "$SSPI" accounts list
is 'a broken configuration' 5
ok '... is named with its line' err_has broken.conf:2
finish
