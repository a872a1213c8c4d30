/** Connects one of the floors, and gives it the shape in which every client is measured. */
export async function toPeer(client) {
  await client.connect();
  return {
    hearsNotifications: true,
    callTool: (name, toolArguments) => client.request('tools/call', { name, arguments: toolArguments }),
    callToolHearing: (name, toolArguments, onProgress, onLog) => {
      client.onLog = onLog;
      return client.request('tools/call', { name, arguments: toolArguments }, onProgress);
    },
    listTools: async () => (await client.request('tools/list', {})).tools,
    close: () => client.close(),
  };
}
