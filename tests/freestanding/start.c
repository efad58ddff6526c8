/* SPDX-License-Identifier: MIT */
/* A program without libc: _start, write and exit by system calls, and the four mem* that protect/ may use. */
#include "vectors.h"

#if defined(__x86_64__)
enum { CALL_WRITE = 1, CALL_EXIT = 60 };
__asm__(".globl _start\n_start:\n\txor %ebp,%ebp\n\tand $-16,%rsp\n\tcall start\n");
static long call3(long number, long a, long b, long c)
{
    long result;
    __asm__ __volatile__("syscall"
                         : "=a"(result)
                         : "a"(number), "D"(a), "S"(b), "d"(c)
                         : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
enum { CALL_WRITE = 64, CALL_EXIT = 93 };
__asm__(".globl _start\n_start:\n\tmov x29,#0\n\tmov x30,#0\n\tb start\n");
static long call3(long number, long a, long b, long c)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ __volatile__("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
#elif defined(__s390x__)
enum { CALL_WRITE = 4, CALL_EXIT = 1 };
__asm__(".globl _start\n_start:\n\taghi %r15,-160\n\tlghi %r11,0\n\tbrasl %r14,start\n");
static long call3(long number, long a, long b, long c)
{
    register long r1 __asm__("1") = number;
    register long r2 __asm__("2") = a;
    register long r3 __asm__("3") = b;
    register long r4 __asm__("4") = c;
    __asm__ __volatile__("svc 0" : "+d"(r2) : "d"(r1), "d"(r3), "d"(r4) : "memory");
    return r2;
}
#else
#error "no start code for this architecture"
#endif

static int status;

static void line(const char *text, size_t size)
{
    if (call3(CALL_WRITE, 1, (long)text, (long)size) != (long)size ||
        call3(CALL_WRITE, 1, (long)"\n", 1) != 1)
        status = 1;
}

void start(void);
void start(void)
{
    vectors_run(line);
    for (;;)
        call3(CALL_EXIT, status, 0, 0);
}
