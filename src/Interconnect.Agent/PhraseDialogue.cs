using System.Text.Json.Nodes;
using Interconnect.Endpoint;

namespace Interconnect.Agent;

/// <summary>Shows the recovery phrase once and asks it back once: what was not written down is not there when it is needed.</summary>
internal static class PhraseDialogue
{
    private const int WordsOfLine = 6;

    /// <summary>Shows the words.</summary>
    public static void Show(AgentOutput output, RecoverySeed seed, PhraseLanguage language)
    {
        using var phrase = RecoveryPhrase.Of(seed, language);
        var words = phrase.Reveal();
        var lines = words.Select((word, i) => $"{i + 1,2} {word,-10}").Chunk(WordsOfLine).Select(line => "    " + string.Concat(line).TrimEnd());
        output.Result(
            new JsonObject { ["event"] = "recovery-phrase", ["words"] = new JsonArray([.. words.Select(word => (JsonNode)word)]) },
            "Your recovery phrase. Write the words down, in this order, and keep them where no device is; who has them is you:\n" + string.Join('\n', lines));
    }

    /// <summary>Asks until the words are right; the first four letters of each are enough.</summary>
    /// <exception cref="AgentFailure">The input ended.</exception>
    public static void AskBack(AgentIo io, AgentOutput output, RecoverySeed seed)
    {
        while (true)
        {
            output.Note("Type the words back (the first four letters of each are enough), on one line:");
            using var typed = Read(io);
            if (typed is null)
                throw new AgentFailure(ExitCode.Interrupted, "AGT-004", "The words were not typed back", "They stay in the store until 'identity confirm' was given them");

            if (typed.Matches(seed))
                return;

            output.Note("These are the words of another phrase; compare them with what you wrote down.");
        }
    }

    /// <summary>Reads a phrase from the input; null at its end. Says what is wrong and asks again where a person can.</summary>
    /// <exception cref="AgentFailure">It is no phrase, and nobody can be asked again.</exception>
    public static RecoverySeed? Read(AgentIo io)
    {
        while (io.In.ReadLine() is { } line)
        {
            switch (RecoveryPhrase.Read(line))
            {
                case PhraseReading.Read { Phrase: var phrase }:
                    using (phrase)
                        return phrase.ToSeed();
                case PhraseReading.Refused { Error: var error } when !io.Interactive:
                    throw new AgentFailure(ExitCode.Usage, error.RuleId, error.Reason, error.Advice);
                case PhraseReading.Refused { Error: var error }:
                    io.Error.WriteLine($"{error}");
                    break;
                default:
                    throw new InvalidOperationException("A phrase is read or refused.");
            }
        }

        return null;
    }
}
