import { FloorClient } from '../floor-stdio.mjs';

/** A raw pipe and JSON. */
export async function open(command, args) {
  const client = new FloorClient(command, args);
  await client.connect();
  return {
    hearsNotifications: true,
    callTool: (name, toolArguments) => client.request('tools/call', { name, arguments: toolArguments }),
    callToolHearing: (name, toolArguments, onProgress, onLog) => {
      client.onLog(onLog);
      return client.requestWithProgress('tools/call', { name, arguments: toolArguments }, onProgress);
    },
    listTools: async () => (await client.request('tools/list', {})).tools,
    close: () => client.close(),
  };
}
