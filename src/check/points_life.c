/* SPDX-License-Identifier: MIT */
/* Points of packed and exported contexts, of memory that runs out or stays behind, and of fork. */
#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "check/child.h"
#include "check/cross.h"
#include "check/heap.h"
#include "check/message.h"
#include "check/points.h"
#include "lsa/lsa.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef SANITIZED
/* Of <sanitizer/allocator_interface.h>, which not every compiler brings along. */
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

static void begin(struct check_pair *pair)
{
    load_package(LOAD_INSTANCE);
    check_open(pair, check_usual_flags());
}

/* ---- packed ---- */

/* The pair with both sides' ContextData kept, and not handed over to this process's user half. */
static void begin_packed(struct check_pair *pair, SecBuffer packed[2])
{
    load_package(LOAD_INSTANCE);
    check_keep_packed(packed);
    check_open(pair, check_usual_flags());
    check_keep_packed(NULL);
}

void point_packed_process(void)
{
    struct check_pair pair;
    SecBuffer packed[2];

    begin_packed(&pair, packed);
    cross_check(&pair, false, packed);
}

/* What InitUserModeContext says to size bytes at the end of readable memory, under that handle. */
static NTSTATUS init_with(const struct check_side *side, const uint8_t *bytes, size_t size)
{
    SecBuffer copy = {(ULONG)size, SECBUFFER_EMPTY, heap_alloc(HEAP_USER, size)};

    if (copy.pvBuffer == NULL)
        check_broken("no memory");
    if (size > 0)
        memcpy(copy.pvBuffer, bytes, size);
    check_enter("SpInitUserModeContext");
    NTSTATUS status = side->table->InitUserModeContext(side->user, &copy);
    check_enter(NULL);
    return status;
}

void point_packed_truncated(void)
{
    struct check_pair pair;
    SecBuffer packed[2];

    begin_packed(&pair, packed);
    for (int i = 0; i < 2; i++) {
        const struct check_side *side = i ? &pair.b : &pair.a;
        for (ULONG size = 0; size < packed[i].cbBuffer; size++)
            check_expect(init_with(side, packed[i].pvBuffer, size), SEC_E_INVALID_TOKEN,
                         "SpInitUserModeContext with %u of %u bytes", (unsigned)size,
                         (unsigned)packed[i].cbBuffer);
    }
}

/* Whatever it answers. */
static void use(const struct check_side *side)
{
    SecPkgContext_Sizes sizes;
    SecPkgContext_NamesW names = {NULL};

    for (enum check_operation op = OP_SIGN; op < OP_COUNT; op++) {
        struct message m;
        message_usual(&m, 256, op);
        if (op == OP_VERIFY || op == OP_UNSEAL)
            m.buffers[1].cbBuffer = message_size(OP_SIGN);
        (void)check_call(op, side, NULL, &m.desc, 0);
        message_free(&m);
    }
    (void)check_query(side, SECPKG_ATTR_SIZES, &sizes);
    if (lsa_status_map(check_query(side, SECPKG_ATTR_NAMES, &names)) == SEC_E_OK)
        (void)heap_free_client(names.sUserName);
}

/* One changed byte, on a context of its own; false: it was not even taken. */
static bool changed(size_t at, uint8_t change)
{
    struct check_pair pair;
    SecBuffer packed[2];

    check_keep_packed(packed);
    check_open(&pair, check_usual_flags());
    check_keep_packed(NULL);
    struct check_side *side = at % 2 ? &pair.b : &pair.a;
    SecBuffer *bytes = &packed[at % 2];
    ((uint8_t *)bytes->pvBuffer)[at / 2 % bytes->cbBuffer] ^= change;
    bool taken = lsa_status_map(init_with(side, bytes->pvBuffer, bytes->cbBuffer)) == SEC_E_OK;
    side->has_user = taken;
    if (taken)
        use(side);
    check_pair_close(&pair);
    mem_client_free(packed[0].pvBuffer);
    mem_client_free(packed[1].pvBuffer);
    return taken;
}

void point_packed_changed(void)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    struct check_pair pair;
    SecBuffer packed[2];
    unsigned tries = 0;

    begin_packed(&pair, packed);
    if (pair.a.table->MakeSignature != NULL)
        (void)message_size(OP_SIGN);
    ULONG size = packed[0].cbBuffer > packed[1].cbBuffer ? packed[0].cbBuffer : packed[1].cbBuffer;
    /* Every byte of short ones; of long ones those at the beginning, where lengths and counts stand. */
    for (size_t at = 0; at < 2 * (size_t)size && tries < 400; at++, tries++)
        (void)changed(at, changes[at / 2 % 3]);
}

/* ---- exported ---- */

static void export(const struct check_side *side, SecBuffer *packed)
{
    check_expect(check_export(side, packed), SEC_E_OK, "SpExportSecurityContext");
    if (packed->pvBuffer == NULL || packed->cbBuffer == 0)
        check_fail("a packed context", "SpExportSecurityContext succeeded and gave none");
}

/* side goes on as what is imported from its own bytes. */
static void reimport(struct check_side *side)
{
    SecBuffer packed;
    LSA_SEC_HANDLE handle = 0;

    export(side, &packed);
    check_expect(check_delete_user(side), SEC_E_OK, "SpDeleteUserModeContext");
    check_expect(check_import(side->table, &packed, &handle), SEC_E_OK, "SpImportSecurityContext");
    (void)heap_free_client(packed.pvBuffer);
    side->user = handle;
    side->has_user = true;
}

static void begin_export(struct check_pair *pair)
{
    begin(pair);
    if (pair->a.table->ExportContext == NULL || pair->a.table->ImportContext == NULL)
        check_not_offered("ExportContext and ImportContext");
    message_exchange(&pair->a, &pair->b, 0, "the first message");
}

void point_export_import(void)
{
    struct check_pair pair;

    begin_export(&pair);
    for (int i = 0; i < 2; i++) {
        reimport(i ? &pair.b : &pair.a);
        message_exchange(&pair.a, &pair.b, 0, "a message after a context was exported and imported");
        message_exchange(&pair.b, &pair.a, 0, "a message after a context was exported and imported");
    }
}

void point_export_same(void)
{
    struct check_pair pair;
    SecBuffer once, twice;

    begin_export(&pair);
    export(&pair.b, &once);
    export(&pair.b, &twice);
    if (once.cbBuffer != twice.cbBuffer || memcmp(once.pvBuffer, twice.pvBuffer, once.cbBuffer) != 0)
        check_fail("the same bytes twice", "the second export differs");
    message_exchange(&pair.a, &pair.b, 0, "a message after the context was exported");
}

void point_export_heap(void)
{
    struct check_pair pair;
    SecBuffer packed;
    LSA_SEC_HANDLE handle = 0;
    size_t size = 0;

    begin_export(&pair);
    export(&pair.b, &packed);
    if (!check_package.hosted && (!heap_owns(HEAP_USER, packed.pvBuffer, &size) || size < packed.cbBuffer))
        check_fail("memory of AllocateHeap, which the application frees",
                   "SpExportSecurityContext gives other memory");
    SecBuffer given = packed;
    check_enter("SpImportSecurityContext");
    NTSTATUS status = pair.b.table->ImportContext(&given, NULL, &handle);
    check_enter(NULL);
    check_expect(status, SEC_E_OK, "SpImportSecurityContext");
    if (!check_package.hosted && !heap_owns(HEAP_USER, packed.pvBuffer, NULL))
        check_fail("the bytes stay the caller's", "SpImportSecurityContext freed them");
    (void)heap_free_client(packed.pvBuffer);
    if (heap_mistake() != NULL)
        check_fail("memory goes back where it came from", "%s", heap_mistake());
}

void point_export_process(void)
{
    struct check_pair pair;
    SecBuffer packed[2];

    begin_export(&pair);
    export(&pair.a, &packed[0]);
    export(&pair.b, &packed[1]);
    cross_check(&pair, true, packed);
}

void point_export_damaged(void)
{
    struct check_pair pair;
    SecBuffer packed;
    struct check_side other;

    begin_export(&pair);
    export(&pair.b, &packed);
    for (ULONG size = 1; size < packed.cbBuffer; size++) {
        SecBuffer cut = {size, packed.BufferType, packed.pvBuffer};
        LSA_SEC_HANDLE handle = 0;
        check_expect(check_import(pair.b.table, &cut, &handle), SEC_E_INVALID_TOKEN,
                     "SpImportSecurityContext with %u of %u bytes", (unsigned)size,
                     (unsigned)packed.cbBuffer);
    }
    for (ULONG at = 0; at < packed.cbBuffer && at < 2000; at++) {
        ((uint8_t *)packed.pvBuffer)[at] ^= (uint8_t)(1u << at % 8);
        memset(&other, 0, sizeof other);
        other.table = pair.b.table;
        if (lsa_status_map(check_import(pair.b.table, &packed, &other.user)) == SEC_E_OK) {
            use(&other);
            (void)check_delete_user(&other);
        }
        ((uint8_t *)packed.pvBuffer)[at] ^= (uint8_t)(1u << at % 8);
    }
}

/* ---- memory ---- */

static NTSTATUS whole_life(void)
{
    struct check_pair pair;
    const char *what;

    memset(&pair, 0, sizeof pair);
    pair.flags = check_usual_flags();
    NTSTATUS status = check_handshake(&pair, NULL, NULL, &what);
    bool failed = heap_failed();
    heap_fail(0);
    check_pair_close(&pair);
    return failed && status == SEC_E_OK ? SEC_E_INSUFFICIENT_MEMORY : status;
}

void point_memory_handshake(void)
{
    load_package(LOAD_INSTANCE);
    check_stage("context.establish");
    for (int i = 0; i < 3; i++) /* what is kept for the process is made */
        check_expect(whole_life(), SEC_E_OK, "a handshake");
    check_stage(NULL);
    for (size_t n = 1; n < 4096; n++) {
        size_t live = heap_live(), before = heap_asked();
        heap_fail(n);
        NTSTATUS status = whole_life();
        if (heap_asked() - before < n)
            return;
        check_expect(status, SEC_E_INSUFFICIENT_MEMORY, "a handshake whose allocation %zu fails", n);
        if (heap_live() > live)
            check_fail("nothing is lost", "a handshake whose allocation %zu fails leaves %zu blocks behind",
                       n, heap_live() - live);
        if (heap_mistake() != NULL)
            check_fail("nothing is freed that was not there", "%s, where allocation %zu fails",
                       heap_mistake(), n);
    }
}

static void life(unsigned rounds, bool messages)
{
    check_stage("context.establish");
    for (unsigned i = 0; i < rounds; i++) {
        struct check_pair pair;
        check_open(&pair, check_usual_flags());
        if (messages && pair.a.table->MakeSignature != NULL) {
            message_exchange(&pair.a, &pair.b, 0, "a message");
            message_exchange(&pair.b, &pair.a, 0, "a message");
        }
        check_pair_close(&pair);
    }
    check_stage(NULL);
}

void point_leak_context(void)
{
    load_package(LOAD_INSTANCE);
    life(4, true);
    size_t live = heap_live();
    life(8, true);
    if (heap_live() > live)
        check_fail("no memory of the host is left", "8 pairs of contexts left %zu blocks behind",
                   heap_live() - live);
}

static unsigned open_files(void)
{
    unsigned count = 0;
    DIR *all = opendir("/proc/self/fd");

    while (all != NULL && readdir(all) != NULL)
        count++;
    if (all != NULL)
        (void)closedir(all);
    return count;
}

static size_t heap_bytes(void)
{
#ifdef SANITIZED
    return __sanitizer_get_current_allocated_bytes();
#elif defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

/* Pages of the process; address space under a sanitizer grows for its own reasons. */
static size_t mapped_pages(void)
{
    unsigned long pages = 0;
#ifndef SANITIZED
    FILE *f = fopen("/proc/self/statm", "re");

    if (f != NULL) {
        char line[128];
        if (fgets(line, sizeof line, f) != NULL)
            pages = strtoul(line, NULL, 10);
        (void)fclose(f);
    }
#endif
    return pages;
}

enum { LEAK_ROUNDS = 32, LEAK_BYTES = 16 };

/* Freed blocks of the kit's own heap keep their addresses for a while: until that is the same every time. */
static void fill_quarantine(void)
{
    for (int i = 0; i < 300; i++)
        (void)heap_free(HEAP_USER, heap_alloc(HEAP_USER, 16));
}

struct growth {
    size_t bytes, pages;
    unsigned files;
};

static void *period_body(void *arg)
{
    life(LEAK_ROUNDS, true);
    return arg;
}

/* In a thread of its own: what malloc keeps aside for a thread, and counts as used, goes back with it. */
static void period(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, period_body, NULL) != 0)
        check_broken("no thread");
    pthread_join(thread, NULL);
}

/* What one more period of contexts adds. */
static struct growth grow(void)
{
    unsigned files = open_files();
    size_t pages = mapped_pages(), bytes = heap_bytes();

    period();
    size_t bytes_now = heap_bytes(), pages_now = mapped_pages();
    unsigned files_now = open_files();
    return (struct growth){
        .bytes = bytes_now > bytes ? bytes_now - bytes : 0,
        .pages = pages_now > pages ? pages_now - pages : 0,
        .files = files_now > files ? files_now - files : 0,
    };
}

/* Caches fill, malloc keeps what was freed: a leak is what goes on, so the least of several periods counts.
 */
void point_leak_process(void)
{
    struct growth least = {.bytes = SIZE_MAX, .pages = SIZE_MAX, .files = UINT_MAX};

    load_package(LOAD_INSTANCE);
    fill_quarantine();
    period();
    for (int i = 0; i < 3; i++) {
        struct growth g = grow();
        least.bytes = g.bytes < least.bytes ? g.bytes : least.bytes;
        least.pages = g.pages < least.pages ? g.pages : least.pages;
        least.files = g.files < least.files ? g.files : least.files;
        if (least.bytes < LEAK_ROUNDS * LEAK_BYTES && least.pages < LEAK_ROUNDS && least.files == 0)
            return;
    }
    if (least.files > 0)
        check_fail("as many open files as before", "%u more after every %d pairs of contexts", least.files,
                   LEAK_ROUNDS);
    if (least.bytes >= LEAK_ROUNDS * LEAK_BYTES)
        check_fail("as much memory as before", "%zu bytes of malloc more after every %d pairs of contexts",
                   least.bytes, LEAK_ROUNDS);
    check_fail("as much memory as before", "%zu pages more after every %d pairs of contexts", least.pages,
               LEAK_ROUNDS);
}

/* ---- fork ---- */

/* Runs body in a child of this process; what it answers, or how it ended. */
static struct check_shared *forked(void (*body)(struct check_pair *), struct check_pair *pair, bool *in_time,
                                   int *status)
{
    int fd;
    struct check_shared *theirs = check_shared_new(&fd);

    if (theirs == NULL)
        check_broken("no memory to share with a child");
    *theirs = *check_shared;
    theirs->answer = CHECK_NO_ANSWER;
    pid_t pid = fork();
    if (pid < 0)
        check_broken("no child");
    if (pid == 0) {
        check_shared = theirs;
        body(pair);
        check_pass();
    }
    check_enter("a call in a child after fork");
    *in_time = waitpid(pid, status, 0) == pid;
    check_enter(NULL);
    return theirs;
}

static void child_makes_new(struct check_pair *pair)
{
    struct check_pair own;

    (void)pair;
    check_open(&own, check_usual_flags());
    message_exchange(&own.a, &own.b, 0, "a message in the child");
    message_exchange(&own.b, &own.a, 0, "a message in the child");
    check_pair_close(&own);
}

void point_fork_child(void)
{
    struct check_pair pair;
    bool in_time;
    int status;

    begin(&pair);
    struct check_shared *theirs = forked(child_makes_new, &pair, &in_time, &status);
    if (theirs->answer == CHECK_NO_ANSWER)
        check_obituary(theirs, in_time, CHECK_TIMEOUT, status);
    if (theirs->answer != CHECK_PASSED)
        check_fail("contexts of its own in the child", "there: %s", theirs->seen);
}

/* A host does not let it come to that; whatever happens, it happens in the child. */
static void child_uses_ours(struct check_pair *pair)
{
    use(&pair->a);
    use(&pair->b);
    check_pair_close(pair);
}

void point_fork_parent(void)
{
    struct check_pair pair;
    struct message m;
    bool in_time;
    int status;

    begin(&pair);
    message_exchange(&pair.a, &pair.b, 0, "the first message");
    message_made(&pair.a, OP_SIGN, &m, 5, 0);
    (void)message_size(OP_SIGN);
    (void)forked(child_uses_ours, &pair, &in_time, &status);
    message_take(&pair.b, OP_VERIFY, &m, 0, NULL, "a message from before the fork");
    message_exchange(&pair.a, &pair.b, 0, "a message after the fork");
    message_exchange(&pair.b, &pair.a, 0, "a message after the fork");
}
