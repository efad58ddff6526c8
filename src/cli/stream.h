/* SPDX-License-Identifier: MIT */
/*
 * stream: the demonstration protocol that `sspi send` and `sspi listen` speak; docs/sspi-stream.md is its
 * description.
 *
 * A connection carries frames: one byte of type, three bytes of length (big-endian), that many bytes. First
 * the client's HELLO with the package's name, then handshake tokens both ways, then the listener's STATUS 0.
 * From there on everything that counts is a record: the token of MakeSignature or EncryptMessage, and a
 * message made of one byte of kind and a body. Good news is only ever believed from a record; bad news (a
 * STATUS frame) may come unsigned, for who can forge it can cut the connection as well.
 *
 * Lengths are bounded before memory is taken: STREAM_TOKEN_MAX until the context stands, STREAM_RECORD_MAX
 * afterwards.
 */
#ifndef OPENSSPI_CLI_STREAM_H
#define OPENSSPI_CLI_STREAM_H

#include "cli.h"
#include "net.h"

#define STREAM_TOKEN_MAX    65536
#define STREAM_MESSAGE_MAX  (1024 * 1024)
#define STREAM_RECORD_MAX   (STREAM_MESSAGE_MAX + 4096)
#define STREAM_NAME_MAX     255
#define STREAM_TEXT_MAX     512
#define STREAM_SIZE_UNKNOWN UINT64_MAX

enum stream_frame {
    STREAM_HELLO = 1,
    STREAM_TOKEN = 2,
    STREAM_STATUS = 3,
    STREAM_SIGNED = 4,
    STREAM_SEALED = 5
};

enum stream_kind {
    STREAM_FILE = 1,     /* client: u64 size or STREAM_SIZE_UNKNOWN, name */
    STREAM_DATA = 2,     /* client: bytes */
    STREAM_END = 3,      /* client: u64 size */
    STREAM_BYE = 4,      /* client: u32 files */
    STREAM_RECEIPT = 5,  /* listener: u8 outcome, u64 size, text */
    STREAM_FAREWELL = 6, /* listener: u64 messages that it verified, BYE included */
};

enum stream_receipt {
    RECEIPT_VERIFIED = 0, /* received whole and verified; nothing was asked to be kept */
    RECEIPT_KEPT = 1,     /* kept as text */
    RECEIPT_NOT_KEPT = 2, /* verified, but text is why it could not be kept */
};

/* Why an operation ended. All but STREAM_OK leave a sentence in stream.why. */
enum stream_result {
    STREAM_OK,
    STREAM_CLOSED,   /* the peer closed between two frames */
    STREAM_LOST,     /* connection lost or timed out */
    STREAM_NONSENSE, /* the peer does not speak the protocol */
    STREAM_REFUSED,  /* a security function failed here: stream.status */
    STREAM_TOLD,     /* the peer says in a STATUS frame that it gave up: stream.status */
};

struct stream {
    int fd;
    bool client;
    bool established; /* context is one, and signs messages */
    bool seal;        /* records go out sealed, and must come in sealed */
    int idle_ms;      /* patience for a frame to begin */
    int busy_ms;      /* patience for the rest of it */
    int64_t end;      /* net_moment() when all patience ends; NET_FOREVER: no such moment */
    CtxtHandle context;
    uint64_t sent, verified; /* records */
    uint8_t *in;             /* the last frame received; grows up to the bounds */
    size_t in_capacity;
    uint8_t *out; /* one record to be sent */
    size_t out_capacity;
    ULONG token_max; /* of MakeSignature or EncryptMessage here */
    SECURITY_STATUS status;
    char why[STREAM_TEXT_MAX + 64];
};

struct frame {
    uint8_t type;
    uint8_t *data; /* in the stream's buffer until the next frame */
    size_t size;
};

struct message {
    uint8_t kind;
    const uint8_t *body; /* in the stream's buffer until the next frame */
    size_t size;
};

void stream_init(struct stream *s, int fd, bool client);
/* Deletes the context and wipes and frees the buffers; fd stays open. */
void stream_done(struct stream *s);

enum stream_result stream_frame_write(struct stream *s, enum stream_frame type, const void *data,
                                      size_t size);
/* A STATUS frame from the peer is handed out when it says success, and STREAM_TOLD when it does not. */
enum stream_result stream_frame_read(struct stream *s, struct frame *frame);
/* Tells the peer; what goes wrong then does not matter any more. text may be NULL. */
void stream_status_write(struct stream *s, SECURITY_STATUS status, const char *text);

/* After the handshake: sizes of signatures. STREAM_REFUSED when the context cannot protect what is asked for.
 */
enum stream_result stream_protect(struct stream *s, bool seal);

/* Where the body of the next message is to be put: room for STREAM_MESSAGE_MAX - 1 bytes. NULL: out of
 * memory. */
uint8_t *stream_body(struct stream *s, size_t size);
/* Protects and sends kind and the size bytes that were put at stream_body. */
enum stream_result stream_send(struct stream *s, enum stream_kind kind, size_t size);
/* While it is this side's turn the peer has spoken: what it says about giving up. Never STREAM_OK. */
enum stream_result stream_interrupted(struct stream *s);
/* Receives one record and verifies it. */
enum stream_result stream_receive(struct stream *s, struct message *message);

/* Sets why and answers result. */
enum stream_result stream_fail(struct stream *s, enum stream_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* STREAM_REFUSED with status; what: what was being done. */
enum stream_result stream_refuse(struct stream *s, SECURITY_STATUS status, const char *what);
/* The exit code that a result means; during the handshake refusals are CLI_AUTH. */
int stream_exit(const struct stream *s, enum stream_result result);

void put_u32(uint8_t *at, uint32_t value);
void put_u64(uint8_t *at, uint64_t value);
uint32_t get_u32(const uint8_t *at);
uint64_t get_u64(const uint8_t *at);

#endif
