//! A release build takes the built pages in, so it has to be made again when they change.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Debug builds read the folder when they run.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=web/dist");
    }
}
