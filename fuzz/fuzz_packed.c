/* SPDX-License-Identifier: MIT */
/* ImportSecurityContext of anything. What imports can be used, asked and exported again to the same bytes. */
#include "fuzz.h"

static void ask(CtxtHandle *context)
{
    SecPkgContext_Sizes sizes;
    SecPkgContext_NamesA names;
    SecPkgContext_KeyInfoA keys;
    SecPkgContext_SessionKey session;
    if (QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &sizes) == SEC_E_OK)
        fuzz_check(sizes.cbMaxSignature <= 64);
    if (QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names) == SEC_E_OK)
        FreeContextBuffer(names.sUserName);
    if (QueryContextAttributesA(context, SECPKG_ATTR_KEY_INFO, &keys) == SEC_E_OK) {
        FreeContextBuffer(keys.sSignatureAlgorithmName);
        FreeContextBuffer(keys.sEncryptAlgorithmName);
    }
    if (QueryContextAttributesA(context, SECPKG_ATTR_SESSION_KEY, &session) == SEC_E_OK)
        FreeContextBuffer(session.SessionKey);
}

static void use(CtxtHandle *context)
{
    uint8_t text[16] = "some text to do", token[64];
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    for (int i = 0; i < 2; i++) {
        buffers[1].cbBuffer = sizeof token;
        MakeSignature(context, 0, &desc, 0);
        VerifySignature(context, &desc, 0, NULL);
        buffers[1].cbBuffer = sizeof token;
        EncryptMessage(context, 0, &desc, 0);
        DecryptMessage(context, &desc, 0, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static SEC_CHAR package[] = "NTLM";
    CtxtHandle context;
    uint8_t *copy = malloc(size ? size : 1);
    fuzz_start();
    fuzz_check(copy != NULL);
    memcpy(copy, data, size);
    SecBuffer packed = {(ULONG)size, SECBUFFER_EMPTY, copy}, again = {0, SECBUFFER_EMPTY, NULL};
    SECURITY_STATUS status = ImportSecurityContextA(package, &packed, NULL, &context);
    free(copy);
    if (status != SEC_E_OK)
        return 0;
    fuzz_check(ExportSecurityContext(&context, 0, &again, NULL) == SEC_E_OK);
    fuzz_check(again.cbBuffer == size && memcmp(again.pvBuffer, data, size) == 0);
    FreeContextBuffer(again.pvBuffer);
    ask(&context);
    use(&context);
    fuzz_check(DeleteSecurityContext(&context) == SEC_E_OK);
    return 0;
}
