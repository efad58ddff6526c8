/* SPDX-License-Identifier: MIT */
#include "fuzz_kerberos_realm.h"

#include <dlfcn.h>
#include <krb5.h>

#include "base/sources.h"
#include "base/wire.h"

/* ---- what MIT's library would ask the system for: these names come before its own ---- */

/* 2026-01-01, the clock of fuzz.c, and 2060. */
#define NOW 1767225600u
#define END (NOW + 34u * 31557600u)

static krb5_context context;

krb5_error_code krb5_us_timeofday(krb5_context c, krb5_timestamp *seconds, krb5_int32 *microseconds)
{
    (void)c;
    *seconds = (krb5_timestamp)NOW;
    *microseconds = 500000;
    return 0;
}

krb5_error_code krb5_timeofday(krb5_context c, krb5_timestamp *seconds)
{
    krb5_int32 microseconds;
    return krb5_us_timeofday(c, seconds, &microseconds);
}

krb5_error_code krb5_c_random_make_octets(krb5_context c, krb5_data *data)
{
    (void)c;
    return sources_random(data->data, data->length) ? 0 : KRB5_CRYPTO_INTERNAL;
}

/* Exported for the KDC and for tests, in no public header. */
krb5_error_code krb5_encrypt_tkt_part(krb5_context context, const krb5_keyblock *key, krb5_ticket *ticket);
krb5_error_code encode_krb5_ticket(const krb5_ticket *ticket, krb5_data **out);
krb5_error_code decode_krb5_cred(const krb5_data *data, krb5_cred **out);
krb5_error_code decode_krb5_enc_cred_part(const krb5_data *data, krb5_cred_enc_part **out);
void krb5_free_cred(krb5_context context, krb5_cred *cred);
void krb5_free_cred_enc_part(krb5_context context, krb5_cred_enc_part *part);

/* ---- what a client delegates: faults of the library's that are known ---- */

/* Releases before 1.23 read through NULL where there are more tickets than descriptions of them, or where
 * one lacks a name (krb5 pull requests 1511 and 1519). */
static bool described(krb5_ticket **tickets, const krb5_cred_enc_part *part)
{
    size_t i = 0;
    for (; tickets[i] != NULL; i++) {
        const krb5_cred_info *info = part->ticket_info[i];
        if (info == NULL || info->client == NULL || info->server == NULL || info->session == NULL)
            return false;
    }
    return i > 0;
}

static bool harmless(const krb5_data *data)
{
    krb5_cred *cred;
    krb5_cred_enc_part *part;
    bool good = true;
    if (decode_krb5_cred(data, &cred) != 0)
        return true;
    if (decode_krb5_enc_cred_part(&cred->enc_part.ciphertext, &part) == 0) {
        good = described(cred->tickets, part);
        krb5_free_cred_enc_part(context, part);
        free(part);
    }
    krb5_free_cred(context, cred);
    return good;
}

krb5_error_code krb5_rd_cred(krb5_context c, krb5_auth_context auth, krb5_data *data, krb5_creds ***creds,
                             krb5_replay_data *replay)
{
    static __typeof__(krb5_rd_cred) *next;
    if (next == NULL)
        next = (__typeof__(krb5_rd_cred) *)dlsym(RTLD_NEXT, "krb5_rd_cred");
    if (!harmless(data))
        return KRB5KRB_AP_ERR_MODIFIED;
    krb5_error_code code = next(c, auth, data, creds, replay);
    /* A context whose ticket ends in this very second makes gss_inquire_context lose its names. */
    for (size_t i = 0; code == 0 && (*creds)[i] != NULL; i++)
        if ((*creds)[i]->times.endtime == (krb5_timestamp)NOW)
            (*creds)[i]->times.endtime--;
    return code;
}

/* ---- keys ---- */

static const struct {
    krb5_enctype etype;
    unsigned size;
    char target[8];
} types[FUZZ_KERBEROS_TYPES] = {
    {ENCTYPE_AES128_CTS_HMAC_SHA1_96, 16, "t17/s"},
    {ENCTYPE_AES256_CTS_HMAC_SHA1_96, 32, "t18/s"},
    {ENCTYPE_AES128_CTS_HMAC_SHA256_128, 16, "t19/s"},
    {ENCTYPE_AES256_CTS_HMAC_SHA384_192, 32, "t20/s"},
};

const char *fuzz_kerberos_target(unsigned type)
{
    return types[type].target;
}

static krb5_keyblock key_of(krb5_enctype etype, unsigned size)
{
    static krb5_octet zeros[32];
    return (krb5_keyblock){KV5M_KEYBLOCK, etype, size, zeros};
}

static krb5_keyblock session_key(unsigned type)
{
    return key_of(types[type].etype, types[type].size);
}

/* ---- files ---- */

static void write_text(struct wire_writer *w, const char *text, size_t size)
{
    wire_write_u16_be(w, (uint16_t)size);
    wire_write_bytes(w, text, size);
}

/* service/s@R with an AES128-SHA1 key of zeros, number 1. */
static void write_entry(struct wire_writer *w, const char *service)
{
    size_t size = strlen(service);
    wire_write_u32_be(w, (uint32_t)(39 + size));
    wire_write_u16_be(w, 2);
    write_text(w, "R", 1);
    write_text(w, service, size);
    write_text(w, "s", 1);
    wire_write_u32_be(w, KRB5_NT_PRINCIPAL);
    wire_write_u32_be(w, 0);
    wire_write_u8(w, 1);
    wire_write_u16_be(w, ENCTYPE_AES128_CTS_HMAC_SHA1_96);
    wire_write_u16_be(w, 16);
    wire_write_zeros(w, 16);
}

static void set_file(const char *variable, const char *name, const void *data, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "FILE:%s", fuzz_file(name, data, size));
    setenv(variable, path, 1);
}

static void write_keytab(void)
{
    static const char *const services[] = {"host", "t17", "t18", "t19", "t20"};
    uint8_t keytab[512];
    struct wire_writer w;
    wire_write_init(&w, keytab, sizeof keytab);
    wire_write_u16_be(&w, 0x0502);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        write_entry(&w, services[i]);
    fuzz_check(!w.failed);
    set_file("KRB5_KTNAME", "keytab", keytab, w.at);
}

/* ---- tickets ---- */

static krb5_principal principal(const char *text)
{
    krb5_principal p;
    fuzz_check(krb5_parse_name(context, text, &p) == 0);
    return p;
}

static void store_ticket(krb5_ccache cache, krb5_principal client, unsigned type)
{
    krb5_keyblock service = key_of(ENCTYPE_AES128_CTS_HMAC_SHA1_96, 16), session = session_key(type);
    krb5_enc_tkt_part inside = {.magic = KV5M_ENC_TKT_PART,
                                .flags = TKT_FLG_INITIAL | TKT_FLG_PRE_AUTH | TKT_FLG_FORWARDABLE,
                                .session = &session,
                                .client = client,
                                .transited = {.magic = KV5M_TRANSITED, .tr_type = 1},
                                .times = {(krb5_timestamp)NOW, (krb5_timestamp)NOW, (krb5_timestamp)END, 0}};
    krb5_principal server = principal(types[type].target);
    krb5_ticket ticket = {.magic = KV5M_TICKET, .server = server, .enc_part2 = &inside};
    krb5_data *encoded;
    ticket.enc_part.kvno = 1;
    fuzz_check(krb5_encrypt_tkt_part(context, &service, &ticket) == 0);
    fuzz_check(encode_krb5_ticket(&ticket, &encoded) == 0);
    krb5_creds creds = {.magic = KV5M_CREDS,
                        .client = client,
                        .server = server,
                        .keyblock = session,
                        .times = inside.times,
                        .ticket_flags = inside.flags,
                        .ticket = *encoded};
    fuzz_check(krb5_cc_store_cred(context, cache, &creds) == 0);
    krb5_free_data(context, encoded);
    krb5_free_data_contents(context, &ticket.enc_part.ciphertext);
    krb5_free_principal(context, server);
}

static void write_cache(void)
{
    krb5_ccache cache;
    set_file("KRB5CCNAME", "cache", "", 0);
    krb5_principal client = principal("alice");
    fuzz_check(krb5_cc_default(context, &cache) == 0 && krb5_cc_initialize(context, cache, client) == 0);
    for (unsigned type = 0; type < FUZZ_KERBEROS_TYPES; type++)
        store_ticket(cache, client, type);
    fuzz_check(krb5_cc_close(context, cache) == 0);
    krb5_free_principal(context, client);
}

void fuzz_kerberos_realm(void)
{
    static const char configuration[] =
        "[libdefaults]\n    default_realm = R\n    dns_lookup_kdc = false\n"
        "    dns_lookup_realm = false\n    dns_canonicalize_hostname = false\n"
        "    rdns = false\n";
    if (context != NULL)
        return;
    setenv("KRB5_CONFIG", fuzz_file("krb5.conf", configuration, sizeof configuration - 1), 1);
    setenv("KRB5RCACHENAME", "none:", 1);
    setenv("KRB5_CLIENT_KTNAME", "FILE:/nonexistent", 1);
    unsetenv("KRB5_TRACE");
    fuzz_check(krb5_init_context(&context) == 0);
    write_keytab();
    write_cache();
}

/* ---- tokens ---- */

/* A DER element; false: there is none. GSSAPI's two bytes of token identifier look like an empty one. */
static bool next_element(struct wire_reader *r, uint8_t *tag, const uint8_t **body, size_t *size)
{
    *tag = wire_read_u8(r);
    size_t length = wire_read_u8(r), bytes = length & 0x7f;
    if (length & 0x80)
        for (length = 0; bytes > 0 && length <= FUZZ_KERBEROS_TOKEN; bytes--)
            length = length << 8 | wire_read_u8(r);
    if (r->failed || length > wire_read_left(r))
        return false;
    *size = length;
    *body = wire_read_bytes(r, length);
    return true;
}

/* The last element of the last element of ... : in both messages the encrypted octets. */
static bool last_leaf(const uint8_t *data, size_t size, const uint8_t **leaf, size_t *leaf_size)
{
    uint8_t tag = 0x20;
    for (int depth = 0; tag & 0x20; depth++) {
        struct wire_reader r;
        wire_read_init(&r, data, size);
        while (wire_read_left(&r) > 0)
            if (depth == 16 || !next_element(&r, &tag, &data, &size))
                return false;
        if (size == 0)
            return false;
    }
    *leaf = data;
    *leaf_size = size;
    return tag == 0x04;
}

static size_t header_size(size_t size)
{
    return size < 0x80 ? 2 : size < 0x100 ? 3 : 4;
}

static void write_header(struct wire_writer *w, uint8_t tag, size_t size)
{
    wire_write_u8(w, tag);
    if (size >= 0x80)
        wire_write_u8(w, size < 0x100 ? 0x81 : 0x82);
    if (size >= 0x100)
        wire_write_u8(w, (uint8_t)(size >> 8));
    wire_write_u8(w, (uint8_t)size);
}

/* The size of data with its last leaf grown by that much. */
static size_t new_size(const uint8_t *data, size_t size, size_t leaf_size)
{
    struct wire_reader r;
    const uint8_t *body = NULL, *start = data;
    size_t body_size = 0;
    uint8_t tag = 0;
    wire_read_init(&r, data, size);
    while (wire_read_left(&r) > 0) {
        start = data + (size - wire_read_left(&r));
        if (!next_element(&r, &tag, &body, &body_size))
            return 0;
    }
    size_t inner = tag & 0x20 ? new_size(body, body_size, leaf_size) : leaf_size;
    return (size_t)(start - data) + header_size(inner) + inner;
}

/* data was walked by last_leaf before. */
static void write_changed(struct wire_writer *w, const uint8_t *data, size_t size, const uint8_t *leaf,
                          size_t leaf_size)
{
    for (uint8_t tag = 0x20; tag & 0x20;) {
        struct wire_reader r;
        const uint8_t *body = data, *start = data;
        size_t body_size = 0;
        wire_read_init(&r, data, size);
        while (wire_read_left(&r) > 0) {
            start = data + (size - wire_read_left(&r));
            if (!next_element(&r, &tag, &body, &body_size))
                return;
        }
        wire_write_bytes(w, data, (size_t)(start - data));
        write_header(w, tag, tag & 0x20 ? new_size(body, body_size, leaf_size) : leaf_size);
        data = body;
        size = body_size;
    }
    wire_write_bytes(w, leaf, leaf_size);
}

/* RFC 4120 section 7.5.1: 11 an AP-REQ's authenticator, 12 an AP-REP. */
static krb5_keyusage usage_of(const uint8_t *token, size_t size)
{
    struct wire_reader r;
    const uint8_t *body;
    size_t body_size;
    uint8_t tag;
    wire_read_init(&r, token, size);
    if (!next_element(&r, &tag, &body, &body_size))
        return 0;
    if (tag == 0x60) {
        wire_read_init(&r, body, body_size);
        while (wire_read_left(&r) > 0)
            if (!next_element(&r, &tag, &body, &body_size))
                return 0;
    }
    return tag == 0x6e ? KRB5_KEYUSAGE_AP_REQ_AUTH : tag == 0x6f ? KRB5_KEYUSAGE_AP_REP_ENCPART : 0;
}

size_t fuzz_kerberos_open(unsigned type, const uint8_t *token, size_t size,
                          uint8_t plain[static FUZZ_KERBEROS_TOKEN])
{
    krb5_keyblock key = session_key(type);
    krb5_keyusage usage = usage_of(token, size);
    const uint8_t *leaf;
    size_t leaf_size;
    if (usage == 0 || !last_leaf(token, size, &leaf, &leaf_size) || leaf_size > FUZZ_KERBEROS_TOKEN)
        return 0;
    krb5_enc_data in = {.magic = KV5M_ENC_DATA, .enctype = types[type].etype};
    in.ciphertext = (krb5_data){KV5M_DATA, (unsigned)leaf_size, (char *)(uintptr_t)leaf};
    krb5_data out = {KV5M_DATA, FUZZ_KERBEROS_TOKEN, (char *)plain};
    return krb5_c_decrypt(context, &key, usage, NULL, &in, &out) == 0 ? out.length : 0;
}

size_t fuzz_kerberos_close(unsigned type, const uint8_t *token, size_t size, const uint8_t *plain,
                           size_t plain_size, uint8_t out[static FUZZ_KERBEROS_TOKEN])
{
    krb5_keyblock key = session_key(type);
    krb5_keyusage usage = usage_of(token, size);
    const uint8_t *leaf;
    uint8_t sealed[FUZZ_KERBEROS_TOKEN];
    size_t leaf_size;
    struct wire_writer w;
    if (usage == 0 || plain_size > FUZZ_KERBEROS_TOKEN / 2 || !last_leaf(token, size, &leaf, &leaf_size))
        return 0;
    krb5_data in = {KV5M_DATA, (unsigned)plain_size, (char *)(uintptr_t)plain};
    krb5_enc_data made = {.magic = KV5M_ENC_DATA, .enctype = types[type].etype};
    made.ciphertext = (krb5_data){KV5M_DATA, sizeof sealed, (char *)sealed};
    fuzz_check(krb5_c_encrypt(context, &key, usage, NULL, &in, &made) == 0);
    wire_write_init(&w, out, FUZZ_KERBEROS_TOKEN);
    write_changed(&w, token, size, sealed, made.ciphertext.length);
    return w.failed ? 0 : w.at;
}
