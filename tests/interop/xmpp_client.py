"""Speaks to an XMPP server with slixmpp, which nobody here wrote.

Argument: a JSON object {domain, clientPort, user, password, certificate, peer, mechanism}. Prints one JSON line: what was seen.
"""
import asyncio
import json
import sys

import slixmpp

OPTIONS = json.loads(sys.argv[1])
SEEN = {}


class Client(slixmpp.ClientXMPP):
    def __init__(self, password, resource):
        super().__init__(f"{OPTIONS['user']}@{OPTIONS['domain']}/{resource}", password, sasl_mech=OPTIONS.get("mechanism"))
        self.ca_certs = OPTIONS["certificate"]
        for plugin in ("xep_0030", "xep_0184", "xep_0198", "xep_0199", "xep_0203"):
            self.register_plugin(plugin)
        self.messages = asyncio.Queue()
        self.add_event_handler("message", self.messages.put_nowait)
        self.add_event_handler("message_error", self.messages.put_nowait)

    def start(self):
        self.connect(("127.0.0.1", OPTIONS["clientPort"]), use_ssl=False, force_starttls=True)


async def event(client, *names):
    done = asyncio.get_event_loop().create_future()
    for name in names:
        client.add_event_handler(name, lambda _, name=name: done.done() or done.set_result(name), disposable=True)
    return await asyncio.wait_for(done, 20)


async def main():
    wrong = Client("not the password", "wrong")
    wrong.start()
    SEEN["wrongPassword"] = await event(wrong, "failed_auth", "session_start")
    wrong.abort()

    client = Client(OPTIONS["password"], "one")
    managed = asyncio.ensure_future(event(client, "sm_enabled", "session_resumed"))
    client.start()
    await event(client, "session_start")
    SEEN["management"] = await managed
    SEEN["jid"] = str(client.boundjid)
    SEEN["tls"] = client.transport.get_extra_info("ssl_object").version()
    client.send_presence()
    roster = await client.get_roster()
    SEEN["roster"] = roster["type"]
    info = await client["xep_0030"].get_info(jid=OPTIONS["domain"])
    SEEN["identity"] = sorted(list(i[:2]) for i in info["disco_info"]["identities"])
    SEEN["ping"] = (await client["xep_0199"].ping(OPTIONS["domain"])) is not None
    client.send_message(mto=OPTIONS["peer"], mbody="to myself", mtype="chat")
    SEEN["answer"] = (await asyncio.wait_for(client.messages.get(), 20))["body"]
    try:
        await client.make_iq_get(queryxmlns="jabber:iq:version", ito=OPTIONS["domain"]).send(timeout=20)
        SEEN["version"] = "answered"
    except slixmpp.exceptions.IqError as error:
        SEEN["version"] = error.condition
    client.send_message(mto=f"nobody@{OPTIONS['domain']}", mbody="hello", mtype="chat")
    SEEN["toNobody"] = (await asyncio.wait_for(client.messages.get(), 20))["error"]["condition"]
    client.disconnect()
    await asyncio.wait_for(client.disconnected, 20)


asyncio.get_event_loop().run_until_complete(main())
print(json.dumps(SEEN))
