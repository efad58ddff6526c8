/* SPDX-License-Identifier: MIT */
/* Modules: the vectors in the kernel, the sample that signs from another module, unloading and its parameter.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <opensspi.h>

#include "vectors.h"

void transcript_run(void (*line)(const char *text, size_t size));

int module_load(const char *name, const char *parameters)
{
    char path[128];
    snprintf(path, sizeof path, "/modules/%s.ko", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = syscall(SYS_finit_module, fd, parameters, 0) == 0 ? 0 : errno;
    close(fd);
    return error;
}

int module_unload(const char *name)
{
    return syscall(SYS_delete_module, name, O_NONBLOCK) == 0 ? 0 : errno;
}

const char *test_command(const char *format, ...)
{
    static char answer[1 << 20];
    char command[128];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    int fd = open("/proc/ssp_ksec_test", O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    if (write(fd, command, (size_t)size) != size)
        fail_msg("%s: %s", command, strerror(errno));
    size_t total = 0;
    ssize_t n;
    lseek(fd, 0, SEEK_SET);
    while ((n = read(fd, answer + total, sizeof answer - 1 - total)) > 0)
        total += (size_t)n;
    close(fd);
    answer[total] = 0;
    return answer;
}

/* ---- vectors ---- */

static char own[1 << 20];
static size_t own_size;

static void line(const char *text, size_t size)
{
    assert_true(own_size + size + 1 < sizeof own);
    memcpy(own + own_size, text, size);
    own_size += size;
    own[own_size++] = '\n';
}

static unsigned count_lines(const char *text, const char *start)
{
    unsigned count = 0;
    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        count += strncmp(at, start, strlen(start)) == 0;
    return count;
}

static void print_failures(const char *lines)
{
    for (const char *at = lines; *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (!strncmp(at, "FAIL", 4))
            printf("# %.*s\n", (int)strcspn(at, "\n"), at);
}

/*
 * The same files run here on the library's primitives, whose transcript independent programs judge in ./run
 * test, and in the kernel on its own: every line must be the same, and no published vector may fail.
 */
void test_vectors(void **state)
{
    (void)state;
    own_size = 0;
    vectors_run(line);
    transcript_run(line);
    own[own_size] = 0;
    const char *said = test_command("%s", access("/corrupt", F_OK) == 0 ? "corrupt" : "vectors");
    print_message("%u published results, %u lines of transcript\n", count_lines(said, "ok "),
                  count_lines(said, "t "));
    print_failures(said);
    assert_int_equal(count_lines(said, "FAIL"), 0);
    assert_true(count_lines(said, "ok ") >= 50);
    assert_true(count_lines(said, "t ") >= 600);
    assert_int_equal(strlen(said), own_size);
    for (size_t n = 0; n < own_size; n++)
        if (said[n] != own[n])
            fail_msg("the kernel's transcript differs at byte %zu of %zu", n, own_size);
}

/* ---- the sample ---- */

/* Lines of the log that begin with the sample's name and `what`, from here on. */
static int log_open(void)
{
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    lseek(fd, 0, SEEK_END);
    return fd;
}

static unsigned log_count(int fd, const char *what)
{
    char record[2048];
    unsigned count = 0;
    ssize_t n;
    while ((n = read(fd, record, sizeof record - 1)) > 0) {
        record[n] = 0;
        count += strstr(record, what) != NULL;
    }
    return count;
}

void test_sample_module(void **state)
{
    (void)state;
    for (size_t f = 0; f < form_count; f++) {
        struct packed i, a;
        struct end from, to;
        form_packed(&forms[f], KRB5_F_REPLAY, &i, &a);
        end_open(&from, &i, true, "sample-from");
        end_open(&to, &a, true, "sample-to");
        int log = log_open();
        assert_int_equal(module_load("ssp_ksec_sample", "context=sample-from peer=sample-to"), 0);
        assert_int_equal(log_count(log, "ssp_ksec_sample: ok "), 8);
        close(log);
        assert_int_equal(module_unload("ssp_ksec_sample"), 0);
        end_close(&from);
        end_close(&to);
    }
    assert_int_equal(module_load("ssp_ksec_sample", "context=nobody peer=nobody"), ENOKEY);
}

/* ---- unloading ---- */

/* The collector destroys keys in its own time. */
static void await_no_keys(void)
{
    key_control(KEYCTL_CLEAR, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
    for (unsigned n = 0; n < 3000 && key_count() > 0; n++)
        usleep(10000);
    assert_int_equal(key_count(), 0);
}

static int unload_when_idle(void)
{
    int error = EAGAIN;
    for (unsigned n = 0; n < 3000 && (error == EAGAIN || error == EBUSY || error == EWOULDBLOCK); n++) {
        error = module_unload("ssp_ksec");
        if (error)
            usleep(10000);
    }
    return error;
}

void test_module_in_use(void **state)
{
    (void)state;
    struct packed i, a;
    struct end e;
    packed_ntlm(ISC_REQ_INTEGRITY, &i, &a);
    end_open(&e, &i, true, "in use");
    assert_int_equal(module_unload("ssp_ksec_test"), 0);
    assert_int_not_equal(module_unload("ssp_ksec"), 0);
    uint8_t token[TOKEN_ROOM];
    assert_int_equal(key_sign(e.key, "", "x", 1, token, 16), 16);
    end_close(&e);
    await_no_keys();
    assert_int_equal(unload_when_idle(), 0);
    assert_int_equal(key_load("without", i.package, i.bytes, i.size), -1);
    assert_int_equal(errno, ENODEV);
    /* Without the module the library says so, and the context stays usable where it is. */
    struct kit_side initiator, acceptor;
    SspiErrorInfo error;
    LONG key = 0;
    kit_pair("NTLM", ISC_REQ_INTEGRITY, 0, &initiator, &acceptor);
    assert_int_equal(SspiKernelLoadContext(&initiator.context, NULL, 0, &key, &error),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_non_null(strstr(error.text, "ssp_ksec"));
    kit_exchange(&initiator.context, &acceptor.context, "still here", false);
    kit_close(&initiator);
    kit_close(&acceptor);
    assert_int_equal(module_load("ssp_ksec", ""), 0);
    assert_int_equal(module_load("ssp_ksec_test", ""), 0);
    end_open(&e, &i, true, "again");
    assert_int_equal(key_sign(e.key, "", "x", 1, token, 16), 16);
    end_close(&e);
}

/* Off unless the module's parameter says so; the library's own switch is on in this program's sspi.conf. */
void test_rc4(void **state)
{
    (void)state;
    struct packed i, a;
    struct end down, up;
    packed_krb5(KRB5_ETYPE_RC4, 0, &i, &a);
    assert_int_equal(key_load("rc4", i.package, i.bytes, i.size), -1);
    assert_int_equal(errno, EPERM);
    await_no_keys();
    assert_int_equal(module_unload("ssp_ksec_test"), 0);
    assert_int_equal(unload_when_idle(), 0);
    assert_int_equal(module_load("ssp_ksec", "allow_rc4=1"), 0);
    end_open(&down, &i, true, "rc4");
    end_open(&up, &a, false, NULL);
    for (uint32_t n = 0; n < 100; n++) {
        uint8_t text[100], token[TOKEN_ROOM];
        size_t size = 0;
        kit_fill(text, sizeof text, n);
        const struct end *from = n % 2 ? &down : &up, *to = n % 2 ? &up : &down;
        assert_int_equal(end_sign(from, text, n, token, &size), 0);
        assert_int_equal(size, 37);
        token[36] ^= 1;
        assert_int_equal(end_verify(to, text, n, token, size), EBADMSG);
        token[36] ^= 1;
        assert_int_equal(end_verify(to, text, n, token, size), 0);
    }
    end_close(&down);
    end_close(&up);
    await_no_keys();
    assert_int_equal(unload_when_idle(), 0);
}
