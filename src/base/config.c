/* SPDX-License-Identifier: MIT */
#include "base/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/trace.h"

enum {
    LINE_MAX_BYTES = 190,   /* inih as Debian builds it cuts at 200 and reads the rest as another line */
    SECTION_MAX_BYTES = 49, /* inih's own bound, which it applies silently */
};

/* What a value must look like. */
enum value_kind {
    VALUE_ANY,
    VALUE_TEXT, /* not empty */
    VALUE_BOOL,
    VALUE_NUMBER, /* low..high */
    VALUE_WORDS,  /* of `words`, separated by commas */
};

struct schema_key {
    const char *section; /* ending in '.': any section that begins so and goes on */
    const char *key;     /* NULL: any */
    enum value_kind kind;
    long low, high;
    const char *const *words;
};

extern const struct schema_key config_schema[];

struct loader {
    struct config *config;
    FILE *file;
    unsigned line;
    char section[SECTION_MAX_BYTES + 1]; /* of the last header, to tell headers that hold no key */
    bool out_of_memory;
};

static void fail(struct loader *l, unsigned line, const char *what)
{
    struct config *c = l->config;
    if (c->error[0])
        return;
    if (line)
        snprintf(c->error, sizeof c->error, "%s:%u: %s", c->path, line, what);
    else
        snprintf(c->error, sizeof c->error, "%s: %s", c->path, what);
}

static char *duplicate(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mem_client_alloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

static const struct schema_key *schema_find(const char *section, const char *key, bool *section_known)
{
    *section_known = false;
    for (const struct schema_key *k = config_schema; k->section; k++) {
        size_t length = strlen(k->section);
        bool prefix = k->section[length - 1] == '.';
        if (prefix ? strncmp(section, k->section, length) != 0 || !section[length]
                   : strcmp(section, k->section) != 0)
            continue;
        *section_known = true;
        if (!k->key || (key && strcmp(key, k->key) == 0))
            return k;
    }
    return NULL;
}

static bool parse_bool(const char *text, bool *out)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *out = i & 1;
            return true;
        }
    }
    return false;
}

static bool parse_number(const char *text, long *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtol(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool word_known(const char *const *words, const char *word, size_t length)
{
    for (; *words; words++) {
        if (strlen(*words) == length && strncasecmp(*words, word, length) == 0)
            return true;
    }
    return false;
}

static bool words_known(const char *const *words, const char *text)
{
    for (;;) {
        text += strspn(text, " \t");
        size_t length = strcspn(text, ", \t");
        if (!word_known(words, text, length))
            return false;
        text += length;
        text += strspn(text, " \t");
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
}

/* NULL: the value is as the schema wants it. */
static const char *value_error(const struct schema_key *k, const char *value)
{
    long number;
    bool yes;
    switch (k->kind) {
    case VALUE_TEXT:
        return *value ? NULL : "needs a value";
    case VALUE_BOOL:
        return parse_bool(value, &yes) ? NULL : "must be yes or no";
    case VALUE_NUMBER:
        return parse_number(value, &number) && number >= k->low && number <= k->high
                   ? NULL
                   : "must be a number in the range that sspi.conf(5) gives";
    case VALUE_WORDS:
        return words_known(k->words, value) ? NULL : "has a word that sspi.conf(5) does not list";
    case VALUE_ANY:
        return NULL;
    }
    return NULL;
}

static char *entry_error(const struct loader *l, const char *section, const char *key, const char *what,
                         const char *value)
{
    char text[512];
    snprintf(text, sizeof text, "%s:%u: [%s] %s%s%s%s %s", l->config->path, l->line, section, key,
             value ? " = \"" : "", value ? value : "", value ? "\"" : "", what);
    return duplicate(text);
}

static bool append(struct config *c, const struct config_entry *e)
{
    /* Doubles at each power of two; files are short. */
    if ((c->count & (c->count - 1)) == 0) {
        size_t room = c->count ? c->count * 2 : 1;
        struct config_entry *more = mem_client_alloc(room * sizeof *more);
        if (!more)
            return false;
        if (c->count)
            memcpy(more, c->entries, c->count * sizeof *more);
        mem_client_free(c->entries);
        c->entries = more;
    }
    c->entries[c->count++] = *e;
    return true;
}

static void entry_free(struct config_entry *e)
{
    mem_client_free(e->section);
    mem_client_free(e->key);
    mem_client_free(e->value);
    mem_client_free(e->error);
}

/* inih's handler: one key. Returns 0 for an error, which inih would report by its own count of lines: unused.
 */
static int on_key(void *user, const char *section, const char *key, const char *value)
{
    struct loader *l = user;
    if (!*section) {
        fail(l, l->line, "text before the first [section]");
        return 0;
    }
    bool section_known;
    const struct schema_key *k = schema_find(section, key, &section_known);
    if (!section_known)
        return 1; /* already said at its header */
    const char *what = k ? value_error(k, value) : "is not a key of this section; sspi.conf(5) lists them";
    struct config_entry e = {.line = l->line};
    e.section = duplicate(section);
    e.key = duplicate(key);
    e.value = duplicate(value);
    e.error = what ? entry_error(l, section, key, what, k ? value : NULL) : NULL;
    bool complete = e.section && e.key && e.value && (!what || e.error);
    if (complete && append(l->config, &e))
        return 1;
    l->out_of_memory = true;
    entry_free(&e);
    return 0;
}

static void check_header(struct loader *l, const char *line)
{
    size_t length = strcspn(line + 1, "]");
    const char *rest = line + 1 + length;
    if (*rest != ']') {
        fail(l, l->line, "a section header without its ]");
        return;
    }
    rest += 1 + strspn(rest + 1, " \t\r\n");
    if (*rest && *rest != ';' && *rest != '#') {
        fail(l, l->line, "text behind a section header");
        return;
    }
    if (length > SECTION_MAX_BYTES) {
        fail(l, l->line, "a section name of more than 49 bytes");
        return;
    }
    memcpy(l->section, line + 1, length);
    l->section[length] = '\0';
    bool known;
    schema_find(l->section, NULL, &known);
    if (!known)
        fail(l, l->line, "an unknown section; sspi.conf(5) lists them");
}

/* What inih would read differently from what stands there is refused before inih sees it. */
static void check_line(struct loader *l, const char *line, size_t length)
{
    if (length > LINE_MAX_BYTES) {
        fail(l, l->line, "a line of more than 190 bytes");
        return;
    }
    if (memchr(line, '\0', length)) {
        fail(l, l->line, "a zero byte in the line");
        return;
    }
    size_t indent = strspn(line, " \t\v\f\r\n");
    char first = line[indent];
    if (first == '\0' || first == ';' || first == '#')
        return;
    if (indent > 0)
        fail(l, l->line, "a line that begins with a space; continuation lines are not supported");
    else if (first == '[')
        check_header(l, line);
    else if (!strpbrk(line, "=:"))
        fail(l, l->line, "neither a [section] nor a key = value");
}

/* inih's reader, in the manner of fgets. Lines that are refused reach inih as empty ones. */
static char *read_line(char *out, int size, void *user)
{
    struct loader *l = user;
    char line[LINE_MAX_BYTES + 2]; /* one more than is allowed, and the terminator */
    size_t length = 0, total = 0;
    int byte;
    if (size < LINE_MAX_BYTES + 2) {
        fail(l, 0, "this build of inih reads shorter lines than sspi.conf may have");
        return NULL;
    }
    while ((byte = getc_unlocked(l->file)) != EOF && byte != '\n') {
        if (length < sizeof line - 1)
            line[length++] = (char)byte;
        total++;
    }
    if (byte == EOF && total == 0)
        return NULL;
    line[length] = '\0';
    l->line++;
    /* A byte order mark is no text; inih skips it too. */
    size_t mark = l->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    size_t errors_before = strlen(l->config->error);
    check_line(l, line + mark, length - mark);
    length = strlen(l->config->error) == errors_before ? length - mark : 0;
    memcpy(out, line + mark, length);
    out[length] = '\0';
    return out;
}

static void read_file(struct loader *l, bool may_be_missing)
{
    l->file = fopen(l->config->path, "re");
    if (!l->file) {
        if (errno != ENOENT || !may_be_missing)
            fail(l, 0, strerror(errno));
        return;
    }
    ini_parse_stream(read_line, l, on_key, l);
    if (ferror(l->file))
        fail(l, 0, "could not be read");
    fclose(l->file);
}

struct config *config_load(const char *path)
{
    bool default_place = false;
    if (!path)
        path = secure_getenv("SSPI_CONFIG");
    if (!path || !*path) {
        path = OPENSSPI_SYSCONFDIR "/sspi/sspi.conf";
        default_place = true;
    }
    struct config *c = mem_client_alloc(sizeof *c);
    if (!c)
        return NULL;
    struct loader l = {.config = c};
    c->path = duplicate(path);
    if (c->path)
        read_file(&l, default_place);
    if (c->path && !l.out_of_memory)
        return c;
    config_free(c);
    return NULL;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++)
        entry_free(&c->entries[i]);
    mem_client_free(c->entries);
    mem_client_free(c->path);
    mem_client_free(c);
}

const char *config_error_for(const struct config *c, const char *section)
{
    if (c->error[0])
        return c->error;
    for (size_t i = 0; i < c->count; i++) {
        if (c->entries[i].error && strcmp(c->entries[i].section, section) == 0)
            return c->entries[i].error;
    }
    return NULL;
}

const char *config_get(const struct config *c, const char *section, const char *key, unsigned *line)
{
    for (size_t i = c->count; i-- > 0;) {
        const struct config_entry *e = &c->entries[i];
        if (strcmp(e->section, section) != 0 || strcmp(e->key, key) != 0)
            continue;
        if (line)
            *line = e->line;
        return e->value;
    }
    return NULL;
}

bool config_get_bool(const struct config *c, const char *section, const char *key, bool fallback)
{
    const char *text = config_get(c, section, key, NULL);
    bool value;
    return text && parse_bool(text, &value) ? value : fallback;
}

long config_get_number(const struct config *c, const char *section, const char *key, long fallback)
{
    const char *text = config_get(c, section, key, NULL);
    long value;
    return text && parse_number(text, &value) ? value : fallback;
}

static struct config *process_config;

static void trace_errors(const struct config *c)
{
    if (!trace_on())
        return;
    if (c->error[0])
        trace_event("config", "broken", "error=\"%s\"", c->error);
    for (size_t i = 0; i < c->count; i++) {
        if (c->entries[i].error)
            trace_event("config", "broken", "error=\"%s\"", c->entries[i].error);
    }
}

const struct config *config_process(void)
{
    /* No lock: a fork may happen while another thread loads. Whoever is second throws its copy away. */
    struct config *c = __atomic_load_n(&process_config, __ATOMIC_ACQUIRE);
    if (c)
        return c;
    struct config *mine = config_load(NULL);
    if (!mine)
        return NULL;
    if (!__atomic_compare_exchange_n(&process_config, &c, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        config_free(mine);
        return c;
    }
    trace_errors(mine);
    return mine;
}

void config_process_reset(void)
{
    config_free(__atomic_exchange_n(&process_config, NULL, __ATOMIC_ACQ_REL));
}

static const char *const session_security_words[] = {"none", "ess", "128", "sign", "seal", NULL};

/* sspi.conf(5) in a table. */
const struct schema_key config_schema[] = {
    {.section = "ntlm", .key = "lm_compatibility_level", .kind = VALUE_NUMBER, .low = 0, .high = 5},
    {.section = "ntlm", .key = "min_session_security", .kind = VALUE_WORDS, .words = session_security_words},
    {.section = "ntlm", .key = "allow_anonymous", .kind = VALUE_BOOL},
    {.section = "ntlm", .key = "accounts", .kind = VALUE_TEXT},
    {.section = "kerberos", .key = "allow_rc4", .kind = VALUE_BOOL},
    {.section = "packages", .key = NULL, .kind = VALUE_TEXT},
    {.section = "package.", .key = NULL, .kind = VALUE_ANY},
    {.section = NULL},
};
