using System.Collections.Concurrent;
using Interconnect.Federation;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Interconnect.Bus.RabbitMq;

/// <summary>
/// The connection for all that is not reading: it knows whether the broker is there, declares what a stream needs before anything is published to it, publishes
/// with confirms, and asks who reads a queue. It reconnects with its own back-off, which starts anew after each success.
/// Publishing does not go through MassTransit: its send transport repeats a failed send by itself after seconds, without regard to what was sent meanwhile
/// and without telling whether the first one may have arrived, and after kill -9 of the broker it confirmed nothing any more (8.4.0, seen).
/// </summary>
internal sealed partial class BrokerLink : IAsyncDisposable
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);

    private readonly BusOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<BrokerLink> log;
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim channelGate = new(1);
    private readonly SemaphoreSlim declaring = new(1);
    private readonly ConcurrentDictionary<BusAddress, bool> declared = new();
    private readonly Task running;
    private volatile string? whyDown = "The broker has not answered yet";
    private volatile IConnection? connection;
    private volatile IChannel? publishing;
    private TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BrokerLink(BusOptions options, TimeProvider time, ILogger<BrokerLink> log)
    {
        this.options = options;
        this.time = time;
        this.log = log;
        using (ExecutionContext.SuppressFlow())
        {
            running = Task.Run(RunAsync);
        }
    }

    /// <summary>Null when connected; else the reason in plain words, without address or credentials.</summary>
    public string? WhyDown => whyDown;

    /// <summary>Completes when the broker is connected.</summary>
    public async Task WaitUpAsync(CancellationToken cancellation)
    {
        while (whyDown is not null)
        {
            await Volatile.Read(ref up).Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Declares the exchange, the queues and the bindings of a stream, once a connection. Null when they are there; else the reason.</summary>
    public async ValueTask<string?> DeclareAsync(BusAddress address, CancellationToken cancellation)
    {
        if (declared.ContainsKey(address))
        {
            return null;
        }

        await declaring.WaitAsync(cancellation);
        try
        {
            return declared.ContainsKey(address) ? null : await DeclareNowAsync(address, cancellation);
        }
        finally
        {
            declaring.Release();
        }
    }

    /// <summary>Publishes and waits for the confirm. Many may wait at once; each learns of its own.</summary>
    public async ValueTask<SendResult> PublishAsync(string exchange, string routingKey, BasicProperties properties, ReadOnlyMemory<byte> body)
    {
        if (publishing is not { IsOpen: true } channel || whyDown is not null)
        {
            return Failed(whyDown ?? "The connection to the broker is lost", certain: true);
        }

        using var patience = new CancellationTokenSource(options.ConfirmTimeout, time);
        try
        {
            await channel.BasicPublishAsync(exchange, routingKey, mandatory: true, properties, body, patience.Token);
            return new SendResult(new PublishOutcome.Stored());
        }
        catch (PublishException e) when (e.IsReturn)
        {
            return Failed("The broker has no queue bound for this stream", certain: true) with { Returned = true };
        }
        catch (PublishException)
        {
            return Failed("The broker refuses to store the frame", certain: false);
        }
        catch (OperationCanceledException)
        {
            return Failed($"The broker did not confirm within {options.ConfirmTimeout.TotalSeconds} s", certain: false);
        }
        catch (Exception e)
        {
            // The connection broke between the bytes and the confirm: the broker may have the frame.
            return Failed($"The connection broke before the confirm: {e.GetType().Name}", certain: false);
        }
    }

    /// <summary>After a returned frame: the next publish declares again.</summary>
    public void Forget(BusAddress address) => declared.TryRemove(address, out _);

    /// <summary>Null when every queue of the stream has a reader; else the reason.</summary>
    public async ValueTask<string?> WhyUnreadAsync(BusAddress address, CancellationToken cancellation)
    {
        if (await DeclareAsync(address, cancellation) is { } why)
        {
            return why;
        }

        return await OnChannelAsync(
            async channel =>
            {
                var unread = new List<int>();
                for (var partition = 0; partition < BrokerNames.PartitionsOf(address, options); partition++)
                {
                    var found = await channel.QueueDeclarePassiveAsync(BrokerNames.Queue(address, partition), cancellation);
                    if (found.ConsumerCount == 0)
                    {
                        unread.Add(partition);
                    }
                }

                return unread.Count == 0 ? null : $"Nobody reads {address.Name}" + (address is BusAddress.Deliver ? "" : $" (partitions {string.Join(", ", unread)})");
            },
            cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
    }

    private async ValueTask<string?> DeclareNowAsync(BusAddress address, CancellationToken cancellation)
    {
        // A passive declaration of what is not there closes its channel, so each question has a channel of its own.
        var made = false;
        foreach (var queue in Enumerable.Range(0, BrokerNames.PartitionsOf(address, options)).Select(p => BrokerNames.Queue(address, p)).Append(BrokerNames.Parked))
        {
            made = made || await OnChannelAsync(
                async channel =>
                {
                    await channel.QueueDeclarePassiveAsync(queue, cancellation);
                    return null;
                },
                cancellation) is not null;
        }

        var why = await OnChannelAsync(
            async channel =>
            {
                await DeclareParkedAsync(channel, cancellation);
                var exchange = BrokerNames.Exchange(address);
                await channel.ExchangeDeclareAsync(exchange, ExchangeType.Direct, durable: true, autoDelete: false, cancellationToken: cancellation);
                for (var partition = 0; partition < BrokerNames.PartitionsOf(address, options); partition++)
                {
                    var queue = BrokerNames.Queue(address, partition);
                    await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, QueueArguments.Stream(), cancellationToken: cancellation);
                    await channel.QueueBindAsync(queue, exchange, BrokerNames.RoutingKey(partition), cancellationToken: cancellation);
                }

                return null;
            },
            cancellation);
        if (why is null && made)
        {
            await Task.Delay(options.NewQueueSettle, time, cancellation);
        }

        if (why is null)
        {
            declared[address] = true;
        }

        return why;
    }

    private SendResult Failed(string reason, bool certain) => new(new PublishOutcome.Unavailable(reason, options.RetryAfter, certain));

    private static async Task DeclareParkedAsync(IChannel channel, CancellationToken cancellation)
    {
        await channel.ExchangeDeclareAsync(BrokerNames.Parked, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellation);
        await channel.QueueDeclareAsync(BrokerNames.Parked, durable: true, exclusive: false, autoDelete: false, QueueArguments.Parked(), cancellationToken: cancellation);
        await channel.QueueBindAsync(BrokerNames.Parked, BrokerNames.Parked, "", cancellationToken: cancellation);
    }

    private async ValueTask<string?> OnChannelAsync(Func<IChannel, Task<string?>> work, CancellationToken cancellation)
    {
        if (connection is not { IsOpen: true } open)
        {
            return whyDown ?? "The connection to the broker is lost";
        }

        await channelGate.WaitAsync(cancellation);
        try
        {
            await using var channel = await open.CreateChannelAsync(cancellationToken: cancellation);
            return await work(channel);
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason is { ReplyCode: 406 })
        {
            return "A queue or exchange of the bus exists on the broker with other arguments; remove it when it is empty";
        }
        catch (OperationInterruptedException e)
        {
            return $"The broker refuses: code {e.ShutdownReason?.ReplyCode}";
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            return $"The broker does not answer: {e.GetType().Name}";
        }
        finally
        {
            channelGate.Release();
        }
    }

    private async Task RunAsync()
    {
        var factory = new ConnectionFactory
        {
            Uri = options.Amqp!,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
            ClientProvidedName = "interconnect link",
        };
        var backOff = new BackOff(FirstWait, options.ReconnectMax);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var opened = await factory.CreateConnectionAsync(stop.Token);
                backOff.Reset();
                await StayAsync(opened);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Everything a connection attempt throws is the outside world: unreachable, refused, wrong password.
                GoDown(BrokerFailures.Describe(e));
            }

            try
            {
                await Task.Delay(backOff.Next(), time, stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task StayAsync(IConnection opened)
    {
        var lost = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        opened.ConnectionShutdownAsync += (_, shutdown) =>
        {
            lost.TrySetResult($"The connection to the broker is lost: code {shutdown.ReplyCode}");
            return Task.CompletedTask;
        };
        opened.ConnectionBlockedAsync += (_, blocked) =>
        {
            // An alarm on the broker (disk, memory): what is published now would only fill the socket.
            GoDown("The broker takes nothing for now: " + blocked.Reason);
            return Task.CompletedTask;
        };
        opened.ConnectionUnblockedAsync += (_, _) =>
        {
            GoUp();
            return Task.CompletedTask;
        };
        await using var channel = await opened.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), stop.Token);
        declared.Clear();
        publishing = channel;
        connection = opened;
        channel.ChannelShutdownAsync += (_, shutdown) =>
        {
            lost.TrySetResult($"The broker closed the channel: code {shutdown.ReplyCode}");
            return Task.CompletedTask;
        };
        GoUp();
        try
        {
            GoDown(opened.IsOpen && channel.IsOpen ? await lost.Task.WaitAsync(stop.Token) : "The connection to the broker is lost");
        }
        finally
        {
            connection = null;
            publishing = null;
            whyDown ??= "The bus is stopping";
        }
    }

    private void GoUp()
    {
        whyDown = null;
        LogUp(log);
        Volatile.Read(ref up).TrySetResult();
    }

    private void GoDown(string why)
    {
        if (whyDown is null || whyDown != why)
        {
            LogDown(log, why);
        }

        if (whyDown is null)
        {
            Volatile.Write(ref up, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        whyDown = why;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to the broker")]
    private static partial void LogUp(ILogger log);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason}; trying again")]
    private static partial void LogDown(ILogger log, string reason);
}
