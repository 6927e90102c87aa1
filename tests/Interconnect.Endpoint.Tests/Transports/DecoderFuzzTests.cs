using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Transports;

/// <summary>Damages what is valid at random, from fixed seeds. Nothing may throw but the typed exception of each decoder, and what is accepted must have one form.</summary>
public sealed class DecoderFuzzTests
{
    private static readonly ProviderDomain Homeserver = ProviderDomain.Parse("hs.test");
    private static readonly XmppOptions Xmpp = XmppOptions.From(new TransportAccount { Kind = TransportKind.Xmpp, Address = "alice@a.test", Password = "p", Gateway = "gw.a.test" });
    private static readonly MatrixOptions Matrix = MatrixOptions.From(new TransportAccount { Kind = TransportKind.Matrix, Address = "@bob:hs.test", Password = "p" });

    [Fact]
    public void Addresses_Damaged_AreRefusedOrOfOneForm()
    {
        var fuzz = new Damage(1);
        string[] seeds = ["alice@a.test", @"b\20o\27b\40hs.test", "@gw_b=20o=27b=40hs.test:hs.test", "@bob:hs.test", "é\\40hs.test", "@gw_=c3=a9=40hs.test:hs.test"];
        for (var i = 0; i < 30_000; i++)
        {
            var text = fuzz.Text(seeds);
            if (XmppAddress.TryParse(text, out var jid))
                Assert.True(XmppAddress.TryParse(jid.User.User + "@" + jid.User.Domain.Value, out _) || jid.User.Value.Length > 0);

            if (XmppGhost.TryRead(text, out var ghost))
                Assert.Equal(text + "@gw.a.test", XmppAddress.GhostOf(ghost, "gw.a.test"));

            if (MatrixAddress.TryReadGhost(text, Homeserver, out var matrix))
                Assert.Equal(text, MatrixAddress.GhostOf(matrix, Homeserver));

            _ = MatrixAddress.TryParse(text, out _);
        }
    }

    [Fact]
    public void Scram_DamagedChallenge_IsAnsweredOrRefused()
    {
        var fuzz = new Damage(2);
        string[] seeds = ["r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "m=x,r=a,s=,i=0"];
        for (var i = 0; i < 300; i++)
        {
            var scram = new ScramClient("SCRAM-SHA-256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
            _ = scram.TryAnswer(fuzz.Text(seeds), out _);
            _ = scram.Verify(fuzz.Text(seeds));
        }
    }

    [Fact]
    public void Stanzas_Damaged_AreReadOrPassedOver()
    {
        var fuzz = new Damage(3);
        var id = FrameId.Create();
        var ghost = XmppAddress.GhostOf(UserUri.Parse("mimi://hs.test/u/bob"), "gw.a.test");
        string[] seeds =
        [
            $"<message xmlns='jabber:client' from='{ghost}/x' id='{id.Hex}'><frame xmlns='urn:interconnect:frame:1'>AAEC</frame><request xmlns='urn:xmpp:receipts'/></message>",
            $"<message xmlns='jabber:client' from='gw.a.test' id='{id.Hex}-1'><chunk xmlns='urn:interconnect:frame:1'> IC1.00.1/2.AA </chunk></message>",
            $"<message xmlns='jabber:client' type='error' from='{ghost}' id='{id.Hex}'><error type='wait'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
            "<iq xmlns='jabber:client' type='get' id='1' from='gw.a.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        ];
        var read = 0;
        for (var i = 0; i < 20_000; i++)
        {
            XElement stanza;
            try
            {
                stanza = XElement.Parse(fuzz.Text(seeds));
            }
            catch (XmlException)
            {
                continue;
            }

            read += XmppStanzas.Read(Xmpp, stanza) is null ? 0 : 1;
            _ = XmppStanzas.ReadReturn(Xmpp, stanza);
            _ = XmppStanzas.Receipt(stanza);
            _ = XmppStanzas.Answer(stanza);
        }

        Assert.InRange(read, 100, 19_000);
    }

    [Fact]
    public async Task XmppStream_Damaged_EndsWithTheTypedFailure()
    {
        var fuzz = new Damage(4);
        string[] seeds =
        [
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features><x xmlns='y'/></stream:features><message from='a'><body>x &amp; y</body></message></stream:stream>",
            "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'><stream:features/><stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
            "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><stream:stream xmlns:stream='http://etherx.jabber.org/streams'><stream:features/>",
        ];
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var options = Xmpp with { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndpoint).Port };
        var opened = 0;
        for (var i = 0; i < 300; i++)
        {
            var bytes = fuzz.Bytes(Encoding.UTF8.GetBytes(fuzz.OneOf(seeds)));
            var connecting = XmppStream.ConnectAsync(options, CancellationToken.None);
            using var server = await listener.AcceptSocketAsync();
            await server.SendAsync(bytes);
            server.Shutdown(SocketShutdown.Send);
            await using var stream = await connecting;
            try
            {
                await stream.OpenAsync(CancellationToken.None);
                opened++;
                while (await stream.ReadAsync(CancellationToken.None) is not null)
                {
                }
            }
            catch (XmppFailedException)
            {
                // The only way it fails.
            }
        }

        Assert.InRange(opened, 10, 299);
    }

    [Fact]
    public void MatrixAnswers_Damaged_AreReadOrPassedOver()
    {
        var fuzz = new Damage(5);
        string[] seeds =
        [
            """{"type":"m.room.message","sender":"@gw_bob=40hs.test:hs.test","event_id":"$1","content":{"msgtype":"m.notice","org.interconnect.frame":"AAEC"}}""",
            """{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.chunk":"IC1.00.1/2.AA","org.interconnect.chunk":"x","\ud800":1}}""",
            """{"type":"m.room.member","content":null,"sender":["x"],"type":"m.room.message"}""",
        ];
        var read = 0;
        for (var i = 0; i < 30_000; i++)
        {
            if (MatrixApi.Parse(fuzz.Bytes(Encoding.UTF8.GetBytes(fuzz.OneOf(seeds)))) is { } answer)
                read += MatrixEvents.Read(Matrix, answer) is null ? 0 : 1;
        }

        Assert.InRange(read, 100, 29_000);
    }

    [Fact]
    public void Credentials_OfAnyBytes_NameAClientInItsOneFormOrNone()
    {
        var fuzz = new Damage(6);
        var seed = Encoding.UTF8.GetBytes("mimi://b.test/d/bob/phone");
        for (var i = 0; i < 30_000; i++)
        {
            var identity = fuzz.Bytes(seed);
            if (CredentialCheck.TryGetClient(new MemberCredential(MemberCredential.Basic, identity), out var client))
                Assert.Equal(identity, Encoding.UTF8.GetBytes(client.Value));
        }
    }

    [Fact]
    public void StoreValues_Damaged_AreRefused()
    {
        var fuzz = new Damage(7);
        var key = RandomNumberGenerator.GetBytes(StoreCipher.KeySize);
        var value = StoreCipher.Encrypt(key, "a value"u8, "where it is"u8);
        Assert.Equal("a value"u8.ToArray(), StoreCipher.TryDecrypt(key, value, "where it is"u8));
        for (var i = 0; i < 10_000; i++)
        {
            var damaged = fuzz.Bytes(value);
            if (!damaged.AsSpan().SequenceEqual(value))
                Assert.Null(StoreCipher.TryDecrypt(key, damaged, "where it is"u8));
        }
    }

    [Fact]
    public void StoreRecords_Damaged_AreReadOrSaidToBeDamaged()
    {
        using var folder = new TemporaryFolder();
        using var key = StoreKey.FromKeyFile([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
        using var store = ((StoreOpening.Opened)EndpointStore.Create(folder.Path, key)).Store;
        var fuzz = new Damage(8);
        using var work = store.Begin();
        Tables.Rooms.Put(work, new RoomRecord("r", "p", true, [1, 2], new PendingCommit("f", [3]), 4));
        Tables.Contacts.Put(work, new ContactRecord("u") { Clients = [new PinnedClient("c", 1, [1], null, 2)] });
        Tables.Messages.Put(work, new MessageRecord("m", true, "p") { State = MessageState.Received, CreatedAt = 1 });
        Tables.Outbox.Put(work, new OutboxRecord("o", null, [1], FramePurpose.Consent, null, 1, 0, 0));
        var damaged = 0;
        for (var i = 0; i < 4_000; i++)
        {
            damaged += Reads(Tables.Rooms, EntryKind.Room, "r") + Reads(Tables.Contacts, EntryKind.Contact, "u") + Reads(Tables.Messages, EntryKind.Message, "m") + Reads(Tables.Outbox, EntryKind.Outbox, "o");
        }

        Assert.InRange(damaged, 1_000, 15_999);

        int Reads<T>(Table<T> table, EntryKind kind, string name)
            where T : class
        {
            var whole = work.Get(kind, name)!;
            work.Put(kind, name, fuzz.Bytes(whole));
            try
            {
                _ = table.Get(work, name);
                return 0;
            }
            catch (StoreDamagedException)
            {
                return 1;
            }
            finally
            {
                work.Put(kind, name, whole);
            }
        }
    }

    [Fact]
    public async Task Inbox_DamagedFramesAndChunks_AreDroppedAndTheClientGoesOn()
    {
        var clock = new ManualClock();
        var gateway = new FakeGateway(clock);
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        var frames = new List<(TransportAddress From, byte[] Bytes)>();
        gateway.Deliver = (to, parcel) =>
        {
            if (to == bob.User)
                frames.Add((parcel.From, FrameCodec.Encode(new EndpointFrame.Delivery(parcel.Envelope))));

            return [parcel];
        };
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);

        var fuzz = new Damage(9);
        foreach (var (from, bytes) in frames.ToArray())
        {
            for (var i = 0; i < 150; i++)
            {
                await bob.Transport.Sink!.ReceiveAsync(new InboundItem.Frame(from, fuzz.Bytes(bytes)), CancellationToken.None);
                await bob.Transport.Sink!.ReceiveAsync(new InboundItem.Chunk(from, fuzz.Text(["IC1.0123456789abcdef0123456789abcdef.1/2.AAECAwQ"])), CancellationToken.None);
            }
        }

        Assert.False(bob.Client.Running.IsCompleted);
        await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);
        Assert.Equal(["one", "two"], await bob.InboxAsync(alice));
    }

    /// <summary>A generator with a seed, so that a failing run can be repeated.</summary>
    private sealed class Damage(int seed)
    {
        private readonly Random random = new(seed);

        public string OneOf(string[] seeds) => seeds[random.Next(seeds.Length)];

        public string Text(string[] seeds)
        {
            var text = new StringBuilder(OneOf(seeds));
            for (var i = random.Next(0, 5); i > 0; i--)
            {
                var at = random.Next(text.Length + 1);
                switch (random.Next(4))
                {
                    case 0 when at < text.Length:
                        text[at] = Character();
                        break;
                    case 1 when at < text.Length:
                        text.Remove(at, Math.Min(random.Next(1, 9), text.Length - at));
                        break;
                    case 2:
                        text.Insert(at, text.ToString(0, Math.Min(at, random.Next(1, 40))));
                        break;
                    default:
                        text.Insert(at, Character());
                        break;
                }
            }

            return text.ToString();
        }

        public byte[] Bytes(byte[] original)
        {
            var bytes = original.ToList();
            for (var i = random.Next(1, 5); i > 0 && bytes.Count > 0; i--)
            {
                var at = random.Next(bytes.Count);
                switch (random.Next(4))
                {
                    case 0:
                        bytes[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                        break;
                    case 2:
                        bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)));
                        break;
                    default:
                        bytes.Insert(at, (byte)random.Next(256));
                        break;
                }
            }

            return [.. bytes];
        }

        private char Character() => random.Next(3) == 0 ? (char)random.Next(0x110, 0xFFFF) : @"@\=:/_.,'<>&{}[]0aZ "[random.Next(20)];
    }
}
