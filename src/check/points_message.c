/* SPDX-License-Identifier: MIT */
/* Points of MakeSignature, VerifySignature and of sizes. */
#include <string.h>

#include "base/mem.h"
#include "check/heap.h"
#include "check/message.h"
#include "check/points.h"
#include "lsa/lsa.h"

static void begin(struct check_pair *pair)
{
    load_package(LOAD_INSTANCE);
    check_open(pair, check_usual_flags());
}

/* ---- sizes and queries ---- */

static SecPkgContext_Sizes sizes_of(struct check_pair *pair)
{
    SecPkgContext_Sizes sizes = {0};

    check_stage("sizes.query");
    check_expect(check_query(&pair->a, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK,
                 "QueryContextAttributes of SECPKG_ATTR_SIZES");
    check_stage(NULL);
    return sizes;
}

void point_sizes_query(void)
{
    struct check_pair pair;

    begin(&pair);
    (void)sizes_of(&pair);
}

void point_sizes_signature(void)
{
    struct check_pair pair;

    begin(&pair);
    ULONG said = sizes_of(&pair).cbMaxSignature, made = message_size(OP_SIGN);
    if (said != made)
        check_fail("cbMaxSignature is the length of a signature", "it is %u, and signatures have %u bytes",
                   (unsigned)said, (unsigned)made);
}

void point_sizes_trailer(void)
{
    struct check_pair pair;

    begin(&pair);
    ULONG said = sizes_of(&pair).cbSecurityTrailer, made = message_size(OP_SEAL);
    if (said != made)
        check_fail("cbSecurityTrailer is the length of EncryptMessage's token",
                   "it is %u, and tokens have %u bytes", (unsigned)said, (unsigned)made);
}

void point_query_unknown(void)
{
    struct check_pair pair;
    struct guard buffer;
    uint8_t before[256];

    begin(&pair);
    guard_new(&buffer, sizeof before, "the buffer of QueryContextAttributes");
    guard_list(&buffer);
    message_fill(before, sizeof before, 5);
    for (ULONG attribute = 0x7ffffff0; attribute < 0x7ffffff3; attribute++) {
        memcpy(buffer.data, before, sizeof before);
        check_expect(check_query(&pair.a, attribute, buffer.data), SEC_E_UNSUPPORTED_FUNCTION,
                     "QueryContextAttributes of 0x%x", (unsigned)attribute);
        if (memcmp(buffer.data, before, sizeof before) != 0)
            check_fail("the buffer stays as it was", "QueryContextAttributes of 0x%x wrote to it",
                       (unsigned)attribute);
    }
}

static NTSTATUS names_of(struct check_pair *pair, SecPkgContext_NamesW *names)
{
    NTSTATUS status = check_query(&pair->b, SECPKG_ATTR_NAMES, names);

    if (lsa_status_map(status) == SEC_E_UNSUPPORTED_FUNCTION)
        check_not_offered("SECPKG_ATTR_NAMES in the user half");
    return status;
}

void point_query_names(void)
{
    struct check_pair pair;
    SecPkgContext_NamesW names = {NULL};
    size_t size = 0, units = 0;

    begin(&pair);
    check_expect(names_of(&pair, &names), SEC_E_OK, "QueryContextAttributes of SECPKG_ATTR_NAMES");
    if (names.sUserName == NULL)
        check_fail("a name", "sUserName is NULL");
    if (!check_package.hosted && pair.b.owner == 0) {
        if (!heap_owns(HEAP_USER, names.sUserName, &size))
            check_fail("memory of AllocateHeap, which the application frees", "sUserName is other memory");
        while (units < size / 2 && names.sUserName[units] != 0)
            units++;
        if (units == size / 2)
            check_fail("text that ends with 0", "sUserName does not, in its %zu bytes", size);
    }
    (void)heap_free_client(names.sUserName);
}

void point_memory_query(void)
{
    struct check_pair pair;
    SecPkgContext_NamesW names = {NULL};

    begin(&pair);
    check_expect(names_of(&pair, &names), SEC_E_OK, "QueryContextAttributes of SECPKG_ATTR_NAMES");
    (void)heap_free_client(names.sUserName);
    size_t live = heap_live();
    for (size_t n = 1; n < 16; n++) {
        heap_fail(n);
        NTSTATUS status = names_of(&pair, &names);
        bool failed = heap_failed();
        heap_fail(0);
        if (!failed) {
            (void)heap_free_client(names.sUserName);
            return;
        }
        check_expect(status, SEC_E_INSUFFICIENT_MEMORY,
                     "QueryContextAttributes of SECPKG_ATTR_NAMES whose allocation %zu fails", n);
        if (heap_live() != live)
            check_fail("nothing is lost", "memory is left behind where allocation %zu fails", n);
    }
}

/* ---- MakeSignature ---- */

/* A TOKEN with plenty of room, twice: cbBuffer cannot be the room's both times. */
void point_make_basic(void)
{
    struct check_pair pair;
    ULONG lengths[2];

    begin(&pair);
    if (pair.a.table->MakeSignature == NULL)
        check_not_offered("MakeSignature");
    for (int i = 0; i < 2; i++) {
        struct message m;
        message_usual(&m, (ULONG)(MESSAGE_ROOM >> i), 3);
        check_expect(check_call(OP_SIGN, &pair.a, NULL, &m.desc, 0), SEC_E_OK, "SpMakeSignature");
        lengths[i] = m.buffers[1].cbBuffer;
        message_free(&m);
    }
    if (lengths[0] == 0 || lengths[0] != lengths[1])
        check_fail("TOKEN.cbBuffer becomes the signature's length",
                   "with room for %u bytes it is %u, with room for %u it is %u", (unsigned)MESSAGE_ROOM,
                   (unsigned)lengths[0], (unsigned)MESSAGE_ROOM / 2, (unsigned)lengths[1]);
    check_shared->sign_size = lengths[0];
}

static void exchange_size(struct check_pair *pair, ULONG size, const char *what)
{
    struct message m;

    message_start(&m);
    (void)message_add(&m, SECBUFFER_DATA, size, 8);
    (void)message_add(&m, SECBUFFER_TOKEN, message_size(OP_SIGN) + MESSAGE_SPARE, 9);
    check_expect(check_call(OP_SIGN, &pair->a, NULL, &m.desc, 0), SEC_E_OK, "SpMakeSignature, %s", what);
    message_set_token(&m, m.buffers[1].pvBuffer, m.buffers[1].cbBuffer);
    message_take(&pair->b, OP_VERIFY, &m, 0, NULL, what);
    message_free(&m);
}

void point_make_empty(void)
{
    struct check_pair pair;

    begin(&pair);
    exchange_size(&pair, 0, "a DATA buffer of 0 bytes");
}

void point_make_large(void)
{
    struct check_pair pair;

    begin(&pair);
    exchange_size(&pair, 1 << 20, "a message of 1 MiB");
}

void point_make_repeat(void)
{
    static const ULONG sizes[] = {0, 1, 7, 63, 64, 65, 4096};
    struct check_pair pair;
    ULONG first = message_size(OP_SIGN);

    begin(&pair);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct message m;
        message_start(&m);
        (void)message_add(&m, SECBUFFER_DATA, sizes[i], 8);
        (void)message_add(&m, SECBUFFER_TOKEN, first + MESSAGE_SPARE, 9);
        NTSTATUS status = check_call(OP_SIGN, &pair.a, NULL, &m.desc, 0);
        if (status == SEC_E_OK && m.buffers[1].cbBuffer != first)
            check_fail("one length", "%u bytes for a message of %u bytes, %u bytes for another",
                       (unsigned)m.buffers[1].cbBuffer, (unsigned)sizes[i], (unsigned)first);
        message_free(&m);
    }
}

static void make_in(struct check_pair *pair, ULONG room, struct message *m)
{
    message_usual(m, room, 4);
    message_keep(m);
    check_expect(check_call(OP_SIGN, &pair->a, NULL, &m->desc, 0), SEC_E_OK,
                 "SpMakeSignature with a TOKEN of %u bytes", (unsigned)room);
}

void point_make_token_exact(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair);
    make_in(&pair, message_size(OP_SIGN), &m);
    if (!guard_intact(&m.guards[1]))
        check_fail("nothing around TOKEN is touched", "SpMakeSignature wrote before TOKEN");
}

void point_make_token_short(void)
{
    struct check_pair pair;
    ULONG size = message_size(OP_SIGN);

    begin(&pair);
    for (ULONG room = 0; room < size; room++) {
        struct message m;
        message_usual(&m, room, 4);
        check_expect(check_call(OP_SIGN, &pair.a, NULL, &m.desc, 0), SEC_E_BUFFER_TOO_SMALL,
                     "SpMakeSignature with a TOKEN of %u bytes for a signature of %u", (unsigned)room,
                     (unsigned)size);
        message_free(&m);
    }
}

void point_make_token_room(void)
{
    struct check_pair pair;
    struct message m;
    ULONG size = message_size(OP_SIGN);

    begin(&pair);
    make_in(&pair, size + MESSAGE_SPARE, &m);
    if (memcmp(m.guards[1].data + size, m.kept[1] + size, MESSAGE_SPARE) != 0)
        check_fail("nothing behind the signature is written",
                   "SpMakeSignature wrote more than the %u bytes of the signature", (unsigned)size);
}

void point_make_untouched(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair);
    make_in(&pair, message_size(OP_SIGN) + MESSAGE_SPARE, &m);
    const char *changed = message_changed_but(&m, 1);
    if (changed != NULL)
        check_fail("only TOKEN and its cbBuffer change", "after SpMakeSignature %s", changed);
}

void point_make_failure(void)
{
    struct check_pair pair;
    struct message m;
    ULONG size = message_size(OP_SIGN);

    begin(&pair);
    message_usual(&m, size - 1, 4);
    message_keep(&m);
    check_expect_refused(check_call(OP_SIGN, &pair.a, NULL, &m.desc, 0),
                         "SpMakeSignature with a TOKEN of %u bytes", (unsigned)size - 1);
    const char *changed = message_changed(&m);
    if (changed != NULL)
        check_fail("nothing changes when a call fails", "after SpMakeSignature failed, %s", changed);
}

static void refuses_qops(enum check_operation op, struct check_pair *pair, ULONG size)
{
    static const ULONG refused[] = {0x5a5a5a5a, 0x7fffffff, 0xffffffff};

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct message m;
        ULONG qop = refused[i];
        message_usual(&m, size + MESSAGE_SPARE, 4);
        check_expect(check_call(op, &pair->a, &qop, &m.desc, 0), SEC_E_QOP_NOT_SUPPORTED,
                     "%s with fQOP 0x%08x", check_operation_names[op], (unsigned)refused[i]);
        message_free(&m);
    }
}

void point_make_qop(void)
{
    struct check_pair pair;

    begin(&pair);
    refuses_qops(OP_SIGN, &pair, message_size(OP_SIGN));
}

void point_seal_qop(void)
{
    struct check_pair pair;

    begin(&pair);
    refuses_qops(OP_SEAL, &pair, message_size(OP_SEAL));
}

void point_make_quiet(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair);
    message_exchange(&pair.a, &pair.b, 0, "the first message");
    size_t asked = heap_asked();
    for (int i = 0; i < 4; i++) {
        message_made(&pair.a, OP_SIGN, &m, 6, 0);
        message_take(&pair.b, OP_VERIFY, &m, 0, "verify.basic", "a genuine message");
        message_free(&m);
    }
    if (heap_asked() != asked)
        check_fail("no allocation", "four messages asked the host for memory %zu times",
                   heap_asked() - asked);
}

/* ---- VerifySignature ---- */

void point_verify_basic(void)
{
    struct check_pair pair;

    begin(&pair);
    message_exchange(&pair.a, &pair.b, 0, "a message from the initiator");
    message_exchange(&pair.b, &pair.a, 0, "a message from the acceptor");
    message_exchange(&pair.a, &pair.b, 0, "the initiator's second message");
    message_exchange(&pair.b, &pair.a, 0, "the acceptor's second message");
}

/* A genuine message of a's, kept. */
static void genuine(struct check_pair *pair, struct message *m)
{
    begin(pair);
    message_made(&pair->a, OP_SIGN, m, 12, 0);
    message_keep(m);
}

void point_verify_forged(void)
{
    struct check_pair pair;
    struct message m;

    genuine(&pair, &m);
    for (int kind = 0; kind < 3; kind++) {
        static const char *const names[] = {"all zeros", "all ones", "noise"};
        message_restore(&m);
        if (kind < 2)
            memset(m.buffers[1].pvBuffer, kind == 0 ? 0 : 0xff, m.buffers[1].cbBuffer);
        else
            message_fill(m.buffers[1].pvBuffer, m.buffers[1].cbBuffer, 1234);
        check_expect_refused(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0),
                             "SpVerifySignature of a signature that is %s", names[kind]);
    }
}

static void flip_all(enum check_operation op, struct check_pair *pair, struct message *m, ULONG buffer)
{
    uint8_t *bytes = m->guards[buffer].data;

    for (size_t bit = 0; bit < 8 * (size_t)m->kept_buffers[buffer].cbBuffer; bit++) {
        message_restore(m);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        check_expect_refused(check_call(op, &pair->b, NULL, &m->desc, 0),
                             "%s with bit %zu of byte %zu of the %s changed", check_operation_names[op],
                             bit % 8, bit / 8, buffer == 0 ? "message" : "token");
    }
}

void point_verify_tamper_token(void)
{
    struct check_pair pair;
    struct message m;

    genuine(&pair, &m);
    flip_all(OP_VERIFY, &pair, &m, 1);
}

void point_verify_tamper_data(void)
{
    struct check_pair pair;
    struct message m;

    genuine(&pair, &m);
    flip_all(OP_VERIFY, &pair, &m, 0);
}

void point_unseal_tamper_token(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair);
    message_made(&pair.a, OP_SEAL, &m, 12, 0);
    message_keep(&m);
    flip_all(OP_UNSEAL, &pair, &m, 1);
}

void point_unseal_tamper_data(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair);
    message_made(&pair.a, OP_SEAL, &m, 12, 0);
    message_keep(&m);
    flip_all(OP_UNSEAL, &pair, &m, 0);
}

/* The same bytes with one missing at either end, and with one more behind them. */
void point_verify_tamper_length(void)
{
    struct check_pair pair;
    struct message m, longer;

    genuine(&pair, &m);
    m.buffers[0].cbBuffer--;
    check_expect_refused(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0),
                         "SpVerifySignature without the last byte of the message");
    m.buffers[0].pvBuffer = (uint8_t *)m.buffers[0].pvBuffer + 1;
    check_expect_refused(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0),
                         "SpVerifySignature without the first byte of the message");
    for (int byte = 0; byte < 2; byte++) {
        message_start(&longer);
        (void)message_add(&longer, SECBUFFER_DATA, MESSAGE_SIZE + 1, 0);
        (void)message_add(&longer, SECBUFFER_TOKEN, m.buffers[1].cbBuffer, 0);
        memset(longer.buffers[0].pvBuffer, byte, MESSAGE_SIZE + 1);
        memcpy(longer.buffers[0].pvBuffer, m.kept[0], MESSAGE_SIZE);
        memcpy(longer.buffers[1].pvBuffer, m.kept[1], m.buffers[1].cbBuffer);
        check_expect_refused(check_call(OP_VERIFY, &pair.b, NULL, &longer.desc, 0),
                             "SpVerifySignature with a byte more");
        message_free(&longer);
    }
}

void point_verify_status(void)
{
    struct check_pair pair;
    struct message m;

    genuine(&pair, &m);
    ((uint8_t *)m.buffers[0].pvBuffer)[5] ^= 0x10;
    check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0), SEC_E_MESSAGE_ALTERED,
                 "SpVerifySignature of a changed message");
}

static void token_of(struct message *m, const struct message *from, ULONG size)
{
    struct guard token;

    /* What is longer than the signature goes on with zeros. */
    guard_new(&token, size, "TOKEN");
    ULONG there = from->buffers[1].cbBuffer < size ? from->buffers[1].cbBuffer : size;
    memcpy(token.data, from->buffers[1].pvBuffer, there);
    message_set_token(m, token.data, size);
    guard_free(&token);
}

static void wrong_lengths(enum check_operation op, struct check_pair *pair, struct message *m, bool longer)
{
    ULONG size = m->buffers[1].cbBuffer;

    for (ULONG i = longer ? size + 1 : 0; longer ? i <= size + 24 : i < size; i++) {
        struct message other;
        message_usual(&other, 0, 12);
        memcpy(other.buffers[0].pvBuffer, m->buffers[0].pvBuffer, MESSAGE_SIZE);
        token_of(&other, m, i);
        NTSTATUS status = check_call(op, &pair->b, NULL, &other.desc, 0);
        if (op == OP_VERIFY)
            check_expect(status, SEC_E_INVALID_TOKEN,
                         "SpVerifySignature with a TOKEN of %u bytes for a signature of %u", (unsigned)i,
                         (unsigned)size);
        else
            check_expect_refused(status, "%s with a TOKEN of %u bytes instead of %u",
                                 check_operation_names[op], (unsigned)i, (unsigned)size);
        message_free(&other);
    }
}

void point_verify_token_short(void)
{
    struct check_pair pair;
    struct message m;

    genuine(&pair, &m);
    wrong_lengths(OP_VERIFY, &pair, &m, false);
}

void point_verify_token_long(void)
{
    struct check_pair pair;
    struct message m;

    genuine(&pair, &m);
    wrong_lengths(OP_VERIFY, &pair, &m, true);
}

void point_unseal_token(void)
{
    struct check_pair pair;
    struct message m;

    begin(&pair);
    message_made(&pair.a, OP_SEAL, &m, 12, 0);
    wrong_lengths(OP_UNSEAL, &pair, &m, false);
    wrong_lengths(OP_UNSEAL, &pair, &m, true);
}

void point_verify_untouched(void)
{
    struct check_pair pair;
    struct message m;

    genuine(&pair, &m);
    ((uint8_t *)m.buffers[0].pvBuffer)[0] ^= 1;
    message_keep(&m);
    check_expect_refused(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0),
                         "SpVerifySignature of a changed message");
    const char *changed = message_changed(&m);
    if (changed != NULL)
        check_fail("VerifySignature writes to no buffer", "after a refusal %s", changed);
    message_free(&m);
    check_pair_close(&pair);

    check_open(&pair, check_usual_flags());
    message_made(&pair.a, OP_SIGN, &m, 12, 0);
    message_keep(&m);
    message_take(&pair.b, OP_VERIFY, &m, 0, "verify.basic", "a genuine message");
    changed = message_changed(&m);
    if (changed != NULL)
        check_fail("VerifySignature writes to no buffer", "after success %s", changed);
}

void point_verify_qop(void)
{
    struct check_pair pair;
    unsigned offered = 0;

    begin(&pair);
    for (ULONG qop = 0; qop < 16; qop++) {
        struct message m;
        ULONG in = qop, out = 0x5a5a5a5a;
        message_usual(&m, message_size(OP_SIGN) + MESSAGE_SPARE, qop);
        if (check_call(OP_SIGN, &pair.a, &in, &m.desc, 0) == SEC_E_OK) {
            offered++;
            message_set_token(&m, m.buffers[1].pvBuffer, m.buffers[1].cbBuffer);
            check_expect(check_call(OP_VERIFY, &pair.b, &out, &m.desc, 0), SEC_E_OK,
                         "SpVerifySignature of a message signed with fQOP %u", (unsigned)qop);
            if (out != qop)
                check_fail("*pfQOP is the fQOP that was used", "0x%x for a message signed with %u",
                           (unsigned)out, (unsigned)qop);
        }
        message_free(&m);
    }
    if (offered == 0)
        check_fail("fQOP 0, or others up to 15", "none of them is offered");
}

void point_verify_qop_failure(void)
{
    struct check_pair pair;
    struct message m;
    ULONG out = 0x5a5a5a5a;

    genuine(&pair, &m);
    ((uint8_t *)m.buffers[0].pvBuffer)[0] ^= 1;
    check_expect_refused(check_call(OP_VERIFY, &pair.b, &out, &m.desc, 0),
                         "SpVerifySignature of a changed message");
    if (out != 0x5a5a5a5a)
        check_fail("*pfQOP stays as it was", "it is 0x%x after a refusal", (unsigned)out);
}
