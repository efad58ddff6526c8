/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 4
/* Before the message in a record: u16 length of the token, and the token. */
#define TOKEN_LENGTH 2

void put_u32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

void put_u64(uint8_t *at, uint64_t value)
{
    put_u32(at, (uint32_t)(value >> 32));
    put_u32(at + 4, (uint32_t)value);
}

uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t get_u64(const uint8_t *at)
{
    return (uint64_t)get_u32(at) << 32 | get_u32(at + 4);
}

void stream_init(struct stream *s, int fd, bool client)
{
    *s = (struct stream){.fd = fd, .client = client, .idle_ms = 30000, .busy_ms = 30000, .end = NET_FOREVER};
    SecInvalidateHandle(&s->context);
}

void stream_done(struct stream *s)
{
    if (SecIsValidHandle(&s->context))
        DeleteSecurityContext(&s->context);
    SecInvalidateHandle(&s->context);
    if (s->in)
        explicit_bzero(s->in, s->in_capacity);
    if (s->out)
        explicit_bzero(s->out, s->out_capacity);
    free(s->in);
    free(s->out);
    s->in = s->out = NULL;
    s->in_capacity = s->out_capacity = 0;
}

enum stream_result stream_fail(struct stream *s, enum stream_result result, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(s->why, sizeof(s->why), format, args);
    va_end(args);
    return result;
}

enum stream_result stream_refuse(struct stream *s, SECURITY_STATUS status, const char *what)
{
    char name[64];
    const char *text = SspiStatusText(status);

    s->status = status;
    return stream_fail(s, STREAM_REFUSED, "%s: %s%s%s", what, text_status(status, name, sizeof(name)),
                       text ? ": " : "", text ? text : "");
}

int stream_exit(const struct stream *s, enum stream_result result)
{
    switch (result) {
    case STREAM_OK:
        return CLI_OK;
    case STREAM_REFUSED:
    case STREAM_TOLD:
        return s->established ? CLI_FAILED : CLI_AUTH;
    case STREAM_CLOSED:
    case STREAM_LOST:
    case STREAM_NONSENSE:
        break;
    }
    return CLI_NETWORK;
}

static enum stream_result from_net(struct stream *s, enum net_result result, const char *doing)
{
    switch (result) {
    case NET_OK:
        return STREAM_OK;
    case NET_CLOSED:
        return stream_fail(s, STREAM_CLOSED, "the %s closed the connection before it was done",
                           s->client ? "listener" : "client");
    case NET_CUT:
        return stream_fail(s, STREAM_LOST, "the connection ended in the middle of a frame");
    case NET_TIMEOUT:
        return stream_fail(s, STREAM_LOST, "timed out while %s", doing);
    case NET_SPOKE:
    case NET_ERROR:
        break;
    }
    return stream_fail(s, STREAM_LOST, "connection lost while %s: %s", doing, strerror(errno));
}

/* Grows *buffer to size; the old content is wiped and gone. */
static bool grow(uint8_t **buffer, size_t *capacity, size_t size)
{
    if (size <= *capacity)
        return true;
    uint8_t *bigger = malloc(size);
    if (!bigger)
        return false;
    if (*buffer)
        explicit_bzero(*buffer, *capacity);
    free(*buffer);
    *buffer = bigger;
    *capacity = size;
    return true;
}

enum stream_result stream_interrupted(struct stream *s)
{
    struct frame frame;
    enum stream_result told = stream_frame_read(s, &frame);

    return told == STREAM_OK ? stream_fail(s, STREAM_NONSENSE, "the listener spoke out of turn") : told;
}

/* When the peer gave up it says so before it closes: look for that before blaming the network. */
static enum stream_result after_failed_write(struct stream *s, enum net_result result)
{
    int saved = errno;

    if (result == NET_SPOKE)
        return stream_interrupted(s);
    if (s->client && net_readable(s->fd) && stream_interrupted(s) == STREAM_TOLD)
        return STREAM_TOLD;
    errno = saved;
    return from_net(s, result, "sending");
}

static enum stream_result write_pieces(struct stream *s, const struct iovec *pieces, int count)
{
    enum net_result result = NET_OK;

    if (s->client && s->established && net_readable(s->fd))
        result = NET_SPOKE;
    else
        result = net_write(s->fd, pieces, count, s->busy_ms, s->end, s->client && s->established);
    return result == NET_OK ? STREAM_OK : after_failed_write(s, result);
}

static void put_header(uint8_t *at, enum stream_frame type, size_t size)
{
    put_u32(at, (uint32_t)size);
    at[0] = (uint8_t)type;
}

enum stream_result stream_frame_write(struct stream *s, enum stream_frame type, const void *data, size_t size)
{
    uint8_t header[HEADER];
    uint8_t copy[STREAM_TEXT_MAX + 64];
    struct iovec pieces[2] = {{header, HEADER}, {copy, size}};

    if (size > sizeof(copy)) {
        if (!grow(&s->out, &s->out_capacity, size))
            return stream_fail(s, STREAM_LOST, "out of memory");
        pieces[1].iov_base = s->out;
    }
    put_header(header, type, size);
    memcpy(pieces[1].iov_base, data, size);
    return write_pieces(s, pieces, 2);
}

/* Bad news from the peer: u32 status and text. */
static enum stream_result read_status(struct stream *s, const struct frame *frame)
{
    char name[64], text[STREAM_TEXT_MAX];

    if (frame->size < 4)
        return stream_fail(s, STREAM_NONSENSE, "the peer sent a status of %zu bytes", frame->size);
    s->status = (SECURITY_STATUS)get_u32(frame->data);
    if (s->status == SEC_E_OK)
        return STREAM_OK;
    text_safe(text, sizeof(text), frame->data + 4, frame->size - 4);
    return stream_fail(s, STREAM_TOLD, "%s says %s%s%s", s->client ? "the listener" : "the client",
                       text_status(s->status, name, sizeof(name)), *text ? ": " : "", text);
}

enum stream_result stream_frame_read(struct stream *s, struct frame *frame)
{
    uint8_t header[HEADER];
    size_t limit = s->established ? STREAM_RECORD_MAX : STREAM_TOKEN_MAX;
    enum net_result read = net_read(s->fd, header, HEADER, s->idle_ms, s->busy_ms, s->end);

    *frame = (struct frame){.type = 0};
    if (read != NET_OK)
        return from_net(s, read, "waiting for a frame");
    size_t size = get_u32(header) & 0xFFFFFF;
    if (header[0] < STREAM_HELLO || header[0] > STREAM_SEALED)
        return stream_fail(s, STREAM_NONSENSE, "frame of type %u: the peer does not speak this protocol",
                           header[0]);
    if (size > limit)
        return stream_fail(s, STREAM_NONSENSE, "frame of %zu bytes, more than the %zu allowed here", size,
                           limit);
    if (!grow(&s->in, &s->in_capacity, size ? size : 1))
        return stream_fail(s, STREAM_LOST, "out of memory");
    read = net_read(s->fd, s->in, size, s->busy_ms, s->busy_ms, s->end);
    if (read != NET_OK)
        return from_net(s, read == NET_CLOSED ? NET_CUT : read, "receiving a frame");
    *frame = (struct frame){header[0], s->in, size};
    return frame->type == STREAM_STATUS ? read_status(s, frame) : STREAM_OK;
}

void stream_status_write(struct stream *s, SECURITY_STATUS status, const char *text)
{
    uint8_t data[4 + STREAM_TEXT_MAX];
    size_t length = text ? strnlen(text, STREAM_TEXT_MAX) : 0;

    put_u32(data, (uint32_t)status);
    if (length)
        memcpy(data + 4, text, length);
    /* Best effort, but the stream's own story must stay what it was. */
    char why[sizeof(s->why)];
    memcpy(why, s->why, sizeof(why));
    stream_frame_write(s, STREAM_STATUS, data, 4 + length);
    memcpy(s->why, why, sizeof(why));
}

enum stream_result stream_protect(struct stream *s, bool seal)
{
    SecPkgContext_Sizes sizes;
    SECURITY_STATUS status = QueryContextAttributesA(&s->context, SECPKG_ATTR_SIZES, &sizes);

    if (status != SEC_E_OK)
        return stream_refuse(s, status, "the context does not tell its sizes");
    s->token_max = seal ? sizes.cbSecurityTrailer : sizes.cbMaxSignature;
    if (s->token_max == 0 || s->token_max > STREAM_RECORD_MAX - STREAM_MESSAGE_MAX - TOKEN_LENGTH)
        return stream_fail(s, STREAM_NONSENSE, "signatures of %u bytes do not fit this protocol",
                           (unsigned)s->token_max);
    s->seal = seal;
    s->established = true;
    return STREAM_OK;
}

/* A record to be sent stands in one buffer: header, u16, token_max bytes, kind, body. */
static size_t body_offset(const struct stream *s)
{
    return HEADER + TOKEN_LENGTH + s->token_max + 1;
}

uint8_t *stream_body(struct stream *s, size_t size)
{
    if (size > STREAM_MESSAGE_MAX - 1 || !grow(&s->out, &s->out_capacity, body_offset(s) + size))
        return NULL;
    return s->out + body_offset(s);
}

enum stream_result stream_send(struct stream *s, enum stream_kind kind, size_t size)
{
    uint8_t *token = s->out + HEADER + TOKEN_LENGTH;
    uint8_t *message = token + s->token_max;
    SecBuffer buffers[2] = {{(ULONG)size + 1, SECBUFFER_DATA, message},
                            {s->token_max, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};

    message[0] = (uint8_t)kind;
    SECURITY_STATUS status =
        s->seal ? EncryptMessage(&s->context, 0, &desc, 0) : MakeSignature(&s->context, 0, &desc, 0);
    if (status != SEC_E_OK)
        return stream_refuse(s, status, s->seal ? "EncryptMessage" : "MakeSignature");
    size_t token_size = buffers[1].cbBuffer;
    put_header(s->out, s->seal ? STREAM_SEALED : STREAM_SIGNED, TOKEN_LENGTH + token_size + size + 1);
    s->out[HEADER] = (uint8_t)(token_size >> 8);
    s->out[HEADER + 1] = (uint8_t)token_size;
    struct iovec pieces[2] = {{s->out, HEADER + TOKEN_LENGTH + token_size}, {message, size + 1}};
    enum stream_result result = write_pieces(s, pieces, 2);
    if (result == STREAM_OK)
        s->sent++;
    return result;
}

static enum stream_result open_record(struct stream *s, const struct frame *frame, struct message *message)
{
    size_t token_size = frame->size < TOKEN_LENGTH ? 0 : (size_t)frame->data[0] << 8 | frame->data[1];

    if (frame->size < TOKEN_LENGTH + token_size)
        return stream_fail(s, STREAM_NONSENSE, "a record of %zu bytes is shorter than its token",
                           frame->size);
    uint8_t *token = frame->data + TOKEN_LENGTH;
    uint8_t *text = token + token_size;
    size_t size = frame->size - TOKEN_LENGTH - token_size;
    SecBuffer buffers[2] = {{(ULONG)size, SECBUFFER_DATA, text}, {(ULONG)token_size, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop;

    SECURITY_STATUS status =
        s->seal ? DecryptMessage(&s->context, &desc, 0, &qop) : VerifySignature(&s->context, &desc, 0, &qop);
    if (status != SEC_E_OK)
        return stream_refuse(s, status, s->seal ? "DecryptMessage" : "VerifySignature");
    s->verified++;
    size = buffers[0].cbBuffer;
    text = buffers[0].pvBuffer;
    if (size == 0)
        return stream_fail(s, STREAM_NONSENSE, "a message without a kind");
    *message = (struct message){text[0], text + 1, size - 1};
    return STREAM_OK;
}

enum stream_result stream_receive(struct stream *s, struct message *message)
{
    struct frame frame;
    enum stream_result result = stream_frame_read(s, &frame);

    if (result != STREAM_OK)
        return result;
    if (frame.type != (s->seal ? STREAM_SEALED : STREAM_SIGNED))
        return stream_fail(s, STREAM_NONSENSE, "frame of type %u where a %s record belongs", frame.type,
                           s->seal ? "sealed" : "signed");
    return open_record(s, &frame, message);
}
