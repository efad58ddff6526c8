/* SPDX-License-Identifier: MIT */
/* Points of EncryptMessage and DecryptMessage. */
#include <string.h>

#include "check/message.h"
#include "check/points.h"
#include "lsa/lsa.h"

static void begin(struct check_pair *pair)
{
    load_package(LOAD_INSTANCE);
    check_open(pair, check_usual_flags());
}

static NTSTATUS unseal(const struct check_side *to, struct message *m)
{
    return check_call(OP_UNSEAL, to, NULL, &m->desc, 0);
}

void point_seal_basic(void)
{
    struct check_pair pair;

    begin(&pair);
    if (pair.a.table->SealMessage == NULL || !(check_package.info.fCapabilities & SECPKG_FLAG_PRIVACY))
        check_not_offered("SECPKG_FLAG_PRIVACY");
    check_shared->seal_size = 0;
    message_exchange_sealed(&pair.a, &pair.b, 0, "a message from the initiator");
    message_exchange_sealed(&pair.b, &pair.a, 0, "a message from the acceptor");
    message_exchange_sealed(&pair.a, &pair.b, 0, "the initiator's second message");
}

void point_seal_hides(void)
{
    struct check_pair pair;
    struct message m[2];
    uint8_t text[MESSAGE_SIZE];

    begin(&pair);
    for (int i = 0; i < 2; i++) {
        message_usual(&m[i], message_size(OP_SEAL) + MESSAGE_SPARE, 7);
        memcpy(text, m[i].buffers[0].pvBuffer, sizeof text);
        message_make(&pair.a, OP_SEAL, &m[i], 0);
        unsigned same = 0;
        for (size_t k = 0; k < sizeof text; k++)
            same += ((uint8_t *)m[i].buffers[0].pvBuffer)[k] == text[k];
        if (same > sizeof text / 4)
            check_fail("no text can be seen", "%u of 48 bytes are as they were", same);
    }
    if (memcmp(m[0].buffers[0].pvBuffer, m[1].buffers[0].pvBuffer, MESSAGE_SIZE) == 0)
        check_fail("the same text is never encrypted alike twice", "it was");
}

void point_seal_empty(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair);
    message_start(&m);
    (void)message_add(&m, SECBUFFER_TOKEN, message_size(OP_SEAL) + MESSAGE_SPARE, 1);
    (void)message_add(&m, SECBUFFER_DATA, 0, 1);
    check_expect(check_call(OP_SEAL, &pair.a, NULL, &m.desc, 0), SEC_E_OK, "SpSealMessage of no text");
    message_set_token(&m, m.buffers[0].pvBuffer, m.buffers[0].cbBuffer);
    check_expect(unseal(&pair.b, &m), SEC_E_OK, "SpUnsealMessage of no text");
}

void point_seal_token_short(void)
{
    struct check_pair pair;
    ULONG size = message_size(OP_SEAL);

    begin(&pair);
    for (ULONG room = 0; room < size; room++) {
        struct message m;
        message_usual(&m, room, 4);
        message_keep(&m);
        check_expect(check_call(OP_SEAL, &pair.a, NULL, &m.desc, 0), SEC_E_BUFFER_TOO_SMALL,
                     "SpSealMessage with a TOKEN of %u bytes where %u are needed", (unsigned)room,
                     (unsigned)size);
        const char *changed = message_changed(&m);
        if (changed != NULL)
            check_fail("nothing changes when a call fails", "after SpSealMessage failed, %s", changed);
        message_free(&m);
    }
}

/* Buffers: checksum-only header, text, TOKEN, text, and one that takes no part. */
enum { HEADER, TEXT, TOKEN, MORE, ASIDE };

static void several(struct message *m, bool readonly)
{
    message_start(m);
    (void)message_add(m, readonly ? SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM : SECBUFFER_DATA, 24,
                      31);
    (void)message_add(m, SECBUFFER_DATA, 40, 32);
    (void)message_add(m, SECBUFFER_TOKEN, message_size(OP_SEAL) + MESSAGE_SPARE, 33);
    (void)message_add(m, SECBUFFER_DATA, 21, 34);
    if (readonly)
        (void)message_add(m, SECBUFFER_DATA | SECBUFFER_READONLY, 24, 35);
}

static bool as_it_was(const struct message *m, const struct message *plain, ULONG i)
{
    return memcmp(m->buffers[i].pvBuffer, plain->buffers[i].pvBuffer, plain->buffers[i].cbBuffer) == 0;
}

/* A change in any of these buffers is refused. */
static void probe(struct check_pair *pair, struct message *m, const ULONG *buffers, size_t count)
{
    message_keep(m);
    for (size_t i = 0; i < count; i++) {
        for (int last = 0; last < 2; last++) {
            message_restore(m);
            m->guards[buffers[i]].data[last ? m->buffers[buffers[i]].cbBuffer - 1 : 0] ^= 0x20;
            check_expect_refused(unseal(&pair->b, m), "SpUnsealMessage with the %s byte of buffer %u changed",
                                 last ? "last" : "first", (unsigned)buffers[i]);
        }
    }
}

void point_seal_several(void)
{
    static const ULONG all[] = {HEADER, TEXT, MORE};
    struct check_pair pair;
    struct message m, plain;

    begin(&pair);
    several(&plain, false);
    several(&m, false);
    message_make(&pair.a, OP_SEAL, &m, 0);
    for (int i = 0; i < 3; i++)
        if (as_it_was(&m, &plain, all[i]))
            check_fail("every DATA buffer is encrypted", "buffer %u is as it was", (unsigned)all[i]);
    check_expect(unseal(&pair.b, &m), SEC_E_OK, "SpUnsealMessage with three DATA buffers");
    for (int i = 0; i < 3; i++)
        if (!as_it_was(&m, &plain, all[i]))
            check_fail("the text comes back in its places", "buffer %u differs", (unsigned)all[i]);
    message_free(&m);
    check_pair_close(&pair);

    check_open(&pair, check_usual_flags());
    several(&m, false);
    message_make(&pair.a, OP_SEAL, &m, 0);
    probe(&pair, &m, all, 3);
}

void point_seal_readonly(void)
{
    static const ULONG header[] = {HEADER};
    struct check_pair pair;
    struct message m, plain;

    begin(&pair);
    several(&plain, true);
    several(&m, true);
    message_make(&pair.a, OP_SEAL, &m, 0);
    if (!as_it_was(&m, &plain, HEADER))
        check_fail("SECBUFFER_READONLY_WITH_CHECKSUM parts are not written", "SpSealMessage wrote to one");
    if (!as_it_was(&m, &plain, ASIDE))
        check_fail("SECBUFFER_READONLY parts are not written", "SpSealMessage wrote to one");
    check_expect(unseal(&pair.b, &m), SEC_E_OK, "SpUnsealMessage with read-only parts");
    for (ULONG i = HEADER; i <= ASIDE; i++)
        if (i != TOKEN && !as_it_was(&m, &plain, i))
            check_fail("everything reads as before", "buffer %u differs after SpUnsealMessage", (unsigned)i);
    message_free(&m);
    check_pair_close(&pair);

    check_open(&pair, check_usual_flags());
    several(&m, true);
    message_make(&pair.a, OP_SEAL, &m, 0);
    probe(&pair, &m, header, 1);
}

void point_seal_mixed(void)
{
    struct check_pair pair;

    begin(&pair);
    for (int i = 0; i < 3; i++) {
        message_exchange(&pair.a, &pair.b, 0, "a signed message between sealed ones");
        message_exchange_sealed(&pair.a, &pair.b, 0, "a sealed message between signed ones");
        message_exchange_sealed(&pair.b, &pair.a, 0, "a sealed message between signed ones");
        message_exchange(&pair.b, &pair.a, 0, "a signed message between sealed ones");
    }
}

/* It is VerifySignature's (NTLM) or DecryptMessage's (Kerberos) to take. */
static NTSTATUS take_plain(struct check_pair *pair, struct message *m)
{
    NTSTATUS status = check_call(OP_VERIFY, &pair->b, NULL, &m->desc, 0);

    return status == SEC_E_OK ? status : unseal(&pair->b, m);
}

void point_seal_plain(void)
{
    struct check_pair pair;
    struct message m, plain;
    ULONG qop = SECQOP_WRAP_NO_ENCRYPT;

    begin(&pair);
    message_usual(&plain, 0, 41);
    for (int changed = 1; changed >= 0; changed--) {
        message_usual(&m, message_size(OP_SEAL) + MESSAGE_SPARE, 41);
        NTSTATUS status = check_call(OP_SEAL, &pair.a, &qop, &m.desc, 0);
        if (lsa_status_map(status) == SEC_E_QOP_NOT_SUPPORTED)
            check_not_offered("SECQOP_WRAP_NO_ENCRYPT");
        check_expect(status, SEC_E_OK, "SpSealMessage with SECQOP_WRAP_NO_ENCRYPT");
        message_set_token(&m, m.buffers[1].pvBuffer, m.buffers[1].cbBuffer);
        if (!as_it_was(&m, &plain, 0))
            check_fail("the text stays readable", "SpSealMessage with SECQOP_WRAP_NO_ENCRYPT changed it");
        m.guards[0].data[3] ^= (uint8_t)changed;
        if (changed)
            check_expect_refused(take_plain(&pair, &m), "a changed message of SECQOP_WRAP_NO_ENCRYPT");
        else
            check_expect(take_plain(&pair, &m), SEC_E_OK, "a message of SECQOP_WRAP_NO_ENCRYPT");
        message_free(&m);
        check_pair_close(&pair);
        check_open(&pair, check_usual_flags());
    }
}

/* ---- DecryptMessage ---- */

/* The sealed text, its plain text, and a change in one byte of a buffer. */
static void fails_without_text(ULONG buffer, ULONG at)
{
    struct check_pair pair;
    struct message m;
    uint8_t text[MESSAGE_SIZE];
    static const uint8_t zeros[MESSAGE_SIZE];

    begin(&pair);
    message_usual(&m, message_size(OP_SEAL) + MESSAGE_SPARE, 51);
    memcpy(text, m.buffers[0].pvBuffer, sizeof text);
    message_make(&pair.a, OP_SEAL, &m, 0);
    if (at >= m.buffers[buffer].cbBuffer)
        at = m.buffers[buffer].cbBuffer - 1;
    m.guards[buffer].data[at] ^= 0x04;
    message_keep(&m);
    check_expect_refused(unseal(&pair.b, &m), "SpUnsealMessage of a changed message");
    const uint8_t *now = m.buffers[0].pvBuffer;
    if (memcmp(now, m.kept[0], MESSAGE_SIZE) != 0 && memcmp(now, zeros, MESSAGE_SIZE) != 0)
        check_fail("DATA as it was, or zeros", "%s in DATA after SpUnsealMessage failed",
                   memcmp(now + 8, text + 8, 16) == 0 ? "plaintext" : "other bytes");
    message_free(&m);
    check_pair_close(&pair);
}

void point_unseal_failure(void)
{
    fails_without_text(0, 40);
    fails_without_text(0, 0);
    fails_without_text(1, 0xffff);
    fails_without_text(1, message_size(OP_SEAL) / 2);
}

void point_unseal_state(void)
{
    for (ULONG buffer = 0; buffer < 2; buffer++) {
        struct check_pair pair;
        struct message m;
        uint8_t text[MESSAGE_SIZE];
        begin(&pair);
        message_usual(&m, message_size(OP_SEAL) + MESSAGE_SPARE, 61);
        memcpy(text, m.buffers[0].pvBuffer, sizeof text);
        message_make(&pair.a, OP_SEAL, &m, 0);
        message_keep(&m);
        m.guards[buffer].data[9] ^= 0x04;
        check_expect_refused(unseal(&pair.b, &m), "SpUnsealMessage of a changed message");
        message_restore(&m);
        check_expect(unseal(&pair.b, &m), SEC_E_OK,
                     "SpUnsealMessage of a genuine message after a forged one");
        if (memcmp(m.buffers[0].pvBuffer, text, sizeof text) != 0)
            check_fail("the text that was sealed", "another text, after a forged message");
        message_exchange_sealed(&pair.a, &pair.b, 0, "the message after that");
        message_free(&m);
        check_pair_close(&pair);
    }
}

void point_unseal_replay(void)
{
    struct check_pair pair;
    struct message m;
    uint8_t text[MESSAGE_SIZE];

    begin(&pair);
    if (!check_granted(&pair.b, ISC_RET_REPLAY_DETECT))
        check_not_offered("REPLAY_DETECT");
    message_usual(&m, message_size(OP_SEAL) + MESSAGE_SPARE, 51);
    memcpy(text, m.buffers[0].pvBuffer, sizeof text);
    message_make(&pair.a, OP_SEAL, &m, 0);
    message_keep(&m);
    message_take(&pair.b, OP_UNSEAL, &m, 0, "seal.basic", "a genuine message");
    message_restore(&m);
    check_expect(unseal(&pair.b, &m), SEC_E_OUT_OF_SEQUENCE, "SpUnsealMessage, the same message again");
    if (memcmp(m.buffers[0].pvBuffer, text, sizeof text) == 0)
        check_fail("no plaintext", "plaintext in DATA after SpUnsealMessage refused a replay");
}

void point_unseal_stream(void)
{
    struct check_pair pair;
    struct message m, s;
    uint8_t text[MESSAGE_SIZE];

    begin(&pair);
    message_usual(&m, message_size(OP_SEAL) + MESSAGE_SPARE, 71);
    memcpy(text, m.buffers[0].pvBuffer, sizeof text);
    message_make(&pair.a, OP_SEAL, &m, 0);
    ULONG size = m.buffers[1].cbBuffer;
    message_start(&s);
    (void)message_add(&s, SECBUFFER_STREAM, size + MESSAGE_SIZE, 0);
    s.buffers[message_add(&s, SECBUFFER_DATA, 0, 0)].pvBuffer = NULL;
    memcpy(s.guards[0].data, m.buffers[1].pvBuffer, size);
    memcpy(s.guards[0].data + size, m.buffers[0].pvBuffer, MESSAGE_SIZE);
    check_expect(unseal(&pair.b, &s), SEC_E_OK, "SpUnsealMessage of STREAM and DATA");
    const uint8_t *at = s.buffers[1].pvBuffer;
    if (at < s.guards[0].data || at > s.guards[0].data + size + MESSAGE_SIZE ||
        s.buffers[1].cbBuffer != MESSAGE_SIZE || at + MESSAGE_SIZE > s.guards[0].data + s.guards[0].size)
        check_fail("DATA points at the message inside STREAM", "DATA has %u bytes %s",
                   (unsigned)s.buffers[1].cbBuffer,
                   at == NULL ? "and no memory" : "and points elsewhere, or its size is wrong");
    if (memcmp(at, text, sizeof text) != 0)
        check_fail("the text that was sealed", "another text");
}
