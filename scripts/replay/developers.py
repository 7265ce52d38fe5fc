"""For developers of clients"""

from .client import eventually
from .table import equal, holds

METHODS = ("get", "post", "put", "patch", "delete")


def everything(node, path=""):
    """Every object of a document, with its path."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from everything(value, f"{path}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from everything(value, f"{path}/{number}")


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def parameters(document, operation):
    for one in operation.get("parameters", []):
        if "$ref" in one:
            one = document["components"]["parameters"][one["$ref"].rsplit("/", 1)[-1]]
        yield one


def the_document(server):
    """The OpenAPI document can be generated from"""
    document = server.get("/openapi.json").json
    nulls = [path for path, node in everything(document) if "default" in node and node["default"] is None]
    yield equal("no default of null", [], nulls)
    for name, schema, field in [("the mode of a package", "NewPackage", "mode")]:
        text = str(document["components"]["schemas"][schema]["properties"][field])
        is_closed = "enum" in text or "$ref" in text
        yield holds(f"{name} is a closed set", "enum", text, is_closed)
    publish = document["paths"]["/api/packages"]["post"]
    sent = {one["name"].lower() for one in parameters(document, publish)}
    yield holds("Idempotency-Key is declared", "idempotency-key", sent, "idempotency-key" in sent)
    cancel = document["paths"]["/api/packages/{package_id}/cancel"]["put"]
    sent = {one["name"].lower() for one in parameters(document, cancel)}
    yield holds("If-Match is declared", "if-match", sent, "if-match" in sent)
    show = document["paths"]["/api/packages/{package_id}"]["get"]["responses"]["200"]
    yield holds("ETag is declared", "ETag", show.get("headers"), "etag" in str(show.get("headers", {})).lower())
    text = str(document)
    yield holds("Retry-After is declared", "Retry-After", "Retry-After" in text, "Retry-After" in text)
    picture = document["paths"]["/api/avatars/{picture}"]["get"]["responses"]["200"]
    yield holds("a picture is binary", "binary, not a list of numbers", picture, "'array'" not in str(picture.get("content")))
    untold = [one["name"] for one in document.get("tags", []) if not one.get("description")]
    yield holds("tags are described", "a description each", document.get("tags"), document.get("tags") and not untold)
    nameless = [name for name, one in operations(document) if not one.get("operationId")]
    yield equal("every operation has a name", [], nameless)


def the_socket(server):
    """The socket's schema and words are complete, and served"""
    found = None
    for path in ["/realtime.schema.json", "/docs/realtime.schema.json", "/docs/realtime-schema.json"]:
        answer = server.get(path)
        if answer.status == 200:
            found = (path, answer.json)
            break
    yield holds("the schema is served beside /docs", "200", found and found[0], found)
    if found:
        schema = found[1]
        text = str(schema)
        for word in ["request.agreed", "offer.new", "package.available"]:
            yield holds(word, "described", word in text, word in text)
        yield holds("the root is a union", "anyOf", sorted(schema), "anyOf" in schema)
    answers = {path: server.get(path).status for path in ["/docs/realtime", "/docs/realtime.md"]}
    yield holds("docs/realtime.md is served beside /docs", "200", answers, 200 in answers.values())


def the_state(server):
    """GET /api/sync gives offers whole, so that the same card can be drawn"""
    anna, ivan = server.sign_in("Анна"), server.sign_in("Иван")
    trip = ivan.trip("Чебоксары", "Казань")["trip_id"]
    anna.package("Чебоксары", "Казань")

    def offers():
        sync = ivan.get("/api/sync").json
        listed = sync.get("offers") or [one.get("offer") for one in sync.get("requests", []) if one.get("offer")]
        return [one for one in listed if one and str(one.get("trip_id", trip)) == trip]

    found = eventually(offers, 5)
    wanted = {"request_id", "package", "pickup", "dropoff", "detour_min", "reward", "fee", "expires_at", "ttl_ms", "why"}
    got = sorted(found[0]) if found else []
    yield holds("an offer", sorted(wanted), got, wanted <= set(got))


def pages_elsewhere(server):
    """CORS: who may, what may be sent, and what a refused origin is told"""
    asked = {"Origin": "http://localhost:4321", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,x-request-id,traceparent"}
    answer = server.call("OPTIONS", "/api/packages", headers=asked)
    yield equal("any port of localhost in development", asked["Origin"], answer.headers.get("access-control-allow-origin"))
    allowed = answer.headers.get("access-control-allow-headers", "").lower()
    yield holds("x-request-id and traceparent", "allowed", allowed, "x-request-id" in allowed and "traceparent" in allowed)
    refused = server.call("OPTIONS", "/api/packages", headers={**asked, "Origin": "https://evil.example"})
    text = refused.raw.decode("utf-8", "replace")
    yield holds("a refused origin is told the setting", "ALLOWED_ORIGINS", f"{refused.status} {text}", "allowed_origins" in text.lower())


CASES = [the_document, the_socket, the_state, pages_elsewhere]
