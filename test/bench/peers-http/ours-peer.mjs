/** Connects a handle of barewire, and gives it the shape in which every client is measured. */
export async function toPeer(server, release) {
  await server.connect();
  return {
    hearsNotifications: true,
    callTool: (name, toolArguments) => server.callTool(name, toolArguments),
    callToolHearing: async (name, toolArguments, onProgress, onLog) => {
      const stopHearing = server.on('log', onLog);
      const result = await server.callTool(name, toolArguments, { onProgress });
      stopHearing();
      return result;
    },
    listTools: () => server.listTools(),
    close: async () => {
      await server.cleanup();
      await release();
    },
  };
}
