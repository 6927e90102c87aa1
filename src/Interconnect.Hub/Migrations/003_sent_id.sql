-- event_id is from now on made of the network and its id for the event, so that no network can use up an id of another's; sent_id is the network's own.
-- Rows from before keep the network's id as event_id and have no sent_id, as what the hub makes itself.
ALTER TABLE hub_ledger ADD COLUMN sent_id BYTEA;
