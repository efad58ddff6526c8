/* SPDX-License-Identifier: MIT */
#include <stdbool.h>

#include "packages/kerberos/kerberos_mit.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/trace.h"

#define LIBRARY "libgssapi_krb5.so.2"

struct kerberos_mit kerberos_mit;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;

struct symbol {
    const char *name;
    size_t offset;
};

static const struct symbol *symbol_table(size_t *count);

/* libkrb5's symbols are found through its handle too: it depends on that library. */
static void load(void)
{
    size_t count;
    const struct symbol *symbols = symbol_table(&count);
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        if (trace_on())
            trace_event("kerberos", "library-missing",
                        "file=" LIBRARY " advice=\"install MIT Kerberos' GSSAPI library (Debian: "
                        "libgssapi-krb5-2, Fedora: krb5-libs)\"");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library, symbols[i].name);
        if (address == NULL) {
            if (trace_on())
                trace_event("kerberos", "library-too-old",
                            "file=" LIBRARY " symbol=%s advice=\"MIT Kerberos 1.19 or newer is needed\"",
                            symbols[i].name);
            dlclose(library);
            return;
        }
        memcpy((char *)&kerberos_mit + symbols[i].offset, &address, sizeof address);
    }
    loaded = true;
}

bool kerberos_mit_load(void)
{
    pthread_once(&once, load);
    return loaded;
}

static const struct symbol table[] = {
#define MIT_ENTRY(name) {#name, offsetof(struct kerberos_mit, name)},
    KERBEROS_MIT_SYMBOLS(MIT_ENTRY)
#undef MIT_ENTRY
};

static const struct symbol *symbol_table(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}
