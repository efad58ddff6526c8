/* SPDX-License-Identifier: MIT */
#include "packages/negotiate/negotiate_mechs.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/trace.h"
#include "packages/negotiate/negotiate_der.h"

static const uint8_t oid_spnego[] = {0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02};
static const uint8_t oid_kerberos[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};
static const uint8_t oid_microsoft[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02};
static const uint8_t oid_user_to_user[] = {0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86,
                                           0xf7, 0x12, 0x01, 0x02, 0x02, 0x03};
static const uint8_t oid_ntlm[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a};
static const uint8_t oid_negoex[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1e};

const struct span negotiate_oid_spnego = {oid_spnego, sizeof(oid_spnego)};
const struct span negotiate_oid_kerberos = {oid_kerberos, sizeof(oid_kerberos)};
const struct span negotiate_oid_kerberos_microsoft = {oid_microsoft, sizeof(oid_microsoft)};
const struct span negotiate_oid_ntlm = {oid_ntlm, sizeof(oid_ntlm)};

const char *negotiate_oid_name(struct span oid)
{
    static const struct {
        struct span oid;
        const char *name;
    } names[] = {
        {{oid_spnego, sizeof(oid_spnego)}, "SPNEGO"},
        {{oid_kerberos, sizeof(oid_kerberos)}, "Kerberos"},
        {{oid_microsoft, sizeof(oid_microsoft)}, "Kerberos (Microsoft's number)"},
        {{oid_user_to_user, sizeof(oid_user_to_user)}, "Kerberos user-to-user"},
        {{oid_ntlm, sizeof(oid_ntlm)}, "NTLMSSP"},
        {{oid_negoex, sizeof(oid_negoex)}, "NegoEx"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (negotiate_oid_equal(oid, names[i].oid))
            return names[i].name;
    return NULL;
}

/* X.690 8.19.4: the first number holds two. */
const char *negotiate_oid_text(struct span oid, char *out, size_t room)
{
    struct der d = der_of(oid);
    struct span contents = der_take(&d, DER_OID);
    uint64_t number = 0;
    size_t at = 0;
    bool first = true;

    for (size_t i = 0; i < contents.size && !d.failed; i++) {
        if (number >> 57 != 0 || at + 44 > room)
            return "?";
        number = number << 7 | (contents.data[i] & 0x7f);
        if (contents.data[i] & 0x80)
            continue;
        if (first) {
            uint64_t top = number < 80 ? number / 40 : 2;
            at += (size_t)snprintf(out + at, room - at, "%" PRIu64, top);
            number -= 40 * top;
            first = false;
        }
        at += (size_t)snprintf(out + at, room - at, ".%" PRIu64, number);
        number = 0;
    }
    return at > 0 ? out : "?";
}

/* The mechanism's OID as the package names it; oid_size stays 0 where there is none. */
static SECURITY_STATUS mech_identify(struct negotiate_mech *m)
{
    SECPKG_EXTENDED_INFORMATION *information = NULL;

    if (!(m->inner.info->fCapabilities & SECPKG_FLAG_NEGOTIABLE) ||
        m->inner.lsa->GetExtendedInformation == NULL)
        return SEC_E_OK;
    NTSTATUS status = m->inner.lsa->GetExtendedInformation(SecpkgGssInfo, &information);
    if (status < 0 || information == NULL)
        return status == SEC_E_INSUFFICIENT_MEMORY ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
    const SECPKG_GSS_INFO *gss = &information->Info.GssInfo;
    struct der d = der_of((struct span){gss->EncodedId, gss->EncodedIdLength});
    struct span oid = der_whole(&d, DER_OID);
    if (der_done(&d) && oid.size <= sizeof(m->oid) && !negotiate_oid_equal(oid, negotiate_oid_spnego)) {
        memcpy(m->oid, oid.data, oid.size);
        m->oid_size = oid.size;
    }
    mem_free(information);
    return SEC_E_OK;
}

static void mech_name(struct negotiate_mech *m)
{
    size_t i = 0;

    for (; m->inner.info->Name[i] != 0 && i + 1 < sizeof(m->name); i++)
        m->name[i] = m->inner.info->Name[i] > 0x20 && m->inner.info->Name[i] < 0x7f
                         ? (char)m->inner.info->Name[i]
                         : '?';
    m->name[i] = 0;
}

static unsigned mech_rank(const struct negotiate_mech *m)
{
    if (negotiate_oid_equal(negotiate_mech_oid(m), negotiate_oid_kerberos))
        return 0;
    return negotiate_oid_equal(negotiate_mech_oid(m), negotiate_oid_ntlm) ? 2 : 1;
}

SECURITY_STATUS negotiate_mechs_list(struct negotiate_mech out[static NEGOTIATE_INNER_MAX], size_t *count)
{
    struct negotiate_inner found[NEGOTIATE_INNER_MAX];
    struct negotiate_mech mechs[NEGOTIATE_INNER_MAX];
    size_t all = negotiate_host.packages(found, NEGOTIATE_INNER_MAX), kept = 0, sorted = 0;
    SECURITY_STATUS status = SEC_E_OK;

    for (size_t i = 0; i < all; i++) {
        struct negotiate_mech m = {.inner = found[i]};
        mech_name(&m);
        if (status == SEC_E_OK)
            status = mech_identify(&m);
        if (status == SEC_E_OK && m.oid_size > 0)
            mechs[kept++] = m;
        else
            negotiate_host.release(found[i].id);
    }
    for (size_t i = 0; status != SEC_E_OK && i < kept; i++)
        negotiate_host.release(mechs[i].inner.id);
    if (status != SEC_E_OK)
        return status;
    for (unsigned rank = 0; rank <= 2; rank++)
        for (size_t i = 0; i < kept; i++)
            if (mech_rank(&mechs[i]) == rank)
                out[sorted++] = mechs[i];
    *count = sorted;
    return SEC_E_OK;
}

bool negotiate_mech_is(const struct negotiate_mech *m, struct span oid)
{
    struct span own = negotiate_mech_oid(m);

    if (negotiate_oid_equal(oid, negotiate_oid_kerberos_microsoft))
        oid = negotiate_oid_kerberos;
    return negotiate_oid_equal(own, oid);
}
