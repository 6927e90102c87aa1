namespace Interconnect.Sandbox.Tests.Matrix;

/// <summary>A client that nobody here wrote speaks to the simulated homeserver.</summary>
public sealed class MatrixInteropTests
{
    [Fact]
    public async Task MatrixJsSdk_TwoUsers_InviteJoinSendAndReadInOrder()
    {
        await using var server = await SimulatedMatrixServer.StartAsync(new SimulatedMatrixOptions { ServerName = "hs.test" }, TimeProvider.System);
        server.AddAccount("bob", "bob's password");
        server.AddAccount("cathy", "cathy's password");

        var seen = await Interop.RunAsync("matrix-client.mjs", new
        {
            baseUrl = server.BaseAddress.ToString().TrimEnd('/'),
            user = "bob",
            password = "bob's password",
            peer = new { user = "cathy", password = "cathy's password" },
            ghost = "@gw_alice=40a.test:hs.test",
        });

        Assert.Equal("M_FORBIDDEN", (string?)seen["wrongPassword"]);
        Assert.Equal("@bob:hs.test", (string?)seen["user"]);
        Assert.True((bool?)seen["invited"]);
        Assert.True((bool?)seen["idempotent"]);
        Assert.Equal("""{"sender":"@bob:hs.test","body":"fallback \uD83D\uDE00","intact":true,"id":true}""", seen["message"]!.ToJsonString());
        Assert.Equal("Bob B.", (string?)seen["profile"]);
        Assert.Equal("""[["@bob:hs.test","join"],["@cathy:hs.test","join"]]""", seen["members"]!.ToJsonString());
        Assert.Equal(2, (int?)seen["joined"]);
        Assert.Equal(1, (int?)seen["rooms"]);
        Assert.Equal(string.Join(',', Enumerable.Range(0, 30)), (string?)seen["order"]);
        Assert.Equal("line 29,line 28,line 27,line 26,line 25", (string?)seen["history"]);
        Assert.Equal("M_TOO_LARGE", (string?)seen["tooLarge"]);
        Assert.Equal("M_FORBIDDEN", (string?)seen["foreignRoom"]);
        Assert.Equal("M_UNRECOGNIZED", (string?)seen["unknown"]);
        Assert.Equal("invited", (string?)seen["ghost"]);
        Assert.Equal("M_UNKNOWN_TOKEN", (string?)seen["afterLogout"]);
    }
}
