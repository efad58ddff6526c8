/* SPDX-License-Identifier: MIT */
/* The packages that are built in: they start at the first use, again after memory ran out, and not with a
 * configuration that they refuse. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/config.h"
#include "base/mem.h"
#include "base/trace.h"
#include "secur32/registry.h"

static char config_path[64], trace_path[64];

static void configure(const char *text)
{
    FILE *f = fopen(config_path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    config_process_reset();
    registry_reset(true);
}

static SECURITY_STATUS ask(const char *name)
{
    char text[32];
    PSecPkgInfoA info = NULL;

    snprintf(text, sizeof(text), "%s", name);
    SECURITY_STATUS status = QuerySecurityPackageInfoA(text, &info);
    FreeContextBuffer(info);
    return status;
}

static void refused_configuration(void **state)
{
    char line[1024], ntlm[] = "NTLM";
    CredHandle credential;
    bool named = false;

    (void)state;
    configure("");
    assert_int_equal(ask("NTLM"), SEC_E_OK);
    assert_int_equal(ask("ntlm"), SEC_E_OK);
    setenv("SSPI_TRACE", trace_path, 1);
    trace_reset();
    configure("[ntlm]\nlm_compatibility_level = eleven\n");
    assert_int_equal(ask("NTLM"), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(
        AcquireCredentialsHandleA(NULL, ntlm, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &credential, NULL),
        SEC_E_SECPKG_NOT_FOUND);
    unsetenv("SSPI_TRACE");
    trace_reset();
    FILE *f = fopen(trace_path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL)
        named = named || (strstr(line, "package-refused") != NULL && strstr(line, "ntlm") != NULL);
    fclose(f);
    assert_true(named);
    configure("");
    assert_int_equal(ask("NTLM"), SEC_E_OK);
}

static void started_again(void **state)
{
    unsigned long n;

    (void)state;
    for (n = 0;; n++) {
        registry_reset(true);
        fake_gate_on(n);
        SECURITY_STATUS status = ask("NTLM");
        bool through = fake_gate_off() <= n;
        if (through) {
            assert_int_equal(status, SEC_E_OK);
            break;
        }
        if (status != SEC_E_OK)
            assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_int_equal(ask("NTLM"), SEC_E_OK);
    }
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_configuration),
        cmocka_unit_test(started_again),
    };

    snprintf(config_path, sizeof(config_path), "/tmp/sspi-builtin-%d.conf", (int)getpid());
    snprintf(trace_path, sizeof(trace_path), "/tmp/sspi-builtin-%d.trace", (int)getpid());
    setenv("SSPI_CONFIG", config_path, 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    registry_reset(false);
    unlink(config_path);
    unlink(trace_path);
    return failed;
}
