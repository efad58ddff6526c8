/* SPDX-License-Identifier: MIT */
/* AV pairs: inside the list, `duplicates` tells the truth, and written again they read the same. */
#include "fuzz.h"

#include "packages/ntlm/ntlm_messages.h"

static bool has_duplicates(const struct ntlm_av_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < i; j++)
            if (list->pairs[i].id == list->pairs[j].id)
                return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[1 << 20];
    struct ntlm_av_list list, other;
    struct wire_writer w;
    if (!ntlm_av_read((struct span){data, size}, &list))
        return 0;
    fuzz_check(list.count <= NTLM_AV_PAIRS_MAX);
    fuzz_check(list.duplicates == has_duplicates(&list));
    ntlm_av_flags(&list);
    ntlm_av_timestamp(&list);
    wire_write_init(&w, again, sizeof again);
    for (size_t i = 0; i < list.count; i++) {
        fuzz_touch(list.pairs[i].value.data, list.pairs[i].value.size);
        fuzz_check(ntlm_av_find(&list, list.pairs[i].id) != NULL);
        ntlm_av_name(list.pairs[i].id);
        ntlm_av_write(&w, list.pairs[i].id, list.pairs[i].value);
    }
    ntlm_av_write_end(&w);
    fuzz_check(!w.failed);
    fuzz_check(ntlm_av_read((struct span){again, w.at}, &other));
    fuzz_check(other.count == list.count && other.duplicates == list.duplicates);
    return 0;
}
