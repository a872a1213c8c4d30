import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** `@modelcontextprotocol/client` on its `StreamableHTTPClientTransport`, which uses the platform's fetch. */
export async function open(url) {
  const client = new Client({ name: 'bench', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return {
    hearsNotifications: true,
    callTool: (name, toolArguments) => client.callTool({ name, arguments: toolArguments }),
    callToolHearing: (name, toolArguments, onProgress, onLog) => {
      client.setNotificationHandler('notifications/message', (notification) => onLog(notification.params));
      return client.callTool({ name, arguments: toolArguments }, { onprogress: onProgress });
    },
    listTools: async () => (await client.listTools()).tools,
    close: () => client.close(),
  };
}
