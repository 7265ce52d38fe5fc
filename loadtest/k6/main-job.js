// The main job for k6, exported by `peerpack-loadtest export-k6`: another program with another clock, beside which
// the latencies of our own load generator can be held. docs/loadtest.md says how.
//
//   k6 run --local-ips 127.0.1.1-127.0.9.250 -e URL=http://127.0.0.1:8080 loadtest/k6/main-job.js
//
// Couriers hold sockets and answer offers; packages are published at a constant rate, whatever the server does. It
// knows neither the oracle nor resume: it measures the same and judges nothing.
import http from 'k6/http';
import crypto from 'k6/crypto';
import exec from 'k6/execution';
import { Counter, Trend } from 'k6/metrics';
import { setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';

const SCENARIO = {"accept":0.5,"answer_ms":[50,500],"bot_token":"5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8","couriers":2000,"duration_s":60,"packages_per_s":200.0,"roads":[[520555,569696],[487846,472757],[1496990,1510853],[1526384,1496153],[498817,524901],[524901,580497],[1526384,1520240],[555312,520555],[625665,491422],[514734,472045],[473249,532096],[1502026,1496990],[1496990,1496747],[480562,515012],[501175,608668],[498817,509820],[498677,524901],[472045,524901],[473247,499099],[2023469,2014407],[523523,487846],[519336,524901],[479123,498817],[1508291,520494],[555312,472459],[608668,569696],[571476,491687],[1502026,1510018],[509820,498817],[1496747,1496990],[555312,1508291],[491422,542420],[569696,511565],[2013348,2021851],[498817,519336],[1496153,1486209],[548408,498698],[580497,480562],[610529,520555],[482283,535121],[1490624,554840],[473249,511565],[498817,555312],[514734,487495],[577206,524901],[524901,480060],[485239,511196],[538560,524901],[630429,625144],[1496747,1519422],[482283,500004],[551487,499099],[554234,569223],[487846,479123],[524901,543878],[625665,524901],[1489425,1496153],[610611,499099],[520555,524901],[480060,480562]],"senders":200};

const URL = __ENV.URL || 'http://127.0.0.1:8080';
const BOT_TOKEN = __ENV.PEERPACK_BOT_TOKEN || SCENARIO.bot_token;
const COURIERS = Number(__ENV.COURIERS || SCENARIO.couriers);
const RATE = Number(__ENV.RATE || SCENARIO.packages_per_s);
const DURATION_S = Number(__ENV.DURATION_S || SCENARIO.duration_s);
// Everybody is there before the first package; sockets stay until the last offer is answered.
const GATHER_S = Number(__ENV.GATHER_S || Math.ceil(COURIERS / 100) + 5);
const OPEN_S = GATHER_S + DURATION_S + 5;

// The names of our own report.
const published = new Trend('package_published', true);
const push = new Trend('offer_since_decided', true);
const offered = new Trend('offer_after_publication', true);
const accepted = new Trend('accept_naive', true);
const offers = new Counter('offers_received');
const won = new Counter('accept_ok');
const lost = new Counter('accept_refused');
const gone = new Counter('sockets_lost');

export const options = {
  summaryTrendStats: ['med', 'p(90)', 'p(99)', 'max', 'count'],
  scenarios: {
    couriers: {
      executor: 'per-vu-iterations', vus: COURIERS, iterations: 1, maxDuration: `${OPEN_S + 60}s`, exec: 'courier',
    },
    senders: {
      executor: 'constant-arrival-rate', rate: Math.max(1, Math.round(RATE)), timeUnit: '1s', duration: `${DURATION_S}s`,
      startTime: `${GATHER_S}s`, preAllocatedVUs: SCENARIO.senders, maxVUs: 1_000, exec: 'sender',
    },
  },
};

const uuid = () => 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
const road = () => SCENARIO.roads[Math.floor(Math.random() * SCENARIO.roads.length)];

async function call(path, token, body) {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': uuid() };
  if (token) headers.Authorization = `Bearer ${token}`;
  return http.asyncRequest('POST', `${URL}${path}`, JSON.stringify(body), { headers, tags: { name: path } });
}

// Signs in as Telegram would let a new user in.
async function signIn() {
  const user = JSON.stringify({ id: 5_000_000_000_000 + Math.floor(Math.random() * 1e12), first_name: 'k6', language_code: 'ru' });
  const auth_date = String(Math.floor(Date.now() / 1_000));
  const key = crypto.hmac('sha256', 'WebAppData', BOT_TOKEN, 'binary');
  const hash = crypto.hmac('sha256', key, `auth_date=${auth_date}\nuser=${user}`, 'hex');
  const fields = { auth_date, user, hash };
  const init_data = Object.keys(fields).map((name) => `${name}=${encodeURIComponent(fields[name])}`).join('&');
  const answer = await call('/api/auth/telegram', null, { init_data });
  if (answer.status !== 200) throw new Error(`cannot sign in: ${answer.status} ${answer.body}`);
  return answer.json().access_token;
}

// A courier: a trip, a socket, and an answer to every offer.
export async function courier() {
  const token = await signIn();
  const [from, to] = road();
  const trip = await call('/api/trips', token, {
    from: { place_id: from }, to: { place_id: to }, stops: [], date: day(2).slice(0, 10), time: '12:00 → 12:00',
    arrival_date: day(4).slice(0, 10), airport: '', price: 300, trip_comment: '', transportType: 'car',
    capacity_g: 30_000, max_detour_min: 20,
  });
  if (trip.status >= 300) throw new Error(`no trip: ${trip.status} ${trip.body}`);
  const headers = { Authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${URL.replace('http', 'ws')}/ws`, ['peerpack.v1'], { headers });
  const said = {};
  let isOver = false;
  socket.onmessage = (message) => {
    const now = Date.now();
    const { type, at, data, cmd_id, status } = JSON.parse(message.data);
    if (type === 'offer.new') {
      offers.add(1);
      push.add(now - Date.parse(at));
      const [mark, sent] = data.package.description.split(' ');
      if (mark === 'k6') offered.add(now - Number(sent));
      const [soonest, latest] = SCENARIO.answer_ms;
      setTimeout(() => {
        const cmd = uuid();
        const accepts = Math.random() < SCENARIO.accept;
        if (accepts) said[cmd] = Date.now();
        const type = accepts ? 'offer.accept' : 'offer.decline';
        socket.send(JSON.stringify({ type, cmd_id: cmd, data: { request_id: data.request_id } }));
      }, soonest + Math.random() * (latest - soonest));
    } else if (type === 'ack' && said[cmd_id]) {
      if (status === 'ok') accepted.add(now - said[cmd_id]);
      (status === 'ok' ? won : lost).add(1);
      delete said[cmd_id];
    }
  };
  socket.onclose = () => { if (!isOver) gone.add(1); };
  socket.onerror = () => { if (!isOver) gone.add(1); };
  const leaves_ms = OPEN_S * 1_000 - (Date.now() - exec.scenario.startTime);
  setTimeout(() => { isOver = true; socket.close(); }, Math.max(1_000, leaves_ms));
}

// A sender publishes one package each time it is asked to.
const tokens = {};
export async function sender() {
  const vu = exec.vu.idInTest;
  tokens[vu] = tokens[vu] || signIn();
  const token = await tokens[vu];
  const [from, to] = road();
  const sent = Date.now();
  const answer = await call('/api/packages', token, {
    from: { place_id: from }, to: { place_id: to }, description: `k6 ${sent}`, reward: 900, size: 's', weight: 'medium',
    tags: [], pickup_address: '', delivery_address: '', weight_g: 2_000, deliver_by: day(9),
  });
  if (answer.status < 300) published.add(Date.now() - sent);
}
