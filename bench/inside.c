/* SPDX-License-Identifier: MIT */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/lanes/kernels.h"
#include "crypto/lanes/lanes.h"

enum { HEAD = 16, LANES = 128 };

struct inside {
    enum raw_kind kind;
    size_t lanes, mac; /* mac: bytes of it in a token */
    union {
        struct crypto_hmac_md5 md5;
        struct crypto_hmac_sha1 sha1;
        struct crypto_hmac_sha256 sha256;
        struct crypto_hmac_sha384 sha384;
    } key;
    struct crypto_rc4 rc4[2]; /* make, check */
    uint64_t sequence[2];
    struct span parts[LANES];
    uint8_t macs[LANES][CRYPTO_SHA384_SIZE];
    struct lanes_job jobs[LANES];
};

void *inside_open(const struct worker_candidate *c)
{
    static const size_t macs[] = {[RAW_MD5_RC4] = 8, [RAW_SHA1] = 12, [RAW_SHA256] = 16, [RAW_SHA384] = 24};
    struct inside *s = calloc(1, sizeof *s);
    uint8_t key[16];
    if (s == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i * 11 + 3);
    s->kind = (enum raw_kind)c->parameter;
    s->lanes = c->multiple;
    s->mac = macs[s->kind];
    crypto_rc4_init(&s->rc4[0], key, sizeof key);
    s->rc4[1] = s->rc4[0];
    if (s->kind == RAW_MD5_RC4)
        crypto_hmac_md5_init(&s->key.md5, key, sizeof key);
    else if (s->kind == RAW_SHA1)
        crypto_hmac_sha1_init(&s->key.sha1, key, sizeof key);
    else if (s->kind == RAW_SHA256)
        crypto_hmac_sha256_init(&s->key.sha256, key, sizeof key);
    else
        crypto_hmac_sha384_init(&s->key.sha384, key, sizeof key);
    return s;
}

/* The token but for its checksum, and what the checksum covers. */
static struct crypto_message begin(struct inside *s, int which, const struct span *part, uint8_t *token)
{
    struct crypto_message m = {.parts = part, .count = 1};
    uint64_t sequence = s->sequence[which]++;
    if (s->kind == RAW_MD5_RC4) {
        uint32_t number = (uint32_t)sequence;
        memcpy(token, "\1\0\0\0", 4);
        memcpy(token + 12, &number, 4);
        m.head = (struct span){token + 12, 4};
    } else {
        sequence = __builtin_bswap64(sequence);
        memcpy(token, "\4\4\4\xff\xff\xff\xff\xff", 8);
        memcpy(token + 8, &sequence, 8);
        m.tail = (struct span){token, HEAD};
    }
    return m;
}

static void end(struct inside *s, int which, const uint8_t *mac, uint8_t *token)
{
    if (s->kind == RAW_MD5_RC4)
        crypto_rc4(&s->rc4[which], mac, token + 4, 8);
    else
        memcpy(token + HEAD, mac, s->mac);
}

static void one(struct inside *s, int which, const struct span *part, uint8_t *token)
{
    uint8_t mac[CRYPTO_SHA384_SIZE];
    struct crypto_message m = begin(s, which, part, token);
    if (s->kind == RAW_MD5_RC4)
        crypto_hmac_md5(&s->key.md5, &m, mac);
    else if (s->kind == RAW_SHA1)
        crypto_hmac_sha1(&s->key.sha1, &m, mac);
    else if (s->kind == RAW_SHA256)
        crypto_hmac_sha256(&s->key.sha256, &m, mac);
    else
        crypto_hmac_sha384(&s->key.sha384, &m, mac);
    end(s, which, mac, token);
}

static void together(struct inside *s, const struct worker_job *job, size_t first)
{
    static void (*const hmacs[])(const struct lanes_job *, size_t) = {
        [RAW_MD5_RC4] = lanes_hmac_md5,
        [RAW_SHA1] = lanes_hmac_sha1,
        [RAW_SHA256] = lanes_hmac_sha256,
        [RAW_SHA384] = lanes_hmac_sha384,
    };
    for (size_t i = 0; i < s->lanes; i++) {
        s->parts[i] = (struct span){job->data, job->size};
        s->jobs[i].key = &s->key;
        s->jobs[i].message = begin(s, 0, &s->parts[i], job->tokens + (first + i) * WORKER_TOKEN_ROOM);
        s->jobs[i].mac = s->macs[i];
    }
    hmacs[s->kind](s->jobs, s->lanes);
    for (size_t i = 0; i < s->lanes; i++)
        end(s, 0, s->macs[i], job->tokens + (first + i) * WORKER_TOKEN_ROOM);
}

bool inside_make(void *state, const struct worker_job *job)
{
    struct inside *s = state;
    const struct span part = {job->data, job->size};
    if (s->lanes == 0)
        for (size_t i = 0; i < job->count; i++)
            one(s, 0, &part, job->tokens + i * WORKER_TOKEN_ROOM);
    else
        for (size_t i = 0; i < job->count; i += s->lanes)
            together(s, job, i);
    return true;
}

bool inside_check(void *state, const struct worker_job *job)
{
    struct inside *s = state;
    const struct span part = {job->data, job->size};
    uint8_t expected[WORKER_TOKEN_ROOM];
    size_t size = s->kind == RAW_MD5_RC4 ? 16 : HEAD + s->mac;
    uint64_t differ = 0;
    for (size_t i = 0; i < job->count; i++) {
        one(s, 1, &part, expected);
        differ |= raw_difference(expected, job->tokens + i * WORKER_TOKEN_ROOM, size);
    }
    return differ == 0;
}

void inside_kernels(const char *name)
{
    size_t count;
    const struct lanes_kernels *const *all = lanes_kernels_all(&count);
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (strcmp(all[i]->name, name) == 0) {
            lanes_kernels_force(all[i]);
            return;
        }
    }
    if (name != NULL) {
        fprintf(stderr, "bench_inside: no kernels %s here\n", name);
        exit(2);
    }
}
