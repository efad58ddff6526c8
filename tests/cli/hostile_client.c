/* SPDX-License-Identifier: MIT */
/*
 * A client that authenticates properly and then misbehaves, with genuine signatures:
 *
 *     hostile-client HOST:PORT CASE
 *
 * Credentials are NTLM's own default. Prints the name of the status that the listener gave up with, or
 * "nothing" when it closed without one; exit code 0 when it was told. Without arguments it lists its cases.
 */
#include "auth.h"

#include <string.h>
#include <unistd.h>

const char *cli_name = "hostile-client";

static bool put(struct stream *s, enum stream_kind kind, const void *body, size_t size)
{
    uint8_t *at = stream_body(s, size);

    if (!at)
        return false;
    memcpy(at, body, size);
    return stream_send(s, kind, size) == STREAM_OK;
}

static bool put_file(struct stream *s, uint64_t size, const char *name, size_t length)
{
    uint8_t body[8 + 600];

    put_u64(body, size);
    memcpy(body + 8, name, length);
    return put(s, STREAM_FILE, body, 8 + length);
}

static bool put_number(struct stream *s, enum stream_kind kind, uint64_t number, size_t size)
{
    uint8_t body[8];

    put_u64(body, number << (64 - 8 * size));
    return put(s, kind, body, size);
}

static bool file_in_file(struct stream *s)
{
    return put_file(s, 5, "a", 1) && put_file(s, 5, "b", 1);
}

static bool data_outside(struct stream *s)
{
    return put(s, STREAM_DATA, "hello", 5);
}

static bool end_outside(struct stream *s)
{
    return put_number(s, STREAM_END, 0, 8);
}

static bool no_name(struct stream *s)
{
    return put_file(s, 5, "", 0);
}

static bool name_too_long(struct stream *s)
{
    char name[256];

    memset(name, 'x', sizeof(name));
    return put_file(s, 5, name, sizeof(name));
}

static bool shorter_than_announced(struct stream *s)
{
    return put_file(s, 6, "short", 5) && put(s, STREAM_DATA, "hello", 5) && put_number(s, STREAM_END, 5, 8);
}

static bool longer_than_announced(struct stream *s)
{
    return put_file(s, 4, "long", 4) && put(s, STREAM_DATA, "hello", 5) && put_number(s, STREAM_END, 5, 8);
}

static bool end_lies(struct stream *s)
{
    return put_file(s, STREAM_SIZE_UNKNOWN, "lies", 4) && put(s, STREAM_DATA, "hello", 5) &&
           put_number(s, STREAM_END, 6, 8);
}

static bool end_too_short(struct stream *s)
{
    return put_file(s, 0, "short", 5) && put_number(s, STREAM_END, 0, 7);
}

static bool bye_in_file(struct stream *s)
{
    return put_file(s, 5, "a", 1) && put_number(s, STREAM_BYE, 0, 4);
}

static bool bye_lies(struct stream *s)
{
    return put_number(s, STREAM_BYE, 1, 4);
}

static bool unknown_kind(struct stream *s)
{
    return put(s, (enum stream_kind)77, "x", 1);
}

static bool kind_of_the_listener(struct stream *s)
{
    return put_number(s, STREAM_FAREWELL, 1, 8);
}

/* What remains is below messages: records and frames. */
static bool empty_record(struct stream *s)
{
    return stream_frame_write(s, STREAM_SIGNED, "", 0) == STREAM_OK;
}

static bool one_byte_record(struct stream *s)
{
    return stream_frame_write(s, STREAM_SIGNED, "\xFF", 1) == STREAM_OK;
}

static bool token_beyond_record(struct stream *s)
{
    return stream_frame_write(s, STREAM_SIGNED, "\xFF\xFFhello", 7) == STREAM_OK;
}

static bool empty_token(struct stream *s)
{
    return stream_frame_write(s, STREAM_SIGNED, "\0\0\4hello", 8) == STREAM_OK;
}

static bool dummy_signature(struct stream *s)
{
    return stream_frame_write(s, STREAM_SIGNED, "\0\20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\4hello", 24) ==
           STREAM_OK;
}

static bool other_protection(struct stream *s)
{
    s->seal = true;
    return put_file(s, 5, "a", 1);
}

static bool token_again(struct stream *s)
{
    return stream_frame_write(s, STREAM_TOKEN, "NTLMSSP", 8) == STREAM_OK;
}

static bool hello_again(struct stream *s)
{
    return stream_frame_write(s, STREAM_HELLO, "SSP1\0\4NTLM", 10) == STREAM_OK;
}

/* A signature of this very context, but for its own direction: the listener's words said back to it. */
static bool own_message_back(struct stream *s)
{
    struct frame frame;

    return put_file(s, 0, "a", 1) && put_number(s, STREAM_END, 0, 8) &&
           stream_frame_read(s, &frame) == STREAM_OK &&
           stream_frame_write(s, STREAM_SIGNED, frame.data, frame.size) == STREAM_OK;
}

static const struct {
    const char *name;
    bool (*run)(struct stream *s);
} cases[] = {
    {"file-in-file", file_in_file},
    {"data-outside", data_outside},
    {"end-outside", end_outside},
    {"no-name", no_name},
    {"name-too-long", name_too_long},
    {"shorter-than-announced", shorter_than_announced},
    {"longer-than-announced", longer_than_announced},
    {"end-lies", end_lies},
    {"end-too-short", end_too_short},
    {"bye-in-file", bye_in_file},
    {"bye-lies", bye_lies},
    {"unknown-kind", unknown_kind},
    {"kind-of-the-listener", kind_of_the_listener},
    {"empty-record", empty_record},
    {"one-byte-record", one_byte_record},
    {"token-beyond-record", token_beyond_record},
    {"empty-token", empty_token},
    {"dummy-signature", dummy_signature},
    {"other-protection", other_protection},
    {"token-again", token_again},
    {"hello-again", hello_again},
    {"own-message-back", own_message_back},
};

/* Establishes, misbehaves, and reads until the listener has said why it gives up. */
static int misbehave(int fd, CredHandle *credentials, bool (*run)(struct stream *s))
{
    static char package[] = "NTLM", target[] = "host/localhost";
    const struct auth_options options = {.package = package, .target = target};
    struct stream s;
    struct frame frame;
    enum stream_result result;

    stream_init(&s, fd, true);
    result = auth_initiate(&s, credentials, &options);
    if (result != STREAM_OK || !run(&s)) {
        fprintf(stderr, "hostile-client: it did not come to that: %s\n", s.why);
        stream_done(&s);
        return CLI_LOCAL;
    }
    do
        result = stream_frame_read(&s, &frame);
    while (result == STREAM_OK);
    const char *name = result == STREAM_TOLD ? SspiStatusName(s.status) : NULL;
    printf("%s\n", name ? name : "nothing");
    stream_done(&s);
    return result == STREAM_TOLD ? CLI_OK : CLI_FAILED;
}

int main(int argc, char **argv)
{
    static char package[] = "NTLM";
    char host[256], port[32];
    const char *error = "";
    CredHandle credentials;

    for (size_t i = 0; argc < 3 && i < sizeof(cases) / sizeof(cases[0]); i++)
        printf("%s\n", cases[i].name);
    if (argc < 3)
        return CLI_OK;
    int fd = net_split(argv[1], host, port) ? net_connect(host, port, 10000, &error) : -1;
    if (fd < 0 || auth_credentials(package, SECPKG_CRED_OUTBOUND, NULL, false, &credentials) != CLI_OK)
        return CLI_USAGE;
    int code = CLI_USAGE;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(cases[i].name, argv[2]) == 0)
            code = misbehave(fd, &credentials, cases[i].run);
    }
    FreeCredentialsHandle(&credentials);
    close(fd);
    return code;
}
