/* SPDX-License-Identifier: MIT */
/* write_context NTLM|Kerberos initiator|acceptor : a packed context on standard output, of a pair with fixed
 * keys. */
#include "kit.h"

#include <string.h>

static struct ksec_bytes make_ntlm(bool initiator)
{
    static const uint8_t key[NTLM_KEY_SIZE] = "sixteen bytes ok";
    struct ntlm_protect p;
    ntlm_protect_init(&p, NTLM_F_ESS | NTLM_F_128 | NTLM_F_KEY_EXCH | NTLM_F_SIGN | NTLM_F_SEAL, initiator,
                      WINDOW_OFF, key);
    return ksec_kit_ntlm(&p);
}

static struct ksec_bytes make_kerberos(bool initiator)
{
    struct krb5_protect p;
    struct krb5_start start = {
        .flags = KRB5_F_INTEG | KRB5_F_CONF | KRB5_F_REPLAY | (initiator ? KRB5_F_INITIATOR : 0),
        .key = {KRB5_ETYPE_AES256_SHA1, "a key of thirty-two bytes, fixed"},
    };
    return krb5_protect_init(&p, &start) ? ksec_kit_kerberos(&p) : (struct ksec_bytes){NULL, 0};
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    bool initiator = strcmp(argv[2], "initiator") == 0;
    struct ksec_bytes b = strcmp(argv[1], "NTLM") == 0 ? make_ntlm(initiator) : make_kerberos(initiator);
    bool written = b.data != NULL && fwrite(b.data, 1, b.size, stdout) == b.size && fflush(stdout) == 0;
    ksec_bytes_free(&b);
    return written ? 0 : 1;
}
