/* SPDX-License-Identifier: MIT */
#include "crypto/lanes/kernels.h"

#ifdef LANES_X86
#include <cpuid.h>
#endif

lanes_kernel32 lanes_md5_portable, lanes_sha1_portable, lanes_sha256_portable;
lanes_kernel64 lanes_sha512_portable;

#ifdef LANES_X86
lanes_kernel32 lanes_md5_avx512, lanes_sha1_avx512, lanes_sha256_avx512;
lanes_kernel64 lanes_sha512_avx512;
lanes_kernel32 lanes_md5_avx512vl, lanes_sha1_avx512vl, lanes_sha256_avx512vl;
lanes_kernel64 lanes_sha512_avx512vl;
lanes_kernel32 lanes_md5_avx2, lanes_sha1_avx2, lanes_sha256_avx2;
lanes_kernel64 lanes_sha512_avx2;
lanes_kernel32 lanes_sha1_shani, lanes_sha256_shani, lanes_sha1_shani512, lanes_sha256_shani512;
#endif

static const struct lanes_kernels *forced; /* atomic */

#ifdef LANES_X86
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

/* Instructions for SHA-1 and SHA-256, which make single messages so fast that few lanes cannot keep up. */
static int sha_known; /* atomic */

static bool sha_ask(void)
{
    unsigned a, b, c, d;
    bool yes = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) &&
               __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
    __atomic_store_n(&sha_known, yes ? 2 : 1, __ATOMIC_RELAXED);
    return yes;
}

static bool has_sha(void)
{
    int known = __atomic_load_n(&sha_known, __ATOMIC_RELAXED);
    return known == 0 ? sha_ask() : known == 2;
}

static bool has_avx512_sha(void)
{
    return has_avx512() && has_sha();
}

static bool has_avx2_sha(void)
{
    return has_avx2() && has_sha();
}
#endif

#ifdef LANES_X86
/* ---- few lanes: half the vector takes little more than half the time ---- */

static void md5_avx512(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                       const uint32_t *const *rows)
{
    lanes_kernel32 *kernel = lanes > LANES_MD5 / 2 ? lanes_md5_avx512 : lanes_md5_avx512vl;
    kernel(state, blocks, count, lanes, rows);
}

static void sha1_avx512(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                        const uint32_t *const *rows)
{
    lanes_kernel32 *kernel = lanes > LANES_SHA1 / 2 ? lanes_sha1_avx512 : lanes_sha1_avx512vl;
    kernel(state, blocks, count, lanes, rows);
}

static void sha256_avx512(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                          const uint32_t *const *rows)
{
    lanes_kernel32 *kernel = lanes > LANES_SHA256 / 2 ? lanes_sha256_avx512 : lanes_sha256_avx512vl;
    kernel(state, blocks, count, lanes, rows);
}

static void sha512_avx512(uint64_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                          const uint64_t *const *rows)
{
    lanes_kernel64 *kernel = lanes > LANES_SHA512 / 2 ? lanes_sha512_avx512 : lanes_sha512_avx512vl;
    kernel(state, blocks, count, lanes, rows);
}

/* SHA's own instructions take four at a time: the faster up to four of SHA-1, and of SHA-256 always. */
static void sha1_avx512_sha(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                            const uint32_t *const *rows)
{
    if (lanes > 4)
        sha1_avx512(state, blocks, count, lanes, rows);
    else
        lanes_sha1_shani512(state, blocks, count, lanes, rows);
}
#endif

static bool has_all(void)
{
    return true;
}

#define KERNELS(isa)                                                                                         \
    .name = #isa, .md5 = lanes_md5_##isa, .sha1 = lanes_sha1_##isa, .sha256 = lanes_sha256_##isa,            \
    .sha512 = lanes_sha512_##isa
#define KERNELS_AVX512(first, second)                                                                        \
    .name = "avx512", .avx2 = true, .md5 = md5_avx512, .sha1 = (first), .sha256 = (second),                  \
    .sha512 = sha512_avx512
#define KERNELS_SHA(isa)                                                                                     \
    .name = #isa, .md5 = lanes_md5_##isa, .sha1 = lanes_sha1_shani, .sha256 = lanes_sha256_shani,            \
    .sha512 = lanes_sha512_##isa
#define LEAST(md5, sha1, sha256, sha512)                                                                     \
    .md5_least = (md5), .sha1_least = (sha1), .sha256_least = (sha256), .sha512_least = (sha512)

/* Best first; of two with one name the first that is present. The least numbers are measured: what a kernel
 * takes for all of its lanes, over what one block takes alone. */
static const struct kind {
    bool (*present)(void);
    struct lanes_kernels kernels;
} kinds[] = {
#ifdef LANES_X86
    {has_avx512_sha, {KERNELS_AVX512(sha1_avx512_sha, lanes_sha256_shani512), LEAST(3, 3, 3, 2)}},
    {has_avx512, {KERNELS_AVX512(sha1_avx512, sha256_avx512), LEAST(3, 2, 2, 2)}},
    {has_avx2_sha, {KERNELS_SHA(avx2), .avx2 = true, LEAST(3, 3, 3, 3)}},
    {has_avx2, {KERNELS(avx2), .avx2 = true, LEAST(3, 4, 4, 3)}},
    {has_sha, {KERNELS_SHA(portable), LEAST(3, 3, 3, LANES_NEVER)}},
#endif
    {has_all, {KERNELS(portable), LEAST(3, 8, 8, LANES_NEVER)}},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* The question costs a few loads: libgcc and compiler-rt asked the processor when the library was loaded. */
const struct lanes_kernels *lanes_kernels(void)
{
    const struct lanes_kernels *chosen = __atomic_load_n(&forced, __ATOMIC_ACQUIRE);
    for (size_t i = 0; !chosen; i++)
        if (kinds[i].present())
            chosen = &kinds[i].kernels;
    return chosen;
}

const struct lanes_kernels *const *lanes_kernels_all(size_t *count)
{
    static const struct lanes_kernels *all[KINDS];
    *count = 0;
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].present())
            all[(*count)++] = &kinds[i].kernels;
    }
    return all;
}

struct lanes_kernels lanes_kernels_eager(const struct lanes_kernels *kernels)
{
    struct lanes_kernels eager = *kernels;
    eager.md5_least = eager.sha1_least = eager.sha256_least = eager.sha512_least = 2;
    return eager;
}

void lanes_kernels_force(const struct lanes_kernels *kernels)
{
    __atomic_store_n(&forced, kernels, __ATOMIC_RELEASE);
}
