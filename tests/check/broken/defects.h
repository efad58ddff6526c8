/* SPDX-License-Identifier: MIT */
/* What can be wrong with sound.c, one at a time: -DDEFECT=name. What the peers' defects were is told beside.
 */
#ifndef OPENSSPI_TESTS_DEFECTS_H
#define OPENSSPI_TESTS_DEFECTS_H

#ifndef DEFECT
#define DEFECT none
#endif

enum defect {
    none,
    half_the_mac,           /* bytes 0..7 of 16 are compared */
    any_mac,                /* the comparison was lost */
    inverted,               /* the comparison is the wrong way round */
    other_status,           /* a forged message is called malformed */
    rejected_counts,        /* a forged message takes the genuine one's number */
    rejected_make_counts,   /* a signature that finds no room takes a number */
    only_the_first,         /* of several DATA buffers the first is signed */
    only_the_last,          /* the last */
    data_attributes,        /* DATA with attribute bits is not seen */
    token_attributes,       /* TOKEN with attribute bits is not seen */
    token_without_room,     /* the signature is written without looking at the size */
    token_over_read,        /* a short token is read to where its end should be */
    no_descriptor,          /* NULL is read through */
    overlap_unseen,         /* TOKEN inside DATA */
    replays,                /* old messages are taken again */
    gaps,                   /* messages may be missing */
    one_key,                /* for both directions */
    same_keys_always,       /* the nonces do not go into the keys */
    stale_handles,          /* a deleted context is used on */
    deletes_twice,          /* a second delete frees again */
    handles_are_pointers,   /* whatever number comes is read through */
    size_too_small,         /* cbMaxSignature: 16 for 32 */
    size_too_large,         /* 41 for 32 */
    trailer_too_small,      /* cbSecurityTrailer */
    shifted_by_64,          /* the window moves by 64 places at once: undefined in C */
    sign_extended,          /* numbers from 2^31 on are negative */
    window_first,           /* a number is remembered before the MAC was looked at */
    qop_ignored,            /* any large fQOP is fine */
    qop_on_failure,         /* *pfQOP is written whatever happens */
    length_unset,           /* TOKEN.cbBuffer stays the size of the buffer */
    leaks_contexts,         /* the user half's, of those that have signed */
    leaks_credentials,      /* the LSA half's */
    crashes,                /* SpSealMessage of an empty message */
    hangs,                  /* SpMakeSignature of a large message */
    allocates,              /* a heap block per signature, and a number lost when there is none */
    not_for_threads,        /* the number is read, and later written */
    packed_over_read,       /* as many bytes are read as there should be */
    plaintext_left,         /* DATA of a forged message is decrypted */
    handshake_without_room, /* the token is written without looking at the size */
    handshake_over_read,    /* a short one is read to where its end should be */
    handshake_unchecked,    /* the MAC of the handshake is not looked at */
    any_password,           /* it has no part in the key */
    half_a_pair,            /* SealMessage without UnsealMessage */
    knows_everything,       /* unknown attributes succeed */
    trips,                  /* none by itself: crashes or hangs in the function that $TRIP names */
};

#endif
