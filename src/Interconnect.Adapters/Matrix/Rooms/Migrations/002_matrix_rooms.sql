-- Which conversation a user and one of our ghosts (or the service's own user) share.
CREATE TABLE matrix_rooms (
  network TEXT NOT NULL,
  room_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  ghost_id TEXT NOT NULL,
  PRIMARY KEY (network, room_id)
);
CREATE INDEX matrix_rooms_pair ON matrix_rooms (network, user_id, ghost_id);
