-- Number and place of every event within its conversation. Numbers are given by the hub, the only writer.
CREATE TABLE hub_conversations (
    conversation_no INTEGER PRIMARY KEY,
    conversation    TEXT   NOT NULL UNIQUE,
    last_sequence   INTEGER NOT NULL
);

-- One row an event that the hub accepted or refused: the ledger, and the memory against duplicates.
CREATE TABLE hub_ledger (
    event_no        INTEGER PRIMARY KEY,
    event_id        BLOB   NOT NULL,
    frame_key       BLOB,                      -- SHA-256 of client and frame id, first 16 bytes; NULL unless accepted from a client
    frame_id        BLOB,
    kind            TEXT   NOT NULL,
    network         TEXT,                       -- where it came from; NULL when the hub made it
    sender          TEXT,                       -- who is told what became of it; NULL when nobody is
    conversation_no INTEGER,                     -- NULL when refused
    sequence        INTEGER,
    outer_label     INTEGER NOT NULL,
    inner_label     INTEGER NOT NULL,
    bytes           INTEGER NOT NULL,
    received_ms     INTEGER NOT NULL,
    accepted_ms     INTEGER NOT NULL,            -- when it was accepted or refused
    rule            TEXT,                       -- NULL when accepted
    detail          TEXT                        -- the rule of another part that stands behind it, such as MLS-101
);
CREATE UNIQUE INDEX hub_ledger_event ON hub_ledger (event_id);
CREATE UNIQUE INDEX hub_ledger_frame ON hub_ledger (frame_key) WHERE frame_key IS NOT NULL;

-- One row an accepted event and recipient; status is DeliveryStatus and only grows until a terminal one.
CREATE TABLE hub_deliveries (
    event_no   INTEGER NOT NULL,
    recipient  TEXT   NOT NULL,
    status     INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    rule       TEXT,
    PRIMARY KEY (event_no, recipient)
);

-- What waits to be published, many envelopes a page, all to one network, in order.
CREATE TABLE hub_outbox (
    page_no    INTEGER PRIMARY KEY,
    network    TEXT   NOT NULL,
    entries    INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    body       BLOB   NOT NULL
);

CREATE TABLE hub_clients (
    client        TEXT   PRIMARY KEY,
    owner         TEXT   NOT NULL,
    suite         INTEGER NOT NULL,
    signature_key BLOB   NOT NULL,
    registered_ms INTEGER NOT NULL
);
CREATE INDEX hub_clients_owner ON hub_clients (owner);

CREATE TABLE hub_key_packages (
    reference    BLOB   PRIMARY KEY,
    client       TEXT   NOT NULL,
    suite        INTEGER NOT NULL,
    not_after_ms INTEGER NOT NULL,
    published_ms INTEGER NOT NULL,
    package      BLOB   NOT NULL
);
CREATE INDEX hub_key_packages_client ON hub_key_packages (client, suite, published_ms);
CREATE INDEX hub_key_packages_end ON hub_key_packages (not_after_ms);

-- Packages that were given out, so that none is given out or taken in again.
CREATE TABLE hub_key_claims (
    reference    BLOB   PRIMARY KEY,
    client       TEXT   NOT NULL,
    requester    TEXT   NOT NULL,
    room         TEXT,
    claimed_ms   INTEGER NOT NULL,
    not_after_ms INTEGER NOT NULL
);

CREATE INDEX hub_key_claims_end ON hub_key_claims (not_after_ms);

CREATE TABLE hub_consents (
    requester  TEXT   NOT NULL,
    target     TEXT   NOT NULL,
    room       TEXT   NOT NULL,                 -- empty: any room
    operation  INTEGER NOT NULL,                 -- the last ConsentOperation
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (requester, target, room)
);

CREATE TABLE hub_rooms (
    room       TEXT   PRIMARY KEY,
    epoch      INTEGER NOT NULL,
    suite      INTEGER NOT NULL,
    members    TEXT   NOT NULL,                 -- client URIs, one a line, in the order of leaves
    group_info BLOB   NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
);

-- A conversation whose event could not be handled because of a defect; what comes later waits in hub_parked behind it.
CREATE TABLE hub_parked_conversations (
    conversation  TEXT   PRIMARY KEY,
    opaque_id     TEXT   NOT NULL UNIQUE,
    reason        TEXT   NOT NULL,
    attempts      INTEGER NOT NULL,
    parked_ms     INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL
);

CREATE TABLE hub_parked (
    parked_no    INTEGER PRIMARY KEY,
    conversation TEXT   NOT NULL,
    stream       TEXT   NOT NULL,               -- submit or report
    body         BLOB   NOT NULL
);
CREATE INDEX hub_parked_conversation ON hub_parked (conversation, parked_no);

-- How far a sweep has come.
CREATE TABLE hub_watermarks (
    name  TEXT   PRIMARY KEY,
    value INTEGER NOT NULL
);
