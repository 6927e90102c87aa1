using System.Net;
using System.Net.Sockets;
using System.Text;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Matrix.Wire;

namespace Interconnect.Adapters.Tests.Matrix;

/// <summary>What a homeserver may answer, whatever speaks in its name.</summary>
public sealed class MatrixConnectionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("9223372036854775807", 86_400_000)]
    [InlineData("-9223372036854775808", 0)]
    [InlineData("7000", 7_000)]
    public async Task Call_AsksToGoSlower_PauseIsBounded(string milliseconds, long expected)
    {
        var answer = await AnswerAsync(429, $$"""{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":{{milliseconds}}}""");

        Assert.Equal(TimeSpan.FromMilliseconds(expected), Assert.IsType<MatrixAnswer.Later>(answer).RetryAfter);
    }

    [Theory]
    [InlineData("""{"errcode":"\ud800"}""", "M_UNKNOWN")]
    [InlineData("""{"errcode":"M_X\nAdapter matrix-b: all is well"}""", "M_UNKNOWN")]
    [InlineData("""{"errcode":"@alice:hs.test"}""", "M_UNKNOWN")]
    [InlineData("""{"errcode":"A23456789012345678901234567890123456789012345678901234567890123456"}""", "M_UNKNOWN")]
    [InlineData("""{"errcode":""}""", "M_UNKNOWN")]
    [InlineData("""{"errcode":7}""", "M_UNKNOWN")]
    [InlineData("""["errcode"]""", "M_UNKNOWN")]
    [InlineData("<html>", "M_UNKNOWN")]
    [InlineData("""{"errcode":"M_FORBIDDEN"}""", "M_FORBIDDEN")]
    [InlineData("""{"errcode":"ORG.EXAMPLE.MSC1_NO"}""", "ORG.EXAMPLE.MSC1_NO")]
    public async Task Call_Refused_CodeIsOneOrUnknown(string body, string expected)
    {
        Assert.Equal(new MatrixAnswer.No(403, expected), await AnswerAsync(403, body));
    }

    private static async Task<MatrixAnswer> AnswerAsync(int status, string body)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var secret = Secret.Load("as-token", null);
        await using var connection = new MatrixConnection(new MatrixOptions { Homeserver = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}" }, secret, TimeProvider.System, _ => { });
        var answer = connection.CallOnceAsync(HttpMethod.Get, "x", null, null, default).AsTask();
        using var client = await listener.AcceptTcpClientAsync().WaitAsync(Limit);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync() is { Length: > 0 })
        {
            // The head of the request.
        }

        await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
        return await answer.WaitAsync(Limit);
    }
}
