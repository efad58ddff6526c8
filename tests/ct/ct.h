/* SPDX-License-Identifier: MIT */
/* ct: what the parts of the constant-time check share (ct.c). */
#ifndef OPENSSPI_TESTS_CT_H
#define OPENSSPI_TESTS_CT_H

#include <stdio.h>

#include "protect/krb5.h"
#include "protect/ntlm.h"

enum { CT_TOKEN_MAX = 64 };

/* The processor has instructions for AES; without them nettle has tables, and what needs AES is left out. */
extern bool ct_has_aes;

/* From here on a secret, or no longer one. */
void ct_hide(void *bytes, size_t size);
void ct_publish(void *bytes, size_t size);
void ct_hide_ntlm(struct ntlm_protect *p);
void ct_hide_krb5(struct krb5_protect *p);

/* One line of TAP for what came between: right, and no error of memcheck's. */
void ct_begin(void);
void ct_end(bool right, const char *name);

/* The public functions, one by one and together: api.c. */
void ct_api(void);

#endif
