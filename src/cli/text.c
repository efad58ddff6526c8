/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void cli_error(const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang 14 overlooks the line above. */
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(stderr, "%s: %s\n", cli_name, text);
}

void cli_error_status(const char *what, SECURITY_STATUS status)
{
    const char *text = SspiStatusText(status);
    const char *advice = SspiStatusAdvice(status);
    char name[64];

    cli_error("%s: %s%s%s%s%s", what, text_status(status, name, sizeof(name)), text ? ": " : "",
              text ? text : "", advice ? " " : "", advice ? advice : "");
}

int cli_usage_getopt(void)
{
    fprintf(stderr, "Try '%s --help'.\n", cli_name);
    return CLI_USAGE;
}

int cli_usage(const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang 14 overlooks the line above. */
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(stderr, "%s: %s\n", cli_name, text);
    return cli_usage_getopt();
}

int cli_finish(int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    cli_error("cannot write to standard output: %s", errno ? strerror(errno) : "an earlier write failed");
    return code == CLI_OK ? CLI_LOCAL : code;
}

const char *text_status(SECURITY_STATUS status, char *out, size_t size)
{
    const char *name = SspiStatusName(status);

    if (name)
        snprintf(out, size, "%s (0x%08" PRIX32 ")", name, (uint32_t)status);
    else
        snprintf(out, size, "status 0x%08" PRIX32, (uint32_t)status);
    return out;
}

size_t text_utf8(const uint8_t *s, size_t length)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
    uint32_t c = n < 2 ? s[0] : s[0] & (0x7Fu >> n);

    if (n == 0 || n > length)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3Fu);
    }
    return c < smallest[n] || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF ? 0 : n;
}

/* What may move a cursor, change a direction or hide text: C0, DEL, C1, and Unicode's line and direction
 * controls. */
static bool utf8_is_control(const uint8_t *s, size_t n)
{
    if (n == 1)
        return s[0] < 0x20 || s[0] == 0x7F;
    if (n == 2)
        return s[0] == 0xC2 && s[1] < 0xA0;
    if (n == 3 && s[0] == 0xE2 && s[1] == 0x80)
        return (s[2] >= 0x8B && s[2] <= 0x8F) || (s[2] >= 0xA8 && s[2] <= 0xAE);
    if (n == 3 && s[0] == 0xE2 && s[1] == 0x81)
        return s[2] >= 0xA0 && s[2] <= 0xAF;
    return n == 3 && s[0] == 0xEF && s[1] == 0xBB && s[2] == 0xBF;
}

const char *text_safe(char *out, size_t size, const void *text, size_t length)
{
    const uint8_t *s = text;
    size_t used = 0;

    while (length > 0) {
        size_t n = text_utf8(s, length);
        bool good = n > 0 && !utf8_is_control(s, n);
        size_t step = n > 0 ? n : 1;
        size_t need = good ? n : 1;

        if (used + need >= size)
            break;
        if (good)
            memcpy(out + used, s, n);
        else
            out[used] = '?';
        used += need;
        s += step;
        length -= step;
    }
    out[used] = '\0';
    return out;
}

void text_json(FILE *f, const char *s)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t left = strlen(s);

    fputc('"', f);
    while (left > 0) {
        size_t n = text_utf8(p, left);

        if (n == 0) {
            fputs("\\ufffd", f);
            n = 1;
        } else if (*p == '"' || *p == '\\') {
            fprintf(f, "\\%c", *p);
        } else if (*p < 0x20) {
            fprintf(f, "\\u%04x", *p);
        } else {
            fwrite(p, 1, n, f);
        }
        p += n;
        left -= n;
    }
    fputc('"', f);
}

const char *text_bytes(char *out, size_t size, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(out, size, "%" PRIu64 " B", bytes);
        return out;
    }
    for (value /= 1024; value >= 1024 && unit < 5; unit++)
        value /= 1024;
    snprintf(out, size, "%.1f %s", value, units[unit]);
    return out;
}

bool text_number(const char *s, uint64_t min, uint64_t max, uint64_t *value)
{
    static const char suffixes[] = "KMG";
    char *end;
    unsigned shift = 0;

    if (*s < '0' || *s > '9')
        return false;
    errno = 0;
    uint64_t number = strtoull(s, &end, 10);
    if (errno)
        return false;
    const char *suffix = *end ? strchr(suffixes, *end & ~0x20) : NULL;
    if (suffix) {
        shift = 10 * (unsigned)(suffix - suffixes + 1);
        end++;
    }
    if (*end || number > UINT64_MAX >> shift)
        return false;
    number <<= shift;
    if (number < min || number > max)
        return false;
    *value = number;
    return true;
}
