/* SPDX-License-Identifier: MIT */
#include "packages/negotiate/negotiate_messages.h"

#include "packages/negotiate/negotiate_mechs.h"

enum negotiate_kind negotiate_classify(struct span token, struct span *mech)
{
    static const uint8_t ntlmssp[8] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', 0};
    enum { AP_REQ = 0x6e };
    struct der d = der_of(token);

    if (token.size >= sizeof(ntlmssp) && memcmp(token.data, ntlmssp, sizeof(ntlmssp)) == 0)
        return NEGOTIATE_RAW_NTLM;
    if (der_peek(&d) == AP_REQ)
        return NEGOTIATE_RAW_KERBEROS;
    if (der_peek(&d) != DER_APPLICATION_0)
        return NEGOTIATE_UNKNOWN;
    struct der inside = der_of(der_take(&d, DER_APPLICATION_0));
    *mech = der_whole(&inside, DER_OID);
    if (d.failed || inside.failed)
        return NEGOTIATE_UNKNOWN;
    return negotiate_oid_equal(*mech, negotiate_oid_spnego) ? NEGOTIATE_INIT : NEGOTIATE_RAW_GSS;
}

/* ---- reading ---- */

/* [n] around one element. */
static bool field(struct der *d, unsigned n, uint8_t tag, struct span *contents)
{
    struct span wrapped;

    if (!der_optional(d, (uint8_t)(DER_CONTEXT_0 + n), &wrapped))
        return false;
    struct der inside = der_of(wrapped);
    *contents = der_take(&inside, tag);
    if (!der_done(&inside))
        d->failed = true;
    return !d->failed;
}

/* X.690 8.19: at least one byte, every number minimal and ended; and none beyond 63 bits. */
static bool oid_sound(struct span oid)
{
    size_t bytes = 0; /* of a number, so far */

    for (size_t i = 0; i < oid.size; i++) {
        if ((bytes == 0 && oid.data[i] == 0x80) || bytes == 9)
            return false;
        bytes = oid.data[i] & 0x80 ? bytes + 1 : 0;
    }
    return oid.size > 0 && bytes == 0;
}

/* Moves oid from its contents to the whole element, whose length takes one byte or the OID is of no use. */
static bool oid_take(struct der *d, struct span *whole)
{
    struct der again = *d;

    *whole = der_whole(d, DER_OID);
    struct span contents = der_take(&again, DER_OID);
    return !d->failed && oid_sound(contents);
}

static bool read_mechs(struct der *d, struct negotiate_init *m)
{
    struct span wrapped;

    if (!der_optional(d, DER_CONTEXT_0, &wrapped))
        return !d->failed;
    struct der around = der_of(wrapped);
    struct der peek = around;
    m->mech_list = der_whole(&around, DER_SEQUENCE);
    struct der list = der_of(der_take(&peek, DER_SEQUENCE));
    if (!der_done(&around))
        return false;
    while (!der_done(&list)) {
        if (m->mech_count == NEGOTIATE_MECHS_MAX || !oid_take(&list, &m->mechs[m->mech_count]))
            return false;
        m->mech_count++;
    }
    return true;
}

/* [3] is mechListMIC in RFC 4178 and negHints in [MS-SPNG], where mechListMIC is [4]. */
static bool read_hints(struct der *d, struct negotiate_init *m)
{
    struct der ahead = *d;
    struct span wrapped, hints;

    if (!der_optional(&ahead, DER_CONTEXT_0 + 3, &wrapped))
        return !ahead.failed;
    struct der inside = der_of(wrapped);
    if (der_peek(&inside) != DER_SEQUENCE)
        return true;
    if (!field(d, 3, DER_SEQUENCE, &hints))
        return false;
    struct der h = der_of(hints);
    m->hinted = true;
    (void)field(&h, 0, DER_GENERAL_STRING, &m->hint_name);
    (void)field(&h, 1, DER_OCTET_STRING, &m->hint_address);
    return der_done(&h);
}

/* X.690 8.6.2, 11.2: a count of unused bits, which are zero. */
static bool flags_sound(struct span bits)
{
    if (bits.data == NULL)
        return true;
    if (bits.size == 0 || bits.data[0] > 7 || (bits.size == 1 && bits.data[0] != 0))
        return false;
    return bits.size == 1 || (bits.data[bits.size - 1] & ((1u << bits.data[0]) - 1)) == 0;
}

bool negotiate_init_read(struct span token, struct negotiate_init *m)
{
    *m = (struct negotiate_init){.mech_count = 0};
    if (token.size > NEGOTIATE_TOKEN_MAX)
        return false;
    struct der outer = der_of(token);
    struct der framed = der_of(der_take(&outer, DER_APPLICATION_0));
    struct span oid = der_whole(&framed, DER_OID);
    if (!der_done(&outer) || framed.failed || !negotiate_oid_equal(oid, negotiate_oid_spnego))
        return false;
    struct der choice = der_of(der_take(&framed, DER_CONTEXT_0));
    struct der d = der_of(der_take(&choice, DER_SEQUENCE));
    if (!der_done(&framed) || !der_done(&choice) || !read_mechs(&d, m))
        return false;
    (void)field(&d, 1, DER_BIT_STRING, &m->flags);
    (void)field(&d, 2, DER_OCTET_STRING, &m->token);
    if (!read_hints(&d, m))
        return false;
    (void)field(&d, m->hinted || der_peek(&d) == DER_CONTEXT_0 + 4 ? 4 : 3, DER_OCTET_STRING, &m->mic);
    return der_done(&d) && flags_sound(m->flags);
}

bool negotiate_resp_read(struct span token, struct negotiate_resp *m)
{
    struct span state, wrapped;

    *m = (struct negotiate_resp){.state = NEGOTIATE_NO_STATE};
    if (token.size > NEGOTIATE_TOKEN_MAX)
        return false;
    struct der outer = der_of(token);
    struct der choice = der_of(der_take(&outer, DER_CONTEXT_0 + 1));
    struct der d = der_of(der_take(&choice, DER_SEQUENCE));
    if (!der_done(&outer) || !der_done(&choice))
        return false;
    if (field(&d, 0, DER_ENUMERATED, &state)) {
        if (state.size != 1 || state.data[0] > NEGOTIATE_REQUEST_MIC)
            return false;
        m->state = state.data[0];
    }
    if (der_optional(&d, DER_CONTEXT_0 + 1, &wrapped)) {
        struct der inside = der_of(wrapped);
        if (!oid_take(&inside, &m->mech) || !der_done(&inside))
            return false;
    }
    (void)field(&d, 2, DER_OCTET_STRING, &m->token);
    (void)field(&d, 3, DER_OCTET_STRING, &m->mic);
    return der_done(&d);
}

/* ---- writing ---- */

void negotiate_list_write(struct wire_writer *w, const struct span *mechs, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += mechs[i].size;
    der_write_head(w, DER_SEQUENCE, size);
    for (size_t i = 0; i < count; i++)
        wire_write_bytes(w, mechs[i].data, mechs[i].size);
}

/* Of [n] around an element with these contents; 0 when the field is missing. */
static size_t field_size(struct span contents)
{
    return contents.data == NULL ? 0 : der_size(der_size(contents.size));
}

static void field_write(struct wire_writer *w, unsigned n, uint8_t tag, struct span contents)
{
    if (contents.data == NULL)
        return;
    der_write_head(w, (uint8_t)(DER_CONTEXT_0 + n), der_size(contents.size));
    der_write_head(w, tag, contents.size);
    wire_write_bytes(w, contents.data, contents.size);
}

/* The same around an element that is whole already. */
static size_t whole_size(struct span element)
{
    return element.data == NULL ? 0 : der_size(element.size);
}

static void whole_write(struct wire_writer *w, unsigned n, struct span element)
{
    if (element.data == NULL)
        return;
    der_write_head(w, (uint8_t)(DER_CONTEXT_0 + n), element.size);
    wire_write_bytes(w, element.data, element.size);
}

void negotiate_init_write(struct wire_writer *w, const struct negotiate_init *m)
{
    size_t hints = field_size(m->hint_name);
    size_t size = whole_size(m->mech_list) + field_size(m->token) + field_size(m->mic);

    if (m->hinted)
        size += der_size(der_size(hints));
    der_write_head(w, DER_APPLICATION_0, negotiate_oid_spnego.size + der_size(der_size(size)));
    wire_write_bytes(w, negotiate_oid_spnego.data, negotiate_oid_spnego.size);
    der_write_head(w, DER_CONTEXT_0, der_size(size));
    der_write_head(w, DER_SEQUENCE, size);
    whole_write(w, 0, m->mech_list);
    field_write(w, 2, DER_OCTET_STRING, m->token);
    if (m->hinted) {
        der_write_head(w, DER_CONTEXT_0 + 3, der_size(hints));
        der_write_head(w, DER_SEQUENCE, hints);
        field_write(w, 0, DER_GENERAL_STRING, m->hint_name);
    }
    field_write(w, m->hinted ? 4 : 3, DER_OCTET_STRING, m->mic);
}

void negotiate_resp_write(struct wire_writer *w, const struct negotiate_resp *m)
{
    const struct span state =
        m->state == NEGOTIATE_NO_STATE ? (struct span){NULL, 0} : (struct span){&m->state, 1};
    size_t size = field_size(state) + whole_size(m->mech) + field_size(m->token) + field_size(m->mic);

    der_write_head(w, DER_CONTEXT_0 + 1, der_size(size));
    der_write_head(w, DER_SEQUENCE, size);
    field_write(w, 0, DER_ENUMERATED, state);
    whole_write(w, 1, m->mech);
    field_write(w, 2, DER_OCTET_STRING, m->token);
    field_write(w, 3, DER_OCTET_STRING, m->mic);
}
