/* SPDX-License-Identifier: MIT */
/*
 * SspiKernelLoadContext and its like: an established context goes down into the Linux kernel and is signed
 * with there. The order of things in loading: closed to new calls, packed, made a key, and only then deleted,
 * or opened again.
 */
#include "secur32/kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ntstatus.h>
#include <opensspi.h>

#include "base/mem.h"
#include "base/sources.h"
#include "ksec/payload.h"
#include "lsa/lsa.h"
#include "secur32/handle.h"
#include "secur32/registry.h"

const struct kernel_keys *kernel_keys = &kernel_keys_system;

/* ---- what the kernel's answers mean ---- */

struct answer {
    int error;
    SECURITY_STATUS status;
    const char *text; /* NULL: that of the status */
};

static const struct answer load_answers[13], message_answers[15];

static void error_set(SspiErrorInfo *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void error_set(SspiErrorInfo *error, const char *format, ...)
{
    va_list args;
    if (error == NULL)
        return;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
}

/* Fills in the text for a status that no answer of the kernel's stands behind. */
static SECURITY_STATUS refuse(SECURITY_STATUS status, SspiErrorInfo *error, const char *text)
{
    error_set(error, "%s", text);
    return status;
}

static SECURITY_STATUS answer_status(const struct answer *answers, int code, SspiErrorInfo *error)
{
    char unknown[128];
    const struct answer *a = answers;
    if (code == 0)
        return SEC_E_OK;
    while (a->error != 0 && a->error != code)
        a++;
    if (a->text != NULL)
        error_set(error, "%s", a->text);
    else
        error_set(error, "the kernel answered: %s", strerror_r(code, unknown, sizeof unknown));
    return a->status;
}

/* ---- loading ---- */

static struct package *package_of(const struct handle *slot)
{
    return slot->owner != NULL ? slot->owner : slot->package;
}

/* One that nobody else has, because a second key of the same description in a keyring takes the first one's
 * place. */
static bool description_make(char out[static 40])
{
    uint64_t random;
    if (!sources_random(&random, sizeof random))
        return false;
    snprintf(out, 40, "sspi:%016llx", (unsigned long long)random);
    return true;
}

static SECURITY_STATUS key_add(const char *description, const struct ksec_payload *p, int32_t keyring,
                               int32_t *key, SspiErrorInfo *error)
{
    char own[40];
    size_t size = ksec_payload_size(p);
    if (size == 0)
        return refuse(SEC_E_INVALID_TOKEN, error, "the packed context is too long for a key");
    if (description == NULL && !description_make(own))
        return refuse(SEC_E_INTERNAL_ERROR, error, "the system has no randomness for a key's description");
    uint8_t *bytes = mem_alloc(size);
    if (bytes == NULL)
        return refuse(SEC_E_INSUFFICIENT_MEMORY, error, "out of memory");
    ksec_payload_write(p, bytes);
    int code =
        kernel_keys->add(description != NULL ? description : own, (struct span){bytes, size}, keyring, key);
    mem_free(bytes);
    return answer_status(load_answers, code, error);
}

/* The slot is closed: nobody signs while its numbers are on their way down. */
static SECURITY_STATUS load_closed(struct handle *slot, const char *description, int32_t keyring,
                                   int32_t *key, SspiErrorInfo *error)
{
    const char *name = package_of(slot)->name;
    SecBuffer packed = {.BufferType = SECBUFFER_EMPTY};
    HANDLE token = NULL;
    SECURITY_STATUS status =
        lsa_status_map(slot->user->ExportContext(slot->user_context, 0, &packed, &token));
    if (status < 0)
        return refuse(status, error, "the package does not pack this context");
    const struct ksec_payload p = {{(const uint8_t *)name, strlen(name)}, {packed.pvBuffer, packed.cbBuffer}};
    status = key_add(description, &p, keyring, key, error);
    mem_client_free(packed.pvBuffer); /* wipes */
    return status;
}

static SECURITY_STATUS load(struct handle *slot, const char *description, int32_t keyring, int32_t *key,
                            SspiErrorInfo *error)
{
    if (slot->user->ExportContext == NULL)
        return refuse(SEC_E_UNSUPPORTED_FUNCTION, error, "contexts of this package cannot leave the process");
    if (!handle_close_acquired(slot))
        return refuse(SEC_E_INVALID_HANDLE, error,
                      "the context is being deleted, exported or loaded already");
    SECURITY_STATUS status = load_closed(slot, description, keyring, key, error);
    if (status == SEC_E_OK)
        (void)handle_delete_acquired(slot);
    else
        handle_reopen_acquired(slot);
    return status;
}

__attribute__((visibility("default"))) SECURITY_STATUS SspiKernelLoadContext(PCtxtHandle phContext,
                                                                             const char *Description,
                                                                             LONG Keyring, LONG *Key,
                                                                             SspiErrorInfo *error)
{
    enum { SESSION_KEYRING = -3 };
    int32_t key = 0;
    if (Key == NULL)
        return refuse(SEC_E_INVALID_PARAMETER, error, "there is no place for the key's number");
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);
    if (slot == NULL)
        return refuse(SEC_E_INVALID_HANDLE, error, "this is no established context");
    SECURITY_STATUS status = load(slot, Description, Keyring != 0 ? Keyring : SESSION_KEYRING, &key, error);
    handle_release(&handle_contexts, slot);
    if (status == SEC_E_OK)
        *Key = key;
    return status;
}

/* ---- messages ---- */

/* The kernel takes signatures of exactly one size, whose room or bytes it does not check. */
static SECURITY_STATUS message_begin(LONG key, const void *message, ULONG size, ULONG *signature_size,
                                     SspiErrorInfo *error)
{
    uint32_t message_max = 0, exact = 0;
    if (message == NULL && size != 0)
        return refuse(SEC_E_INVALID_PARAMETER, error, "a message without memory");
    SECURITY_STATUS status =
        answer_status(message_answers, kernel_keys->query(key, &message_max, &exact), error);
    if (status != SEC_E_OK)
        return status;
    if (size > message_max)
        return refuse(SEC_E_INVALID_PARAMETER, error,
                      "the kernel takes messages up to 65535 bytes by this way");
    *signature_size = exact;
    return SEC_E_OK;
}

__attribute__((visibility("default"))) SECURITY_STATUS SspiKernelSign(LONG Key, ULONG MessageSeqNo,
                                                                      const void *Message, ULONG cbMessage,
                                                                      void *Signature, ULONG *cbSignature,
                                                                      SspiErrorInfo *error)
{
    ULONG exact;
    if (Signature == NULL || cbSignature == NULL)
        return refuse(SEC_E_INVALID_PARAMETER, error, "there is no place for the signature");
    SECURITY_STATUS status = message_begin(Key, Message, cbMessage, &exact, error);
    if (status != SEC_E_OK)
        return status;
    if (*cbSignature < exact)
        return refuse(SEC_E_BUFFER_TOO_SMALL, error,
                      "the signature does not fit; 64 bytes are always enough");
    const struct span message = {cbMessage != 0 ? Message : "", cbMessage};
    status = answer_status(message_answers, kernel_keys->sign(Key, MessageSeqNo, message, Signature, exact),
                           error);
    if (status == SEC_E_OK)
        *cbSignature = exact;
    return status;
}

__attribute__((visibility("default"))) SECURITY_STATUS
SspiKernelVerify(LONG Key, ULONG MessageSeqNo, const void *Message, ULONG cbMessage, const void *Signature,
                 ULONG cbSignature, SspiErrorInfo *error)
{
    ULONG exact;
    if (Signature == NULL)
        return refuse(SEC_E_INVALID_PARAMETER, error, "there is no signature");
    SECURITY_STATUS status = message_begin(Key, Message, cbMessage, &exact, error);
    if (status != SEC_E_OK)
        return status;
    if (cbSignature != exact)
        return refuse(SEC_E_INVALID_TOKEN, error, "signatures of this context have another length");
    const struct span message = {cbMessage != 0 ? Message : "", cbMessage};
    return answer_status(message_answers, kernel_keys->verify(Key, MessageSeqNo, message, Signature, exact),
                         error);
}

#define NO_MODULE                                                                                            \
    "this kernel knows no keys of type ssp_context: the module ssp_ksec is not loaded (modprobe ssp_ksec, "  \
    "see "                                                                                                   \
    "ssp_ksec(4)), or the system keeps programs from keyrings"
#define NO_KEY "there is no such key or keyring, or it was revoked or has expired"
#define NO_LEAVE                                                                                             \
    "the kernel did not allow it: permissions of the key or keyring (keyctl describe), or a filter for "     \
    "system "                                                                                                \
    "calls, which containers have"

static const struct answer load_answers[13] = {
    {ENODEV, SEC_E_UNSUPPORTED_FUNCTION, NO_MODULE},
    {ENOSYS, SEC_E_UNSUPPORTED_FUNCTION, NO_MODULE},
    {EPFNOSUPPORT, SEC_E_SECPKG_NOT_FOUND, "the module ssp_ksec does not have this context's package"},
    {EINVAL, SEC_E_INVALID_TOKEN,
     "the kernel refused the packed context or the key's description: are library and module of one "
     "version?"},
    {EPERM, STATUS_ACCESS_DENIED,
     NO_LEAVE ", or the context's keys are RC4 and the module's parameter allow_rc4 is off"},
    {EACCES, STATUS_ACCESS_DENIED, NO_LEAVE},
    {EDQUOT, SEC_E_INSUFFICIENT_MEMORY, "the user's quota of keys is used up (/proc/key-users)"},
    {ENOMEM, SEC_E_INSUFFICIENT_MEMORY, "the kernel is out of memory"},
    {ENOKEY, SEC_E_INVALID_HANDLE, NO_KEY},
    {EKEYREVOKED, SEC_E_INVALID_HANDLE, NO_KEY},
    {EKEYEXPIRED, SEC_E_INVALID_HANDLE, NO_KEY},
    {ENOTDIR, SEC_E_INVALID_HANDLE, "what is meant to be a keyring is none"},
    {0, SEC_E_INTERNAL_ERROR, NULL},
};

static const struct answer message_answers[15] = {
    {EBADMSG, SEC_E_MESSAGE_ALTERED, "the signature does not belong to this message and context"},
    {EILSEQ, SEC_E_OUT_OF_SEQUENCE, "the signature is genuine, but was seen before or came out of its place"},
    {EPROTO, SEC_E_INVALID_TOKEN, "this is no signature of the context's kind"},
    {EOVERFLOW, SEC_E_CONTEXT_EXPIRED, "the context's sequence numbers are used up"},
    {EMSGSIZE, SEC_E_BUFFER_TOO_SMALL, "the signature does not fit"},
    {EINVAL, SEC_E_INVALID_PARAMETER, "the kernel refused the message's size or number"},
    {EOPNOTSUPP, SEC_E_UNSUPPORTED_FUNCTION, "the key is no context, or one that does not sign"},
    {ENOKEY, SEC_E_INVALID_HANDLE, NO_KEY},
    {EKEYREVOKED, SEC_E_INVALID_HANDLE, NO_KEY},
    {EKEYEXPIRED, SEC_E_INVALID_HANDLE, NO_KEY},
    {EPERM, STATUS_ACCESS_DENIED, NO_LEAVE},
    {EACCES, STATUS_ACCESS_DENIED, NO_LEAVE},
    {ENOMEM, SEC_E_INSUFFICIENT_MEMORY, "the kernel is out of memory"},
    {ENOSYS, SEC_E_UNSUPPORTED_FUNCTION, NO_MODULE},
    {0, SEC_E_INTERNAL_ERROR, NULL},
};
