/* SPDX-License-Identifier: MIT */
/**
 * @file opensspi.h
 * What OpenSSPI adds to SSPI: status names and advice, the NTLM accounts store, many signatures at once,
 * contexts in the Linux kernel, the token inspector.
 *
 * Text is UTF-8 and NUL-terminated. Functions are safe from any number of threads. Where a function takes a
 * SspiErrorInfo pointer, it may be NULL; when given, text[] is written on failure only and says what is wrong
 * and what to do about it, naming file and line where there is one.
 */
#ifndef OPENSSPI_OPENSSPI_H
#define OPENSSPI_OPENSSPI_H

#include <stddef.h>

#include "sspi.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif

typedef struct SspiErrorInfo {
    char text[512];
} SspiErrorInfo;

/** Version of the library that is loaded, for example "0.1.0". Static. */
const char *SspiVersion(void);

/* ---- statuses ---- */

/** "SEC_E_LOGON_DENIED" for 0x8009030C, NTSTATUS and all SEC_ codes; NULL for a number without a name.
 * Static. */
const char *SspiStatusName(SECURITY_STATUS status);
/** One sentence: what happened. NULL for a number without a name. Static. */
const char *SspiStatusText(SECURITY_STATUS status);
/** One sentence: what to look at or do next. NULL for a number without a name. Static. */
const char *SspiStatusAdvice(SECURITY_STATUS status);
/** The reverse of SspiStatusName, case-insensitive, with or without "SEC_E_". FALSE: no such name, *status
 * untouched. */
BOOLEAN SspiStatusByName(const char *name, SECURITY_STATUS *status);

/* ---- the NTLM accounts store: what an NTLM acceptor knows of its users ----
 *
 * A text file of mode 0600, one account a line, replaced atomically (written beside, fsync, rename) under an
 * advisory lock, so that readers see the old or the new one. store NULL: the one that sspi.conf names. A
 * password is turned into its NT hash at once; the hash is as good as the password to whoever reads the file.
 */

typedef struct SspiAccount {
    const char *Domain; /* "" when the account is good for any domain name the client sends */
    const char *User;
} SspiAccount;

/** Adds an account or, with Replace, changes its password. Domain may be NULL or "".
 * SEC_E_OK; SEC_E_INVALID_PARAMETER (bad name or UTF-8, or it exists and Replace is FALSE);
 * SEC_E_NO_CREDENTIALS (store not writable or damaged: nothing is changed); SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS SspiAccountAdd(const char *store, const char *Domain, const char *User, const char *Password,
                               BOOLEAN Replace, SspiErrorInfo *error);
/** SEC_E_UNKNOWN_CREDENTIALS when there is no such account. */
SECURITY_STATUS SspiAccountRemove(const char *store, const char *Domain, const char *User,
                                  SspiErrorInfo *error);
/** Calls Each for every account in the file's order until it returns FALSE. The strings live until Each
 * returns. */
SECURITY_STATUS SspiAccountList(const char *store, BOOLEAN (*Each)(void *arg, const SspiAccount *account),
                                void *arg, SspiErrorInfo *error);
/** Adds all of a DOMAIN:USER:PASSWORD file (the format of NTLM_USER_FILE), all or nothing. *imported (may be
 * NULL): how many. */
SECURITY_STATUS SspiAccountImport(const char *store, const char *file, BOOLEAN Replace, ULONG *imported,
                                  SspiErrorInfo *error);

/* ---- for packages that Negotiate chooses from ---- */

/** A context attribute of LSA halves, a ULONG: not 0 when the package itself wants RFC 4178's mechListMIC
 * exchanged, whatever the negotiation was like. Asked once, when the handshake is done. Packages without such
 * a wish need not know the attribute. */
#define SSPI_ATTR_MECHLIST_MIC 0x4f530001

/* ---- for packages: their settings ---- */

/** Calls Each for every `key = value` of section [package.NAME] of sspi.conf, in the file's order. The
 * strings live until Each returns; FALSE says that the key or the value is not one of the package's. Meant
 * for SpInitialize. SEC_E_OK, also when there is no such section; SEC_E_CANNOT_INSTALL (the file is broken,
 * or Each said FALSE: the package is to refuse its start); SEC_E_INSUFFICIENT_MEMORY;
 * SEC_E_INVALID_PARAMETER. */
SECURITY_STATUS SspiPackageSettings(const char *Name,
                                    BOOLEAN (*Each)(void *arg, const char *key, const char *value), void *arg,
                                    SspiErrorInfo *error);

/* ---- contexts in the Linux kernel ----
 *
 * With the module ssp_ksec an established context of NTLM or Kerberos becomes a key of type ssp_context, and
 * messages are signed and verified where the key is: in the kernel, for whoever may use the key. Signatures
 * are those of MakeSignature over one buffer. A key ends as keys do: keyctl revoke, its timeout, the end of
 * its keyring.
 */

/** Moves the context into the kernel. Sequence numbers go on; the context here is gone and its handle is
 * SEC_E_INVALID_HANDLE. Calls of other threads with the context must have returned; new ones find it closed.
 * Description: the key's; NULL: one that nobody has (in a keyring a new key replaces one of the same
 * description). Keyring: a keyring's number or one of KEY_SPEC_ in <linux/keyctl.h>; 0: the session's. *Key:
 * the key's number. On failure *Key is untouched and the context as it was, and usable: SEC_E_INVALID_HANDLE
 * (no established context, no such keyring); SEC_E_UNSUPPORTED_FUNCTION (no module ssp_ksec, no Linux, or the
 * package packs no contexts); SEC_E_SECPKG_NOT_FOUND (the module does not have the package);
 * SEC_E_INVALID_TOKEN (of another version); STATUS_ACCESS_DENIED (permissions); SEC_E_INSUFFICIENT_MEMORY (or
 * the user's quota of keys); SEC_E_INVALID_PARAMETER. */
SECURITY_STATUS SspiKernelLoadContext(PCtxtHandle phContext, const char *Description, LONG Keyring, LONG *Key,
                                      SspiErrorInfo *error);
/** MakeSignature by the kernel, for messages up to 65535 bytes. MessageSeqNo counts in datagram contexts
 * only. *cbSignature: room, then the signature's length; untouched on failure. The statuses of MakeSignature;
 * SEC_E_INVALID_HANDLE (no such key, revoked, expired); STATUS_ACCESS_DENIED; SEC_E_INVALID_PARAMETER (too
 * long). */
SECURITY_STATUS SspiKernelSign(LONG Key, ULONG MessageSeqNo, const void *Message, ULONG cbMessage,
                               void *Signature, ULONG *cbSignature, SspiErrorInfo *error);
/** VerifySignature by the kernel, likewise. */
SECURITY_STATUS SspiKernelVerify(LONG Key, ULONG MessageSeqNo, const void *Message, ULONG cbMessage,
                                 const void *Signature, ULONG cbSignature, SspiErrorInfo *error);

/* ---- many signatures at once ---- */

/** One message of a batch: what one call of MakeSignature or VerifySignature would get. */
typedef struct SspiSignatureRequest {
    PCtxtHandle Context;
    PSecBufferDesc Message;
    ULONG QOP;              /* Make: fQOP. Verify: written as *pfQOP is, on success alone */
    ULONG MessageSeqNo;     /* as MessageSeqNo there */
    SECURITY_STATUS Status; /* out: this message's */
} SspiSignatureRequest;

/**
 * The same as MakeSignature for each request in turn: the same bytes, statuses and sequence numbers, also
 * where several requests are of one context, or the signature of one lies in the message of a later one. All
 * of them together take a fraction of the time, because the messages are hashed side by side (NTLM and
 * Kerberos with AES, and Negotiate over these; contexts of other packages are worked off one by one). Any mix
 * of contexts, packages and lengths will do; from about eight messages on it pays, and 32 or more are best.
 *
 * Calls of other threads may come between any two requests; none of them sees half a request. Nothing is
 * allocated. Every Status is set. SEC_E_OK: all of them are SEC_E_OK; otherwise the first that is not.
 * SEC_E_INVALID_PARAMETER: Requests is NULL and Count is not 0.
 */
SECURITY_STATUS SspiMakeSignatures(SspiSignatureRequest *Requests, ULONG Count);
/** The same as VerifySignature for each request in turn, likewise. A message that is refused leaves its
 * context as it was, for the requests behind it, too. */
SECURITY_STATUS SspiVerifySignatures(SspiSignatureRequest *Requests, ULONG Count);

/** One message of a batch as a package's user half gets it: the arguments of SpMakeSignature or
 * SpVerifySignature. Message is not NULL. */
typedef struct SspiBatchItem {
    ULONG_PTR Context; /* LSA_SEC_HANDLE */
    PSecBufferDesc Message;
    ULONG QOP;
    ULONG MessageSeqNo;
    LONG Status; /* NTSTATUS, out */
} SspiBatchItem;

/**
 * What a package may offer beside its user-mode table to take part. Items are to be treated as if the
 * function of the table had been called for one after the other; Count is 1 to 64. The host sees to it that
 * the contexts stay while the call lasts, and, when signatures are made, that no TOKEN of an item overlaps a
 * TOKEN of another one or the DATA of a later one. It may lie in the DATA of an earlier one: go in order, or
 * read all before anything is written. A NULL entry: one by one.
 */
typedef struct SspiBatchFunctions {
    void (*MakeSignatures)(SspiBatchItem *Items, ULONG Count);
    void (*VerifySignatures)(SspiBatchItem *Items, ULONG Count);
} SspiBatchFunctions;

#define SSPI_BATCH_VERSION 1

/** Optional third export of a package module, SpBatchModeInitialize, beside SpLsaModeInitialize and
 * SpUserModeInitialize. Asked once, after those. Version: the highest that the host knows. *Tables: *Count
 * tables for as many of SpUserModeInitialize's, in the same order. 0: success; else the module takes no part.
 */
typedef LONG SpBatchModeInitializeFn(ULONG Version, const SspiBatchFunctions **Tables, ULONG *Count);

/* ---- the token inspector ---- */

/** One line of the tree. depth 0 is the token itself; name is the field's name in its specification; value is
 * printable text ("" for a node that only has children). offset/size: where in the token the field's bytes
 * are (size 0: nowhere). The strings live until the callback returns. */
typedef void (*SspiInspectFn)(void *arg, unsigned depth, const char *name, const char *value, size_t offset,
                              size_t size);

/** Recognises the token and walks through its fields. Damaged tokens are walked as far as they make sense, a
 * last line named "error" says where it stops, and the answer is SEC_E_INVALID_TOKEN;
 * SEC_E_UNSUPPORTED_FUNCTION when nothing is recognised. */
SECURITY_STATUS SspiInspectToken(const void *token, size_t size, SspiInspectFn fn, void *arg);

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
