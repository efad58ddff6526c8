/* SPDX-License-Identifier: MIT */
/*
 * check/load: the package in the child. A module is brought in by the host's own rules (secur32/module), its
 * tables by ours, step by step, so that each step can be named. Those of the library's packages that are
 * built in come the same way, by their entry points. A package that steps others needs a host that has
 * others: the registry.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "check/heap.h"
#include "check/host.h"
#include "check/keeper.h"
#include "lsa/host.h"
#include "lsa/notify.h"
#include "packages/negotiate/negotiate_package.h"
#include "packages/ntlm/ntlm_package.h"
#include "packages/psk/psk_package.h"
#include "secur32/registry.h"
#ifdef OPENSSPI_WITH_KERBEROS
#include "packages/kerberos/kerberos_package.h"
#endif

enum { NAME_UNITS_MAX = 255 };

struct check_package check_package;

static struct {
    SpLsaModeInitializeFn lsa;
    SpUserModeInitializeFn user;
    const uint8_t *lsa_tables, *user_tables;
    size_t lsa_size, user_size; /* of one table */
    ULONG lsa_count, user_count, chosen;
} module;

/* ---- versions ---- */

static size_t lsa_table_size(ULONG version)
{
    static const size_t sizes[] = {
        offsetof(SECPKG_FUNCTION_TABLE, SetContextAttributes),
        offsetof(SECPKG_FUNCTION_TABLE, SetCredentialsAttributes),
        offsetof(SECPKG_FUNCTION_TABLE, ChangeAccountPassword),
        offsetof(SECPKG_FUNCTION_TABLE, QueryMetaData),
        offsetof(SECPKG_FUNCTION_TABLE, ValidateTargetInfo),
        offsetof(SECPKG_FUNCTION_TABLE, PostLogonUser),
        offsetof(SECPKG_FUNCTION_TABLE, GetRemoteCredGuardLogonBuffer),
        offsetof(SECPKG_FUNCTION_TABLE, GetTbalSupplementalCreds),
        offsetof(SECPKG_FUNCTION_TABLE, LogonUserEx3),
        offsetof(SECPKG_FUNCTION_TABLE, ExtractTargetInfo),
        sizeof(SECPKG_FUNCTION_TABLE),
    };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (version == (ULONG)SECPKG_INTERFACE_VERSION << i)
            return sizes[i];
    return 0;
}

static size_t user_table_size(ULONG version)
{
    if (lsa_table_size(version) == 0)
        return 0;
    return version == SECPKG_INTERFACE_VERSION ? offsetof(SECPKG_USER_FUNCTION_TABLE, MarshalAttributeData)
                                               : sizeof(SECPKG_USER_FUNCTION_TABLE);
}

/* ---- the steps ---- */

static void step_file(void)
{
    char reason[MODULE_REASON_MAX];
    struct module *loaded;

    check_enter("the loader (constructors of the module)");
    SECURITY_STATUS status = module_open(check_shared->module, &loaded, &module.lsa, &module.user, reason);
    check_enter(NULL);
    if (status != SEC_E_OK)
        check_fail("a module that can be loaded", "%s: %s", check_shared->module, reason);
}

static void step_built_in(void)
{
    static const struct {
        const char *name;
        SpLsaModeInitializeFn lsa;
        SpUserModeInitializeFn user;
    } known[] = {
#ifndef OPENSSPI_MODULE_NTLM
        {"NTLM", ntlm_SpLsaModeInitialize, ntlm_SpUserModeInitialize},
#endif
#ifndef OPENSSPI_MODULE_PSK
        {"psk", psk_SpLsaModeInitialize, psk_SpUserModeInitialize},
#endif
#if defined(OPENSSPI_WITH_KERBEROS) && !defined(OPENSSPI_MODULE_KERBEROS)
        {"Kerberos", kerberos_SpLsaModeInitialize, kerberos_SpUserModeInitialize},
#endif
        {"Negotiate", negotiate_SpLsaModeInitialize, negotiate_SpUserModeInitialize},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcasecmp(known[i].name, check_shared->module) != 0)
            continue;
        module.lsa = known[i].lsa;
        module.user = known[i].user;
        return;
    }
    check_fail("a package that is built in, or installed as a module", "there is no package named %s",
               check_shared->module);
}

/* What both entry points are held to. */
static void table_head(const char *entry, NTSTATUS status, ULONG version, const void *tables, ULONG count,
                       size_t size)
{
    check_expect(status, SEC_E_OK, "%s", entry);
    if (size == 0)
        check_fail("*PackageVersion: SECPKG_INTERFACE_VERSION to SECPKG_INTERFACE_VERSION_11",
                   "%s: *PackageVersion is 0x%08x", entry, (unsigned)version);
    if (tables == NULL || count == 0)
        check_fail("at least one table", "%s: *ppTables is %s and *pcTables is %u", entry,
                   tables == NULL ? "NULL" : "set", (unsigned)count);
    if (count > LSA_TABLES_MAX)
        check_fail("at most 64 tables", "%s: *pcTables is %u", entry, (unsigned)count);
    for (ULONG i = 0; i < count; i++) {
        union {
            SECPKG_FUNCTION_TABLE lsa;
            SECPKG_USER_FUNCTION_TABLE user;
        } copy;
        if (!lsa_table_read(&copy, (const uint8_t *)tables + i * size, size))
            check_fail("tables as long as the version says",
                       "%s: table %u of %zu bytes, for version 0x%08x, is not all there", entry, (unsigned)i,
                       size, (unsigned)version);
    }
}

static void step_lsa_mode(void)
{
    ULONG version = 0;
    PSECPKG_FUNCTION_TABLE tables = NULL;

    check_enter(SECPKG_LSAMODEINIT_NAME);
    NTSTATUS status = module.lsa(SECPKG_INTERFACE_VERSION, &version, &tables, &module.lsa_count);
    check_enter(NULL);
    module.lsa_size = lsa_table_size(version);
    module.lsa_tables = (const uint8_t *)tables;
    table_head(SECPKG_LSAMODEINIT_NAME, status, version, tables, module.lsa_count, module.lsa_size);
}

static void step_user_mode(void)
{
    ULONG version = 0;
    PSECPKG_USER_FUNCTION_TABLE tables = NULL;

    check_enter(SECPKG_USERMODEINIT_NAME);
    NTSTATUS status = module.user(SECPKG_INTERFACE_VERSION, &version, &tables, &module.user_count);
    check_enter(NULL);
    module.user_size = user_table_size(version);
    module.user_tables = (const uint8_t *)tables;
    table_head(SECPKG_USERMODEINIT_NAME, status, version, tables, module.user_count, module.user_size);
}

static void step_tables(void)
{
    if (module.lsa_count != module.user_count)
        check_fail("as many tables in both halves", "the LSA half has %u, the user half %u",
                   (unsigned)module.lsa_count, (unsigned)module.user_count);
    check_shared->packages = module.lsa_count;
}

static SECPKG_FUNCTION_TABLE lsa_table(ULONG i)
{
    SECPKG_FUNCTION_TABLE table = {0};

    memcpy(&table, module.lsa_tables + i * module.lsa_size, module.lsa_size);
    return table;
}

static void step_initialize(void)
{
    static SECPKG_PARAMETERS parameters = {
        .Version = SECPKG_INTERFACE_VERSION_11,
        .MachineState = SECPKG_STATE_ENCRYPTION_PERMITTED | SECPKG_STATE_STRONG_ENCRYPTION_PERMITTED |
                        SECPKG_STATE_STANDALONE,
    };

    struct lsa_call call;

    for (ULONG i = 0; i < module.lsa_count; i++) {
        SECPKG_FUNCTION_TABLE table = lsa_table(i);
        if (table.Initialize == NULL || table.GetInfo == NULL)
            check_fail("Initialize and GetInfo in every table", "table %u has no %s", (unsigned)i,
                       table.Initialize == NULL ? "Initialize" : "GetInfo");
        if (!keeper_add(i, &table))
            check_broken("no memory");
        lsa_call_begin(&call, keeper_id(i), false);
        check_enter("SpInitialize");
        NTSTATUS status = table.Initialize(keeper_id(i), &parameters, heap_lsa_functions());
        check_enter(NULL);
        lsa_call_end(&call);
        check_expect(status, SEC_E_OK, "SpInitialize (a configuration that it refuses is the usual cause)");
    }
}

/* The name as UTF-8 of at most 255 bytes; false: it is none. */
static bool name_text(const char16_t *name, char out[static 256])
{
    size_t units = utf16_length(name), bytes = 0;
    bool invalid = false;

    if (units == 0 || units > NAME_UNITS_MAX)
        return false;
    char *text = utf8_from_utf16(name, units, &bytes, &invalid);
    if (text == NULL)
        return false;
    (void)snprintf(out, 256, "%.*s", (int)bytes, text);
    mem_free(text);
    return true;
}

static void info_get(ULONG i, SecPkgInfoW *info, char name[static 256])
{
    SECPKG_FUNCTION_TABLE table = lsa_table(i);

    *info = (SecPkgInfoW){0};
    check_enter("SpGetInfo");
    NTSTATUS status = table.GetInfo(info);
    check_enter(NULL);
    check_expect(status, SEC_E_OK, "SpGetInfo");
    if (!name_text(info->Name, name))
        check_fail("a Name of 1 to 255 units in valid UTF-16", "SpGetInfo: Name is not one");
    if (info->cbMaxToken == 0)
        check_fail("cbMaxToken: bytes of the longest handshake token", "SpGetInfo: cbMaxToken is 0");
}

static void choose(ULONG i, const SecPkgInfoW *info, const char *name)
{
    module.chosen = i;
    check_package.lsa = lsa_table(i);
    memcpy(&check_package.user, module.user_tables + i * module.user_size, module.user_size);
    check_package.id = keeper_id(i);
    keeper_user(i, &check_package.user);
    check_package.info = *info;
    memcpy(check_package.name, name, sizeof check_package.name);
    memcpy(check_shared->name, name, sizeof check_shared->name);
    if (info->Comment == NULL || !name_text(info->Comment, check_shared->comment))
        check_shared->comment[0] = 0;
}

static void step_info(void)
{
    char names[LSA_TABLES_MAX][256];
    bool found = false;

    for (ULONG i = 0; i < module.lsa_count; i++) {
        SecPkgInfoW info;
        info_get(i, &info, names[i]);
        keeper_name(i, &info);
        for (ULONG k = 0; k < i; k++)
            if (strcasecmp(names[i], names[k]) == 0)
                check_fail("a name of its own for every package", "SpGetInfo: two packages are named %s",
                           names[i]);
        bool wanted = check_shared->package[0] != 0 ? strcasecmp(names[i], check_shared->package) == 0
                                                    : module.lsa_count == 1;
        if (wanted && !found)
            choose(i, &info, names[i]);
        found |= wanted;
    }
    if (!found && check_shared->package[0] != 0)
        check_fail("the package that was asked for", "the module has none named %s", check_shared->package);
    if (!found)
        check_fail("one package, or the name of one", "the module has %u packages: %s, %s and so on",
                   (unsigned)module.lsa_count, names[0], names[1]);
}

NTSTATUS load_shutdown(void)
{
    struct lsa_call call;

    lsa_notifications_stop(check_package.id);
    lsa_call_begin(&call, check_package.id, false);
    check_enter("SpShutdown");
    NTSTATUS status = check_package.lsa.Shutdown();
    check_enter(NULL);
    lsa_call_end(&call);
    lsa_notifications_stop(check_package.id);
    return status;
}

static void step_instance(void)
{
    PVOID functions = NULL;

    if (check_package.user.InstanceInit == NULL)
        return;
    check_enter("SpInstanceInit");
    NTSTATUS status =
        check_package.user.InstanceInit(SECPKG_INTERFACE_VERSION_11, heap_dll_functions(), &functions);
    check_enter(NULL);
    check_expect(status, SEC_E_OK, "SpInstanceInit");
}

/* ---- Negotiate ---- */

/* Tables of a package that the registry has started among its like. */
static void hosted_load(void)
{
    struct package *package;

    heap_use_registry();
    check_enter("the start of the built-in packages");
    SECURITY_STATUS status = registry_find(u"Negotiate", &package);
    check_enter(NULL);
    if (status != SEC_E_OK)
        check_fail("the package starts", "it does not: %s; the trace says why", check_status_text(status));
    check_package.lsa = *lsa_package_table(package->lsa);
    check_package.user = package->user;
    check_package.id = lsa_package_id(package->lsa);
    check_package.info = *package->info;
    check_package.hosted = true;
    (void)snprintf(check_package.name, sizeof check_package.name, "%s", package->name);
    memcpy(check_shared->name, check_package.name, sizeof check_shared->name);
    (void)snprintf(check_shared->comment, sizeof check_shared->comment, "%s", package->comment);
    check_shared->packages = 1;
}

struct step {
    const char *point;
    void (*run)(void);
};

static const struct step steps[LOAD_INSTANCE + 1];

static bool is_hosted(void)
{
    return check_shared->built_in && strcasecmp(check_shared->module, "Negotiate") == 0;
}

/* Points may ask again: what is loaded stays as it is. */
void load_package(enum load_step last)
{
    static int done;

    if (is_hosted() && done == 0) {
        check_stage("load.file");
        hosted_load();
        done = LOAD_INSTANCE + 1;
    }
    for (; done <= (int)last; done++) {
        check_stage(steps[done].point);
        steps[done].run();
    }
    check_stage(NULL);
}

static void step_find(void)
{
    if (check_shared->built_in)
        step_built_in();
    else
        step_file();
}

ULONG load_table_number(void)
{
    return module.chosen;
}

/* The table of that number; the name cannot be asked for without the LSA half. */
void load_user_half(ULONG table)
{
    if (is_hosted()) {
        hosted_load();
        return;
    }
    step_find();
    step_user_mode();
    if (table >= module.user_count)
        check_fail("the same tables in every process", "the user half has fewer than before");
    module.chosen = table;
    memcpy(&check_package.user, module.user_tables + table * module.user_size, module.user_size);
    step_instance();
}

static const struct step steps[LOAD_INSTANCE + 1] = {
    [LOAD_FILE] = {"load.file", step_find},
    [LOAD_LSA_MODE] = {"load.lsa-mode", step_lsa_mode},
    [LOAD_USER_MODE] = {"load.user-mode", step_user_mode},
    [LOAD_TABLES] = {"load.tables", step_tables},
    [LOAD_INITIALIZE] = {"load.initialize", step_initialize},
    [LOAD_INFO] = {"load.info", step_info},
    [LOAD_INSTANCE] = {"load.instance", step_instance},
};
