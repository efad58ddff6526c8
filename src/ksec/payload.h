/* SPDX-License-Identifier: MIT */
/*
 * ksec/payload: the bytes in which an established context is handed down into a kernel, what add_key(2) with
 * type "ssp_context" takes. Little-endian, versioned, self-contained:
 *
 *     "SSPKCTX\0"          8
 *     version              u16, 1
 *     name's length        u16, 1 to 32
 *     total size           u32, exactly what was handed over, at most KSEC_PAYLOAD_MAX
 *     name                 the package's, printable ASCII: "NTLM", "Kerberos"
 *     packed context       all the rest: what ExportSecurityContext gives
 *
 * Freestanding; shared by the library, which writes it, and the hosts, which read it.
 */
#ifndef OPENSSPI_KSEC_PAYLOAD_H
#define OPENSSPI_KSEC_PAYLOAD_H

#include "base/span.h"

/* add_key(2) takes no more. */
enum { KSEC_PAYLOAD_HEAD = 16, KSEC_NAME_MAX = 32, KSEC_PAYLOAD_MAX = 1024 * 1024 - 1 };

struct ksec_payload {
    struct span name;
    struct span packed;
};

/* Views into the payload. False: not a payload of this version and size. */
bool ksec_payload_read(const void *bytes, size_t size, struct ksec_payload *out);
/* Size of one; 0: the name or the packed context cannot be in one. */
size_t ksec_payload_size(const struct ksec_payload *p);
/* out has ksec_payload_size bytes. */
void ksec_payload_write(const struct ksec_payload *p, void *out);

#endif
