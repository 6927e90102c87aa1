-- Bounds and retention: what is stored says when it was used last and whose it is.
-- A client is kept for as long as it is seen or a member of a room. Older rows count as seen at the hub's last decision.
ALTER TABLE hub_clients ADD COLUMN seen_ms BIGINT NOT NULL DEFAULT 0;
UPDATE hub_clients SET seen_ms = GREATEST(registered_ms, (SELECT COALESCE(MAX(accepted_ms), 0) FROM hub_ledger));
CREATE INDEX hub_clients_seen ON hub_clients (seen_ms);

ALTER TABLE hub_conversations ADD COLUMN changed_ms BIGINT NOT NULL DEFAULT 0;
UPDATE hub_conversations SET changed_ms = (SELECT COALESCE(MAX(accepted_ms), 0) FROM hub_ledger);

-- Rooms count against who made them, so that nobody fills up another's.
ALTER TABLE hub_rooms ADD COLUMN creator TEXT NOT NULL DEFAULT '';
CREATE TABLE hub_room_members (
    room   TEXT NOT NULL,
    client TEXT NOT NULL,
    PRIMARY KEY (room, client)
);
INSERT INTO hub_room_members (room, client)
SELECT DISTINCT r.room, m FROM hub_rooms r, unnest(string_to_array(r.members, E'\n')) m;
CREATE INDEX hub_room_members_client ON hub_room_members (client);
UPDATE hub_rooms SET creator = COALESCE((SELECT c.owner FROM hub_clients c WHERE c.client = split_part(hub_rooms.members, E'\n', 1)), '');
CREATE INDEX hub_rooms_creator ON hub_rooms (creator);

-- One package a client that is given out when no other is left, as often as it is needed.
ALTER TABLE hub_key_packages ADD COLUMN last_resort BIGINT NOT NULL DEFAULT 0;

-- Who was given which package for which room; one of last resort has many such rows.
CREATE TABLE hub_key_claims_new (
    reference    BYTEA  NOT NULL,
    client       TEXT   NOT NULL,
    requester    TEXT   NOT NULL,
    room         TEXT   NOT NULL,               -- empty: any room
    claimed_ms   BIGINT NOT NULL,
    not_after_ms BIGINT NOT NULL,
    PRIMARY KEY (reference, requester, room)
);
INSERT INTO hub_key_claims_new (reference, client, requester, room, claimed_ms, not_after_ms)
SELECT reference, client, requester, COALESCE(room, ''), claimed_ms, not_after_ms FROM hub_key_claims;
DROP TABLE hub_key_claims;
ALTER TABLE hub_key_claims_new RENAME TO hub_key_claims;
CREATE INDEX hub_key_claims_end ON hub_key_claims (not_after_ms);
CREATE INDEX hub_key_claims_requester ON hub_key_claims (requester, client, claimed_ms);

-- What says nothing is not kept; what waits for an answer is kept for a time.
DELETE FROM hub_consents WHERE asking = 0 AND answer = 0;
CREATE INDEX hub_consents_unanswered ON hub_consents (changed_ms) WHERE answer = 0;
