/* SPDX-License-Identifier: MIT */
/* packages/ntlm policy: what section [ntlm] of sspi.conf allows. sspi.conf(5) is the user's text of the same.
 */
#ifndef OPENSSPI_PACKAGES_NTLM_POLICY_H
#define OPENSSPI_PACKAGES_NTLM_POLICY_H

#include "base/config.h"

struct ntlm_policy {
    unsigned level;   /* lm_compatibility_level, 0..5 */
    uint32_t minimum; /* NTLM_F_* that every established context must have */
    bool allow_anonymous;
    char accounts[1024]; /* path of the local store */
};

/*
 * Reads [ntlm]. False: the file is broken or an [ntlm] key or value is wrong; error says where and *out is
 * undefined. config NULL counts as out of memory.
 */
bool ntlm_policy_read(const struct config *config, struct ntlm_policy *out, char error[static 512]);

/* The policy in force: the process' configuration, read at SpInitialize. */
const struct ntlm_policy *ntlm_policy(void);
/* Reads the process' configuration and puts it in force; on failure nothing changes. */
bool ntlm_policy_load(char error[static 512]);

#endif
