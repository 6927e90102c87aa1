// ts-mls's side of the MLS benchmark: a group of any size, and one operation many times over. One JSON request a line, one answer a line. Times are of the
// operation with its encoding or decoding, as a caller has them: microseconds by the wall and of this process's processor time.
import readline from "node:readline";
import * as T from "ts-mls";

const version = "mls10";
const suiteName = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";
const impl = await T.getCiphersuiteImpl(T.getCiphersuiteFromName(suiteName));
const capabilities = { versions: [version], ciphersuites: [suiteName], extensions: [], proposals: [], credentials: ["basic"] };
const encoder = new TextEncoder();
const groups = new Map();

const keyPackage = (name) =>
  T.generateKeyPackage({ credentialType: "basic", identity: encoder.encode(name) }, capabilities, T.defaultLifetime, [], impl);
const encodeKeyPackage = (made) => T.encodeMlsMessage({ version, wireformat: "mls_key_package", keyPackage: made.publicPackage });
const addOf = (encoded) => ({ proposalType: "add", add: { keyPackage: T.decodeMlsMessage(encoded, 0)[0].keyPackage } });
const commit = (state, extraProposals) =>
  T.createCommit({ state, cipherSuite: impl }, { wireAsPublicMessage: true, ratchetTreeExtension: extraProposals.some((p) => p.proposalType === "add"), extraProposals });
const encodeCommit = (made) => T.encodeMlsMessage(made.commit);
const encodeWelcome = (made) => T.encodeMlsMessage({ version, wireformat: "mls_welcome", welcome: made.welcome });
const join = (welcome, made) =>
  T.joinGroup(T.decodeMlsMessage(welcome, 0)[0].welcome, made.publicPackage, made.privatePackage, T.emptyPskIndex, impl);
const receive = (state, encoded) => T.processPrivateMessage(state, T.decodeMlsMessage(encoded, 0)[0].privateMessage, T.emptyPskIndex, impl);
async function send(state, body) {
  const sent = await T.createApplicationMessage(state, body, impl);
  return [sent.newState, T.encodeMlsMessage({ version, wireformat: "mls_private_message", privateMessage: sent.privateMessage })];
}

async function prepare(size) {
  const own = await keyPackage("m0");
  const founder = await T.createGroup(encoder.encode("bench"), own.publicPackage, own.privatePackage, [], impl);
  const joiners = [];
  for (let i = 1; i < size; i++) joiners.push(await keyPackage(`m${i}`));
  const made = await commit(founder, joiners.map((made) => addOf(encodeKeyPackage(made))));
  const second = await join(encodeWelcome(made), joiners[0]);
  const stranger = await keyPackage("stranger");
  const alice = made.newState;
  const group = { own, size, alice, second, stranger, encoded: encodeKeyPackage(stranger) };
  group.empty = encodeCommit(await commit(alice, []));
  group.welcome = encodeWelcome(await commit(alice, [addOf(group.encoded)]));
  groups.set(size, group);
}

async function timed(times, piece) {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) await piece(i);
  const wall = Number(process.hrtime.bigint() - start) / 1000;
  const used = process.cpuUsage(cpu);
  return { wall: wall / times, cpu: (used.user + used.system) / times };
}

const operations = {
  create: (group, times) =>
    timed(times, () => T.createGroup(encoder.encode("bench"), group.own.publicPackage, group.own.privatePackage, [], impl)),
  add: (group, times) => timed(times, async () => { const made = await commit(group.alice, [addOf(group.encoded)]); encodeCommit(made); encodeWelcome(made); }),
  join: (group, times) => timed(times, () => join(group.welcome, group.stranger)),
  commit_empty: (group, times) => timed(times, async () => encodeCommit(await commit(group.alice, []))),
  commit_remove: (group, times) =>
    timed(times, async () => encodeCommit(await commit(group.alice, [{ proposalType: "remove", remove: { removed: group.size - 1 } }]))),
  process: (group, times) =>
    timed(times, () => T.processPublicMessage(group.second, T.decodeMlsMessage(group.empty, 0)[0].publicMessage, T.emptyPskIndex, impl)),
  async send(group, times) {
    const body = new Uint8Array(1024).fill(7);
    return timed(times, async () => { [group.sender] = await send(group.sender ?? group.alice, body); });
  },
  async receive(group, times) {
    const body = new Uint8Array(1024).fill(7);
    const messages = [];
    let [from, to] = [group.talker ?? group.alice, group.listener ?? group.second];
    for (let i = 0; i < times; i++) { const [next, message] = await send(from, body); from = next; messages.push(message); }
    const result = await timed(times, async (i) => { to = (await receive(to, messages[i])).newState; });
    [group.talker, group.listener] = [from, to];
    return result;
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { op, size, times } = JSON.parse(line);
  try {
    console.log(JSON.stringify(op === "prepare" ? (await prepare(size), {}) : await operations[op](groups.get(size), times)));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.stack ?? error) }));
  }
}
