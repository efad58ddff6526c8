/* SPDX-License-Identifier: MIT */
#include "ct.h"

#include <stdlib.h>
#include <string.h>

#include <opensspi.h>

#include "packages/kerberos/kerberos_user.h"
#include "packages/ntlm/ntlm_user.h"
#include "pair.h"
#include "secur32/handle.h"

enum { PAIRS = 12, ROUNDS = 3, SIZE_MAX_USED = 1100 };

static struct pair pairs[PAIRS];
static uint8_t messages[PAIRS][SIZE_MAX_USED];
static uint8_t tokens[PAIRS][CT_TOKEN_MAX];
static SecBuffer buffers[PAIRS][3];
static SecBufferDesc descs[PAIRS];
static SspiSignatureRequest requests[PAIRS];

/* ---- contexts ---- */

static LSA_SEC_HANDLE user_context(CtxtHandle *context)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, context);
    LSA_SEC_HANDLE id = slot->user_context;
    handle_release(&handle_contexts, slot);
    return id;
}

static void hide_ntlm_context(CtxtHandle *context)
{
    struct ntlm_user_context *c = ntlm_user_find(user_context(context));
    ct_hide_ntlm(&c->protect);
    ct_hide(c->session_key, sizeof c->session_key);
}

static void hide_kerberos_context(CtxtHandle *context)
{
    ct_hide_krb5(&kerberos_user_find(user_context(context))->protect);
}

static bool make_ntlm(struct pair *p)
{
    static struct pair_maker maker;
    static bool open;
    ULONG isc = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
    open = open || pair_maker_open(&maker, "NTLM", "host/server", isc);
    if (!open || pair_make(&maker, p) != SEC_E_OK)
        return false;
    hide_ntlm_context(&p->initiator);
    hide_ntlm_context(&p->acceptor);
    return true;
}

static bool make_kerberos(struct pair *p, unsigned etype, bool old)
{
    static char package[] = "Kerberos";
    const enum pair_role roles[] = {PAIR_ACCEPTOR, old ? PAIR_OLD_INITIATOR : PAIR_INITIATOR};
    uint8_t packed[4096];
    for (int i = 0; i < 2; i++) {
        SecBuffer buffer = {(ULONG)pair_pack_kerberos(etype, roles[i], packed), SECBUFFER_EMPTY, packed};
        CtxtHandle *context = i ? &p->initiator : &p->acceptor;
        if (ImportSecurityContextA(package, &buffer, NULL, context) != SEC_E_OK)
            return false;
        hide_kerberos_context(context);
    }
    return true;
}

/* ---- messages ---- */

/* Lengths differ, and are public; a third of the message stands in a buffer of its own. */
static void prepare(size_t i, size_t round, bool making)
{
    size_t size = (i * 97 + round * 31) % SIZE_MAX_USED;
    memset(messages[i], (int)(i + round), size);
    ct_hide(messages[i], size);
    buffers[i][0] = (SecBuffer){(ULONG)(size / 3), SECBUFFER_DATA, messages[i]};
    buffers[i][1] = (SecBuffer){(ULONG)(size - size / 3), SECBUFFER_DATA, messages[i] + size / 3};
    if (making)
        buffers[i][2] = (SecBuffer){CT_TOKEN_MAX, SECBUFFER_TOKEN, tokens[i]};
    descs[i] = (SecBufferDesc){SECBUFFER_VERSION, 3, buffers[i]};
    requests[i] = (SspiSignatureRequest){
        .Context = making ? &pairs[i].initiator : &pairs[i].acceptor,
        .Message = &descs[i],
    };
}

static SECURITY_STATUS run(bool together, bool making)
{
    SECURITY_STATUS all = SEC_E_OK;
    if (together)
        return making ? SspiMakeSignatures(requests, PAIRS) : SspiVerifySignatures(requests, PAIRS);
    for (size_t i = 0; i < PAIRS; i++) {
        requests[i].Status = making ? MakeSignature(requests[i].Context, 0, &descs[i], 0)
                                    : VerifySignature(requests[i].Context, &descs[i], 0, NULL);
        all = all == SEC_E_OK ? requests[i].Status : all;
    }
    return all;
}

/* Made, one of them altered and refused, put right, and accepted. */
static bool exchange(size_t round, bool together)
{
    for (size_t i = 0; i < PAIRS; i++)
        prepare(i, round, true);
    bool right = run(together, true) == SEC_E_OK;
    for (size_t i = 0; i < PAIRS; i++)
        ct_publish(tokens[i], buffers[i][2].cbBuffer);
    for (size_t i = 0; i < PAIRS; i++)
        prepare(i, round, false);
    tokens[5][buffers[5][2].cbBuffer / 2] ^= 1;
    run(together, false);
    for (size_t i = 0; i < PAIRS; i++)
        right &= (requests[i].Status == SEC_E_OK) == (i != 5);
    tokens[5][buffers[5][2].cbBuffer / 2] ^= 1;
    SECURITY_STATUS status = VerifySignature(&pairs[5].acceptor, &descs[5], 0, NULL);
    return right && status == SEC_E_OK;
}

static void exchanges(const char *name)
{
    static const char *const how[] = {"one by one", "together"};
    char title[96];
    for (int together = 0; together < 2; together++) {
        ct_begin();
        bool right = true;
        for (size_t round = 0; round < ROUNDS; round++)
            right &= exchange(round, together);
        snprintf(title, sizeof title, "%s, public functions, %s", name, how[together]);
        ct_end(right, title);
    }
}

void ct_api(void)
{
    static const struct {
        const char *name;
        unsigned etype;
        bool old;
    } kinds[] = {
        {"ntlm", 0, false},
        {"aes128-sha1", 17, false},
        {"aes256-sha1", 18, false},
        {"aes128-sha256", 19, false},
        {"aes256-sha384", 20, false},
        {"aes256-sha1, initiator's key", 18, true},
        {"aes256-sha384, initiator's key", 20, true},
    };
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        bool made = true;
        if (kinds[k].old && kinds[k].etype == 18 && !ct_has_aes)
            continue;
        for (size_t i = 0; i < PAIRS; i++)
            made &= kinds[k].etype == 0 ? make_ntlm(&pairs[i])
                                        : make_kerberos(&pairs[i], kinds[k].etype, kinds[k].old);
        if (made) {
            exchanges(kinds[k].name);
        } else {
            ct_begin();
            ct_end(false, kinds[k].name);
        }
        for (size_t i = 0; i < PAIRS; i++)
            pair_delete(&pairs[i]);
    }
}
