/* SPDX-License-Identifier: MIT */
/*
 * Security Support Provider Interface: contexts between two peers, and messages that the two protect with
 * them.
 *
 * The pieces. A package is a protocol with a name: "NTLM", "Kerberos", "Negotiate", or one that somebody
 * added. A credential (CredHandle) is who the local side is, for one package. A context (CtxtHandle) is one
 * conversation with one peer: its keys, its flags, its sequence numbers. Tokens are a package's opaque bytes;
 * the application carries them to the peer, SSPI itself opens no connection.
 *
 * The way, client | server:
 *   AcquireCredentialsHandle, SECPKG_CRED_OUTBOUND   | AcquireCredentialsHandle, SECPKG_CRED_INBOUND
 *   InitializeSecurityContext makes a token, send it | AcceptSecurityContext takes it and makes the answer
 *   ... both again with the same context for as long as they say SEC_I_CONTINUE_NEEDED; SEC_E_OK means
 *       established, and there may still be a last token to send ...
 *   compare *pfContextAttr with what was asked for: asking is not getting
 *   QueryContextAttributes SECPKG_ATTR_SIZES, once
 *   MakeSignature, VerifySignature, EncryptMessage, DecryptMessage, as often as there are messages
 *   DeleteSecurityContext, FreeCredentialsHandle, in either order: contexts outlive their credential
 *
 * A message and its signature:
 *     SecBuffer parts[2] = {{size, SECBUFFER_DATA, data}, {sizes.cbMaxSignature, SECBUFFER_TOKEN, token}};
 *     SecBufferDesc message = {SECBUFFER_VERSION, 2, parts};
 *     status = MakeSignature(&context, 0, &message, 0);    parts[1].cbBuffer is now the signature's length
 *
 * Handles are two numbers, never pointers: copy and compare them as you like. Each call checks them; one that
 * was never issued, is stale, or was made before a fork in the parent is answered with SEC_E_INVALID_HANDLE,
 * whatever its bits are.
 *
 * Memory. What a call allocates for the caller is freed with FreeContextBuffer, unless its contract names
 * another function. Structures that QueryContextAttributes fills are the caller's; each pointer inside them
 * is an allocation of its own. The library keeps no pointer into the caller's memory after a call returns.
 *
 * Text of the A functions is UTF-8, text of the W functions UTF-16 in the machine's byte order; terminated by
 * zero unless a length stands beside it. Without UNICODE a name without A or W means the A function.
 *
 * Threads. Any number of them may use one handle at once, delete it among them. The steps of one handshake
 * follow each other and are the exception: one thread at a time.
 *
 * Failure. A call that returns SEC_E_... has written no output and changed nothing, unless its contract says
 * otherwise. SEC_E_INSUFFICIENT_MEMORY is possible wherever something is allocated. A function that a package
 * does not offer is answered with SEC_E_UNSUPPORTED_FUNCTION.
 *
 * Where Windows' documentation is silent or contradicts itself, "(ours)" marks the choice made here.
 */
#ifdef _WIN32

#include "sspi_types.h"
#if !defined(SECURITY_WIN32) && !defined(SECURITY_KERNEL) && !defined(SECURITY_MAC)
#define SECURITY_WIN32
#endif
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC system_header
#include_next <sspi.h>
#else
#error "On Windows the SDK's own <sspi.h> must come first in the include path"
#endif

#elif !defined(OPENSSPI_SSPI_H)
#define OPENSSPI_SSPI_H

#include "sspi_types.h"

#include "issperr.h"
#include "ntsecapi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Words of the interface ---- */

/* Applications only: the variant for drivers, with PSECURITY_STRING names, does not exist here. */
#define ISSP_LEVEL 32
#define ISSP_MODE  1

#ifndef KSECDDDECLSPEC
#if defined(__GNUC__)
#define KSECDDDECLSPEC __attribute__((visibility("default")))
#else
#define KSECDDDECLSPEC
#endif
#endif

#define SEC_ENTRY
#define SEC_FAR
#define __SEC_FAR
#ifdef UNICODE
#define SEC_TEXT(literal) SSPI_PASTE(u, literal)
#else
#define SEC_TEXT(literal) literal
#endif

typedef WCHAR SEC_WCHAR;
typedef CHAR SEC_CHAR;

#ifdef UNICODE
typedef SEC_WCHAR *SECURITY_PSTR;
typedef const SEC_WCHAR *SECURITY_PCSTR;
#else
typedef SEC_CHAR *SECURITY_PSTR;
typedef const SEC_CHAR *SECURITY_PCSTR;
#endif

typedef LARGE_INTEGER _SECURITY_INTEGER, SECURITY_INTEGER, *PSECURITY_INTEGER;
typedef SECURITY_INTEGER TimeStamp;
typedef SECURITY_INTEGER *PTimeStamp;
typedef UNICODE_STRING SECURITY_STRING, *PSECURITY_STRING;

/* True for SEC_E_OK and every SEC_I_ status. */
#define SEC_SUCCESS(Status) ((Status) >= 0)

/* ---- Handles ---- */

#ifndef __SECHANDLE_DEFINED__
#define __SECHANDLE_DEFINED__
typedef struct _SecHandle {
    ULONG_PTR dwLower;
    ULONG_PTR dwUpper;
} SecHandle, *PSecHandle;
#endif

typedef SecHandle CredHandle;
typedef PSecHandle PCredHandle;
typedef SecHandle CtxtHandle;
typedef PSecHandle PCtxtHandle;

/* Marks *x as no handle. An expression, unlike Windows' two statements; x is evaluated twice. */
#define SecInvalidateHandle(x)                                                                               \
    ((void)(((PSecHandle)(x))->dwLower = (ULONG_PTR)(INT_PTR)-1,                                             \
            ((PSecHandle)(x))->dwUpper = (ULONG_PTR)(INT_PTR)-1))
/* False for a handle that SecInvalidateHandle marked; others may be as dead. */
#define SecIsValidHandle(x)                                                                                  \
    ((((PSecHandle)(x))->dwLower != (ULONG_PTR)(INT_PTR)-1) &&                                               \
     (((PSecHandle)(x))->dwUpper != (ULONG_PTR)(INT_PTR)-1))
#define SEC_DELETED_HANDLE ((ULONG_PTR)(-2))

/* ---- Packages ---- */

/*
 * fCapabilities: SECPKG_FLAG_ bits. wVersion: 1. wRPCID: the package's number in DCE/RPC. cbMaxToken: room
 * that any token of a handshake fits in, bytes. Name and Comment lie in the same allocation.
 */
typedef struct _SecPkgInfoW {
    ULONG fCapabilities;
    USHORT wVersion;
    USHORT wRPCID;
    ULONG cbMaxToken;
    SEC_WCHAR *Name;
    SEC_WCHAR *Comment;
} SecPkgInfoW, *PSecPkgInfoW;

typedef struct _SecPkgInfoA {
    ULONG fCapabilities;
    USHORT wVersion;
    USHORT wRPCID;
    ULONG cbMaxToken;
    SEC_CHAR *Name;
    SEC_CHAR *Comment;
} SecPkgInfoA, *PSecPkgInfoA;

#define SecPkgInfo  SSPI_NAME_AW(SecPkgInfo)
#define PSecPkgInfo SSPI_NAME_AW(PSecPkgInfo)

#define SECPKG_FLAG_INTEGRITY                    0x00000001
#define SECPKG_FLAG_PRIVACY                      0x00000002
#define SECPKG_FLAG_TOKEN_ONLY                   0x00000004
#define SECPKG_FLAG_DATAGRAM                     0x00000008
#define SECPKG_FLAG_CONNECTION                   0x00000010
#define SECPKG_FLAG_MULTI_REQUIRED               0x00000020
#define SECPKG_FLAG_CLIENT_ONLY                  0x00000040
#define SECPKG_FLAG_EXTENDED_ERROR               0x00000080
#define SECPKG_FLAG_IMPERSONATION                0x00000100
#define SECPKG_FLAG_ACCEPT_WIN32_NAME            0x00000200
#define SECPKG_FLAG_STREAM                       0x00000400
#define SECPKG_FLAG_NEGOTIABLE                   0x00000800
#define SECPKG_FLAG_GSS_COMPATIBLE               0x00001000
#define SECPKG_FLAG_LOGON                        0x00002000
#define SECPKG_FLAG_ASCII_BUFFERS                0x00004000
#define SECPKG_FLAG_FRAGMENT                     0x00008000
#define SECPKG_FLAG_MUTUAL_AUTH                  0x00010000
#define SECPKG_FLAG_DELEGATION                   0x00020000
#define SECPKG_FLAG_READONLY_WITH_CHECKSUM       0x00040000
#define SECPKG_FLAG_RESTRICTED_TOKENS            0x00080000
#define SECPKG_FLAG_NEGO_EXTENDER                0x00100000
#define SECPKG_FLAG_NEGOTIABLE2                  0x00200000
#define SECPKG_FLAG_APPCONTAINER_PASSTHROUGH     0x00400000
#define SECPKG_FLAG_APPCONTAINER_CHECKS          0x00800000
#define SECPKG_FLAG_CREDENTIAL_ISOLATION_ENABLED 0x01000000
#define SECPKG_FLAG_APPLY_LOOPBACK               0x02000000

/* wRPCID of a package that DCE/RPC does not know. */
#define SECPKG_ID_NONE                           0xFFFF

#define SECPKG_CALLFLAGS_APPCONTAINER             0x00000001
#define SECPKG_CALLFLAGS_APPCONTAINER_AUTHCAPABLE 0x00000002
#define SECPKG_CALLFLAGS_FORCE_SUPPLIED           0x00000004
#define SECPKG_CALLFLAGS_APPCONTAINER_UPNCAPABLE  0x00000008

/* ---- Buffers ---- */

/*
 * One piece of memory and what it is for. cbBuffer: bytes at pvBuffer; on output of tokens the room, then
 * what was written. BufferType: one SECBUFFER_ type below, and attribute bits of SECBUFFER_ATTRMASK.
 */
typedef struct _SecBuffer {
    ULONG cbBuffer;
    ULONG BufferType;
    void *pvBuffer;
} SecBuffer, *PSecBuffer;

/* Pieces in order. ulVersion: SECBUFFER_VERSION. cBuffers: at most 64 (ours). */
typedef struct _SecBufferDesc {
    ULONG ulVersion;
    ULONG cBuffers;
    PSecBuffer pBuffers;
} SecBufferDesc, *PSecBufferDesc;

#define SECBUFFER_VERSION                         0

/*
 * Types. DATA: the message. TOKEN: handshake token, signature or the header of a sealed message. STREAM:
 * header and data in one piece, for DecryptMessage. PKG_PARAMS, CHANNEL_BINDINGS, TARGET and the like
 * accompany a handshake. Types that a call has no use for are ignored.
 */
#define SECBUFFER_EMPTY                           0
#define SECBUFFER_DATA                            1
#define SECBUFFER_TOKEN                           2
#define SECBUFFER_PKG_PARAMS                      3
#define SECBUFFER_MISSING                         4
#define SECBUFFER_EXTRA                           5
#define SECBUFFER_STREAM_TRAILER                  6
#define SECBUFFER_STREAM_HEADER                   7
#define SECBUFFER_NEGOTIATION_INFO                8
#define SECBUFFER_PADDING                         9
#define SECBUFFER_STREAM                          10
#define SECBUFFER_MECHLIST                        11
#define SECBUFFER_MECHLIST_SIGNATURE              12
#define SECBUFFER_TARGET                          13
#define SECBUFFER_CHANNEL_BINDINGS                14
#define SECBUFFER_CHANGE_PASS_RESPONSE            15
#define SECBUFFER_TARGET_HOST                     16
#define SECBUFFER_ALERT                           17
#define SECBUFFER_APPLICATION_PROTOCOLS           18
#define SECBUFFER_SRTP_PROTECTION_PROFILES        19
#define SECBUFFER_SRTP_MASTER_KEY_IDENTIFIER      20
#define SECBUFFER_TOKEN_BINDING                   21
#define SECBUFFER_PRESHARED_KEY                   22
#define SECBUFFER_PRESHARED_KEY_IDENTITY          23
#define SECBUFFER_DTLS_MTU                        24
#define SECBUFFER_SEND_GENERIC_TLS_EXTENSION      25
#define SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION 26
#define SECBUFFER_FLAGS                           27
#define SECBUFFER_TRAFFIC_SECRETS                 28
#define SECBUFFER_CERTIFICATE_REQUEST_CONTEXT     29
#define SECBUFFER_CHANNEL_BINDINGS_RESULT         30
#define SECBUFFER_APP_SESSION_STATE               31
#define SECBUFFER_SESSION_TICKET                  32

/*
 * Attributes. READONLY_WITH_CHECKSUM: signed, never encrypted or written to (DCE/RPC protects its headers
 * so). READONLY: never encrypted or written to; whether it is signed is the package's: NTLM with extended
 * session security signs it ([MS-NLMP] 3.4.9.1), NTLM without and Kerberos leave it out.
 */
#define SECBUFFER_ATTRMASK                        0xF0000000
#define SECBUFFER_READONLY                        0x80000000
#define SECBUFFER_READONLY_WITH_CHECKSUM          0x10000000
#define SECBUFFER_RESERVED                        0x60000000

typedef struct _SEC_NEGOTIATION_INFO {
    ULONG Size;
    ULONG NameLength;
    SEC_WCHAR *Name;
    void *Reserved;
} SEC_NEGOTIATION_INFO, *PSEC_NEGOTIATION_INFO;

/*
 * RFC 2744's channel bindings, flattened: offsets count from the start of this structure, lengths are bytes.
 * The SECBUFFER_CHANNEL_BINDINGS buffer of a handshake step holds it and what it points to.
 */
typedef struct _SEC_CHANNEL_BINDINGS {
    ULONG dwInitiatorAddrType;
    ULONG cbInitiatorLength;
    ULONG dwInitiatorOffset;
    ULONG dwAcceptorAddrType;
    ULONG cbAcceptorLength;
    ULONG dwAcceptorOffset;
    ULONG cbApplicationDataLength;
    ULONG dwApplicationDataOffset;
} SEC_CHANNEL_BINDINGS, *PSEC_CHANNEL_BINDINGS;

typedef enum _SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT {
    SecApplicationProtocolNegotiationExt_None,
    SecApplicationProtocolNegotiationExt_NPN,
    SecApplicationProtocolNegotiationExt_ALPN
} SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT,
    *PSEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT;

typedef struct _SEC_APPLICATION_PROTOCOL_LIST {
    SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT ProtoNegoExt;
    USHORT ProtocolListSize;
    UCHAR ProtocolList[ANYSIZE_ARRAY];
} SEC_APPLICATION_PROTOCOL_LIST, *PSEC_APPLICATION_PROTOCOL_LIST;

typedef struct _SEC_APPLICATION_PROTOCOLS {
    ULONG ProtocolListsSize;
    SEC_APPLICATION_PROTOCOL_LIST ProtocolLists[ANYSIZE_ARRAY];
} SEC_APPLICATION_PROTOCOLS, *PSEC_APPLICATION_PROTOCOLS;

typedef struct _SEC_SRTP_PROTECTION_PROFILES {
    USHORT ProfilesSize;
    USHORT ProfilesList[ANYSIZE_ARRAY];
} SEC_SRTP_PROTECTION_PROFILES, *PSEC_SRTP_PROTECTION_PROFILES;

typedef struct _SEC_SRTP_MASTER_KEY_IDENTIFIER {
    UCHAR MasterKeyIdentifierSize;
    UCHAR MasterKeyIdentifier[ANYSIZE_ARRAY];
} SEC_SRTP_MASTER_KEY_IDENTIFIER, *PSEC_SRTP_MASTER_KEY_IDENTIFIER;

typedef struct _SEC_TOKEN_BINDING {
    UCHAR MajorVersion;
    UCHAR MinorVersion;
    USHORT KeyParametersSize;
    UCHAR KeyParameters[ANYSIZE_ARRAY];
} SEC_TOKEN_BINDING, *PSEC_TOKEN_BINDING;

typedef struct _SEC_PRESHAREDKEY {
    USHORT KeySize;
    UCHAR Key[ANYSIZE_ARRAY];
} SEC_PRESHAREDKEY, *PSEC_PRESHAREDKEY;

typedef struct _SEC_PRESHAREDKEY_IDENTITY {
    USHORT KeyIdentitySize;
    UCHAR KeyIdentity[ANYSIZE_ARRAY];
} SEC_PRESHAREDKEY_IDENTITY, *PSEC_PRESHAREDKEY_IDENTITY;

typedef struct _SEC_DTLS_MTU {
    USHORT PathMTU;
} SEC_DTLS_MTU, *PSEC_DTLS_MTU;

typedef struct _SEC_FLAGS {
    ULONGLONG Flags;
} SEC_FLAGS, *PSEC_FLAGS;

typedef enum _SEC_TRAFFIC_SECRET_TYPE {
    SecTrafficSecret_None,
    SecTrafficSecret_Client,
    SecTrafficSecret_Server
} SEC_TRAFFIC_SECRET_TYPE,
    *PSEC_TRAFFIC_SECRET_TYPE;

#define SZ_ALG_MAX_SIZE                  64

typedef struct _SEC_TRAFFIC_SECRETS {
    WCHAR SymmetricAlgId[SZ_ALG_MAX_SIZE];
    WCHAR ChainingMode[SZ_ALG_MAX_SIZE];
    WCHAR HashAlgId[SZ_ALG_MAX_SIZE];
    USHORT KeySize;
    USHORT IvSize;
    USHORT MsgSequenceStart;
    USHORT MsgSequenceEnd;
    SEC_TRAFFIC_SECRET_TYPE TrafficSecretType;
    USHORT TrafficSecretSize;
    UCHAR TrafficSecret[ANYSIZE_ARRAY];
} SEC_TRAFFIC_SECRETS, *PSEC_TRAFFIC_SECRETS;

/* TargetDataRep: byte order of the peer. Packages of today do not look at it. */
#define SECURITY_NATIVE_DREP             0x00000010
#define SECURITY_NETWORK_DREP            0x00000000

/* ---- Flags of credentials and contexts ---- */

/* fCredentialUse. */
#define SECPKG_CRED_INBOUND              0x00000001
#define SECPKG_CRED_OUTBOUND             0x00000002
#define SECPKG_CRED_BOTH                 0x00000003
#define SECPKG_CRED_DEFAULT              0x00000004
#define SECPKG_CRED_RESERVED             0xF0000000
#define SECPKG_CRED_AUTOLOGON_RESTRICTED 0x00000010
#define SECPKG_CRED_PROCESS_POLICY_ONLY  0x00000020

/* fContextReq of InitializeSecurityContext: what the client wants. */
#define ISC_REQ_DELEGATE                 0x00000001
#define ISC_REQ_MUTUAL_AUTH              0x00000002
#define ISC_REQ_REPLAY_DETECT            0x00000004
#define ISC_REQ_SEQUENCE_DETECT          0x00000008
#define ISC_REQ_CONFIDENTIALITY          0x00000010
#define ISC_REQ_USE_SESSION_KEY          0x00000020
#define ISC_REQ_PROMPT_FOR_CREDS         0x00000040
#define ISC_REQ_USE_SUPPLIED_CREDS       0x00000080
#define ISC_REQ_ALLOCATE_MEMORY          0x00000100
#define ISC_REQ_USE_DCE_STYLE            0x00000200
#define ISC_REQ_DATAGRAM                 0x00000400
#define ISC_REQ_CONNECTION               0x00000800
#define ISC_REQ_CALL_LEVEL               0x00001000
#define ISC_REQ_FRAGMENT_SUPPLIED        0x00002000
#define ISC_REQ_EXTENDED_ERROR           0x00004000
#define ISC_REQ_STREAM                   0x00008000
#define ISC_REQ_INTEGRITY                0x00010000
#define ISC_REQ_IDENTIFY                 0x00020000
#define ISC_REQ_NULL_SESSION             0x00040000
#define ISC_REQ_MANUAL_CRED_VALIDATION   0x00080000
#define ISC_REQ_RESERVED1                0x00100000
#define ISC_REQ_FRAGMENT_TO_FIT          0x00200000
#define ISC_REQ_FORWARD_CREDENTIALS      0x00400000
#define ISC_REQ_NO_INTEGRITY             0x00800000
#define ISC_REQ_USE_HTTP_STYLE           0x01000000
#define ISC_REQ_UNVERIFIED_TARGET_NAME   0x20000000
#define ISC_REQ_CONFIDENTIALITY_ONLY     0x40000000
#define ISC_REQ_MESSAGES                 0x0000000100000000

/* *pfContextAttr of InitializeSecurityContext: what it got. Complete when the context is established. */
#define ISC_RET_DELEGATE                 0x00000001
#define ISC_RET_MUTUAL_AUTH              0x00000002
#define ISC_RET_REPLAY_DETECT            0x00000004
#define ISC_RET_SEQUENCE_DETECT          0x00000008
#define ISC_RET_CONFIDENTIALITY          0x00000010
#define ISC_RET_USE_SESSION_KEY          0x00000020
#define ISC_RET_USED_COLLECTED_CREDS     0x00000040
#define ISC_RET_USED_SUPPLIED_CREDS      0x00000080
#define ISC_RET_ALLOCATED_MEMORY         0x00000100
#define ISC_RET_USED_DCE_STYLE           0x00000200
#define ISC_RET_DATAGRAM                 0x00000400
#define ISC_RET_CONNECTION               0x00000800
#define ISC_RET_INTERMEDIATE_RETURN      0x00001000
#define ISC_RET_CALL_LEVEL               0x00002000
#define ISC_RET_EXTENDED_ERROR           0x00004000
#define ISC_RET_STREAM                   0x00008000
#define ISC_RET_INTEGRITY                0x00010000
#define ISC_RET_IDENTIFY                 0x00020000
#define ISC_RET_NULL_SESSION             0x00040000
#define ISC_RET_MANUAL_CRED_VALIDATION   0x00080000
#define ISC_RET_RESERVED1                0x00100000
#define ISC_RET_FRAGMENT_ONLY            0x00200000
#define ISC_RET_FORWARD_CREDENTIALS      0x00400000
#define ISC_RET_USED_HTTP_STYLE          0x01000000
#define ISC_RET_NO_ADDITIONAL_TOKEN      0x02000000
#define ISC_RET_REAUTHENTICATION         0x08000000
#define ISC_RET_CONFIDENTIALITY_ONLY     0x40000000
#define ISC_RET_MESSAGES                 0x0000000100000000

/* fContextReq of AcceptSecurityContext. Mind that many bits differ from the client's. */
#define ASC_REQ_DELEGATE                 0x00000001
#define ASC_REQ_MUTUAL_AUTH              0x00000002
#define ASC_REQ_REPLAY_DETECT            0x00000004
#define ASC_REQ_SEQUENCE_DETECT          0x00000008
#define ASC_REQ_CONFIDENTIALITY          0x00000010
#define ASC_REQ_USE_SESSION_KEY          0x00000020
#define ASC_REQ_SESSION_TICKET           0x00000040
#define ASC_REQ_ALLOCATE_MEMORY          0x00000100
#define ASC_REQ_USE_DCE_STYLE            0x00000200
#define ASC_REQ_DATAGRAM                 0x00000400
#define ASC_REQ_CONNECTION               0x00000800
#define ASC_REQ_CALL_LEVEL               0x00001000
#define ASC_REQ_FRAGMENT_SUPPLIED        0x00002000
#define ASC_REQ_EXTENDED_ERROR           0x00008000
#define ASC_REQ_STREAM                   0x00010000
#define ASC_REQ_INTEGRITY                0x00020000
#define ASC_REQ_LICENSING                0x00040000
#define ASC_REQ_IDENTIFY                 0x00080000
#define ASC_REQ_ALLOW_NULL_SESSION       0x00100000
#define ASC_REQ_ALLOW_NON_USER_LOGONS    0x00200000
#define ASC_REQ_ALLOW_CONTEXT_REPLAY     0x00400000
#define ASC_REQ_FRAGMENT_TO_FIT          0x00800000
#define ASC_REQ_NO_TOKEN                 0x01000000
#define ASC_REQ_PROXY_BINDINGS           0x04000000
#define ASC_REQ_ALLOW_MISSING_BINDINGS   0x10000000
#define ASC_REQ_MESSAGES                 0x0000000100000000
#define ASC_REQ_FRAGMENT_NO_TOKEN        ASC_REQ_NO_TOKEN

/* *pfContextAttr of AcceptSecurityContext. */
#define ASC_RET_DELEGATE                 0x00000001
#define ASC_RET_MUTUAL_AUTH              0x00000002
#define ASC_RET_REPLAY_DETECT            0x00000004
#define ASC_RET_SEQUENCE_DETECT          0x00000008
#define ASC_RET_CONFIDENTIALITY          0x00000010
#define ASC_RET_USE_SESSION_KEY          0x00000020
#define ASC_RET_SESSION_TICKET           0x00000040
#define ASC_RET_ALLOCATED_MEMORY         0x00000100
#define ASC_RET_USED_DCE_STYLE           0x00000200
#define ASC_RET_DATAGRAM                 0x00000400
#define ASC_RET_CONNECTION               0x00000800
#define ASC_RET_CALL_LEVEL               0x00002000
#define ASC_RET_THIRD_LEG_FAILED         0x00004000
#define ASC_RET_EXTENDED_ERROR           0x00008000
#define ASC_RET_STREAM                   0x00010000
#define ASC_RET_INTEGRITY                0x00020000
#define ASC_RET_LICENSING                0x00040000
#define ASC_RET_IDENTIFY                 0x00080000
#define ASC_RET_NULL_SESSION             0x00100000
#define ASC_RET_ALLOW_NON_USER_LOGONS    0x00200000
#define ASC_RET_ALLOW_CONTEXT_REPLAY     0x00400000
#define ASC_RET_FRAGMENT_ONLY            0x00800000
#define ASC_RET_NO_TOKEN                 0x01000000
#define ASC_RET_NO_ADDITIONAL_TOKEN      0x02000000
#define ASC_RET_MESSAGES                 0x0000000100000000
#define ASC_RET_NO_PROXY_BINDINGS        0x04000000
#define ASC_RET_MISSING_BINDINGS         0x10000000

/* ---- Attributes of credentials ---- */

#define SECPKG_CRED_ATTR_NAMES              1
#define SECPKG_CRED_ATTR_SSI_PROVIDER       2
#define SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS 3
#define SECPKG_CRED_ATTR_CERT               4
#define SECPKG_CRED_ATTR_PAC_BYPASS         5
#define SECPKG_CRED_ATTR_TICKET_LOGON       1200

typedef struct _SecPkgCredentials_NamesW {
    SEC_WCHAR *sUserName;
} SecPkgCredentials_NamesW, *PSecPkgCredentials_NamesW;

typedef struct _SecPkgCredentials_NamesA {
    SEC_CHAR *sUserName;
} SecPkgCredentials_NamesA, *PSecPkgCredentials_NamesA;

#define SecPkgCredentials_Names  SSPI_NAME_AW(SecPkgCredentials_Names)
#define PSecPkgCredentials_Names SSPI_NAME_AW(PSecPkgCredentials_Names)

typedef struct _SecPkgCredentials_SSIProviderW {
    SEC_WCHAR *sProviderName;
    ULONG ProviderInfoLength;
    char *ProviderInfo;
} SecPkgCredentials_SSIProviderW, *PSecPkgCredentials_SSIProviderW;

typedef struct _SecPkgCredentials_SSIProviderA {
    SEC_CHAR *sProviderName;
    ULONG ProviderInfoLength;
    char *ProviderInfo;
} SecPkgCredentials_SSIProviderA, *PSecPkgCredentials_SSIProviderA;

#define SecPkgCredentials_SSIProvider  SSPI_NAME_AW(SecPkgCredentials_SSIProvider)
#define PSecPkgCredentials_SSIProvider SSPI_NAME_AW(PSecPkgCredentials_SSIProvider)

#define KDC_PROXY_SETTINGS_V1                   1
#define KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY     0x1

typedef struct _SecPkgCredentials_KdcProxySettingsW {
    ULONG Version;
    ULONG Flags;
    USHORT ProxyServerOffset;
    USHORT ProxyServerLength;
    USHORT ClientTlsCredOffset;
    USHORT ClientTlsCredLength;
} SecPkgCredentials_KdcProxySettingsW, *PSecPkgCredentials_KdcProxySettingsW;

typedef struct _SecPkgCredentials_Cert {
    ULONG EncodedCertSize;
    unsigned char *EncodedCert;
} SecPkgCredentials_Cert, *PSecPkgCredentials_Cert;

/* ---- Attributes of contexts ---- */

/*
 * ulAttribute of QueryContextAttributes; pBuffer points to the SecPkgContext_ structure of like name.
 *
 *   SIZES               SecPkgContext_Sizes                 STREAM_SIZES        SecPkgContext_StreamSizes
 *   NAMES               SecPkgContext_Names                 NATIVE_NAMES        SecPkgContext_NativeNames
 *   LIFESPAN            SecPkgContext_Lifespan              PASSWORD_EXPIRY     SecPkgContext_PasswordExpiry
 *   KEY_INFO            SecPkgContext_KeyInfo               SESSION_KEY         SecPkgContext_SessionKey
 *   AUTHORITY           SecPkgContext_Authority             PROTO_INFO          SecPkgContext_ProtoInfo
 *   PACKAGE_INFO        SecPkgContext_PackageInfo           NEGOTIATION_INFO    SecPkgContext_NegotiationInfo
 *   FLAGS               SecPkgContext_Flags                 USER_FLAGS          SecPkgContext_UserFlags
 *   ACCESS_TOKEN        SecPkgContext_AccessToken           DCE_INFO            SecPkgContext_DceInfo
 *   TARGET              SecPkgContext_Target                UNIQUE_BINDINGS     SecPkgContext_Bindings
 *   TARGET_INFORMATION  SecPkgContext_TargetInformation     ENDPOINT_BINDINGS   SecPkgContext_Bindings
 *   CLIENT_SPECIFIED_TARGET                                 SecPkgContext_ClientSpecifiedTarget
 *   LAST_CLIENT_TOKEN_STATUS                                SecPkgContext_LastClientTokenStatus
 *
 * A package answers what it has: anything else is SEC_E_UNSUPPORTED_FUNCTION.
 */
#define SECPKG_ATTR_SIZES                       0
#define SECPKG_ATTR_NAMES                       1
#define SECPKG_ATTR_LIFESPAN                    2
#define SECPKG_ATTR_DCE_INFO                    3
#define SECPKG_ATTR_STREAM_SIZES                4
#define SECPKG_ATTR_KEY_INFO                    5
#define SECPKG_ATTR_AUTHORITY                   6
#define SECPKG_ATTR_PROTO_INFO                  7
#define SECPKG_ATTR_PASSWORD_EXPIRY             8
#define SECPKG_ATTR_SESSION_KEY                 9
#define SECPKG_ATTR_PACKAGE_INFO                10
#define SECPKG_ATTR_USER_FLAGS                  11
#define SECPKG_ATTR_NEGOTIATION_INFO            12
#define SECPKG_ATTR_NATIVE_NAMES                13
#define SECPKG_ATTR_FLAGS                       14
#define SECPKG_ATTR_USE_VALIDATED               15
#define SECPKG_ATTR_CREDENTIAL_NAME             16
#define SECPKG_ATTR_TARGET_INFORMATION          17
#define SECPKG_ATTR_ACCESS_TOKEN                18
#define SECPKG_ATTR_TARGET                      19
#define SECPKG_ATTR_AUTHENTICATION_ID           20
#define SECPKG_ATTR_LOGOFF_TIME                 21
#define SECPKG_ATTR_NEGO_KEYS                   22
#define SECPKG_ATTR_PROMPTING_NEEDED            24
#define SECPKG_ATTR_UNIQUE_BINDINGS             25
#define SECPKG_ATTR_ENDPOINT_BINDINGS           26
#define SECPKG_ATTR_CLIENT_SPECIFIED_TARGET     27
#define SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS    30
#define SECPKG_ATTR_NEGO_PKG_INFO               31
#define SECPKG_ATTR_NEGO_STATUS                 32
#define SECPKG_ATTR_CONTEXT_DELETED             33
#define SECPKG_ATTR_DTLS_MTU                    34
#define SECPKG_ATTR_DATAGRAM_SIZES              SECPKG_ATTR_STREAM_SIZES
#define SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES 128
#define SECPKG_ATTR_APPLICATION_PROTOCOL        35
#define SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS   36
#define SECPKG_ATTR_IS_LOOPBACK                 37

#define SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS 0x1
#define SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM     0x2

typedef struct _SecPkgContext_SubjectAttributes {
    void *AttributeInfo;
} SecPkgContext_SubjectAttributes, *PSecPkgContext_SubjectAttributes;

typedef enum _SECPKG_CRED_CLASS {
    SecPkgCredClass_None = 0,
    SecPkgCredClass_Ephemeral = 10,
    SecPkgCredClass_PersistedGeneric = 20,
    SecPkgCredClass_PersistedSpecific = 30,
    SecPkgCredClass_Explicit = 40
} SECPKG_CRED_CLASS,
    *PSECPKG_CRED_CLASS;

typedef struct _SecPkgContext_CredInfo {
    SECPKG_CRED_CLASS CredClass;
    ULONG IsPromptingNeeded;
} SecPkgContext_CredInfo, *PSecPkgContext_CredInfo;

typedef struct _SecPkgContext_NegoPackageInfo {
    ULONG PackageMask;
} SecPkgContext_NegoPackageInfo, *PSecPkgContext_NegoPackageInfo;

typedef struct _SecPkgContext_NegoStatus {
    ULONG LastStatus;
} SecPkgContext_NegoStatus, *PSecPkgContext_NegoStatus;

/*
 * Bytes. cbMaxToken: largest handshake token. cbMaxSignature: TOKEN of MakeSignature, exactly what it writes.
 * cbBlockSize: multiple that EncryptMessage wants DATA in, 0 or 1 when it does not care. cbSecurityTrailer:
 * TOKEN of EncryptMessage, enough for any fQOP.
 */
typedef struct _SecPkgContext_Sizes {
    ULONG cbMaxToken;
    ULONG cbMaxSignature;
    ULONG cbBlockSize;
    ULONG cbSecurityTrailer;
} SecPkgContext_Sizes, *PSecPkgContext_Sizes;

typedef struct _SecPkgContext_StreamSizes {
    ULONG cbHeader;
    ULONG cbTrailer;
    ULONG cbMaximumMessage;
    ULONG cBuffers;
    ULONG cbBlockSize;
} SecPkgContext_StreamSizes, *PSecPkgContext_StreamSizes;

typedef SecPkgContext_StreamSizes SecPkgContext_DatagramSizes;
typedef PSecPkgContext_StreamSizes PSecPkgContext_DatagramSizes;

typedef enum _SECPKG_ATTR_LCT_STATUS {
    SecPkgAttrLastClientTokenYes,
    SecPkgAttrLastClientTokenNo,
    SecPkgAttrLastClientTokenMaybe
} SECPKG_ATTR_LCT_STATUS,
    *PSECPKG_ATTR_LCT_STATUS;

typedef struct _SecPkgContext_LastClientTokenStatus {
    SECPKG_ATTR_LCT_STATUS LastClientTokenStatus;
} SecPkgContext_LastClientTokenStatus, *PSecPkgContext_LastClientTokenStatus;

typedef struct _SecPkgContext_NamesW {
    SEC_WCHAR *sUserName;
} SecPkgContext_NamesW, *PSecPkgContext_NamesW;

typedef struct _SecPkgContext_NamesA {
    SEC_CHAR *sUserName;
} SecPkgContext_NamesA, *PSecPkgContext_NamesA;

#define SecPkgContext_Names  SSPI_NAME_AW(SecPkgContext_Names)
#define PSecPkgContext_Names SSPI_NAME_AW(PSecPkgContext_Names)

/* A context past tsExpiry still signs and verifies (ours): whoever cares asks. */
typedef struct _SecPkgContext_Lifespan {
    TimeStamp tsStart;
    TimeStamp tsExpiry;
} SecPkgContext_Lifespan, *PSecPkgContext_Lifespan;

typedef struct _SecPkgContext_DceInfo {
    ULONG AuthzSvc;
    void *pPac;
} SecPkgContext_DceInfo, *PSecPkgContext_DceInfo;

typedef struct _SecPkgContext_KeyInfoW {
    SEC_WCHAR *sSignatureAlgorithmName;
    SEC_WCHAR *sEncryptAlgorithmName;
    ULONG KeySize;
    ULONG SignatureAlgorithm;
    ULONG EncryptAlgorithm;
} SecPkgContext_KeyInfoW, *PSecPkgContext_KeyInfoW;

typedef struct _SecPkgContext_KeyInfoA {
    SEC_CHAR *sSignatureAlgorithmName;
    SEC_CHAR *sEncryptAlgorithmName;
    ULONG KeySize;
    ULONG SignatureAlgorithm;
    ULONG EncryptAlgorithm;
} SecPkgContext_KeyInfoA, *PSecPkgContext_KeyInfoA;

#define SecPkgContext_KeyInfo  SSPI_NAME_AW(SecPkgContext_KeyInfo)
#define PSecPkgContext_KeyInfo SSPI_NAME_AW(PSecPkgContext_KeyInfo)

typedef struct _SecPkgContext_AuthorityW {
    SEC_WCHAR *sAuthorityName;
} SecPkgContext_AuthorityW, *PSecPkgContext_AuthorityW;

typedef struct _SecPkgContext_AuthorityA {
    SEC_CHAR *sAuthorityName;
} SecPkgContext_AuthorityA, *PSecPkgContext_AuthorityA;

#define SecPkgContext_Authority  SSPI_NAME_AW(SecPkgContext_Authority)
#define PSecPkgContext_Authority SSPI_NAME_AW(PSecPkgContext_Authority)

typedef struct _SecPkgContext_ProtoInfoW {
    SEC_WCHAR *sProtocolName;
    ULONG majorVersion;
    ULONG minorVersion;
} SecPkgContext_ProtoInfoW, *PSecPkgContext_ProtoInfoW;

typedef struct _SecPkgContext_ProtoInfoA {
    SEC_CHAR *sProtocolName;
    ULONG majorVersion;
    ULONG minorVersion;
} SecPkgContext_ProtoInfoA, *PSecPkgContext_ProtoInfoA;

#define SecPkgContext_ProtoInfo  SSPI_NAME_AW(SecPkgContext_ProtoInfo)
#define PSecPkgContext_ProtoInfo SSPI_NAME_AW(PSecPkgContext_ProtoInfo)

typedef struct _SecPkgContext_PasswordExpiry {
    TimeStamp tsPasswordExpires;
} SecPkgContext_PasswordExpiry, *PSecPkgContext_PasswordExpiry;

typedef struct _SecPkgContext_LogoffTime {
    TimeStamp tsLogoffTime;
} SecPkgContext_LogoffTime, *PSecPkgContext_LogoffTime;

/* A secret; FreeContextBuffer wipes what it frees. */
typedef struct _SecPkgContext_SessionKey {
    ULONG SessionKeyLength;
    unsigned char *SessionKey;
} SecPkgContext_SessionKey, *PSecPkgContext_SessionKey;

typedef struct _SecPkgContext_NegoKeys {
    ULONG KeyType;
    USHORT KeyLength;
    unsigned char *KeyValue;
    ULONG VerifyKeyType;
    USHORT VerifyKeyLength;
    unsigned char *VerifyKeyValue;
} SecPkgContext_NegoKeys, *PSecPkgContext_NegoKeys;

typedef struct _SecPkgContext_PackageInfoW {
    PSecPkgInfoW PackageInfo;
} SecPkgContext_PackageInfoW, *PSecPkgContext_PackageInfoW;

typedef struct _SecPkgContext_PackageInfoA {
    PSecPkgInfoA PackageInfo;
} SecPkgContext_PackageInfoA, *PSecPkgContext_PackageInfoA;

#define SecPkgContext_PackageInfo  SSPI_NAME_AW(SecPkgContext_PackageInfo)
#define PSecPkgContext_PackageInfo SSPI_NAME_AW(PSecPkgContext_PackageInfo)

typedef struct _SecPkgContext_UserFlags {
    ULONG UserFlags;
} SecPkgContext_UserFlags, *PSecPkgContext_UserFlags;

/* The ISC_RET_ or ASC_RET_ bits; without INTEGRITY and CONFIDENTIALITY signatures protect nothing. */
typedef struct _SecPkgContext_Flags {
    ULONG Flags;
} SecPkgContext_Flags, *PSecPkgContext_Flags;

/*
 * The package that Negotiate has chosen, and how far it is. PackageInfo's Comment goes on, here alone, with
 * the mechanisms that were passed over and why: "; passed over: Kerberos (no first token, 0x80090303)".
 */
typedef struct _SecPkgContext_NegotiationInfoW {
    PSecPkgInfoW PackageInfo;
    ULONG NegotiationState;
} SecPkgContext_NegotiationInfoW, *PSecPkgContext_NegotiationInfoW;

typedef struct _SecPkgContext_NegotiationInfoA {
    PSecPkgInfoA PackageInfo;
    ULONG NegotiationState;
} SecPkgContext_NegotiationInfoA, *PSecPkgContext_NegotiationInfoA;

#define SecPkgContext_NegotiationInfo  SSPI_NAME_AW(SecPkgContext_NegotiationInfo)
#define PSecPkgContext_NegotiationInfo SSPI_NAME_AW(PSecPkgContext_NegotiationInfo)

#define SECPKG_NEGOTIATION_COMPLETE      0
#define SECPKG_NEGOTIATION_OPTIMISTIC    1
#define SECPKG_NEGOTIATION_IN_PROGRESS   2
#define SECPKG_NEGOTIATION_DIRECT        3
#define SECPKG_NEGOTIATION_TRY_MULTICRED 4

typedef struct _SecPkgContext_NativeNamesW {
    SEC_WCHAR *sClientName;
    SEC_WCHAR *sServerName;
} SecPkgContext_NativeNamesW, *PSecPkgContext_NativeNamesW;

typedef struct _SecPkgContext_NativeNamesA {
    SEC_CHAR *sClientName;
    SEC_CHAR *sServerName;
} SecPkgContext_NativeNamesA, *PSecPkgContext_NativeNamesA;

#define SecPkgContext_NativeNames  SSPI_NAME_AW(SecPkgContext_NativeNames)
#define PSecPkgContext_NativeNames SSPI_NAME_AW(PSecPkgContext_NativeNames)

typedef struct _SecPkgContext_CredentialNameW {
    ULONG CredentialType;
    SEC_WCHAR *sCredentialName;
} SecPkgContext_CredentialNameW, *PSecPkgContext_CredentialNameW;

typedef struct _SecPkgContext_CredentialNameA {
    ULONG CredentialType;
    SEC_CHAR *sCredentialName;
} SecPkgContext_CredentialNameA, *PSecPkgContext_CredentialNameA;

#define SecPkgContext_CredentialName  SSPI_NAME_AW(SecPkgContext_CredentialName)
#define PSecPkgContext_CredentialName SSPI_NAME_AW(PSecPkgContext_CredentialName)

typedef struct _SecPkgContext_AccessToken {
    void *AccessToken;
} SecPkgContext_AccessToken, *PSecPkgContext_AccessToken;

typedef struct _SecPkgContext_TargetInformation {
    ULONG MarshalledTargetInfoLength;
    unsigned char *MarshalledTargetInfo;
} SecPkgContext_TargetInformation, *PSecPkgContext_TargetInformation;

typedef struct _SecPkgContext_AuthzID {
    ULONG AuthzIDLength;
    char *AuthzID;
} SecPkgContext_AuthzID, *PSecPkgContext_AuthzID;

typedef struct _SecPkgContext_Target {
    ULONG TargetLength;
    char *Target;
} SecPkgContext_Target, *PSecPkgContext_Target;

typedef struct _SecPkgContext_ClientSpecifiedTarget {
    SEC_WCHAR *sTargetName;
} SecPkgContext_ClientSpecifiedTarget, *PSecPkgContext_ClientSpecifiedTarget;

typedef struct _SecPkgContext_Bindings {
    ULONG BindingsLength;
    SEC_CHANNEL_BINDINGS *Bindings;
} SecPkgContext_Bindings, *PSecPkgContext_Bindings;

typedef enum _SEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS {
    SecApplicationProtocolNegotiationStatus_None,
    SecApplicationProtocolNegotiationStatus_Success,
    SecApplicationProtocolNegotiationStatus_SelectedClientOnly
} SEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS,
    *PSEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS;

#define MAX_PROTOCOL_ID_SIZE           0xff

typedef struct _SecPkgContext_ApplicationProtocol {
    SEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS ProtoNegoStatus;
    SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT ProtoNegoExt;
    UCHAR ProtocolIdSize;
    UCHAR ProtocolId[MAX_PROTOCOL_ID_SIZE];
} SecPkgContext_ApplicationProtocol, *PSecPkgContext_ApplicationProtocol;

typedef struct _SecPkgContext_NegotiatedTlsExtensions {
    ULONG ExtensionsCount;
    unsigned short *Extensions;
} SecPkgContext_NegotiatedTlsExtensions, *PSecPkgContext_NegotiatedTlsExtensions;

typedef struct _SECPKG_APP_MODE_INFO {
    ULONG UserFunction;
    ULONG_PTR Argument1;
    ULONG_PTR Argument2;
    SecBuffer UserData;
    BOOLEAN ReturnToLsa;
} SECPKG_APP_MODE_INFO, *PSECPKG_APP_MODE_INFO;

/* ---- Packages: finding and adding them ---- */

/*
 * The packages that there are now, in the order of the registry: *pcPackages elements at *ppPackageInfo, one
 * allocation, freed with one FreeContextBuffer. NULL arguments: SEC_E_INVALID_PARAMETER.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesW(ULONG *pcPackages,
                                                                    PSecPkgInfoW *ppPackageInfo);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesA(ULONG *pcPackages,
                                                                    PSecPkgInfoA *ppPackageInfo);
typedef SECURITY_STATUS(SEC_ENTRY *ENUMERATE_SECURITY_PACKAGES_FN_W)(ULONG *pcPackages,
                                                                     PSecPkgInfoW *ppPackageInfo);
typedef SECURITY_STATUS(SEC_ENTRY *ENUMERATE_SECURITY_PACKAGES_FN_A)(ULONG *pcPackages,
                                                                     PSecPkgInfoA *ppPackageInfo);
#define EnumerateSecurityPackages      SSPI_NAME_AW(EnumerateSecurityPackages)
#define ENUMERATE_SECURITY_PACKAGES_FN SSPI_NAME_UAW(ENUMERATE_SECURITY_PACKAGES_FN)

/* One package by name, letters' case ignored; freed with FreeContextBuffer. SEC_E_SECPKG_NOT_FOUND. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoW(SEC_WCHAR *pszPackageName,
                                                                   PSecPkgInfoW *ppPackageInfo);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoA(SEC_CHAR *pszPackageName,
                                                                   PSecPkgInfoA *ppPackageInfo);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_SECURITY_PACKAGE_INFO_FN_W)(SEC_WCHAR *pszPackageName,
                                                                     PSecPkgInfoW *ppPackageInfo);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_SECURITY_PACKAGE_INFO_FN_A)(SEC_CHAR *pszPackageName,
                                                                     PSecPkgInfoA *ppPackageInfo);
#define QuerySecurityPackageInfo       SSPI_NAME_AW(QuerySecurityPackageInfo)
#define QUERY_SECURITY_PACKAGE_INFO_FN SSPI_NAME_UAW(QUERY_SECURITY_PACKAGE_INFO_FN)

typedef struct _SECURITY_PACKAGE_OPTIONS {
    ULONG Size;
    ULONG Type;
    ULONG Flags;
    ULONG SignatureSize;
    void *Signature;
} SECURITY_PACKAGE_OPTIONS, *PSECURITY_PACKAGE_OPTIONS;

#define SECPKG_OPTIONS_TYPE_UNKNOWN   0
#define SECPKG_OPTIONS_TYPE_LSA       1
#define SECPKG_OPTIONS_TYPE_SSPI      2
#define SECPKG_OPTIONS_PERMANENT      0x00000001

/*
 * Loads a module for this process: by its absolute path, by its name in section [packages] of sspi.conf, or
 * by the name of its file in the package directory (without .so). pOptions may be NULL. Its packages are
 * found by their own names then. SEC_E_SECPKG_NOT_FOUND: there is no such file. SEC_E_CANNOT_INSTALL, and
 * nothing stays, when others may write the file or its directory, an entry point is missing, the interface
 * version is not known, a table is too short, a package of the same name is here, the package refuses its
 * start, or the file is still loaded; the trace says which. SEC_E_UNSUPPORTED_FUNCTION: a package of that
 * name is here already.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY AddSecurityPackageW(LPWSTR pszPackageName,
                                                             PSECURITY_PACKAGE_OPTIONS pOptions);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY AddSecurityPackageA(LPSTR pszPackageName,
                                                             PSECURITY_PACKAGE_OPTIONS pOptions);
#define AddSecurityPackage            SSPI_NAME_AW(AddSecurityPackage)

/* No new handles of it from now on; the module goes when its last handle does. SEC_E_SECPKG_NOT_FOUND;
 * SEC_E_UNSUPPORTED_FUNCTION: it is part of the library. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY DeleteSecurityPackageW(SEC_WCHAR *pszPackageName);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY DeleteSecurityPackageA(SEC_CHAR *pszPackageName);
#define DeleteSecurityPackage         SSPI_NAME_AW(DeleteSecurityPackage)

/* ---- Credentials ---- */

/* How a package once asked the application for a key. Packages ignore it and applications pass NULL. */
typedef void(SEC_ENTRY *SEC_GET_KEY_FN)(void *Arg, void *Principal, ULONG KeyVer, void **Key,
                                        SECURITY_STATUS *Status);

/*
 * pszPrincipal: NULL, or the principal meant where there are several. pszPackage: a package's name.
 * fCredentialUse: SECPKG_CRED_ bits. pvLogonId: NULL, or a LUID. pAuthData: NULL for the process's own
 * credentials, else one of the SEC_WINNT_AUTH_IDENTITY structures below (or what the package documents); it
 * is read during the call and copied. pGetKeyFn, pvGetKeyArgument: not used, NULL.
 * SEC_E_OK: *phCredential is a handle for FreeCredentialsHandle; *ptsExpiry, unless NULL, says until when.
 * SEC_E_SECPKG_NOT_FOUND; SEC_E_NO_CREDENTIALS when there are none; SEC_E_UNKNOWN_CREDENTIALS for an identity
 * that cannot be understood; SEC_E_UNSUPPORTED_FUNCTION for a use that the package does not have.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleW(
    SEC_WCHAR *pszPrincipal, SEC_WCHAR *pszPackage, ULONG fCredentialUse, void *pvLogonId, void *pAuthData,
    SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleA(
    SEC_CHAR *pszPrincipal, SEC_CHAR *pszPackage, ULONG fCredentialUse, void *pvLogonId, void *pAuthData,
    SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(SEC_ENTRY *ACQUIRE_CREDENTIALS_HANDLE_FN_W)(
    SEC_WCHAR *pszPrincipal, SEC_WCHAR *pszPackage, ULONG fCredentialUse, void *pvLogonId, void *pAuthData,
    SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(SEC_ENTRY *ACQUIRE_CREDENTIALS_HANDLE_FN_A)(
    SEC_CHAR *pszPrincipal, SEC_CHAR *pszPackage, ULONG fCredentialUse, void *pvLogonId, void *pAuthData,
    SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry);
#define AcquireCredentialsHandle      SSPI_NAME_AW(AcquireCredentialsHandle)
#define ACQUIRE_CREDENTIALS_HANDLE_FN SSPI_NAME_UAW(ACQUIRE_CREDENTIALS_HANDLE_FN)

/* Adds an identity to a credential that exists, for packages that choose among several. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY AddCredentialsW(PCredHandle hCredentials, SEC_WCHAR *pszPrincipal,
                                                         SEC_WCHAR *pszPackage, ULONG fCredentialUse,
                                                         void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                         void *pvGetKeyArgument, PTimeStamp ptsExpiry);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY AddCredentialsA(PCredHandle hCredentials, SEC_CHAR *pszPrincipal,
                                                         SEC_CHAR *pszPackage, ULONG fCredentialUse,
                                                         void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                         void *pvGetKeyArgument, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(SEC_ENTRY *ADD_CREDENTIALS_FN_W)(PCredHandle hCredentials, SEC_WCHAR *pszPrincipal,
                                                         SEC_WCHAR *pszPackage, ULONG fCredentialUse,
                                                         void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                         void *pvGetKeyArgument, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(SEC_ENTRY *ADD_CREDENTIALS_FN_A)(PCredHandle hCredentials, SEC_CHAR *pszPrincipal,
                                                         SEC_CHAR *pszPackage, ULONG fCredentialUse,
                                                         void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                         void *pvGetKeyArgument, PTimeStamp ptsExpiry);
#define AddCredentials                SSPI_NAME_AW(AddCredentials)
#define ADD_CREDENTIALS_FN            SSPI_NAME_UAW(ADD_CREDENTIALS_FN)

/* Once per handle; contexts made with it live on. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY FreeCredentialsHandle(PCredHandle phCredential);
typedef SECURITY_STATUS(SEC_ENTRY *FREE_CREDENTIALS_HANDLE_FN)(PCredHandle phCredential);

#define FreeCredentialHandle               FreeCredentialsHandle

/* ulAttribute: SECPKG_CRED_ATTR_; pBuffer: the SecPkgCredentials_ structure of like name. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesW(PCredHandle phCredential,
                                                                     ULONG ulAttribute, void *pBuffer);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesA(PCredHandle phCredential,
                                                                     ULONG ulAttribute, void *pBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_CREDENTIALS_ATTRIBUTES_FN_W)(PCredHandle phCredential,
                                                                      ULONG ulAttribute, void *pBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_CREDENTIALS_ATTRIBUTES_FN_A)(PCredHandle phCredential,
                                                                      ULONG ulAttribute, void *pBuffer);
#define QueryCredentialsAttributes         SSPI_NAME_AW(QueryCredentialsAttributes)
#define QUERY_CREDENTIALS_ATTRIBUTES_FN    SSPI_NAME_UAW(QUERY_CREDENTIALS_ATTRIBUTES_FN)

/* The same, told how large pBuffer is: a structure that does not fit is SEC_E_BUFFER_TOO_SMALL. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesExW(PCredHandle phCredential,
                                                                       ULONG ulAttribute, void *pBuffer,
                                                                       ULONG cbBuffer);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesExA(PCredHandle phCredential,
                                                                       ULONG ulAttribute, void *pBuffer,
                                                                       ULONG cbBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W)(PCredHandle phCredential,
                                                                         ULONG ulAttribute, void *pBuffer,
                                                                         ULONG cbBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A)(PCredHandle phCredential,
                                                                         ULONG ulAttribute, void *pBuffer,
                                                                         ULONG cbBuffer);
#define QueryCredentialsAttributesEx       SSPI_NAME_AW(QueryCredentialsAttributesEx)
#define QUERY_CREDENTIALS_ATTRIBUTES_EX_FN SSPI_NAME_UAW(QUERY_CREDENTIALS_ATTRIBUTES_EX_FN)

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SetCredentialsAttributesW(PCredHandle phCredential,
                                                                   ULONG ulAttribute, void *pBuffer,
                                                                   ULONG cbBuffer);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SetCredentialsAttributesA(PCredHandle phCredential,
                                                                   ULONG ulAttribute, void *pBuffer,
                                                                   ULONG cbBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *SET_CREDENTIALS_ATTRIBUTES_FN_W)(PCredHandle phCredential,
                                                                    ULONG ulAttribute, void *pBuffer,
                                                                    ULONG cbBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *SET_CREDENTIALS_ATTRIBUTES_FN_A)(PCredHandle phCredential,
                                                                    ULONG ulAttribute, void *pBuffer,
                                                                    ULONG cbBuffer);
#define SetCredentialsAttributes           SSPI_NAME_AW(SetCredentialsAttributes)
#define SET_CREDENTIALS_ATTRIBUTES_FN      SSPI_NAME_UAW(SET_CREDENTIALS_ATTRIBUTES_FN)

/*
 * Passwords are the caller's to wipe. Answers of a server go to pOutput. No package changes passwords where
 * the account lives (ours): SEC_E_UNSUPPORTED_FUNCTION, or SEC_E_SECPKG_NOT_FOUND.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY ChangeAccountPasswordW(
    SEC_WCHAR *pszPackageName, SEC_WCHAR *pszDomainName, SEC_WCHAR *pszAccountName, SEC_WCHAR *pszOldPassword,
    SEC_WCHAR *pszNewPassword, BOOLEAN bImpersonating, ULONG dwReserved, PSecBufferDesc pOutput);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY ChangeAccountPasswordA(
    SEC_CHAR *pszPackageName, SEC_CHAR *pszDomainName, SEC_CHAR *pszAccountName, SEC_CHAR *pszOldPassword,
    SEC_CHAR *pszNewPassword, BOOLEAN bImpersonating, ULONG dwReserved, PSecBufferDesc pOutput);
typedef SECURITY_STATUS(SEC_ENTRY *CHANGE_PASSWORD_FN_W)(SEC_WCHAR *pszPackageName, SEC_WCHAR *pszDomainName,
                                                         SEC_WCHAR *pszAccountName, SEC_WCHAR *pszOldPassword,
                                                         SEC_WCHAR *pszNewPassword, BOOLEAN bImpersonating,
                                                         ULONG dwReserved, PSecBufferDesc pOutput);
typedef SECURITY_STATUS(SEC_ENTRY *CHANGE_PASSWORD_FN_A)(SEC_CHAR *pszPackageName, SEC_CHAR *pszDomainName,
                                                         SEC_CHAR *pszAccountName, SEC_CHAR *pszOldPassword,
                                                         SEC_CHAR *pszNewPassword, BOOLEAN bImpersonating,
                                                         ULONG dwReserved, PSecBufferDesc pOutput);
#define ChangeAccountPassword              SSPI_NAME_AW(ChangeAccountPassword)
#define CHANGE_PASSWORD_FN                 SSPI_NAME_UAW(CHANGE_PASSWORD_FN)

/* ---- Contexts: establishing them ---- */

/*
 * One step of the client's handshake.
 *
 * First step: phContext NULL, pInput NULL or without a TOKEN, pszTargetName who is to be reached (a service
 * name such as "cifs/host.example"; NULL only where the package allows it), phNewContext receives the
 * context. Later: phContext and phNewContext are that context, pInput brings the peer's answer as TOKEN. Both
 * times pInput may bring CHANNEL_BINDINGS and other buffers that the package knows. Reserved1, Reserved2: 0.
 * Later steps do not need phCredential (NULL, ours); one of another package is SEC_E_WRONG_CREDENTIAL_HANDLE.
 * A step on a context that is established already is SEC_E_OUT_OF_SEQUENCE (ours) and leaves it as it is.
 *
 * pOutput: one TOKEN with room for cbMaxToken of the package, or, with ISC_REQ_ALLOCATE_MEMORY, without any:
 * pvBuffer is allocated then and freed with FreeContextBuffer. cbBuffer becomes the token's length, which may
 * be 0: nothing to send.
 *
 * SEC_E_OK: established. SEC_I_CONTINUE_NEEDED: send the token, come back with the answer.
 * SEC_I_COMPLETE_NEEDED, SEC_I_COMPLETE_AND_CONTINUE: CompleteAuthToken first. *pfContextAttr: ISC_RET_ bits,
 * *ptsExpiry (may be NULL): until when.
 *
 * SEC_E_LOGON_DENIED, SEC_E_NO_CREDENTIALS, SEC_E_INVALID_TOKEN (cannot be read), SEC_E_MESSAGE_ALTERED,
 * SEC_E_BAD_BINDINGS, SEC_E_TARGET_UNKNOWN, SEC_E_BUFFER_TOO_SMALL. SEC_E_INCOMPLETE_MESSAGE asks for the
 * same step with more bytes. With ISC_REQ_EXTENDED_ERROR a failed step may have made a token for the peer:
 * when *pfContextAttr has ISC_RET_EXTENDED_ERROR it is there to be sent. After a first step that failed there
 * is no context. After a later one the context is dead: it answers SEC_E_INVALID_HANDLE to everything except
 * DeleteSecurityContext, which it still needs, and SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY InitializeSecurityContextW(
    PCredHandle phCredential, PCtxtHandle phContext, SEC_WCHAR *pszTargetName, ULONG fContextReq,
    ULONG Reserved1, ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY InitializeSecurityContextA(
    PCredHandle phCredential, PCtxtHandle phContext, SEC_CHAR *pszTargetName, ULONG fContextReq,
    ULONG Reserved1, ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(SEC_ENTRY *INITIALIZE_SECURITY_CONTEXT_FN_W)(
    PCredHandle phCredential, PCtxtHandle phContext, SEC_WCHAR *pszTargetName, ULONG fContextReq,
    ULONG Reserved1, ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(SEC_ENTRY *INITIALIZE_SECURITY_CONTEXT_FN_A)(
    PCredHandle phCredential, PCtxtHandle phContext, SEC_CHAR *pszTargetName, ULONG fContextReq,
    ULONG Reserved1, ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
#define InitializeSecurityContext          SSPI_NAME_AW(InitializeSecurityContext)
#define INITIALIZE_SECURITY_CONTEXT_FN     SSPI_NAME_UAW(INITIALIZE_SECURITY_CONTEXT_FN)

/*
 * One step of the server's handshake; the same rules, with ASC_REQ_ and ASC_RET_. First step: phContext NULL,
 * pInput the client's first token. Whether a password was wrong, an account unknown or a policy against it is
 * never told: all are SEC_E_LOGON_DENIED, and take the same time.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY AcceptSecurityContext(PCredHandle phCredential,
                                                               PCtxtHandle phContext, PSecBufferDesc pInput,
                                                               ULONG fContextReq, ULONG TargetDataRep,
                                                               PCtxtHandle phNewContext,
                                                               PSecBufferDesc pOutput, ULONG *pfContextAttr,
                                                               PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(SEC_ENTRY *ACCEPT_SECURITY_CONTEXT_FN)(PCredHandle phCredential,
                                                               PCtxtHandle phContext, PSecBufferDesc pInput,
                                                               ULONG fContextReq, ULONG TargetDataRep,
                                                               PCtxtHandle phNewContext,
                                                               PSecBufferDesc pOutput, ULONG *pfContextAttr,
                                                               PTimeStamp ptsExpiry);

/* Finishes a token when a step said SEC_I_COMPLETE_...; no package of this library says so. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY CompleteAuthToken(PCtxtHandle phContext, PSecBufferDesc pToken);
typedef SECURITY_STATUS(SEC_ENTRY *COMPLETE_AUTH_TOKEN_FN)(PCtxtHandle phContext, PSecBufferDesc pToken);

/* A package's own control message, applied to the context. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY ApplyControlToken(PCtxtHandle phContext, PSecBufferDesc pInput);
typedef SECURITY_STATUS(SEC_ENTRY *APPLY_CONTROL_TOKEN_FN)(PCtxtHandle phContext, PSecBufferDesc pInput);

/*
 * SEC_E_OK, once per context, unfinished and failed ones included. Waits for nobody: calls of other threads
 * that are inside finish, later ones get SEC_E_INVALID_HANDLE. Keys are wiped when the last one has left.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY DeleteSecurityContext(PCtxtHandle phContext);
typedef SECURITY_STATUS(SEC_ENTRY *DELETE_SECURITY_CONTEXT_FN)(PCtxtHandle phContext);

/* ---- Contexts: asking and setting ---- */

/*
 * Fills the structure that belongs to ulAttribute. Before the context is established only
 * SECPKG_ATTR_PACKAGE_INFO, NEGOTIATION_INFO, TARGET, NAMES (where known by then) and
 * LAST_CLIENT_TOKEN_STATUS are answered, everything else is SEC_E_INVALID_HANDLE. pBuffer NULL:
 * SEC_E_INVALID_PARAMETER.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QueryContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute,
                                                                 void *pBuffer);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QueryContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute,
                                                                 void *pBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_CONTEXT_ATTRIBUTES_FN_W)(PCtxtHandle phContext, ULONG ulAttribute,
                                                                  void *pBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_CONTEXT_ATTRIBUTES_FN_A)(PCtxtHandle phContext, ULONG ulAttribute,
                                                                  void *pBuffer);
#define QueryContextAttributes             SSPI_NAME_AW(QueryContextAttributes)
#define QUERY_CONTEXT_ATTRIBUTES_FN        SSPI_NAME_UAW(QUERY_CONTEXT_ATTRIBUTES_FN)

/* The same, told how large pBuffer is: a structure that does not fit is SEC_E_BUFFER_TOO_SMALL. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QueryContextAttributesExW(PCtxtHandle phContext, ULONG ulAttribute,
                                                                   void *pBuffer, ULONG cbBuffer);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QueryContextAttributesExA(PCtxtHandle phContext, ULONG ulAttribute,
                                                                   void *pBuffer, ULONG cbBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_CONTEXT_ATTRIBUTES_EX_FN_W)(PCtxtHandle phContext, ULONG ulAttribute,
                                                                     void *pBuffer, ULONG cbBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_CONTEXT_ATTRIBUTES_EX_FN_A)(PCtxtHandle phContext, ULONG ulAttribute,
                                                                     void *pBuffer, ULONG cbBuffer);
#define QueryContextAttributesEx           SSPI_NAME_AW(QueryContextAttributesEx)
#define QUERY_CONTEXT_ATTRIBUTES_EX_FN     SSPI_NAME_UAW(QUERY_CONTEXT_ATTRIBUTES_EX_FN)

/* Changes an attribute of a context; cbBuffer is the size of what pBuffer points to. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SetContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute,
                                                               void *pBuffer, ULONG cbBuffer);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SetContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute,
                                                               void *pBuffer, ULONG cbBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *SET_CONTEXT_ATTRIBUTES_FN_W)(PCtxtHandle phContext, ULONG ulAttribute,
                                                                void *pBuffer, ULONG cbBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *SET_CONTEXT_ATTRIBUTES_FN_A)(PCtxtHandle phContext, ULONG ulAttribute,
                                                                void *pBuffer, ULONG cbBuffer);
#define SetContextAttributes               SSPI_NAME_AW(SetContextAttributes)
#define SET_CONTEXT_ATTRIBUTES_FN          SSPI_NAME_UAW(SET_CONTEXT_ATTRIBUTES_FN)

/* Wipes and frees what a call allocated. NULL is allowed. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY FreeContextBuffer(void *pvContextBuffer);
typedef SECURITY_STATUS(SEC_ENTRY *FREE_CONTEXT_BUFFER_FN)(void *pvContextBuffer);

/* ---- Contexts: being the client ---- */

typedef enum _SecDelegationType {
    SecFull,
    SecService,
    SecTree,
    SecDirectory,
    SecObject
} SecDelegationType,
    *PSecDelegationType;

/*
 * Until RevertSecurityContext this thread acts for the client of an accepted context:
 * AcquireCredentialsHandle without an identity means the client's delegated credentials.
 * SEC_E_NO_IMPERSONATION where the context has none, SEC_E_UNSUPPORTED_FUNCTION from packages that cannot.
 * The process's own rights do not change.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY ImpersonateSecurityContext(PCtxtHandle phContext);
typedef SECURITY_STATUS(SEC_ENTRY *IMPERSONATE_SECURITY_CONTEXT_FN)(PCtxtHandle phContext);

/* With the same context; SEC_E_NO_IMPERSONATION when this thread does not act for it. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY RevertSecurityContext(PCtxtHandle phContext);
typedef SECURITY_STATUS(SEC_ENTRY *REVERT_SECURITY_CONTEXT_FN)(PCtxtHandle phContext);

/* A token object of the client, for packages that make one. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY QuerySecurityContextToken(PCtxtHandle phContext, void **Token);
typedef SECURITY_STATUS(SEC_ENTRY *QUERY_SECURITY_CONTEXT_TOKEN_FN)(PCtxtHandle phContext, void **Token);

/* ---- Contexts: protecting messages ---- */

/* fQOP of EncryptMessage: sign and frame the message, but leave it readable. */
#define SECQOP_WRAP_NO_ENCRYPT             0x80000001
#define SECQOP_WRAP_OOB_DATA               0x40000000

/*
 * Signs a message with an established context: reads all DATA buffers in array order as one message, writes
 * the signature to the TOKEN buffer and its length to the TOKEN's cbBuffer. Messages may be empty.
 *
 * Checked in this order; the first that fails is the answer, and then no byte of a buffer or of the context
 * has changed:
 *   1. handle NULL, never issued, stale, of the process before a fork, not established: SEC_E_INVALID_HANDLE
 *   2. the package has no such function: SEC_E_UNSUPPORTED_FUNCTION
 *   3. pMessage NULL, ulVersion not SECBUFFER_VERSION, cBuffers 0 or above 64 (ours), pBuffers NULL:
 *      SEC_E_INVALID_TOKEN
 *   4. a DATA or TOKEN with cbBuffer not 0 and pvBuffer NULL; no TOKEN; two of them (ours):
 *      SEC_E_INVALID_TOKEN
 *   5. fQOP not one that the package offers: SEC_E_QOP_NOT_SUPPORTED. NTLM and Kerberos offer 0.
 *   6. TOKEN smaller than the signature: SEC_E_BUFFER_TOO_SMALL (ours), its cbBuffer unchanged.
 *      cbMaxSignature of SECPKG_ATTR_SIZES is enough and is reached: NTLM 16 bytes; Kerberos 28 with AES and
 *      SHA-1, 32 with aes128-cts-hmac-sha256-128, 40 with aes256-cts-hmac-sha384-192, 37 with RC4.
 *   7. TOKEN overlaps a DATA buffer (ours): SEC_E_INVALID_PARAMETER
 *   8. the sequence numbers are used up, NTLM after 2^32 messages, Kerberos at 2^64 (ours):
 *      SEC_E_CONTEXT_EXPIRED, before any is used twice
 *
 * BufferType counts without its attribute bits; what these mean stands above. Buffers of other types are
 * ignored.
 *
 * MessageSeqNo: on connections the context counts by itself, one number per direction, and the argument is
 * ignored ([MS-NLMP] 3.4.4; RFC 4121 4.2.6.1 for what a Kerberos number looks like). On datagram contexts
 * (ISC_REQ_DATAGRAM, ASC_REQ_DATAGRAM) the argument is the number, and 0 says that numbers are not in use.
 *
 * An NTLM context with neither signing nor sealing makes the dummy signature 01 00...00, which proves
 * nothing; SECPKG_ATTR_FLAGS tells.
 *
 * Any number of threads may sign on one context; the order in which they get numbers is theirs to arrange.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY MakeSignature(PCtxtHandle phContext, ULONG fQOP,
                                                       PSecBufferDesc pMessage, ULONG MessageSeqNo);
typedef SECURITY_STATUS(SEC_ENTRY *MAKE_SIGNATURE_FN)(PCtxtHandle phContext, ULONG fQOP,
                                                      PSecBufferDesc pMessage, ULONG MessageSeqNo);

/*
 * Verifies that TOKEN is the peer's signature of the message: the same checks in the same order, row 5 apart,
 * and in row 6 a TOKEN that is smaller or larger than the signature is SEC_E_INVALID_TOKEN (ours). Then:
 *   SEC_E_MESSAGE_ALTERED  the signature does not match, compared in constant time
 *   SEC_E_OUT_OF_SEQUENCE  it stands in the wrong place: replayed, swapped, or one before it is missing
 * On success *pfQOP, unless pfQOP is NULL, is the quality of protection that was used (NTLM's dummy signature
 * leaves it alone, as on Windows). Whatever is not authentic leaves the context as it was: the next genuine
 * message still verifies.
 *
 * Numbers. NTLM connections look at the number first, so a wrong one is OUT_OF_SEQUENCE whatever else is
 * wrong. Kerberos and datagrams authenticate first. With REPLAY_DETECT only, gaps and reordering within the
 * window pass (64 messages or more, NTLM datagrams 1024), duplicates and older ones do not; with
 * SEQUENCE_DETECT each gap is reported once, and the message after it becomes the new expectation (RFC 2743
 * 1.2.3); with neither nothing is checked. MessageSeqNo on datagram contexts: the number expected,
 * SEC_E_OUT_OF_SEQUENCE when the token's differs; 0 takes the token's own.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY VerifySignature(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                                         ULONG MessageSeqNo, ULONG *pfQOP);
typedef SECURITY_STATUS(SEC_ENTRY *VERIFY_SIGNATURE_FN)(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                                        ULONG MessageSeqNo, ULONG *pfQOP);

/*
 * Encrypts the DATA buffers in place and writes the TOKEN, which has room for cbSecurityTrailer: its cbBuffer
 * becomes the length used. Checks and numbers as for MakeSignature; in row 7 DATA buffers that overlap each
 * other fail too (ours). fQOP: 0, or SECQOP_WRAP_NO_ENCRYPT: DATA stays readable, and NTLM's token is then an
 * ordinary signature that VerifySignature accepts. NTLM encrypts whenever it has keys, also where only
 * signing was negotiated; Kerberos without negotiated confidentiality answers SEC_E_UNSUPPORTED_FUNCTION to
 * fQOP 0.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY EncryptMessage(PCtxtHandle phContext, ULONG fQOP,
                                                        PSecBufferDesc pMessage, ULONG MessageSeqNo);
typedef SECURITY_STATUS(SEC_ENTRY *ENCRYPT_MESSAGE_FN)(PCtxtHandle phContext, ULONG fQOP,
                                                       PSecBufferDesc pMessage, ULONG MessageSeqNo);

/*
 * The reverse, in place. Takes TOKEN and DATA, or one STREAM that holds both, header first, and one DATA that
 * is made to point at the message inside it. Each field of the token counts: any change is
 * SEC_E_MESSAGE_ALTERED. NTLM contexts with signing alone take messages that were sealed as well as those
 * that were not. On failure DATA holds the input again or, where that cannot be, zeros; never plaintext.
 * *pfQOP on success: SECQOP_WRAP_NO_ENCRYPT for a message that was not encrypted, 0 otherwise.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY DecryptMessage(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                                        ULONG MessageSeqNo, ULONG *pfQOP);
typedef SECURITY_STATUS(SEC_ENTRY *DECRYPT_MESSAGE_FN)(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                                       ULONG MessageSeqNo, ULONG *pfQOP);

/* ---- Contexts: to another process ---- */

#define SECPKG_CONTEXT_EXPORT_RESET_NEW  0x00000001
#define SECPKG_CONTEXT_EXPORT_DELETE_OLD 0x00000002
#define SECPKG_CONTEXT_EXPORT_TO_KERNEL  0x00000004

/*
 * Packs an established context for another process. pPackedContext->pvBuffer is allocated and holds keys:
 * FreeContextBuffer wipes it. fFlags: SECPKG_CONTEXT_EXPORT_RESET_NEW begins the sequence numbers anew there,
 * DELETE_OLD closes this context before it is read and deletes it on success. Two copies that both go on use
 * numbers and key stream twice. Unknown bits: SEC_E_INVALID_PARAMETER. pToken: NULL, or receives the client's
 * token object where there is one.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY ExportSecurityContext(PCtxtHandle phContext, ULONG fFlags,
                                                               PSecBuffer pPackedContext, void **pToken);
typedef SECURITY_STATUS(SEC_ENTRY *EXPORT_SECURITY_CONTEXT_FN)(PCtxtHandle phContext, ULONG fFlags,
                                                               PSecBuffer pPackedContext, void **pToken);

/*
 * The context of a packed one, for the package named. Bytes that are damaged or of another version:
 * SEC_E_INVALID_TOKEN. pPackedContext stays the caller's. Token: NULL.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY ImportSecurityContextW(SEC_WCHAR *pszPackage,
                                                                PSecBuffer pPackedContext, void *Token,
                                                                PCtxtHandle phContext);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY ImportSecurityContextA(SEC_CHAR *pszPackage,
                                                                PSecBuffer pPackedContext, void *Token,
                                                                PCtxtHandle phContext);
typedef SECURITY_STATUS(SEC_ENTRY *IMPORT_SECURITY_CONTEXT_FN_W)(SEC_WCHAR *pszPackage,
                                                                 PSecBuffer pPackedContext, void *Token,
                                                                 PCtxtHandle phContext);
typedef SECURITY_STATUS(SEC_ENTRY *IMPORT_SECURITY_CONTEXT_FN_A)(SEC_CHAR *pszPackage,
                                                                 PSecBuffer pPackedContext, void *Token,
                                                                 PCtxtHandle phContext);
#define ImportSecurityContext            SSPI_NAME_AW(ImportSecurityContext)
#define IMPORT_SECURITY_CONTEXT_FN       SSPI_NAME_UAW(IMPORT_SECURITY_CONTEXT_FN)

/* ---- The table of all of it ---- */

/*
 * All functions by pointer. No entry is NULL but the reserved ones; dwVersion says how far the table goes
 * (entries after ChangeAccountPassword since version 5).
 */
typedef struct _SECURITY_FUNCTION_TABLE_W {
    ULONG dwVersion;
    ENUMERATE_SECURITY_PACKAGES_FN_W EnumerateSecurityPackagesW;
    QUERY_CREDENTIALS_ATTRIBUTES_FN_W QueryCredentialsAttributesW;
    ACQUIRE_CREDENTIALS_HANDLE_FN_W AcquireCredentialsHandleW;
    FREE_CREDENTIALS_HANDLE_FN FreeCredentialsHandle;
    void *Reserved2;
    INITIALIZE_SECURITY_CONTEXT_FN_W InitializeSecurityContextW;
    ACCEPT_SECURITY_CONTEXT_FN AcceptSecurityContext;
    COMPLETE_AUTH_TOKEN_FN CompleteAuthToken;
    DELETE_SECURITY_CONTEXT_FN DeleteSecurityContext;
    APPLY_CONTROL_TOKEN_FN ApplyControlToken;
    QUERY_CONTEXT_ATTRIBUTES_FN_W QueryContextAttributesW;
    IMPERSONATE_SECURITY_CONTEXT_FN ImpersonateSecurityContext;
    REVERT_SECURITY_CONTEXT_FN RevertSecurityContext;
    MAKE_SIGNATURE_FN MakeSignature;
    VERIFY_SIGNATURE_FN VerifySignature;
    FREE_CONTEXT_BUFFER_FN FreeContextBuffer;
    QUERY_SECURITY_PACKAGE_INFO_FN_W QuerySecurityPackageInfoW;
    void *Reserved3;
    void *Reserved4;
    EXPORT_SECURITY_CONTEXT_FN ExportSecurityContext;
    IMPORT_SECURITY_CONTEXT_FN_W ImportSecurityContextW;
    ADD_CREDENTIALS_FN_W AddCredentialsW;
    void *Reserved8;
    QUERY_SECURITY_CONTEXT_TOKEN_FN QuerySecurityContextToken;
    ENCRYPT_MESSAGE_FN EncryptMessage;
    DECRYPT_MESSAGE_FN DecryptMessage;
    SET_CONTEXT_ATTRIBUTES_FN_W SetContextAttributesW;
    SET_CREDENTIALS_ATTRIBUTES_FN_W SetCredentialsAttributesW;
    CHANGE_PASSWORD_FN_W ChangeAccountPasswordW;
    QUERY_CONTEXT_ATTRIBUTES_EX_FN_W QueryContextAttributesExW;
    QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W QueryCredentialsAttributesExW;
} SecurityFunctionTableW, *PSecurityFunctionTableW;

typedef struct _SECURITY_FUNCTION_TABLE_A {
    ULONG dwVersion;
    ENUMERATE_SECURITY_PACKAGES_FN_A EnumerateSecurityPackagesA;
    QUERY_CREDENTIALS_ATTRIBUTES_FN_A QueryCredentialsAttributesA;
    ACQUIRE_CREDENTIALS_HANDLE_FN_A AcquireCredentialsHandleA;
    FREE_CREDENTIALS_HANDLE_FN FreeCredentialsHandle;
    void *Reserved2;
    INITIALIZE_SECURITY_CONTEXT_FN_A InitializeSecurityContextA;
    ACCEPT_SECURITY_CONTEXT_FN AcceptSecurityContext;
    COMPLETE_AUTH_TOKEN_FN CompleteAuthToken;
    DELETE_SECURITY_CONTEXT_FN DeleteSecurityContext;
    APPLY_CONTROL_TOKEN_FN ApplyControlToken;
    QUERY_CONTEXT_ATTRIBUTES_FN_A QueryContextAttributesA;
    IMPERSONATE_SECURITY_CONTEXT_FN ImpersonateSecurityContext;
    REVERT_SECURITY_CONTEXT_FN RevertSecurityContext;
    MAKE_SIGNATURE_FN MakeSignature;
    VERIFY_SIGNATURE_FN VerifySignature;
    FREE_CONTEXT_BUFFER_FN FreeContextBuffer;
    QUERY_SECURITY_PACKAGE_INFO_FN_A QuerySecurityPackageInfoA;
    void *Reserved3;
    void *Reserved4;
    EXPORT_SECURITY_CONTEXT_FN ExportSecurityContext;
    IMPORT_SECURITY_CONTEXT_FN_A ImportSecurityContextA;
    ADD_CREDENTIALS_FN_A AddCredentialsA;
    void *Reserved8;
    QUERY_SECURITY_CONTEXT_TOKEN_FN QuerySecurityContextToken;
    ENCRYPT_MESSAGE_FN EncryptMessage;
    DECRYPT_MESSAGE_FN DecryptMessage;
    SET_CONTEXT_ATTRIBUTES_FN_A SetContextAttributesA;
    SET_CREDENTIALS_ATTRIBUTES_FN_A SetCredentialsAttributesA;
    CHANGE_PASSWORD_FN_A ChangeAccountPasswordA;
    QUERY_CONTEXT_ATTRIBUTES_EX_FN_A QueryContextAttributesExA;
    QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A QueryCredentialsAttributesExA;
} SecurityFunctionTableA, *PSecurityFunctionTableA;

#define SecurityFunctionTable                         SSPI_NAME_AW(SecurityFunctionTable)
#define PSecurityFunctionTable                        SSPI_NAME_AW(PSecurityFunctionTable)

/* Values of dwVersion. */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION   1
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_2 2
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_3 3
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_4 4
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5 5

/* The names by which a program that loads the library at run time finds InitSecurityInterface. */
#define SECURITY_ENTRYPOINT_ANSIW                     "InitSecurityInterfaceW"
#define SECURITY_ENTRYPOINT_ANSIA                     "InitSecurityInterfaceA"
#define SECURITY_ENTRYPOINTW                          SEC_TEXT("InitSecurityInterfaceW")
#define SECURITY_ENTRYPOINTA                          SEC_TEXT("InitSecurityInterfaceA")
#define SECURITY_ENTRYPOINT16                         "INITSECURITYINTERFACEA"
#define SECURITY_ENTRYPOINT                           SSPI_NAME_AW(SECURITY_ENTRYPOINT)
#define SECURITY_ENTRYPOINT_ANSI                      SSPI_NAME_AW(SECURITY_ENTRYPOINT_ANSI)

/* The library's table: static, the same at each call, never to be freed or written to. */
KSECDDDECLSPEC PSecurityFunctionTableW SEC_ENTRY InitSecurityInterfaceW(void);
KSECDDDECLSPEC PSecurityFunctionTableA SEC_ENTRY InitSecurityInterfaceA(void);
typedef PSecurityFunctionTableW(SEC_ENTRY *INIT_SECURITY_INTERFACE_W)(void);
typedef PSecurityFunctionTableA(SEC_ENTRY *INIT_SECURITY_INTERFACE_A)(void);
#define InitSecurityInterface                         SSPI_NAME_AW(InitSecurityInterface)
#define INIT_SECURITY_INTERFACE                       SSPI_NAME_UAW(INIT_SECURITY_INTERFACE)

/* ---- SASL ---- */

/*
 * SASL (RFC 4422) over packages: a profile is a mechanism's name, such as "GSSAPI" or "GSS-SPNEGO". The
 * profile list is one allocation of strings, each terminated, freed with FreeContextBuffer. There is no such
 * layer here (ours): these functions answer SEC_E_UNSUPPORTED_FUNCTION.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesW(LPWSTR *ProfileList, ULONG *ProfileCount);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesA(LPSTR *ProfileList, ULONG *ProfileCount);
#define SaslEnumerateProfiles                         SSPI_NAME_AW(SaslEnumerateProfiles)

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageW(LPWSTR ProfileName,
                                                                PSecPkgInfoW *PackageInfo);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageA(LPSTR ProfileName, PSecPkgInfoA *PackageInfo);
#define SaslGetProfilePackage                         SSPI_NAME_AW(SaslGetProfilePackage)

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageW(PSecBufferDesc pInput,
                                                              PSecPkgInfoW *PackageInfo);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageA(PSecBufferDesc pInput,
                                                              PSecPkgInfoA *PackageInfo);
#define SaslIdentifyPackage                           SSPI_NAME_AW(SaslIdentifyPackage)

/*
 * InitializeSecurityContext and AcceptSecurityContext with SASL's last exchange about security layers added.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextW(
    PCredHandle phCredential, PCtxtHandle phContext, LPWSTR pszTargetName, ULONG fContextReq, ULONG Reserved1,
    ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextA(
    PCredHandle phCredential, PCtxtHandle phContext, LPSTR pszTargetName, ULONG fContextReq, ULONG Reserved1,
    ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
#define SaslInitializeSecurityContext                 SSPI_NAME_AW(SaslInitializeSecurityContext)

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY
SaslAcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext, PSecBufferDesc pInput,
                          ULONG fContextReq, ULONG TargetDataRep, PCtxtHandle phNewContext,
                          PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);

#define SASL_OPTION_SEND_SIZE               1
#define SASL_OPTION_RECV_SIZE               2
#define SASL_OPTION_AUTHZ_STRING            3
#define SASL_OPTION_AUTHZ_PROCESSING        4

typedef enum _SASL_AUTHZID_STATE { Sasl_AuthZIDForbidden, Sasl_AuthZIDProcessed } SASL_AUTHZID_STATE;

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslSetContextOption(PCtxtHandle ContextHandle, ULONG Option,
                                                              PVOID Value, ULONG Size);

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SaslGetContextOption(PCtxtHandle ContextHandle, ULONG Option,
                                                              PVOID Value, ULONG Size, PULONG Needed);

/* ---- Identities: the credentials that an application brings along ---- */

/*
 * Flags of an identity. ANSI or UNICODE says what its strings are: bytes in UTF-8, or UTF-16. MARSHALLED: the
 * strings form one piece. ONLY: take this identity or fail, never another.
 */
#define SEC_WINNT_AUTH_IDENTITY_ANSI        0x1
#define SEC_WINNT_AUTH_IDENTITY_UNICODE     0x2
#define SEC_WINNT_AUTH_IDENTITY_MARSHALLED  0x4
#define SEC_WINNT_AUTH_IDENTITY_ONLY        0x8
#define SEC_WINNT_AUTH_IDENTITY_EXTENDED    0x100
#define SEC_WINNT_AUTH_IDENTITY_EXTENDED_v2 0x200

#define SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED            0x10
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED             0x20
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED               0x40
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED             0x80
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_RESERVED                     0x10000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER                    0x20000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN                  0x40000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER                  0x80000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_USE_MASK             0xff000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE 0x80000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_BY_CALLER                                            \
    SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_CHECKED    0x40000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_NO_CHECKBOX          0x20000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_LOAD 0x10000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_VALID_SSPIPFC_FLAGS                                                    \
    (SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE |                                            \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_CHECKED |                                               \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_NO_CHECKBOX |                                                     \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_LOAD)

#ifndef _AUTH_IDENTITY_DEFINED
#define _AUTH_IDENTITY_DEFINED
/* Lengths count characters without a terminator. A NULL pointer with length 0 leaves the part out. */
typedef struct _SEC_WINNT_AUTH_IDENTITY_W {
    unsigned short *User;
    ULONG UserLength;
    unsigned short *Domain;
    ULONG DomainLength;
    unsigned short *Password;
    ULONG PasswordLength;
    ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_W, *PSEC_WINNT_AUTH_IDENTITY_W;

typedef struct _SEC_WINNT_AUTH_IDENTITY_A {
    unsigned char *User;
    ULONG UserLength;
    unsigned char *Domain;
    ULONG DomainLength;
    unsigned char *Password;
    ULONG PasswordLength;
    ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_A, *PSEC_WINNT_AUTH_IDENTITY_A;

#define SEC_WINNT_AUTH_IDENTITY  SSPI_NAME_UAW(SEC_WINNT_AUTH_IDENTITY)
#define PSEC_WINNT_AUTH_IDENTITY SSPI_NAME_UAW(PSEC_WINNT_AUTH_IDENTITY)
#define _SEC_WINNT_AUTH_IDENTITY SSPI_NAME_UAW(_SEC_WINNT_AUTH_IDENTITY)
#endif

#ifndef SEC_WINNT_AUTH_IDENTITY_VERSION
#define SEC_WINNT_AUTH_IDENTITY_VERSION 0x200

/*
 * The same with a choice of packages: PackageList is "kerberos,ntlm" or, with exclusions, "!ntlm". Version:
 * SEC_WINNT_AUTH_IDENTITY_VERSION, Length: sizeof this structure.
 */
typedef struct _SEC_WINNT_AUTH_IDENTITY_EXW {
    ULONG Version;
    ULONG Length;
    unsigned short *User;
    ULONG UserLength;
    unsigned short *Domain;
    ULONG DomainLength;
    unsigned short *Password;
    ULONG PasswordLength;
    ULONG Flags;
    unsigned short *PackageList;
    ULONG PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXW, *PSEC_WINNT_AUTH_IDENTITY_EXW;

typedef struct _SEC_WINNT_AUTH_IDENTITY_EXA {
    ULONG Version;
    ULONG Length;
    unsigned char *User;
    ULONG UserLength;
    unsigned char *Domain;
    ULONG DomainLength;
    unsigned char *Password;
    ULONG PasswordLength;
    ULONG Flags;
    unsigned char *PackageList;
    ULONG PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXA, *PSEC_WINNT_AUTH_IDENTITY_EXA;

#define SEC_WINNT_AUTH_IDENTITY_EX  SSPI_NAME_AW(SEC_WINNT_AUTH_IDENTITY_EX)
#define PSEC_WINNT_AUTH_IDENTITY_EX SSPI_NAME_AW(PSEC_WINNT_AUTH_IDENTITY_EX)
#endif

#ifndef _AUTH_IDENTITY_EX2_DEFINED
#define _AUTH_IDENTITY_EX2_DEFINED
#define SEC_WINNT_AUTH_IDENTITY_VERSION_2 0x201

/*
 * One piece without pointers: offsets count from its start, lengths are bytes, cbStructureLength covers all
 * of it. Credentials are packed: SEC_WINNT_AUTH_PACKED_CREDENTIALS.
 */
typedef struct _SEC_WINNT_AUTH_IDENTITY_EX2 {
    ULONG Version;
    USHORT cbHeaderLength;
    ULONG cbStructureLength;
    ULONG UserOffset;
    USHORT UserLength;
    ULONG DomainOffset;
    USHORT DomainLength;
    ULONG PackedCredentialsOffset;
    USHORT PackedCredentialsLength;
    ULONG Flags;
    ULONG PackageListOffset;
    USHORT PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EX2, *PSEC_WINNT_AUTH_IDENTITY_EX2;

#endif

#ifndef _AUTH_IDENTITY_INFO_DEFINED
#define _AUTH_IDENTITY_INFO_DEFINED
/* Whatever an identity is: its first number, and for the oldest form its Flags, tell which. */
typedef union _SEC_WINNT_AUTH_IDENTITY_INFO {
    SEC_WINNT_AUTH_IDENTITY_EXW AuthIdExw;
    SEC_WINNT_AUTH_IDENTITY_EXA AuthIdExa;
    SEC_WINNT_AUTH_IDENTITY_A AuthId_a;
    SEC_WINNT_AUTH_IDENTITY_W AuthId_w;
    SEC_WINNT_AUTH_IDENTITY_EX2 AuthIdEx2;
} SEC_WINNT_AUTH_IDENTITY_INFO, *PSEC_WINNT_AUTH_IDENTITY_INFO;

#endif

#ifndef _SSPIPFC_NONE_
typedef PVOID PSEC_WINNT_AUTH_IDENTITY_OPAQUE;
#else
typedef PSEC_WINNT_AUTH_IDENTITY_INFO PSEC_WINNT_AUTH_IDENTITY_OPAQUE;
#endif

#define SSPIPFC_CREDPROV_DO_NOT_SAVE 0x00000001
#define SSPIPFC_SAVE_CRED_BY_CALLER  SSPIPFC_CREDPROV_DO_NOT_SAVE
#define SSPIPFC_NO_CHECKBOX          0x00000002
#define SSPIPFC_CREDPROV_DO_NOT_LOAD 0x00000004
#define SSPIPFC_USE_CREDUIBROKER     0x00000008
#define SSPIPFC_VALID_FLAGS                                                                                  \
    (SSPIPFC_CREDPROV_DO_NOT_SAVE | SSPIPFC_NO_CHECKBOX | SSPIPFC_CREDPROV_DO_NOT_LOAD |                     \
     SSPIPFC_USE_CREDUIBROKER)

typedef struct _SEC_WINNT_AUTH_BYTE_VECTOR {
    ULONG ByteArrayOffset;
    USHORT ByteArrayLength;
} SEC_WINNT_AUTH_BYTE_VECTOR, *PSEC_WINNT_AUTH_BYTE_VECTOR;

typedef struct _SEC_WINNT_AUTH_SHORT_VECTOR {
    ULONG ShortArrayOffset;
    USHORT ShortArrayCount;
} SEC_WINNT_AUTH_SHORT_VECTOR, *PSEC_WINNT_AUTH_SHORT_VECTOR;

typedef struct _SEC_WINNT_AUTH_DATA {
    GUID CredType;
    SEC_WINNT_AUTH_BYTE_VECTOR CredData;
} SEC_WINNT_AUTH_DATA, *PSEC_WINNT_AUTH_DATA;

typedef struct _SEC_WINNT_AUTH_PACKED_CREDENTIALS {
    USHORT cbHeaderLength;
    USHORT cbStructureLength;
    SEC_WINNT_AUTH_DATA AuthData;
} SEC_WINNT_AUTH_PACKED_CREDENTIALS, *PSEC_WINNT_AUTH_PACKED_CREDENTIALS;

typedef struct _SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX {
    USHORT cbHeaderLength;
    ULONG Flags;
    SEC_WINNT_AUTH_BYTE_VECTOR PackedCredentials;
    SEC_WINNT_AUTH_SHORT_VECTOR PackageList;
} SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX, *PSEC_WINNT_AUTH_PACKED_CREDENTIALS_EX;

typedef struct _SEC_WINNT_AUTH_DATA_PASSWORD {
    SEC_WINNT_AUTH_BYTE_VECTOR UnicodePassword;
} SEC_WINNT_AUTH_DATA_PASSWORD, *PSEC_WINNT_AUTH_DATA_PASSWORD;

typedef struct _SEC_WINNT_AUTH_CERTIFICATE_DATA {
    USHORT cbHeaderLength;
    USHORT cbStructureLength;
    SEC_WINNT_AUTH_BYTE_VECTOR Certificate;
} SEC_WINNT_AUTH_CERTIFICATE_DATA, *PSEC_WINNT_AUTH_CERTIFICATE_DATA;

typedef struct _SEC_WINNT_AUTH_NGC_DATA {
    LUID LogonId;
    ULONG Flags;
    SEC_WINNT_AUTH_BYTE_VECTOR CspInfo;
    SEC_WINNT_AUTH_BYTE_VECTOR UserIdKeyAuthTicket;
    SEC_WINNT_AUTH_BYTE_VECTOR DecryptionKeyName;
    SEC_WINNT_AUTH_BYTE_VECTOR DecryptionKeyAuthTicket;
} SEC_WINNT_AUTH_NGC_DATA, *PSEC_WINNT_AUTH_NGC_DATA;

#define NGC_DATA_FLAG_KERB_CERTIFICATE_LOGON_FLAG_CHECK_DUPLICATES     1
#define NGC_DATA_FLAG_KERB_CERTIFICATE_LOGON_FLAG_USE_CERTIFICATE_INFO 2
#define NGC_DATA_FLAG_IS_SMARTCARD_DATA                                4

typedef struct _SEC_WINNT_AUTH_DATA_TYPE_SMARTCARD_CONTEXTS_DATA {
    PVOID pcc;
    PVOID hProv;
    LPWSTR pwszECDHKeyName;
} SEC_WINNT_AUTH_DATA_TYPE_SMARTCARD_CONTEXTS_DATA, *PSEC_WINNT_AUTH_DATA_TYPE_SMARTCARD_CONTEXTS_DATA;

typedef struct _SEC_WINNT_AUTH_FIDO_DATA {
    USHORT cbHeaderLength;
    USHORT cbStructureLength;
    SEC_WINNT_AUTH_BYTE_VECTOR Secret;
    SEC_WINNT_AUTH_BYTE_VECTOR NewSecret;
    SEC_WINNT_AUTH_BYTE_VECTOR EncryptedNewSecret;
    SEC_WINNT_AUTH_BYTE_VECTOR NetworkLogonBuffer;
    ULONG64 ulSignatureCount;
} SEC_WINNT_AUTH_FIDO_DATA, *PSEC_WINNT_AUTH_FIDO_DATA;

typedef struct _SEC_WINNT_CREDUI_CONTEXT_VECTOR {
    ULONG CredUIContextArrayOffset;
    USHORT CredUIContextCount;
} SEC_WINNT_CREDUI_CONTEXT_VECTOR, *PSEC_WINNT_CREDUI_CONTEXT_VECTOR;

typedef struct _SEC_WINNT_CREDUI_CONTEXT {
    USHORT cbHeaderLength;
    HANDLE CredUIContextHandle;
    PVOID UIInfo;
    ULONG dwAuthError;
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE pInputAuthIdentity;
    PUNICODE_STRING TargetName;
} SEC_WINNT_CREDUI_CONTEXT, *PSEC_WINNT_CREDUI_CONTEXT;

typedef struct _CREDUIWIN_MARSHALED_CONTEXT {
    GUID StructureType;
    USHORT cbHeaderLength;
    LUID LogonId;
    GUID MarshaledDataType;
    ULONG MarshaledDataOffset;
    USHORT MarshaledDataLength;
} CREDUIWIN_MARSHALED_CONTEXT, *PCREDUIWIN_MARSHALED_CONTEXT;

#ifdef _SEC_WINNT_AUTH_TYPES
static const GUID SEC_WINNT_AUTH_DATA_TYPE_PASSWORD = {
    0x28bfc32f, 0x10f6, 0x4738, {0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a}};
static const GUID SEC_WINNT_AUTH_DATA_TYPE_CERT = {
    0x235f69ad, 0x73fb, 0x4dbc, {0x82, 0x03, 0x06, 0x29, 0xe7, 0x39, 0x33, 0x9b}};
static const GUID SEC_WINNT_AUTH_DATA_TYPE_CREDMAN_CERT = {
    0x7cb72412, 0x1016, 0x491a, {0x8c, 0x87, 0x4d, 0x2a, 0xa1, 0xb7, 0xdd, 0x3a}};
static const GUID SEC_WINNT_AUTH_DATA_TYPE_NGC = {
    0x10a47879, 0x5ebf, 0x4b85, {0xbd, 0x8d, 0xc2, 0x1b, 0xb4, 0xf4, 0x9c, 0x8a}};
static const GUID SEC_WINNT_AUTH_DATA_TYPE_FIDO = {
    0x32e8f8d7, 0x7871, 0x4bcc, {0x83, 0xc5, 0x46, 0x0f, 0x66, 0xc6, 0x13, 0x5c}};
static const GUID SEC_WINNT_AUTH_DATA_TYPE_KEYTAB = {
    0xd587aae8, 0xf78f, 0x4455, {0xa1, 0x12, 0xc9, 0x34, 0xbe, 0xee, 0x7c, 0xe1}};
static const GUID SEC_WINNT_AUTH_DATA_TYPE_CSP_DATA = {
    0x68fd9879, 0x079c, 0x4dfe, {0x82, 0x81, 0x57, 0x8a, 0xad, 0xc1, 0xc1, 0x00}};
static const GUID SEC_WINNT_AUTH_DATA_TYPE_SMARTCARD_CONTEXTS = {
    0xb86c4ff3, 0x49d7, 0x4dc4, {0xb5, 0x60, 0xb1, 0x16, 0x36, 0x85, 0xb2, 0x36}};
static const GUID CREDUIWIN_STRUCTURE_TYPE_SSPIPFC = {
    0x3c3e93d9, 0xd96b, 0x49b5, {0x94, 0xa7, 0x45, 0x85, 0x92, 0x08, 0x83, 0x37}};
static const GUID SSPIPFC_STRUCTURE_TYPE_CREDUI_CONTEXT = {
    0xc2fffe6f, 0x503d, 0x4c3d, {0xa9, 0x5e, 0xbc, 0xe8, 0x21, 0x21, 0x3d, 0x44}};
#endif

#define SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON   1
#define SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS 2
#define SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM   4

/*
 * An identity from its parts; each may be NULL. pszPackedCredentialsString: the password, or a marshalled
 * credential. The result is opaque, one allocation, and freed with SspiFreeAuthIdentity.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY
SspiEncodeStringsAsAuthIdentity(PCWSTR pszUserName, PCWSTR pszDomainName, PCWSTR pszPackedCredentialsString,
                                PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity);

/*
 * The reverse: strings that SspiLocalFree frees, wiped by the caller before; NULL for parts that are not
 * there.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY
SspiEncodeAuthIdentityAsStrings(PSEC_WINNT_AUTH_IDENTITY_OPAQUE pAuthIdentity, PCWSTR *ppszUserName,
                                PCWSTR *ppszDomainName, PCWSTR *ppszPackedCredentialsString);

/* SEC_E_OK when offsets and lengths stay inside the identity and its flags make sense. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SspiValidateAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

/* *AuthDataCopy: for SspiFreeAuthIdentity. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SspiCopyAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData,
                                                              PSEC_WINNT_AUTH_IDENTITY_OPAQUE *AuthDataCopy);

/*
 * Sets both to whether user and domain, and whether everything, agree. Names compare without letters' case.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SspiCompareAuthIdentities(
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity1, PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity2,
    PBOOLEAN SameSuppliedUser, PBOOLEAN SameSuppliedIdentity);

/* A copy that does not use pszPackageName: "!name" is added to its package list. For SspiFreeAuthIdentity. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY
SspiExcludePackage(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszPackageName,
                   PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppNewAuthIdentity);

/* The identity as bytes that may be stored or sent; they hold its secret. Freed with SspiLocalFree. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SspiMarshalAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                                                 ULONG *AuthIdentityLength,
                                                                 char **AuthIdentityByteArray);

/* The reverse; damaged bytes are refused. For SspiFreeAuthIdentity. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SspiUnmarshalAuthIdentity(
    ULONG AuthIdentityLength, char *AuthIdentityByteArray, PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity);

/*
 * On Windows these hide the secret in memory, in place, until SspiDecryptAuthIdentity. Here there is nobody
 * to keep the key from who can read this process, and nothing is pretended (ours): SspiEncryptAuthIdentity
 * and its Ex form answer SEC_E_UNSUPPORTED_FUNCTION to an identity that makes sense, SspiDecryptAuthIdentity
 * and its Ex form SEC_E_OK to one that is not encrypted, SspiIsAuthIdentityEncrypted FALSE.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SspiEncryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SspiEncryptAuthIdentityEx(ULONG Options,
                                                                   PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY
SspiDecryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData);

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY
SspiDecryptAuthIdentityEx(ULONG Options, PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData);

KSECDDDECLSPEC BOOLEAN SEC_ENTRY
SspiIsAuthIdentityEncrypted(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData);

/* Wipes and frees; NULL is allowed. */
KSECDDDECLSPEC VOID SEC_ENTRY SspiFreeAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

/* Wipes the secret and keeps the rest. NULL is allowed. */
KSECDDDECLSPEC VOID SEC_ENTRY SspiZeroAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

/* For what the functions of this section allocate, identities apart. NULL is allowed. */
KSECDDDECLSPEC VOID SEC_ENTRY SspiLocalFree(PVOID DataBuffer);

/*
 * The name and type under which a credential store keeps the identity for a target; freed with SspiLocalFree.
 * There is no such store here (ours): SEC_E_UNSUPPORTED_FUNCTION.
 */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SspiPrepareForCredRead(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                                                PCWSTR pszTargetName,
                                                                PULONG pCredmanCredentialType,
                                                                PCWSTR *ppszCredmanTargetName);

KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY
SspiPrepareForCredWrite(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
                        PULONG pCredmanCredentialType, PCWSTR *ppszCredmanTargetName,
                        PCWSTR *ppszCredmanUserName, PUCHAR *ppCredentialBlob, PULONG pCredentialBlobSize);

/* TRUE for a status that another password may cure. */
KSECDDDECLSPEC BOOLEAN SEC_ENTRY SspiIsPromptingNeeded(ULONG ErrorOrNtStatus);

/* The host in a service name: "host.example" of "http/host.example:80". Freed with SspiLocalFree. */
KSECDDDECLSPEC SECURITY_STATUS SEC_ENTRY SspiGetTargetHostName(PCWSTR pszTargetName, PWSTR *pszHostName);

#ifdef __cplusplus
}
#endif

#endif
