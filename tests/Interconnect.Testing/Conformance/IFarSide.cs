using Interconnect.Federation;

namespace Interconnect.Testing.Conformance;

/// <summary>A network as its users see it, simulated or real, with an adapter for it.</summary>
public interface IFarSide : IAsyncDisposable
{
    /// <summary>The adapter's network id.</summary>
    NetworkId Network { get; }

    /// <summary>The users' domain.</summary>
    ProviderDomain Provider { get; }

    /// <summary>Whether the network tells a sender whose message was not taken, instead of bringing it again.</summary>
    bool TellsRefusedSender { get; }

    /// <summary>A new adapter, not started.</summary>
    INetworkAdapter CreateAdapter();

    /// <summary>A new adapter whose credentials the network does not know.</summary>
    INetworkAdapter CreateStranger();

    /// <summary>An account of the network, signed in; made when it does not exist.</summary>
    Task<IFarUser> SignInAsync(string name);

    /// <summary>Cuts the adapter off from its network, or lets it through again.</summary>
    Task SetReachableAsync(bool reachable);
}

/// <summary>A user's device on the far side.</summary>
public interface IFarUser : IAsyncDisposable
{
    /// <summary>The user.</summary>
    UserUri User { get; }

    /// <summary>Sends an endpoint frame to the ghost of <paramref name="to"/>, or to the service when null. Sending again with the same id is a repetition.</summary>
    Task SendFrameAsync(UserUri? to, ReadOnlyMemory<byte> frame, string id);

    /// <summary>Sends text where a frame should be.</summary>
    Task SendDamagedFrameAsync(UserUri to, string text, string id);

    /// <summary>Sends what an ordinary client sends.</summary>
    Task SendPlainAsync(UserUri to, string text, string id);

    /// <summary>The next frame that came, put together from chunks where it came in chunks.</summary>
    Task<FarFrame> NextFrameAsync(TimeSpan limit);

    /// <summary>The next thing a person would see from the gateway: an error or a notice.</summary>
    Task<string> NextNoticeAsync(TimeSpan limit);

    /// <summary>Confirms a frame as this network's clients do; nothing when they do not.</summary>
    Task ConfirmAsync(FarFrame frame);
}

/// <summary>A frame that reached the user's device.</summary>
/// <param name="From">The user whose ghost it came from; null: the service.</param>
/// <param name="Frame">The frame's bytes.</param>
/// <param name="NativeId">The network's own id of the message that completed it.</param>
public sealed record FarFrame(UserUri? From, byte[] Frame, string NativeId);
