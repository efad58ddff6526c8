/* SPDX-License-Identifier: MIT */
#include "lsa/host.h"

#include <errno.h>
#include <stddef.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/trace.h"
#include "base/utf16.h"
#include "lsa/notify.h"

/* Bytes of one SECPKG_FUNCTION_TABLE in a package of that version; ntsecpkg.h only ever appends. 0: no such
 * version. */
static size_t table_size(ULONG version)
{
    switch (version) {
    case SECPKG_INTERFACE_VERSION:
        return offsetof(SECPKG_FUNCTION_TABLE, SetContextAttributes);
    case SECPKG_INTERFACE_VERSION_2:
        return offsetof(SECPKG_FUNCTION_TABLE, SetCredentialsAttributes);
    case SECPKG_INTERFACE_VERSION_3:
        return offsetof(SECPKG_FUNCTION_TABLE, ChangeAccountPassword);
    case SECPKG_INTERFACE_VERSION_4:
        return offsetof(SECPKG_FUNCTION_TABLE, QueryMetaData);
    case SECPKG_INTERFACE_VERSION_5:
        return offsetof(SECPKG_FUNCTION_TABLE, ValidateTargetInfo);
    case SECPKG_INTERFACE_VERSION_6:
        return offsetof(SECPKG_FUNCTION_TABLE, PostLogonUser);
    case SECPKG_INTERFACE_VERSION_7:
        return offsetof(SECPKG_FUNCTION_TABLE, GetRemoteCredGuardLogonBuffer);
    case SECPKG_INTERFACE_VERSION_8:
        return offsetof(SECPKG_FUNCTION_TABLE, GetTbalSupplementalCreds);
    case SECPKG_INTERFACE_VERSION_9:
        return offsetof(SECPKG_FUNCTION_TABLE, LogonUserEx3);
    case SECPKG_INTERFACE_VERSION_10:
        return offsetof(SECPKG_FUNCTION_TABLE, ExtractTargetInfo);
    case SECPKG_INTERFACE_VERSION_11:
        return sizeof(SECPKG_FUNCTION_TABLE);
    default:
        return 0;
    }
}

/* What the package claims through GetExtendedInformation; not having any is usual, and only running out of
 * memory is a reason not to start. */
static SECURITY_STATUS package_thunks(struct lsa_package *p)
{
    SECPKG_EXTENDED_INFORMATION *information = NULL;

    if (p->table.GetExtendedInformation == NULL)
        return SEC_E_OK;
    SECURITY_STATUS status =
        lsa_status_map(p->table.GetExtendedInformation(SecpkgContextThunks, &information));
    if (status != SEC_E_OK || information == NULL)
        return status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_OK;

    const SECPKG_CONTEXT_THUNKS *thunks = &information->Info.ContextThunks;
    for (ULONG i = 0; i < thunks->InfoLevelCount && p->thunk_count < LSA_THUNKS_MAX; i++) {
        if (thunks->Levels[i] == SECPKG_ATTR_THUNK_ALL)
            p->thunk_all = true;
        else
            p->thunks[p->thunk_count++] = thunks->Levels[i];
    }
    mem_free(information);
    return SEC_E_OK;
}

/* Nothing of the host's comes to the package any more. */
static void shut_down(const SECPKG_FUNCTION_TABLE *table, ULONG_PTR id)
{
    struct lsa_call call;

    lsa_notifications_stop(id);
    if (table->Shutdown == NULL)
        return;
    lsa_call_begin(&call, id, false);
    (void)table->Shutdown();
    lsa_call_end(&call);
    lsa_notifications_stop(id);
}

/* Initialize and GetInfo of one table. */
static SECURITY_STATUS package_start(const SECPKG_FUNCTION_TABLE *table, struct lsa_package **result,
                                     const char **reason)
{
    static ULONG_PTR last_id;
    SECPKG_PARAMETERS parameters = {
        .Version = SECPKG_INTERFACE_VERSION_11,
        .MachineState = SECPKG_STATE_ENCRYPTION_PERMITTED | SECPKG_STATE_STRONG_ENCRYPTION_PERMITTED |
                        SECPKG_STATE_STANDALONE,
    };
    SecPkgInfoW info = {0};
    ULONG_PTR id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);

    struct lsa_call call;

    lsa_call_begin(&call, id, false);
    SECURITY_STATUS status = lsa_status_map(table->Initialize(id, &parameters, &lsa_services));
    lsa_call_end(&call);
    if (status != SEC_E_OK) {
        lsa_notifications_stop(id);
        *reason = "SpInitialize failed; a configuration that it refuses is the usual cause";
        return status;
    }

    status = lsa_status_map(table->GetInfo(&info));
    size_t name = utf16_length(info.Name), comment = utf16_length(info.Comment);
    if (status != SEC_E_OK || name == 0 || name > LSA_NAME_MAX || comment > LSA_NAME_MAX) {
        *reason = "SpGetInfo failed or its answer has no name of 1 to 255 units";
        status = status != SEC_E_OK ? status : SEC_E_CANNOT_INSTALL;
        goto out;
    }

    struct lsa_package *p = mem_client_alloc(sizeof(*p) + (name + comment + 2) * sizeof(char16_t));
    if (p == NULL) {
        *reason = "out of memory";
        status = SEC_E_INSUFFICIENT_MEMORY;
        goto out;
    }
    p->table = *table;
    p->id = id;
    p->info = info;
    memcpy(p->text, info.Name, name * sizeof(char16_t));
    if (comment > 0)
        memcpy(p->text + name + 1, info.Comment, comment * sizeof(char16_t));
    p->info.Name = p->text;
    p->info.Comment = p->text + name + 1;
    *reason = "out of memory";
    status = package_thunks(p);
    if (status != SEC_E_OK) {
        mem_client_free(p);
        goto out;
    }
    *result = p;
    return SEC_E_OK;

out:
    shut_down(table, id);
    return status;
}

/* The system copies: where nothing is mapped it says so, and nobody crashes. */
bool lsa_table_read(void *out, const void *from, size_t size)
{
    struct iovec to = {out, size}, source = {(void *)(uintptr_t)from, size};
    ssize_t copied = process_vm_readv(getpid(), &to, 1, &source, 1, 0);

    if (copied < 0 && errno != EFAULT) {
        memcpy(out, from, size); /* a system that does not do this for us */
        return true;
    }
    return copied >= 0 && (size_t)copied == size;
}

SECURITY_STATUS lsa_package_open(SpLsaModeInitializeFn entry, struct lsa_package ***packages, ULONG *count,
                                 const char **reason)
{
    ULONG version = 0, tables = 0, opened = 0;
    PSECPKG_FUNCTION_TABLE first = NULL;
    SECURITY_STATUS status = SEC_E_CANNOT_INSTALL;

    *reason = "no SpLsaModeInitialize";
    if (entry == NULL)
        return SEC_E_CANNOT_INSTALL;
    status = lsa_status_map(entry(SECPKG_INTERFACE_VERSION, &version, &first, &tables));
    *reason = "SpLsaModeInitialize failed";
    if (status != SEC_E_OK)
        return status;
    size_t stride = table_size(version);
    *reason = "SpLsaModeInitialize names an interface version that is not known here";
    if (stride == 0)
        return SEC_E_CANNOT_INSTALL;
    *reason = "SpLsaModeInitialize offers no table";
    if (first == NULL || tables == 0)
        return SEC_E_CANNOT_INSTALL;
    *reason = "SpLsaModeInitialize offers more than 64 tables";
    if (tables > LSA_TABLES_MAX)
        return SEC_E_CANNOT_INSTALL;

    struct lsa_package **list = mem_client_alloc(tables * sizeof(struct lsa_package *));
    *reason = "out of memory";
    if (list == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    for (; opened < tables; opened++) {
        SECPKG_FUNCTION_TABLE table = {0};
        status = SEC_E_CANNOT_INSTALL;
        *reason = "a table of the LSA half is not as long as its version says";
        if (!lsa_table_read(&table, (const uint8_t *)first + opened * stride, stride))
            goto out;
        *reason = "a table without SpInitialize or SpGetInfo";
        if (table.Initialize == NULL || table.GetInfo == NULL)
            goto out;
        status = package_start(&table, &list[opened], reason);
        if (status != SEC_E_OK)
            goto out;
    }
    *packages = list;
    *count = tables;
    return SEC_E_OK;

out:
    while (opened > 0)
        lsa_package_close(list[--opened]);
    mem_client_free(list);
    return status;
}

void lsa_package_close(struct lsa_package *package)
{
    shut_down(&package->table, package->id);
    mem_client_free(package);
}

const SecPkgInfoW *lsa_package_info(const struct lsa_package *package)
{
    return &package->info;
}

ULONG_PTR lsa_package_id(const struct lsa_package *package)
{
    return package->id;
}

const SECPKG_FUNCTION_TABLE *lsa_package_table(const struct lsa_package *package)
{
    return &package->table;
}

bool lsa_context_thunked(const struct lsa_package *package, ULONG attribute)
{
    for (ULONG i = 0; i < package->thunk_count; i++)
        if (package->thunks[i] == attribute)
            return true;
    return package->thunk_all;
}
