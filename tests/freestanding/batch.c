/* SPDX-License-Identifier: MIT */
/*
 * protect/ntlm_batch beside ntlm_sign and ntlm_verify: the same tokens, verdicts and states, bit for bit,
 * also where tokens are altered. A main without libc: 0, or the number of the comparison that failed.
 */
#include "protect/ntlm_batch.h"

enum { MESSAGES = 40, SEEDS = 50, SIDES = 4 };

static uint32_t seed;

static uint8_t draw(void)
{
    seed = seed * 1664525 + 1013904223;
    return (uint8_t)(seed >> 24);
}

/* Each context twice. */
struct twins {
    struct ntlm_protect whole[SIDES], pieces[SIDES];
};

static void begin(struct twins *t, uint32_t flags, bool client, uint8_t key[16])
{
    for (int m = 0; m < SIDES; m++) {
        key[0] = (uint8_t)m;
        ntlm_protect_init(&t->whole[m], flags, client, WINDOW_OFF, key);
        t->pieces[m] = t->whole[m];
    }
}

static void mac(const struct ntlm_direction *d, const struct message *m, struct ntlm_batch *w)
{
    const struct crypto_message covered = {
        .head = {w->number, sizeof w->number}, .parts = m->parts, .count = m->count};
    crypto_hmac_md5(&d->sign, &covered, w->mac);
}

static int make(struct twins *t, const struct message *m, uint8_t tokens[SIDES][NTLM_TOKEN_SIZE])
{
    struct ntlm_protect *const p[SIDES] = {&t->pieces[0], &t->pieces[1], &t->pieces[2], &t->pieces[3]};
    struct ntlm_batch w[SIDES];
    bool together = ntlm_batch_send_4(p, w);
    for (int i = 0; i < SIDES; i++) {
        uint8_t other[NTLM_TOKEN_SIZE];
        if (ntlm_sign(&t->whole[i], 0, m, tokens[i]) != PROTECT_OK)
            return 1;
        if (!together && ntlm_batch_send(p[i], &w[i]) != PROTECT_OK)
            return 2;
        mac(&p[i]->send, m, &w[i]);
        ntlm_batch_token(&w[i], other);
        if (memcmp(other, tokens[i], sizeof other) != 0 || memcmp(&t->whole[i], p[i], sizeof *p[i]) != 0)
            return 3;
    }
    return 0;
}

static int check(struct twins *t, const struct message *m, uint8_t tokens[SIDES][NTLM_TOKEN_SIZE])
{
    struct ntlm_protect *const p[SIDES] = {&t->pieces[0], &t->pieces[1], &t->pieces[2], &t->pieces[3]};
    struct ntlm_batch w[SIDES];
    for (int i = 0; i < SIDES; i++) {
        ntlm_batch_number(&w[i], tokens[i]);
        mac(&p[i]->receive, m, &w[i]);
    }
    bool together = ntlm_batch_receive_4(p, w);
    for (int i = 0; i < SIDES; i++) {
        enum protect_verdict verdict = together ? PROTECT_OK : ntlm_batch_receive(p[i], &w[i]);
        if (verdict == PROTECT_OK)
            verdict = ntlm_batch_judge(p[i], &w[i], tokens[i]);
        if (verdict != ntlm_verify(&t->whole[i], 0, m, tokens[i]))
            return 4;
        if (memcmp(&t->whole[i], p[i], sizeof *p[i]) != 0)
            return 5;
    }
    return 0;
}

/* Altered first, each now and then and anywhere; then as they were made. */
static int exchange(struct twins *makers, struct twins *checkers)
{
    uint8_t data[30], tokens[SIDES][NTLM_TOKEN_SIZE], altered[SIDES][NTLM_TOKEN_SIZE];
    const struct span part = {data, sizeof data};
    const struct message m = {&part, 1, 0};
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = draw();
    int wrong = make(makers, &m, tokens);
    memcpy(altered, tokens, sizeof altered);
    for (int i = 0; i < SIDES; i++)
        altered[i][draw() % NTLM_TOKEN_SIZE] ^= 1;
    if (wrong == 0)
        wrong = check(checkers, &m, altered);
    return wrong == 0 ? check(checkers, &m, tokens) : wrong;
}

static int compare(void)
{
    static struct twins makers, checkers;
    for (seed = 0; seed < SEEDS; seed++) {
        const uint32_t kept = seed, exchanged = kept % 3 != 0 ? NTLM_F_KEY_EXCH : 0;
        const uint32_t flags = NTLM_F_ESS | NTLM_F_SIGN | NTLM_F_128 | exchanged;
        uint8_t key[16];
        for (size_t i = 0; i < sizeof key; i++)
            key[i] = draw();
        begin(&makers, flags, true, key);
        begin(&checkers, flags, false, key);
        for (int n = 0; n < MESSAGES; n++) {
            int wrong = exchange(&makers, &checkers);
            if (wrong != 0)
                return wrong;
        }
        seed = kept;
    }
    return 0;
}

void vectors_run(void (*line)(const char *text, size_t size))
{
    static const char *const said[] = {
        "same",     "ntlm_sign",         "ntlm_batch_send", "tokens or states of makers",
        "verdicts", "states of checkers"};
    const char *text = said[compare()];
    size_t size = 0;
    while (text[size])
        size++;
    line(text, size);
}
