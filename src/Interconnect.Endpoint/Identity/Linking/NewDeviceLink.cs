using System.Security.Cryptography;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// The new device's side of adding a device. It shows <see cref="Code"/> and <see cref="Digits"/>, sends <see cref="Request"/> by way of the gateway, and takes the one
/// answer that is under the code and to this request. Without the code nobody on the way can change the entry, answer, or use one message as another. The code is
/// good for ten minutes, three answers under another code, and one under the right one. It lives in memory alone: a restart shows a new code. Not thread-safe.
/// </summary>
public sealed class NewDeviceLink : IDisposable
{
    private readonly LinkRequest request;
    private readonly TimeProvider time;
    private int wrongAnswers;
    private bool ended;

    private NewDeviceLink(LinkCode code, LinkRequest request, TimeProvider time) => (Code, this.request, this.time) = (code, request, time);

    /// <summary>The code to show to the person; erased when the link ends.</summary>
    public LinkCode Code { get; }

    /// <summary>The eight digits to show beside it, which the person types on the old device.</summary>
    public EntryDigits Digits => EntryDigits.Of(request.Entry.Span);

    /// <summary>The message for the old devices.</summary>
    public ReadOnlyMemory<byte> Request => request.Bytes;

    /// <summary>When the code runs out.</summary>
    public DateTimeOffset ExpiresAt => request.ExpiresAt;

    /// <summary>False once an answer was taken, three were wrong, or the time ran out.</summary>
    public bool IsOpen => !ended && time.GetUtcNow() < ExpiresAt;

    /// <summary>Makes a new code and the request under it.</summary>
    /// <param name="user">Whose device it is to be.</param>
    /// <param name="entry">The device entry's bytes, 1 to <see cref="LinkRequest.MaxEntryBytes"/>.</param>
    /// <param name="time">For the ten minutes.</param>
    /// <exception cref="ArgumentException">The entry is empty or too large.</exception>
    public static NewDeviceLink Start(UserUri user, ReadOnlySpan<byte> entry, TimeProvider time) =>
        Start(user, entry, time, LinkCode.Create(), RandomNumberGenerator.GetBytes(LinkRequest.NonceSize));

    /// <summary>Takes an answer, or says why not; a refused one changes nothing but the count of wrong ones.</summary>
    public LinkReply Accept(ReadOnlySpan<byte> answer)
    {
        // 1. The link is still open.
        if (ended)
            return new LinkReply.Refused(LinkError.Ended);

        if (time.GetUtcNow() >= ExpiresAt)
            return End(LinkError.Expired);

        // 2. It is an answer, and to this request: old ones that come again are not held against the code.
        if (!LinkAnswer.TryRead(answer, out var read, out var error))
            return new LinkReply.Refused(error);

        if (!read.IsTo(request.Hash.Span))
            return new LinkReply.Refused(LinkError.OtherRequest);

        // 3. It is under the code.
        if (!read.IsUnder(Code))
        {
            wrongAnswers++;
            var wrong = LinkError.WrongCode(LinkCodec.MaxTries - wrongAnswers);
            return wrongAnswers < LinkCodec.MaxTries ? new LinkReply.Refused(wrong) : End(wrong);
        }

        // 4. The code was used.
        Dispose();
        return new LinkReply.Added(read.Lists);
    }

    /// <summary>Ends the link and erases the code.</summary>
    public void Dispose()
    {
        ended = true;
        Code.Dispose();
    }

    /// <summary>Redacted.</summary>
    public override string ToString() => "NewDeviceLink(redacted)";

    internal static NewDeviceLink Start(UserUri user, ReadOnlySpan<byte> entry, TimeProvider time, LinkCode code, ReadOnlySpan<byte> nonce) =>
        entry.Length is > 0 and <= LinkRequest.MaxEntryBytes
            ? new NewDeviceLink(code, LinkRequest.Write(code, user, entry, nonce, time.GetUtcNow() + LinkCodec.Lifetime), time)
            : throw new ArgumentException($"An entry has 1 to {LinkRequest.MaxEntryBytes} bytes.", nameof(entry));

    private LinkReply.Refused End(LinkError error)
    {
        Dispose();
        return new LinkReply.Refused(error);
    }
}
