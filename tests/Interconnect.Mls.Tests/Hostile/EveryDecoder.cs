using System.Reflection;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>All structures of the project, found by their interface: whatever bytes they are read from, they are refused with a place, or come out as they went in.</summary>
public sealed class EveryDecoder
{
    private delegate int? Attempt(ReadOnlyMemory<byte> input, out byte[]? encoded);

    [Fact]
    public void Structures_FromAnyPlaceOfGenuineMessages_RefuseOrRoundTrip()
    {
        var attempts = Attempts();
        Assert.True(attempts.Count >= 23, string.Join(' ', attempts.Keys));
        var messages = new Genuine().All.Select(message => (ReadOnlyMemory<byte>)message).ToList();
        var random = new Random(Meter.Seed);
        foreach (var (name, attempt) in attempts)
        {
            var meter = new Meter(name, 8_000, 500);
            foreach (var message in messages)
            {
                // The first, a commit with a path, from every byte: it holds nearly every structure.
                for (var start = 0; start < message.Length; start += message.Equals(messages[0]) ? 1 : 1 + (random.Next(24) / Meter.Factor))
                {
                    Try(meter, attempt, message[start..]);
                }
            }

            for (var i = 0; i < 500 * Meter.Factor; i++)
            {
                var noise = new byte[random.Next(200)];
                random.NextBytes(noise);
                for (var small = random.Next(noise.Length + 1); small > 0; small--)
                {
                    noise[random.Next(noise.Length)] = (byte)random.Next(5);
                }

                Try(meter, attempt, noise);
            }

            Assert.True(meter.Accepted > 0, $"{name} was never read");
        }
    }

    private static void Try(Meter meter, Attempt attempt, ReadOnlyMemory<byte> input)
    {
        var bytes = input.ToArray();
        meter.Try(bytes, () =>
        {
            if (attempt(bytes, out var encoded) is not { } length)
            {
                return false;
            }

            Assert.Equal(bytes[..length], encoded);
            return true;
        });
    }

    private static SortedDictionary<string, Attempt> Attempts()
    {
        var make = typeof(EveryDecoder).GetMethod(nameof(Make), BindingFlags.Static | BindingFlags.NonPublic)!;
        return new SortedDictionary<string, Attempt>(typeof(Codec).Assembly.GetTypes()
            .Where(type => type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IMlsStructure<>) && i.GetGenericArguments()[0] == type))
            .ToDictionary(type => type.Name, type => (Attempt)make.MakeGenericMethod(type).Invoke(null, null)!));
    }

    private static Attempt Make<T>()
        where T : IMlsStructure<T> => (ReadOnlyMemory<byte> input, out byte[]? encoded) =>
    {
        encoded = null;
        try
        {
            var reader = new MlsReader(input);
            var structure = T.Read(ref reader);
            encoded = Codec.Encode(structure);
            return reader.Position;
        }
        catch (MlsRefusal refusal)
        {
            Assert.True(refusal.Error is { Path: not null, Offset: >= 0 } && refusal.Error.Offset <= input.Length, refusal.Error.ToString());
            return null;
        }
    };
}
