//! Tells cargo that an optimised host holds the built shell (`shell/dist`): without this, one that was compiled before the shell was built would
//! go on without it. An unoptimised host reads the folder when it runs.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=shell/dist");
        if !std::path::Path::new("shell/dist/index.html").exists() {
            println!(
                "cargo::warning=the shell was not built, so that this host serves no pages: run `cargo xtask build` first"
            );
        }
    }
}
