/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_lsa.h"

#include "base/mem.h"
#include "base/secbuf.h"
#include "base/trace.h"
#include "base/utf16.h"
#include "packages/kerberos/kerberos_names.h"

/*
 * Forwarding goes only to services that the KDC marks as trusted for it (ok-as-delegate), as on Windows.
 * REPLAY_DETECT and the like are asked for as they come; sealing without integrity does not exist.
 */
static OM_uint32 flags_wanted(ULONG wanted)
{
    static const struct {
        ULONG isc;
        OM_uint32 gss;
    } table[] = {
        {ISC_REQ_DELEGATE, GSS_C_DELEG_POLICY_FLAG},
        {ISC_REQ_MUTUAL_AUTH, GSS_C_MUTUAL_FLAG},
        {ISC_REQ_REPLAY_DETECT, GSS_C_REPLAY_FLAG},
        {ISC_REQ_SEQUENCE_DETECT, GSS_C_SEQUENCE_FLAG},
        {ISC_REQ_CONFIDENTIALITY, GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG},
        {ISC_REQ_INTEGRITY, GSS_C_INTEG_FLAG},
        {ISC_REQ_USE_DCE_STYLE, GSS_C_DCE_STYLE | GSS_C_MUTUAL_FLAG},
        {ISC_REQ_IDENTIFY, GSS_C_IDENTIFY_FLAG},
    };
    OM_uint32 flags = 0;
    if (wanted & ISC_REQ_NO_INTEGRITY)
        wanted &= ~(ULONG)(ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (wanted & table[i].isc)
            flags |= table[i].gss;
    return flags;
}

/* The application's target as a GSS name; the text stays with the context. */
static SECURITY_STATUS take_target(struct kerberos_context *c, const UNICODE_STRING *target)
{
    OM_uint32 minor;
    size_t units = target != NULL ? target->Length / 2 : 0, bytes;
    bool invalid = false;
    char *principal = NULL;
    char *text = utf8_from_utf16(units > 0 ? target->Buffer : u"", units, &bytes, &invalid);
    if (text == NULL)
        return invalid ? SEC_E_TARGET_UNKNOWN : SEC_E_INSUFFICIENT_MEMORY;
    SECURITY_STATUS status = kerberos_name_target(text, kerberos_name_realm_of, &principal);
    c->known->names[KERBEROS_TEXT_TARGET] = kerberos_context_text(text, bytes);
    if (status == SEC_E_OK && c->known->names[KERBEROS_TEXT_TARGET] == NULL)
        status = SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_TARGET_UNKNOWN)
        kerberos_status_own("target", status, "no name of a service",
                            "write the target as service/host, for example HTTP/www.example.com");
    if (status == SEC_E_OK) {
        gss_buffer_desc name = {strlen(principal), principal};
        if (trace_on())
            trace_event("kerberos", "target", "given=\"%s\" principal=\"%s\"", text, principal);
        OM_uint32 major =
            kerberos_mit.gss_import_name(&minor, &name, *kerberos_mit.GSS_KRB5_NT_PRINCIPAL_NAME, &c->target);
        if (GSS_ERROR(major)) {
            kerberos_status_gss("gss_import_name", KERBEROS_INITIATE, major, minor);
            status = SEC_E_TARGET_UNKNOWN;
        }
    }
    mem_free(principal);
    mem_free(text);
    return status;
}

static SECURITY_STATUS start(LSA_SEC_HANDLE credential_id, const UNICODE_STRING *target, ULONG wanted,
                             LSA_SEC_HANDLE *id)
{
    if (wanted & ISC_REQ_DATAGRAM)
        return SEC_E_UNSUPPORTED_FUNCTION;
    struct kerberos_credential *credential = kerberos_credential_hold(credential_id);
    if (credential == NULL)
        return SEC_E_INVALID_HANDLE;
    struct kerberos_context *c = kerberos_context_new(id);
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    if (c == NULL)
        goto out;
    c->initiator = true;
    c->wanted = wanted;
    c->supplied = credential->supplied;
    status = take_target(c, target);
    if (status == SEC_E_OK)
        status = kerberos_credential_initiate(credential, &c->own);
    if (status != SEC_E_OK)
        kerberos_context_free(*id);
out:
    kerberos_credential_drop(credential);
    return status;
}

static SECURITY_STATUS step(struct kerberos_context *c, bool first, PSecBufferDesc input,
                            PSecBufferDesc output, ULONG *attributes, PTimeStamp expiry, PSecBuffer data)
{
    OM_uint32 minor, ignored, flags = 0;
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out = GSS_C_EMPTY_BUFFER;
    struct gss_channel_bindings_struct bindings = {0};
    bool bound;
    const SecBuffer *token = first ? NULL : secbuf_find(input, SECBUFFER_TOKEN);
    if (!first && (token == NULL || token->cbBuffer == 0))
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = kerberos_context_bindings(input, &bindings, &bound);
    if (status != SEC_E_OK)
        return status;
    if (token != NULL)
        in = (gss_buffer_desc){token->cbBuffer, token->pvBuffer};
    OM_uint32 major = kerberos_mit.gss_init_sec_context(
        &minor, c->own->cred, &c->gss, c->target, *kerberos_mit.gss_mech_krb5, flags_wanted(c->wanted),
        GSS_C_INDEFINITE, bound ? &bindings : GSS_C_NO_CHANNEL_BINDINGS,
        token != NULL ? &in : GSS_C_NO_BUFFER, NULL, &out, &flags, NULL);
    if (GSS_ERROR(major))
        status = kerberos_status_gss("gss_init_sec_context", first ? KERBEROS_INITIATE : KERBEROS_REPLY,
                                     major, minor);
    else
        status = kerberos_context_output(output, &out);
    kerberos_mit.gss_release_buffer(&ignored, &out);
    if (status != SEC_E_OK)
        return status;
    *attributes = kerberos_context_attributes(c, flags);
    if (major & GSS_S_CONTINUE_NEEDED)
        return SEC_I_CONTINUE_NEEDED;
    return kerberos_context_finish(c, flags, attributes, expiry, data);
}

NTSTATUS NTAPI kerberos_SpInitLsaModeContext(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                             PUNICODE_STRING TargetName, ULONG ContextRequirements,
                                             ULONG TargetDataRep, PSecBufferDesc InputBuffers,
                                             PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffers,
                                             PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                             PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    LSA_SEC_HANDLE id = ContextHandle;
    bool first = ContextHandle == 0;
    (void)TargetDataRep;
    *MappedContext = FALSE;
    if (first) {
        SECURITY_STATUS status = start(CredentialHandle, TargetName, ContextRequirements, &id);
        if (status != SEC_E_OK)
            return status;
    }
    struct kerberos_context *c = kerberos_context_find(id);
    if (c == NULL || !c->initiator || c->own == NULL)
        return SEC_E_INVALID_HANDLE;
    NTSTATUS status =
        step(c, first, InputBuffers, OutputBuffers, ContextAttributes, ExpirationTime, ContextData);
    *MappedContext = status == SEC_E_OK;
    if (status >= 0)
        *NewContextHandle = id;
    else if (first)
        kerberos_context_free(id);
    else
        kerberos_context_kill(c);
    return status;
}
