namespace Interconnect.Testing;

/// <summary>Files beside the repository that belong together and that tests read. tests/vectors.md lists the same, and who reads them.</summary>
/// <param name="Folder">The folder below <see cref="SharedFiles.Root"/>.</param>
/// <param name="Source">Where it is had, or the public report it is derived from.</param>
/// <param name="Files">What a test that reads the set needs: names below the folder. An index.json stands for the files it lists, too.</param>
public sealed record SharedSet(string Folder, string Source, params string[] Files)
{
    private const string MadeHere = "made for this project";

    private static readonly string[] ContentExamples =
    [
        "conferencing", "delete", "edit", "expiring", "implied-original", "mention",
        "multipart-1", "multipart-2", "original", "reaction", "reply", "unlike",
    ];

    private static readonly SharedSet[] All =
    [
        new(
            "vectors/mls",
            "https://github.com/mlswg/mls-implementations",
            "crypto-basics.json",
            "deserialization.json",
            "key-schedule.json",
            "message-protection.json",
            "messages.json",
            "passive-client-handling-commit.json",
            "passive-client-welcome.json",
            "psk_secret.json",
            "secret-tree.json",
            "transcript-hashes.json",
            "tree-math.json",
            "tree-operations.json",
            "tree-validation.json",
            "treekem.json",
            "welcome.json"),
        new("vectors/hpke", "https://github.com/cfrg/draft-irtf-cfrg-hpke", "rfc9180-base-mode.json"),
        new(
            "vectors/mimi-content",
            "https://github.com/ietf-wg-mimi/draft-ietf-mimi-content",
            [.. ContentExamples.SelectMany(name => new[] { $"{name}.cbor", $"{name}.edn" })]),
        new("vectors/mimi-message-status", "https://github.com/rohanmahy/mimi-message-status", "status.cbor"),
        new(
            "fixtures/matrix",
            "https://github.com/matrix-org/matrix-spec",
            "m.room.message--m.text.json",
            "m.room.message--m.audio.json",
            "m.room.message--m.file.json",
            "m.room.encrypted--megolm.json",
            "m.room.encrypted--olm.json"),
        new("fixtures/xmpp", "https://github.com/xsf/xeps", "index.json"),
        new("cases/agent-init-key-file-left", MadeHere, "commands.txt"),
        new("cases/agent-join-5xx-stops-everything", "https://github.com/kamax-matrix/matrix-appservice-email/issues/25", "sync.json"),
        new("cases/agent-password-not-prepared", "https://github.com/robbiehanson/XMPPFramework/issues/378", "password.nfd"),
        new("cases/gateway-proxy-environment", "https://github.com/processone/fluux-messenger/issues/499", "command.txt"),
        new("cases/gateway-token-with-newline", "https://github.com/kubernetes/kubernetes/issues/52919", "value"),
        new("cases/matrix-profile-403", "https://github.com/element-hq/element-web/issues/23403", "homeserver.yaml"),
        new("cases/matrix-redacted", "https://github.com/matrix-org/synapse/issues/6225", "redacted.json"),
        new("cases/matrix-room-the-user-left", "https://github.com/element-hq/synapse/issues/14556", "input.txt"),
        new("cases/matrix-txn-id-reused", "https://github.com/element-hq/synapse/issues/14556", "transactions.http"),
        new("cases/mls-lifetime-without-bound", "https://github.com/Offline-Protocol/offline-protocol-sdk/issues/396", "input.txt"),
        new("cases/xmpp-jabber-client-namespace", "https://github.com/fritzy/SleekXMPP/issues/35", "message.xml"),
        new("cases/xmpp-provider-spelling", "https://github.com/iNPUTmice/Conversations/issues/2083", "network.json"),
        new("cases/xmpp-receipt-cut-in-a-pair", MadeHere, "stanza-id.txt"),
        new("cases/xmpp-unusual-localparts", "https://github.com/horazont/aioxmpp/issues/8", "stanzas.xml"),
    ];

    /// <summary>The set of this name (its folder), or the one that this file is of.</summary>
    public static SharedSet? Of(string name) =>
        All.FirstOrDefault(set => name == set.Folder || name.StartsWith(set.Folder + "/", StringComparison.Ordinal));
}
