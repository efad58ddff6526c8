/* SPDX-License-Identifier: MIT */
/*
 * What runs in the booted kernel of ./run kernel: a cmocka program that is the machine's first process. Its
 * TAP goes to the second serial line; the kernel has the first one.
 *
 * An end is one side of an established context, in user space (the library's handle) or in the kernel (a key
 * of type ssp_context). Tests are written against ends, so that each can be either.
 */
#ifndef OPENSSPI_TESTS_KERNEL_GUEST_H
#define OPENSSPI_TESTS_KERNEL_GUEST_H

#include "testkit.h"

#include <linux/keyctl.h>
#include <sys/types.h>

#include "protect/krb5.h"

typedef int32_t key_id;

/* ---- guest_keys.c: system calls as they are; -1 with errno ---- */

key_id key_add(const char *description, const void *payload, size_t size);
/* The payload of a packed context of that package, and then key_add. */
key_id key_load(const char *description, const char *package, const void *packed, size_t size);
long key_sign(key_id key, const char *info, const void *data, size_t size, void *token, size_t room);
long key_verify(key_id key, const char *info, const void *data, size_t size, const void *token,
                size_t token_size);
long key_query(key_id key, const char *info, struct keyctl_pkey_query *out);
long key_control(int operation, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
/* Revoked and gone from the keyring. */
void key_drop(key_id key);
/* Keys of the type that /proc/keys lists. */
unsigned key_count(void);

/* ---- guest_contexts.c ---- */

struct end {
    bool kernel;
    key_id key;
    CtxtHandle context;
};

/* A packed context of one side. */
struct packed {
    const char *package;
    uint8_t bytes[2048];
    size_t size;
};

/* NTLM: a handshake of the library with itself. Kerberos: both sides from one key. */
void packed_ntlm(ULONG flags, struct packed *initiator, struct packed *acceptor);
void packed_krb5(uint16_t etype, uint32_t flags, struct packed *initiator, struct packed *acceptor);
/* Handed to one of the two. The description is for the kernel's. */
void end_open(struct end *e, const struct packed *from, bool kernel, const char *description);
void end_close(struct end *e);
/* 0 or what ssp_ksec(4) documents, with the library's statuses mapped to the same. */
int end_sign(const struct end *e, const void *data, size_t size, uint8_t *token, size_t *token_size);
int end_verify(const struct end *e, const void *data, size_t size, const uint8_t *token, size_t token_size);

/* ---- the forms of contexts that tests go through ---- */

struct form {
    const char *name;
    uint16_t etype; /* 0: NTLM */
    ULONG flags;    /* NTLM: ISC_REQ_* */
};
extern const struct form forms[];
extern const size_t form_count;
/* Both sides packed; krb5_flags: window flags (KRB5_F_REPLAY, ...) where it is Kerberos. */
void form_packed(const struct form *f, uint32_t krb5_flags, struct packed *initiator,
                 struct packed *acceptor);

enum { TOKEN_ROOM = 64, DATA_MAX = 65535 };

/* ---- modules and /proc/ssp_ksec_test ---- */

/* 0 or an errno. */
int module_load(const char *name, const char *parameters);
int module_unload(const char *name);
/* The command's answer, terminated, in a static buffer; fails the test where the command fails. */
const char *test_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- the tests ---- */

void test_vectors(void **state);
void test_ntlm_handed_down(void **state);
void test_command_line(void **state);
void test_hundred_each_way(void **state);
void test_both_in_kernel(void **state);
void test_sizes(void **state);
void test_datagram(void **state);
void test_bit_flips(void **state);
void test_replays_and_order(void **state);
void test_numbers_used_up(void **state);
void test_truncated_payloads(void **state);
void test_changed_payloads(void **state);
void test_operations_refused(void **state);
void test_query_and_describe(void **state);
void test_quota(void **state);
void test_permissions(void **state);
void test_ends_of_keys(void **state);
void test_revoked_while_signing(void **state);
void test_expired_while_signing(void **state);
void test_invalidated_while_signing(void **state);
void test_four_threads(void **state);
void test_kernel_threads(void **state);
void test_softirq(void **state);
void test_sample_module(void **state);
void test_module_in_use(void **state);
void test_rc4(void **state);

#endif
