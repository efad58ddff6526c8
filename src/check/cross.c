/* SPDX-License-Identifier: MIT */
#include "check/cross.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf16.h"
#include "check/child.h"
#include "check/heap.h"
#include "check/message.h"
#include "secur32/registry.h"

/* ---- on this side ---- */

static void put_owner(struct check_crossing *c, ULONG_PTR id)
{
    struct package *owner;

    if (id != 0 && registry_find_id(id, &owner) == SEC_E_OK)
        (void)snprintf(c->owner, sizeof c->owner, "%s", owner->name);
}

void cross_check(const struct check_pair *pair, bool import, const SecBuffer packed[2])
{
    int fd, status;
    struct check_shared *other = check_shared_new(&fd);

    if (other == NULL)
        check_broken("no memory to share with another process");
    *other = *check_shared;
    other->answer = CHECK_NO_ANSWER;
    other->begun = false;
    (void)snprintf(other->point, sizeof other->point, "%s", CROSS_ROLE);
    struct check_crossing *c = &other->crossing;
    c->import = import;
    c->table = load_table_number();
    put_owner(c, pair->a.owner);
    for (int i = 0; i < 2; i++) {
        if (packed[i].cbBuffer > CHECK_PACKED_MAX)
            check_not_offered(
                "packed contexts of at most 64 KiB: longer ones, like this of %u bytes, are not tried",
                (unsigned)packed[i].cbBuffer);
        c->user[i] = i == 0 ? pair->a.user : pair->b.user;
        c->size[i] = packed[i].cbBuffer;
        memcpy(c->packed[i], packed[i].pvBuffer, packed[i].cbBuffer);
    }
    pid_t pid = check_spawn("/proc/self/exe", fd, environ, false);
    if (pid < 0)
        check_broken("no other process");
    check_enter("a call in another process");
    bool in_time = check_wait(pid, false, check_shared->timeout, &status);
    check_enter(NULL);
    if (!other->begun)
        check_broken("no other process, or not the kit's");
    if (other->answer == CHECK_NO_ANSWER)
        check_obituary(other, in_time, check_shared->timeout, status);
    if (other->answer == CHECK_BROKEN)
        check_broken(other->seen);
    if (other->answer != CHECK_PASSED)
        check_fail("the same in a process that has only the bytes", "there: %s", other->seen);
    check_shared_free(other, fd);
}

/* ---- on the other ---- */

static const SECPKG_USER_FUNCTION_TABLE *owner_table(const char *name)
{
    struct package *first;
    const SECPKG_USER_FUNCTION_TABLE *found = NULL;

    if (name[0] == 0)
        return &check_package.user;
    if (registry_lock(&first) != SEC_E_OK)
        check_broken("the packages do not start");
    for (struct package *p = first; p != NULL && found == NULL; p = p->next)
        if (strcmp(p->name, name) == 0)
            found = &p->user;
    registry_unlock();
    return found;
}

static void side_open(struct check_side *side, int i)
{
    const struct check_crossing *c = &check_shared->crossing;
    LSA_SEC_HANDLE handle = 0;

    side->initiator = i == 0;
    side->table = owner_table(c->owner);
    side->user = (LSA_SEC_HANDLE)c->user[i];
    if (side->table == NULL)
        check_fail("the package there", "%s is not", c->owner);
    SecBuffer packed = {c->size[i], SECBUFFER_EMPTY, (void *)(uintptr_t)c->packed[i]};
    if (c->import) {
        check_expect(check_import(side->table, &packed, &handle), SEC_E_OK, "SpImportSecurityContext");
        side->user = handle;
        return;
    }
    SecBuffer copy = packed;
    copy.pvBuffer = heap_alloc(HEAP_USER, packed.cbBuffer);
    if (copy.pvBuffer == NULL)
        check_broken("no memory");
    memcpy(copy.pvBuffer, packed.pvBuffer, packed.cbBuffer);
    check_enter("SpInitUserModeContext");
    NTSTATUS status = side->table->InitUserModeContext(side->user, &copy);
    check_enter(NULL);
    check_expect(status, SEC_E_OK, "SpInitUserModeContext");
}

_Noreturn void cross_run(void)
{
    struct check_pair pair = {.flags = 0};

    check_stage(NULL);
    load_user_half(check_shared->crossing.table);
    side_open(&pair.a, 0);
    side_open(&pair.b, 1);
    for (ULONG i = 0; i < 3; i++) {
        message_exchange(&pair.a, &pair.b, 0, "a message from the initiator");
        message_exchange(&pair.b, &pair.a, 0, "a message from the acceptor");
    }
    check_pass();
}
