/* SPDX-License-Identifier: MIT */
#include "check/guard.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "check/check.h"

enum { FILLED = 0xa5, LISTED_MAX = 8192, ALTERNATE_STACK = 65536 };

static const struct guard *listed[LISTED_MAX];
static unsigned listed_end; /* none is listed from here on */

static size_t page_size(void)
{
    static size_t size;

    if (size == 0)
        size = (size_t)sysconf(_SC_PAGESIZE);
    return size;
}

/* The bytes around data that are its pages' own: before it, and behind it where it had to be aligned. */
static uint8_t *first_byte(const struct guard *g)
{
    return g->pages + page_size();
}

static uint8_t *end_byte(const struct guard *g)
{
    return g->pages + g->mapped - page_size();
}

bool guard_make(struct guard *g, size_t size, size_t align, const char *label)
{
    size_t page = page_size(), taken = (size + align - 1) & ~(align - 1);
    size_t inside = (taken + page - 1) / page * page;
    size_t mapped = (inside > 0 ? inside : page) + 2 * page;
    uint8_t *pages = mmap(NULL, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED)
        return false;
    if (mprotect(pages + page, mapped - 2 * page, PROT_READ | PROT_WRITE) != 0) {
        (void)munmap(pages, mapped);
        return false;
    }
    *g = (struct guard){.pages = pages, .mapped = mapped, .size = size, .label = label};
    g->data = end_byte(g) - taken;
    memset(first_byte(g), FILLED, (size_t)(g->data - first_byte(g)));
    memset(g->data + size, FILLED, taken - size);
    return true;
}

void guard_new(struct guard *g, size_t size, const char *label)
{
    if (!guard_make(g, size, 1, label))
        check_broken("no memory for a buffer between guard pages");
}

void guard_close(struct guard *g)
{
    (void)mprotect(g->pages, g->mapped, PROT_NONE);
}

void guard_free(struct guard *g)
{
    for (unsigned i = 0; i < listed_end; i++) {
        const struct guard *expected = g;
        (void)__atomic_compare_exchange_n(&listed[i], &expected, NULL, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED);
    }
    (void)munmap(g->pages, g->mapped);
    *g = (struct guard){.pages = NULL};
}

static bool all_filled(const uint8_t *from, const uint8_t *to)
{
    while (from < to && *from == FILLED)
        from++;
    return from >= to;
}

bool guard_intact(const struct guard *g)
{
    return all_filled(first_byte(g), g->data) && all_filled(g->data + g->size, end_byte(g));
}

/* When there is no room it goes without a name. */
void guard_list(const struct guard *g)
{
    for (unsigned i = 0; i < LISTED_MAX; i++) {
        const struct guard *none = NULL;
        if (!__atomic_compare_exchange_n(&listed[i], &none, g, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            continue;
        if (i >= __atomic_load_n(&listed_end, __ATOMIC_ACQUIRE))
            __atomic_store_n(&listed_end, i + 1, __ATOMIC_RELEASE);
        return;
    }
}

/* ---- the handler: nothing but writing to what is mapped already ---- */

static char *put_text(char *at, const char *end, const char *text)
{
    while (*text != 0 && at < end)
        *at++ = *text++;
    return at;
}

static char *put_number(char *at, const char *end, size_t number)
{
    char digits[24];
    int count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0 && at < end)
        *at++ = digits[--count];
    return at;
}

static const struct guard *guard_at(const uint8_t *address)
{
    for (unsigned i = 0; i < LISTED_MAX; i++) {
        const struct guard *g = __atomic_load_n(&listed[i], __ATOMIC_ACQUIRE);
        if (g != NULL && g->pages != NULL && address >= g->pages && address < g->pages + g->mapped)
            return g;
    }
    return NULL;
}

static const char *access_kind(const void *context)
{
#if defined(__x86_64__) && defined(REG_ERR)
    const ucontext_t *u = context;
    return u->uc_mcontext.gregs[REG_ERR] & 2 ? "writes " : "reads ";
#else
    (void)context;
    return "touches ";
#endif
}

static void crashed(int number, siginfo_t *info, void *context)
{
    char *at = check_shared->note;
    const char *end = at + sizeof check_shared->note - 1;
    const uint8_t *address = info->si_addr;
    const struct guard *g = guard_at(address);

    at = put_text(at, end, access_kind(context));
    if (g == NULL) {
        at = put_text(at, end, address < (const uint8_t *)65536 ? "through a null pointer" : "wild memory");
    } else if (address >= g->data && address < g->data + g->size) {
        at = put_text(at, end, "after it was freed: ");
        at = put_text(at, end, g->label);
    } else {
        bool behind = address >= g->data + g->size;
        at = put_text(at, end, "byte ");
        at = put_number(at, end,
                        behind ? (size_t)(address - g->data - g->size) + 1 : (size_t)(g->data - address));
        at = put_text(at, end, behind ? " behind " : " before ");
        at = put_text(at, end, g->label);
        at = put_text(at, end, " of ");
        at = put_number(at, end, g->size);
        at = put_text(at, end, " bytes");
    }
    *at = 0;
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

void guard_watch(void)
{
    static uint8_t stack[ALTERNATE_STACK];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    (void)sigaltstack(&alternate, NULL);
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
}
