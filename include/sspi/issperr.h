/* SPDX-License-Identifier: MIT */
/*
 * The status codes of SSPI, with Windows' values.
 *
 * SEC_E_* are errors: negative; the call did nothing that the caller could see unless its contract says
 * otherwise. SEC_I_* and SEC_E_OK are successes: zero or positive, and outputs are valid. SEC_SUCCESS
 * (sspi.h) tells the two apart.
 */
#ifndef OPENSSPI_ISSPERR_H
#define OPENSSPI_ISSPERR_H

#include "sspi_types.h"

#ifdef _WIN32

#include <winerror.h>

#else

#ifndef __SECSTATUS_DEFINED__
#define __SECSTATUS_DEFINED__
typedef LONG SECURITY_STATUS;
#endif

#define SEC_E_OK                            ((SECURITY_STATUS)0x00000000)

/* Send the output token and call again with the answer. */
#define SEC_I_CONTINUE_NEEDED               ((SECURITY_STATUS)0x00090312)
/* Call CompleteAuthToken, then send the token; the context is established. */
#define SEC_I_COMPLETE_NEEDED               ((SECURITY_STATUS)0x00090313)
/* Call CompleteAuthToken, send the token, call again with the answer. */
#define SEC_I_COMPLETE_AND_CONTINUE         ((SECURITY_STATUS)0x00090314)
/* The logon was done on this machine. */
#define SEC_I_LOCAL_LOGON                   ((SECURITY_STATUS)0x00090315)
#define SEC_I_GENERIC_EXTENSION_RECEIVED    ((SECURITY_STATUS)0x00090316)
/* The peer has closed the message stream. */
#define SEC_I_CONTEXT_EXPIRED               ((SECURITY_STATUS)0x00090317)
/* The peer wants credentials that were not given. */
#define SEC_I_INCOMPLETE_CREDENTIALS        ((SECURITY_STATUS)0x00090320)
#define SEC_I_RENEGOTIATE                   ((SECURITY_STATUS)0x00090321)
#define SEC_I_NO_LSA_CONTEXT                ((SECURITY_STATUS)0x00090323)
/* The peer must sign what it has sent so far. */
#define SEC_I_SIGNATURE_NEEDED              ((SECURITY_STATUS)0x0009035C)
#define SEC_I_NO_RENEGOTIATION              ((SECURITY_STATUS)0x00090360)
/* The token goes on in the next call. */
#define SEC_I_MESSAGE_FRAGMENT              ((SECURITY_STATUS)0x00090364)
/* Continue; the message in the same call was good. */
#define SEC_I_CONTINUE_NEEDED_MESSAGE_OK    ((SECURITY_STATUS)0x00090366)
/* The call goes on in the background. */
#define SEC_I_ASYNC_CALL_PENDING            ((SECURITY_STATUS)0x00090368)

/* Out of memory; nothing has changed. */
#define SEC_E_INSUFFICIENT_MEMORY           ((SECURITY_STATUS)0x80090300)
/* Not, or no longer, a handle of this process. */
#define SEC_E_INVALID_HANDLE                ((SECURITY_STATUS)0x80090301)
/* The package does not offer this. */
#define SEC_E_UNSUPPORTED_FUNCTION          ((SECURITY_STATUS)0x80090302)
/* The target's name means nothing to the authority. */
#define SEC_E_TARGET_UNKNOWN                ((SECURITY_STATUS)0x80090303)
/* A status without a better name; the trace has the original. */
#define SEC_E_INTERNAL_ERROR                ((SECURITY_STATUS)0x80090304)
/* No package of that name. */
#define SEC_E_SECPKG_NOT_FOUND              ((SECURITY_STATUS)0x80090305)
/* The caller does not own the credentials. */
#define SEC_E_NOT_OWNER                     ((SECURITY_STATUS)0x80090306)
/* The package could not start. */
#define SEC_E_CANNOT_INSTALL                ((SECURITY_STATUS)0x80090307)
/* A token or buffer that cannot be understood. */
#define SEC_E_INVALID_TOKEN                 ((SECURITY_STATUS)0x80090308)
/* The logon session cannot be handed over. */
#define SEC_E_CANNOT_PACK                   ((SECURITY_STATUS)0x80090309)
/* The package does not offer this quality of protection. */
#define SEC_E_QOP_NOT_SUPPORTED             ((SECURITY_STATUS)0x8009030A)
/* The context does not allow impersonation. */
#define SEC_E_NO_IMPERSONATION              ((SECURITY_STATUS)0x8009030B)
/* Wrong password, unknown account or policy: never said which. */
#define SEC_E_LOGON_DENIED                  ((SECURITY_STATUS)0x8009030C)
/* Credentials of a kind that the package does not understand. */
#define SEC_E_UNKNOWN_CREDENTIALS           ((SECURITY_STATUS)0x8009030D)
/* There are no credentials to use. */
#define SEC_E_NO_CREDENTIALS                ((SECURITY_STATUS)0x8009030E)
/* The signature does not match the message. */
#define SEC_E_MESSAGE_ALTERED               ((SECURITY_STATUS)0x8009030F)
/* A message in the wrong place: replayed, swapped, or one before it is missing. */
#define SEC_E_OUT_OF_SEQUENCE               ((SECURITY_STATUS)0x80090310)
/* No domain controller or KDC answers. */
#define SEC_E_NO_AUTHENTICATING_AUTHORITY   ((SECURITY_STATUS)0x80090311)
#define SEC_E_BAD_PKGID                     ((SECURITY_STATUS)0x80090316)
/* The context can protect no further message. */
#define SEC_E_CONTEXT_EXPIRED               ((SECURITY_STATUS)0x80090317)
/* More bytes are needed. */
#define SEC_E_INCOMPLETE_MESSAGE            ((SECURITY_STATUS)0x80090318)
/* The credentials lack a part. */
#define SEC_E_INCOMPLETE_CREDENTIALS        ((SECURITY_STATUS)0x80090320)
/* An output buffer is too small. */
#define SEC_E_BUFFER_TOO_SMALL              ((SECURITY_STATUS)0x80090321)
/* The target is another principal than was asked for. */
#define SEC_E_WRONG_PRINCIPAL               ((SECURITY_STATUS)0x80090322)
/* The clocks are too far apart. */
#define SEC_E_TIME_SKEW                     ((SECURITY_STATUS)0x80090324)
#define SEC_E_UNTRUSTED_ROOT                ((SECURITY_STATUS)0x80090325)
#define SEC_E_ILLEGAL_MESSAGE               ((SECURITY_STATUS)0x80090326)
#define SEC_E_CERT_UNKNOWN                  ((SECURITY_STATUS)0x80090327)
#define SEC_E_CERT_EXPIRED                  ((SECURITY_STATUS)0x80090328)
/* The message could not be encrypted. */
#define SEC_E_ENCRYPT_FAILURE               ((SECURITY_STATUS)0x80090329)
/* The message could not be decrypted. */
#define SEC_E_DECRYPT_FAILURE               ((SECURITY_STATUS)0x80090330)
#define SEC_E_ALGORITHM_MISMATCH            ((SECURITY_STATUS)0x80090331)
#define SEC_E_SECURITY_QOS_FAILED           ((SECURITY_STATUS)0x80090332)
/* The context was deleted before it was established. */
#define SEC_E_UNFINISHED_CONTEXT_DELETED    ((SECURITY_STATUS)0x80090333)
/* The peer did not send its ticket-granting ticket. */
#define SEC_E_NO_TGT_REPLY                  ((SECURITY_STATUS)0x80090334)
#define SEC_E_NO_IP_ADDRESSES               ((SECURITY_STATUS)0x80090335)
/* The context was begun with other credentials. */
#define SEC_E_WRONG_CREDENTIAL_HANDLE       ((SECURITY_STATUS)0x80090336)
#define SEC_E_CRYPTO_SYSTEM_INVALID         ((SECURITY_STATUS)0x80090337)
#define SEC_E_MAX_REFERRALS_EXCEEDED        ((SECURITY_STATUS)0x80090338)
#define SEC_E_MUST_BE_KDC                   ((SECURITY_STATUS)0x80090339)
#define SEC_E_STRONG_CRYPTO_NOT_SUPPORTED   ((SECURITY_STATUS)0x8009033A)
#define SEC_E_TOO_MANY_PRINCIPALS           ((SECURITY_STATUS)0x8009033B)
#define SEC_E_NO_PA_DATA                    ((SECURITY_STATUS)0x8009033C)
#define SEC_E_PKINIT_NAME_MISMATCH          ((SECURITY_STATUS)0x8009033D)
#define SEC_E_SMARTCARD_LOGON_REQUIRED      ((SECURITY_STATUS)0x8009033E)
#define SEC_E_SHUTDOWN_IN_PROGRESS          ((SECURITY_STATUS)0x8009033F)
#define SEC_E_KDC_INVALID_REQUEST           ((SECURITY_STATUS)0x80090340)
#define SEC_E_KDC_UNABLE_TO_REFER           ((SECURITY_STATUS)0x80090341)
#define SEC_E_KDC_UNKNOWN_ETYPE             ((SECURITY_STATUS)0x80090342)
#define SEC_E_UNSUPPORTED_PREAUTH           ((SECURITY_STATUS)0x80090343)
/* The call needs delegated credentials. */
#define SEC_E_DELEGATION_REQUIRED           ((SECURITY_STATUS)0x80090345)
/* The channel bindings of the two sides differ. */
#define SEC_E_BAD_BINDINGS                  ((SECURITY_STATUS)0x80090346)
#define SEC_E_MULTIPLE_ACCOUNTS             ((SECURITY_STATUS)0x80090347)
#define SEC_E_NO_KERB_KEY                   ((SECURITY_STATUS)0x80090348)
#define SEC_E_CERT_WRONG_USAGE              ((SECURITY_STATUS)0x80090349)
/* Somebody removed the better mechanisms from the negotiation. */
#define SEC_E_DOWNGRADE_DETECTED            ((SECURITY_STATUS)0x80090350)
#define SEC_E_SMARTCARD_CERT_REVOKED        ((SECURITY_STATUS)0x80090351)
#define SEC_E_ISSUING_CA_UNTRUSTED          ((SECURITY_STATUS)0x80090352)
#define SEC_E_REVOCATION_OFFLINE_C          ((SECURITY_STATUS)0x80090353)
#define SEC_E_PKINIT_CLIENT_FAILURE         ((SECURITY_STATUS)0x80090354)
#define SEC_E_SMARTCARD_CERT_EXPIRED        ((SECURITY_STATUS)0x80090355)
#define SEC_E_NO_S4U_PROT_SUPPORT           ((SECURITY_STATUS)0x80090356)
#define SEC_E_CROSSREALM_DELEGATION_FAILURE ((SECURITY_STATUS)0x80090357)
#define SEC_E_REVOCATION_OFFLINE_KDC        ((SECURITY_STATUS)0x80090358)
#define SEC_E_ISSUING_CA_UNTRUSTED_KDC      ((SECURITY_STATUS)0x80090359)
#define SEC_E_KDC_CERT_EXPIRED              ((SECURITY_STATUS)0x8009035A)
#define SEC_E_KDC_CERT_REVOKED              ((SECURITY_STATUS)0x8009035B)
/* An argument is not valid. */
#define SEC_E_INVALID_PARAMETER             ((SECURITY_STATUS)0x8009035D)
#define SEC_E_DELEGATION_POLICY             ((SECURITY_STATUS)0x8009035E)
#define SEC_E_POLICY_NLTM_ONLY              ((SECURITY_STATUS)0x8009035F)
#define SEC_E_NO_CONTEXT                    ((SECURITY_STATUS)0x80090361)
#define SEC_E_PKU2U_CERT_FAILURE            ((SECURITY_STATUS)0x80090362)
/* The server did not prove who it is. */
#define SEC_E_MUTUAL_AUTH_FAILED            ((SECURITY_STATUS)0x80090363)
#define SEC_E_ONLY_HTTPS_ALLOWED            ((SECURITY_STATUS)0x80090365)
#define SEC_E_APPLICATION_PROTOCOL_MISMATCH ((SECURITY_STATUS)0x80090367)
#define SEC_E_INVALID_UPN_NAME              ((SECURITY_STATUS)0x80090369)
#define SEC_E_EXT_BUFFER_TOO_SMALL          ((SECURITY_STATUS)0x8009036A)
#define SEC_E_INSUFFICIENT_BUFFERS          ((SECURITY_STATUS)0x8009036B)

#define SEC_E_NOT_SUPPORTED SEC_E_UNSUPPORTED_FUNCTION
#define SEC_E_NO_SPM        SEC_E_INTERNAL_ERROR

#endif /* _WIN32 */

#endif
