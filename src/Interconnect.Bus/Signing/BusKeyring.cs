using Interconnect.Bus.Frames;
using Interconnect.Federation;

namespace Interconnect.Bus.Signing;

/// <summary>The keys of a process: its own roles' to sign with, everybody's public ones to know them by.</summary>
internal sealed class BusKeyring : IDisposable
{
    private readonly Dictionary<BusSender, RoleKey> own = [];
    private readonly Dictionary<(string Signer, ulong KeyId), RolePublicKey> known = [];
    private readonly Dictionary<string, (BusSender Sender, string? User)> signers = new(StringComparer.Ordinal);

    /// <param name="options">Without problems.</param>
    /// <param name="roles">What this process does.</param>
    public BusKeyring(BusOptions options, IReadOnlyList<BusSender> roles)
    {
        foreach (var (name, role) in options.Roles)
        {
            if (!BusSender.TryParse(name, out var sender))
            {
                continue;
            }

            signers[name] = (sender, role.User);
            foreach (var text in role.PublicKeys)
            {
                if (RolePublicKey.TryParse(text, out var key))
                {
                    known[(name, key.Id)] = key;
                }
            }

            if (roles.Contains(sender) && role.KeyFile is { } path)
            {
                own[sender] = RoleKey.TryRead(path, out var key, out var reason) ? key : throw new InvalidOperationException($"The key of {name}: {reason}.");
            }
        }
    }

    /// <summary>The role's own key.</summary>
    /// <exception cref="ArgumentException">This process does not play the role.</exception>
    public RoleKey Of(BusSender sender) => own.TryGetValue(sender, out var key) ? key : throw new ArgumentException($"This process has no key of {sender.Name}.", nameof(sender));

    /// <summary>Whose frame it is, when its signature and the broker's word on its user agree with what is configured; the bodies are read after that only.</summary>
    /// <param name="frame">The bytes.</param>
    /// <param name="address">The stream that they were read from.</param>
    /// <param name="user">The user as the broker validated it; null when the publisher did not say.</param>
    public FrameReading Open(ReadOnlyMemory<byte> frame, BusAddress address, string? user)
    {
        if (!SealedFrame.TryRead(frame, out var read, out var broken))
        {
            return broken;
        }

        if (!signers.TryGetValue(read.Signer, out var signer) || !signer.Sender.MayWrite(address))
        {
            return Broken("BUS-010", "The signer is none that writes to this stream", "frame.signer");
        }

        if (!known.TryGetValue((read.Signer, read.KeyId), out var key))
        {
            return Broken("BUS-011", "The signer has no such key", "frame.keyId");
        }

        if (!read.IsSignedBy(key, address))
        {
            return Broken("BUS-012", "The signature is not valid for this stream and these bytes", "frame.signature");
        }

        if (user is not null && signer.User is not null && user != signer.User)
        {
            return Broken("BUS-013", "The broker's user is not the signer's", "frame.user");
        }

        return BusFrameCodec.TryDecode(read, out var bodies, out var error) ? new FrameReading.Whole(signer.Sender, bodies) : new FrameReading.Broken(error);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var key in own.Values)
        {
            key.Dispose();
        }
    }

    private static FrameReading.Broken Broken(string rule, string reason, string path) => new(new FrameError(rule, reason, path, 2)) { IsUnauthentic = true };
}
