/* SPDX-License-Identifier: MIT */
/*
 * packages/negotiate credential: one credential of each mechanism behind one handle. With a password of the
 * application's they are acquired when a handshake first wants them, since a mechanism may have to ask
 * somebody far away; what the process has without one is acquired at once, because whose it is is decided by
 * who is calling (ImpersonateSecurityContext). Handshakes hold the object beyond its handle.
 */
#ifndef OPENSSPI_PACKAGES_NEGOTIATE_CREDENTIAL_H
#define OPENSSPI_PACKAGES_NEGOTIATE_CREDENTIAL_H

#include <pthread.h>

#include "packages/negotiate/negotiate_identity.h"
#include "packages/negotiate/negotiate_mechs.h"

struct negotiate_credential_mech {
    struct negotiate_mech mech;
    bool allowed; /* by PackageList */
    bool tried;
    SECURITY_STATUS status; /* of the attempt */
    LSA_SEC_HANDLE handle;  /* the mechanism's, once tried with success */
};

struct negotiate_credential {
    uint32_t holders;     /* atomic */
    pthread_mutex_t lock; /* of tried, status and handle */
    ULONG use;            /* SECPKG_CRED_* */
    LUID logon;
    bool has_logon;
    UNICODE_STRING principal; /* Buffer mem_alloc; NULL: none */
    struct negotiate_identity identity;
    size_t count;
    struct negotiate_credential_mech mechs[NEGOTIATE_INNER_MAX]; /* in the order of preference */
};

/* What a new credential is for. */
struct negotiate_wish {
    const UNICODE_STRING *principal; /* NULL: none */
    ULONG use;
    const LUID *logon;
    void *auth_data; /* in the client's memory */
    bool ansi;
    PLSA_SECPKG_FUNCTION_TABLE host;
};

/* Held once. SEC_E_NO_CREDENTIALS: no mechanism is there or none is allowed, or the client that the caller
 * acts for has given nothing to any. */
SECURITY_STATUS negotiate_credential_make(const struct negotiate_wish *wish,
                                          struct negotiate_credential **made);
void negotiate_credential_hold(struct negotiate_credential *c);
void negotiate_credential_release(struct negotiate_credential *c);

/*
 * The credential of mechanism i, acquired now if need be; SEC_E_OK and *handle, or why there is none:
 * SEC_E_SECPKG_NOT_FOUND where PackageList leaves it out or its package was removed meanwhile.
 */
SECURITY_STATUS negotiate_credential_use(struct negotiate_credential *c, size_t i, LSA_SEC_HANDLE *handle);
/* What negotiate_credential_use failed for, in words. */
const char *negotiate_credential_reason(const struct negotiate_credential *c, size_t i);

#endif
