// Speaks to an XMPP server with @xmpp/client and @xmpp/component, which nobody here wrote.
// Argument: a JSON object {domain, clientPort, componentPort, component, secret, user, password}; NODE_EXTRA_CA_CERTS names the server's certificate.
// Prints one JSON line: what was seen.
import { client, xml } from "@xmpp/client";
import { component } from "@xmpp/component";

const options = JSON.parse(process.argv[2]);
const seen = {};
const within = (promise, what) => Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error("nothing came: " + what)), 10000).unref())]);

const gateway = component({ service: `xmpp://127.0.0.1:${options.componentPort}`, domain: options.component, password: options.secret });
gateway.on("error", () => {});
const toGateway = [];
const waiters = [];
gateway.on("stanza", (stanza) => (waiters.length ? waiters.shift()(stanza) : toGateway.push(stanza)));
const next = () => (toGateway.length ? Promise.resolve(toGateway.shift()) : new Promise((yes) => waiters.push(yes)));
await within(gateway.start(), "component start");

const alice = client({ service: `xmpp://127.0.0.1:${options.clientPort}`, domain: options.domain, resource: "one", username: options.user, password: options.password });
alice.on("error", (e) => { seen.error = String(e); });
alice.on("nonza", (nonza) => { if (nonza.is("challenge")) seen.challenged = true; });
const received = [];
const clientWaiters = [];
alice.on("stanza", (stanza) => { if (stanza.is("message")) (clientWaiters.length ? clientWaiters.shift()(stanza) : received.push(stanza)); });
const nextMessage = () => (received.length ? Promise.resolve(received.shift()) : new Promise((yes) => clientWaiters.push(yes)));

seen.jid = String(await within(alice.start(), "client start"));
// xmpp.js sets its count to zero a moment after <enabled/>: what comes in the same packet would not be counted.
for (let i = 0; i < 200 && !alice.streamManagement.id; i++) await new Promise((yes) => setTimeout(yes, 10));
await alice.send(xml("presence"));

const ghost = `bob\\40hs.test@${options.component}`;
const frame = "x".repeat(200000);
await alice.send(xml("message", { to: ghost, type: "chat", id: "m1" }, xml("frame", { xmlns: "urn:interconnect:frame:1" }, frame), xml("request", { xmlns: "urn:xmpp:receipts" })));
const got = await within(next(), "message at the component");
seen.componentGot = { from: got.attrs.from, to: got.attrs.to, id: got.attrs.id, intact: got.getChildText("frame", "urn:interconnect:frame:1") === frame, receipt: Boolean(got.getChild("request", "urn:xmpp:receipts")) };

await gateway.send(xml("message", { from: ghost, to: `${options.user}@${options.domain}`, type: "chat", id: "g1" }, xml("body", {}, "hello <&> \u{1F600}"), xml("received", { xmlns: "urn:xmpp:receipts", id: "m1" })));
const back = await within(nextMessage(), "message at the client");
seen.clientGot = { from: back.attrs.from, body: back.getChildText("body"), receiptOf: back.getChild("received", "urn:xmpp:receipts")?.attrs.id };

const ping = await alice.iqCaller.request(xml("iq", { type: "get" }, xml("ping", "urn:xmpp:ping")));
seen.ping = ping.attrs.type;
const disco = await alice.iqCaller.request(xml("iq", { type: "get", to: options.domain }, xml("query", "http://jabber.org/protocol/disco#info")));
seen.features = disco.getChild("query").getChildren("feature").map((f) => f.attrs.var);
seen.unknown = await alice.iqCaller.request(xml("iq", { type: "get" }, xml("query", "urn:interconnect:no-such-thing"))).then(() => "answered", (e) => e.condition);
seen.stranger = await alice.iqCaller.request(xml("iq", { type: "get", to: "nobody@elsewhere.test" }, xml("ping", "urn:xmpp:ping"))).then(() => "answered", (e) => e.condition);

seen.resumable = Boolean(alice.streamManagement.id);

// A cut connection comes back by itself and resumes; what came meanwhile is not lost.
const resumed = new Promise((yes) => alice.streamManagement.on("resumed", () => yes(true)));
(alice.socket.socket ?? alice.socket).destroy();
await gateway.send(xml("message", { from: ghost, to: `${options.user}@${options.domain}`, type: "chat", id: "g2" }, xml("body", {}, "while away")));
seen.resumed = await Promise.race([resumed, new Promise((yes) => setTimeout(() => yes(false), 8000).unref())]);
seen.afterResumption = (await within(nextMessage(), "message after resumption")).getChildText("body");

await alice.stop();
await gateway.send(xml("message", { from: ghost, to: `${options.user}@${options.domain}`, type: "chat", id: "g3" }, xml("body", {}, "kept offline")));
await new Promise((yes) => setTimeout(yes, 300));
await within(alice.start(), "second start");
await alice.send(xml("presence"));
const kept = await within(nextMessage(), "offline message");
seen.offline = { body: kept.getChildText("body"), delayed: Boolean(kept.getChild("delay", "urn:xmpp:delay")) };
await alice.stop();
await gateway.stop();
console.log(JSON.stringify(seen));
process.exit(0);
