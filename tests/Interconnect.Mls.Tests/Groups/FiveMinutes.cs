namespace Interconnect.Mls.Tests.Groups;

public sealed class FiveMinutes
{
    [Fact]
    public void Readme_Example_Runs()
    {
        // example:begin
        var suite = CipherSuite.Get(1);
        using var aliceKey = suite.GenerateSignatureKeyPair();
        using var bobKey = suite.GenerateSignatureKeyPair();
        IAuthenticationService directory = UnsafeAcceptAnyCredential.Instance; // yours says which key belongs to whom
        var alice = new MlsClient("alice"u8.ToArray(), aliceKey, directory, TimeProvider.System);
        var bob = new MlsClient("bob"u8.ToArray(), bobKey, directory, TimeProvider.System);

        // Bob publishes a KeyPackage and keeps its private part, encrypted: bundle.Export().
        using var bundle = bob.CreateKeyPackage(TimeSpan.FromDays(30));

        // Alice makes a group and adds Bob. She adopts the new state when the delivery service took the commit.
        var aliceGroup = alice.CreateGroup("room-1"u8.ToArray()).Value;
        var bobPackage = KeyPackages.Verify(bundle.KeyPackage, TimeProvider.System.GetUtcNow()).Value;
        var commit = aliceGroup.AddMembers([bobPackage]).Value;
        aliceGroup = commit.NewState;
        commit.Consumed.Erase();

        // Bob joins by the Welcome.
        var bobGroup = bob.Join(commit.Welcome!, [bundle]).Value.NewState;

        // Alice writes. The order is: save sent.NewState.Export(), send, erase.
        var sent = aliceGroup.Encrypt("hello Bob"u8).Value;
        aliceGroup = sent.NewState;
        sent.Consumed.Erase();

        // Bob reads. A refusal would be a value with a rule id.
        var processed = bobGroup.Process(sent.PrivateMessage);
        var heard = processed.Match(
            ok => ok is Processed.ApplicationMessage message ? System.Text.Encoding.UTF8.GetString(message.Data) : "not for reading",
            refused => refused.Rule);
        // example:end
        Assert.Equal("hello Bob", heard);
        Assert.Equal(1ul, aliceGroup.Epoch);
    }

    [Fact]
    public void Readme_Example_IsThisCode()
    {
        var root = Interconnect.Testing.SharedFiles.RepositoryRoot;
        var code = File.ReadAllText(Path.Combine(root, "tests", "Interconnect.Mls.Tests", "Groups", "FiveMinutes.cs"));
        var begin = code.IndexOf("// example:begin\n", StringComparison.Ordinal) + "// example:begin\n".Length;
        var end = code.IndexOf("        // example:end", StringComparison.Ordinal);
        var example = string.Join('\n', code[begin..end].Split('\n').Select(line => line.Length > 8 ? line[8..] : line)).TrimEnd();
        var readme = File.ReadAllText(Path.Combine(root, "src", "Interconnect.Mls", "README.md"));
        Assert.Contains("```csharp\n" + example + "\n```", readme);
    }
}
