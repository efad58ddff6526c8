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

static SECURITY_STATUS acquire_call(struct negotiate_credential *c, struct negotiate_credential_mech *m)
{
    UNICODE_STRING principal = c->principal;
    LUID logon = c->logon;
    TimeStamp expiry;

    return m->mech.inner.lsa->AcquireCredentialsHandle(principal.Buffer != NULL ? &principal : NULL, c->use,
                                                       c->has_logon ? &logon : NULL, c->identity.structure,
                                                       NULL, NULL, &m->handle, &expiry);
}

static bool has_token(const SECPKG_CLIENT_INFO *client)
{
#if defined(__MINGW64_VERSION_MAJOR) && __MINGW64_VERSION_MAJOR <= 10
    (void)client; /* its structure ends before the token */
    return false;
#else
    return client->ClientToken != NULL;
#endif
}

/* Between ImpersonateSecurityContext and RevertSecurityContext, without a password: only the package whose
 * the client is has anything of the client's; what the others have is the process's. */
static bool is_others(PLSA_SECPKG_FUNCTION_TABLE host)
{
    SECPKG_CLIENT_INFO client = {0};

    return host->GetClientInfo(&client) >= 0 && client.Impersonating && !has_token(&client);
}

/* host NULL: with the application's password, whoever is calling. */
static void acquire(struct negotiate_credential *c, struct negotiate_credential_mech *m,
                    PLSA_SECPKG_FUNCTION_TABLE host)
{
    const SECPKG_FUNCTION_TABLE *lsa = m->mech.inner.lsa;
    ULONG_PTR before = negotiate_host.call_as(m->mech.inner.id);

    m->tried = true;
    m->status = SEC_E_UNSUPPORTED_FUNCTION;
    if (host != NULL && is_others(host))
        m->status = SEC_E_NO_CREDENTIALS;
    else if (lsa->AcquireCredentialsHandle != NULL)
        m->status = acquire_call(c, m);
    negotiate_host.call_as(before);
    if (m->status > 0)
        m->status = SEC_E_OK;
    if (trace_on())
        trace_event("negotiate", "credential", "mechanism=%s use=0x%x explicit=%d status=0x%08x",
                    m->mech.name, (unsigned)c->use, c->identity.structure != NULL, (unsigned)m->status);
    /* Memory comes back; another reason stays. */
    if (m->status == SEC_E_INSUFFICIENT_MEMORY)
        m->tried = false;
}

/* What there is without a password. It is an error to have none only for who acts for a client; everybody
 * else hears it at the first handshake, with the reason. */
static SECURITY_STATUS acquire_all(struct negotiate_credential *c, PLSA_SECPKG_FUNCTION_TABLE host)
{
    SECPKG_CLIENT_INFO client = {0};
    bool found = false;

    for (size_t i = 0; i < c->count; i++) {
        if (!c->mechs[i].allowed)
            continue;
        acquire(c, &c->mechs[i], host);
        if (c->mechs[i].status == SEC_E_INSUFFICIENT_MEMORY)
            return SEC_E_INSUFFICIENT_MEMORY;
        found |= c->mechs[i].status == SEC_E_OK;
    }
    bool acting = host->GetClientInfo(&client) >= 0 && client.Impersonating;
    return found || !acting ? SEC_E_OK : SEC_E_NO_CREDENTIALS;
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
        status = negotiate_identity_read(wish->host->CopyFromClientBuffer, wish->auth_data, wish->ansi,
                                         &c->identity);
    if (status == SEC_E_OK)
        status = list_mechs(c);
    if (status == SEC_E_OK && c->identity.texts.password.text == NULL)
        status = acquire_all(c, wish->host);
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

    if (!m->allowed || negotiate_host.removed(m->mech.inner.id))
        return SEC_E_SECPKG_NOT_FOUND;
    pthread_mutex_lock(&c->lock);
    if (!m->tried)
        acquire(c, m, NULL);
    SECURITY_STATUS status = m->status;
    *handle = m->handle;
    pthread_mutex_unlock(&c->lock);
    return status;
}

const char *negotiate_credential_reason(const struct negotiate_credential *c, size_t i)
{
    if (!c->mechs[i].allowed)
        return "left out by PackageList";
    return negotiate_host.removed(c->mechs[i].mech.inner.id) ? "removed" : "no credential";
}
