/* SPDX-License-Identifier: MIT */
/*
 * check: the conformance kit for security packages.
 *
 * Two kinds of processes. The parent (run.c) goes through the table of points (points.c) and, for each,
 * executes a child that runs this one point and nothing else. What the two have in common is struct
 * check_shared, in memory that both map: the parent's question, the child's answer, and where the child is at
 * any moment, so that a crash or a call that never returns can be told by name when nobody else is left to
 * tell it. The child says what it found with one of the functions below that do not return; a point that runs
 * to its end has passed.
 *
 * Points do not mix: each begins with a package freshly loaded and contexts freshly made, tries one rule, and
 * asks of everything around it as little as possible. What it needs of other points stands in two places: in
 * the table (needs: not tried unless those passed) and in the stage (check_stage) that it is in while it
 * prepares: what goes wrong there counts for the point that the stage names.
 *
 * In the child the kit is the package's host (host.c). It meets the package through the tables of
 * <ntsecpkg.h> alone, serves it through tables of its own whose heaps count, fail on demand and guard
 * (heap.c), and puts all buffers that a package sees between pages that nobody may touch (guard.c).
 *
 * The kit's own mistakes (no memory, no pages) are an answer too, CHECK_BROKEN; how the child ends says
 * nothing of them, because a package may end it as it likes. A child that never began is the kit's affair as
 * well.
 */
#ifndef OPENSSPI_CHECK_CHECK_H
#define OPENSSPI_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ntsecpkg.h>
#include <ntstatus.h>
#include <sspi.h>
#include <sspi_check.h>

enum {
    CHECK_ID_MAX = 64,
    CHECK_TEXT_MAX = 512,
    CHECK_PATH_MAX = 1024,
    CHECK_NEEDS_MAX = 12,
    CHECK_TIMEOUT = 10, /* seconds */
};

typedef void check_point_fn(void);

struct check_point {
    SspiCheckPoint about;
    /* Ids of points that must have passed; with '?' before it: must not have failed. Ended by NULL. */
    const char *needs[CHECK_NEEDS_MAX];
    check_point_fn *run;
};

const struct check_point *check_point_at(size_t index);
/* NULL: there is none. index may be NULL. */
const struct check_point *check_point_find(const char *id, size_t *index);

/* ---- between parent and child ---- */

enum check_answer {
    CHECK_NO_ANSWER, /* the child ended on its own */
    CHECK_PASSED,
    CHECK_FAILED,
    CHECK_NOT_OFFERED,
    CHECK_NOT_REACHED,
    CHECK_BROKEN, /* the kit cannot go on; seen says why */
};

#define CHECK_MAGIC 0x53434b31u

enum { CHECK_PACKED_MAX = 65536 };

/* Contexts on their way to another process (cross.h). */
struct check_crossing {
    bool import;      /* through ImportContext; else InitUserModeContext */
    uint32_t table;   /* of the module: which is the package's */
    char owner[256];  /* name of the package whose contexts they are, where it is another one */
    uint64_t user[2]; /* what the contexts are known by; initiator, acceptor */
    uint32_t size[2];
    uint8_t packed[2][CHECK_PACKED_MAX];
};

struct check_shared {
    uint32_t magic;
    /* the question */
    char point[CHECK_ID_MAX];
    char module[CHECK_PATH_MAX]; /* absolute path, or the name of a package that is built in */
    char package[256];
    char user[256], domain[256], password[256], target[512], principal[256];
    bool has_user, has_password, built_in;
    bool own_account; /* user and password are the kit's own */
    uint32_t timeout; /* seconds */
    /* where the child is */
    bool begun;               /* it is the kit's, and nothing of the package has run before */
    char stage[CHECK_ID_MAX]; /* the point that what happens now belongs to; "": the one in question */
    char entry[64];           /* the function of the package that runs; "": none */
    char note[256];           /* what a crash was about */
    /* the answer */
    int32_t answer; /* enum check_answer */
    char because[CHECK_ID_MAX];
    char expected[CHECK_TEXT_MAX], seen[CHECK_TEXT_MAX];
    /* what is known of the package; handed from one child to the next */
    char name[256], comment[256];
    uint32_t packages;
    uint32_t sign_size, seal_size; /* tokens' lengths; 0: not known yet */
    struct check_crossing crossing;
};

/* ---- the child: saying what was found ---- */

extern struct check_shared *check_shared;

_Noreturn void check_pass(void);
/* expected and a format of what was seen instead. */
_Noreturn void check_fail(const char *expected, const char *seen, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void check_not_offered(const char *what, ...) __attribute__((format(printf, 1, 2)));
/* The kit itself cannot go on. */
_Noreturn void check_broken(const char *what);
/* From now on what goes wrong belongs to the point with this Id; NULL: to the one in question. */
void check_stage(const char *id);

/* "SEC_E_OK", "0xC0000008 STATUS_INVALID_HANDLE": one of eight static buffers. */
const char *check_status_text(NTSTATUS status);

/* Fails unless got is want; both are mapped as hosts do it. what: the call, with its circumstances. */
void check_expect(NTSTATUS got, SECURITY_STATUS want, const char *what, ...)
    __attribute__((format(printf, 3, 4)));
/* Fails unless got is a failure. */
void check_expect_refused(NTSTATUS got, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* Marks the function of the package that is called; NULL: back. Any thread; the last one to say so wins. */
void check_enter(const char *entry);

#endif
