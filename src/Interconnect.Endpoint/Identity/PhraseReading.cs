namespace Interconnect.Endpoint;

/// <summary>What reading a typed recovery phrase led to.</summary>
public abstract record PhraseReading
{
    private PhraseReading()
    {
    }

    /// <summary>The phrase is whole; the caller disposes it.</summary>
    public sealed record Read(RecoveryPhrase Phrase) : PhraseReading;

    /// <summary>A check failed.</summary>
    public sealed record Refused(PhraseError Error) : PhraseReading;
}
