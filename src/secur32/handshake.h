/* SPDX-License-Identifier: MIT */
/*
 * secur32/handshake: one step of a handshake, whichever side, between the application and the LSA half, and
 * the moment in which the packed context becomes the user half's.
 *
 * A step that fails leaves the application's buffers, attributes and handle alone, except that a package
 * which reports EXTENDED_ERROR hands its error token out with the failure. A first step that fails makes no
 * handle; a later one fails the context for good, whatever the reason (also when the output TOKEN was too
 * small: the step cannot be taken back), but not SEC_E_INCOMPLETE_MESSAGE, nor a refusal before the package
 * was asked.
 */
#ifndef OPENSSPI_SECUR32_HANDSHAKE_H
#define OPENSSPI_SECUR32_HANDSHAKE_H

#include <stdbool.h>

#include <sspi.h>

/* The arguments of InitializeSecurityContext or AcceptSecurityContext. */
struct handshake {
    bool accept;
    bool ansi; /* called by the A name */
    PCredHandle credential;
    PCtxtHandle context;
    const UNICODE_STRING *target;
    ULONG requirements;
    ULONG data_rep;
    PSecBufferDesc input;
    PCtxtHandle new_context;
    PSecBufferDesc output;
    ULONG *attributes;
    PTimeStamp expiry;
};

/*
 * In this order: SEC_E_INVALID_HANDLE for a credential or context that is none, a first step without
 * credential or without room for the handle, a context of the other role, a failed one;
 * SEC_E_WRONG_CREDENTIAL_HANDLE for a credential of another package; SEC_E_OUT_OF_SEQUENCE for an established
 * context; SEC_E_INVALID_TOKEN for descriptors that make no sense; then what the package says. Later steps
 * need no credential (NULL).
 */
SECURITY_STATUS handshake_step(const struct handshake *call);

#endif
