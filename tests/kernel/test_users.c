/* SPDX-License-Identifier: MIT */
/* Users of ssp_ksec inside the kernel: threads, softirqs, code that must not sleep; and how many
 * instructions. */
#include "test_module.h"

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/key.h>
#include <linux/kthread.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#include "ksec/linux/ssp_ksec.h"

enum { THREADS = 4, ROUNDS = 400, TEXT = 40 };

struct pair {
    struct key *from, *to;
};

static int pair_open(struct pair *p, const char *from, const char *to)
{
    p->from = request_key(&key_type_ssp_context, from, NULL);
    if (IS_ERR(p->from))
        return PTR_ERR(p->from);
    p->to = request_key(&key_type_ssp_context, to, NULL);
    if (!IS_ERR(p->to))
        return 0;
    key_put(p->from);
    return PTR_ERR(p->to);
}

static void pair_close(struct pair *p)
{
    key_put(p->from);
    key_put(p->to);
}

/* ---- threads ---- */

/* One message per thread and round; what was made stays for the order to be looked at. */
struct made {
    u8 text[TEXT];
    u8 token[SSP_SIGNATURE_MAX];
    size_t size;
};

struct worker {
    const struct pair *pair;
    struct made *made; /* ROUNDS */
    bool verify;       /* each at once; else afterwards, in order */
    int error;
    struct completion done;
};

static void message(struct made *m, struct kvec parts[3])
{
    parts[0] = (struct kvec){m->text, 5};
    parts[1] = (struct kvec){m->text + 5, TEXT - 5};
    parts[2] = (struct kvec){NULL, 0};
}

static int make(const struct pair *p, struct made *m, unsigned seed)
{
    struct kvec parts[3];
    memset(m->text, (int)seed, sizeof m->text);
    memcpy(m->text, &seed, sizeof seed);
    m->size = sizeof m->token;
    message(m, parts);
    return ssp_make_signature(p->from, parts, 3, m->token, &m->size, 0);
}

static int check(const struct pair *p, struct made *m)
{
    struct kvec parts[3];
    message(m, parts);
    return ssp_verify_signature(p->to, parts, 3, m->token, m->size, 0);
}

static int work(void *arg)
{
    struct worker *w = arg;
    for (unsigned i = 0; !w->error && i < ROUNDS; i++) {
        w->error = make(w->pair, &w->made[i], (unsigned)(uintptr_t)w + i);
        if (!w->error && w->verify)
            w->error = check(w->pair, &w->made[i]);
        if (i % 16 == 0)
            cond_resched();
    }
    complete(&w->done);
    return 0;
}

static void start(struct worker *w)
{
    init_completion(&w->done);
    struct task_struct *task = kthread_run(work, w, "ssp_ksec_test");
    if (IS_ERR(task)) {
        w->error = PTR_ERR(task);
        complete(&w->done);
    }
}

/* A token's number: four bytes little-endian with NTLM, eight big-endian in a MIC. */
static u64 number_of(const struct made *m)
{
    return m->size == 16 ? get_unaligned_le32(m->token + 12) : get_unaligned_be64(m->token + 8);
}

/* Every number from the first one on exactly once; with in_order they verify in that order, too. */
static void numbers(const struct pair *p, struct made *all, bool in_order)
{
    struct made **by_number = kvcalloc(THREADS * ROUNDS, sizeof *by_number, GFP_KERNEL);
    u64 first = U64_MAX;
    unsigned bad = 0;
    if (!by_number) {
        answer("FAIL memory");
        return;
    }
    for (unsigned i = 0; i < THREADS * ROUNDS; i++)
        first = min(first, number_of(&all[i]));
    for (unsigned i = 0; i < THREADS * ROUNDS; i++) {
        u64 n = number_of(&all[i]) - first;
        if (n >= THREADS * ROUNDS || by_number[n])
            bad++;
        else
            by_number[n] = &all[i];
    }
    answer("%s %u of %u numbers missing or twice", bad ? "FAIL" : "ok", bad, THREADS * ROUNDS);
    for (unsigned i = 0; in_order && !bad && i < THREADS * ROUNDS; i++) {
        int error = check(p, by_number[i]);
        if (error) {
            answer("FAIL message %u: %d", i, error);
            break;
        }
        cond_resched();
    }
    kvfree(by_number);
}

int users_threads(const char *from, const char *to)
{
    struct worker workers[THREADS] = {0};
    struct pair p;
    int error = pair_open(&p, from, to);
    if (error)
        return error;
    struct made *all = vzalloc(THREADS * ROUNDS * sizeof *all);
    if (!all) {
        pair_close(&p);
        return -ENOMEM;
    }
    /* NTLM is verified in the order of its numbers alone. */
    bool at_once = !strstr(from, "ntlm");
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.pair = &p, .made = all + i * ROUNDS, .verify = at_once};
        start(&workers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        wait_for_completion(&workers[i].done);
        answer("%s thread %u: %d", workers[i].error ? "FAIL" : "ok", i, workers[i].error);
        error |= workers[i].error;
    }
    if (!error)
        numbers(&p, all, !at_once);
    vfree(all);
    pair_close(&p);
    return 0;
}

/* ---- where sleeping is not allowed ---- */

struct softirq {
    struct tasklet_struct tasklet;
    const struct pair *pair;
    struct made made;
    int error;
    struct completion done;
};

static void sign_there(struct tasklet_struct *t)
{
    struct softirq *s = from_tasklet(s, t, tasklet);
    s->error = make(s->pair, &s->made, 1);
    if (!s->error)
        s->error = check(s->pair, &s->made);
    complete(&s->done);
}

int users_softirq(const char *from, const char *to)
{
    struct pair p;
    int error = pair_open(&p, from, to);
    if (error)
        return error;
    struct softirq *s = kzalloc(sizeof *s, GFP_KERNEL);
    if (!s) {
        pair_close(&p);
        return -ENOMEM;
    }
    s->pair = &p;
    for (unsigned i = 0; !error && i < 100; i++) {
        init_completion(&s->done);
        tasklet_setup(&s->tasklet, sign_there);
        tasklet_schedule(&s->tasklet);
        wait_for_completion(&s->done);
        tasklet_kill(&s->tasklet);
        error = s->error;
        if (error)
            break;
        preempt_disable();
        error = make(&p, &s->made, i);
        if (!error)
            error = check(&p, &s->made);
        preempt_enable();
    }
    answer("%s softirq: %d", error ? "FAIL" : "ok", error);
    kfree(s);
    pair_close(&p);
    return 0;
}

/* ---- instructions ---- */

/* Under -icount the cycle counter counts instructions. Interrupts are masked by running with the least of
 * many. */
int users_count(const char *from, unsigned size)
{
    struct key *key = request_key(&key_type_ssp_context, from, NULL);
    if (IS_ERR(key))
        return PTR_ERR(key);
    u8 token[SSP_SIGNATURE_MAX];
    u8 *data = kvzalloc(size, GFP_KERNEL);
    struct kvec part = {data, size};
    u64 least = U64_MAX;
    int error = data ? 0 : -ENOMEM;
    for (unsigned i = 0; !error && i < 50; i++) {
        size_t room = sizeof token;
        u64 before = get_cycles();
        error = ssp_make_signature(key, &part, 1, token, &room, 0);
        least = min(least, (u64)get_cycles() - before);
    }
    if (!error)
        answer("%llu", least);
    kvfree(data);
    key_put(key);
    return error;
}
