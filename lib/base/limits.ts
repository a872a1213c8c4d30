/**
 * Every default bound of the library, in one table. Each row can be changed by the option of the same name
 * (`limits: { … }`), stands in `docs/limits.md`, and has a test that trips it.
 */

/** One row of {@link LIMITS}. */
export interface LimitRow {
  readonly unit: 'bytes' | 'levels' | 'requests' | 'pages' | 'lines' | 'characters' | 'milliseconds' | 'starts' | 'redirects' | 'fields' | 'tries' | 'tools' | 'errors' | 'tokens' | 'choices' | 'elicitations' | 'changes' | 'rounds' | 'results';
  readonly value: number;
  readonly why: string;
}

/** The name of a bound. */
export type LimitName =
  | 'maxMessageBytes'
  | 'maxDepth'
  | 'maxPendingRequests'
  | 'maxPages'
  | 'maxQueuedBytes'
  | 'maxStderrBytes'
  | 'maxStrayLines'
  | 'maxErrorTextCharacters'
  | 'maxFastStarts'
  | 'stableAfterMs'
  | 'stdinGraceMs'
  | 'terminateGraceMs'
  | 'drainMs'
  | 'maxRetryDelayMs'
  | 'maxRetryAfterMs'
  | 'maxRedirects'
  | 'maxErrorBodyBytes'
  | 'maxEventFields'
  | 'maxEventIdCharacters'
  | 'maxReconnects'
  | 'streamProgressMs'
  | 'streamOverlapMs'
  | 'sessionEndMs'
  | 'afterAnswerMs'
  | 'streamLeaseMs'
  | 'maxQueuedChanges'
  | 'unsubscribeMs'
  | 'maxIncomingRequests'
  | 'answerTimeoutMs'
  | 'probeTimeoutMs'
  | 'listQuietMs'
  | 'maxListDelayMs'
  | 'maxToolFaults'
  | 'maxSchemaErrors'
  | 'progressIntervalMs'
  | 'maxSamplingTokens'
  | 'maxSamplingBytes'
  | 'maxSamplingsAtOnce'
  | 'maxSamplingsPerMinute'
  | 'minTaskPollMs'
  | 'taskPollMs'
  | 'maxTaskPollMs'
  | 'maxTaskPollFailures'
  | 'taskWaitMs'
  | 'maxTaskListeners'
  | 'maxTaskIdCharacters'
  | 'maxTaskQuestions'
  | 'taskListenMs'
  | 'maxFormFields'
  | 'maxFormChoices'
  | 'maxKnownElicitations'
  | 'eraDoubtMs'
  | 'maxRounds'
  | 'roundPauseMs'
  | 'maxRoundsMs'
  | 'maxInputRequests'
  | 'maxCacheMs'
  | 'maxCachedResults'
  | 'maxCachedBytes'
  | 'maxAuthBodyBytes'
  | 'authRequestMs'
  | 'authDiscoveryMs'
  | 'authPendingMs';

const row = (value: number, unit: LimitRow['unit'], why: string): LimitRow => Object.freeze({ unit, value, why });

const MiB = 1024 * 1024;

/** The table: name, default, unit, reason. */
export const LIMITS: Readonly<Record<LimitName, LimitRow>> = Object.freeze({
  maxMessageBytes: row(16 * MiB, 'bytes', 'One message, in or out. A peer cannot make the host hold more than this for one line.'),
  maxDepth: row(128, 'levels', 'Nesting of one message, known before it is parsed: deep values break code that walks them.'),
  maxPendingRequests: row(10_000, 'requests', 'Requests that wait for an answer on one connection.'),
  maxPages: row(1_000, 'pages', 'Pages of one list: a server that always gives a next cursor would be followed for ever.'),
  maxQueuedBytes: row(64 * MiB, 'bytes', 'Messages that wait for a child that does not read its stdin.'),
  maxStderrBytes: row(64 * 1024, 'bytes', 'The tail of a child’s stderr that is kept, to be shown in errors.'),
  maxStrayLines: row(1_000, 'lines', 'Lines in a row on a child’s stdout that are not messages, before the connection is closed.'),
  maxErrorTextCharacters: row(1_024, 'characters', 'Text of a peer that enters a message of an error or a log line, escaped and cut.'),
  maxFastStarts: row(3, 'starts', 'Starts in a row of a process that died before it was stable, before no further one is made.'),
  stableAfterMs: row(10_000, 'milliseconds', 'How long a restarted process has to live to count as stable again.'),
  stdinGraceMs: row(2_000, 'milliseconds', 'Stop ladder: from the end of stdin to SIGTERM.'),
  terminateGraceMs: row(2_000, 'milliseconds', 'Stop ladder: from SIGTERM to SIGKILL.'),
  drainMs: row(200, 'milliseconds', 'After a child exits: how long its stdout is read on while a grandchild holds it open.'),
  maxRetryDelayMs: row(30_000, 'milliseconds', 'The longest pause between two tries, however many failed.'),
  maxRetryAfterMs: row(60_000, 'milliseconds', 'The longest pause that a server may ask for before a request is sent again.'),
  maxRedirects: row(3, 'redirects', 'Redirects of one request, each to the same origin.'),
  maxErrorBodyBytes: row(64 * 1024, 'bytes', 'The body of a response that reports an error; the rest is not read.'),
  maxEventFields: row(1_000_000, 'fields', 'Lines of one event of a stream.'),
  maxEventIdCharacters: row(1_024, 'characters', 'The id of an event, to be sent back when a stream is resumed. Behind a longer one it is not resumed.'),
  maxReconnects: row(8, 'tries', 'Tries in a row to open a stream again without a message or a stream that lived, before it is given up.'),
  streamProgressMs: row(10_000, 'milliseconds', 'How long a stream has to live to count as one that lives.'),
  streamOverlapMs: row(1_000, 'milliseconds', 'How long a stream of changes is heard on over HTTP after another one took its place: what it had under way may come late.'),
  sessionEndMs: row(1_000, 'milliseconds', 'How long telling the server that a session is over may take.'),
  afterAnswerMs: row(1_000, 'milliseconds', 'How long a stream is read on after its answer, so that its socket can be used again.'),
  maxQueuedChanges: row(1_000, 'changes', 'Changes that wait for the reader of a subscription, before they become one gap.'),
  unsubscribeMs: row(1_000, 'milliseconds', 'How long telling a server that nobody follows a resource any more may take.'),
  maxIncomingRequests: row(100, 'requests', 'Requests of a server that are being answered at once, by handlers of the host.'),
  answerTimeoutMs: row(600_000, 'milliseconds', 'How long a handler of the host may take: a human may have to be asked.'),
  probeTimeoutMs: row(1_000, 'milliseconds', 'How long a child has to answer the probe for a modern server, before it is taken for a legacy one that is silent.'),
  progressIntervalMs: row(100, 'milliseconds', 'Between two reports of progress of one request of a server, however often a handler of the host reports.'),
  maxSamplingTokens: row(8_192, 'tokens', 'What a model of the host may make for one request of a server; what is asked for beyond is lowered to this.'),
  maxSamplingBytes: row(4 * MiB, 'bytes', 'What one request of a server may give a model to read, pictures and all.'),
  maxSamplingsAtOnce: row(4, 'requests', 'Requests of one server for a model of the host that are worked on at once.'),
  maxSamplingsPerMinute: row(30, 'requests', 'Requests of one server for a model of the host within any 60 seconds: each of them costs the host money.'),
  minTaskPollMs: row(250, 'milliseconds', 'The shortest pause between two questions about one task, however short a one its server wants.'),
  taskPollMs: row(1_000, 'milliseconds', 'The pause between two questions about one task where neither server nor host says.'),
  maxTaskPollMs: row(300_000, 'milliseconds', 'The longest pause between two questions about one task, however long a one its server wants.'),
  maxTaskPollFailures: row(3, 'tries', 'Questions about a task in a row that failed in a way that may pass, before who waits hears of it.'),
  taskWaitMs: row(86_400_000, 'milliseconds', 'How long the result of a task is waited for where the call does not say.'),
  maxTaskListeners: row(1_000, 'requests', 'Calls that go on as tasks whose progress is listened for on one server; the oldest give way.'),
  maxTaskIdCharacters: row(1_024, 'characters', 'The id of a task, and each text of a stored one.'),
  maxTaskQuestions: row(1_000, 'requests', 'What one task may ask of the host in all, however many of its questions are answered.'),
  taskListenMs: row(500, 'milliseconds', 'How long a task is followed before its server is asked to tell of it by itself: a shorter one is not worth a stream.'),
  maxFormFields: row(100, 'fields', 'Fields of one form that a server wants filled in: nobody fills in more.'),
  maxFormChoices: row(1_000, 'choices', 'Values to choose from in one form, of all its fields together: what validating takes grows with their square.'),
  maxKnownElicitations: row(1_000, 'elicitations', 'Visits to pages whose completion a server may still tell; beyond, the oldest is forgotten.'),
  eraDoubtMs: row(60_000, 'milliseconds', 'A modern server that refuses as a legacy one does is asked what it is; not again within this time.'),
  maxRounds: row(10, 'rounds', 'How often one call is sent again because its server asks something before it answers.'),
  roundPauseMs: row(250, 'milliseconds', 'The pause before a call is sent again of which nothing was asked; twice as long after each one in a row.'),
  maxRoundsMs: row(3_600_000, 'milliseconds', 'How long one call may take from the first question of its server on, people who are asked included.'),
  maxInputRequests: row(100, 'requests', 'What a server may ask at once before it answers one call.'),
  maxCacheMs: row(86_400_000, 'milliseconds', 'How long a result may be used again, however long its server says.'),
  maxCachedResults: row(1_000, 'results', 'Results of one server that are kept to be used again; beyond, those unused for the longest time leave.'),
  maxCachedBytes: row(16 * MiB, 'bytes', 'Memory of those results, two bytes a character.'),
  maxAuthBodyBytes: row(256 * 1024, 'bytes', 'The body of one answer of an authorization server, or of metadata.'),
  authRequestMs: row(10_000, 'milliseconds', 'One request to an authorization server, or for metadata, its answer read.'),
  authDiscoveryMs: row(30_000, 'milliseconds', 'All requests together that find out where a server sends its users to sign in.'),
  authPendingMs: row(3_600_000, 'milliseconds', 'How long after a user was sent to sign in the answer is taken: a page that was left open is not.'),
  streamLeaseMs: row(15_000, 'milliseconds', 'Of several handles that share a session, one listens: how long after the end of its process another one takes over.'),
  listQuietMs: row(100, 'milliseconds', 'How long a server says nothing more of a list that changed, before the list is asked for and the host is told.'),
  maxListDelayMs: row(1_000, 'milliseconds', 'How long the host is not told of a list whose server goes on saying that it changed.'),
  maxToolFaults: row(100, 'tools', 'Tools that cannot be used of which one connection tells; further ones are left out without a word.'),
  maxSchemaErrors: row(10, 'errors', 'What is told of arguments or of a result that the schema of a tool refuses: a peer says how long each is.'),
});

/** Every bound with its value. */
export type Limits = Readonly<Record<LimitName, number>>;

/** The option `limits`: bounds to change; those left out keep their defaults. */
export type LimitOptions = Readonly<Partial<Record<LimitName, number>>>;

/** The default of every bound. */
export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMITS).map(([name, { value }]) => [name, value])) as Record<LimitName, number>,
);
