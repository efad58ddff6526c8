/* SPDX-License-Identifier: MIT */
/*
 * packages/kerberos names: targets as Windows' callers write them, turned into principals.
 *
 *     service/host             service/host in host's realm
 *     service/host:port        the port stays part of the name
 *     service/host/instance    three components ([MS-KILE]: a domain controller's names)
 *     any of these @REALM      in that realm
 *     service@host             service/host: GSSAPI's host-based form
 *     user@REALM               the account itself. Told from the line above by the realm: no lower-case
 *                              letter in it
 *     DOMAIN\user              the account user@DOMAIN
 *     host.with.dots           host/host.with.dots
 *     account                  an account of the default realm
 *
 * The host is put in lower case, and so is the service HOST; other services stay as written (HTTP, MSSQLSvc):
 * KDCs other than Active Directory compare letter for letter. Names are not looked up in DNS: who answers DNS
 * would choose whom to trust. The realm of a host is what krb5.conf's [domain_realm] says, otherwise the KDC
 * is asked.
 */
#ifndef OPENSSPI_PACKAGES_KERBEROS_NAMES_H
#define OPENSSPI_PACKAGES_KERBEROS_NAMES_H

#include <ntsecpkg.h>

/*
 * The text of a principal, UTF-8 in mem_alloc memory, as krb5_parse_name reads it; it ends in '@' when the
 * KDC is to be asked for the realm. realm_of: the realm that krb5.conf has for a host, mem_alloc, "" for
 * none, NULL out of memory.
 * SEC_E_TARGET_UNKNOWN: empty, not UTF-8, longer than 1024 bytes, or of no such form.
 */
SECURITY_STATUS kerberos_name_target(const char *target, char *(*realm_of)(const char *host),
                                     char **principal);

/* user and realm of an identity, or of AcquireCredentialsHandle's principal: user@REALM, user (default realm)
 * or service/host. NULL: out of memory. */
char *kerberos_name_user(const char *user, const char *domain);

/* krb5.conf's realm for a host, as realm_of above. */
char *kerberos_name_realm_of(const char *host);

#endif
