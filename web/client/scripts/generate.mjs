// Writes the types of the API and of the socket from their descriptions in docs/. With --check it writes nothing and
// fails when the types in src/generated are not those of the descriptions.
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";
import openapi, { astToString } from "openapi-typescript";

const root = new URL("../../../", import.meta.url);
const generated = new URL("../src/generated/", import.meta.url);
const note = "// Generated from the description in docs/. Do not edit; `npm run generate` writes it.\n\n";

const api = astToString(await openapi(new URL("docs/openapi.json", root), { defaultNonNullable: false }));
const schema = JSON.parse(await readFile(new URL("docs/realtime.schema.json", root), "utf8"));
const socket = await compile(schema, "SocketMessage", {
  bannerComment: "",
  additionalProperties: false,
  unreachableDefinitions: true,
});

let drifted = false;
for (const [name, text] of [
  ["api.ts", note + api],
  ["socket.ts", note + socket],
]) {
  const file = new URL(name, generated);
  if (process.argv.includes("--check")) {
    const today = await readFile(file, "utf8").catch(() => "");
    if (today !== text) {
      console.error(`src/generated/${name} is not what the description says: run \`npm run generate\``);
      drifted = true;
    }
  } else {
    await writeFile(file, text);
  }
}
if (drifted) process.exit(1);
