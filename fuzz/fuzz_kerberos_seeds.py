#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""fuzz_kerberos_seeds.py CORPUS: conversations for fuzz_kerberos_dialogue, whose comment has their form."""
import pathlib
import struct
import sys

MUTUAL, DCE, SEAL, NUMBERS, ERRORS, BOUND = (1 << n for n in range(2, 8))
TIME, MICROSECONDS = b'20260101000000Z', 500000


def der(tag, *parts):
    body = b''.join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    return bytes([tag, 0x82]) + struct.pack('>H', len(body)) + body


def number(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, 'big'))


def key(etype, size):
    return der(0x30, der(0xa0, number(etype)), der(0xa1, der(4, bytes(range(size)))))


def sequence(members):
    return der(0x30, *(der(0xa0 + n, value) for n, value in members if value))


# RFC 4120 section 5.5.2
def reply(subkey=b'', first=b''):
    return der(0x7b, sequence([(0, der(0x18, TIME)), (1, number(MICROSECONDS)), (2, subkey), (3, first)]))


# RFC 4121 section 4.1.1: bindings, flags, and what is delegated
def checksum(flags, delegated=None, bindings=bytes(16)):
    body = struct.pack('<I', 16) + bindings + struct.pack('<I', flags)
    if delegated is not None:
        body += struct.pack('<HH', 1, len(delegated)) + delegated
    return sequence([(0, number(0x8003)), (1, der(4, body))])


# section 5.5.1
def authenticator(check, subkey=b'', first=b'', data=b''):
    name = sequence([(0, number(1)), (1, der(0x30, der(0x1b, b'alice')))])
    return der(0x62, sequence([(0, number(5)), (1, der(0x1b, b'R')), (2, name), (3, check),
                               (4, number(MICROSECONDS)), (5, der(0x18, TIME)), (6, subkey), (7, first), (8, data)]))


# sections 5.3 and 5.8.1; nothing is encrypted: MIT takes encryption type 0
def credential(service, etype, **changes):
    def text(*parts):
        return sequence([(0, number(1)), (1, der(0x30, *(der(0x1b, part) for part in parts)))])
    realm, none = der(0x1b, b'R'), sequence([(0, number(17)), (1, number(1)), (2, der(4, bytes(60)))])
    ticket = der(0x61, sequence([(0, number(5)), (1, realm), (2, text(*service)), (3, none)]))
    information = sequence([
        (0, changes.get('key', key(etype, 32))), (1, realm), (2, text(b'alice')), (3, der(3, b'\0\x40\x41\0\0')),
        (4, der(0x18, TIME)), (5, der(0x18, TIME)), (6, der(0x18, changes.get('end', b'20400101000000Z'))),
        (8, realm), (9, text(*service))])
    inside = der(0x7d, sequence([(0, der(0x30, *[information] * changes.get('count', 1))), (2, der(0x18, TIME)),
                                 (3, number(MICROSECONDS))]))
    plain = sequence([(0, number(0)), (2, der(4, inside))])
    return der(0x76, sequence([(0, number(5)), (1, number(22)), (2, der(0x30, ticket)), (3, plain)]))


# section 5.9.1, in GSSAPI's framing
def error(code, text=b''):
    name = sequence([(0, number(1)), (1, der(0x30, der(0x1b, b't17'), der(0x1b, b's')))])
    body = der(0x7e, sequence([(0, number(5)), (1, number(30)), (4, der(0x18, TIME)), (5, number(0)),
                               (6, number(code)), (9, der(0x1b, b'R')), (10, name), (11, text and der(0x1b, text))]))
    return der(0x60, bytes.fromhex('06092a864886f712010202'), b'\3\0', body)


def go(side):
    return bytes([0, side])


def given(side, data, inside=False):
    return bytes([7 if inside else 2, side]) + struct.pack('<H', len(data)) + data


def changed(kind, side, at, bit=1):
    return bytes([kind, side]) + struct.pack('<H', at) + (b'' if kind == 3 else bytes([bit]))


TALK, AGAIN, CLIENT = b'\4\0', b'\5\0\5\1', b'\10\1'
SEEDS = {}
for etype in range(4):
    for name, flags, legs in (('one-way', 0, 2), ('mutual', MUTUAL, 3), ('dce', DCE | SEAL, 4)):
        SEEDS[f'genuine-{name}-{17 + etype}'] = (
            bytes([etype | flags | NUMBERS]) + b''.join(go(leg & 1) for leg in range(legs)) + TALK)
SEEDS['twice'] = bytes([MUTUAL | SEAL]) + 2 * (go(0) + go(1) + go(0) + TALK + AGAIN)
SEEDS['bound'] = bytes([MUTUAL | BOUND]) + go(0) + go(1) + go(0) + TALK
for at in (20, 60, 200, 400):
    SEEDS[f'request-flip-{at}'] = bytes([MUTUAL | ERRORS]) + go(0) + changed(1, 1, at) + go(0)
    SEEDS[f'request-cut-{at}'] = bytes([MUTUAL]) + go(0) + changed(3, 1, at)
    SEEDS[f'reply-flip-{at}'] = bytes([MUTUAL]) + go(0) + go(1) + changed(1, 0, at // 4) + TALK
    SEEDS[f'request-inside-{at}'] = bytes([MUTUAL]) + go(0) + changed(6, 1, at // 3, 2) + go(0) + TALK
    SEEDS[f'reply-inside-{at}'] = bytes([MUTUAL]) + go(0) + go(1) + changed(6, 0, at // 8, 2) + TALK
    SEEDS[f'third-inside-{at}'] = bytes([DCE]) + go(0) + go(1) + go(0) + changed(6, 1, at // 8, 2) + TALK
for name, plain in {
        'bare': reply(), 'first': reply(first=number(7)), 'negative': reply(first=der(2, b'\xff')),
        'large': reply(first=number(0xffffffff)), 'larger': reply(first=number(1 << 40)),
        'rc4': reply(key(23, 16), number(1)), 'sha1': reply(key(18, 32), number(1)),
        'short': reply(key(18, 16), number(1)), 'none': reply(key(18, 0), number(1)),
        'des3': reply(key(16, 24), number(1)), 'unknown': reply(key(99, 32), number(1))}.items():
    SEEDS[f'reply-{name}'] = bytes([1 | MUTUAL | SEAL]) + go(0) + go(1) + given(0, plain, True) + TALK
    SEEDS[f'third-{name}'] = bytes([1 | DCE]) + go(0) + go(1) + go(0) + given(1, plain, True) + TALK
for name, plain in {
        'bare': authenticator(checksum(0)), 'all': authenticator(checksum(0x103f), key(17, 16), number(1)),
        'delegated': authenticator(checksum(0x33, b'v' + bytes(40)), key(17, 16)),
        'delegated-none': authenticator(checksum(0x33, b'')), 'delegated-cut': authenticator(checksum(0x33)),
        'rc4': authenticator(checksum(0x32), key(23, 16), number(9)),
        'unknown': authenticator(checksum(0x32), key(99, 5)),
        'no-checksum': authenticator(b''),
        'plain-checksum': authenticator(sequence([(0, number(15)), (1, der(4, bytes(12)))])),
        'bound': authenticator(checksum(0x32, bindings=bytes(range(16)))),
        # AD-IF-RELEVANT with what MIT and Microsoft put there: encryption types, channel bindings
        'data': authenticator(checksum(0x32), data=der(0x30, sequence([
            (0, number(1)), (1, der(4, der(0x30, sequence([
                (0, number(129)), (1, der(4, der(0x30, number(18), number(17))))]), sequence([
                    (0, number(143)), (1, der(4, b'\0\x40\0\0'))]))))])))}.items():
    SEEDS[f'request-{name}'] = bytes([MUTUAL | SEAL]) + go(0) + given(1, plain, True) + go(0) + TALK
for name, given_up in {
        'service': credential((b't18', b's'), 18), 'realm': credential((b'krbtgt', b'R'), 18),
        'past': credential((b't18', b's'), 18, end=b'20251231000000Z'), 'now': credential((b't18', b's'), 18, end=TIME), 'two': credential((b't18', b's'), 18, count=2),
        'none': credential((b't18', b's'), 18, count=0),
        'key': credential((b't18', b's'), 18, key=key(99, 3))}.items():
    SEEDS[f'delegated-{name}'] = (bytes([1 | MUTUAL]) + go(0) +
                                  given(1, authenticator(checksum(0x33, given_up)), True) + CLIENT + go(0) + TALK)
SEEDS['delegated-not'] = bytes([MUTUAL]) + go(0) + go(1) + CLIENT + go(0) + TALK
for code in (0, 7, 31, 34, 36, 37, 41, 60, 128):
    SEEDS[f'error-{code}'] = bytes([MUTUAL]) + go(0) + given(0, error(code, b'no' if code & 1 else b''))
SEEDS['error-third'] = bytes([DCE]) + go(0) + go(1) + go(0) + given(1, error(41))
SEEDS['error-first'] = bytes([ERRORS]) + given(1, error(41))


def main():
    folder = pathlib.Path(sys.argv[1], 'kerberos_dialogue')
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in SEEDS.items():
        folder.joinpath(name).write_bytes(data)


main()
