-- Events that lie in a room whose recipient has not joined it: they are reported as reached when it does.
CREATE TABLE matrix_awaiting (
  network TEXT NOT NULL,
  room_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  native_reference TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (network, room_id, native_reference)
);
CREATE INDEX matrix_awaiting_age ON matrix_awaiting (network, at_ms);
