#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""NTLM message protection recomputed from [MS-NLMP] 3.4, sharing no code with the library.

ntlm_model.py PROGRAM [ARGUMENT...] runs the program, which prints the lines of vectors.c, and speaks TAP: one result
per published vector, one per line of the transcript that differs, one for the transcript as a whole.
"""
import hashlib
import hmac
import subprocess
import sys
import zlib

SIGN, SEAL, DATAGRAM, ESS, BITS128, KEY_EXCH, BITS56 = (
    0x10, 0x20, 0x40, 0x80000, 0x20000000, 0x40000000, 0x80000000)
BASE = 0x1 | 0x200 | 0x8000
SIZES = [0, 1, 18, 55, 56, 64, 119, 200]
NUMBERS = [1, 2, 0x100, 7, 3, 0, 1024, 0xffffffff]


def md5(data):
    return hashlib.md5(data).digest()


def rc4(key):
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    while True:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        yield state[(state[i] + state[j]) % 256]


def crypt(stream, data):
    return bytes(b ^ next(stream) for b in data)


def seal_key(flags, key, who):
    if flags & ESS:
        key = key if flags & BITS128 else key[:7] if flags & BITS56 else key[:5]
        return md5(key + b'session key to ' + who + b' sealing key magic constant\0')
    if flags & DATAGRAM:
        return key[:7] + b'\xa0' if flags & BITS56 else key[:5] + b'\xe5\x38\xb0'
    return key


class Direction:
    def __init__(self, flags, key, who):
        self.flags, self.number = flags, 0
        self.sign_key = md5(key + b'session key to ' + who + b' signing key magic constant\0')
        self.seal_key = seal_key(flags, key, who)
        self.stream = rc4(self.seal_key)

    def protect(self, parts, number, sealing):
        if self.flags & DATAGRAM:
            self.stream = rc4(md5(self.seal_key + number.to_bytes(4, 'little')))
        else:
            number = self.number
            self.number += 1
        plain = b''.join(parts)
        seq = number.to_bytes(4, 'little')
        if sealing:
            parts = [crypt(self.stream, parts[0]), parts[1], crypt(self.stream, parts[2])]
        if self.flags & ESS:
            mac = hmac.new(self.sign_key, seq + plain, 'md5').digest()[:8]
            if self.flags & KEY_EXCH:
                mac = crypt(self.stream, mac)
            return b''.join(parts), b'\1\0\0\0' + mac + seq
        crypt(self.stream, bytes(4))
        checksum = crypt(self.stream, zlib.crc32(plain).to_bytes(4, 'little'))
        masked = bytes(a ^ b for a, b in zip(crypt(self.stream, bytes(4)), seq))
        return b''.join(parts), b'\1\0\0\0' + bytes(4) + checksum + masked


def transcript():
    strengths = [BITS128 | BITS56, BITS128, BITS56, 0]
    for i in range(64):
        flags = BASE | strengths[i % 4] | (ESS if i & 4 else 0) | (KEY_EXCH if i & 8 else 0)
        flags |= (DATAGRAM if i & 16 else 0) | (SIGN | SEAL if i & 32 else SIGN)
        key = bytes((k * 11 + (flags >> 24) + (flags >> 16) + flags) % 256 for k in range(16))
        from_initiator = Direction(flags, key, b'client-to-server')
        from_acceptor = Direction(flags, key, b'server-to-client')
        if not flags & (ESS | DATAGRAM):
            from_acceptor = from_initiator
        for step, size in enumerate(SIZES):
            plain = bytes((k * k + step) % 256 for k in range(size))
            parts = [plain[:size // 3], plain[size // 3:size // 2], plain[size // 2:]]
            sealing = step % 3 == 2
            data, token = [from_initiator, from_acceptor][step % 2].protect(parts, NUMBERS[step], sealing)
            how = 'seal' if sealing else 'sign'
            yield f't {flags:08x} {step:08x} {how} {token.hex()} {data.hex()}'


def main():
    run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, timeout=120, check=False)
    lines = run.stdout.decode('ascii').splitlines()
    results = [(run.returncode == 0, f'exit status {run.returncode}')]
    got = [line for line in lines if line.startswith('t ')]
    for line in lines:
        if not line.startswith('t '):
            word, name = line.split(' ', 1)
            results.append((word == 'ok', name))
    want = list(transcript())
    results.append((len(results) > 40, 'the published vectors were run'))
    differing = [(g, w) for g, w in zip(got, want) if g != w]
    for g, w in differing[:5]:
        print(f'# got  {g}\n# want {w}')
    results.append((not differing and len(got) == len(want) == 512,
                    f'transcript: {len(got)} messages, {len(differing)} differ'))
    print(f'1..{len(results)}')
    for number, (ok, name) in enumerate(results, 1):
        print(f'{"ok" if ok else "not ok"} {number} - {name}')
    return 0


sys.exit(main())
