import { createMCPClient } from '@ai-sdk/mcp';
import { StdioMCPTransport } from '@ai-sdk/mcp/mcp-stdio';

/** `@ai-sdk/mcp`. It has no way to hear log messages or progress. */
export async function open(command, args) {
  const client = await createMCPClient({ transport: new StdioMCPTransport({ command, args }) });
  return {
    hearsNotifications: false,
    callTool: (name, toolArguments) => client.callTool({ name, arguments: toolArguments }),
    callToolHearing: undefined,
    listTools: async () => (await client.listTools()).tools,
    close: () => client.close(),
  };
}
