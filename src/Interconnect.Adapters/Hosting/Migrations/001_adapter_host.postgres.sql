-- One row an event and recipient: what this network was given and what became of it. status 0 is the intent, any other is a DeliveryStatus.
-- reported is the last status that the hub's report stream has stored. Kept longer than the bus and the hub can bring an event again.
CREATE TABLE adapter_deliveries (
  network TEXT NOT NULL,
  event_id TEXT NOT NULL,
  recipient TEXT NOT NULL,
  conversation TEXT NOT NULL,
  status INTEGER NOT NULL,
  reported INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  native_reference TEXT,
  rule_id TEXT,
  reason TEXT,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (network, event_id, recipient)
);
CREATE INDEX adapter_deliveries_reference ON adapter_deliveries (network, native_reference) WHERE native_reference IS NOT NULL;
CREATE INDEX adapter_deliveries_unreported ON adapter_deliveries (network, at_ms) WHERE reported <> status;
CREATE INDEX adapter_deliveries_age ON adapter_deliveries (at_ms);

-- Deliveries that wait for the network, or are parked after a defect of ours; the order of position is the order within a conversation.
CREATE TABLE adapter_waiting (
  position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  network TEXT NOT NULL,
  conversation TEXT NOT NULL,
  event_id TEXT NOT NULL,
  recipient TEXT NOT NULL,
  envelope BYTEA NOT NULL,
  since_ms BIGINT NOT NULL,
  UNIQUE (network, event_id, recipient)
);
CREATE INDEX adapter_waiting_conversation ON adapter_waiting (network, conversation, position);

-- How to answer an ordinary client about an event that no endpoint frame carried.
CREATE TABLE adapter_origins (
  network TEXT NOT NULL,
  event_id TEXT NOT NULL,
  native_reference TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (network, event_id)
);
CREATE INDEX adapter_origins_age ON adapter_origins (at_ms);

-- Receipts that came before the delivery they belong to was recorded.
CREATE TABLE adapter_receipts (
  network TEXT NOT NULL,
  native_reference TEXT NOT NULL,
  recipient TEXT NOT NULL,
  status INTEGER NOT NULL,
  rule_id TEXT,
  reason TEXT,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (network, native_reference, recipient)
);
CREATE INDEX adapter_receipts_age ON adapter_receipts (at_ms);
