/* SPDX-License-Identifier: MIT */
/*
 * bench_contexts: many established contexts in one process. Output: `name value` lines.
 *
 *     bench_contexts bytes PACKAGE TARGET initiator|acceptor COUNT
 *         resident bytes per context of that end, all of the library's memory included; and what making one
 *         costs at the beginning and at the end, and deleting one likewise
 *     bench_contexts cold PACKAGE COUNT ROUNDS
 *         signing with a random one of COUNT contexts against signing with one and the same, and two
 * dependent random reads of the same memory
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "pair.h"

enum { PARTS = 10, MESSAGE = 64 };

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what, SECURITY_STATUS status)
{
    fprintf(stderr, "bench_contexts: %s: 0x%08x\n", what, (unsigned)status);
    exit(1);
}

static size_t resident(void)
{
    unsigned long size = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%lu %lu", &size, &pages) != 2)
        die("/proc/self/statm", 0);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Pages of its own, touched before anything is measured. */
static void *pages(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED)
        die("mmap", 0);
    memset(p, 1, size);
    return p;
}

/* ---- bytes ---- */

static SECURITY_STATUS make_one(struct pair_maker *m, bool initiator, CtxtHandle *keep)
{
    struct pair p;
    SECURITY_STATUS status = pair_make(m, &p);
    if (status != SEC_E_OK)
        return status;
    *keep = initiator ? p.initiator : p.acceptor;
    DeleteSecurityContext(initiator ? &p.acceptor : &p.initiator);
    return SEC_E_OK;
}

static int bytes(const char *package, const char *target, bool initiator, size_t count)
{
    struct pair_maker m;
    CtxtHandle warm, *kept = pages(count * sizeof *kept);
    uint64_t made[PARTS], deleted[PARTS];
    ULONG isc = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_MUTUAL_AUTH;
    SECURITY_STATUS status;

    if (!pair_maker_open(&m, package, target, isc))
        return 1;
    if ((status = make_one(&m, initiator, &warm)) != SEC_E_OK)
        die("handshake", status);
    size_t before = resident();
    for (size_t part = 0; part < PARTS; part++) {
        uint64_t start = now();
        for (size_t i = count * part / PARTS; i < count * (part + 1) / PARTS; i++)
            if ((status = make_one(&m, initiator, &kept[i])) != SEC_E_OK)
                die("handshake", status);
        made[part] = now() - start;
    }
    printf("bytes %.1f\n", (double)(resident() - before) / (double)count);
    for (size_t part = 0; part < PARTS; part++) {
        uint64_t start = now();
        for (size_t i = count * part / PARTS; i < count * (part + 1) / PARTS; i++)
            DeleteSecurityContext(&kept[i]);
        deleted[part] = now() - start;
    }
    double each = (double)count / PARTS;
    printf("make-first-ns %.0f\nmake-last-ns %.0f\n", (double)made[0] / each, (double)made[PARTS - 1] / each);
    printf("delete-first-ns %.0f\ndelete-last-ns %.0f\n", (double)deleted[0] / each,
           (double)deleted[PARTS - 1] / each);
    DeleteSecurityContext(&warm);
    pair_maker_close(&m);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "bytes") == 0)
        return bytes(argv[2], argv[3], strcmp(argv[4], "initiator") == 0, strtoul(argv[5], NULL, 10));
    fprintf(stderr, "usage: bench_contexts bytes PACKAGE TARGET initiator|acceptor COUNT\n");
    return 2;
}
