/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm computations of [MS-NLMP] 3.3 and 3.4.5.1: from password to session key. Pure functions; keys
 * are 16 bytes, challenges 8. Those that answer bool fail only when memory is out. Text is UTF-16LE wire
 * bytes unless it is char16_t. What they derive is the caller's to wipe.
 */
#ifndef OPENSSPI_PACKAGES_NTLM_COMPUTE_H
#define OPENSSPI_PACKAGES_NTLM_COMPUTE_H

#include <uchar.h>

#include "base/span.h"

/* NTOWFv1(Password), which is the NT hash: 3.3.1. */
bool ntlm_compute_nt_hash(const char16_t *password, size_t units, uint8_t hash[static 16]);

/* NTOWFv2: HMAC_MD5(hash, Uppercase(user) || domain), 3.3.2. */
bool ntlm_compute_ntowf_v2(const uint8_t hash[static 16], struct span user, struct span domain,
                           uint8_t key[static 16]);
/* NTProofStr = HMAC_MD5(key, ServerChallenge || blob). */
void ntlm_compute_proof(const uint8_t key[static 16], const uint8_t server_challenge[static 8],
                        struct span blob, uint8_t proof[static 16]);
/* SessionBaseKey of NTLMv2, which is the KeyExchangeKey too. */
void ntlm_compute_base_key_v2(const uint8_t key[static 16], const uint8_t proof[static 16],
                              uint8_t base[static 16]);

/* NtChallengeResponse of NTLMv1: DESL(hash, challenge); with extended session security the challenge is
 * MD5(ServerChallenge || ClientChallenge)[0..7] (client_challenge not NULL). */
void ntlm_compute_v1_response(const uint8_t hash[static 16], const uint8_t server_challenge[static 8],
                              const uint8_t *client_challenge, uint8_t response[static 24]);
void ntlm_compute_base_key_v1(const uint8_t hash[static 16], uint8_t base[static 16]);
/* KXKEY of NTLMv1, 3.4.5.1; LM_KEY and NON_NT_SESSION_KEY are never negotiated. client_challenge: the first 8
 * bytes of LmChallengeResponse with extended session security, else NULL. */
void ntlm_compute_key_exchange_v1(const uint8_t base[static 16], const uint8_t server_challenge[static 8],
                                  const uint8_t *client_challenge, uint8_t key[static 16]);

/* RC4K(key, in): EncryptedRandomSessionKey and back. */
void ntlm_compute_rc4k(const uint8_t key[static 16], const uint8_t in[static 16], uint8_t out[static 16]);

/* HMAC_MD5(key, negotiate || challenge || authenticate), the MIC's own 16 bytes taken as zeros. negotiate is
 * empty for datagrams. authenticate has at least NTLM_AUTHENTICATE_HEADER bytes. */
void ntlm_compute_mic(const uint8_t key[static 16], struct span negotiate, struct span challenge,
                      struct span authenticate, uint8_t mic[static 16]);

/* MD5 over RFC 2744's serialization of the SEC_CHANNEL_BINDINGS in that buffer. False: it is malformed. */
bool ntlm_compute_bindings(const void *buffer, size_t size, uint8_t hash[static 16]);

#endif
