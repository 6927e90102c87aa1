namespace Interconnect.Mls.Encoding;

/// <summary>
/// Every check of this project, numbered by theme: 0xx encoding, 1xx KeyPackage and leaf, 2xx tree, 3xx message protection, 4xx proposals,
/// 5xx commits, 6xx joining, 7xx pre-shared keys, 8xx persisted state, 9xx requests of the caller. A number is never reused.
/// </summary>
internal static class Rules
{
    private static readonly Dictionary<string, string> Defined = [];

    public static readonly Rule Truncated = Define("MLS-001", "the input ends before the structure does");
    public static readonly Rule TrailingBytes = Define("MLS-002", "the input ends with the structure");
    public static readonly Rule NonMinimalLength = Define("MLS-003", "a vector length is written in its shortest form");
    public static readonly Rule InvalidLengthPrefix = Define("MLS-004", "a vector length does not use the reserved prefix");
    public static readonly Rule PresenceOctet = Define("MLS-005", "a presence octet is 0 or 1");
    public static readonly Rule UnknownValue = Define("MLS-006", "an enumeration that selects a structure has a known value");
    public static readonly Rule Oversize = Define("MLS-007", "the input is within the size bound");
    public static readonly Rule WrongWireFormat = Define("MLS-008", "the message is of the expected kind");
    public static readonly Rule UnknownVersion = Define("MLS-009", "the protocol version is mls10");

    public static readonly Rule KeyPackageSuite = Define("MLS-101", "a KeyPackage is for a known suite, the expected one");
    public static readonly Rule KeyPackageSignature = Define("MLS-102", "a KeyPackage's signature verifies");
    public static readonly Rule KeyPackageSource = Define("MLS-103", "a KeyPackage's leaf has the source key_package");
    public static readonly Rule KeyPackageDistinctKeys = Define("MLS-104", "a KeyPackage's init key differs from its encryption key");
    public static readonly Rule LeafSignature = Define("MLS-105", "a leaf node's signature verifies");
    public static readonly Rule LeafLifetime = Define("MLS-106", "a leaf's lifetime covers the present");
    public static readonly Rule LeafCapabilitiesOwn = Define("MLS-107", "a leaf's capabilities list its own version, credential and extensions");
    public static readonly Rule LeafRequiredCapabilities = Define("MLS-108", "a leaf supports what the group requires and uses");
    public static readonly Rule LeafCredentialAccepted = Define("MLS-109", "the authentication service accepts a leaf's credential");
    public static readonly Rule DuplicateExtension = Define("MLS-110", "an extension type appears once in a list");
    public static readonly Rule MalformedPublicKey = Define("MLS-111", "a public key is a valid element of the suite's group");
    public static readonly Rule MalformedPrivateKey = Define("MLS-112", "a private key is valid for the suite");
    public static readonly Rule AllZeroSharedSecret = Define("MLS-113", "a Diffie-Hellman result is not all zero");
    public static readonly Rule LeafCredentialMutual = Define("MLS-114", "every member supports every credential type in the group");
    public static readonly Rule HpkeOpen = Define("MLS-115", "an HPKE ciphertext opens");
    public static readonly Rule ComponentOrder = Define("MLS-120", "an app_data_dictionary or SafeAAD is sorted by component and names each once");
    public static readonly Rule RequiredWireFormats = Define("MLS-121", "a leaf supports the wire formats that the group requires");
    public static readonly Rule LeafLifetimeBound = Define("MLS-123", "a leaf's lifetime is in all not longer than the application allows");
    public static readonly Rule RequiredComponents = Define("MLS-122", "a leaf supports the components that the group requires");

    public static readonly Rule TreeTrailingBlank = Define("MLS-201", "an encoded tree does not end in a blank node");
    public static readonly Rule TreeNodeKind = Define("MLS-202", "leaf nodes lie at even and parent nodes at odd positions");
    public static readonly Rule TreeHashMatches = Define("MLS-203", "the tree's hash is the one in the GroupContext");
    public static readonly Rule ParentHash = Define("MLS-204", "every parent node is parent-hash valid");
    public static readonly Rule UnmergedLeaves = Define("MLS-205", "unmerged leaves are sorted, non-blank, below their node and listed down to them");
    public static readonly Rule DuplicateEncryptionKey = Define("MLS-206", "an encryption key appears once in the tree");
    public static readonly Rule DuplicateSignatureKey = Define("MLS-207", "a signature key appears once in the tree");
    public static readonly Rule BlankLeaf = Define("MLS-208", "a referenced leaf exists and is not blank");
    public static readonly Rule EmptyTree = Define("MLS-209", "a tree has at least one leaf and no more than the bound");
    public static readonly Rule LeafSourceContext = Define("MLS-210", "a leaf in the tree carries its own place in its signature");

    public static readonly Rule WrongGroup = Define("MLS-301", "the message is for this group");
    public static readonly Rule WrongEpoch = Define("MLS-302", "a handshake message is of the current epoch");
    public static readonly Rule EpochNotRetained = Define("MLS-303", "an application message's epoch is current or retained");
    public static readonly Rule MessageSignature = Define("MLS-304", "the sender's signature verifies");
    public static readonly Rule MembershipTag = Define("MLS-305", "the membership tag verifies");
    public static readonly Rule SenderDataOpens = Define("MLS-306", "the sender data decrypts");
    public static readonly Rule ContentOpens = Define("MLS-307", "the content decrypts");
    public static readonly Rule GenerationReplayed = Define("MLS-308", "a generation is used once and not older than the window");
    public static readonly Rule GenerationTooFar = Define("MLS-309", "a generation is within the forward window");
    public static readonly Rule PaddingZero = Define("MLS-310", "padding is all zero");
    public static readonly Rule ApplicationEncrypted = Define("MLS-311", "application data travels only in a PrivateMessage");
    public static readonly Rule OwnMessage = Define("MLS-312", "the message comes from somebody else");
    public static readonly Rule SenderTypeAllowed = Define("MLS-313", "the sender type fits the content");
    public static readonly Rule ExternalSenderKnown = Define("MLS-314", "an external sender is listed in the group's external_senders");
    public static readonly Rule GenerationExhausted = Define("MLS-315", "a ratchet has generations left");
    public static readonly Rule SafeAadFraming = Define("MLS-320", "authenticated data begins with a SafeAAD where the group demands it");

    public static readonly Rule UnknownProposalRef = Define("MLS-401", "a referenced proposal was received");
    public static readonly Rule UpdateByCommitter = Define("MLS-402", "a commit has no Update by the committer");
    public static readonly Rule RemoveCommitter = Define("MLS-403", "a commit does not remove its committer");
    public static readonly Rule DuplicateUpdateRemove = Define("MLS-404", "a leaf is updated or removed at most once in a commit");
    public static readonly Rule DuplicateAdd = Define("MLS-405", "a client is added at most once in a commit");
    public static readonly Rule DuplicatePsk = Define("MLS-406", "a PreSharedKeyID appears once in a commit");
    public static readonly Rule SingleGroupContextExtensions = Define("MLS-407", "a commit has at most one GroupContextExtensions");
    public static readonly Rule ReInitAlone = Define("MLS-408", "a ReInit is the only proposal of its commit");
    public static readonly Rule ExternalInitInMemberCommit = Define("MLS-409", "a member's commit has no ExternalInit");
    public static readonly Rule ExternalCommitProposals = Define(
        "MLS-410", "an external commit has exactly one ExternalInit; by value also Remove, PSK, AppDataUpdate and AppEphemeral, by reference only SelfRemove");
    public static readonly Rule ReInitVersion = Define("MLS-411", "a ReInit does not lower the version");
    public static readonly Rule UpdateSource = Define("MLS-412", "an Update comes from a member and its leaf has the source update");
    public static readonly Rule UpdateNewKey = Define("MLS-413", "an Update brings a new encryption key");
    public static readonly Rule GroupExtensionsSupported = Define("MLS-414", "every member supports the proposed GroupContext extensions");
    public static readonly Rule AddVersionSuite = Define("MLS-415", "an added KeyPackage has the group's version and suite");
    public static readonly Rule TooManyPending = Define("MLS-416", "stored proposals stay within the bound");
    public static readonly Rule ProposalFromOutside = Define("MLS-417", "an outsider proposes only what the RFC lets it propose");
    public static readonly Rule SuccessorCredential = Define("MLS-418", "a member's new credential is a valid successor");
    public static readonly Rule ReInitGroup = Define("MLS-419", "a ReInit names a known suite and a group id");
    public static readonly Rule ExternalRemoveOwn = Define("MLS-420", "an external commit removes at most one leaf, a former self of the joiner");
    public static readonly Rule RemoveTarget = Define("MLS-421", "a Remove names an occupied leaf");
    public static readonly Rule ProposalTypeSupported = Define("MLS-430", "every member that processes a commit supports its proposals' types");
    public static readonly Rule ComponentKnown = Define("MLS-431", "an AppDataUpdate or AppEphemeral is for a component that the application knows");
    public static readonly Rule ComponentRemoval = Define("MLS-432", "an AppDataUpdate removes only what is there");
    public static readonly Rule ComponentOnce = Define("MLS-433", "a commit either removes a component's data once or updates it");
    public static readonly Rule ComponentAccepts = Define("MLS-434", "the component accepts what is proposed for it");
    public static readonly Rule DictionaryUntouched =
        Define("MLS-435", "GroupContextExtensions leave the app_data_dictionary as it is where AppDataUpdate is required");
    public static readonly Rule SelfRemoveByReference =
        Define("MLS-436", "a SelfRemove comes from a member in a PublicMessage and is committed by reference");
    public static readonly Rule SelfRemoveOnce = Define("MLS-437", "a client proposes its SelfRemove once an epoch");
    public static readonly Rule ExternalSenderAccepted = Define("MLS-438", "the authentication service accepts an external sender that is new to the group");
    public static readonly Rule ExtensionPlace = Define("MLS-439", "a GroupContext has no extension whose type belongs elsewhere");

    public static readonly Rule PathRequired = Define("MLS-501", "a commit has a path when its proposals demand one");
    public static readonly Rule PathLeafSource = Define("MLS-502", "a path's leaf has the source commit");
    public static readonly Rule PathLength = Define("MLS-503", "a path has one node for each node of the filtered direct path");
    public static readonly Rule PathCiphertexts = Define("MLS-504", "a path node has one ciphertext for each node of the resolution");
    public static readonly Rule PathParentHash = Define("MLS-505", "a path's leaf has the parent hash of the new path");
    public static readonly Rule PathPublicKeys = Define("MLS-506", "the path's public keys are those of its secrets");
    public static readonly Rule PathNewKeys = Define("MLS-507", "a path brings encryption keys that are new to the tree");
    public static readonly Rule ConfirmationTag = Define("MLS-508", "the confirmation tag verifies");
    public static readonly Rule PathSecretLength = Define("MLS-509", "a path secret has the length of the hash");
    public static readonly Rule GroupInactive = Define("MLS-510", "the group accepts messages: it was not re-initialised and this client is a member");
    public static readonly Rule PathSecretFindable = Define("MLS-511", "the path holds a ciphertext for a key of this client");
    public static readonly Rule EpochExhausted = Define("MLS-512", "an epoch follows the current one");

    public static readonly Rule WelcomeForUs = Define("MLS-601", "a Welcome names one of the given KeyPackages");
    public static readonly Rule WelcomeSuite = Define("MLS-602", "a Welcome, its GroupInfo and the KeyPackage are of one suite");
    public static readonly Rule GroupSecretsOpen = Define("MLS-603", "the group secrets decrypt and have the right length");
    public static readonly Rule GroupInfoOpens = Define("MLS-604", "the GroupInfo decrypts");
    public static readonly Rule GroupInfoSignature = Define("MLS-605", "the GroupInfo's signature verifies");
    public static readonly Rule TreeMissing = Define("MLS-606", "the ratchet tree is given, in the GroupInfo or beside it");
    public static readonly Rule OwnLeafPresent = Define("MLS-607", "the joiner's leaf is in the tree");
    public static readonly Rule ExternalPubMissing = Define("MLS-608", "a GroupInfo for an external join has external_pub");
    public static readonly Rule ReInitPskEpoch = Define("MLS-609", "a group made by reinit or branch starts at epoch 1");
    public static readonly Rule GroupContextValid = Define("MLS-610", "the GroupContext is of the suite and its extensions are understood");

    public static readonly Rule GroupInfoFollows = Define("MLS-611", "the next GroupInfo has the following epoch, the commit's transcript and its confirmation tag");

    public static readonly Rule RelatedGroup = Define("MLS-620", "a Welcome names a group to follow or branch from if and only if that group is given with it");
    public static readonly Rule SuccessorParameters =
        Define("MLS-621", "the group after a ReInit has the proposal's version, suite, id and extensions, and the PSK of the old group's last epoch");
    public static readonly Rule SuccessorMembers = Define("MLS-622", "the group after a ReInit has the members of the group before");
    public static readonly Rule BranchParameters = Define("MLS-623", "a branch has the version and suite of its main group");
    public static readonly Rule BranchMembers = Define("MLS-624", "a branch has only members of its main group");

    public static readonly Rule PskUnknown = Define("MLS-701", "a pre-shared key is known");
    public static readonly Rule PskNonce = Define("MLS-702", "a PSK nonce has the length of the hash");
    public static readonly Rule PskUsage = Define("MLS-703", "a PSK's usage fits where it appears");
    public static readonly Rule PskMultipleResumption = Define("MLS-704", "a Welcome has at most one reinit or branch PSK");

    public static readonly Rule StateVersion = Define("MLS-801", "persisted state has a known version and kind");
    public static readonly Rule StateConsistent = Define("MLS-802", "persisted state is consistent in itself");
    public static readonly Rule StateOwner = Define("MLS-803", "persisted state belongs to this client's signature key");
    public static readonly Rule StateSuccessor = Define("MLS-804", "the client of a member's new signature key is given");

    public static readonly Rule AddOwnSuite = Define("MLS-901", "keys and group are of one suite");
    public static readonly Rule RemoveSelf = Define("MLS-902", "a client leaves by proposing its removal, not by committing it");
    public static readonly Rule KeysErased = Define("MLS-903", "the keys were not erased before");
    public static readonly Rule ResumptionUnknown = Define("MLS-904", "the resumption PSK of a named epoch is retained");
    public static readonly Rule SuccessorSource = Define("MLS-910", "a successor is made from a group that a ReInit ended");
    public static readonly Rule SafeExportOnce = Define("MLS-911", "a component's secret is exported once an epoch");

    /// <summary>Rule id to text.</summary>
    public static IReadOnlyDictionary<string, string> All => Defined;

    private static Rule Define(string id, string text)
    {
        Defined.Add(id, text);
        return new Rule(id, text);
    }
}
