/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_lsa.h"

#include "base/mem.h"
#include "base/secbuf.h"
#include "base/trace.h"
#include "base/wire.h"
#include "packages/kerberos/kerberos_info.h"

/* Skips a DER length; false: none, or longer than what is there. */
static bool skip_length(struct wire_reader *r)
{
    size_t length = wire_read_u8(r), bytes = length & 0x7f;
    if (length < 0x80)
        return !r->failed && length <= wire_read_left(r);
    if (bytes == 0 || bytes > 4)
        return false;
    for (length = 0; bytes > 0; bytes--)
        length = length << 8 | wire_read_u8(r);
    return !r->failed && length <= wire_read_left(r);
}

/*
 * GSSAPI would pass a token on to whatever mechanism it names. Kerberos alone is meant here: framed with its
 * identifier, or a bare AP-REQ or AP-REP, which DCE style has.
 */
static bool is_kerberos(const SecBuffer *token)
{
    struct wire_reader r;
    wire_read_init(&r, token->pvBuffer, token->cbBuffer);
    uint8_t tag = wire_read_u8(&r);
    if (!skip_length(&r))
        return false;
    if (tag == 0x6e || tag == 0x6f)
        return true;
    if (tag != 0x60 || wire_read_u8(&r) != 0x06 || wire_read_u8(&r) != KERBEROS_OID_SIZE)
        return false;
    const uint8_t *oid = wire_read_bytes(&r, KERBEROS_OID_SIZE);
    if (oid == NULL || memcmp(oid, kerberos_oid, KERBEROS_OID_SIZE) != 0)
        return false;
    /* RFC 4121 4.1: TOK_ID of an AP-REQ. */
    uint8_t first = wire_read_u8(&r), second = wire_read_u8(&r);
    return !r.failed && first == 0x01 && second == 0x00;
}

static SECURITY_STATUS start(LSA_SEC_HANDLE credential_id, ULONG wanted, LSA_SEC_HANDLE *id)
{
    if (wanted & ASC_REQ_DATAGRAM)
        return SEC_E_UNSUPPORTED_FUNCTION;
    struct kerberos_credential *credential = kerberos_credential_hold(credential_id);
    if (credential == NULL)
        return SEC_E_INVALID_HANDLE;
    struct kerberos_context *c = kerberos_context_new(id);
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    if (c != NULL) {
        c->wanted = wanted;
        status = kerberos_credential_accept(credential, &c->own);
        if (status != SEC_E_OK)
            kerberos_context_free(*id);
    }
    kerberos_credential_drop(credential);
    return status;
}

/* The library lets a client that sends no bindings pass and only says so in the flags of the last step. */
static SECURITY_STATUS check_bound(const struct kerberos_context *c, OM_uint32 flags)
{
    if (!c->bound || (flags & GSS_C_CHANNEL_BOUND_FLAG) || (c->wanted & ASC_REQ_ALLOW_MISSING_BINDINGS))
        return SEC_E_OK;
    return kerberos_status_own("channel-bindings", SEC_E_BAD_BINDINGS, "the client sent none",
                               "clients that know no bindings pass with ASC_REQ_ALLOW_MISSING_BINDINGS");
}

/* What the client forwarded, if anything; not having room for it fails the step. */
static SECURITY_STATUS keep_delegated(struct kerberos_context *c, gss_cred_id_t delegated)
{
    if (delegated == GSS_C_NO_CREDENTIAL)
        return SEC_E_OK;
    kerberos_tickets_drop(c->given);
    c->given = NULL;
    return kerberos_tickets_delegated(delegated, &c->given);
}

/* A KRB-ERROR for the client goes out where the application wants such tokens and has room. */
static SECURITY_STATUS refuse(const struct kerberos_context *c, SECURITY_STATUS status, PSecBufferDesc output,
                              const gss_buffer_desc *out, ULONG *attributes)
{
    if ((c->wanted & ASC_REQ_EXTENDED_ERROR) && out->length > 0 &&
        kerberos_context_output(output, out) == SEC_E_OK)
        *attributes = ASC_RET_EXTENDED_ERROR;
    return status;
}

static SECURITY_STATUS step(struct kerberos_context *c, PSecBufferDesc input, PSecBufferDesc output,
                            ULONG *attributes, PTimeStamp expiry, PSecBuffer data)
{
    OM_uint32 minor, ignored, flags = 0;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    struct gss_channel_bindings_struct bindings = {0};
    gss_cred_id_t delegated = GSS_C_NO_CREDENTIAL;
    bool bound, goes_on;
    const SecBuffer *token = secbuf_find(input, SECBUFFER_TOKEN);
    if (token == NULL || token->cbBuffer == 0 || !is_kerberos(token))
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = kerberos_context_bindings(input, &bindings, &bound);
    if (status != SEC_E_OK)
        return status;
    c->bound |= bound;
    gss_buffer_desc in = {token->cbBuffer, token->pvBuffer};
    OM_uint32 major = kerberos_mit.gss_accept_sec_context(&minor, &c->gss, c->own->cred, &in,
                                                          bound ? &bindings : GSS_C_NO_CHANNEL_BINDINGS, NULL,
                                                          NULL, &out, &flags, NULL, &delegated);
    status = keep_delegated(c, delegated);
    goes_on = (major & GSS_S_CONTINUE_NEEDED) != 0;
    if (GSS_ERROR(major))
        status = refuse(c, kerberos_status_gss("gss_accept_sec_context", KERBEROS_ACCEPT, major, minor),
                        output, &out, attributes);
    else if (status == SEC_E_OK && goes_on)
        status = out.length > 0 ? SEC_E_OK : SEC_E_INVALID_TOKEN; /* to what would the client answer? */
    else if (status == SEC_E_OK)
        status = check_bound(c, flags);
    if (status == SEC_E_OK)
        status = kerberos_context_output(output, &out);
    kerberos_mit.gss_release_buffer(&ignored, &out);
    if (status != SEC_E_OK)
        return status;
    *attributes = kerberos_context_attributes(c, flags);
    if (goes_on)
        return SEC_I_CONTINUE_NEEDED;
    return kerberos_context_finish(c, flags, attributes, expiry, data);
}

NTSTATUS NTAPI kerberos_SpAcceptLsaModeContext(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                               PSecBufferDesc InputBuffer, ULONG ContextRequirements,
                                               ULONG TargetDataRep, PLSA_SEC_HANDLE NewContextHandle,
                                               PSecBufferDesc OutputBuffer, PULONG ContextAttributes,
                                               PTimeStamp ExpirationTime, PBOOLEAN MappedContext,
                                               PSecBuffer ContextData)
{
    LSA_SEC_HANDLE id = ContextHandle;
    bool first = ContextHandle == 0;
    (void)TargetDataRep;
    *MappedContext = FALSE;
    if (first) {
        SECURITY_STATUS status = start(CredentialHandle, ContextRequirements, &id);
        if (status != SEC_E_OK)
            return status;
    }
    struct kerberos_context *c = kerberos_context_find(id);
    if (c == NULL || c->initiator || c->own == NULL)
        return SEC_E_INVALID_HANDLE;
    NTSTATUS status = step(c, InputBuffer, OutputBuffer, ContextAttributes, ExpirationTime, ContextData);
    *MappedContext = status == SEC_E_OK;
    if (status >= 0)
        *NewContextHandle = id;
    else if (first)
        kerberos_context_free(id);
    else
        kerberos_context_kill(c);
    return status;
}
