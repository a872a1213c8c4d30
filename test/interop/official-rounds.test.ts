/**
 * `@modelcontextprotocol/server` 2.x, that asks before it answers. Its tools are written once: to a modern host it asks in rounds,
 * to a legacy one with requests of its own. The same handlers answer both.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InputRequiredError, RPCError } from '../../lib/index.ts';
import type { Handlers, InvalidValueError, QuestionAnswers, SamplingResult, StoredQuestion } from '../../lib/index.ts';
import { OFFICIAL_ROADS } from './official-roads.ts';
import { isInvalid, textIn } from './official-use.ts';

/** A host that answers everything, and notes what it was asked. */
function answering(): { readonly asked: string[]; readonly handlers: Handlers } {
  const asked: string[] = [];
  const handlers: Handlers = {
    elicitation: {
      form: ({ message, fields }) => {
        asked.push(`${message} ${fields.map(({ name, type }) => `${name}: ${type}`).join(', ')}`);
        return { action: 'accept', content: { name: 'Ada' } };
      },
      url: ({ message, href }) => {
        asked.push(`${message} ${href}`);
        return { action: 'accept' };
      },
    },
    sampling: ({ messages, maxTokens }) => {
      asked.push(`${JSON.stringify(messages)} ${maxTokens}`);
      return { role: 'assistant', content: { type: 'text', text: 'word' }, model: 'ours' };
    },
    roots: () => {
      asked.push('roots');
      return [{ uri: 'file:///srv', name: 'srv' }];
    },
  };
  return { asked, handlers };
}

const ADA = { action: 'accept', content: { name: 'Ada' } };
const WORD: SamplingResult = { role: 'assistant', content: { type: 'text', text: 'word' }, model: 'ours' };

for (const { name, agreed, isConnected, withGuest } of OFFICIAL_ROADS) {
  const isModern = agreed[0] === 'modern';
  if (!isConnected) continue;

  describe(`@modelcontextprotocol/server ${name}: questions`, () => {
    test('a tool that asks the user, a model and for the roots at once, and then the user again', async () => {
      const { asked, handlers } = answering();
      await withGuest({ handlers }, async (server) => {
        const answers = JSON.parse(textIn(await server.callTool('ask'))) as Record<string, unknown>;
        assert.deepEqual(answers, { who: ADA, words: WORD, where: { roots: [{ uri: 'file:///srv', name: 'srv' }] }, sure: ADA });
      });
      const say = `${JSON.stringify([{ role: 'user', content: { type: 'text', text: 'Say a word' } }])} 10`;
      assert.deepEqual(asked.slice(0, 3).sort(), ['Who are you? name: string', say, 'roots'].sort());
      assert.deepEqual(asked.slice(3), ['Say it again name: string']);
    });

    test('a tool that wants a page visited', async () => {
      const { asked, handlers } = answering();
      await withGuest({ handlers }, async (server) => {
        assert.deepEqual(JSON.parse(textIn(await server.callTool('visit'))), { page: { action: 'accept' } });
      });
      assert.deepEqual(asked, ['Visit it https://example.com/page']);
    });

    test('a prompt and a resource that ask', async () => {
      const { asked, handlers } = answering();
      await withGuest({ handlers }, async (server) => {
        const { messages } = await server.getPrompt('who');
        assert.deepEqual(messages, [{ role: 'user', content: { type: 'text', text: 'I am Ada' } }]);
        assert.deepEqual(await server.listResourceContents('note://who'), [{ uri: 'note://who', text: 'for Ada' }]);
      });
      assert.deepEqual(asked, ['Who is asking? name: string', 'Who is reading? name: string']);
    });

    test('a user who declines: the server hears it', async () => {
      const { handlers } = answering();
      await withGuest({ handlers: { ...handlers, elicitation: () => ({ action: 'decline' }) } }, async (server) => {
        const { who, sure } = JSON.parse(textIn(await server.callTool('ask'))) as Record<string, unknown>;
        assert.deepEqual([who, sure], [{ action: 'decline' }, { action: 'decline' }]);
      });
    });

    test('a host that answers nothing is not asked: the call says what the server needs', async () => {
      await withGuest({}, async (server) => {
        if (!isModern) {
          const { isError, content } = await server.callTool('visit');
          assert.equal(isError, true);
          assert.match(textIn({ content }), /^Cannot request input 'page' \(elicitation\/create\): the client .* did not declare the required capability$/);
          return;
        }
        await assert.rejects(server.callTool('visit'), (error: unknown) => {
          assert.ok(isInvalid('ERR_MCP_MISSING_CAPABILITY')(error), String(error));
          const { cause, details } = error as InvalidValueError;
          assert.deepEqual(details['missing'], ['elicitation.url']);
          assert.ok(cause instanceof RPCError);
          assert.equal(cause.rpcCode, -32021);
          assert.deepEqual(cause.data, { requiredCapabilities: { elicitation: { url: {} } } });
          return true;
        });
        assert.equal(server.connectionState, 'connected');
      });
    });
  });

  if (!isModern) continue;

  describe(`@modelcontextprotocol/server ${name}: questions that are kept`, () => {
    /** What `ask` asks first, kept as JSON. */
    const firstQuestion = async (server: Parameters<Parameters<typeof withGuest>[1]>[0]): Promise<StoredQuestion<'tools/call'>> => {
      const error: unknown = await server.callTool('ask', {}, { rounds: 'manual' }).then(() => undefined, (reason: unknown) => reason);
      assert.ok(error instanceof InputRequiredError, String(error));
      return JSON.parse(JSON.stringify(error.question)) as StoredQuestion<'tools/call'>;
    };

    test('answered by hand, round by round', async () => {
      const { asked, handlers } = answering();
      await withGuest({ handlers }, async (server) => {
        const question = await firstQuestion(server);
        assert.deepEqual(Object.keys(question.inputRequests ?? {}), ['who', 'words', 'where']);
        const answers: QuestionAnswers = { who: { action: 'accept', content: { name: 'Bob' } }, words: WORD, where: { roots: [] } };
        const result = await server.answerQuestion(question, answers);
        assert.deepEqual(JSON.parse(textIn(result)), { ...answers, sure: ADA });
      });
      assert.deepEqual(asked, ['Say it again name: string']);
    });

    test('with a state that was changed: the server refuses it', async () => {
      const { handlers } = answering();
      await withGuest({ handlers }, async (server) => {
        const question = await firstQuestion(server);
        const requestState = `x${question.requestState ?? ''}`;
        await assert.rejects(server.answerQuestion({ ...question, requestState }, 'handlers'), (error: unknown) => {
          assert.ok(isInvalid('ERR_MCP_INVALID_ARGUMENTS')(error), String(error));
          assert.match((error as InvalidValueError).message, /Invalid or expired requestState/);
          return true;
        });
      });
    });
  });
}
