using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>From one epoch to the next (RFC 9420 sections 8 and 12.4.2): transcript, context, key schedule, confirmation tag.</summary>
internal static class EpochTransition
{
    /// <summary>The context that path secrets are encrypted under: the new epoch and tree, the old transcript.</summary>
    public static GroupContext Provisional(GroupContext context, RatchetTree tree, IReadOnlyList<Extension> extensions)
    {
        Rules.EpochExhausted.Require(context.Epoch < ulong.MaxValue);
        return context with { Epoch = context.Epoch + 1, TreeHash = tree.TreeHash, Extensions = extensions };
    }

    /// <summary>The secrets of the new epoch; the joiner secret is the caller's to erase.</summary>
    /// <param name="commitSecret">Null for a commit without a path: all zero.</param>
    public static NewEpoch Derive(
        CipherSuite suite, GroupContext provisional, byte[] interimBefore, AuthenticatedContent commit, Secret<Kind.Init> init,
        Secret<Kind.Commit>? commitSecret, Secret<Kind.Psk> psk)
    {
        var context = provisional with { ConfirmedTranscriptHash = TranscriptHash.Confirmed(suite, interimBefore, commit) };
        var encoded = Codec.Encode(context);
        Span<byte> zero = stackalloc byte[suite.Hash.Size];
        zero.Clear();
        var joiner = EpochSecrets.Joiner(suite, init, commitSecret is null ? zero : commitSecret.Span, encoded);
        var secrets = EpochSecrets.FromJoiner(suite, joiner, psk, encoded);
        var tag = secrets.ConfirmationTag(suite, context.ConfirmedTranscriptHash.Span);
        return new NewEpoch(context, joiner, secrets, tag);
    }
}

/// <summary>The outcome of the key schedule.</summary>
internal sealed record NewEpoch(GroupContext Context, Secret<Kind.Joiner> Joiner, EpochSecrets Secrets, byte[] ConfirmationTag)
{
    public override string ToString() => $"new epoch {Context.Epoch} (redacted)";
}
