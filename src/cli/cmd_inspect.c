/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: sspi inspect [--hex | --base64 | --binary] [--offsets] [FILE | -]\n"
    "Show an authentication token as a tree of its fields. FILE or standard input holds it in binary, in "
    "hexadecimal\n"
    "or in base64; which of them is found out unless an option says it. A line of HTTP such as\n"
    "'Authorization: NTLM TlRMTVNT...' will do as well.\n\n"
    "  --hex, --base64, --binary  what the input is\n"
    "  --offsets                  before each field the bytes it was read from, offset+size\n"
    "  --help                     this text\n\n"
    "Exit code 1: the token is damaged (shown as far as it makes sense), or of no kind that is known.\n";

/* More than any token: SPNEGO and NTLM end at 64 KiB. */
#define INPUT_MAX (1024 * 1024)

enum input_form { FORM_AUTO, FORM_HEX, FORM_BASE64, FORM_BINARY };

struct bytes {
    uint8_t *data;
    size_t size;
};

static bool read_input(const char *path, struct bytes *input)
{
    bool from_stdin = strcmp(path, "-") == 0;
    FILE *f = from_stdin ? stdin : fopen(path, "rb");
    const char *shown = from_stdin ? "standard input" : path;
    uint8_t *data = NULL;
    bool done = false;

    if (!f) {
        cli_error("cannot open %s: %s", shown, strerror(errno));
        return false;
    }
    data = malloc(INPUT_MAX + 1);
    if (!data) {
        cli_error("out of memory");
        goto out;
    }
    size_t size = fread(data, 1, INPUT_MAX + 1, f);
    if (ferror(f)) {
        cli_error("cannot read %s: %s", shown, strerror(errno));
        goto out;
    }
    if (size > INPUT_MAX) {
        cli_error("%s has more than %d bytes: no token is so long", shown, INPUT_MAX);
        goto out;
    }
    *input = (struct bytes){data, size};
    done = true;
out:
    if (!done)
        free(data);
    if (!from_stdin)
        fclose(f);
    return done;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* In place. Blanks, colons and a leading 0x do not count. False with *at: the byte that is wrong. */
static bool decode_hex(struct bytes *input, size_t *at)
{
    size_t digits = 0, start = 0;

    while (start < input->size && is_space(input->data[start]))
        start++;
    if (input->size - start >= 2 && input->data[start] == '0' && (input->data[start + 1] | 0x20) == 'x')
        start += 2;
    for (size_t i = start; i < input->size; i++) {
        int digit = hex_digit(input->data[i]);

        *at = i;
        if (is_space(input->data[i]) || input->data[i] == ':')
            continue;
        if (digit < 0)
            return false;
        uint8_t high = digits % 2 ? input->data[digits / 2] : 0;
        input->data[digits / 2] = (uint8_t)(high << 4 | digit);
        digits++;
    }
    *at = input->size;
    input->size = digits / 2;
    return digits % 2 == 0;
}

/* In place; with or without padding. False with *at: the byte that is wrong. */
static bool decode_base64(struct bytes *input, size_t *at)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t out = 0, i = 0;

    for (; i < input->size && input->data[i] != '='; i++) {
        int digit = base64_digit(input->data[i]);

        *at = i;
        if (is_space(input->data[i]))
            continue;
        if (digit < 0)
            return false;
        bits = (bits << 6 | (uint32_t)digit) & 0xFFFFFF;
        held += 6;
        if (held >= 8) {
            held -= 8;
            input->data[out++] = (uint8_t)(bits >> held);
        }
    }
    for (; i < input->size; i++) {
        *at = i;
        if (input->data[i] != '=' && !is_space(input->data[i]))
            return false;
    }
    *at = input->size;
    input->size = out;
    return held != 6;
}

/* Drops what stands before the last word, when those words look like an HTTP header: "NTLM " and the like. */
static void skip_header(struct bytes *input)
{
    static const char *const schemes[] = {"NTLM ", "Negotiate ", "Kerberos "};

    for (size_t s = 0; s < sizeof(schemes) / sizeof(schemes[0]); s++) {
        size_t length = strlen(schemes[s]);

        for (size_t i = 0; i + length <= input->size && i < 64; i++) {
            if (memcmp(input->data + i, schemes[s], length) != 0)
                continue;
            input->size -= i + length;
            memmove(input->data, input->data + i + length, input->size);
            return;
        }
    }
}

static bool all_match(const struct bytes *input, int (*digit)(uint8_t), const char *others)
{
    for (size_t i = 0; i < input->size; i++) {
        uint8_t c = input->data[i];

        if (digit(c) < 0 && !is_space(c) && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return input->size > 0;
}

static enum input_form recognise(const struct bytes *input)
{
    if (all_match(input, hex_digit, ":xX"))
        return FORM_HEX;
    return all_match(input, base64_digit, "=") ? FORM_BASE64 : FORM_BINARY;
}

/* Brings the input into binary form. */
static bool decode(struct bytes *input, enum input_form form)
{
    size_t at = 0;

    if (form == FORM_AUTO || form == FORM_BASE64)
        skip_header(input);
    if (form == FORM_AUTO)
        form = recognise(input);
    if (form == FORM_HEX && !decode_hex(input, &at)) {
        cli_error("not hexadecimal at byte %zu of the input%s", at,
                  at == input->size ? "" : "; --binary or --base64 says what else it is");
        return false;
    }
    if (form == FORM_BASE64 && !decode_base64(input, &at)) {
        cli_error("not base64 at byte %zu of the input", at);
        return false;
    }
    return true;
}

struct tree {
    bool offsets;
    unsigned lines;
};

static void print_field(void *arg, unsigned depth, const char *name, const char *value, size_t offset,
                        size_t size)
{
    struct tree *tree = arg;
    char place[32], shown[8192];

    if (tree->offsets) {
        snprintf(place, sizeof(place), "%zu+%zu", offset, size);
        printf("%-12s", size ? place : "");
    }
    text_safe(shown, sizeof(shown), value, strlen(value));
    printf("%*s%s%s%s\n", (int)(2 * (depth < 40 ? depth : 40)), "", name, *shown ? ": " : "", shown);
    tree->lines++;
}

static int inspect(const char *path, enum input_form form, bool offsets)
{
    struct bytes input;
    struct tree tree = {.offsets = offsets};
    int result = CLI_OK;

    if (!read_input(path, &input))
        return CLI_LOCAL;
    if (!decode(&input, form)) {
        free(input.data);
        return CLI_FAILED;
    }
    SECURITY_STATUS status = SspiInspectToken(input.data, input.size, print_field, &tree);
    if (status == SEC_E_UNSUPPORTED_FUNCTION) {
        cli_error("these %zu bytes are no kind of token that is known", input.size);
        result = CLI_FAILED;
    } else if (status != SEC_E_OK) {
        fflush(stdout);
        cli_error_status("the token is damaged", status);
        result = CLI_FAILED;
    }
    free(input.data);
    return cli_finish(result);
}

int cmd_inspect(int argc, char **argv)
{
    static const struct option options[] = {
        {"hex", no_argument, NULL, 'x'},    {"base64", no_argument, NULL, '6'},
        {"binary", no_argument, NULL, 'b'}, {"offsets", no_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},   {0}};
    enum input_form form = FORM_AUTO;
    bool offsets = false;

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'x':
            form = FORM_HEX;
            break;
        case '6':
            form = FORM_BASE64;
            break;
        case 'b':
            form = FORM_BINARY;
            break;
        case 'o':
            offsets = true;
            break;
        case 'h':
            fputs(help, stdout);
            return cli_finish(CLI_OK);
        default:
            return cli_usage_getopt();
        }
    }
    if (argc - optind > 1)
        return cli_usage("unexpected argument '%s'", argv[optind + 1]);
    return inspect(optind < argc ? argv[optind] : "-", form, offsets);
}
