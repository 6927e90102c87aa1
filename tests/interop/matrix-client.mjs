// Speaks to a Matrix homeserver with matrix-js-sdk, which nobody here wrote.
// Argument: a JSON object {baseUrl, user, password, peer: {user, password}, ghost}. Prints one JSON line: what was seen.
import { createClient, ClientEvent, RoomEvent, RoomMemberEvent } from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger.js";

logger.setLevel?.("error");
const options = JSON.parse(process.argv[2]);
const seen = {};
const within = (promise, what) => Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error("nothing came: " + what)), 15000).unref())]);

async function signIn({ user, password }) {
  const login = await createClient({ baseUrl: options.baseUrl }).loginRequest({ type: "m.login.password", identifier: { type: "m.id.user", user }, password });
  const client = createClient({ baseUrl: options.baseUrl, userId: login.user_id, accessToken: login.access_token, deviceId: login.device_id });
  const synced = new Promise((yes) => client.on(ClientEvent.Sync, (state) => state === "SYNCING" && yes()));
  await client.startClient({ initialSyncLimit: 20 });
  await within(synced, "sync of " + user);
  return client;
}

seen.wrongPassword = await createClient({ baseUrl: options.baseUrl }).loginRequest({ type: "m.login.password", identifier: { type: "m.id.user", user: options.user }, password: "not it" }).then(() => "taken", (e) => e.errcode);

const bob = await signIn(options);
const cathy = await signIn(options.peer);
seen.user = bob.getUserId();

const invited = new Promise((yes) => cathy.on(RoomMemberEvent.Membership, (event, member) => member.userId === cathy.getUserId() && member.membership === "invite" && yes(member.roomId)));
const { room_id: room } = await bob.createRoom({ preset: "trusted_private_chat", is_direct: true, name: "Two", invite: [cathy.getUserId()] });
seen.invited = (await within(invited, "invitation")) === room;
await cathy.joinRoom(room);

const arrived = new Promise((yes) => cathy.on(RoomEvent.Timeline, (event) => event.getType() === "m.room.message" && event.getContent()["org.interconnect.frame"] && yes(event)));
const content = { msgtype: "m.notice", body: "fallback \u{1F600}", "org.interconnect.frame": "A".repeat(30000) };
const sent = await bob.sendEvent(room, "m.room.message", content, "txn-1");
const again = await bob.http.authedRequest("PUT", `/rooms/${encodeURIComponent(room)}/send/m.room.message/txn-1`, undefined, content);
seen.idempotent = sent.event_id === again.event_id;
const event = await within(arrived, "message");
seen.message = { sender: event.getSender(), body: event.getContent().body, intact: event.getContent()["org.interconnect.frame"].length === 30000, id: event.getId() === sent.event_id };

await bob.setDisplayName("Bob B.");
seen.profile = (await cathy.getProfileInfo(bob.getUserId())).displayname;
seen.members = (await bob.members(room)).chunk.map((m) => [m.state_key, m.content.membership]).sort();
seen.joined = Object.keys((await cathy.getJoinedRoomMembers(room)).joined).length;
seen.rooms = (await bob.getJoinedRooms()).joined_rooms.length;

for (let i = 0; i < 30; i++) await cathy.sendTextMessage(room, "line " + i);
const read = bob.getRoom(room);
await within((async () => { while (!read.timeline.some((e) => e.getContent().body === "line 29")) await new Promise((yes) => setTimeout(yes, 50)); })(), "thirty lines");
seen.order = read.timeline.filter((e) => /^line/.test(e.getContent().body ?? "")).map((e) => e.getContent().body.slice(5)).join();
const history = await bob.createMessagesRequest(room, null, 5, "b");
seen.history = history.chunk.map((e) => e.content.body).join();

seen.tooLarge = await bob.sendEvent(room, "m.room.message", { body: "x".repeat(70000) }, "txn-2").then(() => "taken", (e) => e.errcode);
seen.foreignRoom = await cathy.http.authedRequest("GET", "/rooms/!nowhere%3Ahs.test/members").then(() => "taken", (e) => e.errcode);
seen.unknown = await bob.http.authedRequest("GET", "/no/such/thing").then(() => "taken", (e) => e.errcode);
seen.ghost = await bob.invite(room, options.ghost).then(() => "invited", (e) => e.errcode);
await cathy.leave(room);
bob.stopClient();
cathy.stopClient();
await bob.logout();
seen.afterLogout = await bob.whoami().then(() => "taken", (e) => e.errcode);
console.log(JSON.stringify(seen));
process.exit(0);
