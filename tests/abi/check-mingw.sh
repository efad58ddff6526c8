#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check-mingw.sh: the kept tables and the public headers against mingw-w64's own headers: the generated assertions hold
# there, whatever both sides have is the same, and with ours in the include path the platform's are used.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mingw=(x86_64-w64-mingw32-gcc -D_WIN32_WINNT=0x0A00 -DNTDDI_VERSION=0x0A000000 -Wall -Wextra -Werror)
command -v "${mingw[0]}" >/dev/null || { echo "check-mingw: ${mingw[0]} is not installed" && exit 2; }
failed=0

# say WHAT COMMAND...: runs it, shows what went wrong.
say() {
    local what=$1
    shift
    if ! "$@" >"$work/log" 2>&1; then
        failed=$((failed + 1))
        echo "FAILED: $what"
        grep -E 'error|warning|gen-abi' "$work/log" | head -n 20 | sed 's/^/    /'
    fi
}

tables=(tests/abi/structs-win64.tsv tests/abi/newest-win64.tsv tests/abi/constants.tsv)
say 'generating the assertions' tools/gen-abi-asserts "${tables[@]}" "$work/asserts.c"
say 'the assertions against the platform' "${mingw[@]}" -std=c11 -fsyntax-only "$work/asserts.c"
say 'the assertions against the platform, UNICODE' "${mingw[@]}" -std=c11 -DUNICODE -fsyntax-only "$work/asserts.c"
say 'the assertions against include/sspi' gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude/sspi -fsyntax-only "$work/asserts.c"

# What proves something must be able to fail.
sed 's/^FIELD(SECPKG_FUNCTION_TABLE, GetInfo, 80,/FIELD(SECPKG_FUNCTION_TABLE, GetInfo, 81,/' "$work/asserts.c" >"$work/wrong.c"
if cmp -s "$work/asserts.c" "$work/wrong.c" || "${mingw[@]}" -std=c11 -fsyntax-only "$work/wrong.c" 2>"$work/log" ||
    ! grep -q 'SECPKG_FUNCTION_TABLE.GetInfo' "$work/log"; then
    echo "FAILED: a wrong offset goes unnoticed"
    failed=$((failed + 1))
fi

say 'comparing what both sides have' tools/gen-abi-cross "$work/cross.c"
compared=$(cat "$work/log")
[[ -s $work/cross.c ]] && say 'include/sspi against the platform' "${mingw[@]}" -std=c11 -DUNICODE -w -fsyntax-only "$work/cross.c"

# Ours step aside on Windows: no name of ours is used there, in C and in C++.
for header in sspi_types issperr ntstatus ntsecapi sspi ntsecpkg secext security schannel; do
    printf '#include <%s.h>\n' "$header" >"$work/aside.c"
    cat >>"$work/aside.c" <<'END'
#if defined(OPENSSPI_SSPI_H) || defined(OPENSSPI_NTSECPKG_H) || defined(SSPI_NAME_AW) || !defined(_WINDOWS_)
#error "include/sspi did not step aside"
#endif
typedef char long_is_the_platforms[sizeof(ULONG) == sizeof(unsigned long) ? 1 : -1];
extern ULONG *a;
extern unsigned long *a;
END
    say "$header.h steps aside in C" "${mingw[@]}" -std=c11 -Wpedantic -Iinclude/sspi -fsyntax-only "$work/aside.c"
    if command -v x86_64-w64-mingw32-g++ >/dev/null; then
        say "$header.h steps aside in C++" x86_64-w64-mingw32-g++ "${mingw[@]:1}" -std=c++17 -Wpedantic -Iinclude/sspi \
            -fsyntax-only -x c++ "$work/aside.c"
    fi
done

if ((failed)); then
    echo "check-mingw: $failed failed"
    exit 1
fi
echo "$(grep -c '^FIELD\|^SIZE' "$work/asserts.c") layout and $(grep -c '^CONSTANT' "$work/asserts.c") constant assertions hold;" \
    "compared beyond them: $compared"
