/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "packages/kerberos/kerberos_names.h"

#include "base/mem.h"
#include "base/span.h"
#include "packages/kerberos/kerberos_mit.h"

enum { TARGET_MAX = 1024 };

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Host names and service names are ASCII; what is not stays. */
static void to_lower(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (is_upper(text[i]))
            text[i] = (char)(text[i] - 'A' + 'a');
}

static bool is_word(const char *text, size_t size, const char *lower)
{
    if (strlen(lower) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((is_upper(text[i]) ? text[i] - 'A' + 'a' : text[i]) != lower[i])
            return false;
    return true;
}

/* Realms are written in capitals, hosts hardly ever. */
static bool looks_like_realm(const char *text)
{
    bool letter = false;
    for (; *text != 0; text++) {
        if (is_lower(*text))
            return false;
        letter |= is_upper(*text);
    }
    return letter;
}

/* The four texts one after another. */
static char *join(const char *a, const char *b, const char *c, const char *d)
{
    const char *parts[] = {a, b, c, d};
    size_t size = 1, at = 0;
    for (size_t i = 0; i < 4; i++)
        size += strlen(parts[i]);
    char *text = mem_alloc(size);
    for (size_t i = 0; text != NULL && i < 4; i++) {
        memcpy(text + at, parts[i], strlen(parts[i]));
        at += strlen(parts[i]);
    }
    return text;
}

/* name is service/host, perhaps with more behind; its host decides about the realm. Takes name over. */
static char *with_realm(char *name, char *(*realm_of)(const char *host))
{
    char host[TARGET_MAX + 1];
    const char *start = strchr(name, '/') + 1;
    size_t size = strcspn(start, ":/");
    memcpy(host, start, size);
    host[size] = 0;
    char *realm = realm_of(host);
    char *principal = realm != NULL ? join(name, "@", realm, "") : NULL;
    mem_free(realm);
    mem_free(name);
    return principal;
}

/* The service HOST and the host in lower case; krbtgt's second part is a realm and stays. */
static void normalise_service(char *name)
{
    size_t service = strcspn(name, "/");
    if (is_word(name, service, "krbtgt"))
        return;
    if (is_word(name, service, "host"))
        to_lower(name, service);
    to_lower(name + service + 1, strcspn(name + service + 1, "/@"));
}

/* Two or three components, none of them empty. */
static bool is_service(const char *target)
{
    size_t slash = strcspn(target, "/"), end = strcspn(target, "@"), size = strlen(target), components = 1;
    for (size_t i = 0; i < end; i++)
        components += target[i] == '/';
    bool host = slash + 1 < size && strchr("/@:", target[slash + 1]) == NULL;
    return slash > 0 && host && components <= 3 && strstr(target, "//") == NULL && target[size - 1] != '/';
}

/* service/host and its longer forms. */
static SECURITY_STATUS name_service(const char *target, char *(*realm_of)(const char *host), char **principal)
{
    if (!is_service(target))
        return SEC_E_TARGET_UNKNOWN;
    char *name = join(target, "", "", "");
    if (name == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    normalise_service(name);
    *principal = strchr(name, '@') != NULL ? name : with_realm(name, realm_of);
    return *principal != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* service@host, or an account of a realm. */
static SECURITY_STATUS name_at(const char *target, char *(*realm_of)(const char *host), char **principal)
{
    char service[TARGET_MAX + 1];
    size_t size = strcspn(target, "@");
    const char *behind = target + size + 1;
    if (size == 0 || *behind == 0 || strchr(behind, '@') != NULL)
        return SEC_E_TARGET_UNKNOWN;
    if (looks_like_realm(behind)) {
        *principal = join(target, "", "", "");
        return *principal != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    memcpy(service, target, size);
    service[size] = 0;
    char *name = join(service, "/", behind, "");
    if (name == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    SECURITY_STATUS status = name_service(name, realm_of, principal);
    mem_free(name);
    return status;
}

static SECURITY_STATUS name_account(const char *target, char *(*realm_of)(const char *host), char **principal)
{
    const char *backslash = strchr(target, '\\');
    char *name;
    if (backslash != NULL) {
        char domain[TARGET_MAX + 1];
        size_t size = (size_t)(backslash - target);
        if (size == 0 || backslash[1] == 0 || strchr(backslash + 1, '\\') != NULL)
            return SEC_E_TARGET_UNKNOWN;
        memcpy(domain, target, size);
        domain[size] = 0;
        name = join(backslash + 1, "@", domain, "");
    } else if (strchr(target, '.') != NULL) {
        name = join("host/", target, "", "");
        if (name != NULL)
            normalise_service(name);
        name = name != NULL ? with_realm(name, realm_of) : NULL;
    } else {
        name = join(target, "", "", "");
    }
    *principal = name;
    return name != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS kerberos_name_target(const char *target, char *(*realm_of)(const char *host),
                                     char **principal)
{
    size_t size = strlen(target);
    if (size == 0 || size > TARGET_MAX)
        return SEC_E_TARGET_UNKNOWN;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)target[i] <= 0x20 || target[i] == 0x7f)
            return SEC_E_TARGET_UNKNOWN;
    size_t slash = strcspn(target, "/"), at = strcspn(target, "@"), backslash = strcspn(target, "\\");
    if (backslash < size && (slash < size || at < size))
        return SEC_E_TARGET_UNKNOWN;
    if (slash < at)
        return name_service(target, realm_of, principal);
    if (at < size)
        return slash < size ? SEC_E_TARGET_UNKNOWN : name_at(target, realm_of, principal);
    return name_account(target, realm_of, principal);
}

char *kerberos_name_user(const char *user, const char *domain)
{
    bool whole = domain[0] == 0 || strchr(user, '@') != NULL;
    return whole ? join(user, "", "", "") : join(user, "@", domain, "");
}

char *kerberos_name_realm_of(const char *host)
{
    krb5_context context;
    char **realms = NULL, *realm = NULL;
    if (kerberos_mit.krb5_init_context(&context) != 0)
        return join("", "", "", "");
    if (kerberos_mit.krb5_get_host_realm(context, host, &realms) == 0 && realms != NULL && realms[0] != NULL)
        realm = join(realms[0], "", "", "");
    else
        realm = join("", "", "", "");
    if (realms != NULL)
        kerberos_mit.krb5_free_host_realm(context, realms);
    kerberos_mit.krb5_free_context(context);
    return realm;
}
