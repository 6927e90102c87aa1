namespace Interconnect.Hub;

/// <summary>
/// One check of the hub. A closed list: ids are never reused, and a test demands a refusing and an accepting case of each. The demand is what a sender is shown.
/// </summary>
public sealed record HubRule
{
    private static readonly List<HubRule> Rules = [];

    private HubRule(string id, string demand)
    {
        Id = id;
        Demand = demand;
        Rules.Add(this);
    }

    /// <summary>Such as <c>HUB-012</c>; a metric label and a ledger value.</summary>
    public string Id { get; }

    /// <summary>What the rule demands, in plain words without identifiers.</summary>
    public string Demand { get; }

    /// <summary>All rules in the order of their ids.</summary>
    public static IReadOnlyList<HubRule> All => Rules;

    /// <summary>Nobody is told: there is no network to tell.</summary>
    public static HubRule OriginKnown { get; } = new("HUB-001", "An event comes from a network that this hub serves.");

    /// <summary>A network speaks for the users of its own domain.</summary>
    public static HubRule SenderOfOrigin { get; } = new("HUB-002", "The sender belongs to the provider of the network that vouches for it.");

    /// <summary>Order is kept in the conversation that the event names.</summary>
    public static HubRule ConversationFits { get; } = new("HUB-003", "The conversation is the one that the event belongs to.");

    /// <summary>The refusal shows the adapter's rule; the ledger and the counter have this one.</summary>
    public static HubRule Readable { get; } = new("HUB-004", "What the endpoint sent can be read.");

    /// <summary>No downgrade, no plaintext.</summary>
    public static HubRule EndToEnd { get; } = new("HUB-005", "Messages cross end-to-end encrypted only; this one was not and its content was dropped. The other side can be reached with an Interconnect endpoint.");

    /// <summary>Reports, refusals and key material responses are the hub's.</summary>
    public static HubRule ClientKind { get; } = new("HUB-006", "Clients send messages, room updates, key material, consent and what concerns their user's devices; nothing else.");

    /// <summary>The lane.</summary>
    public static HubRule RoomLane { get; } = new("HUB-007", "Messages travel in a room under MLS; no other way is agreed.");

    /// <summary>Looked at first of all; nobody is told, because nobody who is named sent it.</summary>
    public static HubRule OriginAuthentic { get; } = new("HUB-008", "An event and a report come from the network that they name as their origin.");

    /// <summary>Signed.</summary>
    public static HubRule Signed { get; } = new("HUB-010", "The event carries its client's signature.");

    /// <summary>Own device.</summary>
    public static HubRule ClientOfSender { get; } = new("HUB-011", "The signing client belongs to the sender.");

    /// <summary>Suite.</summary>
    public static HubRule SuiteAllowed { get; } = new("HUB-012", "The cipher suite is one that this hub allows.");

    /// <summary>Age.</summary>
    public static HubRule FrameFresh { get; } = new("HUB-013", "The frame is not older than allowed.");

    /// <summary>Ahead.</summary>
    public static HubRule FrameNotAhead { get; } = new("HUB-014", "The frame is not dated ahead of the hub's clock.");

    /// <summary>Signature.</summary>
    public static HubRule SignatureValid { get; } = new("HUB-015", "The client's signature is valid.");

    /// <summary>Replay.</summary>
    public static HubRule FrameOnce { get; } = new("HUB-016", "A client's frame is taken once.");

    /// <summary>Registered.</summary>
    public static HubRule ClientRegistered { get; } = new("HUB-017", "The client has published key material before.");

    /// <summary>Same key.</summary>
    public static HubRule ClientKey { get; } = new("HUB-018", "The client signs with the key that it registered.");

    /// <summary>Two users.</summary>
    public static HubRule TwoUsers { get; } = new("HUB-020", "The event is between two different users.");

    /// <summary>Destination served.</summary>
    public static HubRule DestinationKnown { get; } = new("HUB-021", "The other user is on a network that this hub serves.");

    /// <summary>Agreement.</summary>
    public static HubRule Peering { get; } = new("HUB-022", "A peering agreement is in force between the two providers.");

    /// <summary>Lane agreed.</summary>
    public static HubRule PeeringLane { get; } = new("HUB-023", "The peering agreement allows this end-to-end protocol.");

    /// <summary>Suite agreed.</summary>
    public static HubRule PeeringSuite { get; } = new("HUB-024", "The cipher suite is as strong as the peering agreement demands.");

    /// <summary>Size agreed.</summary>
    public static HubRule PeeringSize { get; } = new("HUB-025", "The message is not larger than the peering agreement allows.");

    /// <summary>Backlog.</summary>
    public static HubRule Backlog { get; } = new("HUB-026", "The destination network takes what waits for it; too much waits now, so try again later.");

    /// <summary>Rate.</summary>
    public static HubRule SenderRate { get; } = new("HUB-027", "A sender submits no more in a time than the hub allows; try again later.");

    /// <summary>Parked.</summary>
    public static HubRule ParkedBound { get; } = new("HUB-028", "The conversation waits for an operator and holds a bounded number of events; try again later.");

    /// <summary>One event's cost.</summary>
    public static HubRule EventCost { get; } = new("HUB-029", "Checking an event's signatures costs no more than a sender may spend at once.");

    /// <summary>Who asks.</summary>
    public static HubRule ConsentByRequester { get; } = new("HUB-030", "Only the requester asks for consent and takes the request back.");

    /// <summary>Who answers.</summary>
    public static HubRule ConsentByTarget { get; } = new("HUB-031", "Only the user who is asked grants and revokes consent.");

    /// <summary>Bound.</summary>
    public static HubRule ConsentBound { get; } = new("HUB-032", "A user has a bounded number of open consent requests.");

    /// <summary>Consent.</summary>
    public static HubRule Consented { get; } = new("HUB-033", "The other user consents to the contact.");

    /// <summary>Grants answer requests.</summary>
    public static HubRule ConsentAsked { get; } = new("HUB-034", "Consent is granted to a user who asked for it.");

    /// <summary>Own contacts.</summary>
    public static HubRule ConsentOfSender { get; } = new("HUB-035", "A user speaks of consent in contacts of its own only.");

    /// <summary>Bound.</summary>
    public static HubRule ConsentTotal { get; } = new("HUB-036", "A user has said something on a bounded number of contacts.");

    /// <summary>Unasked.</summary>
    public static HubRule Unsolicited { get; } = new("HUB-037", "A user says a bounded number of things on consent in a time; try again later.");

    /// <summary>Own packages.</summary>
    public static HubRule PublishOwn { get; } = new("HUB-040", "A client publishes its own key material only, and asks about no other.");

    /// <summary>RFC 9420 section 10.1.</summary>
    public static HubRule PackageValid { get; } = new("HUB-041", "Every key package is valid for an allowed suite.");

    /// <summary>Identity.</summary>
    public static HubRule PackageIdentity { get; } = new("HUB-042", "A key package's credential names the client that publishes it.");

    /// <summary>Key.</summary>
    public static HubRule PackageKey { get; } = new("HUB-043", "A key package's signature key is the one that signs the frame.");

    /// <summary>New.</summary>
    public static HubRule PackageNew { get; } = new("HUB-044", "A key package is published once.");

    /// <summary>Pool.</summary>
    public static HubRule PackagePool { get; } = new("HUB-045", "A client's pool of key packages is bounded.");

    /// <summary>Devices.</summary>
    public static HubRule ClientBound { get; } = new("HUB-046", "A user has a bounded number of clients.");

    /// <summary>RFC 9420 section 7.2.</summary>
    public static HubRule PackageLifetime { get; } = new("HUB-047", "A key package lives no longer than the hub allows.");

    /// <summary>Quota.</summary>
    public static HubRule ClaimQuota { get; } = new("HUB-048", "A user gets a bounded number of key packages of another client in a day; try again later.");

    /// <summary>Last resort.</summary>
    public static HubRule LastResortOnce { get; } = new("HUB-049", "A publication holds at most one key package of last resort.");
    /// <summary>Room's home.</summary>
    public static HubRule RoomHere { get; } = new("HUB-050", "The room belongs to this hub.");

    /// <summary>Room exists.</summary>
    public static HubRule RoomExists { get; } = new("HUB-051", "The room exists; a room is made by a commit of epoch 0.");

    /// <summary>Participant.</summary>
    public static HubRule Participant { get; } = new("HUB-052", "The client is a member of the room.");

    /// <summary>Commit readable.</summary>
    public static HubRule CommitReadable { get; } = new("HUB-053", "The commit is a PublicMessage that holds a commit of a member, or of a device that joins by it.");

    /// <summary>Group id.</summary>
    public static HubRule CommitGroup { get; } = new("HUB-054", "The commit is for the room's group.");

    /// <summary>Epoch.</summary>
    public static HubRule CommitEpoch { get; } = new("HUB-055", "The commit is for the group's current epoch; another came first.");

    /// <summary>GroupInfo.</summary>
    public static HubRule GroupInfoValid { get; } = new("HUB-056", "The GroupInfo's signature and tree hold together, and it has external_pub.");

    /// <summary>GroupInfo's place.</summary>
    public static HubRule GroupInfoPlace { get; } = new("HUB-057", "The GroupInfo is of the room's group, of the epoch after the commit and of the group's suite.");

    /// <summary>GroupInfo's signer.</summary>
    public static HubRule GroupInfoSigner { get; } = new("HUB-058", "The GroupInfo is signed by the client that sends the update, with its registered key.");

    /// <summary>Welcome.</summary>
    public static HubRule WelcomeReadable { get; } = new("HUB-059", "The Welcome is well-formed and of the group's suite.");

    /// <summary>Claims.</summary>
    public static HubRule WelcomeClaims { get; } = new("HUB-060", "A Welcome is for key packages that this hub gave the sender for this room.");

    /// <summary>Joiners.</summary>
    public static HubRule JoinersMatch { get; } = new("HUB-061", "Who joins the group is whom the Welcome is for, and nobody else.");

    /// <summary>Members.</summary>
    public static HubRule MembersRegistered { get; } = new("HUB-062", "Every member of the group has a client's name; who is new, or has a new key, is a registered client under its own key.");

    /// <summary>Two at most.</summary>
    public static HubRule RoomSize { get; } = new("HUB-063", "A room has two users at most.");

    /// <summary>Bound.</summary>
    public static HubRule HandshakeSize { get; } = new("HUB-064", "A room update is not larger than the hub allows, in bytes, proposals, clients and leaves.");

    /// <summary>Transcript.</summary>
    public static HubRule CommitLeads { get; } = new("HUB-065", "The commit is signed by its sender and leads from the group as it is to the GroupInfo.");

    /// <summary>ReInit.</summary>
    public static HubRule GroupGoesOn { get; } = new("HUB-066", "A commit does not end the room's group: a room cannot go on in a successor.");

    /// <summary>Bound.</summary>
    public static HubRule RoomBound { get; } = new("HUB-067", "A user makes a bounded number of rooms.");

    /// <summary>Message readable.</summary>
    public static HubRule MessageReadable { get; } = new("HUB-070", "A room message is a PrivateMessage that holds application data.");

    /// <summary>Group id.</summary>
    public static HubRule MessageGroup { get; } = new("HUB-071", "The message is for the room's group.");

    /// <summary>Epoch.</summary>
    public static HubRule MessageEpoch { get; } = new("HUB-072", "The message is of the group's current epoch or one shortly before.");

    /// <summary>Bound.</summary>
    public static HubRule MessageSize { get; } = new("HUB-073", "A message is not larger than the hub allows.");

    /// <summary>Somebody there.</summary>
    public static HubRule SomebodyThere { get; } = new("HUB-074", "Somebody else is in the room.");

    /// <summary>Reports are reports.</summary>
    public static HubRule ReportKind { get; } = new("HUB-080", "An adapter reports that something was handed over, delivered or bounced, and for whom.");

    /// <summary>Known.</summary>
    public static HubRule ReportKnown { get; } = new("HUB-081", "A report is about a delivery in the ledger.");

    /// <summary>Own users.</summary>
    public static HubRule ReportOfOwn { get; } = new("HUB-082", "A network reports on its own users.");

    /// <summary>The reason of <c>Expired</c>.</summary>
    public static HubRule InTime { get; } = new("HUB-090", "Nothing more was heard of the delivery within the time allowed.");

    /// <summary>Readable; the detail is the rule of the list that was broken.</summary>
    public static HubRule ListReadable { get; } = new("HUB-100", "Device lists can be read and are signed as they must be.");

    /// <summary>Own lists.</summary>
    public static HubRule ListOwn { get; } = new("HUB-101", "A user speaks of its own devices and identity only.");

    /// <summary>Who brings it.</summary>
    public static HubRule ListNamesSender { get; } = new("HUB-102", "The client that brings a device list is named by it, or by the newest one under the same identity.");

    /// <summary>Rolled back.</summary>
    public static HubRule ListNotBack { get; } = new("HUB-103", "A device list is not older than the newest one.");

    /// <summary>Fork.</summary>
    public static HubRule ListFollows { get; } = new("HUB-104", "A device list follows the newest one; two in one place contradict each other.");

    /// <summary>Rate. Never said of a list that only removes devices.</summary>
    public static HubRule ListRate { get; } = new("HUB-105", "A user's devices change no more often than the hub allows; try again later. Devices can be removed at any time.");

    /// <summary>A list first.</summary>
    public static HubRule ListFirst { get; } = new("HUB-106", "The user has published a device list.");

    /// <summary>Named by it.</summary>
    public static HubRule DeviceNamed { get; } = new("HUB-107", "The client is named, with exactly its key, by its user's newest device list.");

    /// <summary>Joiners.</summary>
    public static HubRule JoinerNamed { get; } = new("HUB-108", "Who joins a room is named, with exactly its key, by its user's newest device list.");

    /// <summary>External commits.</summary>
    public static HubRule JoinsItself { get; } = new("HUB-109", "A device that joins a room by itself is the one that sends the update, and its user is a participant.");

    /// <summary>Rate of linking.</summary>
    public static HubRule LinkRate { get; } = new("HUB-110", "A user's devices tell each other no more than adding one needs; try again later.");

    /// <summary>Waiting time.</summary>
    public static HubRule ResetWaits { get; } = new("HUB-111", "Another identity takes the pinned one's place after a waiting time; send its device list again then.");

    /// <summary>One at a time.</summary>
    public static HubRule ResetOne { get; } = new("HUB-112", "One other identity at a time waits to take the pinned one's place.");

    /// <summary>About what waits.</summary>
    public static HubRule ObjectionFits { get; } = new("HUB-113", "An objection is about the identity that waits, and was made since it does.");

    /// <summary>Whose objection.</summary>
    public static HubRule ObjectionSigned { get; } = new("HUB-114", "An objection is signed by the pinned identity.");

    /// <summary>Once.</summary>
    public static HubRule ObjectionOnce { get; } = new("HUB-115", "The pinned identity objects once; the wait is not lengthened again.");

    /// <inheritdoc/>
    public override string ToString() => Id;
}
