using Interconnect.Mls.Groups;
using Interconnect.Mls.Tests.PublicGroups;

namespace Interconnect.Mls.Tests.Groups;

/// <summary>A clock that stands still until it is moved.</summary>
internal sealed class FixedClock(DateTimeOffset start) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = start;

    public override DateTimeOffset GetUtcNow() => Now;
}

/// <summary>Somebody with a client, an unused KeyPackage and at most one group.</summary>
internal sealed class Person
{
    public static readonly DateTimeOffset Start = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public Person(string name, ushort suite = 1, MlsOptions? options = null, FixedClock? clock = null, IAuthenticationService? authentication = null)
    {
        Clock = clock ?? new FixedClock(Start);
        Key = CipherSuite.Get(suite).GenerateSignatureKeyPair();
        Client = new MlsClient(
            System.Text.Encoding.UTF8.GetBytes(name), Key, authentication ?? UnsafeAcceptAnyCredential.Instance, Clock, options);
        Bundle = Client.CreateKeyPackage(TimeSpan.FromDays(30));
    }

    public FixedClock Clock { get; }

    public SignatureKeyPair Key { get; }

    public MlsClient Client { get; }

    public KeyPackageBundle Bundle { get; }

    public MlsGroup Group { get; set; } = null!;

    public GroupState State => Group.State;

    public uint Leaf => Group.OwnLeafIndex;

    public VerifiedKeyPackage Verified => KeyPackages.Verify(Bundle.KeyPackage, Clock.Now).Value;

    public Person Create(params Extension[] extensions)
    {
        Group = Client.CreateGroup("group"u8.ToArray(), extensions).Value;
        return this;
    }

    /// <summary>Adds people, and lets those who are in the group already follow.</summary>
    public void Add(IEnumerable<Person> others, params Person[] following)
    {
        var joining = others.ToList();
        var result = Group.AddMembers(joining.Select(person => person.Verified).ToList()).Value;
        foreach (var person in following)
        {
            person.Take(result.Commit);
        }

        Group = result.NewState;
        result.Consumed.Erase();
        foreach (var person in joining)
        {
            var joined = person.Client.Join(result.Welcome!, [person.Bundle]);
            person.Group = joined.Value.NewState;
            person.Bundle.Dispose();
        }
    }

    /// <summary>Commits and lets the others follow.</summary>
    public void Commit(CommitRequest request, params Person[] following)
    {
        var result = Group.Commit(request).Value;
        foreach (var person in following)
        {
            person.Take(result.Commit);
        }

        Group = result.NewState;
        result.Consumed.Erase();
    }

    public Processed Take(byte[] message)
    {
        var server = ServerView.Of(this);
        var processed = Group.Process(message).Value;
        ServerView.AssertFollows(server, message, processed);
        Group = processed.NewState;
        processed.Consumed.Erase();
        return processed;
    }

    public byte[] Say(string text)
    {
        var sent = Group.Encrypt(System.Text.Encoding.UTF8.GetBytes(text)).Value;
        Group = sent.NewState;
        sent.Consumed.Erase();
        return sent.PrivateMessage;
    }

    public string Hear(byte[] message) =>
        System.Text.Encoding.UTF8.GetString(Assert.IsType<Processed.ApplicationMessage>(Take(message)).Data);

    /// <summary>The rule that refuses a message; the state stays as it was.</summary>
    public string Refusal(byte[] message)
    {
        var rule = Group.Process(message).Error.Rule;
        ServerView.AssertRefuses(ServerView.Of(this), message, rule);
        return rule;
    }

    public static void AssertAgree(params Person[] people) =>
        Assert.Single(people.Select(person => Convert.ToHexString(person.Group.EpochAuthenticator.Span)).Distinct());
}
