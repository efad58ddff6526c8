/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* ---- the machine ---- */

enum { EXIT_PORT = 0xf4 };

/* qemu's isa-debug-exit: the emulator ends with 2 * code + 1. */
static void machine_exit(int code)
{
    fflush(NULL);
    tcdrain(STDOUT_FILENO);
    if (ioperm(EXIT_PORT, 1, 1) == 0)
        outb((unsigned char)code, EXIT_PORT);
    for (;;)
        pause();
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    printf("Bail out! %s: %s\n", what, strerror(errno));
    machine_exit(3);
}

static void machine_start(void)
{
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    int line = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
    if (line >= 0) {
        dup2(line, STDOUT_FILENO);
        dup2(line, STDERR_FILENO);
    }
    must(line >= 0, "/dev/ttyS1");
    must(mount("proc", "/proc", "proc", 0, NULL) == 0, "/proc");
    must(mount("sysfs", "/sys", "sysfs", 0, NULL) == 0, "/sys");
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    must(mkdir("/tmp", 01777) == 0 || errno == EEXIST, "/tmp");
    must(key_control(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) > 0, "session keyring");
}

/* Some are built into the kernel instead. */
static void machine_modules(void)
{
    static const char *const wanted[] = {"libarc4", "sha512_generic", "ssp_ksec", "ssp_ksec_test"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        int error = module_load(wanted[i], "");
        errno = error;
        must(error == 0 || (error == ENOENT && i < 2), wanted[i]);
    }
}

/* ---- instructions ---- */

/* Not a test: lines that tools/kernel compares with docs/kernel-instructions.tsv. */
static void count_instructions(void **state)
{
    (void)state;
    static const unsigned sizes[] = {64, 1024, 16384};
    for (size_t f = 0; f < form_count; f++) {
        struct packed i, a;
        struct end e;
        form_packed(&forms[f], KRB5_F_REPLAY, &i, &a);
        end_open(&e, &i, true, "counted");
        for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++)
            printf("# instructions %s %u %s", forms[f].name, sizes[n],
                   test_command("count counted %u", sizes[n]));
        end_close(&e);
    }
}

/* ---- leaks: kernels with kmemleak only ---- */

static void test_no_leaks(void **state)
{
    (void)state;
    static const char path[] = "/sys/kernel/debug/kmemleak";
    char text[4096];
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        print_message("this kernel has no kmemleak\n");
        return;
    }
    /* Objects younger than some seconds are not reported; the first scan after that counts. */
    sleep(6);
    for (int n = 0; n < 3; n++)
        assert_int_equal(write(fd, "scan", 4), 4);
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    assert_true(size >= 0);
    text[size] = 0;
    if (size > 0)
        fail_msg("%s", text);
}

static struct timespec started;

static int clock_start(void **state)
{
    (void)state;
    return clock_gettime(CLOCK_MONOTONIC, &started);
}

static int clock_stop(void **state)
{
    struct timespec now;
    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("# %ld ms\n", (now.tv_sec - started.tv_sec) * 1000 + (now.tv_nsec - started.tv_nsec) / 1000000);
    return 0;
}

#define TIMED(f) cmocka_unit_test_setup_teardown(f, clock_start, clock_stop)

static int run_mode(const char *mode)
{
    static const struct CMUnitTest vectors[] = {TIMED(test_vectors)};
    static const struct CMUnitTest counts[] = {TIMED(count_instructions)};
    static const struct CMUnitTest all[] = {
        TIMED(test_vectors),
        TIMED(test_ntlm_handed_down),
        TIMED(test_command_line),
        TIMED(test_hundred_each_way),
        TIMED(test_both_in_kernel),
        TIMED(test_sizes),
        TIMED(test_datagram),
        TIMED(test_bit_flips),
        TIMED(test_replays_and_order),
        TIMED(test_numbers_used_up),
        TIMED(test_truncated_payloads),
        TIMED(test_changed_payloads),
        TIMED(test_operations_refused),
        TIMED(test_query_and_describe),
        TIMED(test_quota),
        TIMED(test_permissions),
        TIMED(test_ends_of_keys),
        TIMED(test_revoked_while_signing),
        TIMED(test_expired_while_signing),
        TIMED(test_invalidated_while_signing),
        TIMED(test_four_threads),
        TIMED(test_kernel_threads),
        TIMED(test_softirq),
        TIMED(test_sample_module),
        TIMED(test_module_in_use),
        TIMED(test_rc4),
        TIMED(test_no_leaks),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (!strcmp(mode, "vectors"))
        return cmocka_run_group_tests_name("vectors", vectors, NULL, NULL);
    if (!strcmp(mode, "counts"))
        return cmocka_run_group_tests_name("counts", counts, NULL, NULL);
    return cmocka_run_group_tests_name("kernel", all, NULL, NULL);
}

/* The kernel's command line hands ssp_mode=... to init as an environment variable. */
int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (getpid() != 1) {
        puts("1..0 # SKIP this program is the first process of a machine of its own: ./run kernel");
        return 0;
    }
    machine_start();
    machine_modules();
    kit_environment("[kerberos]\nallow_rc4 = yes\n");
    const char *mode = getenv("ssp_mode");
    int failed = run_mode(mode ? mode : "all");
    printf("# end\n");
    machine_exit(failed ? 1 : 0);
}
