// MLS members held by ts-mls, any number of them, each known by its name.
import { createHash } from "node:crypto";
import * as T from "ts-mls";
import { createGroupInfo } from "ts-mls/createCommit.js";
import { encode } from "ts-mls/codec/tlsEncoder.js";
import { decodeVarLenData, varLenDataEncoder } from "ts-mls/codec/variableLength.js";
import { decodeRatchetTree, ratchetTreeEncoder } from "ts-mls/ratchetTree.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { bytes, hex, serve } from "./peer.mjs";

const version = "mls10";
const suites = Object.fromEntries(Object.entries(T.ciphersuites).map(([name, number]) => [number, name]));
const curves = { 2: p256, 5: p521, 7: p384 };
const members = new Map();

const open = (message) => T.decodeMlsMessage(bytes(message), 0)[0];
const seal = (wireformat, field, content) => hex(T.encodeMlsMessage({ version, wireformat, [field]: content }));
const extension = (item) => ({ extensionType: item.type, extensionData: bytes(item.data) });

// Whoever is asked for an external pre-shared key knows it: the hash of its id.
const psksOf = (state) => {
  const own = T.makePskIndex(state, {});
  return { findPsk: (id) => (id.psktype === "external" ? new Uint8Array(createHash("sha256").update(id.pskId).digest()) : own.findPsk(id)) };
};

async function view(member, text) {
  const state = member.state;
  return {
    text: text === undefined ? null : hex(text),
    active: state.groupActiveState.kind === "active",
    epoch: Number(state.groupContext.epoch),
    authenticator: hex(state.keySchedule.epochAuthenticator),
    exporter: hex(await T.mlsExporter(state.keySchedule.exporterSecret, "exporter", new Uint8Array(), 32, member.impl)),
  };
}

const pskProposal = (member, id) => ({
  proposalType: "psk",
  psk: { preSharedKeyId: { ...id, pskNonce: member.impl.rng.randomBytes(member.impl.kdf.size) } },
});

function proposalsOf(member, change) {
  const { state } = member;
  return [
    ...(change.add ?? []).map((item) => ({ proposalType: "add", add: { keyPackage: open(item).keyPackage } })),
    ...(change.remove ?? []).map((item) => ({ proposalType: "remove", remove: { removed: item.leaf } })),
    ...(change.psks ?? []).map((id) => pskProposal(member, { psktype: "external", pskId: bytes(id) })),
    ...(change.resumption ?? []).map((epoch) =>
      pskProposal(member, { psktype: "resumption", usage: "application", pskGroupId: state.groupContext.groupId, pskEpoch: BigInt(epoch) })),
    ...(change.extensions ? [{ proposalType: "group_context_extensions", groupContextExtensions: { extensions: change.extensions.map(extension) } }] : []),
  ];
}

// RFC 9420 section 12.4.3.2: external_pub holds an HPKEPublicKey, which is a vector with its length. ts-mls 1.6.4 writes and reads the key without the length.
const externalPub = {
  async groupInfo({ state, impl }) {
    const pair = await impl.hpke.deriveKeyPair(state.keySchedule.externalSecret);
    const extensions = [
      { extensionType: "external_pub", extensionData: encode(varLenDataEncoder)(await impl.hpke.exportPublicKey(pair.publicKey)) },
      { extensionType: "ratchet_tree", extensionData: encode(ratchetTreeEncoder)(state.ratchetTree) },
    ];
    return createGroupInfo(state.groupContext, state.confirmationTag, state, extensions, impl);
  },
  reader(impl, groupInfo) {
    const wrapped = groupInfo.extensions.find((item) => item.extensionType === "external_pub").extensionData;
    const importPublicKey = (key) => impl.hpke.importPublicKey(key === wrapped ? decodeVarLenData(key, 0)[0] : key);
    return { ...impl, hpke: { ...impl.hpke, importPublicKey } };
  },
};

async function makeKeyPackage(member) {
  const capabilities = {
    versions: [version], ciphersuites: [suites[member.suite]], extensions: member.extensions, proposals: [], credentials: ["basic", "x509"],
  };
  const credential = { credentialType: "basic", identity: new TextEncoder().encode(member.identity) };
  member.package = await T.generateKeyPackageWithKey(credential, capabilities, T.defaultLifetime, [], member.keys, member.impl);
}

serve({
  // Left to itself, ts-mls gives NIST public keys as compressed points; RFC 9420 section 5.1.1 wants them uncompressed.
  async open({ name, identity, suite, extensions }) {
    const impl = await T.getCiphersuiteImpl(T.getCiphersuiteFromName(suites[suite]));
    const generated = await impl.signature.keygen();
    const curve = curves[suite];
    const keys = { signKey: generated.signKey, publicKey: curve ? curve.getPublicKey(generated.signKey, false) : generated.publicKey };
    members.set(name, { suite, impl, identity, keys, extensions });
  },

  async keyPackage({ name }) {
    const member = members.get(name);
    await makeKeyPackage(member);
    return { keyPackage: seal("mls_key_package", "keyPackage", member.package.publicPackage) };
  },

  async create({ name, groupId }) {
    const member = members.get(name);
    await makeKeyPackage(member);
    member.state = await T.createGroup(bytes(groupId), member.package.publicPackage, member.package.privatePackage, [], member.impl);
    return view(member);
  },

  async join({ name, welcome, tree }) {
    const member = members.get(name);
    const { publicPackage, privatePackage } = member.package;
    const apart = tree ? decodeRatchetTree(bytes(tree), 0)[0] : undefined;
    member.state = await T.joinGroup(open(welcome).welcome, publicPackage, privatePackage, psksOf(undefined), member.impl, apart);
    return view(member);
  },

  async joinExternally({ name, groupInfo, again }) {
    const member = members.get(name);
    await makeKeyPackage(member);
    const { publicPackage, privatePackage } = member.package;
    const info = open(groupInfo).groupInfo;
    const joined = await T.joinGroupExternal(info, publicPackage, privatePackage, again, externalPub.reader(member.impl, info));
    member.state = joined.newState;
    return { ...(await view(member)), commit: seal("mls_public_message", "publicMessage", joined.publicMessage) };
  },

  // Stored proposals go into it by reference, as ts-mls always does it. `lost`: the delivery service took another commit, so nothing is kept.
  async commit({ name, change, open: wireAsPublicMessage, treeApart, lost }) {
    const member = members.get(name);
    const options = { wireAsPublicMessage, ratchetTreeExtension: !treeApart, extraProposals: proposalsOf(member, change) };
    const made = await T.createCommit({ state: member.state, cipherSuite: member.impl, pskIndex: psksOf(member.state) }, options);
    if (!lost) member.state = made.newState;
    return {
      ...(await view(member)),
      commit: hex(T.encodeMlsMessage(made.commit)),
      welcome: made.welcome ? seal("mls_welcome", "welcome", made.welcome) : null,
      tree: treeApart ? hex(encode(ratchetTreeEncoder)(made.newState.ratchetTree)) : null,
    };
  },

  async propose({ name, change, open: publicly }) {
    const member = members.get(name);
    const made = await T.createProposal(member.state, publicly, proposalsOf(member, change)[0], member.impl);
    member.state = made.newState;
    return { message: hex(T.encodeMlsMessage(made.message)) };
  },

  async send({ name, text }) {
    const member = members.get(name);
    const made = await T.createApplicationMessage(member.state, bytes(text), member.impl);
    member.state = made.newState;
    return { message: seal("mls_private_message", "privateMessage", made.privateMessage) };
  },

  async groupInfo({ name }) {
    const member = members.get(name);
    return { groupInfo: seal("mls_group_info", "groupInfo", await externalPub.groupInfo(member)) };
  },

  // Ends the group by a ReInit, by value.
  async endGroup({ name, groupId, suite }) {
    const member = members.get(name);
    const made = await T.reinitGroup(member.state, bytes(groupId), version, suites[suite], [], member.impl);
    member.state = made.newState;
    return { ...(await view(member)), commit: hex(T.encodeMlsMessage(made.commit)) };
  },

  // Makes the group that follows the one `from` was in, or branches off from it. `name` is `from` under a KeyPackage of the new group.
  async found({ name, from, packages, branch }) {
    const member = members.get(name);
    await makeKeyPackage(member);
    const old = members.get(from).state;
    const { publicPackage, privatePackage } = member.package;
    const others = packages.map((item) => open(item).keyPackage);
    const plan = old.groupActiveState.reinit;
    const made = branch
      ? await T.branchGroup(old, publicPackage, privatePackage, others, bytes(branch), member.impl)
      : await T.reinitCreateNewGroup(old, publicPackage, privatePackage, others, plan.groupId, plan.cipherSuite, plan.extensions);
    member.state = made.newState;
    return { ...(await view(member)), welcome: seal("mls_welcome", "welcome", made.welcome), tree: hex(encode(ratchetTreeEncoder)(made.newState.ratchetTree)) };
  },

  async joinRelated({ name, from, welcome, branch }) {
    const member = members.get(name);
    const { publicPackage, privatePackage } = member.package;
    const join = branch ? T.joinGroupFromBranch : T.joinGroupFromReinit;
    member.state = await join(members.get(from).state, open(welcome).welcome, publicPackage, privatePackage, undefined, ...(branch ? [member.impl] : []));
    return view(member);
  },

  async take({ name, message }) {
    const member = members.get(name);
    const received = open(message);
    const taken = received.wireformat === "mls_private_message"
      ? await T.processPrivateMessage(member.state, received.privateMessage, psksOf(member.state), member.impl)
      : await T.processPublicMessage(member.state, received.publicMessage, psksOf(member.state), member.impl);
    member.state = taken.newState;
    return view(member, taken.message);
  },
});
