/** What a server asks of the host: a model, the user, the roots. */

import assert from 'node:assert/strict';
import { InputRequiredError, RPCError, URLElicitationRequiredError, resultText } from '../../lib/index.ts';
import type { StoredQuestion } from '../../lib/index.ts';
import { until } from '../helpers/until.ts';
import type { Row, Run } from './row.ts';
import { errorOf, refusalOf } from './row.ts';

const ROOTS = [{ uri: 'file:///srv/work', name: 'Work' }];
const ASKED_BY_REQUESTS = 'Servers with a handshake ask with requests of their own, and are told by an error that nobody answers.';

/** Without the handler the tool cannot do its work, and its server says so in the way of its era. */
const unanswered = (tool: string, missing: string, args = {}): Pick<Row, 'run' | 'except'> => ({
  run: async ({ server }) => {
    const error = await errorOf(server.callTool(tool, args));
    assert.deepEqual([error.code, error.delivery, error.details['missing']], ['ERR_MCP_MISSING_CAPABILITY', 'answered', [missing]]);
  },
  except: {
    legacy: {
      why: ASKED_BY_REQUESTS,
      run: async ({ server }) => {
        const error = await errorOf(server.callTool(tool, args));
        assert.deepEqual([error.code, error.details['rpcCode']], ['ERR_MCP_RPC', -32603]);
        assert.match(error.message, /The client answered with error -3260[12]/);
      },
    },
  },
});

const MODEL: readonly Row[] = [
  {
    feature: 'sampling: the host’s model answers',
    options: {
      handlers: { sampling: ({ messages, maxTokens }) => ({ role: 'assistant', model: 'demo-1', content: { type: 'text', text: `${messages.length} message, ${maxTokens} tokens` } }) },
    },
    run: async ({ server }) => assert.equal(resultText(await server.callTool('ask-model', { prompt: 'hello' })), 'demo-1 says: 1 message, 200 tokens'),
  },
  { feature: 'sampling, where no model is given', ...unanswered('ask-model', 'sampling', { prompt: 'hello' }) },
];

const USER: readonly Row[] = [
  {
    feature: 'a form that the user fills in',
    options: { handlers: { elicitation: ({ message, fields }) => ({ action: 'accept', content: { name: `${message} ${fields.map(({ name }) => name).join()}` } }) } },
    run: async ({ server }) => assert.equal(resultText(await server.callTool('ask-user')), 'Hello, Who are you? name.'),
  },
  {
    feature: 'a form that the user declines',
    options: { handlers: { elicitation: () => ({ action: 'decline' }) } },
    run: async ({ server }) => assert.equal(resultText(await server.callTool('ask-user')), 'The answer was to decline.'),
  },
  { feature: 'a form, where nobody shows forms', ...unanswered('ask-user', 'elicitation.form') },
  {
    feature: 'a page to visit',
    options: { handlers: { elicitation: { url: ({ href, elicitationId }) => ({ action: href === 'https://demo.example/sign-in' && elicitationId === undefined ? 'accept' : 'cancel' }) } } },
    run: async ({ server }) => assert.equal(resultText(await server.callTool('visit')), 'The answer was to accept.'),
    except: {
      legacy: {
        why: '2025-11-25 gives each visit an id; the handler here takes only those without.',
        run: async ({ server }) => assert.equal(resultText(await server.callTool('visit')), 'The answer was to cancel.'),
      },
    },
  },
  {
    feature: 'a page to visit, and that the visit is completed',
    options: { handlers: { elicitation: { url: () => ({ action: 'accept' }) } } },
    run: async ({ server }) => {
      const completed: string[] = [];
      server.on('elicitationCompleted', ({ elicitationId }) => completed.push(elicitationId));
      assert.equal(resultText(await server.callTool('visit')), 'The answer was to accept.');
      await until(() => completed.length > 0, 'it is completed');
      assert.deepEqual(completed, ['sign-in']);
    },
    except: {
      modern: {
        why: '2026-07-28 has no such notification: a server that finds the visit not done asks again.',
        run: async ({ server }) => {
          const completed: unknown[] = [];
          server.on('elicitationCompleted', (event) => completed.push(event));
          await server.callTool('visit');
          await server.ping();
          assert.deepEqual(completed, []);
        },
      },
    },
  },
  { feature: 'a page to visit, where only forms are shown', options: { handlers: { elicitation: () => ({ action: 'cancel' }) } }, ...unanswered('visit', 'elicitation.url') },
  {
    feature: 'a request that needs a visit first',
    options: { handlers: { elicitation: { url: () => ({ action: 'accept' }) } } },
    run: async ({ server }) => {
      const error = await server.callTool('members-only').catch((reason: unknown) => reason);
      assert.ok(error instanceof URLElicitationRequiredError);
      const outcome = server.elicitURLs(error);
      await server.callTool('become-member');
      assert.equal(await outcome, 'completed');
      assert.equal(resultText(await server.callTool('members-only')), 'Hello, member.');
    },
    except: {
      modern: {
        why: '2026-07-28 has no error for it: the visit is asked for in a round, and there is nothing that could be waited for.',
        run: async ({ server }) => {
          assert.equal(resultText(await server.callTool('members-only')), 'Hello, member.');
          const earlier = new URLElicitationRequiredError(new RPCError(-32042, 'of an earlier connection', {}), []);
          assert.deepEqual(await refusalOf(server.elicitURLs(earlier)), ['ERR_MCP_UNSUPPORTED_METHOD', 'unsent']);
        },
      },
    },
  },
];

const answersAQuestion: Run = async ({ server }) => {
  const error = await server.callTool('ask-user', {}, { rounds: 'manual' }).catch((reason: unknown) => reason);
  assert.ok(error instanceof InputRequiredError);
  const kept = JSON.parse(JSON.stringify(error.question)) as StoredQuestion<'tools/call'>;
  assert.equal(resultText(await server.answerQuestion(kept, { 'input-1': { action: 'accept', content: { name: 'Grace' } } })), 'Hello, Grace.');
  assert.equal(resultText(await server.answerQuestion(kept, 'handlers')), 'Hello, Ada.');
};

const REST: readonly Row[] = [
  {
    feature: 'the roots of the host, and others later',
    options: { handlers: { roots: () => ROOTS } },
    run: async ({ server }) => {
      assert.equal(resultText(await server.callTool('list-roots')), 'file:///srv/work (Work)');
      assert.equal(server.notifyRootsChanged(), undefined);
      assert.equal(resultText(await server.callTool('list-roots')), 'file:///srv/work (Work)');
    },
  },
  { feature: 'roots, where the host has none', ...unanswered('list-roots', 'roots') },
  {
    feature: 'a question that is kept, and answered later',
    options: { handlers: { elicitation: () => ({ action: 'accept', content: { name: 'Ada' } }) } },
    run: answersAQuestion,
    except: {
      legacy: {
        why: 'Servers with a handshake ask while they work: there is no question that could be kept.',
        run: async ({ server }) => {
          assert.equal(resultText(await server.callTool('ask-user', {}, { rounds: 'manual' })), 'Hello, Ada.');
          const elsewhere = { version: 1, method: 'tools/call', params: { name: 'ask-user' }, requestState: 'asked' } as const;
          assert.deepEqual(await refusalOf(server.answerQuestion(elsewhere as unknown as StoredQuestion, 'handlers')), ['ERR_MCP_UNSUPPORTED_METHOD', 'unsent']);
        },
      },
    },
  },
];

/** See the head of this file. */
export const ASKS: readonly Row[] = [...MODEL, ...USER, ...REST];
