using System.Security.Cryptography;
using Interconnect.Mls.Groups;

namespace Interconnect.Mls.Tests.Interop;

/// <summary>A member held by this project. Its state is written and read again at every step, and what was consumed is erased at once.</summary>
internal sealed class OurMember : IMember, IDisposable
{
    public const ushort ExtensionType = 0xff01;
    private readonly SignatureKeyPair key;
    private readonly MlsClient client;
    private KeyPackageBundle? bundle;
    private MlsGroup? group;

    public OurMember(string name, CipherSuite suite, MlsOptions options)
    {
        Name = name;
        key = suite.GenerateSignatureKeyPair();
        client = new MlsClient(System.Text.Encoding.UTF8.GetBytes(name), key, UnsafeAcceptAnyCredential.Instance, TimeProvider.System, options with
        {
            // The leaves of other implementations live for ever.
            MaxLeafLifetime = TimeSpan.MaxValue,
            SupportedExtensions = [ExtensionType],
            SupportedCredentials = [MemberCredential.Basic, MemberCredential.X509],
            FindExternalPsk = id => SHA256.HashData(id.Span),
        });
    }

    public string Name { get; }

    public Abilities Abilities =>
        Abilities.Propose | Abilities.ProposeUpdate | Abilities.PreSharedKeys | Abilities.GroupInfo | Abilities.JoinAgain
        | Abilities.JoinTreeApart | Abilities.CommitInVain;

    public MlsGroup Group => group!;

    public Task<byte[]> KeyPackageAsync()
    {
        bundle?.Dispose();
        bundle = client.CreateKeyPackage(TimeSpan.FromDays(1));
        return Task.FromResult(bundle.KeyPackage.ToArray());
    }

    public Task<View> CreateAsync(byte[] groupId) => Adopt(client.CreateGroup(groupId).Value);

    public Task<View> JoinAsync(byte[] welcome, byte[]? tree)
    {
        var joined = client.Join(welcome, [bundle!], tree).Value;
        joined.Used.Dispose();
        return Adopt(joined.NewState);
    }

    public async Task<(byte[] Commit, View View)> JoinExternallyAsync(byte[] groupInfo, bool again)
    {
        uint? former = again ? group!.OwnLeafIndex : null;
        var joined = client.JoinExternally(groupInfo, formerLeaf: former).Value;
        return (joined.Commit, await Adopt(joined.NewState));
    }

    public async Task<Committed> CommitAsync(Change change, bool pending, bool treeApart)
    {
        var made = group!.Commit(RequestOf(change)).Value;
        made.Consumed.Erase();
        return new Committed(made.Commit, made.Welcome, null, await Adopt(made.NewState));
    }

    public Task CommitInVainAsync()
    {
        var made = group!.Commit(new CommitRequest()).Value;
        made.Discard();
        return Adopt(made.RejectedState);
    }

    public async Task<byte[]> ProposeAsync(Change change)
    {
        var made = change switch
        {
            { Add: [var keyPackage, ..] } => group!.ProposeAdd(KeyPackages.Verify(keyPackage, TimeProvider.System.GetUtcNow(), maxLifetime: TimeSpan.MaxValue).Value),
            { Remove: [var (leaf, _), ..] } => group!.ProposeRemove(leaf),
            { Psks: [var id, ..] } => group!.ProposeExternalPsk(id),
            _ => group!.ProposeUpdate(),
        };
        made.Value.Consumed.Erase();
        await Adopt(made.Value.NewState);
        return made.Value.Message;
    }

    public async Task<byte[]> SendAsync(string text)
    {
        var sent = group!.Encrypt(System.Text.Encoding.UTF8.GetBytes(text), "authenticated"u8).Value;
        sent.Consumed.Erase();
        await Adopt(sent.NewState);
        return sent.PrivateMessage;
    }

    public Task<byte[]> GroupInfoAsync() => Task.FromResult(group!.CreateGroupInfo());

    public async Task<View> TakeAsync(byte[] message)
    {
        var taken = group!.Process(message).Value;
        var text = taken is Processed.ApplicationMessage application ? System.Text.Encoding.UTF8.GetString(application.Data) : null;
        taken.Consumed.Erase();
        if (taken is Processed.RemovedFromGroup)
        {
            group = taken.NewState;
            return new View(text, false, 0, null, string.Empty);
        }

        return await Adopt(taken.NewState) with { Text = text };
    }

    public void Dispose()
    {
        bundle?.Dispose();
        key.Dispose();
    }

    private static CommitRequest RequestOf(Change change) => new()
    {
        Add = change.Add.Select(item => KeyPackages.Verify(item, TimeProvider.System.GetUtcNow(), maxLifetime: TimeSpan.MaxValue).Value).ToList(),
        Remove = change.Remove.Select(item => item.Leaf).ToList(),
        ExternalPsks = change.Psks.Select(id => (ReadOnlyMemory<byte>)id).ToList(),
        ResumptionEpochs = change.Resumption,
        GroupContextExtensions = change.Extension is { } data ? [new Extension(ExtensionType, data)] : null,
    };

    private Task<View> Adopt(MlsGroup next)
    {
        group = client.ImportGroup(next.Export()).Value;
        return Task.FromResult(new View(
            null,
            group.IsActive,
            group.Epoch,
            Convert.ToHexStringLower(group.EpochAuthenticator.Span),
            Convert.ToHexStringLower(group.ExportSecret("exporter", default, 32))));
    }
}
