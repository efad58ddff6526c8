/* SPDX-License-Identifier: MIT */
/*
 * lsa: the host of LSA mode. It initialises packages' SECPKG_FUNCTION_TABLEs, serves them through
 * LSA_SECPKG_FUNCTION_TABLE, and makes their credential and handshake calls on behalf of a client. secur32 is
 * that client: what passes between the two is values, byte strings and LSA handles, never a pointer that one
 * keeps into the other's memory, so that a broker process can stand between them later. In particular a
 * context leaves the host only as the packed bytes in ContextData.
 *
 * Strings arrive as UTF-16 units with a length. Buffers that the host hands back are allocated here and
 * released with the function named beside them.
 */
#ifndef OPENSSPI_LSA_LSA_H
#define OPENSSPI_LSA_LSA_H

#include <stdbool.h>
#include <stddef.h>
#include <uchar.h>

#include <ntsecpkg.h>
#include <sspi.h>

/* One initialised LSA-mode package. */
struct lsa_package;

enum { LSA_TABLES_MAX = 64 }; /* packages of one module */

/* Copies a package's table, whose length the package only claims. False: it is not all there. */
bool lsa_table_read(void *out, const void *from, size_t size);

/*
 * Who keeps the packages and knows which of them are there: what CallPackage and notifications ask. find (by
 * name, without case) and hold give the package, which then stays, and what release is to be called with;
 * NULL: there is none, or it was removed (find).
 */
struct lsa_keeper {
    struct lsa_package *(*find)(const char16_t *name, size_t units, void **held);
    struct lsa_package *(*hold)(ULONG_PTR id, void **held);
    void (*release)(void *held);
};
void lsa_keeper_set(const struct lsa_keeper *keeper);

/* Runs SpLsaModeInitialize, checks version and tables, calls Initialize and GetInfo for each table.
 * *packages: array of count. On failure nothing stays and *reason (static text) says why. */
SECURITY_STATUS lsa_package_open(SpLsaModeInitializeFn entry, struct lsa_package ***packages, ULONG *count,
                                 const char **reason);
/* Shutdown and release; the caller knows that no handle of it is left. */
void lsa_package_close(struct lsa_package *package);
const SecPkgInfoW *lsa_package_info(const struct lsa_package *package);
ULONG_PTR lsa_package_id(const struct lsa_package *package);
/* Complete: what the package's version lacks is NULL. For packages that step others. */
const SECPKG_FUNCTION_TABLE *lsa_package_table(const struct lsa_package *package);

/* Credentials. principal NULL: none. auth_data: the application's identity structure, read through
 * CopyFromClientBuffer. ansi: the call came in by its A name (SECPKG_CALL_ANSI in LSA_GET_CALL_INFO). */
SECURITY_STATUS lsa_credentials_acquire(struct lsa_package *package, const UNICODE_STRING *principal,
                                        ULONG use, const LUID *logon_id, void *auth_data, bool ansi,
                                        LSA_SEC_HANDLE *credential, TimeStamp *expiry);

/*
 * From now on this thread's calls are made on behalf of a client: GetClientInfo reports Impersonating, and to
 * the package with the id owner the number of its context as ClientToken; to others none. owner 0: a client
 * of whom nobody here has anything.
 */
void lsa_client_set(ULONG_PTR owner, LSA_SEC_HANDLE context);
void lsa_client_clear(void);
/* Inside a call into a package that steps others: the services now serve the package of that id. The id that
 * they served before, to be put back. */
ULONG_PTR lsa_call_as(ULONG_PTR package);
SECURITY_STATUS lsa_credentials_free(struct lsa_package *package, LSA_SEC_HANDLE credential);
SECURITY_STATUS lsa_credentials_query(struct lsa_package *package, LSA_SEC_HANDLE credential, ULONG attribute,
                                      void *buffer);
SECURITY_STATUS lsa_credentials_set(struct lsa_package *package, LSA_SEC_HANDLE credential, ULONG attribute,
                                    void *buffer, ULONG size, bool ansi);
SECURITY_STATUS lsa_credentials_add(struct lsa_package *package, LSA_SEC_HANDLE credential,
                                    const UNICODE_STRING *principal, const UNICODE_STRING *name, ULONG use,
                                    void *auth_data, bool ansi, TimeStamp *expiry);

/*
 * Handshakes. A package never sees a NULL descriptor (an empty one stands in), and never
 * ISC_REQ_ALLOCATE_MEMORY or ASC_REQ_ALLOCATE_MEMORY: the caller of the host has allocated the output TOKEN.
 * A step that fails leaves no new context: what a package writes to NewContextHandle then is not looked at. A
 * first step must name its context (not 0); a later one names it again or leaves 0.
 *
 * ContextData is allocated by the package with AllocateLsaHeap. The packed bytes cross to the user half as a
 * copy from the user host's heap, which SpInitUserModeContext owns from its call on, whatever it answers: it
 * frees the copy with FreeContextBuffer. The host wipes and frees the original.
 */

/* What one handshake step produced beside the status. packed.pvBuffer is lsa-owned: lsa_packed_free. */
struct lsa_step {
    LSA_SEC_HANDLE context; /* 0: none was made */
    ULONG attributes;
    TimeStamp expiry;
    bool mapped; /* packed carries the context for SpInitUserModeContext */
    SecBuffer packed;
    ULONG_PTR owner; /* id of the package whose user half that is; 0: of the one that was called */
    LSA_SEC_HANDLE owner_context; /* what that package knows the context by */
};

/* Inside a handshake step: the context that it maps belongs to another package. Outside: nothing. */
void lsa_step_hand_over(ULONG_PTR owner, LSA_SEC_HANDLE context);

SECURITY_STATUS lsa_context_initialize(struct lsa_package *package, LSA_SEC_HANDLE credential,
                                       LSA_SEC_HANDLE context, const UNICODE_STRING *target,
                                       ULONG requirements, ULONG data_rep, SecBufferDesc *input,
                                       SecBufferDesc *output, bool ansi, struct lsa_step *step);
SECURITY_STATUS lsa_context_accept(struct lsa_package *package, LSA_SEC_HANDLE credential,
                                   LSA_SEC_HANDLE context, ULONG requirements, ULONG data_rep,
                                   SecBufferDesc *input, SecBufferDesc *output, struct lsa_step *step);
void lsa_packed_free(SecBuffer *packed);
SECURITY_STATUS lsa_context_delete(struct lsa_package *package, LSA_SEC_HANDLE context);
SECURITY_STATUS lsa_context_query(struct lsa_package *package, LSA_SEC_HANDLE context, ULONG attribute,
                                  void *buffer);
SECURITY_STATUS lsa_context_set(struct lsa_package *package, LSA_SEC_HANDLE context, ULONG attribute,
                                void *buffer, ULONG size, bool ansi);
/* True: this attribute of an established context is the LSA half's to answer (SecpkgContextThunks). */
bool lsa_context_thunked(const struct lsa_package *package, ULONG attribute);
SECURITY_STATUS lsa_context_control(struct lsa_package *package, LSA_SEC_HANDLE context,
                                    SecBufferDesc *input);

/*
 * NTSTATUS of a package to the name that SSPI has for it: STATUS_INSUFFICIENT_RESOURCES and STATUS_NO_MEMORY
 * SEC_E_INSUFFICIENT_MEMORY, STATUS_INVALID_HANDLE SEC_E_INVALID_HANDLE, STATUS_LOGON_FAILURE
 * SEC_E_LOGON_DENIED, STATUS_NOT_SUPPORTED and STATUS_NOT_IMPLEMENTED SEC_E_UNSUPPORTED_FUNCTION. Codes that
 * already are SSPI's pass. All else, successes that are not SSPI's included, is SEC_E_INTERNAL_ERROR; the
 * original goes to the trace.
 */
SECURITY_STATUS lsa_status_map(NTSTATUS status);

#endif
