using System.CommandLine;
using System.CommandLine.Parsing;
using System.Security.Cryptography;
using System.Text;
using Interconnect.Endpoint;
using Interconnect.Federation;

namespace Interconnect.Agent;

/// <summary>The options every command has, and how secrets are had: from files and the environment, never from the command line.</summary>
internal sealed class AgentSettings
{
    public const string HomeVariable = "INTERCONNECT_AGENT_HOME";
    public const string PassphraseVariable = "INTERCONNECT_AGENT_PASSPHRASE";
    public const string PasswordVariable = "INTERCONNECT_AGENT_PASSWORD";

    public static readonly Option<string?> Home = new("--home") { Description = $"Folder of the store [default: ${HomeVariable}, or interconnect-agent in the user's data folder]", Recursive = true };
    public static readonly Option<string?> PassphraseFile = new("--passphrase-file") { Description = $"File whose first line is the store's passphrase, mode 0600 (or set ${PassphraseVariable})", Recursive = true };
    public static readonly Option<string?> KeyFile = new("--key-file") { Description = "File of 32 random bytes that opens the store instead of a passphrase, mode 0600", Recursive = true };
    public static readonly Option<bool> Json = new("--json") { Description = "Write one JSON object a line", Recursive = true };

    /// <summary>An option of one of a few words.</summary>
    public static Option<T> Choice<T>(string name, string description, IReadOnlyDictionary<string, T> words, T? fallback = null)
        where T : struct
    {
        var option = new Option<T>(name)
        {
            Description = description,
            HelpName = string.Join('|', words.Keys),
            Required = fallback is null,
            CustomParser = result =>
            {
                if (words.TryGetValue(result.Tokens[0].Value, out var value))
                    return value;

                result.AddError($"{name} is one of {string.Join(", ", words.Keys)}");
                return default;
            },
        };
        if (fallback is { } value)
            option.DefaultValueFactory = _ => value;

        option.CompletionSources.Add([.. words.Keys]);
        return option;
    }

    /// <summary>Seconds; 0 waits for ever.</summary>
    public static Option<double> Timeout(double seconds, string what) => new("--timeout")
    {
        Description = $"{what}, in seconds; 0 = without end",
        DefaultValueFactory = _ => seconds,
        Validators = { result => { if (result.Tokens.Count > 0 && result.GetValueOrDefault<double>() is < 0 or > 1_000_000) result.AddError("--timeout is 0 to 1000000 seconds"); } },
    };

    public static string HomeFolder(ParseResult parsed, AgentIo io)
    {
        if (parsed.GetValue(Home) is { Length: > 0 } given)
            return Path.GetFullPath(given);

        if (io.Environment.GetValueOrDefault(HomeVariable) is { Length: > 0 } fromEnvironment)
            return Path.GetFullPath(fromEnvironment);

        var data = io.Environment.GetValueOrDefault("XDG_DATA_HOME") is { Length: > 0 } xdg ? xdg : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return Path.Combine(data, "interconnect-agent");
    }

    public static StoreKey Key(ParseResult parsed, AgentIo io)
    {
        var sources = new[] { parsed.GetValue(PassphraseFile), parsed.GetValue(KeyFile) }.Count(source => source is not null);
        if (sources > 1)
            throw AgentFailure.Usage("Two keys were given", "Give --passphrase-file or --key-file, not both");

        if (parsed.GetValue(KeyFile) is { } keyFile)
            return FromKeyFile(ReadSecret(keyFile));

        var passphrase = parsed.GetValue(PassphraseFile) is { } file ? FirstLine(ReadSecret(file)) : io.Environment.GetValueOrDefault(PassphraseVariable);
        if (string.IsNullOrEmpty(passphrase))
            throw AgentFailure.Usage("The store's key is missing", $"Give --passphrase-file or --key-file, or set {PassphraseVariable}");

        return passphrase.Length >= StoreKey.MinPassphraseLength
            ? StoreKey.FromPassphrase(passphrase)
            : throw new AgentFailure(ExitCode.Store, "STO-008", $"The passphrase has fewer than {StoreKey.MinPassphraseLength} characters", "Choose a longer one");
    }

    public static string Password(string? file, AgentIo io)
    {
        var password = file is not null ? FirstLine(ReadSecret(file)) : io.Environment.GetValueOrDefault(PasswordVariable);
        return string.IsNullOrEmpty(password) ? throw AgentFailure.Usage("The account's password is missing", $"Give --password-file, or set {PasswordVariable}") : password;
    }

    /// <summary>A user as a MIMI URI, as name@domain, or as Matrix writes it. A domain may be written in Unicode; the name is taken as it is.</summary>
    public static UserUri User(string text)
    {
        if (UserUri.TryParse(text, out var uri))
            return uri;

        var (name, domain) = text switch
        {
            _ when text.StartsWith('@') && text.IndexOf(':', StringComparison.Ordinal) is > 1 and var colon => (text[1..colon], text[(colon + 1)..]),
            _ when text.LastIndexOf('@') is > 0 and var at => (text[..at], text[(at + 1)..]),
            _ => ("", ""),
        };
        return XmppDomain.TryParse(domain, out var host) && ProviderDomain.TryParse(host.Ascii, out var provider) && UserUri.TryCreate(provider, name, out var user)
            ? user
            : throw AgentFailure.Usage("That is not a user", "Write mimi://hs.test/u/bob, bob@hs.test or @bob:hs.test");
    }

    private static StoreKey FromKeyFile(byte[] bytes)
    {
        try
        {
            return StoreKey.FromKeyFile(bytes);
        }
        catch (ArgumentException)
        {
            throw new AgentFailure(ExitCode.Store, "STO-008", $"A key file holds {StoreKey.KeyFileSize} random bytes and nothing else", "Make one with 'init --new-key-file', or head -c 32 /dev/urandom");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static byte[] ReadSecret(string path)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                throw new AgentFailure(ExitCode.Store, "STO-009", "A file with a secret can be read by others", "chmod 600 it");

            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentFailure(ExitCode.Store, "STO-010", "A file with a secret cannot be read", "Check its path and that it belongs to you");
        }
    }

    private static string FirstLine(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? text : text[..end];
    }
}
