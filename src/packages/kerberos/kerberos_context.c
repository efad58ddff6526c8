/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_lsa.h"

#include "base/mem.h"
#include "base/secbuf.h"
#include "base/secret.h"
#include "base/sources.h"
#include "base/trace.h"
#include "base/utf16.h"

static struct slab contexts = SLAB_INIT(sizeof(struct kerberos_context), 1u << 22, true);

struct kerberos_context *kerberos_context_new(LSA_SEC_HANDLE *id)
{
    uintptr_t number;
    struct kerberos_context *c = slab_alloc(&contexts, &number);
    if (c == NULL)
        return NULL;
    c->known = mem_alloc(sizeof *c->known);
    if (c->known == NULL) {
        slab_free(&contexts, number);
        return NULL;
    }
    *id = number;
    return c;
}

struct kerberos_context *kerberos_context_find(LSA_SEC_HANDLE id)
{
    return slab_get(&contexts, id);
}

void kerberos_context_kill(struct kerberos_context *c)
{
    OM_uint32 minor;
    if (c->gss != GSS_C_NO_CONTEXT)
        kerberos_mit.gss_delete_sec_context(&minor, &c->gss, GSS_C_NO_BUFFER);
    c->gss = GSS_C_NO_CONTEXT;
    if (c->target != GSS_C_NO_NAME)
        kerberos_mit.gss_release_name(&minor, &c->target);
    c->target = GSS_C_NO_NAME;
    kerberos_tickets_drop(c->own);
    c->own = NULL;
}

static void known_free(struct kerberos_context *c)
{
    for (size_t i = 0; c->known != NULL && i < KERBEROS_TEXT_COUNT; i++)
        mem_free(c->known->names[i]);
    mem_free(c->known);
    c->known = NULL;
}

void kerberos_context_free(LSA_SEC_HANDLE id)
{
    struct kerberos_context *c = kerberos_context_find(id);
    if (c == NULL)
        return;
    kerberos_context_kill(c);
    kerberos_tickets_drop(c->given);
    known_free(c);
    slab_free(&contexts, id);
}

char16_t *kerberos_context_text(const char *text, size_t size)
{
    size_t units;
    bool invalid;
    return utf16_from_utf8(text, size, &units, &invalid);
}

SECURITY_STATUS kerberos_context_output(PSecBufferDesc output, const gss_buffer_desc *token)
{
    SecBuffer *out = secbuf_find(output, SECBUFFER_TOKEN);
    if (token->length == 0) {
        if (out != NULL)
            out->cbBuffer = 0;
        return SEC_E_OK;
    }
    if (out == NULL)
        return SEC_E_INVALID_TOKEN;
    if (token->length > out->cbBuffer || out->pvBuffer == NULL)
        return SEC_E_BUFFER_TOO_SMALL;
    memcpy(out->pvBuffer, token->value, token->length);
    out->cbBuffer = (ULONG)token->length;
    return SEC_E_OK;
}

/* length bytes at offset inside the buffer, behind the header. */
static bool binding(const SecBuffer *buffer, ULONG offset, ULONG length, gss_buffer_desc *out)
{
    if (length == 0) {
        *out = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
        return true;
    }
    if (offset < sizeof(SEC_CHANNEL_BINDINGS) || offset > buffer->cbBuffer ||
        length > buffer->cbBuffer - offset)
        return false;
    *out = (gss_buffer_desc){length, (uint8_t *)buffer->pvBuffer + offset};
    return true;
}

SECURITY_STATUS kerberos_context_bindings(PSecBufferDesc input, struct gss_channel_bindings_struct *out,
                                          bool *given)
{
    SEC_CHANNEL_BINDINGS header;
    const SecBuffer *buffer = secbuf_find(input, SECBUFFER_CHANNEL_BINDINGS);
    *given = buffer != NULL && buffer->cbBuffer != 0;
    if (!*given)
        return SEC_E_OK;
    if (buffer->cbBuffer < sizeof header)
        return SEC_E_BAD_BINDINGS;
    memcpy(&header, buffer->pvBuffer, sizeof header);
    out->initiator_addrtype = header.dwInitiatorAddrType;
    out->acceptor_addrtype = header.dwAcceptorAddrType;
    bool fits =
        binding(buffer, header.dwInitiatorOffset, header.cbInitiatorLength, &out->initiator_address) &&
        binding(buffer, header.dwAcceptorOffset, header.cbAcceptorLength, &out->acceptor_address) &&
        binding(buffer, header.dwApplicationDataOffset, header.cbApplicationDataLength,
                &out->application_data);
    return fits ? SEC_E_OK : SEC_E_BAD_BINDINGS;
}

ULONG kerberos_context_attributes(const struct kerberos_context *c, OM_uint32 flags)
{
    static const struct {
        OM_uint32 gss;
        ULONG isc, asc;
    } table[] = {
        {GSS_C_DELEG_FLAG, ISC_RET_DELEGATE, ASC_RET_DELEGATE},
        {GSS_C_MUTUAL_FLAG, ISC_RET_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH},
        {GSS_C_REPLAY_FLAG, ISC_RET_REPLAY_DETECT, ASC_RET_REPLAY_DETECT},
        {GSS_C_SEQUENCE_FLAG, ISC_RET_SEQUENCE_DETECT, ASC_RET_SEQUENCE_DETECT},
        {GSS_C_CONF_FLAG, ISC_RET_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY},
        {GSS_C_INTEG_FLAG, ISC_RET_INTEGRITY, ASC_RET_INTEGRITY},
        {GSS_C_DCE_STYLE, ISC_RET_USED_DCE_STYLE, ASC_RET_USED_DCE_STYLE},
        {GSS_C_IDENTIFY_FLAG, ISC_RET_IDENTIFY, ASC_RET_IDENTIFY},
    };
    ULONG attributes = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (flags & table[i].gss)
            attributes |= c->initiator ? table[i].isc : table[i].asc;
    attributes |= c->wanted & ISC_REQ_CONNECTION; /* the same bit in all four sets */
    if (c->initiator && c->supplied)
        attributes |= ISC_RET_USED_SUPPLIED_CREDS;
    return attributes;
}

/* ---- the end of a handshake ---- */

/* What is known of the context beside its keys. */
struct facts {
    uint64_t start, expiry; /* FILETIME */
};

static uint64_t filetime(uint64_t seconds)
{
    return (seconds + UINT64_C(11644473600)) * 10000000;
}

static char16_t *display(gss_name_t name)
{
    OM_uint32 minor;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    char16_t *result = NULL;
    if (name == GSS_C_NO_NAME)
        return kerberos_context_text("", 0);
    if (!GSS_ERROR(kerberos_mit.gss_display_name(&minor, name, &text, NULL)))
        result = kerberos_context_text(text.value, text.length);
    kerberos_mit.gss_release_buffer(&minor, &text);
    return result;
}

/* What stands behind the last '@' of a principal. */
static char16_t *realm_of(const char16_t *principal)
{
    size_t units = utf16_length(principal), at = units;
    while (at > 0 && principal[at - 1] != u'@')
        at--;
    return at > 0 ? mem_copy(principal + at, (units - at + 1) * sizeof *principal)
                  : mem_copy(u"", sizeof(char16_t));
}

static void replace(char16_t **slot, char16_t *text)
{
    mem_free(*slot);
    *slot = text;
}

/* Names and the time of logon, as long as there is a GSS context to be asked. */
static SECURITY_STATUS gather(struct kerberos_context *c, struct facts *facts)
{
    OM_uint32 minor, ignored;
    gss_name_t source = GSS_C_NO_NAME, target = GSS_C_NO_NAME;
    krb5_timestamp authenticated = 0;
    enum kerberos_side side = c->initiator ? KERBEROS_REPLY : KERBEROS_ACCEPT;
    OM_uint32 major =
        kerberos_mit.gss_inquire_context(&minor, c->gss, &source, &target, NULL, NULL, NULL, NULL, NULL);
    if (GSS_ERROR(major))
        return kerberos_status_gss("gss_inquire_context", side, major, minor);
    replace(&c->known->names[KERBEROS_TEXT_CLIENT], display(source));
    replace(&c->known->names[KERBEROS_TEXT_SERVER], display(target));
    if (source != GSS_C_NO_NAME)
        kerberos_mit.gss_release_name(&ignored, &source);
    if (target != GSS_C_NO_NAME)
        kerberos_mit.gss_release_name(&ignored, &target);
    if (c->known->names[KERBEROS_TEXT_TARGET] == NULL)
        c->known->names[KERBEROS_TEXT_TARGET] = mem_copy(u"", sizeof(char16_t));
    if (c->known->names[KERBEROS_TEXT_CLIENT] != NULL)
        replace(&c->known->names[KERBEROS_TEXT_REALM], realm_of(c->known->names[KERBEROS_TEXT_CLIENT]));
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++)
        if (c->known->names[i] == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;

    major = kerberos_mit.gsskrb5_extract_authtime_from_sec_context(&minor, c->gss, &authenticated);
    bool known = !GSS_ERROR(major) && authenticated != 0;
    facts->start = known ? filetime((uint32_t)authenticated) : sources_now();
    return SEC_E_OK;
}

static bool take_key(const gss_krb5_lucid_key_t *key, struct krb5_raw_key *out)
{
    if (key->length != krb5_key_size(key->type) || key->length == 0)
        return false;
    out->etype = (uint16_t)key->type;
    memcpy(out->bytes, key->data, key->length);
    return true;
}

/*
 * Numbers begin with what the authenticator or the AP-REP carried: 32 bits, which some releases of the
 * library hand out with the sign extended.
 */
static bool lucid_start(const gss_krb5_lucid_context_v1_t *lucid, OM_uint32 flags, struct krb5_start *start)
{
    static const struct {
        OM_uint32 gss, ours;
    } table[] = {
        {GSS_C_REPLAY_FLAG, KRB5_F_REPLAY},  {GSS_C_SEQUENCE_FLAG, KRB5_F_SEQUENCE},
        {GSS_C_CONF_FLAG, KRB5_F_CONF},      {GSS_C_INTEG_FLAG, KRB5_F_INTEG},
        {GSS_C_DCE_STYLE, KRB5_F_DCE_STYLE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (flags & table[i].gss)
            start->flags |= table[i].ours;
    if (lucid->initiate)
        start->flags |= KRB5_F_INITIATOR;
    start->send_first = (uint32_t)lucid->send_seq;
    start->receive_first = (uint32_t)lucid->recv_seq;
    if (lucid->protocol == 0)
        return take_key(&lucid->rfc1964_kd.ctx_key, &start->key) && start->key.etype == KRB5_ETYPE_RC4 &&
               kerberos_allow_rc4;
    if (!lucid->cfx_kd.have_acceptor_subkey)
        return take_key(&lucid->cfx_kd.ctx_key, &start->key);
    start->flags |= KRB5_F_ACCEPTOR_SUBKEY;
    return take_key(&lucid->cfx_kd.acceptor_subkey, &start->key) &&
           take_key(&lucid->cfx_kd.ctx_key, &start->initiator);
}

/* Ends the GSS context: afterwards the keys are ours alone. The ticket's end is asked here because what
 * gss_inquire_context says on the acceptor's side has the clock skew added. */
static SECURITY_STATUS export_keys(struct kerberos_context *c, OM_uint32 flags, struct krb5_protect *protect,
                                   struct facts *facts)
{
    OM_uint32 minor;
    void *exported = NULL;
    struct krb5_start start = {0};
    enum kerberos_side side = c->initiator ? KERBEROS_REPLY : KERBEROS_ACCEPT;
    OM_uint32 major = kerberos_mit.gss_krb5_export_lucid_sec_context(&minor, &c->gss, 1, &exported);
    if (GSS_ERROR(major))
        return kerberos_status_gss("gss_krb5_export_lucid_sec_context", side, major, minor);
    facts->expiry = filetime(((const gss_krb5_lucid_context_v1_t *)exported)->endtime);
    bool usable = lucid_start(exported, flags, &start) && krb5_protect_init(protect, &start);
    kerberos_mit.gss_krb5_free_lucid_sec_context(&minor, exported);
    secret_wipe(&start, sizeof start);
    if (!usable)
        return kerberos_status_own("keys", SEC_E_KDC_UNKNOWN_ETYPE,
                                   "the session's encryption type is none that may be used",
                                   "give the service AES keys; RC4 needs [kerberos] allow_rc4 in sspi.conf");
    return SEC_E_OK;
}

static SECURITY_STATUS pack(const struct kerberos_context *c, const struct kerberos_packed *packed,
                            PSecBuffer data)
{
    struct kerberos_packed whole = *packed;
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++) {
        whole.text[i].text = c->known->names[i];
        whole.text[i].units = utf16_length(c->known->names[i]);
    }
    size_t size = kerberos_packed_size(&whole);
    uint8_t *bytes = kerberos_lsa->AllocateLsaHeap((ULONG)size);
    if (bytes != NULL) {
        status = kerberos_packed_write(&whole, bytes, size) ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
        if (status == SEC_E_OK)
            *data = (SecBuffer){.cbBuffer = (ULONG)size, .BufferType = SECBUFFER_EMPTY, .pvBuffer = bytes};
        else
            kerberos_lsa->FreeLsaHeap(bytes);
    }
    secret_wipe(&whole, sizeof whole);
    return status;
}

SECURITY_STATUS kerberos_context_finish(struct kerberos_context *c, OM_uint32 flags, ULONG *attributes,
                                        PTimeStamp expiry, PSecBuffer data)
{
    struct kerberos_packed packed = {0};
    struct facts facts = {0};
    SECURITY_STATUS status = gather(c, &facts);
    if (status != SEC_E_OK)
        return status;
    status = export_keys(c, flags, &packed.protect, &facts);
    if (status != SEC_E_OK)
        return status;
    packed.attributes = kerberos_context_attributes(c, flags);
    packed.expiry = facts.expiry;
    packed.start = facts.start < facts.expiry ? facts.start : facts.expiry;
    status = pack(c, &packed, data);
    if (status == SEC_E_OK) {
        *attributes = packed.attributes;
        expiry->QuadPart = (LONGLONG)packed.expiry;
        c->finished = true;
        kerberos_context_kill(c);
        known_free(c);
        if (trace_on())
            trace_event("kerberos", "established", "role=%s etype=%u attributes=0x%08x acceptor-subkey=%d",
                        c->initiator ? "initiator" : "acceptor", (unsigned)packed.protect.key.etype,
                        (unsigned)packed.attributes, (packed.protect.flags & KRB5_F_ACCEPTOR_SUBKEY) != 0);
    }
    secret_wipe(&packed, sizeof packed);
    return status;
}
