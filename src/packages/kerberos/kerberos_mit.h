/* SPDX-License-Identifier: MIT */
/*
 * packages/kerberos: the only door to MIT's libraries. Nothing here links with them: the first use of the
 * package loads libgssapi_krb5, so that programs without Kerberos never carry it, and a system without it
 * gets an answer that says what to install. Functions and constants have the types of MIT's own prototypes.
 */
#ifndef OPENSSPI_PACKAGES_KERBEROS_MIT_H
#define OPENSSPI_PACKAGES_KERBEROS_MIT_H

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

/* Handshakes, credentials and names only: none of the functions that protect messages. */
#define KERBEROS_MIT_SYMBOLS(X)                                                                              \
    X(gss_accept_sec_context)                                                                                \
    X(gss_acquire_cred_from)                                                                                 \
    X(gss_compare_name)                                                                                      \
    X(gss_delete_sec_context)                                                                                \
    X(gss_display_name)                                                                                      \
    X(gss_display_status)                                                                                    \
    X(gss_import_name)                                                                                       \
    X(gss_init_sec_context)                                                                                  \
    X(gss_inquire_context)                                                                                   \
    X(gss_inquire_cred)                                                                                      \
    X(gss_krb5_export_lucid_sec_context)                                                                     \
    X(gss_krb5_free_lucid_sec_context)                                                                       \
    X(gss_krb5_set_allowable_enctypes)                                                                       \
    X(gss_release_buffer)                                                                                    \
    X(gss_release_cred)                                                                                      \
    X(gss_release_name)                                                                                      \
    X(gss_set_cred_option)                                                                                   \
    X(gsskrb5_extract_authtime_from_sec_context)                                                             \
    X(krb5_cc_close)                                                                                         \
    X(krb5_cc_destroy)                                                                                       \
    X(krb5_cc_get_full_name)                                                                                 \
    X(krb5_cc_new_unique)                                                                                    \
    X(krb5_cc_resolve)                                                                                       \
    X(krb5_free_context)                                                                                     \
    X(krb5_free_cred_contents)                                                                               \
    X(krb5_free_enctypes)                                                                                    \
    X(krb5_free_error_message)                                                                               \
    X(krb5_free_host_realm)                                                                                  \
    X(krb5_free_principal)                                                                                   \
    X(krb5_free_string)                                                                                      \
    X(krb5_free_unparsed_name)                                                                               \
    X(krb5_get_error_message)                                                                                \
    X(krb5_get_host_realm)                                                                                   \
    X(krb5_get_init_creds_opt_alloc)                                                                         \
    X(krb5_get_init_creds_opt_free)                                                                          \
    X(krb5_get_init_creds_opt_set_out_ccache)                                                                \
    X(krb5_get_init_creds_password)                                                                          \
    X(krb5_get_permitted_enctypes)                                                                           \
    X(krb5_init_context)                                                                                     \
    X(krb5_parse_name)                                                                                       \
    X(krb5_unparse_name)                                                                                     \
    X(GSS_KRB5_CRED_NO_CI_FLAGS_X)                                                                           \
    X(GSS_KRB5_NT_PRINCIPAL_NAME)                                                                            \
    X(gss_mech_krb5)

struct kerberos_mit {
#define KERBEROS_MIT_MEMBER(name) __typeof__(name) *name;
    KERBEROS_MIT_SYMBOLS(KERBEROS_MIT_MEMBER)
#undef KERBEROS_MIT_MEMBER
};

/* Loads the library once. False: it is not there or too old; the trace says which package has it. */
bool kerberos_mit_load(void);
/* Only after kerberos_mit_load said true. */
extern struct kerberos_mit kerberos_mit;

#endif
