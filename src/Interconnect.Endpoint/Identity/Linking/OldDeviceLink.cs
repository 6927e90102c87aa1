using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>The old device's side of adding a device: whether what a person typed fits a request that came by way of the gateway. Pure.</summary>
public static class OldDeviceLink
{
    /// <summary>Checks a request.</summary>
    /// <param name="request">As received.</param>
    /// <param name="own">The user of this device.</param>
    /// <param name="code">What the person gave; stays the caller's.</param>
    /// <param name="digits">What the person typed as seen on the new device, never what this device computed.</param>
    /// <param name="memory">As stored.</param>
    /// <param name="now">The time.</param>
    public static LinkCheck Check(LinkRequest request, UserUri own, LinkCode code, EntryDigits digits, LinkMemory memory, DateTimeOffset now)
    {
        // 1. It is for this user and for these minutes.
        memory = memory.Forget(now);
        if (request.User != own)
            return new LinkCheck.Refused(LinkError.OtherUser, memory);

        if (now >= request.ExpiresAt)
            return new LinkCheck.Refused(LinkError.Expired, memory);

        if (request.ExpiresAt - now > LinkCodec.Lifetime + LinkCodec.ClockSkew)
            return new LinkCheck.Refused(LinkError.TooFar, memory);

        // 2. Its code was not used up.
        if (memory.HasEnded(request))
            return new LinkCheck.Refused(LinkError.Ended, memory);

        if (!memory.HasRoomFor(request))
            return new LinkCheck.Refused(LinkError.MemoryFull, memory);

        // 3. It is under the code, so nobody without it wrote or changed it.
        if (!request.IsUnder(code))
        {
            var tried = memory.WithWrongTry(request);
            return new LinkCheck.Refused(LinkError.WrongCode(tried.TriesLeft(request)), tried);
        }

        // 4. It is the device that the person looks at: a stranger who talks somebody into giving a code has other digits on the screen.
        if (!EntryDigits.Of(request.Entry.Span).Matches(digits))
            return new LinkCheck.Refused(LinkError.WrongDigits, memory.WithWrongTry(request));

        return new LinkCheck.Approved(new ApprovedLink(request, code), memory.WithUse(request));
    }
}
