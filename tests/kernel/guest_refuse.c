/* SPDX-License-Identifier: MIT */
/* What the kernel must refuse: damaged payloads, operations that a context has not, more than the quota. */
#include "guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ksec/payload.h"

static size_t payload_of(const struct packed *p, uint8_t *out)
{
    const struct ksec_payload payload = {{(const uint8_t *)p->package, strlen(p->package)},
                                         {p->bytes, p->size}};
    ksec_payload_write(&payload, out);
    return ksec_payload_size(&payload);
}

static void assert_refused(const uint8_t *payload, size_t size, const char *how, size_t at)
{
    key_id key = key_add("damaged", payload, size);
    if (key >= 0)
        fail_msg("a payload %s at %zu of %zu was taken", how, at, size);
    assert_true(errno == EINVAL || errno == EPFNOSUPPORT || errno == EPERM);
}

void test_truncated_payloads(void **state)
{
    (void)state;
    for (size_t f = 0; f < form_count; f++) {
        struct packed i, a;
        uint8_t bytes[4096];
        form_packed(&forms[f], KRB5_F_REPLAY, &i, &a);
        size_t size = payload_of(&i, bytes);
        for (size_t n = 0; n < size; n++)
            assert_refused(bytes, n, "cut", n);
        bytes[size] = 0;
        assert_refused(bytes, size + 1, "longer", size);
        /* The packed context cut, in a payload that is right. */
        for (size_t n = 1; n < i.size; n++) {
            struct packed cut = i;
            cut.size = n;
            size = payload_of(&cut, bytes);
            assert_refused(bytes, size, "with a cut context", n);
        }
        key_id key = key_load("whole", i.package, i.bytes, i.size);
        assert_true(key > 0);
        key_drop(key);
    }
}

static bool user_takes(const struct packed *p)
{
    CtxtHandle context;
    SecBuffer bytes = {(ULONG)p->size, SECBUFFER_EMPTY, (void *)(uintptr_t)p->bytes};
    if (ImportSecurityContextA((SEC_CHAR *)(uintptr_t)p->package, &bytes, NULL, &context) != SEC_E_OK)
        return false;
    DeleteSecurityContext(&context);
    return true;
}

/*
 * Every byte changed in three ways. Keys, numbers and names may be any: such a context is another one, not a
 * damaged one. So what is asked is that the kernel refuses exactly what ImportSecurityContext refuses, and
 * the whole of the payload's own head.
 */
void test_changed_payloads(void **state)
{
    (void)state;
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    for (size_t f = 0; f < form_count; f++) {
        struct packed i, a;
        uint8_t bytes[4096];
        size_t refused = 0, taken = 0;
        form_packed(&forms[f], KRB5_F_REPLAY, &i, &a);
        size_t size = payload_of(&i, bytes), head = size - i.size;
        for (size_t n = 0; n < 3 * head; n++) {
            bytes[n / 3] ^= masks[n % 3];
            assert_refused(bytes, size, "changed", n / 3);
            bytes[n / 3] ^= masks[n % 3];
        }
        for (size_t n = 0; n < 3 * i.size; n++) {
            i.bytes[n / 3] ^= masks[n % 3];
            bool user = user_takes(&i);
            key_id key = key_load("changed", i.package, i.bytes, i.size);
            if (user != (key > 0))
                fail_msg("%s, byte %zu ^ %02x: user space %d, kernel %d (%s)", forms[f].name, n / 3,
                         masks[n % 3], user, key > 0, strerror(errno));
            if (key > 0)
                key_drop(key);
            *(user ? &taken : &refused) += 1;
            i.bytes[n / 3] ^= masks[n % 3];
        }
        print_message("%s: %zu changes refused, %zu were another context\n", forms[f].name, refused, taken);
        assert_true(refused > 50);
    }
}

static void assert_error(long said, int want)
{
    int error = errno;
    assert_int_equal(said, -1);
    assert_int_equal(error, want);
}

void test_operations_refused(void **state)
{
    (void)state;
    static uint8_t data[DATA_MAX + 1];
    struct packed i, a;
    struct end e;
    uint8_t out[4096];
    struct keyctl_pkey_params p;
    packed_ntlm(ISC_REQ_INTEGRITY, &i, &a);
    end_open(&e, &i, true, "refuses");
    unsigned long key = (unsigned long)e.key;
    size_t size = payload_of(&i, out);
    assert_error(key_control(KEYCTL_READ, key, (unsigned long)out, sizeof out, 0), EOPNOTSUPP);
    assert_error(key_control(KEYCTL_UPDATE, key, (unsigned long)out, size, 0), EACCES);
    /* Permission does not help. */
    assert_int_equal(key_control(KEYCTL_SETPERM, key, 0x3f3f0000, 0, 0), 0);
    assert_error(key_control(KEYCTL_READ, key, (unsigned long)out, sizeof out, 0), EOPNOTSUPP);
    assert_error(key_control(KEYCTL_UPDATE, key, (unsigned long)out, size, 0), EOPNOTSUPP);
    assert_error(key_sign(e.key, "hash=md5", data, 1, out, 16), EINVAL);
    assert_error(key_sign(e.key, "enc=x", data, 1, out, 16), EINVAL);
    assert_error(key_sign(e.key, "enc=4294967296", data, 1, out, 16), ERANGE);
    assert_error(key_sign(e.key, "", data, sizeof data, out, 16), EINVAL);
    assert_error(key_sign(e.key, "", data, 1, out, 17), EINVAL);
    assert_error(key_sign(e.key, "", NULL, 1, out, 16), EFAULT);
    assert_error(key_verify(e.key, "", data, sizeof data, out, 16), EINVAL);
    p = (struct keyctl_pkey_params){.key_id = e.key, .in_len = 1, .out_len = 1};
    assert_error(key_control(KEYCTL_PKEY_ENCRYPT, (unsigned long)&p, (unsigned long)"", (unsigned long)data,
                             (unsigned long)out),
                 EINVAL);
    assert_error(key_control(KEYCTL_PKEY_DECRYPT, (unsigned long)&p, (unsigned long)"", (unsigned long)data,
                             (unsigned long)out),
                 EINVAL);
    p = (struct keyctl_pkey_params){.key_id = e.key, .in_len = 0, .out_len = 0};
    assert_error(key_control(KEYCTL_PKEY_ENCRYPT, (unsigned long)&p, (unsigned long)"", (unsigned long)data,
                             (unsigned long)out),
                 EOPNOTSUPP);
    /* None of it cost a number: the first signature is number 0. */
    assert_int_equal(key_sign(e.key, "", data, 1, out, 16), 16);
    assert_memory_equal(out + 12, "\0\0\0\0", 4);
    /* Of a package that is not here; of none. */
    assert_error(key_load("psk", "psk", i.bytes, i.size), EPFNOSUPPORT);
    assert_error(key_load("Negotiate", "Negotiate", i.bytes, i.size), EPFNOSUPPORT);
    assert_error(key_load("wrong", "Kerberos", i.bytes, i.size), EINVAL);
    assert_error(key_add("empty", NULL, 0), EINVAL);
    end_close(&e);
}

void test_query_and_describe(void **state)
{
    (void)state;
    for (size_t f = 0; f < form_count; f++) {
        static const uint16_t sizes[] = {16, 16, 28, 28, 32, 40};
        struct packed i, a;
        struct end e;
        struct keyctl_pkey_query q;
        char text[256] = "", token[TOKEN_ROOM];
        form_packed(&forms[f], 0, &i, &a);
        end_open(&e, &i, true, forms[f].name);
        assert_int_equal(key_query(e.key, "", &q), 0);
        assert_int_equal(q.supported_ops, KEYCTL_SUPPORTS_SIGN | KEYCTL_SUPPORTS_VERIFY);
        assert_int_equal(q.max_sig_size, sizes[f]);
        assert_int_equal(q.max_data_size, 65535);
        assert_int_equal(q.max_enc_size, 0);
        assert_int_equal(key_sign(e.key, "", "x", 1, token, q.max_sig_size), q.max_sig_size);
        assert_true(key_control(KEYCTL_DESCRIBE, (unsigned long)e.key, (unsigned long)text, sizeof text, 0) >
                    0);
        assert_non_null(strstr(text, "ssp_context;"));
        assert_non_null(strstr(text, forms[f].name));
        assert_true(key_count() > 0);
        end_close(&e);
    }
}

/* ---- as somebody else, in a child ---- */

static void as_user(uid_t user, int (*what)(void *arg), void *arg)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int said = 99;
        if (key_control(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) > 0 && setgid(user) == 0 &&
            setuid(user) == 0 && key_control(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) > 0)
            said = what(arg);
        _exit(said);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void write_number(const char *path, unsigned number)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%u\n", number);
    assert_int_equal(fclose(f), 0);
}

/* The kernel's default for everybody but root. */
enum { QUOTA = 20000 };

/* least: what a context of the package takes at least, its keys' schedules or cipher states alone. */
struct quota_case {
    struct packed packed;
    unsigned least;
};

/* Contexts until there is no quota for more; then all are dropped again. */
static unsigned fill_once(const struct packed *p)
{
    key_id keys[64];
    unsigned count = 0;
    for (; count < 64; count++) {
        char name[32];
        snprintf(name, sizeof name, "quota-%u", count);
        keys[count] = key_load(name, p->package, p->bytes, p->size);
        if (keys[count] < 0)
            break;
    }
    if (errno != EDQUOT)
        count = 0;
    for (unsigned n = 0; n < count; n++)
        key_drop(keys[n]);
    return count;
}

/* As many again when the first ones are gone: the collector gives quota back in its own time. */
static int fill_quota(void *arg)
{
    const struct quota_case *q = arg;
    unsigned first = fill_once(&q->packed), second = 0;
    for (unsigned n = 0; n < 200 && second != first; n++) {
        usleep(20000);
        second = fill_once(&q->packed);
    }
    printf("# %s contexts within a quota of %d bytes: %u, then %u\n", q->packed.package, QUOTA, first,
           second);
    fflush(stdout);
    unsigned most = QUOTA / (unsigned)(q->packed.size + q->least);
    return first >= 4 && first <= most && second == first ? 0 : 1;
}

void test_quota(void **state)
{
    (void)state;
    struct quota_case ntlm = {.least = 512}, krb5 = {.least = 2600};
    struct packed other;
    write_number("/proc/sys/kernel/keys/maxbytes", QUOTA);
    packed_ntlm(ISC_REQ_INTEGRITY, &ntlm.packed, &other);
    packed_krb5(KRB5_ETYPE_AES256_SHA1, KRB5_F_REPLAY, &krb5.packed, &other);
    /* A user each: the collector gives back what the first one had in its own time. */
    as_user(65534, fill_quota, &ntlm);
    as_user(65533, fill_quota, &krb5);
}

static int try_to_use(void *arg)
{
    const struct end *e = arg;
    char token[TOKEN_ROOM];
    if (key_sign(e->key, "", "x", 1, token, 16) != -1 || errno != EACCES)
        return 1;
    if (key_verify(e->key, "", "x", 1, token, 16) != -1 || errno != EACCES)
        return 2;
    struct keyctl_pkey_query q;
    return key_query(e->key, "", &q) == -1 && errno == EACCES ? 0 : 3;
}

/* The keyring's permissions decide: another user's process that has not got the key in its keyrings does not
 * sign. */
void test_permissions(void **state)
{
    (void)state;
    struct packed i, a;
    struct end e;
    packed_ntlm(ISC_REQ_INTEGRITY, &i, &a);
    end_open(&e, &i, true, "mine");
    as_user(65534, try_to_use, &e);
    end_close(&e);
}
