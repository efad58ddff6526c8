/* SPDX-License-Identifier: MIT */
/* Points of numbers and places, of datagrams, and of the state that a refusal leaves. */
#include <string.h>

#include "check/heap.h"
#include "check/message.h"
#include "check/points.h"
#include "lsa/lsa.h"

enum { REPLAY = ISC_RET_REPLAY_DETECT, SEQUENCE = ISC_RET_SEQUENCE_DETECT };

/* needs: what the receiving side must have been granted, or the point is about nothing. */
static void begin(struct check_pair *pair, ULONG needs)
{
    load_package(LOAD_INSTANCE);
    check_open(pair, check_usual_flags());
    if ((pair->b.attributes & needs) != needs)
        check_not_offered(needs & SEQUENCE ? "SEQUENCE_DETECT" : "REPLAY_DETECT");
}

static NTSTATUS verify(const struct check_side *to, struct message *m)
{
    return check_call(OP_VERIFY, to, NULL, &m->desc, 0);
}

static void take(struct check_pair *pair, struct message *m)
{
    message_take(&pair->b, OP_VERIFY, m, 0, "verify.basic", "a genuine message");
}

/* ---- connections ---- */

void point_sequence_argument(void)
{
    static const ULONG numbers[] = {0, 0, 0, 1, 2, 3, 4, 0xffffffff, 7, 7, 0x80000000};
    struct check_pair pair;

    begin(&pair, 0);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct message m;
        message_usual(&m, message_size(OP_SIGN) + MESSAGE_SPARE, numbers[i]);
        check_expect(check_call(OP_SIGN, &pair.a, NULL, &m.desc, numbers[i]), SEC_E_OK,
                     "SpMakeSignature with MessageSeqNo 0x%x", (unsigned)numbers[i]);
        message_set_token(&m, m.buffers[1].pvBuffer, m.buffers[1].cbBuffer);
        check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, ~numbers[i]), SEC_E_OK,
                     "SpVerifySignature with MessageSeqNo 0x%x of a message made with 0x%x",
                     (unsigned)~numbers[i], (unsigned)numbers[i]);
        message_free(&m);
    }
}

/* Two there, one back, and again. */
void point_sequence_directions(void)
{
    struct check_pair pair;

    begin(&pair, 0);
    for (int i = 0; i < 4; i++) {
        message_exchange(&pair.a, &pair.b, 0, "a message between others of the other direction");
        message_exchange(&pair.b, &pair.a, 0, "a message between others of the other direction");
        message_exchange(&pair.a, &pair.b, 0, "a message between others of the other direction");
    }
}

void point_sequence_replay(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair, REPLAY);
    message_made(&pair.a, OP_SIGN, &m, 1, 0);
    take(&pair, &m);
    check_expect(verify(&pair.b, &m), SEC_E_OUT_OF_SEQUENCE, "SpVerifySignature, the same message again");
}

void point_sequence_old(void)
{
    struct check_pair pair;
    struct message m[3];

    begin(&pair, REPLAY);
    for (uint32_t i = 0; i < 3; i++) {
        message_made(&pair.a, OP_SIGN, &m[i], i, 0);
        take(&pair, &m[i]);
    }
    check_expect(verify(&pair.b, &m[0]), SEC_E_OUT_OF_SEQUENCE,
                 "SpVerifySignature, the first message after the third");
}

void point_sequence_gap(void)
{
    struct check_pair pair;
    struct message m[2];

    begin(&pair, SEQUENCE);
    message_made(&pair.a, OP_SIGN, &m[0], 1, 0);
    message_made(&pair.a, OP_SIGN, &m[1], 2, 0);
    check_expect(verify(&pair.b, &m[1]), SEC_E_OUT_OF_SEQUENCE,
                 "SpVerifySignature, the second message before the first");
}

void point_sequence_reflection(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair, 0);
    message_made(&pair.a, OP_SIGN, &m, 1, 0);
    check_expect_refused(verify(&pair.a, &m), "SpVerifySignature of a message of one's own");
    message_free(&m);
    message_made(&pair.b, OP_SIGN, &m, 2, 0);
    check_expect_refused(verify(&pair.b, &m), "SpVerifySignature of a message of one's own (acceptor)");
}

void point_sequence_stranger(void)
{
    struct check_pair pair, other;
    struct message m;

    begin(&pair, 0);
    check_open(&other, check_usual_flags());
    message_made(&other.a, OP_SIGN, &m, 1, 0);
    check_expect_refused(verify(&pair.b, &m), "SpVerifySignature of a message of another context");
}

/* ---- datagrams ---- */

/* In which order numbers come is looked at only where that is asked for. */
static void begin_datagram_with(struct check_pair *pair, ULONG flags, ULONG needs)
{
    const char *what;

    load_package(LOAD_INSTANCE);
    memset(pair, 0, sizeof *pair);
    pair->flags = flags | ISC_REQ_DATAGRAM;
    if (!(check_package.info.fCapabilities & SECPKG_FLAG_DATAGRAM) || check_package.hosted)
        check_not_offered("SECPKG_FLAG_DATAGRAM");
    if (strcmp(check_shared->point, "datagram.establish") != 0)
        check_stage("datagram.establish");
    check_expect(check_handshake(pair, NULL, NULL, &what), SEC_E_OK, "with ISC_REQ_DATAGRAM: %s", what);
    if (!(pair->a.attributes & pair->b.attributes & ISC_RET_DATAGRAM))
        check_fail("DATAGRAM granted at both sides", "attributes 0x%x and 0x%x", (unsigned)pair->a.attributes,
                   (unsigned)pair->b.attributes);
    check_stage(NULL);
    if ((pair->b.attributes & needs) != needs)
        check_not_offered("REPLAY_DETECT on datagrams");
}

static void begin_datagram(struct check_pair *pair, ULONG needs)
{
    load_package(LOAD_INSTANCE);
    begin_datagram_with(pair, check_usual_flags(), needs);
}

/* Any order inside the window. */
static void begin_replay_only(struct check_pair *pair)
{
    load_package(LOAD_INSTANCE);
    begin_datagram_with(pair, check_usual_flags() & ~(ULONG)ISC_REQ_SEQUENCE_DETECT, REPLAY);
    if (pair->b.attributes & SEQUENCE)
        check_not_offered("REPLAY_DETECT without SEQUENCE_DETECT");
}

static void datagram(struct check_pair *pair, struct message *m, ULONG number)
{
    message_made(&pair->a, OP_SIGN, m, number, number);
}

void point_datagram_establish(void)
{
    struct check_pair pair;

    begin_datagram(&pair, 0);
    message_exchange(&pair.a, &pair.b, 1, "the first datagram");
}

void point_datagram_number(void)
{
    struct check_pair pair;
    struct message m;

    begin_datagram(&pair, 0);
    for (ULONG number = 1; number < 6; number++) {
        datagram(&pair, &m, number);
        check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, number % 2 ? number : 0), SEC_E_OK,
                     "SpVerifySignature of datagram %u with MessageSeqNo %u", (unsigned)number,
                     number % 2 ? (unsigned)number : 0);
        message_free(&m);
    }
}

void point_datagram_mismatch(void)
{
    struct check_pair pair;
    struct message m;

    begin_datagram(&pair, 0);
    datagram(&pair, &m, 1);
    check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 2), SEC_E_OUT_OF_SEQUENCE,
                 "SpVerifySignature of datagram 1 with MessageSeqNo 2");
}

void point_datagram_replay(void)
{
    struct check_pair pair;
    struct message m;

    begin_datagram(&pair, REPLAY);
    datagram(&pair, &m, 1);
    message_take(&pair.b, OP_VERIFY, &m, 1, "datagram.number", "datagram 1");
    check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 1), SEC_E_OUT_OF_SEQUENCE,
                 "SpVerifySignature of datagram 1 again");
    check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0), SEC_E_OUT_OF_SEQUENCE,
                 "SpVerifySignature of datagram 1 again with MessageSeqNo 0");
}

/* A new number passes once. */
static void passes_once(struct check_pair *pair, ULONG number)
{
    struct message m;

    datagram(pair, &m, number);
    check_expect(check_call(OP_VERIFY, &pair->b, NULL, &m.desc, number), SEC_E_OK,
                 "SpVerifySignature of datagram 0x%x, which is new", (unsigned)number);
    check_expect(check_call(OP_VERIFY, &pair->b, NULL, &m.desc, number), SEC_E_OUT_OF_SEQUENCE,
                 "SpVerifySignature of datagram 0x%x, the second time", (unsigned)number);
    message_free(&m);
}

void point_datagram_window(void)
{
    static const ULONG jumps[] = {1, 31, 32, 63, 64, 65, 128, 1024, 5000};
    struct check_pair pair;
    ULONG number = 4;

    begin_replay_only(&pair);
    for (ULONG first = 1; first <= number; first++)
        passes_once(&pair, first);
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        number += jumps[i];
        passes_once(&pair, number);
        /* Those that were jumped over, as far as any window goes back. */
        for (ULONG back = 1; back < jumps[i] && back < 64; back++)
            passes_once(&pair, number - back);
    }
}

void point_datagram_large(void)
{
    static const ULONG numbers[] = {0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffd, 0xfffffffe};
    struct check_pair pair;

    begin_replay_only(&pair);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        passes_once(&pair, numbers[i]);
}

void point_datagram_forged(void)
{
    struct check_pair pair;
    struct message m;

    begin_datagram(&pair, 0);
    for (ULONG number = 1; number < 4; number++) {
        datagram(&pair, &m, number);
        m.guards[0].data[7] ^= 1;
        check_expect_refused(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, number),
                             "SpVerifySignature of a changed datagram");
        m.guards[0].data[7] ^= 1;
        check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, number), SEC_E_OK,
                     "SpVerifySignature of datagram %u after a forged one of that number", (unsigned)number);
        message_free(&m);
    }
}

void point_datagram_unnumbered(void)
{
    struct check_pair pair;
    struct message m;

    begin_datagram(&pair, 0);
    datagram(&pair, &m, 0);
    for (int i = 0; i < 2; i++)
        check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0), SEC_E_OK,
                     "SpVerifySignature of a datagram without a number, %s time", i ? "second" : "first");
}

/* ---- what a refusal leaves ---- */

/* b refuses m changed in one byte of a buffer, and takes it unchanged. */
static void refuse_then_take(ULONG buffer, ULONG at, const char *what)
{
    struct check_pair pair;
    struct message m;

    begin(&pair, 0);
    message_made(&pair.a, OP_SIGN, &m, 21, 0);
    if (at >= m.buffers[buffer].cbBuffer)
        at = m.buffers[buffer].cbBuffer - 1;
    m.guards[buffer].data[at] ^= 0x40;
    check_stage("verify.forged");
    check_expect_refused(verify(&pair.b, &m), "SpVerifySignature of a changed message");
    check_stage(NULL);
    m.guards[buffer].data[at] ^= 0x40;
    check_expect(verify(&pair.b, &m), SEC_E_OK, "SpVerifySignature of a genuine message after %s", what);
    message_free(&m);
    check_pair_close(&pair);
}

void point_state_tampered(void)
{
    refuse_then_take(0, 0, "one whose text was changed");
    refuse_then_take(1, 0, "one whose token was changed in its first byte");
    refuse_then_take(1, message_size(OP_SIGN) / 2, "one whose token was changed in the middle");
    refuse_then_take(1, 0xffff, "one whose token was changed in its last byte");
}

void point_state_replayed(void)
{
    struct check_pair pair;
    struct message m[2];

    begin(&pair, REPLAY);
    message_made(&pair.a, OP_SIGN, &m[0], 1, 0);
    message_made(&pair.a, OP_SIGN, &m[1], 2, 0);
    take(&pair, &m[0]);
    for (int i = 0; i < 3; i++)
        check_expect_refused(verify(&pair.b, &m[0]), "SpVerifySignature, the same message again");
    check_expect(verify(&pair.b, &m[1]), SEC_E_OK, "SpVerifySignature of the next message after a replay");
}

void point_state_malformed(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair, 0);
    message_made(&pair.a, OP_SIGN, &m, 1, 0);
    message_keep(&m);
    m.desc.cBuffers = 1;
    check_expect_refused(verify(&pair.b, &m), "SpVerifySignature without TOKEN");
    message_restore(&m);
    m.buffers[1].cbBuffer--;
    check_expect_refused(verify(&pair.b, &m), "SpVerifySignature of a shorter token");
    message_restore(&m);
    check_expect(verify(&pair.b, &m), SEC_E_OK,
                 "SpVerifySignature of a genuine message after malformed ones");
}

static void fail_to_make(struct check_pair *pair)
{
    struct message m;
    ULONG qop = 0x5a5a5a5a, size = message_size(OP_SIGN);

    message_usual(&m, size - 1, 1);
    check_expect_refused(check_call(OP_SIGN, &pair->a, NULL, &m.desc, 0),
                         "SpMakeSignature with a TOKEN of %u bytes", (unsigned)size - 1);
    message_free(&m);
    message_usual(&m, size + MESSAGE_SPARE, 1);
    check_expect_refused(check_call(OP_SIGN, &pair->a, &qop, &m.desc, 0),
                         "SpMakeSignature with fQOP 0x5a5a5a5a");
    message_free(&m);
}

void point_state_make(void)
{
    struct check_pair pair;

    begin(&pair, 0);
    for (int i = 0; i < 2; i++) {
        fail_to_make(&pair);
        message_exchange(&pair.a, &pair.b, 0, "a message after calls of SpMakeSignature that failed");
    }
}

static void same_bytes(const struct check_side *side, SecBuffer *before, const char *what)
{
    SecBuffer after;

    check_expect(check_export(side, &after), SEC_E_OK, "SpExportSecurityContext");
    bool same =
        after.cbBuffer == before->cbBuffer && memcmp(after.pvBuffer, before->pvBuffer, after.cbBuffer) == 0;
    (void)heap_free_client(after.pvBuffer);
    if (!same)
        check_fail("the context is the same byte for byte", "it changed when %s", what);
}

void point_state_bytes(void)
{
    struct check_pair pair;
    struct message m;
    SecBuffer a, b;

    begin(&pair, 0);
    message_exchange(&pair.a, &pair.b, 0, "the first message");
    message_made(&pair.a, OP_SIGN, &m, 3, 0);
    check_expect(check_export(&pair.a, &a), SEC_E_OK, "SpExportSecurityContext");
    check_expect(check_export(&pair.b, &b), SEC_E_OK, "SpExportSecurityContext");
    fail_to_make(&pair);
    same_bytes(&pair.a, &a, "SpMakeSignature failed");
    message_keep(&m);
    for (ULONG buffer = 0; buffer < 2; buffer++) {
        for (ULONG at = 0; at < m.kept_buffers[buffer].cbBuffer; at++) {
            message_restore(&m);
            m.guards[buffer].data[at] ^= 0x40;
            check_expect_refused(verify(&pair.b, &m), "SpVerifySignature of a changed message");
            same_bytes(&pair.b, &b, "SpVerifySignature refused a changed message");
        }
    }
    message_restore(&m);
    m.desc.cBuffers = 1;
    check_expect_refused(verify(&pair.b, &m), "SpVerifySignature without TOKEN");
    same_bytes(&pair.b, &b, "SpVerifySignature refused a malformed message");
}
