/* SPDX-License-Identifier: MIT */
#include "check/message.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lsa/lsa.h"

void message_fill(void *out, size_t size, uint32_t seed)
{
    uint8_t *p = out;
    uint32_t x = seed * 2654435761u + 1;

    for (size_t i = 0; i < size; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        p[i] = (uint8_t)(x >> 11);
    }
}

static const char *label_of(ULONG type)
{
    switch (type & ~(ULONG)SECBUFFER_ATTRMASK) {
    case SECBUFFER_DATA:
        return "DATA";
    case SECBUFFER_TOKEN:
        return "TOKEN";
    case SECBUFFER_STREAM:
        return "STREAM";
    default:
        return "a buffer of another type";
    }
}

void message_start(struct message *m)
{
    memset(m, 0, sizeof *m);
    m->desc = (SecBufferDesc){SECBUFFER_VERSION, 0, m->buffers};
}

ULONG message_add(struct message *m, ULONG type, ULONG size, uint32_t seed)
{
    ULONG i = m->desc.cBuffers++;

    guard_new(&m->guards[i], size, label_of(type));
    guard_list(&m->guards[i]);
    message_fill(m->guards[i].data, size, seed);
    m->buffers[i] = (SecBuffer){size, type, m->guards[i].data};
    return i;
}

void message_usual(struct message *m, ULONG token, uint32_t seed)
{
    message_start(m);
    (void)message_add(m, SECBUFFER_DATA, MESSAGE_SIZE, seed);
    (void)message_add(m, SECBUFFER_TOKEN, token, seed + 1);
}

void message_free(struct message *m)
{
    for (ULONG i = 0; i < MESSAGE_BUFFERS; i++) {
        if (m->guards[i].pages != NULL)
            guard_free(&m->guards[i]);
        mem_client_free(m->kept[i]);
        m->kept[i] = NULL;
    }
}

static ULONG token_index(const struct message *m)
{
    for (ULONG i = 0; i < MESSAGE_BUFFERS; i++)
        if ((m->buffers[i].BufferType & ~(ULONG)SECBUFFER_ATTRMASK) == SECBUFFER_TOKEN)
            return i;
    check_broken("a message without TOKEN");
}

SecBuffer *message_token(struct message *m)
{
    return &m->buffers[token_index(m)];
}

void message_set_token(struct message *m, const void *bytes, ULONG size)
{
    ULONG i = token_index(m);
    struct guard exact;

    guard_new(&exact, size, "TOKEN");
    memcpy(exact.data, bytes, size);
    guard_free(&m->guards[i]);
    m->guards[i] = exact;
    guard_list(&m->guards[i]);
    m->buffers[i].cbBuffer = size;
    m->buffers[i].pvBuffer = exact.data;
}

/* ---- keeping ---- */

void message_keep(struct message *m)
{
    m->kept_desc = m->desc;
    memcpy(m->kept_buffers, m->buffers, sizeof m->buffers);
    for (ULONG i = 0; i < MESSAGE_BUFFERS; i++) {
        mem_client_free(m->kept[i]);
        m->kept[i] = NULL;
        if (m->guards[i].size == 0)
            continue;
        m->kept[i] = mem_client_alloc(m->guards[i].size);
        if (m->kept[i] == NULL)
            check_broken("no memory");
        memcpy(m->kept[i], m->guards[i].data, m->guards[i].size);
    }
}

void message_restore(struct message *m)
{
    m->desc = m->kept_desc;
    memcpy(m->buffers, m->kept_buffers, sizeof m->buffers);
    for (ULONG i = 0; i < MESSAGE_BUFFERS; i++)
        if (m->kept[i] != NULL)
            memcpy(m->guards[i].data, m->kept[i], m->guards[i].size);
}

const char *message_changed_but(const struct message *m, ULONG index)
{
    static char text[128];

    if (memcmp(&m->desc, &m->kept_desc, sizeof m->desc) != 0)
        return "the descriptor changed";
    for (ULONG i = 0; i < MESSAGE_BUFFERS; i++) {
        const SecBuffer *b = &m->buffers[i], *k = &m->kept_buffers[i];
        (void)snprintf(text, sizeof text, "buffer %u (%s): ", (unsigned)i, label_of(k->BufferType));
        size_t used = strlen(text);
        const char *what = NULL;
        if (b->BufferType != k->BufferType || b->pvBuffer != k->pvBuffer)
            what = "its description changed";
        else if (b->cbBuffer != k->cbBuffer && i != index)
            what = "cbBuffer changed";
        else if (m->guards[i].pages != NULL && !guard_intact(&m->guards[i]))
            what = "something was written before it";
        else if (i != index && m->kept[i] != NULL &&
                 memcmp(m->guards[i].data, m->kept[i], m->guards[i].size) != 0)
            what = "a byte changed";
        if (what != NULL) {
            (void)snprintf(text + used, sizeof text - used, "%s", what);
            return text;
        }
    }
    return NULL;
}

const char *message_changed(const struct message *m)
{
    return message_changed_but(m, MESSAGE_BUFFERS);
}

/* ---- what points begin with ---- */

static const char *made_by(enum check_operation op)
{
    return op == OP_SIGN || op == OP_VERIFY ? "make.basic" : "seal.basic";
}

ULONG message_size(enum check_operation op)
{
    bool seals = op == OP_SEAL || op == OP_UNSEAL;
    uint32_t *known = seals ? &check_shared->seal_size : &check_shared->sign_size;
    struct check_pair pair;
    struct message m;

    if (*known != 0)
        return *known;
    load_package(LOAD_INSTANCE);
    check_open(&pair, check_usual_flags());
    check_stage(made_by(op));
    message_usual(&m, MESSAGE_ROOM, 1);
    check_expect(check_call(seals ? OP_SEAL : OP_SIGN, &pair.a, NULL, &m.desc, 0), SEC_E_OK, "%s",
                 check_operation_names[seals ? OP_SEAL : OP_SIGN]);
    *known = m.buffers[1].cbBuffer;
    if (*known == 0 || *known >= MESSAGE_ROOM)
        check_fail("TOKEN.cbBuffer becomes the signature's length", "it is %u", (unsigned)*known);
    message_free(&m);
    check_pair_close(&pair);
    check_stage(NULL);
    return *known;
}

void message_make(const struct check_side *from, enum check_operation op, struct message *m, ULONG number)
{
    char stage[CHECK_ID_MAX];

    memcpy(stage, check_shared->stage, sizeof stage);
    check_stage(made_by(op));
    check_expect(check_call(op, from, NULL, &m->desc, number), SEC_E_OK, "%s", check_operation_names[op]);
    const SecBuffer *token = message_token(m);
    if (token->cbBuffer == 0 || token->cbBuffer > m->guards[token - m->buffers].size)
        check_fail("TOKEN.cbBuffer becomes the signature's length", "it is %u", (unsigned)token->cbBuffer);
    message_set_token(m, token->pvBuffer, token->cbBuffer);
    check_stage(stage);
}

void message_made(const struct check_side *from, enum check_operation op, struct message *m, uint32_t seed,
                  ULONG number)
{
    message_usual(m, message_size(op) + MESSAGE_SPARE, seed);
    message_make(from, op, m, number);
}

void message_take(const struct check_side *to, enum check_operation op, struct message *m, ULONG number,
                  const char *stage, const char *what)
{
    if (stage != NULL)
        check_stage(stage);
    check_expect(check_call(op, to, NULL, &m->desc, number), SEC_E_OK, "%s, %s", check_operation_names[op],
                 what);
    if (stage != NULL)
        check_stage(NULL);
}

void message_exchange(const struct check_side *from, const struct check_side *to, ULONG number,
                      const char *what)
{
    struct message m;

    message_made(from, OP_SIGN, &m, 77 + number, number);
    message_take(to, OP_VERIFY, &m, number, NULL, what);
    message_free(&m);
}

void message_exchange_sealed(const struct check_side *from, const struct check_side *to, ULONG number,
                             const char *what)
{
    struct message m;
    uint8_t text[MESSAGE_SIZE];

    message_usual(&m, message_size(OP_SEAL) + MESSAGE_SPARE, 99 + number);
    memcpy(text, m.buffers[0].pvBuffer, sizeof text);
    message_make(from, OP_SEAL, &m, number);
    message_take(to, OP_UNSEAL, &m, number, NULL, what);
    if (memcmp(m.buffers[0].pvBuffer, text, sizeof text) != 0)
        check_fail("the text that was sealed", "%s: another text", what);
    message_free(&m);
}

bool check_granted(const struct check_side *side, ULONG isc_ret_flag)
{
    return (side->attributes & isc_ret_flag) != 0;
}
