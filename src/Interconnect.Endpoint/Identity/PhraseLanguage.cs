namespace Interconnect.Endpoint;

/// <summary>The language of a phrase's words.</summary>
public enum PhraseLanguage
{
    /// <summary>English words.</summary>
    English,

    /// <summary>German words, written without umlauts and ß.</summary>
    German,
}
