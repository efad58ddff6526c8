/* SPDX-License-Identifier: MIT */
#include "secur32/registry.h"

#include <ntstatus.h>
#include <pthread.h>
#include <stddef.h>
#include <strings.h>

#include "base/mem.h"
#include "base/trace.h"
#include "base/utf16.h"
#include "packages/negotiate/negotiate_package.h"
#include "packages/ntlm/ntlm_package.h"
#include "packages/psk/psk_package.h"
#include "secur32/module.h"
#ifdef OPENSSPI_WITH_KERBEROS
#include "packages/kerberos/kerberos_package.h"
#endif

enum { TABLES_MAX = LSA_TABLES_MAX };

static pthread_mutex_t lock;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct package *packages;
static struct package *removed; /* from the list, and not let go by everybody yet */
static bool started, starting;

static const struct lsa_keeper keeper;

static SECURITY_STATUS builtins_start(void);
static void builtins_forget(void);

/* Recursive, because a package may ask LocatePackageById while it starts. */
static void lock_init(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

/* Nobody else may be inside while the process forks: the child gets the list whole and the lock free. It
 * makes the lock anew, because a recursive one remembers the parent's thread as its owner. */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&lock);
}

/* None of the handles that held packages exists here; the list still holds its own. */
static void after_fork_child(void)
{
    for (struct package *p = packages; p != NULL; p = p->next)
        p->holders = 1;
    for (struct package *p = removed; p != NULL; p = p->next)
        p->holders = 0;
    lock_init();
}

static void first_use(void)
{
    lock_init();
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    lsa_keeper_set(&keeper);
}

static void list_lock(void)
{
    pthread_once(&once, first_use);
    pthread_mutex_lock(&lock);
}

static size_t user_table_size(ULONG version)
{
    bool known = version >= SECPKG_INTERFACE_VERSION && version <= SECPKG_INTERFACE_VERSION_11 &&
                 (version & (version - 1)) == 0;

    if (!known)
        return 0;
    return version == SECPKG_INTERFACE_VERSION ? offsetof(SECPKG_USER_FUNCTION_TABLE, MarshalAttributeData)
                                               : sizeof(SECPKG_USER_FUNCTION_TABLE);
}

/* ---- what the user half calls ---- */

static PVOID NTAPI dll_AllocateHeap(ULONG Length)
{
    return mem_client_alloc(Length);
}

static VOID NTAPI dll_FreeHeap(PVOID Base)
{
    mem_client_free(Base);
}

/* Callbacks would come through ClientCallback of the LSA host, which has none. */
static NTSTATUS NTAPI dll_RegisterCallback(ULONG CallbackId, PLSA_CALLBACK_FUNCTION Callback)
{
    (void)CallbackId;
    (void)Callback;
    return STATUS_NOT_SUPPORTED;
}

/* The user table of that package, as long as the package stays. */
static PVOID NTAPI dll_LocatePackageById(ULONG PackageId)
{
    PVOID found = NULL;

    list_lock();
    for (struct package *p = packages; p != NULL && found == NULL; p = p->next)
        if (lsa_package_id(p->lsa) == PackageId)
            found = &p->user;
    pthread_mutex_unlock(&lock);
    return found;
}

/* ---- adding; the lock is held ---- */

static struct package *find_locked(const char16_t *name, size_t units)
{
    for (struct package *p = packages; p != NULL; p = p->next)
        if (utf16_equal_nocase(p->info->Name, utf16_length(p->info->Name), name, units))
            return p;
    return NULL;
}

/* UTF-8 in client memory; malformed text gives NULL and *invalid. */
static char *text_to_utf8(const char16_t *text, bool *invalid)
{
    size_t bytes;
    char *converted = utf8_from_utf16(text, utf16_length(text), &bytes, invalid);
    char *copy = converted != NULL ? mem_client_alloc(bytes + 1) : NULL;

    if (copy != NULL)
        memcpy(copy, converted, bytes);
    mem_free(converted);
    return copy;
}

static void package_free(struct package *p)
{
    mem_client_free(p->name);
    mem_client_free(p->comment);
    lsa_package_close(p->lsa);
    if (p->module != NULL) {
        list_lock();
        module_release(p->module);
        pthread_mutex_unlock(&lock);
    }
    mem_client_free(p);
}

/* Takes lsa over: it is closed on failure. */
static SECURITY_STATUS package_make(struct lsa_package *lsa, const void *table, size_t size,
                                    struct package **result, const char **reason)
{
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    struct package *p = mem_client_alloc(sizeof(*p));
    bool invalid = false;

    *reason = "out of memory";
    if (p == NULL) {
        lsa_package_close(lsa);
        return status;
    }
    p->lsa = lsa;
    p->info = lsa_package_info(lsa);
    p->name = text_to_utf8(p->info->Name, &invalid);
    p->comment = !invalid ? text_to_utf8(p->info->Comment, &invalid) : NULL;
    if (invalid) {
        *reason = "name or comment is not UTF-16";
        status = SEC_E_CANNOT_INSTALL;
    }
    if (p->name == NULL || p->comment == NULL)
        goto out;
    status = SEC_E_CANNOT_INSTALL;
    *reason = "a table of the user half is not as long as its version says";
    if (!lsa_table_read(&p->user, table, size))
        goto out;

    PVOID functions = NULL;
    *reason = "SpInstanceInit failed";
    status = p->user.InstanceInit == NULL
                 ? SEC_E_OK
                 : lsa_status_map(p->user.InstanceInit(SECPKG_INTERFACE_VERSION_11, &registry_dll_functions,
                                                       &functions));
    if (status != SEC_E_OK)
        goto out;
    *result = p;
    return SEC_E_OK;

out:
    package_free(p);
    return status;
}

static void append_locked(struct package *p, struct module *module)
{
    struct package **end = &packages;

    p->holders = 1;
    p->module = module;
    if (module != NULL)
        module_hold(module);
    while (*end != NULL)
        end = &(*end)->next;
    *end = p;
    if (trace_on())
        trace_event("secur32", "package", "name=%s id=%lu", p->name, (unsigned long)lsa_package_id(p->lsa));
}

/* The user half's tables: the address of the first and the distance from one to the next. */
static SECURITY_STATUS user_tables(SpUserModeInitializeFn entry, const uint8_t **first, size_t *stride,
                                   ULONG *count, const char **reason)
{
    PSECPKG_USER_FUNCTION_TABLE tables = NULL;
    ULONG version = 0;

    *reason = "no SpUserModeInitialize";
    if (entry == NULL)
        return SEC_E_CANNOT_INSTALL;
    SECURITY_STATUS status = lsa_status_map(entry(SECPKG_INTERFACE_VERSION, &version, &tables, count));
    *reason = "SpUserModeInitialize failed";
    if (status != SEC_E_OK)
        return status;
    *reason = "SpUserModeInitialize names an interface version that is not known here";
    *stride = user_table_size(version);
    if (*stride == 0)
        return SEC_E_CANNOT_INSTALL;
    *reason = "SpUserModeInitialize offers no table";
    if (tables == NULL || *count == 0)
        return SEC_E_CANNOT_INSTALL;
    *reason = "SpUserModeInitialize offers more than 64 tables";
    *first = (const uint8_t *)tables;
    return *count > TABLES_MAX ? SEC_E_CANNOT_INSTALL : SEC_E_OK;
}

/* True when the list or one of the new ones before `upto` has the name of new[upto]. */
static bool name_taken(struct package *const *new, ULONG upto)
{
    const char16_t *name = new[upto]->info->Name;
    size_t units = utf16_length(name);

    for (ULONG i = 0; i < upto; i++)
        if (utf16_equal_nocase(new[i]->info->Name, utf16_length(new[i]->info->Name), name, units))
            return true;
    return find_locked(name, units) != NULL;
}

/* wanted: a name that one of them must have; NULL: none in particular. */
static bool has_name(struct package *const *made, ULONG count, const char *wanted)
{
    for (ULONG i = 0; i < count; i++)
        if (wanted == NULL || strcasecmp(made[i]->name, wanted) == 0)
            return true;
    return false;
}

/* Taking part in batches is optional, and tables that do not fit are as good as none. */
static void add_batch(struct package *const *made, ULONG count, SpBatchModeInitializeFn *entry)
{
    const SspiBatchFunctions *tables = NULL;
    ULONG offered = 0;

    if (entry == NULL || entry(SSPI_BATCH_VERSION, &tables, &offered) != SEC_E_OK || tables == NULL ||
        offered != count)
        return;
    for (ULONG i = 0; i < count; i++)
        made[i]->batch = &tables[i];
}

/* All packages of the pair, or none. batch may be NULL. */
static SECURITY_STATUS add_locked(SpLsaModeInitializeFn lsa, SpUserModeInitializeFn user,
                                  SpBatchModeInitializeFn *batch, struct module *module, const char *wanted,
                                  const char **reason)
{
    struct package *made[TABLES_MAX];
    struct lsa_package **halves = NULL;
    ULONG lsa_count = 0, user_count = 0, done = 0;
    const uint8_t *first = NULL;
    size_t stride = 0;

    SECURITY_STATUS status = user_tables(user, &first, &stride, &user_count, reason);
    if (status != SEC_E_OK)
        return status;
    status = lsa_package_open(lsa, &halves, &lsa_count, reason);
    if (status != SEC_E_OK)
        return status;

    if (lsa_count != user_count) {
        *reason = "the two halves offer different numbers of tables";
        status = SEC_E_CANNOT_INSTALL;
    }
    while (status == SEC_E_OK && done < lsa_count) {
        struct lsa_package *half = halves[done];
        halves[done] = NULL;
        status = package_make(half, first + done * stride, stride, &made[done], reason);
        if (status != SEC_E_OK)
            break;
        if (name_taken(made, done++)) {
            *reason = "a package of that name is here already";
            status = SEC_E_CANNOT_INSTALL;
        }
    }
    if (status == SEC_E_OK && !has_name(made, done, wanted)) {
        *reason = "none of its packages has the name that sspi.conf gives";
        status = SEC_E_CANNOT_INSTALL;
    }
    if (status == SEC_E_OK)
        add_batch(made, done, batch);
    for (ULONG i = 0; i < done; i++) {
        if (status == SEC_E_OK)
            append_locked(made[i], module);
        else
            package_free(made[i]);
    }
    for (ULONG i = 0; i < lsa_count; i++)
        if (halves[i] != NULL)
            lsa_package_close(halves[i]);
    mem_client_free(halves);
    return status;
}

static void trace_refused(const char *origin, SECURITY_STATUS status, const char *reason)
{
    if (trace_on())
        trace_event("secur32", "package-refused", "origin=%s status=0x%08x reason=\"%s\"", origin,
                    (unsigned)status, reason);
}

/* The module's file and its packages. */
static SECURITY_STATUS load_locked(const char *name, const char *path)
{
    char text[MODULE_REASON_MAX];
    const char *reason = text;
    struct module *module;
    SpLsaModeInitializeFn lsa;
    SpUserModeInitializeFn user;

    SECURITY_STATUS status = module_open(path, &module, &lsa, &user, text);
    if (status == SEC_E_OK) {
        status = add_locked(lsa, user, module_batch(module), module, name, &reason);
        if (status != SEC_E_OK)
            trace_refused(path, status, reason);
        module_release(module);
    } else {
        trace_refused(path, status, reason);
    }
    return status;
}

/* At the start a refused module does not concern the others. */
static SECURITY_STATUS load_at_start(const char *name, const char *path)
{
    for (const struct package *p = packages; p != NULL; p = p->next)
        if (p->module != NULL && strcmp(module_path(p->module), path) == 0)
            return SEC_E_OK;
    return load_locked(name, path) == SEC_E_INSUFFICIENT_MEMORY ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

static SECURITY_STATUS add_traced(SpLsaModeInitializeFn lsa, SpUserModeInitializeFn user,
                                  SpBatchModeInitializeFn *batch, const char *origin, const char **reason)
{
    SECURITY_STATUS status = add_locked(lsa, user, batch, NULL, NULL, reason);

    if (status != SEC_E_OK)
        trace_refused(origin, status, *reason);
    return status;
}

SECURITY_STATUS registry_add(SpLsaModeInitializeFn lsa, SpUserModeInitializeFn user, const char *origin,
                             const char **reason)
{
    list_lock();
    SECURITY_STATUS status = add_traced(lsa, user, NULL, origin, reason);
    pthread_mutex_unlock(&lock);
    return status;
}

/* ---- finding ---- */

SECURITY_STATUS registry_lock(struct package **first)
{
    list_lock();
    /* starting: a package asks for others while it starts. It sees those that are here already. */
    SECURITY_STATUS status = started || starting ? SEC_E_OK : builtins_start();
    if (status != SEC_E_OK) {
        pthread_mutex_unlock(&lock);
        return status;
    }
    *first = packages;
    return SEC_E_OK;
}

void registry_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

SECURITY_STATUS registry_find(const char16_t *name, struct package **package)
{
    struct package *first;
    SECURITY_STATUS status = registry_lock(&first);

    if (status != SEC_E_OK)
        return status;
    struct package *found = name != NULL ? find_locked(name, utf16_length(name)) : NULL;
    if (found != NULL)
        package_hold(found);
    registry_unlock();
    if (found == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    *package = found;
    return SEC_E_OK;
}

static struct package *find_id_locked(struct package *list, ULONG_PTR id)
{
    while (list != NULL && lsa_package_id(list->lsa) != id)
        list = list->next;
    return list;
}

SECURITY_STATUS registry_find_id(ULONG_PTR id, struct package **package)
{
    list_lock();
    struct package *found = find_id_locked(packages, id);
    if (found == NULL)
        found = find_id_locked(removed, id);
    if (found != NULL)
        package_hold(found);
    pthread_mutex_unlock(&lock);
    if (found == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    *package = found;
    return SEC_E_OK;
}

void package_hold(struct package *package)
{
    __atomic_fetch_add(&package->holders, 1, __ATOMIC_RELAXED);
}

/* The last one to let go; only of removed packages, as the list is a holder too. Somebody may have found it
 * by its id meanwhile, and somebody else may have been here first: it must not be touched before it is found.
 */
static void package_leave(struct package *package)
{
    list_lock();
    struct package **at = &removed;
    while (*at != NULL && *at != package)
        at = &(*at)->next;
    bool last = *at != NULL && __atomic_load_n(&package->holders, __ATOMIC_ACQUIRE) == 0;
    if (last)
        *at = package->next;
    pthread_mutex_unlock(&lock);
    if (!last)
        return;
    if (trace_on())
        trace_event("secur32", "package-gone", "name=%s", package->name);
    package_free(package);
}

void package_release(struct package *package)
{
    if (__atomic_sub_fetch(&package->holders, 1, __ATOMIC_ACQ_REL) == 0)
        package_leave(package);
}

bool package_removed(const struct package *package)
{
    return __atomic_load_n(&package->removed, __ATOMIC_ACQUIRE);
}

/* What a fork's child inherited without anybody who will let go of it. */
static void removed_sweep(void)
{
    for (struct package *p = removed, *next; p != NULL; p = next) {
        next = p->next;
        if (__atomic_load_n(&p->holders, __ATOMIC_ACQUIRE) == 0)
            package_leave(p);
    }
}

SECURITY_STATUS registry_load(const char *name)
{
    char path[MODULE_PATH_MAX];
    struct package *first;

    SECURITY_STATUS status = registry_lock(&first);
    if (status != SEC_E_OK)
        return status;
    removed_sweep();
    status = module_find(name, path) ? load_locked(NULL, path) : SEC_E_SECPKG_NOT_FOUND;
    registry_unlock();
    if (status == SEC_E_OK || status == SEC_E_SECPKG_NOT_FOUND || status == SEC_E_INSUFFICIENT_MEMORY)
        return status;
    return SEC_E_CANNOT_INSTALL;
}

SECURITY_STATUS registry_remove(const char16_t *name)
{
    struct package *first;
    SECURITY_STATUS status = registry_lock(&first);

    if (status != SEC_E_OK)
        return status;
    struct package *found = name != NULL ? find_locked(name, utf16_length(name)) : NULL;
    if (found != NULL && found->module != NULL) {
        struct package **at = &packages;
        while (*at != found)
            at = &(*at)->next;
        *at = found->next;
        found->next = removed;
        removed = found;
        __atomic_store_n(&found->removed, true, __ATOMIC_RELEASE);
    }
    registry_unlock();
    if (found == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    if (found->module == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    package_release(found);
    return SEC_E_OK;
}

void registry_reset(bool with_builtins)
{
    list_lock();
    while (packages != NULL) {
        struct package *p = packages;
        packages = p->next;
        package_free(p);
    }
    builtins_forget();
    started = !with_builtins;
    pthread_mutex_unlock(&lock);
}

/* ---- for the LSA host ---- */

static struct lsa_package *keeper_find(const char16_t *name, size_t units, void **held)
{
    struct package *first;

    if (registry_lock(&first) != SEC_E_OK)
        return NULL;
    struct package *found = find_locked(name, units);
    if (found != NULL)
        package_hold(found);
    registry_unlock();
    *held = found;
    return found != NULL ? found->lsa : NULL;
}

static struct lsa_package *keeper_hold(ULONG_PTR id, void **held)
{
    struct package *found;

    if (registry_find_id(id, &found) != SEC_E_OK)
        return NULL;
    *held = found;
    return found->lsa;
}

static void keeper_release(void *held)
{
    package_release(held);
}

static const struct lsa_keeper keeper = {
    .find = keeper_find,
    .hold = keeper_hold,
    .release = keeper_release,
};

SECPKG_DLL_FUNCTIONS registry_dll_functions = {
    .AllocateHeap = dll_AllocateHeap,
    .FreeHeap = dll_FreeHeap,
    .RegisterCallback = dll_RegisterCallback,
    .LocatePackageById = dll_LocatePackageById,
};

static struct builtin {
    const char *origin;
    SpLsaModeInitializeFn lsa;
    SpUserModeInitializeFn user;
    SpBatchModeInitializeFn *batch;
    bool tried;
} builtins[] = {
#ifndef OPENSSPI_MODULE_NTLM
    {"ntlm (built in)", ntlm_SpLsaModeInitialize, ntlm_SpUserModeInitialize, ntlm_SpBatchModeInitialize,
     false},
#endif
#ifndef OPENSSPI_MODULE_PSK
    {"psk (built in)", psk_SpLsaModeInitialize, psk_SpUserModeInitialize, NULL, false},
#endif
    {"negotiate (built in)", negotiate_SpLsaModeInitialize, negotiate_SpUserModeInitialize, NULL, false},
#if defined(OPENSSPI_WITH_KERBEROS) && !defined(OPENSSPI_MODULE_KERBEROS)
    {"kerberos (built in)", kerberos_SpLsaModeInitialize, kerberos_SpUserModeInitialize,
     kerberos_SpBatchModeInitialize, false},
#endif
};

static SECURITY_STATUS builtins_each(void)
{
    const char *reason;

    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
        struct builtin *b = &builtins[i];
        if (b->tried)
            continue;
        if (add_traced(b->lsa, b->user, b->batch, b->origin, &reason) == SEC_E_INSUFFICIENT_MEMORY)
            return SEC_E_INSUFFICIENT_MEMORY;
        b->tried = true;
    }
    return module_each(load_at_start);
}

/* Those that are in already stay; the first that finds no memory ends the round. */
static SECURITY_STATUS builtins_start(void)
{
    starting = true;
    SECURITY_STATUS status = builtins_each();
    starting = false;
    started = status == SEC_E_OK;
    return status;
}

static void builtins_forget(void)
{
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
        builtins[i].tried = false;
}
