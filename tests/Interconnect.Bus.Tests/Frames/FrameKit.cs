using Interconnect.Bus.Frames;
using Interconnect.Bus.Signing;
using Interconnect.Federation;

namespace Interconnect.Bus.Tests.Frames;

/// <summary>The keys of a hub and two networks, and frames that any of them might sign.</summary>
internal sealed class FrameKit : IDisposable
{
    /// <summary>Bytes before the content of a frame of net-a.</summary>
    public const int Head = 3 + 13 + 8 + 64;

    public static readonly BusAddress Submit = new BusAddress.Submit();
    public static readonly BusAddress Report = new BusAddress.Report();
    public static readonly BusAddress Deliver = new BusAddress.Deliver(TestBus.Network);
    public static readonly BusSender Hub = new BusSender.HubProvider();
    public static readonly BusSender Other = new BusSender.Network(TestBus.Network);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("frames-");

    public FrameKit()
    {
        Roles = RoleFolder.Create(folder.FullName, Hub.Name, TestBus.From.Name, Other.Name);
        Keyring = With(Roles);
    }

    public IReadOnlyDictionary<string, BusRoleOptions> Roles { get; }

    /// <summary>Knows all, and holds all their keys.</summary>
    public BusKeyring Keyring { get; }

    /// <summary>Of net-a.</summary>
    public RoleKey Key => Keyring.Of(TestBus.From);

    public BusKeyring With(IReadOnlyDictionary<string, BusRoleOptions> roles) => new(new BusOptions { Roles = roles }, [Hub, TestBus.From, Other]);

    public string NewKey(string name) => Path.Combine(folder.FullName, name);

    /// <summary>A frame of net-a around any content.</summary>
    public byte[] Seal(byte[] content)
    {
        byte[] frame = [.. new byte[Head], .. content];
        SealedFrame.WriteHead(frame, TestBus.From, Key, Submit);
        return frame;
    }

    public byte[] Frame(BusSender sender, BusAddress address, params byte[] body) => BusFrameCodec.Encode([body], sender, Keyring.Of(sender), address);

    public void Dispose()
    {
        Keyring.Dispose();
        folder.Delete(recursive: true);
    }
}
