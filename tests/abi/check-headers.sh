#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check-headers.sh: the public headers compile alone, together in any order, in C11 and C++17, with gcc and clang, with
# and without UNICODE, without a warning, freestanding, and leave the C++ library's own headers intact.
# Runs from any folder; CHECK_CC and CHECK_CXX name other compilers.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
read -r -a compilers <<<"${CHECK_CC-gcc clang}"
read -r -a compilers_cxx <<<"${CHECK_CXX-g++ clang++}"
warnings=(-Wall -Wextra -Wpedantic -Wundef -Werror)
include=(-Iinclude/sspi -Iinclude/sspi/spelling)
mapfile -t headers < <(cd include/sspi && ls -- *.h)
spellings=(Security.h SecExt.h)
done_count=0
failed=0

# try WHAT COMPILER ARGUMENT...: one compilation.
try() {
    local what=$1
    shift
    done_count=$((done_count + 1))
    if ! "$@" >"$work/log" 2>&1; then
        failed=$((failed + 1))
        echo "FAILED: $what: $*"
        head -n 12 "$work/log" | sed 's/^/    /'
    fi
}

for command in "${compilers[@]}" "${compilers_cxx[@]}"; do
    command -v "$command" >/dev/null || { echo "check-headers: $command is not installed" && exit 2; }
done

# Every order that matters: each header alone, all forwards, all backwards, all twice.
for h in "${headers[@]}" "${spellings[@]}"; do
    echo "#include <$h>" >"$work/alone-$h.c"
done
for h in "${headers[@]}" "${spellings[@]}"; do echo "#include <$h>"; done >"$work/forwards.c"
tac "$work/forwards.c" >"$work/backwards.c"
cat "$work/forwards.c" "$work/backwards.c" >"$work/twice.c"
# For builds without a libc: the kit's header names FILE.
mkdir "$work/bare"
for file in "$work"/alone-*.c "$work/twice.c"; do
    [[ $file == */alone-sspi_check.h.c ]] || grep -v '<sspi_check.h>' "$file" >"$work/bare/${file##*/}"
done
cp "$work/forwards.c" "$work/posix.c"
cat >>"$work/posix.c" <<'END'
#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <uchar.h>
#include <unistd.h>
#include <wchar.h>
END
cat "$work/forwards.c" - >"$work/use.c" <<'END'
static SEC_WCHAR wide[] = u"Negotiate";
static const SEC_WCHAR *const names[] = {NTLMSP_NAME, MICROSOFT_KERBEROS_NAME_W, NEGOSSP_NAME_W};
#ifdef UNICODE
static SECURITY_PCSTR chosen = NEGOSSP_NAME;
static SECURITY_STATUS (SEC_ENTRY *query)(SEC_WCHAR *, PSecPkgInfoW *) = QuerySecurityPackageInfo;
static QUERY_SECURITY_PACKAGE_INFO_FN_W again = QuerySecurityPackageInfo;
static SecurityFunctionTableW *table;
#else
static SECURITY_PCSTR chosen = NEGOSSP_NAME;
static SECURITY_STATUS (SEC_ENTRY *query)(SEC_CHAR *, PSecPkgInfoA *) = QuerySecurityPackageInfo;
static QUERY_SECURITY_PACKAGE_INFO_FN_A again = QuerySecurityPackageInfo;
static SecurityFunctionTableA *table;
#endif
int use(void);
int use(void)
{
    TimeStamp expiry;
    CtxtHandle context;
    PSecurityFunctionTable same = table;
    expiry.QuadPart = 0;
    expiry.HighPart = 1;
    SecInvalidateHandle(&context);
    if (SecIsValidHandle(&context))
        SecInvalidateHandle(&context);
    else
        context.dwLower = 0;
    switch (FreeCredentialHandle(&context)) {
    case SEC_E_OK:
    case SEC_I_CONTINUE_NEEDED:
    case SEC_E_INVALID_HANDLE:
        break;
    default:
        break;
    }
    return expiry.LowPart != 0 || wide[0] != names[2][0] || chosen == 0 || same != table || query != again;
}
END

for compiler in "${compilers[@]}"; do
    for unicode in -UUNICODE -DUNICODE; do
        for file in "$work"/*.c; do
            try "${file##*/}" "$compiler" -std=c11 -D_GNU_SOURCE "$unicode" "${warnings[@]}" "${include[@]}" -fsyntax-only "$file"
        done
    done
    for file in "$work"/bare/*.c; do
        try "freestanding ${file##*/}" "$compiler" -std=c11 -ffreestanding "${warnings[@]}" "${include[@]}" -fsyntax-only "$file"
        try "32-bit ${file##*/}" "$compiler" -m32 -std=c11 -ffreestanding "${warnings[@]}" "${include[@]}" -fsyntax-only "$file"
    done
done

# The whole C++ library after ours, and before.
for file in "$work"/*.c; do cp "$file" "${file%.c}.cc"; done
{ cat "$work/forwards.c" && echo '#include <bits/stdc++.h>'; } >"$work/library-after.cc"
{ echo '#include <bits/stdc++.h>' && cat "$work/forwards.c"; } >"$work/library-before.cc"
for compiler in "${compilers_cxx[@]}"; do
    for unicode in -UUNICODE -DUNICODE; do
        for file in "$work"/*.cc; do
            [[ $unicode == -DUNICODE && $file == */library-* ]] && continue
            try "${file##*/}" "$compiler" -std=c++17 "$unicode" "${warnings[@]}" "${include[@]}" -fsyntax-only "$file"
        done
    done
done

# No macro of ours may have a name that is the compiler's or the library's: two underscores, or lower case alone.
"${compilers[0]}" -std=c11 -E -dM "${include[@]}" "$work/forwards.c" | awk '{ print $2 }' | sed 's/(.*//' | sort >"$work/with"
printf '#include <%s>\n' stddef.h stdint.h stdio.h >"$work/without.c"
"${compilers[0]}" -std=c11 -E -dM "$work/without.c" | awk '{ print $2 }' | sed 's/(.*//' | sort >"$work/without"
allowed='^(__SEC_FAR|__SECHANDLE_DEFINED__|__SECSTATUS_DEFINED__)$'
if comm -23 "$work/with" "$work/without" | grep -E '^__|^[a-z0-9_]+$' | grep -vE "$allowed"; then
    echo "FAILED: ^ macros that may break other people's headers"
    failed=$((failed + 1))
fi

tools/header-functions --check || failed=$((failed + 1))

if ((failed)); then
    echo "check-headers: $failed failed"
    exit 1
fi
echo "$done_count compilations of ${#headers[@]} headers and ${#spellings[@]} spellings"
