// Runs the script for k6 in Node 20, where k6 is not at hand: the same calls, Node's clock, a summary of the trends.
//
//   COURIERS=50 RATE=10 DURATION_S=10 node --experimental-websocket loadtest/k6/node.mjs
//
// Only what the script uses of k6's modules is here. `--experimental-websocket` is not needed from Node 22 on.
import { createHmac } from 'node:crypto';
import { register } from 'node:module';
import { performance } from 'node:perf_hooks';

const started = Date.now();
const trends = {};
const counters = {};
let sending = 0;

class Trend {
  constructor(name) { this.values = trends[name] = []; }
  add(value) { this.values.push(value); }
}
class Counter {
  constructor(name) { this.name = name; counters[name] = 0; }
  add(value) { counters[this.name] += value; }
}
// Node's takes headers, too, in place of the subprotocols.
class Socket {
  constructor(url, protocols, { headers }) { return new globalThis.WebSocket(url, { protocols, headers }); }
}
const modules = {
  'k6/http': { default: { asyncRequest } },
  'k6/crypto': { default: { hmac: (hash, key, text, form) => {
    const digest = createHmac(hash, key).update(text);
    return form === 'binary' ? digest.digest() : digest.digest(form);
  } } },
  'k6/execution': { default: { scenario: { startTime: started }, vu: { get idInTest() { return sending; } } } },
  'k6/metrics': { Trend, Counter },
  'k6/timers': { setTimeout },
  'k6/websockets': { WebSocket: Socket },
};

async function asyncRequest(method, url, body, { headers }) {
  const answer = await fetch(url, { method, body, headers });
  const text = await answer.text();
  return { status: answer.status, body: text, json: () => JSON.parse(text) };
}

// A module of k6's is one that hands out what stands above.
globalThis.k6Modules = modules;
const hook = `export async function resolve(name, context, next) {
  return name.startsWith('k6/') ? { url: 'k6:' + name, shortCircuit: true } : next(name, context);
}
export async function load(url, context, next) {
  if (!url.startsWith('k6:')) return next(url, { ...context, format: 'module' });
  const names = ${JSON.stringify(Object.fromEntries(Object.entries(modules).map(([name, what]) => [name, Object.keys(what)])))};
  const name = url.slice(3);
  const lines = names[name].map((what) => (what === 'default'
    ? 'export default globalThis.k6Modules["' + name + '"].default;'
    : 'export const ' + what + ' = globalThis.k6Modules["' + name + '"].' + what + ';'));
  return { format: 'module', source: lines.join('\\n'), shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`, import.meta.url);
globalThis.__ENV = process.env;
const script = await import('./main-job.js');

const { couriers, senders } = script.options.scenarios;
const seconds = (text) => Number(text.replace('s', ''));
const failures = {};
const noted = (promise) => promise.catch((error) => { failures[error.message] = (failures[error.message] || 0) + 1; });
const sleep = (ms) => new Promise((wake) => { setTimeout(wake, ms); });

const gathering = [];
for (let number = 0; number < couriers.vus; number += 1) {
  gathering.push(noted(script.courier()));
  await sleep(10);
}
await sleep(Math.max(0, started + seconds(senders.startTime) * 1_000 - Date.now()));
// Open loop: a publication starts when it is due, whatever has become of the one before.
const publishing = [];
const from = performance.now();
let late_ms = 0;
for (let number = 0; number < senders.rate * seconds(senders.duration); number += 1) {
  const due = from + (number * 1_000) / senders.rate;
  await sleep(Math.max(0, due - performance.now()));
  late_ms = Math.max(late_ms, performance.now() - due);
  sending = number % senders.preAllocatedVUs;
  publishing.push(noted(script.sender()));
}
await Promise.all([...gathering, ...publishing]);
await sleep(Math.max(0, started + (seconds(couriers.maxDuration) - 60) * 1_000 - Date.now() + 500));
for (const [name, values] of Object.entries(trends)) {
  values.sort((one, other) => one - other);
  const at = (share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
  console.log(`${name}: med=${at(0.5)}ms p(90)=${at(0.9)}ms p(99)=${at(0.99)}ms max=${at(1)}ms count=${values.length}`);
}
console.log(JSON.stringify({ ...counters, failures, generator_late_ms: Math.round(late_ms) }));
process.exit(Object.keys(failures).length > 0 || counters.offers_received === 0 ? 1 : 0);
