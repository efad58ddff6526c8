/* SPDX-License-Identifier: MIT */
/* For the control of `disassembly`: a kernel that keeps to the rules, and others that break one each, which
 * their names say. For x86-64. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define PLANTED(name)                                                                                        \
    void lanes_##name##_planted(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,   \
                                const uint32_t *const *rows);                                                \
    __attribute__((target("avx2"))) void lanes_##name##_planted(                                             \
        __attribute__((unused)) uint32_t *state, __attribute__((unused)) const uint8_t *const *blocks,       \
        __attribute__((unused)) size_t count, __attribute__((unused)) size_t lanes,                          \
        __attribute__((unused)) const uint32_t *const *rows)

static const uint32_t table[256] = {1, 2, 3};

#define STATE ((__m256i *)(void *)state)
static inline __attribute__((always_inline, target("avx2"))) __m256i block(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

PLANTED(sound)
{
    for (size_t lane = 0; lane < lanes; lane++)
        for (size_t n = 0; n < count; n++) {
            const uint8_t *from = blocks ? blocks[lane] + 64 * n : (const uint8_t *)rows[n];
            *STATE = _mm256_add_epi32(*STATE, _mm256_slli_epi32(block(from), 3));
        }
}

PLANTED(scalar)
{
    if (state[0] & 1)
        *STATE = _mm256_add_epi32(*STATE, block(blocks[0]));
}

PLANTED(data)
{
    state[0] = table[blocks[0][count]];
}

PLANTED(gathers)
{
    *STATE = _mm256_i32gather_epi32((const int *)(const void *)table, block(blocks[0]), 4);
}

PLANTED(flags)
{
    if (_mm256_testz_si256(*STATE, block(blocks[0])))
        *STATE = _mm256_setzero_si256();
}

PLANTED(vector)
{
    if (_mm256_movemask_epi8(block(blocks[0])))
        *STATE = _mm256_setzero_si256();
}

__attribute__((target("avx512f"))) void lanes_mask_planted(uint32_t *state, const uint8_t *const *blocks);
__attribute__((target("avx512f"))) void lanes_mask_planted(uint32_t *state, const uint8_t *const *blocks)
{
    __m512i a = _mm512_loadu_si512(state), b = _mm512_loadu_si512(blocks[0]);
    _mm512_storeu_si512(state, _mm512_mask_add_epi32(a, _mm512_cmpgt_epi32_mask(a, b), a, b));
}

PLANTED(divides)
{
    *STATE = _mm256_slli_epi32(*STATE, (int)(count / lanes));
}

PLANTED(calls)
{
    __asm__ volatile("call *%0" : : "r"(lanes_sound_planted) : "memory");
    *STATE = block(blocks[0]);
}

/* By way of the stack. */
PLANTED(reloaded)
{
    uint64_t words[4] __attribute__((aligned(32)));
    _mm256_store_si256((__m256i *)(void *)words, *STATE);
    __asm__ volatile("" : : "r"(words) : "memory");
    if (((volatile uint64_t *)words)[1] & 4)
        *STATE = block(blocks[0]);
}
