#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""kit.py packages|kerberos|twists|behaviour COMMAND ARGUMENT...: what `sspi check` says, and how.

packages   ARGUMENTs are names of built-in packages and files of modules: each passes every point; those that it need not
           have are listed here by name, so that none goes missing unnoticed
kerberos   the same inside a realm (krb5/with-realm); ARGUMENTs: names or files, as above
twists     ARGUMENTs: twist.so, the module that it stands in front of, and `named` or `all`: a package that is wrong at one
           point fails that one (named), and no other (all)
behaviour  ARGUMENT: the folder with the toys of tests/modules. Reports, exit codes, modules that cannot be loaded

TAP on standard output."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

DATAGRAM = {'datagram.' + p for p in ('establish', 'number', 'mismatch', 'replay', 'window', 'large', 'forged', 'unnumbered')}
# Package: the points that it does not offer, built in and as a module.
NOT_OFFERED = {
    'ntlm': (set(), {'host.unload'}),
    'psk': ({'context.password'}, {'context.password', 'host.unload'}),
    'negotiate': (DATAGRAM | {'handle.unmapped'}, DATAGRAM | {'handle.unmapped', 'host.unload'}),
    'kerberos': (DATAGRAM | {'context.password', 'context.unfinished', 'context.failed'},
                 DATAGRAM | {'context.password', 'context.unfinished', 'context.failed', 'host.unload'}),
}

results = []


def ok(title, good, *details):
    results.append(bool(good))
    print(f"{'' if good else 'not '}ok {len(results)} - {title}")
    if not good:
        for detail in details:
            for line in str(detail).splitlines()[:60]:
                print('#   ' + line)
    sys.stdout.flush()


def run(*arguments, stdin='', environment=None):
    return subprocess.run(arguments, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          env={**os.environ, **(environment or {})}, timeout=100)


def report(said):
    try:
        return json.loads(said.stdout)
    except ValueError:
        return {'points': [], 'broken': said.stdout[-500:] + said.stderr[-500:]}


def ids(found, outcome):
    return {p['id'] for p in found['points'] if p['outcome'] == outcome}


def all_points(command):
    return [p['id'] for p in json.loads(run(command, 'check', '--list', '--json').stdout)]


def safe_copy(folder, path):
    """A module is loaded only from where nobody else may write."""
    there = os.path.join(folder, os.path.basename(path))
    shutil.copyfile(path, there)
    os.chmod(there, 0o700)
    return there


HOST = {'host.load', 'host.message', 'host.unload'}


def check_package(command, folder, what, *options):
    module = what.endswith('.so')
    name = os.path.basename(what)[:-3] if module else what.lower()
    said = run(command, 'check', '--json', *options, safe_copy(folder, what) if module else what)
    found = report(said)
    bad = [p for p in found['points'] if p['outcome'] in ('failed', 'not-reached')]
    ok(f'{what}: no point fails', said.returncode == 0 and not bad and found['points'],
       f'exit code {said.returncode}', *bad, said.stderr, found.get('broken', ''))
    expected = NOT_OFFERED[name][0 if module else 1]
    # Where the same package is installed, the host has it already.
    if module and ids(found, 'not-offered') >= HOST:
        expected = expected | HOST
    ok(f'{what}: {len(expected)} points are not offered, and no others', ids(found, 'not-offered') == expected,
       ids(found, 'not-offered') ^ expected)
    ok(f'{what}: every point was tried', [p['id'] for p in found['points']] == all_points(command))


def packages(command, folder, arguments):
    for what in arguments:
        check_package(command, folder, what)


def kerberos(command, folder, arguments):
    cache = os.path.join(folder, 'cache')
    os.environ['KRB5CCNAME'] = 'FILE:' + cache
    kinit = run('kinit', '-k', '-t', os.environ['KRB5_CLIENT_KTNAME'], 'user')
    ok('there are tickets', kinit.returncode == 0, kinit.stderr)
    for what in arguments:
        check_package(command, folder, what, '--target', 'host/peer.example.test')
    said = run(command, 'check', '--point', 'context.establish', 'Kerberos', '--target', 'host/nobody.example.test')
    ok('a target that is none: exit code 1, and why', said.returncode == 1 and 'SpInitLsaModeContext' in said.stdout, said.stdout)


# Ids of points that twist.c can spoil.
TWISTS = '''buffers.adjacent buffers.concatenated buffers.empty buffers.many buffers.no-token buffers.order buffers.others
    buffers.token-place context.attributes context.failed context.garbage context.handle context.heap
    context.outlives context.token-size context.two context.unfinished credentials.acquire credentials.free
    datagram.establish datagram.mismatch datagram.number datagram.replay datagram.unnumbered desc.empty
    export.damaged export.heap export.process export.same fork.child fork.parent host.message host.unload
    leak.failed leak.process make.empty make.failure make.large make.repeat make.token.exact make.token.room
    make.untouched memory.handshake memory.query packed.changed packed.process query.names seal.empty
    seal.hides seal.mixed seal.overlap seal.plain seal.qop seal.readonly seal.several seal.shapes
    seal.token.short sequence.argument sequence.directions sequence.old state.bytes state.malformed
    state.replayed table.export table.integrity table.user threads.contexts threads.mixed threads.verify
    unseal.replay unseal.state unseal.stream unseal.tamper.data unseal.tamper.token unseal.token verify.qop
    verify.tamper.data verify.tamper.length verify.token.long verify.untouched'''.split()


def twists(command, folder, arguments):
    twist, module = (safe_copy(folder, path) for path in arguments[:2])
    named = arguments[2] == 'named'
    account = ['--user', 'somebody', '--password-stdin']
    said = run(command, 'check', '--json', *account, twist, stdin='correct\n',
               environment={'TWIST_MODULE': module, 'TWIST': 'services'})
    bad = [p for p in report(said)['points'] if p['outcome'] in ('failed', 'not-reached')]
    ok('a package that uses the services fails no point', said.returncode == 0 and not bad, said.returncode, *bad[:4], said.stderr)
    said = run(command, 'check', '--json', '--point', 'credentials', *account, twist, stdin='correct\n',
               environment={'TWIST_MODULE': module, 'TWIST': 'exits'})
    seen = {p['id']: p.get('seen', '') for p in report(said)['points']}
    ok('a package that ends its process fails a point, and the run goes on', said.returncode == 1 and
       'SpAcquireCredentialsHandle ends the process with exit code 99' in seen['credentials.acquire'] and len(seen) == 2, said.stdout)
    begun = time.monotonic()
    said = run(command, 'check', '--json', '--point', 'packed.process', '--timeout', '2', *account, twist, stdin='correct\n',
               environment={'TWIST_MODULE': module, 'TWIST': 'lingers'})
    seen = {p['id']: p.get('seen', '') for p in report(said)['points']}
    ok('a second process that does not end is ended, with what it has begun', said.returncode == 1 and
       'a call in another process has not returned after 2 s' in seen['packed.process'] and time.monotonic() - begun < 60, said.stdout)
    for point in [None] + TWISTS:
        options = ['--timeout', '5', '--point', point or 'make'] if named else ['--timeout', '5']
        said = run(command, 'check', '--json', *account, *options, twist, stdin='correct\n',
                   environment={'TWIST_MODULE': module, 'TWIST': point or ''})
        found = report(said)
        failed = [p for p in found['points'] if p['outcome'] == 'failed']
        ok(f'{point} alone fails' if point else 'without a twist none fails',
           {p['id'] for p in failed} == ({point} if point else set()), *failed, said.stderr)


# ---- reports ----

def tap_lines(text):
    return [line for line in text.splitlines() if line.startswith(('ok ', 'not ok '))]


def reports(command):
    said = run(command, 'check', 'NTLM', '--point', 'make')
    lines = tap_lines(said.stdout)
    ok('TAP: version, plan, numbers', said.stdout.startswith('TAP version 13\n') and f'\n1..{len(lines)}\n' in said.stdout and
       [line.split()[1] for line in lines] == [str(i + 1) for i in range(len(lines))], said.stdout)
    ok('TAP: a table at the end', '# package NTLM' in said.stdout and '\n# make ' in said.stdout, said.stdout)
    wanted = [i for i in all_points(command) if i.split('.')[0] == 'make']
    ok('--point with the name of a group runs the group', [line.split()[3] for line in lines] == wanted, lines, wanted)
    one = run(command, 'check', 'NTLM', '--point', 'make.token.short')
    ok('--point with an id runs one', len(tap_lines(one.stdout)) == 1 and one.returncode == 0, one.stdout)
    strange = b'/no\xffne\xc2\x85\xe2\x80\xae\xe2\x82.so'
    said = subprocess.run([command.encode(), b'check', b'--json', strange], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    ok('JSON is UTF-8, whatever a name is', json.loads(said.stdout.decode())['module'] == '/no\ufffdne\x85\u202e\ufffd\ufffd.so', said.stdout)
    said = subprocess.run([command.encode(), b'check', strange], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    ok('TAP has no controls in it', b'/no?ne????.so' in said.stdout, said.stdout)
    listed = run(command, 'check', '--list')
    ok('--list: ids, rules and pages', listed.returncode == 0 and len(listed.stdout.splitlines()) == 3 * len(all_points(command)) and
       '\n    MakeSignature row 6, <sspi.h>\n' in listed.stdout, listed.stdout[:500])
    points = json.loads(run(command, 'check', '--list', '--json').stdout)
    ok('every point has an id of its own, a sentence and a page',
       len({p['id'] for p in points}) == len(points) and all(p['rule'].endswith('.') and ('.h>' in p['page'] or 'RFC' in p['page'])
                                                             for p in points),
       [p for p in points if not p['rule'].endswith('.') or ('.h>' not in p['page'] and 'RFC' not in p['page'])])


def exit_codes(command, toys, folder):
    for title, arguments in (
            ('no module', []),
            ('an unknown option', ['--nonsense', 'NTLM']),
            ('too many names', ['NTLM', 'NTLM', 'NTLM']),
            ('no time', ['--timeout', '0', 'NTLM']),
            ('no such point', ['--point', 'make.nonsense', 'NTLM']),
            ('half a name of a group', ['--point', 'mak', 'NTLM']),
            ('no such file', [os.path.join(folder, 'nothing.so')]),
            ('no such package', ['Nonsense']),
            ('a password without a user', ['--password-stdin', 'NTLM']),
            ('no such configuration', ['--config', os.path.join(folder, 'nothing.conf'), 'NTLM'])):
        said = run(command, 'check', *arguments)
        ok(f'{title}: exit code 2 and a message', said.returncode == 2 and said.stderr.startswith(('sspi check: ', 'check: ')),
           said.returncode, said.stdout[-300:], said.stderr)
    with subprocess.Popen(['/usr/bin/python3', '-c', 'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); '
                           'os.execv(sys.argv[1], sys.argv[1:])', command, 'check', '--point', 'load.info', 'NTLM'],
                          stdout=subprocess.PIPE, text=True) as process:
        out, _ = process.communicate(timeout=60)
    ok('begun by a program that ignores SIGCHLD: nothing is lost', process.returncode == 0 and 'ok 1 - load.info' in out, out)
    writable = safe_copy(folder, os.path.join(toys, 'toy_toy.so'))
    os.chmod(writable, 0o720)
    said = run(command, 'check', writable)
    ok('a module that others may write: exit code 2, and why', said.returncode == 2 and 'others may write it' in said.stderr,
       said.stdout, said.stderr)
    os.unlink(writable)


# Module of tests/modules: the point that fails, and what is said of it.
HOSTILE = {
    'no_lsa': ('load.file', 'does not export SpLsaModeInitialize'),
    'no_user': ('load.file', 'does not export SpUserModeInitialize'),
    'lsa_fails': ('load.lsa-mode', 'STATUS_UNSUCCESSFUL'),
    'user_fails': ('load.user-mode', 'STATUS_UNSUCCESSFUL'),
    'null_lsa': ('load.lsa-mode', 'NULL'),
    'null_user': ('load.user-mode', 'NULL'),
    'none': ('load.lsa-mode', '*pcTables is 0'),
    'million': ('load.lsa-mode', '*pcTables is 1000000'),
    'user_million': ('load.user-mode', '*pcTables is 1000000'),
    'differ': ('load.tables', 'the LSA half has 1, the user half 3'),
    'version_0': ('load.lsa-mode', '0x00000000'),
    'version_3': ('load.lsa-mode', '0x00000003'),
    'version_12': ('load.lsa-mode', '0x08000000'),
    'user_version_12': ('load.user-mode', '0x08000000'),
    'short_lsa': ('load.lsa-mode', 'not all there'),
    'short_user': ('load.user-mode', 'not all there'),
    'no_initialize': ('load.initialize', 'no Initialize'),
    'refuses': ('load.initialize', 'SpInitialize'),
    'info': ('load.info', 'SpGetInfo'),
    'nameless': ('load.info', 'Name'),
    'instance': ('load.instance', 'SpInstanceInit'),
    'twins': ('load.info', 'two packages are named toy'),
}


def hostile(command, toys, folder):
    for name, (point, text) in HOSTILE.items():
        module = safe_copy(folder, os.path.join(toys, f'toy_{name}.so'))
        said = run(command, 'check', '--json', module)
        found = report(said)
        failed = [p for p in found['points'] if p['outcome'] == 'failed']
        first = [p for p in failed if p['id'] == point and text in p['seen']]
        ok(f'{name}: {point}, "{text}", exit code 2', said.returncode == 2 and first and text in found['error'] and
           not ids(found, 'passed') & {'table.lsa', 'context.establish'}, said.returncode, failed, said.stderr)
        os.unlink(module)
    two = safe_copy(folder, os.path.join(toys, 'toy_two.so'))
    said = run(command, 'check', two)
    ok('a module of two packages wants to know which: exit code 2', said.returncode == 2 and '2 packages: duo, duo2' in said.stderr,
       said.stderr)
    said = run(command, 'check', '--json', '--point', 'load', two, 'DUO2')
    ok('and is told', said.returncode == 0 and report(said)['package'] == 'duo2', said.stdout)
    said = run(command, 'check', two, 'trio')
    ok('a package that the module has not: exit code 2', said.returncode == 2 and 'none named trio' in said.stderr, said.stderr)


# What the toy does not look at; and its sum is no secret.
TOY = {'desc.null', 'desc.version', 'desc.array', 'desc.many', 'buffers.data-null', 'buffers.token-null', 'buffers.two-tokens',
       'buffers.overlap', 'sequence.stranger', 'handle.null', 'handle.stale', 'handle.twice', 'handle.unmapped'}


def toy(command, toys, folder):
    """It protects nothing, and all of that is found; nothing hangs."""
    module = safe_copy(folder, os.path.join(toys, 'toy_toy.so'))
    said = run(command, 'check', '--json', '--timeout', '3', module)
    found = report(said)
    failed = ids(found, 'failed')
    ok('the toy: exit code 1', said.returncode == 1, said.returncode, said.stderr)
    ok('the toy: what is wrong with it is found, and nothing else', failed == TOY, failed ^ TOY)
    ok('the toy: failed points say what was expected and seen, where the rule stands',
       all(p.get('expected') and p.get('seen') and p.get('page') for p in found['points'] if p['outcome'] == 'failed'))
    ok('the toy: points that were not reached name one that failed',
       all(p['because'] in failed | ids(found, 'not-reached') for p in found['points'] if p['outcome'] == 'not-reached'))
    ok('the toy: what it does not offer is not held against it', 'seal.basic' in ids(found, 'not-offered'))
    said = {p['id']: p.get('seen', '') for p in found['points']}
    # UBSan ends the process itself before the null pointer is used.
    with open(module, 'rb') as f:
        sanitized = b'__ubsan' in f.read()
    ok('the toy: crashes are told by function and address',
       said['desc.null'] == 'SpMakeSignature ends the process with exit code 1' if sanitized else
       said['desc.null'].startswith('SpMakeSignature ends with SIGSEGV: ') and 'null pointer' in said['desc.null'], said['desc.null'])


def accounts(command, folder):
    said = run(command, 'check', '--json', '--point', 'context', 'NTLM', '--user', 'bob', '--domain', 'D', '--password-stdin',
               stdin='a secret\n')
    ok('an account of the caller', said.returncode == 0 and 'context.password' in ids(report(said), 'passed'), said.stdout)
    with open(os.path.join(folder, 'own-accounts'), 'w', encoding='utf-8') as file:
        file.write('D:carol:her secret\n')
    os.chmod(os.path.join(folder, 'own-accounts'), 0o600)
    config = os.path.join(folder, 'own.conf')
    with open(config, 'w', encoding='utf-8') as file:
        file.write('[package.psk]\n')
    own = {'NTLM_USER_FILE': os.path.join(folder, 'own-accounts')}
    arguments = ['check', '--point', 'context.establish', '--config', config, '--user', 'carol', '--domain', 'D', '--password-stdin',
                 'NTLM']
    said = run(command, *arguments, stdin='her secret\n', environment=own)
    ok('a configuration of the caller', said.returncode == 0, said.stdout)
    said = run(command, *arguments, stdin='not hers\n', environment=own)
    ok('and its accounts are the ones that count', said.returncode == 1, said.stdout)


def interrupted(command, temporary):
    with subprocess.Popen([command, 'check', 'NTLM'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not process.stdout.readline().startswith('ok '):
            pass
        there = os.listdir(temporary)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    ok('interrupted: it says so and takes its folder along', process.returncode == 1 and len(there) == 1 and
       'interrupted' in err and len(tap_lines(out)) < 100 and os.listdir(temporary) == [], process.returncode, there, err,
       os.listdir(temporary))


def behaviour(command, folder, arguments):
    toys = arguments[0]
    temporary = os.path.join(folder, 'tmp')
    os.mkdir(temporary)
    os.environ['TMPDIR'] = temporary
    reports(command)
    exit_codes(command, toys, folder)
    hostile(command, toys, folder)
    toy(command, toys, folder)
    accounts(command, folder)
    interrupted(command, temporary)
    ok('nothing is left in the folder for temporary files', os.listdir(temporary) == [], os.listdir(temporary))


def main():
    mode, command, *arguments = sys.argv[1:]
    for name in ('SSPI_CONFIG', 'SSPI_TRACE', 'NTLM_USER_FILE'):
        os.environ.pop(name, None)
    os.umask(0o022)
    folder = tempfile.mkdtemp(prefix='opensspi-check-')
    try:
        {'packages': packages, 'kerberos': kerberos, 'twists': twists,
         'behaviour': behaviour}[mode](os.path.abspath(command), folder, arguments)
    finally:
        shutil.rmtree(folder)
    print(f'1..{len(results)}')
    return 0 if all(results) else 1


sys.exit(main())
