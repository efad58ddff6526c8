/* SPDX-License-Identifier: MIT */
/*
 * ct: does time depend on a secret? Under memcheck keys, chaining words, RC4 states and messages are marked
 * as undefined; a branch on them or an address made of them is then an error. tests/ct/run builds this with
 * the sources of protect and crypto by each compiler and optimisation, and runs it three times: as it is, and
 * with a leak planted in the comparison, by a branch and by an address, which must be found.
 *
 *     ct            TAP; the suppressions of rc4.supp are the one exception
 *     ct branch     the comparison ends at the first difference
 *     ct address    the comparison looks its bytes up in a table
 *
 * What becomes public is declassified here and in hook.h: the verdicts of comparisons, finished tokens,
 * sealed and opened data.
 *
 * Looked at: signing and verifying, one by one and together, under the initiator's key too, and sealing with
 * AES. Not looked at: making a context (nettle's tables for AES decryption schedules), and sealing with RC4.
 */
#include "ct.h"

#include <string.h>

#include <valgrind/memcheck.h>

#include "base/secret.h"
#include "crypto/lanes/kernels.h"
#include "crypto/lanes/lanes.h"

enum { MESSAGE_MAX = 2100 };

static enum { SOUND, BRANCH, ADDRESS } leak;
static unsigned tests, failed;
bool ct_has_aes;
static uint8_t message_bytes[MESSAGE_MAX];

static const size_t sizes[] = {0, 1, 16, 55, 64, 119, 200, 1024, 2049};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- what is public ---- */

/* base/secret.c's own, compiled under this name. */
bool ct_secret_equal(const void *a, const void *b, size_t size);

static bool equal_to_first_difference(const uint8_t *a, const uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static bool equal_by_table(const uint8_t *a, const uint8_t *b, size_t size)
{
    static volatile uint8_t same[256] = {1};
    uint8_t all = 1;
    for (size_t i = 0; i < size; i++)
        all &= same[a[i] ^ b[i]];
    return all == 1;
}

bool ct_planted_equal(const void *a, const void *b, size_t size, bool *equal)
{
    if (leak != SOUND)
        *equal = leak == BRANCH ? equal_to_first_difference(a, b, size) : equal_by_table(a, b, size);
    return leak != SOUND;
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    bool equal;
    if (!ct_planted_equal(a, b, size, &equal))
        equal = ct_secret_equal(a, b, size);
    (void)VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);
    return equal;
}

void ct_publish(void *bytes, size_t size)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(bytes, size);
}

void ct_hide(void *bytes, size_t size)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes, size);
}

/* ---- cases ---- */

static unsigned errors_before;

void ct_begin(void)
{
    errors_before = (unsigned)VALGRIND_COUNT_ERRORS;
}

void ct_end(bool right, const char *name)
{
    bool ok = right && (unsigned)VALGRIND_COUNT_ERRORS == errors_before;
    failed += !ok;
    printf("%s %u - %s\n", ok ? "ok" : "not ok", ++tests, name);
}

/* A message of that size, in two parts, its bytes hidden. */
static struct message message_of(struct span parts[2], size_t size)
{
    for (size_t i = 0; i < size; i++)
        message_bytes[i] = (uint8_t)(i * 31 + size);
    ct_hide(message_bytes, size);
    parts[0] = (struct span){message_bytes, size / 3};
    parts[1] = (struct span){message_bytes + size / 3, size - size / 3};
    return (struct message){parts, 2, 0};
}

void ct_hide_ntlm(struct ntlm_protect *p)
{
    struct ntlm_direction *directions[] = {&p->send, &p->receive};
    for (int i = 0; i < 2; i++) {
        ct_hide(&directions[i]->sign, sizeof directions[i]->sign);
        ct_hide(directions[i]->seal_key, sizeof directions[i]->seal_key);
        if (p->flags & NTLM_F_DATAGRAM)
            continue;
        /* Not rc4.i: it counts the bytes of key stream that were used. */
        ct_hide(directions[i]->u.rc4.s, sizeof directions[i]->u.rc4.s);
        ct_hide(&directions[i]->u.rc4.j, sizeof directions[i]->u.rc4.j);
    }
}

static void ntlm(const char *name, uint32_t flags)
{
    static const uint8_t key[NTLM_KEY_SIZE] = "0123456789abcde";
    struct ntlm_protect from, to;
    struct span parts[2];
    uint8_t token[NTLM_TOKEN_SIZE];
    bool right = true;
    ct_begin();
    ntlm_protect_init(&from, flags | NTLM_F_SIGN | NTLM_F_128, true, WINDOW_OFF, key);
    ntlm_protect_init(&to, flags | NTLM_F_SIGN | NTLM_F_128, false, WINDOW_OFF, key);
    ct_hide_ntlm(&from);
    ct_hide_ntlm(&to);
    for (size_t i = 0; i < SIZES; i++) {
        const struct message m = message_of(parts, sizes[i]);
        right &= ntlm_sign(&from, (uint32_t)i, &m, token) == PROTECT_OK;
        ct_publish(token, sizeof token);
        token[7] ^= 1;
        right &= ntlm_verify(&to, (uint32_t)i, &m, token) == PROTECT_ALTERED;
        token[7] ^= 1;
        right &= ntlm_verify(&to, (uint32_t)i, &m, token) == PROTECT_OK;
    }
    ct_end(right, name);
}

void ct_hide_krb5(struct krb5_protect *p)
{
    ct_hide(p->key.bytes, sizeof p->key.bytes);
    ct_hide(p->initiator.bytes, sizeof p->initiator.bytes);
    ct_hide(&p->send, sizeof p->send);
    ct_hide(&p->receive, sizeof p->receive);
}

static void krb5(const char *name, unsigned etype)
{
    struct krb5_start start = {.flags = KRB5_F_INTEG | KRB5_F_INITIATOR | KRB5_F_SEQUENCE,
                               .key.etype = (uint16_t)etype};
    struct krb5_protect from, to;
    struct span parts[2];
    uint8_t token[CT_TOKEN_MAX];
    uint64_t sequence;
    ct_begin();
    memset(start.key.bytes, 0x5a, sizeof start.key.bytes);
    bool right = krb5_protect_init(&from, &start);
    start.flags &= ~(uint32_t)KRB5_F_INITIATOR;
    right &= krb5_protect_init(&to, &start);
    ct_hide_krb5(&from);
    ct_hide_krb5(&to);
    size_t size = krb5_mic_size(&from);
    for (size_t i = 0; i < SIZES; i++) {
        const struct message m = message_of(parts, sizes[i]);
        right &= krb5_mic_make(&from, &m, token) == PROTECT_OK;
        ct_publish(token, size);
        token[size - 1] ^= 1;
        right &= krb5_mic_check(&to, NULL, &m, token, size, &sequence) == PROTECT_ALTERED;
        token[size - 1] ^= 1;
        right &= krb5_mic_check(&to, NULL, &m, token, size, &sequence) == PROTECT_OK;
        ct_publish(&sequence, sizeof sequence); /* RC4 encrypts it */
        right &= krb5_accept(&to, sequence) == PROTECT_OK;
    }
    ct_end(right, name);
}

static void hide_seal(struct krb5_seal *s)
{
    struct krb5_seal_keys *keys[] = {&s->send, &s->receive};
    struct crypto_aes *aes[] = {&s->send.encrypt, &s->receive.encrypt, &s->decrypt};
    for (int i = 0; i < 2; i++) {
        ct_hide(&keys[i]->integrity, sizeof keys[i]->integrity);
        ct_hide(&keys[i]->checksum, sizeof keys[i]->checksum);
    }
    for (int i = 0; i < 3; i++) /* rounds is the type's */
        ct_hide(aes[i]->words, sizeof aes[i]->words);
}

/* The peer signs with the initiator's key, under an acceptor's subkey that it has not taken up (RFC 4121, 2).
 * The keys are there before (prepared), or derived for each message. */
static void fallback(const char *name, unsigned etype, bool prepared)
{
    struct krb5_start start = {.flags = KRB5_F_INTEG | KRB5_F_INITIATOR | KRB5_F_SEQUENCE,
                               .key.etype = (uint16_t)etype};
    struct krb5_protect from, to;
    struct krb5_fallback keys;
    struct span parts[2];
    uint8_t token[CT_TOKEN_MAX];
    uint64_t sequence;
    char title[64];
    ct_begin();
    memset(start.key.bytes, 0x5a, sizeof start.key.bytes);
    bool right = krb5_protect_init(&from, &start);
    start.flags ^= KRB5_F_INITIATOR | KRB5_F_ACCEPTOR_SUBKEY;
    start.initiator = start.key;
    memset(start.key.bytes, 0xa5, sizeof start.key.bytes);
    right &= krb5_protect_init(&to, &start) && krb5_fallback_init(&keys, &to);
    ct_hide_krb5(&from);
    ct_hide_krb5(&to);
    ct_hide(&keys.mic, sizeof keys.mic);
    size_t size = krb5_mic_size(&from);
    for (size_t i = 0; i < SIZES; i++) {
        const struct message m = message_of(parts, sizes[i]);
        right &= krb5_mic_make(&from, &m, token) == PROTECT_OK;
        ct_publish(token, size);
        token[size - 1] ^= 1;
        right &= krb5_mic_check(&to, prepared ? &keys : NULL, &m, token, size, &sequence) == PROTECT_ALTERED;
        token[size - 1] ^= 1;
        right &= krb5_mic_check(&to, prepared ? &keys : NULL, &m, token, size, &sequence) == PROTECT_OK;
        right &= krb5_accept(&to, sequence) == PROTECT_OK;
    }
    snprintf(title, sizeof title, "%s, initiator's key, %s", name, prepared ? "prepared" : "derived");
    ct_end(right, title);
}

static void initiators_key(void)
{
    /* Deriving a key of RFC 3962 is AES, which is done in tables where the processor has none of its own. */
    for (int prepared = !ct_has_aes; prepared < 2; prepared++) {
        fallback("aes128-sha1", KRB5_ETYPE_AES128_SHA1, prepared);
        fallback("aes256-sha1", KRB5_ETYPE_AES256_SHA1, prepared);
    }
    for (int prepared = 0; prepared < 2; prepared++) {
        fallback("aes128-sha256", KRB5_ETYPE_AES128_SHA256, prepared);
        fallback("aes256-sha384", KRB5_ETYPE_AES256_SHA384, prepared);
    }
}

/* ---- sealed ---- */

static void sealed(const char *name, unsigned etype)
{
    static uint8_t data[MESSAGE_MAX], clear[MESSAGE_MAX];
    static const uint8_t confounder[KRB5_CONFOUNDER_SIZE] = "0123456789abcde";
    struct krb5_start start = {.flags = KRB5_F_INTEG | KRB5_F_CONF | KRB5_F_INITIATOR | KRB5_F_SEQUENCE,
                               .key.etype = (uint16_t)etype};
    struct krb5_protect from, to;
    struct krb5_seal seal, open;
    uint8_t token[128];
    char title[64];
    ct_begin();
    memset(start.key.bytes, 0x5a, sizeof start.key.bytes);
    bool right = krb5_protect_init(&from, &start);
    start.flags ^= KRB5_F_INITIATOR;
    right &= krb5_protect_init(&to, &start);
    krb5_seal_init(&seal, &from);
    krb5_seal_init(&open, &to);
    ct_hide_krb5(&from);
    ct_hide_krb5(&to);
    hide_seal(&seal);
    hide_seal(&open);
    for (size_t i = 0; i < SIZES; i++) {
        struct span part = {data, sizes[i]};
        const struct message m = {&part, 1, 1};
        struct krb5_token t = {token, krb5_wrap_size(&from, true, &m, false), NULL};
        struct krb5_unwrapped u;
        memset(data, (int)i, sizes[i]);
        memcpy(clear, data, sizes[i]);
        ct_hide(data, sizes[i]);
        right &= krb5_wrap(&from, &seal, true, &m, confounder, &t) == PROTECT_OK;
        ct_publish(token, t.size);
        ct_publish(data, sizes[i]);
        token[t.size - 1] ^= 1;
        right &= krb5_unwrap(&to, &open, NULL, &m, &t, &u) == PROTECT_ALTERED;
        token[t.size - 1] ^= 1;
        right &= krb5_unwrap(&to, &open, NULL, &m, &t, &u) == PROTECT_OK;
        ct_publish(data, sizes[i]);
        right &= krb5_accept(&to, u.sequence) == PROTECT_OK && memcmp(data, clear, sizes[i]) == 0;
    }
    snprintf(title, sizeof title, "%s, sealed", name);
    ct_end(right, title);
}

static void all_sealed(void)
{
    if (!ct_has_aes)
        return;
    sealed("aes128-sha1", KRB5_ETYPE_AES128_SHA1);
    sealed("aes256-sha1", KRB5_ETYPE_AES256_SHA1);
    sealed("aes128-sha256", KRB5_ETYPE_AES128_SHA256);
    sealed("aes256-sha384", KRB5_ETYPE_AES256_SHA384);
}

/* ---- many at once ---- */

enum { JOBS = 40 };

static void lanes(const char *kernels, const char *name, void (*hmac)(const struct lanes_job *, size_t),
                  void *key, size_t key_size)
{
    static uint8_t macs[JOBS][CRYPTO_SHA384_SIZE];
    struct lanes_job jobs[JOBS];
    struct span parts[2];
    char title[64];
    ct_begin();
    const struct message m = message_of(parts, MESSAGE_MAX);
    struct span piece[JOBS];
    ct_hide(key, key_size);
    for (size_t i = 0; i < JOBS; i++) {
        piece[i] = (struct span){m.parts[1].data, (i * 83) % (m.parts[1].size)};
        jobs[i] = (struct lanes_job){.key = key, .message = {.parts = &piece[i], .count = 1}, .mac = macs[i]};
    }
    hmac(jobs, JOBS);
    /* And alike, of sizes that end in different ways. */
    for (size_t size = 60; size <= 100; size += 4) {
        for (size_t i = 0; i < JOBS; i++) {
            piece[i].size = size;
            jobs[i].message.head = (struct span){m.parts[1].data, size % 8};
            jobs[i].message.tail = (struct span){m.parts[1].data, size % 8 ? 0 : 16};
        }
        hmac(jobs, JOBS - size % 3);
    }
    ct_publish(macs, sizeof macs);
    snprintf(title, sizeof title, "lanes, %s, %s", name, kernels);
    ct_end(true, title);
}

static void all_lanes(void)
{
    struct crypto_hmac_md5 md5;
    struct crypto_hmac_sha1 sha1;
    struct crypto_hmac_sha256 sha256;
    struct crypto_hmac_sha384 sha384;
    static const uint8_t key[16] = "0123456789abcde";
    size_t count;
    const struct lanes_kernels *const *all = lanes_kernels_all(&count);
    for (size_t i = 0; i < count; i++) {
        crypto_hmac_md5_init(&md5, key, sizeof key);
        crypto_hmac_sha1_init(&sha1, key, sizeof key);
        crypto_hmac_sha256_init(&sha256, key, sizeof key);
        crypto_hmac_sha384_init(&sha384, key, sizeof key);
        const struct lanes_kernels eager = lanes_kernels_eager(all[i]);
        lanes_kernels_force(&eager);
        lanes(all[i]->name, "md5", lanes_hmac_md5, &md5, sizeof md5);
        lanes(all[i]->name, "sha1", lanes_hmac_sha1, &sha1, sizeof sha1);
        lanes(all[i]->name, "sha256", lanes_hmac_sha256, &sha256, sizeof sha256);
        lanes(all[i]->name, "sha384", lanes_hmac_sha384, &sha384, sizeof sha384);
    }
    lanes_kernels_force(NULL);
}
int main(int argc, char **argv)
{
    if (!RUNNING_ON_VALGRIND) {
        fprintf(stderr, "ct: nothing is seen without memcheck\n");
        return 2;
    }
#ifdef __x86_64__
    ct_has_aes = __builtin_cpu_supports("aes");
#endif
    leak = argc < 2 ? SOUND : strcmp(argv[1], "branch") == 0 ? BRANCH : ADDRESS;
    ntlm("ntlm with key exchange", NTLM_F_ESS | NTLM_F_KEY_EXCH);
    ntlm("ntlm without key exchange", NTLM_F_ESS);
    ntlm("ntlm, datagram", NTLM_F_ESS | NTLM_F_KEY_EXCH | NTLM_F_DATAGRAM);
    krb5("aes128-sha1", KRB5_ETYPE_AES128_SHA1);
    krb5("aes256-sha1", KRB5_ETYPE_AES256_SHA1);
    krb5("aes128-sha256", KRB5_ETYPE_AES128_SHA256);
    krb5("aes256-sha384", KRB5_ETYPE_AES256_SHA384);
    krb5("rc4-hmac", KRB5_ETYPE_RC4);
    initiators_key();
    all_sealed();
    all_lanes();
    ct_api();
    printf("1..%u\n", tests);
    return failed != 0;
}
