/* SPDX-License-Identifier: MIT */
/*
 * packages/kerberos status: what MIT's libraries say, as SSPI says it. The trace gets MIT's own text and what
 * to do about it.
 */
#ifndef OPENSSPI_PACKAGES_KERBEROS_STATUS_H
#define OPENSSPI_PACKAGES_KERBEROS_STATUS_H

#include <ntsecpkg.h>
#include <stdbool.h>

#include "packages/kerberos/kerberos_mit.h"

/* Which side asks: the same error means different things to them. */
enum kerberos_side {
    KERBEROS_INITIATE, /* tickets: AcquireCredentialsHandle and the first step */
    KERBEROS_REPLY,    /* the initiator, reading what the acceptor answered */
    KERBEROS_ACCEPT,
    KERBEROS_KEYTAB, /* the acceptor's credentials: whatever is wrong, there is nothing to use */
};

/* A failed GSSAPI call; never SEC_E_OK. operation is a word for the trace. */
SECURITY_STATUS kerberos_status_gss(const char *operation, enum kerberos_side side, OM_uint32 major,
                                    OM_uint32 minor);
/* A failed krb5 call; context may be NULL. */
SECURITY_STATUS kerberos_status_krb5(const char *operation, enum kerberos_side side, krb5_context context,
                                     krb5_error_code code);
/* A refusal of our own, traced in the same form. Returns status. */
SECURITY_STATUS kerberos_status_own(const char *operation, SECURITY_STATUS status, const char *text,
                                    const char *advice);

#endif
