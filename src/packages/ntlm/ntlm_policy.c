/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "protect/ntlm.h"

#define NTLM_DEFAULT_ACCOUNTS "/var/lib/sspi/accounts"

static struct ntlm_policy policy_in_force = {
    .level = 5,
    .minimum = NTLM_F_ESS | NTLM_F_128,
    .allow_anonymous = false,
    .accounts = NTLM_DEFAULT_ACCOUNTS,
};

static const char *policy_set_level(struct ntlm_policy *p, const char *value)
{
    if (value[0] < '0' || value[0] > '5' || value[1] != 0) {
        return "write a number from 0 to 5";
    }
    p->level = (unsigned)(value[0] - '0');
    return NULL;
}

static bool policy_minimum_word(struct ntlm_policy *p, const char *word, size_t size)
{
    static const struct {
        const char *word;
        uint32_t flags;
    } words[] = {
        {"none", 0}, {"ess", NTLM_F_ESS}, {"128", NTLM_F_128}, {"sign", NTLM_F_SIGN}, {"seal", NTLM_F_SEAL},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == size && strncasecmp(words[i].word, word, size) == 0) {
            p->minimum |= words[i].flags;
            return true;
        }
    }
    return false;
}

static const char *policy_set_minimum(struct ntlm_policy *p, const char *value)
{
    static const char help[] = "write a list of none, ess, 128, sign, seal, separated by commas";
    p->minimum = 0;
    for (const char *at = value;;) {
        at += strspn(at, " \t");
        size_t size = strcspn(at, ",");
        size_t word = size;
        while (word > 0 && (at[word - 1] == ' ' || at[word - 1] == '\t')) {
            word--;
        }
        if (!policy_minimum_word(p, at, word)) {
            return help;
        }
        if (at[size] == 0) {
            return NULL;
        }
        at += size + 1;
    }
}

static const char *policy_set_accounts(struct ntlm_policy *p, const char *value)
{
    if (value[0] != '/' || strlen(value) >= sizeof p->accounts) {
        return "write the absolute path of the accounts store";
    }
    memcpy(p->accounts, value, strlen(value) + 1);
    return NULL;
}

static const struct {
    const char *key;
    const char *(*set)(struct ntlm_policy *p, const char *value); /* NULL, or what to do */
} policy_keys[] = {
    {"lm_compatibility_level", policy_set_level},
    {"min_session_security", policy_set_minimum},
    {"allow_anonymous", NULL}, /* base/config knows what yes is */
    {"accounts", policy_set_accounts},
};

static const char *policy_set(struct ntlm_policy *p, const struct config_entry *e)
{
    for (size_t i = 0; i < sizeof policy_keys / sizeof policy_keys[0]; i++) {
        if (strcmp(e->key, policy_keys[i].key) == 0) {
            return policy_keys[i].set != NULL ? policy_keys[i].set(p, e->value) : NULL;
        }
    }
    return "no such key; see sspi.conf(5)";
}

bool ntlm_policy_read(const struct config *config, struct ntlm_policy *out, char error[static 512])
{
    *out = (struct ntlm_policy){
        .level = 5, .minimum = NTLM_F_ESS | NTLM_F_128, .accounts = NTLM_DEFAULT_ACCOUNTS};
    if (config == NULL) {
        (void)snprintf(error, 512, "out of memory while reading the configuration");
        return false;
    }
    if (config->error[0] != 0) {
        (void)snprintf(error, 512, "%s", config->error);
        return false;
    }
    for (size_t i = 0; i < config->count; i++) {
        const struct config_entry *e = &config->entries[i];
        if (strcmp(e->section, "ntlm") != 0) {
            continue;
        }
        if (e->error != NULL) {
            (void)snprintf(error, 512, "%s", e->error);
            return false;
        }
        const char *wrong = policy_set(out, e);
        if (wrong != NULL) {
            (void)snprintf(error, 512, "%s:%u: [ntlm] %s = %s: %s", config->path, e->line, e->key, e->value,
                           wrong);
            return false;
        }
    }
    out->allow_anonymous = config_get_bool(config, "ntlm", "allow_anonymous", false);
    return true;
}

const struct ntlm_policy *ntlm_policy(void)
{
    return &policy_in_force;
}

bool ntlm_policy_load(char error[static 512])
{
    struct ntlm_policy p;
    if (!ntlm_policy_read(config_process(), &p, error)) {
        return false;
    }
    policy_in_force = p;
    return true;
}
