"""A server that connects an acquirer: the five calls of docs/money.md, with an acquirer that takes every card."""
import hashlib, hmac, json, os, time, urllib.request
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = os.environ["PEERPACK_PAYMENT_WEBHOOK_SECRET"].encode()
SERVER = os.environ["PEERPACK_SERVER"]  # such as http://127.0.0.1:8080
PORT = int(os.environ["PORT"])
payments = {}  # a database, in earnest

def sign(at, call, body):
    return hmac.new(KEY, f"{at}.{call}.".encode() + body, hashlib.sha256).hexdigest()

def report(payment):  # everything that is known of it
    return {name: payment[name] for name in ("payment_id", "status", "invoice_url", "charges")}

def notify(payment):  # in earnest: again until it answers 200
    body, at = json.dumps(report(payment)).encode(), str(int(time.time()))
    headers = {"Content-Type": "application/json", "PeerPack-Timestamp": at,
               "PeerPack-Signature": sign(at, "POST /api/payments/webhook", body)}
    urllib.request.urlopen(urllib.request.Request(SERVER + "/api/payments/webhook", body, headers), timeout=10)

class Calls(BaseHTTPRequestHandler):
    def answer(self, status, said):
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_call(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind, _, rest = self.path.strip("/").partition("/")
        if kind == "pay":  # the page where the payer types a card
            payment = payments[rest]
            payment["charges"].append({"charge_id": f"c{time.time_ns()}", "amount_minor": payment["amount_minor"],
                                       "currency": payment["currency"], "refunds": [], "charged_back_minor": 0})
            payment["status"] = "paid"
            payment["charged_at"].append(time.time())
            notify(payment)
            return self.answer(200, "Thank you")
        at, call = self.headers.get("PeerPack-Timestamp", "0"), f"{self.command} {self.path}"
        is_signed = hmac.compare_digest(self.headers.get("PeerPack-Signature", ""), sign(at, call, body))
        if not is_signed or abs(time.time() - int(at)) > 300:
            return self.answer(401, "not signed")
        asked = json.loads(body or "{}")
        if kind == "invoices" and rest:
            return self.answer(200, report(payments[rest])) if rest in payments else self.answer(404, "not known")
        if kind == "invoices":  # the same payment again is the same invoice
            payment = payments.setdefault(asked["payment_id"], {**asked, "status": "pending", "charges": [],
                                          "charged_at": [],
                                          "invoice_url": f"http://127.0.0.1:{PORT}/pay/{asked['payment_id']}"})
            return self.answer(200, report(payment))
        if kind == "refunds":  # the same refund again is the same refund
            charge = next(c for c in payments[asked["payment_id"]]["charges"] if c["charge_id"] == asked["charge_id"])
            if all(refund["refund_id"] != asked["refund_id"] for refund in charge["refunds"]):
                charge["refunds"].append({**{k: asked[k] for k in ("refund_id", "amount_minor")}, "status": "done"})
            return self.answer(200, "done")
        query = parse_qs(urlsplit(self.path).query)  # what was charged in that time, and nothing else
        since, until = (datetime.fromisoformat(query[name][0].replace("Z", "+00:00")).timestamp()
                        for name in ("since", "until"))
        charged = [{**report(p), "charges": [c for c, at in zip(p["charges"], p["charged_at"]) if since <= at < until]}
                   for p in payments.values()]
        return self.answer(200, {"payments": [p for p in charged if p["charges"]]})

    do_GET = do_POST = handle_call

if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Calls).serve_forever()
