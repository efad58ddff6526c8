/* SPDX-License-Identifier: MIT */
#include "packages/psk/psk_info.h"

static char16_t info_name[] = u"psk";
static char16_t info_comment[] = u"Pre-shared key (AKEP2, HMAC-SHA-2, AES-GCM)";

const SecPkgInfoW psk_info = {
    .fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_TOKEN_ONLY |
                     SECPKG_FLAG_DATAGRAM | SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED |
                     SECPKG_FLAG_MUTUAL_AUTH | SECPKG_FLAG_READONLY_WITH_CHECKSUM,
    .wVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
    .wRPCID = SECPKG_ID_NONE,
    .cbMaxToken = PSK_MAX_TOKEN,
    .Name = info_name,
    .Comment = info_comment,
};

SecPkgInfoW *psk_info_copy(psk_alloc_fn alloc)
{
    SecPkgInfoW *copy = alloc(sizeof *copy + sizeof info_name + sizeof info_comment);

    if (copy == NULL)
        return NULL;
    *copy = psk_info;
    copy->Name = (char16_t *)(copy + 1);
    copy->Comment = copy->Name + sizeof info_name / sizeof info_name[0];
    memcpy(copy->Name, info_name, sizeof info_name);
    memcpy(copy->Comment, info_comment, sizeof info_comment);
    return copy;
}

/* One character of UTF-8; its length in *used. RFC 3629: no overlong forms, no surrogates, no more than
 * 0x10FFFF. */
static uint32_t utf8_next(const uint8_t *text, size_t size, size_t *used)
{
    uint8_t first = text[0];
    size_t more = first < 0x80 ? 0 : first < 0xc2 ? SIZE_MAX : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 || more == SIZE_MAX ? first : first & (0x3fu >> more);

    *used = 1;
    if (more == SIZE_MAX || more >= size || first > 0xf4)
        return more == 0 ? c : 0xfffd;
    for (size_t i = 1; i <= more; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0xfffd;
        c = c << 6 | (text[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0xfffd;
    *used = more + 1;
    return c;
}

char16_t *psk_text_wide(psk_alloc_fn alloc, const char *text, size_t size)
{
    /* No character has more units in UTF-16 than bytes in UTF-8. */
    char16_t *wide = alloc((size + 1) * sizeof *wide);
    size_t units = 0, used;

    if (wide == NULL)
        return NULL;
    for (size_t i = 0; i < size; i += used) {
        uint32_t c = utf8_next((const uint8_t *)text + i, size - i, &used);
        if (c >= 0x10000) {
            wide[units++] = (char16_t)(0xd7c0 + (c >> 10));
            wide[units++] = (char16_t)(0xdc00 | (c & 0x3ff));
        } else {
            wide[units++] = (char16_t)c;
        }
    }
    wide[units] = 0;
    return wide;
}
