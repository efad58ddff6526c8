/* SPDX-License-Identifier: MIT */
#include "lsa/sessions.h"

#include <ntstatus.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "lsa/host.h"

enum { MADE_HERE = 2 }; /* HighPart of sessions made by CreateLogonSession; the callers' own have 1 */

struct credential {
    struct credential *next;
    ULONG package;
    USHORT key_size, size;
    uint8_t bytes[]; /* key, then credentials */
};

struct session {
    struct session *next;
    LUID id;
    struct credential *first;
};

/* In pages that a fork wipes: all-zero is an unlocked, empty list. */
struct sessions {
    pthread_mutex_t lock;
    ULONG last;
    struct session *first;
};

static struct sessions *sessions_get(void)
{
    static struct sessions *all;
    struct sessions *s = __atomic_load_n(&all, __ATOMIC_ACQUIRE);

    if (s != NULL)
        return s;
    struct sessions *mine = mem_pages(sizeof(*mine), true);
    if (mine == NULL)
        return NULL;
    if (__atomic_compare_exchange_n(&all, &s, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return mine;
    mem_pages_free(mine, sizeof(*mine));
    return s;
}

static bool luid_equal(const LUID *a, const LUID *b)
{
    return a->LowPart == b->LowPart && a->HighPart == b->HighPart;
}

static struct session **find(struct sessions *all, const LUID *id)
{
    struct session **at = &all->first;

    while (*at != NULL && !luid_equal(&(*at)->id, id))
        at = &(*at)->next;
    return at;
}

static struct session *session_new(struct sessions *all, LUID id)
{
    struct session *s = mem_alloc(sizeof(*s));

    if (s == NULL)
        return NULL;
    s->id = id;
    s->next = all->first;
    all->first = s;
    return s;
}

static bool is_own(const LUID *id)
{
    SECPKG_CLIENT_INFO client;

    return lsa_services.GetClientInfo(&client) == STATUS_SUCCESS && luid_equal(&client.LogonId, id);
}

NTSTATUS NTAPI lsa_CreateLogonSession(PLUID LogonId)
{
    struct sessions *all = sessions_get();

    if (LogonId == NULL)
        return STATUS_INVALID_PARAMETER;
    if (all == NULL)
        return STATUS_NO_MEMORY;
    pthread_mutex_lock(&all->lock);
    LUID id = {.LowPart = ++all->last, .HighPart = MADE_HERE};
    const struct session *s = session_new(all, id);
    pthread_mutex_unlock(&all->lock);
    if (s == NULL)
        return STATUS_NO_MEMORY;
    *LogonId = id;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI lsa_DeleteLogonSession(PLUID LogonId)
{
    struct sessions *all = sessions_get();

    if (LogonId == NULL || all == NULL)
        return STATUS_NO_SUCH_LOGON_SESSION;
    pthread_mutex_lock(&all->lock);
    struct session **at = find(all, LogonId), *s = *at;
    if (s != NULL)
        *at = s->next;
    pthread_mutex_unlock(&all->lock);
    if (s == NULL)
        return STATUS_NO_SUCH_LOGON_SESSION;
    while (s->first != NULL) {
        struct credential *c = s->first;
        s->first = c->next;
        mem_free(c);
    }
    mem_free(s);
    return STATUS_SUCCESS;
}

static bool string_ok(const STRING *s)
{
    return s != NULL && (s->Length == 0 || s->Buffer != NULL);
}

NTSTATUS NTAPI lsa_AddCredential(PLUID LogonId, ULONG AuthenticationPackage, PLSA_STRING PrimaryKeyValue,
                                 PLSA_STRING Credentials)
{
    struct sessions *all = sessions_get();

    if (LogonId == NULL || !string_ok(PrimaryKeyValue) || !string_ok(Credentials))
        return STATUS_INVALID_PARAMETER;
    struct credential *c = mem_alloc(sizeof(*c) + PrimaryKeyValue->Length + Credentials->Length);
    if (c == NULL || all == NULL) {
        mem_free(c);
        return STATUS_NO_MEMORY;
    }
    c->package = AuthenticationPackage;
    c->key_size = PrimaryKeyValue->Length;
    c->size = Credentials->Length;
    if (c->key_size > 0)
        memcpy(c->bytes, PrimaryKeyValue->Buffer, c->key_size);
    if (c->size > 0)
        memcpy(c->bytes + c->key_size, Credentials->Buffer, c->size);

    bool own = is_own(LogonId);
    pthread_mutex_lock(&all->lock);
    struct session *s = *find(all, LogonId);
    if (s == NULL && own)
        s = session_new(all, *LogonId);
    if (s != NULL) {
        struct credential **end = &s->first;
        while (*end != NULL)
            end = &(*end)->next;
        *end = c;
    }
    pthread_mutex_unlock(&all->lock);
    if (s != NULL)
        return STATUS_SUCCESS;
    mem_free(c);
    return own ? STATUS_NO_MEMORY : STATUS_NO_SUCH_LOGON_SESSION;
}

static bool key_equal(const struct credential *c, const STRING *key)
{
    return c->key_size == key->Length && secret_equal(c->bytes, key->Buffer, key->Length);
}

static bool give(const uint8_t *bytes, USHORT size, STRING *out)
{
    char *copy = mem_alloc(size > 0 ? size : 1);

    if (copy == NULL)
        return false;
    memcpy(copy, bytes, size);
    *out = (STRING){.Length = size, .MaximumLength = size, .Buffer = copy};
    return true;
}

/* key NULL: not asked for. */
static NTSTATUS hand_out(const struct credential *c, STRING *key, ULONG *key_length, STRING *credentials)
{
    STRING key_copy = {0}, copy = {0};

    if ((key != NULL && !give(c->bytes, c->key_size, &key_copy)) ||
        !give(c->bytes + c->key_size, c->size, &copy)) {
        mem_free(key_copy.Buffer);
        return STATUS_NO_MEMORY;
    }
    if (key != NULL)
        *key = key_copy;
    if (key_length != NULL)
        *key_length = c->key_size;
    *credentials = copy;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI lsa_GetCredentials(PLUID LogonId, ULONG AuthenticationPackage, PULONG QueryContext,
                                  BOOLEAN RetrieveAllCredentials, PLSA_STRING PrimaryKeyValue,
                                  PULONG PrimaryKeyLength, PLSA_STRING Credentials)
{
    struct sessions *all = sessions_get();
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    ULONG index = 0;

    if (LogonId == NULL || QueryContext == NULL || Credentials == NULL || PrimaryKeyValue == NULL ||
        (!RetrieveAllCredentials && !string_ok(PrimaryKeyValue)))
        return STATUS_INVALID_PARAMETER;
    if (all == NULL)
        return STATUS_NO_MEMORY;
    bool own = is_own(LogonId);
    pthread_mutex_lock(&all->lock);
    const struct session *s = *find(all, LogonId);
    if (s == NULL && !own)
        status = STATUS_NO_SUCH_LOGON_SESSION;
    for (const struct credential *c = s != NULL ? s->first : NULL; c != NULL; c = c->next, index++) {
        if (index < *QueryContext || c->package != AuthenticationPackage ||
            (!RetrieveAllCredentials && !key_equal(c, PrimaryKeyValue)))
            continue;
        status = hand_out(c, RetrieveAllCredentials ? PrimaryKeyValue : NULL, PrimaryKeyLength, Credentials);
        if (status == STATUS_SUCCESS)
            *QueryContext = index + 1;
        break;
    }
    pthread_mutex_unlock(&all->lock);
    return status;
}

NTSTATUS NTAPI lsa_DeleteCredential(PLUID LogonId, ULONG AuthenticationPackage, PLSA_STRING PrimaryKeyValue)
{
    struct sessions *all = sessions_get();
    struct credential *found = NULL;

    if (LogonId == NULL || !string_ok(PrimaryKeyValue))
        return STATUS_INVALID_PARAMETER;
    if (all == NULL)
        return STATUS_NO_MEMORY;
    bool own = is_own(LogonId);
    pthread_mutex_lock(&all->lock);
    struct session *s = *find(all, LogonId);
    for (struct credential **at = s != NULL ? &s->first : NULL; at != NULL && *at != NULL;
         at = &(*at)->next) {
        if ((*at)->package == AuthenticationPackage && key_equal(*at, PrimaryKeyValue)) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&all->lock);
    mem_free(found);
    if (s == NULL && !own)
        return STATUS_NO_SUCH_LOGON_SESSION;
    return found != NULL ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}
