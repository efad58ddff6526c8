/* SPDX-License-Identifier: MIT */
#include "check/points.h"

#include <string.h>

static const struct check_point points[144];

const struct check_point *check_point_at(size_t index)
{
    size_t count = 0;

    while (points[count].run != NULL)
        count++;
    return index < count ? &points[index] : NULL;
}

const struct check_point *check_point_find(const char *id, size_t *index)
{
    for (size_t i = 0; points[i].run != NULL; i++) {
        if (strcmp(points[i].about.Id, id) != 0)
            continue;
        if (index != NULL)
            *index = i;
        return &points[i];
    }
    return NULL;
}

const SspiCheckPoint *SspiCheckPointAt(size_t index)
{
    const struct check_point *point = check_point_at(index);

    return point != NULL ? &point->about : NULL;
}

/* In the order in which they run: what a point needs stands before it. */
static const struct check_point points[144] = {
    {
        {"load.file",
         "The module is a file that nobody else may write, and exports SpLsaModeInitialize and "
         "SpUserModeInitialize.",
         "\"The two entry points of a module\", <ntsecpkg.h>"},
        {NULL},
        point_load_file,
    },
    {
        {"load.lsa-mode",
         "SpLsaModeInitialize succeeds and names a known interface version and 1 to 64 tables as long "
         "as that version says.",
         "\"The two entry points of a module\", <ntsecpkg.h>; SpLsaModeInitialize"},
        {"load.file"},
        point_load_lsa_mode,
    },
    {
        {"load.user-mode",
         "SpUserModeInitialize succeeds and names a known interface version and 1 to 64 tables as long "
         "as that version says.",
         "\"The two entry points of a module\", <ntsecpkg.h>; SpUserModeInitialize"},
        {"load.file"},
        point_load_user_mode,
    },
    {
        {"load.tables", "Both halves list as many tables, in the same order.",
         "\"The two entry points of a module\", <ntsecpkg.h>"},
        {"load.lsa-mode", "load.user-mode"},
        point_load_tables,
    },
    {
        {"load.initialize", "SpInitialize and SpGetInfo are there, and SpInitialize succeeds.",
         "SpInitializeFn, <ntsecpkg.h>"},
        {"load.tables"},
        point_load_initialize,
    },
    {
        {"load.info",
         "SpGetInfo gives a name of 1 to 255 units in valid UTF-16, of no other package of the module, "
         "and a cbMaxToken.",
         "SpGetInfoFn, <ntsecpkg.h>; SecPkgInfo, <sspi.h>"},
        {"load.initialize"},
        point_load_info,
    },
    {
        {"load.instance", "SpInstanceInit, where there is one, succeeds.", "SpInstanceInitFn, <ntsecpkg.h>"},
        {"load.info"},
        point_load_instance,
    },
    {
        {"load.shutdown",
         "SpShutdown succeeds where there is one, and nothing of the package is needed afterwards.",
         "\"The life of a context\", <ntsecpkg.h>; SpShutdownFn"},
        {"load.instance"},
        point_load_shutdown,
    },
    {
        {"table.lsa",
         "The LSA half has what a context needs: AcquireCredentialsHandle, FreeCredentialsHandle, "
         "InitLsaModeContext, AcceptLsaModeContext, DeleteContext.",
         "SECPKG_FUNCTION_TABLE and \"The life of a context\", <ntsecpkg.h>"},
        {"load.instance"},
        point_table_lsa,
    },
    {
        {"table.user",
         "The user half has what a context needs: InitUserModeContext, DeleteUserModeContext, "
         "QueryContextAttributes.",
         "SECPKG_USER_FUNCTION_TABLE and \"The life of a context\", <ntsecpkg.h>"},
        {"load.instance"},
        point_table_user,
    },
    {
        {"table.integrity",
         "A package whose SpGetInfo says SECPKG_FLAG_INTEGRITY has MakeSignature and VerifySignature.",
         "SecPkgInfo.fCapabilities, <sspi.h>"},
        {"table.user"},
        point_table_integrity,
    },
    {
        {"table.privacy",
         "A package whose SpGetInfo says SECPKG_FLAG_PRIVACY has SealMessage and UnsealMessage.",
         "SecPkgInfo.fCapabilities, <sspi.h>"},
        {"table.user"},
        point_table_privacy,
    },
    {
        {"table.export", "ExportContext and ImportContext come together.",
         "SpExportSecurityContextFn, SpImportSecurityContextFn, <ntsecpkg.h>"},
        {"table.user"},
        point_table_export,
    },
    {
        {"credentials.acquire", "SpAcquireCredentialsHandle gives credentials for both directions.",
         "SpAcquireCredentialsHandleFn, <ntsecpkg.h>"},
        {"table.lsa"},
        point_credentials_acquire,
    },
    {
        {"credentials.free", "SpFreeCredentialsHandle frees what was acquired.",
         "SpFreeCredentialsHandleFn, <ntsecpkg.h>"},
        {"credentials.acquire"},
        point_credentials_free,
    },
    {
        {"context.establish",
         "A context of the package with itself comes about: each side's last step sets MappedContext, "
         "and SpInitUserModeContext takes the packed context.",
         "SpInitLsaModeContextFn, SpInitUserModeContextFn, <ntsecpkg.h>"},
        {"credentials.acquire", "table.user"},
        point_context_establish,
    },
    {
        {"context.handle",
         "Contexts that live at once have handles of their own, none of them 0; later steps name the "
         "same context or 0.",
         "\"Handles\", SpInitLsaModeContextFn, <ntsecpkg.h>"},
        {"context.establish"},
        point_context_handle,
    },
    {
        {"context.heap",
         "ContextData comes from AllocateLsaHeap, and SpInitUserModeContext frees its copy with "
         "FreeHeap.",
         "\"Memory that goes to the host\", SpInitUserModeContextFn, <ntsecpkg.h>"},
        {"context.establish"},
        point_context_heap,
    },
    {
        {"context.attributes",
         "Integrity that was asked for and that SpGetInfo offers is granted; the host's own bits "
         "(ALLOCATED_MEMORY) are not touched.",
         "InitializeSecurityContext, pfContextAttr, <sspi.h>"},
        {"context.establish"},
        point_context_attributes,
    },
    {
        {"context.token-size", "No handshake token is longer than cbMaxToken of SpGetInfo.",
         "SecPkgInfo.cbMaxToken, <sspi.h>"},
        {"context.establish"},
        point_context_token_size,
    },
    {
        {"context.token-room",
         "A step whose output TOKEN is too small is SEC_E_BUFFER_TOO_SMALL and writes nothing behind "
         "it.",
         "InitializeSecurityContext, <sspi.h>; \"Checked in this order\", row 6"},
        {"context.establish"},
        point_context_token_room,
    },
    {
        {"context.truncated",
         "A handshake token that was cut short is refused, whatever is missing, and nothing behind it "
         "is read.",
         "AcceptSecurityContext: SEC_E_INVALID_TOKEN, <sspi.h>"},
        {"context.establish"},
        point_context_truncated,
    },
    {
        {"context.altered",
         "A changed byte in a handshake token never leaves both sides with different views of one "
         "context.",
         "InitializeSecurityContext: SEC_E_MESSAGE_ALTERED, SEC_E_INVALID_TOKEN, <sspi.h>; [MS-NLMP] "
         "3.1.5.1.2 (MIC)"},
        {"context.establish"},
        point_context_altered,
    },
    {
        {"context.garbage", "Bytes that are no token are refused.",
         "AcceptSecurityContext: SEC_E_INVALID_TOKEN, <sspi.h>"},
        {"context.establish"},
        point_context_garbage,
    },
    {
        {"context.password", "An initiator with a wrong password is not accepted.",
         "AcceptSecurityContext: SEC_E_LOGON_DENIED, <sspi.h>"},
        {"context.establish", "?context.altered"},
        point_context_password,
    },
    {
        {"context.unfinished", "A context whose handshake is not finished can be deleted.",
         "SpDeleteContextFn, <ntsecpkg.h>"},
        {"context.establish"},
        point_context_unfinished,
    },
    {
        {"context.failed",
         "A handshake whose later step failed is over: further steps are refused, SpDeleteContext "
         "still frees it.",
         "SpInitLsaModeContextFn (\"a later one leaves a dead one\"), <ntsecpkg.h>"},
        {"context.establish"},
        point_context_failed,
    },
    {
        {"context.delete", "SpDeleteContext of both halves succeeds, in either order.",
         "SpDeleteContextFn (\"both halves are called, in either order\"), <ntsecpkg.h>"},
        {"context.establish"},
        point_context_delete,
    },
    {
        {"sizes.query", "QueryContextAttributes answers SECPKG_ATTR_SIZES.", "SECPKG_ATTR_SIZES, <sspi.h>"},
        {"context.establish"},
        point_sizes_query,
    },
    {
        {"query.unknown",
         "An attribute that does not exist is SEC_E_UNSUPPORTED_FUNCTION, and the buffer stays as it "
         "was.",
         "QueryContextAttributes, <sspi.h>"},
        {"context.establish"},
        point_query_unknown,
    },
    {
        {"query.names",
         "SECPKG_ATTR_NAMES, where it is answered, gives terminated text from the heap of the half "
         "that answers.",
         "SpQueryContextAttributesFn, <ntsecpkg.h>; SecPkgContext_Names"},
        {"context.establish"},
        point_query_names,
    },
    {
        {"make.basic",
         "MakeSignature signs a DATA buffer: SEC_E_OK, and TOKEN.cbBuffer becomes the signature's "
         "length.",
         "MakeSignature, <sspi.h>"},
        {"context.establish", "table.integrity"},
        point_make_basic,
    },
    {
        {"sizes.signature", "cbMaxSignature is exactly the length of a signature.",
         "SecPkgContext_Sizes, MakeSignature row 6, <sspi.h>"},
        {"sizes.query", "make.basic"},
        point_sizes_signature,
    },
    {
        {"make.repeat", "All signatures of a context have one length, whatever the message.",
         "SecPkgContext_Sizes: cbMaxSignature is reached, <sspi.h>"},
        {"make.basic"},
        point_make_repeat,
    },
    {
        {"make.token.exact",
         "A TOKEN of exactly the signature's length is enough, and nothing around it is touched.",
         "MakeSignature row 6, <sspi.h>"},
        {"make.basic"},
        point_make_token_exact,
    },
    {
        {"make.token.short",
         "A TOKEN smaller than the signature is SEC_E_BUFFER_TOO_SMALL, and nothing behind it is "
         "written.",
         "MakeSignature row 6, <sspi.h>"},
        {"make.basic"},
        point_make_token_short,
    },
    {
        {"make.token.room", "In a TOKEN with more room nothing is written behind the signature.",
         "MakeSignature, <sspi.h>"},
        {"make.basic"},
        point_make_token_room,
    },
    {
        {"make.untouched",
         "MakeSignature writes TOKEN and its cbBuffer, and no other byte of a buffer or of the "
         "descriptor.",
         "MakeSignature, <sspi.h>"},
        {"make.basic"},
        point_make_untouched,
    },
    {
        {"make.failure",
         "MakeSignature that fails has changed nothing: no byte of a buffer, and not TOKEN.cbBuffer.",
         "MakeSignature (\"no byte of a buffer or of the context has changed\"), <sspi.h>"},
        {"make.token.short"},
        point_make_failure,
    },
    {
        {"make.qop", "An fQOP that the package does not offer is SEC_E_QOP_NOT_SUPPORTED.",
         "MakeSignature row 5, <sspi.h>"},
        {"make.basic"},
        point_make_qop,
    },
    {
        {"verify.basic", "VerifySignature takes what the peer signed, in both directions.",
         "VerifySignature, <sspi.h>"},
        {"make.basic"},
        point_verify_basic,
    },
    {
        {"context.outlives", "Contexts outlive the credentials that they were made with.",
         "FreeCredentialsHandle, <sspi.h>"},
        {"context.establish", "make.basic", "verify.basic"},
        point_context_outlives,
    },
    {
        {"context.two", "Two pairs of contexts at once do not disturb each other.",
         "\"Handles\", <ntsecpkg.h>"},
        {"context.establish", "make.basic", "verify.basic"},
        point_context_two,
    },
    {
        {"make.empty", "A message without a byte is signed and verifies.",
         "MakeSignature (\"Messages may be empty\"), <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_make_empty,
    },
    {
        {"make.large", "A message of 1 MiB is signed and verifies.", "MakeSignature, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_make_large,
    },
    {
        {"make.quiet", "Signing and verifying allocate nothing from the host.",
         "SpMakeSignatureFn (\"No allocation\"), <ntsecpkg.h>"},
        {"make.basic", "verify.basic"},
        point_make_quiet,
    },
    {
        {"verify.forged", "Signatures of nobody (all zeros, all ones, noise) are refused.",
         "VerifySignature: SEC_E_MESSAGE_ALTERED, <sspi.h>"},
        {"verify.basic"},
        point_verify_forged,
    },
    {
        {"verify.tamper.token", "No bit of the signature can be changed: all of it is compared.",
         "VerifySignature: SEC_E_MESSAGE_ALTERED, <sspi.h>"},
        {"verify.forged"},
        point_verify_tamper_token,
    },
    {
        {"verify.tamper.data", "No bit of the message can be changed.",
         "VerifySignature: SEC_E_MESSAGE_ALTERED, <sspi.h>"},
        {"verify.forged"},
        point_verify_tamper_data,
    },
    {
        {"verify.tamper.length", "A message with a byte more or less is another message.",
         "VerifySignature: SEC_E_MESSAGE_ALTERED, <sspi.h>"},
        {"verify.forged"},
        point_verify_tamper_length,
    },
    {
        {"verify.status", "A changed message is SEC_E_MESSAGE_ALTERED.",
         "VerifySignature: SEC_E_MESSAGE_ALTERED, <sspi.h>"},
        {"verify.tamper.data"},
        point_verify_status,
    },
    {
        {"verify.token.short",
         "A TOKEN shorter than a signature is SEC_E_INVALID_TOKEN, and nothing behind it is read.",
         "VerifySignature, row 6, <sspi.h>"},
        {"verify.basic"},
        point_verify_token_short,
    },
    {
        {"verify.token.long", "A TOKEN longer than a signature is SEC_E_INVALID_TOKEN.",
         "VerifySignature, row 6, <sspi.h>"},
        {"verify.basic"},
        point_verify_token_long,
    },
    {
        {"verify.untouched", "VerifySignature writes to no buffer, whatever it answers.",
         "VerifySignature, <sspi.h>"},
        {"verify.tamper.data"},
        point_verify_untouched,
    },
    {
        {"verify.qop", "VerifySignature says through pfQOP which quality of protection was used.",
         "VerifySignature (\"On success *pfQOP ...\"), <sspi.h>"},
        {"verify.basic"},
        point_verify_qop,
    },
    {
        {"verify.qop.failure", "*pfQOP is written on success only.",
         "VerifySignature (\"On success *pfQOP ...\"), <sspi.h>"},
        {"verify.tamper.data"},
        point_verify_qop_failure,
    },
    {
        {"desc.null", "No descriptor is SEC_E_INVALID_TOKEN.", "MakeSignature row 3, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_desc_null,
    },
    {
        {"desc.version", "A descriptor of another version than SECBUFFER_VERSION is SEC_E_INVALID_TOKEN.",
         "MakeSignature row 3, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_desc_version,
    },
    {
        {"desc.empty", "cBuffers 0 is SEC_E_INVALID_TOKEN.", "MakeSignature row 3, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_desc_empty,
    },
    {
        {"desc.array", "pBuffers NULL is SEC_E_INVALID_TOKEN.", "MakeSignature row 3, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_desc_array,
    },
    {
        {"desc.many", "More than 64 buffers are SEC_E_INVALID_TOKEN, however many cBuffers says.",
         "MakeSignature row 3 (ours), <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_desc_many,
    },
    {
        {"buffers.data-null", "A DATA buffer with a size and no memory is SEC_E_INVALID_TOKEN.",
         "MakeSignature row 4, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_buffers_data_null,
    },
    {
        {"buffers.token-null", "A TOKEN with a size and no memory is SEC_E_INVALID_TOKEN.",
         "MakeSignature row 4, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_buffers_token_null,
    },
    {
        {"buffers.no-token", "A message without TOKEN is SEC_E_INVALID_TOKEN.",
         "MakeSignature row 4, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_buffers_no_token,
    },
    {
        {"buffers.two-tokens", "Two TOKENs are SEC_E_INVALID_TOKEN.", "MakeSignature row 4 (ours), <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_buffers_two_tokens,
    },
    {
        {"buffers.overlap", "A TOKEN that overlaps a DATA buffer is SEC_E_INVALID_PARAMETER.",
         "MakeSignature row 7 (ours), <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_buffers_overlap,
    },
    {
        {"buffers.order", "Where several things are wrong, the first row of the list is the answer.",
         "MakeSignature (\"Checked in this order\"), <sspi.h>"},
        {"desc.version", "buffers.two-tokens", "make.qop", "make.token.short", "verify.token.short",
         "buffers.overlap"},
        point_buffers_order,
    },
    {
        {"buffers.several", "All DATA buffers are signed: first, middle and last.",
         "MakeSignature (\"all DATA buffers in array order as one message\"), <sspi.h>"},
        {"verify.tamper.data"},
        point_buffers_several,
    },
    {
        {"buffers.concatenated",
         "The message is the DATA buffers one behind the other: where it is cut makes no difference, "
         "their order does.",
         "MakeSignature (\"all DATA buffers in array order as one message\"), <sspi.h>"},
        {"buffers.several"},
        point_buffers_concatenated,
    },
    {
        {"buffers.token-place", "The TOKEN may stand anywhere in the array.",
         "MakeSignature, <sspi.h>; SecBufferDesc"},
        {"make.basic", "verify.basic"},
        point_buffers_token_place,
    },
    {
        {"buffers.token-attributes", "A TOKEN with attribute bits in BufferType is a TOKEN.",
         "MakeSignature (\"BufferType counts without its attribute bits\"), <sspi.h>; SECBUFFER_ATTRMASK"},
        {"make.basic", "verify.basic"},
        point_buffers_token_attributes,
    },
    {
        {"buffers.data-attributes",
         "A DATA buffer with attribute bits, SECBUFFER_READONLY_WITH_CHECKSUM among them, is signed.",
         "MakeSignature (\"BufferType counts without its attribute bits\"), <sspi.h>; "
         "SECBUFFER_READONLY_WITH_CHECKSUM"},
        {"buffers.several"},
        point_buffers_data_attributes,
    },
    {
        {"buffers.others", "Buffers of other types are ignored, with and without memory.",
         "MakeSignature (\"Buffers of other types are ignored\"), <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_buffers_others,
    },
    {
        {"buffers.empty", "A DATA buffer of size 0 may have no memory, and overlaps nothing.",
         "MakeSignature row 4, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_buffers_empty,
    },
    {
        {"buffers.adjacent",
         "DATA that ends where TOKEN begins, or begins where it ends, does not overlap it.",
         "MakeSignature row 7, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_buffers_adjacent,
    },
    {
        {"buffers.many", "64 buffers are not too many.", "MakeSignature row 3, <sspi.h>"},
        {"make.basic", "verify.basic"},
        point_buffers_many,
    },
    {
        {"sequence.argument",
         "On a connection MessageSeqNo makes no difference: 0 always, counting, or anything.",
         "MakeSignature (\"MessageSeqNo\"), <sspi.h>; [MS-NLMP] 3.4.4"},
        {"verify.basic"},
        point_sequence_argument,
    },
    {
        {"sequence.directions", "The two directions have numbers of their own.",
         "MakeSignature (\"one number per direction\"), <sspi.h>"},
        {"verify.basic"},
        point_sequence_directions,
    },
    {
        {"sequence.replay",
         "A message that was taken already is SEC_E_OUT_OF_SEQUENCE where REPLAY_DETECT was granted.",
         "VerifySignature: SEC_E_OUT_OF_SEQUENCE, <sspi.h>; RFC 2743 1.2.3"},
        {"verify.basic"},
        point_sequence_replay,
    },
    {
        {"sequence.old", "So is an older one, after others were taken.",
         "VerifySignature: SEC_E_OUT_OF_SEQUENCE, <sspi.h>; RFC 2743 1.2.3"},
        {"sequence.replay"},
        point_sequence_old,
    },
    {
        {"sequence.gap",
         "A message that comes before its predecessor is SEC_E_OUT_OF_SEQUENCE where SEQUENCE_DETECT "
         "was granted.",
         "VerifySignature: SEC_E_OUT_OF_SEQUENCE, <sspi.h>; RFC 2743 1.2.3"},
        {"verify.basic"},
        point_sequence_gap,
    },
    {
        {"sequence.reflection", "A side does not take its own messages for its peer's.",
         "VerifySignature: SEC_E_MESSAGE_ALTERED, <sspi.h>; RFC 4121 4.2.2 (SentByAcceptor)"},
        {"verify.forged"},
        point_sequence_reflection,
    },
    {
        {"sequence.stranger", "A message of another pair of contexts is refused: each has keys of its own.",
         "VerifySignature: SEC_E_MESSAGE_ALTERED, <sspi.h>"},
        {"verify.forged"},
        point_sequence_stranger,
    },
    {
        {"state.tampered", "After a forged message the next genuine one verifies.",
         "VerifySignature (\"Whatever is not authentic leaves the context as it was\"), <sspi.h>"},
        {"verify.tamper.token", "verify.tamper.data"},
        point_state_tampered,
    },
    {
        {"state.replayed", "After a replayed message the next genuine one verifies.",
         "VerifySignature (\"Whatever is not authentic leaves the context as it was\"), <sspi.h>"},
        {"sequence.replay"},
        point_state_replayed,
    },
    {
        {"state.malformed", "After a malformed message the next genuine one verifies.",
         "VerifySignature (\"Whatever is not authentic leaves the context as it was\"), <sspi.h>"},
        {"verify.token.short", "buffers.no-token"},
        point_state_malformed,
    },
    {
        {"state.make", "A MakeSignature that fails uses up no number: the next message verifies.",
         "MakeSignature (\"no byte of a buffer or of the context has changed\"), <sspi.h>"},
        {"make.token.short", "make.qop", "verify.basic"},
        point_state_make,
    },
    {
        {"seal.basic", "EncryptMessage and DecryptMessage give back the text, in both directions.",
         "EncryptMessage, DecryptMessage, <sspi.h>"},
        {"context.establish", "table.privacy"},
        point_seal_basic,
    },
    {
        {"sizes.trailer", "cbSecurityTrailer is exactly the length of EncryptMessage's token.",
         "SecPkgContext_Sizes, EncryptMessage, <sspi.h>"},
        {"sizes.query", "seal.basic"},
        point_sizes_trailer,
    },
    {
        {"seal.hides",
         "The text cannot be seen in what EncryptMessage makes, and the same text is never encrypted "
         "alike twice.",
         "EncryptMessage, <sspi.h>"},
        {"seal.basic"},
        point_seal_hides,
    },
    {
        {"seal.empty", "A message without a byte can be sealed.", "EncryptMessage, <sspi.h>"},
        {"seal.basic"},
        point_seal_empty,
    },
    {
        {"seal.token.short",
         "A TOKEN too small for EncryptMessage is SEC_E_BUFFER_TOO_SMALL, and no byte of a buffer has "
         "changed.",
         "EncryptMessage; MakeSignature row 6, <sspi.h>"},
        {"seal.basic", "?make.token.short"},
        point_seal_token_short,
    },
    {
        {"seal.qop", "An fQOP that EncryptMessage does not offer is SEC_E_QOP_NOT_SUPPORTED.",
         "EncryptMessage; MakeSignature row 5, <sspi.h>"},
        {"seal.basic", "?make.qop"},
        point_seal_qop,
    },
    {
        {"seal.shapes",
         "EncryptMessage and DecryptMessage refuse the descriptors that MakeSignature refuses, with "
         "the same statuses.",
         "EncryptMessage (\"Checks and numbers as for MakeSignature\"), <sspi.h>"},
        {"seal.basic", "?desc.version", "?desc.empty", "?desc.array", "?desc.many", "?buffers.data-null",
         "?buffers.token-null", "?buffers.no-token", "?buffers.two-tokens"},
        point_seal_shapes,
    },
    {
        {"seal.overlap",
         "DATA buffers that overlap each other or TOKEN are SEC_E_INVALID_PARAMETER when sealing.",
         "EncryptMessage; MakeSignature row 7 (ours), <sspi.h>"},
        {"seal.basic", "?buffers.overlap"},
        point_seal_overlap,
    },
    {
        {"seal.several",
         "Several DATA buffers are sealed, each in its place, and any of them changed is refused.",
         "EncryptMessage, <sspi.h>"},
        {"seal.basic", "?buffers.several", "?seal.hides"},
        point_seal_several,
    },
    {
        {"seal.readonly",
         "SECBUFFER_READONLY_WITH_CHECKSUM parts stay readable and are protected; SECBUFFER_READONLY "
         "parts are not written.",
         "SECBUFFER_READONLY_WITH_CHECKSUM, EncryptMessage, <sspi.h>"},
        {"seal.several", "?buffers.data-attributes", "?seal.hides"},
        point_seal_readonly,
    },
    {
        {"seal.mixed", "Signed and sealed messages take turns in one sequence.",
         "EncryptMessage (\"Checks and numbers as for MakeSignature\"), <sspi.h>"},
        {"seal.basic", "verify.basic"},
        point_seal_mixed,
    },
    {
        {"seal.plain",
         "SECQOP_WRAP_NO_ENCRYPT, where it is offered, leaves the text readable and protects it.",
         "EncryptMessage, SECQOP_WRAP_NO_ENCRYPT, <sspi.h>"},
        {"seal.basic", "verify.forged"},
        point_seal_plain,
    },
    {
        {"unseal.tamper.token", "No bit of a sealed message's token can be changed.",
         "DecryptMessage (\"Each field of the token counts\"), <sspi.h>"},
        {"seal.basic"},
        point_unseal_tamper_token,
    },
    {
        {"unseal.tamper.data", "No bit of a sealed message can be changed.",
         "DecryptMessage: SEC_E_MESSAGE_ALTERED, <sspi.h>"},
        {"seal.basic"},
        point_unseal_tamper_data,
    },
    {
        {"unseal.token",
         "A TOKEN of DecryptMessage that is too short or too long is refused, and nothing behind it is "
         "read.",
         "DecryptMessage, <sspi.h>"},
        {"seal.basic", "?verify.token.short", "?verify.token.long"},
        point_unseal_token,
    },
    {
        {"unseal.failure",
         "After a failed DecryptMessage DATA holds the input again, or zeros; never plaintext.",
         "DecryptMessage (\"never plaintext\"), <sspi.h>"},
        {"unseal.tamper.token", "unseal.tamper.data"},
        point_unseal_failure,
    },
    {
        {"unseal.state", "After a forged sealed message the next genuine one is read.",
         "VerifySignature (\"Whatever is not authentic leaves the context as it was\"), <sspi.h>"},
        {"unseal.failure", "?state.tampered"},
        point_unseal_state,
    },
    {
        {"unseal.replay",
         "A sealed message that was taken already is SEC_E_OUT_OF_SEQUENCE where REPLAY_DETECT was "
         "granted, and gives no plaintext.",
         "DecryptMessage; RFC 2743 1.2.3"},
        {"seal.basic", "?sequence.replay", "?seal.hides"},
        point_unseal_replay,
    },
    {
        {"unseal.stream", "DecryptMessage takes STREAM and DATA, and makes DATA point at the message inside.",
         "DecryptMessage, SECBUFFER_STREAM, <sspi.h>"},
        {"seal.basic"},
        point_unseal_stream,
    },
    {
        {"datagram.establish", "A package whose SpGetInfo says SECPKG_FLAG_DATAGRAM makes datagram contexts.",
         "SecPkgInfo.fCapabilities, ISC_REQ_DATAGRAM, <sspi.h>"},
        {"verify.basic"},
        point_datagram_establish,
    },
    {
        {"datagram.number",
         "On datagram contexts MessageSeqNo is the number: messages verify under their own, 0 takes "
         "the token's.",
         "VerifySignature (\"MessageSeqNo on datagram contexts\"), <sspi.h>"},
        {"datagram.establish"},
        point_datagram_number,
    },
    {
        {"datagram.mismatch", "Another number than the token's is SEC_E_OUT_OF_SEQUENCE.",
         "VerifySignature (\"MessageSeqNo on datagram contexts\"), <sspi.h>"},
        {"datagram.number"},
        point_datagram_mismatch,
    },
    {
        {"datagram.replay",
         "A datagram that was taken already is SEC_E_OUT_OF_SEQUENCE where REPLAY_DETECT was granted.",
         "VerifySignature: SEC_E_OUT_OF_SEQUENCE, <sspi.h>"},
        {"datagram.number"},
        point_datagram_replay,
    },
    {
        {"datagram.window",
         "However far numbers jump, what was taken is refused and what was not is taken, for 64 "
         "numbers back at least.",
         "VerifySignature (\"gaps and reordering within the window pass\"), <sspi.h>; RFC 2743 1.2.3"},
        {"datagram.replay", "?state.replayed"},
        point_datagram_window,
    },
    {
        {"datagram.large", "Numbers from 2^31 on are numbers like others.",
         "MakeSignature (\"MessageSeqNo\", a ULONG), <sspi.h>"},
        {"datagram.replay", "?state.replayed"},
        point_datagram_large,
    },
    {
        {"datagram.forged",
         "A forged datagram does not take its number: the genuine one verifies afterwards.",
         "VerifySignature (\"datagrams authenticate first\"), <sspi.h>; RFC 2743 1.2.3"},
        {"datagram.number", "verify.tamper.data", "?state.tampered"},
        point_datagram_forged,
    },
    {
        {"datagram.unnumbered", "Datagrams signed with number 0 are not numbered: they may come again.",
         "MakeSignature (\"0 says that numbers are not in use\"), <sspi.h>"},
        {"datagram.number"},
        point_datagram_unnumbered,
    },
    {
        {"handle.null", "Handle 0 is SEC_E_INVALID_HANDLE.", "MakeSignature row 1, <sspi.h>"},
        {"make.basic", "verify.basic", "?seal.basic"},
        point_handle_null,
    },
    {
        {"handle.forged",
         "A handle that was never given out is SEC_E_INVALID_HANDLE, and nothing is read through it.",
         "MakeSignature row 1, <sspi.h>"},
        {"handle.null"},
        point_handle_forged,
    },
    {
        {"handle.stale", "The handle of a deleted context is SEC_E_INVALID_HANDLE.",
         "MakeSignature row 1, <sspi.h>"},
        {"make.basic", "context.delete", "?seal.basic"},
        point_handle_stale,
    },
    {
        {"handle.twice",
         "A context can be deleted once: the second SpDeleteContext is SEC_E_INVALID_HANDLE and frees "
         "nothing.",
         "DeleteSecurityContext, <sspi.h>; SpDeleteContextFn"},
        {"context.delete", "?context.heap"},
        point_handle_twice,
    },
    {
        {"handle.unmapped", "A context that the user half was not given is SEC_E_INVALID_HANDLE there.",
         "MakeSignature row 1 (\"not established\"), <sspi.h>"},
        {"context.establish", "make.basic", "?seal.basic"},
        point_handle_unmapped,
    },
    {
        {"packed.process",
         "The packed context works in another process, which has seen nothing but these bytes.",
         "\"The packed bytes are all that crosses between the halves\", <ntsecpkg.h>"},
        {"verify.basic"},
        point_packed_process,
    },
    {
        {"packed.truncated",
         "A packed context that was cut short is SEC_E_INVALID_TOKEN, and nothing behind it is read.",
         "SpInitUserModeContextFn (\"check them\"), <ntsecpkg.h>"},
        {"context.establish"},
        point_packed_truncated,
    },
    {
        {"packed.changed",
         "A packed context with a changed byte crashes nothing, neither when it is taken nor when it "
         "is used.",
         "SpInitUserModeContextFn (\"check them\"), <ntsecpkg.h>"},
        {"context.establish", "?seal.basic", "?query.names"},
        point_packed_changed,
    },
    {
        {"export.import", "An exported context goes on where it is imported.",
         "ExportSecurityContext, ImportSecurityContext, <sspi.h>"},
        {"verify.basic", "table.export"},
        point_export_import,
    },
    {
        {"export.same", "Exporting changes nothing: twice in a row gives the same bytes.",
         "ExportSecurityContext, <sspi.h>"},
        {"export.import"},
        point_export_same,
    },
    {
        {"state.bytes",
         "After anything refused the context is the same byte for byte, as ExportContext shows it.",
         "MakeSignature, VerifySignature, <sspi.h>"},
        {"state.tampered", "state.malformed", "state.make", "export.import", "export.same"},
        point_state_bytes,
    },
    {
        {"export.heap",
         "What ExportContext gives comes from AllocateHeap; what ImportContext reads stays the "
         "caller's.",
         "SpExportSecurityContextFn, SpImportSecurityContextFn, <ntsecpkg.h>"},
        {"export.import", "?context.heap"},
        point_export_heap,
    },
    {
        {"export.process", "An exported context goes on in another process.",
         "ImportSecurityContext, <sspi.h>"},
        {"export.import", "?packed.process"},
        point_export_process,
    },
    {
        {"export.damaged",
         "Cut or changed bytes are refused by ImportContext or make a context that crashes nothing; "
         "cut ones are SEC_E_INVALID_TOKEN.",
         "ImportSecurityContext: SEC_E_INVALID_TOKEN, <sspi.h>"},
        {"export.import", "?seal.basic", "?query.names"},
        point_export_damaged,
    },
    {
        {"memory.query", "A query whose allocation fails is SEC_E_INSUFFICIENT_MEMORY.",
         "SEC_E_INSUFFICIENT_MEMORY, <sspi.h>"},
        {"query.names"},
        point_memory_query,
    },
    {
        {"leak.credential", "Credentials that were freed leave no memory of the host behind.",
         "SpFreeCredentialsHandleFn, <ntsecpkg.h>"},
        {"credentials.free"},
        point_leak_credential,
    },
    {
        {"leak.context", "Contexts that were made, used and deleted leave no memory of the host behind.",
         "SpDeleteContextFn (\"Frees and wipes\"), <ntsecpkg.h>"},
        {"context.delete", "leak.credential", "?verify.basic"},
        point_leak_context,
    },
    {
        {"memory.handshake",
         "Each allocation of a handshake fails once: SEC_E_INSUFFICIENT_MEMORY or success, never a "
         "crash, nothing lost.",
         "SEC_E_INSUFFICIENT_MEMORY, <sspi.h>; \"Memory that goes to the host\", <ntsecpkg.h>"},
        {"context.establish", "context.delete", "?leak.context", "?leak.credential", "?context.heap"},
        point_memory_handshake,
    },
    {
        {"leak.failed", "Handshakes that failed leave no memory of the host behind.",
         "SpInitLsaModeContextFn (\"A first step that fails leaves no context\"), <ntsecpkg.h>"},
        {"context.garbage", "leak.context"},
        point_leak_failed,
    },
    {
        {"leak.process",
         "The process does not grow with the contexts that it has had: memory, pages, open files.",
         "SpDeleteContextFn (\"Frees and wipes\"), <ntsecpkg.h>"},
        {"leak.context", "leak.credential", "?verify.basic", "?context.heap"},
        point_leak_process,
    },
    {
        {"threads.make",
         "Threads that sign on one context each get a number of their own, and all messages verify.",
         "\"Threads\", <ntsecpkg.h>; MakeSignature (\"Any number of threads\"), <sspi.h>"},
        {"verify.basic", "?sequence.gap", "?state.replayed"},
        point_threads_make,
    },
    {
        {"threads.verify",
         "Of threads that verify the same messages on one context each message passes once.",
         "\"Threads\", <ntsecpkg.h>"},
        {"sequence.replay", "sequence.gap", "?state.replayed"},
        point_threads_verify,
    },
    {
        {"threads.contexts", "Threads make, use and delete contexts of their own at once.",
         "\"Threads\", <ntsecpkg.h>"},
        {"leak.context", "verify.basic"},
        point_threads_contexts,
    },
    {
        {"threads.mixed", "One context is signed with, verified with, sealed with and queried at once.",
         "\"Threads\", <ntsecpkg.h>"},
        {"threads.make", "?seal.basic", "?table.privacy", "?sizes.query", "?seal.mixed"},
        point_threads_mixed,
    },
    {
        {"fork.parent", "A fork, and what its child does, leaves the parent's contexts as they were.",
         "MakeSignature row 1 (\"of the process before a fork\"), <sspi.h>"},
        {"verify.basic", "?seal.basic", "?query.names"},
        point_fork_parent,
    },
    {
        {"fork.child", "After a fork new contexts can be made in the child.",
         "MakeSignature row 1 (\"of the process before a fork\"), <sspi.h>"},
        {"verify.basic"},
        point_fork_child,
    },
    {
        {"host.load", "AddSecurityPackage takes the module, and the package is listed.",
         "AddSecurityPackage, EnumerateSecurityPackages, <sspi.h>"},
        {"load.shutdown", "table.lsa"},
        point_host_load,
    },
    {
        {"host.message", "Contexts, signatures and sealed messages work through the public functions.",
         "AcquireCredentialsHandle to DecryptMessage, <sspi.h>"},
        {"host.load", "verify.basic"},
        point_host_message,
    },
    {
        {"host.unload",
         "DeleteSecurityPackage takes the package away, and the module is unloaded with its last "
         "handle.",
         "DeleteSecurityPackage, <sspi.h>"},
        {"host.load"},
        point_host_unload,
    },
    {.run = NULL},
};
