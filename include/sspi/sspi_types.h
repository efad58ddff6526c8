/* SPDX-License-Identifier: MIT */
/*
 * The Windows scalar types that SSPI is written in, with the sizes that they have on 64-bit Windows.
 *
 * ULONG, LONG and DWORD have 32 bits on every platform. WCHAR is one UTF-16 code unit: char16_t in C++, the
 * type of the elements of u"..." in C. A HANDLE is a pointer. BOOLEAN has one byte, BOOL has four.
 * LARGE_INTEGER and TimeStamp are one 64-bit number with two halves that can be named; on a big-endian
 * machine the halves change places, so that HighPart and QuadPart always agree. A TimeStamp counts units of
 * 100 nanoseconds since 1601-01-01 00:00 UTC.
 *
 * On Windows this header is <windows.h> and nothing else.
 */
#ifndef OPENSSPI_SSPI_TYPES_H
#define OPENSSPI_SSPI_TYPES_H

#ifdef _WIN32

#ifndef WIN32_NO_STATUS /* <ntstatus.h> has them all; <windows.h> would define some of them a second time */
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#else
#include <windows.h>
#endif

#else

#include <stddef.h>
#include <stdint.h>

typedef void VOID;
typedef void *PVOID;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef char CHAR;
typedef char *PCHAR;
typedef char *PSTR;
typedef char *LPSTR;
typedef const char *PCSTR;
typedef const char *LPCSTR;
typedef unsigned char UCHAR;
typedef unsigned char *PUCHAR;
typedef unsigned char BYTE;
typedef unsigned char *PBYTE;
typedef unsigned char *LPBYTE;
typedef unsigned char BOOLEAN;
typedef BOOLEAN *PBOOLEAN;
typedef int BOOL;
typedef int *PBOOL;
typedef int16_t SHORT;
typedef uint16_t USHORT;
typedef uint16_t *PUSHORT;
typedef uint16_t WORD;
typedef uint16_t *PWORD;
typedef int INT;
typedef unsigned int UINT;
typedef int32_t LONG;
typedef int32_t *PLONG;
typedef uint32_t ULONG;
typedef uint32_t *PULONG;
typedef uint32_t DWORD;
typedef uint32_t *PDWORD;
typedef uint32_t *LPDWORD;
typedef long long LONGLONG;
typedef unsigned long long ULONGLONG;
typedef int64_t LONG64;
typedef uint64_t ULONG64;
typedef uint64_t DWORD64;
typedef intptr_t INT_PTR;
typedef uintptr_t UINT_PTR;
typedef intptr_t LONG_PTR;
typedef uintptr_t ULONG_PTR;
typedef uintptr_t *PULONG_PTR;
typedef uintptr_t DWORD_PTR;
typedef size_t SIZE_T;

#if defined(__cplusplus)
typedef char16_t WCHAR;
#elif defined(__CHAR16_TYPE__)
typedef __CHAR16_TYPE__ WCHAR;
#else
#include <uchar.h>
typedef char16_t WCHAR;
#endif
typedef WCHAR *PWCHAR;
typedef WCHAR *PWSTR;
typedef WCHAR *LPWSTR;
typedef const WCHAR *PCWSTR;
typedef const WCHAR *LPCWSTR;

typedef void *HANDLE;
typedef HANDLE *PHANDLE;
typedef void *HWND;

typedef LONG HRESULT;
typedef LONG NTSTATUS;
typedef NTSTATUS *PNTSTATUS;

typedef struct _LUID {
    ULONG LowPart;
    LONG HighPart;
} LUID, *PLUID;

typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

/* The anonymous halves are C11; __extension__ allows them to C++ as well. */
#if defined(__GNUC__)
#define SSPI_ANONYMOUS __extension__
#else
#define SSPI_ANONYMOUS
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define SSPI_HALVES(low, high)                                                                               \
    high;                                                                                                    \
    low
#else
#define SSPI_HALVES(low, high)                                                                               \
    low;                                                                                                     \
    high
#endif

SSPI_ANONYMOUS typedef union _LARGE_INTEGER {
    SSPI_ANONYMOUS struct {
        SSPI_HALVES(ULONG LowPart, LONG HighPart);
    };
    struct {
        SSPI_HALVES(ULONG LowPart, LONG HighPart);
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

SSPI_ANONYMOUS typedef union _ULARGE_INTEGER {
    SSPI_ANONYMOUS struct {
        SSPI_HALVES(ULONG LowPart, ULONG HighPart);
    };
    struct {
        SSPI_HALVES(ULONG LowPart, ULONG HighPart);
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;
#endif

/* Lengths are bytes, not characters, and count no terminator; Buffer need not have one. */
typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    PCHAR Buffer;
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING;

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef ANYSIZE_ARRAY
#define ANYSIZE_ARRAY 1
#endif

/* Calling conventions: none outside of Windows. */
#ifndef NTAPI
#define NTAPI
#endif
#ifndef WINAPI
#define WINAPI
#endif

/* Annotations, so that sources written with them compile. The double-underscore forms break C++ libraries:
 * not here. */
#ifndef _In_
#define _In_
#endif
#ifndef _In_opt_
#define _In_opt_
#endif
#ifndef _Out_
#define _Out_
#endif
#ifndef _Out_opt_
#define _Out_opt_
#endif
#ifndef _Inout_
#define _Inout_
#endif
#ifndef _Inout_opt_
#define _Inout_opt_
#endif
#ifndef _Outptr_
#define _Outptr_
#endif
#ifndef _Outptr_opt_
#define _Outptr_opt_
#endif
#ifndef _In_reads_
#define _In_reads_(count)
#endif
#ifndef _In_reads_bytes_
#define _In_reads_bytes_(size)
#endif
#ifndef _Out_writes_
#define _Out_writes_(count)
#endif
#ifndef _Out_writes_bytes_
#define _Out_writes_bytes_(size)
#endif
#ifndef _Success_
#define _Success_(expression)
#endif
#ifndef _Must_inspect_result_
#define _Must_inspect_result_
#endif

/* The name that a name without A or W stands for: the A form, unless UNICODE is defined. */
#define SSPI_PASTE(a, b) a##b
#ifdef UNICODE
#define SSPI_NAME_AW(name)  SSPI_PASTE(name, W)
#define SSPI_NAME_UAW(name) SSPI_PASTE(name, _W)
#else
#define SSPI_NAME_AW(name)  SSPI_PASTE(name, A)
#define SSPI_NAME_UAW(name) SSPI_PASTE(name, _A)
#endif

#endif /* _WIN32 */

#endif
