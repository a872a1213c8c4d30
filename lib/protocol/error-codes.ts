/** `resources/read` of a uri that the server does not know. Source: 2025-11-25, server, "Resources", "Error Handling". */
export const RESOURCE_NOT_FOUND = -32002;

/** The first code that JSON-RPC leaves to servers: what the official SDKs answer with when they know no session. */
export const SERVER_ERROR = -32000;

/** The headers of a request do not say what its body says. Source: 2026-07-28, basic, "Error Codes". */
export const HEADER_MISMATCH = -32020;

/** The request needs a capability that the client has not declared. Source: 2026-07-28, basic, "Error Codes". */
export const MISSING_CLIENT_CAPABILITY = -32021;

/** The server does not speak the revision of the request. Source: 2026-07-28, basic, "Error Codes". */
export const UNSUPPORTED_VERSION = -32022;

/** The user said no to what a server asks. Source: 2025-11-25, client, "Sampling", "Error Handling". */
export const USER_REJECTED = -1;
/** A request that waits for the user to visit a page. Source: 2025-11-25, `schema.ts`, URL_ELICITATION_REQUIRED. */
export const URL_ELICITATION_REQUIRED = -32042;
