# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2317 # for those who read this in
# What the shell tests of the command share: TAP, a temporary folder, processes that are ended by their id, and a
# listener that is waited for by reading its first line. Expects the programs in SSPI, RELAY and SOURCE (root of the tree).

set -u
unset SSPI_CONFIG SSPI_TRACE NTLM_USER_FILE
tmp=$(mktemp -d "${TMPDIR:-/tmp}/sspi-test.XXXXXX") || exit 99
pids=()
count=0
failures=0

# shellcheck disable=SC2317 # called by the trap
cleanup() {
    local pid
    for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
    rm -rf "$tmp"
}
trap cleanup EXIT

# ok TITLE COMMAND...: a test that passes when COMMAND succeeds.
ok() {
    local title=$1
    shift
    count=$((count + 1))
    if "$@" >"$tmp/said" 2>&1; then
        echo "ok $count - $title"
        return
    fi
    echo "not ok $count - $title"
    failures=$((failures + 1))
    sed 's/^/#   /' "$tmp/said" "$tmp/out" "$tmp/err" 2>/dev/null
}

finish() {
    echo "1..$count"
    ((failures == 0))
    exit
}

# run COMMAND...: its output in $tmp/out and $tmp/err, its exit code in $code.
run() {
    code=0
    "$@" >"$tmp/out" 2>"$tmp/err" || code=$?
}

# exits CODE TITLE COMMAND...
exits() {
    local expected=$1 title=$2
    shift 2
    run "$@"
    ok "$title: exit code $expected" test "$code" = "$expected"
    [[ $code == "$expected" ]] || echo "#   it was $code"
}

# What ok is given: short questions.
out_has() { grep -qF -- "$1" "$tmp/out"; }
err_has() { grep -qF -- "$1" "$tmp/err"; }
out_empty() { [[ ! -s $tmp/out ]]; }
err_empty() { [[ ! -s $tmp/err ]]; }
not() { ! "$@"; }
lines() { [[ $(wc -l <"$2") == "$1" ]]; }

# with_accounts: a configuration of its own, the account EXAMPLE\alice with the password "Secret 1", and sender=(env ...).
with_accounts() {
    export SSPI_CONFIG=$tmp/sspi.conf
    printf '[ntlm]\naccounts = %s\n' "$tmp/accounts" >"$SSPI_CONFIG"
    "$SSPI" accounts add 'EXAMPLE\alice' --password-stdin <<<'Secret 1' || exit 99
    echo 'EXAMPLE:alice:Secret 1' >"$tmp/sender"
    sender=(env NTLM_USER_FILE="$tmp/sender" "$SSPI" send)
}

# start NAME COMMAND...: waits for "listening on ADDRESS" and sets address; the output goes on into $tmp/NAME.out.
declare -A pid_of reader_of
start() {
    local name=$1 fd line
    shift
    rm -f "$tmp/$name.pipe"
    mkfifo "$tmp/$name.pipe"
    "$@" >"$tmp/$name.pipe" 2>"$tmp/$name.err" &
    pid_of[$name]=$!
    pids+=("$!")
    exec {fd}<"$tmp/$name.pipe"
    IFS= read -r line <&"$fd"
    address=${line#listening on }
    if [[ $address == "$line" ]]; then
        echo "# $name did not start: $line"
        sed 's/^/# /' "$tmp/$name.err"
        exit 99
    fi
    cat <&"$fd" >"$tmp/$name.out" &
    reader_of[$name]=$!
    exec {fd}<&-
}

# await NAME: until it has ended by itself; its exit code in $code.
await() {
    code=0
    wait "${pid_of[$1]}" || code=$?
    wait "${reader_of[$1]}"
}

# stop NAME [SIGNAL]
stop() {
    kill -"${2:-TERM}" "${pid_of[$1]}"
    await "$1"
}

# listener_has NAME TEXT: after stop or await.
listener_has() { grep -qF -- "$2" "$tmp/$1.out"; }
