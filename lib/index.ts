/** barewire: a Model Context Protocol client with no dependency at all. */

export { MCPServerProtocol } from './servers/mcp-server-protocol.ts';
export type { CompleteOptions, ConnectOptions, QuestionResults, ResumeTaskOptions, StartTaskOptions, SubscribeOptions } from './servers/mcp-server-protocol.ts';
export { StdioMCPServer } from './servers/stdio-mcp-server.ts';
export type { ProcessSignal } from './servers/stdio-mcp-server.ts';
export type { Command, StdioMCPServerOptions } from './servers/stdio-options.ts';
export { StreamableHTTPMCPServer } from './servers/streamable-http-mcp-server.ts';
export type { CacheOptions } from './servers/cache-options.ts';
export type { ConnectionPoolLimits, StreamableHTTPMCPServerOptions } from './servers/http-options.ts';
export type { CommonServerOptions } from './servers/common-options.ts';
export type { ServerVerdict } from './servers/server-verdict.ts';
export { SessionManager } from './session/session-manager.ts';
export type { CachedText, LockOptions, SessionManagerOptions } from './session/session-manager.ts';
export type { Lease, LeaseOptions } from './session/lease.ts';
export { InMemorySessionManager } from './session/in-memory-session-manager.ts';
export type { InMemorySessionManagerOptions } from './session/in-memory-session-manager.ts';
export { RedisSessionManager } from './session/redis-session-manager.ts';
export type { RedisSessionStatus } from './session/redis-session-manager.ts';
export type { RedisSessionManagerOptions } from './session/redis-session-options.ts';
export type { RedisAvailability } from './session/redis-breaker.ts';
export type { SealingKey } from './session/session-seal.ts';
export { Secret } from './base/secret.ts';
export type { NewSecret, VersionedSecret } from './base/versioned-secrets.ts';
export { RedisClient } from './redis/redis-client.ts';
export { RedisCluster } from './redis/redis-cluster.ts';
export { RedisSentinel } from './redis/redis-sentinel.ts';
export type { RedisClientEvents, RedisCommands, RedisSendOptions } from './redis/redis-client.ts';
export type { RedisClientOptions, RedisLogin, RedisPEM, RedisTLSOptions } from './redis/redis-options.ts';
export type { RedisClientState } from './redis/redis-state.ts';
export type { RedisAddress } from './redis/redis-url.ts';
export type { RedisAddressMapper, RedisNodeAddress } from './redis/redis-cluster-address.ts';
export type { RedisClusterTopology } from './redis/redis-cluster-map.ts';
export type { RedisClusterOptions } from './redis/redis-cluster-options.ts';
export type { RedisSeedURLs } from './redis/redis-cluster-url.ts';
export type { RedisClusterEvents, RedisClusterState } from './redis/redis-cluster.ts';
export type { RedisSentinelOptions } from './redis/redis-sentinel-options.ts';
export type { RedisSentinelEvents } from './redis/redis-sentinel.ts';
export { RESPError } from './resp/resp-error.ts';
export type { RESPBounds } from './resp/resp-bounds.ts';
export type { RedisArgument } from './resp/resp-encoder.ts';
export type { RESPReply } from './resp/resp-reply.ts';
export { checkSessionRecord } from './session/session-record.ts';
export type { SessionRecord } from './session/session-record.ts';
export { sessionKey } from './session/session-key.ts';
export type { SessionOwner } from './session/session-key.ts';
export { bearerToken } from './oauth/bearer-token.ts';
export type { BearerTokenOptions, BearerTokenRequest, BearerTokenSource } from './oauth/bearer-token.ts';
export { createOAuth } from './oauth/create-oauth.ts';
export type { OAuth } from './oauth/create-oauth.ts';
export type { AssertionRequest, IdentityProvider, OAuthClientOptions, OAuthGrant, OAuthOptions, SecretSource } from './oauth/oauth-options.ts';
export { loopbackSignIn } from './oauth/sign-in.ts';
export type { LoopbackSignInOptions, SignIn, SignInRequest, SignInTurn } from './oauth/sign-in.ts';
export { InMemoryTokenStore } from './oauth/token-store.ts';
export type { TokenLock, TokenStore } from './oauth/token-store.ts';
export { guardLookup } from './oauth/guarded-lookup.ts';
export type { EndpointPolicy } from './oauth/endpoint-policy.ts';
export { receiveRedirect } from './oauth/redirect-receiver.ts';
export type { ReceiveRedirectOptions, RedirectReceiver } from './oauth/redirect-receiver.ts';
export type { Admission, Authorization, AuthorizedResponse, Authorizer, AuthorizerContext } from './http/authorizer.ts';
export { createNodeFetch } from './transport/http/node-fetch.ts';
export type { NodeFetch, NodeFetchInit, NodeFetchResponse } from './transport/http/node-fetch-contract.ts';
export type { NodeFetchOptions, PEM } from './transport/http/node-fetch-options.ts';
export type { LookupGuard, NameLookup, NameLookupOptions, NamedAddress } from './http/name-lookup.ts';
export type { BodyReader, Fetch, FetchBody, FetchInit, FetchResponse } from './http/fetch-port.ts';
export type { UserHeaders } from './transport/http/http-client.ts';
export type { FrameHeaders } from './transport/transport.ts';
export { logServerMessages } from './servers/log-bridge.ts';
export { VERSION } from './servers/client-info.ts';

export { ConnectionState } from './connection/connection-state.ts';
export type { ConnectionEvent, StateChange } from './connection/connection-state.ts';
export type { PendingRequestInfo, ProgressEvent } from './connection/pending-requests.ts';
export type { CacheChoice, OnProgress, RequestOptions, RetryChoice, RoundsChoice } from './connection/request-settings.ts';

export {
  ConnectionError,
  ERROR_CODES,
  AuthorizationError,
  InvalidValueError,
  LimitError,
  MCPError,
  PeerProtocolError,
  RPCError,
  RedisError,
  RequestTimeoutError,
  SessionStoreError,
  isMCPError,
} from './base/errors.ts';
export type { Delivery, ErrorCode, ErrorDetails } from './base/errors.ts';
export { LIMITS } from './base/limits.ts';
export type { LimitName, LimitOptions, LimitRow } from './base/limits.ts';
export type { JSONObject } from './base/json.ts';
export { LOG_LEVELS } from './base/log.ts';
export type { LogLevel, Logger } from './base/log.ts';
export type { CancelTimer, Clock } from './base/clock.ts';
export type { Unsubscribe } from './base/listeners.ts';
export { escapeText } from './base/text.ts';

export { compileSchema } from './schema/schema.ts';
export type { CompiledSchema, SchemaOptions } from './schema/schema.ts';
export { SchemaRegistry } from './schema/schema-registry.ts';
export { schemaSentence } from './schema/schema-sentence.ts';
export type { DialectName } from './schema/dialects.ts';
export type { SchemaBounds } from './schema/schema-bounds.ts';
export type { ValidationError } from './schema/schema-node.ts';
export type { ValidationResult } from './schema/schema-output.ts';
export type { RawSchema } from './schema/schema-resource.ts';

export { PROTOCOL_VERSIONS } from './protocol/versions.ts';
export type { ProtocolVersion } from './protocol/versions.ts';
export type { EraName } from './protocol/era.ts';
export type { ServerCapabilities } from './protocol/capabilities.ts';
export type { RequestId } from './jsonrpc/request-id.ts';

export type { CompletionContext } from './features/completion.ts';
export type { ElicitURLsOptions, ElicitURLsOutcome } from './features/elicit-urls.ts';
export type {
  ElicitationContext,
  ElicitationHandler,
  ElicitationHandlers,
  FormElicitationAnswer,
  FormElicitationHandler,
  URLElicitationAnswer,
  URLElicitationHandler,
} from './features/elicitation.ts';
export type { MirrorPolicy } from './features/param-mirrors.ts';
export { URLElicitationRequiredError } from './features/url-elicitation-required.ts';
export { InputRequiredError } from './features/input-required-error.ts';
export type { InputAnswer, QuestionAnswers } from './features/input-answers.ts';
export type { StoredQuestion } from './features/stored-question.ts';
export type { HonouredFilter, SubscriptionEnd, SubscriptionFilter } from './features/change-source.ts';
export type { ServerChange, Subscription } from './features/subscription.ts';
export { resourceBytes } from './features/resource-bytes.ts';
export { expandURITemplate, parseURITemplate } from './uri/uri-template.ts';
export type { URITemplate, URITemplateText, URITemplateValue } from './uri/uri-template.ts';
export type { Handlers } from './features/handlers.ts';
export type { RootsHandler } from './features/roots.ts';
export type { SamplingContext, SamplingHandler, SamplingOptions } from './features/sampling.ts';
export { displayName, isSafeLink, safeIcons } from './features/display.ts';
export type { Named } from './features/display.ts';
export { resultText } from './features/result-text.ts';
export type { ListChanged, ListEvent, ServerEvents } from './features/server-events.ts';
export { toolDigest } from './features/tool-digest.ts';
export { toolTypes } from './features/tool-types.ts';
export { toolsToAnthropic, toolsToGemini, toolsToOpenAI } from './features/tool-formats.ts';
export type { AnthropicTool, FormattedTools, GeminiFunctionDeclaration, OpenAITool, ToolFormatOptions } from './features/tool-formats.ts';
export type { ArgumentChecks } from './features/tools.ts';
export {
  isAudioContent,
  isBlobResource,
  isEmbeddedResource,
  isImageContent,
  isResourceLink,
  isTextContent,
  isTextResource,
} from './protocol/checks/content-guards.ts';
export type { ActiveExtension, ExtendedCall, Extension, ExtensionMethod, ExtensionNotification, ExtensionResult } from './features/extension.ts';
export type { StoredTask, TaskFormName } from './features/stored-task.ts';
export type { TaskHandle, TaskResultOptions, TaskUpdatesOptions } from './features/task-handle.ts';
export type {
  AnswerCall,
  IncomingNotification,
  Middleware,
  MiddlewareChange,
  MiddlewareNext,
  NotificationNext,
  RequestCall,
} from './features/middleware.ts';
export { isTraceparent } from './features/trace-context.ts';
export type { TraceContext, TraceContextHook } from './features/trace-context.ts';
export type { ConnectionDiagnostics, NotificationDiagnostics, RequestDiagnostics } from './servers/diagnostics.ts';
export type { DiagnosticsAttributes } from './servers/diagnostics-attributes.ts';
export type { Completion, CompletionArgument, CompletionReference } from './protocol/types/completion.ts';
export type {
  AudioContent,
  BlobResourceContents,
  ContentBlock,
  EmbeddedResource,
  ImageContent,
  ResourceContents,
  ResourceLink,
  TextContent,
  TextResourceContents,
} from './protocol/types/content.ts';
export type { SafeIconOptions } from './uri/safe-links.ts';
export type {
  ElicitationAction,
  ElicitationBooleanField,
  ElicitationChoice,
  ElicitationChoiceField,
  ElicitationChoicesField,
  ElicitationContent,
  ElicitationField,
  ElicitationFieldBase,
  ElicitationNumberField,
  ElicitationTextField,
  ElicitationValue,
  FormElicitation,
  RequiredURLElicitation,
  URLElicitation,
} from './protocol/types/elicitation.ts';
export type { AskingMethod, InputMethod, InputRequest } from './protocol/types/input-required.ts';
export type { Icon, Implementation } from './protocol/types/implementation.ts';
export { SERVER_LOG_LEVELS } from './protocol/types/logging.ts';
export type { LogMessage, ServerLogLevel } from './protocol/types/logging.ts';
export type { Annotations, WithMeta } from './protocol/types/metadata.ts';
export type { Progress, ProgressToken } from './protocol/types/progress.ts';
export type { GetPromptResult, ListPromptsResult, Prompt, PromptArgument, PromptMessage } from './protocol/types/prompts.ts';
export type { Root } from './protocol/types/roots.ts';
export type {
  ModelHint,
  ModelPreferences,
  SamplingContent,
  SamplingMessage,
  SamplingRequest,
  SamplingResult,
  ToolChoice,
  ToolResultContent,
  ToolUseContent,
} from './protocol/types/sampling.ts';
export type {
  ListResourceTemplatesResult,
  ListResourcesResult,
  Resource,
  ResourceTemplate,
} from './protocol/types/resources.ts';
export { TASK_STATUSES } from './protocol/types/tasks.ts';
export type { ListTasksResult, Task, TaskStatus } from './protocol/types/tasks.ts';
export type { CallToolResult, ListToolsResult, Tool, ToolAnnotations } from './protocol/types/tools.ts';
