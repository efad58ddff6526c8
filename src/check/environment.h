/* SPDX-License-Identifier: MIT */
/*
 * check/environment: what children find: a folder with accounts (NTLM), identities (psk) and an sspi.conf
 * that names them, and variables that point there. Nothing of it where the caller has a configuration.
 */
#ifndef OPENSSPI_CHECK_ENVIRONMENT_H
#define OPENSSPI_CHECK_ENVIRONMENT_H

#include "check/check.h"

#define ENVIRONMENT_USER     "alice"
#define ENVIRONMENT_DOMAIN   "CHECK"
#define ENVIRONMENT_PASSWORD "correct horse battery"

struct check_environment {
    char folder[512]; /* "": none was made */
    char **variables;
    char *texts[4]; /* of the variables that are ours */
};

/* False: error says why (there may be something to free). */
bool environment_make(struct check_environment *e, const SspiCheckOptions *options, SspiErrorInfo *error);
void environment_free(struct check_environment *e);

#endif
