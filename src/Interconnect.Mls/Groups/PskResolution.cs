using System.Security.Cryptography;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;

namespace Interconnect.Mls.Groups;

/// <summary>Finds the pre-shared keys that a commit or Welcome names and makes psk_secret of them (RFC 9420 section 8.4).</summary>
internal static class PskResolution
{
    /// <param name="state">The group whose resumption PSKs may be named; null at a join.</param>
    /// <param name="related">The group that this one follows or branches from; null when there is none.</param>
    public static Secret<Kind.Psk> Resolve(
        MlsClient client, CipherSuite suite, GroupState? state, IReadOnlyList<PreSharedKeyId> ids, GroupState? related = null)
    {
        if (ids.Count == 0)
        {
            return PskSecret.None(suite);
        }

        var psks = new List<(PreSharedKeyId Id, byte[] Psk)>(ids.Count);
        try
        {
            foreach (var id in ids)
            {
                Rules.PskNonce.Require(id.Nonce.Length == suite.Hash.Size);
                var psk = OfRelated(related, id) ?? Find(client, state, id);
                Rules.PskUnknown.Require(psk is not null);
                psks.Add((id, psk!));
            }

            return PskSecret.Of(suite, psks);
        }
        finally
        {
            foreach (var (_, psk) in psks)
            {
                CryptographicOperations.ZeroMemory(psk);
            }
        }
    }

    // Always a copy, which the caller erases.
    private static byte[]? Find(MlsClient client, GroupState? state, PreSharedKeyId id) => id switch
    {
        PreSharedKeyId.External external => (byte[]?)client.Options.FindExternalPsk(external.Id)?.Clone(),
        PreSharedKeyId.Resumption resumption
            when state is not null
            && resumption.GroupId.Span.SequenceEqual(state.Context.GroupId.Span)
            && state.Resumption.TryGetValue(resumption.Epoch, out var own) => own.Span.ToArray(),
        PreSharedKeyId.Resumption resumption => (byte[]?)client.Options.FindResumptionPsk(resumption.GroupId, resumption.Epoch)?.Clone(),
        _ => throw new InvalidOperationException("The set of PSK ids is closed."),
    };

    private static byte[]? OfRelated(GroupState? related, PreSharedKeyId id) =>
        related is not null
        && id is PreSharedKeyId.Resumption resumption
        && resumption.GroupId.Span.SequenceEqual(related.Context.GroupId.Span)
        && related.Resumption.TryGetValue(resumption.Epoch, out var psk)
            ? psk.Span.ToArray()
            : null;
}
