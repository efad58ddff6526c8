/* SPDX-License-Identifier: MIT */
/* The accounts store and NTLM_USER_FILE: the first byte says which, the rest is the file. */
#include "fuzz.h"

#include "base/mem.h"
#include "packages/ntlm/ntlm_accounts.h"

static BOOLEAN each(void *arg, const SspiAccount *account)
{
    (void)arg;
    fuzz_touch(account->Domain, strlen(account->Domain));
    fuzz_touch(account->User, strlen(account->User));
    return TRUE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct ntlm_account_file file;
    struct ntlm_account_line line;
    struct ntlm_account_secret secret;
    SspiErrorInfo error;
    fuzz_start();
    bool users = fuzz_u8(&in) & 1;
    char path[128];
    snprintf(path, sizeof path, "%s", fuzz_file("store", in.data, in.size));
    if (ntlm_account_file_open(&file, path, users, &error) == SEC_E_OK) {
        while (ntlm_account_file_next(&file, path, &line, &error) == SEC_E_OK) {
            fuzz_touch(line.domain, strlen(line.domain));
            fuzz_touch(line.user, strlen(line.user));
            if (line.password)
                fuzz_touch(line.password, strlen(line.password));
        }
        ntlm_account_file_close(&file);
    }
    const struct ntlm_account_query query = {"EXAMPLE", "alice", true};
    if (ntlm_accounts_find(users ? path : NULL, users ? "/nonexistent/store" : path, &query, &secret) ==
        SEC_E_OK)
        ntlm_account_secret_wipe(&secret);
    if (!users)
        SspiAccountList(path, each, NULL, &error);
    return 0;
}
