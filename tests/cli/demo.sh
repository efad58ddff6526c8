#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The demo as a whole by the package in PACKAGE (default NTLM), with a file of its own; and that it notices when something
# is wrong.
. "$(dirname "$0")/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
package=${PACKAGE:-NTLM}

"$SSPI" packages | grep -q "^$package " || { echo "1..0 # SKIP no $package in this build" && exit 0; }
if [[ $package == Kerberos ]] && ! { command -v krb5kdc && command -v kadmin.local; } >/dev/null; then
    echo '1..0 # SKIP no krb5kdc and kadmin.local' && exit 0
fi

head -c 100000 /dev/urandom >"$tmp/a file"
TMPDIR=$tmp exits 0 'the demo' "$SOURCE/tools/demo" --package "$package" "$tmp/a file"
ok '... has no word of a fault' not out_has WRONG
ok '... and nothing on stderr' err_empty
for status in SEC_E_MESSAGE_ALTERED SEC_E_OUT_OF_SEQUENCE SEC_E_LOGON_DENIED SEC_E_INVALID_HANDLE; do
    ok "... met $status" out_has "$status"
done
ok '... leaves nothing behind' test "$(find "$tmp" -maxdepth 1 -name 'sspi-demo*' | wc -l)" = 0
exits 2 'a package that it has no accounts for' "$SOURCE/tools/demo" --package NoSuch
exits 5 'a file that is missing' "$SOURCE/tools/demo" "$tmp/missing"

# A listener that verifies nothing stands for a broken library: the demo must say so.
mkdir -p "$tmp/build/src/cli" "$tmp/build/tools" "$tmp/build/examples"
ln -s "$SSPI" "$tmp/build/src/cli/sspi"
ln -s "$STALE_HANDLE" "$tmp/build/examples/stale-handle"
cat >"$tmp/build/tools/demo-relay" <<END
#!/bin/sh
exec "$RELAY" "\$1" none
END
chmod +x "$tmp/build/tools/demo-relay"
SSPI_BUILD=$tmp/build TMPDIR=$tmp exits 1 'attacks that do not happen are noticed' "$SOURCE/tools/demo" --package "$package" "$tmp/a file"
ok '... row by row' test "$(grep -c WRONG "$tmp/out")" -ge 6
ok '... and nothing is left behind' test "$(find "$tmp" -maxdepth 1 -name 'sspi-demo*' | wc -l)" = 0
finish
