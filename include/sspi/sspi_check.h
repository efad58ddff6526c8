/* SPDX-License-Identifier: MIT */
/**
 * @file sspi_check.h
 * The conformance kit for security packages, as a library: link with sspi-check (pkg-config sspi-check). It
 * is what `sspi check` runs.
 *
 * A package is tried point by point against the contract of <ntsecpkg.h> and <sspi.h>. Each point runs in a
 * process of its own, which loads the module, puts every buffer between pages that nobody may touch, and is
 * ended when it takes too long: a package that crashes or never returns is told so, and the next point
 * begins afresh. Points are run in the order of SspiCheckPointAt.
 *
 * A test of an author's own is two lines:
 *
 *     SspiCheckOptions options = {.Module = "/path/to/my.so"};
 *     return SspiCheckRun(&options, SSPI_CHECK_TAP, stdout, NULL);
 */
#ifndef OPENSSPI_SSPI_CHECK_H
#define OPENSSPI_SSPI_CHECK_H

#include <stddef.h>
#include <stdio.h>

#include "sspi.h"

#include "opensspi.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif

/** What a package promises. All text is static. */
typedef struct SspiCheckPoint {
    const char *Id;   /**< stable: "make.token.short" */
    const char *Rule; /**< one sentence */
    const char *Page; /**< where the rule stands: "MakeSignature, <sspi.h>" */
} SspiCheckPoint;

/** The points in the order in which they run, from 0; NULL behind the last. */
const SspiCheckPoint *SspiCheckPointAt(size_t index);

typedef enum SspiCheckOutcome {
    SspiCheckPassed,
    SspiCheckFailed,
    SspiCheckNotOffered, /**< the package need not have this, and has not */
    SspiCheckNotReached  /**< another point, Because, failed and this one cannot be tried without it */
} SspiCheckOutcome;

/** What one point came to. The strings live until the callback returns; "" where there is nothing to say. */
typedef struct SspiCheckResult {
    const SspiCheckPoint *Point;
    SspiCheckOutcome Outcome;
    const char *Expected; /**< of a failed point */
    const char *Seen;     /**< of a failed point; of one that is not offered: what is missing */
    const char *Because;  /**< the Id of the point that is in the way */
    double Seconds;
} SspiCheckResult;

/** Zero means the default everywhere. The strings must stay until the function returns. */
typedef struct SspiCheckOptions {
    const char *Module;  /**< file of a module, or the name of a package that is built in or installed */
    const char *Package; /**< which package of the module; needed when it has several */
    /* Whom the initiator is. User NULL: an account made for the purpose, or the environment's for Kerberos.
     */
    const char *User, *Domain, *Password;
    const char *Target;    /**< TargetName of the initiator; "host/NAME-OF-THIS-MACHINE" */
    const char *Principal; /**< of the acceptor's credentials; none */
    /** An sspi.conf for the package, with accounts of the caller's own. NULL: $SSPI_CONFIG, else one that the
     * kit makes, together with accounts (NTLM) and identities (psk) for itself. */
    const char *Config;
    const char *Point; /**< only the points with this Id, or below it: "make" means all "make." */
    unsigned Timeout;  /**< seconds for one point; 10 */
    /** The program that is executed for a point: it hands its arguments to SspiCheckChild. NULL: the
     * installed `sspi`. */
    const char *Helper;
    /** Not NULL: as soon as it is not 0, by a handler of signals for example, the next point is not begun. */
    const volatile int *Stop;
} SspiCheckOptions;

/** What is known of the package once it was loaded. */
typedef struct SspiCheckSummary {
    char Package[256]; /**< its name; "" when it was not loaded */
    char Comment[256];
    unsigned Passed, Failed, NotOffered, NotReached;
} SspiCheckSummary;

/**
 * Tries the package and calls Each for every point. FALSE from Each ends it early.
 * 0: every point passed or is not offered; 1: some failed; 2: the package could not be loaded or the options
 * make no sense, and *error (may be NULL) says why. *summary may be NULL.
 * The program must not ignore SIGCHLD, nor wait for children that are not its own while this runs.
 */
int SspiCheck(const SspiCheckOptions *options, BOOLEAN (*Each)(void *arg, const SspiCheckResult *result),
              void *arg, SspiCheckSummary *summary, SspiErrorInfo *error);

typedef enum SspiCheckFormat {
    SSPI_CHECK_TAP, /**< TAP 13, and a table of what failed behind it as comments */
    SSPI_CHECK_JSON /**< one object */
} SspiCheckFormat;

/** SspiCheck with a report to out. *error as there; it stands in the report too. */
int SspiCheckRun(const SspiCheckOptions *options, SspiCheckFormat format, FILE *out, SspiErrorInfo *error);

/**
 * For programs named in Helper, first thing in main: when argv is `check --child N`, runs the point that it
 * is about and does not return. Otherwise returns without effect.
 */
void SspiCheckChild(int argc, char **argv);

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
