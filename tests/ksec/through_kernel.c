/* SPDX-License-Identifier: MIT */
/*
 * The contract's tests on kernel halves: linked with these functions wrapped (meson.build). The first message
 * call on a context of NTLM or Kerberos packs it and hands it down into the user-space host; from then on
 * messages and exports of that handle are the kernel half's. Message functions run as if in softirq context:
 * what sleeps aborts. Contexts of other packages and numbers that are no handles stay with the library.
 */
#include "testkit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ksec/host.h"
#include "ksec/payload.h"

SECURITY_STATUS __real_MakeSignature(CtxtHandle *h, ULONG qop, SecBufferDesc *desc, ULONG number);
SECURITY_STATUS __real_VerifySignature(CtxtHandle *h, SecBufferDesc *desc, ULONG number, ULONG *qop);
SECURITY_STATUS __real_EncryptMessage(CtxtHandle *h, ULONG qop, SecBufferDesc *desc, ULONG number);
SECURITY_STATUS __real_DecryptMessage(CtxtHandle *h, SecBufferDesc *desc, ULONG number, ULONG *qop);
SECURITY_STATUS __real_ExportSecurityContext(CtxtHandle *h, ULONG flags, SecBuffer *packed, void **token);
SECURITY_STATUS __real_DeleteSecurityContext(CtxtHandle *h);
SECURITY_STATUS __wrap_MakeSignature(CtxtHandle *h, ULONG qop, SecBufferDesc *desc, ULONG number);
SECURITY_STATUS __wrap_VerifySignature(CtxtHandle *h, SecBufferDesc *desc, ULONG number, ULONG *qop);
SECURITY_STATUS __wrap_EncryptMessage(CtxtHandle *h, ULONG qop, SecBufferDesc *desc, ULONG number);
SECURITY_STATUS __wrap_DecryptMessage(CtxtHandle *h, SecBufferDesc *desc, ULONG number, ULONG *qop);
SECURITY_STATUS __wrap_ExportSecurityContext(CtxtHandle *h, ULONG flags, SecBuffer *packed, void **token);
SECURITY_STATUS __wrap_DeleteSecurityContext(CtxtHandle *h);

/* ---- which handles have gone down ---- */

enum { MAPPED_MAX = 512 };

struct mapped {
    CtxtHandle handle;
    struct ksec_context context; /* table NULL: not one for the kernel */
    bool used;
};

static struct mapped mapped[MAPPED_MAX];
static pthread_mutex_t mapped_lock = PTHREAD_MUTEX_INITIALIZER;
static bool started;
static unsigned handed_down;

/* With the lock held. */
static struct mapped *mapped_find(const CtxtHandle *h)
{
    for (size_t i = 0; i < MAPPED_MAX; i++)
        if (mapped[i].used && mapped[i].handle.dwLower == h->dwLower &&
            mapped[i].handle.dwUpper == h->dwUpper)
            return &mapped[i];
    return NULL;
}

static void hand_down(CtxtHandle *h, const char *package, struct ksec_context *out)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    kit_assert_status(__real_ExportSecurityContext(h, 0, &packed, NULL), SEC_E_OK, __FILE__, __LINE__,
                      package);
    const struct ksec_payload p = {{(const uint8_t *)package, strlen(package)},
                                   {packed.pvBuffer, packed.cbBuffer}};
    size_t size = ksec_payload_size(&p);
    uint8_t *bytes = malloc(size);
    ksec_payload_write(&p, bytes);
    kit_assert_status(ksec_load(bytes, size, 0, out), SEC_E_OK, __FILE__, __LINE__, package);
    handed_down++;
    free(bytes);
    FreeContextBuffer(packed.pvBuffer);
}

/* Of packages without a kernel half table stays NULL. */
static void hand_down_one(struct mapped *m, CtxtHandle *h)
{
    SecPkgContext_PackageInfoA info;
    if (QueryContextAttributesA(h, SECPKG_ATTR_PACKAGE_INFO, &info) != SEC_E_OK)
        return;
    const char *const names[] = {"NTLM", "Kerberos"};
    for (size_t i = 0; i < 2; i++)
        if (strcmp(info.PackageInfo->Name, names[i]) == 0)
            hand_down(h, names[i], &m->context);
    FreeContextBuffer(info.PackageInfo);
}

/* False: the library's call. */
static bool below(CtxtHandle *h, bool make, struct ksec_context *out)
{
    SecPkgContext_Flags flags;
    out->table = NULL;
    if (h == NULL)
        return false;
    pthread_mutex_lock(&mapped_lock);
    if (!started)
        kit_assert_status(ksec_start(), SEC_E_OK, __FILE__, __LINE__, "ksec_start");
    started = true;
    struct mapped *m = mapped_find(h);
    if (m == NULL && make && QueryContextAttributesA(h, SECPKG_ATTR_FLAGS, &flags) == SEC_E_OK) {
        for (m = mapped; m < mapped + MAPPED_MAX && m->used; m++)
            ;
        assert_true(m < mapped + MAPPED_MAX);
        *m = (struct mapped){.handle = *h, .used = true};
        hand_down_one(m, h);
    }
    if (m != NULL)
        *out = m->context;
    pthread_mutex_unlock(&mapped_lock);
    return out->table != NULL;
}

/* ---- what is wrapped ---- */

SECURITY_STATUS __wrap_MakeSignature(CtxtHandle *h, ULONG qop, SecBufferDesc *desc, ULONG number)
{
    struct ksec_context c;
    if (!below(h, true, &c))
        return __real_MakeSignature(h, qop, desc, number);
    ksec_host_atomic(true);
    SECURITY_STATUS status = c.table->Sign(c.id, qop, desc, number);
    ksec_host_atomic(false);
    return status;
}

SECURITY_STATUS __wrap_VerifySignature(CtxtHandle *h, SecBufferDesc *desc, ULONG number, ULONG *qop)
{
    struct ksec_context c;
    if (!below(h, true, &c))
        return __real_VerifySignature(h, desc, number, qop);
    ksec_host_atomic(true);
    SECURITY_STATUS status = c.table->Verify(c.id, desc, number, qop);
    ksec_host_atomic(false);
    return status;
}

SECURITY_STATUS __wrap_EncryptMessage(CtxtHandle *h, ULONG qop, SecBufferDesc *desc, ULONG number)
{
    struct ksec_context c;
    if (!below(h, true, &c))
        return __real_EncryptMessage(h, qop, desc, number);
    ksec_host_atomic(true);
    SECURITY_STATUS status = c.table->Seal(c.id, qop, desc, number);
    ksec_host_atomic(false);
    return status;
}

SECURITY_STATUS __wrap_DecryptMessage(CtxtHandle *h, SecBufferDesc *desc, ULONG number, ULONG *qop)
{
    struct ksec_context c;
    if (!below(h, true, &c))
        return __real_DecryptMessage(h, desc, number, qop);
    ksec_host_atomic(true);
    SECURITY_STATUS status = c.table->Unseal(c.id, desc, number, qop);
    ksec_host_atomic(false);
    return status;
}

/* The application's memory is not the host's. */
SECURITY_STATUS __wrap_ExportSecurityContext(CtxtHandle *h, ULONG flags, SecBuffer *packed, void **token)
{
    struct ksec_context c;
    SecBuffer below_packed = {0, SECBUFFER_EMPTY, NULL}, ours = {0, SECBUFFER_EMPTY, NULL};
    if (!below(h, false, &c))
        return __real_ExportSecurityContext(h, flags, packed, token);
    /* Memory that FreeContextBuffer takes, and row 1 of what is exported: the size is the same. */
    SECURITY_STATUS status = __real_ExportSecurityContext(h, flags, &ours, token);
    if (status != SEC_E_OK)
        return status;
    status = c.table->ExportContext(c.id, flags, &below_packed, NULL);
    if (status == SEC_E_OK) {
        assert_int_equal(below_packed.cbBuffer, ours.cbBuffer);
        memcpy(ours.pvBuffer, below_packed.pvBuffer, below_packed.cbBuffer);
        ksec_host_free(below_packed.pvBuffer);
        *packed = ours;
    }
    return status;
}

SECURITY_STATUS __wrap_DeleteSecurityContext(CtxtHandle *h)
{
    struct ksec_context c = {NULL, 0};
    SECURITY_STATUS status = __real_DeleteSecurityContext(h);
    if (status != SEC_E_OK || h == NULL)
        return status;
    pthread_mutex_lock(&mapped_lock);
    struct mapped *m = mapped_find(h);
    if (m != NULL) {
        c = m->context;
        m->used = false;
    }
    pthread_mutex_unlock(&mapped_lock);
    if (c.table != NULL)
        kit_assert_status(ksec_unload(&c), SEC_E_OK, __FILE__, __LINE__, "ksec_unload");
    return status;
}

/* At the end of the program every context is gone, and there were some of both packages. */
__attribute__((destructor)) static void all_gone(void)
{
    if (handed_down < 20 || !ksec_stop()) {
        fprintf(stderr, "%u handed down, %zu are left in the kernel's lists\n", handed_down,
                ksec_lists_count());
        _exit(1);
    }
}
