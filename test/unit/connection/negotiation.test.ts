import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { ConnectionError, PeerProtocolError, RPCError, RequestTimeoutError } from '../../../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { Connection } from '../../../lib/connection/connection.ts';
import { probeVerdict } from '../../../lib/connection/probe-verdict.ts';
import type { ProbeOutcome, Verdict } from '../../../lib/connection/probe-verdict.ts';
import type { EraName } from '../../../lib/protocol/era.ts';
import { PROTOCOL_VERSIONS } from '../../../lib/protocol/versions.ts';
import type { ProtocolVersion } from '../../../lib/protocol/versions.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { Refusal, ScriptedPeer } from '../../helpers/scripted-peer.ts';
import type { Script } from '../../helpers/scripted-peer.ts';

const MODERN = '2026-07-28';
const LEGACY = '2025-11-25';

function discovered(...supportedVersions: string[]): ProbeOutcome {
  return { kind: 'discovered', result: { supportedVersions, capabilities: {}, serverInfo: undefined, instructions: undefined } };
}
function refused(rpcCode: number, data?: unknown, status?: number): ProbeOutcome {
  return { kind: 'rejected', cause: new RPCError(rpcCode, 'no', data, status === undefined ? {} : { details: { status } }) };
}
function byStatus(status: number): ProbeOutcome {
  return { kind: 'rejected', cause: new ConnectionError('ERR_MCP_HTTP_STATUS', 'no', { details: { status }, delivery: 'answered' }) };
}
function byCode(code: 'ERR_MCP_NETWORK' | 'ERR_MCP_HTTP_CONTENT_TYPE' | 'ERR_MCP_EMPTY_RESPONSE' | 'ERR_MCP_HTTP_REDIRECT' | 'ERR_MCP_BODY_TRUNCATED'): ProbeOutcome {
  return { kind: 'rejected', cause: new ConnectionError(code, 'no') };
}

const GO_LEGACY: Verdict = { kind: 'legacy' };
const FAILED: Verdict = { kind: 'failed' };

// What came → what it says; offered is every revision, and the modern one was tried. Source: 2026-07-28, "Versioning and Compatibility" and the transports.
const ROWS: ReadonlyArray<readonly [name: string, outcome: ProbeOutcome, verdict: Verdict]> = [
  ['an answer with the modern revision', discovered(MODERN), { kind: 'modern', revision: MODERN }],
  ['an answer with both eras', discovered(LEGACY, MODERN), { kind: 'modern', revision: MODERN }],
  ['an answer with legacy revisions only, which real servers give', discovered(LEGACY, '2025-06-18'), GO_LEGACY],
  ['an answer with revisions that nobody here knows', discovered('2031-01-01'), { kind: 'no-common-version', supported: ['2031-01-01'] }],
  ['an answer with no revision', discovered(), { kind: 'no-common-version', supported: [] }],
  ['silence, where a server may be silent', { kind: 'silence' }, GO_LEGACY],
  ['-32601', refused(-32601), GO_LEGACY],
  ['-32602', refused(-32602), GO_LEGACY],
  ['-32000', refused(-32000), GO_LEGACY],
  ['-1', refused(-1), GO_LEGACY],
  ['-32601 with status 200', refused(-32601, undefined, 200), GO_LEGACY],
  ['-32601 with status 404', refused(-32601, undefined, 404), GO_LEGACY],
  ['-32600 with status 400', refused(-32600, undefined, 400), GO_LEGACY],
  ['an error with status 401: not evidence', refused(-32000, undefined, 401), FAILED],
  ['an error with status 503: not evidence', refused(-32000, undefined, 503), FAILED],
  ['-32022 that names nothing', refused(-32022), { kind: 'no-common-version', supported: [] }],
  ['-32022 that names what was tried', refused(-32022, { supported: [MODERN] }), { kind: 'again', revision: MODERN }],
  ['-32022 that names legacy revisions: never a fall back', refused(-32022, { supported: [LEGACY] }, 400), { kind: 'no-common-version', supported: [LEGACY] }],
  ['-32022 with nonsense', refused(-32022, { supported: 'all' }), { kind: 'no-common-version', supported: [] }],
  ['-32020: a modern server, and something else is wrong', refused(-32020, undefined, 400), FAILED],
  ['-32021: a modern server, and something else is wrong', refused(-32021, undefined, 400), FAILED],
  ['status 400 without a message', byStatus(400), GO_LEGACY],
  ['status 404 without a message', byStatus(404), GO_LEGACY],
  ['status 405', byStatus(405), GO_LEGACY],
  ['status 406', byStatus(406), GO_LEGACY],
  ['status 401', byStatus(401), FAILED],
  ['status 403', byStatus(403), FAILED],
  ['status 429', byStatus(429), FAILED],
  ['status 500', byStatus(500), FAILED],
  ['status 503', byStatus(503), FAILED],
  ['a page instead of a message', byCode('ERR_MCP_HTTP_CONTENT_TYPE'), GO_LEGACY],
  ['status 202 without an answer', byCode('ERR_MCP_EMPTY_RESPONSE'), GO_LEGACY],
  ['a network that is not there', byCode('ERR_MCP_NETWORK'), FAILED],
  ['a redirect that is not followed', byCode('ERR_MCP_HTTP_REDIRECT'), FAILED],
  ['an answer that broke off', byCode('ERR_MCP_BODY_TRUNCATED'), FAILED],
  ['silence over HTTP, until the deadline', { kind: 'rejected', cause: new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', 'late') }, FAILED],
  ['a result that is none of a discovery', { kind: 'rejected', cause: new PeerProtocolError('ERR_MCP_INVALID_RESULT', 'no') }, GO_LEGACY],
  ['an abort of the host', { kind: 'rejected', cause: new DOMException('no', 'AbortError') }, FAILED],
];

describe('what the answer to server/discover says (2026-07-28, "Versioning and Compatibility")', () => {
  for (const [name, outcome, verdict] of ROWS) {
    test(name, () => assert.deepEqual(probeVerdict(outcome, PROTOCOL_VERSIONS, [MODERN]), verdict));
  }

  test('-32022 is followed once', () => {
    const outcome = refused(-32022, { supported: [MODERN] });
    assert.deepEqual(probeVerdict(outcome, PROTOCOL_VERSIONS, []), { kind: 'again', revision: MODERN });
    assert.deepEqual(probeVerdict(outcome, PROTOCOL_VERSIONS, [MODERN]), { kind: 'again', revision: MODERN });
    assert.deepEqual(probeVerdict(outcome, PROTOCOL_VERSIONS, [MODERN, MODERN]), { kind: 'no-common-version', supported: [MODERN] });
  });

  test('what is not offered is not taken', () => {
    assert.deepEqual(probeVerdict(discovered(MODERN), [LEGACY], []), { kind: 'no-common-version', supported: [MODERN] });
  });
});

interface Talk {
  readonly peer: ScriptedPeer;
  readonly connection: Connection;
  readonly clock: FakeClock;
  readonly faults: unknown[];
  open(era?: EraName): Promise<void>;
}

function talk(script: Script, protocolVersions: readonly ProtocolVersion[] = PROTOCOL_VERSIONS): Talk {
  const clock = new FakeClock();
  const faults: unknown[] = [];
  const peer = new ScriptedPeer(script);
  const connection = new Connection({
    name: 'test',
    clock,
    limits: DEFAULT_LIMITS,
    offer: { protocolVersions, clientInfo: { name: 'tester', version: '1' }, sendsClientInfo: true, capabilities: { roots: {} } },
    answerer: () => undefined,
    events: {
      changed: () => {},
      notified: () => {},
      progressed: () => {},
      unclaimedProgress: () => {},
      fault: (error) => faults.push(error),
      gap: () => {},
      callbackFault: () => {},
    },
  });
  return { peer, connection, clock, faults, open: (era) => connection.open(peer.transport, new AbortController().signal, { era }) };
}

const answer = (...supportedVersions: string[]) => ({ resultType: 'complete', supportedVersions, capabilities: { tools: {} } });

describe('agreeing with a server', () => {
  test('a modern server: one request that says everything, and no handshake', async () => {
    const { peer, connection, open } = talk({ 'server/discover': () => answer(MODERN) });
    await open();
    assert.deepEqual(peer.messages, [
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'server/discover',
        params: {
          _meta: {
            'io.modelcontextprotocol/protocolVersion': MODERN,
            'io.modelcontextprotocol/clientInfo': { name: 'tester', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': { roots: {} },
          },
        },
      },
    ]);
    assert.deepEqual([connection.agreement?.era.name, connection.agreement?.era.revision], ['modern', MODERN]);
  });

  test('a legacy server that refuses the probe: the handshake, in place', async () => {
    const { peer, connection, open } = talk({});
    await open();
    assert.deepEqual(peer.messages.map(({ method }) => method), ['server/discover', 'initialize', 'notifications/initialized']);
    assert.equal(connection.agreement?.era.revision, LEGACY);
  });

  test('a legacy server that is silent on the probe: the handshake after probeTimeoutMs, and nothing waits any more', async () => {
    const { peer, connection, clock, open } = talk({ 'server/discover': () => undefined });
    const opening = open();
    await clock.advance(DEFAULT_LIMITS.probeTimeoutMs - 1);
    assert.deepEqual(peer.messages.map(({ method }) => method), ['server/discover']);
    await clock.advance(1);
    await opening;
    assert.equal(connection.agreement?.era.name, 'legacy');
    assert.deepEqual(connection.pendingRequests, []);
  });

  test('by default a silent server costs less than two seconds', async () => {
    const { connection, clock, open } = talk({ 'server/discover': () => undefined });
    const opening = open();
    await clock.advance(1_999);
    assert.equal(connection.agreement?.era.name, 'legacy');
    await opening;
  });

  test('a modern server that was only slow: its answer to the probe counts where the handshake is refused', async () => {
    let late: (() => void) | undefined;
    const { connection, peer, clock, open } = talk({
      'server/discover': () => new Promise((resolve) => (late = () => resolve(answer(MODERN)))),
      initialize: () => (late?.(), new Promise((resolve) => setImmediate(() => resolve(new Refusal(-32601, 'Method not found'))))),
    });
    const opening = open();
    await clock.advance(DEFAULT_LIMITS.probeTimeoutMs);
    await opening;
    assert.equal(connection.agreement?.era.name, 'modern');
    assert.deepEqual(peer.messages.map(({ method }) => method), ['server/discover', 'initialize']);
  });

  test('a server of both eras that was only slow, and makes the handshake as well: it is in the era of the handshake', async () => {
    let late: (() => void) | undefined;
    let later: (() => void) | undefined;
    const { connection, peer, clock, faults, open } = talk({
      'server/discover': () => new Promise((resolve) => (late = () => resolve(answer(MODERN, LEGACY)))),
      initialize: ({ params }) => new Promise((resolve) => (later = () => resolve({ protocolVersion: params?.['protocolVersion'], capabilities: {}, serverInfo: { name: 'slow', version: '1' } }))),
    });
    const opening = open();
    await clock.advance(DEFAULT_LIMITS.probeTimeoutMs);
    late?.();
    await clock.advance(1);
    later?.();
    await opening;
    assert.equal(connection.agreement?.era.name, 'legacy');
    assert.deepEqual(peer.messages.map(({ method }) => method), ['server/discover', 'initialize', 'notifications/initialized']);
    assert.deepEqual(faults, []);
  });

  test('a modern server that was only slow, and is silent to the handshake: its answer to the probe counts', async () => {
    let late: (() => void) | undefined;
    const { connection, clock, open } = talk({
      'server/discover': () => new Promise((resolve) => (late = () => resolve(answer(MODERN)))),
      initialize: () => new Promise(() => {}),
    });
    const opening = open();
    await clock.advance(DEFAULT_LIMITS.probeTimeoutMs);
    late?.();
    await clock.advance(DEFAULT_LIMITS.probeTimeoutMs);
    await opening;
    assert.equal(connection.agreement?.era.name, 'modern');
    assert.deepEqual(connection.pendingRequests, []);
  });

  test('known to be legacy: no probe', async () => {
    const { peer, open } = talk({});
    await open('legacy');
    assert.deepEqual(peer.messages.map(({ method }) => method), ['initialize', 'notifications/initialized']);
  });

  test('known to be legacy, and modern by now: the refused handshake leads to a probe', async () => {
    const { peer, connection, open } = talk({
      initialize: () => new Refusal(-32022, 'Unsupported protocol version', { supported: [MODERN] }),
      'server/discover': () => answer(MODERN),
    });
    await open('legacy');
    assert.deepEqual(peer.messages.map(({ method }) => method), ['initialize', 'server/discover']);
    assert.equal(connection.agreement?.era.name, 'modern');
  });

  test('known to be legacy, and the handshake refused with any error: the probe; where it is refused too, the first refusal counts', async () => {
    const modern = talk({ initialize: () => new Refusal(-32601, 'Method not found'), 'server/discover': () => answer(MODERN) });
    await modern.open('legacy');
    assert.equal(modern.connection.agreement?.era.name, 'modern');
    const neither = talk({ initialize: () => new Refusal(-32603, 'the licence has expired') });
    await assert.rejects(neither.open('legacy'), { rpcCode: -32603 });
    assert.deepEqual(neither.peer.messages.map(({ method }) => method), ['initialize', 'server/discover']);
  });

  test('an answer to the handshake that comes after that to the probe is no fault', async () => {
    let late: (() => void) | undefined;
    let later: (() => void) | undefined;
    const { connection, clock, faults, open } = talk({
      'server/discover': () => new Promise((resolve) => (late = () => resolve(answer(MODERN)))),
      initialize: () => new Promise((resolve) => (later = () => resolve(new Refusal(-32601, 'Method not found')))),
    });
    const opening = open();
    await clock.advance(DEFAULT_LIMITS.probeTimeoutMs);
    late?.();
    await clock.advance(DEFAULT_LIMITS.probeTimeoutMs);
    await opening;
    later?.();
    await clock.advance(0);
    assert.equal(connection.state, 'connected');
    assert.deepEqual(faults, []);
  });

  test('a legacy revision preferred by the host is asked for first', async () => {
    const { peer, open } = talk({}, [LEGACY, MODERN]);
    await open();
    assert.deepEqual(peer.messages.map(({ method }) => method), ['initialize', 'notifications/initialized']);
  });

  test('the modern revision alone: a legacy server is refused, with what it said as the cause', async () => {
    const { peer, open } = talk({}, [MODERN]);
    await assert.rejects(open(), (error: PeerProtocolError) => error.code === 'ERR_MCP_UNSUPPORTED_VERSION' && error.cause instanceof RPCError);
    assert.deepEqual(peer.messages.map(({ method }) => method), ['server/discover']);
  });

  test('a legacy revision alone: a modern server is never probed', async () => {
    const { peer, open } = talk({ initialize: () => new Refusal(-32022, 'no', { supported: [MODERN] }) }, [LEGACY]);
    await assert.rejects(open(), RPCError);
    assert.deepEqual(peer.messages.map(({ method }) => method), ['initialize']);
  });

  test('-32022 that names the revision that was asked for: once more, and no more', async () => {
    const refusal = (): Refusal => new Refusal(-32022, 'no', { supported: [MODERN] });
    let turn = 0;
    const first = talk({ 'server/discover': () => (turn++ === 0 ? refusal() : answer(MODERN)) });
    await first.open();
    assert.equal(first.connection.agreement?.era.name, 'modern');
    const always = talk({ 'server/discover': refusal });
    await assert.rejects(always.open(), { code: 'ERR_MCP_UNSUPPORTED_VERSION' });
    assert.deepEqual(always.peer.messages.map(({ method }) => method), ['server/discover', 'server/discover']);
  });

  test('-32022 is never a reason for the handshake', async () => {
    const { peer, open } = talk({ 'server/discover': () => new Refusal(-32022, 'no', { supported: ['2031-01-01'] }) });
    await assert.rejects(open(), { code: 'ERR_MCP_UNSUPPORTED_VERSION' });
    assert.deepEqual(peer.messages.map(({ method }) => method), ['server/discover']);
  });
});

describe('a modern server on the wire (2026-07-28, stdio, "Receiving Messages")', () => {
  test('what it asks reaches nobody and is not answered, ping included; it is told as a fault', async () => {
    const { peer, faults, clock, open } = talk({ 'server/discover': () => answer(MODERN) });
    await open();
    const sent = peer.frames.length;
    for (const method of ['ping', 'sampling/createMessage', 'roots/list']) peer.send({ jsonrpc: '2.0', id: 7, method, params: {} });
    peer.send({ jsonrpc: '2.0', id: 8, method: 42 });
    await clock.advance(0);
    assert.equal(peer.frames.length, sent);
    assert.deepEqual(faults.map((fault) => (fault as PeerProtocolError).code), [
      'ERR_MCP_UNEXPECTED_METHOD',
      'ERR_MCP_UNEXPECTED_METHOD',
      'ERR_MCP_UNEXPECTED_METHOD',
      'ERR_MCP_INVALID_MESSAGE',
    ]);
  });

  test('a result of an unknown kind is refused; an absent kind is a whole one (2026-07-28, basic, "ResultType")', async () => {
    const settings = { signal: undefined, timeoutMs: 1000, resetTimeoutOnProgress: false, maxTotalTimeoutMs: Infinity, onProgress: undefined, meta: undefined, retry: 'safe' as const };
    const ask = async (result: object): Promise<unknown> => {
      const { connection, open } = talk({ 'server/discover': () => answer(MODERN), 'tools/list': () => result });
      await open();
      return connection.request('tools/list', undefined, settings, { read: (value) => value });
    };
    assert.deepEqual(await ask({ tools: [] }), { tools: [] });
    assert.deepEqual(await ask({ resultType: 'complete', tools: [] }), { resultType: 'complete', tools: [] });
    for (const resultType of ['other', 7, null, 'input_required']) {
      await assert.rejects(ask({ resultType, tools: [] }), { code: 'ERR_MCP_INVALID_RESULT', details: { method: 'tools/list', pointer: '/resultType' } });
    }
  });
});
