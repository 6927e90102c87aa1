using System.Buffers.Binary;
using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Bus.Tests;

/// <summary>Builds a bus as a host would and speaks numbers over it.</summary>
internal static class TestBus
{
    public static readonly NetworkId Network = NetworkId.Parse("net-b");

    public static readonly BusSender From = new BusSender.Network(NetworkId.Parse("net-a"));

    /// <summary>As the adapter of a network.</summary>
    public static IBusPublisher Publisher(this IServiceProvider services) => services.GetRequiredService<IBusPublishers>().As(From);

    public static ServiceProvider Create(BusOptions options, TimeProvider? time = null)
    {
        var services = new ServiceCollection();
        if (time is not null)
        {
            services.AddSingleton(time);
        }

        return services.AddInterconnectBus(options, options.Amqp is null ? [] : [From]).BuildServiceProvider();
    }

    public static ConversationKey Conversation(int number)
    {
        Assert.True(RoomUri.TryParse($"mimi://hub.test/r/{number:x32}", out var room));
        return ConversationKey.OfRoom(room);
    }

    public static byte[] Body(int conversation, int number)
    {
        var body = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(body, conversation);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(4), number);
        return body;
    }

    public static (int Conversation, int Number) Read(BusBody body) =>
        (BinaryPrimitives.ReadInt32BigEndian(body.Bytes.Span), BinaryPrimitives.ReadInt32BigEndian(body.Bytes.Span[4..]));
}
