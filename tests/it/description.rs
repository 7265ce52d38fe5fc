//! The API description: whole, with examples that are what they say, and with the codes that there are.

use std::collections::BTreeSet;

use boon::{Compiler, Schemas};
use peerpack::error::codes::CODES;
use peerpack::http::openapi::document;
use serde_json::{Value, json};

/// A body of the description: whose, where its schema is, and its example.
struct Described<'a> {
    name: String,
    schema: String,
    example: Option<&'a Value>,
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Every request and every answer that is a success.
fn bodies(document: &Value) -> Vec<Described<'_>> {
    let mut found = Vec::new();
    // A key as a step of a JSON pointer inside a URL.
    let step = |key: &str| key.replace('/', "~1").replace('{', "%7B").replace('}', "%7D");
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in members(methods) {
            let at = format!("#/paths/{}/{method}", step(path));
            let mut contents =
                vec![("request", format!("{at}/requestBody"), &operation["requestBody"]["content"])];
            for (status, response) in members(&operation["responses"]) {
                if status.starts_with('2') {
                    contents.push((status, format!("{at}/responses/{status}"), &response["content"]));
                }
            }
            for (what, place, content) in contents {
                // Files are no examples.
                for (kind, body) in members(content).filter(|(kind, _)| kind.contains("json")) {
                    found.push(Described {
                        name: format!("{method} {path} {what}"),
                        schema: format!("{place}/content/{}/schema", step(kind)),
                        example: body.get("example"),
                    });
                }
            }
        }
    }
    found
}

#[test]
fn every_call_has_examples_of_its_request_and_answer_and_they_are_of_its_schemas() {
    let document = serde_json::to_value(document()).unwrap();
    let bodies = bodies(&document);
    assert!(bodies.len() > 80, "{}", bodies.len());
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("http://peerpack/openapi.json", document.clone()).unwrap();
    let mut wrong = Vec::new();
    for Described { name, schema, example } in bodies {
        let Some(example) = example else {
            wrong.push(format!("{name}: no example"));
            continue;
        };
        let place = format!("http://peerpack/openapi.json{schema}");
        let schema =
            compiler.compile(&place, &mut schemas).unwrap_or_else(|error| panic!("{place}: {error}"));
        if let Err(error) = schemas.validate(example, schema) {
            wrong.push(format!("{name}: {error:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_example_of_another_shape_is_seen() {
    let document = serde_json::to_value(document()).unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("http://peerpack/openapi.json", document.clone()).unwrap();
    let place = "http://peerpack/openapi.json#/components/schemas/PackagePublished";
    let schema = compiler.compile(place, &mut schemas).unwrap();
    let mut example = document["paths"]["/api/packages"]["post"]["responses"]["201"]["content"]
        ["application/json"]["example"]
        .clone();
    assert!(schemas.validate(&example, schema).is_ok());
    example["package_id"] = Value::from(7);
    assert!(schemas.validate(&example, schema).is_err());
}

/// An operator says either who is in the right, or the courier's part.
#[test]
fn each_of_two_ways_to_resolve_a_dispute_is_of_the_schema() {
    let document = serde_json::to_value(document()).unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("http://peerpack/openapi.json", document).unwrap();
    let place = "http://peerpack/openapi.json#/components/schemas/DisputeResolution";
    let schema = compiler.compile(place, &mut schemas).unwrap();
    for (body, is_one) in [
        (json!({ "in_favour_of": "sender" }), true),
        (json!({ "courier_share": 233.33 }), true),
        (json!({ "in_favour_of": "nobody" }), false),
    ] {
        assert_eq!(schemas.validate(&body, schema).is_ok(), is_one, "{body}");
    }
}

/// Which codes the code can give is seen where errors are made: one that is not listed is refused there, in
/// every test.
#[test]
fn the_codes_of_the_calls_are_the_codes_that_there_are() {
    let document = serde_json::to_value(document()).unwrap();
    let mut described = BTreeSet::new();
    for (_, methods) in members(&document["paths"]) {
        for (_, operation) in members(methods) {
            for (status, response) in members(&operation["responses"]) {
                let shared = response["$ref"].as_str().and_then(|at| at.rsplit('/').next());
                let response = shared.map_or(response, |name| &document["components"]["responses"][name]);
                let code = &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]
                    ["code"]["enum"];
                assert!(code.is_array() || !status.starts_with('4'), "{status} of {operation} has no codes");
                for word in code.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    assert!(
                        response["description"].as_str().unwrap().contains(word),
                        "{word} has no meaning"
                    );
                    described.insert(word.to_owned());
                }
            }
        }
    }
    let listed: BTreeSet<String> = CODES.iter().map(|code| code.word.to_owned()).collect();
    assert_eq!(described, listed);
    assert_eq!(listed.len(), CODES.len(), "a word stands twice in the list");

    let mut source = String::new();
    read(std::path::Path::new("src"), &mut source);
    read(std::path::Path::new("actors/src"), &mut source);
    let unused: Vec<&String> =
        listed.iter().filter(|word| !source.contains(&format!("\"{word}\""))).collect();
    assert!(unused.is_empty(), "nothing gives these: {unused:?}");
}

/// Everything written in a folder, but for the list of codes.
fn read(folder: &std::path::Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, text);
        } else if !path.ends_with("error/codes.rs") && path.extension().is_some_and(|kind| kind == "rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

/// What is generated from the document has one function for each id.
#[test]
fn every_operation_has_an_id_of_its_own() {
    let document = serde_json::to_value(document()).unwrap();
    let operations = members(&document["paths"]).flat_map(|(_, methods)| members(methods));
    let ids: Vec<&str> =
        operations.map(|(_, operation)| operation["operationId"].as_str().expect("an id")).collect();
    assert!(ids.len() > 80, "{ids:?}");
    let mut seen = BTreeSet::new();
    let twice: Vec<&&str> = ids.iter().filter(|id| !seen.insert(**id)).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn the_document_lists_exactly_the_routes() {
    let mut documented = Vec::new();
    let document = serde_json::to_value(document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            documented.push((path.clone(), method.to_uppercase()));
        }
    }
    let mut registered = Vec::new();
    for endpoint in peerpack::http::endpoints() {
        for (method, _) in &endpoint.methods {
            registered.push((format!("/api{}", endpoint.path), method.to_string()));
        }
    }
    documented.sort();
    registered.sort();
    assert_eq!(documented, registered);
}

/// Two types of one name would silently be described as one of them.
#[test]
fn every_type_of_the_document_has_a_name_of_its_own() {
    let mut source = String::new();
    read(std::path::Path::new("src"), &mut source);
    read(std::path::Path::new("actors/src"), &mut source);
    let mut names = Vec::new();
    for described in source.split("ToSchema)").skip(1) {
        let is_declared = |line: &&str| line.trim_start().starts_with("pub");
        let attributes: String = described.lines().take_while(|line| !is_declared(line)).collect();
        let declared = described.lines().find(is_declared).unwrap();
        let renamed =
            attributes.split_once("schema(as = ").and_then(|(_, name)| name.split([')', ',']).next());
        let name = declared.split_whitespace().skip_while(|word| !["struct", "enum"].contains(word)).nth(1);
        let name = name.unwrap().split(['(', ';', '{']).next().unwrap();
        names.push(renamed.unwrap_or(name).to_owned());
    }
    assert!(names.len() > 120, "{names:?}");
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// Every member of every type, with what it is.
fn described_members(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (name, schema) in members(&document["components"]["schemas"]) {
        let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
        for part in parts {
            found.extend(members(&part["properties"]).map(|(member, is)| (format!("{name}.{member}"), is)));
        }
    }
    found
}

/// Generators take a member with a default for one that is always there.
#[test]
fn no_member_has_a_default() {
    let document = serde_json::to_value(document()).unwrap();
    let members = described_members(&document);
    assert!(members.len() > 400, "{}", members.len());
    let with: Vec<&String> =
        members.iter().filter(|(_, is)| is.get("default").is_some()).map(|(name, _)| name).collect();
    assert!(with.is_empty(), "{with:?}");
    let package = &document["components"]["schemas"]["NewPackage"];
    assert!(package.get("required").is_none(), "{package}");
}

/// What a text lists as the words of a member is also said to programs.
#[test]
fn what_has_a_few_words_lists_them() {
    let document = serde_json::to_value(document()).unwrap();
    let is_open = |is: &Value| {
        let told = is["description"].as_str().unwrap_or_default();
        let words = told.split('`').skip(1).step_by(2);
        let plain = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        let is_text = is["type"] == "string" || is["type"][0] == "string";
        is_text && is.get("enum").is_none() && plain.count() > 1 && told.contains("` or `")
    };
    let open: Vec<String> = described_members(&document)
        .into_iter()
        .filter(|(_, is)| is_open(is))
        .map(|(name, is)| format!("{name}: {}", is["description"]))
        .collect();
    assert!(open.is_empty(), "{open:#?}");
    let schemas = &document["components"]["schemas"];
    for (name, words) in
        [("RequestState", 12), ("PackageState", 7), ("TripState", 4), ("Transport", 5), ("Role", 4)]
    {
        assert_eq!(schemas[name]["enum"].as_array().map(Vec::len), Some(words), "{name}");
    }
}

/// A call that takes a header says so, and an answer that has one.
#[test]
fn the_headers_of_calls_and_answers_are_described() {
    let document = serde_json::to_value(document()).unwrap();
    let mut source = String::new();
    read(std::path::Path::new("src/http"), &mut source);
    // Handlers, not what they have in common.
    let handlers = source.split("pub async fn ").skip(1).filter_map(|rest| rest.split(") ->").next());
    let takers =
        |argument: &str| handlers.clone().filter(|head| head.contains(&format!(": {argument},\n"))).count();
    let mut described = [0, 0];
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in members(methods) {
            let has = |header: &str| {
                operation["parameters"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|one| one["name"] == header))
            };
            described[0] += usize::from(has("Idempotency-Key"));
            described[1] += usize::from(has("If-Match"));
            for (status, response) in members(&operation["responses"]) {
                let shared = response["$ref"].as_str().and_then(|at| at.rsplit('/').next());
                assert!(
                    !response["description"].as_str().unwrap_or_default().is_empty(),
                    "{method} {path} {status}"
                );
                let response = shared.map_or(response, |name| &document["components"]["responses"][name]);
                if ["429", "503"].contains(&status.as_str()) && !path.contains("/health") {
                    assert!(response["headers"].get("Retry-After").is_some(), "{method} {path} {status}");
                }
                if has("Idempotency-Key") && status.starts_with('2') {
                    assert!(response["headers"].get("Idempotent-Replayed").is_some(), "{method} {path}");
                }
            }
            if has("If-Match") {
                let shown = &document["paths"][path.trim_end_matches("/cancel")]["get"]["responses"]["200"];
                assert!(shown["headers"].get("ETag").is_some(), "{path}");
            }
        }
    }
    assert_eq!(described, [takers("Repeatable"), takers("IfMatch")]);
}

#[test]
fn pictures_are_files_and_users_come_before_operators() {
    let document = serde_json::to_value(document()).unwrap();
    let picture =
        &document["paths"]["/api/avatars/{picture}"]["get"]["responses"]["200"]["content"]["image/jpeg"];
    let name = picture["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!(document["components"]["schemas"][name]["format"], "binary");

    // The order counts, which a map of values does not keep.
    let text = peerpack::http::openapi::document().to_json().unwrap();
    let at = |path: &str| text.find(&format!("\"{path}\":{{")).unwrap_or_else(|| panic!("{path}"));
    assert!(
        at("/api/packages") < at("/api/admin/disputes") && at("/api/ws-ticket") < at("/api/auth/operator")
    );
    let tags: Vec<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(tags.last(), Some(&"admin"));
    for tag in document["tags"].as_array().unwrap() {
        assert!(tag["description"].as_str().is_some_and(|told| !told.is_empty()), "{tag}");
    }
    for (path, methods) in members(&document["paths"]) {
        for (_, operation) in members(methods) {
            assert!(tags.contains(&operation["tags"][0].as_str().unwrap()), "{path}");
            assert!(operation["security"].is_array(), "{path}: who may call?");
        }
    }
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let committed = std::fs::read_to_string("docs/openapi.json").unwrap();
    let generated = document().to_pretty_json().unwrap();
    assert_eq!(committed.trim(), generated.trim(), "run `make openapi`");
}
