using Interconnect.Bus.Signing;
using Interconnect.Federation;
using MassTransit;
using MassTransit.RabbitMqTransport.Configuration;
using Microsoft.Extensions.Logging;

namespace Interconnect.Bus.RabbitMq;

/// <summary>
/// Reads one queue through a MassTransit receive endpoint and connects a new endpoint whenever the broker dropped the old one. MassTransit would come
/// back by itself, but with a wait that grows with every loss in the life of the process, and not at all after some errors.
/// </summary>
internal sealed partial class QueueReader : IReceiveEndpointObserver, IReceiveObserver
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AcknowledgePatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);

    private readonly BusAddress address;
    private readonly int partition;
    private readonly BusOptions options;
    private readonly BrokerBus bus;
    private readonly BrokerLink link;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly PartitionPump pump;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource bound = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task running;
    private volatile bool stopping;
    private volatile TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public QueueReader(
        BusAddress address, int partition, BusOptions options, BusKeyring keys, BusHandler handler, BrokerBus bus, BrokerLink link, BatchHandling handling, BusMetrics metrics, FrameSender sender,
        TimeProvider time, ILogger log)
    {
        this.address = address;
        this.partition = partition;
        this.options = options;
        this.bus = bus;
        this.link = link;
        this.time = time;
        this.log = log;
        pump = new PartitionPump(address, partition, options, keys, handler, handling, metrics, sender.ParkAsync, time);
        using (ExecutionContext.SuppressFlow())
        {
            running = Task.Run(RunAsync);
        }
    }

    /// <summary>Completes when the queue is bound and read.</summary>
    public Task Bound => bound.Task;

    /// <summary>
    /// In this order, because of the broker: finish the batch and acknowledge it, then close the channel, which gives all the rest back at once and in order.
    /// Cancelling the consumer first would let the next reader take what follows before it has what came before. Only when the channel is closed to the end is the
    /// endpoint stopped: MassTransit disposes a channel that is not open any more, and a client whose channel is disposed while it closes cannot close its connection
    /// either, but sends channel.close on channel 0 (8.4.0 with client 7.1.2, seen), which the broker takes for an error. MassTransit may still be first.
    /// </summary>
    public async Task StopAsync()
    {
        stopping = true;
        await pump.StopAsync();
        for (var waited = TimeSpan.Zero; pump.HasUnacknowledged && pump.Transport is { IsOpen: true } && waited < AcknowledgePatience; waited += TimeSpan.FromMilliseconds(10))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), time);
        }

        var closing = Task.CompletedTask;
        if (pump.Transport is { IsOpen: true } channel)
        {
            try
            {
                closing = await PartitionPump.CloseAsync(channel, time);
            }
            catch (Exception e)
            {
                // Closed meanwhile, or the broker is gone: either way it gives back what was not acknowledged.
                LogCloseFailed(log, address.Name, partition, e.GetType().Name);
            }
        }

        pump.Drop();
        await closing.WaitAsync(ClosePatience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stop.CancelAsync();
        await running;
    }

    Task IReceiveEndpointObserver.Ready(ReceiveEndpointReady ready)
    {
        bound.TrySetResult();
        return Task.CompletedTask;
    }

    Task IReceiveEndpointObserver.Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    Task IReceiveEndpointObserver.Completed(ReceiveEndpointCompleted completed) => End();

    Task IReceiveEndpointObserver.Faulted(ReceiveEndpointFaulted faulted) => End();

    Task IReceiveObserver.PreReceive(ReceiveContext context) => Task.CompletedTask;

    Task IReceiveObserver.PostReceive(ReceiveContext context)
    {
        pump.Acknowledged();
        return Task.CompletedTask;
    }

    Task IReceiveObserver.PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) => Task.CompletedTask;

    Task IReceiveObserver.ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) => Task.CompletedTask;

    Task IReceiveObserver.ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;

    private Task End()
    {
        ended.TrySetResult();
        return Task.CompletedTask;
    }

    private async Task RunAsync()
    {
        var backOff = new BackOff(FirstWait, options.ReconnectMax);
        while (!stopping)
        {
            try
            {
                await link.WaitUpAsync(stop.Token);
                await bus.StartAsync();
                if (await link.DeclareAsync(address, owns: true, stop.Token) is { } why)
                {
                    LogNotRead(log, address.Name, partition, why);
                }
                else if (await ReadAsync())
                {
                    backOff.Reset();
                }

                await Task.Delay(backOff.Next(), time, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogNotRead(log, address.Name, partition, e.GetType().Name);
                await Task.Delay(options.ReconnectMax, time, CancellationToken.None);
            }
        }
    }

    /// <summary>One life of an endpoint; true when it was ready.</summary>
    private async Task<bool> ReadAsync()
    {
        ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handle = bus.Control.ConnectReceiveEndpoint(BrokerNames.Queue(address, partition), Configure);
        handle.ReceiveEndpoint.ConnectReceiveObserver(this);
        try
        {
            await ended.Task.WaitAsync(stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the endpoint is stopped below.
        }

        using var patience = new CancellationTokenSource(StopPatience, time);
        await handle.StopAsync(patience.Token);
        return handle.Ready.IsCompletedSuccessfully;
    }

    private void Configure(IReceiveEndpointConfigurator configurator)
    {
        var endpoint = (RabbitMqReceiveEndpointConfiguration)configurator;
        var settings = (RabbitMqReceiveSettings)endpoint.Settings;

        // MassTransit names the exchange after the queue and makes it a fanout; ours is the stream's direct exchange.
        settings.ExchangeName = BrokerNames.Exchange(address);
        settings.ExchangeType = RabbitMQ.Client.ExchangeType.Direct;
        settings.RoutingKey = BrokerNames.RoutingKey(partition);
        foreach (var (key, value) in QueueArguments.Stream())
        {
            endpoint.SetQueueArgument(key, value);
        }

        endpoint.ConfigureConsumeTopology = false;
        endpoint.PublishFaults = false;
        endpoint.PrefetchCount = options.PrefetchFrames;
        endpoint.ConcurrentMessageLimit = options.PrefetchFrames;
        endpoint.ConfigureReceive(pipe => pipe.UseFilter(new FrameFilter(pump)));
        endpoint.ConnectReceiveEndpointObserver(this);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Stream} partition {Partition} is not read, trying again: {Reason}")]
    private static partial void LogNotRead(ILogger log, string stream, int partition, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Stream} partition {Partition}: the channel was gone before it was closed: {Cause}")]
    private static partial void LogCloseFailed(ILogger log, string stream, int partition, string cause);
}
