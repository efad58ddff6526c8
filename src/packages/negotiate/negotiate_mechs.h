/* SPDX-License-Identifier: MIT */
/*
 * packages/negotiate mechanisms: OBJECT IDENTIFIERs (whole elements throughout) and the packages of this
 * process that offer themselves, in the order of preference: Kerberos, what is unknown here in the registry's
 * order, NTLM.
 */
#ifndef OPENSSPI_PACKAGES_NEGOTIATE_MECHS_H
#define OPENSSPI_PACKAGES_NEGOTIATE_MECHS_H

#include "base/span.h"
#include "packages/negotiate/negotiate_package.h"

enum { NEGOTIATE_INNER_MAX = 16, NEGOTIATE_OID_MAX = 64 };

extern const struct span negotiate_oid_spnego;
extern const struct span negotiate_oid_kerberos;
extern const struct span negotiate_oid_kerberos_microsoft; /* 1.2.840.48018.1.2.2: 113554 cut to 16 bits */
extern const struct span negotiate_oid_ntlm;

static inline bool negotiate_oid_equal(struct span a, struct span b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* One mechanism that can be negotiated. */
struct negotiate_mech {
    struct negotiate_inner inner;
    char name[32]; /* of the package, for the trace */
    uint8_t oid[NEGOTIATE_OID_MAX];
    size_t oid_size;
};

/* The mechanisms there are now, every package held; *count of them. Or SEC_E_INSUFFICIENT_MEMORY, and none is
 * held.
 */
SECURITY_STATUS negotiate_mechs_list(struct negotiate_mech out[static NEGOTIATE_INNER_MAX], size_t *count);

static inline struct span negotiate_mech_oid(const struct negotiate_mech *m)
{
    return (struct span){m->oid, m->oid_size};
}
/* Is oid this mechanism's, by either of Kerberos' names? */
bool negotiate_mech_is(const struct negotiate_mech *m, struct span oid);

/* "1.3.6.1.5.5.2" for traces and the inspector; "?" for what does not fit. */
const char *negotiate_oid_text(struct span oid, char *out, size_t room);
/* The name of a mechanism that is known here, or NULL. */
const char *negotiate_oid_name(struct span oid);

#endif
