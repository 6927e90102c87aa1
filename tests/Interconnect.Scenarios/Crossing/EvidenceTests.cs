namespace Interconnect.Scenarios.Crossing;

public sealed class EvidenceTests
{
    [Fact(DisplayName = "A wait is too long while another scenario takes its witnesses down: what the others know is written all the same")]
    public async Task Failure_WitnessThatCannotTestify_OthersAreWritten()
    {
        var (gone, other) = (new Witness(null), new Witness("a line of the other"));
        Evidence.Add(gone);
        Evidence.Add(other);
        string file;
        try
        {
            file = (await Evidence.FailureAsync("nothing")).Message.Split("All of it: ")[1].Trim();
        }
        finally
        {
            Evidence.Remove(gone);
            Evidence.Remove(other);
        }

        var text = await File.ReadAllTextAsync(file);
        File.Delete(file);
        Assert.Contains("a line of the other", text);
        Assert.Contains("could not be asked: " + nameof(ObjectDisposedException), text);
    }

    private sealed class Witness(string? line) : IWitness
    {
        public Task<IReadOnlyList<(string Name, IReadOnlyList<string> Lines)>> TestifyAsync() =>
            Task.FromResult<IReadOnlyList<(string, IReadOnlyList<string>)>>([("witness", line is null ? throw new ObjectDisposedException("store") : [line])]);
    }
}
