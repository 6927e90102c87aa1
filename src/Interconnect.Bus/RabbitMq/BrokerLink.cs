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
    private readonly BrokerTls tls;
    private readonly TimeProvider time;
    private readonly ILogger<BrokerLink> log;
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim channelGate = new(1);
    private readonly SemaphoreSlim declaring = new(1);
    private readonly ConcurrentDictionary<(BusAddress Address, bool Owns), bool> declared = new();
    private readonly ConcurrentDictionary<BusAddress, bool> unbound = new();
    private readonly Task running;
    private volatile string? whyDown = "The broker has not answered yet";
    private volatile IConnection? connection;
    private volatile IChannel? publishing;
    private TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BrokerLink(BusOptions options, BrokerTls tls, TimeProvider time, ILogger<BrokerLink> log)
    {
        this.options = options;
        this.tls = tls;
        this.time = time;
        this.log = log;
        using (ExecutionContext.SuppressFlow())
        {
            running = Task.Run(RunAsync);
        }
    }

    /// <summary>Null when connected; else the reason in plain words, without address or credentials.</summary>
    public string? WhyDown => whyDown;

    /// <summary>The user that this process is on the broker; the broker holds what is published in its name against it.</summary>
    public string User => BrokerNames.UserOf(options.Amqp!);

    /// <summary>Completes when the broker is connected.</summary>
    public async Task WaitUpAsync(CancellationToken cancellation)
    {
        while (whyDown is not null)
        {
            await Volatile.Read(ref up).Task.WaitAsync(cancellation);
        }
    }

    /// <summary>
    /// Makes sure, once a connection, that exchange, queues and bindings of a stream are there. A stream belongs to its reader, which declares it; whoever writes to it
    /// looks first, and declares only what is missing, for which its user may have no right. Null when all is there; else the reason.
    /// </summary>
    public async ValueTask<string?> DeclareAsync(BusAddress address, bool owns, CancellationToken cancellation)
    {
        if (declared.ContainsKey((address, owns)))
        {
            return null;
        }

        await declaring.WaitAsync(cancellation);
        try
        {
            return declared.ContainsKey((address, owns)) ? null : await DeclareNowAsync(address, owns, cancellation);
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
    public void Forget(BusAddress address)
    {
        unbound[address] = true;
        declared.TryRemove((address, false), out _);
        declared.TryRemove((address, true), out _);
    }

    /// <summary>Null when every queue of the stream has a reader; else the reason.</summary>
    public async ValueTask<string?> WhyUnreadAsync(BusAddress address, CancellationToken cancellation)
    {
        if (await DeclareAsync(address, owns: false, cancellation) is { } why)
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

    private async ValueTask<string?> DeclareNowAsync(BusAddress address, bool owns, CancellationToken cancellation)
    {
        // A passive declaration of what is not there closes its channel, so each question has a channel of its own. It needs no right.
        var missing = !await IsThereAsync(channel => channel.ExchangeDeclarePassiveAsync(BrokerNames.Exchange(address), cancellation), cancellation);
        foreach (var queue in Enumerable.Range(0, BrokerNames.PartitionsOf(address, options)).Select(p => BrokerNames.Queue(address, p)))
        {
            missing = missing || !await IsThereAsync(channel => channel.QueueDeclarePassiveAsync(queue, cancellation), cancellation);
        }

        var (made, why) = await DeclareParkedAsync(cancellation);
        if (why is null && (owns || missing || unbound.ContainsKey(address)))
        {
            made |= missing;
            why = await OnChannelAsync(channel => DeclareStreamAsync(channel, address, cancellation), cancellation);
        }

        if (why is null && made)
        {
            await Task.Delay(options.NewQueueSettle, time, cancellation);
        }

        if (why is null)
        {
            unbound.TryRemove(address, out _);
            declared[(address, owns)] = true;
        }

        return why;
    }

    private async Task<string?> DeclareStreamAsync(IChannel channel, BusAddress address, CancellationToken cancellation)
    {
        var exchange = BrokerNames.Exchange(address);
        await channel.ExchangeDeclareAsync(exchange, ExchangeType.Direct, durable: true, autoDelete: false, cancellationToken: cancellation);
        for (var partition = 0; partition < BrokerNames.PartitionsOf(address, options); partition++)
        {
            var queue = BrokerNames.Queue(address, partition);
            await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, QueueArguments.Stream(), cancellationToken: cancellation);
            await channel.QueueBindAsync(queue, exchange, BrokerNames.RoutingKey(partition), cancellationToken: cancellation);
        }

        return null;
    }

    private async ValueTask<bool> IsThereAsync(Func<IChannel, Task> ask, CancellationToken cancellation) =>
        await OnChannelAsync(
            async channel =>
            {
                await ask(channel);
                return null;
            },
            cancellation) is null;

    private SendResult Failed(string reason, bool certain) => new(new PublishOutcome.Unavailable(reason, options.RetryAfter, certain));

    // Both belong to the hub; an adapter's user finds them there.
    private async ValueTask<(bool Made, string? Why)> DeclareParkedAsync(CancellationToken cancellation)
    {
        var made = false;
        foreach (var (name, arguments) in new[] { (BrokerNames.Parked, QueueArguments.Parked()), (BrokerNames.Unauthentic, QueueArguments.Unauthentic()) })
        {
            if (await IsThereAsync(channel => channel.QueueDeclarePassiveAsync(name, cancellation), cancellation))
            {
                continue;
            }

            made = true;
            var why = await OnChannelAsync(
                async channel =>
                {
                    await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellation);
                    await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellation);
                    await channel.QueueBindAsync(name, name, "", cancellationToken: cancellation);
                    return null;
                },
                cancellation);
            if (why is not null)
            {
                return (false, why);
            }
        }

        return (made, null);
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
            return e.ShutdownReason?.ReplyCode == BrokerFailures.AccessRefused
                ? "The stream is not there yet, and this user may not make it: its reader does"
                : $"The broker refuses: code {e.ShutdownReason?.ReplyCode}";
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
        var factory = tls.Factory("interconnect link");
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
