/* SPDX-License-Identifier: MIT */
/*
 * SspiInspectToken for Kerberos: GSSAPI's framing (RFC 2743 section 3.1), the outline of AP-REQ, AP-REP and
 * KRB-ERROR (RFC 4120 sections 5.5 and 5.9), and the headers of per-message tokens (RFC 4121, RFC 4757).
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/wire.h"
#include "packages/kerberos/kerberos_info.h"
#include "packages/kerberos/kerberos_package.h"

/* The walk: where its lines go and whose bytes they are about. */
struct inspect {
    SspiInspectFn fn;
    void *arg;
    struct span token;
};

/* What a field of a DER structure is. Explicit tags all around, as RFC 4120 has them. */
enum kind { KIND_INTEGER, KIND_TEXT, KIND_BITS, KIND_BYTES, KIND_SEQUENCE, KIND_TEXTS, KIND_TICKET };

struct field {
    uint8_t tag; /* of the context: 0xa0 + number */
    uint8_t kind;
    const char *name;
    const struct field *inside; /* of KIND_SEQUENCE and KIND_TICKET; ends in a field without a name */
};

static size_t offset_of(const struct inspect *in, const uint8_t *at)
{
    return at != NULL ? (size_t)(at - in->token.data) : 0;
}

static void line(const struct inspect *in, unsigned depth, const char *name, const char *value,
                 struct span bytes)
{
    in->fn(in->arg, depth, name, value, offset_of(in, bytes.data), bytes.size);
}

static SECURITY_STATUS line_error(const struct inspect *in, const char *what)
{
    line(in, 1, "error", what, (struct span){NULL, 0});
    return SEC_E_INVALID_TOKEN;
}

static void line_hex(const struct inspect *in, unsigned depth, const char *name, struct span bytes)
{
    char text[2 * 48 + 32];
    size_t shown = bytes.size < 48 ? bytes.size : 48, at = 0;
    text[0] = 0;
    for (size_t i = 0; i < shown; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%02x", (unsigned)bytes.data[i]);
    if (shown < bytes.size)
        (void)snprintf(text + at, sizeof text - at, "... (%zu bytes)", bytes.size);
    line(in, depth, name, text, bytes);
}

/* Names are ASCII in practice; what could write on a terminal becomes a question mark. */
static void line_text(const struct inspect *in, unsigned depth, const char *name, struct span bytes)
{
    char text[256];
    size_t shown = bytes.size < sizeof text - 1 ? bytes.size : sizeof text - 1;
    for (size_t i = 0; i < shown; i++)
        text[i] = bytes.data[i] >= 0x20 && bytes.data[i] < 0x7f ? (char)bytes.data[i] : '?';
    text[shown] = 0;
    line(in, depth, name, text, bytes);
}

/* ---- DER ---- */

/* One element: its tag, and its contents as a reader's place. Definite lengths of up to four bytes. */
static bool read_element(struct wire_reader *r, uint8_t *tag, struct span *contents)
{
    *tag = wire_read_u8(r);
    size_t length = wire_read_u8(r), bytes = length & 0x7f;
    if (length >= 0x80) {
        if (bytes == 0 || bytes > 4)
            return false;
        for (length = 0; bytes > 0; bytes--)
            length = length << 8 | wire_read_u8(r);
    }
    if (r->failed || length > wire_read_left(r))
        return false;
    contents->size = length;
    contents->data = wire_read_bytes(r, length);
    return !r->failed;
}

/* The one element that fills `outer`, of that tag. */
static bool unwrap_element(struct span outer, uint8_t want, struct span *contents)
{
    struct wire_reader r;
    uint8_t tag;
    wire_read_init(&r, outer.data, outer.size);
    return read_element(&r, &tag, contents) && tag == want && wire_read_left(&r) == 0;
}

static bool walk_sequence(const struct inspect *in, unsigned depth, struct span contents,
                          const struct field *fields);

static bool walk_integer(const struct inspect *in, unsigned depth, const char *name, struct span value)
{
    char text[32];
    if (value.size == 0 || value.size > 8)
        return false;
    uint64_t number = value.data[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < value.size; i++)
        number = number << 8 | value.data[i];
    (void)snprintf(text, sizeof text, "%" PRId64, (int64_t)number);
    line(in, depth, name, text, value);
    return true;
}

/* KerberosFlags: a count of unused bits, then the bits. */
static bool walk_bits(const struct inspect *in, unsigned depth, const char *name, struct span value)
{
    if (value.size < 1)
        return false;
    line_hex(in, depth, name, (struct span){value.data + 1, value.size - 1});
    return true;
}

static bool walk_texts(const struct inspect *in, unsigned depth, const char *name, struct span value)
{
    struct wire_reader r;
    struct span text;
    uint8_t tag;
    wire_read_init(&r, value.data, value.size);
    while (wire_read_left(&r) > 0) {
        if (!read_element(&r, &tag, &text))
            return false;
        line_text(in, depth, name, text);
    }
    return true;
}

static bool walk_field(const struct inspect *in, unsigned depth, const struct field *f, struct span outer)
{
    static const uint8_t universal[] = {
        [KIND_INTEGER] = 0x02,  [KIND_BITS] = 0x03,  [KIND_BYTES] = 0x04,
        [KIND_SEQUENCE] = 0x30, [KIND_TEXTS] = 0x30, [KIND_TICKET] = 0x61,
    };
    struct wire_reader r;
    struct span value, sequence;
    uint8_t tag;
    wire_read_init(&r, outer.data, outer.size);
    if (!read_element(&r, &tag, &value) || wire_read_left(&r) != 0)
        return false;
    if (f->kind == KIND_TEXT) { /* GeneralString, GeneralizedTime */
        line_text(in, depth, f->name, value);
        return tag == 0x1b || tag == 0x18;
    }
    if (tag != universal[f->kind])
        return false;
    switch ((enum kind)f->kind) {
    case KIND_INTEGER:
        return walk_integer(in, depth, f->name, value);
    case KIND_BITS:
        return walk_bits(in, depth, f->name, value);
    case KIND_TEXTS:
        return walk_texts(in, depth, f->name, value);
    case KIND_BYTES:
        line_hex(in, depth, f->name, value);
        return true;
    case KIND_SEQUENCE:
        line(in, depth, f->name, "", value);
        return walk_sequence(in, depth + 1, value, f->inside);
    case KIND_TICKET:
        line(in, depth, f->name, "", value);
        return unwrap_element(value, 0x30, &sequence) && walk_sequence(in, depth + 1, sequence, f->inside);
    case KIND_TEXT:
        break;
    }
    return false;
}

static bool walk_sequence(const struct inspect *in, unsigned depth, struct span contents,
                          const struct field *fields)
{
    struct wire_reader r;
    wire_read_init(&r, contents.data, contents.size);
    while (wire_read_left(&r) > 0) {
        uint8_t tag;
        struct span outer;
        const struct field *f = fields;
        if (!read_element(&r, &tag, &outer))
            return false;
        while (f->name != NULL && f->tag != tag)
            f++;
        if (f->name == NULL)
            line_hex(in, depth, "unknown", outer);
        else if (!walk_field(in, depth, f, outer))
            return false;
    }
    return true;
}

/* ---- messages ---- */

static const struct field principal_fields[] = {
    {0xa0, KIND_INTEGER, "name-type", NULL},
    {0xa1, KIND_TEXTS, "name-string", NULL},
    {0, 0, NULL, NULL},
};

static const struct field encrypted_fields[] = {
    {0xa0, KIND_INTEGER, "etype", NULL},
    {0xa1, KIND_INTEGER, "kvno", NULL},
    {0xa2, KIND_BYTES, "cipher", NULL},
    {0, 0, NULL, NULL},
};

static const struct field ticket_fields[] = {
    {0xa0, KIND_INTEGER, "tkt-vno", NULL},
    {0xa1, KIND_TEXT, "realm", NULL},
    {0xa2, KIND_SEQUENCE, "sname", principal_fields},
    {0xa3, KIND_SEQUENCE, "enc-part", encrypted_fields},
    {0, 0, NULL, NULL},
};

static const struct field ap_req_fields[] = {
    {0xa0, KIND_INTEGER, "pvno", NULL},
    {0xa1, KIND_INTEGER, "msg-type", NULL},
    {0xa2, KIND_BITS, "ap-options", NULL},
    {0xa3, KIND_TICKET, "ticket", ticket_fields},
    {0xa4, KIND_SEQUENCE, "authenticator", encrypted_fields},
    {0, 0, NULL, NULL},
};

static const struct field ap_rep_fields[] = {
    {0xa0, KIND_INTEGER, "pvno", NULL},
    {0xa1, KIND_INTEGER, "msg-type", NULL},
    {0xa2, KIND_SEQUENCE, "enc-part", encrypted_fields},
    {0, 0, NULL, NULL},
};

static const struct field error_fields[] = {
    {0xa0, KIND_INTEGER, "pvno", NULL},
    {0xa1, KIND_INTEGER, "msg-type", NULL},
    {0xa2, KIND_TEXT, "ctime", NULL},
    {0xa3, KIND_INTEGER, "cusec", NULL},
    {0xa4, KIND_TEXT, "stime", NULL},
    {0xa5, KIND_INTEGER, "susec", NULL},
    {0xa6, KIND_INTEGER, "error-code", NULL},
    {0xa7, KIND_TEXT, "crealm", NULL},
    {0xa8, KIND_SEQUENCE, "cname", principal_fields},
    {0xa9, KIND_TEXT, "realm", NULL},
    {0xaa, KIND_SEQUENCE, "sname", principal_fields},
    {0xab, KIND_TEXT, "e-text", NULL},
    {0xac, KIND_BYTES, "e-data", NULL},
    {0, 0, NULL, NULL},
};

static const struct message_kind {
    uint8_t tag; /* APPLICATION */
    const char *name;
    const struct field *fields;
} message_kinds[] = {
    {0x6e, "AP-REQ", ap_req_fields},
    {0x6f, "AP-REP", ap_rep_fields},
    {0x7e, "KRB-ERROR", error_fields},
};

static const struct message_kind *message_kind(uint8_t tag)
{
    for (size_t i = 0; i < sizeof message_kinds / sizeof message_kinds[0]; i++)
        if (message_kinds[i].tag == tag)
            return &message_kinds[i];
    return NULL;
}

static SECURITY_STATUS walk_message(const struct inspect *in, unsigned depth, struct span message)
{
    struct span contents, sequence;
    const struct message_kind *kind = message.size > 0 ? message_kind(message.data[0]) : NULL;
    if (kind == NULL)
        return line_error(in, "neither AP-REQ, AP-REP nor KRB-ERROR");
    line(in, depth, kind->name, "", message);
    if (!unwrap_element(message, kind->tag, &contents) || !unwrap_element(contents, 0x30, &sequence) ||
        !walk_sequence(in, depth + 1, sequence, kind->fields))
        return line_error(in, "the message ends early or a field is not what it should be");
    return SEC_E_OK;
}

/* ---- per-message tokens ---- */

static void line_number(const struct inspect *in, const char *name, struct span field)
{
    char text[32];
    uint64_t value = 0;
    for (size_t i = 0; i < field.size; i++)
        value = value << 8 | field.data[i];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    line(in, 1, name, text, field);
}

static void line_flags(const struct inspect *in, const uint8_t *at)
{
    char text[80];
    (void)snprintf(text, sizeof text, "0x%02x%s%s%s", (unsigned)*at, *at & 1 ? " SentByAcceptor" : "",
                   *at & 2 ? " Sealed" : "", *at & 4 ? " AcceptorSubkey" : "");
    line(in, 1, "Flags", text, (struct span){at, 1});
}

/* RFC 4121 sections 4.2.6.1 and 4.2.6.2. */
static SECURITY_STATUS walk_cfx(const struct inspect *in)
{
    const uint8_t *t = in->token.data;
    size_t size = in->token.size;
    bool wrap = t[0] == 0x05;
    line(in, 0, wrap ? "Wrap" : "MIC", "RFC 4121", in->token);
    line_hex(in, 1, "TOK_ID", (struct span){t, 2});
    if (size < 16)
        return line_error(in, "the token ends in its header");
    line_flags(in, t + 2);
    line_hex(in, 1, "Filler", (struct span){t + 3, wrap ? 1 : 5});
    if (wrap) {
        line_number(in, "EC", (struct span){t + 4, 2});
        line_number(in, "RRC", (struct span){t + 6, 2});
    }
    line_number(in, "SND_SEQ", (struct span){t + 8, 8});
    line_hex(in, 1, wrap ? (t[2] & 2 ? "Encrypted" : "DataAndChecksum") : "SGN_CKSUM",
             (struct span){t + 16, size - 16});
    return SEC_E_OK;
}

/* RFC 4757 sections 7.2 and 7.3, behind the framing. */
static SECURITY_STATUS walk_rfc4757(const struct inspect *in, struct span rest)
{
    bool wrap = rest.data[0] == 0x02;
    size_t head = wrap ? 32 : 24;
    line(in, 1, wrap ? "Wrap" : "MIC", "RFC 4757", rest);
    if (rest.size < head)
        return line_error(in, "the token ends in its header");
    line_hex(in, 2, "SGN_ALG", (struct span){rest.data + 2, 2});
    line_hex(in, 2, wrap ? "SEAL_ALG" : "Filler", (struct span){rest.data + 4, wrap ? 2 : 4});
    if (wrap)
        line_hex(in, 2, "Filler", (struct span){rest.data + 6, 2});
    line_hex(in, 2, "SND_SEQ (encrypted)", (struct span){rest.data + 8, 8});
    line_hex(in, 2, "SGN_CKSUM", (struct span){rest.data + 16, 8});
    if (wrap)
        line_hex(in, 2, "Confounder", (struct span){rest.data + 24, 8});
    if (rest.size > head)
        line_hex(in, 2, "Data", (struct span){rest.data + head, rest.size - head});
    return SEC_E_OK;
}

/* ---- the whole token ---- */

/* Behind the framing: two bytes that say what follows (RFC 4121 section 4.1). */
static SECURITY_STATUS walk_framed(const struct inspect *in, struct span inner)
{
    static const struct {
        uint8_t id[2];
        const char *name;
    } ids[] = {{{1, 0}, "KRB_AP_REQ"}, {{2, 0}, "KRB_AP_REP"}, {{3, 0}, "KRB_ERROR"}};
    const struct span rest = {inner.data + 2, inner.size >= 2 ? inner.size - 2 : 0};
    if (inner.size < 2)
        return line_error(in, "nothing stands behind the mechanism's identifier");
    if (inner.data[1] == 0x01 && (inner.data[0] == 0x01 || inner.data[0] == 0x02))
        return walk_rfc4757(in, inner);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (memcmp(inner.data, ids[i].id, 2) == 0) {
            line(in, 1, "TOK_ID", ids[i].name, (struct span){inner.data, 2});
            return walk_message(in, 1, rest);
        }
    }
    return line_error(in, "no kind of token has this TOK_ID");
}

/* Framed tokens of other mechanisms are not ours. RFC 4757 in DCE form leaves the data out of the length, so
 * what is there decides where the token ends. */
static SECURITY_STATUS inspect_framed(const struct inspect *in)
{
    struct wire_reader r;
    wire_read_init(&r, in->token.data, in->token.size);
    (void)wire_read_u8(&r);
    size_t bytes = wire_read_u8(&r);
    for (bytes = bytes >= 0x80 ? bytes & 0x7f : 0; bytes > 0 && !r.failed; bytes--)
        (void)wire_read_u8(&r);
    size_t at = r.at;
    uint8_t tag = wire_read_u8(&r), length = wire_read_u8(&r);
    const uint8_t *oid = wire_read_bytes(&r, KERBEROS_OID_SIZE);
    if (oid == NULL || tag != 0x06 || length != KERBEROS_OID_SIZE ||
        memcmp(oid, kerberos_oid, KERBEROS_OID_SIZE) != 0)
        return SEC_E_UNSUPPORTED_FUNCTION;
    line(in, 0, "InitialContextToken", "", in->token);
    line(in, 1, "thisMech", "1.2.840.113554.1.2.2 (Kerberos V5)",
         (struct span){in->token.data + at, 2 + KERBEROS_OID_SIZE});
    return walk_framed(in, (struct span){in->token.data + r.at, wire_read_left(&r)});
}

SECURITY_STATUS kerberos_inspect(const void *token, size_t size, SspiInspectFn fn, void *arg)
{
    const struct inspect in = {fn, arg, {token, size}};
    const uint8_t *t = token;
    if (size < 3)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (t[0] == 0x60)
        return inspect_framed(&in);
    if (message_kind(t[0]) != NULL)
        return walk_message(&in, 0, in.token);
    bool mic = t[0] == 0x04 && t[1] == 0x04, wrap = t[0] == 0x05 && t[1] == 0x04;
    if ((mic || wrap) && (size == 3 || t[3] == 0xff))
        return walk_cfx(&in);
    return SEC_E_UNSUPPORTED_FUNCTION;
}
