using FsCheck;
using FsCheck.Fluent;

namespace Interconnect.Federation.Tests.Frames;

public sealed class FrameChunkTests
{
    private readonly ManualClock clock = new();

    [Fact]
    public void Split_ThenAddedInAnyOrder_GivesTheFrame()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), ArbMap.Default.ArbFor<int>(), (bytes, seed) =>
        {
            var frame = Enumerable.Repeat(bytes.Append((byte)1), 40).SelectMany(b => b).ToArray();
            var chunks = FrameChunks.Split(frame, Samples.Frame, 80)!;
            var assembler = new FrameAssembler(new FrameAssemblerOptions(), clock);
            var order = chunks.ToArray();
            new Random(seed).Shuffle(order);
            byte[]? whole = null;
            foreach (var text in order)
            {
                if (text.Length > 80 || whole is not null || !FrameChunks.TryParse(text, out var chunk, out _))
                {
                    return false;
                }

                whole = assembler.Add("alice", chunk) is AssemblyOutcome.Complete complete ? complete.Frame : null;
            }

            return whole is not null && whole.SequenceEqual(frame) && assembler.PartialCount == 0;
        }));
    }

    [Theory]
    [InlineData("FED-020", "IC2.000102030405060708090a0b0c0d0e0f.1/1.AA")]
    [InlineData("FED-020", "IC1.000102030405060708090a0b0c0d0e0f.1.AA")]
    [InlineData("FED-020", "IC1.000102030405060708090a0b0c0d0e0f.1/1.AA.AA")]
    [InlineData("FED-020", "hello")]
    [InlineData("FED-021", "IC1.0001.1/1.AA")]
    [InlineData("FED-021", "IC1.000102030405060708090A0B0C0D0E0F.1/1.AA")]
    [InlineData("FED-022", "IC1.000102030405060708090a0b0c0d0e0f.0/1.AA")]
    [InlineData("FED-022", "IC1.000102030405060708090a0b0c0d0e0f.2/1.AA")]
    [InlineData("FED-022", "IC1.000102030405060708090a0b0c0d0e0f.1/1025.AA")]
    [InlineData("FED-022", "IC1.000102030405060708090a0b0c0d0e0f.01/2.AA")]
    [InlineData("FED-022", "IC1.000102030405060708090a0b0c0d0e0f.-1/2.AA")]
    [InlineData("FED-022", "IC1.000102030405060708090a0b0c0d0e0f.1/99999999999.AA")]
    [InlineData("FED-023", "IC1.000102030405060708090a0b0c0d0e0f.1/1.")]
    [InlineData("FED-023", "IC1.000102030405060708090a0b0c0d0e0f.1/1.A")]
    [InlineData("FED-023", "IC1.000102030405060708090a0b0c0d0e0f.1/1.A+==")]
    [InlineData("FED-023", "IC1.000102030405060708090a0b0c0d0e0f.1/1.A A=")]
    public void TryParse_Bad_SaysTheRule(string rule, string text)
    {
        Assert.False(FrameChunks.TryParse(text, out _, out var error));
        Assert.Equal(rule, error.RuleId);
        Assert.True(FrameChunks.TryParse("IC1.000102030405060708090a0b0c0d0e0f.1/1.AA", out _, out _));
    }

    [Fact]
    public void Split_MoreThanTheMostChunks_IsNull()
    {
        Assert.Null(FrameChunks.Split(new byte[FrameChunks.MaxChunks * 100], Samples.Frame, 64));
        Assert.Single(FrameChunks.Split([], Samples.Frame, 64)!);
    }

    [Fact]
    public void Add_SamePartTwice_IsHarmlessButADifferentOneDropsTheFrame()
    {
        var assembler = new FrameAssembler(new FrameAssemblerOptions(), clock);
        Assert.IsType<AssemblyOutcome.Incomplete>(assembler.Add("alice", Part(1, 3, 1)));
        Assert.IsType<AssemblyOutcome.Incomplete>(assembler.Add("alice", Part(1, 3, 1)));
        Assert.Equal("FED-025", Refused(assembler.Add("alice", Part(1, 3, 2))));
        Assert.Equal(0, assembler.PartialCount);
    }

    [Fact]
    public void Add_OtherCount_DropsTheFrame()
    {
        var assembler = new FrameAssembler(new FrameAssemblerOptions(), clock);
        assembler.Add("alice", Part(1, 3, 1));
        Assert.Equal("FED-025", Refused(assembler.Add("alice", Part(2, 4, 1))));
        Assert.Equal(0, assembler.PartialCount);
    }

    [Fact]
    public void Add_SameIdFromTwoSenders_AreTwoFrames()
    {
        var assembler = new FrameAssembler(new FrameAssemblerOptions(), clock);
        assembler.Add("alice", Part(1, 2, 1));
        assembler.Add("mallory", Part(1, 2, 9));
        var complete = Assert.IsType<AssemblyOutcome.Complete>(assembler.Add("alice", Part(2, 2, 2)));
        Assert.Equal([1, 2], complete.Frame);
    }

    [Fact]
    public void Add_AfterTheTimeout_StartsAnew()
    {
        var assembler = new FrameAssembler(new FrameAssemblerOptions(), clock);
        assembler.Add("alice", Part(1, 2, 1));
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(0, assembler.PartialCount);
        Assert.IsType<AssemblyOutcome.Incomplete>(assembler.Add("alice", Part(2, 2, 2)));
    }

    [Fact]
    public void Add_SenderBeyondItsFrames_LosesItsOldest()
    {
        var assembler = new FrameAssembler(new FrameAssemblerOptions { MaxFramesPerSender = 2 }, clock);
        var (second, third) = (FrameId.Create(), FrameId.Create());
        assembler.Add("alice", Part(1, 2, 1));
        assembler.Add("alice", Part(1, 2, 1) with { Id = second });

        Assert.IsType<AssemblyOutcome.Incomplete>(assembler.Add("alice", Part(1, 2, 1) with { Id = third }));

        Assert.Equal(2, assembler.PartialCount);
        Assert.IsType<AssemblyOutcome.Complete>(assembler.Add("alice", Part(2, 2, 2) with { Id = second }));
        Assert.IsType<AssemblyOutcome.Complete>(assembler.Add("alice", Part(2, 2, 2) with { Id = third }));
        Assert.IsType<AssemblyOutcome.Incomplete>(assembler.Add("alice", Part(2, 2, 2)));
    }

    [Fact]
    public void Add_SenderBeyondItsBytes_LosesItsOldest()
    {
        var assembler = new FrameAssembler(new FrameAssemblerOptions { MaxBytesPerSender = 10 }, clock);
        var second = FrameId.Create();
        assembler.Add("alice", Part(1, 2, 1) with { Body = new byte[6] });

        Assert.IsType<AssemblyOutcome.Incomplete>(assembler.Add("alice", Part(1, 2, 1) with { Id = second, Body = new byte[6] }));

        Assert.Equal(1, assembler.PartialCount);
        Assert.IsType<AssemblyOutcome.Complete>(assembler.Add("alice", Part(2, 2, 1) with { Id = second, Body = new byte[4] }));
        Assert.Equal("FED-024", Refused(assembler.Add("alice", Part(1, 2, 1) with { Body = new byte[11] })));
        Assert.Equal(0, assembler.PartialCount);
    }

    [Fact]
    public void Add_EverybodysBoundReached_TakesFromTheOneThatHoldsMost()
    {
        var assembler = new FrameAssembler(new FrameAssemblerOptions { MaxFrames = 4, MaxBytes = 20, MaxBytesPerSender = 16 }, clock);
        assembler.Add("bob", Part(1, 2, 1));
        for (var i = 0; i < 10; i++)
        {
            Assert.IsType<AssemblyOutcome.Incomplete>(assembler.Add("mallory", Part(1, 2, 1) with { Id = FrameId.Create(), Body = new byte[4] }));
        }

        Assert.IsType<AssemblyOutcome.Incomplete>(assembler.Add("alice", Part(1, 2, 1)));
        Assert.IsType<AssemblyOutcome.Complete>(assembler.Add("alice", Part(2, 2, 1) with { Body = new byte[12] }));
        Assert.IsType<AssemblyOutcome.Complete>(assembler.Add("bob", Part(2, 2, 2)));
        Assert.Equal(1, assembler.PartialCount);
    }

    [Fact]
    public void Add_MoreThanAFrame_IsRefused()
    {
        var assembler = new FrameAssembler(new FrameAssemblerOptions(), clock);
        Assert.IsType<AssemblyOutcome.Incomplete>(assembler.Add("alice", Part(1, 3, 1) with { Body = new byte[EndpointFrame.MaxBytes] }));
        Assert.Equal("FED-002", Refused(assembler.Add("alice", Part(2, 3, 1))));
    }

    private static FrameChunk Part(int index, int count, byte value) => new(Samples.Frame, index, count, new[] { value });

    private static string Refused(AssemblyOutcome outcome) => Assert.IsType<AssemblyOutcome.Refused>(outcome).Error.RuleId;
}
