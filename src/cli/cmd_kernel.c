/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char help[] =
    "Usage: sspi kernel load-context [--package NAME] [--keyring KEYRING] [--description TEXT] [FILE | -]\n"
    "       sspi kernel sign KEY [--number N] [--binary] [FILE | -]\n"
    "       sspi kernel verify KEY --signature HEX [--number N] [FILE | -]\n"
    "Security contexts as keys of the Linux kernel, which signs and verifies with them (module ssp_ksec).\n\n"
    "load-context  moves a context into the kernel and prints the key's number. FILE or standard input is "
    "what\n"
    "              ExportSecurityContext gave; it holds keys and must not be readable by others, nor be used "
    "twice\n"
    "sign          prints the signature of FILE or standard input, up to 65535 bytes\n"
    "verify        exit code 0: the signature is genuine and came in its place\n\n"
    "  --package NAME      whose context it is (default: found out among NTLM and Kerberos)\n"
    "  --keyring KEYRING   @t, @p, @s, @u, @us as in keyctl(1), or a number (default: @s, the session's)\n"
    "  --description TEXT  the key's (default: one that nobody has)\n"
    "  --number N          MessageSeqNo, for datagram contexts\n"
    "  --binary            the signature as it is, instead of in hexadecimal\n"
    "  --signature HEX     the signature to verify\n"
    "  --help              this text\n\n"
    "KEY is a number as load-context prints it. Exit code 1: not genuine; 5: no such key, no module, no "
    "permission.\n";

enum { CONTEXT_MAX = 1024 * 1024, MESSAGE_MAX = 65535, SIGNATURE_MAX = 256 };

struct bytes {
    uint8_t *data;
    size_t size;
};

struct settings {
    const char *package, *description, *signature, *file;
    LONG keyring, key;
    ULONG number;
    bool binary;
};

/* ---- input ---- */

static void bytes_wipe(struct bytes *b)
{
    if (b->data)
        explicit_bzero(b->data, b->size);
    free(b->data);
    b->data = NULL;
}

/* Keys lie in it. */
static bool is_private(FILE *f, const char *shown)
{
    struct stat st;

    if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
        cli_error("%s holds keys and others may read it: chmod 600", shown);
        return false;
    }
    return true;
}

static bool read_input(const char *path, size_t max, bool secret, struct bytes *input)
{
    bool from_stdin = strcmp(path, "-") == 0;
    FILE *f = from_stdin ? stdin : fopen(path, "rb");
    const char *shown = from_stdin ? "standard input" : path;
    struct bytes read = {NULL, max + 1};
    bool done = false;

    if (!f) {
        cli_error("cannot open %s: %s", shown, strerror(errno));
        return false;
    }
    setvbuf(f, NULL, _IONBF, 0); /* no copy of the keys stays behind */
    if (secret && !is_private(f, shown))
        goto out;
    read.data = malloc(read.size);
    if (!read.data) {
        cli_error("out of memory");
        goto out;
    }
    size_t size = fread(read.data, 1, max + 1, f);
    if (ferror(f)) {
        cli_error("cannot read %s: %s", shown, strerror(errno));
    } else if (size > max) {
        cli_error("%s has more than %zu bytes", shown, max);
    } else {
        *input = (struct bytes){read.data, size};
        done = true;
    }
out:
    if (!done)
        bytes_wipe(&read);
    if (!from_stdin)
        fclose(f);
    return done;
}

/* Whole bytes, nothing else. */
static bool parse_hex(const char *s, uint8_t out[static SIGNATURE_MAX], ULONG *size)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = strlen(s);

    if (length % 2 || length / 2 > SIGNATURE_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        const char *digit = strchr(digits, s[i] >= 'A' && s[i] <= 'F' ? s[i] | 0x20 : s[i]);

        if (!digit || !s[i])
            return false;
        uint8_t high = i % 2 ? out[i / 2] : 0;
        out[i / 2] = (uint8_t)(high << 4 | (digit - digits));
    }
    *size = (ULONG)(length / 2);
    return true;
}

static bool parse_keyring(const char *s, LONG *keyring)
{
    static const struct {
        const char *name;
        LONG number;
    } names[] = {{"@t", -1}, {"@p", -2}, {"@s", -3}, {"@u", -4}, {"@us", -5}};
    uint64_t number;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(s, names[i].name) == 0) {
            *keyring = names[i].number;
            return true;
        }
    }
    if (!text_number(s, 1, INT32_MAX, &number))
        return false;
    *keyring = (LONG)number;
    return true;
}

/* ---- the three ---- */

/* What the message is about is 1, what this machine lacks 5. */
static int failed(const char *what, SECURITY_STATUS status, const SspiErrorInfo *error)
{
    char shown[64];
    bool message = status == SEC_E_MESSAGE_ALTERED || status == SEC_E_OUT_OF_SEQUENCE ||
                   status == SEC_E_INVALID_TOKEN || status == SEC_E_CONTEXT_EXPIRED;

    cli_error("%s: %s: %s", what, text_status(status, shown, sizeof(shown)), error->text);
    return message ? CLI_FAILED : CLI_LOCAL;
}

static int load_context(const struct settings *s)
{
    struct bytes input;
    CtxtHandle context;
    SspiErrorInfo error = {{0}};
    LONG key = 0;

    if (!read_input(s->file, CONTEXT_MAX, true, &input))
        return CLI_LOCAL;
    SecBuffer packed = {(ULONG)input.size, SECBUFFER_EMPTY, input.data};
    SECURITY_STATUS status =
        ImportSecurityContextA((SEC_CHAR *)(uintptr_t)s->package, &packed, NULL, &context);
    bytes_wipe(&input);
    if (status != SEC_E_OK) {
        cli_error_status("this is no packed context", status);
        return CLI_FAILED;
    }
    status = SspiKernelLoadContext(&context, s->description, s->keyring, &key, &error);
    if (status != SEC_E_OK) {
        DeleteSecurityContext(&context);
        failed("the kernel does not take the context", status, &error);
        return CLI_LOCAL;
    }
    printf("%d\n", (int)key);
    return cli_finish(CLI_OK);
}

static int sign(const struct settings *s)
{
    struct bytes input;
    SspiErrorInfo error = {{0}};
    uint8_t signature[SIGNATURE_MAX];
    ULONG size = sizeof(signature);

    if (!read_input(s->file, MESSAGE_MAX, false, &input))
        return CLI_LOCAL;
    SECURITY_STATUS status =
        SspiKernelSign(s->key, s->number, input.data, (ULONG)input.size, signature, &size, &error);
    bytes_wipe(&input);
    if (status != SEC_E_OK)
        return failed("not signed", status, &error);
    if (s->binary) {
        fwrite(signature, 1, size, stdout);
    } else {
        for (ULONG i = 0; i < size; i++)
            printf("%02x", signature[i]);
        putchar('\n');
    }
    return cli_finish(CLI_OK);
}

static int verify(const struct settings *s)
{
    struct bytes input;
    SspiErrorInfo error = {{0}};
    uint8_t signature[SIGNATURE_MAX];
    ULONG size;

    if (!s->signature)
        return cli_usage("which signature? --signature HEX");
    if (!parse_hex(s->signature, signature, &size))
        return cli_usage("--signature takes hexadecimal digits, two for each byte");
    if (!read_input(s->file, MESSAGE_MAX, false, &input))
        return CLI_LOCAL;
    SECURITY_STATUS status =
        SspiKernelVerify(s->key, s->number, input.data, (ULONG)input.size, signature, size, &error);
    bytes_wipe(&input);
    if (status != SEC_E_OK)
        return failed("not verified", status, &error);
    puts("genuine");
    return cli_finish(CLI_OK);
}

/* ---- the command line ---- */

static int take_option(int option, struct settings *s)
{
    uint64_t number;

    switch (option) {
    case 'p':
        s->package = optarg;
        return CLI_OK;
    case 'd':
        s->description = optarg;
        return CLI_OK;
    case 'k':
        return parse_keyring(optarg, &s->keyring) ? CLI_OK : cli_usage("'%s' is no keyring", optarg);
    case 'n':
        if (!text_number(optarg, 0, UINT32_MAX, &number))
            return cli_usage("--number takes 0 to %u", UINT32_MAX);
        s->number = (ULONG)number;
        return CLI_OK;
    case 's':
        s->signature = optarg;
        return CLI_OK;
    case 'b':
        s->binary = true;
        return CLI_OK;
    default:
        return cli_usage_getopt();
    }
}

static bool take_key(const char *word, LONG *key)
{
    uint64_t number;

    if (!word || !text_number(word, 1, INT32_MAX, &number))
        return false;
    *key = (LONG)number;
    return true;
}

int cmd_kernel(int argc, char **argv)
{
    static const struct option options[] = {
        {"package", required_argument, NULL, 'p'},
        {"keyring", required_argument, NULL, 'k'},
        {"description", required_argument, NULL, 'd'},
        {"number", required_argument, NULL, 'n'},
        {"signature", required_argument, NULL, 's'},
        {"binary", no_argument, NULL, 'b'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    static const struct {
        const char *name;
        int (*run)(const struct settings *s);
        bool key;
    } actions[] = {{"load-context", load_context, false}, {"sign", sign, true}, {"verify", verify, true}};
    struct settings s = {.package = "Negotiate", .file = "-"};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return cli_finish(CLI_OK);
        }
        int code = take_option(option, &s);
        if (code != CLI_OK)
            return code;
    }
    char **rest = argv + optind;
    if (!rest[0])
        return cli_usage("load-context, sign or verify?");
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(rest[0], actions[i].name) != 0)
            continue;
        if (actions[i].key && !take_key(rest[1], &s.key))
            return cli_usage("which key? A number, as load-context prints it");
        rest += actions[i].key ? 2 : 1;
        if (rest[0] && rest[1])
            return cli_usage("one file at a time");
        if (rest[0])
            s.file = rest[0];
        return actions[i].run(&s);
    }
    return cli_usage("there is no '%s' here: load-context, sign, verify", rest[0]);
}
