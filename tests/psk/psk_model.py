#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""psk computed again from src/packages/psk/psk_handshake.h and psk_protect.h, on python3-cryptography.

psk_model.py PROGRAM runs print_vectors and speaks TAP: one result per handshake, and one for its messages.
"""
import hashlib
import struct
import subprocess
import sys

from cryptography.hazmat.primitives import cmac, hashes, hmac
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

SIZES = [0, 1, 15, 16, 17, 64, 255]
ALL = 15


def fill(size, seed):
    return bytes((seed + 7 * i) & 255 for i in range(size))


def mac(key, data, algorithm=hashes.SHA256):
    h = hmac.HMAC(key, algorithm())
    h.update(data)
    return h.finalize()


def expand(prk, info, size):
    return HKDFExpand(algorithm=hashes.SHA256(), length=size, info=info).derive(prk)


def extract(salt, secret):
    return mac(salt, secret)


class Direction:
    def __init__(self, secret, sender, datagram, counter):
        self.secret, self.sender, self.datagram, self.counter = secret, sender, datagram, counter

    def key(self, name, size):
        return expand(self.secret, b'OpenSSPI psk ' + name, size)

    def head(self, kind, algorithm, number):
        head = struct.pack('<BBBBIQ', 1, kind, algorithm, self.sender, number if self.datagram else 0, self.counter)
        nonce = struct.pack('<IQ', self.sender, self.counter)
        self.counter += 1
        return head, nonce

    def sign(self, algorithm, number, data):
        head, nonce = self.head(1, algorithm, number)
        if algorithm == 0:
            code = mac(self.key(b'HMAC-SHA-256', 32), head + data)
        elif algorithm == 1:
            code = mac(self.key(b'HMAC-SHA-512', 64), head + data, hashes.SHA512)[:32]
        elif algorithm == 2:
            code = AESGCM(self.key(b'AES-256-GCM', 32)).encrypt(nonce, b'', head + data)
        else:
            c = cmac.CMAC(algorithms.AES(self.key(b'AES-128-CMAC', 16)))
            c.update(head + data)
            code = c.finalize()
        return head + code.ljust(32, b'\0'), data

    def seal(self, number, parts):
        head, nonce = self.head(2, 0, number)
        # Runs: readable, sealed, readable, ...
        runs = []
        for data, sealed in parts:
            if not data:
                continue
            if not runs and sealed:
                runs.append([False, 0])
            if not runs or runs[-1][0] != sealed:
                runs.append([sealed, 0])
            runs[-1][1] += len(data)
        layout = b''.join(struct.pack('<Q', length) for _, length in runs) + struct.pack('<Q', len(runs))
        clear = head + b''.join(data for data, sealed in parts if not sealed) + layout
        plain = b''.join(data for data, sealed in parts if sealed)
        out = AESGCM(self.key(b'AES-256-GCM', 32)).encrypt(nonce, plain, clear)
        text, result, at = out[:-16], b'', 0
        for data, sealed in parts:
            result += text[at:at + len(data)] if sealed else data
            at += len(data) if sealed else 0
        return head + out[-16:].ljust(32, b'\0'), result


def handshake(key_size, flags, offered, taken, a, b):
    """The lines for one handshake and, apart from them, those for its messages."""
    key, random_a, random_b = fill(64, 3)[:key_size], fill(32, 0x20), fill(32, 0x40)
    bindings = fill(32, 0x60 if flags else 0)
    prk0 = extract(b'OpenSSPI psk 1', key)
    ak, kdk = expand(prk0, b'authentication', 32), expand(prk0, b'derivation', 32)
    agreed = offered & taken

    def head(number, algs):
        return b'PSK1' + struct.pack('<BBH', number, flags, algs)

    hello = head(1, offered) + random_a + struct.pack('<H', len(a)) + a
    reply = head(2, agreed) + random_b + struct.pack('<H', len(b)) + b
    reply += mac(ak, hello + reply)
    final = head(3, agreed) + bindings
    final += mac(ak, hello + reply + final)
    digest = hashlib.sha256(hello + reply).digest()
    # HKDF whole, so that extraction is not this file's own HMAC only.
    info = {name: name + digest for name in (b'session key', b'initiator', b'acceptor')}
    keys = {name: HKDF(algorithm=hashes.SHA256(), length=32, salt=random_a + random_b, info=i).derive(kdk)
            for name, i in info.items()}
    lines = ['handshake agreed', 'hello ' + hello.hex(), 'reply ' + reply.hex(), 'final ' + final.hex(),
             'session ' + keys[b'session key'].hex()]

    initiator = Direction(keys[b'initiator'], 0, flags & 1, 0)
    acceptor = Direction(keys[b'acceptor'], 1, flags & 1, 0xfffffff0)
    messages = []
    for i, size in enumerate(SIZES):
        side = acceptor if i % 2 else initiator
        data = fill(size, size)
        for algorithm in range(4):
            token, text = side.sign(algorithm, 0x1000 * i + algorithm, data)
            messages += ['sign ' + token.hex(), 'text ' + text.hex()]
        q, t, h = size // 4, size // 3, size // 2
        if side.counter < 1 << 32:
            token, text = side.seal(9 + i, [(data[:q], True), (data[q:t], False), (data[t:h], False),
                                            (data[h:], True)])
            messages += ['seal ' + token.hex(), 'text ' + text.hex()]
    return lines, messages


def main():
    run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, timeout=60, check=False)
    got = run.stdout.decode('ascii').splitlines()
    results = [(run.returncode == 0, f'exit status {run.returncode}')]
    at = 0
    for case in [(16, 0, ALL, ALL, b'alice', b'server.example'), (32, 1, ALL, 5, 'Jürgen'.encode(), b'b'),
                 (64, 0, 1, ALL, b'a', '€'.encode())]:
        for part, want in zip(('handshake', 'messages'), handshake(*case)):
            have = got[at:at + len(want)]
            at += len(want)
            for g, w in zip(have, want):
                if g != w:
                    print(f'# got  {g}\n# want {w}')
                    break
            results.append((have == want, f'{part} of {case[4].decode()}: {len(want)} lines'))
    results.append((at == len(got), 'no line is left over'))
    print(f'1..{len(results)}')
    for number, (ok, name) in enumerate(results, 1):
        print(f'{"ok" if ok else "not ok"} {number} - {name}')
    return 0


sys.exit(main())
