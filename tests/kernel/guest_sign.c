/* SPDX-License-Identifier: MIT */
/* Messages between an end in the kernel and one in user space: every form of context, both directions. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <opensspi.h>

#include "packages/ntlm/ntlm_packed.h"

static uint8_t data[DATA_MAX];

static void exchange(const struct end *from, const struct end *to, size_t size, uint32_t seed)
{
    uint8_t token[TOKEN_ROOM];
    size_t token_size = 0;
    kit_fill(data, size, seed);
    assert_int_equal(end_sign(from, data, size, token, &token_size), 0);
    assert_int_equal(end_verify(to, data, size, token, token_size), 0);
}

/* Established by the library in this process, a few messages exchanged, then the initiator goes down by the
 * library's own call: the numbers go on, and the handle in user space is gone. */
void test_ntlm_handed_down(void **state)
{
    (void)state;
    struct kit_side i, a;
    SspiErrorInfo error;
    LONG key = 0;
    kit_pair("NTLM", ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, 0, &i, &a);
    kit_exchange(&i.context, &a.context, "before", true);
    kit_exchange(&a.context, &i.context, "before, too", true);
    SECURITY_STATUS status = SspiKernelLoadContext(&i.context, "down", 0, &key, &error);
    if (status != SEC_E_OK)
        fail_msg("SspiKernelLoadContext: %08x %s", (unsigned)status, error.text);
    assert_int_equal(DeleteSecurityContext(&i.context), SEC_E_INVALID_HANDLE);
    for (uint32_t n = 0; n < 100; n++) {
        uint8_t token[TOKEN_ROOM];
        ULONG size = sizeof token;
        kit_fill(data, n, n);
        assert_int_equal(SspiKernelSign(key, 0, data, n, token, &size, NULL), SEC_E_OK);
        assert_int_equal(kit_verify(&a.context, data, n, token, size), SEC_E_OK);
        size = sizeof token;
        assert_int_equal(kit_sign(&a.context, data, 3 * n, token, &size), SEC_E_OK);
        token[5] ^= 1;
        assert_int_equal(SspiKernelVerify(key, 0, data, 3 * n, token, size, NULL), SEC_E_MESSAGE_ALTERED);
        token[5] ^= 1;
        assert_int_equal(SspiKernelVerify(key, 0, data, 3 * n, token, size, NULL), SEC_E_OK);
        assert_int_equal(SspiKernelVerify(key, 0, data, 3 * n, token, size, NULL), SEC_E_OUT_OF_SEQUENCE);
    }
    key_drop(key);
    assert_int_equal(SspiKernelVerify(key, 0, data, 0, data, 16, NULL), SEC_E_INVALID_HANDLE);
    i.has_context = false;
    kit_close(&i);
    kit_close(&a);
}

/* ---- the command ---- */

/* What it prints, without the newline. */
static int run_sspi(char *out, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int run_sspi(char *out, size_t room, const char *format, ...)
{
    char command[512] = "/bin/sspi ";
    va_list args;
    va_start(args, format);
    vsnprintf(command + strlen(command), sizeof command - strlen(command), format, args);
    va_end(args);
    char *words[16];
    size_t count = 0;
    for (char *word = strtok(command, " "); word && count < 15; word = strtok(NULL, " "))
        words[count++] = word;
    words[count] = NULL;
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        close(ends[0]);
        execv(words[0], words);
        _exit(127);
    }
    close(ends[1]);
    size_t size = 0;
    ssize_t n;
    while ((n = read(ends[0], out + size, room - 1 - size)) > 0)
        size += (size_t)n;
    close(ends[0]);
    out[size] = 0;
    out[strcspn(out, "\n")] = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define VERIFY "kernel verify %s --signature %s %s"

/* sspi kernel load-context, sign, verify: one end each of a Kerberos context, and the other in this process.
 */
void test_command_line(void **state)
{
    (void)state;
    struct packed i, a;
    struct end up;
    char key[64], signature[256], said[64];
    uint8_t token[TOKEN_ROOM];
    size_t size = 0;
    packed_krb5(KRB5_ETYPE_AES256_SHA1, KRB5_F_REPLAY, &i, &a);
    FILE *f = fopen("/tmp/context", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(i.bytes, 1, i.size, f), i.size);
    fclose(f);
    assert_int_equal(chmod("/tmp/context", 0600), 0);
    kit_write_file("message", "a message in a file\n");
    end_open(&up, &a, false, NULL);
    assert_int_equal(run_sspi(key, sizeof key, "kernel load-context /tmp/context"), 0);
    assert_int_equal(run_sspi(signature, sizeof signature, "kernel sign %s %s", key, kit_path("message")), 0);
    for (; size < strlen(signature) / 2; size++)
        assert_int_equal(sscanf(signature + 2 * size, "%2hhx", &token[size]), 1);
    assert_int_equal(end_verify(&up, "a message in a file\n", 20, token, size), 0);
    assert_int_equal(end_sign(&up, "a message in a file\n", 20, token, &size), 0);
    for (size_t n = 0; n < size; n++)
        snprintf(signature + 2 * n, 3, "%02x", token[n]);
    assert_int_equal(run_sspi(said, sizeof said, VERIFY, key, signature, kit_path("message")), 0);
    assert_int_equal(run_sspi(said, sizeof said, VERIFY, key, signature, kit_path("message")), 1);
    signature[50] ^= 1;
    assert_int_equal(run_sspi(said, sizeof said, VERIFY, key, signature, kit_path("message")), 1);
    key_drop(atoi(key));
    assert_int_equal(run_sspi(said, sizeof said, "kernel sign %s %s", key, kit_path("message")), 5);
    end_close(&up);
}

void test_hundred_each_way(void **state)
{
    (void)state;
    for (size_t f = 0; f < form_count; f++) {
        for (int kernel_initiates = 0; kernel_initiates < 2; kernel_initiates++) {
            struct packed i, a;
            struct end initiator, acceptor;
            form_packed(&forms[f], KRB5_F_REPLAY | KRB5_F_SEQUENCE, &i, &a);
            end_open(&initiator, &i, kernel_initiates, "initiator");
            end_open(&acceptor, &a, !kernel_initiates, "acceptor");
            for (uint32_t n = 0; n < 100; n++) {
                exchange(&initiator, &acceptor, n * 7 % 301, n);
                exchange(&acceptor, &initiator, n * 11 % 301, n);
            }
            end_close(&initiator);
            end_close(&acceptor);
        }
    }
}

void test_both_in_kernel(void **state)
{
    (void)state;
    for (size_t f = 0; f < form_count; f++) {
        struct packed i, a;
        struct end initiator, acceptor;
        form_packed(&forms[f], KRB5_F_REPLAY, &i, &a);
        end_open(&initiator, &i, true, "initiator");
        end_open(&acceptor, &a, true, "acceptor");
        for (uint32_t n = 0; n < 20; n++) {
            exchange(&initiator, &acceptor, n, n);
            exchange(&acceptor, &initiator, n, n);
        }
        end_close(&initiator);
        end_close(&acceptor);
    }
}

/* Around the blocks of every hash, and the most that a call takes. */
void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,   1,   43,  44,  47,  48,  55,  56,  63,   64,   65,   95,    96,   107,
                                   108, 111, 112, 119, 120, 127, 128, 129, 1023, 1024, 4095, 16384, 65535};
    for (size_t f = 0; f < form_count; f++) {
        struct packed i, a;
        struct end initiator, acceptor;
        form_packed(&forms[f], 0, &i, &a);
        end_open(&initiator, &i, true, "initiator");
        end_open(&acceptor, &a, false, "acceptor");
        for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
            exchange(&initiator, &acceptor, sizes[n], (uint32_t)n);
            exchange(&acceptor, &initiator, sizes[n], (uint32_t)n);
        }
        end_close(&initiator);
        end_close(&acceptor);
    }
}

/* MessageSeqNo reaches datagram contexts as enc=NUMBER; the library has it as an argument. */
void test_datagram(void **state)
{
    (void)state;
    struct packed i, a;
    struct end down, up;
    struct keyctl_pkey_query q;
    uint8_t token[TOKEN_ROOM];
    packed_ntlm(ISC_REQ_INTEGRITY | ISC_REQ_DATAGRAM | ISC_REQ_REPLAY_DETECT, &i, &a);
    end_open(&down, &i, true, "datagram");
    end_open(&up, &a, false, NULL);
    assert_int_equal(key_query(down.key, "", &q), 0);
    static const ULONG numbers[] = {1, 2, 9, 4, 0xffff0000u};
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
        char info[32];
        snprintf(info, sizeof info, "enc=%u", (unsigned)numbers[n]);
        SecBuffer buffers[2] = {{5, SECBUFFER_DATA, data}, {NTLM_TOKEN_SIZE, SECBUFFER_TOKEN, token}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
        assert_int_equal(key_sign(down.key, info, data, 5, token, q.max_sig_size), NTLM_TOKEN_SIZE);
        assert_int_equal(VerifySignature(&up.context, &desc, numbers[n] + 1, NULL), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(VerifySignature(&up.context, &desc, numbers[n], NULL), SEC_E_OK);
        assert_int_equal(MakeSignature(&up.context, 0, &desc, numbers[n]), SEC_E_OK);
        assert_int_equal(key_verify(down.key, "enc=77", data, 5, token, NTLM_TOKEN_SIZE), -1);
        assert_int_equal(errno, EILSEQ);
        assert_int_equal(key_verify(down.key, info, data, 5, token, NTLM_TOKEN_SIZE), 0);
        assert_int_equal(key_verify(down.key, info, data, 5, token, NTLM_TOKEN_SIZE), -1);
        assert_int_equal(errno, EILSEQ);
    }
    end_close(&down);
    end_close(&up);
}

/* ---- what is not genuine ---- */

static void flip_all(const struct end *from, const struct end *to, bool ntlm)
{
    uint8_t token[TOKEN_ROOM], text[24];
    size_t token_size = 0;
    kit_fill(text, sizeof text, 5);
    assert_int_equal(end_sign(from, text, sizeof text, token, &token_size), 0);
    for (size_t bit = 0; bit < 8 * token_size; bit++) {
        token[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int said = end_verify(to, text, sizeof text, token, token_size);
        /* NTLM's number is looked at first; the first byte of a MIC says which kind of token it is. */
        int want = ntlm && bit >= 96 ? EILSEQ : EBADMSG;
        if (said != want && !(said == EPROTO && !ntlm && bit < 8))
            fail_msg("bit %zu of the token: %d instead of %d", bit, said, want);
        token[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof text; bit++) {
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(end_verify(to, text, sizeof text, token, token_size), EBADMSG);
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(end_verify(to, text, sizeof text - 1, token, token_size), EBADMSG);
    assert_int_equal(end_verify(to, text, sizeof text, token, token_size), 0);
}

void test_bit_flips(void **state)
{
    (void)state;
    for (size_t f = 0; f < form_count; f++) {
        struct packed i, a;
        struct end initiator, acceptor;
        form_packed(&forms[f], KRB5_F_REPLAY | KRB5_F_SEQUENCE, &i, &a);
        end_open(&initiator, &i, false, NULL);
        end_open(&acceptor, &a, true, "acceptor");
        flip_all(&initiator, &acceptor, forms[f].etype == 0);
        /* Own tokens come back. */
        uint8_t token[TOKEN_ROOM];
        size_t size = 0;
        assert_int_equal(end_sign(&acceptor, "x", 1, token, &size), 0);
        int said = end_verify(&acceptor, "x", 1, token, size);
        assert_true(said == EBADMSG || said == EILSEQ);
        end_close(&initiator);
        end_close(&acceptor);
    }
}

struct sent {
    uint8_t text[8], token[TOKEN_ROOM];
    size_t size;
};

static void send_some(const struct end *from, struct sent *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kit_fill(s[i].text, sizeof s[i].text, (uint32_t)i);
        assert_int_equal(end_sign(from, s[i].text, sizeof s[i].text, s[i].token, &s[i].size), 0);
    }
}

static int take(const struct end *to, const struct sent *s)
{
    return end_verify(to, s->text, sizeof s->text, s->token, s->size);
}

/* Each line of sends and answers holds for the kernel and for user space alike. */
void test_replays_and_order(void **state)
{
    (void)state;
    for (int kernel = 0; kernel < 2; kernel++) {
        for (size_t f = 0; f < form_count; f++) {
            struct packed i, a;
            struct end from, to;
            struct sent s[4];
            bool ntlm = forms[f].etype == 0;
            form_packed(&forms[f], KRB5_F_REPLAY, &i, &a);
            end_open(&from, &i, !kernel, "from");
            end_open(&to, &a, kernel, "to");
            send_some(&from, s, 4);
            assert_int_equal(take(&to, &s[0]), 0);
            assert_int_equal(take(&to, &s[0]), EILSEQ);
            assert_int_equal(take(&to, &s[2]), ntlm ? EILSEQ : 0);
            assert_int_equal(take(&to, &s[1]), 0);
            assert_int_equal(take(&to, &s[1]), EILSEQ);
            assert_int_equal(take(&to, &s[2]), ntlm ? 0 : EILSEQ);
            assert_int_equal(take(&to, &s[3]), 0);
            end_close(&from);
            end_close(&to);
            if (ntlm)
                continue;
            /* In strict order a gap is refused, and then expected to be over. */
            form_packed(&forms[f], KRB5_F_REPLAY | KRB5_F_SEQUENCE, &i, &a);
            end_open(&from, &i, !kernel, "from");
            end_open(&to, &a, kernel, "to");
            send_some(&from, s, 4);
            assert_int_equal(take(&to, &s[0]), 0);
            assert_int_equal(take(&to, &s[2]), EILSEQ);
            assert_int_equal(take(&to, &s[1]), EILSEQ);
            assert_int_equal(take(&to, &s[3]), 0);
            end_close(&from);
            end_close(&to);
        }
    }
}

/* The packed context of an NTLM initiator that has one number left. */
static void last_number(const struct packed *from, struct packed *to)
{
    struct ntlm_packed p;
    char16_t *names = NULL;
    assert_int_equal(ntlm_packed_read(&p, &names, from->bytes, from->size), SEC_E_OK);
    p.protect.send.sequence = UINT32_MAX;
    to->package = from->package;
    to->size = ntlm_packed_size(&p);
    assert_true(to->size <= sizeof to->bytes);
    assert_true(ntlm_packed_write(&p, to->bytes, to->size));
    packages_heap_mem.release(names);
}

void test_numbers_used_up(void **state)
{
    (void)state;
    struct packed i, a, last;
    struct end e;
    uint8_t token[TOKEN_ROOM];
    size_t size = 0;
    packed_ntlm(ISC_REQ_INTEGRITY, &i, &a);
    last_number(&i, &last);
    end_open(&e, &last, true, "last");
    assert_int_equal(end_sign(&e, "x", 1, token, &size), 0);
    assert_int_equal(end_sign(&e, "x", 1, token, &size), EOVERFLOW);
    assert_int_equal(end_sign(&e, "x", 1, token, &size), EOVERFLOW);
    end_close(&e);
}
