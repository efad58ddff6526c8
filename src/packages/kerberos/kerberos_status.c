/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_status.h"

#include <errno.h>
#include <string.h>

#include "base/trace.h"

/* One error: the status for each side, and what somebody who reads the trace can do. */
struct meaning {
    krb5_error_code code;
    SECURITY_STATUS initiate, reply, accept;
    const char *advice;
};

static const struct meaning *meaning_of(krb5_error_code code);
static const char *advice_of_major(OM_uint32 major);

/* Where the mechanism's code says nothing, the routine error of RFC 2744 section 3.9.1 does. */
static SECURITY_STATUS status_of_major(OM_uint32 major)
{
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_BAD_BINDINGS:
        return SEC_E_BAD_BINDINGS;
    case GSS_S_BAD_NAME:
    case GSS_S_BAD_NAMETYPE:
        return SEC_E_TARGET_UNKNOWN;
    case GSS_S_BAD_SIG:
        return SEC_E_MESSAGE_ALTERED;
    case GSS_S_NO_CRED:
    case GSS_S_CREDENTIALS_EXPIRED:
        return SEC_E_NO_CREDENTIALS;
    case GSS_S_DEFECTIVE_CREDENTIAL:
        return SEC_E_UNKNOWN_CREDENTIALS;
    case GSS_S_DEFECTIVE_TOKEN:
    case GSS_S_BAD_MECH:
        return SEC_E_INVALID_TOKEN;
    case GSS_S_CONTEXT_EXPIRED:
        return SEC_E_CONTEXT_EXPIRED;
    case GSS_S_DUPLICATE_TOKEN:
        return SEC_E_OUT_OF_SEQUENCE;
    default:
        break;
    }
    if (GSS_SUPPLEMENTARY_INFO(major) & (GSS_S_DUPLICATE_TOKEN | GSS_S_OLD_TOKEN))
        return SEC_E_OUT_OF_SEQUENCE;
    return SEC_E_INTERNAL_ERROR;
}

static SECURITY_STATUS status_of_meaning(const struct meaning *m, enum kerberos_side side)
{
    switch (side) {
    case KERBEROS_INITIATE:
        return m->initiate;
    case KERBEROS_REPLY:
        return m->reply;
    case KERBEROS_ACCEPT:
        return m->accept;
    case KERBEROS_KEYTAB:
        break;
    }
    return m->code == ENOMEM || m->code == KRB5_CC_NOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_NO_CREDENTIALS;
}

SECURITY_STATUS kerberos_status_own(const char *operation, SECURITY_STATUS status, const char *text,
                                    const char *advice)
{
    if (trace_on())
        trace_event("kerberos", "failed", "operation=%s status=0x%08x text=\"%s\" advice=\"%s\"", operation,
                    (unsigned)status, text, advice);
    return status;
}

/* The routine error's text as the reason, and the mechanism's own, which may be none ("Success"). */
static void trace_gss(const char *operation, SECURITY_STATUS status, OM_uint32 major, OM_uint32 minor,
                      const char *advice)
{
    gss_buffer_desc reason = GSS_C_EMPTY_BUFFER, text = GSS_C_EMPTY_BUFFER;
    OM_uint32 ignored, more = 0;
    kerberos_mit.gss_display_status(&ignored, major, GSS_C_GSS_CODE, *kerberos_mit.gss_mech_krb5, &more,
                                    &reason);
    more = 0;
    kerberos_mit.gss_display_status(&ignored, minor, GSS_C_MECH_CODE, *kerberos_mit.gss_mech_krb5, &more,
                                    &text);
    trace_event(
        "kerberos", "failed",
        "operation=%s status=0x%08x major=0x%08x minor=%d reason=\"%.*s\" text=\"%.*s\" advice=\"%s\"",
        operation, (unsigned)status, (unsigned)major, (int)minor, (int)reason.length,
        reason.value != NULL ? (const char *)reason.value : "", (int)text.length,
        text.value != NULL ? (const char *)text.value : "", advice);
    kerberos_mit.gss_release_buffer(&ignored, &reason);
    kerberos_mit.gss_release_buffer(&ignored, &text);
}

SECURITY_STATUS kerberos_status_gss(const char *operation, enum kerberos_side side, OM_uint32 major,
                                    OM_uint32 minor)
{
    const struct meaning *m = meaning_of((krb5_error_code)minor);
    SECURITY_STATUS status = side == KERBEROS_KEYTAB ? SEC_E_NO_CREDENTIALS : status_of_major(major);
    const char *advice = m != NULL ? m->advice : advice_of_major(major);
    if (GSS_ROUTINE_ERROR(major) == GSS_S_BAD_BINDINGS)
        advice = advice_of_major(major);
    if (side == KERBEROS_KEYTAB)
        advice = "the service's keys belong in the keytab that KRB5_KTNAME or krb5.conf names";
    /* Bindings have a routine error of their own and minor codes of every kind. */
    if (m != NULL && GSS_ROUTINE_ERROR(major) != GSS_S_BAD_BINDINGS)
        status = status_of_meaning(m, side);
    /* What nobody has a name for came from the peer when there was something from the peer. */
    if (status == SEC_E_INTERNAL_ERROR && side != KERBEROS_INITIATE)
        status = SEC_E_INVALID_TOKEN;
    if (trace_on())
        trace_gss(operation, status, major, minor, advice);
    return status;
}

SECURITY_STATUS kerberos_status_krb5(const char *operation, enum kerberos_side side, krb5_context context,
                                     krb5_error_code code)
{
    const struct meaning *m = meaning_of(code);
    SECURITY_STATUS status = m != NULL ? status_of_meaning(m, side) : SEC_E_INTERNAL_ERROR;
    if (trace_on()) {
        const char *text = kerberos_mit.krb5_get_error_message(context, code);
        trace_event("kerberos", "failed", "operation=%s status=0x%08x minor=%d text=\"%s\" advice=\"%s\"",
                    operation, (unsigned)status, (int)code, text != NULL ? text : "",
                    m != NULL ? m->advice : "KRB5_TRACE shows more");
        kerberos_mit.krb5_free_error_message(context, text);
    }
    return status;
}

#define SAME(code, status, advice)                                                                           \
    {                                                                                                        \
        (code), (status), (status), (status), (advice)                                                       \
    }

/* What only the KDC or a ticket cache says; from the peer it would be no sensible answer. */
#define OWN(code, status, advice)                                                                            \
    {                                                                                                        \
        (code), (status), SEC_E_INVALID_TOKEN, SEC_E_INVALID_TOKEN, (advice)                                 \
    }

static const char kinit_advice[] = "get a ticket with kinit, or give a user, realm and password";
static const char clock_advice[] =
    "set this machine's clock and the peer's right; five minutes apart is the most";
static const char kdc_advice[] =
    "look whether the realm's KDC runs and is reachable, and at krb5.conf's [realms]";
static const char password_advice[] = "check user, realm and password";
static const char keytab_advice[] =
    "add the service's key to the keytab (klist -k shows what it holds), or correct the target name";
static const char key_advice[] =
    "the keytab's key is not the KDC's: export the service's key again and get new tickets";
static const char target_advice[] = "check the target name; the service needs a principal of that name";
static const char etype_advice[] =
    "no encryption type is common to both sides: look at permitted_enctypes and the service's keys";
static const char token_advice[] = "the bytes are no Kerberos token, or were altered on their way";
static const char service_advice[] =
    "the KDC gives out no tickets for that service: look at its account there";
static const char refused_advice[] = "the KDC refuses such a ticket; its log says why";
static const char cache_advice[] = "the ticket cache that KRB5CCNAME or krb5.conf names cannot be read";
static const char configuration_advice[] = "look at krb5.conf, and at KRB5_CONFIG if it is set";

static const char bindings_advice[] =
    "somebody is between the two sides, or one of them names another channel: compare what they bind to";

static const char *advice_of_major(OM_uint32 major)
{
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_BAD_BINDINGS:
        return bindings_advice;
    case GSS_S_BAD_SIG:
    case GSS_S_DEFECTIVE_TOKEN:
        return token_advice;
    default:
        return "KRB5_TRACE shows more";
    }
}

static const struct meaning meanings[] = {
    /* tickets */
    SAME(KRB5_CC_NOTFOUND, SEC_E_NO_CREDENTIALS, kinit_advice),
    SAME(KRB5_FCC_NOFILE, SEC_E_NO_CREDENTIALS, kinit_advice),
    SAME(KRB5_CC_END, SEC_E_NO_CREDENTIALS, kinit_advice),
    SAME(KRB5_NO_TKT_SUPPLIED, SEC_E_NO_CREDENTIALS, kinit_advice),
    SAME(KRB5_CC_FORMAT, SEC_E_NO_CREDENTIALS, kinit_advice),
    {KRB5KRB_AP_ERR_TKT_EXPIRED, SEC_E_NO_CREDENTIALS, SEC_E_CONTEXT_EXPIRED, SEC_E_CONTEXT_EXPIRED,
     "the ticket has expired: get a new one with kinit"},
    {KRB5KRB_AP_ERR_TKT_NYV, SEC_E_TIME_SKEW, SEC_E_TIME_SKEW, SEC_E_TIME_SKEW, clock_advice},
    OWN(KRB5KDC_ERR_TGT_REVOKED, SEC_E_NO_CREDENTIALS, kinit_advice),
    OWN(KRB5KDC_ERR_NEVER_VALID, SEC_E_NO_CREDENTIALS, kinit_advice),
    OWN(KRB5KDC_ERR_CANNOT_POSTDATE, SEC_E_NO_CREDENTIALS, refused_advice),
    OWN(KRB5KDC_ERR_BADOPTION, SEC_E_NO_CREDENTIALS, refused_advice),
    OWN(KRB5_TKT_NOT_FORWARDABLE, SEC_E_NO_CREDENTIALS, "get a forwardable ticket: kinit -f"),
    OWN(KRB5_CC_IO, SEC_E_NO_CREDENTIALS, cache_advice),
    OWN(KRB5_CC_BADNAME, SEC_E_NO_CREDENTIALS, cache_advice),
    OWN(KRB5_CC_UNKNOWN_TYPE, SEC_E_NO_CREDENTIALS, cache_advice),
    OWN(KRB5_CC_NOT_KTYPE, SEC_E_NO_CREDENTIALS, cache_advice),
    OWN(KRB5_CC_WRITE, SEC_E_NO_CREDENTIALS, cache_advice),
    OWN(KRB5_CC_READONLY, SEC_E_NO_CREDENTIALS, cache_advice),
    OWN(KRB5_FCC_PERM, SEC_E_NO_CREDENTIALS, cache_advice),
    OWN(KRB5_FCC_INTERNAL, SEC_E_NO_CREDENTIALS, cache_advice),
    OWN(KRB5_KCM_NO_SERVER, SEC_E_NO_CREDENTIALS, cache_advice),
    OWN(KRB5_KCM_RPC_ERROR, SEC_E_NO_CREDENTIALS, cache_advice),
    /* users */
    OWN(KRB5KDC_ERR_CLIENT_NOTYET, SEC_E_LOGON_DENIED, "the account is not valid yet"),
    OWN(KRB5KDC_ERR_PADATA_TYPE_NOSUPP, SEC_E_LOGON_DENIED, refused_advice),
    SAME(KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, SEC_E_LOGON_DENIED, password_advice),
    SAME(KRB5KDC_ERR_PREAUTH_FAILED, SEC_E_LOGON_DENIED, password_advice),
    SAME(KRB5_PREAUTH_FAILED, SEC_E_LOGON_DENIED, password_advice),
    SAME(KRB5KDC_ERR_CLIENT_REVOKED, SEC_E_LOGON_DENIED, "the account is locked or disabled"),
    SAME(KRB5KDC_ERR_KEY_EXP, SEC_E_LOGON_DENIED, "the password has expired: change it with kpasswd"),
    SAME(KRB5KDC_ERR_NAME_EXP, SEC_E_LOGON_DENIED, "the account has expired"),
    SAME(KRB5KDC_ERR_POLICY, SEC_E_LOGON_DENIED, "the KDC's policy refuses this ticket"),
    SAME(KRB5_LIBOS_CANTREADPWD, SEC_E_LOGON_DENIED, password_advice),
    /* services */
    SAME(KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, SEC_E_TARGET_UNKNOWN, target_advice),
    SAME(KRB5_PARSE_MALFORMED, SEC_E_TARGET_UNKNOWN, target_advice),
    SAME(KRB5_PARSE_ILLCHAR, SEC_E_TARGET_UNKNOWN, target_advice),
    SAME(KRB5_SNAME_UNSUPP_NAMETYPE, SEC_E_TARGET_UNKNOWN, target_advice),
    SAME(KRB5_NO_TKT_IN_RLM, SEC_E_TARGET_UNKNOWN, target_advice),
    OWN(KRB5KDC_ERR_SERVICE_EXP, SEC_E_TARGET_UNKNOWN, service_advice),
    OWN(KRB5KDC_ERR_SERVICE_REVOKED, SEC_E_TARGET_UNKNOWN, service_advice),
    OWN(KRB5KDC_ERR_SERVICE_NOTYET, SEC_E_TARGET_UNKNOWN, service_advice),
    OWN(KRB5KDC_ERR_MUST_USE_USER2USER, SEC_E_TARGET_UNKNOWN, service_advice),
    OWN(KRB5KDC_ERR_SERVER_NOMATCH, SEC_E_TARGET_UNKNOWN, service_advice),
    OWN(KRB5KDC_ERR_NULL_KEY, SEC_E_TARGET_UNKNOWN, service_advice),
    OWN(KRB5KDC_ERR_PRINCIPAL_NOT_UNIQUE, SEC_E_TARGET_UNKNOWN, service_advice),
    OWN(KRB5_ERR_BAD_HOSTNAME, SEC_E_TARGET_UNKNOWN, target_advice),
    OWN(KRB5_ERR_HOST_REALM_UNKNOWN, SEC_E_TARGET_UNKNOWN, target_advice),
    /* realms */
    OWN(KRB5KRB_ERR_GENERIC, SEC_E_NO_AUTHENTICATING_AUTHORITY, refused_advice),
    OWN(KRB5KRB_ERR_FIELD_TOOLONG, SEC_E_NO_AUTHENTICATING_AUTHORITY, refused_advice),
    OWN(KRB5KDC_ERR_PATH_NOT_ACCEPTED, SEC_E_NO_AUTHENTICATING_AUTHORITY, refused_advice),
    OWN(KRB5KDC_ERR_TRTYPE_NOSUPP, SEC_E_NO_AUTHENTICATING_AUTHORITY, refused_advice),
    OWN(KRB5_GET_IN_TKT_LOOP, SEC_E_NO_AUTHENTICATING_AUTHORITY, refused_advice),
    SAME(KRB5_REALM_UNKNOWN, SEC_E_NO_AUTHENTICATING_AUTHORITY, kdc_advice),
    SAME(KRB5_REALM_CANT_RESOLVE, SEC_E_NO_AUTHENTICATING_AUTHORITY, kdc_advice),
    SAME(KRB5_KDC_UNREACH, SEC_E_NO_AUTHENTICATING_AUTHORITY, kdc_advice),
    SAME(KRB5KDC_ERR_SVC_UNAVAILABLE, SEC_E_NO_AUTHENTICATING_AUTHORITY, kdc_advice),
    SAME(KRB5KDC_ERR_WRONG_REALM, SEC_E_NO_AUTHENTICATING_AUTHORITY, kdc_advice),
    SAME(KRB5_CONFIG_NODEFREALM, SEC_E_NO_AUTHENTICATING_AUTHORITY, configuration_advice),
    SAME(KRB5_CONFIG_CANTOPEN, SEC_E_NO_AUTHENTICATING_AUTHORITY, configuration_advice),
    SAME(KRB5_CONFIG_BADFORMAT, SEC_E_NO_AUTHENTICATING_AUTHORITY, configuration_advice),
    SAME(KRB5_KDCREP_MODIFIED, SEC_E_LOGON_DENIED, "the KDC's answer was altered or is another's"),
    /* clocks */
    SAME(KRB5KRB_AP_ERR_SKEW, SEC_E_TIME_SKEW, clock_advice),
    SAME(KRB5_KDCREP_SKEW, SEC_E_TIME_SKEW, clock_advice),
    /* keytabs; what a client hears in a KRB-ERROR, and what it finds wrong itself in the answer */
    {KRB5_KT_NOTFOUND, SEC_E_NO_CREDENTIALS, SEC_E_WRONG_PRINCIPAL, SEC_E_WRONG_PRINCIPAL, keytab_advice},
    {KRB5_KT_KVNONOTFOUND, SEC_E_NO_CREDENTIALS, SEC_E_WRONG_PRINCIPAL, SEC_E_LOGON_DENIED, key_advice},
    SAME(KRB5KRB_AP_WRONG_PRINC, SEC_E_WRONG_PRINCIPAL, keytab_advice),
    SAME(KRB5KRB_AP_ERR_NOT_US, SEC_E_WRONG_PRINCIPAL, keytab_advice),
    {KRB5KRB_AP_ERR_NOKEY, SEC_E_WRONG_PRINCIPAL, SEC_E_WRONG_PRINCIPAL, SEC_E_LOGON_DENIED, key_advice},
    {KRB5KRB_AP_ERR_BADKEYVER, SEC_E_WRONG_PRINCIPAL, SEC_E_WRONG_PRINCIPAL, SEC_E_LOGON_DENIED, key_advice},
    {KRB5KRB_AP_ERR_BAD_INTEGRITY, SEC_E_LOGON_DENIED, SEC_E_MESSAGE_ALTERED, SEC_E_LOGON_DENIED, key_advice},
    {KRB5KRB_AP_ERR_MODIFIED, SEC_E_WRONG_PRINCIPAL, SEC_E_WRONG_PRINCIPAL, SEC_E_MESSAGE_ALTERED,
     key_advice},
    SAME(KRB5KRB_AP_ERR_BADMATCH, SEC_E_MESSAGE_ALTERED, token_advice),
    SAME(KRB5_MUTUAL_FAILED, SEC_E_MUTUAL_AUTH_FAILED, "the peer did not prove who it is"),
    SAME(ENOENT, SEC_E_NO_CREDENTIALS, "the keytab or ticket cache is not there"),
    SAME(EACCES, SEC_E_NO_CREDENTIALS, "the keytab or ticket cache may not be read by this user"),
    /* tokens */
    SAME(KRB5KRB_AP_ERR_REPEAT, SEC_E_OUT_OF_SEQUENCE, "this very token was used before"),
    SAME(KRB5KRB_AP_ERR_BADVERSION, SEC_E_INVALID_TOKEN, token_advice),
    SAME(KRB5KRB_AP_ERR_MSG_TYPE, SEC_E_INVALID_TOKEN, token_advice),
    SAME(KRB5KRB_AP_ERR_V4_REPLY, SEC_E_INVALID_TOKEN, token_advice),
    SAME(KRB5_BADMSGTYPE, SEC_E_INVALID_TOKEN, token_advice),
    SAME(KRB5KRB_AP_ERR_INAPP_CKSUM, SEC_E_INVALID_TOKEN, token_advice),
    SAME(KRB5KRB_AP_ERR_BADADDR, SEC_E_LOGON_DENIED, "the ticket is for another address"),
    SAME(KRB5KRB_AP_ERR_BADSEQ, SEC_E_OUT_OF_SEQUENCE, token_advice),
    /* encryption types */
    SAME(KRB5KDC_ERR_ETYPE_NOSUPP, SEC_E_KDC_UNKNOWN_ETYPE, etype_advice),
    SAME(KRB5_PROG_ETYPE_NOSUPP, SEC_E_KDC_UNKNOWN_ETYPE, etype_advice),
    SAME(KRB5_NOPERM_ETYPE, SEC_E_KDC_UNKNOWN_ETYPE, etype_advice),
    SAME(KRB5_BAD_ENCTYPE, SEC_E_KDC_UNKNOWN_ETYPE, etype_advice),
    SAME(KRB5_CONFIG_ETYPE_NOSUPP, SEC_E_KDC_UNKNOWN_ETYPE, etype_advice),
    OWN(KRB5KDC_ERR_SUMTYPE_NOSUPP, SEC_E_KDC_UNKNOWN_ETYPE, etype_advice),
    OWN(KRB5_WRONG_ETYPE, SEC_E_KDC_UNKNOWN_ETYPE, etype_advice),
    SAME(KRB5_CC_NOMEM, SEC_E_INSUFFICIENT_MEMORY, "the system is out of memory"),
    SAME(ENOMEM, SEC_E_INSUFFICIENT_MEMORY, "the system is out of memory"),
};

static const struct meaning *meaning_of(krb5_error_code code)
{
    for (size_t i = 0; code != 0 && i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].code == code)
            return &meanings[i];
    return NULL;
}
