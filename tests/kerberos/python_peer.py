#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""python-gssapi behind lines: a word and base64 arguments in, "ok" and base64 results (or "done") out."""
import base64
import sys

import gssapi

FLAGS = (gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.confidentiality |
         gssapi.RequirementFlag.integrity | gssapi.RequirementFlag.out_of_sequence_detection |
         gssapi.RequirementFlag.replay_detection)


class Peer:
    def __init__(self):
        self.context = None

    def initiate(self, target):
        name = gssapi.Name(target.decode(), gssapi.NameType.kerberos_principal)
        self.context = gssapi.SecurityContext(name=name, usage='initiate', flags=FLAGS)
        return []

    def accept(self):
        self.context = gssapi.SecurityContext(creds=gssapi.Credentials(usage='accept'), usage='accept')
        return []

    def step(self, token):
        out = self.context.step(token or None)
        return [b'done' if self.context.complete else b'more', out or b'']

    def names(self):
        return [str(self.context.initiator_name).encode(), str(self.context.target_name).encode()]

    def sign(self, message):
        return [self.context.get_signature(message)]

    def verify(self, message, signature):
        self.context.verify_signature(message, signature)
        return []

    def wrap(self, message):
        return [self.context.wrap(message, True).message]

    def unwrap(self, token):
        result = self.context.unwrap(token)
        return [b'sealed' if result.encrypted else b'plain', result.message]


def main():
    peer = Peer()
    for line in sys.stdin:
        word, *arguments = line.split()
        results = getattr(peer, word)(*(base64.b64decode(a[1:]) for a in arguments))
        print(' '.join(['ok'] + ['=' + base64.b64encode(r).decode() for r in results]), flush=True)


main()
