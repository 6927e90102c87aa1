using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Tests.Simulated;
using Interconnect.Federation;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Matrix;

/// <summary>Inputs from public bug reports, read from beside the repository.</summary>
public sealed class MatrixFieldCaseTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [SharedFact("cases/matrix-txn-id-reused")]
    public async Task TransactionIdUsedAgain_ForOtherEvents_IsTakenAndForTheSameIsKnown()
    {
        var sink = new RecordingSink();
        await using var far = await SimulatedMatrixFarSide.CreateAsync();
        await using var adapter = far.CreateAdapter();
        await adapter.StartAsync(sink, default);
        using var homeserver = new HttpClient { BaseAddress = far.ListenAddress };
        homeserver.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "hs-token");
        string? body = null;
        foreach (var line in await File.ReadAllLinesAsync(SharedFiles.PathOf("cases/matrix-txn-id-reused/transactions.http")))
        {
            var parts = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            body = parts[2].Contains('{', StringComparison.Ordinal) ? parts[2][..(parts[2].LastIndexOf('}') + 1)] : body;
            using var answer = await homeserver.PutAsync(new Uri(parts[1].TrimStart('/'), UriKind.Relative), new StringContent(body!, Encoding.UTF8, "application/json"));
            Assert.True(answer.IsSuccessStatusCode);
        }

        Assert.Equal(["$a"], (await sink.NextEventAsync(Limit)).DedupeKey);
        Assert.Equal(["$b"], (await sink.NextEventAsync(Limit)).DedupeKey);
        Assert.Equal(0, sink.Waiting);
    }

    [SharedFact("cases/matrix-redacted")]
    public void MessageTakenBack_BeforeItCame_IsIgnored()
    {
        var translator = new MatrixTranslator(new MatrixIdentifiers(ProviderDomain.Parse("hs.test"), "gwbot", "gw_"), new MatrixOptions());
        var redacted = File.ReadAllText(SharedFiles.PathOf("cases/matrix-redacted/redacted.json"));
        MatrixInbound Read(string text) => Assert.Single(translator.TranslateIn(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text)))!.Entries);

        Assert.IsType<MatrixInbound.Ignored>(Read(redacted));
        Assert.IsType<MatrixInbound.Ignored>(Read(redacted.Replace("\"m.room.message\"", "\"m.room.encrypted\"", StringComparison.Ordinal)));
        Assert.IsType<MatrixInbound.Uncovered>(Read(redacted.Replace("redacted_because", "other", StringComparison.Ordinal)));
    }

    [SharedFact("cases/matrix-profile-403")]
    public async Task ProfilesAreToldToNobody_FirstContact_IsMadeAllTheSame()
    {
        var settings = await File.ReadAllTextAsync(SharedFiles.PathOf("cases/matrix-profile-403/homeserver.yaml"));
        await using var far = await SimulatedMatrixFarSide.CreateAsync(limitProfileRequests: settings.Contains("limit_profile_requests_to_users_who_share_rooms: true", StringComparison.Ordinal));
        var sink = new RecordingSink();
        await using var adapter = far.CreateAdapter();
        await adapter.StartAsync(sink, default);
        Assert.IsType<ResolveOutcome.NotAllowed>(await adapter.ResolveAsync("@bob:hs.test", default));
        await using var bob = await far.SignInAsync("bob");

        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(To("bob"), default));
        Assert.Equal(Samples.Bob, (await bob.NextFrameAsync(Limit)).From);

        // Nobody can be told apart from somebody who does not come in: it is handed over and never reached.
        Assert.False(Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(To("nobody"), default)).Reached);
    }

    private static Delivery To(string name)
    {
        var user = UserUri.Parse("mimi://hs.test/u/" + name);
        return new Delivery(Samples.Envelope(user), user, 1);
    }
}
