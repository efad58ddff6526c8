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

/* What a host's callers hold instead of an id: while a call is inside, the context stays, and the id with it.
 */
struct mapped {
    CtxtHandle handle;
    struct ksec_context context; /* table NULL: not one for the kernel */
    bool used, deleted;
    unsigned calls;
};

static struct mapped mapped[MAPPED_MAX];
static pthread_mutex_t mapped_lock = PTHREAD_MUTEX_INITIALIZER;
static bool started;
static unsigned handed_down;

/* With the lock held. */
static struct mapped *mapped_find(const CtxtHandle *h)
{
    for (size_t i = 0; i < MAPPED_MAX; i++)
        if (mapped[i].used && !mapped[i].deleted && mapped[i].handle.dwLower == h->dwLower &&
            mapped[i].handle.dwUpper == h->dwUpper)
            return &mapped[i];
    return NULL;
}

/* False: another thread has deleted it meanwhile. */
static bool hand_down(CtxtHandle *h, const char *package, struct ksec_context *out)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    SECURITY_STATUS status = __real_ExportSecurityContext(h, 0, &packed, NULL);
    if (status == SEC_E_INVALID_HANDLE)
        return false;
    kit_assert_status(status, SEC_E_OK, __FILE__, __LINE__, package);
    const struct ksec_payload p = {{(const uint8_t *)package, strlen(package)},
                                   {packed.pvBuffer, packed.cbBuffer}};
    size_t size = ksec_payload_size(&p);
    uint8_t *bytes = malloc(size);
    ksec_payload_write(&p, bytes);
    kit_assert_status(ksec_load(bytes, size, 0, out), SEC_E_OK, __FILE__, __LINE__, package);
    handed_down++;
    free(bytes);
    FreeContextBuffer(packed.pvBuffer);
    return true;
}

/* Of packages without a kernel half table stays NULL. */
static bool hand_down_one(struct mapped *m, CtxtHandle *h)
{
    SecPkgContext_PackageInfoA info;
    const char *const names[] = {"NTLM", "Kerberos"};
    bool there = true;
    if (QueryContextAttributesA(h, SECPKG_ATTR_PACKAGE_INFO, &info) != SEC_E_OK)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (strcmp(info.PackageInfo->Name, names[i]) == 0)
            there = hand_down(h, names[i], &m->context);
    FreeContextBuffer(info.PackageInfo);
    return there;
}

/* With the lock held: whoever leaves last. */
static void mapped_release(struct mapped *m)
{
    if (!m->deleted || m->calls > 0)
        return;
    if (m->context.table != NULL)
        kit_assert_status(ksec_unload(&m->context), SEC_E_OK, __FILE__, __LINE__, "ksec_unload");
    m->used = false;
}

static struct mapped *mapped_new(CtxtHandle *h)
{
    SecPkgContext_Flags flags;
    struct mapped *m = mapped;
    if (QueryContextAttributesA(h, SECPKG_ATTR_FLAGS, &flags) != SEC_E_OK)
        return NULL;
    while (m < mapped + MAPPED_MAX && m->used)
        m++;
    assert_true(m < mapped + MAPPED_MAX);
    *m = (struct mapped){.handle = *h};
    m->used = hand_down_one(m, h);
    return m->used ? m : NULL;
}

/* NULL: the library's call. Otherwise `left` exactly once. */
static struct mapped *below(CtxtHandle *h, bool make)
{
    struct mapped *m = NULL;
    if (h == NULL)
        return NULL;
    pthread_mutex_lock(&mapped_lock);
    if (!started)
        kit_assert_status(ksec_start(), SEC_E_OK, __FILE__, __LINE__, "ksec_start");
    started = true;
    m = mapped_find(h);
    if (m == NULL && make)
        m = mapped_new(h);
    if (m != NULL && m->context.table == NULL)
        m = NULL;
    if (m != NULL)
        m->calls++;
    pthread_mutex_unlock(&mapped_lock);
    return m;
}

static void left(struct mapped *m)
{
    pthread_mutex_lock(&mapped_lock);
    m->calls--;
    mapped_release(m);
    pthread_mutex_unlock(&mapped_lock);
}

/* ---- what is wrapped ---- */

SECURITY_STATUS __wrap_MakeSignature(CtxtHandle *h, ULONG qop, SecBufferDesc *desc, ULONG number)
{
    struct mapped *m = below(h, true);
    if (m == NULL)
        return __real_MakeSignature(h, qop, desc, number);
    ksec_host_atomic(true);
    SECURITY_STATUS status = m->context.table->Sign(m->context.id, qop, desc, number);
    ksec_host_atomic(false);
    left(m);
    return status;
}

SECURITY_STATUS __wrap_VerifySignature(CtxtHandle *h, SecBufferDesc *desc, ULONG number, ULONG *qop)
{
    struct mapped *m = below(h, true);
    if (m == NULL)
        return __real_VerifySignature(h, desc, number, qop);
    ksec_host_atomic(true);
    SECURITY_STATUS status = m->context.table->Verify(m->context.id, desc, number, qop);
    ksec_host_atomic(false);
    left(m);
    return status;
}

SECURITY_STATUS __wrap_EncryptMessage(CtxtHandle *h, ULONG qop, SecBufferDesc *desc, ULONG number)
{
    struct mapped *m = below(h, true);
    if (m == NULL)
        return __real_EncryptMessage(h, qop, desc, number);
    ksec_host_atomic(true);
    SECURITY_STATUS status = m->context.table->Seal(m->context.id, qop, desc, number);
    ksec_host_atomic(false);
    left(m);
    return status;
}

SECURITY_STATUS __wrap_DecryptMessage(CtxtHandle *h, SecBufferDesc *desc, ULONG number, ULONG *qop)
{
    struct mapped *m = below(h, true);
    if (m == NULL)
        return __real_DecryptMessage(h, desc, number, qop);
    ksec_host_atomic(true);
    SECURITY_STATUS status = m->context.table->Unseal(m->context.id, desc, number, qop);
    ksec_host_atomic(false);
    left(m);
    return status;
}

static SECURITY_STATUS export_below(const struct ksec_context *c, ULONG flags, SecBuffer *out)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    SECURITY_STATUS status = c->table->ExportContext(c->id, flags, &packed, NULL);
    if (status != SEC_E_OK)
        return status;
    assert_int_equal(packed.cbBuffer, out->cbBuffer);
    memcpy(out->pvBuffer, packed.pvBuffer, packed.cbBuffer);
    ksec_host_free(packed.pvBuffer);
    return SEC_E_OK;
}

/* The application's memory is not the host's: the library's export gives it, and its size is the same. */
SECURITY_STATUS __wrap_ExportSecurityContext(CtxtHandle *h, ULONG flags, SecBuffer *packed, void **token)
{
    SecBuffer out = {0, SECBUFFER_EMPTY, NULL};
    struct mapped *m = below(h, false);
    if (m == NULL)
        return __real_ExportSecurityContext(h, flags, packed, token);
    SECURITY_STATUS status = __real_ExportSecurityContext(h, flags, &out, token);
    if (status == SEC_E_OK)
        status = export_below(&m->context, flags, &out);
    if (status == SEC_E_OK)
        *packed = out;
    left(m);
    return status;
}

SECURITY_STATUS __wrap_DeleteSecurityContext(CtxtHandle *h)
{
    SECURITY_STATUS status = __real_DeleteSecurityContext(h);
    if (status != SEC_E_OK || h == NULL)
        return status;
    pthread_mutex_lock(&mapped_lock);
    struct mapped *m = mapped_find(h);
    if (m != NULL) {
        m->deleted = true;
        mapped_release(m);
    }
    pthread_mutex_unlock(&mapped_lock);
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
