import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

/** `@modelcontextprotocol/sdk`. Its default buffer ends just below the long result, so it is widened. */
export async function open(command, args) {
  const client = new Client({ name: 'bench', version: '1.0.0' });
  await client.connect(new StdioClientTransport({ command, args, maxBufferSize: 64 * 1024 * 1024 }));
  return {
    hearsNotifications: true,
    callTool: (name, toolArguments) => client.callTool({ name, arguments: toolArguments }),
    callToolHearing: (name, toolArguments, onProgress, onLog) => {
      client.setNotificationHandler(LoggingMessageNotificationSchema, (notification) => onLog(notification.params));
      return client.callTool({ name, arguments: toolArguments }, undefined, { onprogress: onProgress });
    },
    listTools: async () => (await client.listTools()).tools,
    close: () => client.close(),
  };
}
