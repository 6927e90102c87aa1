using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Endpoint;

/// <summary>A request that a person approved by its code and digits: its entry may be signed into the device list. Erased on dispose.</summary>
public sealed class ApprovedLink : IDisposable
{
    private readonly LinkRequest request;
    private readonly LinkCode code;

    internal ApprovedLink(LinkRequest request, LinkCode code) => (this.request, this.code) = (request, LinkCode.FromBytes(code.Span));

    /// <summary>The device entry's bytes.</summary>
    public ReadOnlyMemory<byte> Entry => request.Entry;

    /// <summary>Writes the answer under the same code.</summary>
    /// <param name="lists">The signed device lists, in the order in which the new device checks them.</param>
    /// <param name="answer">The message for the new device.</param>
    /// <param name="error"><c>LNK-018</c>: there are none, or more lists or bytes than an answer holds.</param>
    public bool TryAnswer(IReadOnlyList<ReadOnlyMemory<byte>> lists, [NotNullWhen(true)] out byte[]? answer, [NotNullWhen(false)] out LinkError? error)
    {
        answer = LinkAnswer.Write(code, request.Hash.Span, lists);
        error = answer is null ? LinkError.ListsTooLarge : null;
        return error is null;
    }

    /// <inheritdoc/>
    public void Dispose() => code.Dispose();

    /// <summary>Redacted.</summary>
    public override string ToString() => "ApprovedLink(redacted)";
}
