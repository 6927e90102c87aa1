// A peer speaks lines of JSON: a request {op, ...} on standard input, an answer on standard output, in turn. It ends when its input ends.
import readline from "node:readline";

export const hex = (bytes) => Buffer.from(bytes).toString("hex");
export const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));

export async function serve(commands) {
  const answer = (value) => process.stdout.write(JSON.stringify(value) + "\n");
  // A library that prints must not be taken for an answer.
  console.log = console.info = console.debug = (...words) => console.error(...words);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      answer((await commands[request.op](request)) ?? {});
    } catch (e) {
      answer({ error: String(e?.message ?? e), where: String(e?.stack ?? "").split("\n").slice(1, 4).join(" ").trim() });
    }
  }
  process.exit(0);
}
