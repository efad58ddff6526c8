/* SPDX-License-Identifier: MIT */
/*
 * lsa/sessions: logon sessions and what packages keep with them: CreateLogonSession, AddCredential and the
 * like of LSA_SECPKG_FUNCTION_TABLE. A session lives in this process only, until DeleteLogonSession; the
 * caller's own, the LogonId of GetClientInfo, need not be made. Secrets lie in mem_alloc's pages; a fork's
 * child begins with none.
 */
#ifndef OPENSSPI_LSA_SESSIONS_H
#define OPENSSPI_LSA_SESSIONS_H

#include <ntsecpkg.h>

/* STATUS_SUCCESS and a number never used before; STATUS_INVALID_PARAMETER, STATUS_NO_MEMORY. */
LSA_CREATE_LOGON_SESSION lsa_CreateLogonSession;
/* With all credentials of all packages. STATUS_NO_SUCH_LOGON_SESSION. */
LSA_DELETE_LOGON_SESSION lsa_DeleteLogonSession;
/* Adds a copy; of the same key too. STATUS_NO_SUCH_LOGON_SESSION, STATUS_INVALID_PARAMETER, STATUS_NO_MEMORY.
 */
LSA_ADD_CREDENTIAL lsa_AddCredential;
/*
 * The next one behind *QueryContext (0 at first) of that package with that key or, with
 * RetrieveAllCredentials, any key, which then goes to PrimaryKeyValue. What is handed out comes from
 * AllocateLsaHeap. PrimaryKeyLength may be NULL. STATUS_UNSUCCESSFUL: none is left.
 */
LSA_GET_CREDENTIALS lsa_GetCredentials;
/* The first of that package with that key. STATUS_UNSUCCESSFUL: there is none. */
LSA_DELETE_CREDENTIAL lsa_DeleteCredential;

#endif
