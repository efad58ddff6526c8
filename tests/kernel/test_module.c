/* SPDX-License-Identifier: MIT */
#include "test_module.h"

#include <linux/init.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "crypto/linux.h"
#include "vectors.h"

void transcript_run(void (*line)(const char *text, size_t size));

enum { ANSWER_MAX = 1 << 20 };

static DEFINE_MUTEX(lock);
static char *text;
static size_t text_size;

static void append(const char *s, size_t size)
{
    size_t room = ANSWER_MAX - text_size;
    if (size > room)
        size = room;
    memcpy(text + text_size, s, size);
    text_size += size;
}

static void line(const char *s, size_t size)
{
    append(s, size);
    append("\n", 1);
}

void answer(const char *format, ...)
{
    char s[256];
    va_list args;
    va_start(args, format);
    int size = vscnprintf(s, sizeof s, format, args);
    va_end(args);
    line(s, size);
}

static int vectors(bool corrupt)
{
    if (corrupt)
        vectors_spoil();
    vectors_run(line);
    transcript_run(line);
    return 0;
}

static int run(char *command)
{
    char *word = strsep(&command, " "), *first = strsep(&command, " "), *second = strsep(&command, " ");
    unsigned size;
    if (!strcmp(word, "vectors"))
        return vectors(false);
    if (!strcmp(word, "corrupt"))
        return vectors(true);
    if (!first || !second)
        return -EINVAL;
    if (!strcmp(word, "threads"))
        return users_threads(first, second);
    if (!strcmp(word, "softirq"))
        return users_softirq(first, second);
    if (!strcmp(word, "count") && !kstrtouint(second, 10, &size))
        return users_count(first, size);
    return -EINVAL;
}

static ssize_t test_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
    char command[128];
    if (size >= sizeof command)
        return -EINVAL;
    if (copy_from_user(command, from, size))
        return -EFAULT;
    command[size] = 0;
    mutex_lock(&lock);
    text_size = 0;
    int error = run(strim(command));
    mutex_unlock(&lock);
    return error ? error : (ssize_t)size;
}

static ssize_t test_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
    mutex_lock(&lock);
    ssize_t n = simple_read_from_buffer(to, size, at, text, text_size);
    mutex_unlock(&lock);
    return n;
}

static const struct proc_ops test_ops = {
    .proc_write = test_write,
    .proc_read = test_read,
    .proc_lseek = default_llseek,
};

static int __init test_init(void)
{
    int error = crypto_linux_init();
    if (error)
        return error;
    text = vmalloc(ANSWER_MAX);
    if (text && proc_create("ssp_ksec_test", 0600, NULL, &test_ops))
        return 0;
    vfree(text);
    crypto_linux_exit();
    return -ENOMEM;
}

static void __exit test_exit(void)
{
    remove_proc_entry("ssp_ksec_test", NULL);
    vfree(text);
    crypto_linux_exit();
}

module_init(test_init);
module_exit(test_exit);
MODULE_DESCRIPTION("Tests of ssp_ksec");
MODULE_AUTHOR("OpenSSPI");
MODULE_LICENSE("Dual MIT/GPL");
