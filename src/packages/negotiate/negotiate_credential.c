/* SPDX-License-Identifier: MIT */
#include "packages/negotiate/negotiate_credential.h"

#include "base/mem.h"
#include "base/trace.h"

static SECURITY_STATUS copy_principal(struct negotiate_credential *c, const UNICODE_STRING *from)
{
    if (from == NULL)
        return SEC_E_OK;
    c->principal.Buffer = mem_alloc(from->Length + sizeof(char16_t));
    if (c->principal.Buffer == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (from->Length > 0)
        memcpy(c->principal.Buffer, from->Buffer, from->Length);
    c->principal.Length = from->Length;
    c->principal.MaximumLength = (USHORT)(from->Length + (from->Length < UINT16_MAX - 1 ? 2 : 0));
    return SEC_E_OK;
}

/* The mechanisms of this moment; SEC_E_NO_CREDENTIALS when none is there or none is allowed. */
static SECURITY_STATUS list_mechs(struct negotiate_credential *c)
{
    struct negotiate_mech mechs[NEGOTIATE_INNER_MAX];
    size_t count = 0, allowed = 0;

    SECURITY_STATUS status = negotiate_mechs_list(mechs, &count);
    if (status != SEC_E_OK)
        return status;
    c->count = count;
    for (size_t i = 0; i < count; i++) {
        c->mechs[i].mech = mechs[i];
        c->mechs[i].allowed = negotiate_identity_allows(&c->identity, mechs[i].inner.info->Name);
        allowed += c->mechs[i].allowed;
    }
    return allowed > 0 ? SEC_E_OK : SEC_E_NO_CREDENTIALS;
}

static void acquire(struct negotiate_credential *c, struct negotiate_credential_mech *m)
{
    const SECPKG_FUNCTION_TABLE *lsa = m->mech.inner.lsa;
    UNICODE_STRING principal = c->principal;
    LUID logon = c->logon;
    TimeStamp expiry;

    m->tried = true;
    m->status = SEC_E_UNSUPPORTED_FUNCTION;
    if (lsa->AcquireCredentialsHandle != NULL)
        m->status = lsa->AcquireCredentialsHandle(principal.Buffer != NULL ? &principal : NULL, c->use,
                                                  c->has_logon ? &logon : NULL, c->identity.structure, NULL,
                                                  NULL, &m->handle, &expiry);
    if (m->status > 0)
        m->status = SEC_E_OK;
    if (trace_on())
        trace_event("negotiate", "credential", "mechanism=%s use=0x%x explicit=%d status=0x%08x",
                    m->mech.name, (unsigned)c->use, c->identity.structure != NULL, (unsigned)m->status);
    /* Memory comes back; another reason stays. */
    if (m->status == SEC_E_INSUFFICIENT_MEMORY)
        m->tried = false;
}

SECURITY_STATUS negotiate_credential_make(const struct negotiate_wish *wish,
                                          struct negotiate_credential **made)
{
    struct negotiate_credential *c = mem_alloc(sizeof(*c));
    SECURITY_STATUS status;

    if (c == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    c->holders = 1;
    c->use = wish->use;
    c->has_logon = wish->logon != NULL;
    if (wish->logon != NULL)
        c->logon = *wish->logon;
    pthread_mutex_init(&c->lock, NULL);
    status = copy_principal(c, wish->principal);
    if (status == SEC_E_OK)
        status = negotiate_identity_read(wish->copy, wish->auth_data, wish->ansi, &c->identity);
    if (status == SEC_E_OK)
        status = list_mechs(c);
    for (size_t i = 0; status == SEC_E_OK && c->identity.structure == NULL && i < c->count; i++) {
        acquire(c, &c->mechs[i]);
        if (c->mechs[i].status == SEC_E_INSUFFICIENT_MEMORY)
            status = SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status != SEC_E_OK) {
        negotiate_credential_release(c);
        return status;
    }
    *made = c;
    return SEC_E_OK;
}

void negotiate_credential_hold(struct negotiate_credential *c)
{
    __atomic_fetch_add(&c->holders, 1, __ATOMIC_RELAXED);
}

void negotiate_credential_release(struct negotiate_credential *c)
{
    if (c == NULL || __atomic_sub_fetch(&c->holders, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (size_t i = 0; i < c->count; i++) {
        struct negotiate_credential_mech *m = &c->mechs[i];

        if (m->tried && m->status == SEC_E_OK && m->mech.inner.lsa->FreeCredentialsHandle != NULL)
            (void)m->mech.inner.lsa->FreeCredentialsHandle(m->handle);
        negotiate_host.release(m->mech.inner.id);
    }
    pthread_mutex_destroy(&c->lock);
    negotiate_identity_free(&c->identity);
    mem_free(c->principal.Buffer);
    mem_free(c);
}

SECURITY_STATUS negotiate_credential_use(struct negotiate_credential *c, size_t i, LSA_SEC_HANDLE *handle)
{
    struct negotiate_credential_mech *m = &c->mechs[i];

    if (!m->allowed)
        return SEC_E_SECPKG_NOT_FOUND;
    pthread_mutex_lock(&c->lock);
    if (!m->tried)
        acquire(c, m);
    SECURITY_STATUS status = m->status;
    *handle = m->handle;
    pthread_mutex_unlock(&c->lock);
    return status;
}
