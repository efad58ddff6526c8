/* SPDX-License-Identifier: MIT */
/*
 * The Kerberos package without a KDC: packed contexts through ImportSecurityContext, target names, and tokens
 * given to an acceptor that has a keytab. First byte:
 *   0 a genuine packed context with bytes changed: triples of position(16) and value   1 a target's name
 *   2 a token as it is   3 an AP-REQ in GSSAPI's framing, the rest as it is   4 a packed context as it is
 */
#include "fuzz_kerberos_realm.h"

#include "base/mem.h"
#include "packages/kerberos/kerberos_names.h"
#include "packages/kerberos/kerberos_packed.h"

static SEC_CHAR package[] = "Kerberos";

/* ---- packed contexts ---- */

static size_t make_packed(uint8_t *out, size_t room, unsigned etype)
{
    static const char16_t client[] = u"alice@R", server[] = u"host/s@R", target[] = u"host/s", realm[] = u"R";
    static const char16_t *const texts[KERBEROS_TEXT_COUNT] = {client, server, target, realm};
    static const size_t units[KERBEROS_TEXT_COUNT] = {7, 8, 6, 1};
    struct krb5_start start = {.flags = KRB5_F_INITIATOR | KRB5_F_INTEG | KRB5_F_CONF | KRB5_F_REPLAY,
                               .key = {.etype = (uint16_t)etype}};
    struct kerberos_packed p = {.start = 5, .expiry = 6};
    fuzz_check(krb5_protect_init(&p.protect, &start));
    p.attributes = ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY | ISC_RET_REPLAY_DETECT;
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++) {
        p.text[i].text = texts[i];
        p.text[i].units = units[i];
    }
    size_t size = kerberos_packed_size(&p);
    fuzz_check(size <= room && kerberos_packed_write(&p, out, size));
    return size;
}

static void use(CtxtHandle *context)
{
    uint8_t text[16] = "some text to do", token[96];
    SecPkgContext_Sizes sizes;
    SecPkgContext_NativeNamesA names;
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    fuzz_check(QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &sizes) == SEC_E_OK);
    fuzz_check(sizes.cbMaxSignature <= 40 && sizes.cbSecurityTrailer <= sizeof token);
    if (QueryContextAttributesA(context, SECPKG_ATTR_NATIVE_NAMES, &names) == SEC_E_OK) {
        FreeContextBuffer(names.sClientName);
        FreeContextBuffer(names.sServerName);
    }
    for (int i = 0; i < 2; i++) {
        buffers[1].cbBuffer = sizeof token;
        /* Own tokens are nobody's. */
        if (MakeSignature(context, 0, &desc, 0) == SEC_E_OK)
            fuzz_check(VerifySignature(context, &desc, 0, NULL) != SEC_E_OK);
        buffers[1].cbBuffer = sizeof token;
        if (EncryptMessage(context, 0, &desc, 0) == SEC_E_OK)
            fuzz_check(DecryptMessage(context, &desc, 0, NULL) != SEC_E_OK);
    }
}

static void import(const uint8_t *bytes, size_t size)
{
    CtxtHandle context;
    uint8_t *copy = malloc(size ? size : 1);
    fuzz_check(copy != NULL);
    memcpy(copy, bytes, size);
    SecBuffer packed = {(ULONG)size, SECBUFFER_EMPTY, copy}, again = {0, SECBUFFER_EMPTY, NULL};
    SECURITY_STATUS status = ImportSecurityContextA(package, &packed, NULL, &context);
    free(copy);
    if (status != SEC_E_OK)
        return;
    fuzz_check(ExportSecurityContext(&context, 0, &again, NULL) == SEC_E_OK);
    fuzz_check(again.cbBuffer == size && memcmp(again.pvBuffer, bytes, size) == 0);
    FreeContextBuffer(again.pvBuffer);
    use(&context);
    fuzz_check(DeleteSecurityContext(&context) == SEC_E_OK);
}

static void import_changed(const uint8_t *data, size_t size)
{
    static const unsigned etypes[] = {17, 18, 19, 20, 23};
    uint8_t bytes[512];
    size_t length = make_packed(bytes, sizeof bytes, etypes[size > 0 ? data[0] % 5 : 0]);
    for (size_t i = 1; i + 3 <= size; i += 3)
        bytes[(size_t)(data[i] | data[i + 1] << 8) % length] = data[i + 2];
    import(bytes, length);
}

/* ---- names ---- */

static char *no_realm(const char *host)
{
    fuzz_touch(host, strlen(host));
    return mem_copy("", 1);
}

static void name(const uint8_t *data, size_t size)
{
    char *principal = NULL, *text = malloc(size + 1);
    fuzz_check(text != NULL);
    memcpy(text, data, size);
    text[size] = 0;
    SECURITY_STATUS status = kerberos_name_target(text, no_realm, &principal);
    fuzz_check(status == SEC_E_OK || status == SEC_E_TARGET_UNKNOWN);
    fuzz_check((principal != NULL) == (status == SEC_E_OK));
    if (principal)
        fuzz_touch(principal, strlen(principal) + 1);
    mem_free(principal);
    free(text);
}

/* ---- tokens ---- */

static void accept_token(const uint8_t *data, size_t size, bool framed)
{
    static const uint8_t mechanism[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                        0x12, 0x01, 0x02, 0x02, 0x01, 0x00};
    static CredHandle credential;
    static bool started;
    CtxtHandle context;
    bool has = false;
    uint8_t out[48000], token[8192 + 32];
    ULONG out_size = sizeof out;
    size_t at = 0, inner = sizeof mechanism + size;
    if (!started) {
        fuzz_kerberos_realm();
        fuzz_check(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                             &credential, NULL) == SEC_E_OK);
        started = true;
    }
    if (framed) {
        const uint8_t head[] = {0x60, 0x82, (uint8_t)(inner >> 8), (uint8_t)inner};
        memcpy(token, head, sizeof head);
        memcpy(token + sizeof head, mechanism, sizeof mechanism);
        at = sizeof head + sizeof mechanism;
    }
    if (size > sizeof token - at)
        return;
    memcpy(token + at, data, size);
    SECURITY_STATUS status = fuzz_step(false, &credential, &context, &has, ASC_REQ_EXTENDED_ERROR, token,
                                       at + size, out, &out_size);
    fuzz_check(status != SEC_E_OK && status != SEC_E_INTERNAL_ERROR);
    if (has)
        DeleteSecurityContext(&context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    if (size == 0)
        return 0;
    switch (*data++ % 5) {
    case 0:
        import_changed(data, size - 1);
        break;
    case 1:
        name(data, size - 1);
        break;
    case 4:
        import(data, size - 1);
        break;
    default:
        accept_token(data, size - 1, data[-1] % 5 == 3);
    }
    return 0;
}
