/* SPDX-License-Identifier: MIT */
/* What an acceptor and an initiator must refuse, with which status, and with what work. */
#include "harness.h"

#include <opensspi.h>
#include <stdlib.h>

#include "base/sources.h"
#include "base/trace.h"
#include "crypto/crypto.h"
#include "packages/ntlm/ntlm_compute.h"
#include "packages/ntlm/ntlm_lsa.h"
#include "packages/ntlm/ntlm_messages.h"

#define HOUR (INT64_C(3600) * 10000000)

/* ---- counting the primitives: the linker's --wrap stands in front of each ---- */

static char calls[256];
static size_t call_count;

static void count(char c)
{
    if (call_count < sizeof calls - 1) {
        calls[call_count++] = c;
    }
}

void __real_crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t size);
void __wrap_crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t size);
void __wrap_crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t size)
{
    count('i');
    __real_crypto_hmac_md5_init(h, key, size);
}

void __real_crypto_hmac_md5(const struct crypto_hmac_md5 *h, const struct crypto_message *m,
                            uint8_t mac[static 16]);
void __wrap_crypto_hmac_md5(const struct crypto_hmac_md5 *h, const struct crypto_message *m,
                            uint8_t mac[static 16]);
void __wrap_crypto_hmac_md5(const struct crypto_hmac_md5 *h, const struct crypto_message *m,
                            uint8_t mac[static 16])
{
    count('h');
    __real_crypto_hmac_md5(h, m, mac);
}

void __real_crypto_md5(const struct crypto_message *m, uint8_t digest[static 16]);
void __wrap_crypto_md5(const struct crypto_message *m, uint8_t digest[static 16]);
void __wrap_crypto_md5(const struct crypto_message *m, uint8_t digest[static 16])
{
    count('5');
    __real_crypto_md5(m, digest);
}

void __real_crypto_md4(const struct crypto_message *m, uint8_t digest[static 16]);
void __wrap_crypto_md4(const struct crypto_message *m, uint8_t digest[static 16]);
void __wrap_crypto_md4(const struct crypto_message *m, uint8_t digest[static 16])
{
    count('4');
    __real_crypto_md4(m, digest);
}

void __real_crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t size);
void __wrap_crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t size);
void __wrap_crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t size)
{
    count('k');
    __real_crypto_rc4_init(r, key, size);
}

void __real_crypto_rc4(struct crypto_rc4 *r, const uint8_t *in, uint8_t *out, size_t size);
void __wrap_crypto_rc4(struct crypto_rc4 *r, const uint8_t *in, uint8_t *out, size_t size);
void __wrap_crypto_rc4(struct crypto_rc4 *r, const uint8_t *in, uint8_t *out, size_t size)
{
    count('r');
    __real_crypto_rc4(r, in, out, size);
}

void __real_crypto_des7(const uint8_t key[static 7], const uint8_t in[static 8], uint8_t out[static 8]);
void __wrap_crypto_des7(const uint8_t key[static 7], const uint8_t in[static 8], uint8_t out[static 8]);
void __wrap_crypto_des7(const uint8_t key[static 7], const uint8_t in[static 8], uint8_t out[static 8])
{
    count('d');
    __real_crypto_des7(key, in, out);
}

/* The acceptor's answer to that logon, and what it computed for it. */
static NTSTATUS logon_counted(const char *domain, const char *user, const char *password, char *out)
{
    struct side i, a;
    assert_status(side_open(&i, true, domain, user, password), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, a.token, a.token_size, NULL), SEC_E_OK);
    call_count = 0;
    NTSTATUS status = side_step(&a, 0, NULL, i.token, i.token_size, NULL);
    calls[call_count] = 0;
    strcpy(out, calls);
    pair_close(&i, &a);
    return status;
}

static void check_equal_work(void)
{
    char right[256], wrong[256], user[256], domain[256], file[256];
    assert_status(logon_counted("EXAMPLE", "alice", "correct horse", right), SEC_E_OK);
    assert_status(logon_counted("EXAMPLE", "alice", "incorrect", wrong), SEC_E_LOGON_DENIED);
    assert_status(logon_counted("EXAMPLE", "mallory", "incorrect", user), SEC_E_LOGON_DENIED);
    assert_status(logon_counted("NOWHERE", "alice", "incorrect", domain), SEC_E_LOGON_DENIED);
    assert_status(logon_counted("FILE", "carol", "incorrect", file), SEC_E_LOGON_DENIED);
    assert_true(strlen(wrong) > 0);
    assert_true(strlen(right) > strlen(wrong)); /* the counting counts */
    assert_string_equal(wrong, user);
    assert_string_equal(wrong, domain);
    assert_string_equal(wrong, file);
}

static void test_equal_work(void **state)
{
    (void)state;
    harness_start(NULL);
    check_equal_work(); /* without a user file */
    harness_write("users", "FILE:carol:pass\n", 0600);
    setenv("NTLM_USER_FILE", harness_path("users"), 1);
    check_equal_work();
    harness_start("lm_compatibility_level = 2");
    check_equal_work(); /* NTLMv1 */
}

/* ---- every byte of every leg ---- */

static bool establishes(int leg, size_t at, uint8_t change, size_t *sizes)
{
    struct side i, a;
    bool done = false;
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_CONFIDENTIALITY, u"host/x", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    sizes[0] = i.token_size;
    if (leg == 0) {
        i.token[at] ^= change;
    }
    if (side_step(&a, 0, NULL, i.token, i.token_size, NULL) != SEC_I_CONTINUE_NEEDED) {
        goto out;
    }
    sizes[1] = a.token_size;
    if (leg == 1) {
        a.token[at] ^= change;
    }
    if (side_step(&i, ISC_REQ_CONFIDENTIALITY, u"host/x", a.token, a.token_size, NULL) != SEC_E_OK) {
        goto out;
    }
    sizes[2] = i.token_size;
    if (leg == 2) {
        i.token[at] ^= change;
    }
    NTSTATUS status = side_step(&a, 0, NULL, i.token, i.token_size, NULL);
    done = status == SEC_E_OK;
    if (!done && status != SEC_E_MESSAGE_ALTERED && status != SEC_E_INVALID_TOKEN &&
        status != SEC_E_LOGON_DENIED && status != SEC_E_UNSUPPORTED_FUNCTION && status != SEC_E_TIME_SKEW) {
        fail_msg("leg %d byte %zu: status 0x%08x", leg, at, (unsigned)status);
    }
out:
    pair_close(&i, &a);
    return done;
}

static void test_changed_bytes(void **state)
{
    static const uint8_t changes[] = {0x01, 0x02, 0x80, 0xff};
    size_t sizes[3] = {0};
    (void)state;
    harness_start(NULL);
    assert_true(establishes(3, 0, 0, sizes));
    for (int leg = 0; leg < 3; leg++) {
        assert_true(sizes[leg] >= 40);
        for (size_t at = 0; at < sizes[leg]; at++) {
            for (size_t n = 0; n < sizeof changes; n++) {
                size_t now[3];
                if (establishes(leg, at, changes[n], now)) {
                    fail_msg("leg %d established with byte %zu changed by 0x%02x", leg, at, changes[n]);
                }
            }
        }
    }
}

/* Tokens cut anywhere, or of one kind in another's place. */
static void test_cut_tokens(void **state)
{
    struct side i, a, spare;
    (void)state;
    harness_start(NULL);
    pair_open(&i, &a, ISC_REQ_INTEGRITY, 0);
    uint8_t authenticate[16384];
    ULONG size = i.token_size;
    memcpy(authenticate, i.token, size);
    pair_close(&i, &a);
    for (ULONG n = 0; n < size; n++) {
        assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
        assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
        assert_status(side_open(&spare, false, NULL, NULL, NULL), SEC_E_OK);
        assert_status(side_step(&spare, 0, NULL, authenticate, n, NULL), SEC_E_INVALID_TOKEN);
        assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
        assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_I_CONTINUE_NEEDED);
        if (n < a.token_size) {
            assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, a.token, n, NULL), SEC_E_INVALID_TOKEN);
        }
        assert_true(side_step(&a, 0, NULL, authenticate, n, NULL) < 0);
        assert_status(side_step(&a, 0, NULL, authenticate, size, NULL), SEC_E_INVALID_HANDLE);
        side_close(&spare);
        pair_close(&i, &a);
    }
}

/* ---- AUTHENTICATE messages made to measure ---- */

struct forged {
    enum { V2, V1, LM_ONLY, LMV2_ONLY } kind;
    bool announce_mic, write_mic, spoil_mic;
    bool no_room;  /* a header without a place for the MIC */
    int duplicate; /* AvId that stands twice; 0: none */
    int64_t clock; /* added to the time in the response */
    const uint8_t *bindings;
    bool wrong_proof; /* MIC right under the key of a wrong proof */
    bool av_endless;
    uint32_t drop; /* flags the client does not take */
    const char *password;
    const uint8_t *user;                                   /* 10 bytes in the name's place */
    enum { NO_KEY, KEY, SHORT_KEY, MISSING_KEY } exchange; /* KEY_EXCH, and what is sent for it */
};

static size_t forge(const struct forged *f, struct span negotiate, struct span challenge, uint8_t *out,
                    size_t room)
{
    struct ntlm_challenge c;
    uint8_t hash[16], key[16], nt[512], pairs[256], base[16], mic[16], lm[24] = {0};
    static const uint8_t client[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t user[] = "a\0l\0i\0c\0e", domain[] = "E\0X\0A\0M\0P\0L\0E";
    const char *password = f->password != NULL ? f->password : TEST_PASSWORD;
    char16_t wide[64];
    struct wire_writer w;
    assert_true(ntlm_challenge_read(challenge, &c));
    for (size_t n = 0; n <= strlen(password); n++) {
        wide[n] = (char16_t)password[n];
    }
    assert_true(ntlm_compute_nt_hash(wide, strlen(password), hash));
    struct ntlm_authenticate m = {.user = {user, 10}, .domain = {domain, 14}, .lm = {lm, 24}};
    if (f->user != NULL) {
        m.user.data = f->user;
    }
    m.flags = (c.flags | NTLM_F_UNICODE) & ~(f->drop | NTLM_F_KEY_EXCH);
    memset(base, 0, sizeof base);
    if (f->kind == V2) {
        assert_true(ntlm_compute_ntowf_v2(hash, m.user, m.domain, key));
        wire_write_init(&w, pairs, sizeof pairs);
        ntlm_av_write(&w, NTLM_AV_NB_DOMAIN, m.domain);
        ntlm_av_write(&w, NTLM_AV_NB_COMPUTER, m.domain);
        if (f->announce_mic) {
            ntlm_av_write_u32(&w, NTLM_AV_FLAGS, NTLM_AV_FLAG_MIC);
        }
        if (f->bindings != NULL) {
            ntlm_av_write(&w, NTLM_AV_CHANNEL_BINDINGS, (struct span){f->bindings, 16});
        }
        if (f->duplicate == NTLM_AV_FLAGS) {
            ntlm_av_write_u32(&w, NTLM_AV_FLAGS, 0);
        } else if (f->duplicate != 0) {
            ntlm_av_write(&w, (uint16_t)f->duplicate, m.domain);
            ntlm_av_write(&w, (uint16_t)f->duplicate, m.domain);
        }
        if (!f->av_endless) {
            ntlm_av_write_end(&w);
        }
        const struct span list = {pairs, w.at};
        wire_write_init(&w, nt + 16, sizeof nt - 16);
        ntlm_v2_blob_write(&w, (uint64_t)((int64_t)sources_now() + f->clock), client, list);
        m.nt = (struct span){nt, 16 + w.at};
        if (f->av_endless) {
            m.nt.size -= 4; /* and not the four zeros, which read as an end */
        }
        ntlm_compute_proof(key, c.challenge, (struct span){nt + 16, m.nt.size - 16}, nt);
        ntlm_compute_base_key_v2(key, nt, base);
        if (f->wrong_proof) {
            nt[3] ^= 0x10;
        }
    } else if (f->kind == V1) {
        memcpy(lm, client, 8);
        ntlm_compute_v1_response(hash, c.challenge, m.flags & NTLM_F_ESS ? lm : NULL, nt);
        ntlm_compute_base_key_v1(hash, base);
        ntlm_compute_key_exchange_v1(base, c.challenge, m.flags & NTLM_F_ESS ? lm : NULL, base);
        m.nt = (struct span){nt, 24};
    } else if (f->kind == LMV2_ONLY) {
        assert_true(ntlm_compute_ntowf_v2(hash, m.user, m.domain, key));
        ntlm_compute_proof(key, c.challenge, (struct span){client, 8}, lm);
        memcpy(lm + 16, client, 8);
    }
    static const uint8_t random_key[16] = {9, 9, 9};
    uint8_t encrypted[16];
    if (f->exchange != NO_KEY) {
        m.flags |= NTLM_F_KEY_EXCH;
        ntlm_compute_rc4k(base, random_key, encrypted);
        m.session_key = (struct span){encrypted, f->exchange == KEY ? 16 : f->exchange == SHORT_KEY ? 15 : 0};
        memcpy(base, random_key, sizeof base); /* the MIC is made with the exported key */
    }
    wire_write_init(&w, out, room);
    ntlm_authenticate_write(&w, &m);
    if (f->no_room) {
        /* The same fields behind a header of 64 bytes. */
        for (size_t n = 0; n < 6; n++) {
            uint32_t offset = wire_get_u32(out + 16 + 8 * n);
            wire_put_u32(out + 16 + 8 * n, offset - 24);
        }
        memmove(out + 64, out + 88, w.at - 88);
        return w.at - 24;
    }
    if (f->write_mic) {
        ntlm_compute_mic(base, negotiate, challenge, (struct span){out, w.at}, mic);
        mic[9] ^= f->spoil_mic;
        memcpy(out + NTLM_MIC_OFFSET, mic, sizeof mic);
    }
    return w.at;
}

static NTSTATUS accept_forged(const struct forged *f, ULONG isc, ULONG asc, SecBuffer *bindings)
{
    struct side i, a;
    uint8_t negotiate[64], token[1024];
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, isc, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    memcpy(negotiate, i.token, i.token_size);
    /* Without KEY_EXCH in NEGOTIATE the session key is the base key. */
    uint32_t offered = wire_get_u32(negotiate + 12) & ~(uint32_t)NTLM_F_KEY_EXCH;
    wire_put_u32(negotiate + 12, f->exchange != NO_KEY ? offered | NTLM_F_KEY_EXCH : offered);
    const struct span sent = {negotiate, i.token_size};
    NTSTATUS status = side_step(&a, asc, NULL, negotiate, sent.size, bindings);
    if (status == SEC_I_CONTINUE_NEEDED) {
        size_t size = forge(f, sent, (struct span){a.token, a.token_size}, token, sizeof token);
        status = side_step(&a, asc, NULL, token, size, bindings);
    }
    pair_close(&i, &a);
    return status;
}

static void test_statuses(void **state)
{
    static const struct {
        const char *what;
        struct forged f;
        NTSTATUS want;
    } cases[] = {
        {"genuine", {.announce_mic = true, .write_mic = true}, SEC_E_OK},
        {"old client without a MIC", {.announce_mic = false}, SEC_E_OK},
        {"old client, header of 64 bytes", {.no_room = true}, SEC_E_OK},
        {"wrong password", {.announce_mic = true, .write_mic = true, .password = "x"}, SEC_E_LOGON_DENIED},
        {"MIC announced, zeros", {.announce_mic = true}, SEC_E_MESSAGE_ALTERED},
        {"MIC announced, wrong",
         {.announce_mic = true, .write_mic = true, .spoil_mic = true},
         SEC_E_MESSAGE_ALTERED},
        {"MIC announced, no room for it", {.announce_mic = true, .no_room = true}, SEC_E_MESSAGE_ALTERED},
        {"right MIC, wrong proof",
         {.announce_mic = true, .write_mic = true, .wrong_proof = true},
         SEC_E_LOGON_DENIED},
        {"flags twice",
         {.announce_mic = true, .write_mic = true, .duplicate = NTLM_AV_FLAGS},
         SEC_E_INVALID_TOKEN},
        {"a name twice", {.announce_mic = true, .write_mic = true, .duplicate = 3}, SEC_E_INVALID_TOKEN},
        {"unknown pair twice",
         {.announce_mic = true, .write_mic = true, .duplicate = 99},
         SEC_E_INVALID_TOKEN},
        {"AV pairs without end",
         {.announce_mic = true, .write_mic = true, .av_endless = true},
         SEC_E_INVALID_TOKEN},
        {"clock 40 hours behind",
         {.announce_mic = true, .write_mic = true, .clock = -40 * HOUR},
         SEC_E_TIME_SKEW},
        {"clock 40 hours ahead",
         {.announce_mic = true, .write_mic = true, .clock = 40 * HOUR},
         SEC_E_TIME_SKEW},
        {"clock 35 hours behind", {.announce_mic = true, .write_mic = true, .clock = -35 * HOUR}, SEC_E_OK},
        {"clock 35 hours ahead", {.announce_mic = true, .write_mic = true, .clock = 35 * HOUR}, SEC_E_OK},
        {"NUL in the name",
         {.announce_mic = true, .write_mic = true, .user = (const uint8_t *)"a\0l\0\0\0c\0e"},
         SEC_E_INVALID_TOKEN},
        {"half a surrogate in the name",
         {.announce_mic = true, .write_mic = true, .user = (const uint8_t *)"a\0\x00\xd8i\0c\0e"},
         SEC_E_LOGON_DENIED},
        {"LM alone", {.kind = LM_ONLY}, SEC_E_LOGON_DENIED},
        {"LMv2 alone", {.kind = LMV2_ONLY}, SEC_E_LOGON_DENIED},
        {"NTLMv1", {.kind = V1}, SEC_E_LOGON_DENIED},
        {"128 bits not taken", {.drop = NTLM_F_128}, SEC_E_UNSUPPORTED_FUNCTION},
        {"ESS not taken", {.drop = NTLM_F_ESS}, SEC_E_UNSUPPORTED_FUNCTION},
        {"UNICODE not taken", {.drop = NTLM_F_UNICODE}, SEC_E_INVALID_TOKEN},
    };
    (void)state;
    harness_start(NULL);
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        status_is(accept_forged(&cases[n].f, ISC_REQ_INTEGRITY, 0, NULL), cases[n].want, cases[n].what,
                  __LINE__);
    }
    /* The exchanged key: needed whole where messages are protected; elsewhere one that Samba sends is taken
     * when the MIC says so. */
    const struct forged whole = {.announce_mic = true, .write_mic = true, .exchange = KEY};
    const struct forged cut = {.announce_mic = true, .write_mic = true, .exchange = SHORT_KEY};
    const struct forged missing = {.announce_mic = true, .write_mic = true, .exchange = MISSING_KEY};
    const struct forged spoilt = {
        .announce_mic = true, .write_mic = true, .spoil_mic = true, .exchange = KEY};
    assert_status(accept_forged(&whole, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_OK);
    assert_status(accept_forged(&cut, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_INVALID_TOKEN);
    assert_status(accept_forged(&missing, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_INVALID_TOKEN);
    assert_status(accept_forged(&spoilt, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_MESSAGE_ALTERED);
    assert_status(accept_forged(&whole, 0, 0, NULL), SEC_E_OK);
    assert_status(accept_forged(&spoilt, 0, 0, NULL), SEC_E_MESSAGE_ALTERED);
    assert_status(accept_forged(&missing, 0, 0, NULL), SEC_E_MESSAGE_ALTERED);
    /* NTLMv1 where it is allowed; LM nowhere. */
    const struct forged v1 = {.kind = V1}, lm = {.kind = LM_ONLY}, lmv2 = {.kind = LMV2_ONLY};
    harness_start("lm_compatibility_level = 4");
    assert_status(accept_forged(&v1, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_OK);
    assert_status(accept_forged(&lm, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_LOGON_DENIED);
    harness_start("lm_compatibility_level = 0\nmin_session_security = none");
    assert_status(accept_forged(&v1, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_OK);
    assert_status(accept_forged(&lm, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_LOGON_DENIED);
    assert_status(accept_forged(&lmv2, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_LOGON_DENIED);
}

/* ---- a server's target info is not copied blindly ---- */

/* CHALLENGE with these AV pairs in place of its own. */
static size_t challenge_with(const uint8_t *token, size_t size, struct span pairs, uint8_t *out, size_t room)
{
    struct ntlm_challenge c;
    struct wire_writer w;
    assert_true(ntlm_challenge_read((struct span){token, size}, &c));
    c.target_info = pairs;
    wire_write_init(&w, out, room);
    ntlm_challenge_write(&w, &c);
    assert_false(w.failed);
    return w.at;
}

static NTSTATUS answer_to(struct span pairs, struct side *i)
{
    struct side a;
    static uint8_t challenge[70000];
    assert_status(side_open(i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(i, ISC_REQ_INTEGRITY, u"host/mine", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&a, 0, NULL, i->token, i->token_size, NULL), SEC_I_CONTINUE_NEEDED);
    size_t size = challenge_with(a.token, a.token_size, pairs, challenge, sizeof challenge);
    side_close(&a);
    return side_step(i, ISC_REQ_INTEGRITY, u"host/mine", challenge, size, NULL);
}

static void test_server_pairs(void **state)
{
    static const uint8_t name[] = "S\0R\0V", other[] = "X\0X", hash[16] = {1};
    struct side i;
    uint8_t pairs[1024];
    struct wire_writer w;
    struct ntlm_authenticate m;
    struct ntlm_v2_response v2;
    struct ntlm_av_list list;
    (void)state;
    harness_start(NULL);
    wire_write_init(&w, pairs, sizeof pairs);
    ntlm_av_write(&w, NTLM_AV_NB_DOMAIN, (struct span){name, 6});
    ntlm_av_write(&w, NTLM_AV_NB_COMPUTER, (struct span){name, 6});
    ntlm_av_write(&w, NTLM_AV_NB_COMPUTER, (struct span){other, 4});
    ntlm_av_write_u32(&w, NTLM_AV_FLAGS, 5);
    ntlm_av_write(&w, NTLM_AV_TARGET_NAME, (struct span){other, 4});
    ntlm_av_write(&w, NTLM_AV_CHANNEL_BINDINGS, (struct span){hash, 16});
    ntlm_av_write(&w, 77, (struct span){other, 3});
    ntlm_av_write(&w, 77, (struct span){other, 3});
    ntlm_av_write_u64(&w, NTLM_AV_TIMESTAMP, 0x1234567890abcdef);
    ntlm_av_write_end(&w);
    assert_status(answer_to((struct span){pairs, w.at}, &i), SEC_E_OK);
    assert_true(ntlm_authenticate_read((struct span){i.token, i.token_size}, &m));
    assert_true(ntlm_v2_response_read(m.nt, &v2) && ntlm_av_read(v2.av_pairs, &list));
    assert_false(list.duplicates);
    assert_int_equal(ntlm_av_flags(&list), NTLM_AV_FLAG_MIC);
    assert_null(ntlm_av_find(&list, NTLM_AV_CHANNEL_BINDINGS));
    assert_non_null(ntlm_av_find(&list, 77));
    assert_int_equal(ntlm_av_find(&list, NTLM_AV_NB_COMPUTER)->value.size, 6);
    assert_memory_equal(ntlm_av_find(&list, NTLM_AV_TARGET_NAME)->value.data, u"host/mine", 18);
    assert_true(v2.time == 0x1234567890abcdef);
    assert_int_equal(m.lm.size, 24);
    side_close(&i);
    /* A list without an end, and one with a NUL in the server's name. */
    assert_status(answer_to((struct span){pairs, w.at - 4}, &i), SEC_E_INVALID_TOKEN);
    side_close(&i);
    wire_write_init(&w, pairs, sizeof pairs);
    ntlm_av_write(&w, NTLM_AV_NB_DOMAIN, (struct span){name, 6});
    ntlm_av_write(&w, NTLM_AV_NB_COMPUTER, (struct span){hash, 6});
    ntlm_av_write_end(&w);
    assert_status(answer_to((struct span){pairs, w.at}, &i), SEC_E_INVALID_TOKEN);
    side_close(&i);
    /* More pairs than a list may have. */
    wire_write_init(&w, pairs, sizeof pairs);
    for (uint16_t n = 0; n < 65; n++) {
        ntlm_av_write(&w, (uint16_t)(100 + n), (struct span){NULL, 0});
    }
    ntlm_av_write_end(&w);
    assert_status(answer_to((struct span){pairs, w.at}, &i), SEC_E_INVALID_TOKEN);
    side_close(&i);
    /* More target info than an answer has room for. */
    static uint8_t large[65535], value[65000];
    memset(value, 1, sizeof value);
    wire_write_init(&w, large, sizeof large);
    ntlm_av_write(&w, NTLM_AV_NB_DOMAIN, (struct span){name, 6});
    ntlm_av_write(&w, NTLM_AV_NB_COMPUTER, (struct span){name, 6});
    ntlm_av_write(&w, 77, (struct span){value, sizeof value});
    ntlm_av_write(&w, 78, (struct span){value, 450});
    ntlm_av_write_end(&w);
    assert_false(w.failed);
    assert_status(answer_to((struct span){large, w.at}, &i), SEC_E_INVALID_TOKEN);
    side_close(&i);
}

/* The real initiator with a clock that is off: with the acceptor's timestamp it does not matter, without it
 * does. */
static void test_clock(void **state)
{
    struct side i, a;
    (void)state;
    harness_start(NULL);
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    clock_offset = 40 * HOUR;
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, a.token, a.token_size, NULL), SEC_E_OK);
    clock_offset = 0;
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_E_OK);
    pair_close(&i, &a);
    /* An answer that was kept for 40 hours. */
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, a.token, a.token_size, NULL), SEC_E_OK);
    clock_offset = 40 * HOUR;
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_E_TIME_SKEW);
    clock_offset = 0;
    pair_close(&i, &a);
}

/* ---- channel bindings ---- */

static void make_bindings(uint8_t *out, SecBuffer *buffer, const char *data)
{
    SEC_CHANNEL_BINDINGS b = {.cbApplicationDataLength = (ULONG)strlen(data),
                              .dwApplicationDataOffset = sizeof b};
    memcpy(out, &b, sizeof b);
    memcpy(out + sizeof b, data, strlen(data));
    *buffer = (SecBuffer){(ULONG)(sizeof b + strlen(data)), SECBUFFER_CHANNEL_BINDINGS, out};
}

static NTSTATUS shake_bound(SecBuffer *initiator, SecBuffer *acceptor, ULONG asc, bool first_leg)
{
    struct side i, a;
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    NTSTATUS status = side_step(&i, ISC_REQ_INTEGRITY, NULL, NULL, 0, first_leg ? initiator : NULL);
    if (status == SEC_I_CONTINUE_NEEDED) {
        status = side_step(&a, asc, NULL, i.token, i.token_size, first_leg ? acceptor : NULL);
    }
    if (status == SEC_I_CONTINUE_NEEDED) {
        status = side_step(&i, ISC_REQ_INTEGRITY, NULL, a.token, a.token_size, first_leg ? NULL : initiator);
    }
    if (status == SEC_E_OK) {
        status = side_step(&a, asc, NULL, i.token, i.token_size, first_leg ? NULL : acceptor);
    }
    pair_close(&i, &a);
    return status;
}

static void test_bindings(void **state)
{
    static const uint8_t zeros[16];
    uint8_t one[64], other[64], bad[64];
    SecBuffer b1, b2, broken;
    (void)state;
    harness_start(NULL);
    make_bindings(one, &b1, "tls-unique:one");
    make_bindings(other, &b2, "tls-unique:two");
    make_bindings(bad, &broken, "x");
    broken.cbBuffer--;
    for (int first = 0; first < 2; first++) {
        assert_status(shake_bound(&b1, &b1, 0, first), SEC_E_OK);
        assert_status(shake_bound(&b1, &b2, 0, first), SEC_E_BAD_BINDINGS);
        assert_status(shake_bound(&b1, &b2, ASC_REQ_ALLOW_MISSING_BINDINGS, first), SEC_E_BAD_BINDINGS);
        assert_status(shake_bound(NULL, &b1, 0, first), SEC_E_BAD_BINDINGS);
        assert_status(shake_bound(NULL, &b1, ASC_REQ_ALLOW_MISSING_BINDINGS, first), SEC_E_OK);
        assert_status(shake_bound(&b1, NULL, 0, first), SEC_E_OK);
        assert_status(shake_bound(&broken, NULL, 0, first), SEC_E_INVALID_TOKEN);
        assert_status(shake_bound(NULL, &broken, 0, first), SEC_E_INVALID_TOKEN);
    }
    /* Sixteen zeros are none. */
    const struct forged none = {.announce_mic = true, .write_mic = true, .bindings = zeros};
    assert_status(accept_forged(&none, ISC_REQ_INTEGRITY, 0, &b1), SEC_E_BAD_BINDINGS);
    assert_status(accept_forged(&none, ISC_REQ_INTEGRITY, ASC_REQ_ALLOW_MISSING_BINDINGS, &b1), SEC_E_OK);
    assert_status(accept_forged(&none, ISC_REQ_INTEGRITY, 0, NULL), SEC_E_OK);
}

/* ---- min_session_security ---- */

static NTSTATUS shake_with(ULONG isc)
{
    struct side i, a;
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    NTSTATUS status = pair_shake(&i, &a, isc, 0);
    pair_close(&i, &a);
    return status;
}

/* NEGOTIATE, CHALLENGE or both without these flags; the refusing side's status. */
static NTSTATUS shake_without(int leg, uint32_t flags)
{
    struct side i, a;
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_CONFIDENTIALITY, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    if (leg == 0) {
        wire_put_u32(i.token + 12, wire_get_u32(i.token + 12) & ~flags);
    }
    NTSTATUS status = side_step(&a, 0, NULL, i.token, i.token_size, NULL);
    if (status == SEC_I_CONTINUE_NEEDED) {
        wire_put_u32(a.token + 20, wire_get_u32(a.token + 20) & ~flags);
        status = side_step(&i, ISC_REQ_CONFIDENTIALITY, NULL, a.token, a.token_size, NULL);
    }
    pair_close(&i, &a);
    return status;
}

static void test_minimum(void **state)
{
    (void)state;
    harness_start("min_session_security = sign");
    assert_status(shake_with(0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(shake_with(ISC_REQ_INTEGRITY), SEC_E_OK);
    assert_status(shake_without(0, NTLM_F_SIGN), SEC_E_OK); /* SEAL implies it */
    assert_status(shake_without(0, NTLM_F_SIGN | NTLM_F_SEAL), SEC_E_UNSUPPORTED_FUNCTION);
    harness_start("min_session_security = seal, 128");
    assert_status(shake_with(ISC_REQ_INTEGRITY), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(shake_with(ISC_REQ_CONFIDENTIALITY), SEC_E_OK);
    harness_start(NULL);
    for (int leg = 0; leg < 2; leg++) {
        assert_status(shake_without(leg, NTLM_F_128), SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(shake_without(leg, NTLM_F_ESS), SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(shake_without(leg, NTLM_F_UNICODE), SEC_E_INVALID_TOKEN);
    }
    /* Nothing is signed with a server that does not say who it is. */
    assert_status(shake_without(1, NTLM_F_TARGET_INFO), SEC_E_LOGON_DENIED);
    /* Level 0 cannot meet the default minimum. */
    harness_start("lm_compatibility_level = 0");
    assert_status(shake_with(ISC_REQ_INTEGRITY), SEC_E_UNSUPPORTED_FUNCTION);
}

static void test_configuration(void **state)
{
    static const char *const wrong[] = {
        "lm_compatibility_level = 6",    "lm_compatibility_level = 05",     "lm_compatibility_level =",
        "min_session_security = strong", "min_session_security = ess,,128", "min_session_security =",
        "allow_anonymous = maybe",       "accounts = relative/path",        "no_such_key = 1",
    };
    (void)state;
    for (size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++) {
        status_is(harness_start_status(wrong[n]), SEC_E_CANNOT_INSTALL, wrong[n], __LINE__);
    }
    assert_status(harness_start_status("allow_anonymous = true"), SEC_E_OK);
    assert_status(harness_start_status("allow_anonymous = 0"), SEC_E_OK);
    assert_status(harness_start_status("allow_anonymous = YES\nmin_session_security = ESS , 128"), SEC_E_OK);
}

/* The output buffer decides nothing before the message fits. */
static void test_small_output(void **state)
{
    struct side i;
    uint8_t room[39];
    SecBuffer out = {sizeof room, SECBUFFER_TOKEN, room};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out}, none = {SECBUFFER_VERSION, 0, NULL};
    LSA_SEC_HANDLE made = 0;
    BOOLEAN mapped;
    SecBuffer packed = {0};
    ULONG attributes;
    TimeStamp expiry;
    (void)state;
    harness_start(NULL);
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(lsa_table->InitLsaModeContext(i.credential, 0, NULL, 0, 0, &none, &made, &output,
                                                &attributes, &expiry, &mapped, &packed),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(out.cbBuffer, sizeof room);
    assert_int_equal(made, 0);
    assert_status(lsa_table->InitLsaModeContext(i.credential, 0, NULL, 0, 0, &none, &made, &none, &attributes,
                                                &expiry, &mapped, &packed),
                  SEC_E_INVALID_TOKEN);
    side_close(&i);
}

/* ---- the trace says why, and no secret ---- */

static void to_hex(const uint8_t *bytes, size_t size, char *out)
{
    for (size_t n = 0; n < size; n++) {
        (void)snprintf(out + 2 * n, 3, "%02x", bytes[n]);
    }
}

static void test_trace(void **state)
{
    static char text[65536];
    struct side i, a;
    char work[256], key_hex[33], hash_hex[33];
    uint8_t hash[16];
    SecPkgContext_SessionKey key;
    (void)state;
    harness_start(NULL);
    setenv("SSPI_TRACE", harness_path("trace"), 1);
    trace_reset();
    pair_open(&i, &a, ISC_REQ_CONFIDENTIALITY, 0);
    pair_talk(&i, &a);
    assert_status(user_table->QueryContextAttributes(i.context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    to_hex(key.SessionKey, 16, key_hex);
    mem_client_free(key.SessionKey);
    pair_close(&i, &a);
    assert_status(logon_counted(TEST_DOMAIN, TEST_USER, "not this", work), SEC_E_LOGON_DENIED);
    assert_status(logon_counted(TEST_DOMAIN, "nobody", "not this", work), SEC_E_LOGON_DENIED);
    unsetenv("SSPI_TRACE");
    trace_reset();
    FILE *f = fopen(harness_path("trace"), "rb");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    static const char *const wanted[] = {
        " ntlm negotiate-sent ",
        " ntlm challenge-sent ",
        " ntlm authenticate-sent ",
        " ntlm authenticate-received ",
        "KEY_EXCH|",
        "|SEAL|SIGN|",
        "reason=\"wrong password\"",
        "reason=\"no such account\"",
        " ntlm sign sequence=0 ",
        " ntlm unseal sequence=",
        "status=0x8009030c",
    };
    for (size_t n = 0; n < sizeof wanted / sizeof wanted[0]; n++) {
        if (strstr(text, wanted[n]) == NULL) {
            fail_msg("no \"%s\" in\n%s", wanted[n], text);
        }
    }
    assert_true(ntlm_compute_nt_hash(u"correct horse", 13, hash));
    to_hex(hash, 16, hash_hex);
    assert_null(strstr(text, key_hex));
    assert_null(strstr(text, hash_hex));
    assert_null(strstr(text, TEST_PASSWORD));
    assert_null(strstr(text, "not this"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_work),    cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_cut_tokens),    cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_server_pairs),  cmocka_unit_test(test_clock),
        cmocka_unit_test(test_bindings),      cmocka_unit_test(test_minimum),
        cmocka_unit_test(test_configuration), cmocka_unit_test(test_small_output),
        cmocka_unit_test(test_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
