// Puts a brotli and a gzip twin beside every built file, so that the server compresses nothing itself.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
for (const name of readdirSync(dist, { recursive: true })) {
  if (!/\.(js|css|svg|json)$/.test(name)) continue;
  const file = new URL(name, dist);
  const data = readFileSync(file);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  writeFileSync(new URL(`${name}.br`, dist), brotliCompressSync(data, { params: quality }));
  writeFileSync(new URL(`${name}.gz`, dist), gzipSync(data, { level: 9 }));
}
