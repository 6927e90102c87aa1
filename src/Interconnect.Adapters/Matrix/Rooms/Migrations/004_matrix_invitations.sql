-- Invitations of ours that are not answered yet; the homeserver tells of each only once.
CREATE TABLE matrix_invitations (
  network TEXT NOT NULL,
  room_id TEXT NOT NULL,
  ghost_id TEXT NOT NULL,
  by_user TEXT NOT NULL,
  welcome INTEGER NOT NULL,
  since_ms BIGINT NOT NULL,
  PRIMARY KEY (network, room_id, ghost_id)
);
