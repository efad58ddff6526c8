/* SPDX-License-Identifier: MIT */
/* Points of descriptors and buffers: which are refused, and what counts as the message in those that are
 * taken. */
#include <string.h>

#include "check/message.h"
#include "check/points.h"

static void begin(struct check_pair *pair)
{
    load_package(LOAD_INSTANCE);
    check_open(pair, check_usual_flags());
}

/* ---- refused: each changes a message of DATA and TOKEN that is good otherwise ---- */

typedef void shape_fn(struct message *m);

struct shape {
    shape_fn *build;
    const char *name;
    SECURITY_STATUS status;
};

static void version_7(struct message *m)
{
    m->desc.ulVersion = 7;
}

static void version_huge(struct message *m)
{
    m->desc.ulVersion = 0xffffffff;
}

static void count_0(struct message *m)
{
    m->desc.cBuffers = 0;
}

static void array_null(struct message *m)
{
    m->desc.pBuffers = NULL;
}

static void count_65(struct message *m)
{
    while (m->desc.cBuffers < 65)
        (void)message_add(m, SECBUFFER_EMPTY, 0, 0);
}

static void count_huge(struct message *m)
{
    m->desc.cBuffers = 0xffffffff;
}

static void data_null(struct message *m)
{
    m->buffers[0].pvBuffer = NULL;
}

static void data_null_readonly(struct message *m)
{
    m->buffers[0].pvBuffer = NULL;
    m->buffers[0].BufferType |= SECBUFFER_READONLY_WITH_CHECKSUM;
}

static void token_null(struct message *m)
{
    m->buffers[1].pvBuffer = NULL;
}

static void token_none(struct message *m)
{
    m->buffers[1].BufferType = SECBUFFER_PADDING;
}

static void token_gone(struct message *m)
{
    m->desc.cBuffers = 1;
}

static void token_twice(struct message *m)
{
    (void)message_add(m, SECBUFFER_TOKEN, m->buffers[1].cbBuffer, 5);
}

static void token_twice_empty(struct message *m)
{
    m->buffers[message_add(m, SECBUFFER_TOKEN, 0, 5)].pvBuffer = NULL;
}

static void overlap_inside(struct message *m)
{
    m->buffers[0].cbBuffer = 1;
    m->buffers[0].pvBuffer = (uint8_t *)m->buffers[1].pvBuffer + 1;
}

static void overlap_start(struct message *m)
{
    /* The page before TOKEN's bytes is there; only what is filled is read. */
    m->buffers[0].cbBuffer = 8;
    m->buffers[0].pvBuffer = (uint8_t *)m->buffers[1].pvBuffer - 7;
}

static void overlap_same(struct message *m)
{
    m->buffers[0] = (SecBuffer){m->buffers[1].cbBuffer, SECBUFFER_DATA, m->buffers[1].pvBuffer};
}

static ULONG token_room(enum check_operation op)
{
    return message_size(op) + MESSAGE_SPARE;
}

/* The two that make, and the two that check, on one shape. A message to check is genuine, so that whoever
 * does not look finds nothing wrong with it. */
static void refuses_one(struct check_pair *pair, enum check_operation make, const struct shape *shape)
{
    enum check_operation check = make == OP_SIGN ? OP_VERIFY : OP_UNSEAL;
    struct message m;

    message_usual(&m, token_room(make), 3);
    shape->build(&m);
    check_expect(check_call(make, &pair->a, NULL, &m.desc, 0), shape->status, "%s with %s",
                 check_operation_names[make], shape->name);
    message_free(&m);
    message_made(&pair->a, make, &m, 4, 0);
    shape->build(&m);
    check_expect(check_call(check, &pair->b, NULL, &m.desc, 0), shape->status, "%s with %s",
                 check_operation_names[check], shape->name);
    message_free(&m);
}

static void refuses(enum check_operation make, const struct shape *shapes, size_t count)
{
    struct check_pair pair;

    begin(&pair);
    for (size_t i = 0; i < count; i++)
        refuses_one(&pair, make, &shapes[i]);
}

#define REFUSES(make, shapes) refuses((make), (shapes), sizeof(shapes) / sizeof((shapes)[0]))

static void refuses_null(enum check_operation make)
{
    struct check_pair pair;

    begin(&pair);
    for (enum check_operation op = make; op <= make + 1; op++)
        check_expect(check_call(op, op == make ? &pair.a : &pair.b, NULL, NULL, 0), SEC_E_INVALID_TOKEN,
                     "%s without a descriptor", check_operation_names[op]);
}

void point_desc_null(void)
{
    refuses_null(OP_SIGN);
}

static const struct shape versions[] = {
    {version_7, "ulVersion 7", SEC_E_INVALID_TOKEN},
    {version_huge, "ulVersion 2^32-1", SEC_E_INVALID_TOKEN},
};

void point_desc_version(void)
{
    REFUSES(OP_SIGN, versions);
}

static const struct shape empties[] = {{count_0, "cBuffers 0", SEC_E_INVALID_TOKEN}};

void point_desc_empty(void)
{
    REFUSES(OP_SIGN, empties);
}

static const struct shape arrays[] = {{array_null, "pBuffers NULL", SEC_E_INVALID_TOKEN}};

void point_desc_array(void)
{
    REFUSES(OP_SIGN, arrays);
}

static const struct shape manies[] = {
    {count_65, "65 buffers", SEC_E_INVALID_TOKEN},
    {count_huge, "cBuffers 2^32-1", SEC_E_INVALID_TOKEN},
};

void point_desc_many(void)
{
    REFUSES(OP_SIGN, manies);
}

static const struct shape data_nulls[] = {
    {data_null, "a DATA buffer of 48 bytes and no memory", SEC_E_INVALID_TOKEN},
    {data_null_readonly, "a read-only DATA buffer of 48 bytes and no memory", SEC_E_INVALID_TOKEN},
};

void point_buffers_data_null(void)
{
    REFUSES(OP_SIGN, data_nulls);
}

static const struct shape token_nulls[] = {
    {token_null, "a TOKEN with a size and no memory", SEC_E_INVALID_TOKEN}};

void point_buffers_token_null(void)
{
    REFUSES(OP_SIGN, token_nulls);
}

static const struct shape no_tokens[] = {
    {token_none, "PADDING instead of TOKEN", SEC_E_INVALID_TOKEN},
    {token_gone, "DATA alone", SEC_E_INVALID_TOKEN},
};

void point_buffers_no_token(void)
{
    REFUSES(OP_SIGN, no_tokens);
}

static const struct shape two_tokens[] = {
    {token_twice, "two TOKENs", SEC_E_INVALID_TOKEN},
    {token_twice_empty, "two TOKENs, one of them empty", SEC_E_INVALID_TOKEN},
};

void point_buffers_two_tokens(void)
{
    REFUSES(OP_SIGN, two_tokens);
}

static const struct shape overlaps[] = {
    {overlap_inside, "DATA inside TOKEN", SEC_E_INVALID_PARAMETER},
    {overlap_start, "DATA that ends in TOKEN", SEC_E_INVALID_PARAMETER},
    {overlap_same, "one memory for DATA and TOKEN", SEC_E_INVALID_PARAMETER},
};

void point_buffers_overlap(void)
{
    REFUSES(OP_SIGN, overlaps);
}

/* One of each kind: the rules are those of signing, and have points of their own there. */
static const struct shape seal_shapes[] = {
    {version_7, "ulVersion 7", SEC_E_INVALID_TOKEN},
    {count_0, "cBuffers 0", SEC_E_INVALID_TOKEN},
    {array_null, "pBuffers NULL", SEC_E_INVALID_TOKEN},
    {count_65, "65 buffers", SEC_E_INVALID_TOKEN},
    {data_null, "a DATA buffer of 48 bytes and no memory", SEC_E_INVALID_TOKEN},
    {token_null, "a TOKEN with a size and no memory", SEC_E_INVALID_TOKEN},
    {token_gone, "DATA alone", SEC_E_INVALID_TOKEN},
    {token_twice, "two TOKENs", SEC_E_INVALID_TOKEN},
};

void point_seal_shapes(void)
{
    REFUSES(OP_SEAL, seal_shapes);
}

static void data_twice(struct message *m)
{
    ULONG i = message_add(m, SECBUFFER_DATA, 4, 1);

    m->buffers[i].pvBuffer = (uint8_t *)m->buffers[0].pvBuffer + 3;
}

static const struct shape seal_overlaps[] = {
    {overlap_inside, "DATA inside TOKEN", SEC_E_INVALID_PARAMETER},
    {overlap_same, "one memory for DATA and TOKEN", SEC_E_INVALID_PARAMETER},
    {data_twice, "DATA inside another DATA", SEC_E_INVALID_PARAMETER},
};

void point_seal_overlap(void)
{
    REFUSES(OP_SEAL, seal_overlaps);
}

/* ---- the order of the checks: each shape breaks its own row and all the later ones ---- */

static void break_row_7(struct message *m)
{
    m->buffers[0].cbBuffer = 1;
    m->buffers[0].pvBuffer = m->buffers[1].pvBuffer;
}

static void break_row_6(struct message *m)
{
    break_row_7(m);
    m->buffers[1].cbBuffer = message_size(OP_SIGN) - 1;
}

static void break_row_4(struct message *m)
{
    break_row_6(m);
    token_twice(m);
}

static void break_row_3(struct message *m)
{
    break_row_4(m);
    m->desc.ulVersion = 7;
}

void point_buffers_order(void)
{
    static const struct {
        shape_fn *build;
        ULONG qop;
        SECURITY_STATUS make, check;
        const char *name;
    } rows[] = {
        {break_row_3, 0x5a5a5a5a, SEC_E_INVALID_TOKEN, SEC_E_INVALID_TOKEN, "rows 3, 4, 5, 6 and 7"},
        {break_row_4, 0x5a5a5a5a, SEC_E_INVALID_TOKEN, SEC_E_INVALID_TOKEN, "rows 4, 5, 6 and 7"},
        {break_row_6, 0x5a5a5a5a, SEC_E_QOP_NOT_SUPPORTED, SEC_E_INVALID_TOKEN, "rows 5, 6 and 7"},
        {break_row_6, 0, SEC_E_BUFFER_TOO_SMALL, SEC_E_INVALID_TOKEN, "rows 6 and 7"},
    };
    struct check_pair pair;
    struct message m;

    begin(&pair);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ULONG qop = rows[i].qop;
        message_usual(&m, token_room(OP_SIGN), 3);
        rows[i].build(&m);
        check_expect(check_call(OP_SIGN, &pair.a, &qop, &m.desc, 0), rows[i].make,
                     "SpMakeSignature with %s broken", rows[i].name);
        message_free(&m);
        message_made(&pair.a, OP_SIGN, &m, 4, 0);
        rows[i].build(&m);
        check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0), rows[i].check,
                     "SpVerifySignature with %s broken", rows[i].name);
        message_free(&m);
    }
}

/* ---- taken ---- */

/* a signs what build makes of a TOKEN with room, b takes it. */
static void takes(void (*build)(struct message *m, ULONG token), const char *what)
{
    struct check_pair pair;
    struct message m;

    begin(&pair);
    build(&m, token_room(OP_SIGN));
    check_expect(check_call(OP_SIGN, &pair.a, NULL, &m.desc, 0), SEC_E_OK, "SpMakeSignature with %s", what);
    SecBuffer *token = message_token(&m);
    if (token->cbBuffer != message_size(OP_SIGN))
        check_fail("TOKEN.cbBuffer becomes the signature's length", "with %s it is %u", what,
                   (unsigned)token->cbBuffer);
    check_expect(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0), SEC_E_OK, "SpVerifySignature with %s",
                 what);
    message_free(&m);
    check_pair_close(&pair);
}

/* Three DATA buffers, changed one at a time in the first and in the last byte, and the TOKEN in between. */
void point_buffers_several(void)
{
    static const ULONG data[] = {0, 1, 3};
    static const char *const places[] = {"first", "second", "last"};
    struct check_pair pair;
    struct message m;

    begin(&pair);
    message_start(&m);
    (void)message_add(&m, SECBUFFER_DATA, 13, 1);
    (void)message_add(&m, SECBUFFER_DATA, 1, 2);
    (void)message_add(&m, SECBUFFER_TOKEN, token_room(OP_SIGN), 3);
    (void)message_add(&m, SECBUFFER_DATA, 20, 4);
    check_expect(check_call(OP_SIGN, &pair.a, NULL, &m.desc, 0), SEC_E_OK,
                 "SpMakeSignature with three DATA buffers");
    message_set_token(&m, m.buffers[2].pvBuffer, m.buffers[2].cbBuffer);
    message_keep(&m);
    for (int i = 0; i < 3; i++) {
        ULONG size = m.buffers[data[i]].cbBuffer;
        for (int last = 0; last < 2; last++) {
            message_restore(&m);
            m.guards[data[i]].data[last ? size - 1 : 0] ^= 0x80;
            check_expect_refused(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0),
                                 "SpVerifySignature with the %s byte of the %s of three DATA buffers changed",
                                 last ? "last" : "first", places[i]);
        }
    }
}

/* m's DATA as one, or cut at another place, under m's token. */
static void cut_at(const struct message *m, struct message *other, ULONG cut)
{
    uint8_t bytes[64];
    ULONG first = m->buffers[0].cbBuffer, size = first + m->buffers[1].cbBuffer;

    memcpy(bytes, m->buffers[0].pvBuffer, first);
    memcpy(bytes + first, m->buffers[1].pvBuffer, size - first);
    message_start(other);
    (void)message_add(other, SECBUFFER_DATA, cut, 0);
    (void)message_add(other, SECBUFFER_DATA, size - cut, 0);
    (void)message_add(other, SECBUFFER_TOKEN, m->buffers[2].cbBuffer, 0);
    memcpy(other->buffers[0].pvBuffer, bytes, cut);
    memcpy(other->buffers[1].pvBuffer, bytes + cut, size - cut);
    memcpy(other->buffers[2].pvBuffer, m->buffers[2].pvBuffer, m->buffers[2].cbBuffer);
}

void point_buffers_concatenated(void)
{
    static const ULONG cuts[] = {48, 0, 1, 13, 47};
    struct check_pair pair;

    begin(&pair);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct message m, other;
        message_start(&m);
        (void)message_add(&m, SECBUFFER_DATA, 20, 1);
        (void)message_add(&m, SECBUFFER_DATA, 28, 2);
        (void)message_add(&m, SECBUFFER_TOKEN, token_room(OP_SIGN), 3);
        message_make(&pair.a, OP_SIGN, &m, 0);
        cut_at(&m, &other, cuts[i]);
        message_take(&pair.b, OP_VERIFY, &other, 0, NULL,
                     "a message of 20 and 28 bytes that is cut at another place");
        message_free(&m);
        message_free(&other);
    }
    struct message swapped;
    message_start(&swapped);
    (void)message_add(&swapped, SECBUFFER_DATA, 20, 1);
    (void)message_add(&swapped, SECBUFFER_DATA, 28, 2);
    (void)message_add(&swapped, SECBUFFER_TOKEN, token_room(OP_SIGN), 3);
    message_make(&pair.a, OP_SIGN, &swapped, 0);
    SecBuffer first = swapped.buffers[0];
    swapped.buffers[0] = swapped.buffers[1];
    swapped.buffers[1] = first;
    check_expect_refused(check_call(OP_VERIFY, &pair.b, NULL, &swapped.desc, 0),
                         "SpVerifySignature with two DATA buffers in the other order");
}

static void token_first(struct message *m, ULONG token)
{
    message_start(m);
    (void)message_add(m, SECBUFFER_TOKEN, token, 1);
    (void)message_add(m, SECBUFFER_DATA, 20, 2);
    (void)message_add(m, SECBUFFER_DATA, 20, 3);
}

static void token_between(struct message *m, ULONG token)
{
    message_start(m);
    (void)message_add(m, SECBUFFER_DATA, 20, 2);
    (void)message_add(m, SECBUFFER_TOKEN, token, 1);
    (void)message_add(m, SECBUFFER_DATA, 20, 3);
}

static void token_alone(struct message *m, ULONG token)
{
    message_start(m);
    (void)message_add(m, SECBUFFER_TOKEN, token, 1);
}

void point_buffers_token_place(void)
{
    takes(token_first, "TOKEN first");
    takes(token_between, "TOKEN between two DATA buffers");
    takes(token_alone, "TOKEN alone");
}

static void token_attributes(struct message *m, ULONG token)
{
    message_usual(m, token, 3);
    m->buffers[1].BufferType |= 0x60000000;
}

void point_buffers_token_attributes(void)
{
    takes(token_attributes, "attribute bits 0x60000000 on TOKEN");
}

/* With the bits the DATA is signed still. */
void point_buffers_data_attributes(void)
{
    static const ULONG bits[] = {SECBUFFER_READONLY_WITH_CHECKSUM, 0x20000000, 0x40000000};

    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        struct check_pair pair;
        struct message m;
        begin(&pair);
        message_usual(&m, token_room(OP_SIGN), 3);
        m.buffers[0].BufferType |= bits[i];
        check_expect(check_call(OP_SIGN, &pair.a, NULL, &m.desc, 0), SEC_E_OK,
                     "SpMakeSignature with attribute bits 0x%08x on DATA", (unsigned)bits[i]);
        message_set_token(&m, m.buffers[1].pvBuffer, m.buffers[1].cbBuffer);
        message_keep(&m);
        m.guards[0].data[3] ^= 1;
        check_expect_refused(check_call(OP_VERIFY, &pair.b, NULL, &m.desc, 0),
                             "SpVerifySignature of changed DATA with attribute bits 0x%08x",
                             (unsigned)bits[i]);
        message_free(&m);
        check_pair_close(&pair);

        check_open(&pair, check_usual_flags());
        message_usual(&m, token_room(OP_SIGN), 3);
        m.buffers[0].BufferType |= bits[i];
        message_make(&pair.a, OP_SIGN, &m, 0);
        m.buffers[0].BufferType = SECBUFFER_DATA;
        message_take(&pair.b, OP_VERIFY, &m, 0, NULL, "the same message whose DATA has no attribute bits");
        message_free(&m);
        check_pair_close(&pair);
        check_stage(NULL);
    }
}

static void others(struct message *m, ULONG token)
{
    message_start(m);
    (void)message_add(m, SECBUFFER_EMPTY, 3, 1);
    (void)message_add(m, SECBUFFER_DATA, 12, 2);
    (void)message_add(m, SECBUFFER_PADDING, 8, 3);
    (void)message_add(m, SECBUFFER_TOKEN, token, 4);
    m->buffers[message_add(m, SECBUFFER_PKG_PARAMS, 4, 5)].pvBuffer = NULL;
    (void)message_add(m, SECBUFFER_STREAM_TRAILER | SECBUFFER_READONLY, 4, 6);
    (void)message_add(m, SECBUFFER_EXTRA, 4, 7);
    m->buffers[message_add(m, 0x0fffffff, 9, 8)].pvBuffer = NULL;
}

void point_buffers_others(void)
{
    takes(others, "buffers of other types around");
}

static void empty_data(struct message *m, ULONG token)
{
    message_start(m);
    m->buffers[message_add(m, SECBUFFER_DATA, 0, 1)].pvBuffer = NULL;
    (void)message_add(m, SECBUFFER_TOKEN, token, 2);
    (void)message_add(m, SECBUFFER_DATA, 5, 1);
}

static void empty_in_token(struct message *m, ULONG token)
{
    message_usual(m, token, 3);
    m->buffers[0].cbBuffer = 0;
    m->buffers[0].pvBuffer = (uint8_t *)m->buffers[1].pvBuffer + 1;
}

void point_buffers_empty(void)
{
    takes(empty_data, "a DATA buffer of 0 bytes without memory");
    takes(empty_in_token, "a DATA buffer of 0 bytes that points into TOKEN");
}

/* DATA, TOKEN and DATA side by side in one memory: TOKEN as long as a signature, else its room would be
 * between. */
static void adjacent(struct message *m, ULONG token)
{
    ULONG exact = token - MESSAGE_SPARE;

    message_start(m);
    (void)message_add(m, SECBUFFER_EMPTY, 20 + exact + 20, 1);
    uint8_t *at = m->guards[0].data;
    (void)message_add(m, SECBUFFER_DATA, 0, 1);
    (void)message_add(m, SECBUFFER_TOKEN, 0, 1);
    (void)message_add(m, SECBUFFER_DATA, 0, 1);
    m->buffers[1] = (SecBuffer){20, SECBUFFER_DATA, at};
    m->buffers[2] = (SecBuffer){exact, SECBUFFER_TOKEN, at + 20};
    m->buffers[3] = (SecBuffer){20, SECBUFFER_DATA, at + 20 + exact};
}

void point_buffers_adjacent(void)
{
    takes(adjacent, "DATA, TOKEN and DATA side by side");
}

static void sixty_four(struct message *m, ULONG token)
{
    message_start(m);
    (void)message_add(m, SECBUFFER_TOKEN, token, 1);
    while (m->desc.cBuffers < 64)
        (void)message_add(m, SECBUFFER_DATA, 3, m->desc.cBuffers);
}

void point_buffers_many(void)
{
    takes(sixty_four, "64 buffers");
}
