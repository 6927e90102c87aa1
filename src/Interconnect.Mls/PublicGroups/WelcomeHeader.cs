using System.Diagnostics.CodeAnalysis;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;

namespace Interconnect.Mls.PublicGroups;

/// <summary>What anybody can read from a Welcome: whom it is for.</summary>
/// <param name="CipherSuite">IANA number; not necessarily a known one.</param>
/// <param name="KeyPackageRefs">The KeyPackageRef of each new member.</param>
public sealed record WelcomeHeader(ushort CipherSuite, IReadOnlyList<ReadOnlyMemory<byte>> KeyPackageRefs)
{
    /// <summary>Reads an MLSMessage; false with the decode error when it is anything but a well-formed Welcome.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> mlsMessage, [NotNullWhen(true)] out WelcomeHeader? header, [NotNullWhen(false)] out MlsError? error) =>
        MlsRefusal.Catch(() => Read(ServerDecoding.Decode<MlsMessage.OfWelcome>(mlsMessage).Welcome)).TryGet(out header, out error);

    private static WelcomeHeader Read(Welcome welcome) => new(welcome.Suite, welcome.Secrets.Select(entry => entry.NewMember).ToList());
}
