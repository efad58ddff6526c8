/* SPDX-License-Identifier: MIT */
/* The entry points of opensspi.h that are about NTLM accounts. */
#include <opensspi.h>

#include "packages/ntlm/ntlm_accounts.h"
#include "packages/ntlm/ntlm_policy.h"

#define PUBLIC __attribute__((visibility("default")))

/* The store that is meant: the one that was named, or sspi.conf's. */
static SECURITY_STATUS api_store(const char **store, struct ntlm_policy *policy, SspiErrorInfo *error)
{
    char text[512];
    if (*store != NULL) {
        return SEC_E_OK;
    }
    if (!ntlm_policy_read(config_process(), policy, text)) {
        ntlm_account_error(error, "%s", text);
        return SEC_E_NO_CREDENTIALS;
    }
    *store = policy->accounts;
    return SEC_E_OK;
}

PUBLIC SECURITY_STATUS SspiAccountAdd(const char *store, const char *Domain, const char *User,
                                      const char *Password, BOOLEAN Replace, SspiErrorInfo *error)
{
    struct ntlm_policy policy;
    if (User == NULL || Password == NULL) {
        ntlm_account_error(error, "a user name and a password are needed");
        return SEC_E_INVALID_PARAMETER;
    }
    SECURITY_STATUS status = api_store(&store, &policy, error);
    return status != SEC_E_OK ? status
                              : ntlm_accounts_add(store, Domain != NULL ? Domain : "", User, Password,
                                                  Replace != FALSE, error);
}

PUBLIC SECURITY_STATUS SspiAccountRemove(const char *store, const char *Domain, const char *User,
                                         SspiErrorInfo *error)
{
    struct ntlm_policy policy;
    if (User == NULL) {
        ntlm_account_error(error, "a user name is needed");
        return SEC_E_INVALID_PARAMETER;
    }
    SECURITY_STATUS status = api_store(&store, &policy, error);
    return status != SEC_E_OK ? status
                              : ntlm_accounts_remove(store, Domain != NULL ? Domain : "", User, error);
}

PUBLIC SECURITY_STATUS SspiAccountList(const char *store,
                                       BOOLEAN (*Each)(void *arg, const SspiAccount *account), void *arg,
                                       SspiErrorInfo *error)
{
    struct ntlm_policy policy;
    if (Each == NULL) {
        ntlm_account_error(error, "no function to call");
        return SEC_E_INVALID_PARAMETER;
    }
    SECURITY_STATUS status = api_store(&store, &policy, error);
    return status != SEC_E_OK ? status : ntlm_accounts_list(store, Each, arg, error);
}

PUBLIC SECURITY_STATUS SspiAccountImport(const char *store, const char *file, BOOLEAN Replace,
                                         ULONG *imported, SspiErrorInfo *error)
{
    struct ntlm_policy policy;
    if (file == NULL) {
        ntlm_account_error(error, "no file to import");
        return SEC_E_INVALID_PARAMETER;
    }
    SECURITY_STATUS status = api_store(&store, &policy, error);
    return status != SEC_E_OK ? status : ntlm_accounts_import(store, file, Replace != FALSE, imported, error);
}
