/** The error codes that JSON-RPC 2.0 section 5.1 reserves, as far as a client reads or answers them. */
export const RPC_ERROR = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
} as const;
