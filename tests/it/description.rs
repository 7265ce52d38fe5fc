//! The API description: whole, with examples that are what they say, and with the codes that there are.

use std::collections::BTreeSet;

use boon::{Compiler, Schemas};
use peerpack::error::codes::CODES;
use peerpack::http::openapi::document;
use serde_json::Value;

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

/// Which codes the code can give is seen where errors are made: one that is not listed is refused there, in every test.
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
    let mut names = Vec::new();
    for described in source.split("ToSchema)]").skip(1) {
        let name = described.split_whitespace().skip_while(|word| !["struct", "enum"].contains(word)).nth(1);
        names.push(name.unwrap().trim_end_matches([';', '(']).to_owned());
    }
    assert!(names.len() > 60, "{names:?}");
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let committed = std::fs::read_to_string("docs/openapi.json").unwrap();
    let generated = document().to_pretty_json().unwrap();
    assert_eq!(committed.trim(), generated.trim(), "run `make openapi`");
}
