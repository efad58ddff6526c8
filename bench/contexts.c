/* SPDX-License-Identifier: MIT */
/*
 * bench_contexts: many established contexts in one process. Output: `name value` lines.
 *
 *     bench_contexts bytes PACKAGE TARGET initiator|acceptor|both COUNT
 *         handshakes, of which that end is kept, or both: COUNT contexts; resident bytes per context, all of
 *         the library's memory included; what a handshake costs at the beginning and at the end, and deleting
 *         a context likewise
 *     bench_contexts cold ntlm|TYPE COUNT ROUNDS
 *         a signature with a random one of COUNT contexts, with one and the same, and two dependent random
 *         reads of as much memory as the contexts take; nanoseconds, one line `cold hot reads` per round,
 *         after the line `bytes` per context. The contexts are imported, all from one packed form: ntlm's of
 *         a handshake; with TYPE, of encryption, bench_packed's in BENCH_PACKED
 */
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
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* what others do meanwhile does not count */
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

enum keep { KEEP_INITIATOR = 1, KEEP_ACCEPTOR = 2, KEEP_BOTH = 3 };

/* A handshake; what is kept goes to kept[0], with both the initiator to kept[1]. */
static SECURITY_STATUS make_one(struct pair_maker *m, enum keep keep, CtxtHandle *kept)
{
    struct pair p;
    SECURITY_STATUS status = pair_make(m, &p);
    if (status != SEC_E_OK)
        return status;
    if (keep & KEEP_ACCEPTOR)
        *kept++ = p.acceptor;
    else
        DeleteSecurityContext(&p.acceptor);
    if (keep & KEEP_INITIATOR)
        *kept = p.initiator;
    else
        DeleteSecurityContext(&p.initiator);
    return SEC_E_OK;
}

static int bytes(const char *package, const char *target, enum keep keep, size_t count)
{
    struct pair_maker m;
    const size_t step = keep == KEEP_BOTH ? 2 : 1, handshakes = count / step;
    CtxtHandle warm[2], *kept = pages(handshakes * step * sizeof *kept);
    uint64_t made[PARTS], deleted[PARTS];
    ULONG isc = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_MUTUAL_AUTH;
    SECURITY_STATUS status;

    unsetenv("NTLM_USER_FILE");
    if (!pair_maker_open(&m, package, target, isc))
        return 1;
    if ((status = make_one(&m, keep, warm)) != SEC_E_OK)
        die("handshake", status);
    size_t before = resident();
    for (size_t part = 0; part < PARTS; part++) {
        uint64_t start = now();
        for (size_t i = handshakes * part / PARTS; i < handshakes * (part + 1) / PARTS; i++)
            if ((status = make_one(&m, keep, &kept[i * step])) != SEC_E_OK)
                die("handshake", status);
        made[part] = now() - start;
    }
    printf("bytes %.1f\n", (double)(resident() - before) / (double)(handshakes * step));
    for (size_t part = 0; part < PARTS; part++) {
        uint64_t start = now();
        for (size_t i = handshakes * part / PARTS * step; i < handshakes * (part + 1) / PARTS * step; i++)
            DeleteSecurityContext(&kept[i]);
        deleted[part] = now() - start;
    }
    double each = (double)handshakes / PARTS, every = each * (double)step;
    printf("make-first-ns %.0f\nmake-last-ns %.0f\n", (double)made[0] / each, (double)made[PARTS - 1] / each);
    printf("delete-first-ns %.0f\ndelete-last-ns %.0f\n", (double)deleted[0] / every,
           (double)deleted[PARTS - 1] / every);
    for (size_t i = 0; i < step; i++)
        DeleteSecurityContext(&warm[i]);
    pair_maker_close(&m);
    return 0;
}

/* ---- cold ---- */

struct crowd {
    CtxtHandle *handles; /* shuffled */
    size_t count;
    ULONG token_size;
    uint8_t message[MESSAGE], token[64];
    size_t *chain; /* each element leads to another one, all in one circle */
    size_t links;
};

static uint64_t random_state = 88172645463325252u;

static size_t random_below(size_t n)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (size_t)(random_state % n);
}

/* A pair of our own making for ntlm, packed; a packed context from its file otherwise. */
static ULONG packed_context(const char *which, uint8_t *out, ULONG room)
{
    char path[512];
    if (strcmp(which, "ntlm") == 0) {
        struct pair_maker m;
        struct pair p;
        SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
        ULONG isc = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
        if (!pair_maker_open(&m, "NTLM", "host/server", isc) || pair_make(&m, &p) != SEC_E_OK ||
            ExportSecurityContext(&p.initiator, 0, &packed, NULL) != SEC_E_OK || packed.cbBuffer > room)
            die("a context to export", 0);
        memcpy(out, packed.pvBuffer, packed.cbBuffer);
        FreeContextBuffer(packed.pvBuffer);
        return packed.cbBuffer;
    }
    snprintf(path, sizeof path, "%s/krb5-%s-initiator", getenv("BENCH_PACKED"), which);
    FILE *f = fopen(path, "rb");
    size_t size = f != NULL ? fread(out, 1, room, f) : 0;
    if (size == 0)
        die(path, 0);
    fclose(f);
    return (ULONG)size;
}

static void crowd_gather(struct crowd *c, const char *which, size_t count)
{
    uint8_t bytes[8192];
    SecBuffer packed = {packed_context(which, bytes, sizeof bytes), SECBUFFER_EMPTY, bytes};
    char *package = strcmp(which, "ntlm") == 0 ? (char[]){"NTLM"} : (char[]){"Kerberos"};
    SecPkgContext_Sizes sizes;
    c->handles = pages(count * sizeof *c->handles);
    c->count = count;
    size_t before = resident();
    for (size_t i = 0; i < count; i++) {
        SECURITY_STATUS status = ImportSecurityContextA(package, &packed, NULL, &c->handles[i]);
        if (status != SEC_E_OK)
            die("ImportSecurityContext", status);
    }
    size_t each = (resident() - before) / count;
    printf("bytes %zu\n", each);
    for (size_t i = count - 1; i > 0; i--) {
        size_t k = random_below(i + 1);
        CtxtHandle h = c->handles[i];
        c->handles[i] = c->handles[k];
        c->handles[k] = h;
    }
    if (QueryContextAttributesA(&c->handles[0], SECPKG_ATTR_SIZES, &sizes) != SEC_E_OK)
        die("SIZES", 0);
    c->token_size = sizes.cbMaxSignature;
    /* Sattolo's: one circle, a cache line or more from link to link. */
    size_t words = 64 / sizeof *c->chain;
    c->links = each * count / 64;
    c->chain = pages(c->links * 64);
    for (size_t i = 0; i < c->links; i++)
        c->chain[i * words] = i;
    for (size_t i = c->links - 1; i > 0; i--) {
        size_t k = random_below(i), t = c->chain[i * words];
        c->chain[i * words] = c->chain[k * words];
        c->chain[k * words] = t;
    }
}

/* Nanoseconds a signature; step 0: all with the same context. */
static double sign_with(struct crowd *c, size_t first, size_t step, size_t count)
{
    SecBuffer buffers[2] = {{MESSAGE, SECBUFFER_DATA, c->message},
                            {c->token_size, SECBUFFER_TOKEN, c->token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = SEC_E_OK;
    uint64_t start = now();
    for (size_t i = 0; i < count; i++) {
        buffers[1].cbBuffer = c->token_size;
        status |= MakeSignature(&c->handles[(first + i * step) % c->count], 0, &desc, 0);
    }
    uint64_t took = now() - start;
    if (status != SEC_E_OK)
        die("MakeSignature", status);
    return (double)took / (double)count;
}

static double read_twice(struct crowd *c, size_t *at, size_t count)
{
    size_t words = 64 / sizeof *c->chain, here = *at;
    uint64_t start = now();
    for (size_t i = 0; i < 2 * count; i++)
        here = c->chain[here * words];
    __asm__ volatile("" : "+r"(here)); /* the last read is over before the clock is read */
    uint64_t took = now() - start;
    *at = here;
    return (double)took / (double)count;
}

static int cold(const char *which, size_t count, size_t rounds)
{
    struct crowd c = {.count = 0};
    size_t at = 0, turn = count / (2 * rounds + 1) + 1;
    crowd_gather(&c, which, count);
    read_twice(&c, &at, turn);
    sign_with(&c, 0, 0, turn);
    for (size_t i = 0; i < rounds; i++) {
        /* Each round's contexts were not touched since they were made. */
        double far = sign_with(&c, i * turn, 1, turn), near = sign_with(&c, 0, 0, turn);
        printf("%.2f %.2f %.2f\n", far, near, read_twice(&c, &at, turn));
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "bytes") == 0)
        return bytes(argv[2], argv[3],
                     strcmp(argv[4], "initiator") == 0 ? KEEP_INITIATOR
                     : strcmp(argv[4], "both") == 0    ? KEEP_BOTH
                                                       : KEEP_ACCEPTOR,
                     strtoul(argv[5], NULL, 10));
    if (argc == 5 && strcmp(argv[1], "cold") == 0)
        return cold(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    fprintf(stderr, "usage: bench_contexts bytes PACKAGE TARGET initiator|acceptor|both COUNT\n"
                    "       bench_contexts cold ntlm|TYPE COUNT ROUNDS\n");
    return 2;
}
