/* SPDX-License-Identifier: MIT */
/*
 * packed: writes packed Kerberos contexts with keys of our own, so that programs have contexts of every type
 * without a KDC. As a program (bench_packed FOLDER) it writes FOLDER/krb5-TYPE-initiator and -acceptor.
 */
#include <stdio.h>
#include <string.h>

#include "packages/kerberos/kerberos_packed.h"
#include "pair.h"

static struct packages_view text(const char16_t *t)
{
    size_t units = 0;
    while (t[units])
        units++;
    return (struct packages_view){.text = t, .units = units};
}

size_t pair_pack_kerberos(unsigned etype, enum pair_role role, uint8_t out[static 4096])
{
    const bool initiator = role != PAIR_ACCEPTOR;
    struct kerberos_packed packed = {
        .attributes = initiator ? ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT
                                : ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT,
        .start = 1,
        .expiry = INT64_MAX,
        .text = {[KERBEROS_TEXT_CLIENT] = text(u"alice@TEST.EXAMPLE"),
                 [KERBEROS_TEXT_SERVER] = text(u"host/server@TEST.EXAMPLE"),
                 [KERBEROS_TEXT_TARGET] = text(u"host/server"),
                 [KERBEROS_TEXT_REALM] = text(u"TEST.EXAMPLE")},
    };
    struct krb5_start start = {
        .flags = KRB5_F_INTEG | KRB5_F_REPLAY | KRB5_F_SEQUENCE | (initiator ? KRB5_F_INITIATOR : 0),
        .key.etype = (uint16_t)etype,
        .send_first = initiator ? 1000 : 5000,
        .receive_first = initiator ? 5000 : 1000,
    };
    for (size_t i = 0; i < sizeof start.key.bytes; i++)
        start.key.bytes[i] = (uint8_t)(i * 7 + 1);
    if (etype != KRB5_ETYPE_RC4) {
        start.flags |= KRB5_F_ACCEPTOR_SUBKEY;
        start.initiator = start.key;
        start.initiator.bytes[0] ^= 0xff;
    }
    if (role == PAIR_OLD_INITIATOR) {
        start.flags &= ~(uint32_t)KRB5_F_ACCEPTOR_SUBKEY;
        start.key = start.initiator;
        start.initiator = (struct krb5_raw_key){.etype = KRB5_ETYPE_NONE};
    }
    size_t size = krb5_protect_init(&packed.protect, &start) ? kerberos_packed_size(&packed) : 0;
    return size != 0 && size <= 4096 && kerberos_packed_write(&packed, out, size) ? size : 0;
}

#ifdef BENCH_PACKED_PROGRAM
static bool write_one(const char *folder, unsigned etype, bool initiator)
{
    uint8_t bytes[4096];
    char path[512];
    snprintf(path, sizeof path, "%s/krb5-%u-%s", folder, etype, initiator ? "initiator" : "acceptor");
    size_t size = pair_pack_kerberos(etype, initiator ? PAIR_INITIATOR : PAIR_ACCEPTOR, bytes);
    FILE *f = fopen(path, "wb");
    bool ok = f != NULL && size > 0 && fwrite(bytes, size, 1, f) == 1;
    return (f == NULL || fclose(f) == 0) && ok;
}

int main(int argc, char **argv)
{
    static const unsigned etypes[] = {17, 18, 19, 20};
    bool ok = argc == 2;
    for (size_t i = 0; ok && i < 2 * sizeof etypes / sizeof etypes[0]; i++)
        ok = write_one(argv[1], etypes[i / 2], i % 2);
    if (!ok)
        fprintf(stderr, "usage: bench_packed FOLDER\n");
    return !ok;
}
#endif
