#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""impacket_peer: impacket as an NTLM client, a line in, a line out, for test_impacket.

  negotiate FLAGS-TO-DROP           -> base64 NEGOTIATE
  challenge BASE64 DOMAIN USER PASS -> base64 AUTHENTICATE, session key in hex (PASS: the rest of the line)
  sign HEX / verify HEX SIGNATURE   -> signature in hex / yes or no; each direction counts for itself
  seal HEX / unseal HEX SIGNATURE   -> data and signature in hex / data in hex or no
"""
import base64
import sys

from Cryptodome.Cipher import ARC4
from impacket import ntlm


class Side:
    """One direction's keys, stream and number."""

    def __init__(self, flags, key, mode):
        self.flags = flags
        self.signing = ntlm.SIGNKEY(flags, key, mode)
        self.sealing = ntlm.SEALKEY(flags, key, mode)
        self.handle = ARC4.new(self.sealing).encrypt
        self.number = 0

    def sign(self, message):
        signature = ntlm.SIGN(self.flags, self.signing, message, self.number, self.handle).getData()
        self.number += 1
        return signature

    def seal(self, message):
        sealed, signature = ntlm.SEAL(self.flags, self.signing, self.sealing, message, message, self.number,
                                      self.handle)
        self.number += 1
        return sealed, signature.getData()

    def unseal(self, sealed, signature):
        plain = self.handle(sealed)
        return plain if self.sign(plain) == signature else None


class Client:
    def __init__(self):
        self.type1 = self.send = self.receive = None

    def negotiate(self, drop):
        self.type1 = ntlm.getNTLMSSPType1("WORKSTATION", "", signingRequired=True, use_ntlmv2=True)
        self.type1["flags"] &= ~int(drop, 16)
        return base64.b64encode(self.type1.getData()).decode()

    def challenge(self, token, domain, user, password):
        type3, key = ntlm.getNTLMSSPType3(self.type1, base64.b64decode(token), user, password, domain,
                                          use_ntlmv2=True)
        if isinstance(key, str):
            key = key.encode("latin-1")
        self.send = Side(type3["flags"], key, "Client")
        self.receive = Side(type3["flags"], key, "Server")
        return base64.b64encode(type3.getData()).decode() + " " + key.hex()

    def sign(self, message):
        return self.send.sign(bytes.fromhex(message)).hex()

    def verify(self, message, signature):
        return "yes" if self.receive.sign(bytes.fromhex(message)) == bytes.fromhex(signature) else "no"

    def seal(self, message):
        sealed, signature = self.send.seal(bytes.fromhex(message))
        return sealed.hex() + " " + signature.hex()

    def unseal(self, sealed, signature):
        plain = self.receive.unseal(bytes.fromhex(sealed), bytes.fromhex(signature))
        return "no" if plain is None else plain.hex()


def main():
    client = Client()
    arguments = {"challenge": 4}
    for line in sys.stdin:
        command, _, rest = line.rstrip("\n").partition(" ")
        print(getattr(client, command)(*rest.split(" ", arguments.get(command, 2) - 1)), flush=True)


if __name__ == "__main__":
    main()
