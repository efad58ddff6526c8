/* SPDX-License-Identifier: MIT */
/*
 * protect/krb5 against MIT's GSSAPI: both ends of a context are established there, the keys of one end go
 * into ours, and the two exchange MICs and Wrap tokens: all types of keys, both roles, with and without an
 * acceptor's subkey, DCE style, one piece and scattered. Runs under with-realm.
 */
#include "kit.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

enum { ROUNDS = 5, TOKEN_MAX = 128 };

static gss_OID_desc krb5_mechanism = {9, (void *)(uintptr_t) "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc hostbased = {10, (void *)(uintptr_t) "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04"};
static gss_OID_set_desc mechanisms = {1, &krb5_mechanism};

static void good(OM_uint32 major, OM_uint32 minor, const char *what)
{
    if (!GSS_ERROR(major))
        return;
    OM_uint32 more = 0, ignored;
    gss_buffer_desc text;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, &krb5_mechanism, &more, &text);
    fail_msg("%s: %08x %.*s", what, major, (int)text.length, (char *)text.value);
}

static gss_cred_id_t credential(gss_cred_usage_t usage, krb5_enctype etype)
{
    OM_uint32 minor, major;
    gss_cred_id_t cred;
    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, usage, &cred, NULL, NULL);
    good(major, minor, "gss_acquire_cred");
    major = gss_krb5_set_allowable_enctypes(&minor, cred, 1, &etype);
    good(major, minor, "gss_krb5_set_allowable_enctypes");
    return cred;
}

/* Both ends, in MIT's hands. */
static void establish(krb5_enctype etype, OM_uint32 flags, gss_ctx_id_t *initiator, gss_ctx_id_t *acceptor)
{
    OM_uint32 minor, major_i = GSS_S_CONTINUE_NEEDED, major_a = GSS_S_CONTINUE_NEEDED;
    gss_buffer_desc name_text = {0, (void *)(uintptr_t) "host@peer.example.test"};
    gss_buffer_desc to_a = GSS_C_EMPTY_BUFFER, to_i = GSS_C_EMPTY_BUFFER;
    gss_name_t name;
    name_text.length = strlen(name_text.value);
    OM_uint32 major = gss_import_name(&minor, &name_text, &hostbased, &name);
    good(major, minor, "gss_import_name");
    gss_cred_id_t user = credential(GSS_C_INITIATE, etype), service = credential(GSS_C_ACCEPT, etype);
    *initiator = *acceptor = GSS_C_NO_CONTEXT;
    while (major_i == GSS_S_CONTINUE_NEEDED || major_a == GSS_S_CONTINUE_NEEDED) {
        if (major_i == GSS_S_CONTINUE_NEEDED) {
            major_i = gss_init_sec_context(&minor, user, initiator, name, &krb5_mechanism, flags, 0, NULL,
                                           &to_i, NULL, &to_a, NULL, NULL);
            good(major_i, minor, "gss_init_sec_context");
            gss_release_buffer(&minor, &to_i);
        }
        if (major_a == GSS_S_CONTINUE_NEEDED && to_a.length > 0) {
            major_a = gss_accept_sec_context(&minor, acceptor, service, &to_a, NULL, NULL, NULL, &to_i, NULL,
                                             NULL, NULL);
            good(major_a, minor, "gss_accept_sec_context");
        }
        gss_release_buffer(&minor, &to_a);
    }
    gss_release_name(&minor, &name);
    gss_release_cred(&minor, &user);
    gss_release_cred(&minor, &service);
}

static struct krb5_raw_key raw_key(const gss_krb5_lucid_key_t *key)
{
    struct krb5_raw_key raw = {.etype = (uint16_t)key->type};
    assert_int_equal(key->length, krb5_key_size(key->type));
    memcpy(raw.bytes, key->data, key->length);
    return raw;
}

struct ours {
    struct krb5_protect p;
    struct krb5_seal seal;
};

/* Takes the context over. */
static void take(struct ours *o, gss_ctx_id_t *context, OM_uint32 flags)
{
    OM_uint32 minor;
    void *exported;
    OM_uint32 major = gss_krb5_export_lucid_sec_context(&minor, context, 1, &exported);
    good(major, minor, "gss_krb5_export_lucid_sec_context");
    const gss_krb5_lucid_context_v1_t *lucid = exported;
    struct krb5_start start = {
        .flags = KRB5_F_REPLAY | KRB5_F_SEQUENCE | (lucid->initiate ? KRB5_F_INITIATOR : 0),
        .send_first = lucid->send_seq,
        .receive_first = lucid->recv_seq,
    };
    if (flags & GSS_C_DCE_STYLE)
        start.flags |= KRB5_F_DCE_STYLE;
    if (lucid->protocol == 0) {
        start.key = raw_key(&lucid->rfc1964_kd.ctx_key);
    } else if (lucid->cfx_kd.have_acceptor_subkey) {
        start.flags |= KRB5_F_ACCEPTOR_SUBKEY;
        start.key = raw_key(&lucid->cfx_kd.acceptor_subkey);
        start.initiator = raw_key(&lucid->cfx_kd.ctx_key);
    } else {
        start.key = raw_key(&lucid->cfx_kd.ctx_key);
    }
    assert_true(krb5_protect_init(&o->p, &start));
    krb5_seal_init(&o->seal, &o->p);
    gss_krb5_free_lucid_sec_context(&minor, exported);
}

static void exchange_mics(struct ours *o, gss_ctx_id_t peer)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        OM_uint32 minor, major;
        struct kit_message m;
        uint8_t token[KRB5_MIC_SIZE_MAX];
        kit_message(&m, i * 33, i);
        gss_buffer_desc text = {m.size, m.bytes}, mic = {krb5_mic_size(&o->p), token};
        assert_int_equal(krb5_mic_make(&o->p, &m.m, token), PROTECT_OK);
        major = gss_verify_mic(&minor, peer, &text, &mic, NULL);
        good(major, minor, "gss_verify_mic");
        assert_int_equal(major, GSS_S_COMPLETE);

        major = gss_get_mic(&minor, peer, GSS_C_QOP_DEFAULT, &text, &mic);
        good(major, minor, "gss_get_mic");
        assert_int_equal(mic.length, krb5_mic_size(&o->p));
        assert_int_equal(kit_verify(&o->p, NULL, &m.m, mic.value, mic.length), PROTECT_OK);
        assert_int_equal(kit_verify(&o->p, NULL, &m.m, mic.value, mic.length), PROTECT_OUT_OF_SEQUENCE);
        gss_release_buffer(&minor, &mic);
    }
}

/* gss_wrap's one piece through our stream; token, data and padding in one piece through gss_unwrap. */
static void exchange_streams(struct ours *o, gss_ctx_id_t peer, bool sealed)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        OM_uint32 minor, major;
        struct kit_message m;
        uint8_t all[TOKEN_MAX + KIT_DATA_MAX + 1], padding = 0;
        static const uint8_t confounder[KRB5_CONFOUNDER_SIZE] = "some randomness";
        int conf = -1;
        kit_message(&m, 1 + i * 57, i);
        gss_buffer_desc text = {m.size, m.bytes}, one, opened;

        major = gss_wrap(&minor, peer, sealed, GSS_C_QOP_DEFAULT, &text, &conf, &one);
        good(major, minor, "gss_wrap");
        assert_int_equal(conf, sealed);
        size_t token_size;
        assert_true(krb5_stream_split(&o->p, one.value, one.length, &token_size));
        struct span part = {(uint8_t *)one.value + token_size, one.length - token_size};
        struct message data = {&part, 1, 1};
        struct krb5_token token = {one.value, token_size, NULL};
        struct krb5_unwrapped u;
        assert_int_equal(krb5_unwrap(&o->p, &o->seal, NULL, &data, &token, &u), PROTECT_OK);
        assert_int_equal(krb5_accept(&o->p, u.sequence), PROTECT_OK);
        assert_int_equal(u.sealed, sealed);
        /* MIT puts a confounder in front of RC4's data also where nothing is sealed: our token includes it.
         */
        assert_int_equal(part.size - u.trim, m.size);
        assert_memory_equal(part.data, m.bytes, m.size);
        gss_release_buffer(&minor, &one);

        uint8_t original[KIT_DATA_MAX];
        memcpy(original, m.bytes, m.size);
        bool pad = o->p.key.etype == KRB5_ETYPE_RC4;
        token = (struct krb5_token){all, krb5_wrap_size(&o->p, sealed, &m.m, pad), pad ? &padding : NULL};
        assert_int_equal(krb5_wrap(&o->p, &o->seal, sealed, &m.m, confounder, &token), PROTECT_OK);
        memcpy(all + token.size, m.bytes, m.size);
        all[token.size + m.size] = padding;
        one = (gss_buffer_desc){token.size + m.size + pad, all};
        major = gss_unwrap(&minor, peer, &one, &opened, &conf, NULL);
        good(major, minor, "gss_unwrap");
        assert_int_equal(major, GSS_S_COMPLETE);
        assert_int_equal(conf, sealed);
        assert_int_equal(opened.length, m.size);
        assert_memory_equal(opened.value, original, m.size);
        gss_release_buffer(&minor, &opened);
    }
}

/* As DCE/RPC does it: header, signed only; data; trailer, signed only; the token by itself. */
static void exchange_scattered(struct ours *o, gss_ctx_id_t peer, bool sealed)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        OM_uint32 minor, major;
        struct kit_message m;
        uint8_t token_bytes[TOKEN_MAX], original[KIT_DATA_MAX];
        static const uint8_t confounder[KRB5_CONFOUNDER_SIZE] = "some randomness";
        int conf = -1;
        kit_message(&m, 24 + 16 * i + 8, i);
        memcpy(original, m.bytes, m.size);
        m.parts[0] = (struct span){m.bytes, 24};
        m.parts[1] = (struct span){m.bytes + 24, 16 * i};
        m.parts[2] = (struct span){m.bytes + 24 + 16 * i, 8};
        m.m = (struct message){m.parts, 3, 2};
        gss_iov_buffer_desc iov[] = {
            {GSS_IOV_BUFFER_TYPE_HEADER | GSS_IOV_BUFFER_FLAG_ALLOCATE, GSS_C_EMPTY_BUFFER},
            {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, {24, m.bytes}},
            {GSS_IOV_BUFFER_TYPE_DATA, {16 * i, m.bytes + 24}},
            {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, {8, m.bytes + 24 + 16 * i}},
        };
        major = gss_wrap_iov(&minor, peer, sealed, GSS_C_QOP_DEFAULT, &conf, iov, 4);
        good(major, minor, "gss_wrap_iov");
        assert_int_equal(iov[0].buffer.length, krb5_wrap_size(&o->p, sealed, &m.m, false));
        struct krb5_token token = {iov[0].buffer.value, iov[0].buffer.length, NULL};
        struct krb5_unwrapped u;
        assert_int_equal(krb5_unwrap(&o->p, &o->seal, NULL, &m.m, &token, &u), PROTECT_OK);
        assert_int_equal(krb5_accept(&o->p, u.sequence), PROTECT_OK);
        assert_int_equal(u.sealed, sealed);
        assert_int_equal(u.rotated, 0);
        assert_memory_equal(m.bytes, original, m.size);
        gss_release_iov_buffer(&minor, iov, 1);

        token = (struct krb5_token){token_bytes, krb5_wrap_size(&o->p, sealed, &m.m, false), NULL};
        assert_int_equal(krb5_wrap(&o->p, &o->seal, sealed, &m.m, confounder, &token), PROTECT_OK);
        iov[0] = (gss_iov_buffer_desc){GSS_IOV_BUFFER_TYPE_HEADER, {token.size, token_bytes}};
        major = gss_unwrap_iov(&minor, peer, &conf, NULL, iov, 4);
        good(major, minor, "gss_unwrap_iov");
        assert_int_equal(major, GSS_S_COMPLETE);
        assert_int_equal(conf, sealed);
        assert_memory_equal(m.bytes, original, m.size);
    }
}

static void exchange(uint16_t etype, OM_uint32 flags, bool ours_initiates)
{
    OM_uint32 minor;
    gss_ctx_id_t initiator, acceptor;
    struct ours o;
    establish(etype, flags | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG,
              &initiator, &acceptor);
    take(&o, ours_initiates ? &initiator : &acceptor, flags);
    gss_ctx_id_t peer = ours_initiates ? acceptor : initiator;
    assert_int_equal(o.p.key.etype, etype);
    exchange_mics(&o, peer);
    for (int sealed = 0; sealed < 2; sealed++) {
        if (!(flags & GSS_C_DCE_STYLE))
            exchange_streams(&o, peer, sealed);
        else
            exchange_scattered(&o, peer, sealed);
    }
    exchange_mics(&o, peer);
    gss_delete_sec_context(&minor, &peer, GSS_C_NO_BUFFER);
}

static void all_types(OM_uint32 flags)
{
    for (size_t t = 0; t < KIT_ETYPES; t++) {
        for (int role = 0; role < 2; role++) {
            print_message("# type %d, ours is the %s\n", kit_etypes[t], role ? "initiator" : "acceptor");
            exchange(kit_etypes[t], flags, role);
        }
    }
}

static void test_one_way(void **state)
{
    (void)state;
    all_types(0);
}

static void test_mutual(void **state)
{
    (void)state;
    all_types(GSS_C_MUTUAL_FLAG);
}

static void test_dce_style(void **state)
{
    (void)state;
    all_types(GSS_C_MUTUAL_FLAG | GSS_C_DCE_STYLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_way),
        cmocka_unit_test(test_mutual),
        cmocka_unit_test(test_dce_style),
    };
    return cmocka_run_group_tests_name("krb5 peer", tests, NULL, NULL);
}
