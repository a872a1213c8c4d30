/** barewire as it ships: `BENCH_OURS` is the file URL of what was built from `lib/` at the start of the run. */
const { StdioMCPServer } = await import(process.env.BENCH_OURS);

export async function open(command, args) {
  const server = new StdioMCPServer({ serverName: 'bench', command: [command, ...args] });
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
    close: () => server.cleanup(),
  };
}
