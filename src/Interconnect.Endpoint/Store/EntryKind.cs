namespace Interconnect.Endpoint;

/// <summary>The tables of a store. Numbers are stored.</summary>
internal enum EntryKind
{
    Identity = 1,
    KeyPackage = 2,
    Contact = 3,
    Room = 4,
    Message = 5,
    Outbox = 6,
    Sent = 7,
    Seen = 8,
    Held = 9,
    Chunk = 10,
    Transport = 11,
    Order = 12,
    Setup = 13,
    ContentIndex = 14,
    Waiting = 15,
    Unshown = 16,
    Publication = 17,
    Chain = 18,
    SeenFrame = 19,
    ListPublication = 20,
    DeviceLabel = 21,
    LinkRequest = 22,
    LinkMemory = 23,
    StagedChain = 24,
    KeyCount = 25,
}
