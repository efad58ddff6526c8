#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""broken.py COMMAND FOLDER all|named|trips: what the kit finds in sound.so and in each broken_DEFECT.so of FOLDER.

all    the whole kit for each: sound.so passes, each other one fails the points that stand beside it and no further one
named  the whole kit for sound.so; for the others the points beside it alone, which is quick
trips  a package that crashes, and one that never returns, in each function in turn: the kit goes on and names the function

TAP on standard output. COMMAND is `sspi`."""
import concurrent.futures
import json
import os
import subprocess
import sys

# defect: the points that fail
BROKEN = {
    'half_the_mac': {'verify.tamper.token'},
    'any_mac': {'verify.forged'},
    'inverted': {'verify.basic'},
    'other_status': {'verify.status'},
    'rejected_counts': {'state.tampered'},
    'rejected_make_counts': {'state.make'},
    'only_the_first': {'buffers.several'},
    'only_the_last': {'buffers.several'},
    'data_attributes': {'buffers.data-attributes'},
    'token_attributes': {'buffers.token-attributes'},
    'token_without_room': {'make.token.short'},
    'token_over_read': {'verify.token.short'},
    'no_descriptor': {'desc.null'},
    'overlap_unseen': {'buffers.overlap'},
    'replays': {'sequence.replay'},
    'gaps': {'sequence.gap'},
    'one_key': {'sequence.reflection'},
    'same_keys_always': {'sequence.stranger'},
    'stale_handles': {'handle.stale'},
    'deletes_twice': {'handle.twice'},
    'handles_are_pointers': {'handle.forged'},
    'size_too_small': {'sizes.signature'},
    'size_too_large': {'sizes.signature'},
    'trailer_too_small': {'sizes.trailer'},
    'shifted_by_64': {'datagram.window'},
    'sign_extended': {'datagram.large'},
    'window_first': {'datagram.forged'},
    'qop_ignored': {'make.qop'},
    'qop_on_failure': {'verify.qop.failure'},
    'length_unset': {'make.basic'},
    'leaks_contexts': {'leak.context'},
    'leaks_credentials': {'leak.credential'},
    'crashes': {'seal.empty'},
    'hangs': {'make.large'},
    'allocates': {'make.quiet'},
    'not_for_threads': {'threads.make'},
    'packed_over_read': {'packed.truncated'},
    'plaintext_left': {'unseal.failure'},
    'handshake_without_room': {'context.token-room'},
    'handshake_over_read': {'context.truncated'},
    'handshake_unchecked': {'context.altered'},
    'any_password': {'context.password'},
    'half_a_pair': {'table.privacy'},
    'knows_everything': {'query.unknown'},
}

# What sound.c accepts.
ACCOUNT, PASSWORD = ['--user', 'somebody', '--password-stdin'], b'correct\n'

# The watchdog's seconds: one has to wait for it.
TIMEOUTS = {'hangs': '3'}

# What may fail beside, depending on which thread comes first.
BESIDE = {
    'gaps': {'threads.make'},
}

# Functions of the package, by the names of the tables' members.
FUNCTIONS = '''SpLsaModeInitialize SpUserModeInitialize Initialize Shutdown GetInfo AcquireCredentialsHandle
    FreeCredentialsHandle InitLsaModeContext AcceptLsaModeContext DeleteContext InstanceInit InitUserModeContext
    DeleteUserModeContext ExportContext ImportContext MakeSignature VerifySignature SealMessage UnsealMessage
    QueryContextAttributes'''.split()

# How the kit speaks of them, where it is otherwise.
SPOKEN = {'ExportContext': 'SpExportSecurityContext', 'ImportContext': 'SpImportSecurityContext'}

# Where they are called first; the others with context.establish.
HANGS = {
    'Shutdown': 'load.shutdown',
    'FreeCredentialsHandle': 'credentials.free',
    'DeleteContext': 'context.delete',
    'DeleteUserModeContext': 'context.delete',
    'ExportContext': 'export.import',
    'ImportContext': 'export.import',
    'MakeSignature': 'make.basic',
    'VerifySignature': 'verify.basic',
    'SealMessage': 'seal.basic',
    'UnsealMessage': 'seal.basic',
    'QueryContextAttributes': 'sizes.query',
}


def check(command, folder, module, *options, environment=None):
    """(exit code, the report)"""
    path = os.path.realpath(os.path.join(folder, module + '.so'))
    said = subprocess.run([command, 'check', '--json', *ACCOUNT, *options, path], input=PASSWORD, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
                          env={**os.environ, **(environment or {})}, timeout=300)
    return said.returncode, json.loads(said.stdout)


def failed(report):
    return {p['id'] for p in report['points'] if p['outcome'] == 'failed'}


def judge_sound(command, folder):
    code, report = check(command, folder, 'sound')
    odd = [f"{p['id']} {p['outcome']}: {p}" for p in report['points'] if p['outcome'] != 'passed']
    return 'sound.so passes every point', [f'exit code {code}'] * (code != 0) + odd


def judge_broken(command, folder, defect, named):
    wanted = BROKEN[defect]
    found = set()
    for point in sorted(wanted) if named else [None]:
        options = ['--point', point] if point else []
        code, report = check(command, folder, 'broken_' + defect, '--timeout', TIMEOUTS.get(defect, '10'), *options)
        found |= failed(report)
    faults = [f'exit code {code}'] * (code != 1)
    faults += [f'{p} let it through' for p in sorted(wanted - found)]
    faults += [f"{p['id']} failed, too: expected {p.get('expected')}; seen {p.get('seen')}" for p in report['points']
               if p['id'] in found - wanted - BESIDE.get(defect, set())]
    return f"{defect}: {', '.join(sorted(wanted))}", faults


def judge_trip(command, folder, how, function):
    # A hang takes its second at each point that gets there: one of them says enough.
    options = ['--timeout', '1', '--point', HANGS.get(function, 'context.establish')] if how == 'hang' else []
    code, report = check(command, folder, 'broken_trips', *options, environment={'TRIP': f'{how} {function}'})
    seen = [p['seen'] for p in report['points'] if p['outcome'] == 'failed'] + [report.get('error', '')]
    faults = [f'exit code {code}'] * (code not in (1, 2))
    faults += [f'nothing names {function}: {seen}'] * (not any(SPOKEN.get(function, function) in s for s in seen))
    faults += ['no point failed'] * (code == 1 and not failed(report))
    return f'{how} in {function}: the kit goes on and says so', faults


def main():
    command, folder, mode = sys.argv[1:]
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        if mode == 'trips':
            jobs = [pool.submit(judge_trip, command, folder, how, f) for f in FUNCTIONS for how in ('crash', 'hang')]
        else:
            jobs = [pool.submit(judge_sound, command, folder)]
            jobs += [pool.submit(judge_broken, command, folder, d, mode == 'named') for d in BROKEN]
        print(f'1..{len(jobs)}')
        for number, job in enumerate(jobs, 1):
            try:
                title, faults = job.result()
            except Exception as e:  # pylint: disable=broad-except
                title, faults = 'no report', [repr(e)]
            print(f"{'not ' * bool(faults)}ok {number} - {title}")
            for fault in faults:
                print(f'#   {fault}')
            sys.stdout.flush()


main()
