/* SPDX-License-Identifier: MIT */
#include "keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for the ".999" of a name that is taken. */
#define SUFFIX_MAX 4

void keep_safe_name(char out[static KEEP_NAME_MAX], const uint8_t *name, size_t length)
{
    size_t used = 0;

    while (length > 0 && used < STREAM_NAME_MAX - SUFFIX_MAX) {
        size_t n = text_utf8(name, length);
        char shown[8];

        text_safe(shown, sizeof(shown), name, n ? n : 1);
        bool bad = n == 0 || *name == '/' || *name == '\\' || (*name == '.' && used == 0) ||
                   memcmp(shown, name, n) != 0;
        if (!bad && used + n > STREAM_NAME_MAX - SUFFIX_MAX)
            break;
        if (bad)
            out[used++] = '_';
        else
            memcpy(out + used, name, n);
        used += bad ? 0 : n;
        name += n ? n : 1;
        length -= n ? n : 1;
    }
    if (used == 0)
        out[used++] = '_';
    out[used] = '\0';
}

static void fail(struct keep_file *k, const char *what)
{
    snprintf(k->error, sizeof(k->error), "%s: %s", what, strerror(errno));
    keep_abandon(k);
}

void keep_begin(struct keep_file *k, int folder)
{
    *k = (struct keep_file){.folder = folder, .fd = -1};
    for (int attempt = 0; attempt < 100 && k->fd < 0; attempt++) {
        uint64_t random;

        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
            continue;
        snprintf(k->part, sizeof(k->part), ".sspi-%016llx.part", (unsigned long long)random);
        k->fd = openat(folder, k->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (k->fd < 0 && errno != EEXIST)
            break;
    }
    if (k->fd < 0)
        fail(k, "cannot create a file in the folder of --out");
}

void keep_write(struct keep_file *k, const uint8_t *data, size_t size)
{
    while (size > 0 && k->fd >= 0) {
        ssize_t n = write(k->fd, data, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            fail(k, "cannot write");
            return;
        }
        data += n;
        size -= (size_t)n;
    }
}

/* A hard link never replaces a name. Where there are none (FAT), an empty file holds the name for the rename.
 */
static bool take_name(const struct keep_file *k, const char *name)
{
    if (linkat(k->folder, k->part, k->folder, name, 0) == 0)
        return unlinkat(k->folder, k->part, 0) == 0;
    if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK && errno != ENOSYS)
        return false;
    int holder = openat(k->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (holder < 0)
        return false;
    close(holder);
    return renameat(k->folder, k->part, k->folder, name) == 0;
}

bool keep_finish(struct keep_file *k, const char *name, bool overwrite, char kept[static KEEP_NAME_MAX + 8])
{
    bool taken = false;

    if (k->fd < 0)
        return false;
    if (fsync(k->fd) != 0) {
        fail(k, "cannot finish the file");
        return false;
    }
    snprintf(kept, KEEP_NAME_MAX + 8, "%s", name);
    if (overwrite)
        taken = renameat(k->folder, k->part, k->folder, name) == 0;
    for (int number = 1; !overwrite && !(taken = take_name(k, kept)) && errno == EEXIST && number < 1000;
         number++)
        snprintf(kept, KEEP_NAME_MAX + 8, "%s.%d", name, number);
    if (!taken) {
        fail(k, "cannot give the file its name");
        return false;
    }
    close(k->fd);
    k->fd = -1;
    return true;
}

void keep_abandon(struct keep_file *k)
{
    if (k->fd < 0)
        return;
    close(k->fd);
    k->fd = -1;
    unlinkat(k->folder, k->part, 0);
}
