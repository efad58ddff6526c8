/* SPDX-License-Identifier: MIT */
/* Every exported function is declared in the installed headers and links; links.inc is made from exports.txt.
 */
#include <opensspi.h>
#include <sspi.h>
#include <stdio.h>

#define FUNCTION(name) {#name, (void (*)(void))name},

static const struct {
    const char *name;
    void (*function)(void);
} functions[] = {
#include "links.inc"
};

int main(void)
{
    size_t count = sizeof(functions) / sizeof(functions[0]);

    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++)
        printf("%s %zu - %s\n", functions[i].function != NULL ? "ok" : "not ok", i + 1, functions[i].name);
    return 0;
}
