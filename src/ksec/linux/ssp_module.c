/* SPDX-License-Identifier: MIT */
#include <linux/bug.h>
#include <linux/init.h>
#include <linux/key-type.h>
#include <linux/module.h>

#include "crypto/linux.h"
#include "ksec/ksec.h"
#include "ksec/linux/ssp_ksec.h"
#include "packages/kerberos/kerberos_kernel.h"

module_param_named(allow_rc4, kerberos_allow_rc4, bool, 0444);
MODULE_PARM_DESC(allow_rc4, "take Kerberos contexts with RC4 keys (default: no)");

static int __init ssp_ksec_init(void)
{
    int error = crypto_linux_init();
    if (error)
        return error;
    if (ksec_start() != SEC_E_OK)
        error = -ENOMEM;
    if (!error)
        error = register_key_type(&key_type_ssp_context);
    if (error) {
        ksec_stop();
        crypto_linux_exit();
    }
    return error;
}

/* Every key holds the module: none is left, and with the keys went their contexts. */
static void __exit ssp_ksec_exit(void)
{
    unregister_key_type(&key_type_ssp_context);
    WARN_ON(!ksec_stop());
    crypto_linux_exit();
}

module_init(ssp_ksec_init);
module_exit(ssp_ksec_exit);
MODULE_DESCRIPTION("Security contexts (SSPI) as keys: NTLM and Kerberos message signatures");
MODULE_AUTHOR("OpenSSPI");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_SOFTDEP("pre: md5 sha1 sha256 sha512");
