using Interconnect.Agent;

return await AgentCommandLine.RunAsync(args, AgentIo.Process(), CancellationToken.None);
