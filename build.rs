//! How the program is linked.

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script by variables"
)]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    // Half of what a run with nothing to do costs is the loader's work on a position-independent
    // program: it writes 24,000 addresses into a hundred pages, and copies each of them first.
    // Heap, stack and libraries are placed at random all the same.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bin=sendoff=-no-pie");
    }
}
