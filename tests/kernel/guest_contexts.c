/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packages/kerberos/kerberos_packed.h"

const struct form forms[] = {
    {"ntlm", 0, ISC_REQ_INTEGRITY},
    {"ntlm-sealing", 0, ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY},
    {"aes128-sha1", KRB5_ETYPE_AES128_SHA1, 0},
    {"aes256-sha1", KRB5_ETYPE_AES256_SHA1, 0},
    {"aes128-sha256", KRB5_ETYPE_AES128_SHA256, 0},
    {"aes256-sha384", KRB5_ETYPE_AES256_SHA384, 0},
};
const size_t form_count = sizeof forms / sizeof forms[0];

void form_packed(const struct form *f, uint32_t krb5_flags, struct packed *initiator, struct packed *acceptor)
{
    if (f->etype)
        packed_krb5(f->etype, krb5_flags, initiator, acceptor);
    else
        packed_ntlm(f->flags, initiator, acceptor);
}

/* ---- NTLM ---- */

static void take_export(CtxtHandle *context, const char *package, struct packed *out)
{
    SecBuffer bytes = {0, SECBUFFER_EMPTY, NULL};
    assert_int_equal(ExportSecurityContext(context, SECPKG_CONTEXT_EXPORT_DELETE_OLD, &bytes, NULL),
                     SEC_E_OK);
    assert_true(bytes.cbBuffer <= sizeof out->bytes);
    out->package = package;
    memcpy(out->bytes, bytes.pvBuffer, bytes.cbBuffer);
    out->size = bytes.cbBuffer;
    FreeContextBuffer(bytes.pvBuffer);
}

void packed_ntlm(ULONG flags, struct packed *initiator, struct packed *acceptor)
{
    struct kit_side i, a;
    ULONG datagram = flags & ISC_REQ_DATAGRAM ? ASC_REQ_DATAGRAM : 0;
    kit_pair("NTLM", flags, datagram, &i, &a);
    take_export(&i.context, "NTLM", initiator);
    take_export(&a.context, "NTLM", acceptor);
    /* Exported and deleted: there is nothing left to be deleted. */
    i.has_context = a.has_context = false;
    kit_close(&i);
    kit_close(&a);
}

/* ---- Kerberos ---- */

static void pack_one(const struct krb5_start *start, struct packed *out)
{
    static const char16_t name[] = u"someone@EXAMPLE.COM";
    struct kerberos_packed p = {.attributes = 0, .start = 1, .expiry = INT64_MAX};
    bool initiator = (start->flags & KRB5_F_INITIATOR) != 0;
    assert_true(krb5_protect_init(&p.protect, start));
    p.attributes |= start->flags & KRB5_F_REPLAY ? ISC_RET_REPLAY_DETECT : 0;
    p.attributes |= start->flags & KRB5_F_SEQUENCE ? ISC_RET_SEQUENCE_DETECT : 0;
    p.attributes |= initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY;
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++)
        p.text[i] = (struct packages_view){name, sizeof name / sizeof name[0] - 1};
    out->package = "Kerberos";
    out->size = kerberos_packed_size(&p);
    assert_true(out->size <= sizeof out->bytes);
    assert_true(kerberos_packed_write(&p, out->bytes, out->size));
}

void packed_krb5(uint16_t etype, uint32_t flags, struct packed *initiator, struct packed *acceptor)
{
    struct krb5_start start = {.flags = flags | KRB5_F_INITIATOR | KRB5_F_INTEG,
                               .key = {.etype = etype},
                               .send_first = 0xfffffff0,
                               .receive_first = 77};
    kit_fill(start.key.bytes, krb5_key_size(etype), etype);
    pack_one(&start, initiator);
    start.flags &= ~(uint32_t)KRB5_F_INITIATOR;
    start.send_first = 77;
    start.receive_first = 0xfffffff0;
    pack_one(&start, acceptor);
}

/* ---- ends ---- */

void end_open(struct end *e, const struct packed *from, bool kernel, const char *description)
{
    *e = (struct end){.kernel = kernel};
    if (kernel) {
        e->key = key_load(description, from->package, from->bytes, from->size);
        if (e->key < 0)
            fail_msg("add_key %s: %s", description, strerror(errno));
        return;
    }
    SecBuffer bytes = {(ULONG)from->size, SECBUFFER_EMPTY, (void *)(uintptr_t)from->bytes};
    assert_int_equal(ImportSecurityContextA((SEC_CHAR *)(uintptr_t)from->package, &bytes, NULL, &e->context),
                     SEC_E_OK);
}

void end_close(struct end *e)
{
    if (e->kernel)
        key_drop(e->key);
    else
        assert_int_equal(DeleteSecurityContext(&e->context), SEC_E_OK);
}

static int errno_of(SECURITY_STATUS status)
{
    static const struct {
        SECURITY_STATUS status;
        int error;
    } rows[] = {
        {SEC_E_OK, 0},
        {SEC_E_MESSAGE_ALTERED, EBADMSG},
        {SEC_E_OUT_OF_SEQUENCE, EILSEQ},
        {SEC_E_CONTEXT_EXPIRED, EOVERFLOW},
        {SEC_E_INVALID_TOKEN, EPROTO},
        {SEC_E_BUFFER_TOO_SMALL, EMSGSIZE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].error;
    return EINVAL;
}

int end_sign(const struct end *e, const void *data, size_t size, uint8_t *token, size_t *token_size)
{
    if (e->kernel) {
        struct keyctl_pkey_query q;
        if (key_query(e->key, "", &q) != 0)
            return errno;
        long made = key_sign(e->key, "", data, size, token, q.max_sig_size);
        if (made < 0)
            return errno;
        *token_size = (size_t)made;
        return 0;
    }
    ULONG room = TOKEN_ROOM;
    CtxtHandle context = e->context;
    SECURITY_STATUS status = kit_sign(&context, data, size, token, &room);
    *token_size = room;
    return errno_of(status);
}

int end_verify(const struct end *e, const void *data, size_t size, const uint8_t *token, size_t token_size)
{
    if (e->kernel)
        return key_verify(e->key, "", data, size, token, token_size) == 0 ? 0 : errno;
    CtxtHandle context = e->context;
    return errno_of(kit_verify(&context, data, size, token, (ULONG)token_size));
}
