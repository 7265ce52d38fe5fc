// Records the streams of three people through one deal on a running demo (`peerpack demo`), for the tests of the reducer:
//   node scripts/record.mjs http://127.0.0.1:8080 path/to/peerpack
// The people are new each time; ids and times differ, the course of events does not.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import WebSocket from "ws";

const [base, program] = process.argv.slice(2);
const number = () => String(300_000_000 + Math.floor(Math.random() * 100_000_000));

async function call(method, path, token, body) {
  const response = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

async function person(name) {
  const initData = execFileSync(program, ["initdata", "--user", number(), "--name", name]).toString().trim();
  const signedIn = await fetch(`${base}/api/auth/telegram`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ init_data: initData }),
  }).then(response => response.json());
  const token = signedIn.access_token;
  const events = [];
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${base.replace("http", "ws")}/ws`, ["peerpack.v1"], { headers });
  await new Promise(resolve => {
    socket.on("message", data => {
      const message = JSON.parse(data);
      if (message.type === "hello") {
        socket.send(JSON.stringify({ type: "resume", data: { epoch: message.data.epoch, last_seq: 0 } }));
        resolve();
      }
      if (message.seq) events.push(message);
    });
  });
  return { token, events, close: () => socket.close() };
}

async function until(what, found) {
  for (let turn = 0; turn < 100; turn++) {
    const value = found();
    if (value) return value;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`no ${what}`);
}

const [sender, courier, loser] = await Promise.all(["Анна", "Иван", "Пётр"].map(person));
const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
const trip = {
  from: "Якутск",
  to: "Магадан",
  date: day,
  time: "08:00",
  airport: "",
  price: 500,
  trip_comment: "",
  transportType: "car",
  capacity_g: 5_000,
};
await call("POST", "/api/trips", courier.token, trip);
await call("POST", "/api/trips", loser.token, trip);
const parcel = {
  from: "Якутск",
  to: "Магадан",
  description: "Книги",
  reward: 9_000,
  size: "s",
  weight: "light",
  tags: ["books"],
  pickup_address: "ул. Кирова, 5",
  delivery_address: "ул. Ленина, 10",
};
await call("POST", "/api/packages", sender.token, parcel);
const offer = await until("offer", () => courier.events.find(event => event.type === "offer.new"));
await until("second offer", () => loser.events.find(event => event.type === "offer.new"));
const request = `/api/package-requests/${offer.data.request_id}`;
await call("PUT", `${request}/accept`, courier.token);
await call("PUT", `${request}/pickup`, courier.token);
await call("PUT", `${request}/mark-delivered`, courier.token);
await call("PUT", `${request}/confirm-delivery`, sender.token);
await until("revocation", () => loser.events.find(event => event.type === "offer.revoked"));
await until("end", () => courier.events.find(event => event.type === "request.confirmed"));
for (const [name, { events, close }] of Object.entries({ sender, courier, loser })) {
  const lines = events.map(event => `${JSON.stringify(event)}\n`).join("");
  writeFileSync(new URL(`../test/recorded/${name}.jsonl`, import.meta.url), lines);
  close();
}
