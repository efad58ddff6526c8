/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "packages/kerberos/kerberos_lsa.h"

#include "base/mem.h"
#include "base/sources.h"
#include "base/trace.h"
#include "base/utf16.h"
#include "packages/attributes.h"
#include "packages/identity.h"
#include "packages/kerberos/kerberos_info.h"
#include "packages/kerberos/kerberos_names.h"

enum { RENEW_BEFORE = 300 }; /* seconds before the end of a ticket got by password */

struct credential_slot {
    struct slab_head head;
    struct kerberos_credential *credential;
};

static struct slab slots = SLAB_INIT(sizeof(struct credential_slot), 1u << 20, true);

/* ---- tickets ---- */

static void destroy_cache(const char *name)
{
    krb5_context context;
    krb5_ccache cache;
    if (kerberos_mit.krb5_init_context(&context) != 0)
        return;
    if (kerberos_mit.krb5_cc_resolve(context, name, &cache) == 0)
        kerberos_mit.krb5_cc_destroy(context, cache);
    kerberos_mit.krb5_free_context(context);
}

struct kerberos_tickets *kerberos_tickets_hold(struct kerberos_tickets *t)
{
    if (t != NULL)
        __atomic_fetch_add(&t->holders, 1, __ATOMIC_RELAXED);
    return t;
}

void kerberos_tickets_drop(struct kerberos_tickets *t)
{
    OM_uint32 minor;
    if (t == NULL || __atomic_sub_fetch(&t->holders, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    if (t->cred != GSS_C_NO_CREDENTIAL)
        kerberos_mit.gss_release_cred(&minor, &t->cred);
    if (t->memory_cache != NULL)
        destroy_cache(t->memory_cache);
    mem_free(t->memory_cache);
    mem_free(t);
}

/* Takes cred over. NULL: out of memory, cred is released. */
static struct kerberos_tickets *tickets_wrap(gss_cred_id_t cred)
{
    OM_uint32 minor;
    struct kerberos_tickets *t = mem_alloc(sizeof *t);
    if (t == NULL) {
        kerberos_mit.gss_release_cred(&minor, &cred);
        return NULL;
    }
    t->holders = 1;
    t->cred = cred;
    return t;
}

/* ---- GSS credentials ---- */

/* What krb5.conf permits of the types that protect/krb5 knows, in its order. 0: krb5.conf leaves none, or
 * cannot be read. */
static OM_uint32 permitted_types(krb5_enctype *types, size_t room)
{
    krb5_context context;
    krb5_enctype *permitted = NULL;
    OM_uint32 count = 0;
    if (kerberos_mit.krb5_init_context(&context) != 0)
        return 0;
    if (kerberos_mit.krb5_get_permitted_enctypes(context, &permitted) == 0) {
        for (size_t i = 0; permitted[i] != 0 && count < room; i++) {
            bool known = krb5_key_size((unsigned)permitted[i]) != 0;
            if (known && (permitted[i] != KRB5_ETYPE_RC4 || kerberos_allow_rc4))
                types[count++] = permitted[i];
        }
        kerberos_mit.krb5_free_enctypes(context, permitted);
    }
    kerberos_mit.krb5_free_context(context);
    return count;
}

/* Session keys only of types that we can use, and from initiators only the flags that were asked for. */
static SECURITY_STATUS restrict_credential(gss_cred_id_t *cred, enum kerberos_side side)
{
    OM_uint32 minor, major;
    krb5_enctype types[16];
    OM_uint32 count = permitted_types(types, sizeof types / sizeof types[0]);
    if (count == 0)
        return kerberos_status_own("permitted-enctypes", SEC_E_KDC_UNKNOWN_ETYPE,
                                   "krb5.conf permits no encryption type that can be used here",
                                   "permit an AES type in krb5.conf's permitted_enctypes");
    major = kerberos_mit.gss_krb5_set_allowable_enctypes(&minor, *cred, count, types);
    if (GSS_ERROR(major))
        return kerberos_status_gss("gss_krb5_set_allowable_enctypes", side, major, minor);
    if (side == KERBEROS_INITIATE) {
        gss_buffer_desc none = GSS_C_EMPTY_BUFFER;
        major =
            kerberos_mit.gss_set_cred_option(&minor, cred, *kerberos_mit.GSS_KRB5_CRED_NO_CI_FLAGS_X, &none);
        if (GSS_ERROR(major))
            return kerberos_status_gss("gss_set_cred_option", side, major, minor);
    }
    return SEC_E_OK;
}

SECURITY_STATUS kerberos_tickets_delegated(gss_cred_id_t cred, struct kerberos_tickets **tickets)
{
    OM_uint32 ignored;
    SECURITY_STATUS status = restrict_credential(&cred, KERBEROS_INITIATE);
    if (status != SEC_E_OK) {
        kerberos_mit.gss_release_cred(&ignored, &cred);
        return status;
    }
    *tickets = tickets_wrap(cred);
    return *tickets != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS import_principal(const char *principal, gss_name_t *name)
{
    OM_uint32 minor;
    gss_buffer_desc text = {strlen(principal), (void *)(uintptr_t)principal};
    OM_uint32 major =
        kerberos_mit.gss_import_name(&minor, &text, *kerberos_mit.GSS_KRB5_NT_PRINCIPAL_NAME, name);
    return GSS_ERROR(major) ? kerberos_status_gss("gss_import_name", KERBEROS_INITIATE, major, minor)
                            : SEC_E_OK;
}

/*
 * From the process's ticket caches, its client keytab or its keytab; with cache from that one. *lifetime in
 * seconds.
 */
static SECURITY_STATUS acquire(enum kerberos_side side, const char *principal, const char *cache,
                               struct kerberos_tickets **tickets, OM_uint32 *lifetime)
{
    OM_uint32 minor, ignored;
    gss_name_t name = GSS_C_NO_NAME;
    gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
    gss_OID_set_desc mechanism = {1, *kerberos_mit.gss_mech_krb5};
    gss_key_value_element_desc element = {"ccache", cache};
    gss_key_value_set_desc store = {1, &element};
    SECURITY_STATUS status = principal != NULL ? import_principal(principal, &name) : SEC_E_OK;
    if (status != SEC_E_OK)
        return status;
    OM_uint32 major = kerberos_mit.gss_acquire_cred_from(
        &minor, name, GSS_C_INDEFINITE, &mechanism, side == KERBEROS_KEYTAB ? GSS_C_ACCEPT : GSS_C_INITIATE,
        cache != NULL ? &store : GSS_C_NO_CRED_STORE, &cred, NULL, lifetime);
    if (name != GSS_C_NO_NAME)
        kerberos_mit.gss_release_name(&ignored, &name);
    if (GSS_ERROR(major))
        return kerberos_status_gss("gss_acquire_cred", side, major, minor);
    status = restrict_credential(&cred, side);
    if (status != SEC_E_OK) {
        kerberos_mit.gss_release_cred(&ignored, &cred);
        return status;
    }
    *tickets = tickets_wrap(cred);
    return *tickets != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* ---- by password ---- */

/* A copy of principal with the realm in capitals; NULL when it has none or has them already. */
static char *capital_realm(const char *principal)
{
    const char *at = strrchr(principal, '@');
    char *copy = at != NULL ? mem_copy(principal, strlen(principal) + 1) : NULL;
    bool changed = false;
    for (char *c = copy != NULL ? copy + (at - principal) : NULL; c != NULL && *c != 0; c++) {
        if (*c >= 'a' && *c <= 'z') {
            *c = (char)(*c - 'a' + 'A');
            changed = true;
        }
    }
    if (!changed) {
        mem_free(copy);
        return NULL;
    }
    return copy;
}

static bool realm_missing(krb5_error_code code)
{
    return code == KRB5_REALM_UNKNOWN || code == KRB5_REALM_CANT_RESOLVE || code == KRB5_KDC_UNREACH ||
           code == KRB5KDC_ERR_WRONG_REALM;
}

/* A ticket-granting ticket into the cache; *end: its end, seconds since 1970. */
static krb5_error_code get_ticket(krb5_context context, const char *principal, const char *password,
                                  krb5_ccache cache, uint64_t *end)
{
    krb5_principal client = NULL;
    krb5_get_init_creds_opt *options = NULL;
    krb5_creds creds;
    krb5_error_code code = kerberos_mit.krb5_parse_name(context, principal, &client);
    if (code != 0)
        return code;
    code = kerberos_mit.krb5_get_init_creds_opt_alloc(context, &options);
    if (code == 0)
        code = kerberos_mit.krb5_get_init_creds_opt_set_out_ccache(context, options, cache);
    if (code == 0)
        code = kerberos_mit.krb5_get_init_creds_password(context, &creds, client, password, NULL, NULL, 0,
                                                         NULL, options);
    if (code == 0) {
        *end = (uint32_t)creds.times.endtime;
        kerberos_mit.krb5_free_cred_contents(context, &creds);
    }
    if (options != NULL)
        kerberos_mit.krb5_get_init_creds_opt_free(context, options);
    kerberos_mit.krb5_free_principal(context, client);
    return code;
}

/* *name: the new cache's full name, mem_alloc. Realms that nobody knows are tried in capitals. */
static SECURITY_STATUS fill_cache(krb5_context context, const char *principal, const char *password,
                                  char **name, uint64_t *end)
{
    krb5_ccache cache = NULL;
    char *text = NULL, *capitals;
    krb5_error_code code = kerberos_mit.krb5_cc_new_unique(context, "MEMORY", NULL, &cache);
    if (code == 0)
        code = get_ticket(context, principal, password, cache, end);
    if (realm_missing(code) && (capitals = capital_realm(principal)) != NULL) {
        krb5_error_code again = get_ticket(context, capitals, password, cache, end);
        code = realm_missing(again) ? code : again;
        mem_free(capitals);
    }
    if (code == 0)
        code = kerberos_mit.krb5_cc_get_full_name(context, cache, &text);
    if (code == 0) {
        *name = mem_copy(text, strlen(text) + 1);
        kerberos_mit.krb5_free_string(context, text);
        code = *name != NULL ? 0 : ENOMEM;
    }
    if (code == 0) {
        kerberos_mit.krb5_cc_close(context, cache);
        return SEC_E_OK;
    }
    SECURITY_STATUS status =
        kerberos_status_krb5("krb5_get_init_creds_password", KERBEROS_INITIATE, context, code);
    if (cache != NULL)
        kerberos_mit.krb5_cc_destroy(context, cache);
    /* A principal that cannot be read, or a reply that the password does not open: not this user. */
    return status == SEC_E_TARGET_UNKNOWN ? SEC_E_LOGON_DENIED : status;
}

static SECURITY_STATUS acquire_by_password(const struct kerberos_credential *c,
                                           struct kerberos_tickets **tickets, uint64_t *end)
{
    krb5_context context;
    char *cache = NULL;
    OM_uint32 lifetime;
    krb5_error_code code = kerberos_mit.krb5_init_context(&context);
    if (code != 0)
        return kerberos_status_krb5("krb5_init_context", KERBEROS_INITIATE, NULL, code);
    SECURITY_STATUS status = fill_cache(context, c->principal, c->password, &cache, end);
    kerberos_mit.krb5_free_context(context);
    if (status != SEC_E_OK)
        return status;
    status = acquire(KERBEROS_INITIATE, NULL, cache, tickets, &lifetime);
    if (status == SEC_E_OK) {
        (*tickets)->memory_cache = cache;
    } else {
        destroy_cache(cache);
        mem_free(cache);
    }
    return status;
}

/* ---- credentials ---- */

/* The clock of krb5's times: seconds since 1970. */
static uint64_t unix_now(void)
{
    return sources_now() / 10000000 - UINT64_C(11644473600);
}

void kerberos_credential_drop(struct kerberos_credential *c)
{
    if (c == NULL || __atomic_sub_fetch(&c->holders, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    kerberos_tickets_drop(c->initiate);
    kerberos_tickets_drop(c->accept);
    pthread_mutex_destroy(&c->lock);
    mem_free(c->principal);
    mem_free(c->password);
    mem_free(c);
}

struct kerberos_credential *kerberos_credential_hold(LSA_SEC_HANDLE id)
{
    struct credential_slot *slot = slab_get(&slots, id);
    if (slot == NULL)
        return NULL;
    __atomic_fetch_add(&slot->credential->holders, 1, __ATOMIC_RELAXED);
    return slot->credential;
}

SECURITY_STATUS kerberos_credential_initiate(struct kerberos_credential *c, struct kerberos_tickets **tickets)
{
    SECURITY_STATUS status = c->initiate_status;
    *tickets = NULL;
    if (!(c->use & SECPKG_CRED_OUTBOUND))
        return SEC_E_NO_CREDENTIALS;
    pthread_mutex_lock(&c->lock);
    if (c->password != NULL && (c->initiate == NULL || unix_now() >= c->renew)) {
        struct kerberos_tickets *fresh = NULL;
        uint64_t end = 0;
        status = acquire_by_password(c, &fresh, &end);
        if (status == SEC_E_OK) {
            kerberos_tickets_drop(c->initiate);
            c->initiate = fresh;
            c->renew = end > RENEW_BEFORE ? end - RENEW_BEFORE : 0;
            c->end = end;
        } else if (c->initiate != NULL && unix_now() < c->end) {
            status = SEC_E_OK; /* what there is still holds for the rest of its time */
        }
    }
    if (status == SEC_E_OK)
        *tickets = kerberos_tickets_hold(c->initiate);
    pthread_mutex_unlock(&c->lock);
    return status;
}

SECURITY_STATUS kerberos_credential_accept(struct kerberos_credential *c, struct kerberos_tickets **tickets)
{
    *tickets = NULL;
    if (!(c->use & SECPKG_CRED_INBOUND))
        return SEC_E_NO_CREDENTIALS;
    if (c->accept_status == SEC_E_OK)
        *tickets = kerberos_tickets_hold(c->accept);
    return c->accept_status;
}

/* ---- the table's functions ---- */

static bool call_is_ansi(void)
{
    SECPKG_CALL_INFO info;
    return kerberos_lsa->GetCallInfo(&info) && (info.Attributes & SECPKG_CALL_ANSI);
}

/* MIT's functions want UTF-8. The password moves; without one there is none. */
static SECURITY_STATUS credential_take(struct kerberos_credential *c, struct packages_identity *id)
{
    char *user = NULL, *domain = NULL, *password = NULL;
    bool invalid = false, done = packages_identity_split(id);
    if (done)
        done = (user = packages_text_utf8(&id->user, &invalid)) != NULL &&
               (domain = packages_text_utf8(&id->domain, &invalid)) != NULL;
    if (done && id->password.text != NULL)
        done = (password = packages_text_utf8(&id->password, &invalid)) != NULL;
    if (done)
        done = (c->principal = kerberos_name_user(user, domain)) != NULL;
    if (done) {
        c->supplied = true;
        c->password = password;
    } else {
        mem_free(password);
    }
    mem_free(user);
    mem_free(domain);
    return done ? SEC_E_OK : invalid ? SEC_E_UNKNOWN_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
}

/* Whose credentials: the identity's, or the named principal's. */
static SECURITY_STATUS credential_who(struct kerberos_credential *c, PUNICODE_STRING name, void *auth_data)
{
    struct packages_identity id = {0};
    bool given = false, invalid = false;
    if (auth_data != NULL) {
        SECURITY_STATUS status = packages_identity_read(kerberos_lsa->CopyFromClientBuffer, auth_data,
                                                        call_is_ansi(), &id, &given);
        if (status == SEC_E_OK && given)
            status = credential_take(c, &id);
        packages_identity_free(&id);
        if (status != SEC_E_OK || given)
            return status;
    }
    if (name == NULL || name->Length == 0)
        return SEC_E_OK;
    size_t bytes;
    char *text = utf8_from_utf16(name->Buffer, name->Length / 2, &bytes, &invalid);
    if (text == NULL)
        return invalid ? SEC_E_UNKNOWN_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
    SECURITY_STATUS status = SEC_E_OK;
    /* A user for a client, a service for a server; SPNs name either. */
    if (strchr(text, '/') != NULL) {
        status = kerberos_name_target(text, kerberos_name_realm_of, &c->principal);
    } else {
        c->principal = kerberos_name_user(text, "");
        status = c->principal != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    mem_free(text);
    return status == SEC_E_TARGET_UNKNOWN ? SEC_E_UNKNOWN_CREDENTIALS : status;
}

static TimeStamp expiry_of(OM_uint32 lifetime)
{
    TimeStamp t = {.QuadPart = INT64_MAX};
    if (lifetime != GSS_C_INDEFINITE && lifetime != 0)
        t.QuadPart = (LONGLONG)sources_now() + (LONGLONG)lifetime * 10000000;
    return t;
}

/*
 * Tickets and keys. With both uses one of them is enough: a server that also calls others need not have
 * tickets when it starts. A password is asked for its ticket at the first handshake, as on Windows.
 */
static SECURITY_STATUS credential_fill(struct kerberos_credential *c, OM_uint32 *lifetime)
{
    c->initiate_status = c->accept_status = SEC_E_NO_CREDENTIALS;
    if (c->use & SECPKG_CRED_OUTBOUND)
        c->initiate_status = c->password != NULL
                                 ? SEC_E_OK
                                 : acquire(KERBEROS_INITIATE, c->principal, NULL, &c->initiate, lifetime);
    if (c->use & SECPKG_CRED_INBOUND) {
        OM_uint32 ignored;
        /* An identity says who we are as a client; the keys of a service are in its keytab. */
        c->accept_status =
            acquire(KERBEROS_KEYTAB, c->supplied ? NULL : c->principal, NULL, &c->accept, &ignored);
    }
    if (c->initiate_status == SEC_E_OK || c->accept_status == SEC_E_OK)
        return SEC_E_OK;
    return c->use & SECPKG_CRED_OUTBOUND ? c->initiate_status : c->accept_status;
}

/* Is the named principal, if any is named, who delegated? */
static SECURITY_STATUS check_delegated(const struct kerberos_credential *c,
                                       const struct kerberos_tickets *given)
{
    OM_uint32 minor, ignored;
    gss_name_t wanted = GSS_C_NO_NAME, found = GSS_C_NO_NAME;
    int equal = 0;
    if (c->principal == NULL)
        return SEC_E_OK;
    SECURITY_STATUS status = import_principal(c->principal, &wanted);
    if (status != SEC_E_OK)
        return status;
    OM_uint32 major = kerberos_mit.gss_inquire_cred(&minor, given->cred, &found, NULL, NULL, NULL);
    if (!GSS_ERROR(major))
        major = kerberos_mit.gss_compare_name(&minor, wanted, found, &equal);
    kerberos_mit.gss_release_name(&ignored, &wanted);
    if (found != GSS_C_NO_NAME)
        kerberos_mit.gss_release_name(&ignored, &found);
    if (GSS_ERROR(major))
        return kerberos_status_gss("gss_compare_name", KERBEROS_INITIATE, major, minor);
    if (!equal)
        return kerberos_status_own("impersonate", SEC_E_NO_CREDENTIALS,
                                   "the named principal is not the client that is impersonated",
                                   "name that client or nobody, or give a password");
    return SEC_E_OK;
}

/* Between ImpersonateSecurityContext and RevertSecurityContext there is what the client delegated to that
 * context, and of the process's tickets and keys nothing. */
static SECURITY_STATUS credential_impersonated(struct kerberos_credential *c,
                                               const SECPKG_CLIENT_INFO *client)
{
    struct kerberos_context *context = kerberos_context_find((LSA_SEC_HANDLE)(uintptr_t)client->ClientToken);
    if (context == NULL || context->given == NULL)
        return kerberos_status_own(
            "impersonate", SEC_E_NO_CREDENTIALS, "the client that is impersonated has delegated nothing",
            "the client asks for ISC_REQ_DELEGATE, and its KDC must trust this service");
    if (!(c->use & SECPKG_CRED_OUTBOUND))
        return SEC_E_NO_CREDENTIALS;
    SECURITY_STATUS status = check_delegated(c, context->given);
    if (status != SEC_E_OK)
        return status;
    c->initiate = kerberos_tickets_hold(context->given);
    c->accept_status = SEC_E_NO_CREDENTIALS;
    return SEC_E_OK;
}

static SECURITY_STATUS credential_make(struct kerberos_credential *c, PUNICODE_STRING name, void *auth_data,
                                       OM_uint32 *lifetime)
{
    SECPKG_CLIENT_INFO client = {0};
    SECURITY_STATUS status = credential_who(c, name, auth_data);
    if (status != SEC_E_OK)
        return status;
    if (kerberos_lsa->GetClientInfo(&client) < 0 || !client.Impersonating)
        return credential_fill(c, lifetime);
    if (c->password == NULL)
        return credential_impersonated(c, &client);
    /* A password of the application's own needs nothing of the process's; a keytab would be. */
    c->use &= ~(ULONG)SECPKG_CRED_INBOUND;
    return credential_fill(c, lifetime);
}

NTSTATUS NTAPI kerberos_SpAcquireCredentialsHandle(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags,
                                                   PLUID LogonId, PVOID AuthorizationData,
                                                   PVOID GetKeyFunciton, PVOID GetKeyArgument,
                                                   PLSA_SEC_HANDLE CredentialHandle,
                                                   PTimeStamp ExpirationTime)
{
    OM_uint32 lifetime = GSS_C_INDEFINITE;
    uintptr_t id;
    (void)LogonId;
    (void)GetKeyFunciton;
    (void)GetKeyArgument;
    ULONG use = CredentialUseFlags & ~(ULONG)(SECPKG_CRED_RESERVED | SECPKG_CRED_AUTOLOGON_RESTRICTED);
    if (use == 0 || (use & ~(ULONG)SECPKG_CRED_BOTH))
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!kerberos_mit_load())
        return SEC_E_SECPKG_NOT_FOUND;
    struct kerberos_credential *c = mem_alloc(sizeof *c);
    if (c == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    c->holders = 1;
    c->use = use;
    pthread_mutex_init(&c->lock, NULL);
    NTSTATUS status = credential_make(c, PrincipalName, AuthorizationData, &lifetime);
    struct credential_slot *slot = status == SEC_E_OK ? slab_alloc(&slots, &id) : NULL;
    if (status == SEC_E_OK && slot == NULL)
        status = SEC_E_INSUFFICIENT_MEMORY;
    if (status != SEC_E_OK) {
        kerberos_credential_drop(c);
        return status;
    }
    slot->credential = c;
    *CredentialHandle = id;
    *ExpirationTime = expiry_of(lifetime);
    return SEC_E_OK;
}

NTSTATUS NTAPI kerberos_SpFreeCredentialsHandle(LSA_SEC_HANDLE CredentialHandle)
{
    struct credential_slot *slot = slab_get(&slots, CredentialHandle);
    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    struct kerberos_credential *c = slot->credential;
    slab_free(&slots, CredentialHandle);
    kerberos_credential_drop(c);
    return SEC_E_OK;
}

static SECURITY_STATUS name_text(const char *text, size_t size, char16_t **out)
{
    size_t units;
    bool invalid = false;
    *out = utf16_from_utf8(text, size, &units, &invalid);
    return *out != NULL ? SEC_E_OK : invalid ? SEC_E_NO_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
}

/*
 * The name that GSSAPI has for the tickets, or the identity's as it was given. UTF-16, mem_alloc. Callers
 * take SEC_E_NO_CREDENTIALS for a credential that is nobody's, so that running out of memory is another
 * status.
 */
static SECURITY_STATUS credential_name(struct kerberos_credential *c, char16_t **out)
{
    OM_uint32 minor;
    gss_name_t name = GSS_C_NO_NAME;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    *out = NULL;
    if (c->principal != NULL)
        return name_text(c->principal, strlen(c->principal), out);
    struct kerberos_tickets *tickets = c->initiate != NULL ? c->initiate : c->accept;
    if (tickets == NULL)
        return SEC_E_NO_CREDENTIALS;
    OM_uint32 ignored;
    OM_uint32 major = kerberos_mit.gss_inquire_cred(&minor, tickets->cred, &name, NULL, NULL, NULL);
    if (!GSS_ERROR(major) && name == GSS_C_NO_NAME)
        return SEC_E_NO_CREDENTIALS;
    if (!GSS_ERROR(major))
        major = kerberos_mit.gss_display_name(&minor, name, &text, NULL);
    SECURITY_STATUS status = SEC_E_OK;
    if (GSS_ERROR(major))
        status = kerberos_status_gss("gss_display_name", KERBEROS_INITIATE, major, minor);
    else
        status = name_text(text.value, text.length, out);
    kerberos_mit.gss_release_buffer(&ignored, &text);
    if (name != GSS_C_NO_NAME)
        kerberos_mit.gss_release_name(&ignored, &name);
    return status == SEC_E_OK || status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_NO_CREDENTIALS;
}

static void *client_alloc(size_t size)
{
    void *p = NULL;
    return kerberos_lsa->AllocateClientBuffer(NULL, (ULONG)size, &p) >= 0 ? p : NULL;
}

NTSTATUS NTAPI kerberos_SpQueryCredentialsAttributes(LSA_SEC_HANDLE CredentialHandle,
                                                     ULONG CredentialAttribute, PVOID Buffer)
{
    if (CredentialAttribute != SECPKG_CRED_ATTR_NAMES)
        return SEC_E_UNSUPPORTED_FUNCTION;
    struct kerberos_credential *c = kerberos_credential_hold(CredentialHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    char16_t *name;
    NTSTATUS status = credential_name(c, &name);
    if (status == SEC_E_OK) {
        char16_t *copy = packages_string_copy(client_alloc, name, utf16_length(name));
        if (copy != NULL)
            ((SecPkgCredentials_NamesW *)Buffer)->sUserName = copy;
        else
            status = SEC_E_INSUFFICIENT_MEMORY;
    }
    mem_free(name);
    kerberos_credential_drop(c);
    return status;
}
