/* SPDX-License-Identifier: MIT */
#include "crypto/lanes/kernels.h"

lanes_kernel32 lanes_md5_portable, lanes_sha1_portable, lanes_sha256_portable;
lanes_kernel64 lanes_sha512_portable;

#ifdef LANES_X86
lanes_kernel32 lanes_md5_avx512, lanes_sha1_avx512, lanes_sha256_avx512;
lanes_kernel64 lanes_sha512_avx512;
lanes_kernel32 lanes_md5_avx2, lanes_sha1_avx2, lanes_sha256_avx2;
lanes_kernel64 lanes_sha512_avx2;
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
#endif

static bool has_all(void)
{
    return true;
}

static const struct kind {
    bool (*present)(void);
    struct lanes_kernels kernels;
} kinds[] = {
#ifdef LANES_X86
    {
        has_avx512,
        {
            .name = "avx512",
            .md5 = lanes_md5_avx512,
            .sha1 = lanes_sha1_avx512,
            .sha256 = lanes_sha256_avx512,
            .sha512 = lanes_sha512_avx512,
            .md5_least = 2,
            .sha1_least = 4,
            .sha256_least = 4,
            .sha512_least = 4,
        },
    },
    {
        has_avx2,
        {
            .name = "avx2",
            .md5 = lanes_md5_avx2,
            .sha1 = lanes_sha1_avx2,
            .sha256 = lanes_sha256_avx2,
            .sha512 = lanes_sha512_avx2,
            .md5_least = 3,
            .sha1_least = 7,
            .sha256_least = 7,
            .sha512_least = 3,
        },
    },
#endif
    {
        has_all,
        {
            .name = "portable",
            .md5 = lanes_md5_portable,
            .sha1 = lanes_sha1_portable,
            .sha256 = lanes_sha256_portable,
            .sha512 = lanes_sha512_portable,
            .md5_least = 3,
            .sha1_least = 3,
            .sha256_least = 3,
            .sha512_least = 2,
        },
    },
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
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].present())
            all[(*count)++] = &kinds[i].kernels;
    return all;
}

void lanes_kernels_force(const struct lanes_kernels *kernels)
{
    __atomic_store_n(&forced, kernels, __ATOMIC_RELEASE);
}
