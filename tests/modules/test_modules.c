/* SPDX-License-Identifier: MIT */
/* Packages from modules: loaded, refused by name and reason, taken away again while they are used. */
#include "testkit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ntstatus.h>
#include <opensspi.h>

#include "base/config.h"
#include "base/trace.h"
#include "secur32/module.h"
#include "secur32/registry.h"

/* ---- files ---- */

static char *slurp(const char *path)
{
    static char text[1 << 20];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t n;
    assert_true(fd >= 0);
    while ((n = read(fd, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)n;
    close(fd);
    text[used] = 0;
    return text;
}

/* toy_NAME.so in the folder of the test, which nobody else may write. */
static const char *toy(const char *name)
{
    static char path[512];
    char from[512], command[1700];
    snprintf(from, sizeof from, "%s/toy_%s.so", TOYS, name);
    snprintf(path, sizeof path, "%s/toy_%s.so", kit_folder(), name);
    snprintf(command, sizeof command, "cp --remove-destination '%s' '%s' && chmod 700 '%s'", from, path,
             path);
    assert_int_equal(system(command), 0);
    return path;
}

/* Another file with the same in it. */
static const char *copy_of(const char *name)
{
    static char path[600];
    char command[2400];
    snprintf(path, sizeof path, "%s/copy_of_%s.so", kit_folder(), name);
    snprintf(command, sizeof command, "cp '%s' '%s' && chmod 700 '%s'", toy(name), path, path);
    assert_int_equal(system(command), 0);
    return path;
}

static bool is_mapped(const char *name)
{
    return strstr(slurp("/proc/self/maps"), name) != NULL;
}

static const char *trace_text(void)
{
    return slurp(kit_path("trace"));
}

static void trace_empty(void)
{
    assert_int_equal(truncate(kit_path("trace"), 0), 0);
}

static SECURITY_STATUS add(const char *name)
{
    return AddSecurityPackageA((LPSTR)(uintptr_t)name, NULL);
}

static SECURITY_STATUS drop(const char *name)
{
    return DeleteSecurityPackageA((SEC_CHAR *)(uintptr_t)name);
}

static bool is_listed(const char *name)
{
    ULONG count;
    PSecPkgInfoA info;
    bool found = false;
    assert_status(EnumerateSecurityPackagesA(&count, &info), SEC_E_OK);
    for (ULONG i = 0; i < count; i++)
        found |= strcasecmp(info[i].Name, name) == 0;
    FreeContextBuffer(info);
    return found;
}

static void refused(const char *path, SECURITY_STATUS status, const char *reason)
{
    char line[1024];
    trace_empty();
    kit_assert_status(add(path), status, __FILE__, __LINE__, path);
    snprintf(line, sizeof line, "package-refused origin=%s ", path);
    if (!strstr(trace_text(), line) || !strstr(trace_text(), reason))
        fail_msg("%s: the trace does not say '%s' but: %s", path, reason, trace_text());
}

static void works(const char *package)
{
    struct kit_side a, b;
    kit_pair(package, ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, &a, &b);
    kit_exchange(&a.context, &b.context, "there", false);
    kit_exchange(&b.context, &a.context, "back", false);
    kit_close(&a);
    kit_close(&b);
}

/* ---- loading ---- */

static void test_add_and_delete(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_false(is_listed("toy"));
        assert_status(drop("toy"), SEC_E_SECPKG_NOT_FOUND);
        assert_status(add(toy("toy")), SEC_E_OK);
        assert_true(is_mapped("toy_toy.so"));
        assert_true(is_listed("toy"));
        works("TOY");
        assert_status(add("toy"), SEC_E_UNSUPPORTED_FUNCTION);
        refused(toy("toy"), SEC_E_CANNOT_INSTALL, "it is loaded already");
        refused(copy_of("toy"), SEC_E_CANNOT_INSTALL, "a package of that name is here already");
        works("toy");
        assert_status(drop("ToY"), SEC_E_OK);
        assert_false(is_mapped("toy_toy.so"));
    }
    assert_status(drop("Negotiate"), SEC_E_UNSUPPORTED_FUNCTION);
    assert_true(is_listed("Negotiate"));
}

static void test_two_packages_of_a_module(void **state)
{
    (void)state;
    assert_status(add(toy("two")), SEC_E_OK);
    works("duo");
    works("duo2");
    assert_status(drop("duo"), SEC_E_OK);
    assert_false(is_listed("duo"));
    works("duo2");
    assert_true(is_mapped("toy_two.so"));
    assert_status(drop("duo2"), SEC_E_OK);
    assert_false(is_mapped("toy_two.so"));
}

/* What is there goes on; nothing begins; the last handle takes the module along. */
static void test_delete_in_use(void **state)
{
    (void)state;
    struct kit_side a, b, c;
    SEC_CHAR name[] = "toy";
    CredHandle credential;
    CtxtHandle context;
    assert_status(add(toy("toy")), SEC_E_OK);
    kit_pair("toy", ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, &a, &b);
    assert_status(kit_open(&c, "toy", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&c, 0, "t", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);

    assert_status(drop("toy"), SEC_E_OK);
    assert_false(is_listed("toy"));
    assert_status(drop("toy"), SEC_E_SECPKG_NOT_FOUND);
    assert_status(
        AcquireCredentialsHandleA(NULL, name, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &credential, NULL),
        SEC_E_SECPKG_NOT_FOUND);
    SecBuffer packed = {8, SECBUFFER_EMPTY, name};
    assert_status(ImportSecurityContextA(name, &packed, NULL, &context), SEC_E_SECPKG_NOT_FOUND);
    CtxtHandle keep = c.context;
    c.has_context = false;
    assert_status(kit_step(&c, 0, "t", NULL, 0, NULL), SEC_E_SECPKG_NOT_FOUND);
    c.context = keep;
    c.has_context = true;
    kit_exchange(&a.context, &b.context, "still", false);
    assert_status(kit_step(&c, 0, "t", "welcome", 7, NULL), SEC_E_OK);
    kit_exchange(&b.context, &a.context, "here", false);

    /* Not the same file, but one that is alike may come in before the old one is gone. */
    char path[600];
    snprintf(path, sizeof path, "%s/toy_toy.so", kit_folder());
    refused(path, SEC_E_CANNOT_INSTALL, "it is loaded already");
    kit_exchange(&a.context, &b.context, "unmoved", false);
    assert_status(add(copy_of("toy")), SEC_E_OK);
    works("toy");
    assert_status(drop("toy"), SEC_E_OK);
    assert_status(add(toy("two")), SEC_E_OK);
    works("duo");
    kit_close(&a);
    kit_close(&b);
    assert_true(is_mapped("toy_toy.so"));
    kit_close(&c);
    assert_false(is_mapped("toy_toy.so"));
    assert_status(drop("duo"), SEC_E_OK);
    assert_status(drop("duo2"), SEC_E_OK);
}

static atomic_uint exchanged;
static atomic_bool stop;

static void *use(void *arg)
{
    while (!atomic_load(&stop)) {
        struct kit_side a, b;
        SECURITY_STATUS status = kit_handshake("toy", ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, &a, &b);
        uint8_t token[16];
        ULONG size = sizeof token;
        if (status == SEC_E_OK && kit_sign(&a.context, "x", 1, token, &size) == SEC_E_OK &&
            kit_verify(&b.context, "x", 1, token, size) == SEC_E_OK)
            atomic_fetch_add(&exchanged, 1);
        kit_close(&a);
        kit_close(&b);
    }
    return arg;
}

/* Users, and one who takes the package away and brings it again in the midst of what they do. */
static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    const char *path = toy("toy");
    assert_status(add(path), SEC_E_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, NULL), 0);
    for (int i = 0; i < 100; i++) {
        unsigned before = atomic_load(&exchanged);
        while (atomic_load(&exchanged) < before + 4)
            sched_yield();
        assert_status(drop("toy"), SEC_E_OK);
        /* It comes back when the last of them has let go. */
        SECURITY_STATUS status;
        while ((status = add(path)) == SEC_E_CANNOT_INSTALL)
            sched_yield();
        assert_status(status, SEC_E_OK);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_status(drop("toy"), SEC_E_OK);
    assert_false(is_mapped("toy_toy.so"));
}

/* ---- refused ---- */

static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *name, *reason;
    } cases[] = {
        {"no_lsa", "does not export SpLsaModeInitialize"},
        {"no_user", "does not export SpUserModeInitialize"},
        {"lsa_fails", "SpLsaModeInitialize failed"},
        {"user_fails", "SpUserModeInitialize failed"},
        {"null_lsa", "SpLsaModeInitialize offers no table"},
        {"null_user", "SpUserModeInitialize offers no table"},
        {"none", "offers no table"},
        {"million", "offers more than 64 tables"},
        {"user_million", "SpUserModeInitialize offers more than 64 tables"},
        {"differ", "different numbers of tables"},
        {"version_0", "an interface version that is not known here"},
        {"version_3", "an interface version that is not known here"},
        {"version_12", "SpLsaModeInitialize names an interface version that is not known here"},
        {"user_version_12", "SpUserModeInitialize names an interface version that is not known here"},
        {"short_lsa", "a table of the LSA half is not as long as its version says"},
        {"short_user", "a table of the user half is not as long as its version says"},
        {"no_initialize", "a table without SpInitialize or SpGetInfo"},
        {"refuses", "SpInitialize failed"},
        {"info", "SpGetInfo failed"},
        {"nameless", "no name of 1 to 255 units"},
        {"instance", "SpInstanceInit failed"},
        {"twins", "a package of that name is here already"},
        {"negotiate_name", "a package of that name is here already"},
    };
    ULONG before, after;
    PSecPkgInfoA info;
    assert_status(EnumerateSecurityPackagesA(&before, &info), SEC_E_OK);
    FreeContextBuffer(info);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char file[64];
        refused(toy(cases[i].name), SEC_E_CANNOT_INSTALL, cases[i].reason);
        snprintf(file, sizeof file, "toy_%s.so", cases[i].name);
        if (is_mapped(file))
            fail_msg("%s stays", file);
    }
    assert_status(EnumerateSecurityPackagesA(&after, &info), SEC_E_OK);
    FreeContextBuffer(info);
    assert_int_equal(before, after);
    assert_status(add(toy("toy")), SEC_E_OK);
    works("toy");
    assert_status(drop("toy"), SEC_E_OK);
}

/* ---- versions ---- */

static const struct {
    ULONG version;
    size_t lsa, user; /* bytes of a table */
} sizes[] = {
#define USER_1 offsetof(SECPKG_USER_FUNCTION_TABLE, MarshalAttributeData)
#define USER_2 sizeof(SECPKG_USER_FUNCTION_TABLE)
    {SECPKG_INTERFACE_VERSION, offsetof(SECPKG_FUNCTION_TABLE, SetContextAttributes), USER_1},
    {SECPKG_INTERFACE_VERSION_2, offsetof(SECPKG_FUNCTION_TABLE, SetCredentialsAttributes), USER_2},
    {SECPKG_INTERFACE_VERSION_3, offsetof(SECPKG_FUNCTION_TABLE, ChangeAccountPassword), USER_2},
    {SECPKG_INTERFACE_VERSION_4, offsetof(SECPKG_FUNCTION_TABLE, QueryMetaData), USER_2},
    {SECPKG_INTERFACE_VERSION_5, offsetof(SECPKG_FUNCTION_TABLE, ValidateTargetInfo), USER_2},
    {SECPKG_INTERFACE_VERSION_6, offsetof(SECPKG_FUNCTION_TABLE, PostLogonUser), USER_2},
    {SECPKG_INTERFACE_VERSION_7, offsetof(SECPKG_FUNCTION_TABLE, GetRemoteCredGuardLogonBuffer), USER_2},
    {SECPKG_INTERFACE_VERSION_8, offsetof(SECPKG_FUNCTION_TABLE, GetTbalSupplementalCreds), USER_2},
    {SECPKG_INTERFACE_VERSION_9, offsetof(SECPKG_FUNCTION_TABLE, LogonUserEx3), USER_2},
    {SECPKG_INTERFACE_VERSION_10, offsetof(SECPKG_FUNCTION_TABLE, ExtractTargetInfo), USER_2},
    {SECPKG_INTERFACE_VERSION_11, sizeof(SECPKG_FUNCTION_TABLE), USER_2},
};
static size_t now_at, missing; /* which of them, and how many bytes of its tables are not there */
static char *pages[2];
static SECPKG_PARAMETERS parameters_seen;

static NTSTATUS NTAPI sized_Initialize(ULONG_PTR id, PSECPKG_PARAMETERS parameters,
                                       PLSA_SECPKG_FUNCTION_TABLE services)
{
    parameters_seen = *parameters;
    return id != 0 && services != NULL ? SEC_E_OK : STATUS_UNSUCCESSFUL;
}

static NTSTATUS NTAPI sized_GetInfo(PSecPkgInfoW info)
{
    static SEC_WCHAR names[2][8] = {u"first", u"second"};
    static int which;
    *info = (SecPkgInfoW){.wVersion = 1, .cbMaxToken = 16, .Name = names[which++ % 2]};
    return SEC_E_OK;
}

/* Two tables that end where nothing is mapped. */
static void *at_the_end(int half, const void *table, size_t size)
{
    char *first = pages[half] + sysconf(_SC_PAGESIZE) - 2 * size + missing;
    memcpy(first, table, size);
    memcpy(first + size, table, size - missing);
    return first;
}

static NTSTATUS sized_lsa(ULONG version, PULONG package_version, PSECPKG_FUNCTION_TABLE *tables, PULONG count)
{
    SECPKG_FUNCTION_TABLE table = {.Initialize = sized_Initialize, .GetInfo = sized_GetInfo};
    assert_int_equal(version, SECPKG_INTERFACE_VERSION);
    *package_version = sizes[now_at].version;
    *tables = at_the_end(0, &table, sizes[now_at].lsa);
    *count = 2;
    return SEC_E_OK;
}

static NTSTATUS sized_user(ULONG version, PULONG package_version, PSECPKG_USER_FUNCTION_TABLE *tables,
                           PULONG count)
{
    static const SECPKG_USER_FUNCTION_TABLE table;
    (void)version;
    *package_version = sizes[now_at].version;
    *tables = at_the_end(1, &table, sizes[now_at].user);
    *count = 2;
    return SEC_E_OK;
}

/* Of every version the tables are as long as it says, to the byte. */
static void test_versions(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const char *reason;
    for (int i = 0; i < 2; i++) {
        pages[i] = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(pages[i], MAP_FAILED);
        assert_int_equal(mprotect(pages[i] + page, page, PROT_NONE), 0);
    }
    for (now_at = 0; now_at < sizeof sizes / sizeof sizes[0]; now_at++) {
        registry_reset(false);
        missing = 1;
        assert_status(registry_add(sized_lsa, sized_user, "test", &reason), SEC_E_CANNOT_INSTALL);
        assert_non_null(strstr(reason, "not as long as its version says"));
        missing = 0;
        assert_status(registry_add(sized_lsa, sized_user, "test", &reason), SEC_E_OK);
        assert_true(is_listed("first") && is_listed("second"));
        assert_int_equal(parameters_seen.Version, SECPKG_INTERFACE_VERSION_11);
        assert_int_equal(parameters_seen.MachineState, SECPKG_STATE_ENCRYPTION_PERMITTED |
                                                           SECPKG_STATE_STRONG_ENCRYPTION_PERMITTED |
                                                           SECPKG_STATE_STANDALONE);
    }
    registry_reset(true);
    for (int i = 0; i < 2; i++)
        munmap(pages[i], 2 * page);
}

static void test_files(void **state)
{
    (void)state;
    char path[512], link_path[512], open_folder[512], inside[600];
    snprintf(path, sizeof path, "%s", toy("toy"));
    refused("/nonexistent/toy.so", SEC_E_SECPKG_NOT_FOUND, "there is no such file");
    refused("some/where.so", SEC_E_CANNOT_INSTALL, "its path is not absolute");
    refused(kit_folder(), SEC_E_CANNOT_INSTALL, "others may write its directory");
    refused(kit_path("accounts"), SEC_E_CANNOT_INSTALL, "file too short");
    assert_status(add("nobody-knows-it"), SEC_E_SECPKG_NOT_FOUND);
    assert_status(add(""), SEC_E_SECPKG_NOT_FOUND);

    /* Who may write the file or its directory says what runs here. */
    static const mode_t modes[] = {0720, 0702, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        refused(path, SEC_E_CANNOT_INSTALL, "others may write it");
    }
    assert_int_equal(chmod(path, 0755), 0);
    snprintf(open_folder, sizeof open_folder, "%s/open", kit_folder());
    assert_int_equal(mkdir(open_folder, 0700), 0);
    snprintf(inside, sizeof inside, "%s/toy.so", open_folder);
    assert_int_equal(rename(path, inside), 0);
    /* A link to it from elsewhere does not help, and neither does one from there to a good one. */
    snprintf(link_path, sizeof link_path, "%s/link.so", kit_folder());
    assert_int_equal(symlink(inside, link_path), 0);
    static const mode_t folders[] = {0720, 0702, 01777};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        assert_int_equal(chmod(open_folder, folders[i]), 0);
        refused(inside, SEC_E_CANNOT_INSTALL, "others may write its directory");
        refused(link_path, SEC_E_CANNOT_INSTALL, "others may write its directory");
    }
    assert_int_equal(chmod(open_folder, 0700), 0);
    /* The same further up. */
    char deep[700], deep_module[800];
    snprintf(deep, sizeof deep, "%s/deep", open_folder);
    snprintf(deep_module, sizeof deep_module, "%s/toy.so", deep);
    assert_int_equal(mkdir(deep, 0700), 0);
    assert_int_equal(rename(inside, deep_module), 0);
    assert_int_equal(chmod(open_folder, 0770), 0);
    refused(deep_module, SEC_E_CANNOT_INSTALL, "others may write a directory above it");
    assert_int_equal(chmod(open_folder, 01777), 0);
    assert_status(add(deep_module), SEC_E_OK);
    assert_status(drop("toy"), SEC_E_OK);
    assert_int_equal(chmod(open_folder, 0700), 0);
    assert_int_equal(rename(deep_module, inside), 0);
    assert_status(add(link_path), SEC_E_OK);
    assert_status(drop("toy"), SEC_E_OK);
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(unlink(inside), 0);
    if (geteuid() == 0) {
        toy("toy");
        assert_int_equal(chown(path, 12345, 0), 0);
        refused(path, SEC_E_CANNOT_INSTALL, "it belongs to another user");
        assert_int_equal(unlink(path), 0);
    }
}

/* ---- at the start ---- */

static void restart(const char *conf, const char *folder)
{
    kit_write_file("sspi.conf", conf);
    config_process_reset();
    module_directory_replace(folder);
    registry_reset(true);
    trace_empty();
}

static void test_configured(void **state)
{
    (void)state;
    char conf[2048], wrong[512], folder[512], command[6000];
    snprintf(wrong, sizeof wrong, "%s", toy("two"));
    snprintf(conf, sizeof conf, "[packages]\ntoy = %s\n", toy("toy"));
    restart(conf, "/nonexistent");
    assert_true(is_listed("toy"));
    works("toy");
    /* By name, after it was taken away. */
    assert_status(drop("toy"), SEC_E_OK);
    assert_status(add("toy"), SEC_E_OK);
    assert_true(is_listed("toy"));

    /* The name must be right, and one that is refused does not keep others out. */
    snprintf(conf, sizeof conf, "[packages]\nother = %s\ngone = /nonexistent/x.so\nduo2 = %s\n", toy("toy"),
             wrong);
    restart(conf, NULL);
    assert_false(is_listed("toy"));
    assert_true(is_listed("duo") && is_listed("duo2"));
    assert_non_null(strstr(trace_text(), "none of its packages has the name that sspi.conf gives"));
    assert_non_null(strstr(trace_text(), "there is no such file"));

    /* The directory; what sspi.conf names is not loaded from there. */
    snprintf(folder, sizeof folder, "%s/modules", kit_folder());
    snprintf(
        command, sizeof command,
        "mkdir -m 700 '%s' && cp '%s' '%s/a.so' && cp '%s' '%s/toy.so' && cp '%s' '%s/broken.so' && touch "
        "'%s/notes.txt' '%s/.so' '%s/.hidden.so' && chmod 700 '%s'/*.so",
        folder, wrong, folder, wrong, folder, kit_path("accounts"), folder, folder, folder, folder, folder);
    assert_int_equal(system(command), 0);
    snprintf(conf, sizeof conf, "[packages]\ntoy = %s\n", toy("toy"));
    restart(conf, folder);
    assert_true(is_listed("toy") && is_listed("duo") && is_listed("duo2"));
    assert_non_null(strstr(trace_text(), "broken.so"));
    assert_null(strstr(trace_text(), "modules/toy.so"));
    assert_null(strstr(trace_text(), "hidden"));

    /* A broken section: nothing that it could mean is loaded. */
    snprintf(conf, sizeof conf, "[packages]\ntoy =\n");
    restart(conf, "/nonexistent");
    assert_false(is_listed("toy"));
    assert_true(is_listed("Negotiate"));
    restart("", NULL);
}

/* ---- gone is gone ---- */

static int map_count(void)
{
    int lines = 0;
    for (const char *p = slurp("/proc/self/maps"); *p; p++)
        lines += *p == '\n';
    return lines;
}

/* A module of ours takes its pages, files and settings along, after use and when it was refused. */
static void test_nothing_is_left(void **state)
{
    (void)state;
    char path[512], conf[1200];
    int before = 0, descriptor = -1;
    snprintf(path, sizeof path, "%s/psk", kit_folder());
    /* Built in. (skip() would say "not ok # SKIP", which meson takes for a failure.) */
    if (access(path, F_OK) != 0)
        return;
    snprintf(conf, sizeof conf, "[package.psk]\nidentities = %s/identities\n", kit_folder());
    for (int i = 0; i < 40; i++) {
        restart(i % 2 ? "" : conf, "/nonexistent");
        assert_status(add(path), i % 2 ? SEC_E_CANNOT_INSTALL : SEC_E_OK);
        if (i % 2 == 0) {
            works("psk");
            assert_status(drop("psk"), SEC_E_OK);
        }
        assert_false(is_mapped(path));
        int fd = dup(0);
        close(fd);
        if (i == 9) {
            before = map_count();
            descriptor = fd;
        }
    }
    assert_int_equal(descriptor, dup(0));
    close(descriptor);
    assert_in_range(map_count(), 1, (uintmax_t)before + 8);
    restart("", NULL);
}

/* Negotiate's credentials and handshakes hold the packages that they chose from. */
static void test_under_negotiate(void **state)
{
    (void)state;
    char path[512], conf[1200];
    struct kit_side a, b;
    snprintf(path, sizeof path, "%s/ntlm", kit_folder());
    /* Built in. (skip() would say "not ok # SKIP", which meson takes for a failure.) */
    if (access(path, F_OK) != 0)
        return;
    snprintf(conf, sizeof conf, "[packages]\nntlm = %s\n", path);
    restart(conf, "/nonexistent");
    kit_pair("Negotiate", ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, &a, &b);
    assert_status(drop("NTLM"), SEC_E_OK);
    kit_exchange(&a.context, &b.context, "still there", false);
    assert_true(is_mapped(path));
    kit_close(&a);
    kit_close(&b);
    assert_false(is_mapped(path));
    restart("", NULL);
}

/* A module that asks for packages while it is started along with them. */
static void test_asked_at_start(void **state)
{
    (void)state;
    char conf[1024], where[32];
    snprintf(where, sizeof where, "%p", (void *)(uintptr_t)EnumerateSecurityPackagesW);
    setenv("TOY_ASKS", where, 1);
    snprintf(conf, sizeof conf, "[packages]\ntoy = %s\n", toy("asks"));
    restart(conf, "/nonexistent");
    assert_true(is_listed("toy"));
    /* Not tried twice either. */
    assert_null(strstr(trace_text(), "package-refused"));
    works("toy");
    restart("", NULL);
}

/* ---- after a fork ---- */

static int child_drops(const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "toy_%s.so", name);
    if (drop(name) != SEC_E_OK)
        return 1;
    return is_mapped(file) ? 2 : 0;
}

static void in_child(int (*check)(const char *), const char *name)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(check(name));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int child_adds_again(const char *name)
{
    return add(toy(name)) == SEC_E_OK ? child_drops(name) : 3;
}

/* The child has none of the handles that hold the package. */
static void test_fork(void **state)
{
    (void)state;
    struct kit_side a, b;
    assert_status(add(toy("toy")), SEC_E_OK);
    kit_pair("toy", ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, &a, &b);
    in_child(child_drops, "toy");
    kit_exchange(&a.context, &b.context, "still", false);
    assert_status(drop("toy"), SEC_E_OK);
    assert_true(is_mapped("toy_toy.so"));
    in_child(child_adds_again, "toy");
    kit_exchange(&a.context, &b.context, "still", false);
    kit_close(&a);
    kit_close(&b);
    assert_false(is_mapped("toy_toy.so"));
}

/* ---- settings ---- */

static BOOLEAN each_setting(void *arg, const char *key, const char *value)
{
    char *seen = arg;
    strcat(strcat(strcat(strcat(seen, key), "="), value), ";");
    return strcmp(key, "bad") != 0;
}

static void test_settings(void **state)
{
    (void)state;
    SspiErrorInfo error;
    char seen[256] = "";
    restart("[package.toy]\na = 1\nb = two words\n[package.other]\na = 2\nbad = 3\n", NULL);
    assert_status(SspiPackageSettings("toy", each_setting, seen, &error), SEC_E_OK);
    assert_string_equal(seen, "a=1;b=two words;");
    seen[0] = 0;
    assert_status(SspiPackageSettings("none", each_setting, seen, &error), SEC_E_OK);
    assert_string_equal(seen, "");
    assert_status(SspiPackageSettings("other", each_setting, seen, &error), SEC_E_CANNOT_INSTALL);
    assert_non_null(strstr(error.text, "sspi.conf:6: "));
    assert_status(SspiPackageSettings(NULL, each_setting, seen, NULL), SEC_E_INVALID_PARAMETER);
    restart("[package.toy\n", NULL);
    assert_status(SspiPackageSettings("toy", each_setting, seen, &error), SEC_E_CANNOT_INSTALL);
    restart("", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_and_delete),
        cmocka_unit_test(test_two_packages_of_a_module),
        cmocka_unit_test(test_delete_in_use),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_configured),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_under_negotiate),
        cmocka_unit_test(test_asked_at_start),
        cmocka_unit_test(test_fork),
    };
    kit_environment(NULL);
    kit_write_file("trace", "");
    setenv("SSPI_TRACE", kit_path("trace"), 1);
    trace_reset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
